//! What the desk has to hand out: all of it is listed, each is noted once, and a note that was wrong is taken back, with a
//! line of its own in the ledger.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::staff,
    values::{euro, from_timestamp},
};
use sky_proto::{
    journey::v1::VisitRefundDue,
    kernel::v1::LocalizedText,
    payments::v1::{self as pb, Method, PartState, PaymentState, PayoutCause, payouts_client::PayoutsClient},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

async fn list(till: &Till) -> pb::ListPayoutsResponse {
    let mut payouts = PayoutsClient::new(till.house.channel(&staff(Role::Desk)));
    payouts.list_payouts(pb::ListPayoutsRequest {}).await.expect("listed").into_inner()
}

/// What waits at the desk.
pub async fn open(till: &Till) -> Vec<pb::Payout> {
    list(till).await.open
}

async fn pay_out(till: &Till, payout: &pb::Payout) -> Result<pb::Payment, Status> {
    let anna = Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk] };
    let request = pb::PayOutPartRequest { visit_id: payout.visit_id.clone(), refund_id: payout.refund_id.clone() };
    client!(till.house, &anna).pay_out_part(request).await.map(tonic::Response::into_inner)
}

async fn take_back(till: &Till, payout: &pb::Payout) -> Result<pb::Payout, Status> {
    let request = pb::TakeBackPayoutRequest { visit_id: payout.visit_id.clone(), refund_id: payout.refund_id.clone() };
    let mut payouts = PayoutsClient::new(till.house.channel(&staff(Role::Desk)));
    payouts.take_back_payout(request).await.map(tonic::Response::into_inner)
}

async fn paid_at_desk(till: &Till) -> Uuid {
    let visit = Uuid::now_v7();
    till.create(&order(visit, Method::AtDesk)).await.expect("created");
    let request = pb::SettleAtDeskRequest { visit_id: visit.to_string(), ..Default::default() };
    client!(till.house, &staff(Role::Desk)).settle_at_desk(request).await.expect("settled");
    visit
}

async fn due(till: &Till, visit: Uuid, cents: i64) -> Uuid {
    let refund = Uuid::now_v7();
    let event = VisitRefundDue {
        visit_id: visit.to_string(),
        refund_id: refund.to_string(),
        amount: Some(euro(cents)),
        reason: Some(LocalizedText { de: "Ohne Stellplatz".to_owned(), ..Default::default() }),
    };
    till.react_twice(visit, &event).await;
    refund
}

fn cents(payout: &pb::Payout) -> i64 {
    payout.amount.as_ref().expect("a sum").cents
}

/// What the house was told of one part, with its revisions.
async fn told(till: &Till, refund: &str) -> Vec<(PartState, u32)> {
    let told: Vec<pb::PartRefundChanged> = till.house.events("payments").await;
    told.iter().filter(|it| it.refund_id == refund).map(|it| (it.state(), it.revision)).collect()
}

