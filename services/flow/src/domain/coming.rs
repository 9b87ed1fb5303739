//! Who is on the way to a showing now, past which zones they come, and so which directives and faults concern them. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    Admission, AdmissionState, Zone,
    directives::Directive,
    incidents::{self, Incident},
    ways::{self, Lift, Way},
    zones::ancestors,
};

/// The guests of a showing who are on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coming {
    pub(crate) showing: Uuid,
    /// The zone of its hall and the room before the doors; empty: the house has none.
    hall: String,
    foyer: String,
    /// These two and all that they lie in.
    past: Vec<String>,
}

/// Whose guests are on their way now: at the earliest so long before their doors open, at the latest until nobody is let in.
pub(crate) fn coming(admissions: &[Admission], zones: &[Zone], early: TimeDelta, now: DateTime<Utc>) -> Vec<Coming> {
    let is_coming = |it: &&Admission| {
        let awaited = it.state == AdmissionState::Planned || it.admits(now);
        awaited && now >= it.doors_at.min(it.starts_at) - early && it.is_on(now)
    };
    let foyer = zones.iter().find(|zone| zone.is_foyer()).map(|zone| zone.id.clone()).unwrap_or_default();
    let of = |it: &Admission| {
        let hall = zones.iter().find(|zone| zone.hall() == Some(&it.hall)).map(|zone| zone.id.clone());
        let hall = hall.unwrap_or_default();
        let past = ancestors(zones, &hall).chain(ancestors(zones, &foyer)).cloned().collect();
        Coming { showing: it.showing, hall, foyer: foyer.clone(), past }
    };
    admissions.iter().filter(is_coming).map(of).collect()
}

impl Coming {
    /// Whether they come past where people are told something.
    pub(crate) fn is_told(&self, directive: &Directive) -> bool {
        directive.state.shown() && self.past.contains(&directive.from)
    }

    /// Whether something that does not work is on their way, or the lift that some of them need.
    pub(crate) fn meets(&self, fault: &Incident, zones: &[Zone], lifts: &[Lift]) -> bool {
        if fault.kind != incidents::Kind::TechnicalFault || !fault.state.shown() || !fault.is_public() {
            return false;
        }
        if fault.lift.is_empty() {
            return fault.zone.is_empty() || self.past.contains(&fault.zone);
        }
        match ways::way(zones, lifts, &self.foyer, &self.hall) {
            Way::Over(lift) | Way::Blocked(lift) => lift.id == fault.lift,
            Way::Level | Way::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            directives::{Kind, tests::directive},
            tests::{admission, at},
            zones::{self, tests::zone},
        },
        *,
    };

    #[test]
    fn whoever_comes_soon_is_told_what_holds_where_they_come_past() {
        let mut zones = vec![
            zone("house", zones::Kind::House, "", 0),
            zone("ground", zones::Kind::Level, "house", 0),
            zone("foyer", zones::Kind::Room, "ground", 0),
            zone("dome", zones::Kind::Room, "ground", 0),
            zone("terrace", zones::Kind::Room, "house", 0),
        ];
        zones[2].filled_by = "foyer".to_owned();
        zones[3].filled_by = "hall:dome".to_owned();
        let early = TimeDelta::minutes(60);
        let showing = admission(AdmissionState::Planned);
        let found = |state, now| coming(&[Admission { state, ..showing.clone() }], &zones, early, now);
        let doors = showing.doors_at;
        assert!(found(AdmissionState::Planned, doors - TimeDelta::minutes(61)).is_empty(), "they are at home");
        assert!(found(AdmissionState::Running, at(61)).is_empty(), "they are in, or too late");
        let coming = found(AdmissionState::DoorsOpen, doors).remove(0);
        for (from, is_told) in [("foyer", true), ("dome", true), ("ground", true), ("house", true), ("terrace", false)]
        {
            assert_eq!(coming.is_told(&directive(Kind::StopAdmission, from, "")), is_told, "{from}");
        }
    }
}
