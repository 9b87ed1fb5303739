//! Delays run through the hall's day.

use proptest::prelude::*;

use super::{
    super::{
        State,
        clock::{
            legs::{Estimate, Estimates, pace},
            policy::Policy,
        },
        missing::{Noted, Situation, missing},
        samples::{at, visit},
    },
    *,
};
use crate::domain::{Meal, samples};

/// What the hall needs between two showings.
const USUAL: TimeDelta = TimeDelta::minutes(15);

fn hall(showings: &[(i64, i64)]) -> Vec<InHall> {
    let showing = |(place, (start, end)): (usize, &(i64, i64))| InHall {
        id: Uuid::from_u128(place as u128 + 1),
        starts_at: at(*start),
        ends_at: at(*end),
        scheduled_starts_at: at(*start),
    };
    showings.iter().enumerate().map(showing).collect()
}

/// Showings of these lengths, each with the gap after it.
fn one_after_the_other(lengths: &[(i64, i64)]) -> Vec<InHall> {
    let mut clock = 0;
    let times = lengths.iter().map(|(length, gap)| {
        let start = clock;
        clock = start + length + gap;
        (start, start + length)
    });
    hall(&times.collect::<Vec<_>>())
}

fn run(day: &[(i64, i64)], delay: i64) -> Vec<(i64, i64, Clash)> {
    let day = hall(day);
    cascade(day[0], &day[1..], TimeDelta::minutes(delay), USUAL)
        .into_iter()
        .map(|follower| (follower.shift.num_minutes(), follower.gap.num_minutes(), follower.clash))
        .collect()
}

#[test]
fn gaps_take_a_delay_up() {
    use Clash::{None, Overlap, ShortTurnover};
    // 30 minutes between them, 15 of which are the turnover.
    let roomy = [(0, 60), (90, 150), (180, 240), (270, 330)];
    assert_eq!(run(&roomy, 10), [(0, 20, None)]);
    assert_eq!(run(&roomy, 15), [(0, 15, None)]);
    assert_eq!(run(&roomy, 25), [(10, 5, ShortTurnover), (0, 20, None)]);
    assert_eq!(run(&roomy, 40), [(25, -10, Overlap), (10, 5, ShortTurnover), (0, 20, None)]);
    // The busy grid: nothing to spare, and a gap shorter than the turnover.
    assert_eq!(run(&[(0, 60), (75, 135), (150, 210)], 5), [(5, 10, ShortTurnover), (5, 10, ShortTurnover)]);
    assert_eq!(run(&[(0, 60), (70, 130), (300, 360)], 5), [(5, 5, ShortTurnover), (0, 165, None)]);
    // Planned over each other by hand: what is wrong stays as wrong as it was.
    assert_eq!(run(&[(0, 60), (50, 110), (300, 360)], 5), [(5, -15, Overlap), (0, 185, None)]);
    assert_eq!(run(&[(0, 60)], 30), []);
}

#[test]
fn seconds_become_a_whole_minute() {
    let mut day = hall(&[(0, 60), (75, 135)]);
    day[0].ends_at += TimeDelta::seconds(20);
    assert_eq!(
        cascade(day[0], &day[1..], TimeDelta::minutes(1), USUAL)[0].shift,
        TimeDelta::minutes(1),
        "the gap was short before"
    );
    day[1].starts_at += TimeDelta::minutes(1);
    assert_eq!(
        cascade(day[0], &day[1..], TimeDelta::minutes(1), USUAL)[0].shift,
        TimeDelta::minutes(1),
        "20 s more than it has"
    );
}

#[test]
fn meals_and_bays_go_along() {
    let mut late = visit(State::Confirmed);
    late.meal = Some(Meal { number: 12, pickup_at: at(190), ..samples::meal() });
    late.bay.as_mut().expect("a bay").part = Part::Confirmed;
    let mut cooking = late.clone();
    cooking.meal.as_mut().expect("a meal").kitchen = Kitchen::Preparing;
    cooking.left_at = Some(at(50));
    let mut knock = Knock::default();
    knock.add(&[late, cooking], TimeDelta::minutes(10));
    assert_eq!(knock.meals, [MovedMeal { number: 12, pickup_at: at(190), then_at: at(200) }]);
    assert_eq!((knock.bays, knock.last_bay_until), (1, Some(at(250))));
}

