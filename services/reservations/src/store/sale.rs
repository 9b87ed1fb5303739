//! What the seller reads and writes: many parties' places in a few statements. Decides nothing.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{ShowingRow, seats, stored, tariffs, with_places};
use crate::{
    domain::{
        Booking, Channel, Tariff,
        hall::{Hall, Plan},
        sale::{Claim, Sale},
        tariffs_on,
    },
    error::Error,
};

/// Layouts by id. An approved plan never changes.
pub(crate) type Plans = HashMap<String, Arc<Plan>>;

/// An answer that was given before.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) request_hash: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

/// What is known before anything is decided.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By idempotency key.
    pub(crate) given: HashMap<Uuid, Given>,
    /// By showing; one that is not here does not exist.
    pub(crate) versions: HashMap<Uuid, i64>,
}

#[derive(FromRow)]
struct KnownRow {
    id: String,
    request_hash: Option<Vec<u8>>,
    response: Option<Vec<u8>>,
    version: Option<i64>,
}

/// Answers to these keys and versions of these showings, in one round trip.
pub(crate) async fn known(conn: &mut PgConnection, keys: &[Uuid], showings: &[Uuid]) -> Result<Known, Error> {
    let keys: Vec<String> = keys.iter().map(Uuid::to_string).collect();
    let rows: Vec<KnownRow> = sqlx::query_as("select id, request_hash, response, version from sale_known($1, $2)")
        .bind(keys)
        .bind(showings)
        .fetch_all(conn)
        .await?;
    let mut known = Known::default();
    for row in rows {
        let id = stored(Uuid::try_parse(&row.id).ok(), "idempotency key")?;
        if let Some(version) = row.version {
            known.versions.insert(id, version);
        } else if let (Some(request_hash), Some(response)) = (row.request_hash, row.response) {
            known.given.insert(id, Given { request_hash, response });
        }
    }
    Ok(known)
}

#[derive(FromRow)]
struct SaleRow {
    sale_version: i64,
    #[sqlx(flatten)]
    showing: ShowingRow,
}

#[derive(FromRow)]
struct ClaimRow {
    showing_id: Uuid,
    seat: String,
    visit_id: Uuid,
    channel: String,
    expires_at: Option<DateTime<Utc>>,
}

/// Showings with their places as they are now; plans that are not known yet are added.
pub(crate) async fn load(
    conn: &mut PgConnection,
    plans: &mut Plans,
    showings: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Sale>, Error> {
    // The versions before the places: what changes in between makes the version old, never the places.
    let rows: Vec<SaleRow> = sqlx::query_as("select * from showing_with_title where id = any($1)")
        .bind(showings)
        .fetch_all(&mut *conn)
        .await?;
    let claimed: Vec<ClaimRow> = sqlx::query_as(
        "select showing_id, seat, visit_id, channel, expires_at from seat_claim
         where showing_id = any($1) and (expires_at is null or expires_at > $2)",
    )
    .bind(showings)
    .bind(now)
    .fetch_all(&mut *conn)
    .await?;
    let mut claims: HashMap<Uuid, Vec<Claim>> = HashMap::new();
    for row in claimed {
        claims.entry(row.showing_id).or_default().push(Claim {
            seat: row.seat,
            visit: row.visit_id,
            channel: stored(Channel::named(&row.channel), "channel")?,
            expires_at: row.expires_at,
        });
    }
    let tariffs = tariffs(&mut *conn).await?;
    let mut sales = Vec::with_capacity(rows.len());
    for row in rows {
        let showing = row.showing.read()?;
        let plan = match plans.get(&showing.layout) {
            Some(plan) => plan.clone(),
            None => {
                let plan = Arc::new(Plan::new(seats(&mut *conn, &showing.layout).await?));
                plans.insert(showing.layout.clone(), plan.clone());
                plan
            }
        };
        let day = showing.scheduled_starts_at.with_timezone(&Berlin).date_naive();
        let prices: Vec<Tariff> = tariffs_on(&tariffs, &showing.category, day).into_iter().cloned().collect();
        let claims = claims.remove(&showing.id).unwrap_or_default();
        sales.push(Sale::new(showing, row.sale_version, prices, Hall::empty(plan), claims));
    }
    Ok(sales)
}

/// A hold that was decided and is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) booking: Booking,
    pub(crate) key: Uuid,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

/// Locks showings in the order of their ids; answers the versions they have then.
pub(crate) async fn lock(conn: &mut PgConnection, showings: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("select id, sale_version from showing where id = any($1) order by id for update")
            .bind(showings)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// The guard of a single place. A build without guards exists only for the test that sees the other checks
/// notice.
#[cfg(not(feature = "unguarded"))]
macro_rules! if_expired {
    () => {
        "where c.expires_at <= $14"
    };
}
#[cfg(feature = "unguarded")]
macro_rules! if_expired {
    () => {
        ""
    };
}

const WRITE: &str = concat!(
    "with wish as materialized (
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                     $7::text[], $8::bytea[], $9::bytea[])
                 w (visit, showing, channel, seats, items, expires_at, key, request_hash, response)),
         booked as (
             insert into booking as b (visit_id, showing_id, state, channel, seats, items, held_at, expires_at)
             select visit, showing, 'held', channel, seats::json, items::json, $14, expires_at from wish
             on conflict (visit_id) do update
                 set showing_id = excluded.showing_id, state = 'held', channel = excluded.channel, reference = '',
                     seats = excluded.seats, items = excluded.items, held_at = excluded.held_at,
                     expires_at = excluded.expires_at
                 where b.state in ('released', 'expired', 'refused') or (b.state = 'held' and b.expires_at <= $14)
             returning 1),
         claimed as (
             insert into seat_claim as c (showing_id, seat, visit_id, channel, place, expires_at)
             select wish.showing, p.seat, wish.visit, wish.channel, p.place, wish.expires_at
             from unnest($10::uuid[], $11::text[], $12::text[]) p (visit, seat, place)
             join wish on wish.visit = p.visit
             on conflict on constraint seat_claim_one_holder do update
                 set visit_id = excluded.visit_id, channel = excluded.channel, place = excluded.place,
                     expires_at = excluded.expires_at ",
    if_expired!(),
    " returning 1),
         raised as (
             update showing s set sale_version = n.version, revision = revision + 1
             from unnest($13::uuid[], $15::bigint[]) n (id, version) where s.id = n.id returning 1),
         kept as (
             insert into idempotency (method, key, request_hash, response, created_at)
             select 'HoldSeats', key, request_hash, response, $14 from wish
             on conflict do nothing returning 1)
         select (select count(*) from raised) as raised, (select count(*) from booked) as booked,
                (select count(*) from claimed) as claimed, (select count(*) from kept) as kept",
);

/// What a write must find of a showing, and what it leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) showing: Uuid,
    pub(crate) found: i64,
    pub(crate) left: i64,
}

