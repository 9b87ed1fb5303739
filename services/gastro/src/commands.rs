//! What a visit's meal goes through, each in a given transaction: load, decide, save, tell. No proto,
//! no commit. Whoever takes or frees station time or moves an order locks the kitchen first.

pub(crate) mod kitchen;
pub(crate) mod showing;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::invalid};
use uuid::Uuid;

use crate::{
    domain::{
        Charge, Confirmation, Need, Order, OrderState, OrderedItem, Pickup, Place, Placing, Wish, need, preparation,
        reach,
    },
    error::Error,
    events, store,
};

/// The topic of the board's live stream, and its only key.
pub(crate) const KITCHEN_TOPIC: &str = "kitchen";
pub(crate) const KITCHEN_KEY: &str = "all";

/// What a visit wants to eat, and when.
#[derive(Clone, Debug)]
pub(crate) struct MealWish {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// Items with quantities; every item once.
    pub(crate) lines: Vec<(String, u32)>,
    pub(crate) pickup: Pickup,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Locks the kitchen, so that whoever repeats a request waits for the first one's answer.
pub(crate) async fn lock_kitchen(tx: &mut Tx) -> Result<(), Error> {
    store::lock_kitchen(tx.conn()).await
}

/// Holds station time for a meal. The kitchen must be locked, and holds that ran out must have ended.
pub(crate) async fn hold(tx: &mut Tx, wish: MealWish) -> Result<Order, Error> {
    let now = tx.now();
    if let Some(order) = store::lock_order_of_visit(tx.conn(), wish.visit).await?
        && order.is_live(now)
    {
        return Err(Error::OrderExists);
    }
    store::showings::save_if_unknown(tx.conn(), wish.showing, wish.starts_at, wish.ends_at).await?;
    let lines = ordered(tx, &wish.lines).await?;
    let placed_for =
        current_wish(tx, wish.showing, Wish { pickup: wish.pickup, starts_at: wish.starts_at, ends_at: wish.ends_at })
            .await?;
    let need = need(&lines);
    require_open(tx, &need).await?;
    let (place, preparation) = find_place(tx, &placed_for, &need).await?;
    let Placing::Fits(place) = place else {
        return Err(full(place));
    };
    let mut order = Order {
        id: Uuid::now_v7(),
        visit: wish.visit,
        showing: wish.showing,
        state: OrderState::Held,
        state_at: now,
        wish: placed_for,
        pickup_at: place.pickup_at,
        preparation,
        expires_at: wish.expires_at,
        number: None,
        charges: Vec::new(),
        lines,
        on_board: false,
    };
    order.charges = charges(tx, &order).await?;
    store::forget_order_of_visit(tx.conn(), wish.visit).await?;
    store::save_order(tx.conn(), &order).await?;
    store::slots::claim(tx.conn(), order.id, place.slot_at, &need).await?;
    Ok(order)
}

const fn full(placing: Placing) -> Error {
    match placing {
        Placing::Fits(place) | Placing::Instead(Some(place)) => Error::Full { instead: Some(place.pickup_at) },
        Placing::Instead(None) => Error::Full { instead: None },
    }
}

/// The lines as the kitchen will read them.
async fn ordered(tx: &mut Tx, lines: &[(String, u32)]) -> Result<Vec<OrderedItem>, Error> {
    let day = tx.now().with_timezone(&Berlin).date_naive();
    let menu = store::menu::items(tx.conn(), day).await?;
    let line = |(id, quantity): &(String, u32)| {
        let Some(item) = menu.iter().find(|item| item.id == *id) else {
            return Err(invalid("lines", format!("\"{id}\" is not on the menu; GetMenu has all item_ids")).into());
        };
        if !item.in_stock {
            return Err(Error::SoldOut(id.clone()));
        }
        Ok(OrderedItem {
            item: id.clone(),
            name: item.name.clone(),
            quantity: *quantity,
            station: item.station.clone(),
            allergens: item.allergens.clone(),
            work_seconds: item.work_seconds.saturating_mul(*quantity),
        })
    };
    lines.iter().map(line).collect()
}

/// The price rows of the day on which the meal is picked up.
async fn charges(tx: &mut Tx, order: &Order) -> Result<Vec<Charge>, Error> {
    let day = order.pickup_at.with_timezone(&Berlin).date_naive();
    let menu = store::menu::items(tx.conn(), day).await?;
    let charge = |line: &OrderedItem| {
        let price = menu.iter().find(|item| item.id == line.item).and_then(|item| item.price.clone());
        let price = price.ok_or_else(|| Error::NoPrice(line.item.clone()))?;
        Ok(Charge {
            label: line.name.clone(),
            quantity: line.quantity,
            cents: price.cents,
            price_id: price.id,
            tax_id: price.tax_id,
            tax_basis_points: price.tax_basis_points,
        })
    };
    order.lines.iter().map(charge).collect()
}

/// A station that rests takes nothing new.
async fn require_open(tx: &mut Tx, need: &Need) -> Result<(), Error> {
    let stations = store::stations(tx.conn()).await?;
    let resting = stations.into_iter().find(|it| need.contains_key(&it.id) && !it.is_open());
    resting.map_or(Ok(()), |it| Err(Error::StationRests { station: it.id, state: it.state }))
}

/// A wish with the showing's times as they are known now.
async fn current_wish(tx: &mut Tx, showing: Uuid, wish: Wish) -> Result<Wish, Error> {
    let known = store::showings::times(tx.conn(), showing).await?;
    Ok(known.map_or(wish, |times| Wish { starts_at: times.starts_at, ends_at: times.end(), ..wish }))
}

/// Looks for a place, with the time that the stations have left. The kitchen must be locked.
async fn find_place(tx: &mut Tx, wish: &Wish, need: &Need) -> Result<(Placing, chrono::TimeDelta), Error> {
    let now = tx.now();
    let (from, until) = reach(wish, now);
    let stations: Vec<&str> = need.keys().map(String::as_str).collect();
    let room = store::slots::room(tx.conn(), &stations, from, until).await?;
    if let Some(station) = room.too_much_for(need) {
        return Err(Error::TooMuch(station));
    }
    let preparation = preparation(need, &room);
    Ok((Placing::of(wish, need, now + preparation, &room), preparation))
}

/// Moves the end of a hold; never to an earlier time.
pub(crate) async fn extend(tx: &mut Tx, visit: Uuid, expires_at: DateTime<Utc>) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order_of_visit(tx.conn(), visit).await?.ok_or(Error::NoOrder)?;
    if order.state != OrderState::Held {
        return Err(Error::NotHeld(order.state));
    }
    if !order.is_live(tx.now()) {
        return Err(Error::NotHeld(OrderState::Expired));
    }
    order.expires_at = order.expires_at.max(expires_at);
    store::save_order(tx.conn(), &order).await?;
    Ok(order)
}

