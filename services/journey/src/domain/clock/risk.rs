//! When a party is at risk of missing its showing, and when it is not any more. What it was counts too: the way out of
//! a risk is longer than the way into it, so that nobody is told back and forth.

use chrono::TimeDelta;

use super::policy::{Policy, minutes, seconds};

/// How it looks for a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Risk {
    /// Nobody has seen them, and it is early enough for that.
    Unknown,
    InTime,
    /// At risk: by what is known they will not be in before the doors close.
    Late,
    /// The showing runs without them.
    Missed,
}

impl Risk {
    pub(crate) const ALL: [Self; 4] = [Self::Unknown, Self::InTime, Self::Late, Self::Missed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::InTime => "in_time",
            Self::Late => "at_risk",
            Self::Missed => "missed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.name() == name)
    }

    /// Another showing is offered.
    pub(crate) const fn wants_help(self) -> bool {
        matches!(self, Self::Late | Self::Missed)
    }
}

/// What a party's risk is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Of its people, so many are not in, and so many are.
    pub(crate) missing: u32,
    pub(crate) admitted: u32,
    /// Somebody has seen them on the site, or they have said when they will be here.
    pub(crate) is_known: bool,
    /// What the remaining legs leave; of somebody of whom nothing is known the best case.
    pub(crate) slack: TimeDelta,
    /// Until the doors close; negative: they should have closed.
    pub(crate) closes_in: TimeDelta,
    /// The doors are closed, the showing runs.
    pub(crate) runs: bool,
}

/// What becomes of a party's risk.
pub(crate) fn turn(before: Risk, it: &Facts, policy: &Policy) -> Risk {
    if it.missing == 0 {
        return Risk::InTime;
    }
    if it.runs {
        // Whoever is partly in has a party inside: staff see to the rest.
        return if it.admitted == 0 { Risk::Missed } else { before };
    }
    let was_at_risk = before.wants_help();
    let enough = seconds(if was_at_risk { policy.recovered_seconds } else { policy.at_risk_seconds });
    if it.slack < enough {
        return Risk::Late;
    }
    if it.is_known {
        return Risk::InTime;
    }
    let mut early = minutes(policy.unseen_minutes);
    if was_at_risk {
        early += seconds(policy.recovered_seconds.saturating_sub(policy.at_risk_seconds));
    }
    if it.closes_in > early { Risk::Unknown } else { Risk::Late }
}

/// What the house is told of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    AtRisk,
    Recovered,
}

/// Each turn is told once: the way from at risk to missed is none.
pub(crate) const fn told(before: Risk, after: Risk) -> Option<Told> {
    match (before.wants_help(), after.wants_help()) {
        (false, true) => Some(Told::AtRisk),
        (true, false) => Some(Told::Recovered),
        (true, true) | (false, false) => None,
    }
}
