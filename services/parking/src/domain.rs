//! Bays, rights and lanes as the house sees them. Pure decisions: no I/O, no clock, no proto.

pub(crate) mod assigning;
pub(crate) mod charging;
pub(crate) mod closures;
pub(crate) mod coaches;
pub(crate) mod connections;
pub(crate) mod counted;
pub(crate) mod feeds;
pub(crate) mod forecast;
pub(crate) mod gates;
pub(crate) mod lanes;
pub(crate) mod meals;
pub(crate) mod observations;
pub(crate) mod open_formats;
pub(crate) mod plates;
pub(crate) mod quarters;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest window of a right.
pub(crate) const LONGEST_STAY: TimeDelta = TimeDelta::hours(24);
/// A car may come this much before its window.
pub(crate) const EARLY: TimeDelta = TimeDelta::minutes(60);
/// A car that nobody has seen leave counts as gone this much after its window: it left without its code. One that is
/// there all the same gets out as any other, and is seen then.
pub(crate) const LATE: TimeDelta = TimeDelta::hours(2);
/// Rights that begin within this span count as expected cars.
pub(crate) const SOON: TimeDelta = TimeDelta::minutes(60);

/// Through whom a bay is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    Online,
    /// Staff of the house, for somebody who stands there or rings up.
    Desk,
    /// A system that assigns rights by contract.
    Partner,
}

impl Channel {
    pub(crate) const ALL: [Self; 3] = [Self::Online, Self::Desk, Self::Partner];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Desk => "desk",
            Self::Partner => "partner",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// What a bay is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BayClass {
    Standard,
    Accessible,
    Family,
    Coach,
    Ev,
    Bicycle,
}

impl BayClass {
    /// In the order in which they are told.
    pub(crate) const ALL: [Self; 6] =
        [Self::Standard, Self::Accessible, Self::Family, Self::Coach, Self::Ev, Self::Bicycle];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Accessible => "accessible",
            Self::Family => "family",
            Self::Coach => "coach",
            Self::Ev => "ev",
            Self::Bicycle => "bicycle",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Other bays that the same vehicle may use, the most suitable first.
    pub(crate) const fn also_fits(self) -> &'static [Self] {
        match self {
            Self::Standard => &[Self::Family, Self::Ev],
            Self::Accessible => &[Self::Family, Self::Standard],
            Self::Family => &[Self::Standard, Self::Ev],
            Self::Ev => &[Self::Standard, Self::Family],
            Self::Coach | Self::Bicycle => &[],
        }
    }

    /// Bays that serve the same vehicle and ask for no entitlement.
    pub(crate) const fn instead(self) -> Option<Self> {
        match self {
            Self::Accessible | Self::Family | Self::Ev => Some(Self::Standard),
            Self::Standard | Self::Coach | Self::Bicycle => None,
        }
    }
}

/// Whether and how the site can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteState {
    Open,
    Closed,
    /// The site is fine, the way to it is not.
    Unreachable,
    Unknown,
}

impl SiteState {
    const ALL: [Self; 4] = [Self::Open, Self::Closed, Self::Unreachable, Self::Unknown];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) const fn sells(self) -> bool {
        matches!(self, Self::Open | Self::Unknown)
    }
}

/// The life of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RightState {
    Held,
    Confirmed,
    /// The site cannot be used in its window; it may come back.
    Suspended,
    CheckedIn,
    /// Seen to leave, or taken to have left: then nobody knows when.
    Left,
    Cancelled,
    Expired,
    NoShow,
}

impl RightState {
    const ALL: [Self; 8] = [
        Self::Held,
        Self::Confirmed,
        Self::Suspended,
        Self::CheckedIn,
        Self::Left,
        Self::Cancelled,
        Self::Expired,
        Self::NoShow,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Suspended => "suspended",
            Self::CheckedIn => "checked_in",
            Self::Left => "left",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A span of time: the first instant is in it, the last is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Window {
    /// Nothing of it.
    pub(crate) const fn none(self) -> Self {
        Self { until: self.from, ..self }
    }

    fn shifted_to(self, from: DateTime<Utc>) -> Self {
        Self { from, until: from + (self.until - self.from) }
    }
}

/// One charged line, with the dated rows it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) label: Text,
    pub(crate) cents: i64,
    pub(crate) tariff_id: String,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
}

/// A visit's right to a bay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) class: BayClass,
    pub(crate) state: RightState,
    pub(crate) window: Window,
    /// The part of it for which a bay is given; shorter where a showing ends later than it was sold for, and others come.
    pub(crate) given: Window,
    /// Where a coach stands before and after it is in its bay.
    pub(crate) stops: coaches::Stops,
    /// How long before the showing's start the window begins; unknown until the showing is.
    pub(crate) lead: Option<TimeDelta>,
    /// So much of that was not booked, but kept when the visit went to a later showing or its own was late.
    pub(crate) early: TimeDelta,
    /// How long after the showing's end the window ends.
    pub(crate) stay: Option<TimeDelta>,
    /// It ends later for its party's meal.
    pub(crate) meal: meals::Meal,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) reference: String,
    pub(crate) charges: Vec<Charge>,
    pub(crate) entered_at: Option<DateTime<Utc>>,
    pub(crate) left_at: Option<DateTime<Utc>>,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    /// Suspended, and its bay given to somebody else meanwhile.
    pub(crate) lost_at: Option<DateTime<Utc>>,
}

