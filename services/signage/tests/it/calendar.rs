//! The programme as a calendar of others, as it moves.

use kernel::values::{Text, timestamp};
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState},
    reservations::v1::{Audience, Availability, AvailabilityChanged, ShowingCancelled, ShowingScheduled},
};
use uuid::Uuid;

use crate::{open_formats::get, support::*};

/// The lines of an entry by its title, unfolded.
fn entry(calendar: &str, title: &str) -> Vec<String> {
    let whole = calendar.replace("\r\n ", "");
    let entries = whole.split("BEGIN:VEVENT\r\n").skip(1);
    let mut found = entries.filter(|it| it.lines().any(|line| line == format!("SUMMARY:{title}")));
    let one = found.next().unwrap_or_else(|| panic!("no {title} in {whole}"));
    assert!(found.next().is_none(), "{title} twice in {whole}");
    one.split("END:VEVENT").next().unwrap_or_default().lines().map(str::to_owned).collect()
}

fn value<'e>(entry: &'e [String], key: &str) -> &'e str {
    entry.iter().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key} in {entry:?}"))
}

#[tokio::test]
async fn the_programme_is_a_calendar_whose_entries_move_and_are_called_off() {
    let house = house().await;
    let calendar = async || get(&house, "/signage/programme.ics", &[]).await;
    let empty = calendar().await;
    assert_eq!((empty.status, empty.header("content-type")), (200, "text/calendar; charset=utf-8"));
    assert!(empty.text().starts_with("BEGIN:VCALENDAR") && !empty.text().contains("VEVENT"), "{}", empty.text());

    let showing = Uuid::from_u128(1);
    twice(&house, "reservations", &scheduled(showing, 120)).await;
    let first = calendar().await;
    let (tag, text) = (first.header("etag").to_owned(), first.text());
    assert!(text.contains("BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"), "the zone is said: {text}");
    let planned = entry(&text, "Sterne über Halle");
    assert_eq!(value(&planned, "DTSTART;TZID=Europe/Berlin:"), "20261128T140000", "as clocks in Halle show it");
    assert_eq!(value(&planned, "DTEND;TZID=Europe/Berlin:"), "20261128T150000");
    assert_eq!((value(&planned, "STATUS:"), value(&planned, "LOCATION:")), ("CONFIRMED", "Planetarium Halle (Saale)"));
    assert_eq!(get(&house, "/signage/programme.ics", &[("if-none-match", &tag)]).await.status, 304);

    // Neither a place that is sold nor the door moves an entry.
    let availability =
        Availability { free_door: 17, observed_at: Some(timestamp(minutes(1))), ..Availability::default() };
    let sold = AvailabilityChanged { showing_id: showing.to_string(), availability: Some(availability) };
    twice(&house, "reservations", &sold).await;
    let predicted_end_at = Some(timestamp(minutes(187)));
    let open = AdmissionMoved { predicted_end_at, ..moved(showing, AdmissionState::DoorsOpen, 2) };
    twice(&house, "flow", &open).await;
    assert_eq!(get(&house, "/signage/programme.ics", &[("if-none-match", &tag)]).await.status, 304, "nothing is new");

    house.clock.advance(chrono::TimeDelta::seconds(5));
    twice(&house, "reservations", &delayed(showing, 120, 15)).await;
    let moved =
        entry(&get(&house, "/signage/programme.ics", &[("if-none-match", &tag)]).await.text(), "Sterne über Halle");
    assert_eq!(value(&moved, "DTSTART;TZID=Europe/Berlin:"), "20261128T141500");
    assert_eq!(value(&moved, "DESCRIPTION:"), "Projektor");
    let sequence = |entry: &[String]| value(entry, "SEQUENCE:").parse::<u32>().expect("a number");
    assert!(sequence(&moved) > sequence(&planned) && value(&moved, "UID:") == value(&planned, "UID:"));

    house.clock.advance(chrono::TimeDelta::seconds(5));
    let off = ShowingCancelled { showing_id: showing.to_string(), ..Default::default() };
    twice(&house, "reservations", &off).await;
    let called_off = entry(&calendar().await.text(), "Sterne über Halle");
    assert_eq!(value(&called_off, "STATUS:"), "CANCELLED");
    assert!(sequence(&called_off) > sequence(&moved), "{called_off:?}");
    house.clock.advance(chrono::TimeDelta::hours(4));
    assert!(!calendar().await.text().contains("VEVENT"), "it is over");
}

#[tokio::test]
async fn a_closed_party_is_in_no_calendar() {
    let house = house().await;
    let tag = async || get(&house, "/signage/programme.ics", &[]).await.header("etag").to_owned();
    twice(&house, "reservations", &scheduled(Uuid::from_u128(1), 120)).await;
    let before = tag().await;
    // Its title names people, and so may the reason of its delay.
    let party = Uuid::from_u128(2);
    let closed = ShowingScheduled {
        title: Some(Text::new("Geburtstag von Kim", "Kim's birthday").to_proto()),
        audience: Audience::Private.into(),
        ..scheduled(party, 240)
    };
    twice(&house, "reservations", &closed).await;
    twice(&house, "reservations", &delayed(party, 240, 15)).await;
    assert_eq!(tag().await, before);
}
