//! Parts of a payment go back: each once whatever is replayed, never more than was paid, the way it was paid.

use futures::future::join_all;
use kernel::{Role, testing::staff, values::euro};
use sky_proto::{
    journey::v1::VisitRefundDue,
    payments::v1::{self as pb, Method, PartState, PaymentState},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, payouts::open, support::*};

fn due(visit: Uuid, refund: Uuid, cents: i64) -> VisitRefundDue {
    VisitRefundDue {
        visit_id: visit.to_string(),
        refund_id: refund.to_string(),
        amount: Some(euro(cents)),
        reason: None,
    }
}

/// What the house was told of parts, in order.
async fn told(till: &Till) -> Vec<(PartState, i64)> {
    let told: Vec<pb::PartRefundChanged> = till.house.events("payments").await;
    told.iter().map(|it| (it.state(), it.amount.as_ref().expect("amount").cents)).collect()
}

/// Lets the house's time pass until the house was told so often.
async fn told_times(till: &Till, times: usize) -> Vec<(PartState, i64)> {
    for _ in 0..500 {
        let told = told(till).await;
        if told.len() >= times {
            return told;
        }
        till.house.clock.advance(chrono::TimeDelta::seconds(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("told {:?} only", told(till).await);
}

async fn pay_out(till: &Till, visit: Uuid, refund: Uuid) -> Result<pb::Payment, tonic::Status> {
    let request = pb::PayOutPartRequest { visit_id: visit.to_string(), refund_id: refund.to_string() };
    client!(till.house, &staff(Role::Desk)).pay_out_part(request).await.map(tonic::Response::into_inner)
}

fn given_back(payment: &pb::Payment) -> i64 {
    payment.given_back.as_ref().expect("told").cents
}

#[tokio::test]
async fn a_part_goes_back_by_the_provider_once_and_the_rest_with_the_visit() {
    let till = till().await;
    let (visit, meal) = (Uuid::now_v7(), Uuid::now_v7());
    let payment = till.paid(visit).await;
    till.provider.set_down(true);
    till.react_twice(visit, &due(visit, meal, 690)).await;
    assert_eq!(given_back(&till.get(visit).await), 690);
    assert_eq!(told(&till).await, [(PartState::Returning, 690)]);
    till.provider.set_down(false);
    assert_eq!(told_times(&till, 2).await[1], (PartState::Done, 690));
    till.react_twice(visit, &due(visit, meal, 690)).await;
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -690)]);
    assert_eq!(till.get(visit).await.state(), PaymentState::Paid);

    till.react_twice(visit, &cancelled(visit, true)).await;
    till.wait_for(visit, PaymentState::Refunded).await;
    let back = till.get(visit).await;
    assert_eq!(
        (given_back(&back), back.refunded),
        (2000, Some(euro(1310))),
        "what went back with the visit, as was told"
    );
    // Late: all of it is back already.
    let late = Uuid::now_v7();
    till.react_twice(visit, &due(visit, late, 300)).await;
    assert_eq!(told(&till).await.last(), Some(&(PartState::Covered, 0)));
    assert_eq!(till.told().await, (1, 0, vec![1310]));
    let lines = till.ledger(visit).await;
    assert_eq!(lines, [line("charge", 2000), line("part_refund", -690), line("refund", -1310)]);
    let transaction = &till.provider.transactions()[&payment.payment_id];
    assert_eq!(transaction.refund.as_ref().expect("refunded").1, 1310);
    assert_eq!(transaction.parts.values().map(|(_, cents)| *cents).collect::<Vec<_>>(), [690]);
}

