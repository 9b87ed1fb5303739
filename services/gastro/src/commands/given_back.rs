//! What the counter gives back of its own till: noted with one touch when it was handed over, and taken back for a while
//! if that was a mistake. So what it is told is what it still owes.

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{affected, kitchen, lock_kitchen, substitution};
use crate::{
    domain::{Order, kitchen::GivenBack},
    error::Error,
    store,
};

/// The counter has given back all that it was told. Money that was handed over is not asked for again: what could still be
/// taken back of the order happens now.
pub(crate) async fn note(tx: &mut Tx, order_id: Uuid, cents: i64, by: &str) -> Result<Order, Error> {
    let mut order = lock(tx, order_id).await?;
    affected::refund_now(tx, &mut order).await?;
    substitution::settle(tx, &mut order).await?;
    let owed = store::given_back::owed(tx.conn(), order.id).await?;
    if owed == 0 || owed != cents {
        return Err(Error::OtherAmount { owed });
    }
    let given = GivenBack { cents, at: tx.now(), by: by.to_owned(), taken_back: None };
    store::given_back::note(tx.conn(), order.id, &given).await?;
    kitchen::touch_board(tx).await?;
    Ok(order)
}

/// What was noted then, or last, was not given back after all, and is owed again.
pub(crate) async fn take_back(
    tx: &mut Tx,
    order_id: Uuid,
    noted: Option<DateTime<Utc>>,
    by: &str,
) -> Result<Order, Error> {
    let order = lock(tx, order_id).await?;
    let now = tx.now();
    let since = now - store::kitchen::rules(tx.conn()).await?.undo;
    if !store::given_back::take_back(tx.conn(), order.id, noted, since, now, by).await? {
        return Err(Error::NothingToTakeBack);
    }
    kitchen::touch_board(tx).await?;
    Ok(order)
}

async fn lock(tx: &mut Tx, order: Uuid) -> Result<Order, Error> {
    lock_kitchen(tx).await?;
    let order = store::lock_order(tx.conn(), order).await?.ok_or(Error::NoSuchOrder)?;
    if order.walk_up { Ok(order) } else { Err(Error::NotWalkUp) }
}
