//! What signage knows of the house, in its own words: told by other services, kept as a copy.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{About, Measure, Message, Playlist, Schedule, Silence};

/// A room, its level, the house. Words that crossed each other may make a circle for a while.
const DEEPEST: usize = 3;

/// Everything that contents are computed from.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Showings that are not over.
    pub showings: Vec<Showing>,
    /// None: never told; then nothing is claimed.
    pub house: Option<House>,
    /// Zones by id.
    pub zones: Vec<Zone>,
    /// Zones with the one they lie in. Flow's silence takes nothing from it: the house is not rebuilt.
    pub within: Vec<(String, String)>,
    /// The zones that are the whole house.
    pub whole: Vec<String>,
    /// None: never told.
    pub site: Option<Site>,
    /// Orders that are made or wait to be collected.
    pub orders: Vec<Order>,
    /// The café's stations.
    pub stations: Vec<Station>,
    /// Messages of staff.
    pub messages: Vec<Message>,
    /// Directives and incidents that hold now.
    pub measures: Vec<Measure>,
    /// Lifts.
    pub lifts: Vec<Lift>,
    /// Groups and numbers that are called now.
    pub calls: Vec<Call>,
    /// Lists of pictures and films.
    pub playlists: Vec<Playlist>,
    /// When the lists run.
    pub schedules: Vec<Schedule>,
    /// Services that are silent.
    pub silences: Vec<Silence>,
}

impl Facts {
    /// Whether what is said to those in zone `told` concerns those who stand in zone `here`, which may lie in it.
    pub(super) fn concerns(&self, told: &str, here: &str) -> bool {
        let around = |zone: &&str| Some(self.within.iter().find(|(inner, _)| inner == zone)?.1.as_str());
        std::iter::successors(Some(here), around).take(DEEPEST).any(|zone| zone == told)
    }
}

/// One thing that another service told.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A showing's plan.
    Plan(Plan),
    /// A showing moved.
    Delay(Delay),
    /// A showing does not happen, and why.
    Cancelled(Uuid, Text, DateTime<Utc>),
    /// How many places are left.
    Places(Places),
    /// Doors, last call, start, end.
    Admission(Admission),
    /// The state of the house.
    House(House),
    /// The state of a zone.
    Zone(Zone),
    /// The car park.
    Site(Site),
    /// An order is made, can be collected, or is called again.
    Counter(Order),
    /// An order has been collected or is gone: id and number.
    Done(Order),
    /// A station of the café.
    Station(Station),
    /// Staff have said something, or taken it back.
    Message(Message),
    /// A directive or an incident begins to hold, changes, or ends.
    Measure(Measure),
    /// A lift fails, or works again.
    Lift(Lift),
    /// A group or a number is called, or no longer.
    Call(Call),
    /// A list of pictures and films.
    Playlist(Playlist),
    /// When a list runs.
    Schedule(Schedule),
    /// A service is silent, or speaks again.
    Silence(Silence),
}

/// Whom a showing is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody.
    Public,
    /// School classes.
    School,
    /// A closed party, whose title may name people: it is not shown.
    Private,
}

/// Where a showing's admission is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Doors closed.
    Planned,
    /// Doors open.
    DoorsOpen,
    /// Doors close soon.
    LastCall,
    /// No more entry.
    Running,
    /// Nothing to show any more.
    Over,
}

/// A showing as planned.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which.
    pub showing_id: Uuid,
    /// Its title.
    pub title: Text,
    /// Where.
    pub hall: String,
    /// For whom.
    pub audience: Audience,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Doors.
    pub doors_at: DateTime<Utc>,
    /// The last entry; later than the start where late guests are let in.
    pub last_entry_at: DateTime<Utc>,
    /// When it was told.
    pub told_at: DateTime<Utc>,
}

/// A showing's new times.
#[derive(Clone, Debug)]
pub struct Delay {
    /// Which.
    pub showing_id: Uuid,
    /// By how much; the plan, once known, says it better.
    pub minutes: i32,
    /// New start.
    pub starts_at: DateTime<Utc>,
    /// New end.
    pub ends_at: DateTime<Utc>,
    /// New opening of the doors.
    pub doors_at: DateTime<Utc>,
    /// The last entry; later than the start where late guests are let in.
    pub last_entry_at: DateTime<Utc>,
    /// Why.
    pub reason: Text,
    /// When it was told.
    pub told_at: DateTime<Utc>,
}

/// Places that may be sold at the door.
#[derive(Clone, Debug)]
pub struct Places {
    /// Of which showing.
    pub showing_id: Uuid,
    /// How many.
    pub left: u32,
    /// When that was true.
    pub observed_at: DateTime<Utc>,
}

/// A showing's admission has moved.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Of which showing.
    pub showing_id: Uuid,
    /// Where to; None: cancelled.
    pub phase: Option<Phase>,
    /// When it will end.
    pub predicted_end_at: Option<DateTime<Utc>>,
    /// When it moved.
    pub at: DateTime<Utc>,
}

/// A showing that is not over, from all that was told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Showing {
    /// Which.
    pub showing_id: Uuid,
    /// Its title.
    pub title: Text,
    /// Where.
    pub hall: String,
    /// For whom.
    pub audience: Audience,
    /// As first planned.
    pub scheduled_starts_at: Option<DateTime<Utc>>,
    /// As it stands.
    pub starts_at: DateTime<Utc>,
    /// As predicted.
    pub ends_at: DateTime<Utc>,
    /// The opening of the doors as the clock in the foyer will show it, e.g. "14:40".
    pub doors_clock: String,
    /// The last entry; None: not known.
    pub last_entry_at: Option<DateTime<Utc>>,
    /// By how much it was moved last, in minutes; below 0: earlier again.
    pub delay_minutes: i32,
    /// Does not happen.
    pub cancelled: bool,
    /// Why it is late or cancelled.
    pub notice: Option<Text>,
    /// Where its admission is.
    pub phase: Phase,
    /// None: not known.
    pub places_left: Option<u32>,
    /// The latest word about it.
    pub observed_at: DateTime<Utc>,
}

