//! A showing's admission: its states, and its times as they are planned and as they turn out.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a showing's admission stands. Moved by people; the clock only proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AdmissionState {
    Planned,
    DoorsOpen,
    LastCall,
    Running,
    Egress,
    Turnover,
    Closed,
    Cancelled,
    /// Broken off after the doors were opened.
    Aborted,
}

impl AdmissionState {
    pub(crate) const ALL: [Self; 9] = [
        Self::Planned,
        Self::DoorsOpen,
        Self::LastCall,
        Self::Running,
        Self::Egress,
        Self::Turnover,
        Self::Closed,
        Self::Cancelled,
        Self::Aborted,
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
            Self::Aborted => "aborted",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether its guests are counted in its hall. At its end all of them are counted out of it at once.
    pub(crate) const fn has_hall(self) -> bool {
        matches!(self, Self::Planned | Self::DoorsOpen | Self::LastCall | Self::Running)
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
            Self::Aborted => "aborted",
        }
    }

    /// Where it may go from here. Back from last call, because guests in sight are let in; back from
    /// open doors only while nobody is in.
    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Planned => &[Self::DoorsOpen],
            Self::DoorsOpen => &[Self::LastCall, Self::Running, Self::Planned, Self::Aborted],
            Self::LastCall => &[Self::Running, Self::DoorsOpen, Self::Aborted],
            Self::Running => &[Self::Egress, Self::Aborted],
            Self::Egress | Self::Aborted => &[Self::Turnover, Self::Closed],
            Self::Turnover => &[Self::Closed],
            Self::Closed | Self::Cancelled => &[],
        }
    }

    pub(crate) fn next_words(self) -> String {
        let next: Vec<&str> = self.next().iter().map(|state| state.words()).collect();
        if next.is_empty() { "nothing follows".to_owned() } else { format!("next: {}", next.join(" or ")) }
    }

    /// Whether nobody is let in or watches any more.
    pub(crate) const fn has_ended(self) -> bool {
        matches!(self, Self::Egress | Self::Turnover | Self::Closed | Self::Cancelled | Self::Aborted)
    }

    /// Whether it has not begun, and was not called off.
    pub(crate) const fn is_before_start(self) -> bool {
        matches!(self, Self::Planned | Self::DoorsOpen | Self::LastCall)
    }

    /// Whether its doors are open. Late guests may be let in longer: [`Admission::admits`].
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
    /// Everybody may come: no closed party, not for schools alone.
    pub(crate) is_public: bool,
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
    /// Of those admitted, who are out again for now.
    pub(crate) outside: u32,
    pub(crate) state_since: Option<DateTime<Utc>>,
    /// When it began, or was called off: from then on nobody is let in but late guests, where the house has such.
    pub(crate) shut_at: Option<DateTime<Utc>>,
    /// Staff have reported the hall clean.
    pub(crate) cleaned_at: Option<DateTime<Utc>>,
    pub(crate) revision: u64,
}

impl Admission {
    /// Moves on; the predicted end follows what really happens.
    pub(crate) fn move_to(&mut self, to: AdmissionState, now: DateTime<Utc>) {
        match to {
            AdmissionState::Running => self.predicted_end_at = now + (self.ends_at - self.starts_at),
            AdmissionState::Egress | AdmissionState::Aborted => self.predicted_end_at = now,
            _ => {}
        }
        self.state = to;
        self.state_since = Some(now);
        self.shut_at = if to.is_before_start() { None } else { self.shut_at.or(Some(now)) };
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
        if self.state.is_before_start() {
            self.predicted_end_at = ends_at;
        }
    }

    /// Whether the house lets in late guests while it runs, and still does at that time: only where its last entry is later
    /// than its start.
    fn is_late_entry(&self, at: DateTime<Utc>) -> bool {
        self.starts_at < self.last_entry_at && at <= self.last_entry_at
    }

    /// Whether guests are let in at that time. The operator's start shuts the doors, but for late guests.
    pub(crate) fn admits(&self, at: DateTime<Utc>) -> bool {
        self.state.admits() || (self.state == AdmissionState::Running && self.is_late_entry(at))
    }

    /// Whether nobody was let in any more at that time.
    pub(crate) fn was_shut(&self, at: DateTime<Utc>) -> bool {
        let is_off = matches!(self.state, AdmissionState::Cancelled | AdmissionState::Aborted);
        self.shut_at.is_some_and(|shut| shut < at) && (is_off || !self.is_late_entry(at))
    }

    /// Whether somebody may come to it at that time: by its plan, or because its doors are still open.
    pub(crate) fn is_on(&self, at: DateTime<Utc>) -> bool {
        self.state.admits() || (!self.state.has_ended() && at < self.predicted_end_at)
    }

    /// Who is in the hall now.
    pub(crate) fn inside(&self) -> u32 {
        self.admitted.saturating_sub(self.outside)
    }

    pub(crate) fn delay(&self) -> TimeDelta {
        self.starts_at - self.scheduled_starts_at
    }
}
