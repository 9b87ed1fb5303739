//! What is given to a party whose payment came when its hold had run out.

use super::{
    super::sale::{Claim, Sale},
    *,
};

/// A numbered showing in the small hall, in which somebody else has these places for good.
fn sale(taken: &[&str]) -> Sale {
    let other = Uuid::from_u128(9);
    let claim = |seat: &&str| Claim {
        seat: (*seat).to_owned(),
        visit: other,
        channel: Some(Channel::Online),
        expires_at: None,
    };
    let showing = Showing { numbered: true, ..showing() };
    Sale::new(showing, 1, Vec::new(), with_taken(super::hall(), &[]), taken.iter().map(claim).collect())
}

fn booking(seats: &[(&str, Option<Need>)]) -> Booking {
    let held = |(label, need): &(&str, Option<Need>)| HeldSeat {
        label: (*label).to_owned(),
        features: Vec::new(),
        class: "adult".to_owned(),
        need: *need,
        free_seating: false,
    };
    Booking {
        visit: Uuid::from_u128(1),
        showing: Uuid::nil(),
        state: BookingState::Expired,
        channel: Channel::Online,
        reference: String::new(),
        seats: seats.iter().map(held).collect(),
        items: Vec::new(),
        held_at: at(0),
        expires_at: at(10),
    }
}

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// Every general place but these.
fn all_but(free: &[&str]) -> Vec<String> {
    let seats = super::hall().into_iter().filter(|seat| seat.place() == Place::General).map(|seat| seat.label);
    seats.filter(|label| !free.contains(&label.as_str())).collect()
}

fn retaken(free: &[&str], booking: &Booking, now: DateTime<Utc>) -> Option<Vec<String>> {
    let taken = all_but(free);
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let given = sale(&taken).retake(booking, now)?;
    assert!(given.iter().map(|held| &held.class).eq(booking.seats.iter().map(|held| &held.class)), "the same price");
    Some(given.into_iter().map(|held| held.label).collect())
}

const FRIENDS: [(&str, Option<Need>); 4] = [("C3", None), ("C4", None), ("C5", None), ("C6", None)];

#[test]
fn friends_who_paid_late_are_not_torn_apart() {
    let friends = booking(&FRIENDS);
    let own = retaken(&["C3", "C4", "C5", "C6", "D1"], &friends, at(20)).expect("nobody else has them");
    assert_eq!(own, ["C3", "C4", "C5", "C6"]);
    let others = retaken(&["B1", "B2", "B3", "B4", "D8"], &friends, at(20)).expect("side by side");
    assert_eq!(others, ["B1", "B2", "B3", "B4"]);
    assert_eq!(retaken(&["A1", "B3", "C5", "D7"], &friends, at(20)), None, "four single places");
    assert_eq!(retaken(&["B1", "B2", "D1", "D2"], &friends, at(20)), None, "two and two");
}

#[test]
fn who_sat_apart_before_may_sit_apart_again() {
    let apart = booking(&[("B1", None), ("D8", None)]);
    assert_eq!(retaken(&["A2", "C4"], &apart, at(20)).map(|given| given.len()), Some(2));
}

#[test]
fn needs_are_met_again_or_not_at_all() {
    let with_loop = booking(&[("C3", Some(Need::HearingLoop)), ("C4", None)]);
    assert_eq!(retaken(&["B3", "B4"], &with_loop, at(20)), None, "no hearing loop there");
    assert!(retaken(&["C7", "C8"], &with_loop, at(20)).is_some());
}

#[test]
fn who_sits_where_they_like_is_together_anywhere() {
    let mut free = booking(&FRIENDS);
    free.seats.iter_mut().for_each(|held| held.free_seating = true);
    let taken = all_but(&["A1", "B3", "C5", "D7"]);
    let claim =
        |seat: String| Claim { seat, visit: Uuid::from_u128(9), channel: Some(Channel::Online), expires_at: None };
    let claims = taken.into_iter().map(claim).collect();
    let mut sale = Sale::new(showing(), 1, Vec::new(), with_taken(super::hall(), &[]), claims);
    assert_eq!(sale.retake(&free, at(20)).map(|given| given.len()), Some(4));
}

#[test]
fn nothing_is_sold_of_a_showing_that_is_over() {
    let friends = booking(&FRIENDS);
    let (begun, over) = (showing().starts_at, showing().ends_at);
    assert!(retaken(&["C3", "C4", "C5", "C6"], &friends, begun).is_some(), "paid in time, heard of late");
    assert_eq!(retaken(&["C3", "C4", "C5", "C6"], &friends, over), None);
}
