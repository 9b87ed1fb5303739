//! Directives and incidents at the desk: proposed, confirmed, shown by so many displays, ended. And the log of who
//! did what.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use chrono::TimeDelta;
use kernel::{Caller, values::timestamp};
use serde::Deserialize;
use sky_proto::{
    flow::v1::{
        ConfirmDirectiveRequest, ConfirmIncidentRequest, Directive, DirectiveKind, DirectivePlan, EndDirectiveRequest,
        EndIncidentRequest, FlowSnapshot, Incident, IncidentKind, ListAuditRequest, MeasureState,
        ProposeDirectiveRequest, RedirectCause, ReportIncidentRequest, ResumeDirectiveRequest, ResumeIncidentRequest,
    },
    kernel::v1::LocalizedText,
};
use tonic::Status;
use uuid::Uuid;

use super::{
    super::desk_actions::outcome,
    presets::{Order, Report},
    zones,
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// A directive or an incident.
#[derive(Debug)]
pub(crate) struct MeasureView {
    pub(crate) id: String,
    /// "directives" or "incidents": where its forms go.
    pub(crate) what: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) state: String,
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) until: String,
    /// "3 / 4 Monitore"; empty: no display is concerned yet.
    pub(crate) shown: String,
    pub(crate) can_confirm: bool,
    pub(crate) can_end: bool,
}

const fn state_of(state: MeasureState) -> (&'static str, &'static str, &'static str) {
    match state {
        MeasureState::Proposed | MeasureState::Unspecified => ("measure-proposed", "few", "?"),
        MeasureState::Confirmed => ("measure-confirmed", "plain", "○"),
        MeasureState::Active => ("measure-active", "good", "▶"),
        MeasureState::AckedByDisplays => ("measure-acked", "good", "✓"),
        MeasureState::Ended => ("measure-ended", "plain", "■"),
    }
}

pub(super) fn directive_name(w: &Words, kind: DirectiveKind) -> String {
    w.t(match kind {
        DirectiveKind::StopAdmission => "directive-stop",
        DirectiveKind::OpenOverflow => "directive-overflow",
        DirectiveKind::Redirect | DirectiveKind::Unspecified => "directive-redirect",
    })
}

/// "Umleiten: Foyer → AstroGastro"
pub(super) fn planned(w: &Words, plan: &DirectivePlan) -> String {
    let to = w.text(&plan.to_zone_name);
    let way = if to.is_empty() { String::new() } else { format!(" → {to}") };
    format!("{}: {}{way}", directive_name(w, plan.kind()), w.text(&plan.from_zone_name))
}

pub(super) fn incident_name(w: &Words, kind: IncidentKind) -> String {
    w.t(match kind {
        IncidentKind::LostChild => "incident-lost-child",
        IncidentKind::Medical => "incident-medical",
        IncidentKind::Evacuation => "incident-evacuation",
        IncidentKind::TechnicalFault | IncidentKind::Unspecified => "incident-technical",
    })
}

fn shown(w: &Words, done: usize, concerned: u32) -> String {
    if concerned == 0 { String::new() } else { format!("{done} / {concerned} {}", w.t("measure-displays")) }
}

fn directive(w: &Words, it: &Directive) -> MeasureView {
    let (key, kind, shape) = state_of(it.state());
    let to = w.text(&it.to_zone_name);
    let way = if to.is_empty() { String::new() } else { format!(" → {to}") };
    let state = match it.state() {
        MeasureState::Confirmed => format!("{}, {} {}", w.t(key), w.t("measure-from"), w.time(&it.active_from)),
        _ => w.t(key),
    };
    MeasureView {
        id: it.directive_id.clone(),
        what: "directives",
        title: format!("{}: {}{way}", directive_name(w, it.kind()), w.text(&it.from_zone_name)),
        text: [w.text(&it.text), w.text(&it.reason)]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        state,
        kind,
        shape,
        until: if it.valid_until.is_some() { w.time(&it.valid_until) } else { String::new() },
        shown: shown(w, it.acknowledgements.len(), it.displays_concerned),
        can_confirm: it.state() == MeasureState::Proposed,
        can_end: it.state() != MeasureState::Ended,
    }
}

