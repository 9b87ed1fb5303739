//! The kitchen's own matters in the words of the contract.

use chrono::{DateTime, Utc};
use kernel::values::{Text, euro, timestamp};
use sky_proto::{gastro::v1 as pb, kernel::v1::LocalizedText};

use uuid::Uuid;

use super::{charged_item, order, order_state, station};
use crate::domain::{
    Order, OrderState, OrderedItem, Station, StationState,
    affected::{Affected, Cause},
    kitchen::{Beside, GivenBack, Print, Ticket, Waste, WasteReason, totals},
    substituting::Substituted,
};

const fn by(cause: Cause) -> pb::AffectedBy {
    match cause {
        Cause::Station => pb::AffectedBy::Station,
        Cause::CancelledVisit => pb::AffectedBy::CancelledVisit,
        Cause::KitchenSystem => pb::AffectedBy::KitchenSystem,
        Cause::NoTime => pb::AffectedBy::NoTime,
        Cause::Recipe => pb::AffectedBy::Recipe,
    }
}

/// An order with all that is known besides it.
pub(crate) fn whole_order(of: &Order, beside: Option<&Beside>) -> pb::Order {
    let Some(beside) = beside else { return order(of) };
    let affected = beside.affected.as_ref().map(|affected| pb::Affected {
        by: by(affected.cause).into(),
        reason: Some(affected.reason().to_proto()),
        later_pickup_at: affected.later_pickup_at.map(timestamp),
        answer_until: Some(timestamp(affected.answer_until)),
        refund_at: affected.refund_at.filter(|_| of.state == OrderState::Scheduled).map(timestamp),
    });
    let part = |ticket: &Ticket| pb::StationPart {
        ticket_id: ticket.id.to_string(),
        station: ticket.station.clone(),
        work: order_state(ticket.work).into(),
        unsent: ticket.print == Print::Unsent,
        printed: ticket.print == Print::Printed,
    };
    pb::Order {
        affected,
        undo_until: beside.undo_until.map(timestamp),
        parts: beside.parts.iter().map(part).collect(),
        gives_back: (beside.gives_back > 0).then(|| euro(beside.gives_back)),
        given_back: given_back(beside),
        ..order(of)
    }
}

fn given_back(beside: &Beside) -> Vec<pb::GivenBack> {
    let last = beside.given_back.iter().rposition(|it| it.taken_back.is_none());
    let given = |(nth, it): (usize, &GivenBack)| {
        let taken_back = it.taken_back.as_ref();
        pb::GivenBack {
            amount: Some(euro(it.cents)),
            at: Some(timestamp(it.at)),
            by: it.by.clone(),
            taken_back_at: taken_back.map(|(at, _)| timestamp(*at)),
            taken_back_by: taken_back.map(|(_, by)| by.clone()).unwrap_or_default(),
            undo_until: beside.given_back_undo_until.filter(|_| last == Some(nth)).map(timestamp),
        }
    };
    beside.given_back.iter().enumerate().map(given).collect()
}

pub(crate) fn affected(order: &Order, affected: &Affected) -> pb::OrderAffected {
    pb::OrderAffected {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        number: order.number.unwrap_or_default(),
        reason: Some(affected.reason().to_proto()),
        later_pickup_at: affected.later_pickup_at.map(timestamp),
        answer_until: Some(timestamp(affected.answer_until)),
        question_id: affected.question.to_string(),
    }
}

pub(crate) fn settled(order: &Order, question: Uuid, reason: &Text) -> pb::OrderSettled {
    pb::OrderSettled {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        reason: Some(reason.to_proto()),
        question_id: question.to_string(),
    }
}

/// So much of a meal goes back; the order has what it costs now.
pub(crate) fn refund_due(of: &Order, cents: i64, reason: &Text) -> pb::OrderRefundDue {
    pb::OrderRefundDue {
        order_id: of.id.to_string(),
        visit_id: of.visit.to_string(),
        amount: Some(euro(cents)),
        reason: Some(reason.to_proto()),
        refund_id: Uuid::new_v4().to_string(),
        items: of.charges.iter().map(charged_item).collect(),
    }
}

/// Why a difference goes back.
pub(crate) fn cheaper(name: &Text) -> Text {
    let english = if name.en.is_empty() { &name.de } else { &name.en };
    Text {
        de: format!("Günstigeres Essen: {}", name.de),
        en: format!("Cheaper dish: {english}"),
        plain: format!("Ihr neues Essen kostet weniger: {}", name.de),
    }
}

pub(crate) fn substituted(
    order: &Order,
    it: &Substituted,
    new: &OrderedItem,
    at: DateTime<Utc>,
) -> pb::OrderSubstituted {
    pb::OrderSubstituted {
        order_id: order.id.to_string(),
        visit_id: order.visit.to_string(),
        number: order.number.unwrap_or_default(),
        replaced: Some(it.replaced.name.to_proto()),
        item_id: new.item.clone(),
        name: Some(new.name.to_proto()),
        quantity: new.quantity,
        allergens: new.allergens.clone(),
        added_allergens: it.added.clone(),
        at: Some(timestamp(at)),
        line: u32::try_from(it.line).ok(),
    }
}

