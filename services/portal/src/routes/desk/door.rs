//! Letting people in with a phone in one's hand. The page keeps the day's list of tickets; while the house does not answer
//! it judges by itself, and tells the house later. What it decides alone stands in `static/door.js`, what the house makes
//! of it in flow's journals.

use std::sync::Arc;

use askama::Template;
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use data_encoding::HEXLOWER;
use kernel::{error::REASON, values::from_timestamp};
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sky_proto::flow::v1::{
    AdmissionList, AdmissionState, ExportAdmissionListRequest, JournalEntry, ListedParty, ListedShowing, ScanKind,
    ScanRequest, ScanVerdict, SubmitScansRequest, UndoScanRequest,
};

use super::scans::{admits, exception_reasons, is_good, late_reasons, told};
use crate::{
    alarm,
    edge::{Edge, answer},
    fields::{Fields, at},
    page::{DESK, Frame, page as whole},
    problem::Problem,
    refusal,
    session::{Guest, Notice},
    words::{Words, in_halle},
};

/// Where people go in who are scanned here.
const LANE: &str = "door-phone";

#[derive(Template)]
#[template(path = "desk-door.html")]
struct DoorPage {
    w: Frame,
    /// Why somebody is let in late, each one a button.
    reasons: Vec<String>,
    /// Why into a zone that is stopped.
    exceptions: Vec<String>,
}

/// `GET /desk/door`
pub(crate) async fn page(guest: Guest) -> Result<Response, Problem> {
    guest.staff(DESK)?;
    let w = guest.frame(guest.words.t("door-title"));
    whole(&DoorPage { reasons: late_reasons(&w), exceptions: exception_reasons(&w), w })
}

/// The day's tickets, for the script. Times are milliseconds since 1970 by the house's clock.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    valid_until: i64,
    /// The public halves of the keys that sign the tickets or did, 32 bytes each in hex: with them the phone tells a code
    /// of this house from one that somebody has changed.
    keys: Vec<String>,
    showings: Vec<Listed>,
    /// Nobody is let in: the house is being evacuated, or admission is stopped.
    stopped: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    label: String,
    open: bool,
    /// It runs (and the house lets in no late guests), was broken off or is over: nobody comes in any more, whatever the clock
    /// says.
    over: bool,
    doors_at: i64,
    last_entry_at: i64,
    /// Until then the phone lets in by itself who is late, with a reason; later only the house does.
    late_until: i64,
    parties: Vec<Party>,
    /// A directive lets nobody into its hall.
    zone_stopped: bool,
}

/// No personal data: ids, the spoken reference, seats.
#[derive(Debug, Serialize)]
struct Party {
    visit: String,
    reference: String,
    generation: u32,
    tickets: Vec<Ticket>,
}

#[derive(Debug, Serialize)]
struct Ticket {
    id: String,
    seat: String,
    assistance: bool,
    admitted: bool,
    generation: u32,
}

/// Whether its admission is over; `lets_in_late`: the house lets in late guests while it runs, until the last entry.
const fn is_over(state: AdmissionState, lets_in_late: bool) -> bool {
    match state {
        AdmissionState::Running => !lets_in_late,
        AdmissionState::Egress
        | AdmissionState::Turnover
        | AdmissionState::Closed
        | AdmissionState::Cancelled
        | AdmissionState::Aborted => true,
        AdmissionState::Unspecified
        | AdmissionState::Planned
        | AdmissionState::DoorsOpen
        | AdmissionState::LastCall => false,
    }
}

