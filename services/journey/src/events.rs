//! The domain in the words of the contract, and the contract's in the domain's. Decides nothing, and
//! never has contact data in its hands.

pub(crate) mod clock;
pub(crate) mod missing;
pub(crate) mod money_back;
pub(crate) mod notices;
pub(crate) mod refused;
pub(crate) mod suspension;

pub(crate) use money_back::refund_due;

use chrono::{DateTime, Utc};
use kernel::{
    Code,
    ticket_code::reference,
    values::{Text, euro, from_timestamp, timestamp},
};
use prost::Message;
use sky_proto::{
    gastro::v1::{self as gastro, OrderState, Pickup},
    journey::v1 as pb,
    kernel::v1::{ChargedItem, Money as Amount},
    parking::v1::{BayClass, CoachStops, Right, RightState, Stop},
    payments::v1::{self as payments, PaymentState},
    reservations::v1::{HeldSeat, IssuedTicket, Need},
};
use tonic::Status;

use crate::domain::{
    Admission, Alternative, Bay, Item, Kitchen, Meal, Method, Money, Part, Refusal, Seat, Showing, State, Stops, Visit,
    sum,
    timeline::{self, Step},
};
use crate::projection::asks;

pub(crate) fn confirmed(visit: &Visit) -> pb::VisitConfirmed {
    pb::VisitConfirmed {
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        // Told once more, it does not bring back what was refused meanwhile and is not paid for any more.
        has_parking: visit.bay.as_ref().is_some_and(|bay| bay.part != Part::Refused),
        has_meal: visit.meal.as_ref().is_some_and(|meal| meal.part != Part::Refused),
        reference: reference(visit.id),
        paid_by: visit.method.map_or(payments::Method::Unspecified, method).into(),
    }
}

/// How it is paid, in payments' words.
pub(crate) const fn method(method: Method) -> payments::Method {
    match method {
        Method::Free => payments::Method::Free,
        Method::AtDesk => payments::Method::AtDesk,
        Method::Online => payments::Method::Online,
    }
}

pub(crate) fn expired(visit: &Visit) -> pb::VisitExpired {
    pb::VisitExpired { visit_id: visit.id.to_string() }
}

pub(crate) fn cancelled(visit: &Visit, reason: &Text, refund: bool) -> pb::VisitCancelled {
    pb::VisitCancelled {
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        reason: Some(reason.to_proto()),
        refund,
    }
}

/// A refused hold as a status: the service's code and words, and in its details what would fit.
pub(crate) fn refused(refusal: &Refusal) -> Status {
    let details = pb::HoldRefused {
        part: refusal.part.clone(),
        reason: Some(refusal.reason.to_proto()),
        alternatives: refusal.alternatives.iter().map(alternative).collect(),
        seats: refusal.places.as_ref().map(|places| refused::to_proto(places, &refusal.reason)),
    };
    let code = Code::from_grpc(tonic::Code::from_i32(refusal.code)).grpc();
    Status::with_details(code, refusal.message.clone(), details.encode_to_vec().into())
}

fn alternative(alternative: &Alternative) -> pb::Alternative {
    pb::Alternative {
        text: Some(alternative.text.to_proto()),
        showing_id: alternative.showing.map(|(id, _)| id.to_string()).unwrap_or_default(),
        starts_at: alternative.showing.map(|(_, at)| timestamp(at)),
    }
}

/// The need's name as the domain keeps it; empty: none.
pub(crate) fn need_name(need: Need) -> String {
    if need == Need::Unspecified { String::new() } else { need.as_str_name().to_owned() }
}

fn need(name: &str) -> i32 {
    Need::from_str_name(name).unwrap_or_default().into()
}

pub(crate) fn seat_of_ticket(ticket: IssuedTicket) -> Seat {
    let need = need_name(ticket.need());
    let label = label(ticket.seat, ticket.free_seating);
    Seat { label, features: Vec::new(), tariff_class: ticket.tariff_class, need }
}

/// A place's name as its guest is told it; empty: they sit where they like.
pub(crate) fn label(label: String, free_seating: bool) -> String {
    if free_seating { String::new() } else { label }
}

/// What the kitchen says; None: nothing that we know.
pub(crate) const fn kitchen_of(state: OrderState) -> Option<Kitchen> {
    match state {
        OrderState::Unspecified => None,
        OrderState::Held => Some(Kitchen::Held),
        OrderState::Scheduled => Some(Kitchen::Scheduled),
        OrderState::Fired => Some(Kitchen::Fired),
        OrderState::Preparing => Some(Kitchen::Preparing),
        OrderState::Ready | OrderState::Recalled => Some(Kitchen::Ready),
        OrderState::Collected => Some(Kitchen::Collected),
        OrderState::Expired => Some(Kitchen::Expired),
        OrderState::Cancelled => Some(Kitchen::Cancelled),
        // Told by an event of its own.
        OrderState::Rejected => None,
    }
}

