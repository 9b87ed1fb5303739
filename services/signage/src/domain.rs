//! What a display shows, decided from facts: pure, without I/O, clock or proto.
//!
//! Five classes, evacuation above all. The highest class that has something to say takes the whole
//! display; classes never interleave, and a display is never empty.

mod fact;
mod known;
mod profiles;
mod standby;
mod wall;
mod words;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use fact::{
    Admission, Alternative, Audience, Bays, Delay, Fact, Facts, House, HouseState, Order, Phase, Places, Plan, Showing,
    Site, SiteState, Station, StationState, Zone, ZoneLevel,
};
pub use known::{Known, Record};
pub use standby::{leave_the_house, stay_calm};
pub use wall::{Base, Hung, News, Place, Posted, Shown, Wall};

/// A display that has not been heard of for three of its 20-second heartbeats is offline.
pub const OFFLINE_AFTER: TimeDelta = TimeDelta::seconds(60);
/// A message of staff lives at most this long.
pub const LONGEST_MESSAGE: TimeDelta = TimeDelta::hours(24);
/// More messages at once nobody reads from ten metres.
const MESSAGES_AT_ONCE: usize = 3;

/// The five classes, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What the display is there for.
    Default = 1,
    /// A message of staff, planned.
    Scheduled = 2,
    /// Late, redirected, cancelled, stopped.
    Operations = 3,
    /// Safety of people.
    Safety = 4,
    /// Leave the house.
    Evacuation = 5,
}

impl Class {
    /// All of them, lowest first.
    pub const ALL: [Self; 5] = [Self::Default, Self::Scheduled, Self::Operations, Self::Safety, Self::Evacuation];

    /// The class stored as this number.
    #[must_use]
    pub fn numbered(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as i16 == number)
    }

    /// True when a display must say that it shows it.
    #[must_use]
    pub const fn is_acknowledged(self) -> bool {
        matches!(self, Self::Safety | Self::Evacuation)
    }
}

/// What a display is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The next showings.
    Foyer,
    /// The showing behind this door.
    DomeDoor,
    /// Arrows.
    Wayfinding,
    /// The car park.
    Parking,
    /// Numbers to collect at the counter.
    Cafe,
}

impl Profile {
    /// As in the house file and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foyer => "foyer",
            Self::DomeDoor => "dome_door",
            Self::Wayfinding => "wayfinding",
            Self::Parking => "parking",
            Self::Cafe => "cafe",
        }
    }
}

/// Where to go, seen from the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrow {
    /// Up the stairs, or by lift.
    Up,
    /// Down.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Straight on.
    Ahead,
}

/// One direction on a display, from the house file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Where to.
    pub text: Text,
    /// Second line.
    #[serde(default)]
    pub detail: Text,
    /// Which way.
    pub arrow: Arrow,
    /// Without any step.
    #[serde(default)]
    pub step_free: bool,
    /// The zone it leads to: when that is full, the line says so.
    #[serde(default)]
    pub zone: String,
}

/// What everybody reads when the house is cleared; the same on all displays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evacuation {
    /// Large.
    pub headline: Text,
    /// What to do.
    pub instruction: Text,
}

/// How a display is set up by the house file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What it is there for.
    pub profile: Profile,
    /// The hall behind a dome door.
    pub hall: String,
    /// Its arrows.
    pub wayfinding: Vec<Way>,
    /// The ways out, seen from here.
    pub exits: Vec<Way>,
    /// What it says when there is nothing else.
    pub welcome: Text,
    /// What it says in an evacuation.
    pub evacuation: Evacuation,
}

/// What displays that show the same have in common: contents are computed for it, not for each display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// As the house file says.
    pub base: Arc<Base>,
}

impl View {
    /// The same for the same view, in every process.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{self:?}").as_bytes())
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A showing.
    Showing,
    /// A sentence for all.
    Notice,
    /// A direction.
    Wayfinding,
    /// Bays, or where else to park.
    Parking,
    /// A number to collect.
    Cafe,
    /// Nothing special.
    Default,
}

/// The state of a showing on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As planned.
    Planned,
    /// Come in.
    DoorsOpen,
    /// Come in now.
    LastCall,
    /// Too late.
    Running,
    /// Later than planned, doors still closed.
    Delayed,
    /// Does not happen.
    Cancelled,
}

/// One fact on a screen, with its age and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is about.
    pub kind: Kind,
    /// First line.
    pub text: Text,
    /// Second, smaller line; may be empty.
    pub detail: Text,
    /// For showings.
    pub starts_at: Option<DateTime<Utc>>,
    /// For showings; None: not known or not for sale.
    pub places_left: Option<u32>,
    /// For showings.
    pub status: Option<Status>,
    /// For directions.
    pub arrow: Option<Arrow>,
    /// For directions.
    pub step_free: bool,
    /// When this was true.
    pub observed_at: DateTime<Utc>,
    /// From then on it must not be shown; None: until something else is said.
    pub valid_until: Option<DateTime<Utc>>,
    /// Who said so.
    pub source: String,
}

