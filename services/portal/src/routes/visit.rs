//! The visit's page: state, code, seats, timeline, live. The block `live` makes the page and every update.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fast_qr::{ECL, QRBuilder, convert::svg::SvgBuilder};
use futures::StreamExt;
use kernel::{Caller, values::from_timestamp};
use sky_proto::{
    gastro::v1::{Order, OrderState, Pickup},
    journey::v1::{CancelVisitRequest, GetVisitRequest, IssueLinkRequest, Visit, VisitState, WatchVisitRequest},
    parking::v1::{BayClass, RightState},
    payments::v1::{Method, PaymentState},
    reservations::v1::{self, Booking, GetBookingRequest, Need},
};
use uuid::Uuid;

use super::{
    ahead::{self, AheadView},
    booking::{Item, items, public_url},
    elsewhere::{self, ElsewhereView},
    plate,
    refunds::{self, RefundView},
    showing::seats::places,
    visit_alarm,
};
use crate::{
    alarm::{self, AlarmView, ToldView},
    edge::{Edge, answer},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    store,
    words::Words,
};

#[derive(Template)]
#[template(path = "visit.html", blocks = ["live"])]
struct VisitPage {
    w: Frame,
    alarm: Option<AlarmView>,
    told: Vec<ToldView>,
    revision: u64,
    title: String,
    day: String,
    starts: String,
    starts_iso: String,
    ends: String,
    state: String,
    state_kind: &'static str,
    state_todo: String,
    notice: String,
    /// Places are held, and may be ordered until then; empty: none are.
    order_until: String,
    pay: bool,
    /// There is somewhere to pay; else the order is sent once more.
    pay_begun: bool,
    /// Nothing is to be paid online, and the order is not answered yet.
    order_again: bool,
    visit_id: String,
    payment: String,
    people: u32,
    admitted: u32,
    reference: String,
    qr: String,
    tickets: Vec<Ticket>,
    seats: Vec<String>,
    parking: String,
    elsewhere: Option<ElsewhereView>,
    meal: Vec<String>,
    meal_time: String,
    meal_number: u32,
    ahead: Option<AheadView>,
    steps: Vec<StepView>,
    items: Vec<Item>,
    total: String,
    refunds: Vec<RefundView>,
    can_cancel: bool,
    /// What is pressed for that, and what is said to be sure of it.
    cancel: String,
    sure: String,
    has_calendar: bool,
    link: String,
    /// Whether a plate is noted; None: there is no bay to note one for.
    plate: Option<bool>,
    others: Vec<Uuid>,
}

struct Ticket {
    seat: String,
    need: String,
    qr: String,
}

struct StepView {
    text: String,
    time: String,
    iso: String,
    done: bool,
    moved: bool,
    /// The first that is still to come.
    next: bool,
    /// How to go there, where the way ahead does not say it.
    way: Option<ahead::StretchView>,
}

/// A code as a picture; black on white also in the dark page, with the quiet zone that scanners need.
pub(crate) fn qr(code: &str) -> String {
    let level = if code.len() > 120 { ECL::L } else { ECL::M };
    QRBuilder::new(code).ecl(level).build().map_or_else(|_| String::new(), |qr| SvgBuilder::default().to_str(&qr))
}

/// The bay in one sentence; empty without one.
pub(crate) fn parking(w: &Words, visit: &Visit) -> String {
    let Some(right) = &visit.parking else {
        return String::new();
    };
    let class = match right.bay_class() {
        BayClass::Accessible => format!("{} ({})", w.t("bay-accessible"), w.t("bay-accessible-for")),
        BayClass::Coach => w.t("bay-coach"),
        BayClass::Ev => w.t("bay-ev"),
        BayClass::Family => w.t("bay-family"),
        BayClass::Bicycle => w.t("bay-bicycle"),
        BayClass::Standard | BayClass::Unspecified => w.t("bay-standard"),
    };
    let state = match right.state() {
        // Nobody sees a bicycle come or leave.
        _ if right.bay_class() == BayClass::Bicycle && right.state() == RightState::Left => w.t("right-over"),
        RightState::CheckedIn => w.t("right-checked-in"),
        RightState::Left => w.t("right-left"),
        RightState::Suspended => w.t("right-suspended"),
        RightState::Cancelled | RightState::Expired => w.t("right-cancelled"),
        _ => format!("{}–{}", w.time(&right.from), w.time(&right.until)),
    };
    format!("{class}, {state}")
}

/// [`meal_time`] for the guests themselves, who are told where to choose it while it is open.
fn own_meal_time(w: &Words, visit: &Visit) -> String {
    let is_open = |meal: &Order| meal.state() == OrderState::Scheduled && meal.affected.is_some();
    if visit.meal.as_ref().is_some_and(is_open) { w.t("meal-time-choose") } else { meal_time(w, visit) }
}

