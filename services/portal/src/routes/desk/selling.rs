//! Selling at the desk, for somebody who stands there or calls: what is on, the visitors' form with the quota to sell
//! from, and the order, paid at the desk. The rest is the visitors' own way.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use kernel::{
    Code, Role,
    error::may_be_asked_again,
    values::{self, from_timestamp, timestamp},
};
use sky_proto::{
    journey::v1::{ConfirmVisitRequest, VisitState},
    payments::v1::Method,
    reservations::v1::{Audience, Availability, AvailabilityReason, GetBookingRequest, ListProgrammeRequest, Showing},
};
use uuid::Uuid;

use super::{
    super::{
        booking, busy,
        buyer::{self, Buyer},
        programme::{Badge, change},
        showing::{self, Asked},
        visit::{self, qr},
    },
    lookup::due_at_desk,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::{Words, at_in_halle, in_halle},
};

#[derive(Template)]
#[template(path = "desk-sell.html")]
struct SellPage {
    w: Frame,
    day: String,
    iso: String,
    before: String,
    after: String,
    showings: Vec<Row>,
}

struct Row {
    id: String,
    title: String,
    starts: String,
    starts_iso: String,
    hall: String,
    closed: Option<Badge>,
    change: Option<Badge>,
    left: Vec<String>,
    can_sell: bool,
    /// It has a list to wait on.
    waits: bool,
}

fn row(w: &Words, showing: &Showing) -> Row {
    let closed = |key: &str| Some(Badge { kind: "plain", text: w.t(key) });
    Row {
        id: showing.showing_id.clone(),
        title: w.text(&showing.title),
        starts: w.time(&showing.starts_at),
        starts_iso: w.iso(&showing.starts_at),
        hall: w.hall(&showing.hall),
        closed: match showing.audience() {
            Audience::School => closed("sell-for-schools"),
            Audience::Private => closed("places-not-public"),
            Audience::Public | Audience::Unspecified => None,
        },
        change: change(w, showing),
        left: free(w, showing),
        can_sell: can_sell(showing),
        waits: showing::waiting_list::is_open(showing),
    }
}

/// "Abendkasse: 27", for each quota.
fn free(w: &Words, showing: &Showing) -> Vec<String> {
    let Some(left) = &showing.availability else { return Vec::new() };
    Buyer::Desk
        .channels()
        .iter()
        .map(|(channel, key)| format!("{}: {}", w.t(key), buyer::free(left, *channel)))
        .collect()
}

/// As long as late guests are let in: what online is closed or sold out may be sold at the desk.
pub(crate) fn can_sell(showing: &Showing) -> bool {
    let over = |left: &Availability| match left.reason() {
        AvailabilityReason::Past => last_entry(showing) <= from_timestamp(left.observed_at),
        reason => reason == AvailabilityReason::Cancelled,
    };
    !showing.availability.as_ref().is_some_and(over)
}

/// Its start, unless the house lets in later.
fn last_entry(showing: &Showing) -> DateTime<Utc> {
    from_timestamp(showing.last_entry_at.or(showing.starts_at))
}

fn chosen_day(query: Option<&str>) -> Option<NaiveDate> {
    query?.split('&').find_map(|pair| pair.strip_prefix("day="))?.parse().ok()
}

/// `GET /desk/sell`
pub(crate) async fn programme(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (now, today) = (edge.now(), in_halle(edge.now()));
    let day = chosen_day(query.as_deref()).unwrap_or(today).max(today);
    let begins = |day: NaiveDate| at_in_halle(day.and_time(NaiveTime::MIN)).unwrap_or(now);
    let next = day.checked_add_days(Days::new(1)).ok_or_else(Problem::no_page)?;
    let request = ListProgrammeRequest {
        from: Some(timestamp(begins(day))),
        until: Some(timestamp(begins(next))),
        include_closed: true,
    };
    let mut showings = answer(edge.reservations(&caller).list_programme(request)).await?.showings;
    showings.retain(|showing| last_entry(showing) > now);
    showings.sort_by_key(|showing| from_timestamp(showing.starts_at));
    let w = guest.frame(guest.words.t("sell-title"));
    page(&SellPage {
        day: w.date(day),
        iso: day.to_string(),
        before: day.pred_opt().filter(|before| *before >= today).map(|day| day.to_string()).unwrap_or_default(),
        after: next.to_string(),
        showings: showings.iter().map(|showing| row(&w, showing)).collect(),
        w,
    })
}

/// `GET /desk/showings/{id}/sell`
pub(crate) async fn form(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let material = showing::material(&edge, &caller, id).await?;
    page(&showing::fill(&guest, &material, &Fields::default(), showing::Refused::default(), Buyer::Desk))
}

/// `POST /desk/showings/{id}/sell`
pub(crate) async fn hold(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    match held(&edge, &guest, id, &sent).await {
        // A service is away: nobody types a group's order again for that.
        Err(problem) if problem.code == Code::Unavailable => {
            busy::away(&guest, &sent, Buyer::Desk.form(&id.to_string()), true)
        }
        held => held,
    }
}

