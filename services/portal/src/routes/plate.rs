//! The plate of a visitor's car, given on the visit's page or at the desk so that a camera opens the barrier. Never shown
//! again.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, Role};
use sky_proto::{
    journey::v1::Visit,
    parking::v1::{BayClass, GetRightRequest, RightState, SetPlateRequest},
};

use super::visit::current;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// Who may change a party's bay for it.
pub(super) const AT_DESK: &[Role] = &[Role::Desk];

/// Whether a plate is noted for the visit's bay; None: there is no bay for which one could be.
pub(super) async fn is_noted(edge: &Edge, caller: &Caller, visit: &Visit) -> Option<bool> {
    // A bicycle has none.
    let bay = visit.parking.as_ref().filter(|bay| bay.bay_class() != BayClass::Bicycle)?;
    if !matches!(bay.state(), RightState::Held | RightState::Confirmed | RightState::Suspended | RightState::CheckedIn)
    {
        return None;
    }
    // That it cannot be read takes the form from nobody who is just typing.
    let request = GetRightRequest { visit_id: visit.visit_id.clone() };
    Some(answer(edge.parking(caller).get_right(request)).await.is_ok_and(|right| right.plate_known))
}

/// Notes what was sent, or forgets it. What to say of it.
async fn note(edge: &Edge, w: &Words, caller: &Caller, visit: String, sent: &Fields) -> Result<Notice, Problem> {
    let plate = if sent.is_on("forget") { "" } else { sent.get("plate").trim() };
    if plate.is_empty() && !sent.is_on("forget") {
        return Ok(Notice::bad(w.t("plate-wrong")));
    }
    let request = SetPlateRequest { visit_id: visit, plate: plate.to_owned() };
    match answer(edge.parking(caller).set_plate(request)).await {
        Ok(_) if plate.is_empty() => Ok(Notice::good(w.t("plate-forgotten"))),
        Ok(_) => Ok(Notice::good(w.t("plate-noted"))),
        Err(status) => match Code::from_grpc(status.code()) {
            Code::InvalidArgument => Ok(Notice::bad(w.t("plate-wrong"))),
            Code::FailedPrecondition | Code::NotFound => Ok(Notice::bad(w.t("plate-no-bay"))),
            _ => Err(status.into()),
        },
    }
}

/// `POST /visit/plate`
pub(crate) async fn set(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let notice = note(&edge, &guest.words, &caller, visit.to_string(), &sent).await?;
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/visit").into_response())
}

/// `POST /desk/plate`: for somebody who rings up, or stands at the desk without a phone.
pub(crate) async fn by_desk(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(AT_DESK)?;
    let notice = note(&edge, &guest.words, &caller, sent.get("visit").to_owned(), &sent).await?;
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/desk").into_response())
}
