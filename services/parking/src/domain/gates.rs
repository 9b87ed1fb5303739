//! Barriers: how far a command has come, and how a lane is. A decision is no movement: a command perishes, and only what
//! was seen to move has moved. Pure: no I/O, no clock, no proto.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::lanes::Direction;

/// Whatever nobody has acknowledged by then is never done: the barrier must not open for the next car.
pub(crate) const PERISHES: TimeDelta = TimeDelta::seconds(30);
/// A barrier that is not seen to have moved by then after its command perished has failed.
const MOVES: TimeDelta = TimeDelta::seconds(60);
/// Three heartbeats of ten seconds.
const LINK_HOLDS: TimeDelta = TimeDelta::seconds(30);
/// How long a list is good.
pub(crate) const LIST_HOLDS: TimeDelta = TimeDelta::hours(12);
/// How many entries a journal may have.
pub(crate) const MOST_ENTRIES: usize = 1000;

/// What a barrier is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Open,
    HoldOpen,
    Close,
}

impl Action {
    const ALL: [Self; 3] = [Self::Open, Self::HoldOpen, Self::Close];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HoldOpen => "hold_open",
            Self::Close => "close",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// The life of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CommandState {
    Received,
    Accepted,
    Dispatched,
    Executing,
    Succeeded,
    Failed,
    Rejected,
    Expired,
    Cancelled,
}

impl CommandState {
    const ALL: [Self; 9] = [
        Self::Received,
        Self::Accepted,
        Self::Dispatched,
        Self::Executing,
        Self::Succeeded,
        Self::Failed,
        Self::Rejected,
        Self::Expired,
        Self::Cancelled,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Dispatched => "dispatched",
            Self::Executing => "executing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How sure it is that something has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confirmation {
    None,
    Accepted,
    DeviceAcknowledged,
    PhysicallyConfirmed,
}

impl Confirmation {
    const ALL: [Self; 4] = [Self::None, Self::Accepted, Self::DeviceAcknowledged, Self::PhysicallyConfirmed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Accepted => "accepted",
            Self::DeviceAcknowledged => "device_acknowledged",
            Self::PhysicallyConfirmed => "physically_confirmed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Who keeps a barrier open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    Staff,
    Evacuation,
    /// Staff want it open, too, and so it stays after the all-clear.
    Both,
}

impl Hold {
    const ALL: [Self; 3] = [Self::Staff, Self::Evacuation, Self::Both];

    /// Whether it is open because the house is evacuated.
    pub(crate) const fn is_evacuation(self) -> bool {
        matches!(self, Self::Evacuation | Self::Both)
    }

    /// Staff hold it open.
    pub(crate) const fn by_staff(before: Option<Self>) -> Self {
        match before {
            None | Some(Self::Staff) => Self::Staff,
            Some(Self::Evacuation | Self::Both) => Self::Both,
        }
    }

    /// The house is evacuated, or no longer.
    pub(crate) const fn in_evacuation(before: Option<Self>, evacuating: bool) -> Option<Self> {
        match (before, evacuating) {
            (Some(Self::Staff | Self::Both), true) => Some(Self::Both),
            (None | Some(Self::Evacuation), true) => Some(Self::Evacuation),
            (Some(Self::Staff | Self::Both), false) => Some(Self::Staff),
            (None | Some(Self::Evacuation), false) => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Evacuation => "evacuation",
            Self::Both => "staff_evacuation",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl CommandState {
    /// Nothing follows any more.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Rejected | Self::Expired | Self::Cancelled)
    }
}

/// A command to a barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) id: Uuid,
    pub(crate) key: Uuid,
    pub(crate) lane: String,
    pub(crate) action: Action,
    pub(crate) state: CommandState,
    pub(crate) confirmation: Confirmation,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) failure: String,
}

/// What happens to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The controller was told of it.
    Dispatched,
    Acknowledged,
    Confirmed,
    Failed(String),
    /// Another command has taken its place.
    Cancelled,
    /// Nothing but time.
    Time,
}

/// The command is over; the barrier must not move for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over(pub(crate) CommandState);

/// Why commands fail here, as it is kept; a device says it in words of its own.
const NOT_SEEN_TO_MOVE: &str = "the barrier was not seen to move";
const EVACUATED: &str = "the house is evacuated; the way out stays open";
const NOBODY_DRIVES_IN: &str = "the house is evacuated; no way in is held open";
const NOT_HELD_OPEN: &str = "the barrier is not held open";

impl Command {
    /// Why it failed or was rejected, for people.
    pub(crate) fn why_failed(&self) -> Option<Text> {
        Some(match self.failure.as_str() {
            "" => return None,
            NOT_SEEN_TO_MOVE => Text::new(
                "Niemand hat gesehen, dass sich die Schranke bewegt. Bitte nachsehen und von Hand öffnen.",
                "Nobody has seen the barrier move. Please look, and open it by hand.",
            ),
            EVACUATED => Text::new(
                "Das Haus wird geräumt: Die Ausfahrt bleibt offen.",
                "The house is being evacuated: the way out stays open.",
            ),
            NOBODY_DRIVES_IN => Text::new(
                "Das Haus wird geräumt: Keine Einfahrt wird offen gehalten.",
                "The house is being evacuated: no way in is held open.",
            ),
            NOT_HELD_OPEN => {
                Text::new("Die Schranke wird nicht offen gehalten.", "The barrier is not being held open.")
            }
            device => Text::new(format!("Das Gerät meldet: {device}"), format!("The device says: {device}")),
        })
    }

