//! What another kitchen display tells of an order, and of the kitchen.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::invalid};
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen, replanning};
use crate::{
    domain::{
        Order, OrderState, Station, StationState,
        kds::{KdsStatus, LONGEST_DELAY, Load},
        kitchen_system::Token,
    },
    error::Error,
    events, store,
};

/// A status that a kitchen system has sent. Late, repeated and backward ones change nothing.
pub(crate) async fn told(tx: &mut Tx, order_id: Uuid, status: KdsStatus) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    for step in status.steps(order.state) {
        kitchen::take_step(tx, &mut order, *step).await?;
    }
    let is_open = order.state == OrderState::Scheduled || order.state.is_begun();
    if status == KdsStatus::WentWrong && is_open {
        affected::refused_by_system(tx, &order).await?;
    }
    Ok(order)
}

/// A kitchen system says when a meal will be there. Only a later time is news: sooner than they want it nobody comes for
/// it. What was begun goes on and is there later; what was not begun takes a place of that time, or is made then all the
/// same.
pub(crate) async fn told_time(tx: &mut Tx, order_id: Uuid, at: DateTime<Utc>) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let mut order = store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)?;
    let later = at - order.pickup_at;
    if later > LONGEST_DELAY {
        let hours = LONGEST_DELAY.num_hours();
        return Err(invalid("pickupTime", format!("is more than {hours} hours later than what was promised")).into());
    }
    if later <= TimeDelta::zero() {
        return Ok(order);
    }
    match order.state {
        OrderState::Scheduled => replanning::told_later(tx, order, at).await?,
        OrderState::Fired | OrderState::Preparing => {
            order.preparation += later;
            order.pickup_at = at;
            store::kitchen::save_plans(tx.conn(), std::slice::from_ref(&order)).await?;
            tx.append(&order.visit.to_string(), &events::order_moved(&order)).await?;
            kitchen::touch_board(tx).await?;
        }
        _ => return Ok(order),
    }
    store::lock_order(tx.conn(), order_id).await?.ok_or(Error::NoSuchOrder)
}

/// A kitchen system says how busy the whole kitchen is. What the house would say itself is no news: a system that sends
/// back what it is told must not open a station that staff have paused. Nor does other news: it opens what it has paused
/// itself.
pub(crate) async fn told_load(tx: &mut Tx, load: Load) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    kitchen::begin_day(tx).await?;
    let stations = store::stations(tx.conn()).await?;
    if Load::of(&stations) == load {
        return Ok(());
    }
    let own = store::paused_by_system(tx.conn()).await?;
    let change = |station: Station| {
        let (state, delay) = load.of_station(station.state, own.contains(&station.id));
        (station, state, delay)
    };
    let changes: Vec<(Station, StationState, TimeDelta)> = stations.into_iter().map(change).collect();
    for (station, state, _) in &changes {
        if *state == StationState::Paused && station.is_open() {
            store::set_paused_by_system(tx.conn(), &station.id, true).await?;
        }
    }
    kitchen::set_stations(tx, changes).await
}

/// That a system has spoken is written down so often.
pub(crate) const EVERY: TimeDelta = TimeDelta::minutes(1);

/// A new token for a kitchen system; only its hash is kept.
pub(crate) async fn issue_token(tx: &mut Tx, hash: &[u8], name: &str, by: &str) -> Result<(), Error> {
    let now = tx.now();
    store::kds_tokens::save(tx.conn(), hash, name, by, now).await
}

/// A token is good no more. A repeat changes nothing.
pub(crate) async fn revoke_token(tx: &mut Tx, id: Uuid, by: &str) -> Result<Token, Error> {
    let now = tx.now();
    store::kds_tokens::revoke(tx.conn(), id, by, now).await?.ok_or(Error::NoSuchToken)
}

/// A system has spoken.
pub(crate) async fn spoke(tx: &mut Tx, token: Uuid) -> Result<(), Error> {
    let now = tx.now();
    store::kds_tokens::note_use(tx.conn(), token, now).await
}
