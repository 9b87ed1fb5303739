//! What reservations does, each in a given transaction: load, decide, save, tell. No proto, no commit.

mod showings;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::invalid};
use uuid::Uuid;

pub(crate) use showings::{cancel_showing, delay_showing, schedule, sweep, tell_availability};

use crate::{
    domain::{
        self, Audience, Availability, Booking, BookingState, Channel, HeldSeat, Person, Showing, ShowingState, Ticket,
        places::{self, Refusal},
    },
    error::Error,
    events,
    store::{self, bookings},
};

/// The topic of the programme's live stream; its only key is the same.
pub(crate) const SHOWINGS_TOPIC: &str = "showings";

/// What a visit wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) visit: Uuid,
    pub(crate) party: Vec<domain::PartyLine>,
    /// Chosen labels; empty: the best together.
    pub(crate) seats: Vec<String>,
    pub(crate) channel: Channel,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Locks the showing, so that whoever repeats a request waits for the first one's answer.
pub(crate) async fn lock_showing(tx: &mut Tx, showing: Uuid) -> Result<Showing, Error> {
    store::lock_showing(tx.conn(), showing).await
}

/// Holds places for a party, all or none. The showing must be locked.
pub(crate) async fn hold(tx: &mut Tx, showing: &Showing, wish: Wish) -> Result<Booking, Error> {
    let now = tx.now();
    if showing.state == ShowingState::Cancelled {
        return Err(Error::Cancelled);
    }
    if now >= showing.starts_at {
        return Err(invalid("showing_id", "this showing has begun; choose a later one").into());
    }
    if showing.audience != Audience::Public && wish.channel == Channel::Online {
        return Err(Error::NotPublic);
    }
    if let Some(known) = bookings::lock(tx.conn(), wish.visit).await? {
        let live = known.state == BookingState::Held && known.expires_at > now;
        if live || matches!(known.state, BookingState::Confirmed | BookingState::Cancelled) {
            return Err(Error::AlreadyHeld);
        }
    }
    let tariffs = store::tariffs(tx.conn()).await?;
    let day = showing.scheduled_starts_at.with_timezone(&Berlin).date_naive();
    let current = domain::tariffs_on(&tariffs, &showing.category, day);
    let items = domain::charge(&wish.party, &current).map_err(|class| {
        let known: Vec<&str> = current.iter().map(|tariff| tariff.class.as_str()).collect();
        invalid("party", format!("has no price for \"{class}\"; choose of: {}", known.join(", ")))
    })?;
    let people = domain::people(&wish.party);
    let seats = choose(tx, showing, &people, &wish.seats, wish.channel, wish.visit).await?;
    let booking = Booking {
        visit: wish.visit,
        showing: showing.id,
        state: BookingState::Held,
        channel: wish.channel,
        reference: String::new(),
        seats,
        items,
        held_at: now,
        expires_at: wish.expires_at,
    };
    bookings::save(tx.conn(), &booking).await?;
    claim(tx, &booking, Some(booking.expires_at)).await?;
    tell_availability(tx, showing).await?;
    Ok(booking)
}

async fn choose(
    tx: &mut Tx,
    showing: &Showing,
    people: &[Person],
    labels: &[String],
    channel: Channel,
    visit: Uuid,
) -> Result<Vec<HeldSeat>, Error> {
    let now = tx.now();
    let counts = store::counts(tx.conn(), &[showing.id], now).await?.remove(&showing.id).unwrap_or_default();
    let availability = Availability::of(showing, counts, now);
    let open = showing.protected_open(channel, now);
    let free = availability.free_for(channel);
    let general = people
        .iter()
        .filter(|person| !matches!(person.need, Some(domain::Need::Wheelchair | domain::Need::Companion)))
        .count();
    let not_enough = |left: u32| Error::NotEnough { left, held_until: counts.held_until };
    if !open && u32::try_from(general).unwrap_or(u32::MAX) > free {
        return Err(not_enough(free));
    }
    let seats = store::seats(tx.conn(), &showing.layout).await?;
    let taken = store::taken(tx.conn(), showing.id, Some(visit), now).await?;
    give(&seats, &taken, people, labels, open).map_err(|refusal| match refusal {
        Refusal::NotEnough(left) => not_enough(u32::try_from(left).unwrap_or(u32::MAX)),
        Refusal::NeedNotFree(need) => Error::NeedNotFree(need),
        Refusal::NoSuchSeat(label) => invalid("seats", format!("\"{label}\" is no place of this hall")).into(),
        Refusal::NotForThem(label) => {
            invalid("seats", format!("{label} is kept for wheelchair users and their companions")).into()
        }
        Refusal::Taken(labels) => Error::SeatsTaken(labels),
    })
}

fn give(
    seats: &[domain::Seat],
    taken: &HashSet<String>,
    people: &[Person],
    labels: &[String],
    open: bool,
) -> Result<Vec<HeldSeat>, Refusal> {
    if labels.is_empty() {
        places::best(seats, taken, people, open)
    } else {
        places::chosen(seats, taken, people, labels, open)
    }
}

