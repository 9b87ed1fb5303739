//! Admissions, zones, the house's state, and the verdict on a scan. Pure: no I/O, no clock, no proto.

pub(crate) mod scan;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

/// Where a showing's admission stands. Moved by people; the clock only proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdmissionState {
    Planned,
    DoorsOpen,
    LastCall,
    Running,
    Egress,
    Turnover,
    Closed,
    Cancelled,
}

impl AdmissionState {
    pub(crate) const ALL: [Self; 8] = [
        Self::Planned,
        Self::DoorsOpen,
        Self::LastCall,
        Self::Running,
        Self::Egress,
        Self::Turnover,
        Self::Closed,
        Self::Cancelled,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::DoorsOpen => "doors_open",
            Self::LastCall => "last_call",
            Self::Running => "running",
            Self::Egress => "egress",
            Self::Turnover => "turnover",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::DoorsOpen => "doors open",
            Self::LastCall => "last call",
            Self::Running => "running",
            Self::Egress => "egress",
            Self::Turnover => "turnover",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Where it may go from here. Back from last call, because guests in sight are let in; back from
    /// open doors only while nobody is in.
    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Planned => &[Self::DoorsOpen],
            Self::DoorsOpen => &[Self::LastCall, Self::Running, Self::Planned],
            Self::LastCall => &[Self::Running, Self::DoorsOpen],
            Self::Running => &[Self::Egress],
            Self::Egress => &[Self::Turnover, Self::Closed],
            Self::Turnover => &[Self::Closed],
            Self::Closed | Self::Cancelled => &[],
        }
    }

    pub(crate) fn next_words(self) -> String {
        let next: Vec<&str> = self.next().iter().map(|state| state.words()).collect();
        if next.is_empty() { "nothing follows".to_owned() } else { format!("next: {}", next.join(" or ")) }
    }

    /// Whether scans are admitted.
    pub(crate) const fn admits(self) -> bool {
        matches!(self, Self::DoorsOpen | Self::LastCall)
    }
}

/// A showing as the door sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) showing: Uuid,
    pub(crate) title: Text,
    pub(crate) hall: String,
    pub(crate) state: AdmissionState,
    pub(crate) scheduled_starts_at: DateTime<Utc>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) predicted_end_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: DateTime<Utc>,
    pub(crate) capacity: u32,
    /// Live tickets.
    pub(crate) booked: u32,
    pub(crate) admitted: u32,
    pub(crate) revision: u64,
}

impl Admission {
    /// Moves on; the predicted end follows what really happens.
    pub(crate) fn move_to(&mut self, to: AdmissionState, now: DateTime<Utc>) {
        match to {
            AdmissionState::Running => self.predicted_end_at = now + (self.ends_at - self.starts_at),
            AdmissionState::Egress => self.predicted_end_at = now,
            _ => {}
        }
        self.state = to;
    }

    /// The plan has changed. What runs already keeps its own prediction.
    pub(crate) fn plan(
        &mut self,
        starts_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
        doors_at: DateTime<Utc>,
        last_entry_at: DateTime<Utc>,
    ) {
        (self.starts_at, self.ends_at) = (starts_at, ends_at);
        (self.doors_at, self.last_entry_at) = (doors_at, last_entry_at);
        if matches!(self.state, AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall) {
            self.predicted_end_at = ends_at;
        }
    }

    pub(crate) fn delay(&self) -> TimeDelta {
        self.starts_at - self.scheduled_starts_at
    }
}

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

    /// Whether anybody may be let in.
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

impl House {
    /// One person starts an evacuation, two end it.
    pub(crate) fn set(&self, to: HouseState, by: &str) -> Setting {
        match (self.state, to) {
            (HouseState::Evacuating, HouseState::AllClear) if self.cleared_by.is_empty() => Setting::FirstClear,
            (HouseState::Evacuating, HouseState::AllClear) if self.cleared_by == by => Setting::SamePerson,
            (HouseState::Evacuating, HouseState::AllClear) => Setting::Take,
            (from, to) if from == to => Setting::Keep,
            (HouseState::Evacuating, _) => Setting::MustClear,
            (_, HouseState::AllClear) => Setting::NothingToClear,
            _ => Setting::Take,
        }
    }
}

/// How full a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Green,
    Amber,
    Red,
    Stop,
}

impl Level {
    const ALL: [Self; 4] = [Self::Green, Self::Amber, Self::Red, Self::Stop];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
            Self::Stop => "stop",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// From this share of the capacity on, in percent.
    const fn threshold(self) -> u32 {
        match self {
            Self::Green => 0,
            Self::Amber => 80,
            Self::Red => 95,
            Self::Stop => 100,
        }
    }

    /// The level of a count. It rises at once and falls only when the count is five points below the
    /// threshold, so that it does not flicker with every guest.
    pub(crate) fn of(count: u32, capacity: u32, before: Self) -> Self {
        let percent = (u64::from(count) * 100 / u64::from(capacity.max(1))) as u32;
        let at = |level: Self, slack: u32| percent + slack >= level.threshold();
        let risen = Self::ALL.into_iter().rev().find(|level| at(*level, 0)).unwrap_or(Self::Green);
        if risen >= before {
            return risen;
        }
        Self::ALL.into_iter().rev().find(|level| *level <= before && at(*level, 5)).unwrap_or(risen).max(risen)
    }
}

/// How a count came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quality {
    Live,
    Estimated,
    Manual,
}

impl Quality {
    const ALL: [Self; 3] = [Self::Live, Self::Estimated, Self::Manual];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Estimated => "estimated",
            Self::Manual => "manual",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.name() == name)
    }
}

/// A part of the house with a permitted number of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) capacity: u32,
    pub(crate) capacity_source: String,
    pub(crate) count: u32,
    pub(crate) level: Level,
    pub(crate) quality: Quality,
    pub(crate) observed_at: DateTime<Utc>,
}

impl Zone {
    /// Counts people in (positive) or out; never below nobody. True when the level has changed.
    pub(crate) fn add(&mut self, people: i64, quality: Quality, now: DateTime<Utc>) -> bool {
        let count = u32::try_from((i64::from(self.count) + people).max(0)).unwrap_or(u32::MAX);
        self.set(count, quality, now)
    }

    pub(crate) fn set(&mut self, count: u32, quality: Quality, now: DateTime<Utc>) -> bool {
        let before = self.level;
        self.count = count;
        self.level = Level::of(count, self.capacity, before);
        self.quality = quality;
        self.observed_at = now;
        self.level != before
    }
}

#[cfg(test)]
mod tests;
