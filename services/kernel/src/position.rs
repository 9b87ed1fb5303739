//! How far a consumer is in its producer's log: one integer in the database, and what was passed over since in memory.
//! Beside the integer stands which event that was, for a producer whose log becomes another one (`catch_up`).
//!
//! Events that mean nothing to a consumer are passed over, without a transaction for each run of them: how far that
//! has come is kept in memory, and written down a moment later or together with the next effect. What is forgotten
//! in between is passed over once more. Decides nothing about what means something.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::Instrument;
use uuid::Uuid;

use crate::{Tx, consumer::Step, event::Event, follower::Follower};

/// So long what was passed over may wait for being written down.
const WRITE_AFTER: Duration = Duration::from_millis(50);
/// The same for which event it is that stands at a stored position: nobody waits for that.
const NOTE_AFTER: Duration = Duration::from_secs(5);

/// An event's place in its producer's log: its number, and which event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub pub_seq: i64,
    pub event_id: Uuid,
}

impl From<&Event> for Place {
    fn from(event: &Event) -> Self {
        Self { pub_seq: event.pub_seq, event_id: event.event_id }
    }
}

#[derive(Debug)]
struct Reached {
    /// The position as it is stored.
    stored: i64,
    /// Up to here everything behind it means nothing here, if there is such; and when the first of that was passed over.
    /// At the position itself: it is only to be written down which event that is.
    passed: Option<(Place, Instant)>,
}

impl Reached {
    fn position(&self) -> i64 {
        self.passed.map_or(self.stored, |(passed, _)| passed.pub_seq)
    }
}

/// Whether a position is on the disk when it is called written down. What is told to a producer must be; else it is enough
/// that it will be, because what is forgotten is passed over once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    Yes,
    Soon,
}

/// How far a consumer has come, as far as this process knows: nothing at first, and after trouble with the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passing(Arc<Mutex<Option<Reached>>>);

impl Passing {
    fn reached(&self) -> MutexGuard<'_, Option<Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes over a run that means nothing here. False when it is not known to come next.
    pub(crate) fn pass(&self, run: &[Event]) -> bool {
        let mut reached = self.reached();
        let Some(reached) = reached.as_mut() else { return false };
        let comes_next = run.iter().zip(reached.position() + 1..).all(|(event, next)| event.pub_seq == next);
        let (true, Some(last)) = (comes_next, run.last()) else { return false };
        let since = reached.passed.map_or_else(Instant::now, |(_, since)| since);
        reached.passed = Some((last.into(), since));
        true
    }

    /// A position was stored.
    pub(crate) fn stored(&self, position: i64) {
        *self.reached() = Some(Reached { stored: position, passed: None });
    }

    /// A position was stored by a statement that does not say which event it is.
    pub(crate) fn stepped(&self, place: Place) {
        let mut reached = self.reached();
        let since = reached.as_ref().and_then(|it| it.passed).map_or_else(Instant::now, |(_, since)| since);
        *reached = Some(Reached { stored: place.pub_seq, passed: Some((place, since)) });
    }

    /// Nothing is known any more.
    pub(crate) fn forget(&self) {
        *self.reached() = None;
    }

    /// The stored position that an event stands behind, if only what was passed over lies between.
    pub(crate) fn stored_before(&self, pub_seq: i64) -> i64 {
        match &*self.reached() {
            Some(reached) if reached.position() + 1 == pub_seq => reached.stored,
            _ => pub_seq - 1,
        }
    }

    /// The last event that was passed over behind a stored position, if any was.
    fn passed_behind(&self, position: i64) -> Option<Place> {
        let (stored, passed, _) = self.unwritten()?;
        (stored..passed.pub_seq).contains(&position).then_some(passed)
    }

    /// A stored position, with what was passed over behind it.
    pub(crate) fn behind(&self, position: i64) -> i64 {
        self.passed_behind(position).map_or(position, |passed| passed.pub_seq)
    }

    /// What is to be written down: the position as it is stored, up to where it may go, and since when that waits.
    fn unwritten(&self) -> Option<(i64, Place, Instant)> {
        let reached = self.reached();
        let reached = reached.as_ref()?;
        reached.passed.map(|(passed, since)| (reached.stored, passed, since))
    }

    /// After how long something is to be written down; none when nothing is.
    pub(crate) fn waiting(&self) -> Option<Duration> {
        let (stored, passed, since) = self.unwritten()?;
        let after = if passed.pub_seq > stored { WRITE_AFTER } else { NOTE_AFTER };
        Some(after.saturating_sub(since.elapsed()))
    }
}

/// What [`Follower::lock_position`] does, of a producer.
pub(crate) async fn lock(tx: &mut Tx, producer: &str) -> Result<(i64, bool), sqlx::Error> {
    const LOCK: &str = "select last_pub_seq, any_dead from consumer_pos where producer = $1 for update";
    let found = sqlx::query_as(LOCK).bind(producer).fetch_optional(tx.conn()).await?;
    if let Some(found) = found {
        return Ok(found);
    }
    sqlx::query("insert into consumer_pos (producer) values ($1) on conflict do nothing")
        .bind(producer)
        .execute(tx.conn())
        .await?;
    sqlx::query_as(LOCK).bind(producer).fetch_one(tx.conn()).await
}

impl Follower {
    /// The step over a run, if it begins right behind the position. None for a run that has a gap.
    fn next(&self, run: &[Event]) -> Option<Step> {
        let (first, reached) = (run.first()?.pub_seq, run.last()?.pub_seq);
        let whole = run.windows(2).all(|pair| pair[0].pub_seq + 1 == pair[1].pub_seq);
        whole.then(|| Step { producer: self.producer, stored: self.reached.stored_before(first), reached })
    }

