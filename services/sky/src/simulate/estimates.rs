//! How good the door's estimates were: what was told while people came in, against when the last of them was in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use sky_proto::flow::v1::{EstimateKind, FlowSnapshot};

/// An estimate as it was told.
#[derive(Clone, Debug)]
struct Told {
    showing: String,
    at: DateTime<Utc>,
    seconds: u32,
    low: u32,
    high: u32,
}

/// Everything that was told, and when the last person of each showing came in.
#[derive(Debug, Default)]
struct Seen {
    told: Vec<Told>,
    last_in: HashMap<String, (u32, DateTime<Utc>)>,
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
}

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
        for estimate in board.estimates.iter().filter(|estimate| estimate.kind() == EstimateKind::Door) {
            seen.told.push(Told {
                showing: estimate.showing_id.clone(),
                at: now,
                seconds: estimate.seconds,
                low: estimate.seconds_low,
                high: estimate.seconds_high,
            });
        }
    }

    /// Compares; None: nothing was told.
    pub fn errors(&self) -> Option<Errors> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut off: Vec<u64> = Vec::new();
        let (mut within, mut too_short) = (0, 0);
        for told in &seen.told {
            let Some((_, last)) = seen.last_in.get(&told.showing) else { continue };
            let truth = (*last - told.at).max(TimeDelta::zero()).num_seconds().unsigned_abs();
            off.push(truth.abs_diff(told.seconds.into()));
            within += usize::from((u64::from(told.low)..=u64::from(told.high)).contains(&truth));
            too_short += usize::from(truth > told.seconds.into());
        }
        off.sort_unstable();
        let at = |percent: usize| off.get((off.len().checked_sub(1)?) * percent / 100).copied();
        Some(Errors {
            compared: off.len(),
            median: at(50)?,
            ninety: at(90)?,
            within: within * 100 / off.len(),
            too_short: too_short * 100 / off.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use sky_proto::flow::v1::{Admission, Estimate};

    use super::*;

    #[test]
    fn an_estimate_is_compared_with_when_the_last_one_was_in() {
        let at = |seconds: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let board = |admitted: u32, seconds: u32| FlowSnapshot {
            admissions: vec![Admission { showing_id: "s".to_owned(), admitted, ..Default::default() }],
            estimates: vec![Estimate {
                kind: EstimateKind::Door.into(),
                showing_id: "s".to_owned(),
                seconds,
                seconds_low: seconds - 20,
                seconds_high: seconds + 20,
                ..Default::default()
            }],
            ..Default::default()
        };
        let estimates = Estimates::default();
        assert_eq!(estimates.errors(), None);
        estimates.see(&board(10, 110), at(0));
        estimates.see(&board(20, 90), at(60));
        estimates.see(&board(30, 20), at(100));
        // 100, 40 and 0 seconds were left.
        let expected = Errors { compared: 3, median: 20, ninety: 20, within: 66, too_short: 0 };
        assert_eq!(estimates.errors(), Some(expected));
    }
}
