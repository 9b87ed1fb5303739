//! The domain in the words of the contract. Decides nothing.

mod calls;
mod door;
pub(crate) mod measures;
pub(crate) mod zones;

use chrono::{DateTime, Utc};
use kernel::values::timestamp;
use sky_proto::flow::v1 as pb;
use uuid::Uuid;

pub(crate) use calls::{
    admission_on_clock, admissions_on_clock, clock_policy_changed, group_called, group_state, groups, number_state,
    queue_number, queue_number_called, step,
};
pub(crate) use door::{admission_undone, conflict, list, logged, outcome, recorded_answer, scan_answer, scan_response};
pub(crate) use zones::{zone, zone_changed};

use crate::domain::{
    Admission, AdmissionState, House, HouseState, Next,
    clock::Policy,
    incidents::Incident,
    scan::{Party, Verdict},
};

pub(crate) fn admission_state(state: AdmissionState) -> pb::AdmissionState {
    match state {
        AdmissionState::Planned => pb::AdmissionState::Planned,
        AdmissionState::DoorsOpen => pb::AdmissionState::DoorsOpen,
        AdmissionState::LastCall => pb::AdmissionState::LastCall,
        AdmissionState::Running => pb::AdmissionState::Running,
        AdmissionState::Egress => pb::AdmissionState::Egress,
        AdmissionState::Turnover => pb::AdmissionState::Turnover,
        AdmissionState::Closed => pb::AdmissionState::Closed,
        AdmissionState::Cancelled => pb::AdmissionState::Cancelled,
        AdmissionState::Aborted => pb::AdmissionState::Aborted,
    }
}

fn verdict(verdict: Verdict) -> pb::ScanVerdict {
    match verdict {
        Verdict::Admitted => pb::ScanVerdict::Admitted,
        Verdict::AlreadyAdmitted => pb::ScanVerdict::AlreadyAdmitted,
        Verdict::WrongShowing => pb::ScanVerdict::WrongShowing,
        Verdict::TooEarly => pb::ScanVerdict::TooEarly,
        Verdict::TooLate => pb::ScanVerdict::TooLate,
        Verdict::Cancelled => pb::ScanVerdict::Cancelled,
        Verdict::Unknown => pb::ScanVerdict::Unknown,
        Verdict::Forged => pb::ScanVerdict::Forged,
        Verdict::Stopped => pb::ScanVerdict::Stopped,
        Verdict::ZoneStopped => pb::ScanVerdict::ZoneStopped,
        Verdict::Replaced => pb::ScanVerdict::Replaced,
        Verdict::ReentryByStaff => pb::ScanVerdict::ReentryByStaff,
        Verdict::Exited => pb::ScanVerdict::Exited,
        Verdict::NotInside => pb::ScanVerdict::NotInside,
        Verdict::Readmitted => pb::ScanVerdict::Readmitted,
        Verdict::NotOutside => pb::ScanVerdict::NotOutside,
        Verdict::Undone => pb::ScanVerdict::Undone,
    }
}

pub(crate) fn admission(admission: &Admission) -> pb::Admission {
    pb::Admission {
        showing_id: admission.showing.to_string(),
        title: Some(admission.title.to_proto()),
        hall: admission.hall.clone(),
        state: admission_state(admission.state).into(),
        starts_at: Some(timestamp(admission.starts_at)),
        ends_at: Some(timestamp(admission.predicted_end_at)),
        doors_at: Some(timestamp(admission.doors_at)),
        last_entry_at: Some(timestamp(admission.last_entry_at)),
        capacity: admission.capacity,
        booked: admission.booked,
        admitted: admission.admitted,
        delayed_minutes: u32::try_from(admission.delay().num_minutes()).unwrap_or(0),
        revision: admission.revision,
        outside: admission.outside,
        state_since: admission.state_since.map(timestamp),
        proposal: None,
        turnover_until: None,
        cleaned_at: admission.cleaned_at.map(timestamp),
    }
}

const fn house_state(state: HouseState) -> pb::HouseState {
    match state {
        HouseState::Normal => pb::HouseState::Normal,
        HouseState::Crowded => pb::HouseState::Crowded,
        HouseState::AdmissionStopped => pb::HouseState::AdmissionStopped,
        HouseState::Evacuating => pb::HouseState::Evacuating,
        HouseState::AllClear => pb::HouseState::AllClear,
    }
}

/// With what comes next.
pub(crate) fn house_on_clock(known: &House, policy: Policy) -> pb::House {
    let proposal = |next: Next| pb::HouseProposal {
        to: house_state(next.to).into(),
        due_at: Some(timestamp(next.due_at)),
        why: Some(next.why.to_proto()),
    };
    pb::House { proposal: known.next(policy).map(proposal), ..house(known) }
}

pub(crate) fn house(house: &House) -> pb::House {
    pb::House {
        state: house_state(house.state).into(),
        since: Some(timestamp(house.since)),
        by: house.by.clone(),
        cleared_by: house.cleared_by.clone(),
        exercise: house.exercise,
        proposal: None,
    }
}

pub(crate) fn party(party: &Party) -> pb::Party {
    pb::Party {
        visit_id: party.visit.to_string(),
        reference: party.reference.clone(),
        showing_id: party.showing.to_string(),
        size: u32::try_from(party.tickets.len()).unwrap_or(u32::MAX),
        admitted: party.admitted(),
        cancelled: party.cancelled,
        seats: party.tickets.iter().map(|ticket| ticket.seat.clone()).collect(),
    }
}

pub(crate) fn admission_moved(admission: &Admission, at: DateTime<Utc>) -> pb::AdmissionMoved {
    pb::AdmissionMoved {
        showing_id: admission.showing.to_string(),
        state: admission_state(admission.state).into(),
        at: Some(timestamp(at)),
        predicted_end_at: Some(timestamp(admission.predicted_end_at)),
    }
}

pub(crate) fn party_admitted(
    admission: &Admission,
    visit: Uuid,
    tickets: &[Uuid],
    lane: &str,
    at: DateTime<Utc>,
) -> pb::PartyAdmitted {
    pb::PartyAdmitted {
        showing_id: admission.showing.to_string(),
        visit_id: visit.to_string(),
        ticket_ids: tickets.iter().map(Uuid::to_string).collect(),
        lane: lane.to_owned(),
        at: Some(timestamp(at)),
        admitted_total: admission.admitted,
        booked_total: admission.booked,
    }
}

/// Without the accounts: other services need not know who has set or cleared it.
pub(crate) fn house_state_changed(house_: &House, evacuation: Option<&Incident>) -> pb::HouseStateChanged {
    pb::HouseStateChanged {
        house: Some(pb::House { by: String::new(), cleared_by: String::new(), ..house(house_) }),
        incident_id: evacuation.map(|incident| incident.id.to_string()).unwrap_or_default(),
        incident_revision: evacuation.map_or(0, |incident| incident.revision),
    }
}
