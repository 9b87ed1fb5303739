//! Free, at the desk, bad input, wrong callers, the ledger.

use kernel::{
    Caller, Role,
    testing::{staff, visitor},
    values::{euro, timestamp},
};
use sky_proto::payments::v1::{self as pb, Method, PaymentState};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn free_is_paid_at_once() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let order = order(visit, Method::Free);
    let payment = till.create(&order).await.expect("created");
    assert_eq!(payment.state(), PaymentState::Paid);
    assert_eq!(till.create(&order).await.expect("repeat"), payment);
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunded);
    assert_eq!(till.told().await, (1, 0, vec![0]));
}

#[tokio::test]
async fn at_the_desk_the_money_is_taken_once_and_given_back_once() {
    let till = till().await;
    let (visit, stranger) = (Uuid::now_v7(), Uuid::now_v7());
    let payment = till.create(&order(visit, Method::AtDesk)).await.expect("created");
    assert_eq!(payment.state(), PaymentState::DueAtDesk);
    let mut desk = client!(till.house, &staff(Role::Desk));
    let settle = |visit: Uuid| pb::SettleAtDeskRequest { visit_id: visit.to_string(), ..Default::default() };
    for _ in 0..2 {
        let settled = desk.settle_at_desk(settle(visit)).await.expect("settled").into_inner();
        assert_eq!(settled.state(), PaymentState::Paid);
    }
    assert_eq!(desk.settle_at_desk(settle(stranger)).await.expect_err("none").code(), Code::NotFound);
    let settled: Vec<pb::PaymentSettled> = till.house.events("payments").await;
    assert_eq!(settled.len(), 1);
    till.react_twice(visit, &cancelled(visit, true)).await;
    let over = desk.settle_at_desk(settle(visit)).await.expect_err("over");
    assert_eq!(over.code(), Code::FailedPrecondition);
    // It waits at the desk: nothing is back before somebody has handed it out.
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunding);
    assert_eq!(till.ledger(visit).await, [line("charge", 2000)]);
    assert_eq!(till.told().await, (1, 0, Vec::new()));
    let parts: Vec<pb::PartRefundChanged> = till.house.events("payments").await;
    assert_eq!((parts.len(), parts[0].state(), parts[0].revision), (1, pb::PartState::AtDesk, 1));
    let pay_out = pb::PayOutPartRequest { visit_id: visit.to_string(), refund_id: parts[0].refund_id.clone() };
    for _ in 0..2 {
        let paid_out = desk.pay_out_part(pay_out.clone()).await.expect("handed out").into_inner();
        assert_eq!(paid_out.state(), PaymentState::Refunded);
    }
    assert_eq!(till.told().await, (1, 0, vec![2000]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -2000)]);

    let second = till.create(&order(visit, Method::AtDesk)).await.expect_err("one per visit");
    assert_eq!(second.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn two_payments_at_once_for_one_visit_are_one() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let orders: Vec<_> = (0..10).map(|_| order(visit, Method::AtDesk)).collect();
    let answers = futures::future::join_all(orders.iter().map(|order| till.create(order))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(till.told().await.0, 1);
}

#[tokio::test]
async fn the_ledger_only_grows() {
    let till = till().await;
    till.create(&order(Uuid::now_v7(), Method::Free)).await.expect("created");
    for statement in ["update ledger set cents = 1", "delete from ledger", "truncate ledger"] {
        let refused = sqlx::query(statement).execute(till.house.pool("payments")).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::CreatePaymentRequest);
    let till = till().await;
    let good = order(Uuid::now_v7(), Method::Online);
    let cases: [(&str, Spoil); 18] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("visit_id", |r| r.visit_id = "x".to_owned()),
        ("method", |r| r.method = 0),
        ("method", |r| r.method = 9),
        ("method", |r| r.method = Method::Free.into()),
        ("method", |r| {
            r.items.clear();
            r.amount = Some(euro(0));
        }),
        ("items", |r| r.items = vec![r.items[0].clone(); 100]),
        ("items.quantity", |r| r.items[0].quantity = 0),
        ("items.unit_price", |r| r.items[0].unit_price = Some(euro(-1))),
        ("items.label", |r| r.items[0].label = None),
        ("items.tariff_id", |r| r.items[0].tariff_id.clear()),
        ("items.tax_id", |r| r.items[1].tax_id.clear()),
        ("items.tax_basis_points", |r| r.items[1].tax_basis_points = 10_001),
        ("amount", |r| r.amount = None),
        ("amount", |r| r.amount = Some(euro(1999))),
        ("amount", |r| r.amount.as_mut().expect("set").currency = "USD".to_owned()),
        ("return_url", |r| r.return_url = "javascript:alert(1)".to_owned()),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(-1)))),
    ];
    for (field, spoil) in cases {
        let mut request = good.clone();
        spoil(&mut request);
        let refused = till.create(&request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(&format!("{field}:")), "{}", refused.message());
    }
    till.create(&good).await.expect("created");
    let mut other = good.clone();
    other.items[0].label = other.items[1].label.clone();
    let reused = till.create(&other).await.expect_err("other content");
    assert_eq!(reused.code(), Code::InvalidArgument);
    let no_reason = pb::RefundPaymentRequest { visit_id: good.visit_id, reason: " ".to_owned() };
    let refused = client!(till.house, &journey()).refund_payment(no_reason).await.expect_err("no reason");
    assert!(refused.message().starts_with("reason:"));
}

