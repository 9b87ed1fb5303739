//! The domain in the words of the contract. Decides nothing.

pub(crate) mod refused;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    identity::Keys,
    ticket_code::{Kind, TicketCode},
    values::{euro, timestamp},
};
use prost::Message;
use sky_proto::{
    kernel::v1::{ChargedItem, LocalizedText},
    reservations::v1 as pb,
};
use uuid::Uuid;

use crate::{
    domain::{
        self, Audience, Availability, Booking, BookingState, Channel, HeldSeat, Item, Need, NeedFree, Offer, Reason,
        Seat, Showing, ShowingState, Tariff, Ticket,
    },
    error::Error,
    seller::Held,
};

fn need(need: Option<Need>) -> pb::Need {
    match need {
        None => pb::Need::Unspecified,
        Some(Need::Wheelchair) => pb::Need::Wheelchair,
        Some(Need::Companion) => pb::Need::Companion,
        Some(Need::HearingLoop) => pb::Need::HearingLoop,
        Some(Need::StepFree) => pb::Need::StepFree,
        Some(Need::GuideDog) => pb::Need::GuideDog,
    }
}

fn audience(audience: Audience) -> pb::Audience {
    match audience {
        Audience::Public => pb::Audience::Public,
        Audience::School => pb::Audience::School,
        Audience::Private => pb::Audience::Private,
    }
}

fn state(state: ShowingState) -> pb::ShowingState {
    match state {
        ShowingState::OnSale => pb::ShowingState::OnSale,
        ShowingState::Delayed => pb::ShowingState::Delayed,
        ShowingState::Cancelled => pb::ShowingState::Cancelled,
    }
}

fn reason(reason: Reason) -> pb::AvailabilityReason {
    match reason {
        Reason::Free => pb::AvailabilityReason::Free,
        Reason::Few => pb::AvailabilityReason::Few,
        Reason::AllHeld => pb::AvailabilityReason::AllHeld,
        Reason::SoldOut => pb::AvailabilityReason::SoldOut,
        Reason::Cancelled => pb::AvailabilityReason::Cancelled,
        Reason::Past => pb::AvailabilityReason::Past,
        Reason::NotPublic => pb::AvailabilityReason::NotPublic,
        Reason::NotYetOnSale => pb::AvailabilityReason::NotYetOnSale,
    }
}

pub(crate) fn availability(showing: &Showing, availability: &Availability, now: DateTime<Utc>) -> pb::Availability {
    pb::Availability {
        capacity: showing.capacity,
        free_online: availability.free_online,
        free_door: availability.free_door,
        held: availability.counts.held,
        sold: availability.counts.sold,
        wheelchair_free: availability.wheelchair_free,
        reason: reason(availability.reason).into(),
        held_until: (availability.reason == Reason::AllHeld)
            .then_some(availability.held_until)
            .flatten()
            .map(timestamp),
        observed_at: Some(timestamp(now)),
        needs: Vec::new(),
        together: None,
        free_school: availability.free_for(Channel::School),
        free_staff: availability.free_for(Channel::Staff),
    }
}

/// A showing as it is offered, with the prices of its day.
pub(crate) fn showing(
    showing: &Showing,
    availability_: &Availability,
    offer: Option<&Offer>,
    tariffs: &[Tariff],
    now: DateTime<Utc>,
) -> pb::Showing {
    let day = showing.scheduled_starts_at.with_timezone(&Berlin).date_naive();
    let prices = domain::tariffs_on(tariffs, &showing.category, day);
    pb::Showing {
        showing_id: showing.id.to_string(),
        title_id: showing.title_id.clone(),
        title: Some(showing.title.to_proto()),
        description: Some(showing.description.to_proto()),
        hall: showing.hall.clone(),
        starts_at: Some(timestamp(showing.starts_at)),
        ends_at: Some(timestamp(showing.ends_at)),
        doors_at: Some(timestamp(showing.doors_at)),
        scheduled_starts_at: Some(timestamp(showing.scheduled_starts_at)),
        last_entry_at: Some(timestamp(showing.last_entry_at)),
        state: state(showing.state).into(),
        audience: audience(showing.audience).into(),
        availability: Some(offered(showing, availability_, offer, now)),
        prices: prices.into_iter().map(|tariff| price(tariff, availability_.free_online)).collect(),
        revision: showing.revision,
        numbered: showing.numbered,
        notice: Some(showing.notice.to_proto()),
        on_sale_at: showing.on_sale_at.map(timestamp),
        release: showing
            .release
            .as_ref()
            .map(|release| pb::Release { release_id: release.id.clone(), name: Some(release.name.to_proto()) }),
    }
}

