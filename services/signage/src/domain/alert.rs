//! Official warnings: what one of them means for the displays. Never an evacuation: that only the house itself calls.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Class, LONGEST_MESSAGE, Message};

/// A warning without an end is shown so long.
const WITHOUT_END: TimeDelta = TimeDelta::hours(1);
/// More nobody reads from ten metres.
const LONGEST_TEXT: usize = 200;

/// Whether it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertStatus {
    /// It is.
    Actual,
    /// An exercise, a test, a draft, or for machines: never shown.
    NotActual,
}

/// What it does to earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertType {
    /// Nothing.
    Alert,
    /// Takes the place of those that it refers to.
    Update,
    /// Takes back those that it refers to.
    Cancel,
    /// For machines.
    Other,
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Extraordinary threat.
    Extreme,
    /// Significant threat.
    Severe,
    /// Possible threat.
    Moderate,
    /// Little or none.
    Minor,
    /// Not said.
    Unknown,
}

impl Severity {
    /// What [`Self::gravity`] made a number of.
    #[must_use]
    pub const fn of(gravity: u8) -> Self {
        match gravity {
            4 => Self::Extreme,
            3 => Self::Severe,
            2 => Self::Moderate,
            1 => Self::Minor,
            _ => Self::Unknown,
        }
    }

    /// For sorting: 4 the gravest.
    const fn gravity(self) -> u8 {
        match self {
            Self::Extreme => 4,
            Self::Severe => 3,
            Self::Moderate => 2,
            Self::Minor => 1,
            Self::Unknown => 0,
        }
    }
}

/// How soon something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// At once.
    Immediate,
    /// Soon, later, or no more.
    NotNow,
    /// Not said.
    Unknown,
}

/// What is warned of, as far as it matters to a house with a roof terrace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Lightning.
    Thunderstorm,
    /// Wind.
    Storm,
}

/// Words by which warnings name them, in small letters; the German weather service writes "SCHWERES GEWITTER mit
/// ORKANBÖEN", which is a thunderstorm first.
const HAZARDS: [(Hazard, &[&str]); 2] = [
    (Hazard::Thunderstorm, &["gewitter", "thunder", "lightning", "blitzschlag"]),
    (Hazard::Storm, &["sturm", "storm", "orkan", "hurricane", "tornado", "böen", "gust", "gale"]),
];
/// Storms of another kind: a surge of the sea, and snow that comes with no wind warning of its own.
const NO_STORMS: [&str; 3] = ["sturmflut", "storm surge", "entwarnung"];

/// What it says in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertInfo {
    /// "de", "en", or something else.
    pub language: String,
    /// How grave.
    pub severity: Severity,
    /// How soon.
    pub urgency: Urgency,
    /// What is warned of, in the sender's words; may be empty.
    pub event: String,
    /// Short.
    pub headline: String,
    /// What to do; may be empty.
    pub instruction: String,
    /// When it ends.
    pub expires: Option<DateTime<Utc>>,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Unique for its sender.
    pub identifier: String,
    /// Who warns.
    pub sender: String,
    /// When.
    pub sent: DateTime<Utc>,
    /// Whether it is meant.
    pub status: AlertStatus,
    /// What it does to earlier ones.
    pub kind: AlertType,
    /// Sender and identifier of those.
    pub references: Vec<(String, String)>,
    /// One a language.
    pub infos: Vec<AlertInfo>,
}

/// The message that a warning becomes: the same for the same warning, however often it comes.
#[must_use]
pub fn message_id(sender: &str, identifier: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("cap:{sender},{identifier}").as_bytes())
}

impl Alert {
    /// What it warns of.
    #[must_use]
    pub fn hazard(&self) -> Option<Hazard> {
        let words: Vec<String> =
            self.infos.iter().map(|it| format!("{} {}", it.event, it.headline).to_lowercase()).collect();
        let says = |names: &[&str]| words.iter().any(|words| names.iter().any(|name| words.contains(name)));
        let found = HAZARDS.into_iter().find(|(_, names)| says(names)).map(|(hazard, _)| hazard);
        found.filter(|hazard| *hazard == Hazard::Thunderstorm || !says(&NO_STORMS))
    }

