//! Scanning at the desk: in, out, and in again; what may follow from a verdict as one touch; and the latest scans, each
//! with its way back.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use futures::future::join_all;
use kernel::{Caller, values::from_timestamp};
use sky_proto::flow::v1::{
    Admission, AdmissionState, ListScansRequest, LoggedScan, ReportEverybodyOutRequest, ScanKind, ScanRequest,
    ScanResponse, ScanVerdict, UndoScanRequest, WatchFlowRequest,
};
use uuid::Uuid;

use super::super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// On the page; the door's log has them all.
const MOST_SCANS: usize = 4;
/// The newest lines of a showing that are looked through for those.
const LOOKED_AT: u32 = 20;

/// A verdict that staff may change with a word of their own.
#[derive(Template)]
#[template(path = "desk-offer.html")]
struct OfferPage {
    w: Frame,
    message: String,
    /// Late, or to a zone that is stopped: why, each one a button.
    reasons: Vec<String>,
    /// Else what to press instead.
    instead: String,
    /// "back": somebody who had left.
    way: &'static str,
    showing: String,
    code: String,
    party_count: String,
    key: String,
}

/// Why somebody is let in late, in the words of the log.
pub(super) fn late_reasons(w: &Words) -> Vec<String> {
    ["late-queue", "late-traffic", "late-agreed"].map(|key| w.t(key)).into()
}

/// Why somebody is let in although a directive stops admission there, in the words of the log.
pub(super) fn exception_reasons(w: &Words) -> Vec<String> {
    ["exception-agreed", "exception-escorted", "exception-party"].map(|key| w.t(key)).into()
}

/// Whether somebody went through the door.
pub(super) const fn is_good(verdict: ScanVerdict) -> bool {
    matches!(verdict, ScanVerdict::Admitted | ScanVerdict::Exited | ScanVerdict::Readmitted)
}

/// A verdict in a few words.
pub(super) fn told(w: &Words, answer: &ScanResponse) -> Notice {
    let text = w.text(&answer.message);
    let mut detail = Vec::new();
    if answer.party_size > 1 {
        detail.push(format!("{} / {}", answer.admitted_total, answer.party_size));
    }
    let seats: Vec<&str> = answer.seats.iter().map(String::as_str).filter(|seat| !seat.is_empty()).collect();
    if seats.len() < answer.seats.len() {
        detail.push(w.t("free-seating"));
    }
    if !seats.is_empty() {
        detail.push(w.with("desk-seats", "seats", &seats.join(", ")));
    }
    if answer.assistance {
        detail.push(w.t("desk-assistance"));
    }
    let notice = if is_good(answer.verdict()) { Notice::good(text) } else { Notice::bad(text) };
    notice.with(detail.join(" · "))
}

