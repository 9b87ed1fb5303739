//! The relay: gives committed outbox rows a gapless `pub_seq`, where their own transaction has not, and publishes them,
//! in that order, as the only writer of its service's stream.
//!
//! PostgreSQL is the truth. Every publish says which sequence it expects the stream to have, so the
//! broker itself refuses holes, fences a second relay, and betrays that it has lost data. Whenever
//! anything is unclear the relay stops publishing and compares (`reconcile`) before it goes on.

use std::time::Duration;

use async_nats::jetstream::{context::PublishErrorKind, message::PublishMessage};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream::FuturesOrdered};
use rand::RngExt;
use sqlx::PgConnection;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{Db, broker::Broker, keeping};

/// Rows a round.
const BATCH: i32 = 500;
/// So long after what was handed over the database is asked for more.
const ASK_AFTER: Duration = Duration::from_millis(3);
/// How long acknowledged rows may wait for their mark.
const MARK_AFTER: Duration = Duration::from_millis(50);
/// Even a quiet relay compares with the stream this often.
const RECONCILE_EVERY: Duration = Duration::from_secs(30);
/// While the broker is away, rows get their positions this often.
const NUMBER_EVERY: Duration = Duration::from_millis(250);
/// Old events are looked for this often.
const DELETE_EVERY: Duration = Duration::from_secs(3600);

/// The last place in the stream that our marks know, and up to where they lack none. What is found complete is not
/// looked through again: that is written down, unless another relay has changed it since.
const COMPARE: &str = "with seen as materialized (select published_up_to from outbox_head),
    gap as materialized (
        select o.pub_seq - 1 as before from outbox o, seen
        where o.pub_seq > seen.published_up_to and o.published_at is null order by o.pub_seq limit 1),
    marked as materialized (
        select pub_seq, js_seq from outbox where pub_seq is not null and js_seq is not null
        order by pub_seq desc limit 1),
    found as materialized (
        select coalesce((select js_seq from marked), 0) as last, (select before from gap) as before,
               coalesce((select before from gap), (select pub_seq from marked), 0) as up_to),
    raised as (
        update outbox_head h set published_up_to = found.up_to from seen, found
        where h.published_up_to = seen.published_up_to and found.up_to > h.published_up_to)
    select last, case when before is null then last
                      else coalesce((select js_seq from outbox where pub_seq = before), 0) end
    from found";

pub(crate) const PUB_SEQ: &str = "Sky-Pub-Seq";
pub(crate) const AGGREGATE: &str = "Sky-Aggregate-Id";
pub(crate) const AGGREGATE_VERSION: &str = "Sky-Aggregate-Version";

/// A row of the outbox, as published.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub event_id: Uuid,
    pub aggregate_id: String,
    pub aggregate_version: i64,
    pub r#type: String,
    pub subject: String,
    pub payload: Vec<u8>,
    pub headers: serde_json::Value,
    pub occurred_at: DateTime<Utc>,
    pub pub_seq: i64,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("broker: {0}")]
    Broker(async_nats::Error),
    #[error("publish: {0}")]
    Publish(#[from] async_nats::jetstream::context::PublishError),
}

/// One service's relay.
pub(crate) struct Relay {
    db: Db,
    broker: Broker,
    service: &'static str,
    /// Highest `pub_seq` that the broker has.
    sent: i64,
    /// The stream's last sequence, as far as we know.
    stream_seq: u64,
    /// Acknowledged and not yet marked: (`pub_seq`, `js_seq`).
    unmarked: Vec<(i64, i64)>,
    unmarked_since: Option<tokio::time::Instant>,
    /// How long events are kept, and when old ones are looked for.
    keep: TimeDelta,
    delete_at: tokio::time::Instant,
}

impl Relay {
    pub(crate) fn new(db: Db, broker: Broker, event_log_days: u16) -> Self {
        Self {
            service: db.service(),
            db,
            broker,
            sent: 0,
            stream_seq: 0,
            unmarked: Vec::new(),
            unmarked_since: None,
            keep: TimeDelta::days(event_log_days.into()),
            delete_at: tokio::time::Instant::now(),
        }
    }

