//! The desk's list as tables.

use super::{
    super::{
        State,
        samples::{at, visit},
    },
    *,
};
use crate::domain::PartyLine;

const WALK: TimeDelta = TimeDelta::minutes(6);

fn situation(now: i64) -> Situation {
    Situation { now: at(now), door_closes_at: Some(at(120)), walk: WALK, pace: pace(&[]) }
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
    missing(&[(visit, seen)], &situation(now)).pop().expect("missing")
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
    let minutes =
        |party: &MissingParty| party.legs.iter().map(|leg| (leg.kind, leg.time.num_seconds())).collect::<Vec<_>>();
    // Two people, five seconds each.
    let nearby = only(booked(), Some(at(99)), 100);
    assert_eq!(minutes(&nearby), [("queue", 0), ("scan", 10)]);
    assert_eq!((nearby.slack, nearby.outlook), (TimeDelta::seconds(1190), Outlook::InTime));
    let coming = only(by_car(), None, 100);
    assert_eq!(minutes(&coming), [("drive_in", 180), ("walk", 360), ("queue", 0), ("scan", 10)]);
    assert_eq!(
        (coming.slack, coming.outlook),
        (TimeDelta::seconds(650), Outlook::Unknown),
        "the best case promises nothing"
    );
    let mut parked = by_car();
    parked.entered_at = Some(at(95));
    assert_eq!(
        minutes(&only(parked.clone(), None, 100)),
        [("walk", 240), ("queue", 0), ("scan", 10)],
        "two minutes walked"
    );
    assert_eq!(minutes(&only(parked.clone(), None, 110)), [("queue", 0), ("scan", 10)], "they should be there");
    parked.party[0].need = "NEED_WHEELCHAIR".to_owned();
    let slow = only(parked, None, 100);
    assert_eq!(minutes(&slow)[0], ("walk", 420), "over the lift");
    assert_eq!(slow.needs, ["NEED_WHEELCHAIR"]);
}

#[test]
fn the_outlook_turns_with_the_uncertainty() {
    let mut parked = by_car();
    parked.entered_at = Some(at(112));
    // Three minutes to park and six to walk, half of each uncertain: 9 min 10 s with 4 min 33 s.
    for (now, outlook) in [(112, Outlook::Close), (116, Outlook::Close)] {
        assert_eq!(only(parked.clone(), None, now).outlook, outlook, "at {now}");
    }
    parked.entered_at = Some(at(105));
    assert_eq!(only(parked.clone(), None, 105).outlook, Outlook::InTime);
    parked.entered_at = Some(at(119));
    assert_eq!(only(parked.clone(), None, 119).outlook, Outlook::TooLate);
    assert_eq!(only(by_car(), None, 119).outlook, Outlook::TooLate, "even the best case is too late");
    assert_eq!(only(parked, None, 119).outlook_with(TimeDelta::minutes(15)), Outlook::InTime);
    let mut unplanned = situation(100);
    unplanned.door_closes_at = None;
    assert_eq!(missing(&[(booked(), Some(at(99)))], &unplanned)[0].outlook, Outlook::Unknown);
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
    let list = missing(&[(nowhere, None), (nearby, Some(at(99))), (inside, None), (parked, None)], &situation(100));
    let order: Vec<u128> = list.iter().map(|party| party.visit.as_u128()).collect();
    assert_eq!(order, [7, 1, 9]);
    let queue = list[1].legs[0];
    assert_eq!(
        (queue.time, queue.uncertainty),
        (TimeDelta::seconds(5), TimeDelta::seconds(5)),
        "none or both before them"
    );
}

#[test]
fn a_party_half_in_misses_the_other_half() {
    let mut school = booked();
    school.party = vec![PartyLine { tariff_class: "pupil".to_owned(), count: 28, need: String::new() }];
    school.admitted = 20;
    let party = only(school, None, 100);
    assert_eq!((party.missing(), party.whereabouts), (8, Whereabouts::PartlyIn));
    assert_eq!(party.legs[1].time, TimeDelta::seconds(40));
}

#[test]
fn the_pace_is_that_of_the_busiest_minute() {
    let counts = |all: &[(i64, u32)]| -> Vec<DoorCount> {
        all.iter()
            .map(|(second, admitted)| DoorCount { at: at(0) + TimeDelta::seconds(*second), admitted: *admitted })
            .collect()
    };
    for (door, seconds, is_measured) in [
        (vec![], 5, false),
        (vec![(0, 1), (60, 2), (120, 4)], 5, false),
        (vec![(0, 0), (30, 3), (60, 6), (300, 7)], 10, true),
        (vec![(0, 50), (10, 70), (20, 110)], 1, true),
        (vec![(0, 50), (60, 54)], 15, true),
    ] {
        let pace = pace(&counts(&door));
        assert_eq!((pace.per_person.num_seconds(), pace.is_measured), (seconds, is_measured), "{door:?}");
    }
}
