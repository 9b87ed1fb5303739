//! Placed orders that do not come as ordered: who they are, what they are offered, and what is decided.

use chrono::{DateTime, Utc};
use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{kitchen, lock_kitchen, ordering::local, receipts, replanning, rests};
use crate::{
    domain::{
        Order, OrderState, Station,
        affected::{Affected, Answer, Cause, LEAST_TIME, answer_until, back_at, is_touched, settled},
        need, recipes,
    },
    error::Error,
    events, store,
};

/// A station rests: today's orders that would have to begin before it is back need a decision. Asked again while it
/// goes on resting, it finds those that have come near since, and asks nobody again whose offer is as it was. The
/// kitchen must be locked.
pub(super) async fn station_rests(tx: &mut Tx, station: &Station) -> Result<(), Error> {
    let now = tx.now();
    let back_at = back_at(station.state, now, store::kitchen::rules(tx.conn()).await?.pause);
    let mut orders = store::lock_scheduled_of_station(tx.conn(), &station.id).await?;
    orders.retain(|order| is_touched(order, now, back_at));
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let known = store::affected::of_orders(tx.conn(), &ids).await?;
    orders.retain(|order| known.get(&order.id).is_none_or(|it| it.may_change(&station.id, back_at.is_some())));
    if orders.is_empty() {
        return Ok(());
    }
    let later = match back_at {
        Some(back_at) => replanning::later(tx, &orders, back_at).await?,
        None => Vec::new(),
    };
    let mut affected = Vec::new();
    for order in &orders {
        let later_pickup_at = later.iter().find(|(id, _)| *id == order.id).map(|(_, at)| *at);
        let known = known.get(&order.id);
        if known.is_some_and(|it| it.later_pickup_at.is_some() == later_pickup_at.is_some()) {
            continue;
        }
        let next = Affected {
            question: known.map_or_else(|| kernel::values::new_id(now), |it| it.question),
            cause: Cause::Station,
            station: Some(station.id.clone()),
            later_pickup_at,
            answer_until: answer_until(order, known, later_pickup_at.is_some(), now),
            refund_at: known.and_then(|it| it.refund_at),
        };
        affected.push((order.id, next));
    }
    orders.retain(|order| affected.iter().any(|(id, _)| *id == order.id));
    save(tx, &orders, &affected).await
}

async fn save(tx: &mut Tx, orders: &[Order], affected: &[(Uuid, Affected)]) -> Result<(), Error> {
    if affected.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    store::affected::save_all(tx.conn(), affected, now).await?;
    // Of what is being made, staff alone decide: its visitor has nothing to choose.
    let asked = orders.iter().zip(affected).filter(|(order, _)| order.state == OrderState::Scheduled);
    for (order, (_, affected)) in asked {
        tx.append(&order.visit.to_string(), &events::kitchen::affected(order, affected)).await?;
    }
    kitchen::touch_board(tx).await
}

/// Orders that were placed this very moment, at stations that rest since.
pub(super) async fn note_those_at_rest(tx: &mut Tx, orders: &[Order]) -> Result<(), Error> {
    let stations = store::stations(tx.conn()).await?;
    let needed = |it: &Station| orders.iter().flat_map(|order| &order.lines).any(|line| line.is_made_at(&it.id));
    for station in stations.iter().filter(|it| !it.is_open() && needed(it)) {
        station_rests(tx, station).await?;
    }
    Ok(())
}

/// What is being made, and nobody wants any more: staff decide.
pub(super) async fn cancelled_while_made(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    need_staff(tx, order, Cause::CancelledVisit).await
}

/// The kitchen's own system will not make it: staff decide.
pub(super) async fn refused_by_system(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    need_staff(tx, order, Cause::KitchenSystem).await
}

/// What is in it was corrected, and its party may not eat it.
pub(super) async fn recipe_corrected(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    need_staff(tx, order, Cause::Recipe).await
}

