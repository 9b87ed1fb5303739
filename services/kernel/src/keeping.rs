//! How long the event log is kept: an event is deleted when it is old enough and every consumer has applied it.
//!
//! How far a consumer is it says itself, whenever it asks for the log's head. One that was never heard of keeps
//! nothing, and finds out when it catches up (`catch_up`): it applies nothing then, rather than what comes after a hole.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Db;

/// Most events that are looked at in one turn.
pub(crate) const TURN: i32 = 2000;

/// A consumer has said how far it is.
pub(crate) async fn heard(db: &Db, consumer: &str, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into consumer_heard as h (consumer, last_pub_seq, heard_at) values ($1, $2, $3)
         on conflict (consumer) do update set last_pub_seq = excluded.last_pub_seq, heard_at = excluded.heard_at
         where h.last_pub_seq <> excluded.last_pub_seq or h.heard_at < excluded.heard_at - interval '1 hour'",
    )
    .bind(consumer)
    .bind(position)
    .bind(db.clock().now())
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Deletes the oldest events that were published before `before` and that every consumer has applied. Answers how many.
///
/// Always from the beginning, so that no hole comes to be. The last two rows stay, and the one before the first that is
/// unpublished: from it the relay goes on.
pub(crate) async fn delete_old(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "with oldest as materialized (
             select pub_seq, published_at from outbox where pub_seq is not null order by pub_seq limit $2),
         reach as (
             select least((select coalesce(min(pub_seq) filter (where published_at is null or published_at >= $1),
                                           max(pub_seq)) - 2 from oldest),
                          (select min(last_pub_seq) from consumer_heard)) as pub_seq)
         delete from outbox using reach where outbox.pub_seq <= reach.pub_seq",
    )
    .bind(before)
    .bind(TURN)
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}
