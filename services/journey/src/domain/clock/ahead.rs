//! What a visitor reads of the way ahead: where to go next, how, how long it takes, and by when to be there.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

use super::legs::Leg;

/// From so long before the start a visit is told its way, to plan with, also while its clock does not run yet.
pub(crate) const PLANNED: TimeDelta = TimeDelta::hours(36);

/// Whether a party may be planning its way to a showing.
pub(crate) fn is_soon(starts_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < starts_at && starts_at - now <= PLANNED
}

/// How a leg is gone, in words of the house file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) leg: String,
    /// Only to this hall; empty: to all that have no way of their own.
    pub(crate) hall: String,
    /// Where it leads, as the signs name it.
    pub(crate) to: Text,
    pub(crate) text: Text,
    /// For whoever cannot use stairs; empty: the way has no step.
    pub(crate) step_free: Text,
    /// The lift of the step-free way; empty: none.
    pub(crate) lift: String,
    /// How long it takes where no service knows that; 0: not told.
    pub(crate) minutes: u32,
}

/// A lift, as the door tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lift {
    pub(crate) id: String,
    pub(crate) is_working: bool,
    /// What to do without it.
    pub(crate) without: Text,
}

/// The ways of the house, and its lifts as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) ways: Vec<Way>,
    pub(crate) lifts: Vec<Lift>,
}

/// One leg as its visitor reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) leg: Leg,
    pub(crate) to: Text,
    pub(crate) way: Text,
    /// At the latest; None: when the doors close is not known.
    pub(crate) be_there_by: Option<DateTime<Utc>>,
    /// The step-free way is out of order: `way` says what to do.
    pub(crate) is_blocked: bool,
}

impl Ways {
    /// The way of a leg: its hall's own, else the one of all halls.
    pub(crate) fn of(&self, leg: &str, hall: &str) -> Option<&Way> {
        let fits = |own: bool| {
            self.ways.iter().find(|way| way.leg == leg && if own { way.hall == hall } else { way.hall.is_empty() })
        };
        fits(true).or_else(|| fits(false))
    }

    /// The lift of a step-free way that does not work.
    fn broken(&self, way: &Way) -> Option<&Lift> {
        self.lifts.iter().find(|lift| !way.lift.is_empty() && lift.id == way.lift && !lift.is_working)
    }

    /// The legs in words. Each is to be done so early that the others are done in time even if they take long.
    pub(crate) fn ahead(
        &self,
        legs: &[Leg],
        hall: &str,
        step_free: bool,
        closes_at: Option<DateTime<Utc>>,
    ) -> Vec<Stretch> {
        let mut left = TimeDelta::zero();
        let mut stretches: Vec<Stretch> = legs
            .iter()
            .rev()
            .map(|leg| {
                let be_there_by = closes_at.map(|at| at - left);
                left += leg.time + leg.uncertainty;
                self.stretch(leg, hall, step_free, be_there_by)
            })
            .collect();
        stretches.reverse();
        stretches
    }

    /// One leg in words.
    pub(crate) fn stretch(
        &self,
        leg: &Leg,
        hall: &str,
        step_free: bool,
        be_there_by: Option<DateTime<Utc>>,
    ) -> Stretch {
        let way = self.of(leg.kind, hall);
        let broken = way.filter(|_| step_free).and_then(|way| self.broken(way));
        let text = match (way, broken) {
            (_, Some(lift)) => lift.without.clone(),
            (Some(way), None) if step_free && !way.step_free.de.is_empty() => way.step_free.clone(),
            (Some(way), None) => way.text.clone(),
            (None, None) => Text::default(),
        };
        Stretch {
            leg: *leg,
            to: way.map(|way| way.to.clone()).unwrap_or_default(),
            way: text,
            be_there_by,
            is_blocked: broken.is_some(),
        }
    }
}
