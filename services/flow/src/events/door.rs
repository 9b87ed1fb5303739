//! Scans, lists, journals and conflicts in the words of the contract.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::values::timestamp;
use prost::Message;
use sky_proto::flow::v1 as pb;
use uuid::Uuid;

use super::{admission_state, house_state, verdict};
use crate::{
    commands::{List, Outcome, ScanAnswer},
    domain::{
        Admission,
        scan::{Kind, Party, Verdict},
    },
    store::{Conflict, ConflictKind, LoggedLine, codes::Reissued},
};

pub(crate) fn scan_response(answer: &ScanAnswer) -> pb::ScanResponse {
    let judgement = &answer.judgement;
    let mut response = pb::ScanResponse {
        verdict: verdict(judgement.verdict).into(),
        message: Some(answer.message.to_proto()),
        admitted_now: count(judgement.tickets.len()),
        ..Default::default()
    };
    if let Some(party) = &answer.party {
        response.admitted_total = party.admitted();
        response.party_size = party.size();
        let moved = |id: &Uuid| judgement.tickets.contains(id);
        response.seats =
            party.tickets.iter().filter(|ticket| moved(&ticket.id)).map(|ticket| ticket.seat.clone()).collect();
        response.assistance = party.tickets.iter().any(|ticket| ticket.live && ticket.assistance);
    }
    if let Some((at, lane)) = &judgement.earlier {
        response.earlier_at = Some(timestamp(*at));
        response.earlier_lane.clone_from(lane);
    }
    if let Some(other) = judgement.other {
        response.other_showing_id = other.to_string();
        response.other_starts_at = answer.other.as_ref().map(|other| timestamp(other.starts_at));
    }
    response
}

fn count(people: usize) -> u32 {
    u32::try_from(people).unwrap_or(u32::MAX)
}

/// The answer as the log keeps it.
pub(crate) fn scan_answer(answer: &ScanAnswer) -> Vec<u8> {
    scan_response(answer).encode_to_vec()
}

/// What is kept as the answer to a scan that a journal brought.
pub(crate) fn recorded_answer(judged: Verdict, people: u32) -> Vec<u8> {
    let admitted_now = if judged.moves() { people } else { 0 };
    pb::ScanResponse { verdict: verdict(judged).into(), admitted_now, ..Default::default() }.encode_to_vec()
}

pub(crate) fn admission_undone(
    admission: &Admission,
    visit: Uuid,
    tickets: &[Uuid],
    at: DateTime<Utc>,
) -> pb::AdmissionUndone {
    pb::AdmissionUndone {
        showing_id: admission.showing.to_string(),
        visit_id: visit.to_string(),
        ticket_ids: tickets.iter().map(Uuid::to_string).collect(),
        at: Some(timestamp(at)),
        admitted_total: admission.admitted,
        booked_total: admission.booked,
    }
}

pub(crate) fn logged(line: &LoggedLine) -> pb::LoggedScan {
    pb::LoggedScan {
        device_id: line.device.clone(),
        nonce: line.nonce.clone(),
        kind: match line.kind {
            Kind::Entry => pb::ScanKind::Entry.into(),
            Kind::Exit => pb::ScanKind::Exit.into(),
            Kind::Reentry => pb::ScanKind::Reentry.into(),
            Kind::Undo => pb::ScanKind::Undo.into(),
        },
        showing_id: line.showing.to_string(),
        lane: line.lane.clone(),
        verdict: verdict(line.verdict).into(),
        at: Some(timestamp(line.at)),
        people: line.people,
        reference: line.reference.clone(),
        seats: line.seats.clone(),
        by: line.by.clone(),
        reason: line.reason.clone(),
        offline: line.offline,
        clock_skew_ms: line.skew_ms,
        undone: line.undone,
    }
}

