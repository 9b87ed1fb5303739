//! Stopping what was fired, and what is thrown away.

use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::invalid};
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen, substitution};
use crate::{
    domain::{
        Order, OrderState,
        affected::{Answer, settled},
        kitchen::{LastMove, Waste, WasteReason},
    },
    error::Error,
    store,
};

/// What staff decide of an order that was fired.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) order: Uuid,
    pub(crate) reason: WasteReason,
    /// Items with quantities.
    pub(crate) waste: Vec<(String, u32)>,
    pub(crate) refund: bool,
    pub(crate) by: String,
}

/// Staff stop an order that was fired. Without a refund it can be taken back for a while.
pub(crate) async fn stop(tx: &mut Tx, stop: Stop) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), stop.order).await?.ok_or(Error::NoSuchOrder)?;
    if order.state == OrderState::Cancelled {
        return Ok(order);
    }
    if !order.state.is_begun() {
        return Err(Error::NotFired(order.state));
    }
    let mut thrown = Vec::new();
    for (item, quantity) in &stop.waste {
        let there: u32 = order.lines.iter().filter(|line| line.item == *item).map(|line| line.quantity).sum();
        let line = order.lines.iter().find(|line| line.item == *item);
        let line = line.ok_or_else(|| invalid("waste", format!("\"{item}\" is not part of this order")))?;
        let thrown_away: u32 = stop.waste.iter().filter(|(it, _)| it == item).map(|(_, quantity)| quantity).sum();
        if thrown_away > there {
            return Err(invalid("waste", format!("the order has \"{item}\" only {there} times")).into());
        }
        thrown.push((item.clone(), line.name.clone(), *quantity));
    }
    let before = order.state;
    if stop.refund {
        affected::give_back(tx, &mut order, &settled(Answer::Refund)).await?;
    } else {
        substitution::settle(tx, &mut order).await?;
    }
    kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
    for (item, name, quantity) in thrown {
        let waste = Waste {
            id: Uuid::now_v7(),
            order: Some((order.id, order.number.unwrap_or_default())),
            item,
            name,
            quantity,
            reason: stop.reason,
            at: tx.now(),
            by: stop.by.clone(),
            taken_back: None,
        };
        save(tx, &waste).await?;
    }
    if stop.refund {
        // Money that is on its way back is not called back.
        store::kitchen::forget_move(tx.conn(), order.id).await?;
    } else {
        let last = LastMove { from: before, to: OrderState::Cancelled, at: tx.now(), part: None };
        store::kitchen::save_move(tx.conn(), order.id, &last).await?;
    }
    Ok(order)
}

async fn save(tx: &mut Tx, waste: &Waste) -> Result<(), Error> {
    let day = waste.at.with_timezone(&Berlin).date_naive();
    store::waste::save(tx.conn(), waste, day).await
}

/// Everything of an order that nobody has got.
pub(super) async fn all_of(tx: &mut Tx, order: &Order, reason: WasteReason) -> Result<(), Error> {
    for line in &order.lines {
        let waste = Waste {
            id: Uuid::now_v7(),
            order: Some((order.id, order.number.unwrap_or_default())),
            item: line.item.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            reason,
            at: tx.now(),
            by: String::new(),
            taken_back: None,
        };
        save(tx, &waste).await?;
    }
    Ok(())
}

/// Something that belongs to no order.
pub(crate) async fn record(
    tx: &mut Tx,
    item: &str,
    quantity: u32,
    reason: WasteReason,
    by: String,
) -> Result<Waste, Error> {
    let now = tx.now();
    let menu = store::menu::of_day(tx.conn(), now.with_timezone(&Berlin).date_naive()).await?;
    let found = menu.items.into_iter().find(|it| it.id == item);
    let found =
        found.ok_or_else(|| invalid("item_id", format!("\"{item}\" is not on the menu; GetMenu has all item_ids")))?;
    let waste = Waste {
        id: Uuid::now_v7(),
        order: None,
        item: found.id,
        name: found.name,
        quantity,
        reason,
        at: now,
        by,
        taken_back: None,
    };
    save(tx, &waste).await?;
    Ok(waste)
}

/// An entry was recorded by mistake. Again: it is done.
pub(crate) async fn take_back(tx: &mut Tx, id: Uuid, by: &str) -> Result<Waste, Error> {
    let now = tx.now();
    let mut waste = store::waste::lock(tx.conn(), id).await?.ok_or(Error::NoSuchWaste)?;
    if waste.taken_back.is_some() {
        return Ok(waste);
    }
    if !waste.may_be_taken_back(now) {
        return Err(if waste.order.is_some() { Error::WasteOfOrder } else { Error::WasteOfOtherDay });
    }
    store::waste::mark_taken_back(tx.conn(), id, now, by).await?;
    waste.taken_back = Some((now, by.to_owned()));
    Ok(waste)
}
