//! Ways from zone to zone for whoever cannot use stairs: over a lift that works, or else what to do instead.
//! Pure.

use chrono::{DateTime, Utc};
use kernel::values::Text;

use super::zones::{self, Zone};

/// A lift: the step-free way between storeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lift {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) levels: Vec<String>,
    pub(crate) without: Text,
    pub(crate) working: bool,
    pub(crate) since: DateTime<Utc>,
    pub(crate) revision: u64,
}

impl Lift {
    fn connects(&self, from: &str, to: &str) -> bool {
        self.levels.iter().any(|level| level == from) && self.levels.iter().any(|level| level == to)
    }
}

/// The step-free way from one zone to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way<'l> {
    /// On one storey.
    Level,
    Over(&'l Lift),
    /// This lift would do, but it is out of order.
    Blocked(&'l Lift),
    /// The place has steps, or no lift goes there.
    None,
}

/// Finds it.
pub(crate) fn way<'l>(zones: &[Zone], lifts: &'l [Lift], from: &str, to: &str) -> Way<'l> {
    if zones.iter().any(|zone| zone.id == to && !zone.step_free) {
        return Way::None;
    }
    let (Some(here), Some(there)) = (zones::storey(zones, from), zones::storey(zones, to)) else {
        return Way::None;
    };
    // A house without storeys in its file is taken to be level.
    if here.id == there.id || here.kind == zones::Kind::Room || there.kind == zones::Kind::Room {
        return Way::Level;
    }
    let fitting = || lifts.iter().filter(|lift| lift.connects(&here.id, &there.id));
    match fitting().find(|lift| lift.working) {
        Some(lift) => Way::Over(lift),
        None => fitting().next().map_or(Way::None, Way::Blocked),
    }
}

/// English, or German where there is none.
pub(crate) fn english(text: &Text) -> &str {
    if text.en.is_empty() { &text.de } else { &text.en }
}

/// Plain German, or German where there is none.
pub(crate) fn plain(text: &Text) -> &str {
    if text.plain.is_empty() { &text.de } else { &text.plain }
}

/// The sentence for whoever cannot use stairs; `text` is what all others read.
pub(crate) fn step_free_text(way: Way<'_>, text: &Text, to: &Text) -> Text {
    match way {
        Way::Level => text.clone(),
        Way::Over(lift) => Text {
            de: format!("{}: ohne Stufen mit dem {}.", to.de, lift.name.de),
            en: format!("{}: step-free by the {}.", english(to), english(&lift.name)),
            plain: format!("{}: Nehmen Sie den {}.", plain(to), plain(&lift.name)),
        },
        Way::Blocked(lift) => lift.without.clone(),
        Way::None => Text {
            de: format!("{} ist nur über Stufen zu erreichen. Bitte wenden Sie sich an uns.", to.de),
            en: format!("{} can be reached by steps only. Please ask our staff.", english(to)),
            plain: "Dort gibt es Treppen. Bitte fragen Sie uns. Wir helfen Ihnen.".to_owned(),
        },
    }
}
