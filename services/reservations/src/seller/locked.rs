//! Selling under a showing's lock: what helps when its places change all the time. Who wants places of a showing
//! that somebody keeps locked waits here, apart from all others, who are sold to meanwhile.

use std::time::Duration;

use kernel::{Coded, Db, Tx};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Answer, BATCH, Order, Waiting, answer, decide, first_answer, once_each};
use crate::{
    commands::SHOWINGS_TOPIC,
    error::Error,
    store::{
        self, bookings,
        sale::{Plans, patience},
    },
};

/// For so long after an order has found a showing locked, the next one is kept apart from the start.
const REMEMBERED: Duration = Duration::from_secs(5);

/// One showing, locked before it is looked at. If that fails, each order by itself: one that cannot
/// be written must not keep the others from their places. Answers the orders that are left because somebody keeps
/// a lock for longer than `patience`.
pub(super) async fn sell(
    db: &Db,
    plans: &Plans,
    showing: Uuid,
    mut orders: Vec<Waiting>,
    patience: &'static str,
) -> Vec<Waiting> {
    // It may have taken long to come here, and places that nobody waits for are places that others do not get.
    orders.retain(|it| !it.reply.is_closed());
    if orders.is_empty() {
        return orders;
    }
    let plain: Vec<Order> = orders.iter().map(|it| it.order.clone()).collect();
    let mut left = Vec::new();
    match locked(db, plans, showing, plain, patience).await {
        Ok(answers) => orders.into_iter().zip(answers).for_each(|(it, decided)| answer(it, decided)),
        Err(error) if store::sale::waited_too_long(&error) => left = orders,
        Err(error) if orders.len() > 1 && (matches!(error, Error::Raced) || !error.code().is_transient()) => {
            for it in orders {
                if !left.is_empty() {
                    left.push(it);
                    continue;
                }
                match locked(db, plans, showing, vec![it.order.clone()], patience).await {
                    Err(error) if store::sale::waited_too_long(&error) => left.push(it),
                    alone => answer(it, alone.and_then(|mut it| it.pop().unwrap_or(Err(Error::Interrupted)))),
                }
            }
        }
        Err(error) => {
            let mut error = Some(error);
            orders.into_iter().for_each(|it| answer(it, Err(error.take().unwrap_or(Error::Interrupted))));
        }
    }
    left
}

/// Sells a showing that somebody keeps locked, until an order has found it free or nobody has wanted it for a while;
/// then the queue is closed, and who is in it still is served. When it was waited for in vain, all who are there hear
/// that they may ask again.
pub(super) async fn sell_apart(
    db: Db,
    plans: Plans,
    showing: Uuid,
    mut waiting: Vec<Waiting>,
    mut queue: mpsc::Receiver<Waiting>,
) {
    loop {
        let (batch, later) = once_each(waiting);
        waiting = later;
        if !batch.is_empty() {
            let mut left = sell(&db, &plans, showing, batch, patience::APART).await;
            if left.is_empty() {
                queue.close();
            } else {
                left.append(&mut waiting);
                while let Ok(next) = queue.try_recv() {
                    left.push(next);
                }
                tracing::warn!(%showing, orders = left.len(), "somebody keeps a showing locked; it cannot be sold now");
                left.into_iter().for_each(|it| answer(it, Err(Error::Interrupted)));
            }
        }
        if waiting.is_empty() {
            match tokio::time::timeout(REMEMBERED, queue.recv()).await {
                Ok(Some(next)) => waiting.push(next),
                Ok(None) => return,
                Err(_) => queue.close(),
            }
        }
        while waiting.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            waiting.push(next);
        }
    }
}

async fn locked(
    db: &Db,
    plans: &Plans,
    showing: Uuid,
    orders: Vec<Order>,
    patience: &'static str,
) -> Result<Vec<Answer>, Error> {
    let mut plans = plans.clone();
    db.transact(move |tx| {
        Box::pin(async move {
            store::sale::wait_at_most(tx.conn(), patience).await?;
            sell_locked(tx, &mut plans, showing, &orders).await
        })
    })
    .await
}

async fn sell_locked(tx: &mut Tx, plans: &mut Plans, showing: Uuid, orders: &[Order]) -> Result<Vec<Answer>, Error> {
    let now = tx.now();
    store::lock_showing(tx.conn(), showing).await?;
    let keys: Vec<Uuid> = orders.iter().map(|order| order.key).collect();
    let known = store::sale::known(tx.conn(), &keys, &[]).await?;
    let mut sale = store::sale::load(tx.conn(), plans, &[showing], now).await?.pop().ok_or(Error::NoShowing)?;
    let (mut answers, mut granted) = (Vec::new(), Vec::new());
    for order in orders {
        let booking = bookings::lock(tx.conn(), order.wish.visit).await?;
        answers.push(match known.given.get(&order.key) {
            Some(given) => first_answer(given, order),
            None if booking.is_some_and(|booking| booking.has_places(now)) => Err(Error::AlreadyHeld),
            None => decide(&mut sale, order, now, &mut granted),
        });
    }
    if !granted.is_empty() {
        let sold = store::sale::write(tx.conn(), &[(showing, sale.version())], &granted, now).await?;
        if sold.is_empty() {
            return Err(Error::Raced);
        }
        tx.touch(SHOWINGS_TOPIC, SHOWINGS_TOPIC);
    }
    Ok(answers)
}