    /// Works until dropped. Errors are logged and cured by the next reconciliation.
    pub(crate) async fn run(mut self) {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.session().await {
                Ok(()) => pause = Duration::from_millis(100),
                Err(broken) => {
                    let fenced = matches!(&broken, Broken::Publish(error) if error.kind() == PublishErrorKind::WrongLastSequence);
                    metrics::counter!("sky_relay_interruptions_total", "service" => self.service).increment(1);
                    tracing::warn!(service = self.service, fenced, error = %broken, "relay interrupted; it compares with the stream and goes on");
                    number_while(&self.db, tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(Duration::from_secs(3));
                }
            }
        }
    }

    /// Compares, then publishes until the next regular comparison or the first trouble.
    async fn session(&mut self) -> Result<(), Broken> {
        self.unmarked.clear();
        self.unmarked_since = None;
        number_while(&self.db.clone(), self.reconcile()).await?;
        self.db.hub().handed.forget();
        // Not while anything is compared: what is compared must stay.
        if self.delete_at <= tokio::time::Instant::now() {
            let more = self.delete_old().await?.may_be_more();
            self.delete_at = tokio::time::Instant::now() + if more { Duration::ZERO } else { DELETE_EVERY };
        }
        let wakeups = self.db.hub().relay_wakeups();
        let until = tokio::time::Instant::now() + RECONCILE_EVERY;
        while tokio::time::Instant::now() < until {
            if !self.publish_handed(&wakeups).await? {
                let rows = take(&mut *self.db.reader().await?, self.sent, BATCH).await?;
                let taken = rows.len();
                if taken > 0 {
                    self.publish(rows).await?;
                }
                // What is committed from now on wakes us.
                if taken < BATCH as usize {
                    let jitter = Duration::from_millis(rand::rng().random_range(250..1000));
                    let idle = self.unmarked_since.map_or(jitter, |since| {
                        (since + MARK_AFTER).saturating_duration_since(tokio::time::Instant::now()).min(jitter)
                    });
                    let _ = tokio::time::timeout(idle, wakeups.notified()).await;
                }
            }
            if self.unmarked_since.is_some_and(|since| since.elapsed() >= MARK_AFTER) || self.unmarked.len() >= 2000 {
                self.mark().await?;
            }
        }
        self.mark().await
    }

    /// Publishes what was handed over. True when there is news already; else the database is to be asked, also after something
    /// was handed over, because something else may have been committed meanwhile: but a moment later, for whoever waits for
    /// what was handed over shares processors and database with that question.
    async fn publish_handed(&mut self, wakeups: &Notify) -> Result<bool, Broken> {
        let handed = self.db.hub().handed.take(self.sent);
        if handed.is_empty() {
            return Ok(false);
        }
        metrics::counter!("sky_relay_handed_total", "service" => self.service).increment(handed.len() as u64);
        self.publish(handed).await?;
        Ok(tokio::time::timeout(ASK_AFTER, wakeups.notified()).await.is_ok())
    }

    /// Deletes some of what is old.
    async fn delete_old(&self) -> Result<keeping::Deleted, sqlx::Error> {
        let before = self.db.clock().now() - self.keep;
        let deleted = keeping::delete_old(&mut *self.db.reader().await?, before).await?;
        if deleted.events > 0 || deleted.answers > 0 {
            let keeping::Deleted { events, answers } = deleted;
            tracing::info!(
                service = self.service,
                events,
                answers,
                "deleted old events that all have applied, and answers"
            );
        }
        Ok(deleted)
    }

    /// What a relay tries that slept (a paused machine, a long network break) since before `pub_seq` was
    /// published and wakes up now.
    #[cfg(feature = "testing")]
    pub(crate) async fn wake_up_late(mut self, pub_seq: i64) -> Result<(), String> {
        let mut connection = self.db.reader().await.map_err(|error| error.to_string())?;
        let rows = take(&mut connection, pub_seq - 1, 1).await.map_err(|error| error.to_string())?;
        self.stream_seq = pub_seq.unsigned_abs() - 1;
        self.publish(rows).await.map_err(|broken| broken.to_string())
    }

    /// What a relay holds for the last row and the last place in the stream when it looked there after
    /// `last` events, and at its own marks only now.
    #[cfg(feature = "testing")]
    pub(crate) async fn compare_late(mut self, last: i64) -> Result<(i64, u64), String> {
        self.agree(last, last, last).await.map_err(|broken| broken.to_string())?;
        Ok((self.sent, self.stream_seq))
    }

