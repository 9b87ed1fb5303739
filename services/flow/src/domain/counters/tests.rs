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
        logics,
        live: false,
        last_package: None,
        lost: 0,
        skew_seconds: 0,
    }
}

fn package(id: i64, records: Vec<Record>) -> Package {
    Package { serial: String::new(), id: Some(id), time: Some(at(60)), records }
}

fn crossing(logic: i64, forward: i64) -> Record {
    Record { logic, from: at(0), to: at(60), few_samples: false, forward, backward: 0, balance: None }
}

#[test]
fn gaps_are_lost_data_and_late_ones_are_found_again() {
    let mut sensor = sensor(State::Online);
    let gaps: Vec<u64> = [7, 8, 8, 11, 9, 12, 500, 3, 4]
        .into_iter()
        .map(|id| sensor.take(&package(id, Vec::new()), at(60)).gap)
        .collect();
    assert_eq!(gaps, [0, 0, 0, 2, 0, 0, 487, 0, 0], "a repeat and a restart lose nothing");
    assert_eq!((sensor.lost, sensor.last_package), (1 + 487, Some(4)));
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
        assert_eq!((taken.problem, !taken.counted.is_empty()), (problem, counts), "{record:?}");
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