/// Whether people are still let in to a showing.
pub(super) async fn admits(edge: &Edge, caller: &Caller, showing: &str) -> bool {
    let flow = first(edge.flow(caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await;
    flow.is_ok_and(|flow| {
        flow.admissions.iter().any(|it| {
            it.showing_id == showing && matches!(it.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall)
        })
    })
}

/// What staff may do about a verdict, if anything: a reason for who comes late or to a stopped zone, a look at who comes back,
/// the right door for who stands at the wrong one.
async fn offer(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    sent: &Fields,
    answer: &ScanResponse,
) -> Result<Option<Response>, Problem> {
    let w = &guest.words;
    let (reasons, instead, way, showing) = match answer.verdict() {
        ScanVerdict::TooLate if sent.get("way").is_empty() && admits(edge, caller, sent.get("showing")).await => {
            (late_reasons(w), String::new(), "", sent.get("showing"))
        }
        ScanVerdict::ZoneStopped => {
            let way = if sent.get("way") == "back" { "back" } else { "" };
            (exception_reasons(w), String::new(), way, sent.get("showing"))
        }
        ScanVerdict::ReentryByStaff => (Vec::new(), w.t("offer-reentry"), "back", sent.get("showing")),
        ScanVerdict::WrongShowing if admits(edge, caller, &answer.other_showing_id).await => {
            (Vec::new(), w.t("offer-other"), "", answer.other_showing_id.as_str())
        }
        _ => return Ok(None),
    };
    let mut frame = guest.frame(w.t("scan"));
    // The language links cannot scan again.
    frame.path = "/desk".to_owned();
    page(&OfferPage {
        message: w.text(&answer.message),
        reasons,
        instead,
        way,
        showing: showing.to_owned(),
        code: sent.get("code").to_owned(),
        party_count: sent.get("party_count").to_owned(),
        key: Uuid::new_v4().to_string(),
        w: frame,
    })
    .map(Some)
}

pub(crate) async fn scan(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ScanRequest {
        device_id: "desk".to_owned(),
        nonce: sent.idempotency_key()?,
        lane: "desk".to_owned(),
        showing_id: sent.get("showing").to_owned(),
        code: sent.get("code").to_owned(),
        // What is no number is more people than there are: refused, never everybody.
        party_count: sent.count("party_count").unwrap_or(u32::MAX),
        late_reason: sent.get("late_reason").to_owned(),
    };
    let scanned = match sent.get("way") {
        "out" => answer(edge.door(&caller).scan_exit(request)).await,
        "back" => answer(edge.door(&caller).scan_reentry(request)).await,
        _ => answer(edge.flow(&caller).scan(request)).await,
    };
    if let Ok(answer) = &scanned
        && let Some(offered) = offer(&edge, &guest, &caller, &sent, answer).await?
    {
        return Ok(offered);
    }
    outcome(&edge, &guest, scanned, |answer| told(&guest.words, &answer), "/desk").await
}

/// A line of the scan log.
#[derive(Debug)]
pub(crate) struct ScanView {
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) at: String,
    /// In, out, in again.
    pub(crate) way: String,
    pub(crate) shape: &'static str,
    pub(crate) people: u32,
    pub(crate) reference: String,
    pub(crate) lane: String,
    pub(crate) undone: bool,
    pub(crate) offline: bool,
    /// By how much the scanner's clock was off; empty: it went right.
    pub(crate) skew: String,
}

/// Clocks that are off by less decide no dispute.
const SKEW_TOLD_MS: u64 = 2000;

fn skew(w: &Words, milliseconds: i64) -> String {
    let off = milliseconds.unsigned_abs();
    if off < SKEW_TOLD_MS {
        return String::new();
    }
    let seconds = i64::try_from(off / 1000).unwrap_or(i64::MAX);
    w.n(if milliseconds > 0 { "skew-behind" } else { "skew-ahead" }, seconds)
}

pub(super) fn view(w: &Words, scan: LoggedScan) -> ScanView {
    let (way, shape) = match scan.kind() {
        ScanKind::Exit => ("way-out", "←"),
        ScanKind::Reentry => ("way-back", "↺"),
        ScanKind::Entry | ScanKind::Undo | ScanKind::Unspecified => ("way-in", "→"),
    };
    ScanView {
        at: w.time(&scan.at),
        way: w.t(way),
        shape,
        people: scan.people,
        undone: scan.undone,
        offline: scan.offline,
        skew: skew(w, scan.clock_skew_ms),
        device: scan.device_id,
        nonce: scan.nonce,
        reference: scan.reference,
        lane: scan.lane,
    }
}

/// The latest scans that let somebody in or out, of the showings in which they can be taken back; none when the door
/// does not say.
pub(super) async fn latest(edge: &Edge, caller: &Caller, w: &Words, work: &[&Admission]) -> Vec<ScanView> {
    let open = work.iter().filter(|it| {
        matches!(it.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running)
    });
    let lists = join_all(open.take(3).map(|showing| {
        let request = ListScansRequest { showing_id: showing.showing_id.clone(), limit: LOOKED_AT };
        let mut door = edge.door(caller);
        async move { answer(door.list_scans(request)).await }
    }))
    .await;
    let mut lines: Vec<LoggedScan> = lists.into_iter().flatten().flat_map(|list| list.scans).collect();
    lines.retain(|line| line.people > 0 && line.kind() != ScanKind::Undo);
    lines.sort_by_key(|line| std::cmp::Reverse(from_timestamp(line.at)));
    lines.into_iter().take(MOST_SCANS).map(|line| view(w, line)).collect()
}

/// Takes a scan back.
pub(crate) async fn undo(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = UndoScanRequest {
        device_id: sent.get("device").to_owned(),
        nonce: sent.get("nonce").to_owned(),
        reason: guest.words.t("undo-reason"),
    };
    let undone = answer(edge.door(&caller).undo_scan(request)).await;
    let w = &guest.words;
    let say = |scan: LoggedScan| Notice::good(w.with("undo-done", "reference", &scan.reference));
    outcome(&edge, &guest, undone, say, "/desk").await
}

/// Everybody was out of the house in the evacuation that is over, or (taken back) they were not.
pub(crate) async fn everybody_out(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let take_back = sent.is_on("take_back");
    let done = answer(edge.door(&caller).report_everybody_out(ReportEverybodyOutRequest { take_back })).await;
    let key = if take_back { "everybody-in-done" } else { "everybody-out-done" };
    let say = |it: sky_proto::flow::v1::ReportEverybodyOutResponse| Notice::good(guest.words.n(key, it.people));
    outcome(&edge, &guest, done, say, "/desk").await
}