    /// The statement that moves the position over a run, if it begins right behind the position and meets no dead
    /// event. None for a run that has a gap.
    pub(crate) fn step(&self, run: &[Event]) -> Option<String> {
        let Step { stored, .. } = self.next(run)?;
        run.last().map(|last| self.move_on(stored, last.into()))
    }

    /// The same for a position that is known.
    fn move_on(&self, stored: i64, Place { pub_seq, event_id }: Place) -> String {
        format!(
            "update consumer_pos set last_pub_seq = {pub_seq}, seen_pub_seq = {pub_seq}, seen_event_id = '{event_id}'
             where producer = '{}' and last_pub_seq = {stored} and not any_dead",
            self.producer
        )
    }

    /// Applies a run in a single statement, if the service can. Answers its last event.
    pub(crate) async fn apply_at_once(&self, run: &[Event]) -> Option<Place> {
        let apply = self.in_one_statement.as_ref()?;
        let step = self.next(run)?;
        let heeded: Vec<Event> = run.iter().filter(|event| self.heeds(event)).cloned().collect();
        let span = crate::telemetry::reaction_span(self.db.service(), heeded.first()?);
        let (service, producer) = (self.db.service(), self.producer);
        match apply(step, heeded).instrument(span).await {
            Ok(true) => {
                metrics::counter!("sky_consumer_at_once_total", "service" => service, "producer" => producer)
                    .increment(1);
                run.last().map(Place::from)
            }
            Ok(false) => None,
            Err(failure) => {
                tracing::debug!(service, producer, error = failure.message, "not applied at once");
                None
            }
        }
    }

    /// The same as [`Self::lock_position`], with what was passed over since, which is written down with it.
    pub(crate) async fn lock_reached(&self, tx: &mut Tx) -> Result<(i64, bool), sqlx::Error> {
        let (position, any_dead) = self.lock_position(tx).await?;
        let Some(passed) = self.reached.passed_behind(position) else { return Ok((position, any_dead)) };
        self.set_position(tx, passed).await?;
        Ok((passed.pub_seq, any_dead))
    }

    /// Writes down what was passed over. After an error nothing is known any more.
    pub(crate) async fn write_down(&self, durable: Durable) -> Result<(), sqlx::Error> {
        let written = self.try_write_down(durable).await;
        if let Err(error) = &written {
            self.reached.forget();
            let (service, producer) = (self.db.service(), self.producer);
            metrics::counter!("sky_consumer_retries_total", "service" => service, "producer" => producer).increment(1);
            tracing::warn!(service, producer, %error, "a position was not written down; its events are looked at again");
        }
        written
    }

    async fn try_write_down(&self, durable: Durable) -> Result<(), sqlx::Error> {
        let Some((stored, passed, _)) = self.reached.unwritten() else { return Ok(()) };
        let leisure = if durable == Durable::Yes { "" } else { "set local synchronous_commit = off;" };
        let step = leisure.to_owned() + &self.move_on(stored, passed);
        let (mut tx, moved) = self.db.begin_with(&step).await?;
        let mut position = passed.pub_seq;
        if moved == 0 {
            // Another replica was faster, the database is another one, or events are dead.
            (position, _) = self.lock_reached(&mut tx).await?;
        }
        tx.commit().await?;
        self.reached.stored(position);
        Ok(())
    }

    /// The position, and whether any event of this producer is dead. Nobody else applies its events until
    /// the end of the transaction.
    pub(crate) async fn lock_position(&self, tx: &mut Tx) -> Result<(i64, bool), sqlx::Error> {
        lock(tx, self.producer).await
    }

    pub(crate) async fn set_position(&self, tx: &mut Tx, reached: Place) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update consumer_pos set last_pub_seq = $2, seen_pub_seq = $2, seen_event_id = $3 where producer = $1",
        )
        .bind(self.producer)
        .bind(reached.pub_seq)
        .bind(reached.event_id)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// A consumer that has applied nothing yet begins behind a position.
    pub(crate) async fn begin_behind(&self, position: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into consumer_pos (producer, last_pub_seq) values ($1, $2)
             on conflict (producer) do update set last_pub_seq = $2 where consumer_pos.last_pub_seq = 0",
        )
        .bind(self.producer)
        .bind(position)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Writes down which event stands at the position.
    pub(crate) async fn set_seen(&self, place: Place) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update consumer_pos set seen_pub_seq = $2, seen_event_id = $3 where producer = $1 and last_pub_seq = $2",
        )
        .bind(self.producer)
        .bind(place.pub_seq)
        .bind(place.event_id)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// The newest applied event of which it is known which one it was. Above the position it says nothing: somebody has
    /// set that back by hand.
    pub(crate) async fn seen(&self) -> Result<Option<Place>, sqlx::Error> {
        let found: Option<(i64, Uuid)> = sqlx::query_as(
            "select seen_pub_seq, seen_event_id from consumer_pos
             where producer = $1 and seen_pub_seq <= last_pub_seq and seen_event_id is not null",
        )
        .bind(self.producer)
        .fetch_optional(self.db.pool())
        .await?;
        Ok(found.map(|(pub_seq, event_id)| Place { pub_seq, event_id }))
    }

    /// The position without a lock.
    pub(crate) async fn position(&self) -> Result<i64, sqlx::Error> {
        Ok(sqlx::query_scalar("select last_pub_seq from consumer_pos where producer = $1")
            .bind(self.producer)
            .fetch_optional(self.db.pool())
            .await?
            .unwrap_or(0))
    }
}