fn incident(w: &Words, it: &Incident) -> MeasureView {
    let (key, kind, shape) = state_of(it.state());
    let zone = w.text(&it.zone_name);
    let place = if zone.is_empty() { String::new() } else { format!(": {zone}") };
    MeasureView {
        id: it.incident_id.clone(),
        what: "incidents",
        title: format!("{}{place}", incident_name(w, it.kind())),
        text: [w.text(&it.text), it.note.clone()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        state: w.t(key),
        kind,
        shape,
        until: if it.valid_until.is_some() { w.time(&it.valid_until) } else { String::new() },
        shown: shown(w, it.acknowledgements.len(), it.displays_concerned),
        can_confirm: it.state() == MeasureState::Proposed,
        // An evacuation ends with the state of the house.
        can_end: it.state() != MeasureState::Ended && it.kind() != IncidentKind::Evacuation,
    }
}

/// What waits for somebody first.
pub(crate) fn measures(w: &Words, flow: &FlowSnapshot) -> Vec<MeasureView> {
    let directives = flow.directives.iter().map(|it| directive(w, it));
    let mut all: Vec<MeasureView> = directives.chain(flow.incidents.iter().map(|it| incident(w, it))).collect();
    all.sort_by_key(|it| !it.can_confirm);
    all
}

/// What somebody has ended just now, and may have meant otherwise.
pub(crate) fn just_ended(w: &Words, flow: &FlowSnapshot) -> Vec<MeasureView> {
    let directives = flow.just_ended_directives.iter().map(|it| directive(w, it));
    directives.chain(flow.just_ended_incidents.iter().map(|it| incident(w, it))).collect()
}

/// A choice of a form.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

pub(crate) fn directive_kinds(w: &Words) -> Vec<Choice> {
    [DirectiveKind::Redirect, DirectiveKind::StopAdmission, DirectiveKind::OpenOverflow]
        .into_iter()
        .map(|kind| Choice { value: i32::from(kind).to_string(), label: directive_name(w, kind) })
        .collect()
}

/// Why people are sent elsewhere, for staff to say; first of all what the house knows itself.
pub(crate) fn redirect_causes(w: &Words) -> Vec<Choice> {
    [
        (RedirectCause::Unspecified, "cause-known"),
        (RedirectCause::Full, "cause-full"),
        (RedirectCause::Cleaning, "cause-cleaning"),
        (RedirectCause::Fault, "cause-fault"),
        (RedirectCause::PrivateEvent, "cause-private"),
        (RedirectCause::LongWait, "cause-wait"),
    ]
    .into_iter()
    .map(|(cause, key)| Choice { value: i32::from(cause).to_string(), label: w.t(key) })
    .collect()
}

pub(crate) fn incident_kinds(w: &Words) -> Vec<Choice> {
    [IncidentKind::LostChild, IncidentKind::Medical, IncidentKind::TechnicalFault]
        .into_iter()
        .map(|kind| Choice { value: i32::from(kind).to_string(), label: incident_name(w, kind) })
        .collect()
}

pub(crate) fn lifts(w: &Words, flow: &FlowSnapshot) -> Vec<Choice> {
    flow.lifts.iter().map(|it| Choice { value: it.lift_id.clone(), label: w.text(&it.name) }).collect()
}

fn typed(text: &str) -> Option<LocalizedText> {
    (!text.is_empty()).then(|| LocalizedText { de: text.to_owned(), ..LocalizedText::default() })
}

/// From when a directive holds; None: at once.
fn active_from(edge: &Edge, sent: &Fields) -> Option<prost_types::Timestamp> {
    // What is no number of minutes is too far ahead: refused, never at once.
    let minutes = sent.count("in").unwrap_or(u32::MAX);
    (minutes > 0).then(|| timestamp(edge.now() + TimeDelta::minutes(minutes.into())))
}

pub(crate) async fn propose(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let order = Order::sent(&sent);
    let request = ProposeDirectiveRequest {
        idempotency_key: sent.idempotency_key()?,
        kind: order.kind,
        from_zone_id: order.from.to_owned(),
        to_zone_id: order.to.to_owned(),
        reason: typed(sent.get("reason")),
        active_from: active_from(&edge, &sent),
        minutes: order.minutes,
        confirm: sent.is_on("confirm"),
        cause: sent.choice("cause"),
    };
    let proposed = answer(edge.directives(&caller).propose_directive(request)).await;
    let w = &guest.words;
    let say = |it: Directive| {
        let view = directive(w, &it);
        Notice::good(format!("{} ({})", view.title, view.state)).with(view.text)
    };
    outcome(&edge, &guest, proposed, say, &back(&sent)).await
}

pub(crate) async fn report(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    report_as(&edge, &guest, &guest.staff(DESK)?, &sent, sent.is_on("confirm"), "/desk#measures").await
}

/// The same for whoever may, and back to where they were. Without `confirm` the desk has to confirm it.
pub(crate) async fn report_as(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    sent: &Fields,
    confirm: bool,
    back: &str,
) -> Result<Response, Problem> {
    let report = Report::sent(sent);
    let request = ReportIncidentRequest {
        idempotency_key: sent.idempotency_key()?,
        kind: report.kind,
        zone_id: report.zone.to_owned(),
        lift_id: report.lift.to_owned(),
        note: sent.get("note").to_owned(),
        text: None,
        confirm,
    };
    let reported = answer(edge.directives(caller).report_incident(request)).await;
    let say = |it: Incident| {
        let view = incident(&guest.words, &it);
        Notice::good(format!("{} ({})", view.title, view.state)).with(view.text)
    };
    outcome(edge, guest, reported, say, back).await
}

/// Where the form was: on the row of a zone, or among the measures.
fn back(sent: &Fields) -> String {
    if sent.is_on("row") { zones::back_to(sent.get("row")) } else { "/desk#measures".to_owned() }
}

/// Says how a directive or an incident stands now.
async fn moved(
    edge: &Edge,
    guest: &Guest,
    sent: &Fields,
    moved: Result<MeasureView, Status>,
) -> Result<Response, Problem> {
    let say = |it: MeasureView| Notice::good(format!("{} ({})", it.title, it.state));
    outcome(edge, guest, moved, say, &back(sent)).await
}

/// Confirms a directive, ends it, or takes its end back.
pub(crate) async fn move_directive(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let mut directives = edge.directives(&guest.staff(DESK)?);
    let directive_id = id.to_string();
    let done = match sent.get("to") {
        "confirm" => answer(directives.confirm_directive(ConfirmDirectiveRequest { directive_id })).await,
        "resume" => answer(directives.resume_directive(ResumeDirectiveRequest { directive_id })).await,
        _ => answer(directives.end_directive(EndDirectiveRequest { directive_id })).await,
    };
    moved(&edge, &guest, &sent, done.map(|it| directive(&guest.words, &it))).await
}

/// Confirms an incident, ends it, or takes its end back.
pub(crate) async fn move_incident(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let mut directives = edge.directives(&guest.staff(DESK)?);
    let incident_id = id.to_string();
    let done = match sent.get("to") {
        "confirm" => answer(directives.confirm_incident(ConfirmIncidentRequest { incident_id })).await,
        "resume" => answer(directives.resume_incident(ResumeIncidentRequest { incident_id })).await,
        _ => answer(directives.end_incident(EndIncidentRequest { incident_id })).await,
    };
    moved(&edge, &guest, &sent, done.map(|it| incident(&guest.words, &it))).await
}

#[derive(Template)]
#[template(path = "desk-audit.html")]
struct AuditPage {
    w: Frame,
    entries: Vec<EntryView>,
    /// 0: there is nothing older.
    older: u64,
}

struct EntryView {
    at: String,
    who: String,
    act: String,
    about: String,
    before: String,
    after: String,
}

/// Which page of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Before {
    before: u64,
}

/// Whose act it is: what no account did is said in words.
fn actor(w: &Words, who: String) -> String {
    let key = match who.as_str() {
        "house-file" => "audit-by-house-file",
        "flow" => "audit-by-itself",
        "time" => "audit-by-time",
        "policy" => "audit-by-policy",
        "weather" => "audit-by-weather",
        _ => return who,
    };
    w.t(key)
}

/// Who did what and when, the newest first.
pub(crate) async fn audit(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(before): Query<Before>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListAuditRequest { before_id: before.before, limit: 50, about: String::new() };
    let list = answer(edge.directives(&caller).list_audit(request)).await?;
    let w = guest.frame(guest.words.t("audit-title"));
    let entries = list.entries.into_iter().map(|entry| EntryView {
        at: w.day_and_time(&entry.at),
        who: actor(&w, entry.who),
        act: w.known(&format!("act-{}", entry.act.replace('_', "-"))).unwrap_or(entry.act),
        about: entry.about,
        before: entry.before,
        after: entry.after,
    });
    page(&AuditPage { entries: entries.collect(), older: list.next_before_id, w })
}
