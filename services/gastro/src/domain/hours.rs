//! When the kitchen hands out meals, by the weekdays and closed days of the house file. Pure.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Europe::Berlin;
use kernel::values::{QUARTER, quarter};
use serde::{Deserialize, Serialize};

use super::Room;

/// A span of the house's local day on some weekdays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) weekdays: Vec<Weekday>,
    pub(crate) from: NaiveTime,
    pub(crate) until: NaiveTime,
}

/// As the house file has them, and as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hours {
    /// Empty: at all hours.
    #[serde(default)]
    pub(crate) open: Vec<Span>,
    #[serde(default)]
    pub(crate) closed_days: Vec<NaiveDate>,
}

/// When a day's meals are handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenOn {
    pub(crate) day: NaiveDate,
    /// Empty: not on this day.
    pub(crate) spans: Vec<(NaiveTime, NaiveTime)>,
}

impl Hours {
    fn is_closed_on(&self, day: NaiveDate) -> bool {
        self.closed_days.contains(&day)
    }

    fn spans(&self, day: NaiveDate) -> impl Iterator<Item = &Span> {
        self.open.iter().filter(move |span| span.weekdays.contains(&day.weekday()) && !self.is_closed_on(day))
    }

    /// Whether a quarter that begins then can be a pickup's.
    pub(crate) fn is_open(&self, at: DateTime<Utc>) -> bool {
        let at = at.with_timezone(&Berlin).naive_local();
        if self.open.is_empty() {
            return !self.is_closed_on(at.date());
        }
        self.spans(at.date()).any(|span| span.from <= at.time() && at.time() < span.until)
    }

    /// What is open on the day of an instant, in the order of the day.
    pub(crate) fn on_day_of(&self, at: DateTime<Utc>) -> OpenOn {
        let day = at.with_timezone(&Berlin).date_naive();
        let mut spans: Vec<_> = self.spans(day).map(|span| (span.from, span.until)).collect();
        spans.sort_unstable();
        OpenOn { day, spans }
    }

    /// Takes out of the room the quarters of a span in which nothing is handed out.
    pub(crate) fn close(&self, room: &mut Room, from: DateTime<Utc>, until: DateTime<Utc>) {
        if *self == Self::default() {
            return;
        }
        let quarters =
            std::iter::successors(Some(quarter(from)), |at| Some(*at + QUARTER)).take_while(|at| *at <= until);
        for at in quarters.filter(|at| !self.is_open(*at)) {
            for hands in room.stations.values_mut() {
                hands.left.insert(at, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_open_on_its_weekday_between_the_hours_and_not_on_a_closed_day() {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("a time");
        let day = |day| NaiveDate::from_ymd_opt(2026, 12, day).expect("a day");
        let span =
            |from, until| Span { weekdays: vec![Weekday::Tue, Weekday::Thu], from: time(from), until: time(until) };
        let hours = Hours { open: vec![span(17, 22), span(9, 14)], closed_days: vec![day(24)] };
        // Tuesday the 1st, Wednesday the 2nd, Thursday the 24th; at noon UTC it is one o'clock.
        for (at, open) in [
            ("2026-12-01T07:45:00Z", false),
            ("2026-12-01T08:00:00Z", true),
            ("2026-12-01T12:45:00Z", true),
            ("2026-12-01T13:00:00Z", false),
            ("2026-12-01T20:45:00Z", true),
            ("2026-12-01T21:00:00Z", false),
            ("2026-12-02T12:00:00Z", false),
            ("2026-12-03T12:00:00Z", true),
            ("2026-12-24T12:00:00Z", false),
        ] {
            let at: DateTime<Utc> = at.parse().expect("an instant");
            assert_eq!(hours.is_open(at), open, "{at}");
        }
        let noon: DateTime<Utc> = "2026-12-01T12:00:00Z".parse().expect("an instant");
        let both = vec![(time(9), time(14)), (time(17), time(22))];
        assert_eq!(hours.on_day_of(noon), OpenOn { day: day(1), spans: both });
        let always = Hours { open: Vec::new(), closed_days: vec![day(24)] };
        assert!(always.is_open(noon) && !always.is_open(noon + chrono::TimeDelta::days(23)));
    }
}
