//! Where a party would like to sit, what is kept until when, and what is told of what is left.

use super::*;
use crate::domain::{Availability, Counts, Held, Offer, Quota, Reason, hall::Part};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn held(places: u32, until: i64) -> Held {
    Held { places, until: Some(at(until)) }
}

fn wish(aisle: bool, part: Option<Part>) -> Preference {
    Preference { aisle, part }
}

/// The hall of the other tests, with its aisles at the ends of the rows.
fn with_aisles() -> Vec<Seat> {
    let mut seats = hall();
    for seat in seats.iter_mut().filter(|seat| seat.row != "W" && (seat.number == 1 || seat.number == 8)) {
        seat.features.push("aisle".to_owned());
    }
    seats
}

fn preferred(taken: &[&str], people: usize, preference: Preference) -> Vec<String> {
    let given = with_taken(with_aisles(), taken).best(&party(&vec![None; people]), preference, false).expect("room");
    given.into_iter().map(|held| held.label).collect()
}

#[test]
fn a_party_sits_where_it_likes() {
    assert_eq!(preferred(&[], 4, wish(false, Some(Part::Front))), ["A3", "A4", "A5", "A6"]);
    assert_eq!(preferred(&[], 4, wish(false, Some(Part::Back))), ["D3", "D4", "D5", "D6"]);
    let on_aisle = preferred(&[], 2, wish(true, None));
    assert!(on_aisle.iter().any(|label| label.ends_with('1') || label.ends_with('8')), "{on_aisle:?}");
    assert_eq!(on_aisle[0][..1], on_aisle[1][..1], "together");
    let back_aisle = preferred(&[], 2, wish(true, Some(Part::Back)));
    assert!(back_aisle.iter().all(|label| label.starts_with('D')), "{back_aisle:?}");
}

#[test]
fn a_wish_never_splits_a_party_and_never_refuses_it() {
    let front = ["A2", "A4", "A6", "B2", "B5", "B8"];
    let given = preferred(&front, 4, wish(true, Some(Part::Front)));
    assert!(given.iter().all(|label| label[..1] == given[0][..1]), "{given:?}");
    let aisles: Vec<String> =
        ["A", "B", "C", "D"].iter().flat_map(|row| [format!("{row}1"), format!("{row}8")]).collect();
    let aisles: Vec<&str> = aisles.iter().map(String::as_str).collect();
    assert_eq!(preferred(&aisles, 2, wish(true, None)).len(), 2);
}

#[test]
fn a_wish_does_not_change_what_is_remembered_of_a_row() {
    let mut known = with_taken(with_aisles(), &[]);
    let two = party(&[None, None]);
    let usual = known.best(&two, Preference::default(), false);
    known.best(&two, wish(true, Some(Part::Back)), false).expect("room");
    assert_eq!(known.best(&two, Preference::default(), false), usual);
}

#[test]
fn kept_places_are_released_at_their_times() {
    // Begins at 60; schools keep theirs until 30 before, staff until 10 before, the door to the start.
    let quota = |places, minutes| Quota { places, release: TimeDelta::minutes(minutes) };
    let showing = Showing { school: quota(20, 30), staff: quota(5, 10), door: quota(11, 0), ..showing() };
    let free = |minutes: i64| {
        let free = Availability::of(&showing, Counts::default(), at(minutes));
        [Channel::Online, Channel::Door, Channel::School, Channel::Staff].map(|channel| free.free_for(channel))
    };
    assert_eq!(free(29), [66, 77, 86, 102]);
    assert_eq!(free(30), [86, 97, 86, 102]);
    assert_eq!(free(50), [91, 102, 91, 102]);
    // What a school has taken of its own is taken from nobody else's.
    let taken = Counts { sold: 20, general: 20, school: 20, ..Counts::default() };
    assert_eq!(Availability::of(&showing, taken, at(0)).free_online, 66);
}

#[test]
fn what_others_hold_beyond_their_quota_comes_back_to_all() {
    // 102 general places; schools keep 20 until 30 before the start at 60, staff 5, the door 11.
    let quota = |places, minutes| Quota { places, release: TimeDelta::minutes(minutes) };
    let showing = Showing { school: quota(20, 30), staff: quota(5, 10), door: quota(11, 0), ..showing() };
    let told = |counts: Counts, minutes: i64| {
        let told = Availability::of(&showing, counts, at(minutes));
        let until = |channel| counts.held_until(&showing, channel, at(minutes));
        assert_eq!(told.held_until, until(Channel::Online));
        (told.free_online, told.reason, told.held_until, until(Channel::Door))
    };
    let full = |general: u32| Counts { general, ..Counts::default() };
    // The desk holds all of its own and two more; the others' places are kept.
    let desk = Counts { door: 13, held_door: held(13, 50), ..full(77) };
    assert_eq!(told(desk, 0), (0, Reason::AllHeld, Some(at(50)), Some(at(50))));
    // Of its own only, which comes back to the desk alone; sold beyond it, and held of it.
    let own = Counts { door: 11, held_door: held(11, 50), ..full(77) };
    assert_eq!(told(own, 0), (0, Reason::SoldOut, None, Some(at(50))));
    // Three of its four beyond are sold.
    let partly = Counts { door: 15, held_door: held(1, 50), ..full(77) };
    assert_eq!(told(partly, 0), (0, Reason::AllHeld, Some(at(50)), Some(at(50))));
    // A school holds its own: back to schools until the release, to all after it.
    let school = |taken: u32| Counts { school: taken, held_school: held(taken, 40), ..full(86) };
    assert_eq!(told(school(20), 0), (0, Reason::SoldOut, None, None));
    assert_eq!(told(school(20), 30), (0, Reason::AllHeld, Some(at(40)), Some(at(40))));
    assert_eq!(told(school(21), 0), (0, Reason::AllHeld, Some(at(40)), Some(at(40))));
    // Whoever's hold runs out first, of those that count.
    let both = Counts { door: 12, held_door: held(12, 50), held_online: held(3, 55), ..full(77) };
    assert_eq!(told(both, 0).2, Some(at(50)));
    let within = Counts { door: 11, held_door: held(11, 50), held_online: held(3, 55), ..full(77) };
    assert_eq!((told(within, 0).2, told(within, 0).3), (Some(at(55)), Some(at(50))));
    // Staff have taken everything, also what is kept for door and schools: 31 are owed to those first.
    let staff = |held_by_staff: u32| Counts { staff: 102, held_staff: held(held_by_staff, 50), ..full(102) };
    assert_eq!((told(staff(31), 0).1, told(staff(32), 0).1), (Reason::SoldOut, Reason::AllHeld));
}

