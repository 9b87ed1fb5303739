//! A stored day once more, against other thresholds: which levels when, how many stops, how long in each. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::zones::{Level, Thresholds};

/// A count as it was at an instant, and the level that it meant then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) at: DateTime<Utc>,
    pub(crate) count: u32,
    pub(crate) level: Level,
}

/// A level for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) level: Level,
}

/// A day of a zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) spans: Vec<Span>,
    pub(crate) stops: u32,
}

impl Course {
    /// The time in a level.
    pub(crate) fn time_in(&self, level: Level) -> TimeDelta {
        let within = self.spans.iter().filter(|span| span.level == level);
        within.fold(TimeDelta::zero(), |sum, span| sum + (span.until - span.from))
    }

    fn of(levels: impl Iterator<Item = (DateTime<Utc>, Level)>, until: DateTime<Utc>) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for (at, level) in levels {
            match spans.last_mut() {
                Some(last) if last.level == level => {}
                Some(last) => {
                    last.until = at;
                    spans.push(Span { from: at, until, level });
                }
                None => spans.push(Span { from: at, until, level }),
            }
        }
        let stops = spans.iter().filter(|span| span.level == Level::Stop).count();
        Self { stops: u32::try_from(stops).unwrap_or(u32::MAX), spans }
    }
}

/// As it was.
pub(crate) fn as_it_was(samples: &[Sample], until: DateTime<Utc>) -> Course {
    Course::of(samples.iter().map(|sample| (sample.at, sample.level)), until)
}

/// As it would have been.
pub(crate) fn with(samples: &[Sample], capacity: u32, thresholds: &Thresholds, until: DateTime<Utc>) -> Course {
    let levels = samples.iter().scan(Level::Green, |level, sample| {
        *level = thresholds.level(sample.count, capacity, *level);
        Some((sample.at, *level))
    });
    Course::of(levels, until)
}