#[tokio::test]
async fn what_waits_is_listed_the_oldest_first_with_why_and_since_when() {
    let till = till().await;
    let desk = paid_at_desk(&till).await;
    let first = due(&till, desk, 300).await;
    let since = till.house.clock.now();
    till.house.clock.advance(TimeDelta::minutes(7));

    // The provider gives back no parts: the desk does, from when it said so.
    let online = Uuid::now_v7();
    let payment = till.create(&order(online, Method::Online)).await.expect("created");
    till.press(&payment, "pay").await;
    till.check(online).await;
    till.provider.set_down(true);
    let second = due(&till, online, 690).await;
    let mut seen = list(&till).await;
    for _ in 0..500 {
        seen = list(&till).await;
        if seen.unanswered.len() == 1 {
            break;
        }
        till.house.clock.advance(TimeDelta::seconds(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let asked = &seen.unanswered[0];
    assert_eq!(
        (asked.refund_id.clone(), cents(asked), asked.attempts >= 2),
        (second.to_string(), 690, true),
        "{asked:?}"
    );
    till.provider.set_whole_only(true);
    till.provider.set_down(false);
    for _ in 0..500 {
        seen = list(&till).await;
        if seen.open.len() == 2 {
            break;
        }
        till.house.clock.advance(TimeDelta::seconds(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(seen.unanswered.is_empty(), "it has answered");
    let told: Vec<_> = seen.open.iter().map(|it| (it.refund_id.clone(), it.cause(), cents(it), it.whole)).collect();
    let refused = (second.to_string(), PayoutCause::ProviderRefused, 690, false);
    assert_eq!(told, [(first.to_string(), PayoutCause::PaidAtDesk, 300, false), refused]);
    assert_eq!((seen.open_count, seen.open_sum.as_ref().expect("a sum").cents), (2, 990));
    assert_eq!((from_timestamp(seen.open[0].since), seen.open[0].reason.as_str()), (since, "Ohne Stellplatz"));
    assert!(from_timestamp(seen.open[1].since) > since + TimeDelta::minutes(7));
    for role in [Role::Operator, Role::Kitchen, Role::Attendant] {
        let mut payouts = PayoutsClient::new(till.house.channel(&staff(role)));
        let refused = payouts.list_payouts(pb::ListPayoutsRequest {}).await.expect_err("not theirs");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role:?}");
    }
}

/// As after a change of the configuration: then there is no provider that could be asked even once.
#[tokio::test]
async fn a_refund_that_nobody_answers_is_listed_after_ten_minutes_though_the_provider_was_never_asked() {
    let till = till().await;
    let visit = Uuid::now_v7();
    till.paid(visit).await;
    let Till { house, provider } = till;
    let house = house.restart_with(|settings| settings.services.clear()).await;
    let till = Till { house, provider };
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunding);
    till.house.clock.advance(TimeDelta::minutes(9));
    assert!(list(&till).await.unanswered.is_empty(), "it may still be on its way");
    till.house.clock.advance(TimeDelta::minutes(1));
    let seen = list(&till).await.unanswered;
    let told: Vec<_> = seen.iter().map(|it| (it.visit_id.clone(), cents(it), it.whole, it.attempts)).collect();
    assert_eq!(told, [(visit.to_string(), 2000, true, 0)]);
}

#[tokio::test]
async fn a_payout_that_was_noted_by_mistake_waits_again() {
    let till = till().await;
    let visit = paid_at_desk(&till).await;
    let refund = due(&till, visit, 300).await.to_string();
    let waits = open(&till).await.remove(0);
    assert_eq!(take_back(&till, &waits).await.expect_err("never handed out").code(), Code::FailedPrecondition);
    pay_out(&till, &waits).await.expect("handed out");
    let paid = list(&till).await;
    assert!(paid.open.is_empty());
    let it = &paid.paid_out[0];
    assert_eq!((it.refund_id.as_str(), it.paid_out_by.as_str()), (refund.as_str(), "anna"));
    assert_eq!(from_timestamp(it.paid_out_at), till.house.clock.now());

    let foreign = pb::Payout { visit_id: Uuid::now_v7().to_string(), ..waits.clone() };
    assert_eq!(take_back(&till, &foreign).await.expect_err("another visit's").code(), Code::NotFound);
    till.house.clock.advance(TimeDelta::minutes(40));
    for _ in 0..2 {
        let again = take_back(&till, &waits).await.expect("taken back, and pressed twice");
        assert_eq!((again.since, again.paid_out_at, again.paid_out_by.as_str()), (waits.since, None, ""));
    }
    let lines = [line("charge", 2000), line("part_refund", -300), line("payout_back", 300)];
    assert_eq!(till.ledger(visit).await, lines);
    let seen = list(&till).await;
    assert_eq!((seen.open.len(), seen.paid_out.len()), (1, 0));

    // The second time it is right; on the next day nobody takes it back any more.
    pay_out(&till, &waits).await.expect("handed out");
    assert_eq!(till.ledger(visit).await.last(), Some(&line("part_refund", -300)));
    let (at_desk, done) = (PartState::AtDesk, PartState::Done);
    assert_eq!(told(&till, &refund).await, [(at_desk, 1), (done, 2), (at_desk, 3), (done, 4)]);
    till.house.clock.advance(TimeDelta::hours(24));
    assert_eq!(take_back(&till, &waits).await.expect_err("yesterday's").code(), Code::FailedPrecondition);
    assert!(list(&till).await.paid_out.is_empty());
    assert_eq!(till.ledger(visit).await.len(), 4);
}

#[tokio::test]
async fn a_whole_payment_waits_again_too_and_ends_as_it_should() {
    let till = till().await;
    let visit = paid_at_desk(&till).await;
    till.react_twice(visit, &cancelled(visit, true)).await;
    let waits = open(&till).await.remove(0);
    assert_eq!((waits.whole, cents(&waits), waits.cause()), (true, 2000, PayoutCause::PaidAtDesk));
    assert_eq!(pay_out(&till, &waits).await.expect("handed out").state(), PaymentState::Refunded);
    take_back(&till, &waits).await.expect("taken back");
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunding);
    assert_eq!(pay_out(&till, &waits).await.expect("handed out").state(), PaymentState::Refunded);
    let total: i64 = till.ledger(visit).await.iter().map(|(_, cents)| cents).sum();
    assert_eq!(total, 0);
    assert_eq!(till.get(visit).await.given_back.expect("told").cents, 2000);
}

#[tokio::test]
async fn many_presses_at_once_hand_out_once() {
    let till = till().await;
    let visit = paid_at_desk(&till).await;
    due(&till, visit, 300).await;
    let waits = open(&till).await.remove(0);
    let presses = futures::future::join_all((0..12).map(|_| pay_out(&till, &waits))).await;
    assert!(presses.iter().all(Result::is_ok));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -300)]);
    let backs = futures::future::join_all((0..12).map(|_| take_back(&till, &waits))).await;
    assert!(backs.iter().all(Result::is_ok));
    assert_eq!(till.ledger(visit).await.len(), 3);
    // The database would not let one go twice, whoever asks.
    let again = sqlx::query(
        "insert into ledger (payment_id, visit_id, kind, cents, method, at, refund_id, round)
         select payment_id, visit_id, kind, cents, method, at, refund_id, round from ledger where kind = 'part_refund'",
    );
    let refused = again.execute(till.house.pool("payments")).await.expect_err("twice");
    assert!(refused.to_string().contains("ledger_once"), "{refused}");
}
