//! Firing by the clock, moving by hand, the board, stations.

use kernel::values::timestamp;
use sky_proto::{gastro::v1 as pb, journey::v1::VisitCancelled};
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, kitchen, support::*};

use pb::OrderState::{Cancelled, Collected, Expired, Fired, Preparing, Ready, Recalled, Scheduled};

async fn told(house: &kernel::testing::House) -> Vec<pb::OrderState> {
    house.events::<pb::OrderStateChanged>("gastro").await.iter().map(pb::OrderStateChanged::state).collect()
}

#[tokio::test]
async fn an_order_fires_at_its_time_and_goes_step_by_step() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    assert_eq!((order.state(), order.number), (Scheduled, 1));
    house.clock.set(minutes(104));
    for to in [Preparing, Ready, Collected] {
        let refused = step(&house, &order.order_id, to).await.expect_err("not fired yet");
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }
    let fired = until_state(&house, visit, minutes(105), Fired).await;
    assert_eq!(fired.fire_at, Some(timestamp(minutes(105))));
    let refused = step(&house, &order.order_id, Ready).await.expect_err("a step is left out");
    assert!(refused.message().contains("next step is preparing"), "{}", refused.message());
    for to in [Preparing, Ready, Collected] {
        for _ in 0..2 {
            assert_eq!(step(&house, &order.order_id, to).await.expect("moved").state(), to);
        }
    }
    assert_eq!(step(&house, &order.order_id, Ready).await.expect_err("back").code(), Code::FailedPrecondition);
    assert_eq!(told(&house).await, [Fired, Preparing, Ready, Collected], "once each");
}

#[tokio::test]
async fn what_nobody_collects_is_called_again_then_given_up_and_thrown_away() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    until_state(&house, visit, minutes(105), Fired).await;
    step(&house, &order.order_id, Preparing).await.expect("moved");
    house.clock.set(minutes(112));
    step(&house, &order.order_id, Ready).await.expect("moved");
    house.clock.set(minutes(131));
    assert_eq!(self::order_state(&house, visit).await, Ready);
    let recalled = until_state(&house, visit, minutes(132), Recalled).await;
    assert_eq!(recalled.number, 1);
    let expired = until_state(&house, visit, minutes(143), Expired).await;
    assert_eq!(expired.number, 1);
    assert_eq!(told(&house).await, [Fired, Preparing, Ready, Recalled, Expired]);
    // The visit's confirmation comes once more: what was given up stays so.
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    assert_eq!(order_state(&house, visit).await, Expired);
    let wasted = waste_of_day(&house).await;
    let wasted: Vec<(&str, u32)> = wasted.totals.iter().map(|it| (it.item_id.as_str(), it.quantity)).collect();
    assert_eq!(wasted, [("tomato-pasta", 2), ("water", 1)]);
}

#[tokio::test]
async fn what_was_called_again_can_still_be_collected() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    until_state(&house, visit, minutes(105), Fired).await;
    step(&house, &order.order_id, Preparing).await.expect("moved");
    step(&house, &order.order_id, Ready).await.expect("moved");
    until_state(&house, visit, minutes(126), Recalled).await;
    step(&house, &order.order_id, Collected).await.expect("here they are");
    assert_eq!(told(&house).await, [Fired, Preparing, Ready, Recalled, Collected]);
}

async fn order_state(house: &kernel::testing::House, visit: Uuid) -> pb::OrderState {
    order(house, visit).await.state()
}

#[tokio::test]
async fn the_board_is_live_in_fire_order_and_resumes() {
    let house = house().await;
    let mut cook = client!(house, &cook());
    let mut board = cook.watch_kitchen(pb::WatchKitchenRequest { after_revision: 0 }).await.expect("w").into_inner();
    let first = board.next().await.expect("a board").expect("good");
    assert_eq!((first.orders.len(), first.stations.len()), (0, 3));

    let (late, early, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, late, showing).await;
    let second = board.next().await.expect("a board").expect("good");
    assert_eq!(second.orders.len(), 1);
    assert!(second.revision > first.revision);
    let mut before = wish(early, showing);
    before.pickup = pb::Pickup::BeforeShowing.into();
    hold(&house, &before).await.expect("held");
    house.emit("journey", &early.to_string(), confirmed(early, showing)).await;
    let third = board.next().await.expect("a board").expect("good");
    let visits: Vec<&str> = third.orders.iter().map(|order| order.visit_id.as_str()).collect();
    assert_eq!(visits, [early.to_string(), late.to_string()], "in fire order; numbers in the order of booking");
    assert_eq!((third.orders[0].number, third.orders[1].number), (2, 1));
    drop(board);

    set_station(&house, "bar", pb::StationState::Paused).await.expect("paused");
    let mut board =
        cook.watch_kitchen(pb::WatchKitchenRequest { after_revision: third.revision }).await.expect("w").into_inner();
    let fourth = board.next().await.expect("a board").expect("good");
    assert!(fourth.revision > third.revision);
    assert!(fourth.stations.iter().any(|it| it.station_id == "bar" && it.state() == pb::StationState::Paused));
}

