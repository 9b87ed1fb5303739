//! Directives, incidents and lifts in the words of the contract. Decides nothing.

use kernel::values::{Text, timestamp};
use sky_proto::flow::v1 as pb;

use super::zones::level;
use crate::domain::{
    Zone,
    directives::{Acks, Directive, Kind, Rule, State, Stated},
    incidents::{self, Incident},
    replay::Proposal,
    ways::Lift,
};

const fn state(state: State) -> pb::MeasureState {
    match state {
        State::Proposed => pb::MeasureState::Proposed,
        State::Confirmed => pb::MeasureState::Confirmed,
        State::Active => pb::MeasureState::Active,
        State::AckedByDisplays => pb::MeasureState::AckedByDisplays,
        State::Ended => pb::MeasureState::Ended,
    }
}

fn acknowledgements(acks: &Acks) -> Vec<pb::Acknowledgement> {
    let one = |(display, at): &(String, _)| pb::Acknowledgement {
        display_id: display.clone(),
        rendered_at: Some(timestamp(*at)),
    };
    acks.counted().map(one).collect()
}

fn displays(acks: &Acks) -> u32 {
    u32::try_from(acks.concerned.len()).unwrap_or(u32::MAX)
}

fn name(zones: &[Zone], id: &str) -> Option<sky_proto::kernel::v1::LocalizedText> {
    zones.iter().find(|zone| zone.id == id).map(|zone| zone.name.to_proto())
}

fn some(text: &Text) -> Option<sky_proto::kernel::v1::LocalizedText> {
    (!text.de.is_empty()).then(|| text.to_proto())
}

const fn kind(kind: Kind) -> pb::DirectiveKind {
    match kind {
        Kind::Redirect => pb::DirectiveKind::Redirect,
        Kind::StopAdmission => pb::DirectiveKind::StopAdmission,
        Kind::OpenOverflow => pb::DirectiveKind::OpenOverflow,
    }
}

const fn cause(stated: Option<Stated>) -> pb::RedirectCause {
    match stated {
        None => pb::RedirectCause::Unspecified,
        Some(Stated::Full) => pb::RedirectCause::Full,
        Some(Stated::Cleaning) => pb::RedirectCause::Cleaning,
        Some(Stated::Fault) => pb::RedirectCause::Fault,
        Some(Stated::Private) => pb::RedirectCause::PrivateEvent,
        Some(Stated::LongWait) => pb::RedirectCause::LongWait,
    }
}

/// What a rule of the policy proposes, for staff who do not wait for it.
pub(crate) fn plan(rule: &Rule, zones: &[Zone]) -> pb::DirectivePlan {
    pb::DirectivePlan {
        kind: kind(rule.kind).into(),
        from_zone_id: rule.zone.clone(),
        from_zone_name: name(zones, &rule.zone),
        to_zone_id: rule.to.clone(),
        to_zone_name: name(zones, &rule.to),
        minutes: u32::try_from(rule.valid_for.num_minutes()).unwrap_or(0),
    }
}

/// What the policy proposes of a stored day.
pub(crate) fn proposal(proposal: &Proposal, zones: &[Zone]) -> pb::PolicyProposal {
    pb::PolicyProposal {
        plan: Some(plan(&proposal.rule, zones)),
        from: Some(timestamp(proposal.from)),
        until: Some(timestamp(proposal.until)),
        level: level(proposal.level).into(),
        group_id: proposal.rule.group.clone(),
        by_itself: proposal.by_itself,
    }
}

/// With the accounts: for staff.
pub(crate) fn directive(directive: &Directive, zones: &[Zone]) -> pb::Directive {
    pb::Directive {
        directive_id: directive.id.to_string(),
        kind: kind(directive.kind).into(),
        state: state(directive.state).into(),
        from_zone_id: directive.from.clone(),
        to_zone_id: directive.to.clone(),
        text: some(&directive.text),
        step_free_text: some(&directive.step_free_text),
        step_free: directive.step_free,
        lift_id: directive.lift.clone(),
        reason: some(&directive.reason),
        by_policy: directive.by_policy,
        proposed_by: directive.proposed_by.clone(),
        confirmed_by: directive.confirmed_by.clone(),
        ended_by: directive.ended_by.clone(),
        proposed_at: Some(timestamp(directive.proposed_at)),
        active_from: Some(timestamp(directive.active_from)),
        ended_at: directive.ended_at.map(timestamp),
        valid_until: Some(timestamp(directive.valid_until)),
        acknowledgements: acknowledgements(&directive.acks),
        displays_concerned: displays(&directive.acks),
        revision: directive.revision,
        from_zone_name: name(zones, &directive.from),
        to_zone_name: name(zones, &directive.to),
        cause: cause(directive.stated).into(),
        showing_ids: Vec::new(),
    }
}

/// Without the accounts: other services need not know them.
pub(crate) fn directive_changed(directive_: &Directive, zones: &[Zone]) -> pb::DirectiveChanged {
    let empty = String::new;
    let told = pb::Directive {
        proposed_by: empty(),
        confirmed_by: empty(),
        ended_by: empty(),
        ..directive(directive_, zones)
    };
    pb::DirectiveChanged { directive: Some(told) }
}

/// With accounts and note: for staff.
pub(crate) fn incident(incident: &Incident, zones: &[Zone]) -> pb::Incident {
    pb::Incident {
        incident_id: incident.id.to_string(),
        kind: match incident.kind {
            incidents::Kind::LostChild => pb::IncidentKind::LostChild.into(),
            incidents::Kind::Medical => pb::IncidentKind::Medical.into(),
            incidents::Kind::TechnicalFault => pb::IncidentKind::TechnicalFault.into(),
            incidents::Kind::Evacuation => pb::IncidentKind::Evacuation.into(),
        },
        state: state(incident.state).into(),
        zone_id: incident.zone.clone(),
        zone_name: name(zones, &incident.zone),
        lift_id: incident.lift.clone(),
        text: some(&incident.text),
        step_free_text: some(&incident.step_free_text),
        note: incident.note.clone(),
        reported_by: incident.reported_by.clone(),
        confirmed_by: incident.confirmed_by.clone(),
        ended_by: incident.ended_by.clone(),
        reported_at: Some(timestamp(incident.reported_at)),
        active_from: incident.active_from.map(timestamp),
        ended_at: incident.ended_at.map(timestamp),
        valid_until: None,
        acknowledgements: acknowledgements(&incident.acks),
        displays_concerned: displays(&incident.acks),
        revision: incident.revision,
        showing_ids: Vec::new(),
    }
}

/// Without accounts and note.
pub(crate) fn incident_changed(incident_: &Incident, zones: &[Zone]) -> pb::IncidentChanged {
    let empty = String::new;
    let told = pb::Incident {
        note: empty(),
        reported_by: empty(),
        confirmed_by: empty(),
        ended_by: empty(),
        ..incident(incident_, zones)
    };
    pb::IncidentChanged { incident: Some(told) }
}

pub(crate) fn lift(lift: &Lift) -> pb::Lift {
    pb::Lift {
        lift_id: lift.id.clone(),
        name: Some(lift.name.to_proto()),
        level_ids: lift.levels.clone(),
        working: lift.working,
        since: Some(timestamp(lift.since)),
        without: Some(lift.without.to_proto()),
        revision: lift.revision,
    }
}

pub(crate) fn lift_changed(lift_: &Lift) -> pb::LiftChanged {
    pb::LiftChanged { lift: Some(lift(lift_)) }
}
