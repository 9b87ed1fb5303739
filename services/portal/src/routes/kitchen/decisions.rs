//! What staff must decide: orders that do not come as ordered, tickets that nobody can read, and what was thrown away.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::Role;
use sky_proto::gastro::v1::{
    AffectedBy, AnswerOfferRequest, GetMenuRequest, ListAffectedRequest, ListTicketsRequest, ListWasteRequest,
    ListWasteResponse, OfferAnswer, Order, OrderState, PrintTicketRequest, RecordWasteRequest, Station,
    TakeBackWasteRequest, Ticket, WasteLine, WasteReason, WatchKitchenRequest,
};
use uuid::Uuid;

use super::{super::desk_actions::outcome, MAY_LOOK, back, decided, gives_back, may_work, name_of};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "kitchen-decisions.html")]
struct DecisionsPage {
    w: Frame,
    orders: Vec<Affected>,
    tickets: Vec<Unsent>,
    entries: Vec<Thrown>,
    totals: Vec<(String, u32)>,
    items: Vec<(String, String)>,
    reasons: Vec<(i32, String)>,
    key: String,
    may_work: bool,
    may_answer: bool,
}

struct Affected {
    visit: String,
    order: String,
    number: u32,
    reason: String,
    pickup: String,
    later: String,
    until: String,
    /// When the money goes back, as staff have said; empty: they have not.
    refund_at: String,
    /// What the counter gives back; empty: nothing.
    gives_back: String,
    /// No station has time for it: it can be made beyond what they have, or another dish take its place.
    no_time: bool,
    /// Another dish can take its place.
    other_dish: bool,
    /// It is being made: only the kitchen decides, on the order's own page.
    being_made: bool,
    lines: Vec<String>,
}

struct Unsent {
    id: String,
    number: u32,
    station: String,
    attempts: u32,
    problem: String,
}

struct Thrown {
    id: String,
    /// Empty: it stands.
    taken_back: String,
    may_be_taken_back: bool,
    at: String,
    number: u32,
    quantity: u32,
    name: String,
    reason: String,
    by: String,
}

fn affected(w: &Words, order: &Order) -> Affected {
    let affected = order.affected.clone().unwrap_or_default();
    let time = |at: &Option<prost_types::Timestamp>| at.map(|at| w.time(&Some(at))).unwrap_or_default();
    Affected {
        visit: order.visit_id.clone(),
        order: order.order_id.clone(),
        number: order.number,
        reason: w.text(&affected.reason),
        pickup: w.time(&order.pickup_at),
        later: time(&affected.later_pickup_at),
        until: time(&affected.answer_until),
        refund_at: time(&affected.refund_at),
        gives_back: gives_back(w, order),
        no_time: affected.by == i32::from(AffectedBy::NoTime),
        other_dish: affected.by == i32::from(AffectedBy::NoTime) || affected.by == i32::from(AffectedBy::Recipe),
        being_made: affected.by == i32::from(AffectedBy::CancelledVisit) || order.state() != OrderState::Scheduled,
        lines: order.lines.iter().map(|line| format!("{} × {}", line.quantity, w.text(&line.name))).collect(),
    }
}

fn unsent(w: &Words, ticket: &Ticket, stations: &[Station]) -> Unsent {
    Unsent {
        id: ticket.ticket_id.clone(),
        number: ticket.number,
        station: name_of(w, &ticket.station_id, stations),
        attempts: ticket.attempts,
        problem: w.text(&ticket.problem),
    }
}

/// Reasons that a person can give, with their words.
pub(super) fn reasons(w: &Words) -> Vec<(i32, String)> {
    [
        (WasteReason::Mistake, "waste-mistake"),
        (WasteReason::Dropped, "waste-dropped"),
        (WasteReason::Spoiled, "waste-spoiled"),
        (WasteReason::Cancelled, "waste-cancelled"),
    ]
    .into_iter()
    .map(|(reason, key)| (reason.into(), w.t(key)))
    .collect()
}

