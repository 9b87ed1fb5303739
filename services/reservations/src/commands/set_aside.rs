//! What is told of visits to a showing that somebody keeps locked: it waits, and is taken up again once the showing is free.

use std::collections::HashSet;

use kernel::{Event, Tx};
use uuid::Uuid;

use crate::{
    error::Error,
    store::{self, sale::patience},
};

/// Locks the showings of visits. Answers the visits whose turn is later: their showing is kept locked, or something was set
/// aside of them before.
pub(crate) async fn lock_showings_of(tx: &mut Tx, visits: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    store::set_aside::lock_showings_of(tx.conn(), visits).await
}

/// Keeps events of visits for later, in their order.
pub(crate) async fn set_aside(tx: &mut Tx, events: &[(Uuid, &Event)]) -> Result<(), Error> {
    store::set_aside::save(tx.conn(), events).await
}

/// Locks the showing, if that does not take long, and answers what was told first of what waits of a visit to it, which waits
/// no more.
pub(crate) async fn take_up(tx: &mut Tx, visit: Uuid, showing: Uuid) -> Result<Option<Event>, Error> {
    store::sale::wait_at_most(tx.conn(), patience::TOGETHER).await?;
    store::lock_showing(tx.conn(), showing).await?;
    store::set_aside::take_first(tx.conn(), visit).await
}

/// Buries what waits of a visit, because the first of it cannot be done: from then on it is the event log's business like any
/// other event that cannot be applied, for `sky dead list` and `sky dead replay`.
pub(crate) async fn bury(tx: &mut Tx, producer: &'static str, visit: Uuid, why: &str) -> Result<(), Error> {
    kernel::dead::stand_still(tx, producer).await?;
    let events = store::set_aside::take_all(tx.conn(), visit).await?;
    Ok(kernel::dead::bury(tx, crate::SERVICE.name, producer, &events, why).await?)
}
