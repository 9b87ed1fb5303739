//! A ticket is lost: its code is issued anew, and the old one admits nobody any more.

use chrono::TimeDelta;
use kernel::{Tx, values::invalid};
use uuid::Uuid;

use super::lock_booking;
use crate::{
    domain::{BookingState, ShowingState},
    error::Error,
    events,
    store::{bookings, codes},
};

/// Why somebody did it is kept so long, as what staff write at the door: it may say how a guest was.
const REASONS_KEPT: TimeDelta = TimeDelta::hours(72);

/// Issues codes of a booked party anew: of these tickets, or (none named) all of them and the visit's own.
///
/// # Errors
/// No such booking, not booked, over, or a ticket of somebody else.
pub(crate) async fn reissue(tx: &mut Tx, visit: Uuid, wanted: &[Uuid], reason: &str, by: &str) -> Result<(), Error> {
    let now = tx.now();
    let (showing, booking) = lock_booking(tx, visit).await?.ok_or(Error::NoBooking)?;
    if booking.state != BookingState::Confirmed {
        return Err(Error::NotBooked);
    }
    if showing.state == ShowingState::Cancelled {
        return Err(Error::Cancelled);
    }
    if now >= showing.ends_at {
        return Err(Error::Ended);
    }
    let tickets: Vec<Uuid> = bookings::tickets(tx.conn(), visit).await?.iter().map(|ticket| ticket.id).collect();
    if let Some(other) = wanted.iter().find(|id| !tickets.contains(id)) {
        return Err(invalid("ticket_ids", format!("{other} is no ticket of this visit")).into());
    }
    let ids = if wanted.is_empty() { [tickets, vec![visit]].concat() } else { wanted.to_vec() };
    codes::raise(tx.conn(), visit, &ids).await?;
    codes::record(tx.conn(), visit, &ids, reason, by, now).await?;
    let generations = codes::generations(tx.conn(), visit).await?;
    let event = events::booking_reissued(&booking, &ids, &generations, now);
    tx.append(&visit.to_string(), &event).await?;
    Ok(())
}

/// Forgets why codes were issued anew days ago; that they were stays on record.
pub(crate) async fn forget_reasons(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    codes::erase_reasons(tx.conn(), now - REASONS_KEPT, now).await
}
