//! Where coaches stand, as a table, and that nobody is ever given a kerb that is taken.

use proptest::{collection::vec, prelude::*};

use super::{super::samples::right, *};
use crate::domain::RightState;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn stop(from: i64) -> Option<Window> {
    Some(Window { from: at(from), until: at(from + 10) })
}

fn kerb(places: u32) -> Kerb {
    Kerb { rules: Rules { places, ..Rules::NONE }, given: BTreeMap::new() }
}

/// A coach whose showing is from minute 60 to 120: its window is 0 to 180.
fn coach() -> Right {
    let window = Window { from: at(0), until: at(180) };
    let hour = Some(TimeDelta::minutes(60));
    Right { class: BayClass::Coach, window, given: window, lead: hour, stay: hour, ..right() }
}

#[test]
fn people_get_out_before_the_start_and_are_fetched_after_the_end() {
    assert_eq!(kerb(1).place(&coach()), Stops { set_down: stop(20), pick_up: stop(130) });
    assert_eq!(kerb(0).place(&coach()), Stops::default(), "a house without a kerb");
    assert_eq!(kerb(1).place(&Right { class: BayClass::Standard, ..coach() }), Stops::default(), "a car");
    let unknown = Right { lead: None, stay: None, ..coach() };
    assert_eq!(kerb(1).place(&unknown), Stops { set_down: stop(0), pick_up: stop(170) }, "no word of the showing yet");
}

#[test]
fn a_kerb_that_is_taken_is_had_earlier_then_later_then_not_at_all() {
    for (what, taken, set_down, pick_up) in [
        ("at the same time", vec![20, 130], stop(10), stop(140)),
        ("a part of it", vec![15], stop(5), stop(130)),
        ("everything before", vec![0, 10, 20], stop(30), stop(130)),
        ("until the start", vec![0, 10, 20, 30, 40], stop(50), stop(130)),
        ("all of it", vec![0, 10, 20, 30, 40, 50], None, stop(130)),
        ("all after", vec![130, 140, 150, 160, 170], stop(20), stop(120)),
        ("all after the end", vec![120, 130, 140, 150, 160, 170], stop(20), None),
    ] {
        let mut kerb = kerb(1);
        for from in taken {
            kerb.give(Stops { set_down: stop(from), pick_up: None });
        }
        assert_eq!(kerb.place(&coach()), Stops { set_down, pick_up }, "{what}");
    }
}

#[test]
fn who_is_in_has_got_out_and_is_fetched_with_the_later_end() {
    let planned = Right { stops: Stops { set_down: stop(15), pick_up: stop(130) }, ..coach() };
    let follow = |right: &Right| kerb(1).follow(right, Stops::kept(&planned, right));
    assert_eq!(follow(&planned), planned.stops, "nothing has moved");
    let waits = Right { window: Window { from: at(20), until: at(200) }, ..planned.clone() };
    assert_eq!(follow(&waits), Stops { set_down: stop(40), pick_up: stop(150) });
    let longer = Right { window: Window { from: at(0), until: at(200) }, ..planned.clone() };
    assert_eq!(follow(&longer), Stops { set_down: stop(15), pick_up: stop(150) }, "only the end is later");
    let inside = Right { entered_at: Some(at(18)), state: RightState::CheckedIn, ..longer };
    assert_eq!(follow(&inside), Stops { set_down: stop(15), pick_up: stop(150) });
}

#[test]
fn a_coach_that_is_early_lets_people_out_at_once_if_it_can() {
    let stops = Stops { set_down: stop(20), pick_up: stop(130) };
    for (what, minute, taken, expected) in [
        ("in time", 22, vec![], stop(20)),
        ("at the end of its time", 30, vec![], stop(30)),
        ("early, and the kerb is free", -7, vec![], stop(-10)),
        ("early, and free soon", 2, vec![0], stop(10)),
        ("early, and never free before", 2, vec![0, 10], stop(20)),
        ("late", 47, vec![], stop(45)),
        ("late, and free soon", 47, vec![40, 50], stop(60)),
        ("late, and taken for long", 47, vec![40, 50, 60, 70], None),
    ] {
        let mut kerb = kerb(1);
        for from in taken {
            kerb.give(Stops { set_down: stop(from), pick_up: None });
        }
        let arrived = kerb.arrived(&Right { stops, ..coach() }, at(minute) + TimeDelta::seconds(3));
        assert_eq!(arrived, Stops { set_down: expected, pick_up: stop(130) }, "{what}");
    }
}

proptest! {
    #[test]
    fn no_more_stand_at_the_kerb_than_there_is_room(
        places in 1_u32..4,
        coaches in vec((-200_i64..200, 0_i64..90, 30_i64..120, any::<bool>()), 1..40),
    ) {
        let mut kerb = kerb(places);
        let mut standing: Vec<Stops> = Vec::new();
        for (from, lead, long, leaves) in coaches {
            let window = Window { from: at(from), until: at(from + lead + long + 40) };
            let coach = Right {
                window,
                lead: Some(TimeDelta::minutes(lead)),
                stay: Some(TimeDelta::minutes(40)),
                ..coach()
            };
            let stops = kerb.place(&coach);
            for stop in [stops.set_down, stops.pick_up].into_iter().flatten() {
                prop_assert!(window.from <= stop.from && stop.until <= window.until, "{stop:?} in {window:?}");
            }
            kerb.give(stops);
            if leaves {
                kerb.take_back(stops);
            } else {
                standing.push(stops);
            }
            prop_assert!(kerb.given.values().all(|given| *given <= places));
        }
        for slot in (-240..400).map(|step| at(step * 5)) {
            let there = standing.iter().flat_map(|stops| [stops.set_down, stops.pick_up]).flatten();
            let there = there.filter(|stop| stop.from <= slot && slot < stop.until).count();
            prop_assert!(there <= usize::try_from(places).expect("few"));
        }
    }
}