    /// As it is at `now`, whether or not anybody has looked.
    fn aged(mut self, now: DateTime<Utc>) -> Self {
        match self.state {
            CommandState::Received | CommandState::Accepted | CommandState::Dispatched if self.expires_at <= now => {
                self.state = CommandState::Expired;
            }
            CommandState::Executing if self.expires_at + MOVES <= now => {
                self.state = CommandState::Failed;
                NOT_SEEN_TO_MOVE.clone_into(&mut self.failure);
            }
            _ => {}
        }
        self
    }

    /// The next step. What was said before, said again, changes nothing.
    pub(crate) fn step(self, step: Step, now: DateTime<Utc>) -> Result<Self, Over> {
        use CommandState::{Accepted, Cancelled, Dispatched, Executing, Failed, Received, Succeeded};
        let mut command = self.aged(now);
        match (command.state, step) {
            (_, Step::Time)
            | (Succeeded, Step::Confirmed | Step::Acknowledged)
            | (Failed, Step::Failed(_))
            | (Executing, Step::Acknowledged | Step::Dispatched)
            | (Dispatched, Step::Dispatched) => {}
            (state, _) if state.is_over() => return Err(Over(state)),
            (_, Step::Cancelled) => command.state = Cancelled,
            (Received | Accepted, Step::Dispatched) => command.state = Dispatched,
            (Received | Accepted | Dispatched, Step::Acknowledged) => {
                (command.state, command.confirmation) = (Executing, Confirmation::DeviceAcknowledged);
            }
            (_, Step::Confirmed) => {
                (command.state, command.confirmation) = (Succeeded, Confirmation::PhysicallyConfirmed);
            }
            (_, Step::Failed(why)) => (command.state, command.failure) = (Failed, why),
            (state, _) => return Err(Over(state)),
        }
        Ok(command)
    }
}

/// How a lane is; unknown: no controller has ever reported. LocalList: no link, and a list that is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LaneState {
    Unknown,
    Normal,
    LinkLost,
    LocalList,
    HeldOpen,
    Fault,
}

impl LaneState {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Normal => "normal",
            Self::LinkLost => "link_lost",
            Self::LocalList => "local_list",
            Self::HeldOpen => "held_open",
            Self::Fault => "fault",
        }
    }
}

/// A lane with a barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) hold: Option<Hold>,
    pub(crate) held_open: bool,
    pub(crate) fault: String,
    pub(crate) fault_since: Option<DateTime<Utc>>,
    pub(crate) heartbeat_at: Option<DateTime<Utc>>,
    pub(crate) list_until: Option<DateTime<Utc>>,
    /// When its controller last told of another car under a key that it had used before.
    pub(crate) key_reused_at: Option<DateTime<Utc>>,
    pub(crate) revision: u64,
}

impl Lane {
    /// What weighs most is said first: whoever reads it decides by it.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> LaneState {
        match self.is_heard(now) {
            _ if !self.fault.is_empty() => LaneState::Fault,
            _ if self.hold.is_some() => LaneState::HeldOpen,
            None => LaneState::Unknown,
            Some(true) => LaneState::Normal,
            Some(false) if self.list_until.is_some_and(|until| until > now) => LaneState::LocalList,
            Some(false) => LaneState::LinkLost,
        }
    }

    /// Whether its controller is heard; None: it never was.
    pub(crate) fn is_heard(&self, now: DateTime<Utc>) -> Option<bool> {
        self.heartbeat_at.map(|at| at + LINK_HOLDS > now)
    }

    /// What a lane says to drivers while it has no link. It has it from its list, because nobody can tell it then.
    pub(crate) fn without_link(direction: Direction) -> Text {
        match direction {
            Direction::In => Text {
                de: "Die Schranke hat gerade keine Verbindung. Bitte den QR-Code der Buchung vor den Leser halten. \
                     Öffnet sie nicht: die Sprechtaste drücken, wir öffnen von Hand."
                    .to_owned(),
                en: "The barrier has no connection just now. Hold the booking's QR code in front of the reader. If it \
                     does not open, press the intercom button; we open it by hand."
                    .to_owned(),
                plain: "Halten Sie Ihren QR-Code vor das Gerät. Geht die Schranke nicht auf? Drücken Sie die \
                        Sprech-Taste. Wir helfen Ihnen."
                    .to_owned(),
            },
            Direction::Out => Text {
                de: "Die Schranke hat gerade keine Verbindung. Sie öffnet für jedes Auto. Öffnet sie nicht: die \
                     Sprechtaste drücken, wir öffnen von Hand."
                    .to_owned(),
                en: "The barrier has no connection just now. It opens for every car. If it does not open, press the \
                     intercom button; we open it by hand."
                    .to_owned(),
                plain: "Die Schranke geht für jedes Auto auf. Geht sie nicht auf? Drücken Sie die Sprech-Taste. Wir \
                        helfen Ihnen."
                    .to_owned(),
            },
        }
    }

    /// Whether it may be told to do that; else why not. A way out is never closed by hand while the house is evacuated, and
    /// no way in is held open: who must get in is let in one by one.
    pub(crate) const fn takes(&self, action: Action, evacuating: bool) -> Result<(), &'static str> {
        match (action, self.hold) {
            (Action::HoldOpen, _) if evacuating && matches!(self.direction, Direction::In) => Err(NOBODY_DRIVES_IN),
            (Action::Close, Some(Hold::Evacuation | Hold::Both)) => Err(EVACUATED),
            (Action::Close, None) if !self.held_open => Err(NOT_HELD_OPEN),
            (Action::Open | Action::HoldOpen | Action::Close, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
