//! Whatever is asked for in whatever order: never more than there may be, and nothing refused that would fit.

use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn window(from: i64, until: i64) -> Window {
    Window { from: at(from), until: at(until) }
}

fn of(most: u32) -> Given {
    Given { most, ..Given::default() }
}

#[test]
fn a_window_takes_each_quarter_that_it_touches() {
    let table = [
        (window(0, 15), vec![0]),
        (window(0, 16), vec![0, 15]),
        (window(14, 15), vec![0]),
        (window(14, 31), vec![0, 15, 30]),
        (window(15, 15), vec![]),
        (window(14, 14), vec![]),
    ];
    for (window, expected) in table {
        assert_eq!(quarters(window).collect::<Vec<_>>(), expected.into_iter().map(at).collect::<Vec<_>>());
    }
}

#[test]
fn what_does_not_fit_is_told_how_far_and_when_next() {
    let long_ago = at(-10_000);
    let mut given = of(1);
    given.give(window(60, 120));
    assert!(given.fits(window(0, 60), long_ago) && given.fits(window(120, 180), long_ago));
    assert!(!given.fits(window(0, 61), long_ago));
    assert_eq!(given.as_far_as(window(0, 90)), window(0, 60));
    assert_eq!(given.as_far_as(window(70, 90)), window(70, 70));
    given.give(given.as_far_as(window(70, 90)));
    assert!(given.fits(window(0, 60), long_ago) && given.at(at(60)) == 1, "no bay is given for nothing");
    assert_eq!(given.next_fit(window(50, 110), long_ago), Some(at(120)));
    given.give(window(120, 60 * 24));
    assert_eq!(given.next_fit(window(50, 110), long_ago), None);
}

#[test]
fn strangers_are_in_the_way_of_what_begins_soon_alone() {
    let now = at(0);
    let given = Given { most: 2, strangers: 2, ..Given::default() };
    assert!(!given.fits(window(10, 20), now));
    assert!(given.fits(Window { from: now + SOON + QUARTER, until: now + SOON + QUARTER * 2 }, now));
    assert_eq!(given.as_far_as(window(10, 20)), window(10, 20));
}

proptest! {
    #[test]
    fn no_class_is_given_more_than_it_has(
        most in 0_u32..4,
        asked in proptest::collection::vec((0_i64..600, 1_i64..300, any::<bool>()), 0..60),
    ) {
        let long_ago = at(-10_000);
        let (mut given, mut held) = (of(most), Vec::new());
        for (from, long, leaves) in asked {
            let wanted = window(from, from + long);
            if given.fits(wanted, long_ago) {
                given.give(wanted);
                held.push(wanted);
            } else {
                // Some instant of it is in a quarter that is full.
                prop_assert!(quarters(wanted).any(|quarter| given.at(quarter) >= most));
                if let Some(later) = given.next_fit(wanted, long_ago) {
                    prop_assert!(later > wanted.from && given.fits(wanted.shifted_to(later), long_ago));
                }
                let part = given.as_far_as(wanted);
                prop_assert!(part.from == wanted.from && part.until <= wanted.until);
                prop_assert!(part.from == part.until || given.fits(part, long_ago));
            }
            if leaves && let Some(gone) = held.pop() {
                given.take_back(gone);
            }
            // At any instant.
            for minute in 0..900 {
                let here = held.iter().filter(|window| window.from <= at(minute) && at(minute) < window.until).count();
                prop_assert!(here <= usize::try_from(most).unwrap_or_default());
            }
        }
    }
}