impl Step {
    /// Whether a showing has, now that it is locked, the version with which was decided.
    pub(crate) fn finds(&self, versions: &HashMap<Uuid, i64>) -> bool {
        cfg!(feature = "unguarded") || versions.get(&self.showing) == Some(&self.found)
    }
}

/// Writes holds of showings that are locked.
///
/// # Errors
/// [`Error::Raced`] when anything is not as it was decided: then nothing may be kept.
pub(crate) async fn write(
    conn: &mut PgConnection,
    steps: &[Step],
    granted: &[Granted],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut of_holds = Holds::default();
    let mut of_seats = Seats::default();
    for it in granted {
        of_holds.push(it)?;
        of_seats.push(&it.booking);
    }
    let written: (i64, i64, i64, i64) = sqlx::query_as(WRITE)
        .bind(&of_holds.visits)
        .bind(&of_holds.showings)
        .bind(&of_holds.channels)
        .bind(&of_holds.seats)
        .bind(&of_holds.items)
        .bind(&of_holds.expiries)
        .bind(&of_holds.keys)
        .bind(&of_holds.hashes)
        .bind(&of_holds.responses)
        .bind(&of_seats.visits)
        .bind(&of_seats.labels)
        .bind(&of_seats.places)
        .bind(steps.iter().map(|step| step.showing).collect::<Vec<_>>())
        .bind(now)
        .bind(steps.iter().map(|step| step.left).collect::<Vec<_>>())
        .fetch_one(conn)
        .await?;
    let holds = granted.len() as i64;
    let wanted = (steps.len() as i64, holds, of_seats.labels.len() as i64, holds);
    if written == wanted { Ok(()) } else { Err(Error::Raced) }
}

/// The holds, column by column.
#[derive(Default)]
struct Holds<'a> {
    visits: Vec<Uuid>,
    showings: Vec<Uuid>,
    channels: Vec<&'static str>,
    seats: Vec<String>,
    items: Vec<String>,
    expiries: Vec<DateTime<Utc>>,
    keys: Vec<String>,
    hashes: Vec<&'a [u8]>,
    responses: Vec<&'a [u8]>,
}

impl<'a> Holds<'a> {
    fn push(&mut self, it: &'a Granted) -> Result<(), Error> {
        let json = |error: serde_json::Error| Error::Stored(error.to_string());
        self.visits.push(it.booking.visit);
        self.showings.push(it.booking.showing);
        self.channels.push(it.booking.channel.name());
        self.seats.push(serde_json::to_string(&it.booking.seats).map_err(json)?);
        self.items.push(serde_json::to_string(&it.booking.items).map_err(json)?);
        self.expiries.push(it.booking.expires_at);
        self.keys.push(it.key.to_string());
        self.hashes.push(&it.request_hash);
        self.responses.push(&it.response);
        Ok(())
    }
}

/// Their places, column by column.
#[derive(Default)]
struct Seats {
    visits: Vec<Uuid>,
    labels: Vec<String>,
    places: Vec<&'static str>,
}

impl Seats {
    fn push(&mut self, booking: &Booking) {
        for (label, place) in with_places(&booking.seats) {
            self.visits.push(booking.visit);
            self.labels.push(label);
            self.places.push(place.name());
        }
    }
}
