//! Many meals follow what has moved, in a number of statements that does not grow with them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{affected, kitchen::touch_board, pushes, wave};
use crate::{
    domain::{
        Order, OrderState, Room, Wish, need, preparation, reach,
        replan::{Meal, Planned, Wave, replan as plan},
        soonest_place,
    },
    error::Error,
    events,
    store::{self, claims::Claim},
};

/// Meals with what they are planned from.
pub(super) async fn meals(
    tx: &mut Tx,
    orders: &[Order],
    not_before: Option<DateTime<Utc>>,
) -> Result<(Vec<Meal>, Room, Option<Wave>), Error> {
    let now = tx.now();
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let slots = store::slots::of_orders(tx.conn(), &ids).await?;
    let meals: Vec<Meal> = orders
        .iter()
        .map(|order| Meal {
            id: order.id,
            wish: order.wish,
            need: need(&order.lines),
            guests: order.guests(),
            pickup_at: order.pickup_at,
            slot_at: slots.get(&order.id).copied(),
            not_before: not_before.unwrap_or(now),
            stays: true,
        })
        .collect();
    let mut stations: Vec<&str> = meals.iter().flat_map(|meal| meal.need.keys().map(String::as_str)).collect();
    stations.sort_unstable();
    stations.dedup();
    let reaches = |meal: &Meal| {
        let at = Wish { ends_at: meal.wish.ends_at.max(meal.not_before), ..meal.wish };
        let (from, until) = reach(&at, now);
        let slot_at = meal.slot_at.unwrap_or(from);
        (from.min(slot_at), until.max(slot_at))
    };
    let from = meals.iter().map(|meal| reaches(meal).0).min().unwrap_or(now);
    let until = meals.iter().map(|meal| reaches(meal).1).max().unwrap_or(now);
    let room = store::slots::room(tx.conn(), &stations, from, until).await?;
    let wave = wave(tx, meals.iter().map(|meal| meal.guests), (from, until)).await?;
    Ok((meals, room, wave))
}

/// Plans meals anew, which cannot be picked up before an instant: what can still be made in time stays where it is.
pub(super) async fn replan(tx: &mut Tx, orders: Vec<Order>, not_before: Option<DateTime<Utc>>) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let (mut meals, mut room, mut wave) = meals(tx, &orders, not_before).await?;
    let planned = plan(&mut meals, &mut room, wave.as_mut(), tx.now());
    carry_out(tx, orders, &meals, planned).await
}

/// The same of those whose station has changed. What is made regardless of the stations' time stays where it was put.
pub(super) async fn follow_station(tx: &mut Tx, mut orders: Vec<Order>) -> Result<(), Error> {
    orders.retain(|order| !order.regardless);
    replan(tx, orders, None).await
}

/// A meal is made that no station has time for: as soon as its guests can be there, and not before an instant. Of the
/// stations' time it takes none, for there is none.
pub(super) async fn regardless(tx: &mut Tx, mut order: Order, not_before: DateTime<Utc>) -> Result<(), Error> {
    let now = tx.now();
    let (meals, room, _) = meals(tx, std::slice::from_ref(&order), None).await?;
    let Some(meal) = meals.first() else { return Ok(()) };
    let preparation = preparation(&meal.need, &room);
    order.takes_regardless(&soonest_place(&order.wish, (now + preparation).max(not_before)), preparation);
    store::slots::free(tx.conn(), &[order.id]).await?;
    store::kitchen::save_plans(tx.conn(), std::slice::from_ref(&order)).await?;
    tx.append(&order.visit.to_string(), &events::order_moved(&order)).await?;
    pushes::times(tx, &[&order]).await?;
    touch_board(tx).await
}

/// The kitchen's own system says that a meal is there no sooner than that. It knows: where no station has time left then, the
/// meal is made all the same. One that has lost its time stays for staff to decide.
pub(super) async fn told_later(tx: &mut Tx, order: Order, not_before: DateTime<Utc>) -> Result<(), Error> {
    if order.regardless {
        return regardless(tx, order, not_before).await;
    }
    let (mut meals, mut room, mut wave) = meals(tx, std::slice::from_ref(&order), Some(not_before)).await?;
    let planned = plan(&mut meals, &mut room, wave.as_mut(), tx.now());
    let loses_time = |(meal, planned): (&Meal, &Planned)| meal.slot_at.is_some() && planned.place.is_none();
    if meals.iter().zip(&planned).any(loses_time) {
        return regardless(tx, order, not_before).await;
    }
    carry_out(tx, vec![order], &meals, planned).await
}

