//! A party that eats after its showing needs its bay until it has eaten: what the kitchen has told of a visit's meal, and
//! until when that is. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// From collecting a meal until the bay is free again takes so long where the house file says nothing: an assumption.
pub(crate) const STAY: TimeDelta = TimeDelta::minutes(45);
/// Nobody eats for longer, in minutes.
pub(crate) const LONGEST: u32 = 180;

/// What is told of a meal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    PickupAt(DateTime<Utc>),
    /// There will be none.
    Cancelled,
    /// It is made, or was: also one that was cancelled by mistake.
    Made,
}

/// What the kitchen has told of a visit's meal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meal {
    /// So long its party needs its bay for it.
    pub(crate) until: Option<DateTime<Utc>>,
    /// That may be taken back, and then the time counts again.
    pub(crate) cancelled: bool,
}

impl Meal {
    /// Takes in what is told; hearing it again changes nothing. `stay` is from collecting it until the bay is free.
    pub(crate) fn hear(&mut self, told: Told, stay: TimeDelta) {
        match told {
            Told::PickupAt(at) => *self = Self { until: Some(at + stay), cancelled: false },
            Told::Cancelled => self.cancelled = true,
            Told::Made => self.cancelled = false,
        }
    }

    /// Until when its party needs its bay for it; None: it has no meal.
    pub(crate) fn needs_bay_until(self) -> Option<DateTime<Utc>> {
        self.until.filter(|_| !self.cancelled)
    }

    /// The end of a stay that would end then without it.
    pub(crate) fn ends(self, without: DateTime<Utc>) -> DateTime<Utc> {
        self.needs_bay_until().map_or(without, |until| until.max(without))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stay_ends_with_the_meal_or_with_what_was_booked() {
        let at = |minute| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute);
        let booked = at(60);
        for (told, ends) in [
            (vec![], 60),
            (vec![Told::PickupAt(at(10))], 60),
            (vec![Told::PickupAt(at(40))], 85),
            (vec![Told::PickupAt(at(40)), Told::PickupAt(at(40))], 85),
            (vec![Told::PickupAt(at(40)), Told::PickupAt(at(20))], 65),
            (vec![Told::PickupAt(at(40)), Told::Cancelled], 60),
            (vec![Told::PickupAt(at(40)), Told::Cancelled, Told::Made], 85),
            (vec![Told::Cancelled, Told::Made], 60),
        ] {
            let mut meal = Meal::default();
            for it in &told {
                meal.hear(*it, STAY);
            }
            assert_eq!(meal.ends(booked), at(ends), "{told:?}");
        }
    }
}
