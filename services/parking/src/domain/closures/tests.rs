//! Whom a closure concerns, and who comes back.

use super::{super::samples::right, *};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
}

/// Windows of these tests; the day ends at minute 1000, it is minute 100.
fn window(from: i64, until: i64) -> Window {
    Window { from: at(from), until: at(until) }
}

#[test]
fn a_closure_concerns_whom_it_touches() {
    let open = Closure { id: Uuid::nil(), until: None };
    let until_500 = Closure { until: Some(at(500)), ..open };
    for (what, closure, window, touches, refuses) in [
        ("over already", until_500, window(0, 100), false, true),
        ("has begun", until_500, window(50, 200), true, true),
        ("begins in it", until_500, window(499, 900), true, true),
        ("begins when it ends", until_500, window(500, 900), false, false),
        ("today, nobody knows until when", open, window(999, 1100), true, true),
        ("tomorrow, nobody knows until when", open, window(1000, 1100), false, true),
    ] {
        assert_eq!(closure.touches(window, at(100), at(1000)), touches, "{what}");
        assert_eq!(closure.refuses(window), refuses, "{what}");
    }
    assert!(!until_500.touches(window(50, 900), at(500), at(1000)), "time has ended it");
}

#[test]
fn only_confirmed_rights_are_suspended_and_only_suspended_ones_restored() {
    let closure = Some(Closure { id: Uuid::nil(), until: None });
    for state in RightState::ALL {
        let right = Right { state, window: window(200, 300), ..right() };
        let with = change(closure, &right, at(100), at(1000));
        let without = change(None, &right, at(100), at(1000));
        let expected = match state {
            RightState::Confirmed => (Change::Suspend, Change::Keep),
            RightState::Suspended => (Change::Keep, Change::Restore),
            _ => (Change::Keep, Change::Keep),
        };
        assert_eq!((with, without), expected, "{state:?}");
    }
    for (state, becomes) in [(RightState::Confirmed, Change::Keep), (RightState::Suspended, Change::Restore)] {
        let bicycle = Right { class: BayClass::Bicycle, state, window: window(200, 300), ..right() };
        assert_eq!(change(closure, &bicycle, at(100), at(1000)), becomes, "a bicycle passes no barrier: {state:?}");
    }
    let over = Right { state: RightState::Suspended, window: window(0, 100), ..right() };
    assert_eq!(change(None, &over, at(100), at(1000)), Change::Keep, "nothing is left to restore");
}

#[test]
fn a_preview_counts_by_the_hour() {
    let closure = Closure { id: Uuid::nil(), until: None };
    let rights = [
        (RightState::Confirmed, 30, 200),
        (RightState::Confirmed, 130, 200),
        (RightState::Confirmed, 181, 300),
        (RightState::Confirmed, 1000, 1100),
        (RightState::CheckedIn, 60, 200),
        (RightState::Held, 150, 200),
        (RightState::Cancelled, 150, 200),
    ]
    .map(|(state, from, until)| Right { state, window: window(from, until), expires_at: at(110), ..right() });
    let told = preview(closure, &rights, at(100), at(1000));
    let hours = vec![(at(60), 1), (at(120), 1), (at(180), 1)];
    assert_eq!(told, Preview { visits: 3, held: 1, cars_in: 1, hours });
}
