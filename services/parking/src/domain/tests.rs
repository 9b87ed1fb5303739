//! Tables and properties of the pure decisions.

use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).expect("in range")
}

fn window(from: i64, length: i64) -> Window {
    Window { from: at(from), until: at(from + length) }
}

#[test]
fn windows_that_only_touch_do_not_overlap() {
    let taken = [window(0, 60), window(60, 60)];
    assert_eq!(peak(window(0, 120), &taken), 1);
    assert_eq!(peak(window(120, 60), &taken), 0);
    assert_eq!(next_fit(window(0, 60), &taken, 1), Some(at(120)));
}

proptest! {
    #[test]
    fn the_peak_is_that_of_every_minute(
        spans in prop::collection::vec((0_i64..300, 1_i64..120), 0..30),
        from in 0_i64..300,
        length in 1_i64..120,
    ) {
        let taken: Vec<Window> = spans.iter().map(|(from, length)| window(*from, *length)).collect();
        let slow = (from..from + length)
            .map(|minute| taken.iter().filter(|window| window.contains(at(minute))).count())
            .max();
        prop_assert_eq!(Some(peak(window(from, length), &taken)), slow);
    }

    #[test]
    fn a_later_beginning_that_is_offered_does_fit(
        spans in prop::collection::vec((0_i64..300, 1_i64..120), 1..30),
        bays in 1_usize..4,
    ) {
        let taken: Vec<Window> = spans.iter().map(|(from, length)| window(*from, *length)).collect();
        let wanted = window(0, 60);
        if let Some(later) = next_fit(wanted, &taken, bays) {
            prop_assert!(peak(wanted.shifted_to(later), &taken) < bays);
        }
    }
}
