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
        is_on_sale: true,
        audience: "public",
        prices: vec![("adult".to_owned(), 850), ("child".to_owned(), 400)],
        free: 20,
        together: Some(8),
        needs: ["NEED_WHEELCHAIR", "NEED_COMPANION"].map(|need| (need.to_owned(), 2)).to_vec(),
    }
}

/// So many people without needs.
fn others(people: u32) -> Places {
    let mut places = Places::default();
    places.add("", people);
    places
}

fn next(visit: &Visit, candidates: &[Candidate], from: i64, promised: u32) -> Option<u128> {
    let promised = candidates.iter().map(|it| (it.showing, others(promised))).collect();
    options(visit, candidates, at(from), &promised).first().map(|it| it.showing.as_u128())
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
    let refused: [(&str, Change); 8] = [
        ("cancelled", |it| it.is_cancelled = true),
        ("for schools", |it| it.audience = "school"),
        ("sold from later on", |it| it.is_on_sale = false),
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
fn a_visit_goes_to_no_showing_that_it_could_not_be_offered() {
    let to = Uuid::from_u128(7);
    type Change = fn(&mut Candidate);
    let table: [(&str, Change, Result<(), CannotMove>); 10] = [
        ("as offered", |_| (), Ok(())),
        ("full since: reservations says so", |it| (it.free, it.together) = (0, Some(0)), Ok(())),
        ("dearer: reservations says so", |it| it.prices[0].1 = 900, Ok(())),
        ("cancelled", |it| it.is_cancelled = true, Err(CannotMove::NoOption)),
        ("private", |it| it.audience = "private", Err(CannotMove::NoOption)),
        ("sold from later on", |it| it.is_on_sale = false, Err(CannotMove::NoOption)),
        ("tomorrow", |it| it.starts_at += TimeDelta::days(1), Err(CannotMove::NoOption)),
        ("at the same time", |it| it.starts_at = at(120), Err(CannotMove::NoOption)),
        ("begun", |it| it.starts_at = at(129), Err(CannotMove::NoOption)),
        ("another one", |it| it.showing = Uuid::from_u128(9), Err(CannotMove::NoOption)),
    ];
    for (what, change, expected) in table {
        let mut there = candidate(7, 210);
        change(&mut there);
        assert_eq!(may_go_to(&booked(), to, &[candidate(2, 120), there], at(130)), expected, "{what}");
    }
    let own = booked();
    assert_eq!(may_go_to(&own, own.showing, &[candidate(2, 120)], at(110)), Err(CannotMove::SameShowing));
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
    let offers =
        offers(&wanting, &[small, candidate(8, 300)], HashMap::from([(Uuid::from_u128(8), others(19))]), at(130));
    let to: Vec<Option<u128>> = offers.iter().map(|offer| offer.to.as_ref().map(|to| to.showing.as_u128())).collect();
    assert_eq!(to, [Some(7), Some(7), None, Some(7)], "of the other one a single place is not promised");
    assert!(offers.iter().all(|offer| offer.valid_until == at(130)));
}

/// Those with needs get places of their own: they are promised once, and take no other place.
#[test]
fn no_place_for_a_need_is_offered_to_two() {
    let wheelchair: &[&str] = &["NEED_WHEELCHAIR", "NEED_COMPANION"];
    let (alone, hearing, none): (&[&str], &[&str], &[&str]) = (&["NEED_WHEELCHAIR"], &["NEED_HEARING_LOOP"], &[""]);
    // Free: general places, wheelchair places, companions', with a loop.
    for (parties, free, expected) in [
        (vec![wheelchair, wheelchair], (20, [1, 1, 0]), vec![true, false]),
        (vec![wheelchair, wheelchair, wheelchair], (20, [2, 2, 0]), vec![true, true, false]),
        (vec![wheelchair, alone], (20, [1, 5, 0]), vec![true, false]),
        (vec![wheelchair, wheelchair], (20, [2, 1, 0]), vec![true, false]),
        (vec![wheelchair, none], (1, [1, 1, 0]), vec![true, true]),
        (vec![hearing, hearing], (20, [0, 0, 1]), vec![true, false]),
        (vec![hearing, none], (1, [0, 0, 1]), vec![true, false]),
        (vec![none, hearing], (2, [0, 0, 1]), vec![true, true]),
    ] {
        let party = |needs: &[&str]| needs.iter().map(|need| line("adult", 1, need)).collect();
        let visits: Vec<Visit> = (10..)
            .zip(&parties)
            .map(|(id, needs)| Visit { id: Uuid::from_u128(id), party: party(needs), ..booked() })
            .collect();
        let mut there = candidate(7, 210);
        there.free = free.0;
        there.needs = ["NEED_WHEELCHAIR", "NEED_COMPANION", "NEED_HEARING_LOOP"]
            .map(str::to_owned)
            .into_iter()
            .zip(free.1)
            .collect();
        let there = [there];
        let wanting: Vec<_> = visits.iter().map(|visit| (visit, at(110))).collect();
        let together = offers(&wanting, &there, HashMap::new(), at(130));
        assert_eq!(together.iter().map(|it| it.to.is_some()).collect::<Vec<_>>(), expected, "{parties:?} {free:?}");
        // In turns of their own, and looked at again.
        let mut before = Places::default();
        for ((visit, it), gets) in visits.iter().zip(&together).zip(&expected) {
            let promised = HashMap::from([(there[0].showing, before.clone())]);
            let offer = offers(&[(visit, at(110))], &there, promised, at(130)).remove(0);
            assert_eq!((&offer, offer.to.is_some()), (it, *gets), "{parties:?} {free:?}");
            let to = Some(Offered {
                showing: there[0].showing,
                title: there[0].title.clone(),
                starts_at: at(210),
                ends_at: at(270),
            });
            let stands = still_stands(&Offer { to, ..offer }, visit, &there, &before);
            assert_eq!(stands, *gets, "{parties:?} {free:?}");
            if *gets {
                before.add_party(visit);
            }
        }
    }
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
    let offer = offers(&[(&booked, at(110))], std::slice::from_ref(&there), HashMap::new(), at(130)).remove(0);
    assert!(still_stands(&offer, &booked, std::slice::from_ref(&there), &others(18)));
    assert!(!still_stands(&offer, &booked, std::slice::from_ref(&there), &others(19)), "the others were offered first");
    assert!(!still_stands(&offer, &booked, &[], &others(0)), "nobody tells of it any more");
    let off = Candidate { is_cancelled: true, ..there.clone() };
    assert!(!still_stands(&offer, &booked, &[off], &others(0)));
    let later = Candidate { starts_at: at(230), ..there };
    assert!(!still_stands(&offer, &booked, &[later], &others(0)), "another time is another offer");
    let nothing = Offer { to: None, ..offer };
    assert!(still_stands(&nothing, &booked, &[], &others(0)));
}
