//! The programme as a calendar (RFC 5545) that others subscribe to: no person, no price, no closed party. The same UID and a
//! rising SEQUENCE move an entry instead of adding one; what is cancelled stays in it as cancelled until its time is over.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use icalendar::{Calendar, CalendarDateTime, Component, Event, EventLike, EventStatus, Property};

use crate::domain::Entry;

/// The media type of a calendar.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";
const ZONE: &str = "Europe/Berlin";
/// What the zone's name means, since 1996.
const ZONE_RULES: [&str; 16] = [
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "DTSTART:19960331T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "DTSTART:19961027T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
    "",
];
/// Seconds from 1970 to 2026: before that there was no word of any showing.
const FIRST_WORD: i64 = 1_767_225_600;

/// The showings of the house at `place`. Written again it is the same, as long as nothing new is told.
#[must_use]
pub fn programme(showings: &[Entry], place: &str) -> String {
    let local = |at: DateTime<Utc>| CalendarDateTime::WithTimezone {
        date_time: at.with_timezone(&Berlin).naive_local(),
        tzid: ZONE.to_owned(),
    };
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("PRODID", "-//Digital Sky//Programme//DE"));
    calendar.append_property(Property::new("METHOD", "PUBLISH"));
    for showing in showings {
        let mut event = Event::new();
        event
            .uid(&format!("{}@showing.digital-sky", showing.showing_id))
            .timestamp(showing.told_at)
            .starts(local(showing.starts_at))
            .ends(local(showing.ends_at))
            .summary(&showing.title.de)
            .location(place)
            // Whoever told something later has the higher number.
            .sequence(u32::try_from(showing.told_at.timestamp() - FIRST_WORD).unwrap_or(0))
            .status(if showing.cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed });
        if let Some(notice) = &showing.notice {
            event.description(&notice.de);
        }
        calendar.push(event.done());
    }
    let written = calendar.to_string();
    // A name of a zone needs its rules beside it.
    let end = written.find("BEGIN:VEVENT").or_else(|| written.find("END:VCALENDAR")).unwrap_or(written.len());
    format!("{}{}{}", &written[..end], ZONE_RULES.join("\r\n"), &written[end..])
}