fn listed(w: &Words, showing: ListedShowing, today: NaiveDate) -> Listed {
    let ticket = |it: sky_proto::flow::v1::ListedTicket| Ticket {
        id: it.ticket_id,
        seat: it.seat,
        assistance: it.assistance,
        admitted: it.admitted,
        generation: it.generation,
    };
    let party = |it: ListedParty| Party {
        visit: it.visit_id,
        reference: it.reference,
        generation: it.generation,
        tickets: it.tickets.into_iter().map(ticket).collect(),
    };
    // Around midnight two days are on the list.
    let day = in_halle(from_timestamp(showing.starts_at));
    let day = if day == today { String::new() } else { format!("{} ", w.short_date(day)) };
    Listed {
        label: format!("{day}{} {}, {}", w.time(&showing.starts_at), w.text(&showing.title), w.hall(&showing.hall)),
        open: matches!(showing.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall),
        over: is_over(showing.state(), w.millis(&showing.starts_at) < w.millis(&showing.last_entry_at)),
        doors_at: w.millis(&showing.doors_at),
        last_entry_at: w.millis(&showing.last_entry_at),
        late_until: w.millis(&showing.late_until),
        id: showing.showing_id,
        parties: showing.parties.into_iter().map(party).collect(),
        zone_stopped: showing.zone_stopped,
    }
}

/// `POST /desk/door/list`: what the phone needs to go on alone; asked for every minute.
pub(crate) async fn list(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ExportAdmissionListRequest { device_id: sent.get("device").to_owned(), day: String::new() };
    let signed = answer(edge.door(&caller).export_admission_list(request)).await?;
    let list = AdmissionList::decode(signed.list.as_slice()).map_err(|error| Problem::ours(&error))?;
    let stopped = alarm::is_stopped(list.house());
    let today = in_halle(edge.now());
    let showings = list.showings.into_iter().map(|showing| listed(&guest.words, showing, today)).collect();
    let keys = std::iter::once(&signed.public_key).chain(&signed.earlier_public_keys);
    let keys = keys.map(|key| HEXLOWER.encode(key)).collect();
    Ok(Json(List { valid_until: guest.words.millis(&list.valid_until), keys, showings, stopped }).into_response())
}

/// `POST /desk/door/stops`: whether the house lets anybody in, for a phone that has nothing to scan. Null: it has not said.
pub(crate) async fn house_stopped(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    guest.staff(DESK)?;
    Ok(Json(json!({ "stopped": alarm::stopped(&edge).await })).into_response())
}

/// What a verdict says of stops: of the house's, and of that of the showing's zone. None: nothing.
fn stops(verdict: ScanVerdict, sent: &Fields) -> (Option<bool>, Option<bool>) {
    // Out goes everybody at any time.
    if sent.get("way") == "out" || verdict == ScanVerdict::Unspecified {
        return (None, None);
    }
    match verdict {
        ScanVerdict::Stopped => (Some(true), None),
        ScanVerdict::ZoneStopped => (Some(false), Some(true)),
        // With a reason somebody comes in where nobody else does.
        ScanVerdict::Admitted | ScanVerdict::Readmitted if sent.get("late").is_empty() => (Some(false), Some(false)),
        _ => (Some(false), None),
    }
}

/// `POST /desk/door/scan`: what the house says of a code.
pub(crate) async fn scan(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ScanRequest {
        device_id: sent.get("device").to_owned(),
        nonce: sent.get("nonce").to_owned(),
        lane: LANE.to_owned(),
        showing_id: sent.get("showing").to_owned(),
        code: sent.get("code").to_owned(),
        // What is no number is more people than there are: refused, never everybody.
        party_count: sent.count("people").unwrap_or(u32::MAX),
        late_reason: sent.get("late").to_owned(),
    };
    let scanned = match sent.get("way") {
        "out" => answer(edge.door(&caller).scan_exit(request)).await,
        "back" => answer(edge.door(&caller).scan_reentry(request)).await,
        _ => answer(edge.flow(&caller).scan(request)).await,
    };
    let (notice, people, verdict) = match scanned {
        Ok(answer) => (told(&guest.words, &answer), answer.admitted_now, answer.verdict()),
        Err(status) => (refusal::notice(&guest.words, status)?, 0, ScanVerdict::Unspecified),
    };
    let is_late = verdict == ScanVerdict::TooLate && admits(&edge, &caller, sent.get("showing")).await;
    let (house_stopped, zone_stopped) = stops(verdict, &sent);
    let said = json!({
        "good": is_good(verdict), "people": people, "text": notice.text, "detail": notice.detail, "late": is_late,
        // Staff may have a reason.
        "stop": verdict == ScanVerdict::ZoneStopped,
        // Somebody who had left: staff look at the person.
        "back": verdict == ScanVerdict::ReentryByStaff,
        "houseStopped": house_stopped, "zoneStopped": zone_stopped,
    });
    Ok(Json(said).into_response())
}

