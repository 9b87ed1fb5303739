//! Which displays are there: noted in memory as they are heard of, and written a few seconds later, all at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use kernel::{Context, Db, clock::wall_now};

use crate::{error::Error, store};

/// Written this often.
const WRITE: Duration = Duration::from_secs(5);

/// Displays that were heard of and are not written yet.
#[derive(Clone, Debug, Default)]
pub struct Sightings(Arc<Mutex<HashMap<String, DateTime<Utc>>>>);

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

    /// A display is there, by the machine's clock.
    pub fn note(&self, display_id: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(display_id) {
            Some(at) => *at = wall_now(),
            None => {
                seen.insert(display_id.to_owned(), wall_now());
            }
        }
    }

    /// Writes what was noted since the last time.
    ///
    /// # Errors
    /// The database's error; then the next sighting has to do.
    pub async fn write(&self, db: &Db) -> Result<(), Error> {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if seen.is_empty() { Ok(()) } else { store::seen(db.pool(), &seen).await }
    }
}
