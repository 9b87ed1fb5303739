//! A visit takes place and costs less than was paid or promised: the difference is asked of payments, once for each
//! cause, and its visitor sees how far it is.

use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{VISIT_TOPIC, notices, save};
use crate::{
    domain::{
        COLLECT, Item, Money, State, Visit, join,
        money_back::{BackState, Owed, Told, cheaper, keeps_money, of_lost, said, takes_place},
        sum,
    },
    error::Error,
    events,
    projection::kitchen_asks_no_more,
    store,
};

/// Most lost bays of one turn; the rest comes in the next one.
const TURN: i64 = 200;

/// Asks for what a locked visit is owed. False: it was asked for before.
pub(super) async fn ask(tx: &mut Tx, visit: Uuid, owed: &Owed) -> Result<bool, Error> {
    let now = tx.now();
    if !store::money_back::add(tx.conn(), visit, owed, now).await? {
        return Ok(false);
    }
    tx.append(&visit.to_string(), &events::refund_due(visit, owed)).await?;
    Ok(true)
}

/// What the kitchen says that a meal, or a part of it, is worth.
pub(crate) struct OfMeal {
    pub(crate) visit: Uuid,
    pub(crate) owed: Owed,
    /// What the meal costs now.
    pub(crate) items: Vec<Item>,
}

/// A meal is not made, or a cheaper one is; of a visit too that was called off too late for a refund.
pub(crate) async fn meal(tx: &mut Tx, it: OfMeal) -> Result<(), Error> {
    let Some(mut visit) = store::lock(tx.conn(), it.visit).await? else { return Ok(()) };
    let before = visit.clone();
    if !keeps_money(&visit) || visit.meal.is_none() || !ask(tx, visit.id, &it.owed).await? {
        return Ok(());
    }
    if let Some(meal) = &mut visit.meal {
        meal.items = it.items;
        // What a cheaper dish gave back before is not what its letter is about.
        meal.back = if sum(&meal.items) == 0 { it.owed.cents } else { 0 };
    }
    // Asked for once each: a second one of the same amount is said too.
    visit.notice = join(&kitchen_asks_no_more(&visit.notice), &said(it.owed.cents, visit.money));
    saved(tx, &before, visit).await
}

/// The visit has moved to a showing whose places cost so much.
pub(crate) async fn showing(tx: &mut Tx, visit: Uuid, move_id: Uuid, items: Vec<Item>) -> Result<(), Error> {
    let Some(mut visit) = store::lock(tx.conn(), visit).await? else { return Ok(()) };
    let before = visit.clone();
    let Some(cents) = cheaper(&visit.seat_items, &items).filter(|_| takes_place(&visit)) else { return Ok(()) };
    let reason = Text::new("Günstigere Vorstellung", "Cheaper show");
    let owed = Owed { id: Uuid::new_v5(&move_id, b"cheaper showing"), cents, reason };
    if !ask(tx, visit.id, &owed).await? {
        return Ok(());
    }
    visit.seat_items = items;
    visit.notice = join(&visit.notice, &said(cents, visit.money));
    saved(tx, &before, visit).await
}

/// Bays that were lost and whose time is over: what they cost goes back.
pub(crate) async fn lost_bays(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    for id in store::money_back::lost_bays(tx.conn(), now, TURN).await? {
        let Some(mut visit) = store::lock(tx.conn(), id).await? else { continue };
        let before = visit.clone();
        let Some(owed) = of_lost(&visit, now) else {
            // Its closure has kept nobody out, and nobody needs to know of it any more: it is not looked at again.
            if let Some(bay) = &mut visit.bay {
                (bay.suspension, bay.kept_out) = (None, false);
            }
            save(tx, &mut visit).await?;
            continue;
        };
        if ask(tx, visit.id, &owed).await? {
            visit.notice = join(&visit.notice, &said(owed.cents, visit.money));
        }
        // It costs nothing any more, and is not looked at again.
        if let Some(bay) = &mut visit.bay {
            bay.items.clear();
        }
        saved(tx, &before, visit).await?;
    }
    Ok(())
}

async fn saved(tx: &mut Tx, before: &Visit, mut visit: Visit) -> Result<(), Error> {
    save(tx, &mut visit).await?;
    notices::follow_one(tx, before, &visit).await
}

/// Payments tells how far a part is, and how much of it goes back.
pub(crate) async fn changed(tx: &mut Tx, told: &Told) -> Result<(), Error> {
    let Some(visit) = store::lock(tx.conn(), told.visit).await? else { return Ok(()) };
    let now = tx.now();
    if told.state == BackState::AtDesk && told.cents > 0 {
        // Nobody here has asked for it: it is the whole of a payment that the desk gives back.
        let reason = Text::new("Der ganze Betrag", "The whole amount");
        let owed = Owed { id: told.id, cents: told.cents, reason };
        store::money_back::add(tx.conn(), told.visit, &owed, now).await?;
    }
    let Some(mut it) = store::money_back::find(tx.conn(), told.id).await? else { return Ok(()) };
    if it.visit != told.visit || !it.hears(told) {
        return Ok(());
    }
    (it.state, it.revision) = (told.state, told.revision);
    if told.cents > 0 {
        it.cents = told.cents;
    }
    store::money_back::save(tx.conn(), &it).await?;
    let is_off = matches!(visit.state, State::Refunding | State::Refunded);
    if told.whole && told.state == BackState::AtDesk && is_off {
        return waits_at_desk(tx, visit).await;
    }
    store::clock::bump(tx.conn(), &[told.visit]).await?;
    tx.touch(VISIT_TOPIC, told.visit.to_string());
    Ok(())
}

/// All the money of a visit that is off waits at the desk: payments is asked for it once a day only, and it is told when somebody has
/// handed it out; anew, when that was noted before by mistake.
async fn waits_at_desk(tx: &mut Tx, mut visit: Visit) -> Result<(), Error> {
    let now = tx.now();
    let before = visit.clone();
    (visit.state, visit.money, visit.deadline) = (State::Refunding, Money::Refunding, Some(now + COLLECT));
    saved(tx, &before, visit).await
}
