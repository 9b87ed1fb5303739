//! How long the lanes' own count says something: as long as every lane that counts is heard, and half an hour beyond. Pure.

use chrono::{DateTime, SubsecRound, TimeDelta, Timelike, Utc};

use super::gates::{Lane, LaneState};

/// Where no controller has ever reported, the lanes' last word is good for so long.
const WITHOUT_CONTROLLERS: TimeDelta = TimeDelta::hours(6);
/// What cars pass a lane that is not heard is not known: for the public, the count is good for so long after that.
pub(crate) const HOLDS: TimeDelta = TimeDelta::minutes(30);
/// As long as all is well, others are told again so often: nothing that they were told gets old.
pub(crate) const TELL_AGAIN: TimeDelta = TimeDelta::minutes(10);

/// As of when the count is right, and until when it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) at: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Counted {
    pub(crate) fn holds(self, now: DateTime<Utc>) -> bool {
        now <= self.until
    }
}

/// The first instant from which on a lane may have let cars pass that nobody counted; None: all of them are heard.
pub(crate) fn blind_since(lanes: &[Lane], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let blind = |lane: &Lane| match lane.state(now) {
        LaneState::Fault => lane.fault_since.or(lane.heartbeat_at),
        // Held open, it may have lost its link all the same.
        _ if lane.is_heard(now) == Some(false) => lane.heartbeat_at,
        _ => None,
    };
    lanes.iter().filter_map(blind).min()
}

/// `observed_at`: the last word of a lane or of somebody who counted; `by_hand`: when the last class was counted by hand.
pub(crate) fn counted(
    observed_at: DateTime<Utc>,
    lanes: &[Lane],
    by_hand: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Counted {
    if lanes.iter().all(|lane| lane.heartbeat_at.is_none()) {
        return Counted { at: observed_at, until: observed_at + WITHOUT_CONTROLLERS };
    }
    let at = match blind_since(lanes, now) {
        Some(since) => by_hand.map_or(since, |counted| counted.max(since)),
        // They would have told of a car. In whole minutes, so that whoever has read it need not read it again.
        None => observed_at.max(now.with_second(0).unwrap_or(now).trunc_subsecs(0)),
    };
    Counted { at, until: at + HOLDS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lanes::Direction;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn lane(heard: Option<i64>, fault_since: Option<i64>) -> Lane {
        Lane {
            id: "in-1".to_owned(),
            direction: Direction::In,
            hold: None,
            held_open: false,
            fault: fault_since.map(|_| "loop broken".to_owned()).unwrap_or_default(),
            fault_since: fault_since.map(at),
            heartbeat_at: heard.map(at),
            list_until: None,
            key_reused_at: None,
            revision: 1,
        }
    }

    #[test]
    fn a_count_is_as_old_as_the_lane_that_is_not_heard() {
        let well = || lane(Some(300), None);
        let cases = [
            ("no controllers", vec![lane(None, None)], None, 10, 370),
            ("no lanes at all", Vec::new(), None, 10, 370),
            ("all are heard", vec![well(), well()], None, 300, 330),
            ("one is silent", vec![well(), lane(Some(280), None)], None, 280, 310),
            ("one has no controller", vec![well(), lane(None, None)], None, 300, 330),
            ("one is broken, and says so", vec![well(), lane(Some(300), Some(120))], None, 120, 150),
            ("the one that is blind longest", vec![lane(Some(290), None), lane(Some(300), Some(120))], None, 120, 150),
            ("counted by hand since", vec![well(), lane(Some(120), None)], Some(290), 290, 320),
            ("counted by hand before", vec![well(), lane(Some(280), None)], Some(200), 280, 310),
        ];
        for (what, lanes, by_hand, as_of, until) in cases {
            let told = counted(at(10), &lanes, by_hand.map(at), at(300) + TimeDelta::milliseconds(2_500));
            assert_eq!((told.at, told.until), (at(as_of), at(until)), "{what}");
        }
        let told = counted(at(300) + TimeDelta::seconds(1), &[well()], None, at(300) + TimeDelta::seconds(2));
        assert_eq!(told.at, at(300) + TimeDelta::seconds(1), "never older than the last car");
    }
}
