//! Tables and properties of levels, sums, escape groups, replays and estimates.

use proptest::prelude::*;

use super::{
    super::replay::{self, Sample},
    *,
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

pub(crate) fn zone(id: &str, kind: Kind, parent: &str, count: u32) -> Zone {
    let mut zone = Zone {
        id: id.to_owned(),
        name: Text::new(format!("Der {id}"), format!("The {id}")),
        kind,
        parent: parent.to_owned(),
        capacity: 100,
        capacity_source: "permit".to_owned(),
        thresholds: Thresholds::default(),
        step_free: true,
        count: 0,
        level: Level::Green,
        quality: Quality::Live,
        observed_at: at(0),
        counted: false,
        sensors: Vec::new(),
        silent: false,
        queue: String::new(),
        filled_by: "hand".to_owned(),
        valid_until: None,
        hand_holds: TimeDelta::minutes(HAND_MINUTES.into()),
        by_hand_at: None,
        unsure: 0,
    };
    zone.set(count, Quality::Live, at(0));
    zone
}

fn house() -> Vec<Zone> {
    vec![
        zone("foyer", Kind::Room, "ground", 40),
        zone("dome", Kind::Room, "ground", 30),
        zone("room", Kind::Room, "upper", 20),
        zone("ground", Kind::Level, "house", 0),
        zone("upper", Kind::Level, "house", 0),
        zone("house", Kind::House, "", 0),
    ]
}

#[test]
fn storeys_and_the_house_have_the_sum_of_what_lies_in_them() {
    let mut zones = house();
    zones[1].set(30, Quality::Manual, at(-5));
    roll_up(&mut zones);
    let sums: Vec<(u32, Quality)> = zones[3..].iter().map(|zone| (zone.count, zone.quality)).collect();
    assert_eq!(sums, [(70, Quality::Manual), (20, Quality::Live), (90, Quality::Manual)]);
    assert_eq!(zones[5].observed_at, at(-5), "as old as its oldest part");
    assert_eq!(zones[5].level, Level::Amber);
}

#[test]
fn a_part_that_is_not_known_is_reckoned_with_at_its_most() {
    let mut zones = house();
    zones[0].quality = Quality::Degraded;
    roll_up(&mut zones);
    assert_eq!(zones[0].told(), None);
    assert_eq!((zones[3].count, zones[3].told()), (79 + 30, None), "GREEN of 100 means up to 79");
    assert_eq!(zones[3].level, Level::Stop, "conservative");
}

#[test]
fn zones_that_share_escape_routes_are_added_up() {
    let group = |zones: &[&str], limit| EscapeGroup {
        id: "exit".to_owned(),
        name: Text::default(),
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        limit,
        limit_source: String::new(),
        thresholds: Thresholds::default(),
        level: Level::Green,
        count: 0,
        quality: Quality::Live,
        observed_at: at(0),
        valid_until: None,
    };
    let zones = house();
    let mut of_a_storey = group(&["ground", "room"], 90);
    assert!(of_a_storey.add_up(&zones));
    assert_eq!(
        (of_a_storey.told(), of_a_storey.level),
        (Some(90), Level::Stop),
        "each room once, the storey not on top"
    );
    let mut twice = group(&["foyer", "ground"], 200);
    twice.add_up(&zones);
    assert_eq!(twice.count, 70, "a room that is named twice counts once");
}

#[test]
fn numbers_grow_old() {
    let mut by_hand = zone("cafe", Kind::Room, "", 10);
    by_hand.set(12, Quality::Manual, at(0));
    assert!(!by_hand.age(at(59)));
    assert!(by_hand.age(at(60)));
    assert_eq!((by_hand.quality, by_hand.told()), (Quality::Estimated, Some(12)));
    let mut beside_a_silent_counter = Zone { silent: true, ..zone("foyer", Kind::Room, "", 10) };
    beside_a_silent_counter.set(12, Quality::Manual, at(0));
    beside_a_silent_counter.add_on_count(-3, Quality::Estimated, at(40));
    assert_eq!((beside_a_silent_counter.quality, beside_a_silent_counter.told()), (Quality::Manual, Some(9)));
    assert_eq!(beside_a_silent_counter.observed_at, at(0));
    assert!(beside_a_silent_counter.age(at(60)), "a scan does not make it younger");
    assert_eq!((beside_a_silent_counter.quality, beside_a_silent_counter.told()), (Quality::Degraded, None));
    beside_a_silent_counter.add_on_count(1, Quality::Estimated, at(61));
    assert_eq!(beside_a_silent_counter.told(), None);
    let mut counted = zone("foyer", Kind::Room, "", 10);
    counted.valid_until = Some(at(3));
    assert!(counted.age(at(3)));
    assert_eq!(counted.told(), None, "never a number from a silent counter");
}

#[test]
fn nobody_is_less_than_nobody() {
    let mut zone = zone("foyer", Kind::Room, "", 3);
    assert_eq!(zone.below_nobody(-5), 2);
    zone.add(-5, Quality::Live, at(1));
    assert_eq!((zone.count, zone.below_nobody(0)), (0, 0));
}

#[test]
fn thresholds_that_cannot_be_are_refused() {
    let of = |amber: (u32, u32), red: (u32, u32), stop: (u32, u32)| {
        let one = |(rise, fall)| Threshold { rise, fall };
        Thresholds { amber: one(amber), red: one(red), stop: one(stop) }
    };
    assert_eq!(of((80, 75), (95, 90), (100, 95)).problem(), None);
    for wrong in [
        of((80, 81), (95, 90), (100, 95)),
        of((95, 75), (95, 90), (100, 95)),
        of((80, 75), (95, 74), (100, 95)),
        of((80, 75), (95, 90), (200, 95)),
        of((80, 0), (95, 90), (100, 95)),
    ] {
        assert!(wrong.problem().is_some(), "{wrong:?}");
    }
}

#[test]
fn a_day_is_played_against_other_thresholds() {
    let sample = |minutes, count, level| Sample { at: at(minutes), count, level, quality: Quality::Live };
    let samples = [
        sample(0, 10, Level::Green),
        sample(60, 96, Level::Red),
        sample(70, 100, Level::Stop),
        sample(80, 96, Level::Stop),
        sample(100, 20, Level::Green),
    ];
    let was = replay::as_it_was(&samples, at(120));
    assert_eq!((was.stops, was.time_in(Level::Stop)), (1, TimeDelta::minutes(30)));
    let (red, stop) = (Threshold { rise: 90, fall: 85 }, Threshold { rise: 96, fall: 96 });
    let tighter = Thresholds { red, stop, ..Thresholds::default() };
    let would = replay::with(&samples, 100, &tighter, at(120));
    assert_eq!((would.stops, would.time_in(Level::Stop)), (1, TimeDelta::minutes(40)));
    let same = replay::with(&samples, 100, &Thresholds::default(), at(120));
    assert_eq!(same, was, "the same thresholds give the same day");
}

proptest! {
    #[test]
    fn a_level_never_flickers(counts in prop::collection::vec(0_u32..150, 1..50)) {
        let thresholds = Thresholds::default();
        let mut level = Level::Green;
        for count in counts {
            let next = thresholds.level(count, 100, level);
            prop_assert_eq!(thresholds.level(count, 100, next), next, "the same count changes nothing");
            if next < level {
                prop_assert!(count < thresholds.of(level).fall);
            }
            prop_assert!(count <= thresholds.most(next, 100) || next == Level::Stop);
            level = next;
        }
    }
}