#[tokio::test]
async fn the_board_has_the_orders_of_its_day_however_many_and_another_days_from_its_midnight_on() {
    let house = house().await;
    let (today, later) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, today, Uuid::now_v7()).await;
    let day = 24 * 60;
    let mut other = wish(later, Uuid::now_v7());
    other.showing_starts_at = Some(timestamp(minutes(2 * day + 60)));
    other.showing_ends_at = Some(timestamp(minutes(2 * day + 110)));
    hold(&house, &other).await.expect("held");
    twice(&house, "journey", &confirmed(later, Uuid::now_v7())).await;
    // A day on which everybody eats.
    let copies = "insert into meal_order (order_id, visit_id, showing_id, state, state_at, pickup, starts_at, ends_at,
            pickup_at, prep_seconds, fire_at, expires_at, number, day, lines, charges, on_board)
        select gen_random_uuid(), gen_random_uuid(), showing_id, state, state_at, pickup, starts_at, ends_at,
            pickup_at, prep_seconds, fire_at, expires_at, 1000 + n, day, lines, charges, on_board
        from meal_order, generate_series(1, 300) n where visit_id = $1";
    sqlx::query(copies).bind(today).execute(house.pool("gastro")).await.expect("copied");
    let mut cook = client!(house, &cook());
    let mut board = cook.watch_kitchen(pb::WatchKitchenRequest { after_revision: 0 }).await.expect("w").into_inner();
    let orders = board.next().await.expect("a board").expect("good").orders;
    assert_eq!(orders.len(), 301);
    assert!(orders.iter().all(|order| order.visit_id != later.to_string()), "nobody cooks it today");

    house.clock.set(minutes(2 * day));
    let turned = async {
        while !board
            .next()
            .await
            .expect("goes on")
            .expect("good")
            .orders
            .iter()
            .any(|it| it.visit_id == later.to_string())
        {}
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), turned).await.expect("another day, without any touch");
}

#[tokio::test]
async fn what_is_cancelled_while_it_is_made_waits_for_staff_and_stays_on_the_board_for_a_while() {
    let house = house().await;
    let (begun, waiting, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, begun, showing).await;
    let order = until_state(&house, begun, minutes(105), Fired).await;
    step(&house, &order.order_id, Preparing).await.expect("moved");
    let mut later = wish(waiting, Uuid::now_v7());
    later.showing_starts_at = Some(timestamp(minutes(240)));
    later.showing_ends_at = Some(timestamp(minutes(300)));
    later.expires_at = Some(timestamp(minutes(115)));
    hold(&house, &later).await.expect("held");
    twice(&house, "journey", &confirmed(waiting, showing)).await;
    for visit in [begun, waiting] {
        let cancelled = VisitCancelled { visit_id: visit.to_string(), ..Default::default() };
        twice(&house, "journey", &cancelled).await;
    }
    assert_eq!(order_state(&house, waiting).await, Cancelled);
    let asks = self::order(&house, begun).await;
    assert_eq!(asks.state(), Preparing, "the kitchen decides");
    assert_eq!(asks.affected.expect("it needs a decision").by, i32::from(pb::AffectedBy::CancelledVisit));
    stop(&house, &order.order_id, &[("tomato-pasta", 1)]).await.expect("stopped");
    assert_eq!(told(&house).await, [Fired, Preparing, Cancelled, Cancelled]);
    assert_eq!(taken(&house).await, 130, "what was not begun gives its time back");
    let refused = step(&house, &order.order_id, Ready).await.expect_err("cancelled");
    assert_eq!(refused.code(), Code::FailedPrecondition);

    let mut cook = client!(house, &cook());
    let mut board = cook.watch_kitchen(pb::WatchKitchenRequest { after_revision: 0 }).await.expect("w").into_inner();
    let seen = board.next().await.expect("a board").expect("good");
    assert_eq!(seen.orders.len(), 1);
    assert_eq!(seen.orders[0].state(), Cancelled);
    let mut now = minutes(116);
    let cleared = async {
        loop {
            house.clock.set(now);
            now += chrono::TimeDelta::seconds(1);
            let next = tokio::time::timeout(std::time::Duration::from_millis(50), board.next()).await;
            if let Ok(Some(Ok(board))) = next {
                return board;
            }
        }
    };
    let cleared = tokio::time::timeout(std::time::Duration::from_secs(60), cleared).await.expect("cleared in time");
    assert!(cleared.orders.is_empty());
}

