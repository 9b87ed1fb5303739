//! The waiting list of a showing: who waits, and whom to write to. Waiting is all that is sent here: car park and kitchen are
//! for what is booked.

pub(crate) mod at_desk;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, error::may_be_asked_again, values};
use sky_proto::{
    journey::v1::JoinWaitingListRequest,
    reservations::v1::{Audience, AvailabilityReason, Showing},
};
use tonic::Status;
use uuid::Uuid;

use super::{
    super::{booking, busy, buyer::Buyer},
    Count, FieldError, Material, Refused, fill, is_some, material,
    waiting_room::{self, Gate},
    wish::wish,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{Frame, page},
    problem::Problem,
    refusal,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "waiting-list.html")]
struct WaitingListPage {
    w: Frame,
    form: Form,
    plain: bool,
}

/// Which showing it is, who waits and whom to tell, as visitors and the desk fill it in.
struct Form {
    id: String,
    title: String,
    day: String,
    starts: String,
    starts_iso: String,
    prices: Vec<Count>,
    needs: Vec<Count>,
    needs_open: bool,
    key: String,
    errors: Vec<FieldError>,
    name: String,
    email: String,
}

impl Form {
    fn of(guest: &Guest, material: &Material, sent: &Fields, errors: Vec<FieldError>) -> Self {
        let page = fill(guest, material, sent, Refused { errors, ..Refused::default() }, Buyer::Visitor);
        Self {
            id: page.id,
            title: page.title,
            day: page.day,
            starts: page.starts,
            starts_iso: page.starts_iso,
            prices: page.prices,
            needs_open: page.needs.iter().any(|need| need.wrong || is_some(need)),
            needs: page.needs,
            key: page.key,
            errors: page.errors,
            name: sent.get("name").to_owned(),
            email: sent.get("email").to_owned(),
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.errors.iter().any(|error| error.field == field)
    }
}

/// Whether a showing has a list to join now: it is public and sold online, and places for some at least are missing. Journey
/// has the last word.
pub(crate) fn is_open(showing: &Showing) -> bool {
    let reason = showing.availability.as_ref().map(sky_proto::reservations::v1::Availability::reason);
    let is_short =
        matches!(reason, Some(AvailabilityReason::Few | AvailabilityReason::AllHeld | AvailabilityReason::SoldOut));
    showing.audience() == Audience::Public && is_short
}

fn path(id: &str) -> String {
    format!("/showings/{id}/wait")
}

fn form_again(guest: &Guest, material: &Material, sent: &Fields, errors: Vec<FieldError>) -> Result<Response, Problem> {
    let form = Form::of(guest, material, sent, errors);
    let mut w = guest.frame(guest.words.t("wait-list-title"));
    w.path = path(&form.id);
    page(&WaitingListPage { plain: sent.is_on("plain"), form, w })
}

/// `GET /showings/{id}/wait`
pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    if let Gate::Wait(room) = waiting_room::gate(&edge, &guest, id).await? {
        return waiting_room::lead(&edge, &guest, room).await;
    }
    let material = material(&edge, &guest.visitor(), id).await?;
    if !is_open(&material.showing) {
        return Ok(Redirect::to(&format!("/showings/{id}")).into_response());
    }
    form_again(&guest, &material, &Fields::default(), Vec::new())
}

/// `POST /showings/{id}/wait`
pub(crate) async fn join(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    if let Gate::Wait(room) = waiting_room::gate(&edge, &guest, id).await? {
        return waiting_room::lead(&edge, &guest, room).await;
    }
    let material = material(&edge, &guest.visitor(), id).await?;
    let wrong = |errors| Ok((StatusCode::UNPROCESSABLE_ENTITY, form_again(&guest, &material, &sent, errors)?));
    let request = match read(&guest, &material, &sent, Buyer::Visitor)? {
        Ok(request) => request,
        Err(errors) => return wrong(errors).map(IntoResponse::into_response),
    };
    let (session, cookie) = guest.session_for_form(&edge, sent.page_key()?).await?;
    let caller = Caller::Visitor { session: session.to_string(), visit: None };
    match answer(edge.waiting_list(&caller).join_waiting_list(request)).await {
        Ok(visit) => {
            let visit = values::id("visit_id", &visit.visit_id)?;
            Guest::open_visit(&edge, session, visit, false).await?;
            Ok((cookie, Redirect::to("/visit")).into_response())
        }
        Err(status) if may_be_asked_again(&status) => {
            Ok((cookie, busy::page(&guest, &sent, path(&id.to_string()), true)?).into_response())
        }
        Err(status) if status.code() == tonic::Code::Unavailable => {
            busy::away(&guest, &sent, path(&id.to_string()), true)
        }
        Err(status) => match wrong_field(&guest.words, &status) {
            Some(error) => Ok((cookie, wrong(vec![error])?).into_response()),
            None => Err(status.into()),
        },
    }
}

/// What the form asks for, or what is wrong in it. Whoever waits waits for what is sold online, whoever fills in the form.
fn read(
    guest: &Guest,
    material: &Material,
    sent: &Fields,
    buyer: Buyer,
) -> Result<Result<JoinWaitingListRequest, Vec<FieldError>>, Problem> {
    let contact = booking::contact(guest, sent, buyer);
    let (wish, contact) = match (wish(guest, material, sent, Buyer::Visitor)?, contact) {
        (Ok(wish), Ok(contact)) => (wish, contact),
        (wish, contact) => {
            let mut errors = wish.err().unwrap_or_default();
            let of_contact = contact.err().unwrap_or_default().into_iter();
            errors.extend(of_contact.map(|(field, text)| FieldError { field: field.to_owned(), text }));
            return Ok(Err(errors));
        }
    };
    if contact.name.is_empty() && contact.email.is_empty() {
        return Ok(Err(vec![FieldError { field: "name".to_owned(), text: guest.words.t("error-name") }]));
    }
    let is_plain = sent.is_on("plain") && guest.words.lang() == "de";
    Ok(Ok(JoinWaitingListRequest {
        idempotency_key: wish.idempotency_key,
        showing_id: wish.showing_id,
        party: wish.party,
        language: if is_plain { "de-x-ls".to_owned() } else { wish.language },
        contact: Some(contact),
    }))
}

/// What a refusal says, and at which field; None: it is a fault.
fn wrong_field(w: &Words, status: &Status) -> Option<FieldError> {
    let code = Code::from_grpc(status.code());
    if !code.is_refusal() && code != Code::InvalidArgument {
        return None;
    }
    let (field, text) = match code {
        _ if booking::is_no_address(status) => ("email", w.t("error-email")),
        Code::AlreadyExists => ("email", refusal::sentence(w, status)),
        _ => ("wait", refusal::sentence(w, status)),
    };
    Some(FieldError { field: field.to_owned(), text })
}
