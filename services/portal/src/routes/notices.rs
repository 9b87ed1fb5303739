//! Notices to visitors: for staff what each kind says and what did not arrive; for visitors their visit as a calendar
//! file. A notice is shown in a frame of its own, where it may bring its own style and nothing else.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Response},
};
use kernel::Caller;
use sky_proto::journey::v1::{
    GetCalendarRequest, ListNoticesRequest, ListUndeliveredRequest, Notice as Told, NoticeState, PreviewNoticeRequest,
    PreviewNoticeResponse, ResendNoticeRequest, SetLanguageRequest, SetToldRequest,
};
use uuid::Uuid;

use super::{desk_actions::outcome, visit::current};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// In the order of a visit.
const KINDS: [&str; 24] = [
    "wait_listed",
    "places_offered",
    "wait_over",
    "confirmed",
    "not_completed",
    "day_before",
    "delayed",
    "earlier",
    "reseated",
    "reissued",
    "cancelled",
    "refunded",
    "parking_suspended",
    "parking_restored",
    "parking_lost",
    "parking_off",
    "meal_moved",
    "meal_changed",
    "meal_asked",
    "meal_settled",
    "meal_off",
    "at_risk",
    "rebooking_offered",
    "rebooked",
];
const LANGUAGES: [&str; 3] = ["de", "de-x-ls", "en"];

/// One notice, as staff read of it.
pub(crate) struct NoticeView {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) colour: &'static str,
    pub(crate) when: String,
    pub(crate) reference: String,
    pub(crate) failure: String,
    pub(crate) can_resend: bool,
    /// Somebody has to tell them, and may say so.
    pub(crate) can_tell: bool,
    /// Somebody has; that can be taken back.
    pub(crate) is_told: bool,
}

fn view(w: &Words, told: &Told) -> NoticeView {
    let (key, colour) = match told.state() {
        NoticeState::Unspecified | NoticeState::Waiting => ("notice-waiting", "few"),
        NoticeState::Sending => ("notice-sending", "few"),
        NoticeState::Sent => ("notice-sent", "good"),
        NoticeState::Failed => ("notice-failed", "bad"),
        NoticeState::Unsure => ("notice-unsure", "bad"),
        NoticeState::Overtaken => ("notice-overtaken", "plain"),
        NoticeState::NoAddress => ("notice-no-address", "bad"),
    };
    let is_told = told.told_at.is_some();
    let (key, colour) = if is_told { ("notice-told", "good") } else { (key, colour) };
    let at = told.told_at.or(told.sent_at).or(told.made_at);
    let is_open = matches!(told.state(), NoticeState::Failed | NoticeState::Unsure | NoticeState::NoAddress);
    NoticeView {
        id: told.notice_id.clone(),
        kind: kind_name(w, &told.kind),
        state: w.t(key),
        colour,
        when: w.day_and_time(&at),
        reference: told.reference.clone(),
        failure: told.failure.clone(),
        can_resend: !is_told && matches!(told.state(), NoticeState::Failed | NoticeState::Unsure),
        can_tell: is_open && !is_told,
        is_told,
    }
}

fn kind_name(w: &Words, kind: &str) -> String {
    w.t(&format!("notice-kind-{}", kind.replace('_', "-")))
}

/// What a party was told, for its page at the desk.
pub(crate) struct PartyNotices {
    pub(crate) notices: Vec<NoticeView>,
    pub(crate) has_address: bool,
    pub(crate) post_is_set_up: bool,
}

/// None: journey does not answer, and the page is worth seeing without.
pub(super) async fn of_party(edge: &Edge, w: &Words, caller: &Caller, visit: &str) -> Option<PartyNotices> {
    let request = ListNoticesRequest { visit_id: visit.to_owned() };
    let list = answer(edge.notices(caller).list_notices(request)).await.ok()?;
    Some(PartyNotices {
        notices: list.notices.iter().map(|told| view(w, told)).collect(),
        has_address: list.has_address,
        post_is_set_up: list.post_is_set_up,
    })
}

