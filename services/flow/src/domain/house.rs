//! The state of the whole house, and how many people it takes to change it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

use super::clock::{Policy, clock};

/// The state of the whole house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HouseState {
    Normal,
    Crowded,
    AdmissionStopped,
    Evacuating,
    AllClear,
}

impl HouseState {
    const ALL: [Self; 5] = [Self::Normal, Self::Crowded, Self::AdmissionStopped, Self::Evacuating, Self::AllClear];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Crowded => "crowded",
            Self::AdmissionStopped => "admission_stopped",
            Self::Evacuating => "evacuating",
            Self::AllClear => "all_clear",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Normal => "open as usual",
            Self::Crowded => "crowded",
            Self::AdmissionStopped => "stopped for admission",
            Self::Evacuating => "being evacuated",
            Self::AllClear => "cleared again",
        }
    }

    /// Whether anybody may be let in. After an all-clear whom staff fetch: everybody else is told to wait for them.
    pub(crate) const fn admits(self) -> bool {
        !matches!(self, Self::AdmissionStopped | Self::Evacuating)
    }
}

/// The house, and who has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct House {
    pub(crate) state: HouseState,
    pub(crate) since: DateTime<Utc>,
    pub(crate) by: String,
    /// Of the two who clear an evacuation, the first.
    pub(crate) cleared_by: String,
    pub(crate) reason: String,
    /// A drill; of an evacuation only.
    pub(crate) exercise: bool,
    pub(crate) revision: u64,
}

/// What setting a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// As it is already.
    Keep,
    /// Takes effect at once.
    Take,
    /// The first of two has cleared.
    FirstClear,
    /// The second person is still missing.
    SamePerson,
    /// An evacuation ends with an all-clear only.
    MustClear,
    /// There is nothing to clear.
    NothingToClear,
}

/// The next state of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) to: HouseState,
    pub(crate) due_at: DateTime<Utc>,
    pub(crate) why: Text,
}

impl House {
    /// What comes next. As at the doors, the clock proposes and a person decides: after an all-clear the house is looked at,
    /// then it opens again. Of other states the clock knows nothing: whoever stopped admission knows until when.
    pub(crate) fn next(&self, policy: Policy) -> Option<Next> {
        if self.state != HouseState::AllClear {
            return None;
        }
        let due_at = self.since + TimeDelta::minutes(policy.reopen_minutes.into());
        let (since, due) = (clock(self.since), clock(due_at));
        let why = Text::new(
            format!("Entwarnung seit {since}. Ab {due}, wenn das Haus geprüft ist: wieder öffnen."),
            format!("All clear since {since}. From {due}, once the house has been checked: open again."),
        );
        Some(Next { to: HouseState::Normal, due_at, why })
    }

    /// One person starts an evacuation, two end it. A drill turns into the real thing, which never turns into a drill.
    pub(crate) fn set(&self, to: HouseState, exercise: bool, by: &str) -> Setting {
        match (self.state, to) {
            (HouseState::Evacuating, HouseState::Evacuating) if exercise && !self.exercise => Setting::MustClear,
            (HouseState::Evacuating, HouseState::Evacuating) if self.exercise && !exercise => Setting::Take,
            (HouseState::Evacuating, HouseState::AllClear) if self.cleared_by.is_empty() => Setting::FirstClear,
            (HouseState::Evacuating, HouseState::AllClear) if self.cleared_by == by => Setting::SamePerson,
            (HouseState::Evacuating, HouseState::AllClear) => Setting::Take,
            // It burns again, or still: whoever had cleared it spoke of another moment.
            (HouseState::Evacuating, HouseState::Evacuating) if !self.cleared_by.is_empty() => Setting::Take,
            (from, to) if from == to => Setting::Keep,
            (HouseState::Evacuating, _) => Setting::MustClear,
            (_, HouseState::AllClear) => Setting::NothingToClear,
            _ => Setting::Take,
        }
    }
}
