//! Coaches' stops at the kerb, placed anew wherever their right is, each in a given transaction with the classes locked.
//! No proto, no commit.

use chrono::TimeDelta;
use kernel::Tx;

use crate::{
    domain::{
        BayClass, Right, RightState, Window,
        coaches::{Kerb, Stops},
    },
    error::Error,
    store,
};

/// Around a window so much of the kerb is looked at.
const AROUND: TimeDelta = TimeDelta::hours(2);

/// The kerb around some windows; None: none of them is a coach's.
pub(super) async fn kerb(tx: &mut Tx, coaches: impl Iterator<Item = Window>) -> Result<Option<Kerb>, Error> {
    let span = coaches.reduce(|all, one| Window { from: all.from.min(one.from), until: all.until.max(one.until) });
    let Some(span) = span else { return Ok(None) };
    let span = Window { from: span.from - AROUND, until: span.until + AROUND };
    store::coaches::kerb(tx.conn(), span).await.map(Some)
}

/// Places the stops of rights that have moved (before, after): what they had is given back first, so that those who move
/// together are not in each other's way. Where the kerb is taken, a coach has its bay alone, and the attendant sees it.
pub(super) async fn follow(tx: &mut Tx, changed: &mut [(Right, Right)]) -> Result<(), Error> {
    // A coach's right that has become another vehicle's stops nowhere.
    for (_, right) in changed.iter_mut().filter(|(_, right)| !is_coach(right)) {
        right.stops = Stops::default();
    }
    let windows: Vec<Window> = changed.iter().filter(|(_, it)| is_coach(it)).map(|(_, it)| it.window).collect();
    let Some(mut kerb) = kerb(tx, windows.into_iter()).await? else { return Ok(()) };
    for (before, _) in changed.iter().filter(|(before, _)| before.is_counted()) {
        kerb.take_back(before.stops);
    }
    // What stays comes before what is looked for.
    for (before, right) in changed.iter_mut().filter(|(_, right)| is_coach(right)) {
        right.stops = if comes(right) { Stops::kept(before, right) } else { Stops::default() };
        kerb.give(right.stops);
    }
    for (_, right) in changed.iter_mut().filter(|(_, right)| is_coach(right) && comes(right)) {
        let kept = right.stops;
        right.stops = kerb.follow(right, kept);
        kerb.give(right.stops.besides(kept));
    }
    Ok(())
}

/// Places the stops of a right that had none, or gave them up.
pub(super) async fn place(tx: &mut Tx, right: &mut Right) -> Result<(), Error> {
    right.stops = Stops::default();
    let coach = is_coach(right).then_some(right.window);
    if let Some(kerb) = kerb(tx, coach.into_iter()).await? {
        right.stops = kerb.place(right);
    }
    Ok(())
}

/// A coach is at the barrier. Whether it lets its party out at another time than was planned.
pub(super) async fn arrived(tx: &mut Tx, right: &mut Right) -> Result<bool, Error> {
    let now = tx.now();
    let coach = is_coach(right).then_some(Window { from: now, until: right.window.until.max(now) });
    let Some(mut kerb) = kerb(tx, coach.into_iter()).await? else { return Ok(false) };
    kerb.take_back(right.stops);
    let stops = kerb.arrived(right, now);
    let moved = stops != right.stops;
    right.stops = stops;
    Ok(moved)
}

fn is_coach(right: &Right) -> bool {
    right.class == BayClass::Coach
}

/// Whether it has a bay: a closure that releases bays takes the kerb with them.
fn comes(right: &Right) -> bool {
    right.is_counted() && (right.state != RightState::Suspended || right.given != right.given.none())
}