    /// Publishes a run of rows, pipelined, each expecting the one before it.
    async fn publish(&mut self, rows: Vec<Row>) -> Result<(), Broken> {
        let mut acks = FuturesOrdered::new();
        for (expected, row) in (self.stream_seq..).zip(rows) {
            let pub_seq = row.pub_seq;
            let subject = self.broker.subject(&row.subject);
            let ack = self.broker.jetstream.send_publish(subject, message(self.service, row, expected)).await?;
            acks.push_back(async move { (pub_seq, ack.await) });
        }
        while let Some((pub_seq, ack)) = acks.next().await {
            let ack = ack?;
            self.stream_seq = ack.sequence;
            self.sent = pub_seq;
            self.unmarked.push((pub_seq, ack.sequence.cast_signed()));
            self.unmarked_since.get_or_insert_with(tokio::time::Instant::now);
        }
        Ok(())
    }

    /// Writes down what the broker has acknowledged.
    async fn mark(&mut self) -> Result<(), Broken> {
        if !self.unmarked.is_empty() {
            mark(&mut *self.db.reader().await?, &self.unmarked, self.db.clock().now()).await?;
            self.unmarked.clear();
        }
        self.unmarked_since = None;
        Ok(())
    }

    /// Makes outbox and stream agree about what is published. Our marks may be behind the stream (a
    /// crash before the mark, a publish that timed out and landed): adopt. The stream may be behind our
    /// marks (the broker lost its tail or its disk): publish again. Or it may hold what we never wrote:
    /// then it is no cache of this log and is built anew.
    async fn reconcile(&mut self) -> Result<(), Broken> {
        // The marks first: what another relay adds in between must not look like a loss.
        let (marked, contiguous): (i64, i64) = sqlx::query_as(COMPARE).fetch_one(self.db.pool()).await?;
        let info = self.broker.provision_stream(self.service).await.map_err(Broken::Broker)?;
        self.agree(info.state.last_sequence.cast_signed(), marked, contiguous).await
    }

    /// Brings both in line: `last` is the stream's last sequence, `marked` the highest that our marks know,
    /// and up to `contiguous` they lack none.
    async fn agree(&mut self, last: i64, marked: i64, contiguous: i64) -> Result<(), Broken> {
        if last < marked {
            tracing::error!(
                service = self.service,
                stream_last = last,
                marked,
                "the broker has lost events; they are published again"
            );
            metrics::counter!("sky_broker_losses_total", "service" => self.service).increment(1);
            self.forget_marks(last).await?;
        }
        let agrees = self.adopt(last.min(contiguous), last).await?;
        if !agrees {
            tracing::error!(service = self.service, "the stream holds what this service never wrote; it is built anew");
            metrics::counter!("sky_broker_losses_total", "service" => self.service).increment(1);
            self.broker
                .jetstream
                .delete_stream(self.broker.stream_name(self.service))
                .await
                .map_err(|error| Broken::Broker(error.into()))?;
            self.broker.provision_stream(self.service).await.map_err(Broken::Broker)?;
            self.forget_marks(0).await?;
            self.stream_seq = 0;
        } else {
            self.stream_seq = last.unsigned_abs();
        }
        // The row behind that very message, not merely the last one marked by now: were the two apart, because
        // another relay is publishing, every row would expect a wrong place, and a place may come true.
        self.sent = sqlx::query_scalar(
            "select pub_seq from outbox where pub_seq is not null and js_seq <= $1 order by pub_seq desc limit 1",
        )
        .bind(self.stream_seq.cast_signed())
        .fetch_optional(self.db.pool())
        .await?
        .unwrap_or(0);
        Ok(())
    }

