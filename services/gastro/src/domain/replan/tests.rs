//! A whole day planned anew: nothing is given twice, nothing fires sooner than it can, the same input gives the same.

use std::{collections::BTreeMap, time::Instant};

use kernel::values::quarter;
use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600 + minutes * 60, 0).expect("in range")
}

fn need(hot: u32, bar: u32) -> Need {
    Need::from([("hot".to_owned(), hot), ("bar".to_owned(), bar)])
}

/// One person of a showing.
fn guests(showing: i64) -> Guests {
    Guests { showing: Some(Uuid::from_u128(showing.unsigned_abs().into())), people: 1 }
}

fn kitchen() -> Room {
    let hands = |capacity| Hands { capacity, ..Hands::default() };
    Room { stations: BTreeMap::from([("hot".to_owned(), hands(3600)), ("bar".to_owned(), hands(3600))]) }
}

/// Seven showings with a hundred meals each, placed as they were sold.
fn day(room: &mut Room) -> Vec<Meal> {
    let mut meals = Vec::new();
    for nth in 0..700_i64 {
        let starts = 60 + (nth % 7) * 90;
        let pickup = if nth % 5 == 0 { Pickup::Before } else { Pickup::After };
        let wish = Wish { pickup, starts_at: at(starts), ends_at: at(starts + 50), apart: None };
        let need = need(60 + u32::try_from(nth % 4).expect("small") * 30, 20);
        let (Placing::Fits(place) | Placing::Instead(Some(place))) = Placing::of(&wish, &need, at(0), room) else {
            continue;
        };
        room.change(&need, place.slot_at, u32::saturating_sub);
        meals.push(Meal {
            id: Uuid::from_u128(nth.unsigned_abs().into()),
            wish,
            need,
            guests: guests(nth % 7),
            pickup_at: place.pickup_at,
            slot_at: Some(place.slot_at),
            not_before: at(0),
            stays: false,
        });
    }
    meals
}

fn delayed(meals: &mut [Meal], minutes: i64) {
    for meal in meals {
        meal.wish.starts_at += TimeDelta::minutes(minutes);
        meal.wish.ends_at += TimeDelta::minutes(minutes);
    }
}

#[test]
fn a_delayed_day_is_planned_anew_within_capacity() {
    let mut room = kitchen();
    let mut meals = day(&mut room);
    assert!(meals.len() > 600, "{} meals", meals.len());
    delayed(&mut meals, 20);
    let (mut again, mut same) = (room.clone(), meals.clone());
    let begun = Instant::now();
    let planned = replan(&mut meals, &mut room, None, at(30));
    let took = begun.elapsed();
    // Without optimisation; load-tests measure it as it runs in the house.
    assert!(took.as_millis() < 500, "{took:?}");
    assert_eq!(planned, replan(&mut same, &mut again, None, at(30)), "the same input gives the same plan");

    let mut taken: BTreeMap<DateTime<Utc>, u32> = BTreeMap::new();
    for (meal, planned) in meals.iter().zip(&planned) {
        let place = planned.place.expect("there is room for all");
        *taken.entry(place.slot_at).or_default() += meal.need["hot"];
        assert!(place.pickup_at - planned.preparation >= at(30), "nothing has to begin in the past");
        if meal.wish.pickup == Pickup::After {
            assert!(place.pickup_at >= meal.wish.ends_at, "nobody is out yet");
        }
    }
    assert!(taken.values().all(|seconds| *seconds <= 3600), "{taken:?}");
    let left: u64 = room.stations["hot"].left.values().map(|left| u64::from(3600 - left)).sum();
    assert_eq!(left, taken.values().map(|it| u64::from(*it)).sum::<u64>(), "what is taken is what is left less");
}

#[test]
fn planning_again_without_news_moves_nobody() {
    let mut room = kitchen();
    let mut meals = day(&mut room);
    meals.retain(|meal| meal.wish.pickup == Pickup::After);
    let mut room = kitchen();
    for meal in &meals {
        room.change(&meal.need, meal.slot_at.expect("taken"), u32::saturating_sub);
    }
    let first = replan(&mut meals, &mut room, None, at(0));
    for (meal, planned) in meals.iter_mut().zip(&first) {
        let place = planned.place.expect("placed");
        (meal.pickup_at, meal.slot_at) = (place.pickup_at, Some(place.slot_at));
    }
    let second = replan(&mut meals, &mut room, None, at(0));
    let pickups =
        |plan: &[Planned]| -> BTreeMap<Uuid, Option<Place>> { plan.iter().map(|it| (it.id, it.place)).collect() };
    assert_eq!(pickups(&first), pickups(&second));
}

#[test]
fn a_meal_waits_for_its_station_and_one_without_any_time_keeps_its_pickup() {
    let mut room = kitchen();
    let wish = Wish { pickup: Pickup::After, starts_at: at(0), ends_at: at(50), apart: None };
    let meal = |not_before, hot| Meal {
        id: Uuid::nil(),
        wish,
        need: need(hot, 0),
        guests: guests(0),
        pickup_at: at(50),
        slot_at: None,
        not_before: at(not_before),
        stays: false,
    };
    let plan =
        |meal, room: &mut Room| replan(&mut [meal], room, None, at(0)).remove(0).place.map(|place| place.pickup_at);
    assert_eq!(plan(meal(0, 60), &mut room), Some(at(50)));
    assert_eq!(plan(meal(95, 60), &mut room), Some(at(95)), "the station is back only then");
    assert_eq!(plan(meal(0, 3601), &mut room), None);
}

