//! The site closed or out of reach: whom that concerns, and who may still book. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{BayClass, Right, RightState, Window};

/// A closure that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closure {
    pub(crate) id: Uuid,
    /// None: until further notice.
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Closure {
    /// Up to when rights are suspended by it. Nobody knows how long "until further notice" is: then it is said to
    /// those of today, and tomorrow to those of tomorrow.
    pub(crate) fn horizon(self, end_of_day: DateTime<Utc>) -> DateTime<Utc> {
        self.until.unwrap_or(end_of_day)
    }

    /// Whether a bay in this window cannot be used.
    pub(crate) fn touches(self, window: Window, now: DateTime<Utc>, end_of_day: DateTime<Utc>) -> bool {
        !self.is_over(now) && window.until > now && window.from < self.horizon(end_of_day)
    }

    /// Whether this right's bay cannot be used. Stands for bicycles are at the house and behind no barrier.
    pub(crate) fn concerns(self, right: &Right, now: DateTime<Utc>, end_of_day: DateTime<Utc>) -> bool {
        right.class != BayClass::Bicycle && self.touches(right.window, now, end_of_day)
    }

    /// Whether nothing is sold for this window.
    pub(crate) fn refuses(self, window: Window) -> bool {
        self.until.is_none_or(|until| window.from < until)
    }

    /// Time has ended it.
    pub(crate) fn is_over(self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// What becomes of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Suspend,
    Restore,
    Keep,
}

/// What a closure, or that there is none, means to a right. Doing it changes the answer to [`Change::Keep`].
pub(crate) fn change(closure: Option<Closure>, right: &Right, now: DateTime<Utc>, end_of_day: DateTime<Utc>) -> Change {
    let touched = closure.is_some_and(|closure| closure.concerns(right, now, end_of_day));
    match right.state {
        RightState::Confirmed if touched => Change::Suspend,
        RightState::Suspended if !touched && right.window.until > now => Change::Restore,
        _ => Change::Keep,
    }
}

/// What a closure would mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) visits: u32,
    pub(crate) held: u32,
    pub(crate) cars_in: u32,
    /// Visits by the hour in which their bay begins; what has begun counts now.
    pub(crate) hours: Vec<(DateTime<Utc>, u32)>,
}

/// Counts whom a closure would concern.
pub(crate) fn preview(closure: Closure, rights: &[Right], now: DateTime<Utc>, end_of_day: DateTime<Utc>) -> Preview {
    let mut preview = Preview::default();
    for right in rights.iter().filter(|right| closure.concerns(right, now, end_of_day)) {
        match right.state {
            RightState::CheckedIn => preview.cars_in += 1,
            RightState::Held if right.is_live(now) => preview.held += 1,
            RightState::Confirmed | RightState::Suspended => {
                preview.visits += 1;
                let from = right.window.from.max(now);
                let hour = from - TimeDelta::seconds(from.timestamp().rem_euclid(3600));
                match preview.hours.iter_mut().find(|(known, _)| *known == hour) {
                    Some((_, visits)) => *visits += 1,
                    None => preview.hours.push((hour, 1)),
                }
            }
            _ => {}
        }
    }
    preview.hours.sort_unstable();
    preview
}

#[cfg(test)]
mod tests;
