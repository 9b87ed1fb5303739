//! Estimates as tables, against days that are played here, and what they promise whatever happens.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

fn boarding(booked: u32, admitted: u32, served: u32, span: i64, last_in: i64) -> Boarding {
    Boarding {
        booked,
        admitted,
        away_permille: 0,
        served,
        span: TimeDelta::seconds(span),
        last_in: TimeDelta::seconds(last_in),
    }
}

#[test]
fn the_door_is_a_batch_and_waits_for_the_last() {
    assert_eq!(door(&boarding(110, 0, 4, 300, 0)), None, "four people are no rate");
    assert_eq!(door(&boarding(110, 0, 10, 30, 0)), None, "half a minute is no span");
    let batch = door(&boarding(110, 0, 60, 300, 0)).expect("an estimate");
    assert_eq!((batch.people, batch.seconds, batch.per_hour), (110, 550, 720), "110 at 12 a minute: 9.2 minutes");
    let trickle = door(&boarding(110, 0, 60, 300, 900)).expect("an estimate");
    assert_eq!(trickle.seconds, 900, "they come over a quarter of an hour, however fast the door is");
    assert_eq!(door(&boarding(60, 60, 60, 300, 900)).expect("an estimate").seconds, 0, "nobody is to come");
    let surer = door(&boarding(110, 0, 240, 1200, 0)).expect("an estimate");
    assert!(surer.spread < batch.spread, "more people, a surer pace");
    assert_eq!((still_to_come(100, 60, 50), still_to_come(100, 99, 50)), (35, 0));
    let minutes = |n: &[i64]| n.iter().map(|n| TimeDelta::minutes(*n)).collect::<Vec<_>>();
    assert_eq!(last_before_start(&minutes(&[9, 9])), TimeDelta::minutes(2), "two showings say nothing");
    assert_eq!(last_before_start(&minutes(&[9, -1, 4])), TimeDelta::minutes(4));
}

#[test]
fn a_band_is_what_held_before() {
    assert_eq!(Band::of(&[9_000; 59]), USUAL, "too few to know");
    let scores: Vec<i32> = (-500..=1_500).collect();
    assert_eq!(Band::of(&scores), Band { low: -420, high: 1_420 });
    assert_eq!(Band::of(&[700; 100]), Band { low: 0, high: 700 }, "always too short: the estimate is the lower end");
    let raw = Raw { people: 9, seconds: 100, spread: 60, per_hour: 600 };
    let wait = Band { low: -2_000, high: 500 }.around(&raw);
    assert_eq!((wait.low, wait.seconds, wait.high), (0, 100, 130));
    assert_eq!(score(100, 60, TimeDelta::seconds(130)), 500);
    assert_eq!(score(100, 10, TimeDelta::seconds(-50)), -3_333, "all in already, and no spread is less than 30 s");
}

/// A showing's parties: when each comes in, against the start, and how many are booked.
fn people_come(dice: &mut StdRng) -> (u32, Vec<(i64, u32)>) {
    let (mut booked, mut came) = (0, Vec::new());
    let wanted = dice.random_range(45..110);
    while booked < wanted {
        let party = dice.random_range(1..=2) + if dice.random_bool(0.35) { dice.random_range(1..=3) } else { 0 };
        booked += party;
        if dice.random_bool(0.95) {
            let there = -dice.random_range(6 * 60..32 * 60) + dice.random_range(0..120);
            came.push((there.max(-20 * 60) + dice.random_range(5..240), party));
        }
    }
    came.sort_unstable();
    (booked, came)
}

/// Plays showings one after the other, as the house would estimate them; of a hundred, how many truths were in the
/// band, and half of the errors were less than so many seconds.
fn played(seed: u64, showings: usize) -> (usize, i64) {
    let dice = &mut StdRng::seed_from_u64(seed);
    let (mut scores, mut lately, mut errors): (Vec<i32>, Vec<TimeDelta>, Vec<i64>) = Default::default();
    let (mut within, mut away, mut all) = (0, 0_u32, 0_u32);
    for _ in 0..showings {
        let (booked, came) = people_come(dice);
        let last = came.last().map_or(0, |(at, _)| *at);
        let usual = -last_before_start(&lately[lately.len().saturating_sub(20)..]).num_seconds();
        let band = Band::of(&scores[scores.len().saturating_sub(400)..]);
        for now in (-20 * 60..0).step_by(60) {
            let recent = || came.iter().filter(|(at, _)| *at <= now && *at > now - PACE.num_seconds());
            let Some((first, _)) = recent().next() else { continue };
            let raw = door(&Boarding {
                booked,
                admitted: came.iter().filter(|(at, _)| *at <= now).map(|(_, people)| people).sum(),
                away_permille: (away * 1000).checked_div(all).unwrap_or(0),
                served: recent().map(|(_, people)| people).sum(),
                span: TimeDelta::seconds(now - first),
                last_in: TimeDelta::seconds(usual - now),
            });
            let Some(raw) = raw else { continue };
            let (truth, wait) = (TimeDelta::seconds((last - now).max(0)), band.around(&raw));
            let off = truth.num_seconds();
            within += usize::from((i64::from(wait.low)..=i64::from(wait.high)).contains(&off));
            errors.push((off - i64::from(wait.seconds)).abs());
            scores.push(score(raw.seconds, raw.spread, truth));
        }
        lately.push(TimeDelta::seconds(-last));
        away += booked - came.iter().map(|(_, people)| people).sum::<u32>();
        all += booked;
    }
    errors.sort_unstable();
    (within * 100 / errors.len(), errors[errors.len() / 2])
}

#[test]
fn nine_of_ten_truths_lie_in_the_band() {
    let weeks: Vec<(usize, i64)> = (0..10).map(|seed| played(seed, 40)).collect();
    let within = weeks.iter().map(|(within, _)| within).sum::<usize>() / weeks.len();
    assert!((87..=95).contains(&within), "{within} of a hundred: {weeks:?}");
    assert!(weeks.iter().all(|(_, median)| *median <= 100), "off by a minute or so: {weeks:?}");
    // A house on its first day has nothing to learn from.
    let days: Vec<(usize, i64)> = (0..40).map(|seed| played(seed, 8)).collect();
    let within = days.iter().map(|(within, _)| within).sum::<usize>() / days.len();
    assert!((85..=97).contains(&within), "{within} of a hundred: {days:?}");
}

proptest! {
    #[test]
    fn a_wait_lies_in_its_band(
        booked in 0_u32..500, admitted in 0_u32..500, away in 0_u32..=1000, served in 0_u32..500,
        span in 0_i64..2_000, last_in in -4_000_i64..4_000, scores in prop::collection::vec(any::<i32>(), 0..200),
    ) {
        let it = Boarding { away_permille: away, ..boarding(booked, admitted, served, span, last_in) };
        if let Some(raw) = door(&it) {
            let wait = Band::of(&scores).around(&raw);
            prop_assert!(wait.low <= wait.seconds && wait.seconds <= wait.high, "{:?}", wait);
            prop_assert!(u64::from(wait.high) <= LONGEST.max(raw.seconds.into()));
            prop_assert!(raw.people > 0 || raw.seconds == 0);
        }
    }

    #[test]
    fn a_band_holds_most_of_what_it_was_made_of(scores in prop::collection::vec(-9_000_i32..9_000, 60..400)) {
        let band = Band::of(&scores);
        let held = scores.iter().filter(|score| (band.low..=band.high).contains(&i64::from(**score))).count();
        prop_assert!(held * 100 >= scores.len() * 90, "{} of {}", held, scores.len());
    }
}
