//! SQL of the feeds of other car parks.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use crate::{
    domain::{
        Alternative,
        feeds::{Before, HOLDS, HOLDS_AT_GATE, Told},
    },
    error::Error,
};

/// Whose token this is the hash of.
pub(crate) async fn of_token(conn: &mut PgConnection, hash: &[u8]) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("select id from feed where token_hash = $1").bind(hash).fetch_optional(conn).await?)
}

/// A new token for a feed; the one before is good no more. False: no such feed.
pub(crate) async fn set_token(conn: &mut PgConnection, feed: &str, hash: &[u8]) -> Result<bool, Error> {
    let done = sqlx::query("update feed set token_hash = $2 where id = $1").bind(feed).bind(hash).execute(conn);
    Ok(done.await?.rows_affected() > 0)
}

/// The feeds of the house file, and no others; those that stay keep their tokens.
pub(crate) async fn keep(conn: &mut PgConnection, ids: &[&str]) -> Result<(), Error> {
    sqlx::query("delete from feed where id <> all($1)").bind(ids).execute(&mut *conn).await?;
    sqlx::query("insert into feed (id) select unnest($1::text[]) on conflict do nothing")
        .bind(ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// The places of which this feed is to tell, with the spaces that each has as far as the house knows.
pub(crate) async fn places(conn: &mut PgConnection, feed: &str) -> Result<HashMap<String, Option<u32>>, Error> {
    let alternatives: Option<Json<Vec<Alternative>>> =
        sqlx::query_scalar("select alternatives from site").fetch_optional(conn).await?;
    let alternatives = alternatives.map(|all| all.0).unwrap_or_default();
    Ok(alternatives.into_iter().filter(|place| place.feed == feed).map(|place| (place.uid, place.capacity)).collect())
}

/// What was told of a place before.
pub(crate) async fn before(conn: &mut PgConnection, feed: &str, uid: &str) -> Result<Option<Before>, Error> {
    let row: Option<(DateTime<Utc>, Option<i32>)> =
        sqlx::query_as("select observed_at, capacity from feed_place where feed = $1 and uid = $2")
            .bind(feed)
            .bind(uid)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(at, capacity)| Before { at, capacity: capacity.map(i32::unsigned_abs) }))
}

/// Writes what is believed of a place now. A capacity that is not told stays as it was.
pub(crate) async fn save(
    conn: &mut PgConnection,
    feed: &str,
    told: &Told,
    free: Option<u32>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into feed_place (feed, uid, free, observed_at, capacity) values ($1, $2, $3, $4, $5)
         on conflict (feed, uid) do update set free = $3, observed_at = $4,
             capacity = coalesce($5, feed_place.capacity)",
    )
    .bind(feed)
    .bind(&told.uid)
    .bind(free.map(u32::cast_signed))
    .bind(at)
    .bind(told.known_capacity().map(u32::cast_signed))
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds what is free elsewhere, as far as it may be believed at `now`.
pub(crate) async fn look(
    conn: &mut PgConnection,
    alternatives: &mut [Alternative],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if alternatives.iter().all(|place| place.feed.is_empty()) {
        return Ok(());
    }
    let rows: Vec<(String, String, Option<i32>, DateTime<Utc>)> =
        sqlx::query_as("select feed, uid, free, observed_at from feed_place").fetch_all(conn).await?;
    let told: HashMap<(String, String), (Option<i32>, DateTime<Utc>)> =
        rows.into_iter().map(|(feed, uid, free, at)| ((feed, uid), (free, at))).collect();
    for place in alternatives {
        let Some((free, at)) = told.get(&(place.feed.clone(), place.uid.clone())).copied() else { continue };
        let free_for = |holds| free.filter(|_| at > now - holds).map(i32::unsigned_abs);
        place.free = free_for(HOLDS).map(|free| (free, at + HOLDS));
        place.free_at_gate = free_for(HOLDS_AT_GATE);
        place.told_at = Some(at);
    }
    Ok(())
}
