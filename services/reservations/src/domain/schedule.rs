//! From the weekly pattern to showings of real days. Pure. Times are the clock's on the wall in Halle:
//! a showing at 14:30 stays at 14:30 on both sides of a change to summer time.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Audience;

/// So many days ahead showings are scheduled, today among them, unless the house file says otherwise …
pub(crate) const DAYS_AHEAD: u32 = 14;
/// … and so many at most: the programme is told for no more days at once.
pub(crate) const MOST_DAYS_AHEAD: u32 = 62;
/// Ids of scheduled showings are made from hall, day and time, so that scheduling twice makes one.
const SHOWINGS: Uuid = Uuid::from_u128(0x5b1f_4b64_6d1e_5f0a_9c52_7d5a_11e0_a110);

/// Whether a slot is played in the school holidays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holidays {
    #[default]
    Always,
    Never,
    Only,
}

/// One line of the weekly pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) weekdays: Vec<Weekday>,
    pub(crate) time: NaiveTime,
    pub(crate) title: String,
    pub(crate) minutes: u32,
    pub(crate) hall: String,
    pub(crate) layout: String,
    pub(crate) audience: Audience,
    pub(crate) holidays: Holidays,
    /// Doors open this long before the start.
    pub(crate) doors_minutes: u32,
    /// Late guests are let in this long after the start.
    #[serde(default)]
    pub(crate) last_entry_minutes: u32,
    pub(crate) numbered: bool,
    pub(crate) door_quota: u32,
    pub(crate) staff_quota: u32,
    #[serde(default)]
    pub(crate) school_quota: u32,
    /// Until when what is kept is kept.
    #[serde(default)]
    pub(crate) released: Released,
}

/// So many minutes before the start, what is left of the places that are kept is free for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Released {
    pub(crate) door: u32,
    pub(crate) staff: u32,
    pub(crate) school: u32,
    /// Places for wheelchair users and their companions; then only at the door.
    pub(crate) protected: u32,
}

impl Default for Released {
    /// Kept to the start; protected places until five minutes before.
    fn default() -> Self {
        Self { door: 0, staff: 0, school: 0, protected: 5 }
    }
}

/// Showings that go on sale together, as the house announces them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnnouncedRelease {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) first_day: NaiveDate,
    pub(crate) last_day: NaiveDate,
    /// Of these titles; empty: of all.
    pub(crate) titles: Vec<String>,
    pub(crate) on_sale_at: DateTime<Utc>,
}

/// A slot on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned<'a> {
    pub(crate) id: Uuid,
    pub(crate) slot: &'a Slot,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: DateTime<Utc>,
}

/// "2026-11-27 10:00" by the clock on the wall; None: no such time, or one that summer time skips.
pub(crate) fn wall_time(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok()?;
    Some(Berlin.from_local_datetime(&local).earliest()?.with_timezone(&Utc))
}

/// The showings of so many days from `now` on that have not begun.
pub(crate) fn plan<'a>(
    slots: &'a [Slot],
    holidays: &[(NaiveDate, NaiveDate)],
    days_ahead: u32,
    now: DateTime<Utc>,
) -> Vec<Planned<'a>> {
    let today = now.with_timezone(&Berlin).date_naive();
    let days = (0..days_ahead).filter_map(|ahead| today.checked_add_days(Days::new(ahead.into())));
    let mut planned: Vec<Planned<'a>> = days
        .flat_map(|day| slots.iter().filter_map(move |slot| on_day(slot, day, holidays)))
        .filter(|planned| planned.starts_at > now)
        .collect();
    planned.sort_by_key(|planned| planned.starts_at);
    planned
}

fn on_day<'a>(slot: &'a Slot, day: NaiveDate, holidays: &[(NaiveDate, NaiveDate)]) -> Option<Planned<'a>> {
    let in_holidays = holidays.iter().any(|(first, last)| (*first..=*last).contains(&day));
    let played = match slot.holidays {
        Holidays::Always => true,
        Holidays::Never => !in_holidays,
        Holidays::Only => in_holidays,
    };
    if !played || !slot.weekdays.contains(&day.weekday()) {
        return None;
    }
    // The hour that a change to summer time skips has no showing; the one it repeats is the first.
    let starts_at = Berlin.from_local_datetime(&day.and_time(slot.time)).earliest()?.with_timezone(&Utc);
    let name = format!("{} {day} {}", slot.hall, slot.time.format("%H:%M"));
    Some(Planned {
        id: Uuid::new_v5(&SHOWINGS, name.as_bytes()),
        slot,
        starts_at,
        ends_at: starts_at + TimeDelta::minutes(slot.minutes.into()),
        doors_at: starts_at - TimeDelta::minutes(slot.doors_minutes.into()),
        last_entry_at: starts_at + TimeDelta::minutes(slot.last_entry_minutes.into()),
    })
}