async fn need_staff(tx: &mut Tx, order: &Order, cause: Cause) -> Result<(), Error> {
    let now = tx.now();
    let known = store::affected::of_orders(tx.conn(), &[order.id]).await?;
    if known.get(&order.id).is_some_and(|it| !it.gives_way_to(cause)) {
        return Ok(());
    }
    save(tx, std::slice::from_ref(order), &[(order.id, Affected::of_staff(order, cause, now))]).await
}

/// No station has time for these: staff decide. Whoever is asked something already is not asked twice.
pub(super) async fn no_time(tx: &mut Tx, mut orders: Vec<Order>) -> Result<(), Error> {
    let now = tx.now();
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = store::affected::of_orders(tx.conn(), &ids).await?;
    orders.retain(|order| !known.contains_key(&order.id));
    let asked = |order: &Order| (order.id, Affected::of_staff(order, Cause::NoTime, now));
    let affected: Vec<(Uuid, Affected)> = orders.iter().map(asked).collect();
    save(tx, &orders, &affected).await
}

/// Of these, those that no station had time for are asked no more: they have their time. Whose money goes back gets it.
pub(super) async fn have_time(tx: &mut Tx, orders: &[&Order]) -> Result<(), Error> {
    settle(tx, orders, Cause::NoTime).await
}

/// Of these, those that were asked about what is in them are asked no more.
pub(super) async fn concerned_no_more(tx: &mut Tx, orders: &[Order]) -> Result<(), Error> {
    settle(tx, &orders.iter().collect::<Vec<_>>(), Cause::Recipe).await
}

async fn settle(tx: &mut Tx, orders: &[&Order], cause: Cause) -> Result<(), Error> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let questions = store::affected::settle_cause(tx.conn(), cause, &ids).await?;
    for order in orders {
        if let Some(question) = questions.get(&order.id) {
            comes_after_all(tx, order, *question, cause).await?;
        }
    }
    if questions.is_empty() { Ok(()) } else { kitchen::touch_board(tx).await }
}

/// What was asked has settled itself: its party is told that the meal comes, unless something else is asked of it now.
async fn comes_after_all(tx: &mut Tx, order: &Order, question: Uuid, cause: Cause) -> Result<(), Error> {
    if !asks_next(tx, order).await? {
        let event = events::kitchen::settled(order, question, &settled(cause, Answer::Keep));
        tx.append(&order.visit.to_string(), &event).await?;
    }
    Ok(())
}

/// One question is asked at a time: of a meal that waits for no answer any more, what waited behind it is asked now. Whether
/// something is.
pub(super) async fn asks_next(tx: &mut Tx, order: &Order) -> Result<bool, Error> {
    if has_lost_time(tx, order).await? {
        no_time(tx, vec![order.clone()]).await?;
    }
    let avoid = store::ordering::avoided(tx.conn(), order.id).await?;
    if recipes::has_unread(&avoid, &order.lines) {
        recipe_corrected(tx, order).await?;
    }
    Ok(!store::affected::of_orders(tx.conn(), &[order.id]).await?.is_empty())
}

/// Orders that were confirmed this very moment, and lost their time while they were held.
pub(super) async fn note_those_without_time(tx: &mut Tx, orders: &[Order]) -> Result<(), Error> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let slots = store::slots::of_orders(tx.conn(), &ids).await?;
    let has_none = |order: &&Order| !slots.contains_key(&order.id) && !need(&order.lines).is_empty();
    no_time(tx, orders.iter().filter(has_none).cloned().collect()).await
}

/// Whether a meal waits for a time that no station has for it, and nobody has it made all the same.
async fn has_lost_time(tx: &mut Tx, order: &Order) -> Result<bool, Error> {
    let needs_time = order.state == OrderState::Scheduled && !order.regardless && !need(&order.lines).is_empty();
    Ok(needs_time && store::slots::of_orders(tx.conn(), &[order.id]).await?.is_empty())
}