    /// How grave the gravest of what it says is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let order = [Severity::Extreme, Severity::Severe, Severity::Moderate, Severity::Minor];
        let gravest = order.into_iter().find(|severity| self.infos.iter().any(|info| info.severity == *severity));
        gravest.unwrap_or(Severity::Unknown)
    }

    /// Whether everybody has to do something at once: an extraordinary threat, and nothing says that there is time. Lists of
    /// warning apps have no urgency at all.
    fn is_for_all_at_once(&self) -> bool {
        self.infos.iter().any(|it| it.severity == Severity::Extreme && it.urgency != Urgency::NotNow)
    }

    /// The class of what displays say of it, and whether it takes them. The five classes and their order are those of
    /// operations.md §1.2, which names OPERATIONS what changes the day of those who are here, and SAFETY what they must act
    /// upon. Only that takes a display. A storm until midnight is something else: whoever stands before the dome looks for
    /// its door, so that such a warning stands as a line above what the display says anyway (an overlay of §1.2). Classes
    /// that never interleave (§1.2, §1.3: an alert took turns with the usual layout) stay what they were: the line is there
    /// all the time, and SAFETY and EVACUATION remove it (§1.3: an overlay covered an interrupt).
    fn place(&self) -> (Class, bool) {
        match self.severity() {
            Severity::Extreme if self.is_for_all_at_once() => (Class::Safety, false),
            Severity::Extreme | Severity::Severe | Severity::Moderate => (Class::Operations, true),
            Severity::Minor | Severity::Unknown => (Class::Scheduled, true),
        }
    }

    /// As an entry of a list that was read now: it holds as long as the list has it.
    #[must_use]
    pub fn as_listed(&self, now: DateTime<Utc>) -> Self {
        let mut it = self.clone();
        if it.is_open() {
            it.sent = it.sent.max(now);
        }
        it
    }

    /// It says no time at which it ends.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.infos.iter().all(|info| info.expires.is_none())
    }

    /// Its own message's id.
    #[must_use]
    pub fn message_id(&self) -> Uuid {
        message_id(&self.sender, &self.identifier)
    }

    /// The messages that it ends: of its own sender, whose word alone updates a warning or takes it back.
    #[must_use]
    pub fn ends(&self) -> Vec<Uuid> {
        self.refers(true)
    }

    /// The messages of other senders that it would end, and does not.
    #[must_use]
    pub fn may_not_end(&self) -> Vec<Uuid> {
        self.refers(false)
    }

    fn refers(&self, own: bool) -> Vec<Uuid> {
        match (self.status, self.kind) {
            (AlertStatus::Actual, AlertType::Update | AlertType::Cancel) => {
                let wanted = self.references.iter().filter(|(sender, _)| (*sender == self.sender) == own);
                wanted.map(|(sender, identifier)| message_id(sender, identifier)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What displays say of it; None, with the reason, when they say nothing.
    ///
    /// # Errors
    /// Why it is not shown.
    pub fn message(&self, now: DateTime<Utc>) -> Result<Message, &'static str> {
        if self.status == AlertStatus::NotActual {
            return Err("it is an exercise, a test or a draft");
        }
        match self.kind {
            AlertType::Cancel => return Err("it takes an earlier one back"),
            AlertType::Other => return Err("it is for machines"),
            AlertType::Alert | AlertType::Update => {}
        }
        let of = |wanted: &str| self.infos.iter().find(|info| info.language.starts_with(wanted));
        // One without a language is in that of its country.
        let german = of("de").or_else(|| of("")).ok_or("it says nothing")?;
        let until = self.infos.iter().filter_map(|info| info.expires).max().unwrap_or(self.sent + WITHOUT_END);
        if until <= now {
            return Err("it is over");
        }
        let (class, beside) = self.place();
        let english = of("en").map(said).unwrap_or_default();
        Ok(Message {
            message_id: self.message_id(),
            class,
            beside,
            gravity: self.severity().gravity(),
            hazard: self.hazard(),
            text: Text { de: said(german), en: english, plain: String::new() },
            group: None,
            published_at: now,
            valid_until: until.min(now + LONGEST_MESSAGE),
            withdrawn: false,
            withdrawn_at: None,
            ended_by: None,
            earlier: Vec::new(),
        })
    }
}

/// Headline and what to do, as much as can be read.
fn said(info: &AlertInfo) -> String {
    let words: Vec<&str> = [&info.headline, &info.instruction]
        .into_iter()
        .flat_map(|text| text.split_whitespace().chain(std::iter::once("·")))
        .collect();
    let whole = words.join(" ");
    let whole = whole.trim_end_matches([' ', '·']).trim_start_matches(['·', ' ']);
    if whole.chars().count() <= LONGEST_TEXT {
        return whole.to_owned();
    }
    let cut: String = whole.chars().take(LONGEST_TEXT - 1).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}
