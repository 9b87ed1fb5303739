//! The outbox: events that a transaction tells, written together just before its commit.
//!
//! The row of each aggregate is locked before the sequence is drawn, so that `seq` order is commit order per
//! aggregate, also for aggregates that have no row of their own. Locks are taken in the order of the ids. Where nothing
//! else waits for a position in the published log, events get theirs here; the statements are in the migrations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use prost::{Message, Name};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{event::subject_token, relay::Row};

/// An event that is to be written.
#[derive(Debug)]
pub(crate) struct Told {
    aggregate_id: String,
    event_id: Uuid,
    type_name: String,
    subject: String,
    payload: Vec<u8>,
    /// With the W3C trace context of the span in which it was told.
    headers: serde_json::Value,
}

impl Told {
    pub(crate) fn new<M: Message + Name>(service: &str, aggregate_id: &str, event: &M) -> Self {
        let traceparent = crate::telemetry::current_traceparent();
        Self {
            aggregate_id: aggregate_id.to_owned(),
            event_id: Uuid::now_v7(),
            type_name: M::full_name(),
            subject: format!("{service}.v1.{}.{aggregate_id}", subject_token::<M>()),
            payload: event.encode_to_vec(),
            headers: traceparent.map_or_else(|| json!({}), |traceparent| json!({ "traceparent": traceparent })),
        }
    }
}

/// Whether events may get their position in the published log at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// If nothing else waits for one. Then nobody else gets a position before the commit, which must follow at once.
    IfFree,
    /// The relay gives it after the commit.
    Later,
}

/// Writes events in the order in which they were told. Answers a single one that got its position, as the relay would
/// read it.
pub(crate) async fn write(
    conn: &mut PgConnection,
    mut told: Vec<Told>,
    now: DateTime<Utc>,
    number: Number,
) -> Result<Option<Row>, sqlx::Error> {
    let number = number == Number::IfFree;
    if told.len() == 1
        && let Some(one) = told.pop()
    {
        let (aggregate_version, pub_seq): (i64, Option<i64>) =
            sqlx::query_as("select its_version, its_pub_seq from tell_one($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(&one.aggregate_id)
                .bind(one.event_id)
                .bind(&one.type_name)
                .bind(&one.subject)
                .bind(&one.payload)
                .bind(&one.headers)
                .bind(now)
                .bind(number)
                .fetch_one(conn)
                .await?;
        return Ok(pub_seq.map(|pub_seq| Row {
            event_id: one.event_id,
            aggregate_id: one.aggregate_id,
            aggregate_version,
            r#type: one.type_name,
            subject: one.subject,
            payload: one.payload,
            headers: one.headers,
            occurred_at: now,
            pub_seq,
        }));
    }
    let (mut aggregates, mut ids, mut types) = (Vec::new(), Vec::new(), Vec::new());
    let (mut subjects, mut payloads, mut headers) = (Vec::new(), Vec::new(), Vec::new());
    for it in told {
        aggregates.push(it.aggregate_id);
        ids.push(it.event_id);
        types.push(it.type_name);
        subjects.push(it.subject);
        payloads.push(it.payload);
        headers.push(it.headers);
    }
    sqlx::query("select tell_all($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(aggregates)
        .bind(ids)
        .bind(types)
        .bind(subjects)
        .bind(payloads)
        .bind(headers)
        .bind(now)
        .bind(number)
        .execute(conn)
        .await?;
    Ok(None)
}

/// Committed events with their positions, on their way from their transaction to the relay of this process, which sends
/// them before it asks the database. Only a short cut: what is forgotten here, the relay finds in the outbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handed(Arc<Mutex<Vec<Row>>>);

/// More of them mean that the relay is not here, or far behind.
const MOST_HANDED: usize = 100;

impl Handed {
    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was given before counts for nothing: another relay may have worked meanwhile, or the database is another one.
    pub(crate) fn forget(&self) {
        self.rows().clear();
    }

    pub(crate) fn give(&self, row: Row) {
        let mut rows = self.rows();
        if rows.len() == MOST_HANDED {
            rows.clear();
        }
        rows.push(row);
    }

    /// Takes what comes right behind the position `sent`, if it has no gap.
    pub(crate) fn take(&self, sent: i64) -> Vec<Row> {
        let mut rows = std::mem::take(&mut *self.rows());
        rows.retain(|row| row.pub_seq > sent);
        rows.sort_unstable_by_key(|row| row.pub_seq);
        let whole = rows.iter().zip(sent + 1..).all(|(row, next)| row.pub_seq == next);
        if whole { rows } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pub_seq: i64) -> Row {
        Row {
            event_id: Uuid::nil(),
            aggregate_id: String::new(),
            aggregate_version: pub_seq,
            r#type: String::new(),
            subject: String::new(),
            payload: Vec::new(),
            headers: json!({}),
            occurred_at: DateTime::default(),
            pub_seq,
        }
    }

    /// What is taken behind position 5.
    fn taken(given: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let handed = Handed::default();
        given.into_iter().for_each(|pub_seq| handed.give(row(pub_seq)));
        let taken = handed.take(5).iter().map(|row| row.pub_seq).collect();
        assert!(handed.take(0).is_empty(), "nothing is handed over twice");
        taken
    }

    #[test]
    fn only_what_comes_next_is_handed_over() {
        assert_eq!(taken([6]), [6]);
        assert_eq!(taken([7, 6, 8]), [6, 7, 8], "in whatever order they were committed");
        assert_eq!(taken([4, 5, 6]), [6], "what is published already is left out");
        let nothing: Vec<i64> = Vec::new();
        assert_eq!(taken([7]), nothing, "an event in between is not here");
        assert_eq!(taken([6, 8]), nothing, "nor is this one");
        assert_eq!(taken([]), nothing);
        assert_eq!(taken(6..=106), nothing, "the first ones were forgotten, so the relay reads them all");
    }
}
