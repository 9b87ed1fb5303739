//! Events that cannot be applied: refused, poisonous, parked, and replayed.

use kernel::testing::House;
use kernel::{Caller, Role, testing};
use sky_proto::kernel::v1::{ListDeadEventsRequest, ReplayDeadEventRequest, operations_client::OperationsClient};

use crate::{RUNNER, SINK, SOURCE, effects, faults::event, told};

async fn set_mood(house: &House, sql: &'static str) {
    sqlx::query(sql).execute(house.pool("sink")).await.expect("mood set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_completes_without_effect() {
    let house = House::start(&[SOURCE, SINK]).await;
    set_mood(&house, "update mood set refuses = '{2}'").await;
    for number in 1..=3 {
        house.emit("source", "one", told(number)).await;
    }
    house.settle().await;
    assert_eq!(effects(&house).await, vec![1, 3]);
    let dead: i64 =
        sqlx::query_scalar("select count(*) from dead_events").fetch_one(house.pool("sink")).await.expect("read");
    assert_eq!(dead, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_buried_its_aggregate_waits_and_the_rest_goes_on() {
    let house = House::start(&[SOURCE, SINK]).await;
    set_mood(&house, "update mood set breaks_on = '{2}'").await;
    for (aggregate, number) in [("sick", 1), ("sick", 2), ("sick", 3), ("well", 4), ("sick", 5)] {
        house.emit("source", aggregate, told(number)).await;
    }
    house.settle().await;
    assert_eq!(effects(&house).await, vec![1, 4]);

    let admin = testing::staff(Role::Admin);
    let mut operations = OperationsClient::new(house.channel(&admin));
    let dead = operations.list_dead_events(ListDeadEventsRequest::default()).await.expect("listed").into_inner().events;
    let listed: Vec<(u64, bool)> =
        dead.iter().map(|dead| (dead.event.as_ref().expect("event").pub_seq, dead.parked)).collect();
    assert_eq!(listed, vec![(2, false), (3, true), (5, true)]);
    assert!(dead[0].error.contains("cannot digest"));

    let replay =
        |pub_seq| ReplayDeadEventRequest { service: "sink".to_owned(), producer: "source".to_owned(), pub_seq };
    let still_sick = operations.replay_dead_event(replay(2)).await.expect_err("still poison");
    assert_eq!(still_sick.code(), tonic::Code::Internal);
    let too_late = operations.replay_dead_event(replay(5)).await.expect_err("2 comes first");
    assert_eq!(too_late.code(), tonic::Code::FailedPrecondition);
    set_mood(&house, "update mood set breaks_on = '{}'").await;
    assert_eq!(operations.replay_dead_event(replay(2)).await.expect("replayed").into_inner().applied, 3);
    assert_eq!(effects(&house).await, vec![1, 4, 2, 3, 5]);
    house.emit("source", "sick", told(6)).await;
    house.settle().await;
    assert_eq!(effects(&house).await, vec![1, 4, 2, 3, 5, 6], "the aggregate is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_among_events_applied_together_is_found_and_buried_alone() {
    let house = House::start(&[RUNNER]).await;
    set_mood(&house, "update mood set breaks_on = '{3}', refuses = '{5}'").await;
    let run: Vec<_> = (1..=7).map(event).collect();
    house.deliver("sink", "source", &run).await;
    assert_eq!(effects(&house).await, vec![1, 2], "one aggregate: what comes after the dead one waits behind it");
    assert_eq!(house.position("sink", "source").await, 7);
    set_mood(&house, "update mood set breaks_on = '{}'").await;
    let mut operations = OperationsClient::new(house.channel(&testing::staff(Role::Admin)));
    let replay = ReplayDeadEventRequest { service: "sink".to_owned(), producer: "source".to_owned(), pub_seq: 3 };
    assert_eq!(operations.replay_dead_event(replay).await.expect("replayed").into_inner().applied, 2, "3 and 4");
    assert_eq!(effects(&house).await, vec![1, 2, 3, 4], "5 is refused: it stays until somebody looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_events_are_not_for_everyone() {
    let house = House::start(&[SINK]).await;
    let refused = OperationsClient::new(house.channel(&testing::staff(Role::Desk)))
        .list_dead_events(ListDeadEventsRequest::default())
        .await
        .expect_err("desk");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let refused = OperationsClient::new(house.channel(&Caller::Nobody))
        .list_dead_events(ListDeadEventsRequest::default())
        .await
        .expect_err("nobody");
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}
