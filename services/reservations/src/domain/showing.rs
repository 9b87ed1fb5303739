//! A showing: what is played where and when, for whom, and which places are kept for whom until when. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Channel, Need};

/// A code is good from this long before the scheduled start …
const CODE_BEFORE: TimeDelta = TimeDelta::hours(12);
/// … to this long after it: no delay of the same day outlives it.
const CODE_AFTER: TimeDelta = TimeDelta::hours(24);

/// Whether a showing takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShowingState {
    OnSale,
    Delayed,
    Cancelled,
}

impl ShowingState {
    const ALL: [Self; 3] = [Self::OnSale, Self::Delayed, Self::Cancelled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OnSale => "on_sale",
            Self::Delayed => "delayed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// For whom a showing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    Public,
    School,
    Private,
}

impl Audience {
    const ALL: [Self; 3] = [Self::Public, Self::School, Self::Private];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::School => "school",
            Self::Private => "private",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.name() == name)
    }
}

/// Places kept for one channel until some time before the start; then anybody may have what is left of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) places: u32,
    /// So long before the start the rest is free for all.
    pub(crate) release: TimeDelta,
}

impl Quota {
    /// How many places are still kept when `taken` of them are gone.
    pub(super) fn kept(self, taken: u32, starts_at: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
        if now >= starts_at - self.release { 0 } else { self.places.saturating_sub(taken) }
    }
}

/// Showings that go on sale together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) id: String,
    pub(crate) name: Text,
}

/// A title in a hall at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Showing {
    pub(crate) id: Uuid,
    pub(crate) title_id: String,
    pub(crate) title: Text,
    pub(crate) description: Text,
    /// Which tariffs hold.
    pub(crate) category: String,
    pub(crate) hall: String,
    pub(crate) layout: String,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: DateTime<Utc>,
    pub(crate) scheduled_starts_at: DateTime<Utc>,
    pub(crate) state: ShowingState,
    pub(crate) audience: Audience,
    pub(crate) numbered: bool,
    pub(crate) notice: Text,
    pub(crate) capacity: u32,
    pub(crate) wheelchair_places: u32,
    pub(crate) door: Quota,
    pub(crate) staff: Quota,
    pub(crate) school: Quota,
    /// So long before the start, places for wheelchair users and companions that nobody has asked for are
    /// sold at the door.
    pub(crate) protected_release: TimeDelta,
    /// Sold online from then on; None: since it was scheduled.
    pub(crate) on_sale_at: Option<DateTime<Utc>>,
    pub(crate) release: Option<Release>,
    pub(crate) revision: u64,
}

impl Showing {
    /// Whether somebody sits where they like. Places for needs are given to one person.
    pub(crate) const fn is_free_seating(&self, need: Option<Need>) -> bool {
        !self.numbered && need.is_none()
    }

    /// How many general places are free when so many are taken.
    pub(crate) const fn general_free(&self, taken: u32) -> u32 {
        (self.capacity - 2 * self.wheelchair_places).saturating_sub(taken)
    }

    /// Moves everything: later, or earlier again. Then it begins neither before it was planned nor in the past: Err with
    /// the earliest start.
    pub(crate) fn delay(&mut self, by: TimeDelta, notice: Text, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        let earliest = self.scheduled_starts_at.max(now);
        if by < TimeDelta::zero() && self.starts_at + by < earliest {
            return Err(earliest);
        }
        for at in [&mut self.starts_at, &mut self.ends_at, &mut self.doors_at, &mut self.last_entry_at] {
            *at += by;
        }
        let is_late = self.starts_at > self.scheduled_starts_at;
        self.state = if is_late { ShowingState::Delayed } else { ShowingState::OnSale };
        self.notice = notice;
        Ok(())
    }

    /// The window in which codes of this showing are valid; the same after every delay.
    pub(crate) fn code_window(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.scheduled_starts_at - CODE_BEFORE, self.scheduled_starts_at + CODE_AFTER)
    }

    /// Until when it is sold: online until it starts, by staff as long as late guests are let in.
    pub(crate) fn sold_until(&self, channel: Channel) -> DateTime<Utc> {
        if channel == Channel::Online { self.starts_at } else { self.starts_at.max(self.last_entry_at) }
    }

    /// Whether protected places may go to anybody: shortly before the start, and not online.
    pub(crate) fn protected_open(&self, channel: Channel, now: DateTime<Utc>) -> bool {
        channel != Channel::Online && now >= self.starts_at - self.protected_release
    }

    /// When it goes on sale online, if that is still to come.
    pub(crate) fn not_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.on_sale_at.filter(|at| now < *at)
    }

    /// When its offer changes next without anybody doing anything: it goes on sale, kept places are
    /// released, it begins.
    pub(crate) fn next_turn(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quotas = [self.door, self.staff, self.school];
        let released = quotas.iter().filter(|quota| quota.places > 0).map(|quota| self.starts_at - quota.release);
        let turns = released.chain(self.on_sale_at).chain([self.starts_at - self.protected_release, self.starts_at]);
        turns.filter(|at| *at > now).min()
    }
}