async fn held(edge: &Edge, guest: &Guest, id: Uuid, sent: &Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let material = showing::material_for(edge, &caller, id, sent).await?;
    let request = match showing::asked(guest, &material, sent, Buyer::Desk)? {
        Asked::For(request) => request,
        Asked::Back(page) => return Ok(page),
    };
    match answer(edge.journey(&caller).hold_visit(request)).await {
        Ok(visit) => Ok(Redirect::to(&Buyer::Desk.order(values::id("visit_id", &visit.visit_id)?)).into_response()),
        Err(status) if may_be_asked_again(&status) || busy::is_under_way(&status) => {
            busy::page(guest, sent, Buyer::Desk.form(&id.to_string()), true)
        }
        Err(status) => showing::refuse(guest, material, sent, &status, Buyer::Desk),
    }
}

#[derive(Template)]
#[template(path = "desk-sold.html")]
struct SoldPage {
    w: Frame,
    visit: String,
    title: String,
    day: String,
    starts: String,
    people: u32,
    seats: String,
    parking: String,
    meal: String,
    /// Not yet: the page asks again.
    waits: bool,
    /// The payment has not begun: the order may be sent again.
    half_way: bool,
    reference: String,
    qr: String,
    due: String,
    due_cents: i64,
    /// This account may take the money.
    may_settle: bool,
}

/// `GET /desk/orders/{visit}`: the summary while it is held, then what the guest takes along and has to pay.
pub(crate) async fn order(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let told = booking::load(&edge, &caller, id).await?;
    let waits = match told.state() {
        VisitState::Held => {
            return booking::summary(&edge, &caller, &guest, &told, &Fields::default(), Vec::new(), Buyer::Desk).await;
        }
        VisitState::AwaitingPayment | VisitState::Confirming => true,
        VisitState::Confirmed => false,
        _ => {
            guest.tell(&edge, Notice::bad(guest.words.t("sell-over"))).await?;
            return Ok(Redirect::to("/desk/sell").into_response());
        }
    };
    let w = guest.frame(guest.words.t("sell-sold"));
    let booking = if waits {
        None
    } else {
        answer(edge.reservations(&caller).get_booking(GetBookingRequest { visit_id: id.to_string() })).await.ok()
    };
    let due = due_at_desk(&edge, &caller, &told).await;
    page(&SoldPage {
        visit: told.visit_id.clone(),
        title: w.text(&told.title),
        day: w.day(&told.starts_at),
        starts: w.time(&told.starts_at),
        people: told.party_size,
        seats: showing::seats::places(&w, &told.seats).join(", "),
        parking: visit::parking(&w, &told),
        meal: visit::meal_time(&w, &told),
        waits,
        half_way: booking::is_half_way(&told),
        reference: told.reference.clone(),
        qr: booking.map(|booking| qr(&booking.visit_code)).unwrap_or_default(),
        due: due.map(|cents| w.cents(cents)).unwrap_or_default(),
        due_cents: due.unwrap_or(0),
        may_settle: guest.staff(&[Role::Desk]).is_ok(),
        w,
    })
}

/// `POST /desk/orders/{visit}/extend`
pub(crate) async fn extend(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    booking::extended(&edge, &caller, &guest, id, &sent, Buyer::Desk).await
}

/// `POST /desk/orders/{visit}/cancel`
pub(crate) async fn give_up(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    booking::given_up(&edge, &caller, &guest, id, "/desk/sell").await
}

/// `POST /desk/orders/{visit}/confirm`: booked at once, paid at the desk.
pub(crate) async fn confirm(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let here = Buyer::Desk.order(id);
    let told = booking::load(&edge, &caller, id).await?;
    if told.state() != VisitState::Held && !booking::is_half_way(&told) {
        return Ok(Redirect::to(&here).into_response());
    }
    let contact = match booking::contact(&guest, &sent, Buyer::Desk) {
        Ok(contact) => contact,
        Err(errors) => {
            let page = booking::summary(&edge, &caller, &guest, &told, &sent, errors, Buyer::Desk).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let is_free = told.total.as_ref().is_none_or(|total| total.cents == 0);
    let request = ConfirmVisitRequest {
        visit_id: id.to_string(),
        method: if is_free { Method::Free } else { Method::AtDesk }.into(),
        contact: (!told.contact_known).then_some(contact),
        return_url: String::new(),
    };
    match answer(edge.journey(&caller).confirm_visit(request)).await {
        Ok(_) => Ok(Redirect::to(&here).into_response()),
        Err(status) if may_be_asked_again(&status) => busy::page(&guest, &sent, format!("{here}/confirm"), false),
        Err(status) if booking::is_no_address(&status) => {
            let errors = vec![("email", guest.words.t("error-email"))];
            let page = booking::summary(&edge, &caller, &guest, &told, &sent, errors, Buyer::Desk).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(status) => Err(status.into()),
    }
}