fn reason(w: &Words, reason: WasteReason) -> String {
    w.t(match reason {
        WasteReason::Cancelled | WasteReason::Unspecified => "waste-cancelled",
        WasteReason::NotCollected => "waste-not-collected",
        WasteReason::Mistake => "waste-mistake",
        WasteReason::Dropped => "waste-dropped",
        WasteReason::Spoiled => "waste-spoiled",
    })
}

fn thrown(w: &Words, waste: &ListWasteResponse) -> Vec<Thrown> {
    let entry = |entry: &sky_proto::gastro::v1::WasteEntry| Thrown {
        id: entry.waste_id.clone(),
        taken_back: entry.taken_back_at.map(|_| entry.taken_back_by.clone()).unwrap_or_default(),
        may_be_taken_back: entry.may_be_taken_back,
        at: w.time(&entry.at),
        number: entry.number,
        quantity: entry.quantity,
        name: w.text(&entry.name),
        reason: reason(w, entry.reason()),
        by: entry.by.clone(),
    };
    waste.entries.iter().map(entry).collect()
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let mut kitchen = edge.kitchen(&caller);
    let orders = answer(kitchen.list_affected(ListAffectedRequest {})).await?.orders;
    let may_work = may_work(&caller);
    let w = guest.frame(guest.words.t("decisions-title"));
    let mut page = DecisionsPage {
        orders: orders.iter().map(|order| affected(&w, order)).collect(),
        tickets: Vec::new(),
        entries: Vec::new(),
        totals: Vec::new(),
        items: Vec::new(),
        reasons: reasons(&w),
        key: Uuid::new_v4().to_string(),
        may_work,
        may_answer: guest.staff(&[Role::Kitchen, Role::Desk]).is_ok(),
        w,
    };
    if may_work {
        let tickets = answer(kitchen.list_tickets(ListTicketsRequest {})).await?.tickets;
        let board = WatchKitchenRequest { after_revision: 0 };
        let stations = first(edge.gastro(&caller).watch_kitchen(board)).await?.stations;
        let waste = answer(kitchen.list_waste(ListWasteRequest::default())).await?;
        let menu = answer(edge.gastro(&caller).get_menu(GetMenuRequest::default())).await?;
        page.tickets = tickets.iter().map(|ticket| unsent(&page.w, ticket, &stations)).collect();
        page.entries = thrown(&page.w, &waste);
        page.totals = waste.totals.iter().map(|total| (page.w.text(&total.name), total.quantity)).collect();
        page.items = menu.items.iter().map(|item| (item.item_id.clone(), page.w.text(&item.name))).collect();
    }
    page::page(&page)
}

const HERE: &str = "/kitchen/decisions";

/// Staff answer for a visitor.
pub(crate) async fn decide(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen, Role::Desk])?;
    let request = AnswerOfferRequest { visit_id: visit.to_string(), answer: sent.choice("answer") };
    let done = answer(edge.kitchen(&caller).answer_offer(request)).await;
    decided(&edge, &guest, done, HERE).await
}

pub(crate) async fn print(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(ticket): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let done = answer(edge.kitchen(&caller).print_ticket(PrintTicketRequest { ticket_id: ticket.to_string() })).await;
    let say = |ticket: Ticket| Notice::good(guest.words.n("tickets-to-printer", ticket.number));
    outcome(&edge, &guest, done, say, HERE).await
}

pub(crate) async fn waste(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let request = RecordWasteRequest {
        idempotency_key: sent.idempotency_key()?,
        line: Some(WasteLine {
            item_id: sent.get("item").to_owned(),
            quantity: sent.count("quantity").ok_or_else(Problem::bad_form)?,
            line: None,
        }),
        reason: sent.choice("reason"),
    };
    let done = answer(edge.kitchen(&caller).record_waste(request)).await;
    back(&edge, &guest, done, HERE).await
}

/// An entry was a mistake.
pub(crate) async fn take_waste_back(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(entry): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let request = TakeBackWasteRequest { waste_id: entry.to_string() };
    let done = answer(edge.kitchen(&caller).take_back_waste(request)).await;
    back(&edge, &guest, done, HERE).await
}

/// What a visitor may say.
pub(crate) const LATER: i32 = OfferAnswer::Later as i32;
pub(crate) const REFUND: i32 = OfferAnswer::Refund as i32;
