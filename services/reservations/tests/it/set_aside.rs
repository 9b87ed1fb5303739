//! What is told of visits while somebody keeps their showing locked, and cannot be done afterwards.

use std::time::Duration;

use kernel::testing::House;
use prost::Message;
use sky_proto::{
    journey::v1::{VisitConfirmed, VisitExpired},
    kernel::v1::{ListDeadEventsRequest, ReplayDeadEventRequest, operations_client::OperationsClient},
    reservations::v1 as pb,
};
use uuid::Uuid;

use crate::{seller::block, support::*};

/// Dead events: their places, whether they were parked, and why.
async fn dead(house: &House) -> Vec<(u64, bool, String)> {
    let mut operations = OperationsClient::new(house.channel(&kernel::testing::staff(kernel::Role::Admin)));
    let listed = operations.list_dead_events(ListDeadEventsRequest::default()).await.expect("listed").into_inner();
    listed.events.into_iter().map(|it| (it.event.expect("an event").pub_seq, it.parked, it.error)).collect()
}

async fn is_booked(house: &House, visit: Uuid) -> bool {
    booking(house, visit).await.is_ok_and(|it| it.state() == pb::booking::State::Confirmed)
}

/// Waits until what was set aside is done with, and a visit is booked.
async fn caught_up(house: &House, visit: Uuid) {
    let done = async {
        while !(is_booked(house, visit).await && waiting(house).await == 0) {
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("nothing waits any more");
}

async fn waiting(house: &House) -> i64 {
    let waiting = sqlx::query_scalar("select count(*) from set_aside");
    waiting.fetch_one(house.pool("reservations")).await.expect("counted")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_when_its_showing_is_free_again_has_no_effect_and_stops_nothing() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let (late, well) = (Uuid::now_v7(), Uuid::now_v7());
    for visit in [late, well] {
        hold(&house, &wish(visit, &showing, 1)).await.expect("held");
    }
    // Its hold has run out, and the database gives it no place: the domain can only refuse.
    for statement in [
        "create function no_place() returns trigger language plpgsql as 'begin return null; end'".to_owned(),
        format!(
            "create trigger no_place before insert on seat_claim for each row when (new.visit_id = '{late}')
             execute function no_place()"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(house.pool("reservations")).await.expect("set up");
    }
    let blocker = block(&house, &showing).await;
    house.clock.set(minutes(11));
    for (visit, event) in [(late, confirmed(late, &showing)), (well, confirmed(well, &showing))] {
        house.emit("journey", &visit.to_string(), event).await;
    }
    house.settle().await;
    assert_eq!(waiting(&house).await, 2);
    blocker.rollback().await.expect("freed");
    caught_up(&house, well).await;
    assert_eq!(dead(&house).await, [], "a refusal is no failure: nobody has to look after it");
    assert!(!is_booked(&house, late).await);

    // What is told of it later is done in its turn.
    sqlx::query("drop trigger no_place on seat_claim").execute(house.pool("reservations")).await.expect("put right");
    house.emit("journey", &late.to_string(), confirmed(late, &showing)).await;
    house.settle().await;
    assert!(is_booked(&house, late).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_when_its_showing_is_free_again_is_dead_and_can_be_replayed() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let (sick, well) = (Uuid::now_v7(), Uuid::now_v7());
    for visit in [sick, well] {
        hold(&house, &wish(visit, &showing, 1)).await.expect("held");
    }
    let blocker = block(&house, &showing).await;
    let unreadable = VisitConfirmed { showing_id: "nowhere".to_owned(), ..confirmed(sick, &showing) };
    for (visit, event) in [(sick, unreadable), (sick, confirmed(sick, &showing)), (well, confirmed(well, &showing))] {
        house.emit("journey", &visit.to_string(), event).await;
    }
    house.settle().await;
    assert_eq!(dead(&house).await, [], "it waits: nobody has tried yet");
    blocker.rollback().await.expect("freed");
    let done = async {
        while !(is_booked(&house, well).await && dead(&house).await.len() == 2) {
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("one is booked, the other one's events are dead");
    // What is told later waits behind it.
    house.emit("journey", &sick.to_string(), VisitExpired { visit_id: sick.to_string() }).await;
    house.settle().await;
    let listed = dead(&house).await;
    assert_eq!(
        listed.iter().map(|(at, parked, _)| (*at, *parked)).collect::<Vec<_>>(),
        [(1, false), (2, true), (4, true)]
    );
    assert!(listed[0].2.contains("its showing was kept locked") && listed[0].2.contains("showing_id"), "{listed:?}");
    assert_eq!(waiting(&house).await, 0);

    // Put right by hand, it is done with all that waits behind it.
    sqlx::query("update dead_events set payload = $1 where pub_seq = 1")
        .bind(confirmed(sick, &showing).encode_to_vec())
        .execute(house.pool("reservations"))
        .await
        .expect("put right");
    let mut operations = OperationsClient::new(house.channel(&kernel::testing::staff(kernel::Role::Admin)));
    let replay =
        ReplayDeadEventRequest { service: "reservations".to_owned(), producer: "journey".to_owned(), pub_seq: 1 };
    assert_eq!(operations.replay_dead_event(replay).await.expect("replayed").into_inner().applied, 3);
    assert!(is_booked(&house, sick).await && dead(&house).await.is_empty());
}