/// Meals follow their showing: these have another wish than the one they were placed for.
pub(super) async fn follow(tx: &mut Tx, moved: Vec<Order>) -> Result<(), Error> {
    if moved.is_empty() {
        return Ok(());
    }
    let (mut meals, mut room, mut wave) = meals(tx, &moved, None).await?;
    for meal in &mut meals {
        meal.stays = false;
    }
    let planned = plan(&mut meals, &mut room, wave.as_mut(), tx.now());
    carry_out(tx, moved, &meals, planned).await
}

async fn carry_out(tx: &mut Tx, mut orders: Vec<Order>, meals: &[Meal], planned: Vec<Planned>) -> Result<(), Error> {
    // What stays in its quarter keeps the time that it has taken.
    let leaves = |(meal, planned): &(&Meal, &Planned)| meal.slot_at != planned.place.map(|place| place.slot_at);
    let leave = || meals.iter().zip(&planned).filter(leaves);
    let ids: Vec<Uuid> = leave().map(|(meal, _)| meal.id).collect();
    let claims: Vec<Claim> = leave().flat_map(|(meal, planned)| claims(meal, planned)).collect();
    if !ids.is_empty() {
        store::claims::move_all(tx.conn(), &ids, &claims).await?;
    }
    let places: HashMap<Uuid, Planned> = planned.into_iter().map(|planned| (planned.id, planned)).collect();
    let (mut moved, mut without) = (HashSet::new(), HashSet::new());
    for order in &mut orders {
        let Some(planned) = places.get(&order.id) else { continue };
        let before = (order.pickup_at, order.preparation);
        match &planned.place {
            Some(place) => order.takes(place, planned.preparation),
            None => {
                order.regardless = false;
                without.insert(order.id);
            }
        }
        if (order.pickup_at, order.preparation) != before {
            moved.insert(order.id);
            tx.append(&order.visit.to_string(), &events::order_moved(order)).await?;
        }
    }
    store::kitchen::save_plans(tx.conn(), &orders).await?;
    // What is held is promised to nobody yet: it is asked for when it is confirmed.
    orders.retain(|order| order.state == OrderState::Scheduled);
    let moved: Vec<&Order> = orders.iter().filter(|order| moved.contains(&order.id)).collect();
    pushes::times(tx, &moved).await?;
    let (without, with): (Vec<&Order>, Vec<&Order>) = orders.iter().partition(|order| without.contains(&order.id));
    affected::have_time(tx, &with).await?;
    affected::no_time(tx, without.into_iter().cloned().collect()).await?;
    if moved.is_empty() { Ok(()) } else { touch_board(tx).await }
}

fn claims(meal: &Meal, planned: &Planned) -> Vec<Claim> {
    let claim = |slot_at| {
        let claim = move |(station, seconds): (&String, &u32)| Claim {
            order: meal.id,
            station: station.clone(),
            slot_at,
            seconds: *seconds,
        };
        meal.need.iter().map(claim).collect()
    };
    planned.place.map(|place| claim(place.slot_at)).unwrap_or_default()
}

/// Where meals would come that cannot be made before an instant. Changes nothing.
pub(super) async fn later(
    tx: &mut Tx,
    orders: &[Order],
    not_before: DateTime<Utc>,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, Error> {
    let (mut meals, mut room, mut wave) = meals(tx, orders, Some(not_before)).await?;
    for meal in &mut meals {
        meal.stays = false;
        // What comes later than it was wanted can only come after.
        meal.wish.pickup = crate::domain::Pickup::After;
        meal.not_before = meal.not_before.max(meal.pickup_at + TimeDelta::seconds(1));
    }
    let planned = plan(&mut meals, &mut room, wave.as_mut(), tx.now());
    Ok(planned.into_iter().filter_map(|it| Some((it.id, it.place?.pickup_at))).collect())
}
