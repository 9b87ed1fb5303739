//! Two showings in one hall at the same time: of these, one would never be scheduled.

use chrono::{NaiveTime, Timelike, Weekday};
use toml::Spanned;

use super::{Section, wrong};
use crate::domain::schedule::Holidays;

/// The minutes of a day, and of a week.
const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// A showing of the weekly pattern, in minutes of the week.
struct Played<'a> {
    /// Its row in the schedule.
    row: usize,
    hall: &'a str,
    holidays: Holidays,
    day: Weekday,
    time: &'a Spanned<String>,
    begins: u32,
    minutes: u32,
}

impl Played<'_> {
    /// Whether the other begins while this one is played, on some day.
    fn meets(&self, other: &Self) -> bool {
        let after = (other.begins + WEEK - self.begins) % WEEK;
        // One day is in the school holidays or not; the night between two of them may be both.
        let never = matches!(
            (self.holidays, other.holidays),
            (Holidays::Never, Holidays::Only) | (Holidays::Only, Holidays::Never)
        );
        after < self.minutes && self.hall == other.hall && !(never && self.day == other.day)
    }
}

/// Names both of the first two that overlap. Titles, layouts and times have been checked.
pub(super) fn check(text: &str, section: &Section) -> Result<(), String> {
    let mut all: Vec<Played<'_>> = Vec::new();
    for (place, row) in section.schedule.iter().enumerate() {
        let title = section.titles.iter().find(|title| title.id.get_ref() == row.title.get_ref());
        let layout = section.layouts.iter().find(|layout| layout.id.get_ref() == row.layout.get_ref());
        let (Some(title), Some(layout)) = (title, layout) else { continue };
        for (time, day) in row.times.iter().flat_map(|time| row.weekdays.get_ref().iter().map(move |day| (time, *day)))
        {
            let Ok(at) = NaiveTime::parse_from_str(time.get_ref(), "%H:%M") else { continue };
            let played = Played {
                row: place,
                hall: layout.hall.get_ref(),
                holidays: row.holidays,
                day,
                time,
                begins: day.num_days_from_monday() * DAY + at.num_seconds_from_midnight() / 60,
                minutes: *title.minutes.get_ref(),
            };
            if let Some(other) = all.iter().find(|other| other.meets(&played) || played.meets(other)) {
                return Err(overlap(text, &played, other));
            }
            all.push(played);
        }
    }
    Ok(())
}

fn overlap(text: &str, played: &Played<'_>, other: &Played<'_>) -> String {
    let line = text.get(..other.time.span().start).map_or(1, |before| before.matches('\n').count() + 1);
    let problem = format!(
        "{} {} in \"{}\" overlaps with {} {} of schedule[{}] (line {line}), which lasts {} minutes; choose another time, hall or day",
        played.day,
        played.time.get_ref(),
        played.hall,
        other.day,
        other.time.get_ref(),
        other.row,
        other.minutes,
    );
    wrong(text, played.time, &format!("schedule[{}].times", played.row), &problem)
}
