//! The waiting rooms as this process knows them: which stand open, who is next in each, and the turns that let
//! people in. Decides nothing itself: the rules are in `domain`, the changes in `commands`.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kernel::{
    BoxFuture, Context, Db, Failure, Live, Tx,
    clock::wall_now,
    error::is_busy,
    values::{self, from_timestamp, timestamp},
};
use sky_proto::reservations::v1::{AvailabilityReason, GetShowingRequest, ListProgrammeRequest, Showing};
use tonic::Status;
use uuid::Uuid;

use crate::{
    commands::waiting_rooms::{self, Offer, ROOM_TOPIC},
    domain::waiting_room::{AWAY, Key, Outlook, PACE_WINDOW, TURN},
    edge::{Edge, answer},
    error::Error,
    routes::AHEAD,
    store::{self, WaitingRoom},
};

/// How old the list of open rooms may be.
const OLDEST: Duration = Duration::from_millis(500);
/// The same while it is being asked for: as long as that may take.
const OLDEST_MEANWHILE: Duration = Duration::from_secs(5);
/// An answer that takes longer says that the seller cannot keep up.
const SLOW: Duration = Duration::from_secs(1);

/// What everybody in a room looks at.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) room: Arc<WaitingRoom>,
    /// Everybody who waits, in order.
    pub(crate) line: Arc<Vec<Key>>,
    /// How many were let in within how many seconds.
    pub(crate) pace: (u32, u32),
}

/// The views that were made last, by room: everybody who looks at the same revision looks at the same view.
type Made = Arc<tokio::sync::Mutex<HashMap<Uuid, View>>>;

type Known = Option<(Instant, Arc<Vec<WaitingRoom>>)>;

/// By room.
type ToldBusy = HashMap<Uuid, Instant>;

/// The rooms of this house.
#[derive(Debug)]
pub(crate) struct Rooms {
    db: Db,
    known: Mutex<Known>,
    /// Held by who asks for the list.
    asking: tokio::sync::Mutex<()>,
    told_busy: Mutex<ToldBusy>,
    made: Made,
    seen: Seen,
    pub(crate) views: Live<View>,
}

/// Whose page was asked for in which room since that was written down last.
type Seen = Arc<Mutex<HashSet<(Uuid, Uuid)>>>;

impl Rooms {
    pub(crate) fn new(context: &Context) -> Self {
        let (db, made) = (context.db.clone(), Made::default());
        let to_make = made.clone();
        let views = Live::new(context, ROOM_TOPIC, move |id| {
            let (db, made) = (db.clone(), to_make.clone());
            Box::pin(async move {
                let view = view(&db, &made, values::id("room_id", &id)?).await?;
                Ok((view.room.revision(), view))
            })
        });
        let seen = Seen::default();
        context.tasks.spawn_until_stop(write_down(context.db.clone(), seen.clone()));
        Self {
            db: context.db.clone(),
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            told_busy: Mutex::default(),
            made,
            seen,
            views,
        }
    }

