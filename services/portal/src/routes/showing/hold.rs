//! Holding what was chosen: all of it or nothing, and then the form again with what would fit.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::TimeDelta;
use kernel::{Caller, Code, clock::wall_now, error::may_be_asked_again, values};
use prost::Message;
use sky_proto::{
    journey::v1::{CancelVisitRequest, GetVisitRequest, HoldRefused, HoldVisitRequest, VisitState},
    reservations::v1::{Need, PartyLine, Seat, SeatsRefused, seats_refused::Reason},
};
use tonic::{Request, Status, metadata::MetadataValue};
use uuid::Uuid;

use super::{
    super::{
        busy,
        buyer::Buyer,
        waiting_room::{self, Gate},
    },
    Alternative, Material, NEEDS, Refused, count_field, fill, material_for,
    wish::wish,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::page,
    problem::Problem,
    session::Guest,
    store,
};

/// With this journey is told of somebody who is not let in: it answers them only what they have asked before.
const BEHIND_A_LINE: &str = "sky-behind-a-line";

/// Nobody chooses for longer: of a visit opened before that nothing is held any more.
pub(crate) const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(30);

/// `POST /showings/{id}/hold`
pub(crate) async fn hold(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    match held(&edge, &guest, id, &sent).await {
        // Nobody types it all again because a service is away. If it was held all the same, the form's key gets that.
        Err(problem) if problem.code == Code::Unavailable => {
            busy::away(&guest, &sent, Buyer::Visitor.form(&id.to_string()), true)
        }
        held => held,
    }
}

async fn held(edge: &Arc<Edge>, guest: &Guest, id: Uuid, sent: &Fields) -> Result<Response, Problem> {
    let gate = waiting_room::gate(edge, guest, id).await?;
    let behind = gate.closed_by().filter(|_| !matches!(gate, Gate::Wheelchair(_)));
    if let Some(room) = behind
        && guest.session.is_none()
    {
        return waiting_room::lead(edge, guest, room).await;
    }
    let mut material = material_for(edge, &guest.visitor(), id, sent).await?;
    let gate = if sent.is_on("time") { waiting_room::more_time(edge, guest, gate).await? } else { gate };
    material.of(edge, guest, gate).await;
    let request = match asked(guest, &material, sent, Buyer::Visitor)? {
        Asked::For(request) => request,
        Asked::Back(page) => {
            return if let Some(room) = behind { waiting_room::lead(edge, guest, room).await } else { Ok(page) };
        }
    };
    let behind = match gate {
        Gate::Wheelchair(room) if !request.party.iter().all(needs_kept_place) => Some(room),
        _ => behind,
    };
    if let Some(room) = behind
        && guest.session.is_none()
    {
        return waiting_room::lead(edge, guest, room).await;
    }
    let (session, cookie) = guest.session_for_form(edge, sent.page_key()?).await?;
    let has_chosen_before = guest.session.as_ref().is_some_and(|session| session.visit.is_some());
    let caller = Caller::Visitor { session: session.to_string(), visit: None };
    let mut request = Request::new(request);
    if behind.is_some() {
        // Their pass may have ended since they pressed the button for the first time: journey knows the form's key.
        request.metadata_mut().insert(BEHIND_A_LINE, MetadataValue::from_static("1"));
    }
    let asked = Instant::now();
    let answered = answer(edge.journey(&caller).hold_visit(request)).await;
    if let Gate::Passed(pass) = gate {
        edge.rooms.bought(pass.room, session, asked.elapsed(), &answered).await;
    }
    if let Some(room) = behind
        && answered.as_ref().is_err_and(is_to_wait)
    {
        return waiting_room::lead(edge, guest, room).await;
    }
    match answered {
        Ok(visit) => {
            let visit_id = values::id("visit_id", &visit.visit_id)?;
            Guest::open_visit(edge, session, visit_id, false).await?;
            if has_chosen_before {
                // Who has places now is not kept waiting for that.
                let others = edge.clone();
                edge.tasks.spawn(async move { release_others(&others, session, visit_id, id).await });
            }
            Ok((cookie, Redirect::to(&format!("/order/{visit_id}"))).into_response())
        }
        Err(status) if may_be_asked_again(&status) || busy::is_under_way(&status) => {
            Ok((cookie, busy::page(guest, sent, Buyer::Visitor.form(&id.to_string()), true)?).into_response())
        }
        Err(status) => Ok((cookie, refuse(guest, material, sent, &status, Buyer::Visitor)?).into_response()),
    }
}

/// Wheelchair places are not among those that others wait for, nor are their companions'. Nobody else goes past the line.
fn needs_kept_place(line: &PartyLine) -> bool {
    matches!(line.need(), Need::Wheelchair | Need::Companion)
}