#[test]
fn nothing_is_sold_online_before_its_time() {
    let showing = Showing { on_sale_at: Some(at(20)), ..showing() };
    let before = Availability::of(&showing, Counts::default(), at(19));
    assert_eq!((before.reason, before.free_online, before.free_door), (Reason::NotYetOnSale, 0, 97));
    assert_eq!(Availability::of(&showing, Counts::default(), at(20)).reason, Reason::Free);
}

#[test]
fn protected_places_are_released_at_the_door_only() {
    let showing = Showing { protected_release: TimeDelta::minutes(8), ..showing() };
    let open = |channel, minutes| showing.protected_open(channel, at(minutes));
    assert_eq!([51, 52].map(|minutes| open(Channel::Door, minutes)), [false, true]);
    assert!(!open(Channel::Online, 59));
}

#[test]
fn an_offer_turns_by_itself_at_each_of_its_times() {
    let quota = |places, minutes| Quota { places, release: TimeDelta::minutes(minutes) };
    let showing = Showing {
        school: quota(20, 30),
        staff: quota(0, 20),
        door: quota(11, 0),
        on_sale_at: Some(at(10)),
        ..showing()
    };
    let mut turns = Vec::new();
    let mut now = at(0);
    while let Some(next) = showing.next_turn(now) {
        turns.push((next - at(0)).num_minutes());
        now = next;
    }
    assert_eq!(turns, [10, 30, 55, 60], "on sale, schools, protected places, start; an empty quota is no turn");
}

#[test]
fn what_is_left_is_told_for_each_need() {
    let counts = Counts { general: 2, wheelchair: 1, held: 4, ..Counts::default() };
    let small = Showing { capacity: 36, wheelchair_places: 2, ..showing() };
    let left = |taken: &[&str], minutes: i64| {
        Offer::of(&with_taken(hall(), taken), &[], &Availability::of(&small, counts, at(minutes)))
    };
    let offer = left(&["C4", "A1", "W1", "W1B"], 0);
    let free_in = |offer: &Offer, need: Need| offer.needs.iter().find(|it| it.need == need).map(|it| it.free);
    let free = |need: Need| free_in(&offer, need);
    assert_eq!(free(Need::Wheelchair), Some(1));
    assert_eq!(free(Need::Companion), Some(1));
    assert_eq!(free(Need::HearingLoop), Some(7));
    assert_eq!(free(Need::StepFree), Some(7));
    assert_eq!(free(Need::GuideDog), Some(1));
    assert_eq!(offer.together, 8);
    // A companion's place without its wheelchair place is nobody's.
    let broken = left(&["W1"], 0);
    assert_eq!((free_in(&broken, Need::Wheelchair), free_in(&broken, Need::Companion)), (Some(1), Some(1)));
    assert_eq!(left(&["A4", "B4", "C4", "D4"], 0).together, 4);
    // Over: nothing is offered.
    assert_eq!((left(&[], 60).together, left(&[], 60).needs.iter().map(|it| it.free).sum::<u32>()), (0, 0));
}

#[test]
fn what_is_only_held_for_a_need_is_told_with_its_time() {
    let small = Showing { capacity: 36, wheelchair_places: 2, ..showing() };
    let both = ["W1", "W1B", "W2", "W2B"];
    let until = |held: &[(&str, i64)], counts: Counts, need: Need| {
        let hall = with_taken(hall(), &both);
        let held: Vec<_> =
            held.iter().map(|(label, minutes)| (hall.plan().place(label).expect("of it"), at(*minutes))).collect();
        let offer = Offer::of(&hall, &held, &Availability::of(&small, counts, at(0)));
        let found = offer.needs.into_iter().find(|it| it.need == need).expect("told");
        (found.free, found.held_until)
    };
    let usual = Counts { wheelchair: 2, held: 2, sold: 2, ..Counts::default() };
    let table = [
        (vec![("W1", 12), ("W2", 9)], usual, Need::Wheelchair, (0, Some(at(9)))),
        (vec![("W2", 9)], usual, Need::Wheelchair, (0, Some(at(9)))),
        (vec![], usual, Need::Wheelchair, (0, None)),
        // The companion's place is sold, and comes back to nobody with the wheelchair place of another.
        (vec![("W1", 12), ("W1B", 12)], usual, Need::Companion, (0, Some(at(12)))),
        (vec![("C1", 5)], usual, Need::HearingLoop, (8, None)),
        // There are such places, kept for the door: whatever comes back lets one be sold.
        (
            vec![],
            Counts { general: 16, held: 4, held_online: held(4, 7), ..usual },
            Need::HearingLoop,
            (0, Some(at(7))),
        ),
    ];
    for (held, counts, need, expected) in table {
        assert_eq!(until(&held, counts, need), expected, "{need:?}: {held:?}");
    }
}
