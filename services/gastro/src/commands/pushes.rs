//! What the kitchen's own system is to be told, written down with what it is about.

use chrono::TimeDelta;
use kernel::{Tx, clock::wall_now};
use uuid::Uuid;

use crate::{
    domain::{
        Order,
        kds::{Message, pause},
    },
    error::Error,
    store,
};

/// What was taken is kept for a week.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Orders have their times, or new ones.
pub(super) async fn times(tx: &mut Tx, orders: &[&Order]) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let Some((_, location, _)) = store::pushes::names(tx.conn()).await? else { return Ok(()) };
    let messages: Vec<Message> = orders.iter().map(|order| Message::prep(order, &location)).collect();
    store::pushes::add(tx.conn(), &messages, wall_now()).await
}

/// An order is further.
pub(super) async fn status(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    store::pushes::add(tx.conn(), &[Message::status(order)], wall_now()).await
}

/// Stations are busy, rest, or work again.
pub(super) async fn busy(tx: &mut Tx) -> Result<(), Error> {
    let Some(names) = store::pushes::names(tx.conn()).await? else { return Ok(()) };
    let stations = store::stations(tx.conn()).await?;
    store::pushes::add(tx.conn(), &[Message::busy(&stations, &names)], wall_now()).await
}

/// Whether there is a system to tell; and lets go of what is over for long.
pub(crate) async fn switch(tx: &mut Tx, on: bool) -> Result<(), Error> {
    store::pushes::switch(tx.conn(), on).await?;
    store::pushes::forget(tx.conn(), wall_now() - KEPT).await
}

/// It was taken; or refused for good, with the reason.
pub(crate) async fn over(tx: &mut Tx, id: Uuid, refused: &str) -> Result<(), Error> {
    store::pushes::end(tx.conn(), id, refused, wall_now()).await
}

/// It was not taken: later again.
pub(crate) async fn not_taken(tx: &mut Tx, id: Uuid, attempts: u32, problem: &str) -> Result<(), Error> {
    store::pushes::again(tx.conn(), id, problem, wall_now() + pause(attempts)).await
}
