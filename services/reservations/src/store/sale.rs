//! What the seller reads of showings and their places, and (in `write` and `confirm`) what is written. Decides nothing.

mod confirm;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

pub(crate) use confirm::{Sold, sell};
pub(crate) use write::{Granted, kept_locked, patience, wait_at_most, waited_too_long, write};

pub(crate) use super::layouts::{Plans, plan};
use super::{ShowingRow, Version, stored, tariffs};
use crate::{
    domain::{
        Channel, Tariff,
        hall::Hall,
        sale::{Claim, Sale},
        tariffs_on,
    },
    error::Error,
};

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
    pub(crate) versions: HashMap<Uuid, Version>,
}

#[derive(FromRow)]
struct KnownRow {
    id: String,
    request_hash: Option<Vec<u8>>,
    response: Option<Vec<u8>>,
    revision: Option<i64>,
    version: Option<i64>,
}

/// Answers to these keys and versions of these showings, in one round trip.
pub(crate) async fn known(conn: &mut PgConnection, keys: &[Uuid], showings: &[Uuid]) -> Result<Known, Error> {
    let keys: Vec<String> = keys.iter().map(Uuid::to_string).collect();
    let rows: Vec<KnownRow> =
        sqlx::query_as("select * from sale_known($1, $2)").bind(keys).bind(showings).fetch_all(conn).await?;
    let mut known = Known::default();
    for row in rows {
        let id = stored(Uuid::try_parse(&row.id).ok(), "idempotency key")?;
        if let Some(version) = row.revision.zip(row.version) {
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
    layout_revision: i32,
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
    let rows: Vec<SaleRow> = sqlx::query_as(
        "select s.*, l.revision as layout_revision
         from showing_with_title s join unnest($1::uuid[]) wanted on s.id = wanted join layout l on l.id = s.layout_id",
    )
    .bind(showings)
    .fetch_all(&mut *conn)
    .await?;
    let claimed: Vec<ClaimRow> = sqlx::query_as(
        "select showing_id, seat, visit_id, channel, expires_at
         from seat_claim join unnest($1::uuid[]) wanted on showing_id = wanted
         where expires_at is null or expires_at > $2",
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
            channel: match row.channel.as_str() {
                "blocked" => None,
                channel => Some(stored(Channel::named(channel), "channel")?),
            },
            expires_at: row.expires_at,
        });
    }
    let tariffs = tariffs(&mut *conn).await?;
    let mut sales = Vec::with_capacity(rows.len());
    for row in rows {
        let showing = row.showing.read()?;
        let plan = plan(&mut *conn, plans, &showing.layout, row.layout_revision).await?;
        let day = showing.scheduled_starts_at.with_timezone(&Berlin).date_naive();
        let prices: Vec<Tariff> = tariffs_on(&tariffs, &showing.category, day).into_iter().cloned().collect();
        let claims = claims.remove(&showing.id).unwrap_or_default();
        sales.push(Sale::new(showing, row.sale_version, prices, Hall::empty(plan), claims));
    }
    Ok(sales)
}
