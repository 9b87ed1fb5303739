//! A directive or an incident as far as displays tell it, and when it was told to others.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What it is, for those who hear of it as an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// People are to go elsewhere.
    Redirect,
    /// Nobody else is to go in there.
    Stop,
    /// A child is looked for, or waits for its people.
    LostChild,
    /// Somebody needs help.
    Medical,
    /// Something does not work.
    Fault,
    /// Not known.
    #[default]
    Other,
}

/// A directive or an incident, as far as displays tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Which.
    pub measure_id: Uuid,
    /// Rises with every change.
    pub revision: u64,
    /// Whether it holds; one that has ended, or that only staff know of, is not shown.
    pub holds: bool,
    /// What it is.
    #[serde(default)]
    pub sort: Sort,
    /// Where people stand who are told; empty: in the whole house.
    pub zone_id: String,
    /// The same by its name; may be empty.
    #[serde(default)]
    pub zone_name: Text,
    /// What to do.
    pub text: Text,
    /// For whoever cannot use stairs; may be empty.
    pub step_free_text: Text,
    /// Whether there is a step-free way.
    pub step_free: bool,
    /// Whether that goes over a lift, of which nothing is known where the house was not heard for a while.
    #[serde(default)]
    pub over_a_lift: bool,
    /// Since when.
    pub at: DateTime<Utc>,
    /// When it ends by itself.
    pub valid_until: Option<DateTime<Utc>>,
    /// When these words were told; None for those of before this was kept.
    #[serde(default)]
    pub told_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When other words on it were told before, while it held.
    #[serde(default)]
    pub earlier: Vec<DateTime<Utc>>,
}

impl Measure {
    /// The next word on what was told before. Told again it is no other one.
    pub(super) fn after(&self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self.clone() };
        let same = Self { told_at: before.told_at, earlier: before.earlier.clone(), ..self.clone() };
        if same == *before {
            return same;
        }
        let mut earlier = before.earlier.clone();
        earlier.extend(before.told_at.filter(|_| before.holds));
        Self { earlier: recent(earlier), ..self.clone() }
    }

    /// Whether others hear of it: it holds, or has ended after they did.
    #[must_use]
    pub fn is_told(&self, now: DateTime<Utc>) -> bool {
        let says = !self.text.de.is_empty() && self.told_at.is_some();
        match self.ended_at {
            _ if self.holds => says && self.valid_until.is_none_or(|until| now < until),
            Some(ended) => says && !self.earlier.is_empty() && now < ended + super::LONGEST_MESSAGE,
            None => false,
        }
    }
}

/// So many earlier alerts are named in a later one.
const NAMED: usize = 20;

/// The first of the times at which something was told, and the last ones.
pub(super) fn recent(mut times: Vec<DateTime<Utc>>) -> Vec<DateTime<Utc>> {
    if let Some(more) = times.len().checked_sub(NAMED).filter(|more| *more > 0) {
        times.drain(1..=more);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_times_the_first_stays_and_the_last_ones() {
        let at = |n: i64| DateTime::from_timestamp(n * 60, 0).expect("in range");
        assert!(recent(Vec::new()).is_empty());
        let times = recent((0..50).map(at).collect());
        assert_eq!((times.len(), times[0], times[1], times[NAMED - 1]), (NAMED, at(0), at(31), at(49)));
    }
}
