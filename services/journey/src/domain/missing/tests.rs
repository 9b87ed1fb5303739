//! The desk's list as tables.

use super::{
    super::{
        State,
        samples::{at, visit},
    },
    *,
};
use crate::domain::{
    Part, PartyLine,
    clock::{
        legs::{Estimate, pace},
        policy::Policy,
        risk::turn,
    },
};

fn situation(now: i64) -> Situation {
    let walk = Estimate { time: TimeDelta::minutes(6), uncertainty: TimeDelta::minutes(3) };
    let takes = Estimates { walk, ..Estimates::of(&Policy::default(), pace(&[], None)) };
    Situation { now: at(now), door_closes_at: Some(at(120)), takes }
}

fn noted(visit: Visit, seen_at: Option<DateTime<Utc>>) -> Noted {
    Noted { visit, seen_at, arrives_at: None, risk: None }
}

fn booked() -> Visit {
    let mut visit = visit(State::Confirmed);
    visit.bay = None;
    visit
}

fn by_car() -> Visit {
    let mut visit = visit(State::Confirmed);
    if let Some(bay) = &mut visit.bay {
        bay.part = Part::Confirmed;
    }
    visit
}

fn only(visit: Visit, seen: Option<DateTime<Utc>>, now: i64) -> MissingParty {
    missing(&[noted(visit, seen)], &situation(now)).pop().expect("missing")
}

#[test]
fn where_they_are_is_what_was_seen_and_not_too_long_ago() {
    let unknown = (Whereabouts::Unknown, None);
    let of = |visit: &Visit, seen: Option<i64>, now| whereabouts(visit, seen.map(at), at(now));
    assert_eq!(of(&booked(), None, 100), unknown);
    assert_eq!(of(&by_car(), None, 100).0, Whereabouts::OnTheWay);
    let mut parked = by_car();
    parked.entered_at = Some(at(90));
    assert_eq!(of(&parked, None, 100), (Whereabouts::CarPark, Some(at(90))));
    assert_eq!(of(&parked, Some(95), 100), (Whereabouts::Foyer, Some(at(95))));
    assert_eq!(of(&parked, Some(30), 100).0, Whereabouts::CarPark, "seen in the foyer too long ago");
    parked.left_at = Some(at(97));
    assert_eq!(of(&parked, None, 100), unknown, "driven away");
    assert_eq!(of(&parked, Some(95), 100), unknown, "driven away after that");
    parked.admitted = 1;
    assert_eq!(of(&parked, None, 100).0, Whereabouts::PartlyIn);
}

#[test]
fn slack_is_what_the_remaining_legs_leave() {
    // Two people, five seconds each, and a minute to the seats.
    let nearby = only(booked(), Some(at(99)), 100);
    assert_eq!((nearby.slack, nearby.outlook), (TimeDelta::seconds(1200 - 10 - 60), Outlook::InTime));
    let coming = only(by_car(), None, 100);
    assert_eq!(
        (coming.slack, coming.outlook),
        (TimeDelta::seconds(1200 - 180 - 360 - 10 - 60), Outlook::Unknown),
        "the best case promises nothing"
    );
    let mut slow = by_car();
    (slow.entered_at, slow.party[0].need) = (Some(at(95)), "NEED_WHEELCHAIR".to_owned());
    assert_eq!(only(slow, None, 100).needs, ["NEED_WHEELCHAIR"]);
}

