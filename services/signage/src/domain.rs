//! What a display shows, decided from facts: pure, without I/O, clock or proto.
//!
//! Five classes, evacuation above all. The highest class that has something to say takes the whole
//! display; classes never interleave, and a display is never empty. Below safety, signposts and whoever is called stay
//! below what is said.

mod alert;
mod content;
mod evacuated;
mod fact;
mod known;
mod measure;
mod media;
mod presence;
mod profiles;
mod schedule;
mod setup;
mod silence;
mod standby;
mod wall;
mod words;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use alert::{Alert, AlertInfo, AlertStatus, AlertType, Hazard, Severity, Urgency};
pub use content::{About, Content, Kind, Line, Status};
pub use evacuated::Evacuated;
pub use fact::{
    Admission, Alternative, Audience, Bays, Call, Delay, Fact, Facts, House, HouseState, Lift, Order, OrderStage,
    Phase, Places, Plan, Quality, Showing, Site, SiteState, Station, StationState, Zone, ZoneLevel,
};
pub use known::{Entry, Known, Record, Told};
pub use measure::{Measure, Sort};
pub use media::{LARGEST_FILM, LARGEST_PICTURE, MediaType};
pub use presence::{
    ABSENCES, Absence, HEARTBEAT, Health, OFFLINE_AFTER, Pairing, Presence, SELDOM, State, away, state,
};
pub use schedule::{Item, Playlist, Schedule};
pub use setup::{Arrow, Evacuation, Profile, Setup, Way};
pub use silence::{Silence, TELLERS};
pub use standby::{leave_the_house, stay_calm};
pub use wall::{Base, Heard, Hung, News, Place, Posted, Shown, Wall, Wanted};
pub use words::{cleared, exercise, figures, please_note, safety, stay_out, wait_for_staff};

/// A message of staff lives at most this long.
pub const LONGEST_MESSAGE: TimeDelta = TimeDelta::hours(24);
/// More planned messages at once nobody reads from ten metres. What is about safety or operation is left out nowhere: what does
/// not fit takes turns.
const PLANNED_AT_ONCE: usize = 3;
/// So many official warnings stand above what a display says anyway: more would leave it no room.
const WARNINGS_AT_ONCE: usize = 2;
/// Who says what is on a line: staff, or an authority whose warning stands above what the display says anyway.
const MESSAGE: &str = "message";
const WARNING: &str = "warning";

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

/// What displays that show the same have in common: contents are computed for it, not for each display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its own part.
    pub base: Arc<Base>,
    /// Of silent neighbours, whose message it takes.
    pub standing_in: Vec<Arc<Base>>,
}

impl View {
    /// The same for the same view, in every process.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{self:?}").as_bytes())
    }

    /// Its own part, and those of the neighbours for which it stands in.
    fn parts(&self) -> impl Iterator<Item = &Base> {
        std::iter::once(&self.base).chain(&self.standing_in).map(Arc::as_ref)
    }
}

/// A message of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `UUIDv7`.
    pub message_id: Uuid,
    /// SCHEDULED, OPERATIONS or SAFETY.
    pub class: Class,
    /// It stands above what displays say anyway, and takes none of them: an official warning that leaves time.
    #[serde(default)]
    pub beside: bool,
    /// How grave an official warning is, 4 the most; 0: not said, or a message of staff.
    #[serde(default)]
    pub gravity: u8,
    /// What an official warning warns of, as far as a zone is closed for it.
    #[serde(default)]
    pub hazard: Option<Hazard>,
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
    /// When; None also for those of before this was kept.
    #[serde(default)]
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// By whom; None also for those of before this was kept.
    #[serde(default)]
    pub ended_by: Option<EndedBy>,
    /// When it was said before, in other words or until another time.
    #[serde(default)]
    pub earlier: Vec<DateTime<Utc>>,
}

/// Who took a message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Somebody of the house.
    Staff,
    /// The feed that had it has it no more. It may have left it out by mistake.
    Feed,
    /// Whoever sent the warning, by an update or by taking it back: for good.
    Sender,
}

/// Whoever took a message back by mistake shows it again within so long.
const UNDO: TimeDelta = TimeDelta::minutes(5);

impl Message {
    /// The same, taken back.
    #[must_use]
    pub fn taken_back(&self, by: EndedBy, at: DateTime<Utc>) -> Self {
        Self { withdrawn: true, withdrawn_at: Some(at), ended_by: Some(by), ..self.clone() }
    }