impl Line {
    fn new(kind: Kind, text: Text, observed_at: DateTime<Utc>, source: &str) -> Self {
        Self {
            kind,
            text,
            detail: Text::default(),
            starts_at: None,
            places_left: None,
            status: None,
            arrow: None,
            step_free: false,
            observed_at,
            valid_until: None,
            source: source.to_owned(),
        }
    }

    fn way(way: &Way, base: &Base) -> Self {
        Self {
            detail: way.detail.clone(),
            arrow: Some(way.arrow),
            step_free: way.step_free,
            ..Self::new(Kind::Wayfinding, way.text.clone(), base.configured_at, "house")
        }
    }

    fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_none_or(|end| now < end)
    }
}

/// What a display shows: all of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Of all its lines.
    pub class: Class,
    /// Large, on top; never empty.
    pub headline: Text,
    /// Never empty.
    pub lines: Vec<Line>,
    /// When every line has run out.
    pub fallback: Text,
}

/// A message of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `UUIDv7`.
    pub message_id: Uuid,
    /// SCHEDULED, OPERATIONS or SAFETY.
    pub class: Class,
    /// What it says.
    pub text: Text,
    /// None: every group.
    pub group: Option<String>,
    /// When it was said.
    pub published_at: DateTime<Utc>,
    /// When it ends by itself.
    pub valid_until: DateTime<Utc>,
    /// Taken back before its end.
    pub withdrawn: bool,
}

/// What one class has to say on a display.
struct Offer {
    headline: Text,
    lines: Vec<Line>,
}

/// What a display shows now. Lines past their end are left out before the classes compete, so that
/// an old fact never keeps a newer one of a lower class from the screen.
#[must_use]
pub fn compose(view: &View, facts: &Facts, now: DateTime<Utc>) -> Content {
    let fallback = view.base.setup.welcome.clone();
    for class in Class::ALL.into_iter().rev() {
        let Some(mut offer) = offer(class, view, facts, now) else { continue };
        offer.lines.retain(|line| line.is_valid(now));
        if !offer.lines.is_empty() {
            return Content { class, headline: offer.headline, lines: offer.lines, fallback };
        }
    }
    let line = Line::new(Kind::Default, fallback.clone(), view.base.configured_at, "house");
    Content { class: Class::Default, headline: fallback.clone(), lines: vec![line], fallback }
}

fn offer(class: Class, view: &View, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    match class {
        Class::Evacuation => evacuation(view, facts),
        Class::Safety => all_clear(facts).into_iter().chain(messages(class, view, facts, now)).reduce(join),
        Class::Operations => {
            let own = profiles::operations(view, facts, now);
            // A message of staff comes first: somebody looked at the house when writing it.
            messages(class, view, facts, now).into_iter().chain(own).reduce(join)
        }
        Class::Scheduled => messages(class, view, facts, now),
        Class::Default => Some(profiles::default(view, facts, now)),
    }
}

/// Two offers of the same class on one display: the first one's headline stays.
fn join(mut first: Offer, second: Offer) -> Offer {
    first.lines.extend(second.lines);
    first
}

fn evacuation(view: &View, facts: &Facts) -> Option<Offer> {
    let house = facts.house.as_ref().filter(|house| house.state == HouseState::Evacuating)?;
    let Evacuation { headline, instruction } = view.base.setup.evacuation.clone();
    let mut lines = vec![Line::new(Kind::Notice, instruction, house.since, "flow")];
    lines.extend(view.base.setup.exits.iter().map(|exit| Line::way(exit, &view.base)));
    Some(Offer { headline, lines })
}

fn all_clear(facts: &Facts) -> Option<Offer> {
    let house = facts.house.as_ref().filter(|house| house.state == HouseState::AllClear)?;
    let line = Line::new(Kind::Notice, words::wait_for_staff(), house.since, "flow");
    Some(Offer { headline: words::all_clear(), lines: vec![line] })
}

/// The messages of a class for this display, newest first.
fn messages(class: Class, view: &View, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    let mut mine: Vec<&Message> = facts
        .messages
        .iter()
        .filter(|message| message.class == class && !message.withdrawn && now < message.valid_until)
        .filter(|message| message.group.as_ref().is_none_or(|group| view.base.groups.contains(group)))
        .collect();
    mine.sort_by_key(|message| std::cmp::Reverse((message.published_at, message.message_id)));
    let lines: Vec<Line> = mine
        .into_iter()
        .take(MESSAGES_AT_ONCE)
        .map(|message| Line {
            valid_until: Some(message.valid_until),
            ..Line::new(Kind::Notice, message.text.clone(), message.published_at, "message")
        })
        .collect();
    let headline = if class == Class::Safety { words::safety() } else { words::please_note() };
    (!lines.is_empty()).then_some(Offer { headline, lines })
}
