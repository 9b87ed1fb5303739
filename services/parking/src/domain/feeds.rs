//! What feeds tell of other car parks, and what of it is believed. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Older than that, a count says nothing; ParkAPI's own readers drop it then too.
pub(crate) const HOLDS: TimeDelta = TimeDelta::minutes(30);
/// Drivers at the barrier go where it sends them: for them it says nothing any more after so long.
pub(crate) const HOLDS_AT_GATE: TimeDelta = TimeDelta::minutes(5);
/// A feed's clock may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(2);
/// No car park of the city has more.
pub(crate) const MOST: i64 = 20_000;

/// What a feed says of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) uid: String,
    pub(crate) capacity: Option<i64>,
    pub(crate) free: Option<i64>,
    /// False: closed, whatever the count says.
    pub(crate) open: Option<bool>,
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Told {
    /// The capacity that is kept for later words on the place, which may not say it again.
    pub(crate) fn known_capacity(&self) -> Option<u32> {
        self.capacity.filter(|capacity| (1..=MOST).contains(capacity)).and_then(|it| u32::try_from(it).ok())
    }
}

/// What a feed has told of a place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// When the last word was from.
    pub(crate) at: DateTime<Utc>,
    pub(crate) capacity: Option<u32>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many bays are free; None: not known, or closed.
    Free(Option<u32>, DateTime<Utc>),
    /// Told before, or older than what was told before.
    Repeated,
    Refused(Problem),
}

/// Why something is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NoTime,
    Stale,
    FromTheFuture,
    Negative,
    MoreThanThereAre,
    /// Nobody has ever said how many there are: whether it can be so many, nobody knows.
    NoCapacity,
}

impl Problem {
    /// For whoever runs the feed.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::NoTime => "does not say when that was",
            Self::Stale => "is older than 30 minutes",
            Self::FromTheFuture => "is from the future; check the clock",
            Self::Negative => "has fewer than no free spaces",
            Self::MoreThanThereAre => "has more free spaces than spaces",
            Self::NoCapacity => "does not say how many spaces there are, and neither does the house file",
        }
    }

    /// Whether what was believed before is to be forgotten: the newest word is nonsense.
    pub(crate) const fn forgets(self) -> bool {
        matches!(self, Self::Negative | Self::MoreThanThereAre | Self::NoCapacity)
    }
}

/// Takes what was told of a place that has so many spaces, as far as the house knows.
pub(crate) fn take(told: &Told, spaces: Option<u32>, before: Option<Before>, now: DateTime<Utc>) -> Taken {
    let Some(at) = told.at else { return Taken::Refused(Problem::NoTime) };
    if at > now + AHEAD {
        return Taken::Refused(Problem::FromTheFuture);
    }
    if at < now - HOLDS {
        return Taken::Refused(Problem::Stale);
    }
    if before.is_some_and(|before| at <= before.at) {
        return Taken::Repeated;
    }
    let Some(free) = told.free.filter(|_| told.open != Some(false)) else { return Taken::Free(None, at) };
    if free < 0 {
        return Taken::Refused(Problem::Negative);
    }
    let kept = || before.and_then(|before| before.capacity).map(i64::from);
    let Some(most) = spaces.map(i64::from).or(told.capacity).or_else(kept) else {
        return Taken::Refused(Problem::NoCapacity);
    };
    match u32::try_from(free) {
        Ok(count) if free <= most.min(MOST) => Taken::Free(Some(count), at),
        _ => Taken::Refused(Problem::MoreThanThereAre),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn nonsense_is_refused_and_a_closed_place_has_nothing_free() {
        use Problem::{FromTheFuture, MoreThanThereAre, Negative, NoCapacity, NoTime, Stale};
        use Taken::{Free, Refused, Repeated};
        let told = |capacity, free, open, minute: Option<i64>| Told {
            uid: "p".to_owned(),
            capacity,
            free,
            open,
            at: minute.map(at),
        };
        for (what, told, taken) in [
            ("good", told(Some(140), Some(27), None, Some(59)), Free(Some(27), at(59))),
            ("all free", told(Some(140), Some(140), Some(true), Some(59)), Free(Some(140), at(59))),
            ("no capacity told", told(None, Some(27), None, Some(59)), Refused(NoCapacity)),
            ("none told, and none free", told(None, Some(0), None, Some(59)), Refused(NoCapacity)),
            ("none told, and no count", told(None, None, None, Some(59)), Free(None, at(59))),
            ("no count", told(Some(140), None, Some(true), Some(59)), Free(None, at(59))),
            ("closed is not full", told(Some(140), Some(27), Some(false), Some(59)), Free(None, at(59))),
            ("8259 free of 140", told(Some(140), Some(8259), None, Some(59)), Refused(MoreThanThereAre)),
            ("no capacity and nonsense", told(None, Some(1 << 40), None, Some(59)), Refused(NoCapacity)),
            ("negative", told(Some(140), Some(-3), None, Some(59)), Refused(Negative)),
            ("as old as may be", told(Some(140), Some(1), None, Some(30)), Free(Some(1), at(30))),
            ("stale", told(Some(140), Some(1), None, Some(29)), Refused(Stale)),
            ("a clock that is ahead", told(Some(140), Some(1), None, Some(63)), Refused(FromTheFuture)),
            ("no time", told(Some(140), Some(1), None, None), Refused(NoTime)),
        ] {
            assert_eq!(take(&told, None, None, at(60)), taken, "{what}");
        }
        // What the house knows counts more than what a feed says.
        for (capacity, free, taken) in [
            (None, 27, Free(Some(27), at(59))),
            (None, 28, Refused(MoreThanThereAre)),
            (Some(8_259), 28, Refused(MoreThanThereAre)),
        ] {
            assert_eq!(take(&told(capacity, Some(free), None, Some(59)), Some(27), None, at(60)), taken, "{free}");
        }
        let good = told(Some(140), Some(27), None, Some(59));
        let before = |minute, capacity| Some(Before { at: at(minute), capacity });
        assert_eq!(take(&good, None, before(59, None), at(60)), Repeated);
        assert_eq!(take(&good, None, before(60, None), at(60)), Repeated, "older than the last word");
        assert_eq!(take(&good, None, before(58, None), at(60)), Free(Some(27), at(59)));
        // Not every word says again how many there are.
        for (capacity, free, taken) in [
            (Some(100), 100, Free(Some(100), at(59))),
            (Some(100), 101, Refused(MoreThanThereAre)),
            (Some(9_000), 8_259, Free(Some(8_259), at(59))),
        ] {
            assert_eq!(
                take(&told(None, Some(free), None, Some(59)), None, before(58, capacity), at(60)),
                taken,
                "{free}"
            );
        }
        assert_eq!(take(&good, None, before(58, Some(20)), at(60)), Free(Some(27), at(59)), "there are more by now");
        for (capacity, kept) in
            [(Some(140), Some(140)), (None, None), (Some(0), None), (Some(-1), None), (Some(1 << 40), None)]
        {
            assert_eq!(told(capacity, None, None, None).known_capacity(), kept, "{capacity:?}");
        }
    }
}