    /// The open rooms, at most half a second old: every page of a showing asks. While one page waits for the answer the
    /// others go on with what was known.
    pub(crate) async fn open(&self) -> Result<Arc<Vec<WaitingRoom>>, Error> {
        if let Some(rooms) = self.known(OLDEST) {
            return Ok(rooms);
        }
        let asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            Err(_) => match self.known(OLDEST_MEANWHILE) {
                Some(rooms) => return Ok(rooms),
                None => self.asking.lock().await,
            },
        };
        // Whoever asked before may have had the answer meanwhile.
        if let Some(rooms) = self.known(OLDEST) {
            return Ok(rooms);
        }
        let rooms = Arc::new(store::open_rooms(self.db.pool()).await?);
        *lock(&self.known) = Some((Instant::now(), rooms.clone()));
        drop(asking);
        Ok(rooms)
    }

    /// The open rooms, if they were asked for no longer ago than that.
    fn known(&self, oldest: Duration) -> Option<Arc<Vec<WaitingRoom>>> {
        lock(&self.known).as_ref().filter(|(at, _)| at.elapsed() < oldest).map(|(_, rooms)| rooms.clone())
    }

    /// The open room that stands before a showing.
    pub(crate) async fn before(&self, showing: Uuid) -> Result<Option<WaitingRoom>, Error> {
        Ok(self.open().await?.iter().find(|room| room.showings.contains(&showing)).cloned())
    }

    /// A room as it is now.
    pub(crate) async fn look(&self, id: Uuid) -> Result<View, Error> {
        view(&self.db, &self.made, id).await
    }

    /// Forgets what it knows, after a change of its own.
    pub(crate) async fn forget(&self) {
        // An answer that is under way may be older than the change.
        let _asking = self.asking.lock().await;
        *lock(&self.known) = None;
    }

    /// Somebody is still there: their page was asked for. Written down within a second, with all others.
    pub(crate) fn see(&self, room: Uuid, session: Uuid) {
        lock(&self.seen).insert((room, session));
    }

    /// How a purchase from a room went: a seller that cannot keep up slows the room down. Told once a second for each room.
    pub(crate) async fn bought<T>(&self, room: Uuid, session: Uuid, took: Duration, outcome: &Result<T, Status>) {
        let now = wall_now();
        if outcome.is_ok() {
            self.tell(move |tx| Box::pin(async move { store::use_pass(tx.conn(), room, session, now).await })).await;
        }
        let could_not = |status: &Status| status.code() == tonic::Code::Unavailable || is_busy(status);
        let refused = outcome.as_ref().err().is_some_and(could_not);
        if (refused || took > SLOW) && is_news(&mut lock(&self.told_busy), room, Instant::now()) {
            self.tell(move |tx| Box::pin(async move { store::mark_busy(tx.conn(), room, now).await })).await;
        }
    }

    /// What a room is told is a hint: nobody's purchase fails for it.
    async fn tell(&self, what: impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), Error>> + Send + 'static) {
        if let Err(error) = self.db.transact(what).await {
            tracing::warn!(%error, "a waiting room was not told how a purchase went");
        }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a room has not been told in this turn that the seller cannot keep up; then it counts as told.
fn is_news(told: &mut ToldBusy, room: Uuid, now: Instant) -> bool {
    told.retain(|_, at| now.duration_since(*at) <= TURN);
    let is_news = !told.contains_key(&room);
    if is_news {
        told.insert(room, now);
    }
    is_news
}

/// Writes down who is there, each second in one statement for all: thousands of pages may be open. What cannot be noted
/// now is noted next time, long before somebody counts as away.
async fn write_down(db: Db, seen: Seen) {
    loop {
        tokio::time::sleep(TURN).await;
        let there: Vec<(Uuid, Uuid)> = std::mem::take(&mut *lock(&seen)).into_iter().collect();
        if there.is_empty() {
            continue;
        }
        let noted = there.clone();
        let written = db
            .transact(move |tx| {
                let there = noted.clone();
                Box::pin(async move { waiting_rooms::see(tx, &there).await })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, viewers = there.len(), "it is not noted yet that some still wait");
            lock(&seen).extend(there);
        }
    }
}

async fn view(db: &Db, made: &Made, id: Uuid) -> Result<View, Error> {
    let room = store::room(db.pool(), id).await?.ok_or(Error::NoSuchRoom)?;
    let mut made = made.lock().await;
    if let Some(view) = made.get(&id).filter(|view| view.room.revision() >= room.revision()) {
        return Ok(view.clone());
    }
    let now = wall_now();
    let line = store::line(db.pool(), id, now - AWAY).await?;
    let (admitted, first) = store::pace(db.pool(), id, now - PACE_WINDOW).await?;
    // The one turn that let them in took its time too.
    let seconds = first.map_or(0, |first| (now - first).num_seconds() + 1);
    let pace = (u32::try_from(admitted).unwrap_or(u32::MAX), u32::try_from(seconds).unwrap_or(1));
    made.retain(|_, view| view.room.closed_at.is_none());
    let view = View { room: Arc::new(room), line: Arc::new(line), pace };
    made.insert(id, view.clone());
    Ok(view)
}

/// The showings that a release has put on sale together.
pub(crate) async fn showings_of(edge: &Edge, release: &str) -> Result<Vec<Showing>, Status> {
    let from = edge.now();
    let request = ListProgrammeRequest {
        from: Some(timestamp(from)),
        until: Some(timestamp(from + AHEAD)),
        include_closed: false,
    };
    let mut showings = answer(edge.reservations_as_portal().list_programme(request)).await?.showings;
    showings.retain(|showing| showing.release.as_ref().is_some_and(|its| its.release_id == release));
    Ok(showings)
}

