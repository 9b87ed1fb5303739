//! A visit as a calendar file (RFC 5545). Times are in UTC, which every calendar shows in its own zone: no rules of
//! summer time need to travel along. The same UID and a rising SEQUENCE move what is there instead of adding to it.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use uuid::Uuid;

use crate::domain::{
    State,
    notices::letter::{Material, diary},
};

/// The file. It has no link and no code in it: calendars are shared.
pub(crate) fn of(material: &Material<'_>, now: DateTime<Utc>) -> String {
    let Material { visit, showing, .. } = *material;
    let is_off = matches!(
        visit.state,
        State::Holding | State::Refused | State::Expired | State::Cancelled | State::Refunding | State::Refunded
    );
    let diary = diary(material);
    let mut event = Event::new();
    event
        .uid(&format!("{}@visit.digital-sky", Uuid::new_v5(&visit.id, b"calendar")))
        .timestamp(now)
        .starts(showing.starts_at)
        .ends(showing.end())
        .summary(&diary.title)
        .location(&diary.place)
        .description(&diary.text)
        .sequence(u32::try_from(visit.revision).unwrap_or(u32::MAX))
        .status(if is_off { EventStatus::Cancelled } else { EventStatus::Confirmed });
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("PRODID", "-//Digital Sky//Visit//DE"));
    calendar.append_property(Property::new("METHOD", if is_off { "CANCEL" } else { "PUBLISH" }));
    calendar.push(event.done());
    calendar.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        notices::letter::HouseWords,
        samples::{at, meal, showing, visit},
    };

    fn file(visit: &crate::domain::Visit) -> String {
        let (showing, house) =
            (showing(), HouseWords { address: "Holzplatz 5; Halle, Saale".to_owned(), ..HouseWords::default() });
        let material = Material { visit, showing: &showing, house: &house, car_park: None, link: "https://secret" };
        of(&material, at(0)).replace("\r\n ", "")
    }

    #[test]
    fn a_change_moves_the_same_entry() {
        let mut booked = visit(State::Confirmed);
        booked.meal = Some(meal());
        let first = file(&booked);
        for line in [
            "METHOD:PUBLISH",
            "DTSTART:20261128T130000Z",
            "DTEND:20261128T140000Z",
            "SEQUENCE:1",
            "STATUS:CONFIRMED",
            "DTSTAMP:",
        ] {
            assert!(first.contains(line), "{line} in {first}");
        }
        booked.revision = 7;
        booked.state = State::Refunding;
        let off = file(&booked);
        assert!(
            off.contains("METHOD:CANCEL") && off.contains("STATUS:CANCELLED") && off.contains("SEQUENCE:7"),
            "{off}"
        );
        let uid = |file: &str| file.lines().find(|line| line.starts_with("UID:")).map(str::to_owned);
        assert_eq!(uid(&first), uid(&off));
        assert!(uid(&first).is_some_and(|uid| !uid.contains(&booked.id.to_string())));
    }

    #[test]
    fn nothing_in_it_opens_a_visit() {
        let file = file(&visit(State::Confirmed));
        assert!(
            !file.contains("secret") && !file.contains(&kernel::ticket_code::reference(Uuid::from_u128(1))),
            "{file}"
        );
    }

    #[test]
    fn texts_cannot_become_lines_of_their_own() {
        let mut booked = visit(State::Confirmed);
        booked.seats = vec![crate::domain::Seat {
            label: "A1\r\nATTENDEE:x".to_owned(),
            features: vec![],
            tariff_class: "adult".to_owned(),
            need: String::new(),
        }];
        let file = file(&booked);
        assert!(!file.lines().any(|line| line.starts_with("ATTENDEE")), "{file}");
        assert!(file.contains("Holzplatz 5\\; Halle\\, Saale"), "{file}");
    }
}
