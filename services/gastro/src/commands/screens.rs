//! Kitchen screens and the ticket printer: what is shown nowhere is printed, and what is not printed stays unsent.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, clock::wall_now};
use uuid::Uuid;

use super::{kitchen, lock_kitchen};
use crate::{domain::kitchen::Ticket, error::Error, store};

/// Screens say every 20 s that they are there; two may be missed, and a little more for the way.
pub(crate) const PATIENCE: TimeDelta = TimeDelta::seconds(45);
/// A printer that did not take a ticket is asked again after this, longer each time, …
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// … but not longer than this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// A screen shows a station, or all (none). What was unsent is read there now.
pub(crate) async fn seen(tx: &mut Tx, screen: &str, station: Option<&str>) -> Result<(), Error> {
    if let Some(id) = station
        && !store::stations(tx.conn()).await?.iter().any(|it| it.id == id)
    {
        return Err(Error::NoSuchStation(id.to_owned()));
    }
    // The kitchen before its tickets, like everybody; most often there is nothing to be brought up.
    if store::tickets::is_any_unsent(tx.conn(), station).await? {
        lock_kitchen(tx).await?;
    }
    if store::tickets::screen_seen(tx.conn(), screen, station, wall_now()).await? > 0 {
        kitchen::touch_board(tx).await?;
    }
    Ok(())
}

/// Screens that have been silent leave their tickets to the printer.
pub(crate) async fn watch_over(tx: &mut Tx) -> Result<(), Error> {
    let now = wall_now();
    if !store::tickets::is_any_left_alone(tx.conn(), now - PATIENCE).await? {
        return Ok(());
    }
    lock_kitchen(tx).await?;
    if store::tickets::leave_silent_screens(tx.conn(), now - PATIENCE, now).await? > 0 {
        kitchen::touch_board(tx).await?;
    }
    Ok(())
}

/// The printer is about to be sent a ticket. Noted before, so that whoever is asked whether it is on paper knows also when
/// this process ends in the middle of it. False: it is not to be printed any more.
pub(crate) async fn sending(tx: &mut Tx, id: Uuid) -> Result<bool, Error> {
    lock_kitchen(tx).await?;
    store::tickets::sending(tx.conn(), id).await
}

/// The printer has taken a ticket and said so.
pub(crate) async fn printed(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    store::tickets::printed(tx.conn(), id).await?;
    kitchen::touch_board(tx).await
}

/// The printer has not taken a ticket, or nobody knows whether it has: it stays unsent, and is tried again.
pub(crate) async fn not_printed(tx: &mut Tx, ticket: &Ticket, problem: &str) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    let times = i32::try_from(ticket.attempts.min(10)).unwrap_or_default() + 1;
    store::tickets::not_printed(tx.conn(), ticket.id, problem, again_at(wall_now(), times)).await?;
    kitchen::touch_board(tx).await
}

fn again_at(now: DateTime<Utc>, times: i32) -> DateTime<Utc> {
    now + (PAUSE * times).min(LONGEST_PAUSE)
}

/// Staff want a ticket on paper now.
pub(crate) async fn print_now(tx: &mut Tx, id: Uuid) -> Result<Ticket, Error> {
    lock_kitchen(tx).await?;
    store::tickets::ticket(tx.conn(), id).await?.ok_or(Error::NoSuchTicket)?;
    store::tickets::print_now(tx.conn(), id, wall_now()).await?;
    kitchen::touch_board(tx).await?;
    store::tickets::ticket(tx.conn(), id).await?.ok_or(Error::NoSuchTicket)
}