async fn showings(edge: &Edge, room: &WaitingRoom) -> Result<Vec<Showing>, Status> {
    if let Some(release) = &room.release_id {
        let to_come = showings_of(edge, release).await?;
        if !to_come.is_empty() {
            return Ok(to_come);
        }
    }
    // One showing; or of a release the last that were to come, which say whether there is anything to wait for.
    let mut found = Vec::new();
    for showing in &room.showings {
        let request = GetShowingRequest { showing_id: showing.to_string() };
        found.push(answer(edge.reservations_as_portal().get_showing(request)).await?);
    }
    Ok(found)
}

/// What several showings have left together.
fn offer(showings: &[Showing]) -> Offer {
    let known = || showings.iter().filter_map(|showing| showing.availability.as_ref());
    let is_held = |reason: AvailabilityReason| reason == AvailabilityReason::AllHeld;
    let is_to_come = |reason| matches!(reason, AvailabilityReason::NotYetOnSale | AvailabilityReason::Unspecified);
    let is_on_sale = |reason| {
        use AvailabilityReason::{AllHeld, Few, Free, SoldOut};
        matches!(reason, Free | Few | AllHeld | SoldOut)
    };
    let free: u32 = known().filter(|it| is_on_sale(it.reason())).map(|availability| availability.free_online).sum();
    Offer {
        showings: showings.iter().filter_map(|showing| showing.showing_id.parse().ok()).collect(),
        on_sale_at: showings.iter().filter_map(|it| it.on_sale_at).map(|at| from_timestamp(Some(at))).min(),
        free,
        wheelchair: known().filter(|it| is_on_sale(it.reason())).map(|it| it.wheelchair_free).sum(),
        held_until: known()
            .filter(|availability| is_held(availability.reason()))
            .filter_map(|availability| availability.held_until)
            .map(|at| from_timestamp(Some(at)))
            .min(),
        outlook: match () {
            () if free > 0 => Outlook::Selling,
            () if known().any(|availability| is_held(availability.reason())) => Outlook::AllHeld,
            () if known().next().is_none() || known().any(|availability| is_to_come(availability.reason())) => {
                Outlook::Unknown
            }
            () => Outlook::SoldOut,
        },
    }
}

/// Whether there is nothing more to wait for: all of it has begun or is cancelled.
fn is_over(showings: &[Showing]) -> bool {
    let over = |showing: &Showing| {
        let reason = showing.availability.as_ref().map(sky_proto::reservations::v1::Availability::reason);
        matches!(reason, Some(AvailabilityReason::Past | AvailabilityReason::Cancelled))
    };
    !showings.is_empty() && showings.iter().all(over)
}

/// A turn of every open room, in one replica of the portal at a time.
pub(crate) async fn turn(edge: &Edge) -> Result<(), Failure> {
    for room in store::open_rooms(edge.db.pool()).await? {
        let offer = match showings(edge, &room).await {
            Ok(showings) if is_over(&showings) => {
                tracing::info!(room = %room.id, "a waiting room is closed: all behind it has begun or is cancelled");
                edge.db.transact(move |tx| Box::pin(waiting_rooms::close_room(tx, room.id))).await?;
                edge.rooms.forget().await;
                continue;
            }
            Ok(showings) => Some(offer(&showings)),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "a waiting room does not know what is left");
                None
            }
        };
        edge.db.transact(move |tx| Box::pin(waiting_rooms::turn(tx, room.id, offer))).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_is_told_of_its_own_seller_once_a_turn() {
        let (mut told, now) = (ToldBusy::new(), Instant::now());
        let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        assert!(is_news(&mut told, one, now));
        assert!(is_news(&mut told, other, now), "another room has heard nothing yet");
        assert!(!is_news(&mut told, one, now + TURN) && !is_news(&mut told, other, now + TURN));
        assert!(is_news(&mut told, one, now + TURN * 2));
        assert_eq!(told.len(), 1, "what is over is forgotten");
    }
}
