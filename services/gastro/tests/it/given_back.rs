//! What the counter gives back of its own till, noted when it was handed over: it is told what is still owed.

use chrono::TimeDelta;
use kernel::{Role, testing::House, testing::staff, values::euro};
use sky_proto::gastro::v1 as pb;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

macro_rules! money {
    ($house:expr) => {
        sky_proto::gastro::v1::counter_money_client::CounterMoneyClient::new($house.channel(&staff(Role::Desk)))
    };
}

async fn place(house: &House, lines: Vec<pb::OrderLine>) -> pb::Order {
    let request = pb::PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines };
    kitchen!(house, &staff(Role::Desk)).place_walk_up(request).await.expect("placed").into_inner()
}

async fn stop(house: &House, order: &pb::Order) -> pb::Order {
    let request = pb::CancelFiredRequest {
        order_id: order.order_id.clone(),
        reason: pb::WasteReason::Dropped.into(),
        waste: Vec::new(),
        refund: true,
    };
    kitchen!(house, &cook()).cancel_fired(request).await.expect("stopped").into_inner()
}

fn given(order: &pb::Order, cents: i64) -> pb::NoteGivenBackRequest {
    pb::NoteGivenBackRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        order_id: order.order_id.clone(),
        amount: Some(euro(cents)),
    }
}

async fn note(house: &House, request: pb::NoteGivenBackRequest) -> Result<pb::Order, Status> {
    money!(house).note_given_back(request).await.map(Response::into_inner)
}

async fn take_back(house: &House, order: &pb::Order) -> Result<pb::Order, Status> {
    let request = pb::TakeBackGivenBackRequest { order_id: order.order_id.clone(), at: None };
    money!(house).take_back_given_back(request).await.map(Response::into_inner)
}

/// What the counter still owes, by the list and by the count on the board.
async fn owed(house: &House) -> (Vec<(u32, Option<i64>)>, u32) {
    let list = money!(house).list_give_backs(pb::ListGiveBacksRequest {}).await.expect("a list").into_inner();
    let request = pb::WatchKitchenRequest { after_revision: 0 };
    let mut board = client!(house, &cook()).watch_kitchen(request).await.expect("w").into_inner();
    let board = board.message().await.expect("a board").expect("a board");
    (list.orders.iter().map(|order| (order.number, cents(order))).collect(), board.give_backs)
}

fn cents(order: &pb::Order) -> Option<i64> {
    order.gives_back.as_ref().map(|money| money.cents)
}

