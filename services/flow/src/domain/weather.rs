//! Official weather warnings, and which zones are to be closed for them. Pure.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::directives::{self, Directive, State};

/// Who proposes a stop for the weather, and takes it back.
pub(crate) const BY_WEATHER: &str = "weather";

/// What is warned of, as far as it closes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Thunderstorm,
    Storm,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Thunderstorm => "thunderstorm",
            Self::Storm => "storm",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Thunderstorm, Self::Storm].into_iter().find(|kind| kind.name() == name)
    }
}

/// How grave it is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Minor,
    Moderate,
    Severe,
    Extreme,
}

impl Severity {
    const ALL: [Self; 4] = [Self::Minor, Self::Moderate, Self::Severe, Self::Extreme];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
            Self::Extreme => "extreme",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// For staff.
    pub(crate) text: Text,
    pub(crate) told_at: DateTime<Utc>,
    pub(crate) valid_until: DateTime<Utc>,
}

/// A zone under the open sky, and from when on it is to be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) zone: String,
    pub(crate) kind: Kind,
    pub(crate) from: Severity,
}

impl Rule {
    pub(crate) fn concerns(&self, warning: &Warning, now: DateTime<Utc>) -> bool {
        warning.kind == self.kind && warning.severity >= self.from && now < warning.valid_until
    }

    /// Whether a stop is to be proposed: none is open, and nobody has turned one down since it was warned.
    pub(crate) fn due(&self, warning: &Warning, now: DateTime<Utc>, known: &[Directive]) -> bool {
        let stops = |other: &&Directive| other.kind == directives::Kind::StopAdmission && other.from == self.zone;
        let answered = |other: &Directive| {
            other.state != State::Ended || other.ended_by_person_at().is_some_and(|at| at >= warning.told_at)
        };
        self.concerns(warning, now) && !known.iter().filter(stops).any(answered)
    }
}

/// Until when a zone under the open sky is warned of that is stopped, and that staff have said yes to; None: it is no such
/// stop. As long as that only a person ends it, whoever gave it and for what.
pub(crate) fn warned_until(
    stop: &Directive,
    rules: &[Rule],
    warnings: &[Warning],
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if stop.kind != directives::Kind::StopAdmission || !stop.state.binds() {
        return None;
    }
    let of_zone = |warning: &&Warning| rules.iter().any(|rule| rule.zone == stop.from && rule.concerns(warning, now));
    warnings.iter().filter(of_zone).map(|warning| warning.valid_until).max()
}

#[cfg(test)]
mod tests;
