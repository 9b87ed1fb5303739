//! A visit goes to another showing of the day: its meal goes with it, near its new time. What is being made already
//! stays what it is; the counter keeps it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{current_wish, kitchen, lock_kitchen, replanning};
use crate::{
    domain::{OrderState, Wish},
    error::Error,
    store,
};

/// A visit that has moved; with the times of its new showing where journey knew them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rebooked {
    pub(crate) visit: Uuid,
    pub(crate) to: Uuid,
    pub(crate) times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Moves the meal along. Where no station has time for hours, its old pickup holds no more, and staff decide.
pub(crate) async fn rebooked(tx: &mut Tx, it: Rebooked) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    let Some(mut order) = store::lock_order_of_visit(tx.conn(), it.visit).await? else { return Ok(()) };
    if order.showing == it.to {
        return Ok(());
    }
    order.showing = it.to;
    store::move_order(tx.conn(), order.id, it.to).await?;
    if let Some(times) = it.times {
        store::showings::save_if_unknown(tx.conn(), &BTreeMap::from([(it.to, times)])).await?;
    }
    if !matches!(order.state, OrderState::Held | OrderState::Scheduled) {
        return Ok(());
    }
    kitchen::end_holds(tx).await?;
    let wish = it.times.map_or(order.wish, |(starts_at, ends_at)| Wish { starts_at, ends_at, ..order.wish });
    order.wish = current_wish(tx, it.to, wish).await?;
    replanning::follow(tx, vec![order]).await
}