#[tokio::test]
async fn the_desk_hands_out_calls_again_and_takes_both_back_and_cooks_nothing() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let id = scheduled_meal(&house, visit, Uuid::now_v7()).await.order_id;
    let beside = Uuid::now_v7();
    let next = scheduled_meal(&house, beside, Uuid::now_v7()).await.order_id;
    until_state(&house, visit, minutes(105), Fired).await;
    until_state(&house, beside, house.clock.now(), Fired).await;
    let desk = kernel::testing::staff(kernel::Role::Desk);
    let hand = async |to: pb::OrderState| {
        let request = pb::MoveOrderRequest { order_id: id.clone(), to: to.into() };
        client!(house, &desk).move_order(request).await.map(|order| order.into_inner().state())
    };
    let undo = async || {
        let request = pb::UndoMoveRequest { order_id: id.clone() };
        kitchen!(house, &desk).undo_move(request).await.map(|order| order.into_inner().state())
    };
    for to in [Preparing, Ready] {
        assert_eq!(hand(to).await.expect_err("not theirs").code(), Code::InvalidArgument);
    }
    assert_eq!(hand(Recalled).await.expect_err("nothing to call").code(), Code::FailedPrecondition);
    for to in [Preparing, Ready] {
        step(&house, &id, to).await.expect("made");
    }
    assert_eq!(undo().await.expect_err("the cook's own move").code(), Code::FailedPrecondition);
    assert_eq!(hand(Recalled).await.expect("called again"), Recalled);
    assert_eq!(hand(Recalled).await.expect("a repeat"), Recalled);
    assert_eq!(undo().await.expect("taken back"), Ready);
    assert_eq!(hand(Collected).await.expect("collected"), Collected);
    assert_eq!(undo().await.expect("taken back"), Ready);
    // Called again by hand, it waits as long as one that the clock calls: 20 minutes and 10.
    hand(Recalled).await.expect("called again");
    let called = house.clock.now();
    for to in [Preparing, Ready] {
        step(&house, &next, to).await.expect("made");
    }
    // The clock has looked at both when it calls the other one.
    until_state(&house, beside, called + chrono::TimeDelta::minutes(29), Recalled).await;
    assert_eq!(order(&house, visit).await.state(), Recalled, "somebody is still looking for them");
    until_state(&house, visit, called + chrono::TimeDelta::minutes(30), Expired).await;
}

#[tokio::test]
async fn a_station_that_rests_takes_nothing_new_and_says_so_once() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let showing = Uuid::now_v7();
    scheduled_meal(&house, visit, showing).await;
    for state in [pb::StationState::Paused, pb::StationState::Closed] {
        for _ in 0..2 {
            assert_eq!(set_station(&house, "hot", state).await.expect("set").state(), state);
        }
        let refused = hold(&house, &wish(Uuid::now_v7(), showing)).await.expect_err("it rests");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("\"hot\""), "{}", refused.message());
        let mut cold = wish(Uuid::now_v7(), showing);
        cold.lines = vec![line("pretzel", 1)];
        hold(&house, &cold).await.expect("other stations work");
    }
    assert_eq!(order_state(&house, visit).await, Scheduled, "what was promised stays");
    set_station(&house, "hot", pb::StationState::Open).await.expect("open");
    hold(&house, &wish(Uuid::now_v7(), showing)).await.expect("open again");
    let told: Vec<pb::StationChanged> = house.events("gastro").await;
    assert_eq!(told.len(), 3 + 3, "three from the house file, three changes");
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let before = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let house = house.restart().await;
    assert_eq!(order(&house, visit).await, before);
    until_state(&house, visit, minutes(106), Fired).await;
}
