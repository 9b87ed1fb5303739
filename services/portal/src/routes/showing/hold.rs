//! Holding what was chosen: all of it or nothing, and then the form again with what would fit.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, values};
use prost::Message;
use sky_proto::journey::v1::{CancelVisitRequest, GetVisitRequest, HoldRefused, VisitState};
use tonic::Status;
use uuid::Uuid;

use super::{
    super::waiting_room::{self, Gate},
    Alternative, Material, Refused, fill, material,
    wish::wish,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::page,
    problem::Problem,
    session::Guest,
};

/// `POST /showings/{id}/hold`
pub(crate) async fn hold(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let gate = waiting_room::gate(&edge, &guest, id).await?;
    if let Some(room) = gate.closed_by() {
        return waiting_room::lead(&edge, &guest, room).await;
    }
    let material = material(&edge, &guest.visitor(), id).await?;
    if sent.is_on("more") {
        // No order yet: another tray, or another line on one.
        return page(&fill(&guest, &material, &sent, Refused::default()));
    }
    let request = match wish(&guest, &material, &sent)? {
        Ok(request) => request,
        Err(errors) => {
            let refused = Refused { errors, ..Refused::default() };
            let page = page(&fill(&guest, &material, &sent, refused))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (session, cookie) = guest.session_for_visits(&edge).await?;
    let before = guest.session.as_ref().and_then(|session| session.visit);
    let caller = Caller::Visitor { session: session.to_string(), visit: None };
    let asked = Instant::now();
    let answered = answer(edge.journey(&caller).hold_visit(request)).await;
    if let Gate::Passed(room) = gate {
        edge.rooms.bought(room, session, asked.elapsed(), &answered).await;
    }
    match answered {
        Ok(visit) => {
            let visit_id = values::id("visit_id", &visit.visit_id)?;
            Guest::open_visit(&edge, session, visit_id, false).await?;
            if let Some(before) = before.filter(|before| *before != visit_id) {
                release(&edge, session, before).await;
            }
            Ok((cookie, Redirect::to(&format!("/order/{visit_id}"))).into_response())
        }
        Err(status) => refuse(&guest, &material, &sent, &status, cookie),
    }
}

/// A visitor who went back and chose anew does not keep the first places from others.
async fn release(edge: &Edge, session: Uuid, visit: Uuid) {
    let caller = Caller::Visitor { session: session.to_string(), visit: Some(visit) };
    let visit_id = visit.to_string();
    let found = answer(edge.journey(&caller).get_visit(GetVisitRequest { visit_id: visit_id.clone() })).await;
    if found.is_ok_and(|visit| visit.state() == VisitState::Held) {
        let request = CancelVisitRequest { visit_id, reason: "chosen anew".to_owned() };
        if let Err(status) = answer(edge.journey(&caller).cancel_visit(request)).await {
            tracing::debug!(code = ?status.code(), "a hold was not given up; it will run out");
        }
    }
}

/// The form again, with the reason and what would fit; a fault stays a problem.
fn refuse(
    guest: &Guest,
    material: &Material,
    sent: &Fields,
    status: &Status,
    cookie: HeaderMap,
) -> Result<Response, Problem> {
    let code = Code::from_grpc(status.code());
    if !code.is_refusal() && code != Code::InvalidArgument {
        return Err(status.clone().into());
    }
    let w = &guest.words;
    let told = HoldRefused::decode(status.details()).ok().filter(|told| !told.part.is_empty());
    let refused = told.map_or_else(
        || Refused { refusal: w.t("hold-refused"), ..Refused::default() },
        |told| Refused {
            errors: Vec::new(),
            refusal: w.text(&told.reason),
            alternatives: told
                .alternatives
                .iter()
                .map(|other| Alternative { text: w.text(&other.text), showing: other.showing_id.clone() })
                .collect(),
        },
    );
    let http = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::CONFLICT);
    let page = page(&fill(guest, material, sent, refused))?;
    Ok((http, cookie, page).into_response())
}
