//! The site closed or out of reach: whom that concerns, and who may still book. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Right, RightState, Window};

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
    let touched = closure.is_some_and(|closure| closure.touches(right.window, now, end_of_day));
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
    for right in rights.iter().filter(|right| closure.touches(right.window, now, end_of_day)) {
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
mod tests {
    use super::{super::samples::right, *};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// Windows of these tests; the day ends at minute 1000, it is minute 100.
    fn window(from: i64, until: i64) -> Window {
        Window { from: at(from), until: at(until) }
    }

    #[test]
    fn a_closure_concerns_whom_it_touches() {
        let open = Closure { id: Uuid::nil(), until: None };
        let until_500 = Closure { until: Some(at(500)), ..open };
        for (what, closure, window, touches, refuses) in [
            ("over already", until_500, window(0, 100), false, true),
            ("has begun", until_500, window(50, 200), true, true),
            ("begins in it", until_500, window(499, 900), true, true),
            ("begins when it ends", until_500, window(500, 900), false, false),
            ("today, nobody knows until when", open, window(999, 1100), true, true),
            ("tomorrow, nobody knows until when", open, window(1000, 1100), false, true),
        ] {
            assert_eq!(closure.touches(window, at(100), at(1000)), touches, "{what}");
            assert_eq!(closure.refuses(window), refuses, "{what}");
        }
        assert!(!until_500.touches(window(50, 900), at(500), at(1000)), "time has ended it");
    }

    #[test]
    fn only_confirmed_rights_are_suspended_and_only_suspended_ones_restored() {
        let closure = Some(Closure { id: Uuid::nil(), until: None });
        for state in RightState::ALL {
            let right = Right { state, window: window(200, 300), ..right() };
            let with = change(closure, &right, at(100), at(1000));
            let without = change(None, &right, at(100), at(1000));
            let expected = match state {
                RightState::Confirmed => (Change::Suspend, Change::Keep),
                RightState::Suspended => (Change::Keep, Change::Restore),
                _ => (Change::Keep, Change::Keep),
            };
            assert_eq!((with, without), expected, "{state:?}");
        }
        let over = Right { state: RightState::Suspended, window: window(0, 100), ..right() };
        assert_eq!(change(None, &over, at(100), at(1000)), Change::Keep, "nothing is left to restore");
    }

    #[test]
    fn a_preview_counts_by_the_hour() {
        let closure = Closure { id: Uuid::nil(), until: None };
        let rights = [
            (RightState::Confirmed, 30, 200),
            (RightState::Confirmed, 130, 200),
            (RightState::Confirmed, 181, 300),
            (RightState::Confirmed, 1000, 1100),
            (RightState::CheckedIn, 60, 200),
            (RightState::Held, 150, 200),
            (RightState::Cancelled, 150, 200),
        ]
        .map(|(state, from, until)| Right {
            state,
            window: window(from, until),
            expires_at: at(110),
            ..right()
        });
        let told = preview(closure, &rights, at(100), at(1000));
        let hours = vec![(at(60), 1), (at(120), 1), (at(180), 1)];
        assert_eq!(told, Preview { visits: 3, held: 1, cars_in: 1, hours });
    }
}