#[tokio::test]
async fn many_at_once_never_get_more_than_was_paid() {
    let till = till().await;
    let visit = Uuid::now_v7();
    till.paid(visit).await;
    let wishes: Vec<VisitRefundDue> = (0..24).map(|_| due(visit, Uuid::now_v7(), 300)).collect();
    let about = visit.to_string();
    let all = wishes.iter().chain(&wishes).map(|wish| till.house.react("payments", "journey", &about, wish));
    for answer in join_all(all).await {
        answer.expect("each is answered");
    }
    assert_eq!(given_back(&till.get(visit).await), 2000);
    let sums: (i64, i64) = sqlx::query_as("select count(*), sum(cents)::bigint from part_refund where visit_id = $1")
        .bind(visit)
        .fetch_one(till.house.pool("payments"))
        .await
        .expect("sums");
    assert_eq!(sums, (24, 2000), "six whole ones, and what was left");
    told_times(&till, 24 + 7).await;
    let back: i64 = till.ledger(visit).await.iter().filter(|(kind, _)| kind == "part_refund").map(|(_, it)| it).sum();
    assert_eq!(back, -2000);
    // The database would not let more go, whoever asks.
    let more = sqlx::query("update payment set given_back = given_back + 1 where visit_id = $1").bind(visit);
    let refused = more.execute(till.house.pool("payments")).await.expect_err("more than there is");
    assert!(refused.to_string().contains("payment_gives_back_what_it_has"), "{refused}");
}

#[tokio::test]
async fn what_was_paid_at_the_desk_waits_there_and_is_handed_out_once() {
    let till = till().await;
    let (visit, first, second) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    till.create(&order(visit, Method::AtDesk)).await.expect("created");
    // Not paid yet: so much less is due.
    till.react_twice(visit, &due(visit, first, 300)).await;
    let request = |expected_cents| pb::SettleAtDeskRequest {
        visit_id: visit.to_string(),
        means: pb::Means::Card.into(),
        expected_cents,
    };
    let mut desk = client!(till.house, &staff(Role::Desk));
    let refused = desk.settle_at_desk(request(2000)).await.expect_err("shown before it became less");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(till.ledger(visit).await.is_empty(), "nothing is taken");
    desk.settle_at_desk(request(1700)).await.expect("settled");
    let settled: Vec<pb::PaymentSettled> = till.house.events("payments").await;
    assert_eq!((settled[0].means(), settled[0].amount.as_ref().expect("amount").cents), (pb::Means::Card, 1700));
    assert_eq!(pay_out(&till, visit, first).await.expect_err("never paid").code(), Code::FailedPrecondition);

    till.react_twice(visit, &due(visit, second, 500)).await;
    assert_eq!(till.ledger(visit).await, [line("charge", 1700)], "nothing is back before it is handed out");
    for _ in 0..2 {
        assert_eq!(given_back(&pay_out(&till, visit, second).await.expect("handed out")), 800);
    }
    assert_eq!(till.ledger(visit).await, [line("charge", 1700), line("part_refund", -500)]);
    let foreign = pay_out(&till, Uuid::now_v7(), second).await.expect_err("another visit's");
    assert_eq!(foreign.code(), Code::NotFound);

    // Cancelled: what waits goes with the rest, and the rest waits as one.
    let third = Uuid::now_v7();
    till.react_twice(visit, &due(visit, third, 200)).await;
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(pay_out(&till, visit, third).await.expect_err("went with the rest").code(), Code::FailedPrecondition);
    let rest = open(&till).await;
    assert_eq!((rest.len(), rest[0].whole, rest[0].amount.as_ref().expect("a sum").cents), (1, true, 1200));
    let rest = Uuid::try_parse(&rest[0].refund_id).expect("an id");
    pay_out(&till, visit, rest).await.expect("handed out");
    let lines = till.ledger(visit).await;
    assert_eq!(lines, [line("charge", 1700), line("part_refund", -500), line("part_refund", -1200)]);
    use PartState::{AtDesk, Covered, Done, LessDue};
    let states: Vec<PartState> = told(&till).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, [LessDue, AtDesk, Done, AtDesk, Covered, AtDesk, Done]);
}

#[tokio::test]
async fn what_waits_at_the_desk_still_waits_when_its_visit_is_called_off_too_late() {
    let till = till().await;
    let (visit, refund) = (Uuid::now_v7(), Uuid::now_v7());
    till.create(&order(visit, Method::AtDesk)).await.expect("created");
    let request = pb::SettleAtDeskRequest { visit_id: visit.to_string(), ..Default::default() };
    client!(till.house, &staff(Role::Desk)).settle_at_desk(request).await.expect("settled");
    // All of it goes back, and nobody has handed it out yet.
    till.react_twice(visit, &due(visit, refund, 2000)).await;
    till.react_twice(visit, &cancelled(visit, false)).await;
    assert_eq!(till.ledger(visit).await, [line("charge", 2000)], "nobody has paid anything out");
    pay_out(&till, visit, refund).await.expect("handed out");
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -2000)]);
    assert_eq!(told(&till).await, [(PartState::AtDesk, 2000), (PartState::Done, 2000)]);
}

