//! What happens in the kitchen by itself: orders fire by the clock, what is not collected is called again and given
//! up; and stations open, are busy, and rest.

use chrono::TimeDelta;
use kernel::{BoxFuture, Tx, clock::wall_now, values::day_of};
use uuid::Uuid;

use super::{KITCHEN_KEY, KITCHEN_TOPIC, affected, lock_kitchen, pushes, screens, substitution, waste};
use crate::{
    domain::{
        Order, OrderState, SEEN_CANCELLED, Station, StationState,
        kds::code,
        kitchen::{LastMove, WasteReason, ticket_id},
        need,
    },
    error::Error,
    events,
    store::{self, tickets::Made},
};

/// Whoever watches the kitchen gets to see it anew. The kitchen must be locked.
pub(crate) async fn touch_board(tx: &mut Tx) -> Result<(), Error> {
    store::bump_board(tx.conn()).await?;
    tx.touch(KITCHEN_TOPIC, KITCHEN_KEY);
    Ok(())
}

/// Moves an order to a state and tells everybody. What is over needs no decision any more.
pub(super) async fn set_state(tx: &mut Tx, order: &mut Order, state: OrderState) -> Result<(), Error> {
    let was_on_board = order.on_board;
    let code_before = code(order.state);
    order.becomes(state, tx.now());
    let is_told = store::kitchen::save_state(tx.conn(), order).await?;
    if matches!(state, OrderState::Collected | OrderState::Expired | OrderState::Cancelled) {
        store::affected::settle(tx.conn(), &[order.id]).await?;
    }
    if is_told && code(state) != code_before {
        pushes::status(tx, order).await?;
    }
    tx.append(&order.visit.to_string(), &events::order_state_changed(order)).await?;
    if was_on_board || order.on_board { touch_board(tx).await } else { Ok(()) }
}

/// The kitchen moves an order one step; a step that was taken before changes nothing.
pub(crate) async fn move_order(tx: &mut Tx, order_id: Uuid, to: OrderState) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    if order.state == to {
        return Ok(order);
    }
    let called_again = (order.state, to) == (OrderState::Ready, OrderState::Recalled);
    if order.state.next() != Some(to) && !called_again {
        return Err(Error::WrongStep { from: order.state });
    }
    take_step(tx, &mut order, to).await?;
    Ok(order)
}

/// One step of an order as a whole, which can be taken back.
pub(super) async fn take_step(tx: &mut Tx, order: &mut Order, to: OrderState) -> Result<(), Error> {
    substitution::settle(tx, order).await?;
    let last = LastMove { from: order.state, to, at: tx.now(), part: None };
    store::kitchen::save_move(tx.conn(), order.id, &last).await?;
    if matches!(to, OrderState::Preparing | OrderState::Ready) {
        store::tickets::set_work(tx.conn(), order.id, None, to).await?;
    }
    set_state(tx, order, to).await
}

/// Opens, slows, pauses or closes a station; saying the same again changes nothing. What was placed follows: it begins
/// earlier or comes later when the station is busy, needs a decision when it rests, and is freed when it works again.
pub(crate) async fn set_station_state(
    tx: &mut Tx,
    id: &str,
    state: StationState,
    delay: TimeDelta,
) -> Result<Station, Error> {
    lock_kitchen(tx).await?;
    begin_day(tx).await?;
    let stations = store::stations(tx.conn()).await?;
    let station =
        stations.into_iter().find(|station| station.id == id).ok_or_else(|| Error::NoSuchStation(id.to_owned()))?;
    // Whatever the kitchen's own system has said of it: from now on it is theirs.
    store::set_paused_by_system(tx.conn(), id, false).await?;
    set_stations(tx, vec![(station.clone(), state, delay)]).await?;
    Ok(Station { state, delay, ..station })
}