const fn order_state(kitchen: Kitchen) -> OrderState {
    match kitchen {
        Kitchen::Held => OrderState::Held,
        Kitchen::Scheduled => OrderState::Scheduled,
        Kitchen::Fired => OrderState::Fired,
        Kitchen::Preparing => OrderState::Preparing,
        Kitchen::Ready => OrderState::Ready,
        Kitchen::Collected => OrderState::Collected,
        Kitchen::Expired => OrderState::Expired,
        Kitchen::Cancelled => OrderState::Cancelled,
    }
}

/// What payments says.
pub(crate) const fn money_of(state: PaymentState) -> Money {
    match state {
        PaymentState::Unspecified => Money::None,
        PaymentState::Pending => Money::Pending,
        PaymentState::Paid => Money::Paid,
        PaymentState::DueAtDesk => Money::DueAtDesk,
        PaymentState::Failed => Money::Failed,
        PaymentState::Refunding => Money::Refunding,
        PaymentState::Refunded => Money::Refunded,
        PaymentState::Voided => Money::Voided,
    }
}

const fn payment_state(money: Money) -> PaymentState {
    match money {
        Money::None => PaymentState::Unspecified,
        Money::Pending => PaymentState::Pending,
        Money::Paid => PaymentState::Paid,
        Money::DueAtDesk => PaymentState::DueAtDesk,
        Money::Failed => PaymentState::Failed,
        Money::Refunding => PaymentState::Refunding,
        Money::Refunded => PaymentState::Refunded,
        Money::Voided => PaymentState::Voided,
    }
}

const fn state(state: State) -> pb::VisitState {
    match state {
        // Nobody outside sees these two.
        State::Holding | State::Refused => pb::VisitState::Unspecified,
        State::Waiting => pb::VisitState::Waiting,
        State::Held => pb::VisitState::Held,
        State::AwaitingPayment => pb::VisitState::AwaitingPayment,
        State::Confirming => pb::VisitState::Confirming,
        State::Confirmed => pb::VisitState::Confirmed,
        State::Expired => pb::VisitState::Expired,
        State::Cancelled => pb::VisitState::Cancelled,
        State::Refunding => pb::VisitState::Refunding,
        State::Refunded => pb::VisitState::Refunded,
    }
}

pub(crate) fn item_of(item: ChargedItem) -> Item {
    Item {
        label: Text::from_proto(item.label),
        quantity: item.quantity,
        unit_cents: item.unit_price.map_or(0, |price| price.cents),
        tariff_id: item.tariff_id,
        tax_id: item.tax_id,
        tax_basis_points: item.tax_basis_points,
    }
}

fn item(item: &Item) -> ChargedItem {
    ChargedItem {
        label: Some(item.label.to_proto()),
        quantity: item.quantity,
        unit_price: Some(euro(item.unit_cents)),
        tariff_id: item.tariff_id.clone(),
        tax_id: item.tax_id.clone(),
        tax_basis_points: item.tax_basis_points,
    }
}

/// Charged lines and their sum.
pub(crate) fn charges(items: &[Item]) -> (Vec<ChargedItem>, Option<Amount>) {
    (items.iter().map(item).collect(), Some(euro(sum(items))))
}

fn right(visit: &Visit, bay: &Bay) -> Right {
    let state = match bay.part {
        Part::Held => RightState::Held,
        Part::Confirmed if visit.left_at.is_some() => RightState::Left,
        Part::Confirmed if visit.entered_at.is_some() => RightState::CheckedIn,
        Part::Confirmed => match &bay.suspension {
            Some(suspension) if suspension.lost => RightState::Cancelled,
            Some(_) => RightState::Suspended,
            None => RightState::Confirmed,
        },
        Part::Refused => RightState::Expired,
        Part::Cancelled => RightState::Cancelled,
    };
    let (items, total) = charges(&bay.items);
    Right {
        visit_id: visit.id.to_string(),
        bay_class: BayClass::from_str_name(&bay.class).unwrap_or_default().into(),
        state: state.into(),
        from: Some(timestamp(bay.from)),
        until: Some(timestamp(bay.until)),
        expires_at: Some(timestamp(visit.hold_expires_at)),
        items,
        total,
        showing_id: visit.showing.to_string(),
        reference: if bay.part == Part::Confirmed { reference(visit.id) } else { String::new() },
        // Whoever wants to know asks parking.
        plate_known: false,
        without_bay_from: None,
        suspension: bay.suspension.as_ref().map(suspension::told),
        stops: (bay.stops != Stops::default()).then(|| coach_stops(bay.stops)),
    }
}

fn coach_stops(stops: Stops) -> CoachStops {
    let stop = |(from, until)| Stop { from: Some(timestamp(from)), until: Some(timestamp(until)) };
    CoachStops { set_down: stops.set_down.map(stop), pick_up: stops.pick_up.map(stop) }
}