const fn reason(reason: WasteReason) -> pb::WasteReason {
    match reason {
        WasteReason::Cancelled => pb::WasteReason::Cancelled,
        WasteReason::NotCollected => pb::WasteReason::NotCollected,
        WasteReason::Mistake => pb::WasteReason::Mistake,
        WasteReason::Dropped => pb::WasteReason::Dropped,
        WasteReason::Spoiled => pb::WasteReason::Spoiled,
    }
}

pub(crate) fn waste(waste: &Waste, now: DateTime<Utc>) -> pb::WasteEntry {
    let taken_back = waste.taken_back.as_ref();
    pb::WasteEntry {
        waste_id: waste.id.to_string(),
        order_id: waste.order.map(|(order, _)| order.to_string()).unwrap_or_default(),
        number: waste.order.map(|(_, number)| number).unwrap_or_default(),
        item_id: waste.item.clone(),
        name: Some(waste.name.to_proto()),
        quantity: waste.quantity,
        reason: reason(waste.reason).into(),
        at: Some(timestamp(waste.at)),
        by: waste.by.clone(),
        taken_back_at: taken_back.map(|(at, _)| timestamp(*at)),
        taken_back_by: taken_back.map(|(_, by)| by.clone()).unwrap_or_default(),
        may_be_taken_back: waste.may_be_taken_back(now),
    }
}

pub(crate) fn day_of_waste(entries: &[Waste], now: DateTime<Utc>) -> pb::ListWasteResponse {
    let total = |(item_id, name, quantity): (String, Text, u32)| pb::WasteTotal {
        item_id,
        name: Some(name.to_proto()),
        quantity,
    };
    pb::ListWasteResponse {
        entries: entries.iter().map(|entry| waste(entry, now)).collect(),
        totals: totals(entries).into_iter().map(total).collect(),
    }
}

/// What the printer said, for staff; none: nothing.
fn problem(name: &str) -> Option<LocalizedText> {
    let (de, en) = match name {
        "" => return None,
        "not_set_up" => ("Kein Drucker ist eingerichtet.", "No printer is set up."),
        "unreachable" => ("Der Drucker ist nicht erreichbar.", "The printer cannot be reached."),
        "offline" => ("Der Drucker ist offline (Deckel offen?).", "The printer is off line (cover open?)."),
        "no_paper" => ("Im Drucker fehlt Papier.", "The printer is out of paper."),
        "no_answer" => (
            "Der Drucker hat nicht bestätigt; der Zettel kann da sein oder nicht.",
            "The printer has not acknowledged; the ticket may be there or not.",
        ),
        _ => ("Der Drucker antwortet Unverständliches.", "The printer answers nonsense."),
    };
    Some(Text::new(de, en).to_proto())
}

pub(crate) fn ticket(ticket: &Ticket, number: u32) -> pb::Ticket {
    let state = match ticket.print {
        Print::OnScreen => pb::TicketState::OnScreen,
        Print::Unsent => pb::TicketState::Unsent,
        Print::Printed => pb::TicketState::Printed,
    };
    pb::Ticket {
        ticket_id: ticket.id.to_string(),
        order_id: ticket.order.to_string(),
        number,
        station_id: ticket.station.clone(),
        state: state.into(),
        work: order_state(ticket.work).into(),
        attempts: ticket.attempts,
        problem: problem(&ticket.problem),
    }
}

/// What the café's monitor shows: numbers in preparation in their order, numbers to be collected newest first.
pub(crate) fn pickup_board(
    revision: u64,
    numbers: &[(u32, OrderState)],
    stations: &[Station],
    now: DateTime<Utc>,
) -> pb::PickupBoard {
    let is_made = |state: &OrderState| matches!(state, OrderState::Fired | OrderState::Preparing);
    let ready = numbers.iter().rev().filter(|(_, state)| !is_made(state));
    pb::PickupBoard {
        revision,
        preparing: numbers.iter().filter(|(_, state)| is_made(state)).map(|(number, _)| *number).collect(),
        ready: ready
            .map(|(number, state)| pb::PickupNumber { number: *number, recalled: *state == OrderState::Recalled })
            .collect(),
        delay_minutes: stations.iter().map(|it| station(it).delay_minutes).max().unwrap_or_default(),
        resting: stations.iter().all(|it| matches!(it.state, StationState::Paused | StationState::Closed)),
        observed_at: Some(timestamp(now)),
    }
}

/// The price of everything, for whoever stands at the counter.
pub(crate) fn preview(of: &Order) -> pb::PreviewWalkUpResponse {
    let total = of.charges.iter().map(|charge| charge.cents * i64::from(charge.quantity)).sum();
    pb::PreviewWalkUpResponse { pickup_at: Some(timestamp(of.pickup_at)), total: Some(euro(total)) }
}
