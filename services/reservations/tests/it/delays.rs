//! Showings that are delayed, earlier again, cancelled: each once.

use kernel::values::{Text, timestamp};
use sky_proto::reservations::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn a_delay_is_shortened_and_taken_back() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let delay = async |minutes: i32| {
        let request = pb::DelayShowingRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: showing.clone(),
            minutes,
            reason: Some(Text::new("Technik", "A technical check").to_proto()),
            expected_starts_at: None,
        };
        client!(house, &journey()).delay_showing(request).await.map(tonic::Response::into_inner)
    };
    delay(30).await.expect("later");
    let shorter = delay(-20).await.expect("earlier again");
    assert_eq!((shorter.starts_at, shorter.doors_at), (Some(timestamp(minutes(70))), Some(timestamp(minutes(50)))));
    assert_eq!(shorter.state(), pb::ShowingState::Delayed);
    let refused = delay(-11).await.expect_err("earlier than it was planned");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("cannot begin before"), "{refused}");
    let planned = delay(-10).await.expect("as it was planned");
    assert_eq!(planned.starts_at, Some(timestamp(minutes(60))));
    assert_eq!(planned.state(), pb::ShowingState::OnSale);
    assert_eq!(delay(-1).await.expect_err("it is not late").code(), Code::FailedPrecondition);
    // What was planned is past by now.
    delay(30).await.expect("later");
    house.clock.set(minutes(75));
    assert_eq!(delay(-16).await.expect_err("in the past").code(), Code::FailedPrecondition);
    delay(-15).await.expect("now");
    let told: Vec<pb::ShowingDelayed> = house.events("reservations").await;
    assert_eq!(told.iter().map(|it| it.minutes).collect::<Vec<_>>(), [30, -20, -10, 30, -15]);
}

#[tokio::test]
async fn a_showing_is_delayed_once_and_cancelled_once() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let request = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        minutes: 20,
        reason: None,
        expected_starts_at: Some(timestamp(minutes(60))),
    };
    for _ in 0..2 {
        let moved = client!(house, &journey()).delay_showing(request.clone()).await.expect("moved").into_inner();
        assert_eq!(moved.starts_at, Some(timestamp(minutes(80))));
        assert_eq!(moved.state(), pb::ShowingState::Delayed);
    }
    // Somebody else had looked at the same page, and confirms now.
    let second = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        expected_starts_at: Some(timestamp(minutes(60))),
        ..request.clone()
    };
    let refused = client!(house, &journey()).delay_showing(second).await.expect_err("it was moved meanwhile");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("it begins at "), "{refused}");
    assert_eq!(get(&house, &showing).await.starts_at, Some(timestamp(minutes(80))), "nothing moved");
    let told: Vec<pb::ShowingDelayed> = house.events("reservations").await;
    assert_eq!(told.len(), 1);
    let request = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        reason: None,
    };
    hold(&house, &wish(Uuid::now_v7(), &showing, 2)).await.expect("held before");
    for _ in 0..2 {
        let now = client!(house, &journey()).cancel_showing(request.clone()).await.expect("cancelled").into_inner();
        assert_eq!(now.availability.expect("known").held, 0);
    }
    let told: Vec<pb::ShowingCancelled> = house.events("reservations").await;
    assert_eq!(told.len(), 1);
    let refused = hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect_err("cancelled");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}
