//! Stations move their own parts, and a wet finger takes back what it did.

use kernel::Tx;
use uuid::Uuid;

use super::{kitchen, lock_kitchen, substitution};
use crate::{
    domain::{
        Order, OrderState,
        kitchen::{LastMove, together},
    },
    error::Error,
    store,
};

/// One station's part goes on: begun or ready. The order follows its parts; saying the same again changes nothing.
pub(crate) async fn move_ticket(tx: &mut Tx, order_id: Uuid, station: &str, to: OrderState) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    let parts = store::tickets::of_orders(tx.conn(), &[order_id]).await?.remove(&order_id).unwrap_or_default();
    let Some(part) = parts.iter().find(|part| part.station == station) else {
        return Err(match order.state {
            OrderState::Held | OrderState::Scheduled => Error::WrongStep { from: order.state },
            _ => Error::NoPart(station.to_owned()),
        });
    };
    let (from, is_made) = (part.work, matches!(order.state, OrderState::Fired | OrderState::Preparing));
    if from == to {
        return Ok(order);
    }
    let is_back = from == OrderState::Ready;
    if !is_made || is_back {
        return Err(Error::WrongStep { from: if is_made { from } else { order.state } });
    }
    substitution::settle(tx, &mut order).await?;
    store::tickets::set_work(tx.conn(), order_id, Some(station), to).await?;
    let works: Vec<OrderState> =
        parts.iter().map(|part| if part.station == station { to } else { part.work }).collect();
    let (before, after) = (order.state, together(&works));
    let last = LastMove { from: before, to: after, at: tx.now(), part: Some((station.to_owned(), from)) };
    store::kitchen::save_move(tx.conn(), order_id, &last).await?;
    if before == OrderState::Fired && after == OrderState::Ready {
        kitchen::set_state(tx, &mut order, OrderState::Preparing).await?;
    }
    if before == after {
        kitchen::touch_board(tx).await?;
    } else {
        kitchen::set_state(tx, &mut order, after).await?;
    }
    Ok(order)
}

/// Takes the last move of an order back, or what took the place of a dish since, while it is not long ago. Whoever only
/// hands out takes back no more than that.
pub(crate) async fn undo(tx: &mut Tx, order_id: Uuid, hands_out_only: bool) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    if !hands_out_only && let Some(it) = store::put_off::take(tx.conn(), order_id).await? {
        if tx.now() > it.until {
            return Err(Error::NothingToTakeBack);
        }
        return substitution::take_back(tx, order, it).await;
    }
    let rules = store::kitchen::rules(tx.conn()).await?;
    let last = store::kitchen::last_moves(tx.conn(), &[order_id]).await?.remove(&order_id);
    let now = tx.now();
    let theirs = |it: &LastMove| !hands_out_only || matches!(it.to, OrderState::Collected | OrderState::Recalled);
    let in_time = |it: &LastMove| it.undo_until(order.state, &rules).is_some_and(|until| now <= until);
    let Some(last) = last.filter(|it| theirs(it) && in_time(it)) else {
        return Err(Error::NothingToTakeBack);
    };
    store::kitchen::forget_move(tx.conn(), order_id).await?;
    match &last.part {
        Some((station, part_from)) => {
            store::tickets::set_work(tx.conn(), order_id, Some(station), *part_from).await?;
        }
        None if matches!(last.from, OrderState::Fired | OrderState::Preparing) => {
            store::tickets::set_work(tx.conn(), order_id, None, last.from).await?;
        }
        None => {}
    }
    if last.to == OrderState::Cancelled {
        store::waste::take_back(tx.conn(), order_id).await?;
    }
    if last.from == last.to {
        kitchen::touch_board(tx).await?;
    } else {
        kitchen::set_state(tx, &mut order, last.from).await?;
    }
    Ok(order)
}
