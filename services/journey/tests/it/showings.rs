//! Calling off: one visit, or a whole showing; and a delay that everything follows.

use kernel::{
    Role,
    testing::staff,
    values::{Text, timestamp},
};
use sky_proto::{
    journey::v1::{self as pb, VisitState},
    payments::v1::PaymentState,
    reservations::v1::ShowingCancelled,
};
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn a_paid_visit_called_off_is_paid_back_once() {
    let town = town().await;
    let visit = town.paid().await;
    let off = town.cancel(&visit, &guest("test")).await.expect("cancelled");
    assert_eq!(off.state(), VisitState::Refunding);
    town.cancel(&visit, &guest("test")).await.expect("a repeat");
    let off = town.wait_for(&visit, VisitState::Refunded).await;
    assert_eq!(off.payment_state(), PaymentState::Refunded);
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));
    assert_eq!(town.told().await, (1, 0, 1));
}

#[tokio::test]
async fn what_was_not_paid_is_not_paid_back() {
    let town = town().await;
    let visit = town.booked().await;
    town.cancel(&visit, &guest("test")).await.expect("cancelled");
    let off = town.wait_for(&visit, VisitState::Cancelled).await;
    assert_eq!(off.payment_state(), PaymentState::Voided);

    let held = town.held().await;
    let off = town.cancel(&held, &guest("test")).await.expect("cancelled");
    assert_eq!(off.state(), VisitState::Expired);
    let pending = town.confirm(&town.held().await, sky_proto::payments::v1::Method::Online).await.expect("ordered");
    town.cancel(&pending, &guest("test")).await.expect("cancelled");
    town.wait_for(&pending, VisitState::Cancelled).await;
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));
}

#[tokio::test]
async fn after_the_doors_open_only_the_desk_gives_money_back() {
    let town = town().await;
    let (late, desk_s) = (town.paid().await, town.paid().await);
    let starts_at = kernel::values::from_timestamp(late.starts_at);
    town.house.clock.set(starts_at - chrono::TimeDelta::minutes(1));
    let off = town.cancel(&late, &guest("test")).await.expect("cancelled");
    assert_eq!(off.state(), VisitState::Cancelled, "the places are free, the money stays");
    assert!(off.notice.expect("notice").de.contains("nichts erstattet"));
    town.house.clock.set(starts_at);
    let refused = town.cancel(&desk_s, &guest("test")).await.expect_err("it has begun");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    town.cancel(&desk_s, &desk()).await.expect("the desk may");
    town.wait_for(&desk_s, VisitState::Refunded).await;
}

#[tokio::test]
async fn a_delay_moves_ticket_page_and_bay() {
    let town = town().await;
    let visit = town.booked().await;
    let watch = pb::WatchVisitRequest { visit_id: visit.visit_id.clone(), after_revision: visit.revision };
    let mut changes = client!(town, &guest("test")).watch_visit(watch).await.expect("watched").into_inner();
    let request = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: visit.showing_id.clone(),
        minutes: 15,
        reason: Some(Text::new("Technik", "A technical check").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    let mut operator = client!(town, &staff(Role::Operator));
    let moved = operator.delay_showing(request.clone()).await.expect("delayed").into_inner();
    assert_eq!(moved.visits_affected, 1);
    let later = kernel::values::from_timestamp(visit.starts_at) + chrono::TimeDelta::minutes(15);
    assert_eq!(moved.starts_at, Some(timestamp(later)));
    assert_eq!(operator.delay_showing(request).await.expect("repeat").into_inner(), moved);
    // The bay is theirs from when it was, because they may be on the way, and for longer.
    let bay_until = |visit: &pb::Visit| visit.parking.as_ref().expect("a bay").until;
    let live = loop {
        let change = changes.next().await.expect("open").expect("good");
        if step(&change, "start").moved && bay_until(&change) != bay_until(&visit) {
            break change;
        }
    };
    assert_eq!(live.starts_at, moved.starts_at);
    assert_eq!(step(&live, "start").at, moved.starts_at);
    assert!(live.notice.expect("notice").de.contains("Technik"));
    assert!(live.revision > visit.revision);
    town.house.settle().await;
    assert_eq!(town.told().await, (1, 0, 0), "journey has nothing to tell of a delay");
}

#[tokio::test]
async fn a_cancelled_showing_calls_every_visit_off() {
    let town = town().await;
    let (paid, booked, held) = (town.paid().await, town.booked().await, town.held().await);
    let request = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: paid.showing_id.clone(),
        reason: Some(Text::new("Projektor ausgefallen", "Projector fault").to_proto()),
    };
    let mut operator = client!(town, &staff(Role::Operator));
    let off = operator.cancel_showing(request.clone()).await.expect("cancelled").into_inner();
    assert_eq!(off.visits_affected, 3);
    let refunded = town.wait_for(&paid, VisitState::Refunded).await;
    assert!(refunded.notice.expect("notice").de.contains("Projektor"));
    town.wait_for(&booked, VisitState::Cancelled).await;
    town.wait_for(&held, VisitState::Expired).await;
    // PostgreSQL notes of each row which transaction and which command of it wrote it: all visits are told in one.
    let told: (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct (xmin::text, cmin::text)) from notice where kind = 'cancelled'",
    )
    .fetch_one(town.house.pool("journey"))
    .await
    .expect("a count");
    assert_eq!(told, (2, 1));
    assert_eq!(operator.cancel_showing(request).await.expect("repeat").into_inner(), off);
    let event = ShowingCancelled { showing_id: paid.showing_id.clone(), reason: None };
    town.react_twice("reservations", &paid.showing_id, &event).await;
    town.house.settle().await;
    assert_eq!(town.told().await, (2, 1, 2));
    assert!(town.provider.transactions().values().all(|transaction| transaction.refund.is_some()));
    let refused = town.hold(&town.wish()).await.expect_err("no more");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}
