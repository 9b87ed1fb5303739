//! Tables and properties of the pure decisions.

mod accompanied;
mod near;
mod offers;
mod retaking;

use std::collections::HashSet;

use chrono::{DateTime, TimeZone};
use chrono_tz::Europe::Berlin;
use proptest::prelude::*;

use std::sync::Arc;

use super::{
    hall::{Hall, Misfit, Plan, Preference},
    schedule::*,
    *,
};

fn seat(row: i32, number: i32, features: &[&str]) -> Seat {
    let name = char::from(b'A' + u8::try_from(row).expect("a few rows")).to_string();
    Seat {
        label: format!("{name}{number}"),
        row: name,
        row_place: row,
        number,
        features: features.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Four rows of eight, the first step-free with room for dogs at its ends, and two wheelchair pairs.
fn hall() -> Vec<Seat> {
    let mut seats = Vec::new();
    for row in 0..4 {
        for number in 1..=8 {
            let features: &[&str] = match (row, number) {
                (0, 1 | 8) => &["step_free", "guide_dog"],
                (0, _) => &["step_free"],
                (2, _) => &["hearing_loop"],
                _ => &[],
            };
            seats.push(seat(row, number, features));
        }
    }
    for number in 1..=2 {
        for (label, feature) in [(format!("W{number}"), "wheelchair"), (format!("W{number}B"), "companion")] {
            let features = vec![feature.to_owned()];
            seats.push(Seat { label, row: "W".to_owned(), row_place: -1, number, features });
        }
    }
    seats
}

fn party(needs: &[Option<Need>]) -> Vec<Person> {
    needs.iter().map(|need| Person { class: "adult".to_owned(), need: *need }).collect()
}

fn labels(held: &[HeldSeat]) -> Vec<&str> {
    held.iter().map(|held| held.label.as_str()).collect()
}

/// A hall in which these places are taken.
fn with_taken(seats: Vec<Seat>, taken: &[&str]) -> Hall {
    let plan = Arc::new(Plan::new(seats));
    let mut hall = Hall::empty(plan.clone());
    for label in taken {
        hall.mark(plan.place(label).expect("of this hall"), true);
    }
    hall
}

fn best(taken: &[&str], party: &[Person], open: bool) -> Result<Vec<HeldSeat>, Misfit> {
    with_taken(hall(), taken).best(party, Preference::default(), open)
}

#[test]
fn a_party_sits_together_in_the_middle() {
    let given = best(&[], &party(&[None; 4]), false).expect("an empty hall");
    assert_eq!(labels(&given), ["D3", "D4", "D5", "D6"], "not where the loop is");
}

#[test]
fn no_single_place_is_left_over_if_it_can_be_helped() {
    // C1 and C2 are taken: three from C3 would leave nobody alone, three from C4 would leave C3 alone.
    let seats: Vec<Seat> = hall().into_iter().filter(|seat| seat.row == "C").collect();
    let given = with_taken(seats, &["C1", "C2"]).best(&party(&[None; 3]), Preference::default(), false).expect("room");
    assert_ne!(labels(&given)[0], "C4");
}

#[test]
fn needs_decide_the_place() {
    let given = best(&[], &party(&[Some(Need::GuideDog), None]), false).expect("room");
    assert!(given.iter().any(|held| held.need == Some(Need::GuideDog) && ["A1", "A8"].contains(&held.label.as_str())));
    let given = best(&[], &party(&[Some(Need::HearingLoop); 2]), false).expect("room");
    assert!(given.iter().all(|held| held.label.starts_with('C')));
    // A loop and a dog are in different rows: each gets what it needs all the same.
    let both = party(&[Some(Need::HearingLoop), Some(Need::GuideDog), None]);
    assert_eq!(best(&[], &both, false).expect("split").len(), 3);
}

/// The dome as the house file has it: rows by length, with the loop in two of those that are nearly the best.
#[test]
fn a_place_for_a_need_is_left_while_there_are_many_others() {
    let rows = [(10, "step_free"), (12, ""), (14, "hearing_loop"), (16, "hearing_loop"), (16, ""), (17, ""), (17, "")];
    let mut seats = Vec::new();
    for (row, (places, feature)) in (0..).zip(rows) {
        seats.extend((1..=places).map(|number| seat(row, number, &[feature])));
    }
    for need in [Need::HearingLoop, Need::StepFree] {
        for sizes in [&[1][..], &[2], &[2, 1, 3, 2, 2, 4]] {
            let mut hall = with_taken(seats.clone(), &[]);
            for size in sizes.iter().cycle() {
                let Ok(given) = hall.best(&party(&vec![None; *size]), Preference::default(), false) else { break };
                for held in given {
                    let at = hall.plan().place(&held.label).expect("of this hall");
                    hall.mark(at, true);
                }
                let free = (0..seats.len()).filter(|at| !hall.is_taken(*at)).count();
                assert!(free <= 8 || hall.free_for(need) > 0, "{need:?}, {sizes:?}: none of {free}");
            }
        }
    }
}

#[test]
fn wheelchair_places_come_with_their_companions_place() {
    let pair = party(&[Some(Need::Wheelchair), Some(Need::Companion)]);
    let given = best(&["W1"], &pair, false).expect("a pair");
    assert_eq!(labels(&given), ["W2", "W2B"]);
    let refused = best(&["W1", "W2B"], &pair, false);
    assert_eq!(refused, Err(Misfit::NeedNotFree(Need::Companion)));
    // Who comes alone takes the place whose companion's place is gone.
    let alone = best(&["W1B"], &party(&[Some(Need::Wheelchair)]), false).expect("alone");
    assert_eq!(labels(&alone), ["W1"]);
}

#[test]
fn protected_places_are_for_those_who_need_them() {
    let seats = hall();
    let all: Vec<&str> = seats.iter().filter(|s| s.place() == Place::General).map(|s| s.label.as_str()).collect();
    assert_eq!(best(&all, &party(&[None]), false), Err(Misfit::NotEnough(0)));
    assert!(best(&all, &party(&[None]), true).is_ok(), "shortly before the start, at the door");
    let chosen = |label: &str| with_taken(hall(), &[]).chosen(&party(&[None]), &[label.to_owned()], false);
    assert_eq!(chosen("W1"), Err(Misfit::NotForThem("W1".to_owned())));
    assert_eq!(chosen("Z9"), Err(Misfit::NoSuchSeat("Z9".to_owned())));
    // A companion's place goes only with its wheelchair place, not with another one.
    let pair = |seats: [&str; 2], open| {
        let seats = seats.map(str::to_owned);
        with_taken(hall(), &[]).chosen(&party(&[Some(Need::Wheelchair), Some(Need::Companion)]), &seats, open)
    };
    assert_eq!(labels(&pair(["W1", "W1B"], false).expect("a pair")), ["W1", "W1B"]);
    assert_eq!(pair(["W1", "W2B"], false), Err(Misfit::NotForThem("W2B".to_owned())));
    assert!(pair(["W1", "W2B"], true).is_ok(), "whoever stands at the door shortly before the start");
    assert_eq!(labels(&chosen("B2").expect("free")), ["B2"]);
}

/// The best window of a whole row without anything remembered, to compare with.
#[test]
fn what_is_remembered_of_a_row_is_what_a_fresh_look_finds() {
    let mut known = with_taken(hall(), &[]);
    let mut gone: Vec<String> = Vec::new();
    for size in [2, 1, 3, 2, 5, 1, 1, 2, 4, 1, 2] {
        let people = party(&vec![None; size]);
        let given = known.best(&people, Preference::default(), false);
        let taken: Vec<&str> = gone.iter().map(String::as_str).collect();
        assert_eq!(given, best(&taken, &people, false), "after {gone:?}");
        for held in given.into_iter().flatten() {
            known.mark(known.plan().place(&held.label).expect("of this hall"), true);
            gone.push(held.label);
        }
    }
    assert_eq!(gone.len(), 24, "everybody had a place");
}

proptest! {
    #[test]
    fn what_is_given_was_free_is_given_once_and_fits(
        gone in proptest::collection::hash_set(0_usize..36, 0..36),
        needs in proptest::collection::vec(proptest::option::of(0_usize..5), 1..12),
        open: bool,
    ) {
        let hall = hall();
        let gone: Vec<&str> = gone.into_iter().map(|at| hall[at].label.as_str()).collect();
        let people = party(&needs.iter().map(|need| need.map(|at| Need::ALL[at])).collect::<Vec<_>>());
        if let Ok(given) = best(&gone, &people, open) {
            prop_assert_eq!(given.len(), people.len());
            let distinct: HashSet<&str> = labels(&given).into_iter().collect();
            prop_assert_eq!(distinct.len(), given.len());
            for held in &given {
                prop_assert!(!gone.contains(&held.label.as_str()));
                let seat = hall.iter().find(|seat| seat.label == held.label).expect("of this hall");
                prop_assert!(held.need.is_none_or(|need| seat.has(need.name())));
                prop_assert!(open || held.need.is_some() || seat.place() == Place::General);
            }
        } else if people.iter().all(|person| person.need.is_none()) {
            let free = hall.iter().filter(|s| !gone.contains(&s.label.as_str()) && (open || s.place() == Place::General)).count();
            prop_assert!(free < people.len(), "refused although {free} places are free for {}", people.len());
        }
    }
}

proptest! {
    #[test]
    fn a_party_sits_side_by_side_where_so_many_are_free(
        gone in proptest::collection::hash_set(0_usize..36, 0..30),
        size in 1_usize..=8,
    ) {
        let hall = hall();
        let gone: Vec<&str> = gone.into_iter().map(|at| hall[at].label.as_str()).collect();
        let rows: Vec<Vec<&Seat>> = (0..4).map(|row| hall.iter().filter(|seat| seat.row_place == row).collect()).collect();
        let is_free = |seats: &[&Seat]| seats.iter().all(|seat| !gone.contains(&seat.label.as_str()));
        if rows.iter().any(|row| row.windows(size).any(is_free)) {
            let given = best(&gone, &party(&vec![None; size]), false).expect("there is room");
            let given: HashSet<&str> = labels(&given).into_iter().collect();
            let sits = |seats: &[&Seat]| seats.iter().all(|seat| given.contains(seat.label.as_str()));
            prop_assert!(rows.iter().any(|row| row.windows(size).any(sits)), "{:?} with {:?} taken", given, gone);
        }
    }
}

fn slot(time: &str) -> Slot {
    Slot {
        weekdays: vec![chrono::Weekday::Sat, chrono::Weekday::Sun],
        time: time.parse().expect("a time"),
        title: "t".to_owned(),
        minutes: 50,
        hall: "dome".to_owned(),
        layout: "dome-a".to_owned(),
        audience: Audience::Public,
        holidays: Holidays::Always,
        doors_minutes: 20,
        last_entry_minutes: 0,
        numbered: false,
        door_quota: 0,
        staff_quota: 0,
        school_quota: 0,
        released: Released::default(),
    }
}

#[test]
fn showings_keep_their_hour_when_summer_time_ends() {
    // The clocks go back on Sunday 25 October 2026.
    let slots = [slot("14:30:00")];
    let now = Berlin.with_ymd_and_hms(2026, 10, 20, 12, 0, 0).unwrap().with_timezone(&Utc);
    let planned = plan(&slots, &[], DAYS_AHEAD, now);
    let starts: Vec<String> =
        planned.iter().map(|p| p.starts_at.with_timezone(&Berlin).format("%d.%m. %H:%M %:z").to_string()).collect();
    assert_eq!(starts, ["24.10. 14:30 +02:00", "25.10. 14:30 +01:00", "31.10. 14:30 +01:00", "01.11. 14:30 +01:00"]);
    assert_eq!(planned[0].id, plan(&slots, &[], DAYS_AHEAD, now)[0].id, "the same id every time");
}

#[test]
fn holidays_decide() {
    let (first, last) =
        (NaiveDate::from_ymd_opt(2026, 10, 19).unwrap(), NaiveDate::from_ymd_opt(2026, 10, 30).unwrap());
    let now = Berlin.with_ymd_and_hms(2026, 10, 20, 12, 0, 0).unwrap().with_timezone(&Utc);
    let with = |holidays| plan(&[Slot { holidays, ..slot("14:30:00") }], &[(first, last)], DAYS_AHEAD, now).len();
    assert_eq!((with(Holidays::Always), with(Holidays::Never), with(Holidays::Only)), (4, 2, 2));
}

fn showing() -> Showing {
    let at = |minutes: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes);
    Showing {
        id: Uuid::nil(),
        title_id: String::new(),
        title: Text::default(),
        description: Text::default(),
        category: "public".to_owned(),
        hall: "dome".to_owned(),
        layout: "dome-a".to_owned(),
        starts_at: at(60),
        ends_at: at(110),
        doors_at: at(40),
        last_entry_at: at(60),
        scheduled_starts_at: at(60),
        state: ShowingState::OnSale,
        audience: Audience::Public,
        numbered: false,
        notice: Text::default(),
        capacity: 110,
        wheelchair_places: 4,
        door: Quota { places: 11, release: TimeDelta::zero() },
        staff: Quota { places: 5, release: TimeDelta::zero() },
        school: Quota { places: 0, release: TimeDelta::zero() },
        protected_release: TimeDelta::minutes(5),
        on_sale_at: None,
        release: None,
        revision: 1,
    }
}

#[test]
fn quotas_keep_places_for_door_and_staff() {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let of = |counts: Counts| Availability::of(&showing(), counts, now);
    let empty = of(Counts::default());
    assert_eq!((empty.free_online, empty.free_door, empty.reason), (86, 97, Reason::Free));
    let sold = |n: u32| Counts { sold: n, general: n, ..Counts::default() };
    assert_eq!(of(sold(80)).reason, Reason::Few);
    assert_eq!((of(sold(86)).free_online, of(sold(86)).free_door, of(sold(86)).reason), (0, 11, Reason::SoldOut));
    let held = Counts { held: 1, held_online: Held { places: 1, until: Some(now) }, ..sold(85) };
    let held = Counts { general: 86, ..held };
    assert_eq!(of(held).reason, Reason::AllHeld);
    // A wheelchair place or one of the door's that is held comes back to nobody online.
    let elsewhere = Counts { held: 1, wheelchair: 1, ..sold(86) };
    assert_eq!(of(elsewhere).reason, Reason::SoldOut);
    // Shortly before the start the door has whatever is left: kept places and protected ones.
    let late = Availability::of(
        &showing(),
        Counts { sold: 91, general: 90, wheelchair: 1, ..sold(0) },
        now + TimeDelta::minutes(55),
    );
    assert_eq!((late.free_online, late.free_door), (0, 19));
    // What the door has sold of its own quota takes nothing from the others.
    let door = Counts { sold: 11, general: 11, door: 11, ..Counts::default() };
    assert_eq!(of(door).free_online, 86);
}

#[test]
fn the_reason_says_the_most_important_thing() {
    let reason = |change: fn(&mut Showing), minutes: i64| {
        let mut showing = showing();
        change(&mut showing);
        Availability::of(&showing, Counts::default(), DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)).reason
    };
    assert_eq!(reason(|_| {}, 60), Reason::Past);
    assert_eq!(reason(|s| s.state = ShowingState::Cancelled, 60), Reason::Cancelled);
    assert_eq!(reason(|s| s.audience = Audience::School, 0), Reason::NotPublic);
}

fn tariff(id: &str, cents: i64, from: &str) -> Tariff {
    Tariff {
        id: id.to_owned(),
        category: "public".to_owned(),
        class: "adult".to_owned(),
        label: Text::default(),
        cents,
        tax_id: "t".to_owned(),
        tax_basis_points: 0,
        valid_from: from.parse().expect("a day"),
        only_with: OnlyWith::default(),
    }
}

#[test]
fn the_tariff_is_that_of_the_day() {
    let tariffs = [tariff("old", 750, "2023-03-30"), tariff("new", 850, "2026-01-01")];
    let on = |day: &str| tariffs_on(&tariffs, "public", day.parse().expect("a day"))[0].cents;
    assert_eq!((on("2025-12-31"), on("2026-01-01")), (750, 850));
    let line = |class: &str| PartyLine { class: class.to_owned(), count: 2, need: None };
    let current = tariffs_on(&tariffs, "public", "2026-06-01".parse().expect("a day"));
    let items = charge(&[line("adult"), line("adult")], &current).expect("known");
    assert_eq!((items.len(), items[0].quantity, items[0].tariff_id.as_str()), (1, 4, "new"));
    assert_eq!(charge(&[line("king")], &current), Err("king".to_owned()));
}