/// A station works, or works faster or slower: what was placed follows. Who waited for it gets the meal, at the old time if
/// it can still be made by then.
pub(super) async fn station_works(tx: &mut Tx, station: &Station) -> Result<(), Error> {
    let questions = store::affected::of_station(tx.conn(), &station.id).await?;
    let ids: Vec<Uuid> = questions.keys().copied().collect();
    store::affected::settle(tx.conn(), &ids).await?;
    for order in store::lock_orders(tx.conn(), &ids).await? {
        note_those_at_rest(tx, std::slice::from_ref(&order)).await?;
    }
    let today = local(tx.now()).date();
    let mut placed = store::lock_scheduled_of_station(tx.conn(), &station.id).await?;
    // How a station is today says nothing of other days.
    placed.retain(|order| local(order.pickup_at).date() <= today);
    replanning::follow_station(tx, placed).await?;
    // Another station may rest, or their time may be lost: who is asked that by now is not told that the meal comes.
    for order in store::lock_orders(tx.conn(), &ids).await? {
        if let Some(question) = questions.get(&order.id) {
            comes_after_all(tx, &order, *question, Cause::Station).await?;
        }
    }
    Ok(())
}

/// Who has said nothing in time gets what is best for them, and whose money goes back gets it.
pub(super) async fn decide_unanswered(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    for (id, affected) in store::affected::unanswered(tx.conn(), now).await? {
        let (Some(answer), Some(order)) = (affected.by_default(), store::lock_order(tx.conn(), id).await?) else {
            continue;
        };
        carry_out(tx, order, &affected, answer).await?;
    }
    Ok(())
}

/// A visitor answers. That their money goes back, as staff have said, is staff's alone while they can take it back; then
/// the question is the visitor's again.
pub(crate) async fn answer_of_visitor(tx: &mut Tx, visit: Uuid, said: Answer) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let order = store::lock_order_of_visit(tx.conn(), visit).await?.ok_or(Error::NoOrder)?;
    let known = store::affected::of_orders(tx.conn(), &[order.id]).await?;
    if let Some(at) = known.get(&order.id).and_then(|it| it.refund_at) {
        return Err(Error::BeingDecided(at));
    }
    answer(tx, visit, said).await
}

/// Somebody answers an offer. The same answer again changes nothing.
async fn answer(tx: &mut Tx, visit: Uuid, answer: Answer) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let order = store::lock_order_of_visit(tx.conn(), visit).await?.ok_or(Error::NoOrder)?;
    let Some(affected) = store::affected::of_orders(tx.conn(), &[order.id]).await?.remove(&order.id) else {
        return match (answer, order.state) {
            (Answer::Refund, OrderState::Cancelled) => Ok(order),
            (Answer::Later | Answer::Keep, state) if state != OrderState::Cancelled => Ok(order),
            _ => Err(Error::NothingToDecide),
        };
    };
    if affected.cause == Cause::CancelledVisit && answer != Answer::Keep {
        return Err(Error::BeingMade(order.state));
    }
    carry_out(tx, order, &affected, answer).await
}

/// Staff answer for a visitor. That the money goes back can be taken back for a while, and happens then.
pub(crate) async fn answer_for(tx: &mut Tx, visit: Uuid, said: Answer) -> Result<Order, Error> {
    if !matches!(said, Answer::Refund | Answer::AskAgain) {
        return answer(tx, visit, said).await;
    }
    lock_kitchen(tx).await?;
    let order = store::lock_order_of_visit(tx.conn(), visit).await?.ok_or(Error::NoOrder)?;
    let affected = store::affected::of_orders(tx.conn(), &[order.id]).await?.remove(&order.id);
    let waits = affected.as_ref().is_some_and(|it| it.refund_at.is_some());
    let now = tx.now();
    match (said, affected) {
        (Answer::Refund, Some(_)) if order.state.is_begun() => return Err(Error::BeingMade(order.state)),
        (Answer::Refund, Some(_)) if waits => return Ok(order),
        (Answer::Refund, Some(affected)) if affected.cause != Cause::CancelledVisit => {
            let at = now + store::kitchen::rules(tx.conn()).await?.undo;
            store::affected::put_off_refund(tx.conn(), order.id, Some(at), at).await?;
        }
        (Answer::AskAgain, Some(affected)) if waits => {
            store::affected::put_off_refund(tx.conn(), order.id, None, now + LEAST_TIME).await?;
            let stations = store::stations(tx.conn()).await?;
            let works = |id: &String| stations.iter().any(|it| it.id == *id && it.is_open());
            let has_time = affected.cause == Cause::NoTime && !has_lost_time(tx, &order).await?;
            if has_time || affected.station.as_ref().is_some_and(works) {
                // Its station works again, or time was found meanwhile: there is nothing to ask.
                return answer(tx, visit, Answer::Keep).await;
            }
        }
        (Answer::AskAgain, _) => return Err(Error::NothingToTakeBack),
        _ => return answer(tx, visit, said).await,
    }
    kitchen::touch_board(tx).await?;
    Ok(order)
}

