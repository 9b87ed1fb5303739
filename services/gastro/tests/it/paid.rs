//! Receipts follow the money: issued when it is paid, corrected when something cheaper is made, taken back when it goes
//! back; numbered without a gap and never changed.

use chrono::TimeDelta;
use kernel::{
    testing::{House, visitor},
    values::{euro, timestamp},
};
use sky_proto::{
    gastro::v1::{self as pb, PaidBy, ReceiptKind},
    journey::v1::{VisitCancelled, VisitConfirmed},
    payments::v1::{Means, Method, PaymentSettled},
};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

async fn receipts(house: &House, visit: Uuid) -> Vec<pb::Receipt> {
    let request = pb::ListReceiptsRequest { visit_id: visit.to_string() };
    client!(house, &visitor(Some(visit))).list_receipts(request).await.expect("receipts").into_inner().receipts
}

fn total(receipt: &pb::Receipt) -> i64 {
    receipt.total.as_ref().expect("a total").cents
}

fn settled(visit: Uuid, means: Means) -> PaymentSettled {
    let visit_id = visit.to_string();
    PaymentSettled { payment_id: Uuid::now_v7().to_string(), visit_id, amount: Some(euro(3000)), means: means.into() }
}

fn at_desk(visit: Uuid) -> VisitConfirmed {
    VisitConfirmed { paid_by: Method::AtDesk.into(), ..confirmed(visit, Uuid::now_v7()) }
}

async fn refunds(house: &House) -> Vec<pb::OrderRefundDue> {
    house.events("gastro").await
}

/// Until when what is done now can be taken back.
async fn undo_until(house: &House) -> prost_types::Timestamp {
    let seconds: i32 = sqlx::query_scalar("select undo_seconds from kitchen_rule")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("the house's rule");
    timestamp(house.clock.now() + TimeDelta::seconds(seconds.into()))
}

/// Portions that orders have taken, as the days and as the orders say: they must agree.
async fn stock_taken(house: &House) -> i64 {
    let (days, claims): (i64, i64) = sqlx::query_as(
        "select (select coalesce(sum(taken), 0) from stock_day), (select coalesce(sum(portions), 0) from stock_claim)",
    )
    .fetch_one(house.pool("gastro"))
    .await
    .expect("sums");
    assert_eq!(days, claims, "stock is conserved");
    days
}

/// Numbers 1 to the last, each once.
async fn without_a_gap(house: &House) -> i64 {
    let (count, last): (i64, i64) = sqlx::query_as("select count(*), max(number) from receipt")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("numbers");
    assert_eq!(count, last);
    last
}

#[tokio::test]
async fn what_is_paid_at_the_desk_has_its_receipt_then_and_says_how() {
    let house = house().await;
    let (cash, card, early) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for visit in [cash, card, early] {
        hold(&house, &wish(visit, Uuid::now_v7())).await.expect("held");
    }
    twice(&house, "journey", &at_desk(cash)).await;
    twice(&house, "journey", &at_desk(card)).await;
    assert!(receipts(&house, cash).await.is_empty(), "nothing is paid yet");
    twice(&house, "payments", &settled(card, Means::Card)).await;
    twice(&house, "payments", &settled(cash, Means::Cash)).await;
    // The desk is heard before the confirmation.
    twice(&house, "payments", &settled(early, Means::Cash)).await;
    assert!(receipts(&house, early).await.is_empty());
    twice(&house, "journey", &at_desk(early)).await;
    twice(&house, "payments", &settled(Uuid::now_v7(), Means::Cash)).await;
    for (visit, number, paid_by) in [(card, 1, PaidBy::Card), (cash, 2, PaidBy::Cash), (early, 3, PaidBy::Cash)] {
        let issued = receipts(&house, visit).await;
        assert_eq!(issued.len(), 1);
        assert_eq!((issued[0].number, issued[0].paid_by(), total(&issued[0])), (number, paid_by, 1660));
    }
    for (method, paid_by) in [(Method::Free, PaidBy::Free), (Method::Online, PaidBy::Online)] {
        let visit = Uuid::now_v7();
        hold(&house, &wish(visit, Uuid::now_v7())).await.expect("held");
        let told = VisitConfirmed { paid_by: method.into(), ..confirmed(visit, Uuid::now_v7()) };
        twice(&house, "journey", &told).await;
        assert_eq!(receipts(&house, visit).await[0].paid_by(), paid_by);
    }
    assert_eq!(without_a_gap(&house).await, 5);
}

