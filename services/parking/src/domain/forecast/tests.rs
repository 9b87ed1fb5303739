//! The forecast in plain cases. How often it is right is in `calibration`.

use super::{
    super::{Window, samples::right},
    habits::ASSUMED,
    *,
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn known(rights: Vec<Right>) -> Known {
    Known {
        now: at(0),
        capacity: 40,
        strangers: 0,
        strangers_came: 0,
        rights,
        on_sale: Vec::new(),
        habits: Habits { come: 1.0, ..ASSUMED },
        bands: Bands::of(&[]),
    }
}

/// A right for a showing, with an hour before and after it.
fn booked(state: RightState, starts: i64, ends: i64) -> Right {
    let hour = TimeDelta::hours(1);
    let window = Window { from: at(starts) - hour, until: at(ends) + hour };
    Right { state, window, lead: Some(hour), stay: Some(hour), ..right() }
}

fn is_about(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 0.1
}

#[test]
fn whoever_booked_comes_before_the_start_and_leaves_after_the_end() {
    let told = forecast(&known(vec![booked(RightState::Confirmed, 120, 180); 10]), 20);
    let (came, left): (f64, f64) = told.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.arrivals, sum.1 + it.departures));
    assert!(is_about(came, 10.0) && is_about(left, 10.0), "{came} came, {left} left");
    assert!(told[3].cars < 0.2, "an hour before, nobody is there: {}", told[3].cars);
    assert!(told[8].cars > 9.7, "a quarter after the start, all are: {}", told[8].cars);
    assert!(told[17].cars < 0.2, "an hour and a half after the end, all are gone: {}", told[17].cars);
    assert!(told[5].spread > told[9].spread, "on the way it is less sure than during the showing");
}

#[test]
fn a_showing_that_ends_later_keeps_its_cars_longer() {
    let on_time = forecast(&known(vec![booked(RightState::CheckedIn, 0, 60); 8]), 16);
    let late = forecast(&known(vec![booked(RightState::CheckedIn, 0, 90); 8]), 16);
    assert!(is_about(on_time[0].cars, 8.0), "those that are in are in");
    assert!(late[5].cars > on_time[5].cars + 3.0, "{} {}", late[5].cars, on_time[5].cars);
    // An hour after its end, a car that is still there leaves soon, and does not leave again and again.
    let overdue = forecast(&known(vec![booked(RightState::CheckedIn, -180, -60); 8]), 4);
    assert!(overdue[0].cars < 4.0 && overdue[0].departures <= 8.0, "{:?}", overdue[0]);
}

#[test]
fn the_cars_of_one_showing_are_less_sure_than_those_of_many() {
    let rights = |several: bool| {
        let of = |showing| Right { showing: Uuid::from_u128(showing), ..booked(RightState::CheckedIn, -60, 20) };
        (0..12).map(|place| of(if several { place } else { 0 })).collect()
    };
    let (one, many) = (forecast(&known(rights(false)), 4), forecast(&known(rights(true)), 4));
    assert!(is_about(one[2].cars, many[2].cars));
    assert!(one[2].spread > many[2].spread * 1.2, "{} {}", one[2].spread, many[2].spread);
}

#[test]
fn who_is_not_there_long_after_the_start_is_not_expected_any_more() {
    let told = |come| {
        forecast(
            &Known { habits: Habits { come, ..ASSUMED }, ..known(vec![booked(RightState::Confirmed, -20, 60); 10]) },
            2,
        )
    };
    assert!(told(0.92)[1].cars < 1.0, "{}", told(0.92)[1].cars);
    // Even where everybody came so far.
    assert!(told(1.0)[1].cars.is_finite() && told(1.0)[1].spread.is_finite());
}

#[test]
fn bays_that_will_be_booked_meanwhile_are_expected_and_make_it_less_sure() {
    let showing = |booked| OnSale { starts_at: at(240), ends_at: at(300), booked };
    let told = |booked| forecast(&Known { on_sale: vec![showing(booked)], ..known(Vec::new()) }, 24);
    let busy = told(9);
    // Ten in four hours, as was seen and assumed: 8.75 in the three and a half hours until the till opens.
    assert!(is_about(busy[16].cars, 8.75 * ASSUMED.comes.by(15.0)), "{}", busy[16].cars);
    assert!(busy[16].spread > busy[16].cars.sqrt() * 1.2, "a pace that is not known either: {}", busy[16].spread);
    assert!(told(0)[16].cars < 1.0 && told(0)[16].spread > 0.8);
    assert!(busy[23].cars < 0.5, "they leave like the others");
    let begun = OnSale { starts_at: at(20), ..showing(9) };
    let none = forecast(&Known { on_sale: vec![begun], ..known(Vec::new()) }, 8);
    assert!(none.iter().all(|quarter| quarter.cars < 1e-9), "nobody books when the doors are open");
}

#[test]
fn a_right_without_a_showing_is_used_for_its_window() {
    let partner = Right { window: Window { from: at(60), until: at(180) }, ..right() };
    let told = forecast(&known(vec![partner; 10]), 16);
    assert!(is_about(told[3].cars, 5.0) && is_about(told[11].cars, 5.0), "{} {}", told[3].cars, told[11].cars);
    assert!(told[7].cars > 9.5);
}

#[test]
fn strangers_leave_by_and_by_and_others_come() {
    let told = forecast(&Known { strangers: 10, ..known(Vec::new()) }, 16);
    assert!(told.windows(2).all(|pair| pair[1].cars < pair[0].cars));
    assert!(told[15].spread > 0.5);
    let busy = forecast(&Known { strangers: 10, strangers_came: 10, ..known(Vec::new()) }, 16);
    assert!(is_about(busy[15].cars, 10.0), "as many come as leave: {}", busy[15].cars);
}

#[test]
fn free_bays_are_whole_and_between_none_and_all() {
    let quarter = |cars, spread| Quarter { from: at(0), arrivals: 0.0, departures: 0.0, cars, spread };
    assert_eq!(quarter(10.4, 2.0).free(40, 1.5), (30, 26, 33));
    assert_eq!(quarter(60.0, 2.0).free(40, 1.5), (0, 0, 0));
    assert_eq!(quarter(-3.0, 2.0).free(40, 1.5), (40, 40, 40));
}
