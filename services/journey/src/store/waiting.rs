//! The SQL of waiting lists. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::all;
use crate::{domain::Visit, error::Error};

/// How many wait already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// Of one maker, for all showings.
    pub(crate) by_maker: u32,
    /// With one address for one showing, those included whom places are offered.
    pub(crate) by_contact: u32,
    /// For that showing.
    pub(crate) in_all: u32,
}

/// Counts them; nobody else joins a list for the same maker or address until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection, maker: &str, showing: Uuid, email: &str) -> Result<Waiting, Error> {
    let (by_maker, by_contact, in_all): (i64, i64, i64) =
        sqlx::query_as("select by_maker, by_contact, in_all from lock_waiting($1, $2, $3)")
            .bind(maker)
            .bind(showing)
            .bind(email)
            .fetch_one(conn)
            .await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Waiting { by_maker: number(by_maker), by_contact: number(by_contact), in_all: number(in_all) })
}

/// The showings that somebody waits for.
pub(crate) async fn showings(conn: &mut PgConnection) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar("select distinct showing_id from visit where state = 'waiting'").fetch_all(conn).await?)
}

/// The visits of a showing that wait for places, or hold some and have not ordered them, in the order in which they came.
pub(crate) async fn or_held(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Visit>, Error> {
    all(sqlx::query_as(
        "select * from visit where showing_id = $1 and state in ('waiting', 'held') order by held_at, id",
    )
    .bind(showing)
    .fetch_all(conn)
    .await?)
}

/// The parties that wait for a showing and may be asked for now, in the order in which they came.
pub(crate) async fn of_showing(
    conn: &mut PgConnection,
    showing: Uuid,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Visit>, Error> {
    all(sqlx::query_as(
        "select * from visit where showing_id = $1 and state = 'waiting' and hold_expires_at <= $2
         order by held_at, id limit $3",
    )
    .bind(showing)
    .bind(now)
    .bind(most)
    .fetch_all(conn)
    .await?)
}
