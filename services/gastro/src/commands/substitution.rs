//! Something is sold out after it was ordered: staff choose what takes its place, with the allergens before their eyes.
//! What is cheaper is charged at its own price, and the difference goes back. It can be taken back for a while.

use kernel::{Tx, clock::wall_now, values::invalid};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen, ordering::local, receipts, recipes, replanning, screens};
use crate::{
    domain::{
        Order, OrderState, OrderedItem,
        choosing::Portions,
        exchange::exchange,
        kitchen::{AllergenCheck, check_allergens, ticket_id},
        menu::MenuItem,
        substituting::{Instead, Substituted, goes_for, instead},
    },
    error::Error,
    events,
    store::{self, tickets::Made},
};

/// What could take the place of a line.
pub(crate) struct Choice {
    pub(crate) item: MenuItem,
    pub(crate) instead: Instead,
    pub(crate) check: AllergenCheck,
}

/// What is to take the place of a line.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) order: Uuid,
    pub(crate) line: usize,
    pub(crate) item: String,
    pub(crate) acknowledged: Vec<u32>,
}

fn line_of(order: &Order, line: usize) -> Result<&OrderedItem, Error> {
    if !matches!(order.state, OrderState::Scheduled | OrderState::Fired | OrderState::Preparing) {
        return Err(Error::TooLateToSubstitute(order.state));
    }
    order.lines.get(line).ok_or_else(|| invalid("line", "there is no such line; they count from 0").into())
}

/// Everything of its kind that is to be had when the meal is picked up, with what it would mean for the party.
pub(crate) async fn choices(
    conn: &mut PgConnection,
    order: &Order,
    line: usize,
) -> Result<(OrderedItem, Vec<Choice>), Error> {
    let at = local(order.pickup_at);
    let replaced = line_of(order, line)?.clone();
    let menu = store::menu::of_day(conn, at.date()).await?;
    let had: Vec<u32> = replaced.allergens.iter().chain(&replaced.traces).copied().collect();
    let declared = store::ordering::avoided(conn, order.id).await?;
    let was = menu.item(&replaced.item).cloned();
    let choice = |item: MenuItem| {
        let instead = instead(&item, &replaced, was.as_ref());
        let in_it: Vec<u32> = instead.line.allergens.iter().chain(&instead.line.traces).copied().collect();
        let check = check_allergens(&in_it, &had, &declared);
        Choice { item, instead, check }
    };
    let can_be_had = |item: &MenuItem| {
        let left = item.left.is_none_or(|left| left >= replaced.quantity);
        left && item.unavailable(at.time()).is_none()
            && item.usual_price().is_some()
            && item.id != replaced.item
            && goes_for(item, was.as_ref())
    };
    let choices = menu.items.into_iter().filter(can_be_had).map(choice).collect();
    Ok((replaced, choices))
}

/// Another dish takes the place of a line, at its own price or the one that was paid, whichever is less. The kitchen
/// gets a new ticket for it when the order was fired, and its time when it was not. The visitor is told, and money goes
/// back, when it cannot be taken back any more: `settle`.
pub(crate) async fn substitute(tx: &mut Tx, wanted: &Wanted) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let now = tx.now();
    let mut order = store::lock_order(tx.conn(), wanted.order).await?.ok_or(Error::NoSuchOrder)?;
    if order.lines.get(wanted.line).is_some_and(|line| line.item == wanted.item) {
        return Ok(order);
    }
    let (replaced, choices) = choices(tx.conn(), &order, wanted.line).await?;
    let Some(choice) = choices.into_iter().find(|choice| choice.item.id == wanted.item) else {
        return Err(Error::NoSubstitute(wanted.item.clone()));
    };
    if !choice.check.declared.is_empty() {
        return Err(Error::DeclaredAllergen(choice.check.declared));
    }
    let unread: Vec<u32> =
        choice.check.added.iter().copied().filter(|number| !wanted.acknowledged.contains(number)).collect();
    if !unread.is_empty() {
        return Err(Error::AllergensNotRead(unread));
    }
    // Only the last one can be taken back.
    settle(tx, &mut order).await?;
    let Choice { item, instead: Instead { line: mut new, charges, .. }, check } = choice;
    let ids = if replaced.charged_as.is_empty() {
        store::menu::price_ids(tx.conn(), &replaced.item, &replaced.variant, &replaced.modifiers).await?
    } else {
        replaced.charged_as.clone()
    };
    let exchanged = exchange(&order.charges, &replaced, &ids, &charges);
    if exchanged.is_none() {
        new.charged_as = ids;
    }
    let substituted = Substituted {
        until: now + store::kitchen::rules(tx.conn()).await?.undo,
        line: wanted.line,
        exchanged,
        added: check.added,
        replaced,
    };
    store::put_off::save(tx.conn(), order.id, &substituted).await?;
    store::kitchen::forget_move(tx.conn(), order.id).await?;
    // What is replaced is not there any more: it does not come back into the stock.
    let portions = Portions::from([(item.id.clone(), new.quantity)]);
    let stock = store::ordering::Stock::of(order.id, local(order.pickup_at).date(), &portions);
    store::ordering::take_stock(tx.conn(), &stock).await?;
    make(tx, &mut order, wanted.line, new).await
}

