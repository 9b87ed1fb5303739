//! Free seating: the same rows count, nobody chooses one, and nobody is told one; places for needs are somebody's own.

use std::collections::BTreeSet;

use kernel::{
    Role,
    testing::{House, staff},
};
use prost::Message;
use sky_proto::reservations::v1::{self as pb, seats_refused::Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

fn refused(answer: Result<impl std::fmt::Debug, Status>) {
    let status = answer.expect_err("no places are chosen here");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert!(status.message().contains("seating is free"), "{}", status.message());
    let told = pb::SeatsRefused::decode(status.details()).expect("why, as data");
    assert_eq!(told.why(), Reason::FreeSeating);
    assert!(told.reason.expect("in words").de.contains("freie Platzwahl"));
}

async fn claimed(house: &House, visit: Uuid) -> BTreeSet<String> {
    let claims = sqlx::query_scalar("select seat from seat_claim where visit_id = $1");
    claims.bind(visit).fetch_all(house.pool("reservations")).await.expect("claims").into_iter().collect()
}

async fn reseat(house: &House, visit: Uuid, seats: &[&str]) -> Result<pb::Booking, Status> {
    let request = pb::ReseatRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        seats: seats.iter().map(|label| (*label).to_owned()).collect(),
        wish: None,
    };
    client!(house, &staff(Role::Desk)).reseat(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn where_seating_is_free_no_place_is_chosen_and_only_needs_have_theirs() {
    let house = house().await;
    set_numbered(&house, false).await;
    let showing = showing(&house).await.showing_id;
    let mut chosen = wish(Uuid::now_v7(), &showing, 2);
    chosen.seats = vec!["C1".to_owned(), "C2".to_owned()];
    refused(hold(&house, &chosen).await);

    let visit = Uuid::now_v7();
    let mut order = wish(visit, &showing, 2);
    order.party.push(line("adult", 1, pb::Need::Wheelchair));
    let held = hold(&house, &order).await.expect("held");
    let free: Vec<bool> = held.seats.iter().map(|seat| seat.free_seating).collect();
    let needs: Vec<bool> = held.seats.iter().map(|seat| seat.need() == pb::Need::Unspecified).collect();
    assert_eq!((free, held.seats.len()), (needs, 3), "{:?}", held.seats);
    assert_eq!(hold(&house, &order).await.expect("a repeat"), held, "the first answer says so too");
    let labels: BTreeSet<String> = held.seats.iter().map(|seat| seat.label.clone()).collect();
    assert_eq!(claimed(&house, visit).await, labels, "each has a row of its own all the same");

    twice(&house, visit, &confirmed(visit, &showing)).await;
    let booked = booking(&house, visit).await.expect("booked");
    let is_free = |need: pb::Need| need == pb::Need::Unspecified;
    assert!(booked.tickets.iter().all(|ticket| ticket.free_seating == is_free(ticket.need())), "{booked:?}");
    let told: Vec<pb::BookingConfirmed> = house.events("reservations").await;
    assert!(told[0].tickets.iter().all(|ticket| ticket.free_seating == is_free(ticket.need())), "{told:?}");

    refused(reseat(&house, visit, &["D1", "D2", "W2"]).await);
    assert_eq!(claimed(&house, visit).await, labels, "they keep what they have");
    reseat(&house, visit, &[]).await.expect("the house may count other rows");
    let told: Vec<pb::BookingReseated> = house.events("reservations").await;
    assert!(told[0].tickets.iter().all(|ticket| ticket.free_seating == is_free(ticket.need())), "{told:?}");

    set_numbered(&house, true).await;
    let numbered = hold(&house, &chosen).await.expect("held where places are numbered");
    assert!(numbered.seats.iter().all(|seat| !seat.free_seating), "{numbered:?}");
}
