//! What the displays that watch are told, in each replica: the latest content of each, pushed to those whom a
//! change concerns and to nobody else. Revisions only rise, so that news may come twice and in any order.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use kernel::Db;
use tokio::{
    sync::{Mutex as AsyncMutex, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    domain::{News, Pairing, Shown},
    error::Error,
    store::{self, devices::Asked, wall::Versions},
};

/// A display's pairing, and since when it is so.
pub type Paired = (Pairing, DateTime<Utc>);

/// What a display is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which revision this is to this display.
    pub revision: i64,
    /// Rises when the database turns out to be another one, with older contents.
    pub epoch: u64,
    /// What it shows.
    pub shown: Arc<Shown>,
    /// What its device was last asked.
    pub asked: Option<Arc<Asked>>,
    /// Where its pairing is.
    pub pairing: Option<Paired>,
}

/// The displays that watch in this process.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    inner: Arc<Mutex<Inner>>,
    /// When this process last began to look at the database for news.
    looked: Arc<AsyncMutex<Option<Instant>>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Everything up to this version of the wall is known.
    versions: Versions,
    epoch: u64,
    shown: HashMap<Uuid, Arc<Shown>>,
    /// Which view each display shows, and since which version.
    places: HashMap<String, (Uuid, i64)>,
    asked: HashMap<String, Arc<Asked>>,
    pairings: HashMap<String, Paired>,
    watched: HashMap<String, watch::Sender<Option<Told>>>,
}

impl Inner {
    fn told(&self, display_id: &str) -> Option<Told> {
        let (view_id, since) = self.places.get(display_id)?;
        let shown = self.shown.get(view_id)?.clone();
        Some(Told {
            revision: shown.revision.max(*since),
            epoch: self.epoch,
            shown,
            asked: self.asked.get(display_id).cloned(),
            pairing: self.pairings.get(display_id).copied(),
        })
    }

    /// Wakes a display if there is something that it was not told.
    fn tell(&self, display_id: &str) {
        let (Some(sender), Some(told)) = (self.watched.get(display_id), self.told(display_id)) else { return };
        let woken = sender.send_if_modified(|last| {
            let news = last.as_ref().is_none_or(|last| {
                let asked = told.asked.as_ref().map(|it| it.screenshot_id);
                last.epoch != told.epoch
                    || last.revision < told.revision
                    || last.pairing != told.pairing
                    || (asked.is_some() && asked != last.asked.as_ref().map(|it| it.screenshot_id))
            });
            if news {
                *last = Some(told);
            }
            news
        });
        if woken {
            metrics::counter!("sky_signage_wakes_total").increment(1);
        }
    }
}

impl Screens {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what a committed turn of the wall has changed in its `version`.
    pub fn show(&self, version: i64, news: &News) {
        let mut inner = self.inner();
        // Where displays have moved, or a version was missed, the database is asked.
        if !news.moved && inner.versions.version + 1 == version {
            inner.versions.version = version;
        }
        for posted in &news.views {
            let Some(shown) = &posted.shown else { continue };
            inner.keep(posted.view_id, shown.clone());
            for place in posted.places.iter() {
                inner.tell(&place.display_id);
            }
        }
    }

    /// How far the wall is that was told.
    pub fn told(&self) -> i64 {
        self.inner().versions.version
    }

    /// The database was `found` behind what had been `told` before it was looked at: it was restored from a copy and is
    /// what counts now. All that is known here is forgotten, and read again at the next look.
    pub fn begin_anew_if_behind(&self, told: i64, found: i64) {
        if found < told {
            tracing::warn!(told, found, "the database is older than what was told; begins anew");
            let mut inner = self.inner();
            *inner = Inner { epoch: inner.epoch + 1, watched: std::mem::take(&mut inner.watched), ..Inner::default() };
        }
    }