/// A substitution is taken back in its time: what was ordered is made after all.
pub(super) async fn take_back(tx: &mut Tx, mut order: Order, it: Substituted) -> Result<Order, Error> {
    let instead = line_of(&order, it.line)?.clone();
    store::ordering::give_back_stock(tx.conn(), order.id, &instead.item, instead.quantity).await?;
    let mut order = make(tx, &mut order, it.line, it.replaced).await?;
    // What is in it may have been corrected meanwhile.
    recipes::correct(tx, std::slice::from_mut(&mut order)).await?;
    // Or before: whatever took its place may have ended that question.
    affected::asks_next(tx, &order).await?;
    Ok(order)
}

/// A substitution cannot be taken back any more, if there was one: the visitor is told, and what is cheaper gives back the
/// difference, with a receipt that corrects the sale. The kitchen must be locked.
pub(super) async fn settle(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    let Some(it) = store::put_off::take(tx.conn(), order.id).await? else { return Ok(()) };
    let Some(new) = order.lines.get(it.line).cloned() else { return Ok(()) };
    let event = events::kitchen::substituted(order, &it, &new, tx.now());
    tx.append(&order.visit.to_string(), &event).await?;
    kitchen::touch_board(tx).await?;
    recipes::settle(tx, order).await?;
    let Some(exchanged) = it.exchanged else { return Ok(()) };
    order.charges = exchanged.charges;
    store::kitchen::save_charges(tx.conn(), order).await?;
    receipts::correct(tx, order, exchanged.correction).await?;
    if order.walk_up {
        // It was paid on the counter's own till, which gives it back too.
        return store::put_off::give_back(tx.conn(), order.id, exchanged.cents).await;
    }
    let event = events::kitchen::refund_due(order, exchanged.cents, &events::kitchen::cheaper(&new.name));
    Ok(tx.append(&order.visit.to_string(), &event).await?)
}

/// Those whose time is over. The kitchen must be locked.
pub(super) async fn settle_due(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    for id in store::put_off::due(tx.conn(), now).await? {
        if let Some(mut order) = store::lock_order(tx.conn(), id).await? {
            settle(tx, &mut order).await?;
        }
    }
    Ok(())
}

/// Something else is made for a line from now on.
async fn make(tx: &mut Tx, order: &mut Order, line: usize, new: OrderedItem) -> Result<Order, Error> {
    let stations: Vec<String> = new.work().map(|(station, _)| station.to_owned()).collect();
    let Some(place) = order.lines.get_mut(line) else { return Err(Error::NoSuchOrder) };
    let before = std::mem::replace(place, new);
    store::kitchen::save_lines(tx.conn(), order).await?;
    if order.state == OrderState::Scheduled {
        store::slots::free(tx.conn(), &[order.id]).await?;
        let promised = order.pickup_at;
        if order.regardless {
            replanning::regardless(tx, order.clone(), promised).await?;
        } else {
            replanning::replan(tx, vec![order.clone()], Some(promised)).await?;
        }
    } else {
        for (station, _) in before.work().filter(|(it, _)| !order.lines.iter().any(|line| line.is_made_at(it))) {
            // Nobody would ever call it ready there.
            store::tickets::end(tx.conn(), order.id, station).await?;
        }
        let mut made = Vec::new();
        for station in stations {
            store::tickets::end(tx.conn(), order.id, &station).await?;
            let round = store::tickets::next_round(tx.conn(), order.id, &station).await?;
            made.push(Made { id: ticket_id(order.id, &station, round), order: order.id, station, round });
        }
        let wall = wall_now();
        store::tickets::make(tx.conn(), &made, wall, wall - screens::PATIENCE).await?;
    }
    kitchen::touch_board(tx).await?;
    store::lock_order(tx.conn(), order.id).await?.ok_or(Error::NoSuchOrder)
}
