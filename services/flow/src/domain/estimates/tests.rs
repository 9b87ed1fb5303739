//! Estimates as tables, against days that are played here, and what they promise whatever happens.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

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

#[test]
fn who_left_last_says_how_long_one_stays() {
    let minute = |n: i64, came: u32, gone: u32| Minute { at: at(n * 60), came, gone };
    // Ten at once; they leave after twenty to twenty-nine minutes, one a minute.
    let mut day = vec![minute(0, 10, 0)];
    day.extend((20..30).map(|n| minute(n, 0, 1)));
    assert_eq!(stays(0, &day), (20..30).map(|n| n * 60).collect::<Vec<u32>>());
    let wait = queue(0, &day, at(30 * 60)).expect("an estimate");
    assert_eq!((wait.seconds, wait.low, wait.high), (24 * 60 + 30, 20 * 60 - 30, 29 * 60 + 30));
    assert_eq!(queue(0, &day, at(60 * 60)), None, "nobody has left lately");
    assert_eq!(queue(0, &day[..4], at(24 * 60)), None, "three are no measure");
    // Who was there before nobody knows the coming of.
    assert_eq!(stays(10, &day), [] as [u32; 0]);
    assert_eq!(stays(4, &day).len(), 6);
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

prop_compose! {
    fn minutes()(counts in prop::collection::vec((0_u32..12, 0_u32..12), 1..180)) -> Vec<Minute> {
        counts.iter().zip(0_i64..).map(|((came, gone), n)| Minute { at: at(n * 60), came: *came, gone: *gone }).collect()
    }
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

    /// Little's law: what the stays sum up to is the area between the two curves, if it is empty at both ends.
    #[test]
    fn stays_are_the_area_between_the_curves(minutes in minutes()) {
        let (mut there, mut fair) = (0, Vec::new());
        for mut minute in minutes {
            minute.gone = minute.gone.min(there);
            there = there + minute.came - minute.gone;
            fair.push(minute);
        }
        fair.push(Minute { at: at(fair.len() as i64 * 60), came: 0, gone: there });
        let (mut there, mut area) = (0_u64, 0_u64);
        for minute in &fair {
            there = there + u64::from(minute.came) - u64::from(minute.gone);
            area += there * 60;
        }
        let sum: u64 = stays(0, &fair).iter().map(|stay| u64::from(*stay)).sum();
        prop_assert_eq!(sum, area);
        if let Some(wait) = queue(0, &fair, at(fair.len() as i64 * 60)) {
            prop_assert!(wait.low <= wait.seconds && wait.seconds <= wait.high);
        }
    }

    #[test]
    fn curves_that_cannot_be_are_borne(before in 0_u32..50, minutes in minutes()) {
        let came: u32 = minutes.iter().map(|minute| minute.came).sum();
        prop_assert!(stays(before, &minutes).len() as u32 <= came);
    }
}