#[test]
fn the_outlook_turns_with_the_uncertainty() {
    let mut parked = by_car();
    parked.entered_at = Some(at(112));
    // Three minutes to park, six to walk, one to the seats, half of each uncertain: 10 min 10 s with 5 min 3 s.
    for (now, outlook) in [(112, Outlook::Close), (116, Outlook::Close)] {
        assert_eq!(only(parked.clone(), None, now).outlook, outlook, "at {now}");
    }
    parked.entered_at = Some(at(104));
    assert_eq!(only(parked.clone(), None, 104).outlook, Outlook::InTime);
    parked.entered_at = Some(at(119));
    assert_eq!(only(parked.clone(), None, 119).outlook, Outlook::TooLate);
    assert_eq!(only(by_car(), None, 119).outlook, Outlook::TooLate, "even the best case is too late");
    assert_eq!(only(parked, None, 119).outlook_with(TimeDelta::minutes(15)), Outlook::InTime);
    let mut unplanned = situation(100);
    unplanned.door_closes_at = None;
    assert_eq!(missing(&[noted(booked(), Some(at(99)))], &unplanned)[0].outlook, Outlook::Unknown);
}

#[test]
fn what_a_party_says_of_its_way_is_reckoned_with_until_it_is_seen_or_was_wrong() {
    let of = |visit: Visit, arrives: i64, now: i64| {
        let told = Noted { arrives_at: Some(at(arrives)), ..noted(visit, None) };
        let party = missing(&[told], &situation(now)).pop().expect("missing");
        (party.whereabouts, party.arrives_at.is_some(), party.slack.num_seconds(), party.outlook)
    };
    let coming = Whereabouts::OnTheWay;
    // Without a bay: 70 seconds from the door to the seats, the doors close at 120.
    assert_eq!(of(booked(), 110, 100), (coming, true, 600 - 70, Outlook::InTime));
    assert_eq!(of(booked(), 117, 100), (coming, true, 180 - 70, Outlook::Close));
    assert_eq!(of(booked(), 130, 100), (coming, true, -600 - 70, Outlook::TooLate));
    assert_eq!(of(booked(), 96, 100), (Whereabouts::Unknown, false, 1200 - 70, Outlook::Unknown), "it was wrong");
    // With one: three minutes into it and six to the door.
    assert_eq!(of(by_car(), 105, 100), (coming, true, 900 - 180 - 360 - 70, Outlook::Close));
    let mut parked = by_car();
    parked.entered_at = Some(at(100));
    assert_eq!(of(parked, 130, 100).0, Whereabouts::CarPark, "seen is better than said");
    let policy = Policy::default();
    let party = |arrives| {
        let told = Noted { arrives_at: Some(at(arrives)), ..noted(booked(), None) };
        missing(&[told], &situation(112)).pop().expect("missing").facts(TimeDelta::minutes(8), false)
    };
    assert_eq!(turn(Risk::Unknown, &party(116), &policy), Risk::InTime, "eight minutes before, but they are near");
    assert_eq!(turn(Risk::Unknown, &party(119), &policy), Risk::Late);
}

#[test]
fn the_least_time_comes_first_and_the_unknown_last() {
    let mut parked = by_car();
    (parked.id, parked.entered_at) = (Uuid::from_u128(7), Some(at(99)));
    let mut inside = booked();
    (inside.id, inside.admitted) = (Uuid::from_u128(8), 2);
    let nearby = booked();
    let mut nowhere = booked();
    nowhere.id = Uuid::from_u128(9);
    let list = missing(
        &[noted(nowhere, None), noted(nearby, Some(at(99))), noted(inside, None), noted(parked, None)],
        &situation(100),
    );
    let order: Vec<u128> = list.iter().map(|party| party.visit.as_u128()).collect();
    assert_eq!(order, [7, 1, 9]);
    let queue = list[1].legs[0];
    assert_eq!(
        (queue.time.num_seconds(), queue.uncertainty.num_seconds()),
        (5 + 10, 5 + 3),
        "none or both before them, then they themselves"
    );
}

#[test]
fn a_party_half_in_misses_the_other_half() {
    let mut school = booked();
    school.party = vec![PartyLine { tariff_class: "pupil".to_owned(), count: 28, need: String::new() }];
    school.admitted = 20;
    let party = only(school, None, 100);
    assert_eq!((party.missing(), party.whereabouts), (8, Whereabouts::PartlyIn));
    assert_eq!(party.legs[0].time, TimeDelta::seconds(40));
}
