//! The plate of a visitor's car, given on the visit's page so that a camera opens the barrier. Never shown again.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code};
use sky_proto::{
    journey::v1::Visit,
    parking::v1::{GetRightRequest, RightState, SetPlateRequest},
};

use super::visit::current;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
};

/// Whether a plate is noted for the visit's bay; None: there is no bay for which one could be.
pub(super) async fn is_noted(edge: &Edge, caller: &Caller, visit: &Visit) -> Option<bool> {
    let bay = visit.parking.as_ref()?;
    if !matches!(bay.state(), RightState::Held | RightState::Confirmed | RightState::Suspended | RightState::CheckedIn)
    {
        return None;
    }
    // The page is worth seeing without it too.
    let request = GetRightRequest { visit_id: visit.visit_id.clone() };
    answer(edge.parking(caller).get_right(request)).await.ok().map(|right| right.plate_known)
}

/// `POST /visit/plate`: notes it, or forgets it.
pub(crate) async fn set(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let w = guest.words;
    let plate = if sent.is_on("forget") { "" } else { sent.get("plate").trim() };
    if plate.is_empty() && !sent.is_on("forget") {
        guest.tell(&edge, Notice::bad(w.t("plate-wrong"))).await?;
        return Ok(Redirect::to("/visit").into_response());
    }
    let request = SetPlateRequest { visit_id: visit.to_string(), plate: plate.to_owned() };
    let notice = match edge.parking(&caller).set_plate(request).await {
        Ok(_) if plate.is_empty() => Notice::good(w.t("plate-forgotten")),
        Ok(_) => Notice::good(w.t("plate-noted")),
        Err(status) => match Code::from_grpc(status.code()) {
            Code::InvalidArgument => Notice::bad(w.t("plate-wrong")),
            Code::FailedPrecondition | Code::NotFound => Notice::bad(w.t("plate-no-bay")),
            _ => return Err(status.into()),
        },
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/visit").into_response())
}