impl Showing {
    /// How many minutes later than first planned; 0: on time.
    #[must_use]
    pub fn late_minutes(&self) -> i64 {
        self.scheduled_starts_at.map_or(self.delay_minutes.max(0).into(), |planned| {
            (self.starts_at - planned).max(TimeDelta::zero()).num_minutes()
        })
    }
}

/// States of the house that a display can tell people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HouseState {
    /// Nothing to tell.
    Normal,
    /// Very full.
    Crowded,
    /// Nobody is let in for now.
    AdmissionStopped,
    /// Leave the house.
    Evacuating,
    /// The danger is over; wait for staff.
    AllClear,
}

/// The state of the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct House {
    /// What it is.
    pub state: HouseState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Evacuation only: the incident that wants to know who shows it.
    #[serde(default)]
    pub about: Option<About>,
    /// Evacuation only: a drill.
    #[serde(default)]
    pub exercise: bool,
}

/// How full a zone is, as far as a direction sign tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneLevel {
    /// Come.
    Free,
    /// Nearly full.
    Busy,
    /// Nobody else may enter.
    Stop,
}

/// How a figure came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Counted now.
    #[default]
    Live,
    /// Counted by a person.
    Manual,
    /// Worked out from other figures.
    Estimated,
    /// A counter is silent or loses data.
    Degraded,
}

impl Quality {
    /// For the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Manual => "manual",
            Self::Estimated => "estimated",
            Self::Degraded => "degraded",
        }
    }
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Which.
    pub zone_id: String,
    /// How full.
    pub level: ZoneLevel,
    /// How that is known.
    #[serde(default)]
    pub quality: Quality,
    /// When that was true, by the clock of whoever counted.
    pub observed_at: DateTime<Utc>,
    /// Flow's number of this word: a later one's is higher, whatever the clocks say.
    #[serde(default)]
    pub version: i64,
    /// From then on it is a band; None: as long as flow is there.
    #[serde(default)]
    pub valid_until: Option<DateTime<Utc>>,
    /// The zone it lies in, e.g. a level; empty: none, or never told.
    #[serde(default)]
    pub parent: String,
    /// It is the whole house.
    #[serde(default)]
    pub whole_house: bool,
}

/// The state of the car park.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// The site is fine, the way to it is not.
    Unreachable,
    /// Nobody knows.
    Unknown,
}

/// Free bays of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bays {
    /// "standard", "accessible", "family", "coach", "ev"
    pub class: String,
    /// Without those that are kept for rights of the next hour; None: not known.
    pub free: Option<u32>,
}

/// Where else to park.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// Its name.
    pub name: String,
    /// On foot from there.
    pub walk_minutes: u32,
    /// Free bays; None: not known.
    #[serde(default)]
    pub free: Option<u32>,
    /// Until when `free` may be shown.
    #[serde(default)]
    pub free_until: Option<DateTime<Utc>>,
}

/// The car park.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Which.
    pub site_id: String,
    /// Open or not.
    pub state: SiteState,
    /// Why not.
    pub reason: Text,
    /// Until when it is closed; None: it is not, or until further notice.
    #[serde(default)]
    pub closed_until: Option<DateTime<Utc>>,
    /// By class.
    pub bays: Vec<Bays>,
    /// Where else.
    pub alternatives: Vec<Alternative>,
    /// When that was true.
    pub observed_at: DateTime<Utc>,
    /// Until when it may be shown as true.
    pub valid_until: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub site_revision: i64,
}

/// An order at the counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub order_id: String,
    /// As called out; never a name.
    pub number: u32,
    /// Since when.
    pub at: DateTime<Utc>,
    /// How far it is.
    #[serde(default)]
    pub stage: OrderStage,
}

/// How far an order at the counter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// It is being made.
    Preparing,
    /// It can be collected.
    #[default]
    Ready,
    /// It has waited for long.
    Recalled,
}

/// The state of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StationState {
    /// Working.
    Open,
    /// Working, and everything takes longer.
    Busy,
    /// Back soon.
    Paused,
    /// Not today.
    Closed,
}

/// A station of the café.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Which.
    pub station_id: String,
    /// Its name for guests.
    pub name: Text,
    /// Working or not.
    pub state: StationState,
    /// When it was told.
    pub observed_at: DateTime<Utc>,
}

/// A lift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// Which.
    pub lift_id: String,
    /// Whether it works.
    pub working: bool,
    /// What to do without it.
    pub without: Text,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Rises with every change.
    pub revision: u64,
}

/// A group of guests or the number of a walk-in, called to a door or to the desk. Never a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The group's id, or day and number.
    pub call_id: String,
    /// For walk-ins.
    pub number: Option<u32>,
    /// Which hall's door, for groups.
    pub hall: String,
    /// What is called, for groups: complete.
    pub text: Text,
    /// False: no longer called.
    pub calling: bool,
    /// When it was called, or taken back.
    pub at: DateTime<Utc>,
    /// When it ends by itself.
    pub valid_until: Option<DateTime<Utc>>,
}
