//! A booked party moves to another showing: never without places, never with two.

use std::collections::BTreeSet;

use kernel::{Role, testing::House, testing::staff, values::from_timestamp};
use sky_proto::reservations::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

fn request(visit: Uuid, to: &str) -> pb::MoveBookingRequest {
    pb::MoveBookingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        showing_id: to.to_owned(),
        channel: pb::Channel::Door.into(),
    }
}

async fn move_to(house: &House, request: &pb::MoveBookingRequest) -> Result<pb::Booking, Status> {
    client!(house, &journey()).move_booking(request.clone()).await.map(tonic::Response::into_inner)
}

async fn booked(house: &House, wish: &pb::HoldSeatsRequest) -> Uuid {
    hold(house, wish).await.expect("held");
    let visit = Uuid::parse_str(&wish.visit_id).expect("an id");
    twice(house, visit, &confirmed(visit, &wish.showing_id)).await;
    visit
}

/// Public showings in the dome, by start, that cost an adult so many cents.
async fn at(house: &House, cents: i64) -> Vec<pb::Showing> {
    let costs = |showing: &pb::Showing| {
        let adult = showing.prices.iter().find(|price| price.tariff_class == "adult");
        adult.and_then(|price| price.price.as_ref()).is_some_and(|price| price.cents == cents)
    };
    programme(house, &journey(), false).await.into_iter().filter(|it| it.hall == "dome" && costs(it)).collect()
}

async fn places(house: &House, visit: Uuid) -> BTreeSet<(String, String)> {
    sqlx::query_as::<_, (String, String)>("select showing_id::text, seat from seat_claim where visit_id = $1")
        .bind(visit)
        .fetch_all(house.pool("reservations"))
        .await
        .expect("claims")
        .into_iter()
        .collect()
}

#[tokio::test]
async fn a_party_moves_with_its_tickets_and_leaves_its_old_places() {
    let house = house().await;
    let showings = at(&house, 850).await;
    let (from, to) = (&showings[0].showing_id, &showings[1].showing_id);
    let visit = booked(&house, &wish(Uuid::now_v7(), from, 3)).await;
    let before = booking(&house, visit).await.expect("booked");
    let key = request(visit, to);
    let after = move_to(&house, &key).await.expect("moved");
    assert_eq!(move_to(&house, &key).await.expect("the first answer"), after);
    assert_eq!(move_to(&house, &request(visit, to)).await.expect("it is there already"), after);
    let ids =
        |booking: &pb::Booking| booking.tickets.iter().map(|ticket| ticket.ticket_id.clone()).collect::<BTreeSet<_>>();
    assert_eq!((ids(&before), &before.reference), (ids(&after), &after.reference), "the same tickets");
    assert_eq!(&after.showing_id, to);
    let code = house.keys.read_code(&before.visit_code).expect("ours");
    assert!(code.not_after > from_timestamp(showings[1].ends_at), "the code on the phone is still good then");
    let now = places(&house, visit).await;
    assert!(now.len() == 3 && now.iter().all(|(showing, _)| showing == to), "{now:?}");
    let (old, new) = (get(&house, from).await, get(&house, to).await);
    let sold = |showing: &pb::Showing| showing.availability.as_ref().map(|it| it.sold);
    assert_eq!((sold(&old), sold(&new)), (Some(0), Some(3)));
    let told: Vec<pb::BookingMoved> = house.events("reservations").await;
    assert_eq!(told.len(), 1, "told once");
    assert_eq!((&told[0].from_showing_id, &told[0].showing_id, &told[0].move_id), (from, to, &key.idempotency_key));
    assert_eq!(told[0].tickets.len(), 3);
    // And back again: the places it had are free.
    move_to(&house, &request(visit, from)).await.expect("back");
    assert_eq!(places(&house, visit).await.len(), 3);
}

