//! What the kitchen's own system is to be told, written down with what it is about.

use chrono::TimeDelta;
use kernel::{Tx, clock::wall_now};
use uuid::Uuid;

use super::{kitchen::touch_board, lock_kitchen};
use crate::{
    domain::{
        Order,
        kds::{Message, pause},
        kitchen_system::{Letter, MessageState, PATIENT_ATTEMPTS},
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

/// It was taken at this attempt; or refused for good, with the reason.
pub(crate) async fn over(tx: &mut Tx, id: Uuid, attempts: u32, refused: &str) -> Result<(), Error> {
    store::pushes::end(tx.conn(), id, refused, wall_now()).await?;
    if attempts > PATIENT_ATTEMPTS || !refused.is_empty() { shown(tx).await } else { Ok(()) }
}

/// It was not taken: later again.
pub(crate) async fn not_taken(tx: &mut Tx, id: Uuid, attempts: u32, problem: &str) -> Result<(), Error> {
    store::pushes::again(tx.conn(), id, problem, wall_now() + pause(attempts)).await?;
    if attempts == PATIENT_ATTEMPTS { shown(tx).await } else { Ok(()) }
}

/// The kitchen's board counts what its system does not take.
async fn shown(tx: &mut Tx) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    touch_board(tx).await
}

/// Staff want one sent now. What was refused goes under another key: the system may remember that it refused this one.
pub(crate) async fn send_now(tx: &mut Tx, id: Uuid) -> Result<Letter, Error> {
    let letter = store::letters::lock(tx.conn(), id).await?.ok_or(Error::NoSuchKdsMessage)?;
    let key = match letter.state() {
        MessageState::Taken => return Ok(letter),
        MessageState::Waiting => None,
        MessageState::Refused | MessageState::GivenUp => {
            if store::letters::is_overtaken(tx.conn(), id).await? {
                return Err(Error::MessageOvertaken);
            }
            Some(Uuid::new_v4())
        }
    };
    store::letters::wait_again(tx.conn(), id, key, wall_now()).await?;
    after(tx, id).await
}

/// Staff have told the kitchen's system otherwise, or it need not know.
pub(crate) async fn give_up(tx: &mut Tx, id: Uuid, reason: &str, by: &str) -> Result<Letter, Error> {
    let letter = store::letters::lock(tx.conn(), id).await?.ok_or(Error::NoSuchKdsMessage)?;
    match letter.state() {
        MessageState::GivenUp => return Ok(letter),
        MessageState::Taken => return Err(Error::MessageTaken),
        MessageState::Waiting | MessageState::Refused => {}
    }
    tracing::warn!(push = %id, by, reason, "a message to the kitchen's system is given up");
    store::letters::give_up(tx.conn(), id, by, reason, wall_now()).await?;
    after(tx, id).await
}

async fn after(tx: &mut Tx, id: Uuid) -> Result<Letter, Error> {
    shown(tx).await?;
    store::letters::lock(tx.conn(), id).await?.ok_or(Error::NoSuchKdsMessage)
}
