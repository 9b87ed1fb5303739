//! The outbox: events that a transaction tells, written together just before its commit.
//!
//! The row of each aggregate is locked before the sequence is drawn, so that `seq` order is commit order per
//! aggregate, also for aggregates that have no row of their own. Locks are taken in the order of the ids. Where nothing
//! else waits for a position in the published log, events get theirs here; the statements are in the migrations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use prost::{Message, Name};
use serde_json::json;
use sqlx::{Arguments, AssertSqlSafe, PgConnection, postgres::PgArguments};
use uuid::Uuid;

use crate::{Db, db::detached, event::subject_token, relay::Row, values};

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
    pub(crate) fn new<M: Message + Name>(service: &str, aggregate_id: &str, event: &M, now: DateTime<Utc>) -> Self {
        let traceparent = crate::telemetry::current_traceparent();
        Self {
            aggregate_id: aggregate_id.to_owned(),
            event_id: values::new_id(now),
            type_name: M::full_name(),
            subject: format!("{service}.v1.{}.{aggregate_id}", subject_token::<M>()),
            payload: event.encode_to_vec(),
            headers: traceparent.map_or_else(|| json!({}), |traceparent| json!({ "traceparent": traceparent })),
        }
    }

    /// As the relay would read it.
    fn numbered(self, occurred_at: DateTime<Utc>, aggregate_version: i64, pub_seq: i64) -> Row {
        Row {
            event_id: self.event_id,
            aggregate_id: self.aggregate_id,
            aggregate_version,
            r#type: self.type_name,
            subject: self.subject,
            payload: self.payload,
            headers: self.headers,
            occurred_at,
            pub_seq,
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
        let (version, pub_seq): (i64, Option<i64>) =
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
        return Ok(pub_seq.map(|pub_seq| one.numbered(now, version, pub_seq)));
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

impl Db {
    /// Runs a single statement and tells an event of what it did, as a transaction of its own in one round trip, where
    /// [`Db::transact`] takes four at least. `work` is a list of common table expressions with `arguments` for its
    /// parameters; the last one is named `done` and answers one row, a column `done` that is true, if it has done
    /// everything, and none if it found things other than expected. Then nothing may be written, nothing is told, and this
    /// answers false. Afterwards the relay is woken, and the live streams of `topic` under its only key, its own name.
    ///
    /// # Errors
    /// The database's error. Whether it was done is not known then.
    pub async fn tell_at_once<M: Message + Name>(
        &self,
        topic: &'static str,
        at: DateTime<Utc>,
        (aggregate_id, event): (&str, &M),
        work: &'static str,
        arguments: PgArguments,
    ) -> Result<bool, sqlx::Error> {
        let told = Told::new(self.service(), aggregate_id, event, at);
        let (db, tasks) = (self.clone(), self.tasks());
        let done = detached(&tasks, async move {
            let mut connection = db.reader().await?;
            let done = write_with(&mut connection, work, arguments, told, at).await;
            drop(connection);
            if let Ok(None) = done {
                return Ok(false);
            }
            if let Ok(Some(Some(row))) = &done {
                db.hub().handed.give(row.clone());
            }
            // After an error too: perhaps it was done all the same.
            db.hub().wake_relay();
            db.touch(topic);
            done.map(|_| true)
        });
        done.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// Does `work` and tells one event of it in a single statement, which is its own transaction: see
/// [`Db::tell_at_once`]. None when the work was not done; else the event, if it got its position.
async fn write_with(
    conn: &mut PgConnection,
    work: &str,
    mut arguments: PgArguments,
    told: Told,
    now: DateTime<Utc>,
) -> Result<Option<Option<Row>>, sqlx::Error> {
    let first = arguments.len() + 1;
    let places: Vec<String> = (first..first + 7).map(|place| format!("${place}")).collect();
    // Told only of what was done: so the function must depend on it.
    let statement = format!(
        "with {work}
         select told.its_version, told.its_pub_seq
         from done cross join lateral tell_one({}, done.done) as told",
        places.join(", ")
    );
    let add = |arguments: &mut PgArguments| {
        arguments.add(&told.aggregate_id)?;
        arguments.add(told.event_id)?;
        arguments.add(&told.type_name)?;
        arguments.add(&told.subject)?;
        arguments.add(&told.payload)?;
        arguments.add(&told.headers)?;
        arguments.add(now)
    };
    add(&mut arguments).map_err(sqlx::Error::Encode)?;
    let done: Option<(i64, Option<i64>)> =
        sqlx::query_as_with(AssertSqlSafe(statement), arguments).fetch_optional(conn).await?;
    Ok(done.map(|(version, pub_seq)| pub_seq.map(|pub_seq| told.numbered(now, version, pub_seq))))
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