#[derive(Template)]
#[template(path = "desk-notices.html")]
struct NoticesPage {
    w: Frame,
    notices: Vec<NoticeView>,
    post_is_set_up: bool,
    late: u32,
    late_since: String,
    kinds: Vec<(&'static str, String)>,
}

/// `/desk/notices`
pub(crate) async fn list(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let found = answer(edge.notices(&caller).list_undelivered(ListUndeliveredRequest {})).await?;
    let w = guest.frame(guest.words.t("notices-title"));
    page(&NoticesPage {
        notices: found.notices.iter().map(|told| view(&w, told)).collect(),
        post_is_set_up: found.post_is_set_up,
        late: found.late,
        late_since: w.day_and_time(&found.late_since),
        kinds: KINDS.into_iter().map(|kind| (kind, kind_name(&w, kind))).collect(),
        w,
    })
}

/// Sends one again.
pub(crate) async fn resend(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ResendNoticeRequest { notice_id: sent.get("notice").to_owned() };
    let done = answer(edge.notices(&caller).resend_notice(request)).await;
    let said = guest.words.t("notice-is-sent-again");
    outcome(&edge, &guest, done, |_| Notice::good(said), "/desk/notices").await
}

/// Somebody has told a visitor in person, or has not after all.
pub(crate) async fn tell(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let told = !sent.is_on("not");
    let request = SetToldRequest { notice_id: sent.get("notice").to_owned(), told };
    let done = answer(edge.notices(&caller).set_told(request)).await;
    let said = guest.words.t(if told { "notice-told-noted" } else { "notice-told-not" });
    outcome(&edge, &guest, done, |_| Notice::good(said), "/desk/notices").await
}

async fn preview(edge: &Edge, guest: &Guest, kind: &str, language: &str) -> Result<PreviewNoticeResponse, Problem> {
    let caller = guest.staff(DESK)?;
    if !KINDS.contains(&kind) || !LANGUAGES.contains(&language) {
        return Err(Problem::no_page());
    }
    let request = PreviewNoticeRequest { kind: kind.to_owned(), language: language.to_owned() };
    Ok(answer(edge.notices(&caller).preview_notice(request)).await?)
}

#[derive(Template)]
#[template(path = "desk-notice.html")]
struct NoticePage {
    w: Frame,
    name: String,
    kind: String,
    language: String,
    /// Tag, name, and whether it is this one.
    languages: Vec<(&'static str, String, bool)>,
    subject: String,
    text: String,
    calendar: String,
}

/// `/desk/notices/{kind}/{language}`: a notice as its visitors read it.
pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path((kind, language)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let seen = preview(&edge, &guest, &kind, &language).await?;
    let name = kind_name(&guest.words, &kind);
    let w = guest.frame(name.clone());
    page(&NoticePage {
        languages: LANGUAGES.into_iter().map(|tag| (tag, w.t(&format!("notice-in-{tag}")), tag == language)).collect(),
        subject: seen.subject,
        text: seen.text,
        calendar: seen.calendar,
        name,
        kind,
        language,
        w,
    })
}

/// `/desk/notices/{kind}/{language}/mail`: what the frame shows.
pub(crate) async fn mail(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path((kind, language)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Ok(Html(preview(&edge, &guest, &kind, &language).await?.html).into_response())
}

/// `/visit/calendar.ics`
pub(crate) async fn calendar(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let request = GetCalendarRequest { visit_id: visit.to_string() };
    let file = answer(edge.notices(&caller).get_calendar(request)).await?.calendar;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"planetarium.ics\""),
    ];
    Ok((headers, file).into_response())
}

/// Whoever asked for Leichte Sprache with the order gets it in every notice; the order goes on if that fails.
pub(super) async fn choose_language(edge: &Edge, caller: &Caller, visit: Uuid, sent: &Fields) {
    if !sent.is_on("plain") {
        return;
    }
    let request = SetLanguageRequest { visit_id: visit.to_string(), language: "de-x-ls".to_owned() };
    if let Err(status) = answer(edge.notices(caller).set_language(request)).await {
        tracing::warn!(code = ?status.code(), "a visit's language was not changed");
    }
}
