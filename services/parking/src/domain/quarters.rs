//! Bays of a class as they are given in quarters of an hour: whether one more fits into a window, how far, and when next.
//! The database counts the same way and refuses what does not fit; here it is known beforehand, and why. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{QUARTER, quarter};

use super::{Channel, SOON, Window};

/// For a later beginning so much is looked at.
pub(crate) const AHEAD: TimeDelta = TimeDelta::hours(8);

/// The quarters that a window touches; an empty one touches none, wherever in a quarter it lies.
fn quarters(window: Window) -> impl Iterator<Item = DateTime<Utc>> {
    let first = Some(quarter(window.from)).filter(|_| window.from < window.until);
    std::iter::successors(first, |at| Some(*at + QUARTER)).take_while(move |at| *at < window.until)
}

/// What is given of a class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// So many may be given in any quarter.
    pub(crate) most: u32,
    /// Through whom bays of it are sold.
    pub(crate) sold_by: Vec<Channel>,
    /// Cars that came without a right; they are in somebody's way only if a window begins soon.
    pub(crate) strangers: u32,
    /// By quarter; where nothing stands, nothing is given.
    pub(crate) bays: BTreeMap<DateTime<Utc>, u32>,
}

impl Given {
    fn most_for(&self, window: Window, now: DateTime<Utc>) -> u32 {
        if window.from <= now + SOON { self.most.saturating_sub(self.strangers) } else { self.most }
    }

    fn at(&self, quarter: DateTime<Utc>) -> u32 {
        self.bays.get(&quarter).copied().unwrap_or_default()
    }

    /// So many bays are left for the whole window.
    pub(crate) fn left(&self, window: Window, now: DateTime<Utc>) -> u32 {
        let given = quarters(window).map(|quarter| self.at(quarter)).max().unwrap_or_default();
        self.most_for(window, now).saturating_sub(given)
    }

    /// Whether a bay is left for the whole window.
    pub(crate) fn fits(&self, window: Window, now: DateTime<Utc>) -> bool {
        self.left(window, now) > 0
    }

    /// The part of a window, from its beginning on, for which a bay is left. Strangers do not shorten it: a right that
    /// was given stays before them.
    pub(crate) fn as_far_as(&self, window: Window) -> Window {
        let full = quarters(window).find(|quarter| self.at(*quarter) >= self.most);
        Window { until: full.map_or(window.until, |full| full.clamp(window.from, window.until)), ..window }
    }

    /// The earliest beginning after the wanted one, on a quarter, at which a stay of the same length fits.
    pub(crate) fn next_fit(&self, wanted: Window, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let first = quarter(wanted.from) + QUARTER;
        std::iter::successors(Some(first), |at| Some(*at + QUARTER))
            .take_while(|at| *at <= wanted.from + AHEAD)
            .find(|at| self.fits(wanted.shifted_to(*at), now))
    }

    /// One more.
    pub(crate) fn give(&mut self, window: Window) {
        for quarter in quarters(window) {
            *self.bays.entry(quarter).or_default() += 1;
        }
    }

    /// One less.
    pub(crate) fn take_back(&mut self, window: Window) {
        for quarter in quarters(window) {
            if let Some(bays) = self.bays.get_mut(&quarter) {
                *bays = bays.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
