//! The visitor's own meal: how far it is, and what to say when it does not come as ordered.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use sky_proto::gastro::v1::{AnswerOfferRequest, GetOrderRequest, Order, OrderState, OrderedItem};

use super::{
    desk_actions::outcome,
    kitchen::{
        allergens,
        decisions::{LATER, REFUND},
    },
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "meal.html")]
struct MealPage {
    w: Frame,
    number: u32,
    state: String,
    pickup: String,
    /// What is on each tray; one without a name: it is no group.
    trays: Vec<(String, Vec<String>)>,
    /// Why it does not come as ordered; empty: it does.
    reason: String,
    later: String,
    until: String,
    /// Staff have answered for them, and may still take that back.
    being_decided: bool,
}

/// The visit of this browser.
fn visit(guest: &Guest) -> Result<uuid::Uuid, Problem> {
    guest.session.as_ref().and_then(|session| session.visit).ok_or_else(Problem::not_your_visit)
}

/// How far it is, for guests.
pub(super) fn state(order: &Order) -> &'static str {
    match order.state() {
        OrderState::Unspecified | OrderState::Held => "meal-state-held",
        OrderState::Scheduled => "meal-state-scheduled",
        OrderState::Fired | OrderState::Preparing => "meal-state-preparing",
        OrderState::Ready | OrderState::Recalled => "meal-state-ready",
        OrderState::Collected => "meal-state-collected",
        // With a number it was made, and nobody came for it; without one it was held for too long.
        OrderState::Expired if order.number > 0 => "meal-state-expired",
        OrderState::Rejected => "meal-state-rejected",
        OrderState::Expired | OrderState::Cancelled => "meal-state-cancelled",
    }
}

/// What is in a dish by now, where that was corrected since it was ordered.
fn corrected(w: &Words, line: &OrderedItem) -> String {
    if line.corrected_recipe_id.is_empty() {
        return String::new();
    }
    let (allergens, traces) = (allergens(w, &line.allergens), allergens(w, &line.traces));
    let mut text = String::new();
    if !allergens.is_empty() {
        text.push_str(&format!(" – {} {allergens}", w.t("allergens")));
    }
    if !traces.is_empty() {
        text.push_str(&format!(" – {}", w.with("allergen-traces", "name", &traces)));
    }
    text
}

/// What is on each tray; one without a name: it is no group.
pub(super) fn trays(w: &Words, order: &Order) -> Vec<(String, Vec<String>)> {
    let mut trays: Vec<(String, Vec<String>)> = Vec::new();
    for line in &order.lines {
        let text = format!("{} × {}{}", line.quantity, w.text(&line.name), corrected(w, line));
        match trays.iter_mut().find(|(name, _)| *name == line.tray) {
            Some((_, lines)) => lines.push(text),
            None => trays.push((line.tray.clone(), vec![text])),
        }
    }
    trays
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let visit = visit(&guest)?;
    let caller = guest.visitor_of(&edge, visit).await?;
    let order = answer(edge.gastro(&caller).get_order(GetOrderRequest { visit_id: visit.to_string() })).await?;
    let w = guest.frame(guest.words.t("meal-page"));
    // What is being made although the visit was cancelled is the kitchen's matter.
    let affected = order.affected.clone().filter(|_| order.state() == OrderState::Scheduled);
    let affected = affected.unwrap_or_default();
    let time = |at: &Option<prost_types::Timestamp>| at.map(|at| w.time(&Some(at))).unwrap_or_default();
    page::page(&MealPage {
        number: order.number,
        state: w.t(state(&order)),
        pickup: if order.affected.is_some() && order.state() == OrderState::Scheduled {
            w.t("meal-time-open")
        } else {
            w.time(&order.pickup_at)
        },
        trays: trays(&w, &order),
        reason: w.text(&affected.reason),
        later: time(&affected.later_pickup_at),
        until: time(&affected.answer_until),
        being_decided: affected.refund_at.is_some(),
        w,
    })
}

pub(crate) async fn decide(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let visit = visit(&guest)?;
    let caller = guest.visitor_of(&edge, visit).await?;
    let choice = match sent.choice("answer") {
        LATER => LATER,
        REFUND => REFUND,
        _ => return Err(Problem::bad_form()),
    };
    let request = AnswerOfferRequest { visit_id: visit.to_string(), answer: choice };
    let done = answer(edge.kitchen(&caller).answer_offer(request)).await;
    let key = if choice == LATER { "meal-said-later" } else { "meal-said-refund" };
    outcome(&edge, &guest, done, |_| Notice::good(guest.words.t(key)), "/visit/meal").await
}
