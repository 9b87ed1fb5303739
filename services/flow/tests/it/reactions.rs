//! Reservations' events, each twice and out of order.

use sky_proto::{
    flow::v1::{self as pb, AdmissionState, ScanVerdict},
    reservations::v1::{BookingCancelled, BookingMoved, BookingReseated, ShowingCancelled},
};
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn the_plan_follows_the_programme_and_the_run_does_not() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    for _ in 0..2 {
        told(&house, showing, &delayed(showing, 20)).await;
        // The old plan comes once more.
        told(&house, showing, &scheduled(showing)).await;
    }
    let admission = snapshot(&house).await.admissions.remove(0);
    assert_eq!((admission.delayed_minutes, admission.state()), (20, AdmissionState::DoorsOpen));
    assert_eq!(admission.ends_at, Some(kernel::values::timestamp(minutes(130))));
    house.clock.set(minutes(85));
    let running = move_to(&house, showing, AdmissionState::Running).await.expect("started");
    assert_eq!(running.ends_at, Some(kernel::values::timestamp(minutes(135))));
    told(&house, showing, &delayed(showing, 40)).await;
    let admission = snapshot(&house).await.admissions.remove(0);
    assert_eq!(admission.ends_at, Some(kernel::values::timestamp(minutes(135))));
}

#[tokio::test]
async fn cancelled_tickets_admit_nobody_whatever_comes_later() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let cancelled = |visit: Uuid| BookingCancelled {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        ticket_ids: tickets.iter().map(Uuid::to_string).collect(),
    };
    for _ in 0..2 {
        told(&house, visit, &cancelled(visit)).await;
    }
    told(&house, visit, &booking(visit, showing, &tickets)).await;
    let answer = scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("a verdict");
    assert_eq!(answer.verdict(), ScanVerdict::Cancelled);
    assert_eq!(snapshot(&house).await.admissions[0].booked, 0);
    // The cancellation overtakes the booking.
    let fast = Uuid::now_v7();
    told(&house, fast, &cancelled(fast)).await;
    told(&house, fast, &booking(fast, showing, &[Uuid::now_v7()])).await;
    assert_eq!(snapshot(&house).await.admissions[0].booked, 0);
}

#[tokio::test]
async fn a_cancelled_showing_is_told_once() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    for _ in 0..2 {
        told(&house, showing, &ShowingCancelled { showing_id: showing.to_string(), reason: None }).await;
    }
    let answer = scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("a verdict");
    assert_eq!(answer.verdict(), ScanVerdict::Cancelled);
    let told: Vec<pb::AdmissionMoved> = house.events("flow").await;
    assert_eq!(told.iter().filter(|moved| moved.state() == AdmissionState::Cancelled).count(), 1);
}

/// Whoever is in when a showing is cancelled leaves the hall: the next house must not find it full.
#[tokio::test]
async fn a_cancelled_showing_leaves_nobody_in_the_hall() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let answer = scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("a verdict");
    assert_eq!(answer.verdict(), ScanVerdict::Admitted);
    let counts = async || -> Vec<(String, Option<u32>)> {
        snapshot(&house).await.zones.into_iter().map(|zone| (zone.zone_id, zone.count)).collect()
    };
    let full = counts().await;
    assert!(full.iter().any(|(zone, count)| zone == "dome" && *count == Some(answer.admitted_now)), "{full:?}");
    told(&house, showing, &ShowingCancelled { showing_id: showing.to_string(), reason: None }).await;
    let left = counts().await;
    assert!(left.iter().any(|(zone, count)| zone == "dome" && *count == Some(0)), "{left:?}");
}

#[tokio::test]
async fn a_moved_party_is_shown_to_its_new_places() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let mut issued = booking(visit, showing, &tickets).tickets;
    for (place, ticket) in issued.iter_mut().enumerate() {
        ticket.seat = format!("K{}", place + 7);
    }
    let moved =
        BookingReseated { visit_id: visit.to_string(), showing_id: showing.to_string(), tickets: issued.clone() };
    for _ in 0..2 {
        told(&house, visit, &moved).await;
    }
    // The booking once more, late; and a party that nobody knows.
    told(&house, visit, &booking(visit, showing, &tickets)).await;
    let nobody = BookingReseated { visit_id: Uuid::now_v7().to_string(), ..moved.clone() };
    told(&house, visit, &nobody).await;
    let answer = scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("a verdict");
    assert_eq!(answer.verdict(), ScanVerdict::Admitted, "the code stays valid");
    assert_eq!(answer.seats, ["K7", "K8", "K9"]);
    assert_eq!(snapshot(&house).await.admissions[0].booked, 3);
}

#[tokio::test]
async fn a_party_that_moves_is_let_in_to_its_new_showing_with_the_codes_it_has() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let later = Uuid::now_v7();
    told(&house, later, &scheduled(later)).await;
    let moved = BookingMoved {
        visit_id: visit.to_string(),
        from_showing_id: showing.to_string(),
        showing_id: later.to_string(),
        tickets: booking(visit, later, &tickets).tickets,
        ..BookingMoved::default()
    };
    for _ in 0..2 {
        told(&house, visit, &moved).await;
    }
    // The booking once more, late; and a party that nobody knows.
    told(&house, visit, &booking(visit, showing, &tickets)).await;
    told(&house, visit, &BookingMoved { visit_id: Uuid::now_v7().to_string(), ..moved }).await;
    let booked = |admissions: &[pb::Admission], showing: Uuid| {
        admissions.iter().find(|it| it.showing_id == showing.to_string()).map(|it| it.booked)
    };
    let admissions = snapshot(&house).await.admissions;
    assert_eq!((booked(&admissions, showing), booked(&admissions, later)), (Some(0), Some(3)));
    let code = kernel::ticket_code::reference(visit);
    let answer = scan(&house, &scan_of(showing, &code)).await.expect("a verdict");
    assert_eq!((answer.verdict(), answer.other_showing_id), (ScanVerdict::WrongShowing, later.to_string()));
    move_to(&house, later, AdmissionState::DoorsOpen).await.expect("open");
    let answer = scan(&house, &scan_of(later, &code)).await.expect("a verdict");
    assert_eq!((answer.verdict(), answer.admitted_now), (ScanVerdict::Admitted, 3));
}
