//! Playlists, and the parts of the day in which they run, by the clock on the wall of the house.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, day_of};
use serde::{Deserialize, Serialize};

use super::{Base, Facts, Kind, Line, MediaType, Offer};

/// A picture or a film on a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// SHA-256 of the file, in hex.
    pub media_id: String,
    /// What it is.
    pub media_type: MediaType,
    /// How long it is shown.
    pub seconds: u32,
    /// What it says, for those who do not see it and for players that cannot show it.
    pub text: Text,
}

/// What is shown one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playlist {
    /// Slug.
    pub playlist_id: String,
    /// For staff, and the headline.
    pub name: Text,
    /// In this order.
    pub items: Vec<Item>,
    /// When it was last put.
    pub put_at: DateTime<Utc>,
    /// No longer there.
    pub removed: bool,
}

/// When a playlist runs, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Slug.
    pub schedule_id: String,
    /// Which list.
    pub playlist_id: String,
    /// On displays in any of these groups; empty: on all.
    pub groups: Vec<String>,
    /// Bit 0 is Monday.
    pub weekdays: u8,
    /// From this time of the day on …
    pub from: NaiveTime,
    /// … until this one; an earlier one is that of the next day, the same one is the whole day.
    pub until: NaiveTime,
    /// Not before this day.
    pub first_day: Option<NaiveDate>,
    /// Not after this day.
    pub last_day: Option<NaiveDate>,
    /// Beside what the display shows anyway, instead of it.
    pub beside: bool,
    /// When it was last put.
    pub put_at: DateTime<Utc>,
    /// No longer there.
    pub removed: bool,
}

impl Schedule {
    /// The end of the part of the day that runs now, if one does.
    #[must_use]
    pub fn runs_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = day_of(now);
        // One that began yesterday evening may still run.
        [Some(today), today.checked_sub_days(Days::new(1))].into_iter().flatten().find_map(|day| {
            let on = self.weekdays >> day.weekday().num_days_from_monday() & 1 == 1
                && self.first_day.is_none_or(|first| first <= day)
                && self.last_day.is_none_or(|last| day <= last);
            let end_day = if self.until <= self.from { day.checked_add_days(Days::new(1))? } else { day };
            let (begin, end) = (instant(day, self.from)?, instant(end_day, self.until)?);
            (on && begin <= now && now < end).then_some(end)
        })
    }

    fn is_for(&self, base: &Base) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| base.groups.contains(group))
    }
}

/// A time of the day in the house. One that the clocks skip in spring is the first one after it; of one that they
/// have twice in autumn it is the first.
fn instant(day: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = day.and_time(time);
    let at = |local| Berlin.from_local_datetime(&local).earliest();
    at(local).or_else(|| at(local + chrono::TimeDelta::hours(1))).map(|at| at.to_utc())
}

/// What runs on a display now: instead of what it shows anyway, or beside it. The list put last comes first.
pub(super) fn running(base: &Base, facts: &Facts, now: DateTime<Utc>, beside: bool) -> Option<Offer> {
    let mut schedules: Vec<&Schedule> =
        facts.schedules.iter().filter(|it| it.beside == beside && it.is_for(base)).collect();
    schedules.sort_by_key(|it| (std::cmp::Reverse(it.put_at), &it.schedule_id));
    schedules.into_iter().find_map(|schedule| {
        let until = schedule.runs_until(now)?;
        let list = facts.playlists.iter().find(|list| list.playlist_id == schedule.playlist_id)?;
        let lines = list.items.iter().map(|item| Line {
            media: Some(item.clone()),
            valid_until: Some(until),
            ..Line::new(Kind::Media, item.text.clone(), list.put_at, "playlist")
        });
        Some(Offer { headline: list.name.clone(), lines: lines.collect() })
    })
}
