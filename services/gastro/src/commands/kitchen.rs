//! What happens in the kitchen: orders fire by the clock and are moved by hand, stations rest.

use kernel::{BoxFuture, Tx};
use uuid::Uuid;

use super::{KITCHEN_KEY, KITCHEN_TOPIC, lock_kitchen};
use crate::{
    domain::{Order, OrderState, SEEN_CANCELLED, Station, StationState, UNCOLLECTED},
    error::Error,
    events, store,
};

/// Whoever watches the kitchen gets to see it anew. The kitchen must be locked.
pub(crate) async fn touch_board(tx: &mut Tx) -> Result<(), Error> {
    store::bump_board(tx.conn()).await?;
    tx.touch(KITCHEN_TOPIC, KITCHEN_KEY);
    Ok(())
}

/// Moves an order to a state and tells everybody.
pub(super) async fn set_state(tx: &mut Tx, order: &mut Order, state: OrderState) -> Result<(), Error> {
    let was_on_board = order.on_board;
    order.becomes(state, tx.now());
    store::save_order(tx.conn(), order).await?;
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
    if order.state.next() != Some(to) {
        return Err(Error::WrongStep { from: order.state });
    }
    set_state(tx, &mut order, to).await?;
    Ok(order)
}

/// Opens, pauses or closes a station; saying the same again changes nothing.
pub(crate) async fn set_station_state(tx: &mut Tx, id: &str, state: StationState) -> Result<Station, Error> {
    lock_kitchen(tx).await?;
    let stations = store::stations(tx.conn()).await?;
    let mut station =
        stations.into_iter().find(|station| station.id == id).ok_or_else(|| Error::NoSuchStation(id.to_owned()))?;
    if station.state == state {
        return Ok(station);
    }
    station.state = state;
    store::set_station_state(tx.conn(), id, state).await?;
    tx.append(id, &events::station_changed(&station)).await?;
    touch_board(tx).await?;
    Ok(station)
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
        if !store::is_anything_due(tx.conn(), now, now - UNCOLLECTED, now - SEEN_CANCELLED).await? {
            return Ok(());
        }
        lock_kitchen(tx).await?;
        end_holds(tx).await?;
        for mut order in store::lock_due(tx.conn(), now).await? {
            set_state(tx, &mut order, OrderState::Fired).await?;
        }
        for mut order in store::lock_uncollected(tx.conn(), now - UNCOLLECTED).await? {
            set_state(tx, &mut order, OrderState::Expired).await?;
        }
        if store::clear_cancelled(tx.conn(), now - SEEN_CANCELLED).await? > 0 {
            touch_board(tx).await?;
        }
        Ok(())
    })
}
