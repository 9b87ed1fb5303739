//! Legs, slack and risk as tables, and what holds of them whatever happens.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use proptest::prelude::*;

use super::{
    ahead::{Lift, Way, Ways},
    legs::{CarParkLegs, Door, DoorCount, Estimate, Estimates, Leg, Standing, legs, needs_step_free, pace, sum},
    policy::Policy,
    risk::{Facts, Risk, Told, told, turn},
};
use crate::domain::{
    Money, Part, PartyLine, State, Suspension, Visit,
    missing::Whereabouts,
    samples::{at, visit},
};

fn takes() -> Estimates {
    Estimates {
        park: Estimate { time: TimeDelta::seconds(180), uncertainty: TimeDelta::seconds(60) },
        walk: Estimate { time: TimeDelta::minutes(6), uncertainty: TimeDelta::minutes(3) },
        desk: Estimate { time: TimeDelta::seconds(100), uncertainty: TimeDelta::seconds(50) },
        ..Estimates::of(&Policy::default(), pace(&[], None))
    }
}

fn booked_with_bay() -> Visit {
    let mut visit = visit(State::Confirmed);
    if let Some(bay) = &mut visit.bay {
        bay.part = Part::Confirmed;
    }
    visit
}

fn standing(whereabouts: Whereabouts, entered: Option<i64>, ahead: u32) -> Standing {
    Standing { whereabouts, seen_at: entered.map(at), arrives_at: None, ahead }
}

fn of(visit: &Visit, at_: Standing, now: i64) -> Vec<(&'static str, i64, i64)> {
    legs(visit, at_, &takes(), at(now))
        .iter()
        .map(|leg| (leg.kind, leg.time.num_seconds(), leg.uncertainty.num_seconds()))
        .collect()
}

#[test]
fn legs_are_what_is_still_to_go() {
    let booked = booked_with_bay();
    let (queue, seat) = (("queue", 10, 3), ("seat", 60, 30));
    for (where_, entered, now, expected) in [
        (Whereabouts::OnTheWay, None, 100, vec![("drive", 0, 0), ("park", 180, 60), ("walk", 360, 180), queue, seat]),
        (Whereabouts::Unknown, None, 100, vec![("drive", 0, 0), queue, seat]),
        (Whereabouts::CarPark, Some(100), 100, vec![("park", 180, 60), ("walk", 360, 180), queue, seat]),
        (Whereabouts::CarPark, Some(98), 100, vec![("park", 60, 20), ("walk", 360, 180), queue, seat]),
        (Whereabouts::CarPark, Some(95), 100, vec![("walk", 240, 120), queue, seat]),
        (Whereabouts::CarPark, Some(90), 100, vec![queue, seat]),
        (Whereabouts::CarPark, Some(101), 100, vec![("park", 180, 60), ("walk", 360, 180), queue, seat]),
        (Whereabouts::Foyer, Some(99), 100, vec![queue, seat]),
        (Whereabouts::PartlyIn, None, 100, vec![queue, seat]),
    ] {
        assert_eq!(of(&booked, standing(where_, entered, 0), now), expected, "{where_:?} {entered:?}");
    }
    assert!(!legs(&booked, standing(Whereabouts::Unknown, None, 0), &takes(), at(100))[0].is_known);
    assert_eq!(of(&booked, standing(Whereabouts::Foyer, None, 12), 100)[0], ("queue", 40, 33), "twelve or none before");
}

#[test]
fn the_drive_is_what_the_party_says_of_it_until_that_was_wrong() {
    let with_bay = booked_with_bay();
    let mut without = with_bay.clone();
    without.bay = None;
    let mut by_bicycle = with_bay.clone();
    by_bicycle.bay.as_mut().expect("a bay").class = "BAY_CLASS_BICYCLE".to_owned();
    // Minutes until they are here by their own word; a quarter of it, or three minutes, less or more.
    for (arrives, now, known, seconds, uncertainty) in [
        (140, 100, true, 2400, 600),
        (112, 100, true, 720, 180),
        (108, 100, true, 480, 180),
        (100, 100, true, 0, 180),
        (98, 100, true, 0, 180),
        (97, 100, true, 0, 180),
        (96, 100, false, 0, 0),
    ] {
        let told = Standing { arrives_at: Some(at(arrives)), ..standing(Whereabouts::OnTheWay, None, 0) };
        for (visit, kinds) in [
            (&with_bay, vec!["drive", "park", "walk", "queue", "seat"]),
            (&without, vec!["drive", "queue", "seat"]),
            (&by_bicycle, vec!["drive", "queue", "seat"]),
        ] {
            let legs = legs(visit, told, &takes(), at(now));
            assert_eq!(legs.iter().map(|leg| leg.kind).collect::<Vec<_>>(), kinds);
            let drive = (legs[0].is_known, legs[0].time.num_seconds(), legs[0].uncertainty.num_seconds());
            assert_eq!(drive, (known, seconds, uncertainty), "{arrives} {now}");
        }
    }
    // Whoever is here is not driving any more, whatever was said.
    let parked = Standing { arrives_at: Some(at(140)), ..standing(Whereabouts::CarPark, Some(100), 0) };
    assert_eq!(of(&with_bay, parked, 100)[0].0, "park");
}