    /// Events behind this place of the stream count as unpublished again.
    async fn forget_marks(&self, last: i64) -> Result<(), Broken> {
        sqlx::query(
            "with forgotten as (
                 update outbox set js_seq = null, published_at = null where js_seq > $1 returning pub_seq),
             first as (select min(pub_seq) as pub_seq from forgotten)
             update outbox_head set published_up_to = least(published_up_to, first.pub_seq - 1) from first
             where first.pub_seq is not null",
        )
        .bind(last)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Compares the stream's messages from `from` (0: none yet) to `last` with our rows and marks them
    /// published. False when one is not ours.
    async fn adopt(&self, from: i64, last: i64) -> Result<bool, Broken> {
        let stream = self
            .broker
            .jetstream
            .get_stream_no_info(self.broker.stream_name(self.service))
            .await
            .map_err(|error| Broken::Broker(error.into()))?;
        let mut found = Vec::new();
        for sequence in from.max(1)..=last {
            let message = match stream.direct_get(sequence.unsigned_abs()).await {
                Ok(message) => message,
                // Aged out of the stream: nothing to compare.
                Err(error) if error.kind() == async_nats::jetstream::stream::DirectGetErrorKind::NotFound => {
                    continue;
                }
                Err(error) => return Err(Broken::Broker(error.into())),
            };
            let id = message.headers.get("Nats-Msg-Id").and_then(|id| Uuid::try_parse(id.as_str()).ok());
            let place = message.headers.get(PUB_SEQ).and_then(|place| place.as_str().parse::<i64>().ok());
            let ours: Option<(i64, Option<i64>)> = match id.zip(place) {
                Some((id, place)) => {
                    sqlx::query_as("select pub_seq, js_seq from outbox where pub_seq = $2 and event_id = $1")
                        .bind(id)
                        .bind(place)
                        .fetch_optional(self.db.pool())
                        .await?
                }
                None => None,
            };
            match ours {
                Some((_, Some(js_seq))) if js_seq == sequence => {}
                Some((pub_seq, None)) => found.push((pub_seq, sequence)),
                _ => return Ok(false),
            }
        }
        if !found.is_empty() {
            tracing::info!(
                service = self.service,
                events = found.len(),
                "adopted events that had reached the broker unmarked"
            );
            mark(&mut *self.db.reader().await?, &found, self.db.clock().now()).await?;
        }
        Ok(true)
    }
}

/// Waits for `work`, which may wait for the broker. What is committed meanwhile gets its position all the same:
/// consumers ask for the head when the bus is silent, and must find it there.
async fn number_while<T>(db: &Db, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(NUMBER_EVERY) => {
                if let Err(error) = number(db).await {
                    tracing::debug!(service = db.service(), %error, "events did not get their positions; soon again");
                }
            }
        }
    }
}

async fn number(db: &Db) -> Result<(), sqlx::Error> {
    take(&mut *db.reader().await?, i64::MAX, BATCH).await?;
    Ok(())
}

/// Numbers and reads what is to be published after `after`; see the function in the migration.
async fn take(conn: &mut PgConnection, after: i64, most: i32) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as("select event_id, aggregate_id, aggregate_version, type, subject, payload, headers, occurred_at, pub_seq from relay_take($1, $2)")
        .bind(after)
        .bind(most)
        .fetch_all(conn)
        .await
}

/// Not waited for to be on the disk: a mark that a crash has lost is adopted from the stream.
const MARK: &str = "with leisure as materialized (select set_config('synchronous_commit', 'off', true))
    update outbox o set js_seq = m.js, published_at = $3 from unnest($1::bigint[], $2::bigint[]) as m (pub, js), leisure
    where o.pub_seq = m.pub";

async fn mark(conn: &mut PgConnection, published: &[(i64, i64)], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let (pub_seqs, js_seqs): (Vec<i64>, Vec<i64>) = published.iter().copied().unzip();
    sqlx::query(MARK).bind(pub_seqs).bind(js_seqs).bind(now).execute(conn).await?;
    Ok(())
}

/// The message on the bus: our headers, and CloudEvents' names for standard tools.
fn message(service: &str, row: Row, expected: u64) -> PublishMessage {
    let mut message = PublishMessage::build()
        .message_id(row.event_id.to_string())
        .expected_last_sequence(expected)
        .header(PUB_SEQ, row.pub_seq.to_string())
        .header(AGGREGATE, row.aggregate_id.as_str())
        .header(AGGREGATE_VERSION, row.aggregate_version.to_string())
        .header("ce-specversion", "1.0")
        .header("ce-id", row.event_id.to_string())
        .header("ce-type", row.r#type)
        .header("ce-source", format!("/sky/{service}"))
        .header("ce-subject", row.aggregate_id)
        .header("ce-time", row.occurred_at.to_rfc3339())
        .payload(row.payload.into());
    if let Some(traceparent) = row.headers.get("traceparent").and_then(|value| value.as_str()) {
        message = message.header("traceparent", traceparent);
    }
    message
}