#[test]
fn what_can_still_be_made_stays_where_it_is() {
    let mut room = kitchen();
    let wish = Wish { pickup: Pickup::After, starts_at: at(0), ends_at: at(50), apart: None };
    let meal = |pickup| Meal {
        id: Uuid::nil(),
        wish,
        need: need(60, 0),
        guests: guests(0),
        pickup_at: at(pickup),
        slot_at: Some(at(pickup)),
        not_before: at(0),
        stays: true,
    };
    let hot = room.stations.get_mut("hot").expect("there");
    hot.delay = 20 * 60;
    let at_75 = Some(Place { slot_at: at(75), pickup_at: at(75) });
    assert_eq!(
        replan(&mut [meal(75)], &mut room.clone(), None, at(40))[0].place,
        at_75,
        "later than it likes, but promised"
    );
    let moved = replan(&mut [meal(60)], &mut room, None, at(40))[0].place.expect("placed");
    assert_eq!(moved.pickup_at, at(65), "25 minutes from now");
}

#[test]
fn a_delayed_day_keeps_to_the_rules_of_ordering() {
    let mut room = kitchen();
    let mut wave = Wave::new(80, 30);
    let mut meals = day(&mut room);
    for meal in &meals {
        wave.take(meal.guests, &meal.need, quarter(meal.pickup_at));
    }
    delayed(&mut meals, 20);
    let begun = Instant::now();
    let planned = replan(&mut meals, &mut room, Some(&mut wave), at(30));
    let took = begun.elapsed();
    assert!(took.as_millis() < 500, "{took:?}");
    let mut people: BTreeMap<DateTime<Utc>, u32> = BTreeMap::new();
    for (meal, planned) in meals.iter().zip(&planned) {
        *people.entry(planned.place.expect("a place").slot_at).or_default() += meal.guests.people;
    }
    assert!(people.values().all(|there| *there <= 30), "spread: {people:?}");
    let mut counted = Wave::new(80, 30);
    for (meal, planned) in meals.iter().zip(&planned) {
        counted.take(meal.guests, &meal.need, planned.place.expect("a place").slot_at);
    }
    assert_eq!(wave, counted, "what the wave knows is what was planned");
}

proptest! {
    /// Whatever the meals, the stations and the rules: no station does more than it can, no meal is lost that would have a
    /// place without rules, and one that is against the rules has no quarter near its showing that is within them.
    #[test]
    fn rules_spread_the_guests_and_cost_nobody_a_meal(
        sizes in prop::collection::vec((0_i64..3, 1_u32..12, 20_u32..400, any::<bool>()), 1..60),
        capacity in 400_u32..1500,
        share in 10_u32..100,
        most in 4_u32..60,
        delay in 0_i64..40,
    ) {
        let hands = || Hands { capacity, ..Hands::default() };
        let empty = Room { stations: BTreeMap::from([("hot".to_owned(), hands()), ("bar".to_owned(), hands())]) };
        let mut meals: Vec<Meal> = sizes.iter().zip(0_u128..).map(|((showing, people, hot, before), nth)| Meal {
            id: Uuid::from_u128(nth),
            wish: Wish {
                pickup: if *before { Pickup::Before } else { Pickup::After },
                starts_at: at(120 + showing * 60 + delay),
                ends_at: at(170 + showing * 60 + delay),
                apart: None,
            },
            need: need(*hot, 10),
            guests: Guests { people: *people, ..guests(*showing) },
            pickup_at: at(170),
            slot_at: None,
            not_before: at(0),
            stays: false,
        }).collect();
        let (mut room, mut wave) = (empty.clone(), Wave::new(share, most));
        let planned = replan(&mut meals, &mut room, Some(&mut wave), at(0));
        prop_assert_eq!(planned.len(), meals.len());

        // The same once more, one after the other.
        let (mut there, mut seen) = (empty, Wave::new(share, most));
        for (meal, planned) in meals.iter().zip(&planned) {
            let soonest = (at(0) + planned.preparation).max(meal.not_before);
            let Some(place) = planned.place else {
                prop_assert_eq!(Placing::of(&meal.wish, &meal.need, soonest, &there), Placing::Instead(None));
                continue;
            };
            if !seen.allows(meal.guests, &meal.need, place.slot_at, &there) {
                let near = crate::domain::rules::quarters(&meal.wish, soonest);
                let allowed = near.iter().any(|(slot_at, _)| {
                    seen.allows(meal.guests, &meal.need, *slot_at, &there)
                        && meal.need.iter().all(|(station, seconds)| *seconds <= there.left(station, *slot_at))
                });
                prop_assert!(!allowed, "{:?} is at {:?}, and a quarter near it was within the rules", meal, place);
            }
            for (station, seconds) in &meal.need {
                prop_assert!(*seconds <= there.left(station, place.slot_at), "more than {} can do", station);
            }
            there.change(&meal.need, place.slot_at, u32::saturating_sub);
            seen.take(meal.guests, &meal.need, place.slot_at);
        }
        prop_assert_eq!(&seen, &wave);
    }
}
