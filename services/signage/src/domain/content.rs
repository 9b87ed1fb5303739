//! What a display shows: lines of one class, each with its age and its end.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Arrow, Base, Class, Item, Lift, Message, Quality, Way, words};

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
    /// A picture or a film.
    Media,
    /// A number or a group that is called.
    Call,
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
    /// For showings of another day than today: which; empty: today. It is words, so that a content is another one after
    /// midnight, although no fact has changed.
    #[serde(default)]
    pub day: Text,
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
    /// What is to be played; its text is for those who do not see it.
    #[serde(default)]
    pub media: Option<Item>,
    /// Of what was counted; None: it is no measurement.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// The directive or incident that it tells, which wants to know who shows it.
    #[serde(default)]
    pub about: Option<About>,
    /// Whoever tells it is silent: it was true at `observed_at`.
    #[serde(default)]
    pub stale: bool,
    /// For directions over a lift: what is said in place of `detail` and `step_free` where the house was not heard for a
    /// while. Empty: nothing of the line is a word of now.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub unheard: Text,
}

fn is_empty(text: &Text) -> bool {
    *text == Text::default()
}

/// A directive or an incident in one of its revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct About {
    /// Which.
    pub id: Uuid,
    /// Which of its revisions.
    pub revision: u64,
}

impl Line {
    pub(super) fn new(kind: Kind, text: Text, observed_at: DateTime<Utc>, source: &str) -> Self {
        Self {
            kind,
            text,
            detail: Text::default(),
            starts_at: None,
            day: Text::default(),
            places_left: None,
            status: None,
            arrow: None,
            step_free: false,
            observed_at,
            valid_until: None,
            source: source.to_owned(),
            media: None,
            quality: None,
            about: None,
            stale: false,
            unheard: Text::default(),
        }
    }

    /// A way as the house was built.
    pub(super) fn way(way: &Way, base: &Base) -> Self {
        Self {
            detail: way.detail.clone(),
            arrow: Some(way.arrow),
            step_free: way.step_free,
            ..Self::new(Kind::Wayfinding, way.text.clone(), base.configured_at, "house")
        }
    }

    /// The same over a lift of which nobody says whether it works: the arrow is right, more is not promised.
    pub(super) fn over_a_lift(way: &Way, base: &Base, lift: Option<&Lift>) -> Self {
        let detail = words::lift_unheard(lift.is_some_and(|lift| !lift.working));
        Self { detail, step_free: false, ..Self::way(way, base) }
    }

    pub(super) fn is_valid(&self, now: DateTime<Utc>) -> bool {
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
    /// Of an evacuation: a drill.
    #[serde(default)]
    pub exercise: bool,
}

impl Content {
    /// Whether this message of staff is among its lines.
    #[must_use]
    pub fn shows(&self, message: &Message) -> bool {
        let source = if message.beside { super::WARNING } else { super::MESSAGE };
        let is_it = |line: &Line| {
            (line.source.as_str(), line.observed_at, &line.text) == (source, message.published_at, &message.text)
        };
        (message.beside || self.class == message.class) && self.lines.iter().any(is_it)
    }
}
