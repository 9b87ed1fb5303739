//! Visits that are paid or promised: their places are sold. Nearly always they are still held: then all that are
//! confirmed together are sold in one statement. The others are looked at one by one.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use kernel::{Tx, values};
use uuid::Uuid;

use super::{changed, claim, lock_booking};
use crate::{
    commands::SHOWINGS_TOPIC,
    domain::{Booking, BookingState, HeldSeat, Showing, ShowingState, Ticket},
    error::Error,
    events,
    store::{
        self, bookings, claims,
        sale::{Plans, Sold, sell},
    },
};

/// A visit that is paid or promised.
#[derive(Clone, Debug)]
pub(crate) struct Confirmed {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) reference: String,
}

/// Sells the places of visits. Their showings must be locked.
pub(crate) async fn confirm(tx: &mut Tx, confirmed: Vec<Confirmed>) -> Result<(), Error> {
    let now = tx.now();
    if confirmed.is_empty() {
        return Ok(());
    }
    let visits: Vec<Uuid> = confirmed.iter().map(|it| it.visit).collect();
    let mut bookings = bookings::lock_all(tx.conn(), &visits).await?;
    let showings: BTreeSet<Uuid> = bookings.values().map(|booking| booking.showing).collect();
    let showings: Vec<Uuid> = showings.into_iter().collect();
    let showings: HashMap<Uuid, Showing> =
        store::showings_of(tx.conn(), &showings).await?.into_iter().map(|showing| (showing.id, showing)).collect();
    let (mut sold, mut others) = (Vec::new(), Vec::new());
    for it in confirmed {
        let showing = bookings.get(&it.visit).and_then(|booking| showings.get(&booking.showing));
        let is_held = |booking: &Booking| booking.state == BookingState::Held && now < booking.expires_at;
        match showing.filter(|showing| showing.state != ShowingState::Cancelled) {
            // Taken out: whoever is told twice is looked at by itself, and is confirmed already then.
            Some(showing) if bookings.get(&it.visit).is_some_and(is_held) => {
                if let Some(booking) = bookings.remove(&it.visit) {
                    sold.push((showing, sell_held(booking, it.reference, now)));
                }
            }
            _ => others.push(it),
        }
    }
    if !sold.is_empty() {
        let all: Vec<&Sold> = sold.iter().map(|(_, sold)| sold).collect();
        sell(tx.conn(), &all).await?;
        tx.touch(SHOWINGS_TOPIC, SHOWINGS_TOPIC);
        for (showing, Sold { booking, tickets }) in &sold {
            tx.append(&booking.visit.to_string(), &events::booking_confirmed(showing, booking, tickets)).await?;
        }
    }
    for it in others {
        confirm_one(tx, it).await?;
    }
    Ok(())
}

fn sell_held(mut booking: Booking, reference: String, now: DateTime<Utc>) -> Sold {
    booking.state = BookingState::Confirmed;
    booking.reference = reference;
    let tickets = tickets(&booking, now);
    Sold { booking, tickets }
}

fn tickets(booking: &Booking, now: DateTime<Utc>) -> Vec<Ticket> {
    let ticket = |held: &HeldSeat| Ticket {
        id: values::new_id(now),
        seat: held.label.clone(),
        class: held.class.clone(),
        need: held.need,
    };
    booking.seats.iter().map(ticket).collect()
}

/// A visit whose places are not simply held. If the hold ran out meanwhile, the same places are taken again, else
/// equivalent ones together, else the booking is refused; so it is once the showing is over.
async fn confirm_one(tx: &mut Tx, confirmed: Confirmed) -> Result<(), Error> {
    let Confirmed { visit, showing, reference } = confirmed;
    let Some((showing, mut booking)) = lock_booking(tx, visit).await? else {
        // Nothing was ever held: there is nothing to give.
        tx.append(&visit.to_string(), &events::booking_refused(visit, showing)).await?;
        return Ok(());
    };
    if matches!(booking.state, BookingState::Confirmed | BookingState::Cancelled | BookingState::Refused) {
        return Ok(());
    }
    let seats = match showing.state {
        ShowingState::Cancelled => None,
        ShowingState::OnSale | ShowingState::Delayed => retake(tx, &showing, &booking).await?,
    };
    let Some(seats) = seats else {
        booking.state = BookingState::Refused;
        bookings::save(tx.conn(), &booking).await?;
        claims::free_places(tx.conn(), &booking).await?;
        tx.append(&visit.to_string(), &events::booking_refused(visit, showing.id)).await?;
        return changed(tx, showing.id, true).await;
    };
    booking.seats = seats;
    booking.state = BookingState::Confirmed;
    booking.reference = reference;
    bookings::save(tx.conn(), &booking).await?;
    claim(tx, &booking, None).await?;
    let tickets = tickets(&booking, tx.now());
    bookings::add_tickets(tx.conn(), &booking, &tickets).await?;
    tx.append(&visit.to_string(), &events::booking_confirmed(&showing, &booking, &tickets)).await?;
    changed(tx, showing.id, true).await
}

/// The places that a booking can be given now that its hold has run out: its own if nobody else has them,
/// else equivalent ones.
async fn retake(tx: &mut Tx, showing: &Showing, booking: &Booking) -> Result<Option<Vec<HeldSeat>>, Error> {
    let now = tx.now();
    let sale = store::sale::load(tx.conn(), &mut Plans::new(), &[showing.id], now).await?.pop();
    let seats = sale.and_then(|mut sale| sale.retake(booking, now));
    claims::free_places(tx.conn(), booking).await?;
    Ok(seats)
}
