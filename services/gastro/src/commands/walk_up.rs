//! Orders at the counter: they go through the same station time as those that were placed before. Paid there, on the
//! counter's own till: no money is known here.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::quarter};
use uuid::Uuid;

use super::{find_place, kitchen, lock_kitchen, ordering::Menus, require_open};
use crate::{
    domain::{
        Guests, Order, OrderState, Pickup, Placing, Wish,
        choosing::{LineWish, Share, portions},
        need,
    },
    error::Error,
    events, store,
};

/// An order as it could be made now, at the earliest time. Nothing is taken yet.
struct Offer {
    order: Order,
    /// The quarter whose time it would take.
    slot_at: DateTime<Utc>,
    shares: Vec<Share>,
}

async fn earliest(tx: &mut Tx, menus: &mut Menus, lines: &[LineWish]) -> Result<Offer, Error> {
    let now = tx.now();
    kitchen::end_holds(tx).await?;
    let chosen = menus.choose(tx, lines, now).await?;
    if let Some(rules) = menus.rules(tx).await? {
        rules.check(&chosen.lines)?;
    }
    let need = need(&chosen.lines);
    require_open(tx, &chosen.lines, now).await?;
    let wish = Wish { pickup: Pickup::After, starts_at: now, ends_at: now, apart: None };
    let guests = Guests { showing: None, people: menus.people(tx, &chosen.lines, now).await? };
    let (placing, preparation) = find_place(tx, &wish, &need, guests).await?;
    let (Placing::Fits(place) | Placing::Instead(Some(place))) = placing else {
        let hours = store::kitchen::hours(tx.conn()).await?;
        let is_open = hours.is_open(quarter(now));
        return Err(if is_open { Error::Full { instead: None } } else { Error::KitchenClosed(hours.on_day_of(now)) });
    };
    menus.require_served(tx, &chosen.lines, place.pickup_at).await?;
    let id = kernel::values::new_id(now);
    let order = Order {
        id,
        visit: id,
        showing: Uuid::nil(),
        state: OrderState::Scheduled,
        state_at: now,
        wish,
        pickup_at: place.pickup_at,
        preparation,
        expires_at: now,
        number: None,
        charges: chosen.charges,
        lines: chosen.lines,
        people: guests.people,
        on_board: true,
        walk_up: true,
        regardless: false,
    };
    Ok(Offer { order, slot_at: place.slot_at, shares: chosen.shares })
}

/// What an order at the counter would be. Changes nothing.
pub(crate) async fn preview(tx: &mut Tx, lines: &[LineWish]) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    Ok(earliest(tx, &mut Menus::default(), lines).await?.order)
}

/// Places an order at the counter, with its number. The kitchen must be locked.
pub(crate) async fn place(tx: &mut Tx, lines: &[LineWish]) -> Result<Order, Error> {
    let mut menus = Menus::default();
    let Offer { mut order, slot_at, shares } = earliest(tx, &mut menus, lines).await?;
    let day = order.pickup_at.with_timezone(&Berlin).date_naive();
    order.number = Some(store::next_numbers(tx.conn(), day, 1).await?);
    store::save_order(tx.conn(), &order).await?;
    store::save_day(tx.conn(), &[order.id], day).await?;
    store::claims::claim(tx.conn(), order.id, slot_at, &need(&order.lines)).await?;
    menus.take_stock(tx, order.id, order.pickup_at, &portions(&order.lines)).await?;
    for share in &shares {
        store::ordering::save_share(tx.conn(), share).await?;
    }
    tx.append(&order.visit.to_string(), &events::order_scheduled(&order)).await?;
    kitchen::touch_board(tx).await?;
    Ok(order)
}

/// Takes an order back that nobody has begun to make: somebody at the counter has changed their mind.
pub(crate) async fn take_back(tx: &mut Tx, order_id: Uuid) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    if !order.walk_up {
        return Err(Error::NotWalkUp);
    }
    match order.state {
        OrderState::Cancelled => {}
        OrderState::Scheduled | OrderState::Fired => {
            // Whoever works from paper presses nothing: what is printed may be in the pan.
            if store::tickets::is_on_paper(tx.conn(), order.id).await? {
                return Err(Error::BeingMade(order.state));
            }
            store::put_off::take(tx.conn(), order.id).await?;
            store::put_off::give_back(tx.conn(), order.id, order.cents()).await?;
            kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
            store::slots::free(tx.conn(), &[order.id]).await?;
            store::ordering::free_stock(tx.conn(), &[order.id]).await?;
        }
        state => return Err(Error::BeingMade(state)),
    }
    Ok(order)
}
