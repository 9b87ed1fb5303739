//! Orders at the counter, and what the café's monitor shows.

use kernel::{Role, testing::House, testing::staff, values::timestamp};
use sky_proto::gastro::v1 as pb;
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

use pb::OrderState::{Cancelled, Fired, Preparing, Ready, Recalled};

async fn place(house: &House, key: Uuid, lines: Vec<pb::OrderLine>) -> Result<pb::Order, Status> {
    let request = pb::PlaceWalkUpRequest { idempotency_key: key.to_string(), lines };
    kitchen!(house, &staff(Role::Desk)).place_walk_up(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_order_at_the_counter_goes_through_the_same_time() {
    let house = house().await;
    set_capacity(&house, "hot", 120).await;
    let lines = || vec![line("tomato-pasta", 2)];
    let preview = async || {
        let request = pb::PreviewWalkUpRequest { lines: lines() };
        kitchen!(house, &cook()).preview_walk_up(request).await.expect("a time").into_inner()
    };
    let first = preview().await;
    assert_eq!(first.total.expect("a price").cents, 1380);
    assert_eq!(taken(&house).await, 0, "asking takes nothing");
    let key = Uuid::new_v4();
    let order = place(&house, key, lines()).await.expect("placed");
    assert_eq!((order.number, order.walk_up, order.pickup_at), (1, true, first.pickup_at));
    assert_eq!(place(&house, key, lines()).await.expect("again").order_id, order.order_id, "one order");
    assert_eq!(taken(&house).await, 120);
    let next = place(&house, Uuid::new_v4(), lines()).await.expect("placed");
    assert_eq!((next.number, next.pickup_at), (2, Some(timestamp(minutes(30)))), "the quarter is full");
    until_state(&house, order.visit_id.parse().expect("an id"), minutes(0), Fired).await;

    for (lines, code) in [
        (vec![line("stardust", 1)], Code::InvalidArgument),
        (vec![], Code::InvalidArgument),
        (vec![line("tomato-pasta", 3)], Code::ResourceExhausted),
    ] {
        assert_eq!(place(&house, Uuid::new_v4(), lines).await.expect_err("refused").code(), code);
    }
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    assert_eq!(place(&house, Uuid::new_v4(), lines()).await.expect_err("it rests").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn an_order_at_the_counter_keeps_to_the_rules_and_is_for_as_many_as_it_feeds() {
    let house = house().await;
    let much = place(&house, Uuid::new_v4(), vec![line("pretzel", 41)]).await.expect_err("too much for one order");
    assert_eq!(much.code(), Code::FailedPrecondition);
    assert!(much.message().contains("40 pieces"), "{}", much.message());
    let request = pb::PreviewWalkUpRequest { lines: vec![line("pretzel", 41)] };
    assert_eq!(kitchen!(house, &cook()).preview_walk_up(request).await.expect_err("nor").message(), much.message());
    place(&house, Uuid::new_v4(), vec![line("tomato-pasta", 3), line("water", 2)]).await.expect("placed");
    let tray = |nth: u32| pb::OrderLine { tray: nth.to_string(), ..line("cheese-roll", 2) };
    place(&house, Uuid::new_v4(), vec![tray(1), tray(2)]).await.expect("placed");
    place(&house, Uuid::new_v4(), vec![line("cappuccino", 1)]).await.expect("placed");
    let people: Vec<i32> = sqlx::query_scalar("select people from meal_order order by number")
        .fetch_all(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(people, [3, 2, 1]);
}

#[tokio::test]
async fn an_order_at_the_counter_is_taken_back_until_somebody_makes_it() {
    let house = house().await;
    let take_back = async |id: &str| {
        let request = pb::TakeBackWalkUpRequest { order_id: id.to_owned() };
        kitchen!(house, &staff(Role::Desk)).take_back_walk_up(request).await.map(tonic::Response::into_inner)
    };
    let lines = || vec![line("moon-cake", 2)];
    let wrong = place(&house, Uuid::new_v4(), lines()).await.expect("placed");
    until_state(&house, wrong.visit_id.parse().expect("an id"), minutes(0), Fired).await;
    for _ in 0..2 {
        assert_eq!(take_back(&wrong.order_id).await.expect("taken back").state(), Cancelled);
    }
    assert_eq!(taken(&house).await, 0, "its time is free again");
    let portions: i64 = sqlx::query_scalar("select coalesce(sum(taken), 0) from stock_day")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(portions, 0, "and so is its cake");

    let made = place(&house, Uuid::new_v4(), lines()).await.expect("placed");
    until_state(&house, made.visit_id.parse().expect("an id"), minutes(1), Fired).await;
    step(&house, &made.order_id, Preparing).await.expect("begun");
    assert_eq!(take_back(&made.order_id).await.expect_err("it is made").code(), Code::FailedPrecondition);
    let visit = Uuid::now_v7();
    let meal = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    assert_eq!(take_back(&meal.order_id).await.expect_err("a visit's").code(), Code::FailedPrecondition);
    assert_eq!(take_back(&Uuid::now_v7().to_string()).await.expect_err("nobody's").code(), Code::NotFound);
}

#[tokio::test]
async fn the_cafes_board_shows_numbers_and_nothing_else() {
    let house = house().await;
    let display = kernel::Caller::Device { id: "cafe-1".to_owned(), kind: "display".to_owned() };
    let mut watcher = kitchen!(house, &display);
    let mut board = watcher.watch_pickup(pb::WatchPickupRequest { after_revision: 0 }).await.expect("w").into_inner();
    let empty = board.next().await.expect("a board").expect("good");
    assert_eq!((empty.preparing.len(), empty.ready.len()), (0, 0));
    drop(board);
    let showing = Uuid::now_v7();
    let visits = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    for visit in visits {
        scheduled_meal(&house, visit, showing).await;
    }
    let mut ids = Vec::new();
    for visit in visits {
        ids.push((visit, until_state(&house, visit, minutes(105), Fired).await.order_id));
    }
    for (_, id) in &ids[..2] {
        step(&house, id, Preparing).await.expect("moved");
        step(&house, id, Ready).await.expect("moved");
    }
    step(&house, &ids[1].1, pb::OrderState::Collected).await.expect("moved");
    until_state(&house, ids[0].0, minutes(126), Recalled).await;
    set_busy(&house, "bar", 10).await.expect("busy");
    let mut board =
        watcher.watch_pickup(pb::WatchPickupRequest { after_revision: empty.revision }).await.expect("w").into_inner();
    let now = board.next().await.expect("a board").expect("good");
    assert_eq!(now.preparing, [3]);
    assert_eq!(now.ready, [pb::PickupNumber { number: 1, recalled: true }]);
    assert_eq!((now.delay_minutes, now.resting), (10, false));
    let refused = client!(house, &display).get_order(pb::GetOrderRequest { visit_id: ids[0].0.to_string() }).await;
    assert_eq!(refused.expect_err("nothing of a visit").code(), Code::PermissionDenied);
}

fn gives_back(order: &pb::Order) -> Option<i64> {
    order.gives_back.as_ref().map(|money| money.cents)
}

#[tokio::test]
async fn the_counter_is_told_how_much_of_its_own_till_goes_back() {
    let house = house().await;
    let placed = place(&house, Uuid::new_v4(), vec![line("tomato-pasta", 2)]).await.expect("placed");
    let visit: Uuid = placed.visit_id.parse().expect("an id");
    assert_eq!(gives_back(&placed), None);
    let before = until_state(&house, visit, minutes(0), Fired).await;

    // At once, and no more when it is taken back.
    assert_eq!(gives_back(&substitute(&house, &before, "pumpkin-curry").await), None, "a dearer one");
    assert_eq!(gives_back(&undo(&house, &before.order_id).await.expect("taken back")), None);
    assert_eq!(gives_back(&substitute(&house, &before, "lentil-soup").await), Some(280));
    assert_eq!(gives_back(&undo(&house, &before.order_id).await.expect("taken back")), None);
    assert_eq!(gives_back(&substitute(&house, &before, "lentil-soup").await), Some(280));
    until(&house, "it cannot be taken back any more", async || order(&house, visit).await.undo_until.is_none()).await;
    let settled = order(&house, visit).await;
    assert_eq!((gives_back(&settled), settled.total.expect("a total").cents), (Some(280), 1100));
    assert_eq!(gives_back(&substitute(&house, &before, "bratwurst").await), Some(480), "all of it together");
    let request = pb::WatchKitchenRequest { after_revision: 0 };
    let mut board = client!(house, &cook()).watch_kitchen(request).await.expect("w").into_inner();
    let board = board.next().await.expect("a board").expect("good");
    assert_eq!(board.orders.iter().map(gives_back).collect::<Vec<_>>(), [Some(480)]);
    assert!(house.events::<pb::OrderRefundDue>("gastro").await.is_empty(), "payments has none of this money");

    // Then it is not made at all.
    let request = pb::CancelFiredRequest {
        order_id: before.order_id.clone(),
        reason: pb::WasteReason::Dropped.into(),
        waste: Vec::new(),
        refund: true,
    };
    let stopped = kitchen!(house, &cook()).cancel_fired(request).await.expect("stopped").into_inner();
    assert_eq!(gives_back(&stopped), Some(1380), "all that was paid, once");

    let wrong = place(&house, Uuid::new_v4(), vec![line("moon-cake", 2)]).await.expect("placed");
    for _ in 0..2 {
        let request = pb::TakeBackWalkUpRequest { order_id: wrong.order_id.clone() };
        let back = kitchen!(house, &cook()).take_back_walk_up(request).await.expect("taken back").into_inner();
        assert_eq!(gives_back(&back), Some(680));
    }
}

#[tokio::test]
async fn nobody_is_left_at_the_counter_with_a_meal_that_was_called_off_by_itself() {
    let house = house().await;
    set_busy(&house, "hot", 30).await.expect("busy");
    let placed = place(&house, Uuid::new_v4(), vec![line("tomato-pasta", 2)]).await.expect("placed");
    let visit: Uuid = placed.visit_id.parse().expect("an id");
    let meal = scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    let until_answer = order(&house, visit).await.affected.expect("a question").answer_until.expect("a time");
    let meal_visit: Uuid = meal.visit_id.parse().expect("an id");
    let others = order(&house, meal_visit).await.affected.expect("a question").answer_until.expect("a time");
    let both = std::cmp::max_by_key(until_answer, others, |at| at.seconds);
    until_state(&house, meal_visit, kernel::values::from_timestamp(Some(both)), Cancelled).await;
    let waits = order(&house, visit).await;
    assert_eq!((waits.state(), waits.affected.is_some()), (pb::OrderState::Scheduled, true), "staff say so to a face");
    let answer = async |answer: pb::OfferAnswer| {
        let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: answer.into() };
        kitchen!(house, &cook()).answer_offer(request).await.expect("answered").into_inner()
    };
    assert_eq!(gives_back(&answer(pb::OfferAnswer::Refund).await), Some(1380));
    assert_eq!(gives_back(&answer(pb::OfferAnswer::AskAgain).await), None);
    assert_eq!(gives_back(&answer(pb::OfferAnswer::Refund).await), Some(1380));
    until(&house, "called off", async || order(&house, visit).await.state() == Cancelled).await;
    assert_eq!(gives_back(&order(&house, visit).await), Some(1380));
}