/// What a confirmed visit means to its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The hold stands: confirm it.
    Confirm,
    /// The hold ran out: take a bay again if there is one.
    Retake,
    /// Nothing to do: confirmed before, or cancelled for good.
    Keep,
}

impl Right {
    /// Whether this right keeps a bay from others.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            RightState::Held => self.expires_at > now,
            RightState::Confirmed | RightState::CheckedIn => true,
            RightState::Suspended
            | RightState::Left
            | RightState::Cancelled
            | RightState::Expired
            | RightState::NoShow => false,
        }
    }

    /// Whether the database counts a bay for it. A hold that has run out is counted until somebody ends it.
    pub(crate) const fn is_counted(&self) -> bool {
        match self.state {
            RightState::Held | RightState::Confirmed | RightState::Suspended | RightState::CheckedIn => true,
            RightState::Left | RightState::Cancelled | RightState::Expired | RightState::NoShow => false,
        }
    }

    /// Whether its car may be here: it came in, and nobody has seen it leave.
    pub(crate) fn may_be_in(&self) -> bool {
        match self.state {
            RightState::CheckedIn => true,
            // Ended by time alone.
            RightState::Left => self.left_at.is_none(),
            RightState::Held
            | RightState::Confirmed
            | RightState::Suspended
            | RightState::Cancelled
            | RightState::Expired
            | RightState::NoShow => false,
        }
    }

    pub(crate) fn confirmation(&self, now: DateTime<Utc>) -> Confirmation {
        match self.state {
            RightState::Held if self.expires_at > now => Confirmation::Confirm,
            RightState::Held | RightState::Expired => Confirmation::Retake,
            RightState::Confirmed
            | RightState::Suspended
            | RightState::CheckedIn
            | RightState::Left
            | RightState::Cancelled
            | RightState::NoShow => Confirmation::Keep,
        }
    }

    /// Ties the window to the showing as it was planned when the right was taken.
    pub(crate) fn anchor(&mut self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) {
        self.lead.get_or_insert(starts_at - self.window.from);
        self.stay.get_or_insert(self.window.until - ends_at);
    }

    /// The window as booked, for a showing's present times. Whoever is in already keeps the beginning.
    pub(crate) fn window_for(&self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Window {
        Window {
            from: match self.lead {
                Some(lead) if self.entered_at.is_none() => starts_at - (lead - self.early),
                _ => self.window.from,
            },
            until: self.stay.map_or(self.window.until, |stay| ends_at + stay),
        }
    }

    /// Moves the window to the present times of its showing and its meal. A beginning that was kept in rebooking stays however late
    /// the showing is, and so does one for which the barrier opens by now: whoever is on the way comes when they come.
    pub(crate) fn follow(&mut self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, now: DateTime<Utc>) {
        let booked = self.window_for(starts_at, ends_at);
        let kept = self.early > TimeDelta::zero() || self.window.from - EARLY < now;
        let from = if kept { booked.from.min(self.window.from) } else { booked.from };
        if from < booked.until {
            self.take_window(starts_at, booked, Window { from, until: self.meal.ends(booked.until) });
        }
    }

    /// Takes a window for a showing, for which another one was booked.
    pub(crate) fn take_window(&mut self, starts_at: DateTime<Utc>, booked: Window, window: Window) {
        self.window = window;
        if self.lead.is_some() && self.entered_at.is_none() {
            self.lead = Some(starts_at - window.from);
            self.early = (booked.from - window.from).max(TimeDelta::zero());
        }
    }
}

/// A showing's times as far as they are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShowingTimes {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// What the door predicts once it has begun; it only ever moves the end later.
    pub(crate) predicted_end_at: Option<DateTime<Utc>>,
}

impl ShowingTimes {
    pub(crate) fn effective_end(self) -> DateTime<Utc> {
        self.predicted_end_at.map_or(self.ends_at, |at| at.max(self.ends_at))
    }
}

