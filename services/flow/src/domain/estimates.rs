//! Waiting times out of what was measured: how many are waiting, and how many were served in a span. With an
//! error band; nothing is told where nothing was measured. Pure; whole numbers only.

use chrono::TimeDelta;

/// A waiting time, in seconds, with the band in which nine of ten truths lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) seconds: u32,
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) per_hour: u32,
}

/// So far back a rate is measured.
pub(crate) const WINDOW: TimeDelta = TimeDelta::minutes(6);
/// Fewer people than that are no rate.
const FEWEST: u64 = 5;
/// A shorter span is no rate either.
const SHORTEST: u64 = 60;
/// People come in parties, so their numbers scatter more than single people's would: the variance per
/// person, in thousandths (parties of two to three).
const SCATTER: u64 = 2_500;
/// Nine of ten of a normal distribution lie within so many thousandths of its deviation.
const NINE_OF_TEN: u64 = 1_645;
/// Longer than that is no estimate any more.
const LONGEST: u64 = 4 * 3600;

/// How long it takes until `people` are served, when `served` were within the last `span`: the dome door as a batch
/// (people not in ÷ scan rate), desk and café by Little's law (people there ÷ people leaving): the same division.
pub(crate) fn wait(people: u32, served: u32, span: TimeDelta) -> Option<Wait> {
    let (people, served, span) = (u64::from(people), u64::from(served), span.num_seconds().unsigned_abs());
    if served < FEWEST || span < SHORTEST {
        return None;
    }
    let seconds = people * span / served;
    if seconds > LONGEST {
        return None;
    }
    // The rate scatters with those who were served, the rest of the wait with those who are to come.
    let variance = SCATTER * 1_000 / served + (SCATTER * 1_000).checked_div(people).unwrap_or(0);
    let deviation = variance.isqrt();
    let spread = seconds * deviation * NINE_OF_TEN / 1_000_000;
    let short = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(Wait {
        seconds: short(seconds),
        low: short(seconds.saturating_sub(spread)),
        high: short(seconds + spread),
        per_hour: short(served * 3600 / span),
    })
}

/// How many are still to come of a showing, when so many of a thousand stayed away lately.
pub(crate) const fn still_to_come(booked: u32, admitted: u32, stay_away_permille: u32) -> u32 {
    let away = booked as u64 * stay_away_permille as u64 / 1000;
    (booked.saturating_sub(admitted) as u64).saturating_sub(away) as u32
}
