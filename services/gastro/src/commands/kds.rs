//! What another kitchen display tells of an order.

use chrono::TimeDelta;
use kernel::Tx;
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen};
use crate::{
    domain::{Order, OrderState, kds::KdsStatus, kitchen_system::Token},
    error::Error,
    store,
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
