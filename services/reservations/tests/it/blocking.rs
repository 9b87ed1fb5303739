//! Places that the house does not sell: kept from everybody, told with their reason to staff alone, sold again.

use futures::future::join_all;
use kernel::{
    Caller, Role,
    testing::{House, staff, visitor},
};
use sky_proto::reservations::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

fn request(showing: &str, seats: &[&str], blocked: bool) -> pb::BlockSeatsRequest {
    pb::BlockSeatsRequest {
        showing_id: showing.to_owned(),
        seats: seats.iter().map(|label| (*label).to_owned()).collect(),
        blocked,
        reason: if blocked { "broken seat".to_owned() } else { String::new() },
    }
}

async fn block(house: &House, request: pb::BlockSeatsRequest) -> Result<pb::SeatPlan, tonic::Status> {
    client!(house, &staff(Role::Desk)).block_seats(request).await.map(tonic::Response::into_inner)
}

async fn seat_plan(house: &House, caller: &Caller, showing: &str) -> pb::SeatPlan {
    let request = pb::GetSeatPlanRequest { showing_id: showing.to_owned() };
    client!(house, caller).get_seat_plan(request).await.expect("a plan").into_inner()
}

/// What a plan says of places that are not sold.
fn blocked(plan: &pb::SeatPlan) -> Vec<(&str, &str, bool)> {
    let blocked = plan.seats.iter().filter(|seat| seat.blocked);
    let mut told: Vec<_> = blocked.map(|seat| (seat.label.as_str(), seat.blocked_reason.as_str(), seat.free)).collect();
    told.sort_unstable();
    told
}

fn wants(showing: &str, seat: &str) -> pb::HoldSeatsRequest {
    pb::HoldSeatsRequest { seats: vec![seat.to_owned()], ..wish(Uuid::now_v7(), showing, 1) }
}

#[tokio::test]
async fn a_blocked_place_is_nobodys_until_it_is_sold_again() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let free = async || get(&house, &showing).await.availability.expect("known");
    let before = free().await;
    let plan = block(&house, request(&showing, &["B3", "B4", "W1"], true)).await.expect("blocked");
    let all = [("B3", "broken seat", false), ("B4", "broken seat", false), ("W1", "broken seat", false)];
    assert_eq!(blocked(&plan), all);
    assert_eq!(block(&house, request(&showing, &["B3"], true)).await.expect("again"), plan);
    // Visitors see that it is not sold, not why.
    let public = seat_plan(&house, &visitor(None), &showing).await;
    assert_eq!(blocked(&public), [("B3", "", false), ("B4", "", false), ("W1", "", false)]);
    let now = free().await;
    assert_eq!((now.free_online, now.sold, now.held), (before.free_online - 2, 0, 0));
    let refused = hold(&house, &wants(&showing, "B3")).await.expect_err("not sold");
    assert_eq!(refused.code(), Code::Aborted);
    assert!(refused.message().contains("not sold for this showing: B3"), "{}", refused.message());
    // Whoever has it first keeps it.
    hold(&house, &wants(&showing, "B5")).await.expect("held");
    let refused = block(&house, request(&showing, &["B5", "B6"], true)).await.expect_err("theirs");
    assert_eq!((refused.code(), refused.message().contains("taken: B5;")), (Code::Aborted, true), "{refused}");
    hold(&house, &wants(&showing, "B6")).await.expect("none of them was blocked");

    let plan = block(&house, request(&showing, &["B3", "W1"], false)).await.expect("sold again");
    assert_eq!(blocked(&plan), [("B4", "broken seat", false)]);
    hold(&house, &wants(&showing, "B3")).await.expect("held");
    assert_eq!(free().await.free_online, before.free_online - 4);
}

#[tokio::test]
async fn whoever_blocks_and_whoever_buys_at_once_never_both_get_a_place() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    for number in 1..=12 {
        let label = format!("C{number}");
        let (order, stop) = (wants(&showing, &label), request(&showing, &[&label], true));
        let (held, stopped) = tokio::join!(hold(&house, &order), block(&house, stop));
        assert!(held.is_ok() != stopped.is_ok(), "{label}: {held:?} {stopped:?}");
    }
    let orders: Vec<_> = (0..150).map(|_| wish(Uuid::now_v7(), &showing, 1)).collect();
    let held = join_all(orders.iter().map(|order| hold(&house, order))).await.into_iter().filter(Result::is_ok).count();
    let plan = seat_plan(&house, &staff(Role::Desk), &showing).await;
    let nobodys = i64::try_from(blocked(&plan).len()).expect("few");
    let claims: i64 = sqlx::query_scalar("select count(*) from seat_claim")
        .fetch_one(house.pool("reservations"))
        .await
        .expect("claims");
    assert_eq!(claims, 12 + i64::try_from(held).expect("few"), "{nobodys} are blocked");
    assert!(plan.seats.iter().all(|seat| !(seat.blocked && seat.free)));
}

#[tokio::test]
async fn what_cannot_be_blocked_is_refused_with_its_reason() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let without_reason = pb::BlockSeatsRequest { reason: String::new(), ..request(&showing, &["B1"], true) };
    for (request, code, said) in [
        (request("x", &["B1"], true), Code::InvalidArgument, "showing_id"),
        (request(&Uuid::now_v7().to_string(), &["B1"], true), Code::NotFound, "no such showing"),
        (request(&showing, &[], true), Code::InvalidArgument, "seats: is empty"),
        (request(&showing, &["B1", "B1"], true), Code::InvalidArgument, "twice"),
        (request(&showing, &["Z99"], true), Code::InvalidArgument, "no place of this hall"),
        (without_reason, Code::InvalidArgument, "reason: is missing"),
    ] {
        let refused = block(&house, request).await.expect_err(said);
        assert_eq!(refused.code(), code, "{said}: {}", refused.message());
        assert!(refused.message().contains(said), "{said}: {}", refused.message());
    }
    let caller = visitor(None);
    let refused = client!(house, &caller).block_seats(request(&showing, &["B1"], true)).await.expect_err("for staff");
    assert_eq!(refused.code(), Code::PermissionDenied);
    block(&house, request(&showing, &["B1"], false)).await.expect("nothing to sell again is no error");
}