/// With what is left for needs and for parties, where it was counted.
fn offered(
    showing: &Showing,
    availability_: &Availability,
    offer: Option<&Offer>,
    now: DateTime<Utc>,
) -> pb::Availability {
    let free_for = |it: &NeedFree| pb::NeedFree {
        need: need(Some(it.need)).into(),
        free: it.free,
        held_until: it.held_until.map(timestamp),
    };
    pb::Availability {
        needs: offer.map(|offer| offer.needs.iter().map(free_for).collect()).unwrap_or_default(),
        together: offer.map(|offer| offer.together),
        ..availability(showing, availability_, now)
    }
}

/// Every class may have every place.
fn price(tariff: &Tariff, free: u32) -> pb::Price {
    pb::Price {
        tariff_class: tariff.class.clone(),
        label: Some(tariff.label.to_proto()),
        price: Some(euro(tariff.cents)),
        tariff_id: tariff.id.clone(),
        tax_id: tariff.tax_id.clone(),
        free,
    }
}

pub(crate) fn seat(seat: &Seat, free: bool, blocked: Option<&String>) -> pb::Seat {
    pb::Seat {
        blocked: blocked.is_some(),
        blocked_reason: blocked.cloned().unwrap_or_default(),
        label: seat.label.clone(),
        row: seat.row.clone(),
        number: seat.number.unsigned_abs(),
        features: seat.features.clone(),
        free,
    }
}

fn held_seat(held: &HeldSeat) -> pb::HeldSeat {
    pb::HeldSeat {
        label: held.label.clone(),
        features: held.features.clone(),
        tariff_class: held.class.clone(),
        need: need(held.need).into(),
        free_seating: held.free_seating,
    }
}

fn charged_item(item: &Item) -> ChargedItem {
    ChargedItem {
        label: Some(item.label.to_proto()),
        quantity: item.quantity,
        unit_price: Some(euro(item.cents)),
        tariff_id: item.tariff_id.clone(),
        tax_id: item.tax_id.clone(),
        tax_basis_points: item.tax_basis_points,
    }
}

pub(crate) fn seat_hold(booking: &Booking) -> pb::SeatHold {
    pb::SeatHold {
        visit_id: booking.visit.to_string(),
        showing_id: booking.showing.to_string(),
        seats: booking.seats.iter().map(held_seat).collect(),
        items: booking.items.iter().map(charged_item).collect(),
        total: Some(euro(booking.items.iter().map(|item| item.cents * i64::from(item.quantity)).sum())),
        expires_at: Some(timestamp(booking.expires_at)),
    }
}

/// The answer to a hold as it is kept for repeats.
pub(crate) fn stored_hold(booking: &Booking) -> Vec<u8> {
    seat_hold(booking).encode_to_vec()
}

/// What an order for places is answered.
pub(crate) fn held(held: &Held) -> Result<pb::SeatHold, Error> {
    match held {
        Held::Now(booking) => Ok(seat_hold(booking)),
        Held::Before(answer) => {
            pb::SeatHold::decode(answer.as_slice()).map_err(|error| Error::Stored(error.to_string()))
        }
    }
}

/// A booking with its codes. They are computed, never stored: the same content has the same code.
pub(crate) fn booking(
    showing: &Showing,
    booking: &Booking,
    tickets: &[Ticket],
    generations: &HashMap<Uuid, u16>,
    keys: &Keys,
) -> pb::Booking {
    let (not_before, not_after) = showing.code_window();
    let code = |kind: Kind, id: Uuid| {
        let generation = generations.get(&id).copied().unwrap_or(1);
        keys.issue_code(&TicketCode { kind, id, showing: showing.id, not_before, not_after, generation })
    };
    pb::Booking {
        visit_id: booking.visit.to_string(),
        showing_id: booking.showing.to_string(),
        reference: booking.reference.clone(),
        visit_code: code(Kind::Visit, booking.visit),
        tickets: tickets
            .iter()
            .map(|ticket| pb::Ticket {
                ticket_id: ticket.id.to_string(),
                seat: ticket.seat.clone(),
                tariff_class: ticket.class.clone(),
                need: need(ticket.need).into(),
                code: code(Kind::Ticket, ticket.id),
                free_seating: showing.is_free_seating(ticket.need),
            })
            .collect(),
        state: match booking.state {
            BookingState::Confirmed => pb::booking::State::Confirmed.into(),
            _ => pb::booking::State::Cancelled.into(),
        },
    }
}

pub(crate) fn showing_scheduled(showing: &Showing) -> pb::ShowingScheduled {
    pb::ShowingScheduled {
        showing_id: showing.id.to_string(),
        title: Some(showing.title.to_proto()),
        hall: showing.hall.clone(),
        starts_at: Some(timestamp(showing.starts_at)),
        ends_at: Some(timestamp(showing.ends_at)),
        doors_at: Some(timestamp(showing.doors_at)),
        last_entry_at: Some(timestamp(showing.last_entry_at)),
        capacity: showing.capacity,
        audience: audience(showing.audience).into(),
    }
}