#[tokio::test]
async fn a_cheaper_substitute_gives_back_the_difference_with_a_correcting_receipt() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    for _ in 0..2 {
        let now = substitute(&house, &order, "lentil-soup").await;
        assert_eq!(now.total.expect("a total").cents, 1660, "until it cannot be taken back any more");
    }
    assert!(refunds(&house).await.is_empty());
    until(&house, "the difference goes back", async || !refunds(&house).await.is_empty()).await;
    assert_eq!(self::order(&house, visit).await.total.expect("a total").cents, 2 * 550 + 280, "what it costs now");
    let owed = refunds(&house).await;
    assert_eq!(owed.len(), 1, "once");
    assert_eq!(owed[0].amount.as_ref().expect("an amount").cents, 280);
    assert!(Uuid::try_parse(&owed[0].refund_id).is_ok(), "{}", owed[0].refund_id);
    assert_eq!(owed[0].items.iter().map(|it| it.quantity).sum::<u32>(), 3, "what it costs now");
    let issued = receipts(&house, visit).await;
    let told: Vec<_> = issued.iter().map(|it| (it.number, it.kind(), it.takes_back, total(it))).collect();
    assert_eq!(told, [(1, ReceiptKind::Sale, 0, 1660), (2, ReceiptKind::Correction, 1, -280)]);
    let tax: Vec<i64> = issued[1].taxes.iter().map(|it| it.tax.as_ref().expect("tax").cents).collect();
    assert_eq!(tax, [-18], "7 % of what goes back, at its one rate");

    // Then the whole meal goes: what is left of it goes back, and all receipts are nothing together.
    let cancelled = VisitCancelled { visit_id: visit.to_string(), refund: true, ..VisitCancelled::default() };
    twice(&house, "journey", &cancelled).await;
    let issued = receipts(&house, visit).await;
    assert_eq!((issued.len(), issued[2].kind(), total(&issued[2])), (3, ReceiptKind::Cancellation, -1380));
    assert_eq!(issued.iter().map(total).sum::<i64>(), 0);
    assert_eq!(without_a_gap(&house).await, 3);
    assert_eq!(refunds(&house).await.len(), 1, "with a visit that is cancelled, payments gives all of it back itself");
}

#[tokio::test]
async fn what_was_paid_stays_what_was_paid_however_often_a_dish_is_replaced() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let settled = async || {
        until(&house, "it is settled", async || self::order(&house, visit).await.undo_until.is_none()).await;
        self::order(&house, visit).await.total.expect("a total").cents
    };
    substitute(&house, &order, "pumpkin-curry").await;
    assert_eq!(settled().await, 1660, "a dearer one is the house's");
    assert!(refunds(&house).await.is_empty());
    substitute(&house, &order, "lentil-soup").await;
    assert_eq!(settled().await, 2 * 550 + 280, "cheaper than what was paid, whatever was to be made meanwhile");
    let owed: Vec<i64> = refunds(&house).await.iter().map(|it| it.amount.as_ref().expect("an amount").cents).collect();
    assert_eq!(owed, [280]);
}

#[tokio::test]
async fn a_meal_that_is_not_made_goes_back_once_and_a_visit_that_is_too_late_keeps_its_receipt() {
    let house = house().await;
    let (refused, late) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, refused, Uuid::now_v7()).await;
    scheduled_meal(&house, late, Uuid::now_v7()).await;
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    for _ in 0..2 {
        let answer = pb::AnswerOfferRequest { visit_id: refused.to_string(), answer: pb::OfferAnswer::Refund.into() };
        let waits = kitchen!(house, &cook()).answer_offer(answer).await.expect("the money").into_inner();
        assert_eq!(waits.state(), pb::OrderState::Scheduled, "until it cannot be taken back any more");
    }
    assert!(refunds(&house).await.is_empty());
    until(&house, "the money goes back", async || !refunds(&house).await.is_empty()).await;
    let owed = refunds(&house).await;
    assert_eq!((owed.len(), owed[0].amount.as_ref().expect("an amount").cents), (1, 1660));
    assert!(owed[0].items.is_empty(), "it costs nothing now");
    let issued = receipts(&house, refused).await;
    assert_eq!((issued.len(), issued[1].kind(), issued[1].takes_back), (2, ReceiptKind::Cancellation, 1));
    assert_eq!(order(&house, refused).await.total.expect("a total").cents, 0);

    let too_late = VisitCancelled { visit_id: late.to_string(), refund: false, ..VisitCancelled::default() };
    twice(&house, "journey", &too_late).await;
    assert_eq!(receipts(&house, late).await.len(), 1, "the money stays, and so does its receipt");
    assert_eq!(without_a_gap(&house).await, 3);
}

