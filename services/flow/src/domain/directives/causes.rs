//! Why people are sent elsewhere: what staff say, else what the house knows itself. Pure.

use kernel::values::Text;

use super::{Directive, Kind};
use crate::domain::{
    ways::{self, Lift, Way, english, plain},
    zones::{Level, Zone, ancestors},
};

/// Why people are sent elsewhere. What the house does not know it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Stated(Stated),
    Full,
    /// Nobody is let in there.
    Stopped,
    /// The lift on the way is out of order.
    Lift,
    Unknown,
}

/// What staff may give as the reason, because the house cannot know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    Full,
    /// It is being cleaned.
    Cleaning,
    /// Something there is broken or is being mended.
    Fault,
    /// A closed party has it.
    Private,
    /// One waits for long there.
    LongWait,
}

impl Stated {
    const ALL: [Self; 5] = [Self::Full, Self::Cleaning, Self::Fault, Self::Private, Self::LongWait];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Cleaning => "cleaning",
            Self::Fault => "fault",
            Self::Private => "private",
            Self::LongWait => "long_wait",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stated| stated.name() == name)
    }
}

/// Finds it; `open` is what there is beside the directive, of which only what displays show counts: a stop that is
/// confirmed for later lets people in until then. The policy proposes what it does because something fills up.
pub(crate) fn cause(
    stated: Option<Stated>,
    by_policy: bool,
    (from, to): (&str, &str),
    open: &[Directive],
    zones: &[Zone],
    lifts: &[Lift],
) -> Cause {
    let is_stopped = |it: &Directive| {
        it.kind == Kind::StopAdmission && it.state.shown() && ancestors(zones, from).any(|id| *id == it.from)
    };
    if let Some(stated) = stated {
        Cause::Stated(stated)
    } else if by_policy || zones.iter().any(|zone| zone.id == from && zone.level >= Level::Red) {
        Cause::Full
    } else if open.iter().any(is_stopped) {
        Cause::Stopped
    } else if matches!(ways::way(zones, lifts, from, to), Way::Blocked(_)) {
        Cause::Lift
    } else {
        Cause::Unknown
    }
}

/// "Please go on", and why.
pub(super) fn redirect(cause: Cause, here: &Text, there: &Text) -> Text {
    let (de, en) = (&here.de, english(here));
    let (de, en, plain_) = match cause {
        Cause::Full | Cause::Stated(Stated::Full) => {
            (format!(" {de} ist voll."), format!(" {en} is full."), "Hier ist es voll. ")
        }
        Cause::Stopped => (
            format!(" {de}: zurzeit kein Einlass."),
            format!(" {en}: no admission at the moment."),
            "Hier können Sie jetzt nicht hinein. ",
        ),
        Cause::Lift => (
            " Der Aufzug ist außer Betrieb.".to_owned(),
            " The lift is out of order.".to_owned(),
            "Der Aufzug ist kaputt. ",
        ),
        Cause::Stated(Stated::Cleaning) => (
            format!(" {de} wird gerade gereinigt."),
            format!(" {en} is being cleaned."),
            "Hier wird gerade sauber gemacht. ",
        ),
        Cause::Stated(Stated::Fault) => (
            format!(" {de}: zurzeit eine technische Störung."),
            format!(" {en}: a technical fault at the moment."),
            "Hier ist etwas kaputt. ",
        ),
        Cause::Stated(Stated::Private) => (
            format!(" {de}: zurzeit geschlossene Gesellschaft."),
            format!(" {en}: a private event at the moment."),
            "Hier ist eine Feier. Die Feier ist nur für Gäste mit Einladung. ",
        ),
        Cause::Stated(Stated::LongWait) => (
            format!(" {de}: zurzeit lange Wartezeit."),
            format!(" {en}: a long wait at the moment."),
            "Hier müssen Sie lange warten. ",
        ),
        Cause::Unknown => (String::new(), String::new(), ""),
    };
    Text {
        de: format!("Bitte gehen Sie weiter: {}.{de}", there.de),
        en: format!("Please go to: {}.{en}", english(there)),
        plain: format!("{plain_}Bitte gehen Sie: {}.", plain(there)),
    }
}
