//! The live programme: what `WatchShowings` sends. Reads only.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use kernel::{Context, Db, Live};
use sky_proto::reservations::v1 as pb;
use tonic::Status;

use crate::{
    commands::SHOWINGS_TOPIC,
    domain::{Availability, Showing},
    error::Error,
    events, store,
};

/// How far ahead a programme may be asked for.
pub(crate) const LONGEST_WINDOW: TimeDelta = TimeDelta::days(62);

/// All showings from a day ago on, loaded once per change for all who watch.
#[derive(Clone, Debug)]
pub(crate) struct Programme {
    revision: u64,
    showings: Arc<Vec<pb::Showing>>,
}

pub(crate) fn showings(context: &Context) -> Live<Programme> {
    let db = context.db.clone();
    Live::new(context, SHOWINGS_TOPIC, move |_| {
        let db = db.clone();
        Box::pin(async move {
            let now = db.clock().now();
            // The revision first: a change after it is a reason to load again, never a change missed.
            let revision = store::programme_revision(&mut *db.pool().acquire().await?).await?;
            let showings = Arc::new(programme(&db, now - TimeDelta::days(1), now + LONGEST_WINDOW).await?);
            Ok((revision, Programme { revision, showings }))
        })
    })
}

/// The showings that start in a window, as they are offered now.
pub(crate) async fn programme(db: &Db, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<pb::Showing>, Error> {
    let mut conn = db.pool().acquire().await?;
    let showings = store::showings(&mut conn, from, until).await?;
    offered(&mut conn, &showings, db.clock().now()).await
}

pub(crate) async fn offered(
    conn: &mut sqlx::PgConnection,
    showings: &[Showing],
    now: DateTime<Utc>,
) -> Result<Vec<pb::Showing>, Error> {
    let ids: Vec<_> = showings.iter().map(|showing| showing.id).collect();
    let counts = store::counts(&mut *conn, &ids, now).await?;
    let tariffs = store::tariffs(conn).await?;
    Ok(showings
        .iter()
        .map(|showing| {
            let availability = Availability::of(showing, counts.get(&showing.id).copied().unwrap_or_default(), now);
            events::showing(showing, &availability, &tariffs, now)
        })
        .collect())
}

/// What one watcher wants to see of the programme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) closed_too: bool,
}

impl Window {
    pub(crate) fn shows(&self, showing: &pb::Showing) -> bool {
        let starts_at = kernel::values::from_timestamp(showing.starts_at);
        (self.from..self.until).contains(&starts_at) && (self.closed_too || showing.audience() == pb::Audience::Public)
    }
}

/// One watcher's stream: first all that it may see, then what has changed of it.
pub(crate) fn updates(
    programme: impl Stream<Item = Result<Programme, Status>> + Send,
    window: Window,
) -> impl Stream<Item = Result<pb::ShowingsUpdate, Status>> + Send {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut first = true;
    programme.filter_map(move |update| {
        let answer = update.map(|programme| {
            let showings: Vec<pb::Showing> = programme
                .showings
                .iter()
                .filter(|showing| window.shows(showing) || seen.contains_key(&showing.showing_id))
                .filter(|showing| seen.get(&showing.showing_id) != Some(&showing.revision))
                .cloned()
                .collect();
            for showing in &showings {
                seen.insert(showing.showing_id.clone(), showing.revision);
            }
            pb::ShowingsUpdate { revision: programme.revision, showings }
        });
        let tell = first || answer.as_ref().map_or(true, |update| !update.showings.is_empty());
        first = false;
        async move { tell.then_some(answer) }
    })
}