#[tokio::test]
async fn what_staff_have_given_back_goes_back_though_the_visit_is_called_off_before_it_does() {
    let house = house().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    let answer = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: pb::OfferAnswer::Refund.into() };
    let waits = kitchen!(house, &cook()).answer_offer(answer).await.expect("the money").into_inner();
    assert_eq!(waits.state(), pb::OrderState::Scheduled, "until it cannot be taken back any more");
    let too_late = VisitCancelled { visit_id: visit.to_string(), refund: false, ..VisitCancelled::default() };
    twice(&house, "journey", &too_late).await;
    let owed: Vec<i64> = refunds(&house).await.iter().map(|it| it.amount.as_ref().expect("an amount").cents).collect();
    assert_eq!(owed, [1660], "once");
    let off = order(&house, visit).await;
    assert_eq!((off.state(), off.total.expect("a total").cents), (pb::OrderState::Cancelled, 0));
    let issued = receipts(&house, visit).await;
    assert_eq!((issued.len(), issued[1].kind(), issued[1].takes_back), (2, ReceiptKind::Cancellation, 1));
}

#[tokio::test]
async fn staff_take_their_answer_back_and_no_money_moves() {
    let house = house().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    set_station(&house, "hot", pb::StationState::Paused).await.expect("paused");
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    let answer = async |answer: pb::OfferAnswer| {
        let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: answer.into() };
        kitchen!(house, &cook()).answer_offer(request).await.map(tonic::Response::into_inner)
    };
    let nothing = answer(pb::OfferAnswer::AskAgain).await.expect_err("nobody has answered");
    assert_eq!(nothing.code(), tonic::Code::FailedPrecondition);
    let waits = answer(pb::OfferAnswer::Refund).await.expect("the money");
    assert_eq!(waits.affected.expect("a question").refund_at, Some(undo_until(&house).await));
    let asked = answer(pb::OfferAnswer::AskAgain).await.expect("taken back");
    assert_eq!(asked.affected.expect("it is still asked").refund_at, None);
    let visitor = visitor(Some(visit));
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: pb::OfferAnswer::AskAgain.into() };
    let refused = kitchen!(house, &visitor).answer_offer(request).await.expect_err("for staff");
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);

    // While staff may think better of it, nothing that the visitor says overrides them; then the question is theirs again.
    answer(pb::OfferAnswer::Refund).await.expect("the money");
    for said in [pb::OfferAnswer::Refund, pb::OfferAnswer::Later] {
        let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: said.into() };
        let refused = kitchen!(house, &visitor).answer_offer(request).await.expect_err("staff are deciding");
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
        assert!(refused.message().contains("staff are deciding"), "{refused}");
    }
    let waits = order(&house, visit).await;
    assert_eq!(waits.affected.expect("a question").refund_at, Some(undo_until(&house).await), "as staff have said");
    answer(pb::OfferAnswer::AskAgain).await.expect("taken back");
    assert!(refunds(&house).await.is_empty());
    assert_eq!(order(&house, visit).await.affected.expect("a question").refund_at, None);
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: pb::OfferAnswer::Later.into() };
    let refused = kitchen!(house, &visitor).answer_offer(request).await.expect_err("closed for today");
    assert!(refused.message().contains("no later pickup"), "they are heard again: {refused}");

    // Its station works again while the money waits: who takes the answer back then gets the meal.
    answer(pb::OfferAnswer::Refund).await.expect("the money");
    set_station(&house, "hot", pb::StationState::Open).await.expect("open");
    let kept = answer(pb::OfferAnswer::AskAgain).await.expect("taken back");
    assert_eq!((kept.state(), kept.affected), (pb::OrderState::Scheduled, None));
    until_state(&house, visit, minutes(105), pb::OrderState::Fired).await;
    assert!(refunds(&house).await.is_empty());
    assert_eq!(receipts(&house, visit).await.len(), 1, "as it was sold");
}