/// Frees a held order; anything else stays as it is.
pub(crate) async fn release(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    if let Some(mut order) = store::lock_order_of_visit(tx.conn(), visit).await?
        && order.state == OrderState::Held
    {
        order.becomes(OrderState::Expired, tx.now());
        store::save_order(tx.conn(), &order).await?;
        store::slots::free(tx.conn(), &[order.id]).await?;
    }
    Ok(())
}

/// The visit is confirmed, and its meal with it, if the kitchen still has the time.
pub(crate) async fn confirm(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    let now = tx.now();
    lock_kitchen(tx).await?;
    let Some(mut order) = store::lock_order_of_visit(tx.conn(), visit).await? else {
        return refuse(tx, visit).await;
    };
    match order.confirmation(now) {
        Confirmation::Keep => return Ok(()),
        Confirmation::Confirm => {}
        Confirmation::Retake => {
            kitchen::end_holds(tx).await?;
            if store::is_refused(tx.conn(), visit).await? {
                return Ok(());
            }
            match retake(tx, &mut order).await {
                Ok(()) => {}
                Err(Error::Full { .. } | Error::TooMuch(_) | Error::StationRests { .. }) => {
                    order.becomes(OrderState::Expired, now);
                    store::save_order(tx.conn(), &order).await?;
                    return refuse(tx, visit).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
    order.becomes(OrderState::Scheduled, now);
    let day = order.pickup_at.with_timezone(&Berlin).date_naive();
    order.number = Some(store::next_number(tx.conn(), day).await?);
    store::save_order(tx.conn(), &order).await?;
    store::save_day(tx.conn(), order.id, day).await?;
    tx.append(&visit.to_string(), &events::order_scheduled(&order)).await?;
    kitchen::touch_board(tx).await
}

/// Takes station time again for a hold that ran out. What was charged stays as it was ordered.
async fn retake(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    let need = need(&order.lines);
    require_open(tx, &need).await?;
    order.wish = current_wish(tx, order.showing, order.wish).await?;
    let (place, preparation) = find_place(tx, &order.wish, &need).await?;
    let Placing::Fits(place) = place else {
        return Err(full(place));
    };
    take(tx, order, &place, preparation, &need).await
}

async fn take(
    tx: &mut Tx,
    order: &mut Order,
    place: &Place,
    preparation: chrono::TimeDelta,
    need: &Need,
) -> Result<(), Error> {
    order.takes(place, preparation);
    store::slots::free(tx.conn(), &[order.id]).await?;
    store::slots::claim(tx.conn(), order.id, place.slot_at, need).await
}

/// Says once that there will be no meal.
async fn refuse(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    let now = tx.now();
    if store::note_refusal(tx.conn(), visit, now).await? {
        tx.append(&visit.to_string(), &events::order_refused(visit)).await?;
    }
    Ok(())
}

/// The visit is cancelled, and its meal in any state: what is being made already stays on the board as
/// cancelled, so that the kitchen stops.
pub(crate) async fn cancel(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    let Some(mut order) = store::lock_order_of_visit(tx.conn(), visit).await? else {
        return Ok(());
    };
    if !order.can_be_cancelled() {
        return Ok(());
    }
    let unfired = matches!(order.state, OrderState::Held | OrderState::Scheduled);
    kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
    if unfired {
        store::slots::free(tx.conn(), &[order.id]).await?;
    }
    Ok(())
}
