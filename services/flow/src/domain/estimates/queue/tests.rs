//! Stays as tables, against cafés that are played here, and what they promise whatever was counted.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn minute(n: i64, came: u32, gone: u32) -> Minute {
    Minute { at: at(n * 60), came, gone }
}

/// Seen all the time.
fn queue(leaving: Leaving, before: u32, minutes: &[Minute], now: DateTime<Utc>) -> Option<Wait> {
    let span = Span { from: None, until: now, before, minutes: minutes.to_vec() };
    super::queue(leaving, &[span], now)
}

const BOTH: [Leaving; 2] = [Leaving::InOrder, Leaving::AsTheyLike];

#[test]
fn who_left_says_how_long_one_stays() {
    // Ten at once; they leave after twenty to twenty-nine minutes, one a minute.
    let mut day = vec![minute(0, 10, 0)];
    day.extend((20..30).map(|n| minute(n, 0, 1)));
    assert_eq!(in_order(0, &day, at(30 * 60)), ((20..30).map(|n| n * 60).collect::<Vec<u32>>(), Vec::new()));
    for leaving in BOTH {
        let wait = queue(leaving, 0, &day, at(30 * 60)).expect("an estimate");
        assert_eq!((wait.seconds, wait.low, wait.high), (24 * 60 + 30, 20 * 60 - 30, 29 * 60 + 30), "{leaving:?}");
        assert_eq!(queue(leaving, 0, &day, at(60 * 60)), None, "nobody has left lately");
        assert_eq!(queue(leaving, 0, &day[..4], at(24 * 60)), None, "three are no measure");
    }
    // Who was there before nobody knows the coming of.
    assert_eq!(in_order(10, &day, at(30 * 60)).0, [] as [u32; 0]);
    assert_eq!(in_order(4, &day, at(30 * 60)).0.len(), 6);
}

#[test]
fn who_is_still_in_counts_as_long_as_they_are_in() {
    // Twenty came at once. Half of them have left after ten minutes, the others have been in for forty.
    let mut day = vec![minute(0, 20, 0), minute(10, 0, 10)];
    day.extend((0..3).map(|n| minute(30 + n, 1, 0)));
    day.push(minute(39, 0, 1));
    for leaving in BOTH {
        let told = queue(leaving, 0, &day, at(40 * 60));
        assert!(told.is_none_or(|wait| wait.high >= 40 * 60), "{leaving:?}: the long stays are not known: {told:?}");
    }
    // A desk that has come to a stand: those who left last were served in two minutes, those who wait now are not.
    let mut desk: Vec<Minute> = (0..20).flat_map(|n| [minute(2 * n, 1, u32::from(n > 0))]).collect();
    desk.push(minute(40, 0, 1));
    let quick = queue(Leaving::InOrder, 0, &desk, at(40 * 60)).expect("an estimate");
    assert_eq!((quick.seconds, quick.high), (120, 150));
    desk.extend((41..45).map(|n| minute(n, 1, 0)));
    let stuck = queue(Leaving::InOrder, 0, &desk, at(55 * 60)).expect("an estimate");
    assert!(stuck.seconds > quick.seconds + 60 && stuck.high >= 14 * 60, "{stuck:?}");
}

#[test]
fn in_a_cafe_who_leaves_need_not_have_come_first() {
    // One a minute for two hours; every other stays for ten minutes, the others for fifty.
    let mut day = BTreeMap::<i64, (u32, u32)>::new();
    for n in 0..120_i64 {
        day.entry(n).or_default().0 += 1;
        day.entry(n + if n % 2 == 0 { 10 } else { 50 }).or_default().1 += 1;
    }
    let day: Vec<Minute> = day.into_iter().filter(|(n, _)| *n < 120).map(|(n, it)| minute(n, it.0, it.1)).collect();
    let wait = queue(Leaving::AsTheyLike, 0, &day, at(120 * 60)).expect("an estimate");
    assert!((25 * 60..35 * 60).contains(&wait.seconds), "{wait:?}");
    assert!(wait.low <= 10 * 60 && wait.high >= 50 * 60, "{wait:?}");
}

/// A café's day: people before and between showings, and many at once after each of them; every fourth party stays for
/// long. Answers the counts, and of each party how many they are, when it comes and how long it stays.
fn cafe(seed: u64) -> (Vec<Minute>, Vec<(u32, i64, i64)>) {
    let dice = &mut StdRng::seed_from_u64(seed);
    let mut parties = Vec::new();
    let mut come = |dice: &mut StdRng, now: i64| {
        let minutes = if dice.random_bool(0.25) { dice.random_range(35..80) } else { dice.random_range(15..35) };
        parties.push((dice.random_range(1..5), now, minutes * 60 + dice.random_range(0..60)));
    };
    let mut now = 0;
    while now < 8 * 3600 {
        now += dice.random_range(60..600);
        come(dice, now);
    }
    for showing in 1..5 {
        for _ in 0..dice.random_range(3..9) {
            let now = showing * 6_000 + dice.random_range(0..240);
            come(dice, now);
        }
    }
    let mut counts = BTreeMap::<i64, (u32, u32)>::new();
    for (people, came, stay) in &parties {
        counts.entry(came / 60).or_default().0 += people;
        counts.entry((came + stay) / 60).or_default().1 += people;
    }
    (counts.into_iter().map(|(n, it)| minute(n, it.0, it.1)).collect(), parties)
}

