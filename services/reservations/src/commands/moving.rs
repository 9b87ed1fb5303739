//! A booked party moves to another showing: new places first, then the old ones are free, in one transaction. Its
//! tickets and their codes stay what they are.

use kernel::Tx;
use uuid::Uuid;

use super::{changed, claim, reseat::placed};
use crate::{
    domain::{BookingState, Channel},
    error::Error,
    events,
    store::{self, bookings, claims, sale::Plans},
};

/// Where to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// The request's key: whoever hears of the move knows which one it was.
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) to: Uuid,
    pub(crate) channel: Channel,
}

/// Moves a party that is booked for another showing; one that is there already stays.
///
/// # Errors
/// No such booking, not booked, or no places for it there: then it keeps those that it has.
pub(crate) async fn move_booking(tx: &mut Tx, it: Move) -> Result<(), Error> {
    let now = tx.now();
    let from = bookings::booking(tx.conn(), it.visit).await?.ok_or(Error::NoBooking)?.showing;
    store::lock_showings(tx.conn(), &[from, it.to]).await?;
    let mut booking = bookings::lock(tx.conn(), it.visit).await?.ok_or(Error::NoBooking)?;
    if booking.showing != from {
        return Err(Error::Raced);
    }
    if booking.state != BookingState::Confirmed {
        return Err(Error::NotBooked);
    }
    if from == it.to {
        return Ok(());
    }
    let sale = store::sale::load(tx.conn(), &mut Plans::new(), &[it.to], now).await?.pop();
    let (seats, items) = sale.ok_or(Error::NoShowing)?.move_here(&booking, it.channel, now)?;
    let tickets = placed(bookings::tickets(tx.conn(), it.visit).await?, &seats);
    claims::free_places(tx.conn(), &booking).await?;
    // What is cheaper here goes back: nobody moves on from here to something dearer for nothing.
    (booking.showing, booking.seats, booking.items, booking.channel) = (it.to, seats, items, it.channel);
    bookings::save(tx.conn(), &booking).await?;
    claim(tx, &booking, None).await?;
    bookings::move_tickets(tx.conn(), it.to, &tickets).await?;
    let showing = store::showing(tx.conn(), it.to).await?;
    tx.append(&it.visit.to_string(), &events::booking_moved(&showing, from, &booking, &tickets, it.id)).await?;
    changed(tx, from, true).await?;
    changed(tx, it.to, true).await
}
