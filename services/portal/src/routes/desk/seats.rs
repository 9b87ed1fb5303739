//! The places of a showing for staff: which are sold, which are not for sale and why; what nobody has is blocked or sold
//! again with one touch.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use sky_proto::reservations::v1::{BlockSeatsRequest, GetSeatPlanRequest, GetShowingRequest, SeatPlan};
use uuid::Uuid;

use super::super::{
    desk_actions::outcome,
    showing::seats::{SeatRow, rows},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
};

#[derive(Template)]
#[template(path = "desk-seats.html")]
struct SeatsPage {
    w: Frame,
    id: Uuid,
    starts: String,
    title: String,
    rows: Vec<SeatRow>,
    blocked: Vec<BlockedView>,
}

struct BlockedView {
    label: String,
    reason: String,
}

pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (mut reservations, mut plan) = (edge.reservations(&caller), edge.reservations(&caller));
    let showing_id = id.to_string();
    let (showing, plan) = tokio::join!(
        answer(reservations.get_showing(GetShowingRequest { showing_id: showing_id.clone() })),
        answer(plan.get_seat_plan(GetSeatPlanRequest { showing_id })),
    );
    let (showing, plan) = (showing?, plan?);
    let w = guest.frame(guest.words.t("block-title"));
    let blocked = plan.seats.iter().filter(|seat| seat.blocked);
    page(&SeatsPage {
        id,
        starts: w.time(&showing.starts_at),
        title: w.text(&showing.title),
        rows: rows(&w, &plan.seats, &[]),
        blocked: blocked.map(|it| BlockedView { label: it.label.clone(), reason: it.blocked_reason.clone() }).collect(),
        w,
    })
}

/// Blocks the chosen places, or sells one again.
pub(crate) async fn set(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let seats = sent.all("seat");
    let blocked = sent.get("again").is_empty();
    let request = BlockSeatsRequest {
        showing_id: id.to_string(),
        seats: seats.clone(),
        blocked,
        reason: sent.get("reason").to_owned(),
    };
    let done = answer(edge.reservations(&caller).block_seats(request)).await;
    let w = &guest.words;
    let key = if blocked { "block-done" } else { "block-again-done" };
    let say = |_: SeatPlan| Notice::good(w.with(key, "seats", &seats.join(", ")));
    outcome(&edge, &guest, done, say, &format!("/desk/showings/{id}/seats")).await
}