    /// Looks at the database for what other replicas have changed, unless this process is up to date.
    ///
    /// # Errors
    /// The database's error.
    pub async fn catch_up(&self, db: &Db) -> Result<(), Error> {
        let asked = Instant::now();
        let mut looked = self.looked.lock().await;
        // Who waited while another one looked, and asked before that one began, has waited for that answer.
        if looked.is_some_and(|began| began > asked) {
            return Ok(());
        }
        let began = Instant::now();
        let told = self.told();
        // The versions first: what is read after them is at least as new.
        let versions = store::wall::versions(db.pool()).await?;
        self.begin_anew_if_behind(told, versions.version);
        let (known, epoch) = self.inner().begun();
        if versions != known {
            let places = match versions.setup_version == known.setup_version {
                true => None,
                false => Some(store::wall::places(db.pool()).await?),
            };
            let after = if places.is_some() { 0 } else { known.version };
            let shown = store::wall::shown_after(db.pool(), after).await?;
            let asked = match versions.asked == known.asked {
                true => None,
                false => Some((
                    store::devices::open_requests(db.pool(), db.clock().now()).await?,
                    store::devices::pairings(db.pool()).await?,
                )),
            };
            let mut inner = self.inner();
            // Begun anew meanwhile: what was not read is missing, and the next look reads it all.
            if inner.epoch == epoch {
                inner.replace(versions, places, shown, asked);
            }
        }
        *looked = Some(began);
        Ok(())
    }

    /// Follows a display; what it is to show now is in the receiver already.
    ///
    /// # Errors
    /// No such display, or the database's error.
    pub async fn watch(&self, db: &Db, display_id: &str) -> Result<watch::Receiver<Option<Told>>, Error> {
        // Always from the database: another replica's change may not have been heard yet.
        self.catch_up(db).await?;
        let mut inner = self.inner();
        if inner.told(display_id).is_none() {
            return Err(Error::NoSuchDisplay(display_id.to_owned()));
        }
        let sender = inner.watched.entry(display_id.to_owned()).or_insert_with(|| watch::Sender::new(None));
        let receiver = sender.subscribe();
        inner.tell(display_id);
        Ok(receiver)
    }

    /// Forgets displays that nobody watches any more.
    pub fn tidy(&self) {
        self.inner().watched.retain(|_, sender| sender.receiver_count() > 0);
    }
}

impl Inner {
    /// What is known, and since which beginning.
    const fn begun(&self) -> (Versions, u64) {
        (self.versions, self.epoch)
    }

    fn keep(&mut self, view_id: Uuid, shown: Arc<Shown>) {
        let old = self.shown.get(&view_id);
        if old.is_none_or(|old| old.revision < shown.revision) {
            self.shown.insert(view_id, shown);
        }
    }

    fn replace(
        &mut self,
        versions: Versions,
        places: Option<Vec<(String, Uuid, i64)>>,
        shown: Vec<(Uuid, Arc<Shown>)>,
        asked: Option<(Vec<Asked>, HashMap<String, Paired>)>,
    ) {
        if let Some(places) = places {
            self.places = places.into_iter().map(|(id, view_id, since)| (id, (view_id, since))).collect();
            // A display that was taken down: its stream ends.
            let there = &self.places;
            self.watched.retain(|display_id, _| there.contains_key(display_id));
            let used: HashSet<Uuid> = there.values().map(|(view_id, _)| *view_id).collect();
            self.shown.retain(|view_id, _| used.contains(view_id));
        }
        for (view_id, shown) in shown {
            self.keep(view_id, shown);
        }
        if let Some((asked, pairings)) = asked {
            self.pairings = pairings;
            self.asked = asked.into_iter().map(|it| (it.display_id.clone(), Arc::new(it))).collect();
        }
        self.versions = Versions { version: versions.version.max(self.versions.version), ..versions };
        for display_id in self.watched.keys() {
            self.tell(display_id);
        }
    }
}

#[cfg(test)]
mod tests;
