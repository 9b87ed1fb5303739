//! Zones: how many people are in a part of the house, and how full that is.

use chrono::{DateTime, Utc};
use kernel::values::Text;

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
