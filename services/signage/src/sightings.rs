//! Which displays are there, and how they are: noted in memory as they are heard of, and written a few seconds later, all at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::{Context, Db, clock::wall_now};

use crate::{
    domain::Health,
    error::Error,
    store::devices::{self, Sighting},
};

/// Written this often.
const WRITE: Duration = Duration::from_secs(5);

/// Displays that were heard of and are not written yet.
#[derive(Clone, Debug, Default)]
pub struct Sightings(Arc<Mutex<HashMap<String, Sighting>>>);

impl Sightings {
    /// Begins to write them.
    pub(crate) fn keep(context: &Context) -> Self {
        let (sightings, db) = (Self::default(), context.db.clone());
        let kept = sightings.clone();
        context.tasks.spawn_until_stop(async move {
            loop {
                tokio::time::sleep(WRITE).await;
                if let Err(error) = kept.write(&db).await {
                    tracing::debug!(%error, "sightings not written; the next ones will be");
                }
            }
        });
        sightings
    }

    /// A display is there; `health` is what its heartbeat said, None when it only watches.
    pub fn note(&self, display_id: &str, health: Option<Health>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = wall_now();
        match seen.get_mut(display_id) {
            Some(last) => *last = Sighting { at, health: health.or_else(|| last.health.take()) },
            None => {
                seen.insert(display_id.to_owned(), Sighting { at, health });
            }
        }
    }

    /// Writes what was noted since the last time.
    ///
    /// # Errors
    /// The database's error; then the next sighting has to do.
    pub async fn write(&self, db: &Db) -> Result<(), Error> {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if seen.is_empty() { Ok(()) } else { devices::seen(db.pool(), &seen).await }
    }
}