#[tokio::test]
async fn nobody_else_touches_money() {
    let till = till().await;
    let visit = Uuid::now_v7();
    till.create(&order(visit, Method::AtDesk)).await.expect("created");
    let get = pb::GetPaymentRequest { visit_id: visit.to_string() };
    client!(till.house, &visitor(Some(visit))).get_payment(get.clone()).await.expect("their own");
    client!(till.house, &staff(Role::Desk)).get_payment(get.clone()).await.expect("the desk");
    let foreign = client!(till.house, &visitor(Some(Uuid::now_v7()))).get_payment(get.clone()).await;
    assert_eq!(foreign.expect_err("foreign").code(), Code::PermissionDenied);
    let kitchen = client!(till.house, &staff(Role::Kitchen)).get_payment(get).await;
    assert_eq!(kitchen.expect_err("kitchen").code(), Code::PermissionDenied);
    let own = visitor(Some(visit));
    let create = client!(till.house, &own).create_payment(order(visit, Method::Free)).await;
    assert_eq!(create.expect_err("visitor").code(), Code::PermissionDenied);
    let check = pb::CheckPaymentRequest { visit_id: visit.to_string() };
    assert_eq!(
        client!(till.house, &own).check_payment(check.clone()).await.expect_err("visitor").code(),
        Code::PermissionDenied
    );
    client!(till.house, &Caller::Service("portal".to_owned())).check_payment(check).await.expect("portal");
    let settle = pb::SettleAtDeskRequest { visit_id: visit.to_string(), ..Default::default() };
    let settled = client!(till.house, &own).settle_at_desk(settle).await;
    assert_eq!(settled.expect_err("visitor").code(), Code::PermissionDenied);
    let refund = pb::RefundPaymentRequest { visit_id: visit.to_string(), reason: "x".to_owned() };
    let refunded = client!(till.house, &staff(Role::Desk)).refund_payment(refund).await;
    assert_eq!(refunded.expect_err("desk").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn without_a_provider_there_is_no_online_payment() {
    let house = kernel::testing::House::start(&[payments::SERVICE, kernel::testing::producer("journey")]).await;
    let mut journey = client!(house, &journey());
    let refused = journey.create_payment(order(Uuid::now_v7(), Method::Online)).await.expect_err("no provider");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    journey.create_payment(order(Uuid::now_v7(), Method::AtDesk)).await.expect("at the desk");
}
