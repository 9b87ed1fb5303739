//! A visit goes to another showing of the day: its right goes with it. Whoever is on the way comes when they come, so the
//! window begins no later than before, and ends with the new showing.

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{coaches, holding, meals, touch_site};
use crate::{
    domain::{Right, RightState, Window},
    error::Error,
    events, store,
};

/// Start and end of a showing.
pub(crate) type Times = (DateTime<Utc>, DateTime<Utc>);

/// A visit that has moved; times as journey knew them, where it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rebooked {
    pub(crate) visit: Uuid,
    pub(crate) to: Uuid,
    pub(crate) from_times: Option<Times>,
    pub(crate) to_times: Option<Times>,
}

/// Moves the right along. A car that is in keeps its bay whatever else is booked. Where nothing is free for as long, the
/// right begins with the new showing only; where that is not free either, there is none, and the visit is told.
pub(crate) async fn rebooked(tx: &mut Tx, it: Rebooked) -> Result<(), Error> {
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let Some(mut right) = store::lock_right(tx.conn(), it.visit).await? else { return Ok(()) };
    if right.showing == it.to {
        return Ok(());
    }
    let known = store::showings::times(tx.conn(), right.showing).await?.map(|times| (times.starts_at, times.ends_at));
    if let Some((start, end)) = known.or(it.from_times) {
        right.anchor(start, end);
    }
    let before = right.clone();
    right.showing = it.to;
    let there = store::showings::times(tx.conn(), it.to).await?;
    let there = there.map(|times| (times.starts_at, times.effective_end())).or(it.to_times);
    let moves = matches!(right.state, RightState::Confirmed | RightState::CheckedIn | RightState::Suspended);
    let Some((start, end)) = there.filter(|_| moves) else {
        // Over, or told later: the showing's times move it then.
        return store::quarters::save_rights(tx.conn(), &[right]).await;
    };
    let then = right.window_for(start, end);
    let longer = Window { from: then.from.min(right.window.from), until: then.until };
    if right.state == RightState::Confirmed {
        match free(tx, &before, [longer, then]).await? {
            Some(window) => {
                right.take_window(start, then, window);
                right.given = window;
                let mut moved = [(before, right)];
                coaches::follow(tx, &mut moved).await?;
                let [(_, after)] = moved;
                right = after;
            }
            None => {
                right.state = RightState::Expired;
                tx.append(&it.visit.to_string(), &events::right_refused(it.visit)).await?;
            }
        }
    } else {
        right.take_window(start, then, longer);
        let mut moved = [(before, right)];
        holding::move_along(tx, &mut moved).await?;
        coaches::follow(tx, &mut moved).await?;
        let [(_, after)] = moved;
        right = after;
    }
    if right.state != RightState::Expired {
        tx.append(&it.visit.to_string(), &events::right_moved(&right)).await?;
    }
    store::quarters::save_rights(tx.conn(), std::slice::from_ref(&right)).await?;
    // Where its meal has gone with it, and was told before.
    meals::keep_longer(tx, vec![right]).await?;
    touch_site(tx, None).await
}

/// The first of these windows for which the right has a bay.
async fn free(tx: &mut Tx, right: &Right, windows: [Window; 2]) -> Result<Option<Window>, Error> {
    let now = tx.now();
    for window in windows {
        let given = holding::given_without(tx, window, Some(right)).await?;
        if given.get(&right.class).is_some_and(|of_class| of_class.fits(window, now)) {
            return Ok(Some(window));
        }
    }
    Ok(None)
}
