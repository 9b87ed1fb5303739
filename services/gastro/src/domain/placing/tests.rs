//! Properties of placing: no second is given twice.

use super::*;
use proptest::prelude::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600 + minutes * 60, 0).expect("in range")
}

fn wish(pickup: Pickup) -> Wish {
    Wish { pickup, starts_at: at(120), ends_at: at(170), apart: None }
}

fn room(left: &[(i64, u32)]) -> Room {
    let left = left.iter().map(|(minutes, left)| (at(*minutes), *left)).collect();
    Room { stations: BTreeMap::from([("hot".to_owned(), Hands { capacity: 900, delay: 0, left })]) }
}

fn hands(capacity: u32, delay: u32) -> Room {
    let hands = Hands { capacity, delay, ..Hands::default() };
    Room { stations: BTreeMap::from([("hot".to_owned(), hands)]) }
}

fn hot(seconds: u32) -> Need {
    Need::from([("hot".to_owned(), seconds)])
}

#[test]
fn a_meal_before_leaves_time_to_eat_and_one_after_waits_for_the_end() {
    for (pickup, left, slot, pickup_at) in [
        (Pickup::Before, vec![], 90, 90),
        (Pickup::Before, vec![(90, 99)], 75, 75),
        (Pickup::After, vec![], 165, 170),
        (Pickup::After, vec![(165, 99)], 180, 180),
        (Pickup::After, vec![(165, 99), (180, 0)], 195, 195),
    ] {
        let placed = Placing::of(&wish(pickup), &hot(100), at(5), &room(&left));
        assert_eq!(placed, Placing::Fits(Place { slot_at: at(slot), pickup_at: at(pickup_at) }), "{left:?}");
    }
}

#[test]
fn a_quarter_that_was_chosen_comes_first_and_moves_with_its_showing() {
    for (pickup, chosen, left, slot) in [
        (Pickup::After, 195, vec![], 195),
        (Pickup::After, 207, vec![], 195),
        (Pickup::After, 195, vec![(195, 99)], 180),
        (Pickup::After, 210, vec![(210, 99), (195, 99)], 180),
        (Pickup::Before, 60, vec![], 60),
        (Pickup::Before, 60, vec![(60, 0)], 75),
    ] {
        let wish = wish(pickup).choosing(Some(at(chosen)));
        let Placing::Fits(place) = Placing::of(&wish, &hot(100), at(5), &room(&left)) else { panic!("{left:?}") };
        assert_eq!(place.slot_at, at(slot), "{left:?}");
    }
    let moved = Wish { starts_at: at(150), ends_at: at(200), ..wish(Pickup::After).choosing(Some(at(195))) };
    assert_eq!(moved.chosen(), Some(at(225)), "as long after the end as before");
}

#[test]
fn a_full_hour_names_the_nearest_that_would_fit() {
    let full = room(&[(165, 0), (180, 0), (195, 0), (210, 0), (225, 99)]);
    let placed = Placing::of(&wish(Pickup::After), &hot(100), at(5), &full);
    assert_eq!(placed, Placing::Instead(Some(Place { slot_at: at(240), pickup_at: at(240) })));
    // Too late to eat before: after the showing would fit.
    let placed = Placing::of(&wish(Pickup::Before), &hot(100), at(110), &room(&[]));
    assert_eq!(placed, Placing::Instead(Some(Place { slot_at: at(165), pickup_at: at(170) })));
    let nowhere = hands(50, 0);
    assert_eq!(Placing::of(&wish(Pickup::After), &hot(100), at(5), &nowhere), Placing::Instead(None));
    assert_eq!(nowhere.too_much_for(&hot(100)), Some("hot".to_owned()));
}

#[test]
fn more_hands_prepare_faster_but_nothing_at_once() {
    assert_eq!(preparation(&hot(60), &room(&[])), TimeDelta::minutes(5));
    assert_eq!(preparation(&hot(600), &room(&[])), TimeDelta::minutes(10));
    assert_eq!(preparation(&hot(1200), &hands(1800, 0)), TimeDelta::minutes(10));
}

#[test]
fn a_busy_station_takes_longer_and_offers_later() {
    assert_eq!(preparation(&hot(60), &hands(900, 600)), TimeDelta::minutes(15), "it begins ten minutes later");
    assert_eq!(preparation(&hot(600), &hands(900, 600)), TimeDelta::minutes(20));
    let first = |delay| free_slots(at(0), at(60), at(0), &hands(900, delay)).first().map(|(slot_at, _)| *slot_at);
    assert_eq!((first(0), first(600), first(1000)), (Some(at(0)), Some(at(15)), Some(at(30))));
}

proptest! {
    #[test]
    fn a_place_has_room_and_keeps_its_side_of_the_showing(
        before: bool,
        soonest in -200_i64..400,
        seconds in 1_u32..900,
        left in prop::collection::vec(0_u32..900, 40),
    ) {
        let pickup = if before { Pickup::Before } else { Pickup::After };
        let left: Vec<_> = (0_i64..).map(|nth| nth * 15 - 120).zip(left).collect();
        let room = room(&left);
        if let Placing::Fits(place) = Placing::of(&wish(pickup), &hot(seconds), at(soonest), &room) {
            prop_assert!(room.left("hot", place.slot_at) >= seconds);
            prop_assert!(place.pickup_at >= at(soonest));
            prop_assert!(place.slot_at <= place.pickup_at && place.pickup_at < place.slot_at + QUARTER);
            match pickup {
                Pickup::Before => prop_assert!(place.slot_at + QUARTER + TO_EAT <= at(120)),
                Pickup::After => prop_assert!(place.pickup_at >= at(170)),
            }
        }
    }
}
