//! A stored day once more, against other thresholds: which levels when, how many stops, how long in each, and how good the
//! numbers are that say so. Pure.

mod policy;

use chrono::{DateTime, TimeDelta, Utc};

use super::zones::{Level, Quality, Thresholds};

pub(crate) use policy::{Counted, Proposal, proposals};

/// A count as it was at an instant, and the level that it meant then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) at: DateTime<Utc>,
    pub(crate) count: u32,
    pub(crate) level: Level,
    pub(crate) quality: Quality,
}

/// A level for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) level: Level,
    /// The worst of the numbers that it rests on.
    pub(crate) quality: Quality,
}

/// A day of a zone, or of an escape group.
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

    /// The level at an instant; before the first number it is taken for empty.
    fn level_at(&self, at: DateTime<Utc>) -> Level {
        let span = self.spans.iter().rev().find(|span| span.from <= at);
        span.map_or(Level::Green, |span| span.level)
    }

    fn of(levels: impl Iterator<Item = (Sample, Level)>, until: DateTime<Utc>) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for (Sample { at, quality, .. }, level) in levels {
            match spans.last_mut() {
                Some(last) if last.level == level => last.quality = last.quality.worse(quality),
                last => {
                    if let Some(last) = last {
                        last.until = at;
                    }
                    spans.push(Span { from: at, until, level, quality });
                }
            }
        }
        let stops = spans.iter().filter(|span| span.level == Level::Stop).count();
        Self { stops: u32::try_from(stops).unwrap_or(u32::MAX), spans }
    }
}

/// As it was.
pub(crate) fn as_it_was(samples: &[Sample], until: DateTime<Utc>) -> Course {
    Course::of(samples.iter().map(|sample| (*sample, sample.level)), until)
}

/// Numbers that were kept while a zone was counted by mistake, as they would have been without: `more` people were too many,
/// and what was known of the zone itself was only so good. `before`: the level that held when it began.
pub(crate) fn without(
    samples: &mut [Sample],
    before: Level,
    more: i64,
    was: Quality,
    thresholds: &Thresholds,
    capacity: u32,
) {
    let mut level = before;
    for sample in samples {
        sample.count = u32::try_from((i64::from(sample.count) - more).max(0)).unwrap_or(u32::MAX);
        level = thresholds.level(sample.count, capacity, level);
        (sample.level, sample.quality) = (level, sample.quality.worse(was));
    }
}

/// As it would have been.
pub(crate) fn with(samples: &[Sample], capacity: u32, thresholds: &Thresholds, until: DateTime<Utc>) -> Course {
    let levels = samples.iter().scan(Level::Green, |level, sample| {
        *level = thresholds.level(sample.count, capacity, *level);
        Some((*sample, *level))
    });
    Course::of(levels, until)
}