    /// The same, as what is said after another one.
    #[must_use]
    pub fn said_after(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.earlier = measure::recent([&before.earlier[..], &[before.published_at]].concat());
        }
        self
    }

    /// Whether it was taken back just now, and its time is not over.
    #[must_use]
    pub fn can_be_restored(&self, now: DateTime<Utc>) -> bool {
        self.withdrawn && now < self.valid_until && self.withdrawn_at.is_some_and(|at| now < at + UNDO)
    }
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
    let warnings = warnings(view, facts, now);
    let beside = |class: Class, mut lines: Vec<Line>| {
        // Of safety and evacuation nothing may take the eye.
        if !class.is_acknowledged() {
            lines.splice(..0, warnings.iter().cloned());
        }
        lines
    };
    for class in Class::ALL.into_iter().rev() {
        let Some(mut offer) = offer(class, view, facts, now) else { continue };
        offer.lines.retain(|line| line.is_valid(now));
        if class != Class::Evacuation {
            offer.lines.iter_mut().for_each(|line| facts.stamp(line));
        }
        if !offer.lines.is_empty() {
            let drill = |house: &House| house.exercise;
            let exercise = class == Class::Evacuation && facts.house.as_ref().is_some_and(drill);
            let lines = beside(class, offer.lines);
            return Content { class, headline: offer.headline, lines, fallback, exercise };
        }
    }
    let line = Line::new(Kind::Default, fallback.clone(), view.base.configured_at, "house");
    let lines = beside(Class::Default, vec![line]);
    Content { class: Class::Default, headline: fallback.clone(), lines, fallback, exercise: false }
}

fn offer(class: Class, view: &View, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    match class {
        Class::Evacuation => evacuation(&view.base, facts),
        Class::Safety => all_clear(facts).into_iter().chain(messages(class, view, facts, now)).reduce(join),
        Class::Operations => {
            let own = of_parts(view, |base| profiles::operations(base, facts, now));
            // A message of staff comes first: somebody looked at the house when writing it.
            let said = messages(class, view, facts, now).into_iter().chain(measures(view, facts)).chain(own);
            said.reduce(join).map(|said| with_calls(above_ways(said, view, facts, now), view, facts, now))
        }
        Class::Scheduled => {
            let lists = of_parts(view, |base| schedule::running(base, facts, now, false));
            let said = messages(class, view, facts, now).into_iter().chain(lists).reduce(join);
            said.map(|said| with_calls(above_ways(said, view, facts, now), view, facts, now))
        }
        Class::Default => {
            let own = of_parts(view, |base| Some(profiles::default(base, facts, now)));
            let beside = schedule::running(&view.base, facts, now, true);
            own.into_iter().chain(beside).reduce(join)
        }
    }
}

/// What the display's own part says, and what it says for silent neighbours. Not their arrows: those point from
/// where the neighbour hangs.
fn of_parts(view: &View, offer: impl Fn(&Base) -> Option<Offer>) -> Option<Offer> {
    let mut whole = offer(&view.base);
    for neighbour in view.standing_in.iter().filter_map(|base| offer(base)) {
        let own = whole.get_or_insert_with(|| Offer { headline: neighbour.headline.clone(), lines: Vec::new() });
        let taken = neighbour.lines.into_iter().filter(|line| line.kind != Kind::Wayfinding);
        let new: Vec<Line> = taken.filter(|line| !own.lines.contains(line)).collect();
        own.lines.extend(new);
    }
    whole
}

/// Whoever stands before signposts still needs the way: what is said stands above them, and what they say
/// themselves is not said twice.
fn above_ways(mut said: Offer, view: &View, facts: &Facts, now: DateTime<Utc>) -> Offer {
    said.lines.retain(|line| line.is_valid(now));
    if said.lines.is_empty() || view.base.setup.profile != Profile::Wayfinding {
        return said;
    }
    let ways = profiles::default(&view.base, facts, now);
    said.lines.retain(|line| !ways.lines.iter().any(|way| way.detail == line.text));
    join(said, ways)
}

/// Whoever is called must act at once and looks nowhere else: their numbers and groups stay below what is said, once.
fn with_calls(mut said: Offer, view: &View, facts: &Facts, now: DateTime<Utc>) -> Offer {
    said.lines.retain(|line| line.is_valid(now));
    if said.lines.is_empty() {
        return said;
    }
    let calls = view.parts().flat_map(|base| profiles::calls(base, facts, now));
    for call in calls {
        if !said.lines.iter().any(|line| (line.kind, &line.text) == (call.kind, &call.text)) {
            said.lines.push(call);
        }
    }
    said
}

