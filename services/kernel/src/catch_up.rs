//! Catching up: a consumer reads from the producer's own log what the bus has not brought it, and tells the
//! producer on the way how far it is, so that nothing is deleted there that it has not applied.
//!
//! It asks first whether that is still the log which it has applied so far. A producer whose database was restored from
//! a backup gives the numbers behind it anew, to other events, and whoever went by numbers alone would pass over all of
//! them in silence. Its relay builds its stream anew then, which brings every consumer here before anything of it is
//! applied.

use std::sync::atomic::Ordering;

use sky_proto::kernel::v1::{HeadRequest, ReadRequest, event_log_client::EventLogClient};
use tonic::Status;

use crate::{
    Transport,
    event::Event,
    follower::{Follower, RUN},
    position::{Durable, Place},
};

/// Why a consumer is not at its producer's head.
#[derive(Debug, thiserror::Error)]
enum Behind {
    #[error("the producer cannot be asked: {}", .0.message())]
    Away(#[from] Status),
    #[error("the position cannot be read: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "position {position} is applied and the producer no longer has the event behind it; restore this service's \
         database from a newer backup, or the producer's from an older one. Nothing is applied until then"
    )]
    Deleted { position: i64 },
    #[error("position {position} is applied and the event behind it cannot be")]
    Stuck { position: i64 },
    #[error(
        "position {position} is applied, but of another log than the producer has now: its database was restored from a \
         backup that is older than what is applied here. Restore this service's database from a backup of that time too, \
         or set its position back by hand: see \"Restoring a backup\" in services/README.md. Nothing is applied until then"
    )]
    OtherLog { position: i64 },
}

type Log = EventLogClient<Transport>;

impl Follower {
    /// Reads the producer's own log from our position to its head and applies it. Trouble is logged:
    /// the next silence brings the next try.
    pub(crate) async fn catch_up(&self) {
        let (service, producer) = (self.db.service(), self.producer);
        let caught_up = self.try_catch_up().await;
        let is_stuck = matches!(caught_up, Err(Behind::Deleted { .. } | Behind::Stuck { .. }));
        self.stuck.store(is_stuck, Ordering::Relaxed);
        match caught_up {
            Ok(()) => {}
            Err(behind @ (Behind::Away(_) | Behind::Database(_))) => {
                tracing::debug!(service, producer, error = %behind, "not caught up");
            }
            Err(behind @ (Behind::Deleted { .. } | Behind::Stuck { .. } | Behind::OtherLog { .. })) => {
                metrics::counter!("sky_consumer_stuck_total", "service" => service, "producer" => producer)
                    .increment(1);
                tracing::error!(service, producer, error = %behind, "not caught up, and waiting will not help");
            }
        }
    }

    async fn try_catch_up(&self) -> Result<(), Behind> {
        let mut log = Log::new(self.log.clone()).max_decoding_message_size(64 << 20);
        let service = self.producer.to_owned();
        // What is known of an earlier day may be of another database, and of another log.
        self.reached.forget();
        let mut position = self.position().await?;
        self.reached.stored(position);
        let request = HeadRequest { service: service.clone(), position: Some(position.unsigned_abs()) };
        let head = log.head(request).await?.into_inner().pub_seq.cast_signed();
        self.head.store(head, Ordering::Relaxed);
        let other = !self.recognises(&mut log, position, head).await?;
        self.other_log.store(other, Ordering::Relaxed);
        if other {
            return Err(Behind::OtherLog { position });
        }
        // Of whom nothing can be applied nothing is heard either: what it told grows old.
        self.heard.note(self.producer);
        while position < head {
            let request = ReadRequest { service: service.clone(), after: position.unsigned_abs(), limit: 500 };
            let answer = log.read(request).await?.into_inner();
            let events: Vec<Event> = answer.events.into_iter().map(Event::from_logged).collect();
            if let Some(first) = events.first().filter(|first| position == 0 && first.pub_seq > 1)
                && self.may_begin_late
                && self.seen().await?.is_none()
            {
                position = first.pub_seq - 1;
                let producer = self.producer;
                tracing::info!(producer, position, "heard for the first time; what was told before that is past");
                self.begin_behind(position).await?;
                self.reached.stored(position);
            }
            // The log is gapless: when the next event is not there, it was deleted. What comes after it must wait.
            if events.first().is_none_or(|first| first.pub_seq != position + 1) {
                return Err(Behind::Deleted { position });
            }
            for run in events.chunks(RUN) {
                Box::pin(self.apply_all(run)).await;
            }
            self.write_down(Durable::Yes).await?;
            let now_at = self.position().await?;
            if now_at == position {
                return Err(Behind::Stuck { position });
            }
            position = now_at;
        }
        Ok(())
    }

    /// Whether the producer's log, with its head, is the one that was applied up to `position`.
    async fn recognises(&self, log: &mut Log, position: i64, head: i64) -> Result<bool, Behind> {
        if head < position {
            return Ok(false);
        }
        let seen = self.seen().await?;
        if let Some(seen) = seen
            && self.look(log, seen.pub_seq).await?.is_some_and(|there| there != seen)
        {
            return Ok(false);
        }
        // It was applied in a single statement, or by an older release: from now on it is known.
        if seen.is_none_or(|seen| seen.pub_seq < position)
            && let Some(there) = self.look(log, position).await?
        {
            self.set_seen(there).await?;
        }
        Ok(true)
    }

    /// The event at this place of the producer's log. None when it is not there any more.
    async fn look(&self, log: &mut Log, pub_seq: i64) -> Result<Option<Place>, Status> {
        let after = (pub_seq - 1).max(0).unsigned_abs();
        let request = ReadRequest { service: self.producer.to_owned(), after, limit: 1 };
        let found = log.read(request).await?.into_inner().events.pop().map(Event::from_logged);
        Ok(found.filter(|event| event.pub_seq == pub_seq).map(|event| Place::from(&event)))
    }
}