/// The same for some of them, each with its new state: others are told once. The kitchen must be locked.
pub(super) async fn set_stations(tx: &mut Tx, changes: Vec<(Station, StationState, TimeDelta)>) -> Result<(), Error> {
    let changed = |(was, state, delay): (Station, StationState, TimeDelta)| {
        let now = Station { state, delay, ..was.clone() };
        (now != was).then_some(now)
    };
    let changed: Vec<Station> = changes.into_iter().filter_map(changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    for station in &changed {
        store::set_station_state(tx.conn(), station).await?;
        tx.append(&station.id, &events::station_changed(station)).await?;
    }
    pushes::busy(tx).await?;
    for station in &changed {
        if station.is_open() {
            affected::station_works(tx, station).await?;
        } else {
            affected::station_rests(tx, station).await?;
        }
    }
    touch_board(tx).await
}

/// Notes that it is another day than before, if it is: stations that rested do so no more. The kitchen must be locked.
pub(super) async fn begin_day(tx: &mut Tx) -> Result<(), Error> {
    let today = day_of(tx.now());
    if !store::turn_day(tx.conn(), today).await? {
        return Ok(());
    }
    let stations = store::stations(tx.conn()).await?;
    let rested = stations.into_iter().filter(|station| !station.is_open());
    set_stations(tx, rested.map(|station| (station, StationState::Open, TimeDelta::zero())).collect()).await?;
    touch_board(tx).await
}

/// Ends the holds that have run out and frees their time. The kitchen must be locked.
pub(crate) async fn end_holds(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let ended = store::end_holds(tx.conn(), now).await?;
    if !ended.is_empty() {
        store::slots::free(tx.conn(), &ended).await?;
        store::ordering::free_stock(tx.conn(), &ended).await?;
    }
    Ok(())
}

/// Every second: fires what is due, ends what time has ended.
pub(crate) fn tick(tx: &mut Tx) -> BoxFuture<'_, Result<(), Error>> {
    Box::pin(async move {
        let now = tx.now();
        if !store::is_anything_due(tx.conn(), now, now - SEEN_CANCELLED).await? {
            return Ok(());
        }
        lock_kitchen(tx).await?;
        begin_day(tx).await?;
        end_holds(tx).await?;
        substitution::settle_due(tx).await?;
        affected::decide_unanswered(tx).await?;
        fire_due(tx).await?;
        let rules = store::kitchen::rules(tx.conn()).await?;
        for mut order in store::lock_standing(tx.conn(), OrderState::Ready, now - rules.recall).await? {
            set_state(tx, &mut order, OrderState::Recalled).await?;
        }
        let recalled = store::lock_standing(tx.conn(), OrderState::Recalled, now - rules.give_up).await?;
        let ids: Vec<Uuid> = recalled.iter().map(|order| order.id).collect();
        let by_hand = store::kitchen::last_moves(tx.conn(), &ids).await?;
        for mut order in recalled {
            // Whom somebody has called again waits no shorter than whom the clock has.
            let called_at = by_hand.get(&order.id).filter(|it| it.to == OrderState::Recalled).map(|it| it.at);
            if called_at.is_some_and(|at| now < at + rules.recall + rules.give_up) {
                continue;
            }
            set_state(tx, &mut order, OrderState::Expired).await?;
            waste::all_of(tx, &order, WasteReason::NotCollected).await?;
        }
        if store::clear_cancelled(tx.conn(), now - SEEN_CANCELLED).await? > 0 {
            touch_board(tx).await?;
        }
        Ok(())
    })
}

/// Fires what is due, all in a few statements. What needs a station that rests is not begun: it needs a decision.
async fn fire_due(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let mut due = store::lock_due(tx.conn(), now).await?;
    if due.is_empty() {
        return Ok(());
    }
    for station in store::stations(tx.conn()).await?.iter().filter(|station| !station.is_open()) {
        let before = due.len();
        due.retain(|order| !order.lines.iter().any(|line| line.is_made_at(&station.id)));
        if due.len() < before {
            affected::station_rests(tx, station).await?;
        }
    }
    begin(tx, due).await
}

/// The kitchen begins. Whatever is replayed, an order is told to be fired once: the guard is `firing_once`.
async fn begin(tx: &mut Tx, mut orders: Vec<Order>) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let fresh = store::kitchen::note_firing(tx.conn(), &ids, now).await?;
    let mut tickets = Vec::new();
    for order in &mut orders {
        order.becomes(OrderState::Fired, now);
        if !fresh.contains(&order.id) {
            tracing::error!(order = %order.id, "was fired before; it is not fired again");
            continue;
        }
        tickets.extend(need(&order.lines).into_keys().map(|station| Made {
            id: ticket_id(order.id, &station, 0),
            order: order.id,
            round: 0,
            station,
        }));
        tx.append(&order.visit.to_string(), &events::order_state_changed(order)).await?;
    }
    store::kitchen::save_states(tx.conn(), &orders).await?;
    let wall = wall_now();
    store::tickets::make(tx.conn(), &tickets, wall, wall - screens::PATIENCE).await?;
    touch_board(tx).await
}