#[test]
fn whose_bay_cannot_be_reached_walks_from_elsewhere_and_who_is_parked_does_not() {
    let mut booked = booked_with_bay();
    let alternatives = vec![("Spitze".to_owned(), 9), ("MMZ".to_owned(), 7)];
    booked.bay.as_mut().expect("a bay").suspension = Some(Suspension {
        closure: String::new(),
        since: None,
        state: "SITE_STATE_UNREACHABLE".to_owned(),
        reason: Text::default(),
        until: None,
        alternatives,
        lost: false,
        left: Vec::new(),
    });
    let walk = |where_, entered| {
        let told = of(&booked, standing(where_, entered, 0), 100);
        told.into_iter().find(|(kind, ..)| *kind == "walk").expect("a walk").1
    };
    assert_eq!(walk(Whereabouts::OnTheWay, None), 540, "the furthest of them");
    assert_eq!(walk(Whereabouts::CarPark, Some(100)), 360);
}

#[test]
fn the_desk_is_a_leg_only_for_who_must_go_there() {
    let mut due = booked_with_bay();
    due.money = Money::DueAtDesk;
    assert_eq!(of(&due, standing(Whereabouts::Foyer, None, 0), 100)[0], ("desk", 100, 50));
    assert_eq!(of(&due, standing(Whereabouts::PartlyIn, None, 0), 100)[0].0, "queue");
    due.money = Money::Paid;
    assert_eq!(of(&due, standing(Whereabouts::Foyer, None, 0), 100)[0].0, "queue");
}

#[test]
fn step_free_ways_take_longer() {
    let mut slow = booked_with_bay();
    let party = |need: &str| vec![PartyLine { tariff_class: "adult".to_owned(), count: 2, need: need.to_owned() }];
    for (need, walk, seat, step_free) in [
        ("NEED_WHEELCHAIR", 540, 90, true),
        ("NEED_STEP_FREE", 540, 90, true),
        ("NEED_GUIDE_DOG", 540, 90, false),
        ("NEED_HEARING_LOOP", 360, 60, false),
    ] {
        slow.party = party(need);
        let legs = of(&slow, standing(Whereabouts::CarPark, Some(97), 0), 100);
        assert_eq!((legs[0], legs[2].1), (("walk", walk, walk / 2), seat), "{need}");
        assert_eq!(needs_step_free(&slow), step_free, "{need}");
    }
}

#[test]
fn the_pace_is_that_of_the_busiest_minute_else_the_door_s_own() {
    let counts = |all: &[(i64, u32)]| -> Vec<DoorCount> {
        all.iter()
            .map(|(second, admitted)| DoorCount { at: at(0) + TimeDelta::seconds(*second), admitted: *admitted })
            .collect()
    };
    for (door, per_hour, seconds, is_measured) in [
        (vec![], None, 5, false),
        (vec![(0, 1), (60, 2), (120, 4)], None, 5, false),
        (vec![(0, 1), (60, 2), (120, 4)], Some(450), 8, true),
        (vec![], Some(0), 5, false),
        (vec![], Some(1), 20, true),
        (vec![(0, 0), (30, 3), (60, 6), (300, 7)], Some(100), 10, true),
        (vec![(0, 50), (10, 70), (20, 110)], None, 1, true),
        (vec![(0, 50), (60, 54)], None, 15, true),
    ] {
        let pace = pace(&counts(&door), per_hour);
        assert_eq!((pace.per_person.num_seconds(), pace.is_measured), (seconds, is_measured), "{door:?} {per_hour:?}");
    }
}