/// When and how the meal comes; empty without one.
pub(crate) fn meal_time(w: &Words, visit: &Visit) -> String {
    let Some(meal) = &visit.meal else {
        return String::new();
    };
    let time = w.time(&meal.pickup_at);
    match meal.state() {
        // The kitchen cannot keep its time, and waits for an answer.
        OrderState::Scheduled if meal.affected.is_some() => w.t("meal-time-open"),
        OrderState::Ready => w.t("meal-ready"),
        OrderState::Collected => w.t("meal-collected"),
        OrderState::Cancelled => w.t("meal-cancelled"),
        OrderState::Expired => w.t("meal-state-expired"),
        OrderState::Rejected => w.t("meal-state-rejected"),
        OrderState::Preparing => w.with("meal-preparing", "time", &time),
        _ if meal.pickup() == Pickup::BeforeShowing => w.with("meal-before", "time", &time),
        _ => w.with("meal-after", "time", &time),
    }
}

fn need(w: &Words, need: Need) -> String {
    match need {
        Need::Unspecified => String::new(),
        Need::Wheelchair => w.t("need-wheelchair"),
        Need::Companion => w.t("need-companion"),
        Need::HearingLoop => w.t("need-hearing-loop"),
        Need::StepFree => w.t("need-step-free"),
        Need::GuideDog => w.t("need-guide-dog"),
    }
}

/// The state's key and colour.
const fn state_of(state: VisitState) -> (&'static str, &'static str) {
    match state {
        VisitState::Waiting => ("visit-waiting", "few"),
        VisitState::Unspecified | VisitState::Held => ("visit-held", "few"),
        VisitState::AwaitingPayment => ("visit-awaiting-payment", "few"),
        VisitState::Confirming => ("visit-confirming", "few"),
        VisitState::Confirmed => ("visit-confirmed", "good"),
        VisitState::Expired => ("visit-expired", "bad"),
        VisitState::Cancelled => ("visit-cancelled", "bad"),
        VisitState::Refunding => ("visit-refunding", "bad"),
        VisitState::Refunded => ("visit-refunded", "bad"),
    }
}

fn payment(w: &Words, visit: &Visit) -> String {
    match visit.payment_state() {
        PaymentState::Unspecified => String::new(),
        PaymentState::Pending => w.t("payment-pending"),
        PaymentState::Paid => w.t("payment-paid"),
        PaymentState::DueAtDesk => w.with("payment-due", "total", &w.money(&visit.total)),
        PaymentState::Failed => w.t("payment-failed"),
        PaymentState::Refunding => w.t("payment-refunding"),
        PaymentState::Refunded => w.t("payment-refunded"),
        PaymentState::Voided => w.t("payment-voided"),
    }
}

async fn view(edge: &Edge, w: Frame, caller: &Caller, visit: &Visit) -> VisitPage {
    let booking = booking(edge, caller, visit).await;
    let booking = booking.as_ref();
    let elsewhere = match elsewhere::view(&w, visit) {
        Some(view) => Some(view.with_free(edge, &w, caller).await),
        None => None,
    };
    let state = visit.state();
    let (key, state_kind) = state_of(state);
    let (cancel, sure) = match state {
        VisitState::Waiting => ("wait-list-leave", "wait-list-sure"),
        _ => ("cancel-visit", "cancel-sure"),
    };
    let tickets = booking.map(|booking| booking.tickets.as_slice()).unwrap_or_default();
    VisitPage {
        alarm: None,
        told: Vec::new(),
        revision: visit.revision,
        title: w.text(&visit.title),
        day: w.day(&visit.starts_at),
        starts: w.time(&visit.starts_at),
        starts_iso: w.iso(&visit.starts_at),
        ends: w.time(&visit.ends_at),
        state: w.t(key),
        state_kind,
        state_todo: w.t(&format!("{key}-do")),
        notice: w.text(&visit.notice),
        order_until: if state == VisitState::Held { w.day_and_time(&visit.hold_expires_at) } else { String::new() },
        pay: state == VisitState::AwaitingPayment && visit.payment_method() == Method::Online,
        pay_begun: !visit.payment_url.is_empty(),
        order_again: state == VisitState::AwaitingPayment && visit.payment_method() != Method::Online,
        visit_id: visit.visit_id.clone(),
        payment: payment(&w, visit),
        people: visit.party_size,
        admitted: visit.admitted,
        reference: visit.reference.clone(),
        qr: booking.map(|booking| qr(&booking.visit_code)).unwrap_or_default(),
        tickets: tickets
            .iter()
            .map(|ticket| Ticket { seat: seat(&w, ticket), need: need(&w, ticket.need()), qr: qr(&ticket.code) })
            .collect(),
        seats: places(&w, &visit.seats),
        parking: parking(&w, visit),
        elsewhere,
        meal: visit
            .meal
            .iter()
            .flat_map(|meal| &meal.lines)
            .map(|line| format!("{} × {}", line.quantity, w.text(&line.name)))
            .collect(),
        meal_time: own_meal_time(&w, visit),
        meal_number: visit.meal.as_ref().map_or(0, |meal| meal.number),
        ahead: ahead::ahead(&w, visit),
        steps: steps(&w, visit),
        items: items(&w, &visit.items),
        total: w.money(&visit.total),
        refunds: refunds::of_visit(&w, visit),
        can_cancel: matches!(state, VisitState::Waiting | VisitState::AwaitingPayment | VisitState::Confirmed)
            && visit.admitted == 0,
        cancel: w.t(cancel),
        sure: w.t(sure),
        has_calendar: matches!(state, VisitState::Confirming | VisitState::Confirmed),
        link: String::new(),
        plate: plate::is_noted(edge, caller, visit).await,
        others: Vec::new(),
        w,
    }
}

