//! The programme in memory, as everybody reads it: never older than a second, and without touching the
//! rows that are being sold. Reads only.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use kernel::{
    Context, Db, Live,
    values::{from_timestamp, timestamp},
};
use sky_proto::reservations::v1 as pb;
use tokio::{sync::Mutex, time::Instant};
use tonic::Status;
use uuid::Uuid;

use super::watch::{Window, updates};
use crate::{
    commands::SHOWINGS_TOPIC,
    domain::{
        Availability, Offer, Showing,
        hall::{Hall, Plan},
    },
    error::Error,
    events,
    store::{self, Version, offers::Taken, sale::Plans},
};

/// For how long a programme may be asked for: as far ahead as showings are scheduled.
pub(crate) const LONGEST_WINDOW: TimeDelta = TimeDelta::days(62);

/// When nothing was loaded for so long it is asked whether the programme has changed unheard: nobody is told what is older
/// than a second. Longer than a live value rests, so that in a sale, in which it is loaded all the time, nobody asks.
const ASK_AFTER: Duration = Duration::from_millis(700);

/// All showings from a day ago on, loaded once per change for all who watch or ask. Those that have not changed are
/// shared with the state before: two months of programme cost no more than what is sold of it.
#[derive(Clone, Debug)]
pub(crate) struct Programme {
    pub(crate) revision: u64,
    loaded_at: DateTime<Utc>,
    /// The same by the machine's clock.
    loaded: Instant,
    pub(crate) showings: Arc<Vec<Arc<pb::Showing>>>,
}

/// The programme as it is read by everybody: from memory. The rows that sellers lock are not touched.
#[derive(Clone, Debug)]
pub(crate) struct View {
    live: Live<Programme>,
    /// When it was last known to be as it is, in microseconds of the house's time.
    confirmed: Arc<AtomicI64>,
}

impl View {
    pub(crate) fn start(context: &Context) -> Self {
        let live = live(context);
        live.keep(SHOWINGS_TOPIC);
        let view = Self { live, confirmed: Arc::default() };
        let (asking, db) = (view.clone(), context.db.clone());
        context.tasks.spawn_until_stop(async move {
            let mut asked = None;
            loop {
                let loaded = asking.live.latest(SHOWINGS_TOPIC).map(|latest| latest.1.loaded);
                let due = asked.max(loaded).map(|known: Instant| known + ASK_AFTER);
                if let Some(due) = due.filter(|due| *due > Instant::now()) {
                    tokio::time::sleep_until(due).await;
                    continue;
                }
                asked = Some(Instant::now());
                if let Err(error) = asking.confirm(&db).await {
                    tracing::debug!(%error, "the programme cannot be asked for; what is told grows old");
                }
            }
        });
        view
    }

