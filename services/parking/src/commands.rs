//! What parking does, each in a given transaction: load, decide, save, tell. No proto, no commit.

pub(crate) mod assigning;
pub(crate) mod charging;
pub(crate) mod closures;
pub(crate) mod coaches;
pub(crate) mod confirming;
pub(crate) mod connections;
pub(crate) mod feeds;
pub(crate) mod forecasts;
pub(crate) mod gates;
pub(crate) mod holding;
pub(crate) mod journal;
pub(crate) mod lanes;
pub(crate) mod meals;
pub(crate) mod occupancy;
pub(crate) mod plates;
pub(crate) mod rebooking;
mod unnamed;

use chrono::{DateTime, Utc};
use kernel::{BoxFuture, Tx};
use uuid::Uuid;

use crate::{
    domain::{BayClass, Channel, Right, RightState, Site, Window},
    error::Error,
    events, store,
};

/// The topic of the site's live stream.
pub(crate) const SITE_TOPIC: &str = "site";

/// What a visit wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) class: BayClass,
    pub(crate) window: Window,
    pub(crate) channel: Channel,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Locks classes, so that whoever repeats a request waits for the first one's answer. If they are several: all that
/// there are, in their order.
pub(crate) async fn lock_classes(tx: &mut Tx, mut classes: impl Iterator<Item = BayClass>) -> Result<(), Error> {
    let first = classes.next();
    let only = first.filter(|first| classes.all(|class| class == *first));
    store::lock_classes(tx.conn(), only).await
}

/// Moves the end of a hold.
pub(crate) async fn extend(tx: &mut Tx, visit: Uuid, expires_at: DateTime<Utc>) -> Result<Right, Error> {
    let now = tx.now();
    let mut right = store::lock_right(tx.conn(), visit).await?.ok_or(Error::NoRight)?;
    match right.state {
        RightState::Held if right.is_live(now) => {}
        RightState::Held | RightState::Expired => return Err(Error::HoldExpired),
        state => return Err(Error::NotHeld(state)),
    }
    right.expires_at = right.expires_at.max(expires_at);
    store::save_right(tx.conn(), &right).await?;
    Ok(right)
}

/// Frees a held bay; anything else stays as it is.
pub(crate) async fn release(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    store::lock_classes(tx.conn(), None).await?;
    if let Some(mut right) = store::lock_right(tx.conn(), visit).await?
        && right.state == RightState::Held
    {
        right.state = RightState::Expired;
        store::save_right(tx.conn(), &right).await?;
    }
    Ok(())
}

/// The visit is cancelled. A car that is in stays in, and its right keeps the bay until it leaves.
pub(crate) async fn cancel(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let Some(mut right) = store::lock_right(tx.conn(), visit).await? else {
        return Ok(());
    };
    match right.state {
        RightState::Held | RightState::Confirmed | RightState::Suspended | RightState::Expired => {
            right.state = RightState::Cancelled;
            right.cancelled_at = Some(tx.now());
            store::save_right(tx.conn(), &right).await?;
            tx.append(&visit.to_string(), &events::right_cancelled(visit)).await?;
            touch_site(tx, None).await
        }
        RightState::CheckedIn => {
            right.cancelled_at.get_or_insert(tx.now());
            store::save_right(tx.conn(), &right).await
        }
        // Its bay was lost before: now there is nothing left to take for it.
        RightState::Cancelled if right.lost_at.take().is_some() => store::save_right(tx.conn(), &right).await,
        RightState::Left | RightState::Cancelled | RightState::NoShow => Ok(()),
    }
}

/// Reservations told a showing's times; `planned` are those that rights taken before were made for.
pub(crate) async fn showing_told(
    tx: &mut Tx,
    showing: Uuid,
    planned: (DateTime<Utc>, DateTime<Utc>),
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), Error> {
    // First, so that no hold counts windows that are about to move.
    lock_all_bays(tx).await?;
    // What was known before is what rights without an anchor were made for.
    let (planned_start, planned_end) =
        store::showings::times(tx.conn(), showing).await?.map_or(planned, |known| (known.starts_at, known.ends_at));
    store::showings::save(tx.conn(), showing, starts_at, ends_at).await?;
    follow_showing(tx, showing, Some((planned_start, planned_end))).await
}

/// The door predicts an end; None: it has not begun, and its plan counts. Most often what it said before: then nobody is
/// kept waiting.
pub(crate) async fn end_predicted(
    tx: &mut Tx,
    showing: Uuid,
    predicted_end_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    // Read without a lock: only the door's events, one after the other, write it.
    if store::showings::prediction(tx.conn(), showing).await? == predicted_end_at {
        return Ok(());
    }
    lock_all_bays(tx).await?;
    store::showings::save_prediction(tx.conn(), showing, predicted_end_at).await?;
    follow_showing(tx, showing, None).await
}