/// Where somebody sits, in words.
fn seat(w: &Words, ticket: &v1::Ticket) -> String {
    if ticket.free_seating { w.t("free-seating") } else { format!("{} {}", w.t("seat"), ticket.seat) }
}

fn steps(w: &Words, visit: &Visit) -> Vec<StepView> {
    let mut steps: Vec<_> = visit.timeline.iter().collect();
    // What is done stands before what is to come in the same minute.
    steps.sort_by_key(|step| {
        let at = from_timestamp(step.at);
        (at.timestamp().div_euclid(60), !step.done, at)
    });
    let next = steps.iter().position(|step| !step.done);
    steps
        .into_iter()
        .enumerate()
        .map(|(at, step)| StepView {
            text: ahead::said(w, ahead::is_plain(w, visit), &step.text),
            time: w.time(&step.at),
            iso: w.iso(&step.at),
            done: step.done,
            moved: step.moved,
            next: next == Some(at),
            way: ahead::to_step(w, visit, step),
        })
        .collect()
}

/// The codes, once there is something to admit to.
async fn booking(edge: &Edge, caller: &Caller, visit: &Visit) -> Option<Booking> {
    if visit.state() != VisitState::Confirmed {
        return None;
    }
    let request = GetBookingRequest { visit_id: visit.visit_id.clone() };
    answer(edge.reservations(caller).get_booking(request)).await.ok()
}

pub(super) async fn current(edge: &Edge, guest: &Guest) -> Result<(Uuid, Uuid, Caller), Problem> {
    let session = guest.session.as_ref().ok_or_else(Problem::no_visit)?;
    let visit = session.visit.ok_or_else(Problem::no_visit)?;
    Ok((session.id, visit, guest.visitor_of(edge, visit).await?))
}

async fn issue(edge: &Edge, headers: &HeaderMap, caller: &Caller, visit: Uuid) -> Result<String, Problem> {
    let issued = answer(edge.journey(caller).issue_link(IssueLinkRequest { visit_id: visit.to_string() })).await?;
    Ok(format!("{}/v/{}", public_url(edge, headers), issued.secret))
}

async fn whole_page(edge: &Arc<Edge>, guest: &Guest, headers: &HeaderMap, new_link: bool) -> Result<Response, Problem> {
    let (session, id, caller) = current(edge, guest).await?;
    let visit = answer(edge.journey(&caller).get_visit(GetVisitRequest { visit_id: id.to_string() })).await?;
    if visit.state() == VisitState::Held {
        return Ok(Redirect::to(&format!("/order/{id}")).into_response());
    }
    let mut view = view(edge, guest.frame(guest.words.t("visit-title")), &caller, &visit).await;
    let said = visit_alarm::view(edge, &view.w, &caller, id, &alarm::known(edge).await, Some(&visit))
        .await
        .unwrap_or_default();
    (view.alarm, view.told) = (said.alarm, said.told);
    let has_link = matches!(visit.state(), VisitState::Waiting | VisitState::Confirming | VisitState::Confirmed);
    let first_look = has_link
        && edge.db.transact(move |tx| Box::pin(async move { store::claim_link(tx.conn(), session, id).await })).await?;
    if new_link || first_look {
        view.link = issue(edge, headers, &caller, id).await?;
    }
    view.others = store::visits(edge.db.pool(), session).await?;
    view.others.retain(|other| *other != id);
    page::page(&view)
}