#[tokio::test]
async fn a_substitute_is_taken_back_and_no_money_moves() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let (before, time) = (stock_taken(&house).await, taken(&house).await);
    let instead = substitute(&house, &order, "lentil-soup").await;
    assert_eq!(instead.undo_until, Some(undo_until(&house).await));
    let back = undo(&house, &order.order_id).await.expect("taken back");
    assert_eq!((&back.lines, back.total, back.undo_until), (&order.lines, order.total.clone(), None));
    assert_eq!((stock_taken(&house).await, taken(&house).await), (before, time));
    let nothing = undo(&house, &order.order_id).await.expect_err("once");
    assert_eq!(nothing.code(), tonic::Code::FailedPrecondition);

    // Whoever cancels in that minute gets everything back at once, and no difference besides.
    substitute(&house, &order, "lentil-soup").await;
    let cancelled = VisitCancelled { visit_id: visit.to_string(), refund: true, ..VisitCancelled::default() };
    twice(&house, "journey", &cancelled).await;
    let other = Uuid::now_v7();
    scheduled_meal(&house, other, Uuid::now_v7()).await;
    let order = until_state(&house, other, minutes(105), pb::OrderState::Fired).await;
    substitute(&house, &order, "lentil-soup").await;
    let back = undo(&house, &order.order_id).await.expect("taken back while it is made");
    assert_eq!((&back.lines, back.state()), (&order.lines, pb::OrderState::Fired));
    // The next step ends the time to take it back: who gets the meal has been told.
    substitute(&house, &order, "lentil-soup").await;
    assert!(house.events::<pb::OrderSubstituted>("gastro").await.is_empty(), "nobody has been told yet");
    step(&house, &order.order_id, pb::OrderState::Preparing).await.expect("begun");
    assert_eq!(house.events::<pb::OrderSubstituted>("gastro").await.len(), 1);
    let owed: Vec<i64> = refunds(&house).await.iter().map(|it| it.amount.as_ref().expect("an amount").cents).collect();
    assert_eq!(owed, [280]);
    assert_eq!(receipts(&house, visit).await.iter().map(total).sum::<i64>(), 0);
}

#[tokio::test]
async fn a_receipt_names_who_sold_and_what_corrects_it_names_the_same() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let issuers = async |visit| {
        let all = receipts(&house, visit).await;
        all.into_iter().map(|it| it.issuer.expect("an issuer").name).collect::<Vec<_>>()
    };
    assert_eq!(issuers(visit).await, ["Planetarium Halle, AstroGastro"]);

    // From today on the café is leased.
    let leased = HOUSE_FILE.replacen(
        "[[gastro.sellers]]",
        "[[gastro.sellers]]\nvalid_from = \"2026-11-26\"\nname = \"Café Milchstraße\"\naddress = \"Holzplatz 5\"\n\
         tax_number = \"DE123456789\"\n\n[[gastro.sellers]]",
        1,
    );
    load(&house, &leased, false).await.expect("loads");
    let other = Uuid::now_v7();
    scheduled_meal(&house, other, Uuid::now_v7()).await;
    assert_eq!(issuers(other).await, ["Café Milchstraße"]);
    let told = receipts(&house, other).await.remove(0).issuer.expect("an issuer");
    assert_eq!((told.address.as_str(), told.tax_number.as_str()), ("Holzplatz 5", "DE123456789"));
    substitute(&house, &order, "lentil-soup").await;
    until(&house, "the difference goes back", async || !refunds(&house).await.is_empty()).await;
    assert_eq!(issuers(visit).await, ["Planetarium Halle, AstroGastro"; 2], "the house sold it, and takes it back");

    for (what, wrong) in [
        (
            "two on one day",
            leased.replace("valid_from = \"2026-11-26\"\nname = \"Café", "valid_from = \"2023-03-30\"\nname = \"Café"),
        ),
        ("no address", leased.replace("address = \"Holzplatz 5\"\n", "address = \" \"\n")),
    ] {
        let refused = load(&house, &wrong, true).await.expect_err(what);
        assert!(
            refused.message().contains("gastro.sellers[0]") || refused.message().contains("gastro.sellers[1]"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_receipt_is_never_changed() {
    let house = house().await;
    scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    for statement in ["update receipt set cents = 0", "delete from receipt", "truncate receipt cascade"] {
        let refused = sqlx::query(statement).execute(house.pool("gastro")).await.expect_err(statement);
        assert!(refused.to_string().contains("never changed"), "{refused}");
    }
}

#[tokio::test]
async fn what_a_party_cannot_eat_is_not_to_be_guessed_from_what_is_kept() {
    let house = house().await;
    let kept = async || -> Vec<Vec<u8>> {
        sqlx::query_scalar("select request_hash from idempotency where method = 'HoldOrder' order by created_at, key")
            .fetch_all(house.pool("gastro"))
            .await
            .expect("hashes")
    };
    let mut request = wish(Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &request).await.expect("held");
    let before = kept().await;
    sqlx::query("delete from idempotency").execute(house.pool("gastro")).await.expect("forgotten");
    client!(house, &journey())
        .release_order(pb::ReleaseOrderRequest { visit_id: request.visit_id.clone() })
        .await
        .expect("released");
    request.avoid_allergens = vec![4, 14];
    let held = hold(&house, &request).await.expect("held");
    assert_eq!(kept().await, before, "the same, whatever they declare");
    assert_eq!(hold(&house, &request).await.expect("a repeat"), held);
    request.lines = vec![line("water", 1)];
    assert_eq!(hold(&house, &request).await.expect_err("another order").code(), tonic::Code::InvalidArgument);
}
