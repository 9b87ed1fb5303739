//! Tables of what a counter's packages mean.

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::seconds(seconds)
}

fn sensor(state: State) -> Sensor {
    let logics = vec![
        (1000, Logic::Line { into: "foyer".to_owned(), out_of: String::new() }),
        (1001, Logic::Balance { zone: "foyer".to_owned() }),
    ];
    Sensor {
        id: "foyer-1".to_owned(),
        name: Text::default(),
        serial: String::new(),
        state,
        problem: None,
        since: at(0),
        last_seen: Some(at(0)),
        interval: TimeDelta::seconds(60),
        silence: TimeDelta::seconds(180),
        logics,
        live: false,
        packages: Vec::new(),
        lost: 0,
        skew_seconds: 0,
        told_skew: None,
        heard_again_at: None,
        blind_until: None,
    }
}

fn package(id: i64, records: Vec<Record>) -> Package {
    Package { serial: String::new(), agent: 1000, id: Some(id), time: Some(at(60)), records }
}

fn crossing(logic: i64, forward: i64) -> Record {
    Record {
        logic,
        from: at(0),
        to: at(60),
        few_samples: false,
        is_unknown: false,
        forward,
        backward: 0,
        balance: None,
    }
}

#[test]
fn gaps_are_lost_data_and_late_ones_are_found_again() {
    let mut sensor = sensor(State::Online);
    let gaps: Vec<u64> = [7, 8, 8, 11, 9, 12, 500, 3, 4]
        .into_iter()
        .map(|id| sensor.take(&package(id, Vec::new()), at(60)).gap)
        .collect();
    assert_eq!(gaps, [0, 0, 0, 2, 0, 0, 487, 0, 0], "a repeat and a restart lose nothing");
    assert_eq!((sensor.lost, sensor.packages.clone()), (1 + 487, vec![(1000, 4)]));
}

#[test]
fn each_agent_of_a_device_numbers_its_packages_by_itself() {
    let mut sensor = sensor(State::Online);
    let mut heard = |agent, id| sensor.take(&Package { agent, ..package(id, Vec::new()) }, at(60)).gap;
    // Live data and intervals in turns; of the intervals, one is missing and comes late.
    let gaps: Vec<u64> = [(1, 5000), (2, 100), (1, 5001), (2, 102), (1, 5002), (2, 101), (2, 103), (1, 5003)]
        .into_iter()
        .map(|(agent, id)| heard(agent, id))
        .collect();
    assert_eq!(gaps, [0, 0, 0, 1, 0, 0, 0, 0]);
    // A device that names another agent with every push fills no memory.
    for agent in 10..100 {
        assert_eq!(heard(agent, 1), 0);
    }
    assert_eq!((sensor.lost, sensor.packages.len()), (0, MOST_AGENTS));
}

#[test]
fn what_cannot_be_is_not_counted() {
    let balance = |value| Record { balance: Some(value), ..crossing(1001, 0) };
    let table = [
        (crossing(1000, 7), None, true),
        (crossing(1000, 0), None, true),
        (crossing(1000, -1), Some(Problem::Implausible), false),
        (crossing(1000, 181), Some(Problem::Implausible), false),
        (crossing(1000, i64::MAX), Some(Problem::Implausible), false),
        (balance(-3), None, true),
        (balance(100_001), Some(Problem::Implausible), false),
        (balance(i64::MIN), Some(Problem::Implausible), false),
        (crossing(77, 1), Some(Problem::UnknownLogic), false),
        (Record { few_samples: true, ..crossing(1000, 1) }, Some(Problem::FewSamples), true),
        (Record { to: at(-1), ..crossing(1000, 1) }, Some(Problem::Implausible), false),
        (Record { to: at(9999), ..crossing(1000, 1) }, Some(Problem::Implausible), false),
        (Record { from: at(-100_000), ..crossing(1000, 1) }, Some(Problem::Implausible), false),
        (Record { from: at(-90_100), to: at(-90_000), ..crossing(1000, 1) }, Some(Problem::Implausible), false),
    ];
    for (record, problem, counts) in table {
        let taken = sensor(State::Online).take(&package(1, vec![record.clone()]), at(60));
        let is_counted = taken.counted.iter().any(Counted::is_known);
        assert_eq!((taken.problem, is_counted), (problem, counts), "{record:?}");
        // Of a line that is known, people are missing from then on; a balance comes again.
        let missed = Effect::Missed { into: "foyer".to_owned(), out_of: String::new() };
        let is_missed = taken.counted.iter().any(|counted| counted.effect == missed);
        assert_eq!(is_missed, record.logic == 1000 && !counts, "{record:?}");
    }
}

