//! How good the house's estimates were. The door's: what was told while people came in, against when the last of them was
//! in. The desk's and the café's: what was told when somebody came, against how long they then really stayed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use sky_proto::flow::v1::{EstimateKind, FlowSnapshot};

/// What is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    Door,
    Desk,
    Cafe,
}

impl What {
    pub const ALL: [Self; 3] = [Self::Door, Self::Desk, Self::Cafe];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Desk => "desk",
            Self::Cafe => "café",
        }
    }
}

/// An estimate as it was told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    at: DateTime<Utc>,
    seconds: u32,
    low: u32,
    high: u32,
}

/// Everything that was told, and how it really was.
#[derive(Debug, Default)]
struct Seen {
    doors: Vec<(String, Told)>,
    /// How many were in, and when the last of them came.
    last_in: HashMap<String, (u32, DateTime<Utc>)>,
    /// The last word on each queue.
    latest: HashMap<What, Told>,
    /// What those were told who came to a queue, and how long they stayed.
    stays: HashMap<What, Vec<(Told, u64)>>,
}

/// Collects estimates and the truth.
#[derive(Debug, Default)]
pub struct Estimates(Mutex<Seen>);

/// How far the estimates were off.
#[derive(Debug, PartialEq, Eq)]
pub struct Errors {
    /// Estimates that could be compared.
    pub compared: usize,
    /// Half of them were off by less, in seconds.
    pub median: u64,
    /// Nine of ten were off by less.
    pub ninety: u64,
    /// Of a hundred, how many had the truth within their band.
    pub within: usize,
    /// Of a hundred, how many said too little.
    pub too_short: usize,
    /// The median of how long it really was.
    pub truth: u64,
}

/// What a board says is looked at for so long.
const FRESH: TimeDelta = TimeDelta::minutes(2);
/// The band is to hold nine of ten truths. What is told while one showing fills stands or falls together, and a day has
/// five of them: days with 73 to 92 of a hundred within were seen. With fewer than half of them it is no band at all.
const LEAST_WITHIN: usize = 50;

impl Estimates {
    /// Takes what the board shows now.
    pub fn see(&self, board: &FlowSnapshot, now: DateTime<Utc>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for admission in &board.admissions {
            let last = seen.last_in.entry(admission.showing_id.clone()).or_insert((0, now));
            if admission.admitted > last.0 {
                *last = (admission.admitted, now);
            }
        }
        for estimate in &board.estimates {
            let told =
                Told { at: now, seconds: estimate.seconds, low: estimate.seconds_low, high: estimate.seconds_high };
            match estimate.kind() {
                EstimateKind::Door => seen.doors.push((estimate.showing_id.clone(), told)),
                EstimateKind::Desk => _ = seen.latest.insert(What::Desk, told),
                EstimateKind::Cafe => _ = seen.latest.insert(What::Cafe, told),
                EstimateKind::Unspecified => {}
            }
        }
    }

    /// What somebody is told who comes now; None: nothing is.
    pub fn told(&self, what: What, now: DateTime<Utc>) -> Option<Told> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.latest.get(&what).copied().filter(|told| told.at + FRESH > now)
    }

    /// They leave, so long after they came.
    pub fn stayed(&self, what: What, told: Option<Told>, seconds: u64) {
        let Some(told) = told else { return };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.stays.entry(what).or_default().push((told, seconds));
    }

    /// Compares; None: nothing was told.
    pub fn errors(&self, what: What) -> Option<Errors> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if what != What::Door {
            return compare(seen.stays.get(&what)?);
        }
        let left = |(showing, told): &(String, Told)| {
            let (_, last) = seen.last_in.get(showing)?;
            Some((*told, (*last - told.at).max(TimeDelta::zero()).num_seconds().unsigned_abs()))
        };
        compare(&seen.doors.iter().filter_map(left).collect::<Vec<_>>())
    }

    /// What a day may not end with: an estimate that nothing could be compared with, or that is grossly wrong.
    pub fn grossly_wrong(&self) -> Vec<String> {
        let wrong = |what: What| match self.errors(what) {
            None => Some(format!("nobody was told how long the {} takes", what.name())),
            Some(errors) if errors.within < LEAST_WITHIN => {
                Some(format!("{} of a hundred estimates of the {} held the truth", errors.within, what.name()))
            }
            Some(_) => None,
        };
        What::ALL.into_iter().filter_map(wrong).collect()
    }
}

fn compare(told: &[(Told, u64)]) -> Option<Errors> {
    let sorted = |of: &dyn Fn(&(Told, u64)) -> u64| {
        let mut values: Vec<u64> = told.iter().map(of).collect();
        values.sort_unstable();
        values
    };
    let off = sorted(&|(told, truth)| truth.abs_diff(told.seconds.into()));
    let truths = sorted(&|(_, truth)| *truth);
    let at = |values: &[u64], percent: usize| values.get((values.len().checked_sub(1)?) * percent / 100).copied();
    let of_a_hundred = |holds: &dyn Fn(&Told, u64) -> bool| {
        told.iter().filter(|(told, truth)| holds(told, *truth)).count() * 100 / told.len().max(1)
    };
    Some(Errors {
        compared: off.len(),
        median: at(&off, 50)?,
        ninety: at(&off, 90)?,
        within: of_a_hundred(&|told, truth| (u64::from(told.low)..=u64::from(told.high)).contains(&truth)),
        too_short: of_a_hundred(&|told, truth| truth > told.seconds.into()),
        truth: at(&truths, 50)?,
    })
}

#[cfg(test)]
mod tests {
    use sky_proto::flow::v1::{Admission, Estimate};

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn board(kind: EstimateKind, admitted: u32, seconds: u32) -> FlowSnapshot {
        FlowSnapshot {
            admissions: vec![Admission { showing_id: "s".to_owned(), admitted, ..Default::default() }],
            estimates: vec![Estimate {
                kind: kind.into(),
                showing_id: "s".to_owned(),
                seconds,
                seconds_low: seconds - 20,
                seconds_high: seconds + 20,
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn an_estimate_is_compared_with_when_the_last_one_was_in() {
        let estimates = Estimates::default();
        assert_eq!(estimates.errors(What::Door), None);
        for (admitted, seconds, now) in [(10, 110, 0), (20, 90, 60), (30, 20, 100)] {
            estimates.see(&board(EstimateKind::Door, admitted, seconds), at(now));
        }
        // 100, 40 and 0 seconds were left.
        let expected = Errors { compared: 3, median: 20, ninety: 20, within: 66, too_short: 0, truth: 40 };
        assert_eq!(estimates.errors(What::Door), Some(expected));
    }

    #[test]
    fn a_queue_is_compared_with_how_long_those_stayed_who_came() {
        let estimates = Estimates::default();
        let come = |now: i64, stay: u64| estimates.stayed(What::Desk, estimates.told(What::Desk, at(now)), stay);
        come(0, 900);
        assert_eq!(estimates.errors(What::Desk), None, "they were told nothing");
        estimates.see(&board(EstimateKind::Desk, 0, 100), at(10));
        come(20, 95);
        come(60, 130);
        come(129, 250);
        come(131, 900);
        let expected = Errors { compared: 3, median: 30, ninety: 30, within: 33, too_short: 66, truth: 130 };
        assert_eq!(estimates.errors(What::Desk), Some(expected), "the last one saw an old board");
        assert_eq!(estimates.errors(What::Cafe), None);
        assert_eq!(
            estimates.grossly_wrong(),
            [
                "nobody was told how long the door takes",
                "33 of a hundred estimates of the desk held the truth",
                "nobody was told how long the café takes",
            ]
        );
    }
}