/// Claims a booking's places; the database has the last word on who has them.
async fn claim(tx: &mut Tx, booking: &Booking, expires_at: Option<DateTime<Utc>>) -> Result<(), Error> {
    let now = tx.now();
    let wanted = store::with_places(&booking.seats);
    let channel = booking.channel.name();
    let got = store::claim(tx.conn(), booking.showing, booking.visit, channel, &wanted, expires_at, now).await?;
    if got == wanted.len() as u64 {
        Ok(())
    } else {
        Err(Error::SeatsTaken(wanted.into_iter().map(|(label, _)| label).collect()))
    }
}

/// Moves the end of a hold, at most to 30 minutes after it was made.
pub(crate) async fn extend(tx: &mut Tx, visit: Uuid, expires_at: DateTime<Utc>) -> Result<Booking, Error> {
    let now = tx.now();
    let (_, mut booking) = lock_booking(tx, visit).await?.ok_or(Error::NoBooking)?;
    if booking.state != BookingState::Held {
        return Err(Error::NotHeld(booking.state));
    }
    if booking.expires_at <= now {
        return Err(Error::NotHeld(BookingState::Expired));
    }
    if expires_at > booking.held_at + domain::LONGEST_HOLD {
        return Err(Error::HeldLongEnough);
    }
    booking.expires_at = booking.expires_at.max(expires_at);
    bookings::save(tx.conn(), &booking).await?;
    store::extend_claims(tx.conn(), visit, booking.expires_at).await?;
    Ok(booking)
}

/// A booking with its showing, both locked in that order.
async fn lock_booking(tx: &mut Tx, visit: Uuid) -> Result<Option<(Showing, Booking)>, Error> {
    let Some(known) = bookings::booking(tx.conn(), visit).await? else {
        return Ok(None);
    };
    let showing = store::lock_showing(tx.conn(), known.showing).await?;
    Ok(bookings::lock(tx.conn(), visit).await?.map(|booking| (showing, booking)))
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
    if store::free_places(tx.conn(), visit).await? > 0 {
        tell_availability(tx, &showing).await?;
    }
    Ok(())
}

/// The visit is paid or promised: its places are sold. If the hold ran out meanwhile, the same places
/// are taken again, else equivalent ones together, else the booking is refused.
pub(crate) async fn confirm(tx: &mut Tx, visit: Uuid, showing: Uuid, reference: String) -> Result<(), Error> {
    let Some((showing, mut booking)) = lock_booking(tx, visit).await? else {
        // Nothing was ever held: there is nothing to give.
        tx.append(&visit.to_string(), &events::booking_refused(visit, showing)).await?;
        return Ok(());
    };
    if matches!(booking.state, BookingState::Confirmed | BookingState::Cancelled | BookingState::Refused) {
        return Ok(());
    }
    let seats = if showing.state == ShowingState::Cancelled { None } else { retake(tx, &showing, &booking).await? };
    let Some(seats) = seats else {
        booking.state = BookingState::Refused;
        bookings::save(tx.conn(), &booking).await?;
        store::free_places(tx.conn(), visit).await?;
        tx.append(&visit.to_string(), &events::booking_refused(visit, showing.id)).await?;
        return tell_availability(tx, &showing).await;
    };
    booking.seats = seats;
    booking.state = BookingState::Confirmed;
    booking.reference = reference;
    bookings::save(tx.conn(), &booking).await?;
    claim(tx, &booking, None).await?;
    let tickets: Vec<Ticket> = booking
        .seats
        .iter()
        .map(|held| Ticket { id: Uuid::now_v7(), seat: held.label.clone(), class: held.class.clone(), need: held.need })
        .collect();
    bookings::add_tickets(tx.conn(), &booking, &tickets).await?;
    tx.append(&visit.to_string(), &events::booking_confirmed(&showing, &booking, &tickets)).await?;
    tell_availability(tx, &showing).await
}

/// The places that a booking can be given now: its own if nobody else has them, else equivalent ones.
async fn retake(tx: &mut Tx, showing: &Showing, booking: &Booking) -> Result<Option<Vec<HeldSeat>>, Error> {
    let now = tx.now();
    let taken = store::taken(tx.conn(), showing.id, Some(booking.visit), now).await?;
    if !booking.seats.iter().any(|held| taken.contains(&held.label)) {
        return Ok(Some(booking.seats.clone()));
    }
    // Whoever has paid comes before the quotas: only the places themselves can refuse.
    let seats = store::seats(tx.conn(), &showing.layout).await?;
    let people: Vec<Person> = booking.seats.iter().map(HeldSeat::person).collect();
    store::free_places(tx.conn(), booking.visit).await?;
    Ok(places::best(&seats, &taken, &people, showing.protected_open(booking.channel, now)).ok())
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
    let freed = store::free_places(tx.conn(), visit).await?;
    if was_confirmed {
        let tickets = bookings::tickets(tx.conn(), visit).await?;
        tx.append(&visit.to_string(), &events::booking_cancelled(&booking, &tickets)).await?;
    }
    if freed > 0 {
        tell_availability(tx, &showing).await?;
    }
    Ok(())
}
