//! How people come and leave: assumptions first, what the house has seen as soon as that is enough. Pure.

/// So many must have been seen.
const ENOUGH: i64 = 50;
/// Minutes from the 10th to the 90th of a hundred are so many times the width.
const TENTH_TO_NINETIETH: f64 = 4.394;
/// No house sees everybody come at the same minute.
const LEAST_WIDTH: f64 = 3.0;

/// When something happens, in minutes after an occasion: a logistic distribution, which has a plain formula and allows
/// for more who are very early or very late than the normal one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// Half of it has happened.
    pub(crate) middle: f64,
    pub(crate) width: f64,
}

impl Timing {
    /// The share that has happened by so many minutes after the occasion.
    pub(crate) fn by(self, minutes: f64) -> f64 {
        1.0 / (1.0 + ((self.middle - minutes) / self.width).exp())
    }

    /// The share that happens in a minute then.
    pub(crate) fn pace(self, minutes: f64) -> f64 {
        let share = self.by(minutes);
        share * (1.0 - share) / self.width
    }

    /// As it was seen, if that was often enough.
    fn seen(self, it: Seen) -> Self {
        match (it.many >= ENOUGH, it.tenth, it.middle, it.ninetieth) {
            (true, Some(tenth), Some(middle), Some(ninetieth)) => {
                Self { middle, width: ((ninetieth - tenth) / TENTH_TO_NINETIETH).max(LEAST_WIDTH) }
            }
            _ => self,
        }
    }
}

/// What was seen: how often, and at how many minutes after the occasion the 10th, 50th and 90th of a hundred were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) many: i64,
    pub(crate) tenth: Option<f64>,
    pub(crate) middle: Option<f64>,
    pub(crate) ninetieth: Option<f64>,
}

/// How people are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Habits {
    /// The share of those who booked a bay that comes.
    pub(crate) come: f64,
    /// After the start; most come before it.
    pub(crate) comes: Timing,
    /// After the end.
    pub(crate) leaves: Timing,
}

/// Assumptions, from the journey of a visit as the house plans it: cars come when the till opens half an hour before the
/// start and not before coaches at forty minutes; people get up and walk, or eat for a quarter of an hour and more. Five
/// in a hundred do not come, and a few call it off before.
pub(crate) const ASSUMED: Habits =
    Habits { come: 0.92, comes: Timing { middle: -25.0, width: 7.0 }, leaves: Timing { middle: 20.0, width: 7.0 } };

impl Habits {
    /// What the house has seen of rights that are over: how many came, how many did not, when they came and left.
    pub(crate) fn of(came: i64, missed: i64, comes: Seen, leaves: Seen) -> Self {
        let many = i32::try_from(came + missed).unwrap_or(i32::MAX);
        let come = if i64::from(many) >= ENOUGH {
            // Never all of them, and never none: nothing is certain of those who come next.
            (f64::from(i32::try_from(came).unwrap_or(i32::MAX)) / f64::from(many)).clamp(0.05, 0.99)
        } else {
            ASSUMED.come
        };
        Self { come, comes: ASSUMED.comes.seen(comes), leaves: ASSUMED.leaves.seen(leaves) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumptions_hold_until_enough_was_seen() {
        let seen = |many, tenth, middle, ninetieth| Seen {
            many,
            tenth: Some(tenth),
            middle: Some(middle),
            ninetieth: Some(ninetieth),
        };
        assert_eq!(Habits::of(20, 29, seen(49, -40.0, -30.0, -20.0), Seen::default()), ASSUMED);
        let known = Habits::of(80, 20, seen(80, -60.0, -40.0, -16.0), seen(70, 10.0, 10.0, 10.0));
        assert!((known.come - 0.8).abs() < 1e-9 && (known.comes.width - 10.0).abs() < 0.02, "{known:?}");
        assert_eq!((known.comes.middle, known.leaves.middle, known.leaves.width), (-40.0, 10.0, LEAST_WIDTH));
        assert!(Habits::of(100, 0, Seen::default(), Seen::default()).come < 1.0);
    }

    #[test]
    fn a_timing_is_a_distribution() {
        let timing = Timing { middle: -25.0, width: 7.0 };
        assert!((timing.by(-25.0) - 0.5).abs() < 1e-9);
        assert!(timing.by(-1e9) < 1e-9 && timing.by(1e9) > 1.0 - 1e-9);
        let tenth_to_ninetieth =
            timing.by(-25.0 + 7.0 * TENTH_TO_NINETIETH / 2.0) - timing.by(-25.0 - 7.0 * TENTH_TO_NINETIETH / 2.0);
        assert!((tenth_to_ninetieth - 0.8).abs() < 1e-3, "{tenth_to_ninetieth}");
        let sum: f64 = (-300..300).map(|minute| timing.pace(f64::from(minute))).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }
}
