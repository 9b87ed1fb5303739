//! Which showing is offered, as tables.

use super::*;
use crate::domain::{
    PartyLine,
    samples::{at, visit},
};

fn line(class: &str, count: u32, need: &str) -> PartyLine {
    PartyLine { tariff_class: class.to_owned(), count, need: need.to_owned() }
}

fn booked() -> Visit {
    visit(State::Confirmed)
}

/// Begins at that minute; twenty places.
fn candidate(id: u128, minute: i64) -> Candidate {
    Candidate {
        showing: Uuid::from_u128(id),
        title: Text::new("Sterne", "Stars"),
        starts_at: at(minute),
        ends_at: at(minute + 60),
        doors_at: at(minute - 20),
        is_cancelled: false,
        audience: "public",
        prices: vec![("adult".to_owned(), 850), ("child".to_owned(), 400)],
        free: 20,
        together: Some(8),
        needs: ["NEED_WHEELCHAIR", "NEED_COMPANION"].map(|need| (need.to_owned(), 2)).to_vec(),
    }
}

fn next(visit: &Visit, candidates: &[Candidate], from: i64, promised: u32) -> Option<u128> {
    options(visit, candidates, at(from), |_| promised).first().map(|it| it.showing.as_u128())
}

#[test]
fn the_next_showing_with_places_together_is_offered() {
    let (booked, own) = (booked(), candidate(2, 120));
    let later = |id, minute| candidate(id, minute);
    let all = [later(8, 400), later(7, 210), own];
    assert_eq!(next(&booked, &all, 110, 0), Some(7));
    assert_eq!(next(&booked, &all, 211, 0), Some(8), "they would not be there");
    assert_eq!(next(&booked, &all, 401, 0), None);
    type Change = fn(&mut Candidate);
    let refused: [(&str, Change); 7] = [
        ("cancelled", |it| it.is_cancelled = true),
        ("for schools", |it| it.audience = "school"),
        ("dearer", |it| it.prices[0].1 = 900),
        ("without a price", |it| it.prices.clear()),
        ("full", |it| it.free = 1),
        ("apart", |it| it.together = Some(1)),
        ("tomorrow", |it| it.starts_at += TimeDelta::days(1)),
    ];
    for (why, change) in refused {
        let mut all = vec![later(7, 210)];
        change(&mut all[0]);
        assert_eq!(next(&booked, &all, 110, 0), None, "{why}");
    }
    assert_eq!(next(&booked, &[later(7, 210)], 110, 19), None, "promised to others");
    let mut cheaper = later(7, 210);
    (cheaper.prices[0].1, cheaper.together) = (500, None);
    assert_eq!(next(&booked, &[cheaper], 110, 0), Some(7));
    let mut classes = vec![later(7, 210), candidate(2, 120)];
    (classes[0].audience, classes[1].audience) = ("school", "school");
    assert_eq!(next(&booked, &classes, 110, 0), Some(7), "a class goes to another one for schools");
}

#[test]
fn needs_must_be_met_too() {
    let mut pair = booked();
    pair.party = vec![line("adult", 1, "NEED_WHEELCHAIR"), line("adult", 1, "NEED_COMPANION")];
    let mut full = candidate(7, 210);
    (full.free, full.together) = (0, Some(0));
    assert_eq!(next(&pair, &[full.clone()], 110, 0), Some(7), "they take no general place");
    full.needs[0].1 = 0;
    assert_eq!(next(&pair, &[full], 110, 0), None);
    pair.party.push(line("child", 1, "NEED_HEARING_LOOP"));
    pair.seat_items[0].unit_cents = 2000;
    assert_eq!(next(&pair, &[candidate(7, 210)], 110, 0), None, "no place with a loop");
}

#[test]
fn no_place_is_offered_to_two() {
    let mut visits: Vec<Visit> = (10..14).map(|id| Visit { id: Uuid::from_u128(id), ..booked() }).collect();
    visits[3].party = vec![line("adult", 1, "")];
    let wanting: Vec<_> = visits.iter().map(|visit| (visit, at(110))).collect();
    let mut small = candidate(7, 210);
    small.free = 5;
    let offers = offers(&wanting, &[small, candidate(8, 300)], &[(Uuid::from_u128(8), 19)], at(130));
    let to: Vec<Option<u128>> = offers.iter().map(|offer| offer.to.as_ref().map(|to| to.showing.as_u128())).collect();
    assert_eq!(to, [Some(7), Some(7), None, Some(7)], "of the other one a single place is not promised");
    assert!(offers.iter().all(|offer| offer.valid_until == at(130)));
}

#[test]
fn only_who_will_not_make_it_moves_by_itself() {
    for (state, admitted, risk, by, expected) in [
        (State::Confirmed, 0, Some(Risk::Late), Mover::Visitor, Ok(())),
        (State::Confirmed, 0, Some(Risk::Missed), Mover::Visitor, Ok(())),
        (State::Confirmed, 0, Some(Risk::InTime), Mover::Visitor, Err(CannotMove::InTime)),
        (State::Confirmed, 0, None, Mover::Visitor, Err(CannotMove::InTime)),
        (State::Confirmed, 0, None, Mover::Staff, Ok(())),
        (State::Confirmed, 1, Some(Risk::Late), Mover::Staff, Err(CannotMove::Admitted)),
        (State::Confirming, 0, Some(Risk::Late), Mover::Staff, Err(CannotMove::NotBooked)),
        (State::Refunded, 0, None, Mover::Staff, Err(CannotMove::NotBooked)),
    ] {
        let visit = Visit { admitted, ..visit(state) };
        assert_eq!(may_move(&visit, risk, by), expected, "{state:?} {admitted} {risk:?} {by:?}");
    }
}

#[test]
fn an_offer_stands_while_its_places_are_there() {
    let (booked, there) = (booked(), candidate(7, 210));
    let offer = offers(&[(&booked, at(110))], std::slice::from_ref(&there), &[], at(130)).remove(0);
    assert!(still_stands(&offer, &booked, std::slice::from_ref(&there), 18));
    assert!(!still_stands(&offer, &booked, std::slice::from_ref(&there), 19), "the others were offered first");
    assert!(!still_stands(&offer, &booked, &[], 0), "nobody tells of it any more");
    let off = Candidate { is_cancelled: true, ..there.clone() };
    assert!(!still_stands(&offer, &booked, &[off], 0));
    let later = Candidate { starts_at: at(230), ..there };
    assert!(!still_stands(&offer, &booked, &[later], 0), "another time is another offer");
    let nothing = Offer { to: None, ..offer };
    assert!(still_stands(&nothing, &booked, &[], 0));
}
