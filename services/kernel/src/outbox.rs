//! The outbox: events that a transaction tells, written together just before its commit.
//!
//! The row of each aggregate is locked before the sequence is drawn, so that `seq` order is commit order per
//! aggregate, also for aggregates that have no row of their own. Locks are taken in the order of the ids.

use chrono::{DateTime, Utc};
use prost::{Message, Name};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::event::subject_token;

/// An event that is to be written.
#[derive(Debug)]
pub(crate) struct Told {
    aggregate_id: String,
    event_id: Uuid,
    type_name: String,
    subject: String,
    payload: Vec<u8>,
    /// W3C trace context of the span in which it was told; may be empty.
    traceparent: String,
}

impl Told {
    pub(crate) fn new<M: Message + Name>(service: &str, aggregate_id: &str, event: &M) -> Self {
        Self {
            aggregate_id: aggregate_id.to_owned(),
            event_id: Uuid::now_v7(),
            type_name: M::full_name(),
            subject: format!("{service}.v1.{}.{aggregate_id}", subject_token::<M>()),
            payload: event.encode_to_vec(),
            traceparent: crate::telemetry::current_traceparent().unwrap_or_default(),
        }
    }
}

const WRITE: &str = "with told as materialized (
        select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[]) with ordinality
            t (aggregate_id, event_id, type, subject, payload, traceparent, place)),
    counted as materialized (
        select aggregate_id, count(*) as events from told group by aggregate_id order by aggregate_id collate \"C\"),
    head as (
        insert into aggregate_head as h (aggregate_id, version) select aggregate_id, events from counted
        on conflict (aggregate_id) do update set version = h.version + excluded.version
        returning aggregate_id, version)
    insert into outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, headers, occurred_at)
    select told.event_id, told.aggregate_id,
           head.version - counted.events + row_number() over (partition by told.aggregate_id order by told.place),
           told.type, told.subject, told.payload,
           case when told.traceparent = '' then '{}' else jsonb_build_object('traceparent', told.traceparent) end, $7
    from told join counted on counted.aggregate_id = told.aggregate_id join head on head.aggregate_id = told.aggregate_id
    order by told.place";

/// The same for one event alone, as most transactions tell: half the work for the server.
const WRITE_ONE: &str = "with head as (
        insert into aggregate_head as h (aggregate_id, version) values ($1, 1)
        on conflict (aggregate_id) do update set version = h.version + 1
        returning version)
    insert into outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, headers, occurred_at)
    select $2, $1, version, $3, $4, $5,
           case when $6 = '' then '{}' else jsonb_build_object('traceparent', $6) end, $7
    from head";

/// Writes events in the order in which they were told.
pub(crate) async fn write(conn: &mut PgConnection, told: Vec<Told>, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    if let [one] = told.as_slice() {
        sqlx::query(WRITE_ONE)
            .bind(&one.aggregate_id)
            .bind(one.event_id)
            .bind(&one.type_name)
            .bind(&one.subject)
            .bind(&one.payload)
            .bind(&one.traceparent)
            .bind(now)
            .execute(conn)
            .await?;
        return Ok(());
    }
    let (mut aggregates, mut ids, mut types) = (Vec::new(), Vec::new(), Vec::new());
    let (mut subjects, mut payloads, mut traces) = (Vec::new(), Vec::new(), Vec::new());
    for it in told {
        aggregates.push(it.aggregate_id);
        ids.push(it.event_id);
        types.push(it.type_name);
        subjects.push(it.subject);
        payloads.push(it.payload);
        traces.push(it.traceparent);
    }
    sqlx::query(WRITE)
        .bind(aggregates)
        .bind(ids)
        .bind(types)
        .bind(subjects)
        .bind(payloads)
        .bind(traces)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}
