//! How the house wants the clock of its visits to go: the `[journey.clock]` part of the house file, and what holds
//! where it says nothing.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// The house's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    /// The clock runs from so long before a showing.
    pub(crate) look_ahead_minutes: u32,
    /// Whoever nobody has seen is unknown until so long before the doors close, and at risk from then on.
    pub(crate) unseen_minutes: u32,
    /// Less slack than that is a risk …
    pub(crate) at_risk_seconds: u32,
    /// … and from that on it is none any more: further away, so that nobody is told back and forth.
    pub(crate) recovered_seconds: u32,
    /// From the hall's door to the seats.
    pub(crate) seat_seconds: u32,
    pub(crate) seat_uncertainty_seconds: u32,
    /// At the desk, while the house does not measure it.
    pub(crate) desk_seconds: u32,
    pub(crate) desk_uncertainty_seconds: u32,
    /// What a party says of its way here may be so much of what is left of it less or more …
    pub(crate) drive_uncertainty_percent: u32,
    /// … and no less than that. Whoever is not here by then has said nothing any more.
    pub(crate) drive_uncertainty_seconds: u32,
    /// Step-free ways take so much of the usual time.
    pub(crate) step_free_percent: u32,
    /// Another showing is offered that begins so long after the party can be there, or later.
    pub(crate) rebook_gap_minutes: u32,
    /// An offer stands so long, then it is looked at again.
    pub(crate) offer_minutes: u32,
    /// Whoever has missed the showing is offered others for so long after its start.
    pub(crate) missed_minutes: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            look_ahead_minutes: 90,
            unseen_minutes: 10,
            at_risk_seconds: 60,
            recovered_seconds: 240,
            seat_seconds: 60,
            seat_uncertainty_seconds: 30,
            desk_seconds: 120,
            desk_uncertainty_seconds: 90,
            drive_uncertainty_percent: 25,
            drive_uncertainty_seconds: 180,
            step_free_percent: 150,
            rebook_gap_minutes: 15,
            offer_minutes: 15,
            missed_minutes: 120,
        }
    }
}

pub(crate) fn minutes(of: u32) -> TimeDelta {
    TimeDelta::minutes(of.into())
}

pub(crate) fn seconds(of: u32) -> TimeDelta {
    TimeDelta::seconds(of.into())
}

impl Policy {
    /// What is wrong with it: the key and why.
    pub(crate) fn problem(&self) -> Option<(&'static str, &'static str)> {
        let long = [
            ("look_ahead_minutes", self.look_ahead_minutes, 600),
            ("unseen_minutes", self.unseen_minutes, 120),
            ("at_risk_seconds", self.at_risk_seconds, 3600),
            ("recovered_seconds", self.recovered_seconds, 3600),
            ("seat_seconds", self.seat_seconds, 1800),
            ("seat_uncertainty_seconds", self.seat_uncertainty_seconds, 1800),
            ("desk_seconds", self.desk_seconds, 3600),
            ("desk_uncertainty_seconds", self.desk_uncertainty_seconds, 3600),
            ("drive_uncertainty_percent", self.drive_uncertainty_percent, 100),
            ("drive_uncertainty_seconds", self.drive_uncertainty_seconds, 3600),
            ("rebook_gap_minutes", self.rebook_gap_minutes, 240),
            ("offer_minutes", self.offer_minutes, 240),
            ("missed_minutes", self.missed_minutes, 600),
        ];
        if let Some((key, ..)) = long.into_iter().find(|(_, value, most)| value > most) {
            return Some((key, "is more than anybody could mean"));
        }
        if self.look_ahead_minutes == 0 || self.offer_minutes == 0 {
            return Some(("look_ahead_minutes", "and offer_minutes must be 1 or more"));
        }
        if self.recovered_seconds <= self.at_risk_seconds {
            return Some(("recovered_seconds", "must be more than at_risk_seconds, or visits would flap"));
        }
        if !(100..=500).contains(&self.step_free_percent) {
            return Some(("step_free_percent", "must be 100 to 500"));
        }
        None
    }
}
