//! The showing clock, call groups and queue numbers in the words of the contract.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, timestamp};
use sky_proto::flow::v1 as pb;

use super::{admission, admission_state};
use crate::domain::{
    Admission,
    calls::{Group, GroupState},
    clock::{self, Policy},
    queue::{Chance, Estimate, Number, NumberState},
    steps::Step,
};

/// An admission with what the clock proposes.
pub(crate) fn admission_on_clock(
    showing: &Admission,
    policy: Policy,
    hall_free_at: Option<DateTime<Utc>>,
) -> pb::Admission {
    let proposal = clock::propose(showing, policy, hall_free_at).map(|proposal| pb::ClockProposal {
        to: admission_state(proposal.to).into(),
        due_at: Some(timestamp(proposal.due_at)),
        why: Some(proposal.why.to_proto()),
        missing: proposal.missing,
    });
    pb::Admission {
        proposal,
        turnover_until: clock::turnover_until(showing, policy).map(timestamp),
        ..admission(showing)
    }
}

/// All admissions, each with what the clock proposes; the hall of one may be in use by another.
pub(crate) fn admissions_on_clock(showings: &[Admission], policy: Policy) -> Vec<pb::Admission> {
    let free_at = |of: &Admission| {
        let others = showings.iter().filter(|other| other.hall == of.hall && other.showing != of.showing);
        others.filter(|other| other.starts_at <= of.starts_at).filter_map(|other| clock::free_at(other, policy)).max()
    };
    showings.iter().map(|showing| admission_on_clock(showing, policy, free_at(showing))).collect()
}

pub(crate) const fn group_state(state: GroupState) -> pb::CallGroupState {
    match state {
        GroupState::Formed => pb::CallGroupState::Formed,
        GroupState::Called => pb::CallGroupState::Called,
        GroupState::Boarding => pb::CallGroupState::Boarding,
        GroupState::Boarded => pb::CallGroupState::Boarded,
        GroupState::Recalled => pb::CallGroupState::Recalled,
        GroupState::Late => pb::CallGroupState::Late,
        GroupState::Closed => pb::CallGroupState::Closed,
    }
}

fn group(group: &Group, due_at: DateTime<Utc>, held_back: Option<Text>) -> pb::CallGroup {
    pb::CallGroup {
        group_id: group.id.to_string(),
        showing_id: group.showing.to_string(),
        number: group.number,
        assistance: group.needs_assistance(),
        state: group_state(group.state).into(),
        rows: group.rows.clone(),
        people: group.people,
        admitted: group.admitted,
        due_at: Some(timestamp(due_at)),
        called_at: group.called_at.map(timestamp),
        text: Some(group.text().to_proto()),
        revision: group.revision,
        held_back: held_back.map(|why| why.to_proto()),
        visit_ids: Vec::new(),
    }
}

/// The groups of a showing, by number, each with the time at which the clock proposes its call, and why not even then.
/// `foyer`: how full the room before the doors is.
pub(crate) fn groups(
    groups: &[Group],
    admission: &Admission,
    policy: Policy,
    foyer: Option<(Option<u32>, u32)>,
) -> Vec<pb::CallGroup> {
    let mut before = 0;
    let mut told = Vec::new();
    for it in groups.iter().filter(|group| group.showing == admission.showing) {
        let one = if it.needs_assistance() {
            // They are escorted past whoever stands there.
            group(it, policy.assistance_at(admission), None)
        } else {
            let waiting = it.people.saturating_sub(it.admitted);
            let held_back = (it.state == GroupState::Formed).then(|| policy.held_back(waiting, foyer)).flatten();
            let due_at = policy.called_at(admission, before);
            before += it.people;
            group(it, due_at, held_back)
        };
        told.push(pb::CallGroup { visit_ids: it.visits.iter().map(ToString::to_string).collect(), ..one });
    }
    told
}

pub(crate) fn group_called(
    called: &Group,
    admission: &Admission,
    at: DateTime<Utc>,
    lasts: TimeDelta,
) -> pb::GroupCalled {
    pb::GroupCalled {
        group: Some(group(called, called.called_at.unwrap_or(at), None)),
        hall: admission.hall.clone(),
        at: Some(timestamp(at)),
        calling: called.state.is_calling(),
        valid_until: Some(timestamp(at + lasts)),
    }
}

/// A step that can be taken back.
pub(crate) fn step(step: &Step) -> pb::DoorStep {
    pb::DoorStep {
        step_id: step.id.to_string(),
        showing_id: step.showing.map(|id| id.to_string()).unwrap_or_default(),
        what: Some(step.what.to_proto()),
        at: Some(timestamp(step.at)),
        undo_until: Some(timestamp(step.undo_until())),
        by: step.by.clone(),
    }
}

pub(crate) const fn number_state(state: NumberState) -> pb::QueueNumberState {
    match state {
        NumberState::Waiting => pb::QueueNumberState::Waiting,
        NumberState::Called => pb::QueueNumberState::Called,
        NumberState::Served => pb::QueueNumberState::Served,
        NumberState::Missed => pb::QueueNumberState::Missed,
        NumberState::Recalled => pb::QueueNumberState::Recalled,
        NumberState::Withdrawn => pb::QueueNumberState::Withdrawn,
    }
}

pub(crate) fn queue_number(number: &Number, estimate: Estimate, as_of: DateTime<Utc>) -> pb::QueueNumber {
    pb::QueueNumber {
        day: number.day.to_string(),
        number: number.number,
        showing_id: number.showing.map(|id| id.to_string()).unwrap_or_default(),
        people: number.people,
        state: number_state(number.state).into(),
        issued_at: Some(timestamp(number.issued_at)),
        called_at: number.called_at.map(timestamp),
        waiting_before: estimate.waiting_before,
        free_places: estimate.free_places,
        chance: match estimate.chance {
            Chance::Unknown => pb::Chance::Unspecified.into(),
            Chance::Likely => pb::Chance::Likely.into(),
            Chance::Possible => pb::Chance::Possible.into(),
            Chance::Unlikely => pb::Chance::Unlikely.into(),
        },
        as_of: Some(timestamp(as_of)),
    }
}

pub(crate) fn queue_number_called(number: &Number, at: DateTime<Utc>, lasts: TimeDelta) -> pb::QueueNumberCalled {
    pb::QueueNumberCalled {
        day: number.day.to_string(),
        number: number.number,
        at: Some(timestamp(at)),
        calling: number.state.is_calling(),
        valid_until: Some(timestamp(at + lasts)),
    }
}

/// How the house runs its doors.
pub(crate) const fn clock_policy_changed(policy: Policy) -> pb::ClockPolicyChanged {
    pb::ClockPolicyChanged { egress_minutes: policy.egress_minutes, turnover_minutes: policy.turnover_minutes }
}
