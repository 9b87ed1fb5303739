//! Follows another service's events: they become commands here, each exactly once and in order.
//!
//! The position is one integer per producer, moved in the same transaction as the effect. So a
//! repeated event is skipped however old it is, and a gap is obvious and filled from the producer's
//! own log. The bus only says that there is something; losing it costs latency.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream;
use chrono::DateTime;
use futures::{FutureExt, StreamExt};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    Db, Failure, Transport, Tx,
    broker::Broker,
    consumer::{AtOnce, Consumer, Finish, Reaction},
    error::Code,
    event::Event,
    heard::Heard,
    position::{Durable, Passing},
    relay::{AGGREGATE, AGGREGATE_VERSION, PUB_SEQ},
};

/// Most events applied in one transaction.
pub(crate) const RUN: usize = 200;
/// So many events are enough to begin with.
const MANY: usize = 50;
/// Without any word from the bus the producer is asked this often.
const ASK_EVERY: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A consumer at work.
#[derive(Clone)]
pub(crate) struct Follower {
    pub db: Db,
    pub producer: &'static str,
    reaction: Reaction,
    heeds: Option<&'static [&'static str]>,
    finish: Option<Finish>,
    gather: Duration,
    pub(crate) in_one_statement: Option<AtOnce>,
    pub(crate) may_begin_late: bool,
    pub(crate) reached: Passing,
    /// The way to the producer's own log.
    pub log: Transport,
    broker: Broker,
    pub(crate) heard: Heard,
    /// Last position we know of the producer's log, for the lag.
    pub head: Arc<AtomicI64>,
    /// The producer's log was found to be another one than that which was applied: nothing of it is.
    pub other_log: Arc<AtomicBool>,
    /// The next event cannot be applied, and waiting will not help.
    pub stuck: Arc<AtomicBool>,
}