#[test]
fn nine_of_ten_stays_lie_in_the_band_and_it_is_right_in_the_mean() {
    let (mut within, mut off, mut told, mut all) = (0_usize, 0_i64, 0_usize, 0_usize);
    for seed in 0..30 {
        let (counts, parties) = cafe(seed);
        for (_, came, stay) in parties {
            // As the house: what was counted by then, and who is in by that.
            let known: Vec<Minute> =
                counts.iter().filter(|it| it.at < at(came / 60 * 60) && it.at >= at(came) - STAYS).copied().collect();
            let before = counts.iter().filter(|it| it.at < at(came) - STAYS);
            let before = before.fold(0_u32, |there, it| there + it.came - it.gone);
            all += 1;
            let Some(wait) = queue(Leaving::AsTheyLike, before, &known, at(came)) else { continue };
            told += 1;
            off += stay - i64::from(wait.seconds);
            within += usize::from((i64::from(wait.low)..=i64::from(wait.high)).contains(&stay));
        }
    }
    let (within, off) = (within * 100 / told, off / i64::try_from(told).expect("few"));
    assert!(told * 100 / all >= 80, "told {told} of {all}");
    assert!((85..=97).contains(&within), "{within} of a hundred");
    assert!(off.abs() <= 120, "too short by {off} s in the mean");
}

prop_compose! {
    fn minutes()(counts in prop::collection::vec((0_u32..12, 0_u32..12), 1..180)) -> Vec<Minute> {
        counts.iter().zip(0_i64..).map(|((came, gone), n)| minute(n, *came, *gone)).collect()
    }
}

/// Nobody leaves who has not come.
fn fair(minutes: Vec<Minute>) -> Vec<Minute> {
    let mut there = 0;
    let mut fair = Vec::new();
    for mut minute in minutes {
        minute.gone = minute.gone.min(there + minute.came);
        there = there + minute.came - minute.gone;
        fair.push(minute);
    }
    fair
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Little's law: the stays so far of all who came sum up to the area between the two curves.
    #[test]
    fn stays_are_the_area_between_the_curves(minutes in minutes()) {
        let minutes = fair(minutes);
        let now = at(minutes.len() as i64 * 60);
        let (mut there, mut area) = (0_u64, 0_u64);
        for minute in &minutes {
            there = there + u64::from(minute.came) - u64::from(minute.gone);
            area += there * 60;
        }
        let (left, still) = in_order(0, &minutes, now);
        prop_assert_eq!(still.len() as u64, there);
        let sum: u64 = left.iter().chain(&still).map(|stay| u64::from(*stay)).sum();
        prop_assert_eq!(sum, area);
    }

    /// Whatever was counted, even what cannot be.
    #[test]
    fn a_wait_lies_in_its_band(before in 0_u32..50, minutes in minutes(), late in -3_i64..200) {
        let came: u32 = minutes.iter().map(|minute| minute.came).sum();
        let now = at((minutes.len() as i64 + late) * 60);
        prop_assert!(in_order(before, &minutes, now).0.len() as u32 <= came);
        for leaving in BOTH {
            if let Some(wait) = queue(leaving, before, &minutes, now) {
                prop_assert!(wait.low <= wait.seconds && wait.seconds <= wait.high, "{:?}", wait);
            }
        }
    }

    /// Shares are of all: none is lost, whoever has left and whoever is in.
    #[test]
    fn shares_sum_up_to_all(minutes in minutes()) {
        let minutes = fair(minutes);
        let now = at(minutes.len() as i64 * 60);
        let curves = [curves(0, &minutes, now)];
        prop_assume!(!curves[0].0.is_empty());
        let (left, still) = in_order(0, &minutes, now);
        for stays in [Stays::likeliest(&curves, 20.0), Stays::of(&left, &still)] {
            let sum: f64 = stays.shares.iter().sum::<f64>() + stays.longer;
            prop_assert!((sum - 1.0).abs() < 1e-6 && stays.longer > -1e-9, "{}", sum);
        }
    }
}

#[test]
fn minutes_that_nobody_has_seen_are_no_measure() {
    // Two come each minute and stay for five. From the twentieth minute until the fiftieth the counter is silent; all who
    // were in leave meanwhile.
    let come = |from: i64, until: i64| {
        (from..=until).map(move |n| minute(n, 2, if n >= from + 5 { 2 } else { 0 })).collect::<Vec<_>>()
    };
    let day = [come(1, 20), come(51, 62)].concat();
    let silence = Silence { since: at(20 * 60), until: at(50 * 60), people: 10 };
    let now = at(62 * 60);
    for leaving in BOTH {
        let seen = spans(10, &day, &[silence], now);
        assert_eq!(seen.iter().map(|span| (span.before, span.minutes.len())).collect::<Vec<_>>(), [(0, 20), (0, 12)]);
        let wait = super::queue(leaving, &seen, now).expect("an estimate");
        assert!((4 * 60..=6 * 60).contains(&wait.seconds), "{leaving:?}: {wait:?}");
        // Fourteen have left in the twelve minutes that were seen of the last eighteen.
        assert_eq!(wait.per_hour, 70, "{leaving:?}");
        let as_if_seen = super::queue(leaving, &spans(10, &day, &[], now), now).expect("an estimate");
        assert!(as_if_seen.seconds > 8 * 60 && as_if_seen.per_hour < 70, "{leaving:?}: {as_if_seen:?}");
    }
    // Two counters of the same zone, silent at overlapping times, and one that fell silent with nothing before.
    let other = Silence { since: at(30 * 60), until: at(52 * 60), people: 3 };
    let seen = spans(10, &day, &[silence, other], now);
    let parts: Vec<_> = seen.iter().map(|span| (span.from, span.until)).collect();
    assert_eq!(parts, [(None, at(20 * 60)), (Some(at(52 * 60)), now)]);
}