/// It was never asked before, and others wait for the same.
fn is_to_wait(status: &Status) -> bool {
    HoldRefused::decode(status.details()).is_ok_and(|told| told.part == "waiting_room")
}

/// What a form asks for.
pub(crate) enum Asked {
    For(HoldVisitRequest),
    /// Nothing yet: the form comes back, with another tray, with more time, or with what is wrong with it.
    Back(Response),
}

pub(crate) fn asked(guest: &Guest, material: &Material, sent: &Fields, buyer: Buyer) -> Result<Asked, Problem> {
    if let Some(status) = material.unread(sent) {
        return Err(status.clone().into());
    }
    if sent.is_on("more") || sent.is_on("time") {
        return Ok(Asked::Back(page(&fill(guest, material, sent, Refused::default(), buyer))?));
    }
    let errors = match wish(guest, material, sent, buyer)? {
        Ok(request) => return Ok(Asked::For(request)),
        Err(errors) => errors,
    };
    let page = page(&fill(guest, material, sent, Refused { errors, ..Refused::default() }, buyer))?;
    Ok(Asked::Back((StatusCode::UNPROCESSABLE_ENTITY, page).into_response()))
}

/// A visitor who went back and chose anew does not keep the first places from others, whatever they looked at in between.
/// Places of another showing are theirs as well: families come to more than one.
async fn release_others(edge: &Edge, session: Uuid, chosen: Uuid, showing: Uuid) {
    match store::visits_since(edge.db.pool(), session, wall_now() - LONGEST_HOLD).await {
        Ok(visits) => {
            for visit in visits.into_iter().filter(|visit| *visit != chosen) {
                release(edge, session, visit, showing).await;
            }
        }
        Err(error) => tracing::warn!(%error, "earlier holds were not looked for; they will run out"),
    }
}

async fn release(edge: &Edge, session: Uuid, visit: Uuid, showing: Uuid) {
    let caller = Caller::Visitor { session: session.to_string(), visit: Some(visit) };
    let visit_id = visit.to_string();
    let found = answer(edge.journey(&caller).get_visit(GetVisitRequest { visit_id: visit_id.clone() })).await;
    let showing = showing.to_string();
    if found.is_ok_and(|visit| visit.state() == VisitState::Held && visit.showing_id == showing) {
        let request = CancelVisitRequest { visit_id, reason: "chosen anew".to_owned() };
        if let Err(status) = answer(edge.journey(&caller).cancel_visit(request)).await {
            tracing::debug!(code = ?status.code(), "a hold was not given up; it will run out");
        }
    }
}

/// The field of the form that a refusal of places is about; empty: the whole of it.
fn field_of(refused: &SeatsRefused, material: &Material) -> String {
    let field = match refused.why() {
        Reason::NeedFull => NEEDS.iter().find(|(need, ..)| *need == refused.need()).map_or("", |(_, name, _)| name),
        Reason::Taken | Reason::NotSold | Reason::Protected | Reason::UnknownSeat | Reason::DoNotFit
            if !material.seats.is_empty() =>
        {
            "seats"
        }
        Reason::Unaccompanied => return count_field(&refused.tariff_class),
        _ => "",
    };
    field.to_owned()
}

/// The form again, with the reason and what would fit; a fault stays a problem.
pub(crate) fn refuse(
    guest: &Guest,
    mut material: Material,
    sent: &Fields,
    status: &Status,
    buyer: Buyer,
) -> Result<Response, Problem> {
    let code = Code::from_grpc(status.code());
    if !code.is_refusal() && code != Code::InvalidArgument {
        return Err(status.clone().into());
    }
    let w = &guest.words;
    let told = HoldRefused::decode(status.details()).ok().filter(|told| !told.part.is_empty());
    let seats = told.as_ref().and_then(|told| told.seats.clone()).unwrap_or_default();
    let refused = told.map_or_else(
        || Refused { refusal: w.t("hold-refused"), ..Refused::default() },
        |told| Refused {
            errors: Vec::new(),
            refusal: w.text(&told.reason),
            refusal_field: field_of(&seats, &material),
            alternatives: told
                .alternatives
                .iter()
                .map(|other| Alternative { text: w.text(&other.text), showing: other.showing_id.clone() })
                .collect(),
        },
    );
    if matches!(seats.why(), Reason::Taken | Reason::NotSold) {
        // The plan was asked for before somebody else took them.
        let is_taken = |seat: &&mut Seat| seats.seats.contains(&seat.label);
        material.seats.iter_mut().filter(is_taken).for_each(|seat| seat.free = false);
    }
    let http = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::CONFLICT);
    let page = page(&fill(guest, &material, sent, refused, buyer))?;
    Ok((http, page).into_response())
}
