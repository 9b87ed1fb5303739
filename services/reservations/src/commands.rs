//! What reservations does, each in a given transaction: load, decide, save, tell. No proto, no commit.

mod blocking;
mod confirm;
mod moving;
mod reissue;
mod reseat;
mod set_aside;
mod showings;

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

pub(crate) use blocking::set_blocked;
pub(crate) use confirm::{Confirmed, confirm};
pub(crate) use moving::{Move, move_booking};
pub(crate) use reissue::{forget_reasons, reissue};
pub(crate) use reseat::reseat;
pub(crate) use set_aside::{bury, lock_showings_of, set_aside, take_up};
pub(crate) use showings::{
    OnSale, cancel_showing, changed, delay_showing, schedule, set_sale_start, sweep, tell_availability,
};

use crate::{
    domain::{self, Booking, BookingState, Showing},
    error::Error,
    events,
    store::{self, bookings, claims},
};

/// The topic of the programme's live stream; its only key is the same.
pub(crate) const SHOWINGS_TOPIC: &str = "showings";

/// Locks the showing, so that whoever repeats a request waits for the first one's answer.
pub(crate) async fn lock_showing(tx: &mut Tx, showing: Uuid) -> Result<Showing, Error> {
    store::lock_showing(tx.conn(), showing).await
}

/// Claims a booking's places; the database has the last word on who has them.
async fn claim(tx: &mut Tx, booking: &Booking, expires_at: Option<DateTime<Utc>>) -> Result<(), Error> {
    let now = tx.now();
    let wanted = claims::with_places(&booking.seats);
    let channel = booking.channel.name();
    let got = claims::claim(tx.conn(), booking.showing, booking.visit, channel, &wanted, expires_at, now).await?;
    if got == wanted.len() as u64 {
        Ok(())
    } else {
        Err(Error::SeatsTaken(wanted.into_iter().map(|(label, _)| label).collect()))
    }
}

/// Moves the end of a hold, at most to [`domain::LONGEST_HOLD`] after it was made. It never comes sooner.
pub(crate) async fn extend(tx: &mut Tx, visit: Uuid, expires_at: DateTime<Utc>) -> Result<Booking, Error> {
    let now = tx.now();
    let (_, mut booking) = lock_booking(tx, visit).await?.ok_or(Error::NoBooking)?;
    match booking.state {
        BookingState::Held if now < booking.expires_at => {}
        BookingState::Held | BookingState::Expired => return Err(Error::HoldExpired),
        state => return Err(Error::NotHeld(state)),
    }
    // What was offered is held for longer from the start.
    if expires_at > booking.expires_at.max(booking.held_at + domain::LONGEST_HOLD) {
        return Err(Error::HeldLongEnough);
    }
    booking.expires_at = booking.expires_at.max(expires_at);
    bookings::save(tx.conn(), &booking).await?;
    if !claims::extend_claims(tx.conn(), &booking).await? {
        // Taken over by somebody whose clock is ahead of ours.
        return Err(Error::HoldExpired);
    }
    // Held places come back later than was told.
    changed(tx, booking.showing, false).await?;
    Ok(booking)
}

/// A booking with its showing, both locked in that order.
async fn lock_booking(tx: &mut Tx, visit: Uuid) -> Result<Option<(Showing, Booking)>, Error> {
    let Some(known) = bookings::booking(tx.conn(), visit).await? else {
        return Ok(None);
    };
    let showing = store::lock_showing(tx.conn(), known.showing).await?;
    let booking = bookings::lock(tx.conn(), visit).await?;
    // Moved to another showing while this one was waited for.
    if booking.as_ref().is_some_and(|booking| booking.showing != showing.id) {
        return Err(Error::Raced);
    }
    Ok(booking.map(|booking| (showing, booking)))
}

/// Frees held places; anything else stays as it is.
pub(crate) async fn release(tx: &mut Tx, visit: Uuid, becomes: BookingState) -> Result<(), Error> {
    let Some((showing, mut booking)) = lock_booking(tx, visit).await? else {
        return Ok(());
    };
    if booking.state != BookingState::Held {
        return Ok(());
    }
    booking.state = becomes;
    bookings::save(tx.conn(), &booking).await?;
    if claims::free_places(tx.conn(), &booking).await? > 0 {
        changed(tx, showing.id, true).await?;
    }
    Ok(())
}

/// The visit is cancelled, whatever state its places were in: they are free, its codes admit nobody.
pub(crate) async fn cancel(tx: &mut Tx, visit: Uuid) -> Result<(), Error> {
    let Some((showing, mut booking)) = lock_booking(tx, visit).await? else {
        return Ok(());
    };
    if booking.state == BookingState::Cancelled {
        return Ok(());
    }
    let was_confirmed = booking.state == BookingState::Confirmed;
    booking.state = BookingState::Cancelled;
    bookings::save(tx.conn(), &booking).await?;
    bookings::void_tickets(tx.conn(), visit).await?;
    let freed = claims::free_places(tx.conn(), &booking).await?;
    if was_confirmed {
        let tickets = bookings::tickets(tx.conn(), visit).await?;
        tx.append(&visit.to_string(), &events::booking_cancelled(&booking, &tickets)).await?;
    }
    if freed > 0 {
        changed(tx, showing.id, true).await?;
    }
    Ok(())
}