    async fn confirm(&self, db: &Db) -> Result<(), Error> {
        let asked_at = db.clock().now();
        let revision = store::programme_revision(&mut *db.reader().await?).await?;
        if self.live.latest(SHOWINGS_TOPIC).is_none_or(|latest| latest.0 != revision) {
            self.live.refresh(SHOWINGS_TOPIC).await;
        } else {
            self.confirmed.store(asked_at.timestamp_micros(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// The showings that start in a window and that one may see; none when the window begins before what is kept, or
    /// nothing is kept yet.
    pub(crate) fn list(&self, window: &Window, now: DateTime<Utc>) -> Option<Vec<pb::Showing>> {
        let programme = self.live.latest(SHOWINGS_TOPIC)?;
        if window.from < now - KEPT_BEFORE {
            return None;
        }
        let shown = programme.1.showings.iter().filter(|showing| window.shows(showing));
        Some(shown.map(|showing| self.confirmed(&programme.1, showing, now)).collect())
    }

    /// One showing; none when it is not kept.
    pub(crate) fn showing(&self, id: &str, now: DateTime<Utc>) -> Option<pb::Showing> {
        let programme = self.live.latest(SHOWINGS_TOPIC)?;
        let showing = programme.1.showings.iter().find(|showing| showing.showing_id == id)?;
        Some(self.confirmed(&programme.1, showing, now))
    }

    /// With the instant at which it was last known to be so.
    fn confirmed(&self, programme: &Programme, showing: &pb::Showing, now: DateTime<Utc>) -> pb::Showing {
        let mut showing = showing.clone();
        let asked_at = DateTime::from_timestamp_micros(self.confirmed.load(Ordering::Relaxed)).unwrap_or_default();
        if let Some(availability) = &mut showing.availability {
            availability.observed_at = Some(timestamp(programme.loaded_at.max(asked_at)));
            let closed = [pb::AvailabilityReason::Cancelled, pb::AvailabilityReason::NotPublic];
            if from_timestamp(showing.starts_at) <= now && !closed.contains(&availability.reason()) {
                availability.set_reason(pb::AvailabilityReason::Past);
            }
        }
        showing
    }

    pub(crate) async fn watch(
        &self,
        window: Window,
        after: u64,
    ) -> Result<impl Stream<Item = Result<pb::ShowingsUpdate, Status>> + Send + use<>, Status> {
        // From the first state on, also for who has seen it: what they follow must be known before it moves. As it is kept:
        // thousands who come back at once ask the database nothing.
        Ok(updates(self.live.watch_kept(SHOWINGS_TOPIC, 0).await?, window, after))
    }
}

/// Showings of so long ago are kept in memory.
const KEPT_BEFORE: TimeDelta = TimeDelta::days(1);

fn live(context: &Context) -> Live<Programme> {
    let db = context.db.clone();
    let known: Arc<Mutex<Known>> = Arc::default();
    Live::new(context, SHOWINGS_TOPIC, move |_| {
        let (db, known) = (db.clone(), known.clone());
        Box::pin(async move { Ok(load(&db, &mut *known.lock().await).await?) })
    })
}

/// What was loaded last.
#[derive(Default)]
struct Known {
    /// With the versions they had then.
    showings: HashMap<Uuid, (Version, Arc<pb::Showing>)>,
    plans: Plans,
}

/// Loads what has changed of the programme.
async fn load(db: &Db, known: &mut Known) -> Result<(u64, Programme), Error> {
    let mut conn = db.reader().await?;
    let (loaded_at, loaded) = (db.clock().now(), Instant::now());
    // The revisions first: a change after them is a reason to load again, never a change missed.
    let revision = store::programme_revision(&mut conn).await?;
    let versions = store::versions(&mut conn, loaded_at - KEPT_BEFORE).await?;
    let is_known = |(id, version): &(Uuid, Version)| known.showings.get(id).is_some_and(|(known, _)| known == version);
    let changed: Vec<Uuid> = versions.iter().filter(|it| !is_known(it)).map(|(id, _)| *id).collect();
    let mut fresh: HashMap<String, Arc<pb::Showing>> = HashMap::new();
    if !changed.is_empty() {
        let showings = store::showings_of(&mut conn, &changed).await?;
        // As of after the versions: one that time alone has given, as when a quota is released, must not be told as it was
        // an instant before, because nothing would ask for it again.
        let now = db.clock().now();
        for showing in offered(&mut conn, &mut known.plans, &showings, now).await? {
            fresh.insert(showing.showing_id.clone(), Arc::new(showing));
        }
    }
    let mut now_known = HashMap::with_capacity(versions.len());
    let mut showings = Vec::with_capacity(versions.len());
    for (id, version) in versions {
        let loaded = fresh.remove(&id.to_string());
        if let Some(showing) = loaded.or_else(|| known.showings.remove(&id).map(|(_, showing)| showing)) {
            showings.push(showing.clone());
            now_known.insert(id, (version, showing));
        }
    }
    known.showings = now_known;
    Ok((revision, Programme { revision, loaded_at, loaded, showings: Arc::new(showings) }))
}

/// The showings that start in a window, as they are offered now, from the database.
pub(crate) async fn programme(db: &Db, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<pb::Showing>, Error> {
    let mut conn = db.pool().acquire().await?;
    let showings = store::showings(&mut conn, from, until).await?;
    offered(&mut conn, &mut Plans::new(), &showings, db.clock().now()).await
}

/// In larger halls, what is left for needs and side by side is not counted: that reads every place, at each change. No hall
/// that people see something from is so large: the dome has 110 places, the hall in which the load tests seat parties 500.
/// What is larger is a load test's (200,000 places).
const COUNTED_TO: u32 = 1_000;

pub(crate) async fn offered(
    conn: &mut sqlx::PgConnection,
    plans: &mut Plans,
    showings: &[Showing],
    now: DateTime<Utc>,
) -> Result<Vec<pb::Showing>, Error> {
    let ids: Vec<_> = showings.iter().map(|showing| showing.id).collect();
    let counts = store::counts(&mut *conn, &ids, now).await?;
    let small = showings.iter().filter(|showing| showing.capacity <= COUNTED_TO);
    let taken = store::offers::taken(&mut *conn, &small.map(|showing| showing.id).collect::<Vec<_>>(), now).await?;
    let tariffs = store::tariffs(&mut *conn).await?;
    let revisions = store::layouts::revisions(&mut *conn).await?;
    let mut offered = Vec::with_capacity(showings.len());
    for showing in showings {
        let availability = Availability::of(showing, counts.get(&showing.id).copied().unwrap_or_default(), now);
        let offer = if showing.capacity <= COUNTED_TO {
            let revision = revisions.get(&showing.layout).copied().unwrap_or_default();
            let plan = store::sale::plan(&mut *conn, plans, &showing.layout, revision).await?;
            let taken = taken.get(&showing.id).map(Vec::as_slice).unwrap_or_default();
            let (hall, held) = hall_with(plan, taken);
            Some(Offer::of(&hall, &held, &availability))
        } else {
            None
        };
        offered.push(events::showing(showing, &availability, offer.as_ref(), &tariffs, now));
    }
    Ok(offered)
}

/// A hall in which these places are taken, and those of them that are only held.
fn hall_with(plan: Arc<Plan>, taken: &[Taken]) -> (Hall, Vec<(usize, DateTime<Utc>)>) {
    let (mut hall, mut held) = (Hall::empty(plan), Vec::new());
    for (label, until) in taken {
        if let Some(at) = hall.plan().place(label) {
            hall.mark(at, true);
            held.extend(until.map(|until| (at, until)));
        }
    }
    (hall, held)
}