/// What became of a run of events.
#[derive(Debug)]
enum Trouble {
    /// The event at this place of the run failed.
    At(usize, Failure),
    /// One of several events that were applied together failed; nobody knows which.
    Among(Failure),
    /// The database failed; nothing is known of the outcome, the position will tell.
    Database(sqlx::Error),
    /// The event at this place is not the next one.
    Gap(usize),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Follower {
    pub(crate) fn new(db: Db, consumer: &Consumer, log: Transport, broker: Broker, heard: Heard) -> Self {
        Self {
            db,
            producer: consumer.producer,
            reaction: consumer.reaction.clone(),
            heeds: consumer.heeds,
            finish: consumer.finish.clone(),
            gather: consumer.gather,
            in_one_statement: consumer.in_one_statement.clone(),
            may_begin_late: consumer.may_begin_late,
            reached: Passing::default(),
            log,
            broker,
            heard,
            head: Arc::default(),
            other_log: Arc::default(),
            stuck: Arc::default(),
        }
    }

    /// Works until dropped.
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        self.heard.begin(self.producer);
        loop {
            match self.follow().await {
                Ok(()) => pause = FIRST_PAUSE,
                Err(error) => {
                    tracing::debug!(service = self.db.service(), producer = self.producer, %error, "bus interrupted; asking the producer meanwhile");
                    self.catch_up().await;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
    }

    /// Listens on the bus. Returns when the bus has been silent for too long to be trusted, and when the producer's log
    /// is another one: then nobody listens, until somebody has put that right.
    async fn follow(&self) -> Result<(), async_nats::Error> {
        let consumer = self.broker.provision_consumer(self.producer, self.db.service()).await?;
        self.catch_up().await;
        if self.other_log.load(Ordering::Relaxed) {
            tokio::time::sleep(ASK_EVERY).await;
            return Ok(());
        }
        let messages = consumer
            .stream()
            .max_messages_per_batch(1000)
            .expires(Duration::from_secs(5))
            .heartbeat(Duration::from_secs(1))
            .messages()
            .await?;
        let mut messages = messages.ready_chunks(RUN);
        let mut missed_beats = 0;
        while !self.other_log.load(Ordering::Relaxed) {
            let waiting = self.reached.waiting();
            if waiting == Some(Duration::ZERO) {
                // Said and counted there; it is tried again with the next event.
                let _ = self.write_down(Durable::Soon).await;
                continue;
            }
            let Ok(chunk) = tokio::time::timeout(waiting.unwrap_or(ASK_EVERY), messages.next()).await else {
                if waiting.is_none() {
                    self.catch_up().await;
                }
                continue;
            };
            let Some(mut chunk) = chunk else { return Ok(()) };
            if !self.gather.is_zero() && chunk.len() < MANY {
                tokio::time::sleep(self.gather).await;
                chunk.extend(messages.next().now_or_never().flatten().unwrap_or_default());
            }
            let mut run = Vec::with_capacity(chunk.len());
            let mut delivered = Vec::with_capacity(chunk.len());
            for message in chunk {
                match message {
                    Ok(message) => {
                        missed_beats = 0;
                        if let Some(event) = read(&message) {
                            run.push(event);
                        }
                        delivered.push(message);
                    }
                    Err(error) => {
                        missed_beats += 1;
                        if missed_beats >= 2 {
                            return Err(error.into());
                        }
                    }
                }
            }
            if !delivered.is_empty() {
                self.heard.note(self.producer);
                self.apply_all(&run).await;
                for message in delivered {
                    message.ack().await?;
                }
            }
        }
        Ok(())
    }

    /// Applies a run to its end, whatever it takes: retries what is transient, buries what is not.
    pub(crate) async fn apply_all(&self, run: &[Event]) {
        if let Some(last) = run.last() {
            self.head.fetch_max(last.pub_seq, Ordering::Relaxed);
        }
        if !run.iter().any(|event| self.heeds(event)) && self.reached.pass(run) {
            self.count(run);
            return;
        }
        let mut rest = run;
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        while !rest.is_empty() {
            let trouble = match self.apply(rest).await {
                Ok(()) => return,
                Err(trouble) => trouble,
            };
            attempts += 1;
            let (service, producer) = (self.db.service(), self.producer);
            match trouble {
                Trouble::Gap(place) => {
                    // What stands before the gap is good; then the producer fills it (and the rest too).
                    if place > 0 {
                        // Cannot end in the same trouble: the gap is not in it.
                        Box::pin(self.apply_all(&rest[..place])).await;
                    }
                    self.catch_up().await;
                    return;
                }
                Trouble::At(place, failure) if !failure.code.is_transient() => {
                    if place > 0 {
                        let (good, bad) = rest.split_at(place);
                        // Cannot end in the same trouble: the bad one is not in it.
                        Box::pin(self.apply_all(good)).await;
                        rest = bad;
                        continue;
                    }
                    if self.complete_without_effect(&rest[0], &failure, attempts).await.is_ok() {
                        rest = &rest[1..];
                        attempts = 0;
                        pause = FIRST_PAUSE;
                        continue;
                    }
                    self.reached.forget();
                }
                Trouble::Among(failure) if !failure.code.is_transient() => {
                    for one in rest.chunks(1) {
                        // Cannot end in the same trouble: it is alone.
                        Box::pin(self.apply_all(one)).await;
                    }
                    return;
                }
                Trouble::At(_, failure) | Trouble::Among(failure) => {
                    tracing::warn!(
                        service,
                        producer,
                        attempts,
                        error = failure.message,
                        "event not applied yet; it is tried again"
                    );
                }
                Trouble::Database(error) => {
                    tracing::warn!(service, producer, attempts, %error, "database trouble while applying events; it is tried again");
                }
            }
            metrics::counter!("sky_consumer_retries_total", "service" => service, "producer" => producer).increment(1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One transaction over a run: skip what was applied before, apply what is next, stop at a gap.
    async fn apply(&self, run: &[Event]) -> Result<(), Trouble> {
        let (this, run) = (self.clone(), run.to_vec());
        let several = run.len() > 1;
        crate::db::detached(&self.db_tasks(), async move {
            let applied = this.apply_once(&run).await;
            if let Err(Trouble::Database(_) | Trouble::Gap(_)) = &applied {
                this.reached.forget();
            }
            applied
        })
        .await
        .unwrap_or_else(|| {
            let panicked = Failure::new(Code::Internal, "the reaction panicked; see the log");
            Err(if several { Trouble::Among(panicked) } else { Trouble::At(0, panicked) })
        })
    }

    async fn apply_once(&self, run: &[Event]) -> Result<(), Trouble> {
        if let Some(last) = self.apply_at_once(run).await {
            self.count(run);
            self.reached.stepped(last);
            return Ok(());
        }
        // Nearly always exactly what comes next: then one statement locks the position and moves it.
        let (mut tx, moved) = self.db.begin_with(&self.step(run).unwrap_or_default()).await?;
        match self.apply_in(&mut tx, run, moved == 1).await {
            Ok(position) => {
                tx.commit().await?;
                self.reached.stored(position);
                Ok(())
            }
            Err(trouble) => {
                tx.rollback().await;
                Err(trouble)
            }
        }
    }

    /// Answers the position behind it. `stepped`: the position is moved already.
    async fn apply_in(&self, tx: &mut Tx, run: &[Event], stepped: bool) -> Result<i64, Trouble> {
        let (before, any_dead) = match run.first() {
            Some(first) if stepped => (first.pub_seq - 1, false),
            _ => self.lock_reached(tx).await?,
        };
        let due = &run[run.iter().take_while(|event| event.pub_seq <= before).count()..];
        let comes_next = due.iter().zip(before + 1..).all(|(event, next)| event.pub_seq == next);
        let mut position = before;
        match &self.reaction {
            Reaction::Run(_) if comes_next && !any_dead => {
                let heeded: Vec<Event> = due.iter().filter(|event| self.heeds(event)).cloned().collect();
                let failed = |failure| match heeded.as_slice() {
                    [one] => Trouble::At(run.iter().take_while(|event| event.pub_seq < one.pub_seq).count(), failure),
                    _ => Trouble::Among(failure),
                };
                self.react(tx, &heeded).await.map_err(failed)?;
                position = due.last().map_or(before, |last| last.pub_seq);
            }
            // Not simply what comes next: each is looked at.
            Reaction::Run(_) | Reaction::Each(_) => {
                for (place, event) in run.iter().enumerate() {
                    if event.pub_seq <= position {
                        continue;
                    }
                    if event.pub_seq > position + 1 {
                        return Err(Trouble::Gap(place));
                    }
                    if self.heeds(event) && !(any_dead && self.park(tx, event).await?) {
                        let one = std::slice::from_ref(event);
                        self.react(tx, one).await.map_err(|failure| Trouble::At(place, failure))?;
                    }
                    position = event.pub_seq;
                }
            }
        }
        if position > before {
            self.finish(tx).await.map_err(|failure| Trouble::At(run.len() - 1, failure))?;
            if !stepped && let Some(last) = due.iter().find(|event| event.pub_seq == position) {
                self.set_position(tx, last.into()).await?;
            }
            self.count(&due[..due.iter().take_while(|event| event.pub_seq <= position).count()]);
        }
        Ok(position)
    }

    /// Whether the reaction wants an event of this type.
    pub(crate) fn heeds(&self, event: &Event) -> bool {
        self.heeds.is_none_or(|names| names.contains(&event.name()))
    }

    /// Events have had their effect, or have none here.
    fn count(&self, applied: &[Event]) {
        let (service, producer) = (self.db.service(), self.producer);
        metrics::counter!("sky_events_applied_total", "service" => service, "producer" => producer)
            .increment(applied.len() as u64);
        self.count_unknown(applied);
    }

    /// Events of a newer producer than this build knows pass without effect; that they do is to be seen.
    fn count_unknown(&self, applied: &[Event]) {
        let (service, producer) = (self.db.service(), self.producer);
        for event in applied.iter().filter(|event| !event.is_in_the_contract()) {
            tracing::debug!(service, producer, event.r#type = event.type_name, "event of an unknown type passed over");
            metrics::counter!("sky_events_unknown_total", "service" => service, "producer" => producer, "type" => event.type_name.clone())
                .increment(1);
        }
    }

    /// The reaction to a run that is not empty.
    pub(crate) async fn react(&self, tx: &mut Tx, run: &[Event]) -> Result<(), Failure> {
        match &self.reaction {
            Reaction::Each(react) => {
                for event in run {
                    let span = crate::telemetry::reaction_span(self.db.service(), event);
                    react(tx, event).instrument(span).await?;
                }
                Ok(())
            }
            Reaction::Run(react) => {
                let Some(first) = run.first() else { return Ok(()) };
                let span = crate::telemetry::reaction_span(self.db.service(), first);
                react(tx, run).instrument(span).await
            }
        }
    }

    pub(crate) async fn finish(&self, tx: &mut Tx) -> Result<(), Failure> {
        match &self.finish {
            Some(finish) => finish(tx).await,
            None => Ok(()),
        }
    }

    /// The next event has no effect here: the domain refused it, or it is poison and is buried.
    async fn complete_without_effect(
        &self,
        event: &Event,
        failure: &Failure,
        attempts: u32,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.db.begin().await?;
        let (position, _) = self.lock_reached(&mut tx).await?;
        if position + 1 != event.pub_seq {
            tx.rollback().await;
            return Ok(());
        }
        let (service, producer) = (self.db.service(), self.producer);
        if failure.code.is_refusal() {
            tracing::info!(
                service,
                producer,
                event.r#type = event.type_name,
                aggregate = event.aggregate_id,
                reason = failure.message,
                "event refused by the domain"
            );
        } else {
            tracing::error!(
                service,
                producer,
                event.r#type = event.type_name,
                aggregate = event.aggregate_id,
                error = failure.message,
                "poison event buried; see `sky dead list`"
            );
            metrics::counter!("sky_dead_events_total", "service" => service, "producer" => producer).increment(1);
            self.bury(&mut tx, event, &failure.message, attempts).await?;
        }
        self.set_position(&mut tx, event.into()).await?;
        tx.commit().await?;
        self.reached.stored(event.pub_seq);
        Ok(())
    }

    /// Runs the reaction alone, outside of position and order, as tests need it.
    #[cfg(feature = "testing")]
    pub(crate) async fn react_alone(&self, event: Event) -> Result<(), Failure> {
        if !self.heeds(&event) {
            return Ok(());
        }
        let this = self.clone();
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    this.react(tx, &[event]).await.map_err(Reacted)?;
                    this.finish(tx).await.map_err(Reacted)
                })
            })
            .await
            .map_err(|Reacted(failure)| failure)
    }

    fn db_tasks(&self) -> crate::Tasks {
        self.db.tasks()
    }
}

/// Carries a reaction's failure through [`Db::transact`].
pub(crate) struct Reacted(pub Failure);

impl From<sqlx::Error> for Reacted {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

/// A message from the bus as an event. None when it is not one of ours: the gap it leaves is filled
/// from the producer's log, which is the truth.
fn read(message: &jetstream::Message) -> Option<Event> {
    let headers = message.headers.as_ref()?;
    let text = |name: &str| headers.get(name).map(|value| value.as_str().to_owned());
    Some(Event {
        pub_seq: text(PUB_SEQ)?.parse().ok()?,
        event_id: Uuid::try_parse(&text("ce-id")?).ok()?,
        aggregate_id: text(AGGREGATE)?,
        aggregate_version: text(AGGREGATE_VERSION)?.parse().ok()?,
        type_name: text("ce-type")?,
        payload: message.payload.to_vec(),
        occurred_at: DateTime::parse_from_rfc3339(&text("ce-time")?).ok()?.to_utc(),
        traceparent: text("traceparent").unwrap_or_default(),
    })
}
