//! What the desk does, each a plain form: a command to a service, a notice, and back to the page.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use sky_proto::{
    flow::v1::{CorrectZoneRequest, HouseState, MoveAdmissionRequest, SetHouseStateRequest},
    journey::v1::CancelShowingRequest,
    kernel::v1::{LocalizedText, Money},
    payments::v1::{Means, PayOutPartRequest, Payment, SettleAtDeskRequest},
    reservations::v1::{ReissueCodesRequest, ReseatRequest},
};
use tonic::Status;

use super::showing::seat_wish;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    refusal,
    session::{Guest, Notice},
};

/// Back to a page with the outcome; a refusal is an outcome, a fault a problem.
pub(super) async fn outcome<T>(
    edge: &Edge,
    guest: &Guest,
    done: Result<T, Status>,
    say: impl FnOnce(T) -> Notice,
    to: &str,
) -> Result<Response, Problem> {
    match done {
        Ok(value) => {
            guest.tell(edge, say(value)).await?;
            Ok(Redirect::to(to).into_response())
        }
        Err(status) => refused(edge, guest, status, to).await,
    }
}

/// Back to a page with a refusal; a fault is a problem.
pub(super) async fn refused(edge: &Edge, guest: &Guest, status: Status, to: &str) -> Result<Response, Problem> {
    guest.tell(edge, refusal::notice(&guest.words, status)?).await?;
    Ok(Redirect::to(to).into_response())
}

/// The page a form was on: the operator's or the desk.
pub(super) fn from(sent: &Fields) -> &'static str {
    if sent.get("from") == "operator" { "/operator" } else { "/desk" }
}

pub(crate) async fn move_admission(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<uuid::Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = MoveAdmissionRequest { showing_id: id.to_string(), to: sent.choice("to") };
    let moved = answer(edge.flow(&caller).move_admission(request)).await;
    let w = &guest.words;
    let say = |admission: sky_proto::flow::v1::Admission| {
        Notice::good(w.with("desk-moved", "title", &w.text(&admission.title)))
    };
    outcome(&edge, &guest, moved, say, from(&sent)).await
}

/// What visitors read; it may be empty.
pub(super) fn reason(sent: &Fields) -> Option<LocalizedText> {
    let de = sent.get("reason").to_owned();
    (!de.is_empty()).then(|| LocalizedText { de, ..Default::default() })
}

pub(crate) async fn cancel(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<uuid::Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let back = format!("/desk/showings/{id}");
    if !sent.is_on("sure") {
        guest.tell(&edge, Notice::bad(guest.words.t("desk-unsure"))).await?;
        return Ok(Redirect::to(&back).into_response());
    }
    let request = CancelShowingRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id: id.to_string(),
        reason: reason(&sent),
    };
    let cancelled = answer(edge.journey(&caller).cancel_showing(request)).await;
    let w = &guest.words;
    let say = |done: sky_proto::journey::v1::CancelShowingResponse| {
        Notice::good(w.t("desk-cancelled")).with(w.n("desk-visits", done.visits_affected))
    };
    outcome(&edge, &guest, cancelled, say, &back).await
}

pub(crate) async fn house_state(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let state = HouseState::try_from(sent.choice("state")).unwrap_or_default();
    if state == HouseState::Evacuating && !sent.is_on("sure") {
        guest.tell(&edge, Notice::bad(guest.words.t("desk-unsure"))).await?;
        return Ok(Redirect::to(from(&sent)).into_response());
    }
    let reason = sent.get("reason").to_owned();
    let request = SetHouseStateRequest { state: state.into(), reason, exercise: sent.is_on("exercise") };
    let set = answer(edge.flow(&caller).set_house_state(request)).await;
    let w = &guest.words;
    let say = |house: sky_proto::flow::v1::House| {
        let half = house.state() == HouseState::Evacuating && !house.cleared_by.is_empty();
        Notice::good(w.t(if half { "house-half-cleared" } else { "house-set" }))
    };
    outcome(&edge, &guest, set, say, from(&sent)).await
}