#[test]
fn the_door_s_own_word_of_its_queue_goes_before_a_pace() {
    let door = |people, per_hour, time, low, high| Door {
        people,
        per_hour,
        time: TimeDelta::seconds(time),
        low: TimeDelta::seconds(low),
        high: TimeDelta::seconds(high),
    };
    // Two people, twelve others here. Without the door: 5 s for each of six or so, and for each of the two.
    let as_now = (40, 33);
    for (told, expected) in [
        (None, as_now),
        // Sixty people at six a minute: 600 s, of which they take eight parts of sixty, and six of them may not be before.
        (Some(door(60, 360, 600, 450, 900)), (80, 40 + 60)),
        // The same, of which the door is surer below than above.
        (Some(door(60, 360, 600, 0, 630)), (80, 80 + 60)),
        // The last one usually comes in eighteen minutes: no queue, and no time that they stand there.
        (Some(door(60, 3600, 1080, 900, 1200)), as_now),
        // Fewer are to come than are here by what is known: they take no more than all of it.
        (Some(door(4, 360, 40, 30, 60)), (40, 20 + 40)),
        // Nobody stands there longer than until all are in; but a party takes what it takes.
        (Some(door(9, 3600, 30, 20, 35)), (35, 33)),
        (Some(door(0, 3600, 0, 0, 0)), (10, 10)),
        // A door that says nothing at all.
        (Some(door(9, 0, 3600, 0, 4000)), as_now),
    ] {
        let takes = Estimates { door: told, ..takes() };
        let queue = legs(&booked_with_bay(), standing(Whereabouts::Foyer, None, 12), &takes, at(100))[0];
        assert_eq!((queue.time.num_seconds(), queue.uncertainty.num_seconds()), expected, "{told:?}");
    }
}

#[test]
fn the_walk_is_as_sure_as_the_car_park_says() {
    let told = |walk_uncertainty_seconds| CarParkLegs {
        walk_minutes: 4,
        walk_uncertainty_seconds,
        park_seconds: 0,
        park_uncertainty_seconds: 0,
    };
    let takes = |told: CarParkLegs| Estimates { walk: told.walk(), ..takes() };
    for (uncertainty, entered, expected) in [
        (60, 97, vec![("walk", 240, 60)]),
        // Half of it is left, with half of what it may be out.
        (60, 95, vec![("walk", 120, 30)]),
        // Nobody says.
        (0, 97, vec![("walk", 240, 120)]),
    ] {
        let legs = legs(
            &booked_with_bay(),
            standing(Whereabouts::CarPark, Some(entered), 0),
            &takes(told(uncertainty)),
            at(100),
        );
        let walk: Vec<_> =
            legs[..1].iter().map(|it| (it.kind, it.time.num_seconds(), it.uncertainty.num_seconds())).collect();
        assert_eq!(walk, expected, "{uncertainty} {entered}");
    }
    assert_eq!(told(60).park(), None);
}

fn facts(is_known: bool, slack: i64, closes_in: i64) -> Facts {
    Facts {
        missing: 2,
        admitted: 0,
        is_known,
        slack: TimeDelta::seconds(slack),
        closes_in: TimeDelta::seconds(closes_in),
        runs: false,
    }
}

#[test]
fn a_party_turns_to_risk_and_back_with_a_gap_between() {
    let policy = Policy::default();
    let here = |slack| facts(true, slack, 1200);
    for (before, facts, after) in [
        (Risk::Unknown, here(600), Risk::InTime),
        (Risk::InTime, here(60), Risk::InTime),
        (Risk::InTime, here(59), Risk::Late),
        (Risk::Late, here(61), Risk::Late),
        (Risk::Late, here(239), Risk::Late),
        (Risk::Late, here(240), Risk::InTime),
        // Unseen: unknown until ten minutes before, whatever the best case is; at risk from then on.
        (Risk::Unknown, facts(false, 500, 601), Risk::Unknown),
        (Risk::Unknown, facts(false, 500, 600), Risk::Late),
        (Risk::Unknown, facts(false, 59, 900), Risk::Late),
        (Risk::Late, facts(false, 500, 700), Risk::Late),
        (Risk::Late, facts(false, 500, 781), Risk::Unknown),
        // Whoever was in the foyer and was not seen for an hour is unknown again.
        (Risk::InTime, facts(false, 500, 3000), Risk::Unknown),
        (Risk::Late, Facts { missing: 0, admitted: 2, ..here(-600) }, Risk::InTime),
        (Risk::Late, Facts { runs: true, ..here(600) }, Risk::Missed),
        (Risk::Unknown, Facts { runs: true, ..here(600) }, Risk::Missed),
        (Risk::InTime, Facts { runs: true, admitted: 1, missing: 1, ..here(600) }, Risk::InTime),
        (Risk::Missed, Facts { missing: 0, admitted: 2, runs: true, ..here(0) }, Risk::InTime),
        // The doors are held after all.
        (Risk::Missed, here(600), Risk::InTime),
    ] {
        assert_eq!(turn(before, &facts, &policy), after, "{before:?} {facts:?}");
    }
    for (before, after, said) in [
        (Risk::Unknown, Risk::Late, Some(Told::AtRisk)),
        (Risk::InTime, Risk::Missed, Some(Told::AtRisk)),
        (Risk::Late, Risk::Missed, None),
        (Risk::Late, Risk::Late, None),
        (Risk::Late, Risk::Unknown, Some(Told::Recovered)),
        (Risk::Missed, Risk::InTime, Some(Told::Recovered)),
        (Risk::Unknown, Risk::InTime, None),
    ] {
        assert_eq!(told(before, after), said, "{before:?} {after:?}");
    }
}

