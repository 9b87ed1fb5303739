//! Waiting times out of what was measured, each with the band in which nine of ten truths lie. Nothing is told where
//! nothing was measured. Pure; times are whole numbers.
//!
//! The dome door is a batch: everybody is in when those who are not in yet have gone through at the measured pace,
//! and not before the last one usually comes. Desk and café are queues: `queue`.

use chrono::TimeDelta;

mod queue;

pub(crate) use queue::{Leaving, Minute, STAYS, Silence, queue, spans};

/// A waiting time, in seconds, with its band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) seconds: u32,
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) per_hour: u32,
}

/// So far back the door's pace is measured: longer, and the crowd at the opening would count for those after it.
pub(crate) const PACE: TimeDelta = TimeDelta::minutes(3);
/// Fewer people than that are no rate.
const FEWEST: u64 = 5;
/// A shorter span is no rate either.
const SHORTEST: u64 = 60;
/// People come in parties, so their numbers scatter more than single people's would: the variance per
/// person, in thousandths (parties of two to three).
const SCATTER: u64 = 2_500;
/// At least so many of a thousand may stay away, whatever the last showings say.
const AWAY: u64 = 50;
/// Nine of ten of a normal distribution lie within so many thousandths of its deviation.
const NINE_OF_TEN: u64 = 1_645;
/// Longer than that is no estimate any more.
const LONGEST: u64 = 4 * 3600;
/// A spread is never taken for less, in seconds.
const NARROWEST: u64 = 30;
/// Where nothing is known of earlier showings, the last one comes so long before the start.
const LAST_BEFORE_START: TimeDelta = TimeDelta::minutes(2);

fn short(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// What is known of a showing whose doors are open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boarding {
    pub(crate) booked: u32,
    pub(crate) admitted: u32,
    /// Of a thousand who were booked lately, how many stayed away.
    pub(crate) away_permille: u32,
    /// How many came in lately, and since when.
    pub(crate) served: u32,
    pub(crate) span: TimeDelta,
    /// Until the last one usually comes.
    pub(crate) last_in: TimeDelta,
}

/// An estimate of the door, before it is said how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) people: u32,
    pub(crate) seconds: u32,
    /// By how much it would scatter if the pace held; errors are measured in it.
    pub(crate) spread: u32,
    pub(crate) per_hour: u32,
}

/// How long it takes until everybody who is expected is in.
pub(crate) fn door(it: &Boarding) -> Option<Raw> {
    let (served, span) = (u64::from(it.served), it.span.num_seconds().unsigned_abs());
    if served < FEWEST || span < SHORTEST {
        return None;
    }
    let people = u64::from(still_to_come(it.booked, it.admitted, it.away_permille));
    let queue = people * span / served;
    if queue > LONGEST {
        return None;
    }
    let usual = u64::try_from(it.last_in.num_seconds()).unwrap_or(0);
    let seconds = if people == 0 { 0 } else { queue.max(usual.min(LONGEST)) };
    // Who comes scatters, the pace scatters, and so does who stays away.
    let away = u64::from(it.away_permille).clamp(AWAY, 1_000);
    let away = u64::from(it.booked) * away * (1_000 - away) / 1_000_000 * SCATTER;
    let variance = people * SCATTER + people * people * SCATTER / served + away;
    let deviation = (variance * 1_000).isqrt();
    let spread = (deviation * NINE_OF_TEN / 1_000 * span / served / 1_000).max(NARROWEST);
    Some(Raw {
        people: short(people),
        seconds: short(seconds),
        spread: short(spread.min(LONGEST)),
        per_hour: short(served * 3600 / span),
    })
}

/// When the last one usually comes, before the start, by when it was at the last showings.
pub(crate) fn last_before_start(lately: &[TimeDelta]) -> TimeDelta {
    if lately.len() < 3 {
        return LAST_BEFORE_START;
    }
    let mut lately = lately.to_vec();
    lately.sort();
    lately[lately.len() / 2]
}

/// How far an estimate was off, in thousandths of its spread; positive: it was too short.
pub(crate) fn score(seconds: u32, spread: u32, truth: TimeDelta) -> i32 {
    let off = truth.num_seconds().max(0) - i64::from(seconds);
    let score = off * 1_000 / i64::from(spread).max(NARROWEST.cast_signed());
    i32::try_from(score).unwrap_or(if score > 0 { i32::MAX } else { i32::MIN })
}

/// How far below and above an estimate the truth lies, nine times of ten, in thousandths of its spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    low: i64,
    high: i64,
}

/// Fewer scores than that say nothing of the rare ones.
const SCORES: usize = 60;
/// Until then: as it was in simulated days.
const USUAL: Band = Band { low: -2_000, high: 1_000 };

impl Band {
    /// The band that held for the estimates of the last showings: between the fourth and the ninety-sixth of a hundred,
    /// because what comes next is a little worse than what is known.
    pub(crate) fn of(scores: &[i32]) -> Self {
        if scores.len() < SCORES {
            return USUAL;
        }
        let mut scores = scores.to_vec();
        scores.sort_unstable();
        let last = scores.len() - 1;
        let (low, high) = (last * 4 / 100, (last * 96).div_ceil(100));
        Self { low: i64::from(scores[low]).min(0), high: i64::from(scores[high]).max(0) }
    }

    /// An estimate with its band.
    pub(crate) fn around(self, raw: &Raw) -> Wait {
        let (seconds, spread) = (i64::from(raw.seconds), i64::from(raw.spread).max(NARROWEST.cast_signed()));
        let at = |thousandths: i64| {
            let at = (seconds + spread * thousandths / 1_000).clamp(0, LONGEST.cast_signed());
            u32::try_from(at).unwrap_or(0)
        };
        let (low, high) = (at(self.low).min(raw.seconds), at(self.high).max(raw.seconds));
        Wait { seconds: raw.seconds, low, high, per_hour: raw.per_hour }
    }
}

/// How many are still to come of a showing, when so many of a thousand stayed away lately.
pub(crate) const fn still_to_come(booked: u32, admitted: u32, stay_away_permille: u32) -> u32 {
    let away = booked as u64 * stay_away_permille as u64 / 1000;
    (booked.saturating_sub(admitted) as u64).saturating_sub(away) as u32
}

#[cfg(test)]
mod tests;