pub(crate) async fn zone(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = CorrectZoneRequest {
        zone_id: sent.get("zone").to_owned(),
        count: sent.count("count").unwrap_or(u32::MAX),
        reason: sent.get("reason").to_owned(),
    };
    let set = answer(edge.flow(&caller).correct_zone(request)).await;
    let w = &guest.words;
    outcome(&edge, &guest, set, |zone| Notice::good(w.with("desk-zone-set", "zone", &w.text(&zone.name))), "/desk")
        .await
}

/// Gives a booked party other places; its codes stay.
pub(crate) async fn reseat(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let seats = sent.get("seats").split([',', ' ', ';']).map(|seat| seat.trim().to_uppercase());
    let seats: Vec<String> = seats.filter(|seat| !seat.is_empty()).collect();
    let request = ReseatRequest {
        idempotency_key: sent.idempotency_key()?,
        visit_id: sent.get("visit").to_owned(),
        wish: seat_wish(&sent, !seats.is_empty()),
        seats,
    };
    let moved = answer(edge.reservations(&caller).reseat(request)).await;
    let w = &guest.words;
    let say = |booking: sky_proto::reservations::v1::Booking| {
        let named = booking.tickets.into_iter().filter(|ticket| !ticket.free_seating);
        let seats: Vec<String> = named.map(|ticket| ticket.seat).collect();
        Notice::good(w.with("desk-reseated", "seats", &seats.join(", ")))
    };
    outcome(&edge, &guest, moved, say, "/desk").await
}

/// A ticket is lost: the party gets new codes, and whoever finds the old ones gets in nowhere.
pub(crate) async fn reissue(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ReissueCodesRequest {
        idempotency_key: sent.idempotency_key()?,
        visit_id: sent.get("visit").to_owned(),
        ticket_ids: Vec::new(),
        reason: sent.get("reason").trim().to_owned(),
    };
    let done = answer(edge.reservations(&caller).reissue_codes(request)).await;
    let say = |_| Notice::good(guest.words.t("desk-reissued"));
    outcome(&edge, &guest, done, say, "/desk").await
}

/// What is due of a payment: what goes back, or is not asked for any more, is not.
pub(super) fn due(payment: &Payment) -> i64 {
    let cents = |money: &Option<Money>| money.as_ref().map_or(0, |money| money.cents);
    cents(&payment.amount) - cents(&payment.given_back)
}

/// The desk has taken the money.
pub(crate) async fn settle(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let means = if sent.get("means") == "card" { Means::Card } else { Means::Cash };
    let request = SettleAtDeskRequest {
        visit_id: sent.get("visit").to_owned(),
        means: means.into(),
        expected_cents: sent.get("expected").parse().unwrap_or(0),
    };
    let visit = request.visit_id.clone();
    let settled = answer(edge.payments(&caller).settle_at_desk(request)).await;
    let w = &guest.words;
    let say = |payment: Payment| Notice::good(w.with("desk-settled", "total", &w.cents(due(&payment))));
    // Whoever has paid for a meal is handed its receipt.
    let receipts = format!("/desk/receipts/{visit}");
    let to = if settled.is_ok() && sent.is_on("meal") { receipts.as_str() } else { "/desk" };
    outcome(&edge, &guest, settled, say, to).await
}

/// The desk has handed out a part that goes back.
pub(crate) async fn pay_out(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request =
        PayOutPartRequest { visit_id: sent.get("visit").to_owned(), refund_id: sent.get("refund").to_owned() };
    let paid = answer(edge.payments(&caller).pay_out_part(request)).await;
    let say = |_| Notice::good(guest.words.t("back-paid-out")).with(guest.words.t("payout-undo-hint"));
    outcome(&edge, &guest, paid, say, "/desk").await
}
