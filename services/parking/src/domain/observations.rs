//! Counts of cars by people or counters, and which of them are believed. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Older than that, a count at the gate says nothing about now.
const HOLDS: TimeDelta = TimeDelta::minutes(5);
/// A clock may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// What became of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Taken(u32),
    /// It cannot be: the class is unknown until somebody counts again.
    Nonsense,
    Stale,
    /// Told before, or older than what was told before.
    Repeated,
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Nonsense => "nonsense",
            Self::Stale => "stale",
            Self::Repeated => "repeated",
        }
    }
}

/// Judges a count; `before`: when the last one that mattered was taken.
pub(crate) fn judge(
    occupied: i64,
    capacity: u32,
    at: DateTime<Utc>,
    before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Outcome {
    if before.is_some_and(|before| at <= before) {
        return Outcome::Repeated;
    }
    if at < now - HOLDS {
        return Outcome::Stale;
    }
    match u32::try_from(occupied) {
        Ok(cars) if cars <= capacity && at <= now + AHEAD => Outcome::Taken(cars),
        _ => Outcome::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_unknown_and_what_is_old_changes_nothing() {
        let at = |minute| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        for (what, occupied, minute, before, outcome) in [
            ("good", 27, 59, None, Outcome::Taken(27)),
            ("full", 140, 60, Some(59), Outcome::Taken(140)),
            ("empty", 0, 60, None, Outcome::Taken(0)),
            ("8259 of 140", 8259, 60, None, Outcome::Nonsense),
            ("one too many", 141, 60, None, Outcome::Nonsense),
            ("negative", -1, 60, None, Outcome::Nonsense),
            ("no number of cars at all", i64::MIN, 60, None, Outcome::Nonsense),
            ("a clock that is ahead", 27, 62, None, Outcome::Nonsense),
            ("stale", 27, 54, None, Outcome::Stale),
            ("stale nonsense", -1, 54, None, Outcome::Stale),
            ("told before", 27, 59, Some(59), Outcome::Repeated),
            ("overtaken", 27, 58, Some(59), Outcome::Repeated),
        ] {
            assert_eq!(judge(occupied, 140, at(minute), before.map(at), at(60)), outcome, "{what}");
        }
    }
}