#[tokio::test]
async fn a_party_that_cannot_move_keeps_its_places() {
    let house = house().await;
    let (showings, dear) = (at(&house, 850).await, at(&house, 1200).await);
    let (from, to) = (&showings[0].showing_id, &showings[1].showing_id);
    let visit = booked(&house, &wish(Uuid::now_v7(), from, 2)).await;
    // All general places but two that are not neighbours.
    let plan = client!(house, &journey()).get_seat_plan(pb::GetSeatPlanRequest { showing_id: to.clone() }).await;
    let kept = |seat: &pb::Seat| seat.features.iter().any(|it| it == "wheelchair" || it == "companion");
    let seats = plan.expect("a plan").into_inner().seats.into_iter().filter(|seat| !kept(seat));
    let seats: Vec<String> = seats.map(|seat| seat.label).filter(|label| label != "A1" && label != "C5").collect();
    for some in seats.chunks(50) {
        let mut block = wish(Uuid::now_v7(), to, u32::try_from(some.len()).expect("few"));
        (block.seats, block.channel) = (some.to_vec(), pb::Channel::Staff.into());
        hold(&house, &block).await.expect("held");
    }
    let held = Uuid::now_v7();
    hold(&house, &wish(held, from, 1)).await.expect("held");
    let before = places(&house, visit).await;
    for (request, code, said) in [
        (request(visit, to), Code::ResourceExhausted, "side by side"),
        (request(visit, &dear[0].showing_id), Code::FailedPrecondition, "7.00 EUR more"),
        (request(held, to), Code::FailedPrecondition, "only a booked party"),
        (request(Uuid::now_v7(), to), Code::NotFound, "no places"),
        (request(visit, &Uuid::now_v7().to_string()), Code::NotFound, "no such showing"),
        (request(visit, "x"), Code::InvalidArgument, "showing_id"),
        (pb::MoveBookingRequest { channel: 0, ..request(visit, to) }, Code::InvalidArgument, "channel"),
    ] {
        let refused = move_to(&house, &request).await.expect_err(said);
        assert_eq!(refused.code(), code, "{said}: {}", refused.message());
        assert!(refused.message().contains(said), "{said}: {}", refused.message());
    }
    let caller = staff(Role::Desk);
    let refused = client!(house, &caller).move_booking(request(visit, to)).await.expect_err("journey's alone");
    assert_eq!(refused.code(), Code::PermissionDenied);
    house.clock.set(from_timestamp(showings[2].starts_at));
    let refused = move_to(&house, &request(visit, &showings[2].showing_id)).await.expect_err("begun");
    assert!(refused.message().contains("has begun"), "{}", refused.message());
    assert_eq!(places(&house, visit).await, before);
    assert!(house.events::<pb::BookingMoved>("reservations").await.is_empty());
}

#[tokio::test]
async fn many_that_move_to_the_last_places_get_each_place_once() {
    let house = house().await;
    let showings = at(&house, 850).await;
    let (from, to) = (&showings[0].showing_id, &showings[1].showing_id);
    let mut visits = Vec::new();
    for _ in 0..12 {
        visits.push(booked(&house, &wish(Uuid::now_v7(), from, 4)).await);
    }
    let mut block = wish(Uuid::now_v7(), to, 60);
    block.channel = pb::Channel::Staff.into();
    hold(&house, &block).await.expect("held");
    block.visit_id = Uuid::now_v7().to_string();
    block.idempotency_key = Uuid::new_v4().to_string();
    block.party = vec![line("adult", 20, pb::Need::Unspecified)];
    hold(&house, &block).await.expect("held");
    let requests: Vec<_> = visits.iter().map(|visit| request(*visit, to)).collect();
    let answers = futures::future::join_all(requests.iter().map(|request| move_to(&house, request))).await;
    let moved = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((1..12).contains(&moved), "{moved}");
    for (visit, answer) in visits.iter().zip(&answers) {
        let now = places(&house, *visit).await;
        let showing = if answer.is_ok() { to } else { from };
        assert!(now.len() == 4 && now.iter().all(|(of, _)| of == showing), "{answer:?} {now:?}");
    }
}

#[tokio::test]
async fn what_is_cheaper_is_told_and_nobody_moves_back_to_the_dearer_one_for_nothing() {
    let house = house().await;
    let (dear, cheap) = (at(&house, 1200).await, at(&house, 850).await);
    let (from, to) = (&dear[0].showing_id, &cheap[0].showing_id);
    let visit = booked(&house, &wish(Uuid::now_v7(), from, 2)).await;
    move_to(&house, &request(visit, to)).await.expect("moved");
    let told: Vec<pb::BookingMoved> = house.events("reservations").await;
    let cents = |it: &sky_proto::kernel::v1::ChargedItem| {
        it.unit_price.as_ref().expect("a price").cents * i64::from(it.quantity)
    };
    assert_eq!(told[0].items.iter().map(cents).sum::<i64>(), 1700, "what the places cost there");
    let refused = move_to(&house, &request(visit, from)).await.expect_err("the difference goes back to them");
    assert!(refused.message().contains("7.00 EUR more"), "{}", refused.message());
    move_to(&house, &request(visit, &cheap[1].showing_id)).await.expect("for the same price");
}
