//! A booked party gets other places. Its tickets and their codes stay what they are.

use kernel::{Tx, values::invalid};
use uuid::Uuid;

use super::{changed, claim, lock_booking};
use crate::{
    domain::{BookingState, HeldSeat, ShowingState, Ticket, hall::Preference},
    error::Error,
    events,
    store::{self, bookings, claims, sale::Plans},
};

/// Gives a booked party the chosen places, else the best near where it would like to sit.
///
/// # Errors
/// No such booking, not booked, over, or the places are not to be had: then it keeps those that it has.
pub(crate) async fn reseat(tx: &mut Tx, visit: Uuid, chosen: &[String], preference: Preference) -> Result<(), Error> {
    let now = tx.now();
    let (showing, mut booking) = lock_booking(tx, visit).await?.ok_or(Error::NoBooking)?;
    if booking.state != BookingState::Confirmed {
        return Err(Error::NotBooked);
    }
    if !chosen.is_empty() && chosen.len() != booking.seats.len() {
        let problem = format!("has {} places for {} people", chosen.len(), booking.seats.len());
        return Err(invalid("seats", problem).into());
    }
    if showing.state == ShowingState::Cancelled {
        return Err(Error::Cancelled);
    }
    if now >= showing.ends_at {
        return Err(Error::Ended);
    }
    let sale = store::sale::load(tx.conn(), &mut Plans::new(), &[showing.id], now).await?.pop();
    let seats = sale.ok_or(Error::NoShowing)?.reseat(&booking, chosen, preference, now)?;
    let tickets = placed(bookings::tickets(tx.conn(), visit).await?, &seats);
    claims::free_places(tx.conn(), &booking).await?;
    booking.seats = seats;
    bookings::save(tx.conn(), &booking).await?;
    claim(tx, &booking, None).await?;
    bookings::move_tickets(tx.conn(), booking.showing, &tickets).await?;
    tx.append(&visit.to_string(), &events::booking_reseated(&showing, &booking, &tickets)).await?;
    changed(tx, showing.id, true).await
}

/// The tickets at their new places: each at one that was given to somebody who pays and needs the same.
pub(super) fn placed(tickets: Vec<Ticket>, seats: &[HeldSeat]) -> Vec<Ticket> {
    let mut left: Vec<&HeldSeat> = seats.iter().collect();
    tickets
        .into_iter()
        .filter_map(|ticket| {
            let at = left.iter().position(|held| held.class == ticket.class && held.need == ticket.need)?;
            Some(Ticket { seat: left.remove(at).label.clone(), ..ticket })
        })
        .collect()
}
