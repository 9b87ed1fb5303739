//! Writing many parties' places in one statement. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::error::broken_constraint;
use sqlx::{PgConnection, error::DatabaseError};
use uuid::Uuid;

use crate::{domain::Booking, error::Error, store::claims::with_places};

/// A hold that was decided and is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) booking: Booking,
    pub(crate) key: Uuid,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

/// The guard: what keeps two sellers from giving away the same place. A build without it exists only for
/// the test that sees the other checks notice.
#[cfg(not(feature = "unguarded"))]
macro_rules! guard {
    ($condition:literal) => {
        $condition
    };
}
#[cfg(feature = "unguarded")]
macro_rules! guard {
    ($condition:literal) => {
        ""
    };
}

macro_rules! together {
    () => {
        "250ms"
    };
}

/// How long the seller waits for somebody's lock.
pub(crate) mod patience {
    /// While all who want places wait with it: longer than anything of ours keeps a showing locked, and hardly noticed.
    pub(crate) const TOGETHER: &str = together!();
    /// While those of the locked showing wait by themselves.
    pub(crate) const APART: &str = "2s";
}

const WRITE: &str = concat!(
    "with due as materialized (
             select s.id from (select set_config('lock_timeout', '",
    together!(),
    "', true)) patience, showing s
             join unnest($1::uuid[], $2::bigint[]) e (id, version) on s.id = e.id",
    guard!(" and s.sale_version = e.version"),
    "
             order by s.id for update of s),
         wish as materialized (
             select w.* from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
                     $9::text[], $10::bytea[], $11::bytea[])
                 w (visit, showing, channel, seats, items, expires_at, key, request_hash, response)
             join due on due.id = w.showing),
         place as materialized (
             select wish.showing, p.seat, wish.visit, wish.channel, p.place, wish.expires_at
             from unnest($12::uuid[], $13::text[], $14::text[]) p (visit, seat, place)
             join wish on wish.visit = p.visit),
         booked as (
             insert into booking as b (visit_id, showing_id, state, channel, seats, items, held_at, expires_at)
             select visit, showing, 'held', channel, seats::json, items::json, $15, expires_at from wish
             on conflict (visit_id) do update
                 set showing_id = excluded.showing_id, state = 'held', channel = excluded.channel, reference = '',
                     seats = excluded.seats, items = excluded.items, held_at = excluded.held_at,
                     expires_at = excluded.expires_at
                 where b.state in ('released', 'expired', 'refused') or (b.state = 'held' and b.expires_at <= $15)
             returning 1),
         claimed as (
             insert into seat_claim as c (showing_id, seat, visit_id, channel, place, expires_at)
             select showing, seat, visit, channel, place, expires_at from place
             on conflict on constraint seat_claim_one_holder do update
                 set visit_id = excluded.visit_id, channel = excluded.channel, place = excluded.place,
                     expires_at = excluded.expires_at
                 ",
    guard!("where c.expires_at <= $15"),
    "
             returning 1),
         raised as (
             update showing s set sale_version = sale_version + 1, revision = revision + 1
             from due where s.id = due.id returning s.id),
         kept as (
             insert into idempotency (method, key, request_hash, response, created_at)
             select 'HoldSeats', key, request_hash, response, $15 from wish)
         select coalesce((select array_agg(id) from raised), '{}')
         from as_decided((select count(*) from wish), (select count(*) from booked)) holds,
              as_decided((select count(*) from place), (select count(*) from claimed)) places",
);

/// In this transaction nobody's lock is waited for longer than this.
///
/// # Errors
/// The database's error.
pub(crate) async fn wait_at_most(conn: &mut PgConnection, patience: &str) -> Result<(), Error> {
    sqlx::query("select set_config('lock_timeout', $1, true)").bind(patience).execute(conn).await?;
    Ok(())
}

/// Whether somebody's lock was waited for so long.
pub(crate) fn waited_too_long(error: &Error) -> bool {
    let Error::Database(error) = error else { return false };
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some("55P03")
}

/// Those of the showings that somebody keeps locked.
///
/// # Errors
/// The database's error.
pub(crate) async fn kept_locked(conn: &mut PgConnection, showings: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let free: Vec<Uuid> = sqlx::query_scalar("select id from showing where id = any($1) for update skip locked")
        .bind(showings)
        .fetch_all(conn)
        .await?;
    Ok(showings.iter().copied().filter(|id| !free.contains(id)).collect())
}

/// Writes holds of showings that still have the version with which they were decided; answers those
/// showings. Their rows are locked in the order of their ids until the end of the transaction. One statement,
/// so that it can be a transaction of its own.
///
/// # Errors
/// [`Error::Raced`] when anything but the version was not as it was decided: then nothing is kept.
pub(crate) async fn write(
    conn: &mut PgConnection,
    versions: &[(Uuid, i64)],
    granted: &[Granted],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    let (showings, expected): (Vec<Uuid>, Vec<i64>) = versions.iter().copied().unzip();
    let mut of_holds = Holds::default();
    let mut of_seats = Seats::default();
    for it in granted {
        of_holds.push(it)?;
        of_seats.push(&it.booking);
    }
    sqlx::query_scalar(WRITE)
        .bind(&showings)
        .bind(&expected)
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
        .bind(now)
        .fetch_one(conn)
        .await
        .map_err(raced_or_broken)
}

/// What `as_decided` raises.
const NOT_AS_DECIDED: &str = "SKY01";

/// Another replica has answered this key; it is seldom enough to be no question of its own in the statement.
const ANSWERED: &str = "idempotency_pkey";

fn raced_or_broken(error: sqlx::Error) -> Error {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let raced = code.as_deref() == Some(NOT_AS_DECIDED) || broken_constraint(&error) == Some(ANSWERED);
    if raced { Error::Raced } else { error.into() }
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
