//! Stopping what was fired, and what is thrown away.

use chrono_tz::Europe::Berlin;
use kernel::{
    Tx,
    values::{Text, invalid},
};
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen, substitution};
use crate::{
    domain::{
        Order, OrderState,
        affected::{Answer, Cause, settled},
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
    pub(crate) waste: Vec<Thrown>,
    pub(crate) refund: bool,
    pub(crate) by: String,
}

/// What of it is thrown away.
#[derive(Clone, Debug)]
pub(crate) struct Thrown {
    pub(crate) item: String,
    pub(crate) quantity: u32,
    /// Of the order's lines; none: whichever have the item.
    pub(crate) line: Option<usize>,
}

/// What an order's lines call what is thrown away; refuses what they do not have, or not so often.
fn named(order: &Order, waste: &[Thrown]) -> Result<Vec<(Thrown, Text)>, Error> {
    let mut named = Vec::new();
    for thrown in waste {
        let item = &thrown.item;
        let lines = |of: Option<usize>| {
            let all = order.lines.iter().enumerate();
            all.filter(move |(nth, line)| line.item == *item && of.is_none_or(|it| it == *nth)).map(|(_, line)| line)
        };
        let Some(line) = lines(thrown.line).next() else {
            let problem = match thrown.line {
                None => format!("\"{item}\" is not part of this order"),
                Some(nth) => format!("the order's line {nth} is not \"{item}\"; lines count from 0"),
            };
            return Err(invalid("waste", problem).into());
        };
        // Of the line by itself, and of all lines of the item together.
        for of in [thrown.line, None] {
            let there: u64 = lines(of).map(|line| u64::from(line.quantity)).sum();
            let entries = waste.iter().filter(|it| it.item == *item && (of.is_none() || it.line == of));
            if entries.map(|it| u64::from(it.quantity)).sum::<u64>() > there {
                return Err(invalid("waste", format!("the order has \"{item}\" only {there} times")).into());
            }
        }
        named.push((thrown.clone(), line.name.clone()));
    }
    Ok(named)
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
    let waste = named(&order, &stop.waste)?;
    let before = order.state;
    if stop.refund {
        affected::give_back(tx, &mut order, &settled(Cause::CancelledVisit, Answer::Refund)).await?;
    } else {
        substitution::settle(tx, &mut order).await?;
    }
    kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
    for (thrown, name) in waste {
        let waste = Waste {
            id: kernel::values::new_id(tx.now()),
            order: Some((order.id, order.number.unwrap_or_default())),
            item: thrown.item,
            name,
            quantity: thrown.quantity,
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
            id: kernel::values::new_id(tx.now()),
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
        id: kernel::values::new_id(now),
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