/// Staff have answered that the money goes back, and nothing of that can be taken back any more: it is being handed over, or
/// the visit is called off.
pub(super) async fn refund_now(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    let affected = store::affected::of_orders(tx.conn(), &[order.id]).await?.remove(&order.id);
    if let Some(affected) = affected.filter(|it| it.refund_at.is_some() && order.state == OrderState::Scheduled) {
        *order = carry_out(tx, order.clone(), &affected, Answer::Refund).await?;
    }
    Ok(())
}

async fn carry_out(tx: &mut Tx, mut order: Order, affected: &Affected, answer: Answer) -> Result<Order, Error> {
    // First: what is done now may ask something anew.
    store::affected::settle(tx.conn(), &[order.id]).await?;
    if answer == Answer::Keep && affected.cause == Cause::Recipe && recipes::read(&mut order.lines) {
        store::kitchen::save_lines(tx.conn(), &order).await?;
    }
    match answer {
        Answer::Later => {
            let later = affected.later_pickup_at.ok_or(Error::NoLaterPickup)?;
            put_off(tx, &order, later).await?;
        }
        Answer::Refund => {
            if order.state.is_begun() {
                return Err(Error::BeingMade(order.state));
            }
            give_back(tx, &mut order, &affected.reason()).await?;
            kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
            store::slots::free(tx.conn(), &[order.id]).await?;
            store::ordering::free_stock(tx.conn(), &[order.id]).await?;
        }
        Answer::Keep if affected.cause == Cause::NoTime => {
            // Time may have been found while its money waited to go back.
            if has_lost_time(tx, &order).await? {
                let now = tx.now();
                replanning::regardless(tx, order.clone(), now).await?;
            }
        }
        Answer::Keep | Answer::AskAgain => {
            let stations = store::stations(tx.conn()).await?;
            let resting = stations.into_iter().find(|it| affected.station.as_ref() == Some(&it.id) && !it.is_open());
            if let Some(station) = resting {
                return Err(rests(&station, &order.lines));
            }
            // What it hangs on has moved while this was to be decided.
            if has_lost_time(tx, &order).await? {
                replanning::replan(tx, vec![order.clone()], None).await?;
            }
        }
    }
    let order = store::lock_order(tx.conn(), order.id).await?.ok_or(Error::NoSuchOrder)?;
    if answer == Answer::Refund || !asks_next(tx, &order).await? {
        let event = events::kitchen::settled(&order, affected.question, &settled(affected.cause, answer));
        tx.append(&order.visit.to_string(), &event).await?;
    }
    kitchen::touch_board(tx).await?;
    Ok(order)
}

/// The meal comes later: at the time that was offered, or as near to it as there is time left.
async fn put_off(tx: &mut Tx, order: &Order, later: DateTime<Utc>) -> Result<(), Error> {
    let mut order = order.clone();
    order.wish.pickup = crate::domain::Pickup::After;
    replanning::replan(tx, vec![order], Some(later)).await
}

/// What a meal costs goes back, and its receipt is taken back. Told before it is cancelled: who hears that knows it.
pub(super) async fn give_back(tx: &mut Tx, order: &mut Order, reason: &Text) -> Result<(), Error> {
    let cents = order.cents();
    receipts::take_back(tx, order).await?;
    if order.walk_up {
        store::put_off::give_back(tx.conn(), order.id, cents).await?;
    } else if cents > 0 {
        tx.append(&order.visit.to_string(), &events::kitchen::refund_due(order, cents, reason)).await?;
    }
    Ok(())
}
