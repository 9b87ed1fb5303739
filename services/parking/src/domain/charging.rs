//! How a charging point reads: what its operator told, as long as that holds. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// What is told holds for so long where the house file does not say otherwise; an assumption: operators push changes, and
/// most confirm them every hour.
pub(crate) const HOLDS: TimeDelta = TimeDelta::minutes(60);
/// In minutes. Nobody drives to a charging point for what was so yesterday.
pub(crate) const LONGEST: u32 = 1440;

/// A charging point as its operator told it last; `status` is OCPI's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChargePoint {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) last_updated: DateTime<Utc>,
    /// When it was so.
    pub(crate) observed_at: DateTime<Utc>,
    pub(crate) holds: TimeDelta,
}

/// What a driver makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Free,
    Charging,
    /// Reserved, or something stands in front of it.
    Taken,
    OutOfOrder,
    Unknown,
}

impl ChargePoint {
    /// Until when it may be shown.
    pub(crate) fn valid_until(&self) -> DateTime<Utc> {
        self.observed_at + self.holds
    }

    /// As it reads at an instant: what is too old is not known.
    pub(crate) fn reads(&self, now: DateTime<Utc>) -> State {
        if now > self.valid_until() {
            return State::Unknown;
        }
        match self.status.as_str() {
            "AVAILABLE" => State::Free,
            "CHARGING" => State::Charging,
            "BLOCKED" | "RESERVED" => State::Taken,
            "INOPERATIVE" | "OUTOFORDER" => State::OutOfOrder,
            _ => State::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_holds_for_its_time_and_then_nobody_knows() {
        let at = |minute| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        for (status, state) in [
            ("AVAILABLE", State::Free),
            ("CHARGING", State::Charging),
            ("BLOCKED", State::Taken),
            ("RESERVED", State::Taken),
            ("INOPERATIVE", State::OutOfOrder),
            ("OUTOFORDER", State::OutOfOrder),
            ("UNKNOWN", State::Unknown),
            ("A_LATER_WORD", State::Unknown),
        ] {
            let point = ChargePoint {
                id: "1".to_owned(),
                status: status.to_owned(),
                last_updated: at(-500),
                observed_at: at(0),
                holds: HOLDS,
            };
            assert_eq!((point.reads(at(0)), point.reads(at(60))), (state, state), "{status}");
            assert_eq!(point.reads(at(60) + TimeDelta::seconds(1)), State::Unknown, "{status}");
        }
    }
}
