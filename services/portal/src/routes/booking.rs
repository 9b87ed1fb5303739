//! From the held places to the order: summary with every item, contact, payment method, and the button
//! that obliges to pay.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{
    Caller, Code,
    error::may_be_asked_again,
    values::{self, from_timestamp},
};
use sky_proto::{
    gastro::v1::GetOrderRequest,
    journey::v1::{
        CancelVisitRequest, ConfirmVisitRequest, Contact, ExtendVisitRequest, GetVisitRequest, Visit, VisitState,
    },
    kernel::v1::ChargedItem,
    payments::v1::Method,
};
use tonic::Status;
use uuid::Uuid;

use super::{
    busy,
    buyer::Buyer,
    meal, notices,
    showing::{LONGEST_HOLD, seats::places},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// One line of the receipt.
pub(crate) struct Item {
    pub(crate) label: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: String,
    pub(crate) sum: String,
    pub(crate) tax: String,
}

pub(crate) fn items(w: &Words, items: &[ChargedItem]) -> Vec<Item> {
    items
        .iter()
        .map(|item| {
            let cents = item.unit_price.as_ref().map_or(0, |price| price.cents);
            Item {
                label: w.text(&item.label),
                quantity: item.quantity,
                unit_price: w.cents(cents),
                sum: w.cents(cents.saturating_mul(i64::from(item.quantity))),
                tax: match item.tax_basis_points {
                    0 => w.t("tax-none"),
                    points if points % 100 == 0 => w.with("tax-rate", "rate", &(points / 100).to_string()),
                    points => w.with("tax-rate", "rate", &format!("{}.{:02}", points / 100, points % 100)),
                },
            }
        })
        .collect()
}

/// The visit's id in the path, if it is one and this session's; and the caller who may see it.
pub(crate) async fn own(edge: &Edge, guest: &Guest, visit: &str) -> Result<(Uuid, Caller), Problem> {
    let id = values::id("visit_id", visit).map_err(|_| Problem::no_page())?;
    Ok((id, guest.visitor_of(edge, id).await?))
}

/// The visit, as the caller may see it.
pub(crate) async fn load(edge: &Edge, caller: &Caller, id: Uuid) -> Result<Visit, Problem> {
    Ok(answer(edge.journey(caller).get_visit(GetVisitRequest { visit_id: id.to_string() })).await?)
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    w: Frame,
    /// Its own address, under which lies what can be done with it.
    base: String,
    /// The desk orders for somebody, who pays there.
    at_desk: bool,
    /// Where to choose again when it has run out.
    anew: String,
    title: String,
    day: String,
    starts: String,
    people: u32,
    seats: String,
    parking: String,
    meal: String,
    /// A group's lunch: what is on each tray.
    trays: Vec<(String, Vec<String>)>,
    items: Vec<Item>,
    total: String,
    free: bool,
    expires: String,
    expires_iso: String,
    can_extend: bool,
    /// Until then, in milliseconds: a script counts on from here, whatever the phone takes for the time.
    left_millis: i64,
    /// Whom to write to is known: nobody is asked for it again.
    is_known: bool,
    name: String,
    email: String,
    plain: bool,
    method: i32,
    errors: Vec<(&'static str, String)>,
}

impl OrderPage {
    fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(found, _)| *found == field).map(|(_, text)| text.as_str())
    }
}

/// What is on the trays of a group. When gastro does not answer, the order goes on without that.
async fn trays(edge: &Edge, caller: &Caller, w: &Words, visit: &Visit) -> Vec<(String, Vec<String>)> {
    if visit.meal.is_none() {
        return Vec::new();
    }
    let request = GetOrderRequest { visit_id: visit.visit_id.clone() };
    let order = answer(edge.gastro(caller).get_order(request)).await;
    let mut trays = order.map(|order| meal::trays(w, &order)).unwrap_or_default();
    trays.retain(|(name, _)| !name.is_empty());
    trays
}