/// `POST /desk/door/undo`: the house takes back whom this phone has let in last, by the scan's nonce.
pub(crate) async fn undo(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let w = &guest.words;
    let request = UndoScanRequest {
        device_id: sent.get("device").to_owned(),
        nonce: sent.get("nonce").to_owned(),
        reason: w.t("undo-at-door"),
    };
    let (notice, is_undone, later) = match answer(edge.door(&caller).undo_scan(request)).await {
        Ok(line) => (Notice::good(w.with("undo-done", "reference", &line.reference)), line.undone, false),
        Err(status) => {
            let later = status.metadata().get(REASON).is_some_and(|reason| reason == "ScansFrozen");
            (refusal::notice(w, status)?, false, later)
        }
    };
    // While the house is being evacuated nothing is taken back; afterwards it can be.
    let said = json!({ "good": is_undone, "text": notice.text, "detail": notice.detail, "later": later });
    Ok(Json(said).into_response())
}

/// What the phone has decided alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    device: String,
    /// What it takes the house's time to be now; phones that were loaded before say what their own clock does.
    now: i64,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    nonce: String,
    showing: String,
    code: String,
    /// By the same clock.
    at: i64,
    verdict: String,
    people: u32,
    /// Why somebody was let in late; phones that were loaded before do not say it.
    #[serde(default)]
    late: String,
    /// "in", "out" or "undo"; phones that were loaded before only let in.
    #[serde(default)]
    way: String,
    /// With "undo": the nonce of the entry that was a mistake.
    #[serde(default)]
    undoes: String,
}

fn kind(way: &str) -> Result<ScanKind, Problem> {
    match way {
        "" | "in" => Ok(ScanKind::Entry),
        "out" => Ok(ScanKind::Exit),
        "undo" => Ok(ScanKind::Undo),
        _ => Err(Problem::bad_form()),
    }
}

fn verdict(name: &str) -> Result<ScanVerdict, Problem> {
    Ok(match name {
        "admitted" => ScanVerdict::Admitted,
        "already" => ScanVerdict::AlreadyAdmitted,
        "wrong" => ScanVerdict::WrongShowing,
        "early" => ScanVerdict::TooEarly,
        "late" => ScanVerdict::TooLate,
        "stopped" => ScanVerdict::Stopped,
        "zonestopped" => ScanVerdict::ZoneStopped,
        "replaced" => ScanVerdict::Replaced,
        "unknown" => ScanVerdict::Unknown,
        "forged" => ScanVerdict::Forged,
        "exited" => ScanVerdict::Exited,
        "notin" => ScanVerdict::NotInside,
        "reentry" => ScanVerdict::ReentryByStaff,
        "undone" => ScanVerdict::Undone,
        _ => return Err(Problem::bad_form()),
    })
}

/// `POST /desk/door/journal`: what became of each entry. What the house could not read it never will.
pub(crate) async fn journal(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    sent: Result<Json<Journal>, JsonRejection>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let Json(sent) = sent.map_err(|_| Problem::bad_form())?;
    let entry = |it: Entry| {
        Ok(JournalEntry {
            nonce: it.nonce,
            kind: kind(&it.way)?.into(),
            lane: LANE.to_owned(),
            showing_id: it.showing,
            code: it.code,
            at: at(it.at)?,
            verdict: verdict(&it.verdict)?.into(),
            party_count: it.people,
            late_reason: it.late,
            undoes: it.undoes,
        })
    };
    let entries = sent.entries.into_iter().map(entry).collect::<Result<_, Problem>>()?;
    let request = SubmitScansRequest { device_id: sent.device, device_now: at(sent.now)?, entries };
    let merged = answer(edge.door(&caller).submit_scans(request)).await?;
    let result = |it: sky_proto::flow::v1::EntryResult| {
        let disputed = !it.conflict_id.is_empty();
        json!({ "nonce": it.nonce, "disputed": disputed, "problem": it.problem })
    };
    Ok(Json(merged.results.into_iter().map(result).collect::<Vec<_>>()).into_response())
}