#[test]
fn a_policy_that_would_flap_is_refused() {
    assert_eq!(Policy::default().problem(), None);
    let flaps = Policy { recovered_seconds: 60, ..Policy::default() };
    assert_eq!(flaps.problem().map(|(key, _)| key), Some("recovered_seconds"));
}

fn text(de: &str) -> Text {
    Text::new(de, de)
}

fn ways(lift_works: bool) -> Ways {
    let way = |leg: &str, hall: &str, lift: &str| Way {
        leg: leg.to_owned(),
        hall: hall.to_owned(),
        to: text(leg),
        text: text("stairs"),
        step_free: if lift.is_empty() { Text::default() } else { text("lift") },
        lift: lift.to_owned(),
        minutes: 0,
    };
    let lift = Lift { id: "lift".to_owned(), is_working: lift_works, without: text("wait") };
    Ways { ways: vec![way("queue", "", ""), way("queue", "upstairs", "lift"), way("seat", "", "")], lifts: vec![lift] }
}

#[test]
fn each_stretch_says_where_how_and_by_when() {
    let leg = |kind, time, uncertainty| {
        let (time, uncertainty) = (TimeDelta::seconds(time), TimeDelta::seconds(uncertainty));
        Leg { kind, time, uncertainty, is_known: true }
    };
    let legs = [leg("walk", 300, 100), leg("queue", 60, 20), leg("seat", 60, 30)];
    let ahead = ways(true).ahead(&legs, "dome", false, Some(at(120)));
    let by: Vec<Option<DateTime<Utc>>> = ahead.iter().map(|it| it.be_there_by).collect();
    let before = |seconds| Some(at(120) - TimeDelta::seconds(seconds));
    assert_eq!(by, [before(60 + 20 + 60 + 30), before(60 + 30), before(0)]);
    assert_eq!((ahead[0].way.de.as_str(), ahead[1].way.de.as_str()), ("", "stairs"), "no way is in the house file");
    for (works, step_free, hall, way, blocked) in [
        (true, false, "upstairs", "stairs", false),
        (true, true, "upstairs", "lift", false),
        (false, true, "upstairs", "wait", true),
        (false, false, "upstairs", "stairs", false),
        (false, true, "dome", "stairs", false),
    ] {
        let queue = ways(works).ahead(&legs, hall, step_free, None).remove(1);
        assert_eq!((queue.way.de.as_str(), queue.is_blocked), (way, blocked), "{works} {step_free} {hall}");
        assert_eq!(queue.be_there_by, None);
    }
}

fn whereabouts() -> impl Strategy<Value = Whereabouts> {
    prop_oneof![
        Just(Whereabouts::PartlyIn),
        Just(Whereabouts::Foyer),
        Just(Whereabouts::CarPark),
        Just(Whereabouts::OnTheWay),
        Just(Whereabouts::Unknown)
    ]
}

proptest! {
    /// Whatever is known, no leg is negative, and nothing becomes longer by waiting.
    #[test]
    fn what_is_left_only_shrinks(
        where_ in whereabouts(), entered in 0_i64..100, now in 0_i64..200, later in 0_i64..60, ahead in 0_u32..200,
        arrives in prop::option::of(0_i64..300),
    ) {
        let booked = booked_with_bay();
        let told = Standing { arrives_at: arrives.map(at), ..standing(where_, Some(entered), ahead) };
        let left = |now| legs(&booked, told, &takes(), at(now));
        prop_assert!(left(now).iter().all(|leg| leg.time >= TimeDelta::zero() && leg.uncertainty >= TimeDelta::zero()));
        prop_assert!(sum(&left(now + later)).time <= sum(&left(now)).time);
    }

    /// A slack that trembles by less than the gap turns at most once, and never back.
    #[test]
    fn trembling_does_not_flap(base in -600_i64..1200, tremble in prop::collection::vec(0_i64..180, 1..60)) {
        let policy = Policy::default();
        let mut risk = Risk::Unknown;
        let mut turns = 0;
        for by in tremble {
            let next = turn(risk, &facts(true, base + by, 1200), &policy);
            turns += i32::from(told(risk, next).is_some());
            risk = next;
        }
        prop_assert!(turns <= 1, "{turns} turns");
    }

    /// More time never makes it worse.
    #[test]
    fn more_time_never_harms(slack in -600_i64..1200, closes in 0_i64..2400, more in 0_i64..1200, here: bool, was in 0_usize..4) {
        let policy = Policy::default();
        let before = Risk::ALL[was];
        let now = turn(before, &facts(here, slack, closes), &policy);
        let held = turn(before, &facts(here, slack + more, closes + more), &policy);
        prop_assert!(!held.wants_help() || now.wants_help(), "{now:?} {held:?}");
    }
}