#[test]
fn a_wrong_clock_is_told_and_its_people_count_all_the_same() {
    let mut sensor = sensor(State::Online);
    let record = Record { from: at(7200), to: at(7260), ..crossing(1000, 5) };
    let summer = Package { time: Some(at(7260)), ..package(1, vec![record]) };
    let taken = sensor.take(&summer, at(60));
    assert_eq!((taken.problem, taken.counted.len(), sensor.skew_seconds), (Some(Problem::WrongClock), 1, 7200));
}

/// Packages as (made, sent), both in seconds: what the clock is believed to be off by afterwards.
fn believed(packages: &[(i64, i64)]) -> Vec<i32> {
    let mut sensor = sensor(State::Online);
    let heard = |(made, sent): &(i64, i64)| {
        let package = Package { time: Some(at(*made)), ..package(1, Vec::new()) };
        sensor.take(&package, at(*sent));
        sensor.skew_seconds
    };
    packages.iter().map(heard).collect()
}

/// What packages are, (made, sent), and what is believed then.
type Row = (&'static str, &'static [(i64, i64)], &'static [i32]);

#[test]
fn what_was_kept_and_is_sent_late_does_not_set_the_clock_back() {
    let table: [Row; 7] = [
        ("good", &[(60, 60), (120, 121), (180, 180)], &[0, -1, 0]),
        ("ahead, at once", &[(60, 60), (3720, 120)], &[0, 3600]),
        ("half an hour kept, sent in one go", &[(60, 60), (120, 1920), (180, 1920), (240, 1921)], &[0, 0, 0, 0]),
        ("the same, the newest first", &[(60, 60), (1920, 1920), (1860, 1920), (180, 1921)], &[0, 0, 0, 0]),
        ("set back: it goes in step", &[(60, 60), (-1680, 120), (-1620, 180), (-1560, 240)], &[0, 0, -1800, -1800]),
        ("first heard of, kept", &[(60, 1920), (120, 1920), (1921, 1921)], &[0, 0, 0]),
        ("ahead, then put right", &[(3660, 60), (120, 120), (180, 180)], &[3600, 3600, 0]),
    ];
    for (what, packages, expected) in table {
        assert_eq!(believed(packages), expected, "{what}");
    }
}

#[test]
fn a_balance_that_was_kept_is_not_one_of_now() {
    let balance = |to: i64| Record { from: at(to - 60), to: at(to), balance: Some(43), ..crossing(1001, 0) };
    for (made, sent, holds) in [(600, 600, true), (600, 700, true), (600, 781, false), (600, 2400, false)] {
        let mut sensor = sensor(State::Online);
        sensor.take(&Package { time: Some(at(540)), ..package(1, Vec::new()) }, at(540));
        let taken = sensor.take(&Package { time: Some(at(made)), ..package(2, vec![balance(made)]) }, at(sent));
        assert_eq!(taken.counted[0].observed_at, at(made), "it was so then");
        assert_eq!(sensor.holds(&taken.counted[0], None, at(sent)), holds, "made {made}, sent {sent}");
        let line = sensor.take(
            &Package { time: Some(at(made)), ..package(3, vec![Record { to: at(made), ..crossing(1000, 4) }]) },
            at(sent),
        );
        assert!(sensor.holds(&line.counted[0], None, at(sent)), "who has crossed the line has crossed it");
    }
}

#[test]
fn three_missed_intervals_are_silence() {
    let mut online = sensor(State::Online);
    assert!(!online.is_silent(at(180)));
    assert!(online.is_silent(at(181)));
    assert!(!sensor(State::Commissioning).is_silent(at(9999)), "nobody relies on it");
    assert!(online.judge(Some(Problem::Silent), at(181)));
    assert_eq!((online.state, online.since), (State::Offline, at(181)));
    online.judge(None, at(200));
    assert_eq!((online.state, online.problem), (State::Online, None));
    online.judge(Some(Problem::FewSamples), at(260));
    assert_eq!(online.state, State::Degraded);
    let mut retired = sensor(State::Retired);
    retired.judge(Some(Problem::Silent), at(1));
    assert_eq!(retired.state, State::Retired);
}

#[test]
fn who_is_there_holds_after_who_came_by_then() {
    let balance = |to: i64| Record { to: at(to), balance: Some(43), ..crossing(1001, 0) };
    let line = |to: i64| Record { to: at(to), ..crossing(1000, 7) };
    // The device sends logic by logic, in whatever order: those of two minutes, the balance first.
    let records = vec![balance(60), balance(120), line(60), line(120)];
    let mut counted =
        sensor(State::Online).take(&Package { time: Some(at(120)), ..package(1, records) }, at(120)).counted;
    in_order(&mut counted);
    let order: Vec<(i64, DateTime<Utc>)> = counted.iter().map(|counted| (counted.logic, counted.to)).collect();
    assert_eq!(order, [(1000, at(60)), (1001, at(60)), (1000, at(120)), (1001, at(120))]);
}

#[test]
fn the_most_serious_problem_of_several_packages_is_told() {
    use Problem::{FewSamples, Implausible, LostData, UnknownLogic, WrongClock};
    for (found, worst) in [
        (vec![], None),
        (vec![UnknownLogic], Some(UnknownLogic)),
        (vec![UnknownLogic, LostData], Some(LostData)),
        (vec![WrongClock, UnknownLogic, FewSamples], Some(FewSamples)),
        (vec![LostData, Implausible], Some(Implausible)),
    ] {
        assert_eq!(Problem::worst(&found), worst, "{found:?}");
    }
}

#[test]
fn people_walk_and_do_not_appear() {
    assert!(may_follow(10, 60, TimeDelta::seconds(60)));
    assert!(!may_follow(10, 200, TimeDelta::seconds(60)));
    assert!(may_follow(10, 200, TimeDelta::seconds(70)));
}

#[test]
fn what_a_counter_saw_before_it_was_heard_again_says_nothing_of_now() {
    let mut sensor = sensor(State::Offline);
    let balance = |seconds| Record { balance: Some(0), from: at(seconds - 60), to: at(seconds), ..crossing(1001, 0) };
    let crossed = |seconds| Record { from: at(seconds - 60), to: at(seconds), ..crossing(1000, 4) };
    let records = vec![balance(60), crossed(60), balance(600), crossed(600)];
    let heard = |id: i64, records: Vec<Record>, now: i64| Package { time: Some(at(now)), ..package(id, records) };
    let first = sensor.take(&heard(2, records, 660), at(660));
    let holds: Vec<bool> = first.counted.iter().map(|counted| sensor.holds(counted, None, at(660))).collect();
    assert_eq!(holds, [false, true, false, true], "who crossed the line has crossed it");
    assert!(sensor.judge(None, at(660)));
    assert_eq!((sensor.heard_again_at, sensor.blind_until), (Some(at(660)), Some(at(660))));
    // The rest of what it kept, then what it sees now; the house was found empty meanwhile.
    for (seconds, empty_at, now) in [(659, None, false), (660, None, true), (720, None, true), (720, Some(721), false)]
    {
        let taken = sensor.take(&heard(3, vec![balance(seconds)], 730), at(730));
        assert_eq!(
            sensor.holds(&taken.counted[0], empty_at.map(at), at(730)),
            now,
            "seen at {seconds}, empty at {empty_at:?}"
        );
    }
    let taken = sensor.take(&heard(4, vec![crossed(720)], 730), at(730));
    assert!(!sensor.holds(&taken.counted[0], Some(at(721)), at(730)), "whoever crossed before is not there");
}

#[test]
fn whatever_may_have_missed_somebody_is_remembered() {
    for (state, problem, missed) in [
        (State::Online, None, false),
        (State::Online, Some(Problem::Silent), true),
        (State::Online, Some(Problem::LostData), true),
        (State::Online, Some(Problem::FewSamples), true),
        (State::Online, Some(Problem::Implausible), true),
        (State::Online, Some(Problem::WrongClock), false),
        (State::Online, Some(Problem::UnknownLogic), false),
        (State::Degraded, None, false),
        (State::Offline, None, true),
        (State::Commissioning, Some(Problem::LostData), false),
    ] {
        let mut sensor = sensor(state);
        sensor.judge(problem, at(90));
        assert_eq!(sensor.blind_until.is_some(), missed, "{state:?} {problem:?}");
    }
}

#[test]
fn what_comes_late_is_as_old_as_it_may_be() {
    let sent = |time: i64, record: i64| Package {
        time: Some(at(time)),
        ..package(1, vec![Record { from: at(record - 60), to: at(record), ..crossing(1000, 7) }])
    };
    // Sent by its clock, its record's end, taken, whether the clock is known to be off by that; when it was so, and at the
    // earliest.
    for (time, end, now, known, observed, as_of) in [
        (60, 60, 60, false, 60, 60),
        // One package alone may have been kept: it is of when it says.
        (60, 60, 100, false, 60, 60),
        (60, 60, 7_260, false, 60, 60),
        // All of them say so: a slow clock, or a way of so long.
        (60, 60, 100, true, 100, 60),
        (120, 60, 130, true, 70, 60),
        // Two hours slow: a wrong time zone, no way; but two minutes of it may be.
        (60, 60, 7_260, true, 7_260, 7_140),
        // A clock that is fast says nothing of the way, and is known at once.
        (100, 100, 60, false, 60, 60),
    ] {
        let mut sensor = sensor(State::Online);
        if known {
            sensor.skew_seconds = i32::try_from(time - now).expect("small");
        }
        let taken = sensor.take(&sent(time, end), at(now));
        let counted = &taken.counted[0];
        assert_eq!((counted.observed_at, counted.as_of), (at(observed), at(as_of)), "{time} {end} {now} {known}");
    }
}

#[test]
fn who_crossed_before_a_count_by_hand_is_in_it() {
    let taken = sensor(State::Online).take(&package(1, vec![crossing(1000, 10)]), at(60));
    let counted = &taken.counted[0];
    for (by_hand, people, expected) in [
        (None, 10, (10, 0)),
        (Some(-1), 10, (10, 0)),
        (Some(0), 10, (10, 0)),
        (Some(30), 10, (5, 10)),
        (Some(40), 10, (3, 10)),
        (Some(40), 1, (0, 1)),
        (Some(60), 10, (0, 10)),
        (Some(300), 10, (0, 10)),
    ] {
        assert_eq!(counted.after(by_hand.map(at), people), expected, "counted by hand at {by_hand:?}");
        let in_it = by_hand.is_some_and(|by_hand| by_hand >= 60);
        assert_eq!(counted.may_be_missing(by_hand.map(at)), !in_it, "counted by hand at {by_hand:?}");
    }
}
