//! How long the event log is kept: an event is deleted when it is old enough and every consumer has applied it. The first
//! answers to idempotency keys are kept as long: whoever repeats something because of an event repeats it while that is
//! in the log, and no client waits for so long.
//!
//! How far a consumer is it says itself, whenever it asks for the log's head. One that was never heard of keeps
//! nothing, and finds out when it catches up (`catch_up`): it applies nothing then, rather than what comes after a hole.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Db;

/// Most events that are looked at in one turn, and most answers.
const TURN: i32 = 2000;

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

/// What one turn has deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deleted {
    pub(crate) events: u64,
    pub(crate) answers: u64,
}

impl Deleted {
    /// There may be more of it.
    pub(crate) fn may_be_more(self) -> bool {
        let turn = u64::from(TURN.unsigned_abs());
        self.events + 2 >= turn || self.answers >= turn
    }
}

/// Deletes what was told and answered before `before`.
pub(crate) async fn delete_old(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<Deleted, sqlx::Error> {
    Ok(Deleted { events: delete_events(conn, before).await?, answers: delete_answers(conn, before).await? })
}

/// Deletes first answers to idempotency keys that were given before `before`. Answers how many.
///
/// Looks at all of them, once an hour: 0.2 s for a million, a month of far more orders than the house has places. An
/// index on `created_at` would make each answer that is written a third dearer, in the middle of every order.
async fn delete_answers(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "delete from idempotency where (method, key) in (
             select method, key from idempotency where created_at < $1 limit $2)",
    )
    .bind(before)
    .bind(TURN)
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes the oldest events that were published before `before` and that every consumer has applied. Answers how many.
///
/// Always from the beginning, so that no hole comes to be. The last two rows stay, and the one before the first that is
/// unpublished: from it the relay goes on.
async fn delete_events(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
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