/// A coach's stops as parking tells them.
pub(crate) fn stops_of(told: Option<&CoachStops>) -> Stops {
    let stop = |stop: Option<&Stop>| stop.map(|it| (from_timestamp(it.from), from_timestamp(it.until)));
    told.map_or_else(Stops::default, |told| Stops {
        set_down: stop(told.set_down.as_ref()),
        pick_up: stop(told.pick_up.as_ref()),
    })
}

fn order(visit: &Visit, meal: &Meal) -> gastro::Order {
    let state = if meal.part == Part::Refused { OrderState::Rejected } else { order_state(meal.kitchen) };
    let (items, total) = charges(&meal.items);
    let lines = meal.dishes.iter().map(|dish| gastro::OrderedItem {
        item_id: dish.item_id.clone(),
        name: Some(dish.name.to_proto()),
        quantity: dish.quantity,
        station: dish.station.clone(),
        allergens: dish.allergens.clone(),
        ..Default::default()
    });
    gastro::Order {
        order_id: meal.order_id.clone(),
        visit_id: visit.id.to_string(),
        number: meal.number,
        state: state.into(),
        lines: lines.collect(),
        items,
        total,
        pickup: Pickup::from_str_name(&meal.pickup).unwrap_or_default().into(),
        pickup_at: Some(timestamp(meal.pickup_at)),
        fire_at: Some(timestamp(meal.fire_at)),
        expires_at: Some(timestamp(visit.hold_expires_at)),
        showing_id: visit.showing.to_string(),
        affected: meal.is_asked().then(|| gastro::Affected { reason: Some(asks().to_proto()), ..Default::default() }),
        ..Default::default()
    }
}

fn step(step: &Step) -> pb::Step {
    pb::Step {
        kind: step.kind.to_owned(),
        text: Some(step.text.to_proto()),
        at: Some(timestamp(step.at)),
        done: step.done,
        moved: step.moved,
        way: None,
    }
}

/// What the visitors of a showing read that was broken off.
fn aborted() -> Text {
    Text::new(
        "Die Vorstellung wurde abgebrochen. Unser Team sagt Ihnen, wie es weitergeht.",
        "The showing was broken off. Our staff will tell you what happens next.",
    )
    .plainly("Die Vorstellung ist zu Ende. Unser Team sagt Ihnen: So geht es weiter.")
}

/// The visit as its visitor sees it.
pub(crate) fn visit(visit: &Visit, showing: Option<&Showing>) -> pb::Visit {
    let (items, total) = charges(&visit.items());
    let at = |known: Option<DateTime<Utc>>, booked: Option<DateTime<Utc>>| known.or(booked).map(timestamp);
    let is_over = matches!(visit.state, State::Expired | State::Cancelled | State::Refunding | State::Refunded);
    let notice = match showing {
        // Once it is off, its own words have said why.
        Some(showing) if !is_over && showing.admission == Admission::Aborted => {
            crate::domain::join(&visit.notice, &aborted())
        }
        Some(showing) if !is_over => crate::domain::join(&visit.notice, &showing.notice),
        _ => visit.notice.clone(),
    };
    pb::Visit {
        visit_id: visit.id.to_string(),
        state: state(visit.state).into(),
        revision: visit.revision.unsigned_abs(),
        showing_id: visit.showing.to_string(),
        title: showing.map(|showing| showing.title.to_proto()),
        starts_at: at(showing.map(|showing| showing.starts_at), visit.booked_starts_at),
        ends_at: at(showing.map(Showing::end), visit.booked_ends_at),
        party_size: visit.size(),
        seats: visit
            .seats
            .iter()
            .map(|seat| HeldSeat {
                label: seat.label.clone(),
                features: seat.features.clone(),
                tariff_class: seat.tariff_class.clone(),
                need: need(&seat.need),
                free_seating: seat.label.is_empty(),
            })
            .collect(),
        parking: visit.bay.as_ref().map(|bay| right(visit, bay)),
        meal: visit.meal.as_ref().map(|meal| order(visit, meal)),
        items,
        total,
        hold_expires_at: Some(timestamp(visit.hold_expires_at)),
        payment_method: visit.method.map(method).unwrap_or_default().into(),
        payment_url: if visit.state == State::AwaitingPayment { visit.payment_url.clone() } else { String::new() },
        timeline: showing.map(|showing| timeline::steps(visit, showing).iter().map(step).collect()).unwrap_or_default(),
        notice: Some(notice.to_proto()),
        admitted: visit.admitted,
        language: visit.language.clone(),
        reference: if visit.ordered_at.is_some() { reference(visit.id) } else { String::new() },
        payment_state: payment_state(visit.money).into(),
        contact_name: String::new(),
        contact_known: visit.state == State::Held && visit.is_on_waiting_list(),
        clock: None,
        offer: None,
        refunds: Vec::new(),
        ways: Vec::new(),
        hall: showing.map(|showing| showing.hall.clone()).unwrap_or_default(),
    }
}