#[test]
fn who_makes_it_then() {
    let mut parked = visit(State::Confirmed);
    (parked.bay, parked.entered_at) = (None, Some(at(119)));
    let mut nowhere = visit(State::Confirmed);
    (nowhere.bay, nowhere.id) = (None, Uuid::from_u128(9));
    let walk = Estimate { time: TimeDelta::minutes(6), uncertainty: TimeDelta::minutes(3) };
    let takes = Estimates { walk, ..Estimates::of(&Policy::default(), pace(&[], None)) };
    let at_the_door = Situation { now: at(119), door_closes_at: Some(at(120)), takes };
    let noted = |visit| Noted { visit, seen_at: None, arrives_at: None, risk: None };
    let parties = missing(&[noted(parked), noted(nowhere)], &at_the_door);
    let all = |in_time, close| Makes { in_time, close, unknown: 2 };
    assert_eq!(makes(&parties, TimeDelta::zero()), all(0, 0));
    assert_eq!(makes(&parties, TimeDelta::minutes(5)), all(0, 2));
    assert_eq!(makes(&parties, TimeDelta::minutes(15)), all(2, 0));
}

/// The day after a delay with all that followed from it.
fn moved(day: &[InHall], delay: i64) -> Vec<InHall> {
    let delay = TimeDelta::minutes(delay);
    let shifts = cascade(day[0], &day[1..], delay, USUAL).into_iter().map(|follower| follower.shift);
    let shifts = [delay].into_iter().chain(shifts).chain(std::iter::repeat(TimeDelta::zero()));
    let by = |(showing, shift): (&InHall, TimeDelta)| InHall {
        starts_at: showing.starts_at + shift,
        ends_at: showing.ends_at + shift,
        ..*showing
    };
    day.iter().zip(shifts).map(by).collect()
}

#[test]
fn what_was_late_for_a_reason_of_its_own_stays_late() {
    let mut day = hall(&[(0, 50), (70, 120), (140, 190)]);
    // The first is 10 minutes late, which the gap takes up all but 5 of; the second is 20 late for itself.
    for (showing, late) in day.iter_mut().zip([10, 20, 0]) {
        showing.starts_at += TimeDelta::minutes(late);
        showing.ends_at += TimeDelta::minutes(late);
    }
    let back: Vec<i64> = cascade(day[0], &day[1..], TimeDelta::minutes(-10), USUAL)
        .iter()
        .map(|follower| follower.shift.num_minutes())
        .collect();
    assert_eq!(back, [-10, 0], "no further than the one before it, and nothing before it was planned");
}

proptest! {
    /// Taken back, a delay leaves nothing behind; shortened, no showing begins before it was planned or too near the one
    /// before it.
    #[test]
    fn a_delay_can_be_taken_back(
        lengths in proptest::collection::vec((20_i64..90, -5_i64..60), 1..9),
        delay in 1_i64..=240,
        part in 1_i64..=240,
    ) {
        let planned = one_after_the_other(&lengths);
        let late = moved(&planned, delay);
        prop_assert_eq!(&moved(&late, -delay), &planned);
        let shortened = moved(&late, -part.min(delay));
        for (pair, before) in shortened.windows(2).zip(planned.windows(2)) {
            prop_assert!(pair[1].starts_at >= pair[1].scheduled_starts_at);
            let gap = before[1].starts_at - before[0].ends_at;
            prop_assert!(pair[1].starts_at - pair[0].ends_at >= gap.min(USUAL));
        }
    }

    /// Whatever the day looks like: after everything has moved no gap is smaller than it must be, nobody moves
    /// more than the one before, nobody moves further than needed, and the last reached is not moved unless it
    /// is the day's last.
    #[test]
    fn a_delay_only_ever_shrinks(
        lengths in proptest::collection::vec((20_i64..90, -5_i64..60), 1..9),
        delay in 1_i64..=240,
    ) {
        let day = one_after_the_other(&lengths);
        let reached = cascade(day[0], &day[1..], TimeDelta::minutes(delay), USUAL);
        let (mut before, mut shift) = (day[0], TimeDelta::minutes(delay));
        for (follower, planned) in reached.iter().zip(&day[1..]) {
            prop_assert_eq!(follower.showing, *planned);
            let was = planned.starts_at - before.ends_at;
            let becomes = was - shift + follower.shift;
            prop_assert!(becomes >= was.min(USUAL), "{} after {}", becomes, was);
            prop_assert!(follower.shift <= shift);
            prop_assert_eq!(follower.shift.is_zero(), follower.clash == Clash::None);
            if follower.shift > TimeDelta::zero() {
                prop_assert_eq!(becomes, was.min(USUAL), "not a minute more than needed");
            }
            (before, shift) = (*planned, follower.shift);
        }
        let untouched = reached.last().is_none_or(|last| last.shift.is_zero());
        prop_assert!(untouched || reached.len() == day.len() - 1);
    }
}