/// Two offers of the same class on one display: the first one's headline stays.
fn join(mut first: Offer, second: Offer) -> Offer {
    first.lines.extend(second.lines);
    first
}

fn evacuation(base: &Base, facts: &Facts) -> Option<Offer> {
    let house = facts.house.as_ref().filter(|house| house.state == HouseState::Evacuating)?;
    let Evacuation { headline, instruction } = base.setup.evacuation.clone();
    let headline = if house.exercise { words::exercise(&headline) } else { headline };
    let notice = Line { about: house.about.clone(), ..Line::new(Kind::Notice, instruction, house.since, "flow") };
    let mut lines = vec![notice];
    // In an evacuation nobody takes a lift.
    let step_free = |exit: &Way| exit.step_free && exit.lift.is_empty();
    lines.extend(base.setup.exits.iter().map(|exit| Line { step_free: step_free(exit), ..Line::way(exit, base) }));
    Some(Offer { headline, lines })
}

/// All directives and incidents for those who stand where the display hangs, the newest first; what is said of the whole house
/// is for all. The step-free way is a line of its own where it is another one.
fn measures(view: &View, facts: &Facts) -> Option<Offer> {
    let here = |measure: &&Measure| {
        let zone = &measure.zone_id;
        let at = |base: &Base| {
            let zones = &base.setup.zones;
            zones.is_empty() || zones.iter().any(|here| facts.concerns(zone, here))
        };
        zone.is_empty() || facts.whole.contains(zone) || view.parts().any(at)
    };
    let mut mine: Vec<&Measure> = facts.measures.iter().filter(here).collect();
    mine.sort_by_key(|it| (std::cmp::Reverse(it.at), it.measure_id));
    let lines: Vec<Line> = mine
        .into_iter()
        .flat_map(|it| {
            let line = |text: &Text, step_free| Line {
                step_free,
                valid_until: it.valid_until,
                about: Some(About { id: it.measure_id, revision: it.revision }),
                unheard: if step_free && it.over_a_lift { words::lift_unheard(false) } else { Text::default() },
                ..Line::new(Kind::Notice, text.clone(), it.at, "flow")
            };
            let other = !it.step_free_text.de.is_empty() && it.step_free_text != it.text;
            std::iter::once(line(&it.text, it.step_free && !other))
                .chain(other.then(|| line(&it.step_free_text, it.step_free)))
        })
        .collect();
    (!lines.is_empty()).then(|| Offer { headline: words::please_note(), lines })
}

fn all_clear(facts: &Facts) -> Option<Offer> {
    let house = facts.house.as_ref().filter(|house| house.state == HouseState::AllClear)?;
    let line = Line::new(Kind::Notice, words::wait_for_staff(), house.since, "flow");
    Some(Offer { headline: words::cleared(), lines: vec![line] })
}

/// The messages of a class that take this display, newest first: of planned ones some, of all others each.
fn messages(class: Class, view: &View, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    let most = if class == Class::Scheduled { PLANNED_AT_ONCE } else { usize::MAX };
    let lines: Vec<Line> = said(view, facts, now)
        .into_iter()
        .filter(|message| message.class == class && !message.beside)
        .take(most)
        .map(|message| message_line(message, MESSAGE))
        .collect();
    let headline = if class == Class::Safety { words::safety() } else { words::please_note() };
    (!lines.is_empty()).then_some(Offer { headline, lines })
}

/// The official warnings that stand above what this display says anyway, the gravest first.
fn warnings(view: &View, facts: &Facts, now: DateTime<Utc>) -> Vec<Line> {
    let mut mine: Vec<&Message> = said(view, facts, now).into_iter().filter(|message| message.beside).collect();
    mine.sort_by_key(|message| std::cmp::Reverse((message.class, message.gravity)));
    mine.into_iter().take(WARNINGS_AT_ONCE).map(|message| message_line(message, WARNING)).collect()
}

fn message_line(message: &Message, source: &str) -> Line {
    let line = Line::new(Kind::Notice, message.text.clone(), message.published_at, source);
    Line { valid_until: Some(message.valid_until), ..line }
}

/// What is said on this display now, newest first.
fn said<'f>(view: &View, facts: &'f Facts, now: DateTime<Utc>) -> Vec<&'f Message> {
    let mut mine: Vec<&Message> = facts
        .messages
        .iter()
        .filter(|message| !message.withdrawn && now < message.valid_until)
        .filter(|message| message.group.as_ref().is_none_or(|group| view.parts().any(|it| it.groups.contains(group))))
        .collect();
    mine.sort_by_key(|message| std::cmp::Reverse((message.published_at, message.message_id)));
    mine
}
