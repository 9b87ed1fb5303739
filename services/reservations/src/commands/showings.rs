//! What happens to showings: scheduled, delayed, cancelled; and to holds that ran out.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Db, Tx, values::Text};
use uuid::Uuid;

use super::SHOWINGS_TOPIC;
use crate::{
    domain::{Availability, Showing, ShowingState, schedule::plan},
    error::Error,
    events,
    store::{self, bookings, claims, sale::patience},
};

/// A showing whose availability was just told is told again so long after, at the earliest: the log grows
/// with what happened, not with how many tried.
const TOLD_AGAIN: TimeDelta = TimeDelta::seconds(1);
/// The same for a showing that no monitor shows yet: when six weeks of programme go on sale in one minute, the others have
/// nothing to do with each place of it.
const LATER_TOLD_AGAIN: TimeDelta = TimeDelta::seconds(60);
/// What starts within so long may stand on a monitor: the next showings, also over a weekend with days off.
const SOON: TimeDelta = TimeDelta::days(4);

/// Something about a showing has changed; `for_sale`: so much that the seller must look again.
pub(crate) async fn changed(tx: &mut Tx, showing: Uuid, for_sale: bool) -> Result<(), Error> {
    store::raise_revision(tx.conn(), showing, for_sale).await?;
    tx.touch(SHOWINGS_TOPIC, SHOWINGS_TOPIC);
    Ok(())
}

/// What showings offer changes by itself: they go on sale, kept places are released, they begin.
async fn turn_offers(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let due = store::offers::due_turns(tx.conn(), now).await?;
    if due.is_empty() {
        return Ok(());
    }
    let turns: Vec<_> = due.iter().map(|showing| (showing.id, showing.next_turn(now))).collect();
    store::offers::save_turns(tx.conn(), &turns).await?;
    tx.touch(SHOWINGS_TOPIC, SHOWINGS_TOPIC);
    Ok(())
}

/// Tells how many places are left where that has changed.
pub(crate) async fn tell_availability(tx: &mut Tx) -> Result<(), Error> {
    turn_offers(tx).await?;
    let now = tx.now();
    let due = store::Due { told_until: now - TOLD_AGAIN, soon: now + SOON, later_told_until: now - LATER_TOLD_AGAIN };
    let showings = store::untold(tx.conn(), &due, now).await?;
    let ids: Vec<Uuid> = showings.iter().map(|showing| showing.id).collect();
    let counts = store::counts(tx.conn(), &ids, now).await?;
    let told: Vec<_> = showings
        .iter()
        .map(|showing| {
            let availability = Availability::of(showing, counts.get(&showing.id).copied().unwrap_or_default(), now);
            (showing.id.to_string(), events::availability_changed(showing, &availability, now))
        })
        .collect();
    for (id, event) in &told {
        tx.append(id, event).await?;
    }
    Ok(())
}

/// Moves a showing. It must be locked. Flow decides when it really begins.
pub(crate) async fn delay_showing(
    tx: &mut Tx,
    mut showing: Showing,
    minutes: i32,
    reason: Text,
) -> Result<Showing, Error> {
    require_changeable(tx, &showing)?;
    showing.delay(TimeDelta::minutes(minutes.into()), reason, tx.now()).map_err(Error::TooEarly)?;
    store::save_showing(tx.conn(), &showing).await?;
    tx.append(&showing.id.to_string(), &events::showing_delayed(&showing, minutes)).await?;
    changed(tx, showing.id, true).await?;
    Ok(showing)
}

/// Cancels a showing; once more changes nothing. It must be locked. Its bookings follow by their visits.
pub(crate) async fn cancel_showing(tx: &mut Tx, mut showing: Showing, reason: Text) -> Result<Showing, Error> {
    if showing.state == ShowingState::Cancelled {
        return Ok(showing);
    }
    require_changeable(tx, &showing)?;
    showing.state = ShowingState::Cancelled;
    showing.notice = reason;
    store::save_showing(tx.conn(), &showing).await?;
    bookings::end_holds(tx.conn(), showing.id).await?;
    tx.append(&showing.id.to_string(), &events::showing_cancelled(&showing)).await?;
    changed(tx, showing.id, true).await?;
    Ok(showing)
}

fn require_changeable(tx: &Tx, showing: &Showing) -> Result<(), Error> {
    if showing.state == ShowingState::Cancelled {
        return Err(Error::Cancelled);
    }
    if tx.now() >= showing.ends_at {
        return Err(Error::Ended);
    }
    Ok(())
}

/// Schedules the showings of the coming days that are not there yet.
pub(crate) async fn schedule(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    store::house::lock_schedule(tx.conn()).await?;
    let (slots, holidays) = store::house::schedule(tx.conn()).await?;
    let days_ahead = store::house::days_ahead(tx.conn()).await?;
    for planned in plan(&slots, &holidays, days_ahead, now) {
        if store::house::add_showing(tx.conn(), &planned).await? {
            let showing = store::showing(tx.conn(), planned.id).await?;
            tx.append(&showing.id.to_string(), &events::showing_scheduled(&showing)).await?;
            changed(tx, showing.id, true).await?;
        }
    }
    store::offers::join_releases(tx.conn(), now).await
}

/// When showings go on sale online.
#[derive(Clone, Debug)]
pub(crate) enum OnSale {
    Showing(Uuid),
    /// All of a release that are still to come.
    Release(String),
}

/// Moves the start of the sale; answers of how many showings.
pub(crate) async fn set_sale_start(tx: &mut Tx, of: &OnSale, on_sale_at: DateTime<Utc>) -> Result<u64, Error> {
    let now = tx.now();
    let moved = match of {
        OnSale::Showing(id) => {
            let showing = store::lock_showing(tx.conn(), *id).await?;
            require_changeable(tx, &showing)?;
            store::offers::set_sale_start(tx.conn(), showing.id, on_sale_at).await?;
            1
        }
        OnSale::Release(id) => {
            let moved = store::offers::set_release_start(tx.conn(), id, on_sale_at, now).await?;
            moved.ok_or_else(|| Error::NoRelease(id.clone()))?
        }
    };
    tx.touch(SHOWINGS_TOPIC, SHOWINGS_TOPIC);
    Ok(moved)
}

/// Frees the places of holds that ran out, a showing at a time.
pub(crate) async fn sweep(db: &Db) -> Result<(), Error> {
    let now = db.clock().now();
    let showings = {
        let mut conn = db.pool().acquire().await?;
        claims::with_expired_holds(&mut conn, now).await?
    };
    let mut failed = Ok(());
    for showing in showings {
        // One that somebody keeps locked must not keep the others from being offered again.
        if let Err(error) = db.transact(move |tx| Box::pin(sweep_showing(tx, showing))).await {
            failed = Err(error);
        }
    }
    failed
}

async fn sweep_showing(tx: &mut Tx, showing: Uuid) -> Result<(), Error> {
    let now = tx.now();
    store::sale::wait_at_most(tx.conn(), patience::TOGETHER).await?;
    let showing = store::lock_showing(tx.conn(), showing).await?;
    if claims::drop_expired(tx.conn(), showing.id, now).await? > 0 {
        changed(tx, showing.id, true).await?;
    }
    Ok(())
}
