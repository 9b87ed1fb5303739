//! Tables of the headcount. That its ranges hold the truth while people walk about: `walk`.

use super::{
    super::{
        tests::{admission, at},
        zones::{Kind, tests::zone},
    },
    *,
};

mod walk;

/// 3 in a hundred wrong, 10 in a hundred unseen, 25 a minute, 60 guests, 8 staff.
fn count(rooms: &[Zone], admissions: &[Admission], now: i64, more: impl FnOnce(&mut Known<'_>)) -> Headcount {
    let rooms: Vec<&Zone> = rooms.iter().collect();
    let policy = Policy::default();
    let mut known = Known {
        rooms: &rooms,
        admissions,
        policy: &policy,
        egress: TimeDelta::minutes(5),
        empty_at: None,
        doors: None,
        blind_until: None,
        evacuation: None,
    };
    more(&mut known);
    headcount(&known, at(now))
}

fn room(id: &str, people: u32, quality: Quality) -> Zone {
    let mut zone = zone(id, Kind::Room, "", people);
    zone.set(people, quality, at(0));
    zone
}

fn dome(people: u32, quality: Quality) -> Zone {
    Zone { filled_by: "hall:dome".to_owned(), ..room("dome", people, quality) }
}

fn of(low: u32, high: u32) -> Range {
    Range { low, high }
}

/// Doors at 40, start at 60, end at 110; here from -20 to 200.
fn showing(state: AdmissionState, booked: u32, admitted: u32) -> Admission {
    Admission { booked, admitted, ..admission(state) }
}

#[test]
fn a_count_is_wider_the_older_it_is_and_no_wider_than_the_room() {
    let far = showing(AdmissionState::Running, 110, 0);
    for (quality, minute, expected) in [
        (Quality::Live, 0, of(38, 42)),
        (Quality::Live, 1, of(13, 67)),
        (Quality::Manual, 0, of(38, 42)),
        (Quality::Manual, 30, of(0, 110)),
        (Quality::Estimated, 0, of(0, 110)),
        (Quality::Degraded, 0, of(0, 110)),
    ] {
        let found = count(&[room("cafe", 40, quality)], std::slice::from_ref(&far), minute, |_| ());
        assert_eq!(found.rooms[0], (expected, quality), "{quality:?} after {minute} min");
    }
}

#[test]
fn a_party_passes_at_once_and_what_is_unsure_is_in_the_range() {
    let far = showing(AdmissionState::Running, 110, 0);
    let (mut counted, policy) = (room("cafe", 40, Quality::Live), Policy::default());
    counted.observed_at = at(1) - TimeDelta::seconds(1);
    let known = |zone: &Zone| {
        let rooms = [zone];
        let known = Known {
            rooms: &rooms,
            admissions: std::slice::from_ref(&far),
            policy: &policy,
            egress: TimeDelta::minutes(5),
            empty_at: None,
            doors: None,
            blind_until: None,
            evacuation: None,
        };
        headcount(&known, at(1)).rooms[0].0
    };
    assert_eq!(known(&counted), of(32, 48), "a second old");
    counted.unsure = 5;
    assert_eq!(known(&counted), of(27, 53), "counted by hand in the middle of an interval");
    counted.observed_at = at(1);
    assert_eq!(known(&counted), of(33, 47));
}

#[test]
fn a_hall_holds_whom_scans_have_let_in_until_its_egress_is_over() {
    use AdmissionState::{Aborted, Closed, DoorsOpen, Egress, Running, Turnover};
    for (state, minute, expected, quality) in [
        (DoorsOpen, 55, of(54, 62), Quality::Live),
        (Running, 100, of(54, 62), Quality::Live),
        (Running, 115, of(54, 62), Quality::Live),
        // It should be over, and nobody has said so.
        (Running, 116, of(0, 62), Quality::Estimated),
        (Egress, 114, of(0, 62), Quality::Estimated),
        (Egress, 115, of(0, 0), Quality::Estimated),
        (Aborted, 112, of(0, 62), Quality::Estimated),
        (Turnover, 120, of(0, 0), Quality::Estimated),
        (Closed, 120, of(0, 0), Quality::Estimated),
    ] {
        let inside = if state == DoorsOpen || state == Running { 60 } else { 0 };
        let zones = [dome(inside, Quality::Live)];
        let found = count(&zones, &[showing(state, 70, 60)], minute, |_| ());
        assert_eq!(found.rooms[0], (expected, quality), "{state:?} at {minute}");
    }
}

#[test]
fn an_empty_house_is_empty() {
    let uncounted = |id: &str| room(id, 0, Quality::Estimated);
    let rooms =
        [dome(0, Quality::Estimated), room("cafe", 0, Quality::Manual), uncounted("foyer"), uncounted("terrace")];
    let tomorrow = showing(AdmissionState::Planned, 110, 0);
    let seen = |at: DateTime<Utc>| move |known: &mut Known<'_>| known.empty_at = Some(at);
    let closed = count(&rooms, std::slice::from_ref(&tomorrow), -300, seen(at(-900)));
    assert_eq!((closed.total, closed.basis), (of(0, 8), Basis::SeenEmpty), "somebody of the staff may be there");
    assert!(closed.rooms.iter().all(|(range, _)| range.low == 0 && range.high <= 8), "{closed:?}");
    let unseen = count(&rooms, std::slice::from_ref(&tomorrow), -300, |_| ());
    assert_eq!((unseen.total, unseen.basis), (of(0, 60 + 8), Basis::Tickets), "the café may be open");
    let opening = count(&rooms, std::slice::from_ref(&tomorrow), -20, seen(at(-900)));
    assert_eq!((opening.total, opening.basis), (of(0, 110 + 60 + 8), Basis::Tickets), "from then on guests may come");
    // Seen empty after the last showing, though its guests might have stayed.
    let over = showing(AdmissionState::Closed, 110, 100);
    let evening = count(&rooms, std::slice::from_ref(&over), 150, seen(at(140)));
    assert_eq!((evening.total, evening.basis), (of(0, 8), Basis::SeenEmpty));
    let came = Doors { came: 1, gone: 0, heard_at: at(150) };
    let somebody = count(&rooms, std::slice::from_ref(&over), 150, |known| {
        (known.empty_at, known.doors) = (Some(at(140)), Some(came));
    });
    // One, give or take one, and the staff.
    assert_eq!((somebody.total, somebody.basis), (of(0, 1 + 1 + 8), Basis::Doors), "somebody went in");
}

#[test]
fn a_house_whose_counter_has_lost_something_is_not_told_to_be_empty() {
    let over = showing(AdmissionState::Closed, 110, 100);
    for (quality, empty) in [(Quality::Live, true), (Quality::Manual, true), (Quality::Degraded, false)] {
        // A counter that is not well bounds nothing any more: no doors.
        let found = count(&[room("foyer", 0, quality)], std::slice::from_ref(&over), 150, |known| {
            known.empty_at = Some(at(140));
        });
        assert_eq!(found.basis == Basis::SeenEmpty, empty, "{quality:?}: {found:?}");
    }
}

#[test]
fn a_house_whose_counter_missed_somebody_since_is_not_told_to_be_empty() {
    let over = showing(AdmissionState::Closed, 110, 100);
    for (blind_until, empty) in [(None, true), (Some(139), true), (Some(140), true), (Some(141), false)] {
        // It is well again and counts nobody.
        let found = count(&[room("foyer", 0, Quality::Live)], std::slice::from_ref(&over), 150, |known| {
            (known.empty_at, known.blind_until) = (Some(at(140)), blind_until.map(at));
        });
        assert_eq!(found.basis == Basis::SeenEmpty, empty, "{blind_until:?}: {found:?}");
    }
}

#[test]
fn ticket_holders_have_left_some_time_after_their_showing() {
    let rooms = [dome(0, Quality::Estimated), room("foyer", 0, Quality::Estimated)];
    for state in [AdmissionState::Egress, AdmissionState::Turnover, AdmissionState::Closed, AdmissionState::Aborted] {
        let total = |minute| count(&rooms, &[showing(state, 100, 20)], minute, |_| ()).total;
        assert_eq!((total(199), total(200)), (of(0, 20 + 60 + 8), of(0, 60 + 8)), "{state:?}");
    }
    let cancelled = Admission { state_since: Some(at(50)), ..showing(AdmissionState::Cancelled, 0, 0) };
    let total = |minute| count(&rooms, std::slice::from_ref(&cancelled), minute, |_| ()).total;
    let expected = (of(0, 110 + 8), of(0, 60 + 8));
    assert_eq!((total(139), total(140)), expected, "their tickets are void, they are not gone");
}

#[test]
fn counted_doors_bound_the_house_and_its_rooms() {
    let rooms = [dome(60, Quality::Live), room("foyer", 0, Quality::Degraded), room("cafe", 0, Quality::Estimated)];
    let doors = Doors { came: 100, gone: 20, heard_at: at(99) };
    let found = count(&rooms, &[showing(AdmissionState::Running, 110, 60)], 99, |known| {
        (known.empty_at, known.doors) = (Some(at(-100)), Some(doors));
    });
    // 80, give or take 3 in a hundred of 120.
    assert_eq!((found.total, found.basis), (of(76, 84 + 8), Basis::Doors));
    assert_eq!(found.rooms[0].0, of(54, 62));
    assert_eq!(found.rooms[1].0, of(0, 92 - 54), "nobody is in two rooms");
}

/// The dome runs with 110, nobody counts the foyer, there is an alarm, and everybody leaves unscanned.
#[test]
fn in_an_evacuation_nobody_is_certainly_in_a_hall_and_no_other_room_is_narrowed_by_it() {
    let foyer = Zone { capacity: 150, ..room("foyer", 0, Quality::Estimated) };
    let rooms = [dome(110, Quality::Live), foyer, room("cafe", 40, Quality::Manual)];
    let running = [showing(AdmissionState::Running, 110, 110)];
    let alarm = |began_at: i64, over_at: Option<i64>| Evacuation { began_at: at(began_at), over_at: over_at.map(at) };
    let found =
        |minute, evacuation: Option<Evacuation>| count(&rooms, &running, minute, |known| known.evacuation = evacuation);
    let before = found(80, None);
    assert_eq!(before.rooms[0], (of(99, 114), Quality::Live));
    assert_eq!(before.rooms[1].0, of(0, 110 + 60 + 8 - 99), "nobody is in two rooms");
    // Ongoing, and cleared: they have come back, or they have not.
    for evacuation in [alarm(75, None), alarm(75, Some(78))] {
        let now = found(80, Some(evacuation));
        assert_eq!(now.rooms[0], (of(0, 114), Quality::Estimated), "{evacuation:?}");
        assert_eq!(now.rooms[1].0, of(0, 165), "{evacuation:?}: they may all be here");
        assert_eq!(now.rooms[2], (of(0, 110), Quality::Estimated), "{evacuation:?}: counted before it");
        assert_eq!(now.total, of(0, 110 + 60 + 8), "{evacuation:?}");
    }
    let earlier = found(80, Some(alarm(20, Some(35))));
    assert_eq!(
        (&earlier.rooms[..2], earlier.total),
        (&before.rooms[..2], before.total),
        "over before the doors opened"
    );
    // Somebody has looked since the alarm; a counter sees who leaves.
    let looked = [Zone { by_hand_at: Some(at(79)), observed_at: at(79), ..room("cafe", 0, Quality::Manual) }];
    // One more was clicked onto what had been counted before the alarm: nobody has looked.
    let clicked = [Zone { by_hand_at: Some(at(10)), observed_at: at(79), ..room("cafe", 41, Quality::Manual) }];
    let counted = [Zone { observed_at: at(80), counted: true, ..room("foyer", 40, Quality::Live) }];
    let of_room =
        |rooms: &[Zone]| count(rooms, &running, 80, |known| known.evacuation = Some(alarm(75, None))).rooms[0];
    assert_eq!(of_room(&looked), (of(0, 25), Quality::Manual));
    assert_eq!(of_room(&clicked), (of(0, 110), Quality::Estimated));
    assert_eq!(of_room(&counted), (of(38, 42), Quality::Live));
}

#[test]
fn in_an_evacuation_counted_doors_say_only_how_many_there_are_at_most() {
    let rooms = [dome(60, Quality::Live), room("foyer", 0, Quality::Estimated)];
    let doors = Doors { came: 100, gone: 20, heard_at: at(99) };
    for (over_at, empty_at, low) in [(None, -100, 0), (Some(98), -100, 0), (Some(-120), -100, 76)] {
        let found = count(&rooms, &[showing(AdmissionState::Running, 110, 60)], 99, |known| {
            (known.empty_at, known.doors) = (Some(at(empty_at)), Some(doors));
            known.evacuation = Some(Evacuation { began_at: at(-130), over_at: over_at.map(at) });
        });
        assert_eq!((found.total, found.basis), (of(low, 84 + 8), Basis::Doors), "over at {over_at:?}");
    }
}

#[test]
fn a_bound_that_the_counts_contradict_is_not_used() {
    let rooms = [room("foyer", 90, Quality::Manual), room("cafe", 0, Quality::Estimated)];
    let found = count(&rooms, &[], 0, |known| known.doors = Some(Doors { came: 5, gone: 0, heard_at: at(0) }));
    assert_eq!((found.total, found.basis), (of(87, 93 + 110 + 8), Basis::Rooms), "no tickets, no doors, and yet 90");
}