pub(crate) fn showing_delayed(showing: &Showing, minutes: i32) -> pb::ShowingDelayed {
    pb::ShowingDelayed {
        showing_id: showing.id.to_string(),
        minutes,
        starts_at: Some(timestamp(showing.starts_at)),
        ends_at: Some(timestamp(showing.ends_at)),
        doors_at: Some(timestamp(showing.doors_at)),
        last_entry_at: Some(timestamp(showing.last_entry_at)),
        reason: Some(showing.notice.to_proto()),
    }
}

pub(crate) fn showing_cancelled(showing: &Showing) -> pb::ShowingCancelled {
    pb::ShowingCancelled { showing_id: showing.id.to_string(), reason: Some(showing.notice.to_proto()) }
}

pub(crate) fn availability_changed(
    showing: &Showing,
    availability_: &Availability,
    now: DateTime<Utc>,
) -> pb::AvailabilityChanged {
    pb::AvailabilityChanged {
        showing_id: showing.id.to_string(),
        availability: Some(availability(showing, availability_, now)),
    }
}

pub(crate) fn booking_confirmed(showing: &Showing, booking: &Booking, tickets: &[Ticket]) -> pb::BookingConfirmed {
    let (valid_from, valid_until) = showing.code_window();
    pb::BookingConfirmed {
        visit_id: booking.visit.to_string(),
        showing_id: showing.id.to_string(),
        reference: booking.reference.clone(),
        tickets: tickets.iter().map(|ticket| issued(showing, ticket)).collect(),
        valid_from: Some(timestamp(valid_from)),
        valid_until: Some(timestamp(valid_until)),
    }
}

fn issued(showing: &Showing, ticket: &Ticket) -> pb::IssuedTicket {
    pb::IssuedTicket {
        ticket_id: ticket.id.to_string(),
        seat: ticket.seat.clone(),
        tariff_class: ticket.class.clone(),
        need: need(ticket.need).into(),
        free_seating: showing.is_free_seating(ticket.need),
    }
}

pub(crate) fn booking_reseated(showing: &Showing, booking: &Booking, tickets: &[Ticket]) -> pb::BookingReseated {
    pb::BookingReseated {
        visit_id: booking.visit.to_string(),
        showing_id: booking.showing.to_string(),
        tickets: tickets.iter().map(|ticket| issued(showing, ticket)).collect(),
    }
}

pub(crate) fn booking_moved(
    to: &Showing,
    from: Uuid,
    booking: &Booking,
    tickets: &[Ticket],
    move_id: Uuid,
) -> pb::BookingMoved {
    let (valid_from, valid_until) = to.code_window();
    pb::BookingMoved {
        visit_id: booking.visit.to_string(),
        from_showing_id: from.to_string(),
        showing_id: to.id.to_string(),
        reference: booking.reference.clone(),
        tickets: tickets.iter().map(|ticket| issued(to, ticket)).collect(),
        valid_from: Some(timestamp(valid_from)),
        valid_until: Some(timestamp(valid_until)),
        move_id: move_id.to_string(),
        items: booking.items.iter().map(charged_item).collect(),
    }
}

pub(crate) fn booking_reissued(
    booking: &Booking,
    ids: &[Uuid],
    generations: &HashMap<Uuid, u16>,
    at: DateTime<Utc>,
) -> pb::BookingReissued {
    let code = |id: &Uuid| pb::ReissuedCode {
        id: id.to_string(),
        generation: generations.get(id).copied().unwrap_or(1).into(),
    };
    pb::BookingReissued {
        visit_id: booking.visit.to_string(),
        showing_id: booking.showing.to_string(),
        codes: ids.iter().map(code).collect(),
        at: Some(timestamp(at)),
    }
}

pub(crate) fn booking_refused(visit: Uuid, showing: Uuid) -> pb::BookingRefused {
    pb::BookingRefused {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        reason: Some(LocalizedText {
            de: "Ihre Plätze waren nur befristet reserviert und sind inzwischen vergeben.".to_owned(),
            en: "Your places were held for a limited time only and are taken by now.".to_owned(),
            plain: "Ihre Plätze sind leider nicht mehr frei.".to_owned(),
        }),
    }
}

pub(crate) fn booking_cancelled(booking: &Booking, tickets: &[Ticket]) -> pb::BookingCancelled {
    pb::BookingCancelled {
        visit_id: booking.visit.to_string(),
        showing_id: booking.showing.to_string(),
        ticket_ids: tickets.iter().map(|ticket| ticket.id.to_string()).collect(),
    }
}