#[tokio::test]
async fn a_provider_that_gives_back_no_parts_leaves_them_to_the_desk() {
    let till = till().await;
    let (visit, refund) = (Uuid::now_v7(), Uuid::now_v7());
    till.paid(visit).await;
    till.provider.set_whole_only(true);
    till.react_twice(visit, &due(visit, refund, 690)).await;
    assert_eq!(told_times(&till, 2).await, [(PartState::Returning, 690), (PartState::AtDesk, 690)]);
    pay_out(&till, visit, refund).await.expect("handed out");
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -690)]);
}

#[tokio::test]
async fn what_the_provider_gave_back_without_an_answer_is_not_handed_out_again() {
    let till = till().await;
    let (visit, refund) = (Uuid::now_v7(), Uuid::now_v7());
    let payment = till.paid(visit).await;
    till.provider.set_answers_lost(true);
    till.react_twice(visit, &due(visit, refund, 690)).await;
    assert_eq!(told_times(&till, 2).await, [(PartState::Returning, 690), (PartState::Done, 690)]);
    assert_eq!(pay_out(&till, visit, refund).await.map(|it| given_back(&it)).expect("is back already"), 690);
    till.react_twice(visit, &cancelled(visit, true)).await;
    till.wait_for(visit, PaymentState::Refunded).await;
    let lines = till.ledger(visit).await;
    assert_eq!(lines, [line("charge", 2000), line("part_refund", -690), line("refund", -1310)]);
    let transaction = &till.provider.transactions()[&payment.payment_id];
    assert_eq!(transaction.parts.values().map(|(_, cents)| *cents).collect::<Vec<_>>(), [690]);
}

#[tokio::test]
async fn a_whole_payment_that_the_provider_does_not_give_back_waits_at_the_desk() {
    let till = till().await;
    let visit = Uuid::now_v7();
    let payment = till.paid(visit).await;
    // Somebody has given back a part in the provider's own books: it refuses the whole from now on.
    let transaction = till.provider.transactions()[&payment.payment_id].id.clone();
    let asked = reqwest::Client::new()
        .post(format!("{}/paymenttransaction/x/y/{transaction}/refund", till.provider.url))
        .header("content-type", "application/json")
        .body(r#"{"requestId":"by hand","amount":1.0}"#);
    assert_eq!(asked.send().await.expect("an answer").status(), 200);
    till.react_twice(visit, &cancelled(visit, true)).await;
    assert_eq!(told_times(&till, 1).await, [(PartState::AtDesk, 2000)]);
    assert_eq!(till.get(visit).await.state(), PaymentState::Refunding);
    let parts: Vec<pb::PartRefundChanged> = till.house.events("payments").await;
    let refund = Uuid::try_parse(&parts[0].refund_id).expect("an id");
    for _ in 0..2 {
        assert_eq!(pay_out(&till, visit, refund).await.expect("handed out").state(), PaymentState::Refunded);
    }
    assert_eq!(till.told().await, (1, 0, vec![2000]));
    assert_eq!(till.ledger(visit).await, [line("charge", 2000), line("part_refund", -2000)]);
}

#[tokio::test]
async fn nothing_goes_back_of_what_was_never_paid() {
    let till = till().await;
    let (free, promised, unknown) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    till.create(&order(free, Method::Free)).await.expect("created");
    till.create(&order(promised, Method::AtDesk)).await.expect("created");
    till.react_twice(free, &due(free, Uuid::now_v7(), 100)).await;
    till.react_twice(unknown, &due(unknown, Uuid::now_v7(), 100)).await;
    // More than all of it: the desk has nothing to take any more.
    till.react_twice(promised, &due(promised, Uuid::now_v7(), 9000)).await;
    assert_eq!(told(&till).await, [(PartState::Covered, 0), (PartState::LessDue, 2000)]);
    assert_eq!(till.get(promised).await.state(), PaymentState::Paid);
    assert_eq!(till.ledger(promised).await, [line("charge", 0)]);
    till.react_twice(promised, &cancelled(promised, true)).await;
    assert_eq!(till.ledger(promised).await, [line("charge", 0), line("void", 0)]);
}
