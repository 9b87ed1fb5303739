//! A showing's waiting list as the desk has it: who waits, to whom places are offered, ordering these for somebody on the
//! phone, putting somebody on the list and taking them off.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use kernel::error::may_be_asked_again;
use sky_proto::journey::v1::{CancelVisitRequest, ListWaitingRequest, WaitingParty};
use uuid::Uuid;

use super::{
    super::{super::busy, FieldError, Material, material},
    Form, read, wrong_field,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    routes::{buyer::Buyer, desk_actions::outcome},
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "desk-waiting-list.html")]
struct DeskWaitingListPage {
    w: Frame,
    form: Form,
    parties: Vec<PartyRow>,
}

struct PartyRow {
    visit: String,
    reference: String,
    name: String,
    people: u32,
    since: String,
    /// Until when they may order; empty: they wait.
    until: String,
    has_address: bool,
}

fn row(w: &Words, party: &WaitingParty) -> PartyRow {
    PartyRow {
        visit: party.visit_id.clone(),
        reference: party.reference.clone(),
        name: party.contact_name.clone(),
        people: party.people,
        since: w.day_and_time(&party.since),
        until: party.offered_until.as_ref().map(|_| w.day_and_time(&party.offered_until)).unwrap_or_default(),
        has_address: party.has_address,
    }
}

fn path(id: &str) -> String {
    format!("/desk/showings/{id}/wait")
}

async fn list(
    edge: &Edge,
    guest: &Guest,
    material: &Material,
    sent: &Fields,
    errors: Vec<FieldError>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListWaitingRequest { showing_id: material.showing.showing_id.clone() };
    let waiting = answer(edge.waiting_list(&caller).list_waiting(request)).await?.parties;
    let form = Form::of(guest, material, sent, errors);
    let mut w = guest.frame(guest.words.t("wait-list-title"));
    w.path = path(&form.id);
    page(&DeskWaitingListPage { parties: waiting.iter().map(|party| row(&w, party)).collect(), form, w })
}

/// `GET /desk/showings/{id}/wait`
pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let material = material(&edge, &caller, id).await?;
    list(&edge, &guest, &material, &Fields::default(), Vec::new()).await
}

/// `POST /desk/showings/{id}/wait`
pub(crate) async fn join(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let material = material(&edge, &caller, id).await?;
    let errors = match read(&guest, &material, &sent, Buyer::Desk)? {
        Ok(request) => match answer(edge.waiting_list(&caller).join_waiting_list(request)).await {
            Ok(_) => {
                guest.tell(&edge, Notice::good(guest.words.t("wait-list-joined"))).await?;
                return Ok(Redirect::to(&path(&id.to_string())).into_response());
            }
            Err(status) if may_be_asked_again(&status) => {
                return busy::page(&guest, &sent, path(&id.to_string()), true);
            }
            Err(status) => vec![wrong_field(&guest.words, &status).ok_or(status)?],
        },
        Err(errors) => errors,
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, list(&edge, &guest, &material, &sent, errors).await?).into_response())
}

/// `POST /desk/showings/{id}/wait/off`: takes a party off, or back what was offered to it.
pub(crate) async fn off(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request =
        CancelVisitRequest { visit_id: sent.get("visit").to_owned(), reason: "taken off the waiting list".to_owned() };
    let done = answer(edge.journey(&caller).cancel_visit(request)).await;
    outcome(&edge, &guest, done, |_| Notice::good(guest.words.t("wait-list-off-done")), &path(&id.to_string())).await
}
