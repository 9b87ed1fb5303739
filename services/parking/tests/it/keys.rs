//! Controllers that use the key of one car for another: while the answer is remembered, and weeks later.

use chrono::TimeDelta;
use sky_proto::parking::v1::{self as pb, Direction, record_lane_response::Verdict};
use tonic::Code;

use crate::{
    client,
    gates::{beats, car, controller, drives, look},
    support::*,
};

#[tokio::test]
async fn a_way_out_whose_controller_uses_a_key_again_opens_is_counted_and_shown_to_staff() {
    let house = house().await;
    for _ in 0..3 {
        drives(&house, &controller("in-1"), car("in-1", Direction::In, "")).await;
    }
    let occupied = async || site(&house).await.classes[0].occupied;
    let first = car("out-1", Direction::Out, "");
    let before = drives(&house, &controller("out-1"), first.clone()).await;
    assert_eq!((occupied().await, look(&house, "out-1").await.key_reused_at), (Some(2), None));
    house.clock.advance(TimeDelta::seconds(60));
    let second = pb::RecordLaneRequest { code: "https://example.org".to_owned(), ..first.clone() };
    let out = drives(&house, &controller("out-1"), second.clone()).await;
    assert_eq!((out.verdict(), out.command_id.is_empty(), occupied().await), (Verdict::Open, false, Some(1)));
    assert_ne!(out.command_id, before.command_id, "the barrier is told to open once more");
    assert_eq!(drives(&house, &controller("out-1"), second).await, out, "the second one again");
    assert_eq!(drives(&house, &controller("out-1"), first).await, before, "and the first one");
    assert_eq!(occupied().await, Some(1));
    assert!(look(&house, "out-1").await.key_reused_at.is_some());
    // The way in stays shut, as ever.
    let entry = car("in-1", Direction::In, "");
    drives(&house, &controller("in-1"), entry.clone()).await;
    let other = pb::RecordLaneRequest { bay_class: pb::BayClass::Family.into(), ..entry };
    let refused = client!(house, &controller("in-1")).record_lane(other).await.expect_err("another car");
    assert_eq!((refused.code(), look(&house, "in-1").await.key_reused_at), (Code::InvalidArgument, None));
    // The day after, nobody looks for it any more.
    house.clock.set(house.clock.now() + TimeDelta::days(1));
    assert_eq!(look(&house, "out-1").await.key_reused_at, None);
}

#[tokio::test]
async fn a_key_that_staff_have_used_again_opens_and_is_not_the_controllers_fault() {
    let house = house().await;
    for _ in 0..2 {
        drives(&house, &controller("in-1"), car("in-1", Direction::In, "")).await;
    }
    let first = car("out-1", Direction::Out, "");
    let second = pb::RecordLaneRequest { code: "nonsense".to_owned(), ..first.clone() };
    for out in [first, second] {
        assert_eq!(drives(&house, &attendant(), out).await.verdict(), Verdict::Open);
    }
    assert_eq!(site(&house).await.classes[0].occupied, Some(0));
    assert_eq!(look(&house, "out-1").await.key_reused_at, None);
}

#[tokio::test]
async fn a_way_out_whose_controller_uses_a_key_again_that_was_forgotten_tells_of_another_car() {
    let house = house().await;
    for _ in 0..3 {
        drives(&house, &controller("in-1"), car("in-1", Direction::In, "")).await;
    }
    let occupied = async || site(&house).await.classes[0].occupied;
    let out = car("out-1", Direction::Out, "");
    let mut before = drives(&house, &controller("out-1"), out.clone()).await;
    for left in [1, 0] {
        // Answers are kept for some weeks.
        sqlx::query("delete from idempotency").execute(house.pool("parking")).await.expect("forgotten");
        house.clock.advance(TimeDelta::seconds(120));
        let now = drives(&house, &controller("out-1"), out.clone()).await;
        assert_eq!((now.verdict(), now.command_id.is_empty(), occupied().await), (Verdict::Open, false, Some(left)));
        assert_ne!(now.command_id, before.command_id, "the barrier is told to open once more");
        assert_eq!(drives(&house, &controller("out-1"), out.clone()).await, now, "the same car again");
        assert_eq!(occupied().await, Some(left));
        before = now;
    }
    assert!(look(&house, "out-1").await.key_reused_at.is_some());
}

/// Weeks later the answer is forgotten: what the barrier was told then opens it for nobody who comes now.
#[tokio::test]
async fn a_way_in_whose_controller_uses_a_key_again_that_was_forgotten_judges_the_car_that_is_there() {
    let house = house().await;
    let occupied = async || site(&house).await.classes[0].occupied;
    let entry = car("in-1", Direction::In, "");
    let first = drives(&house, &controller("in-1"), entry.clone()).await;
    assert_eq!((first.verdict(), occupied().await), (Verdict::Open, Some(1)));
    sqlx::query("delete from idempotency").execute(house.pool("parking")).await.expect("forgotten");
    house.clock.set(house.clock.now() + TimeDelta::days(35));
    let second = drives(&house, &controller("in-1"), entry.clone()).await;
    assert_eq!((second.verdict(), occupied().await), (Verdict::Open, Some(2)));
    assert_ne!(second.command_id, first.command_id, "the barrier is told to open for this car");
    let orders = beats(&house, "in-1", false, "").await;
    assert!(orders.commands.iter().all(|it| it.command_id == second.command_id), "and can: {orders:?}");
    assert_eq!(drives(&house, &controller("in-1"), entry.clone()).await, second, "the same car again");
    assert_eq!(occupied().await, Some(2));
    assert!(look(&house, "in-1").await.key_reused_at.is_some(), "somebody must look at the controller");
    // Another time the car park is closed by then: what was open for the other car is shut for this one.
    sqlx::query("delete from idempotency").execute(house.pool("parking")).await.expect("forgotten");
    house.clock.set(house.clock.now() + TimeDelta::days(35));
    sqlx::query("update site set state = 'closed'").execute(house.pool("parking")).await.expect("closed");
    let shut = drives(&house, &controller("in-1"), entry).await;
    assert_eq!((shut.verdict(), shut.command_id.as_str()), (Verdict::Closed, ""));
    // And a refusal of another day is no answer either, though no barrier was told anything.
    let refused = car("in-1", Direction::In, "");
    assert_eq!(drives(&house, &controller("in-1"), refused.clone()).await.verdict(), Verdict::Closed);
    sqlx::query("delete from idempotency").execute(house.pool("parking")).await.expect("forgotten");
    sqlx::query("update site set state = 'open'").execute(house.pool("parking")).await.expect("open");
    house.clock.set(house.clock.now() + TimeDelta::days(35));
    assert_eq!(drives(&house, &controller("in-1"), refused).await.verdict(), Verdict::Open);
}