pub(crate) fn list(list: &List) -> pb::AdmissionList {
    pb::AdmissionList {
        list_id: list.id.to_string(),
        device_id: list.device.clone(),
        day: list.day.to_string(),
        issued_at: Some(timestamp(list.issued_at)),
        valid_until: Some(timestamp(list.valid_until)),
        showings: list.showings.iter().map(|(admission, parties)| listed_showing(list, admission, parties)).collect(),
        house: house_state(list.house).into(),
    }
}

fn listed_showing(list: &List, admission: &Admission, parties: &[Party]) -> pb::ListedShowing {
    pb::ListedShowing {
        showing_id: admission.showing.to_string(),
        title: Some(admission.title.to_proto()),
        hall: admission.hall.clone(),
        state: admission_state(admission.state).into(),
        starts_at: Some(timestamp(admission.starts_at)),
        doors_at: Some(timestamp(admission.doors_at)),
        last_entry_at: Some(timestamp(admission.last_entry_at)),
        parties: parties.iter().map(|party| listed_party(party, &list.reissued)).collect(),
        zone_stopped: list.stopped.contains(&admission.showing),
        late_until: Some(timestamp(list.policy.late_until(admission))),
    }
}

fn listed_party(party: &Party, reissued: &HashMap<Uuid, Reissued>) -> pb::ListedParty {
    let generation = |id: &Uuid| reissued.get(id).map_or(1, |reissued| reissued.generation.into());
    let tickets = party.tickets.iter().map(|ticket| pb::ListedTicket {
        ticket_id: ticket.id.to_string(),
        seat: ticket.seat.clone(),
        assistance: ticket.assistance,
        admitted: ticket.admitted.is_some(),
        generation: generation(&ticket.id),
    });
    pb::ListedParty {
        visit_id: party.visit.to_string(),
        reference: party.reference.clone(),
        tickets: tickets.collect(),
        generation: generation(&party.visit),
    }
}

pub(crate) fn outcome(nonce: String, outcome: Outcome) -> pb::EntryResult {
    use pb::EntryOutcome as Told;
    let mut result = pb::EntryResult { nonce, ..Default::default() };
    let told = match outcome {
        Outcome::Recorded => Told::Recorded,
        Outcome::Repeated => Told::Repeated,
        Outcome::Conflict(id) => {
            result.conflict_id = id.to_string();
            Told::Conflict
        }
        Outcome::Disputed(id) => {
            result.conflict_id = id.to_string();
            Told::Disputed
        }
        Outcome::Forged(conflict) => {
            result.conflict_id = conflict.map(|id| id.to_string()).unwrap_or_default();
            Told::Forged
        }
        Outcome::Invalid(problem) => {
            result.problem = problem;
            Told::Invalid
        }
    };
    result.set_outcome(told);
    result
}

pub(crate) fn conflict(conflict: &Conflict, scans: &[LoggedLine]) -> pb::ScanConflict {
    pb::ScanConflict {
        conflict_id: conflict.id.to_string(),
        kind: match conflict.kind {
            ConflictKind::Double => pb::ConflictKind::Double.into(),
            ConflictKind::Cancelled => pb::ConflictKind::Cancelled.into(),
            ConflictKind::WrongShowing => pb::ConflictKind::WrongShowing.into(),
            ConflictKind::Unknown => pb::ConflictKind::Unknown.into(),
            ConflictKind::Replaced => pb::ConflictKind::Replaced.into(),
            ConflictKind::Forged => pb::ConflictKind::Forged.into(),
            ConflictKind::AfterAdmission => pb::ConflictKind::AfterAdmission.into(),
        },
        showing_id: conflict.showing.to_string(),
        reference: conflict.reference.clone(),
        seat: conflict.seat.clone(),
        scans: scans.iter().map(logged).collect(),
        noticed_at: Some(timestamp(conflict.noticed_at)),
        resolved_at: conflict.resolved_at.map(timestamp),
        resolved_by: conflict.resolved_by.clone(),
        resolution: conflict.resolution.clone(),
        showing_title: conflict.title.as_ref().map(kernel::values::Text::to_proto),
        showing_starts_at: conflict.starts_at.map(timestamp),
    }
}
