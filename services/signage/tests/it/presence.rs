//! Whether a display is there and well: as a table, with the time said in it. The row "Monitor" of the house's
//! failure matrix, and what a silent display's neighbour does.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::testing::noon;
use signage::domain::{Health, Pairing, Presence, State, state};

fn well() -> Presence {
    Presence {
        pairing: Pairing::Paired,
        last_seen_at: Some(noon()),
        health: Some(Health { shown_revision: 5, ..Health::default() }),
        faults: 0,
        revision: 5,
        revised_for: TimeDelta::minutes(10),
        rendered: 5,
        retired: false,
    }
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

#[test]
fn the_states_of_a_display() {
    type Change = fn(&mut Presence);
    let cases: [(&str, Change, i64, State); 17] = [
        ("well", |_| {}, 0, State::Active),
        ("one heartbeat missed", |_| {}, 21, State::Active),
        ("two missed", |_| {}, 41, State::Active),
        ("just before the third", |_| {}, 59, State::Active),
        ("three missed", |_| {}, 60, State::Offline),
        ("silent for a day", |_| {}, 86_400, State::Offline),
        ("no device", |it| (it.pairing, it.last_seen_at) = (Pairing::None, None), 86_400, State::Unclaimed),
        ("approved", |it| (it.pairing, it.last_seen_at) = (Pairing::Approved, None), 0, State::Pending),
        ("fetched its token, said nothing yet", |it| it.last_seen_at = None, 86_400, State::Pending),
        ("revoked while it talks", |it| it.pairing = Pairing::Revoked, 0, State::Revoked),
        ("taken down", |it| it.retired = true, 0, State::Retired),
        ("a fault", |it| it.faults = 1, 0, State::Degraded),
        ("a fault, and silent", |it| it.faults = 1, 60, State::Offline),
        ("clock fast", |it| it.health.as_mut().expect("health").skew_millis = 2_001, 0, State::Degraded),
        ("clock slow", |it| it.health.as_mut().expect("health").skew_millis = -60_000, 0, State::Degraded),
        ("behind for long", |it| it.revision = 6, 0, State::Degraded),
        ("just revised", |it| (it.revision, it.revised_for) = (6, TimeDelta::seconds(5)), 0, State::Active),
    ];
    for (name, change, seconds, expected) in cases {
        let mut it = well();
        change(&mut it);
        let (is, cause) = state(&it, after(seconds));
        assert_eq!(is, expected, "{name}");
        let explained = cause.is_some_and(|cause| !cause.de.is_empty() && !cause.en.is_empty());
        assert_eq!(explained, matches!(is, State::Degraded | State::Offline), "{name}: staff read why");
    }
}

#[test]
fn a_paired_display_that_never_says_its_health_is_judged_by_its_silence_alone() {
    let it = Presence { health: None, rendered: 0, ..well() };
    assert_eq!(state(&it, after(0)).0, State::Active);
    assert_eq!(state(&it, after(60)).0, State::Offline);
}
