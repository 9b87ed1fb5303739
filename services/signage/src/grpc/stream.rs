//! The stream of one display: what it shows, each time that changes, and beats. Kept small: thousands of them are
//! idle most of the time.

use std::{pin::Pin, time::Duration};

use futures::Stream;
use kernel::{Clock, values::timestamp};
use sky_proto::signage::v1::{self as pb, display_update::Update};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use super::wire;
use crate::{
    domain::Pairing,
    screens::{Paired, Told},
    sightings::Sightings,
};

/// Real time between two beats, so that a display notices a dead line.
const BEAT: Duration = Duration::from_secs(2);
/// A watching display is noted as seen every so many beats.
const BEATS_PER_SIGHTING: u32 = 5;

pub(super) type Updates = Pin<Box<dyn Stream<Item = Result<pb::DisplayUpdate, Status>> + Send>>;

/// Somebody who watches a display.
pub(super) struct Watcher {
    display_id: String,
    told: watch::Receiver<Option<Told>>,
    seen: u64,
    /// Of which database that was.
    epoch: u64,
    /// The last thing that its device was asked.
    asked: Option<Uuid>,
    /// The pairing with which the stream began.
    pairing: Option<Paired>,
    /// Where the display is noted as being there; None: it is staff who look.
    sightings: Option<Sightings>,
    clock: Clock,
    next_beat: Instant,
    beats: u32,
    ended: bool,
}

impl Watcher {
    pub(super) fn new(
        display_id: String,
        told: watch::Receiver<Option<Told>>,
        seen: u64,
        sightings: Option<Sightings>,
        clock: Clock,
    ) -> Self {
        let next_beat = Instant::now() + BEAT;
        let (pairing, epoch) = told.borrow().as_ref().map_or((None, 0), |told| (told.pairing, told.epoch));
        let asked = None;
        Self { display_id, told, seen, epoch, asked, pairing, sightings, clock, next_beat, beats: 0, ended: false }
    }

    /// The stream. It ends with UNAVAILABLE when the process stops; the display comes back with its last revision.
    pub(super) fn updates(self, stop: CancellationToken) -> Updates {
        Box::pin(futures::stream::unfold((self, stop), |(mut watcher, stop)| async move {
            let update = watcher.next(&stop).await?;
            Some((update, (watcher, stop)))
        }))
    }

    async fn next(&mut self, stop: &CancellationToken) -> Option<Result<pb::DisplayUpdate, Status>> {
        if self.ended {
            return None;
        }
        loop {
            if self.is_cut() {
                self.ended = true;
                return Some(Err(Status::unauthenticated(
                    "This device was revoked, or another one has taken its place; pair it again.",
                )));
            }
            if let Some(update) = self.news() {
                return Some(Ok(update));
            }
            let goes_on = tokio::select! {
                changed = self.told.changed() => changed.is_ok(),
                () = tokio::time::sleep_until(self.next_beat) => {
                    return Some(Ok(plain(Update::Beat(self.beat()))));
                }
                () = stop.cancelled() => false,
            };
            if !goes_on {
                self.ended = true;
                return Some(Err(Status::unavailable(
                    "The service is restarting; reconnect with the last revision seen.",
                )));
            }
        }
    }

    /// A device that is no longer this display's, or must say anew who it is because the pairing has changed. Staff
    /// who look are not concerned.
    fn is_cut(&self) -> bool {
        let pairing = self.told.borrow().as_ref().and_then(|told| told.pairing);
        let revoked = pairing.is_some_and(|(pairing, _)| pairing == Pairing::Revoked);
        self.sightings.is_some() && (revoked || pairing != self.pairing)
    }

    /// What was told and not sent yet: the content first.
    fn news(&mut self) -> Option<pb::DisplayUpdate> {
        let told = self.told.borrow_and_update().clone()?;
        // Revisions never fall, unless the database is another one.
        let anew = told.epoch != self.epoch || told.revision.unsigned_abs() < self.seen;
        if anew || told.revision.unsigned_abs() > self.seen {
            (self.seen, self.epoch) = (told.revision.unsigned_abs(), told.epoch);
            let shown = &told.shown;
            let content = wire::content(&self.display_id, told.revision, &shown.content, shown.computed_at);
            return Some(pb::DisplayUpdate { update: Some(Update::Content(content)), anew });
        }
        // Devices are asked, not staff who look; and nobody for an answer that would come too late.
        let asked = told.asked.filter(|asked| self.sightings.is_some() && self.asked != Some(asked.screenshot_id))?;
        self.asked = Some(asked.screenshot_id);
        (self.clock.now() < asked.expires_at).then(|| plain(Update::Command(wire::command(&asked))))
    }

    fn beat(&mut self) -> pb::Beat {
        self.next_beat = Instant::now() + BEAT;
        self.beats += 1;
        if let Some(sightings) = &self.sightings
            && self.beats.is_multiple_of(BEATS_PER_SIGHTING)
        {
            sightings.note(&self.display_id, None);
        }
        pb::Beat { at: Some(timestamp(self.clock.now())), revision: self.seen }
    }
}

const fn plain(update: Update) -> pb::DisplayUpdate {
    pb::DisplayUpdate { update: Some(update), anew: false }
}

#[cfg(test)]
mod tests;
