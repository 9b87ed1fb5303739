//! Numbers for walk-ins: how they are called, and what chance they have. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NumberState {
    Waiting,
    Called,
    Served,
    /// Was called and did not come.
    Missed,
    Recalled,
    /// Issued by mistake, or its people have left.
    Withdrawn,
}

impl NumberState {
    pub(crate) const ALL: [Self; 6] =
        [Self::Waiting, Self::Called, Self::Served, Self::Missed, Self::Recalled, Self::Withdrawn];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Served => "served",
            Self::Missed => "missed",
            Self::Recalled => "recalled",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Waiting => &[Self::Called, Self::Withdrawn],
            Self::Called | Self::Recalled => &[Self::Served, Self::Missed, Self::Withdrawn],
            Self::Missed => &[Self::Recalled, Self::Withdrawn],
            Self::Served | Self::Withdrawn => &[],
        }
    }

    /// Whether the monitors call it.
    pub(crate) const fn is_calling(self) -> bool {
        matches!(self, Self::Called | Self::Recalled)
    }

    /// Whether it still wants places.
    const fn waits(self) -> bool {
        matches!(self, Self::Waiting | Self::Called | Self::Recalled)
    }
}

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) day: NaiveDate,
    pub(crate) number: u32,
    /// None: for any.
    pub(crate) showing: Option<Uuid>,
    pub(crate) people: u32,
    pub(crate) state: NumberState,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) called_at: Option<DateTime<Utc>>,
}

/// How likely it is that a number gets places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chance {
    Unknown,
    Likely,
    Possible,
    Unlikely,
}

/// A chance with what it was estimated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) waiting_before: u32,
    pub(crate) free_places: u32,
    pub(crate) chance: Chance,
}

/// Free places minus who waits before. `hall`: free places and capacity; None: nothing is sold there now.
/// `no_shows_percent`: of a hundred with a ticket, who do not come.
pub(crate) fn estimate(of: &Number, all: &[Number], hall: Option<(u32, u32)>, no_shows_percent: u32) -> Estimate {
    let before = all.iter().filter(|other| {
        let rival = other.showing.is_none() || of.showing.is_none() || other.showing == of.showing;
        other.number < of.number && other.state.waits() && rival
    });
    let waiting_before = before.map(|other| other.people).sum();
    let Some((free_places, capacity)) = hall else {
        return Estimate { waiting_before, free_places: 0, chance: Chance::Unknown };
    };
    let needed = u64::from(waiting_before) + u64::from(of.people);
    let no_shows = u64::from(capacity) * u64::from(no_shows_percent) / 100;
    let chance = if needed <= u64::from(free_places) {
        Chance::Likely
    } else if needed <= u64::from(free_places) + no_shows {
        Chance::Possible
    } else {
        Chance::Unlikely
    };
    Estimate { waiting_before, free_places, chance }
}