/// `/visit`
pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest, headers: HeaderMap) -> Result<Response, Problem> {
    whole_page(&edge, &guest, &headers, false).await
}

/// A new link, shown once: the answer to this very request, stored nowhere.
pub(crate) async fn link(
    State(edge): State<Arc<Edge>>,
    mut guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    guest.path = "/visit".to_owned();
    whole_page(&edge, &guest, &headers, true).await
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let (_, id, caller) = current(&edge, &guest).await?;
    let request = WatchVisitRequest { visit_id: id.to_string(), after_revision: after.after };
    let visits = answer(edge.journey(&caller).watch_visit(request)).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = visits.then(move |visit| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let visit = visit?;
            let view = view(&edge, frame, &caller, &visit).await;
            Ok(Fragment { revision: visit.revision, html: html(view.as_live().render())? })
        }
    });
    Ok(live::respond(&edge, fragments))
}

pub(crate) async fn cancel(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, id, caller) = current(&edge, &guest).await?;
    if sent.is_on("sure") {
        let request = CancelVisitRequest { visit_id: id.to_string(), reason: "cancelled by the visitor".to_owned() };
        answer(edge.journey(&caller).cancel_visit(request)).await?;
    } else {
        guest.tell(&edge, Notice::bad(guest.words.t("visit-cancel-unsure"))).await?;
    }
    Ok(Redirect::to("/visit").into_response())
}

#[cfg(test)]
mod tests {
    use sky_proto::{
        gastro::v1::{Affected, Order, OrderState},
        parking::v1::{BayClass, Right},
    };

    use super::{Visit, meal_time, own_meal_time, parking, qr};
    use crate::words::{Language, Words};

    #[test]
    fn guests_alone_are_sent_to_choose_a_time_that_is_open() {
        let meal = Order {
            state: OrderState::Scheduled.into(),
            pickup_at: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
            ..Order::default()
        };
        let open = Order { affected: Some(Affected::default()), ..meal.clone() };
        let visit = |meal: &Order| Visit { meal: Some(meal.clone()), ..Visit::default() };
        for (language, said, to_do) in [
            (Language::German, "Abholzeit noch offen", "bitte unter „Ihr Essen“ wählen"),
            (Language::English, "Pickup time still open", "please choose under “Your meal”"),
        ] {
            let w = Words::speaking(language);
            assert_eq!(meal_time(&w, &visit(&open)), said, "the desk cannot choose there");
            assert_eq!(own_meal_time(&w, &visit(&open)), format!("{said}: {to_do}"));
            assert_eq!(own_meal_time(&w, &visit(&meal)), meal_time(&w, &visit(&meal)));
            assert!(!meal_time(&w, &visit(&meal)).starts_with(said), "it has its time");
        }
    }

    /// How many points of the picture are drawn for each of the code's.
    const SCALE: usize = 4;

    #[test]
    fn an_accessible_bay_says_for_whom_it_is() {
        let said = |class: BayClass, language| {
            let right = Right { bay_class: class.into(), ..Right::default() };
            parking(&Words::speaking(language), &Visit { parking: Some(right), ..Visit::default() })
        };
        let german = said(BayClass::Accessible, Language::German);
        assert!(german.starts_with("Barrierefreier Stellplatz (nur mit blauem Parkausweis), "), "{german}");
        let english = said(BayClass::Accessible, Language::English);
        assert!(english.starts_with("Accessible bay (blue badge only), "), "{english}");
        assert!(!said(BayClass::Standard, Language::German).contains("Parkausweis"));
    }

    #[test]
    fn a_scanner_reads_what_the_picture_of_a_code_says() {
        for length in [30, 90, 121, 150, 300] {
            let code: String = "SKY1.Ab3_-xYz09QwErTy".chars().cycle().take(length).collect();
            let picture = qr(&code);
            // Each dark point is a square of one: "M4,4h1v1h-1".
            let dark: std::collections::HashSet<(usize, usize)> = picture
                .split('M')
                .skip(1)
                .filter_map(|point| point.split_once('h')?.0.split_once(','))
                .filter_map(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)))
                .collect();
            let side = dark.iter().map(|(x, y)| x.max(y)).max().expect("dark points") + 5;
            let mut seen = rqrr::PreparedImage::prepare_from_greyscale(side * SCALE, side * SCALE, |x, y| {
                if dark.contains(&(x / SCALE, y / SCALE)) { 0 } else { 255 }
            });
            let found = seen.detect_grids();
            let read = found.first().expect("a code in the picture").decode().expect("readable").1;
            assert_eq!(read, code);
        }
    }
}
