//! Nothing is ever stuck: for every state that waits, what happens when nobody comes.

use sky_proto::{
    journey::v1::VisitState,
    parking::v1::RightState,
    payments::v1::{Method, PaymentState},
};

use crate::support::*;

#[tokio::test]
async fn holds_run_out_even_after_a_crash() {
    let town = town().await;
    let (held, crashed) = (town.held().await, town.held().await);
    // The process died between the services' answers and the second transaction.
    town.force(&crashed, "holding", 10).await;
    assert_eq!(town.taken().await, (4, 0));
    town.house.clock.set(minutes(11));
    let held = town.wait_for(&held, VisitState::Expired).await;
    assert!(held.notice.expect("notice").de.contains("abgelaufen"));
    for _ in 0..200 {
        let waiting: i64 = sqlx::query_scalar("select count(*) from visit where deadline is not null")
            .fetch_one(town.house.pool("journey"))
            .await
            .expect("counted");
        if waiting == 0 {
            break;
        }
        town.house.clock.advance(chrono::TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    town.house.settle().await;
    assert_eq!(town.told().await, (0, 2, 0));
    assert_eq!(town.taken().await, (0, 0));
}

#[tokio::test]
async fn a_payment_whose_event_never_came_is_asked_for() {
    let town = town().await;
    // Ordered, but the process died before payments was asked.
    let lost = town.held().await;
    town.force(&lost, "awaiting_payment", 16).await;
    // Paid, and journey does not know.
    let paid = town.paid().await;
    town.force(&paid, "awaiting_payment", 16).await;
    let forget = "update visit set payment_state = 'pending', booking = 'held', payment_expires_at = $2 where id = $1";
    for visit in [&lost, &paid] {
        sqlx::query(forget)
            .bind(id(visit))
            .bind(minutes(15))
            .execute(town.house.pool("journey"))
            .await
            .expect("forgotten");
    }
    town.house.clock.set(minutes(17));
    town.wait_for(&lost, VisitState::Expired).await;
    let paid = town.wait_for(&paid, VisitState::Confirmed).await;
    assert_eq!(paid.payment_state(), PaymentState::Paid);
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 2));
}

#[tokio::test]
async fn an_unreachable_provider_is_given_up_in_the_end() {
    let town = town().await;
    let visit = town.confirm(&town.held().await, Method::Online).await.expect("ordered");
    town.provider.set_down(true);
    town.house.clock.set(minutes(16));
    for _ in 0..120 {
        town.house.clock.advance(chrono::TimeDelta::seconds(5));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(town.get(&visit).await.state(), VisitState::AwaitingPayment, "it may have been paid");
    assert_eq!(town.taken().await, (2, 0), "nobody else gets the places before that is known");
    town.house.clock.set(minutes(40));
    town.wait_for(&visit, VisitState::Expired).await;
}

#[tokio::test]
async fn parts_whose_events_never_came_are_asked() {
    let town = town().await;
    let visit = town.booked().await;
    town.force(&visit, "confirming", 20).await;
    sqlx::query("update visit set booking = 'held', bay = jsonb_set(bay, '{part}', '\"held\"') where id = $1")
        .bind(id(&visit))
        .execute(town.house.pool("journey"))
        .await
        .expect("forgotten");
    town.house.clock.set(minutes(21));
    town.wait_for(&visit, VisitState::Confirmed).await;
}

#[tokio::test]
async fn a_refund_whose_event_never_came_is_asked_for() {
    let town = town().await;
    let (paid, unpaid, unknown) = (town.paid().await, town.booked().await, town.held().await);
    for visit in [&paid, &unpaid] {
        town.cancel(visit, &guest("test")).await.expect("cancelled");
    }
    town.wait_for(&paid, VisitState::Refunded).await;
    town.wait_for(&unpaid, VisitState::Cancelled).await;
    for visit in [&paid, &unpaid, &unknown] {
        town.force(visit, "refunding", 1).await;
    }
    town.wait_for(&paid, VisitState::Refunded).await;
    town.wait_for(&unpaid, VisitState::Cancelled).await;
    town.wait_for(&unknown, VisitState::Cancelled).await;
}

#[tokio::test]
async fn a_visit_called_off_before_payments_had_its_order_is_not_due_for_ever() {
    let town = town().await;
    let visit = town.booked().await;
    // As if the payment had come to be only after payments had heard that the visit is off.
    town.force(&visit, "refunding", 1).await;
    let visit = town.wait_for(&visit, VisitState::Cancelled).await;
    assert_eq!(visit.payment_state(), PaymentState::Voided);
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));
}

#[tokio::test]
async fn a_payment_that_waits_for_a_visit_that_is_off_is_given_up() {
    let town = town().await;
    let visit = town.confirm(&town.held().await, Method::Online).await.expect("ordered");
    // As if the process had died between payments' answer to the order and what follows when the visit is off meanwhile.
    town.force(&visit, "refunding", 1).await;
    let visit = town.wait_for(&visit, VisitState::Cancelled).await;
    assert_eq!(visit.payment_state(), PaymentState::Voided);
    assert!(town.house.clock.now() < minutes(10), "long before its time to pay is over");
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));
}

#[tokio::test]
async fn a_bay_whose_hold_ran_out_before_parking_heard_is_taken_again() {
    let town = town().await;
    let visit = town.booked().await;
    town.force(&visit, "confirming", 20).await;
    // Parking has not applied that the visit is confirmed, and time went by.
    let forget = "update visit set bay = jsonb_set(bay, '{part}', '\"held\"') where id = $1";
    sqlx::query(forget).bind(id(&visit)).execute(town.house.pool("journey")).await.expect("forgotten");
    sqlx::query("update parking_right set state = 'expired', reference = '' where visit_id = $1")
        .bind(id(&visit))
        .execute(town.house.pool("parking"))
        .await
        .expect("let go");
    town.house.clock.set(minutes(21));
    let visit = town.wait_for(&visit, VisitState::Confirmed).await;
    let right = visit.parking.expect("a bay");
    assert_eq!(right.state(), RightState::Confirmed, "nobody is told that there is no bay while one is free");
    town.house.settle().await;
    assert_eq!(visit.notice.unwrap_or_default().de, "");
}