/// A place to park elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alternative {
    pub(crate) name: String,
    pub(crate) walk_minutes: u32,
    /// The feed that tells how full it is, and its name there; empty: none does.
    #[serde(default)]
    pub(crate) feed: String,
    #[serde(default)]
    pub(crate) uid: String,
    /// How many spaces it has, where the house knows: no feed is believed more.
    #[serde(default)]
    pub(crate) capacity: Option<u32>,
    /// Free bays, and until when that may be shown; None: not known.
    #[serde(skip)]
    pub(crate) free: Option<(u32, DateTime<Utc>)>,
    /// The same for drivers at the barrier, who go there at once: None also when the feed was silent for minutes.
    #[serde(skip)]
    pub(crate) free_at_gate: Option<u32>,
    /// When the feed spoke of it last, however long ago.
    #[serde(skip)]
    pub(crate) told_at: Option<DateTime<Utc>>,
}

/// "Spitze (9 min), MMZ (7 min)"
pub(crate) fn list_alternatives(alternatives: &[Alternative]) -> String {
    list(alternatives, |_| None)
}

/// "Spitze (9 min, 27 frei), MMZ (7 min)", in German and in English.
pub(crate) fn list_at_gate(alternatives: &[Alternative]) -> (String, String) {
    let free = |word: &str| list(alternatives, |place| place.free_at_gate.map(|free| format!(", {free} {word}")));
    (free("frei"), free("free"))
}

fn list(alternatives: &[Alternative], more: impl Fn(&Alternative) -> Option<String>) -> String {
    let one =
        |place: &Alternative| format!("{} ({} min{})", place.name, place.walk_minutes, more(place).unwrap_or_default());
    alternatives.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One class of the site as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassCount {
    pub(crate) class: BayClass,
    pub(crate) capacity: u32,
    pub(crate) occupied: u32,
    /// False: the newest count cannot be.
    pub(crate) is_known: bool,
    /// Rights that begin soon and whose cars are not in.
    pub(crate) expected: u32,
}

impl ClassCount {
    /// Whether a car without a right may come in without taking the bay of one that has a right.
    pub(crate) const fn has_room(self) -> bool {
        self.occupied + self.expected < self.capacity
    }
}

/// From the barrier until parked: a leg of the visit's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ParkLeg {
    pub(crate) seconds: u32,
    pub(crate) uncertainty_seconds: u32,
}

impl Default for ParkLeg {
    /// Where the house file says nothing: two minutes, give or take one.
    fn default() -> Self {
        Self { seconds: 120, uncertainty_seconds: 60 }
    }
}

/// The site as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) state: SiteState,
    pub(crate) reason: Text,
    pub(crate) walk_minutes: u32,
    pub(crate) walk_uncertainty_seconds: u32,
    pub(crate) park: ParkLeg,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) revision: u64,
    /// The last word of a lane, or of somebody who has counted.
    pub(crate) observed_at: DateTime<Utc>,
    /// When the house file changed last what it is.
    pub(crate) described_at: DateTime<Utc>,
    /// As of when, and until when, the cars are known.
    pub(crate) counted: counted::Counted,
    /// What that follows from, besides `observed_at`: the lanes, and when all was counted by hand while one is not heard.
    pub(crate) lanes: Vec<gates::Lane>,
    pub(crate) by_hand: Option<DateTime<Utc>>,
    pub(crate) classes: Vec<ClassCount>,
    /// How many coaches may stand at the kerb at once; 0: there is none.
    pub(crate) kerb_places: u32,
    /// While it is closed or out of reach.
    pub(crate) closure: Option<closures::Closure>,
}

impl Site {
    /// Whether the cars of all classes are known.
    pub(crate) fn is_counted(&self, now: DateTime<Utc>) -> bool {
        self.counted.holds(now) && self.classes.iter().all(|count| count.is_known)
    }
}

#[cfg(test)]
mod samples {
    use super::{BayClass, DateTime, Right, RightState, TimeDelta, Uuid, Window};

    /// A confirmed right of the first hour of time.
    pub(super) fn right() -> Right {
        let from = DateTime::UNIX_EPOCH;
        Right {
            visit: Uuid::from_u128(1),
            showing: Uuid::from_u128(2),
            class: BayClass::Standard,
            state: RightState::Confirmed,
            window: Window { from, until: from + TimeDelta::hours(1) },
            given: Window { from, until: from + TimeDelta::hours(1) },
            stops: super::coaches::Stops::default(),
            lead: None,
            early: TimeDelta::zero(),
            stay: None,
            meal: super::meals::Meal::default(),
            expires_at: from,
            reference: String::new(),
            charges: Vec::new(),
            entered_at: None,
            left_at: None,
            cancelled_at: None,
            lost_at: None,
        }
    }
}