#[tokio::test]
async fn the_counter_is_told_what_it_still_owes() {
    let house = house().await;
    let placed = place(&house, vec![line("tomato-pasta", 2)]).await;
    let visit: Uuid = placed.visit_id.parse().expect("an id");
    let fired = until_state(&house, visit, minutes(0), pb::OrderState::Fired).await;
    assert_eq!(owed(&house).await, (vec![], 0));
    let replaced = substitute(&house, &fired, "lentil-soup").await;
    assert_eq!(cents(&replaced), Some(280));
    assert_eq!(owed(&house).await, (vec![(1, Some(280))], 1));

    // Once, whatever is pressed twice; and the dish stays, because money has moved.
    let request = given(&placed, 280);
    for _ in 0..2 {
        let noted = note(&house, request.clone()).await.expect("noted");
        assert_eq!((cents(&noted), noted.given_back.len()), (None, 1));
        assert_eq!(noted.given_back[0].by, "test-desk");
    }
    assert_eq!(owed(&house).await, (vec![(1, None)], 0), "it can still be taken back");
    let refused = undo(&house, &placed.order_id).await.expect_err("the money is out");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    for amount in [280, 1] {
        let refused = note(&house, given(&placed, amount)).await.expect_err("nothing is owed");
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }

    // Only what has come since.
    substitute(&house, &order(&house, visit).await, "bratwurst").await;
    assert_eq!(owed(&house).await, (vec![(1, Some(200))], 1));
    let refused = note(&house, given(&placed, 480)).await.expect_err("280 of it are out");
    assert!(refused.message().contains("200 cents"), "{}", refused.message());
    house.clock.advance(TimeDelta::seconds(1));
    assert_eq!(cents(&note(&house, given(&placed, 200)).await.expect("noted")), None);
    let stopped = stop(&house, &placed).await;
    assert_eq!((stopped.state(), cents(&stopped)), (pb::OrderState::Cancelled, Some(900)), "1380 in all");

    // Noted by mistake: the last one, for a while, and no other when it is said again.
    let last = order(&house, visit).await.given_back.pop().expect("what was noted last");
    let request = pb::TakeBackGivenBackRequest { order_id: placed.order_id.clone(), at: last.at };
    let back = money!(house).take_back_given_back(request.clone()).await.expect("taken back").into_inner();
    assert_eq!(cents(&back), Some(1100));
    let again = money!(house).take_back_given_back(request).await.expect_err("it is taken back");
    assert_eq!(again.code(), Code::FailedPrecondition);
    let standing: Vec<bool> =
        order(&house, visit).await.given_back.iter().map(|it| it.taken_back_at.is_none()).collect();
    assert_eq!(standing, [true, false]);
    note(&house, given(&placed, 1100)).await.expect("noted");
    until(&house, "long enough", async || owed(&house).await.0.is_empty()).await;
    assert_eq!(take_back(&house, &placed).await.expect_err("too late").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn what_was_called_off_is_kept_until_its_money_was_given_back() {
    let house = house().await;
    set_busy(&house, "hot", 30).await.expect("busy");
    let placed = place(&house, vec![line("tomato-pasta", 2)]).await;
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    let request = pb::AnswerOfferRequest { visit_id: placed.visit_id.clone(), answer: pb::OfferAnswer::Refund.into() };
    kitchen!(house, &cook()).answer_offer(request).await.expect("answered");
    assert_eq!(owed(&house).await, (vec![(1, Some(1380))], 1));
    let noted = note(&house, given(&placed, 1380)).await.expect("noted");
    assert_eq!((noted.state(), cents(&noted)), (pb::OrderState::Cancelled, None), "and nobody is asked again");
    assert_eq!(cents(&take_back(&house, &placed).await.expect("taken back")), Some(1380));

    let wrong = place(&house, vec![line("moon-cake", 2)]).await;
    let request = pb::TakeBackWalkUpRequest { order_id: wrong.order_id.clone() };
    kitchen!(house, &cook()).take_back_walk_up(request).await.expect("taken back");
    until(&house, "it is off the board", async || {
        let request = pb::WatchKitchenRequest { after_revision: 0 };
        let mut board = client!(house, &cook()).watch_kitchen(request).await.expect("w").into_inner();
        board.message().await.expect("a board").expect("a board").orders.is_empty()
    })
    .await;
    let (mut list, count) = owed(&house).await;
    list.sort_unstable();
    assert_eq!((list, count), (vec![(1, Some(1380)), (2, Some(680))], 2));
    note(&house, given(&placed, 1380)).await.expect("noted");
    note(&house, given(&wrong, 680)).await.expect("noted");
    until(&house, "it is over", async || owed(&house).await == (vec![], 0)).await;
}

#[tokio::test]
async fn money_that_the_counter_does_not_owe_is_not_noted() {
    let house = house().await;
    let meal = scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let placed = place(&house, vec![line("moon-cake", 1)]).await;
    let nobodys = pb::Order { order_id: Uuid::now_v7().to_string(), ..pb::Order::default() };
    let dollars = pb::NoteGivenBackRequest {
        amount: Some(sky_proto::kernel::v1::Money { cents: 100, currency: "USD".to_owned() }),
        ..given(&placed, 1)
    };
    for (request, code) in [
        (given(&meal, 100), Code::FailedPrecondition),
        (given(&placed, 100), Code::FailedPrecondition),
        (given(&nobodys, 100), Code::NotFound),
        (given(&placed, 0), Code::InvalidArgument),
        (given(&placed, -5), Code::InvalidArgument),
        (dollars, Code::InvalidArgument),
        (pb::NoteGivenBackRequest { amount: None, ..given(&placed, 1) }, Code::InvalidArgument),
        (pb::NoteGivenBackRequest { idempotency_key: String::new(), ..given(&placed, 1) }, Code::InvalidArgument),
    ] {
        assert_eq!(note(&house, request).await.expect_err("refused").code(), code);
    }
    assert_eq!(take_back(&house, &placed).await.expect_err("nothing noted").code(), Code::FailedPrecondition);
    let mut other =
        sky_proto::gastro::v1::counter_money_client::CounterMoneyClient::new(house.channel(&staff(Role::Operator)));
    let refused = other.note_given_back(given(&placed, 100)).await.expect_err("not the counter");
    assert_eq!(refused.code(), Code::PermissionDenied);
}
