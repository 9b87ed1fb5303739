//! What a visit's meal goes through, each in a given transaction: load, decide, save, tell. No proto,
//! no commit. Whoever takes or frees station time or moves an order locks the kitchen first.

pub(crate) mod affected;
pub(crate) mod confirming;
pub(crate) mod given_back;
pub(crate) mod holding;
pub(crate) mod kds;
pub(crate) mod kitchen;
pub(crate) mod moves;
pub(crate) mod offers;
pub(crate) mod ordering;
pub(crate) mod pushes;
pub(crate) mod rebooking;
pub(crate) mod receipts;
pub(crate) mod recipes;
mod replanning;
pub(crate) mod screens;
pub(crate) mod showing;
pub(crate) mod stock;
pub(crate) mod substitution;
pub(crate) mod walk_up;
pub(crate) mod waste;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use crate::{
    domain::{
        Cancellation, Guests, Need, Order, OrderState, OrderedItem, Place, Placing, Station, Wish, preparation, reach,
        rules::Wave,
    },
    error::Error,
    store,
};

/// The topic of the board's live stream, and its only key.
pub(crate) const KITCHEN_TOPIC: &str = "kitchen";
pub(crate) const KITCHEN_KEY: &str = "all";

/// Locks the kitchen, so that whoever repeats a request waits for the first one's answer.
pub(crate) async fn lock_kitchen(tx: &mut Tx) -> Result<(), Error> {
    store::lock_kitchen(tx.conn()).await
}

const fn full(placing: Placing) -> Error {
    match placing {
        Placing::Fits(place) | Placing::Instead(Some(place)) => Error::Full { instead: Some(place.pickup_at) },
        Placing::Instead(None) => Error::Full { instead: None },
    }
}

/// A station that rests takes nothing new for its day.
async fn require_open(tx: &mut Tx, lines: &[OrderedItem], at: DateTime<Utc>) -> Result<(), Error> {
    resting(&store::stations(tx.conn()).await?, lines, (at, tx.now()))
}

fn resting(
    stations: &[Station],
    lines: &[OrderedItem],
    (at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Error> {
    let needed = |it: &&Station| lines.iter().any(|line| line.is_made_at(&it.id));
    match stations.iter().filter(needed).find(|it| !it.takes_for(at, now)) {
        Some(it) => Err(rests(it, lines)),
        None => Ok(()),
    }
}

/// A station cannot make what it is needed for.
fn rests(station: &Station, lines: &[OrderedItem]) -> Error {
    let dishes = lines.iter().filter(|line| line.is_made_at(&station.id)).map(|line| line.name.clone()).collect();
    Error::StationRests { station: station.id.clone(), state: station.state, dishes }
}

/// A wish with the showing's times as they are known now.
async fn current_wish(tx: &mut Tx, showing: Uuid, wish: Wish) -> Result<Wish, Error> {
    let known = store::showings::times(tx.conn(), showing).await?;
    Ok(known.map_or(wish, |times| Wish { starts_at: times.starts_at, ends_at: times.at_counter(), ..wish }))
}

/// What the rules of ordering know of the quarters of a span, for meals of these guests; None: the house has none.
async fn wave(
    tx: &mut Tx,
    guests: impl Iterator<Item = Guests>,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<Wave>, Error> {
    let Some(rules) = store::ordering::rules(tx.conn()).await? else { return Ok(None) };
    let showings: BTreeSet<Uuid> = guests.filter_map(|it| it.showing).collect();
    let showings: Vec<Uuid> = showings.into_iter().collect();
    Ok(Some(Wave::of(&rules, store::ordering::taken(tx.conn(), &showings, from, until).await?)))
}

/// Looks for a place, with the time that the stations have left, within the rules where they leave one. The kitchen must
/// be locked.
async fn find_place(
    tx: &mut Tx,
    wish: &Wish,
    need: &Need,
    guests: Guests,
) -> Result<(Placing, chrono::TimeDelta), Error> {
    let now = tx.now();
    let (from, until) = reach(wish, now);
    let stations: Vec<&str> = need.keys().map(String::as_str).collect();
    let hours = store::kitchen::hours(tx.conn()).await?;
    let room = store::slots::room_for_sale(tx.conn(), &hours, &stations, from, until).await?;
    if let Some(station) = room.too_much_for(need) {
        return Err(Error::TooMuch(station));
    }
    let preparation = preparation(need, &room);
    let wave = wave(tx, std::iter::once(guests), (from, until)).await?;
    Ok((Placing::within(wish, (need, guests), now + preparation, &room, wave.as_ref()), preparation))
}

/// Moves the end of a hold; never to an earlier time.
pub(crate) async fn extend(tx: &mut Tx, visit: Uuid, expires_at: DateTime<Utc>) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order_of_visit(tx.conn(), visit).await?.ok_or(Error::NoOrder)?;
    match order.state {
        OrderState::Held if order.is_live(tx.now()) => {}
        OrderState::Held | OrderState::Expired => return Err(Error::HoldExpired),
        state => return Err(Error::NotHeld(state)),
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
        store::ordering::free_stock(tx.conn(), &[order.id]).await?;
    }
    Ok(())
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
    store::claims::claim(tx.conn(), order.id, place.slot_at, need).await
}

/// The visit is cancelled, and its meal with it; what is being made already waits for staff. With `refund` its money goes
/// back whatever becomes of it, and its receipt is taken back.
pub(crate) async fn cancel(tx: &mut Tx, visit: Uuid, refund: bool) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    let Some(mut order) = store::lock_order_of_visit(tx.conn(), visit).await? else {
        return Ok(());
    };
    if refund {
        receipts::take_back(tx, &mut order).await?;
    } else {
        // What staff have said goes back does so, though nothing else of the visit's money does.
        affected::refund_now(tx, &mut order).await?;
        substitution::settle(tx, &mut order).await?;
    }
    match order.cancellation() {
        Cancellation::Keep if order.state == OrderState::Cancelled => {
            // It was stopped a moment ago, and is not taken up again: nobody comes for it.
            store::kitchen::forget_move(tx.conn(), order.id).await
        }
        Cancellation::Keep => Ok(()),
        Cancellation::Ask => affected::cancelled_while_made(tx, &order).await,
        Cancellation::Cancel => {
            kitchen::set_state(tx, &mut order, OrderState::Cancelled).await?;
            store::slots::free(tx.conn(), &[order.id]).await?;
            store::ordering::free_stock(tx.conn(), &[order.id]).await
        }
    }
}