/// Before a house file has said what there is to park on there is nothing to lock and no right to move: what is told of
/// showings is kept all the same, for the forecast of a car park that is set up later.
async fn lock_all_bays(tx: &mut Tx) -> Result<(), Error> {
    match store::lock_site(tx.conn()).await {
        Ok(()) | Err(Error::NotSetUp) => store::lock_classes(tx.conn(), None).await,
        Err(error) => Err(error),
    }
}

/// Moves the windows of a showing's rights to its present times. Computed from the times themselves,
/// so doing it again changes nothing. A longer stay may reach into what is given to others: nobody who parked in
/// good faith is thrown out, no bay is given twice, and the attendant sees from when on one stays without.
async fn follow_showing(
    tx: &mut Tx,
    showing: Uuid,
    planned: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> Result<(), Error> {
    let Some(times) = store::showings::times(tx.conn(), showing).await? else {
        return Ok(());
    };
    let (now, mut changed) = (tx.now(), Vec::new());
    for mut right in store::lock_rights_of_showing(tx.conn(), showing).await? {
        let before = right.clone();
        let (start, end) = planned.unwrap_or((times.starts_at, times.ends_at));
        right.anchor(start, end);
        right.follow(times.starts_at, times.effective_end(), now);
        if right != before {
            changed.push((before, right));
        }
    }
    save_moved(tx, changed).await.map(|_| ())
}

/// Writes rights (before, after) that have moved, each with a bay for its new window as far as there is one, and tells who
/// has another window. As they are then.
async fn save_moved(tx: &mut Tx, mut changed: Vec<(Right, Right)>) -> Result<Vec<Right>, Error> {
    holding::move_along(tx, &mut changed).await?;
    coaches::follow(tx, &mut changed).await?;
    let rights: Vec<Right> = changed.iter().map(|(_, right)| right.clone()).collect();
    store::quarters::save_rights(tx.conn(), &rights).await?;
    let mut moved = false;
    for (before, right) in &changed {
        if right.window != before.window || right.stops != before.stops {
            tx.append(&right.visit.to_string(), &events::right_moved(right)).await?;
            moved = true;
        }
    }
    // The attendant's board lists the windows.
    if moved {
        touch_site(tx, None).await?;
    }
    Ok(rights)
}

/// Tickets (visit, ticket) open the lane for visits with a right.
pub(crate) async fn tickets_issued(tx: &mut Tx, tickets: &[(Uuid, Uuid)]) -> Result<(), Error> {
    if tickets.is_empty() {
        return Ok(());
    }
    store::save_tickets(tx.conn(), tickets).await
}

/// A code was issued anew: older ones open nothing.
pub(crate) async fn code_reissued(tx: &mut Tx, id: Uuid, generation: u32) -> Result<(), Error> {
    store::save_reissued(tx.conn(), id, generation).await
}

/// Locks the site, so that lanes are answered one after the other.
pub(crate) async fn lock_site(tx: &mut Tx) -> Result<(), Error> {
    store::lock_site(tx.conn()).await
}

/// Whoever watches the site gets to see it anew.
pub(crate) async fn touch_site(tx: &mut Tx, observed: Option<DateTime<Utc>>) -> Result<(), Error> {
    store::bump_site(tx.conn(), observed).await?;
    tx.touch(SITE_TOPIC, SITE_TOPIC);
    Ok(())
}

/// Tells the house what the site looks like now.
pub(crate) async fn tell_site(tx: &mut Tx) -> Result<Site, Error> {
    let now = tx.now();
    let site = store::site(tx.conn(), now).await?;
    store::site_told(tx.conn(), now).await?;
    tx.append(&site.id, &events::site_changed(&site, now)).await?;
    Ok(site)
}

/// A lane has counted a car: whoever watches the site sees it anew, and the house is told. `before` is the site as this
/// transaction has read it under its lock.
pub(crate) async fn tell_counted(tx: &mut Tx, before: &Site) -> Result<(), Error> {
    let now = tx.now();
    let site = store::site_counted(tx.conn(), before, now).await?;
    tx.touch(SITE_TOPIC, SITE_TOPIC);
    Ok(tx.append(&site.id, &events::site_changed(&site, now)).await?)
}

/// Every minute: what time has ended is ended. Nobody has come for a right until the end of its window: its bay is free,
/// and the house is told, once.
pub(crate) fn run_out(tx: &mut Tx) -> BoxFuture<'_, Result<(), Error>> {
    Box::pin(async move {
        let now = tx.now();
        // Before the rights, as everybody does.
        store::lock_site(tx.conn()).await?;
        store::lock_classes(tx.conn(), None).await?;
        let ended = store::run_out(tx.conn(), now).await?;
        for right in ended.iter().filter(|right| right.state == RightState::NoShow) {
            tx.append(&right.visit.to_string(), &events::right_no_show(right)).await?;
        }
        if !ended.is_empty() {
            tracing::info!(ended = ended.len(), "rights ran out");
            // Nobody is expected for them any more.
            touch_site(tx, None).await?;
        }
        closures::turn(tx).await?;
        charging::turn(tx).await?;
        plates::forget_old(tx).await
    })
}