pub(crate) async fn summary(
    edge: &Edge,
    caller: &Caller,
    guest: &Guest,
    visit: &Visit,
    sent: &Fields,
    errors: Vec<(&'static str, String)>,
    buyer: Buyer,
) -> Result<Response, Problem> {
    let id = values::id("visit_id", &visit.visit_id)?;
    let mut w = guest.frame(guest.words.t("order-title"));
    // The language links ask for the page, also where the form was sent to somewhere else.
    w.path = buyer.order(id);
    let left = from_timestamp(visit.hold_expires_at) - edge.now();
    // An offer from the waiting list: it has its time from the start.
    let is_long = left > LONGEST_HOLD;
    page(&OrderPage {
        can_extend: !is_long,
        base: w.path.clone(),
        at_desk: buyer == Buyer::Desk,
        anew: buyer.page(&visit.showing_id),
        title: w.text(&visit.title),
        day: w.day(&visit.starts_at),
        starts: w.time(&visit.starts_at),
        people: visit.party_size,
        seats: places(&w, &visit.seats).join(", "),
        parking: super::visit::parking(&w, visit),
        meal: super::visit::meal_time(&w, visit),
        trays: trays(edge, caller, &w, visit).await,
        items: items(&w, &visit.items),
        total: w.money(&visit.total),
        free: visit.total.as_ref().is_none_or(|total| total.cents == 0),
        expires: if is_long { w.day_and_time(&visit.hold_expires_at) } else { w.time(&visit.hold_expires_at) },
        expires_iso: w.iso(&visit.hold_expires_at),
        left_millis: left.num_milliseconds(),
        is_known: visit.contact_known,
        name: sent.get("name").to_owned(),
        email: sent.get("email").to_owned(),
        plain: sent.is_on("plain"),
        method: match sent.choice("method") {
            0 => Method::Online.into(),
            method => method,
        },
        errors,
        w,
    })
}

pub(crate) async fn order(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    let visit = load(&edge, &caller, id).await?;
    match visit.state() {
        VisitState::Held => {
            summary(&edge, &caller, &guest, &visit, &Fields::default(), Vec::new(), Buyer::Visitor).await
        }
        VisitState::AwaitingPayment if visit.payment_method() == Method::Online => {
            Ok(Redirect::to(&format!("/order/{id}/pay")).into_response())
        }
        _ => Ok(Redirect::to(&format!("/visits/{id}")).into_response()),
    }
}

pub(crate) async fn extend(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    extended(&edge, &caller, &guest, id, &sent, Buyer::Visitor).await
}

/// Ten minutes more, and the form again with what was typed: it is kept nowhere else.
pub(crate) async fn extended(
    edge: &Edge,
    caller: &Caller,
    guest: &Guest,
    id: Uuid,
    sent: &Fields,
    buyer: Buyer,
) -> Result<Response, Problem> {
    let w = &guest.words;
    let answered = answer(edge.journey(caller).extend_visit(ExtendVisitRequest { visit_id: id.to_string() })).await;
    let (visit, notice) = match answered {
        Ok(visit) => {
            let notice = Notice::good(w.with("order-extended", "time", &w.time(&visit.hold_expires_at)));
            (visit, notice)
        }
        Err(status) if may_be_asked_again(&status) || Code::from_grpc(status.code()).is_refusal() => {
            let key = if may_be_asked_again(&status) { "order-try-extend" } else { "order-not-extended" };
            (load(edge, caller, id).await?, Notice::bad(w.t(key)))
        }
        Err(status) => return Err(status.into()),
    };
    if visit.state() != VisitState::Held {
        // It has run out meanwhile, or is ordered: its page says which.
        return Ok(Redirect::to(&buyer.order(id)).into_response());
    }
    let has_typed = ["name", "email", "plain"].into_iter().any(|field| sent.is_on(field));
    if !has_typed {
        guest.tell(edge, notice).await?;
        return Ok(Redirect::to(&buyer.order(id)).into_response());
    }
    let guest = Guest { notice: Some(notice), ..guest.clone() };
    summary(edge, caller, &guest, &visit, sent, Vec::new(), buyer).await
}

pub(crate) async fn give_up(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    given_up(&edge, &caller, &guest, id, "/").await
}

/// Gives back what is held, and says so on the page to go on with.
pub(crate) async fn given_up(
    edge: &Edge,
    caller: &Caller,
    guest: &Guest,
    id: Uuid,
    next: &str,
) -> Result<Response, Problem> {
    let request = CancelVisitRequest { visit_id: id.to_string(), reason: "given up before the order".to_owned() };
    answer(edge.journey(caller).cancel_visit(request)).await?;
    guest.tell(edge, Notice::good(guest.words.t("order-given-up"))).await?;
    Ok(Redirect::to(next).into_response())
}

/// Where browsers find this house: as configured, else where this request went to.
pub(crate) fn public_url(edge: &Edge, headers: &HeaderMap) -> String {
    if !edge.settings.public_url.is_empty() {
        return edge.settings.public_url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

/// Where the payment's provider sends people back to.
fn return_url(edge: &Edge, headers: &HeaderMap, visit: Uuid) -> String {
    format!("{}/visits/{visit}/return", public_url(edge, headers))
}

/// Whom to tell; at the desk nobody must say.
pub(crate) fn contact(guest: &Guest, sent: &Fields, buyer: Buyer) -> Result<Contact, Vec<(&'static str, String)>> {
    let w = &guest.words;
    let (name, email) = (sent.get("name"), sent.get("email"));
    let is_asked = buyer == Buyer::Visitor;
    let mut errors = Vec::new();
    if is_asked && name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        errors.push(("name", w.t("error-name")));
    }
    let looks_right = email
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !email.contains(char::is_whitespace));
    if (is_asked || !email.is_empty()) && (!looks_right || email.len() > 254) {
        errors.push(("email", w.t("error-email")));
    }
    if errors.is_empty() { Ok(Contact { name: name.to_owned(), email: email.to_owned() }) } else { Err(errors) }
}

/// No mail can be written to what was typed: journey reads it as whoever sends it.
pub(crate) fn is_no_address(status: &Status) -> bool {
    status.code() == tonic::Code::InvalidArgument && status.message().starts_with("contact.email")
}

/// Ordered, and its payment not begun: too many paid at that moment, or whoever takes the money did not answer.
pub(crate) fn is_half_way(visit: &Visit) -> bool {
    visit.state() == VisitState::AwaitingPayment && visit.payment_url.is_empty()
}

pub(crate) async fn confirm(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
    headers: HeaderMap,
    sent: Fields,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    let visit = load(&edge, &caller, id).await?;
    if visit.state() != VisitState::Held && !is_half_way(&visit) {
        // The form was sent twice, or the hold ran out: the visit's page says which.
        return Ok(Redirect::to(&format!("/order/{id}")).into_response());
    }
    let contact = match contact(&guest, &sent, Buyer::Visitor) {
        _ if visit.contact_known => None,
        Ok(contact) => Some(contact),
        Err(errors) => {
            let page = summary(&edge, &caller, &guest, &visit, &sent, errors, Buyer::Visitor).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    notices::choose_language(&edge, &caller, id, &sent).await;
    let is_free = visit.total.as_ref().is_none_or(|total| total.cents == 0);
    let method = if is_free { Method::Free } else { Method::try_from(sent.choice("method")).unwrap_or_default() };
    let request = ConfirmVisitRequest {
        visit_id: id.to_string(),
        method: method.into(),
        contact,
        return_url: return_url(&edge, &headers, id),
    };
    let confirmed = answer(edge.journey(&caller).confirm_visit(request)).await;
    if confirmed.as_ref().is_err_and(may_be_asked_again) {
        return busy::page(&guest, &sent, format!("/order/{id}/confirm"), false);
    }
    if confirmed.as_ref().is_err_and(|status| status.code() == tonic::Code::Unavailable) {
        return busy::away(&guest, &sent, format!("/order/{id}/confirm"), false);
    }
    if confirmed.as_ref().is_err_and(is_no_address) {
        let errors = vec![("email", guest.words.t("error-email"))];
        let page = summary(&edge, &caller, &guest, &visit, &sent, errors, Buyer::Visitor).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    if confirmed.as_ref().is_err_and(|status| status.code() == tonic::Code::ResourceExhausted) {
        // One contact orders so much and no more; another address, or the desk, can go on.
        let errors = vec![("email", guest.words.t("error-contact-full"))];
        let page = summary(&edge, &caller, &guest, &visit, &sent, errors, Buyer::Visitor).await?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, page).into_response());
    }
    Ok(ordered(&confirmed?))
}

/// Where an order leads.
fn ordered(visit: &Visit) -> Response {
    let pays_online = visit.state() == VisitState::AwaitingPayment && visit.payment_method() == Method::Online;
    let next = if pays_online { format!("/order/{}/pay", visit.visit_id) } else { "/visit".to_owned() };
    Redirect::to(&next).into_response()
}

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage {
    w: Frame,
    visit_id: String,
    /// Empty: the payment has not begun.
    url: String,
    total: String,
}

/// Leads on to the payment provider. A page of its own, because `form-action 'self'` also holds for where
/// a form's answer redirects to.
pub(crate) async fn pay(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    let visit = load(&edge, &caller, id).await?;
    let is_web = visit.payment_url.starts_with("https://") || visit.payment_url.starts_with("http://");
    if visit.state() != VisitState::AwaitingPayment || !is_web && !is_half_way(&visit) {
        return Ok(Redirect::to(&format!("/visits/{id}")).into_response());
    }
    let w = guest.frame(guest.words.t("pay-title"));
    page(&PayPage { visit_id: id.to_string(), total: w.money(&visit.total), url: visit.payment_url, w })
}

/// Orders again what was ordered, in the same way: the payment that did not begin begins.
pub(crate) async fn pay_again(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<String>,
    headers: HeaderMap,
    sent: Fields,
) -> Result<Response, Problem> {
    let (id, caller) = own(&edge, &guest, &visit).await?;
    let visit = load(&edge, &caller, id).await?;
    if !is_half_way(&visit) {
        return Ok(Redirect::to(&format!("/order/{id}")).into_response());
    }
    let request = ConfirmVisitRequest {
        visit_id: id.to_string(),
        method: visit.payment_method,
        contact: None,
        return_url: return_url(&edge, &headers, id),
    };
    let confirmed = answer(edge.journey(&caller).confirm_visit(request)).await;
    if confirmed.as_ref().is_err_and(may_be_asked_again) {
        return busy::page(&guest, &sent, format!("/order/{id}/pay"), false);
    }
    Ok(ordered(&confirmed?))
}
