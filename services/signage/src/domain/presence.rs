//! Whether a display is really there and well: from its pairing, from what it says of itself, and from its silence.
//! Judged by the machine's clock: a network does not run faster in a simulation.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};

use super::words;

/// A display says how it is this often.
pub const HEARTBEAT: TimeDelta = TimeDelta::seconds(20);
/// One that has missed three heartbeats is offline.
pub const OFFLINE_AFTER: TimeDelta = TimeDelta::seconds(60);
/// So much longer it may take that a player of others is heard of: garlic-player asks for its index only once a minute.
pub const SELDOM: TimeDelta = TimeDelta::seconds(60);
/// So long a display may take to show a new content before that is a fault.
const LATE_AFTER: TimeDelta = TimeDelta::seconds(30);
/// A display whose clock is off by more must not show countdowns.
const SKEW: TimeDelta = TimeDelta::seconds(2);

/// Whether a device has been given to a display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// None.
    #[default]
    None,
    /// Approved by staff; the device has not fetched its token.
    Approved,
    /// The device has its token.
    Paired,
    /// The device was lost, or is broken: its token is void.
    Revoked,
}

impl Pairing {
    /// As stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Approved => "approved",
            Self::Paired => "paired",
            Self::Revoked => "revoked",
        }
    }

    /// Reads what [`Self::name`] wrote.
    #[must_use]
    pub fn named(name: &str) -> Self {
        [Self::Approved, Self::Paired, Self::Revoked].into_iter().find(|it| it.name() == name).unwrap_or_default()
    }
}

/// What a display says of itself with each heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes left for content.
    pub available_bytes: u64,
    /// Bytes there are for content.
    pub total_bytes: u64,
    /// IANA name of the device's zone.
    pub time_zone: String,
    /// Program and version of the player.
    pub player: String,
    /// Device's clock minus ours.
    pub skew_millis: i64,
    /// The revision on the screen.
    pub shown_revision: u64,
    /// Whether the last command was carried out.
    pub last_command_success: bool,
    /// Nobody can read its screen: it is dark by plan, or hidden.
    #[serde(default)]
    pub dark: bool,
    /// What the device is called in its network; may be empty.
    #[serde(default)]
    pub device_name: String,
    /// Its address in the house's network; may be empty.
    #[serde(default)]
    pub lan_address: String,
    /// What the player says of itself in its own words; may be empty.
    #[serde(default)]
    pub status: String,
    /// It shows the way out by itself: its own alarm contact has closed.
    #[serde(default)]
    pub alarm: bool,
}

/// All that is known of a display's being there.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Its device.
    pub pairing: Pairing,
    /// When a device last said anything.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// What it said with its last heartbeat.
    pub health: Option<Health>,
    /// How many faults it has reported and not taken back.
    pub faults: u32,
    /// What it should show.
    pub revision: i64,
    /// For how long that has been so, as the machine's clock counts.
    pub revised_for: TimeDelta,
    /// What it says it shows.
    pub rendered: i64,
    /// No longer hangs.
    pub retired: bool,
    /// Its player is one of others, which asks and does not beat.
    pub asks_seldom: bool,
}

impl Presence {
    fn at_most(&self, usual: TimeDelta) -> TimeDelta {
        if self.asks_seldom { usual + SELDOM } else { usual }
    }
}

/// A display was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// When it was heard of last, or hung again after that.
    pub from: DateTime<Utc>,
    /// When it was heard of again; None: not yet.
    pub until: Option<DateTime<Utc>>,
}

/// So long it is kept when a display was silent.
pub const ABSENCES: TimeDelta = TimeDelta::days(35);

/// How often a display was silent after an instant, and how long in all until `now`.
#[must_use]
pub fn away(absences: &[Absence], after: DateTime<Utc>, now: DateTime<Utc>) -> (u32, TimeDelta) {
    let within = absences.iter().filter_map(|it| {
        let span = it.until.unwrap_or(now) - it.from.max(after);
        (span > TimeDelta::zero()).then_some(span)
    });
    within.fold((0, TimeDelta::zero()), |(times, whole), span| (times + 1, whole + span))
}

/// The states of a display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No device.
    Unclaimed,
    /// A device was approved and has not been heard of yet.
    Pending,
    /// There and well.
    Active,
    /// There, and something is wrong.
    Degraded,
    /// Silent.
    Offline,
    /// Taken down.
    Retired,
    /// Its device was revoked.
    Revoked,
}

/// The state of a display, and why it is not well.
#[must_use]
pub fn state(it: &Presence, now: DateTime<Utc>) -> (State, Option<Text>) {
    if it.retired {
        return (State::Retired, None);
    }
    match (it.pairing, it.last_seen_at) {
        (Pairing::Revoked, _) => (State::Revoked, None),
        // One that was never heard of is not missed.
        (Pairing::None, None) => (State::Unclaimed, None),
        (Pairing::Approved | Pairing::Paired, None) => (State::Pending, None),
        (_, Some(seen)) if now - seen >= it.at_most(OFFLINE_AFTER) => (State::Offline, Some(words::silent(seen))),
        (_, Some(_)) => match wrong(it) {
            Some(cause) => (State::Degraded, Some(cause)),
            None => (State::Active, None),
        },
    }
}

fn wrong(it: &Presence) -> Option<Text> {
    if it.health.as_ref().is_some_and(|health| health.alarm) {
        return Some(words::alarm());
    }
    if it.faults > 0 {
        return Some(words::faults(it.faults));
    }
    let health = it.health.as_ref()?;
    if health.skew_millis.unsigned_abs() > SKEW.num_milliseconds().unsigned_abs() {
        return Some(words::skew(health.skew_millis / 1000));
    }
    // A player that only beats, without acknowledging, says what it shows with its heartbeat.
    let shows = it.rendered.max(i64::try_from(health.shown_revision).unwrap_or(i64::MAX));
    (shows < it.revision && it.revised_for > it.at_most(LATE_AFTER)).then(words::behind)
}
