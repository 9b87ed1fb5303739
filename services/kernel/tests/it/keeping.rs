//! How long the log is kept, and for whom; a consumer that comes too late for it; events of types that are not known yet.

use chrono::TimeDelta;
use kernel::{
    Caller, Clock, Event,
    testing::{House, TestBroker, noon},
};
use sky_proto::kernel::v1::{HeadRequest, event_log_client::EventLogClient};
use uuid::Uuid;

use crate::{
    NEWCOMER, RUNNER, SINK, SOURCE, effects,
    faults::{event, eventually, tell, unmarked},
    numbers,
};

/// The positions that the source still has.
async fn kept(house: &House) -> Vec<i64> {
    sqlx::query_scalar("select pub_seq from outbox where pub_seq is not null order by pub_seq")
        .fetch_all(house.pool("source"))
        .await
        .expect("read")
}

/// A consumer that does not run here says how far it is.
async fn says(house: &House, consumer: &str, position: u64) {
    EventLogClient::new(house.channel(&Caller::Service(consumer.to_owned())))
        .head(HeadRequest { service: "source".to_owned(), position: Some(position) })
        .await
        .expect("heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_and_applied_by_all_is_deleted_and_nothing_else() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=10).await;
    house.settle().await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    assert!(house.catches_up("sink", "source").await, "the sink has applied all, and says so");
    says(&house, "late", 4).await;

    house.clock.advance(TimeDelta::days(34));
    assert_eq!(house.delete_old_events("source").await, 0, "not old enough");
    house.clock.advance(TimeDelta::days(2));
    assert_eq!(house.delete_old_events("source").await, 4, "what is missing somewhere stays");
    assert_eq!(kept(&house).await, numbers(5..=10));
    // A backup was put back there.
    says(&house, "late", 2).await;
    assert_eq!(house.delete_old_events("source").await, 0);
    says(&house, "late", 10).await;
    tell(&house, 11..=11).await;
    house.settle().await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    assert_eq!(house.delete_old_events("source").await, 5);
    assert_eq!(kept(&house).await, numbers(10..=11), "the new one, and the one before it");

    // The relay goes on as before: nothing is published twice, and the stream is not taken for a stranger's.
    let house = house.restart().await;
    tell(&house, 12..=12).await;
    house.settle().await;
    eventually("everything is in the stream", async || house.stream_positions("source").await.len() >= 12).await;
    assert_eq!(house.stream_positions("source").await, numbers(1..=12));
    assert_eq!(effects(&house).await, numbers(1..=12));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_has_not_taken_is_never_deleted() {
    let mut broker = TestBroker::start().await;
    let url = broker.url();
    let house = House::start_with(&[SOURCE], Clock::manual(noon()), |settings| settings.nats_url = url).await;
    tell(&house, 1..=6).await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    broker.kill();
    tell(&house, 7..=10).await;
    eventually("all have a position", async || kept(&house).await == numbers(1..=10)).await;
    house.clock.advance(TimeDelta::days(100));
    assert_eq!(house.delete_old_events("source").await, 5, "the row before the first that waits is needed");
    assert_eq!(kept(&house).await, numbers(6..=10));
    broker.restart().await;
    eventually("the stream is whole", async || house.stream_positions("source").await == numbers(1..=10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_comes_too_late_stops_and_says_so_instead_of_skipping() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=10).await;
    house.settle().await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    assert!(house.catches_up("sink", "source").await);
    house.clock.advance(TimeDelta::days(36));
    assert_eq!(house.delete_old_events("source").await, 8);
    // Whatever the bus would still bring would fill the hole.
    eventually("the bus has nothing left", async || house.on_the_bus("sink", "source").await == 0).await;
    // The consumer's database is restored from a very old backup.
    sqlx::query("update consumer_pos set last_pub_seq = 4").execute(house.pool("sink")).await.expect("set back");
    sqlx::query("delete from effect where number > 4").execute(house.pool("sink")).await.expect("set back");
    tell(&house, 11..=11).await;
    assert!(!house.catches_up("sink", "source").await);
    assert_eq!(effects(&house).await, numbers(1..=4), "nothing behind a hole");
    assert_eq!(house.position("sink", "source").await, 4);
    let stuck = "sky_consumer_stuck_total{service=\"sink\",producer=\"source\"}";
    assert!(house.metrics().contains(stuck), "{}", house.metrics());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_new_in_an_old_house_begins_with_what_is_kept_and_stops_at_a_hole_later() {
    let house = House::start(&[SOURCE, NEWCOMER]).await;
    tell(&house, 1..=10).await;
    house.settle().await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    assert!(house.catches_up("sink", "source").await);
    house.clock.advance(TimeDelta::days(36));
    assert_eq!(house.delete_old_events("source").await, 8);
    eventually("the bus has nothing left", async || house.on_the_bus("sink", "source").await == 0).await;
    // As a release finds it that brings this consumer.
    sqlx::raw_sql("delete from consumer_pos; delete from effect").execute(house.pool("sink")).await.expect("new");
    tell(&house, 11..=11).await;
    assert!(house.catches_up("sink", "source").await);
    assert_eq!(effects(&house).await, numbers(9..=11));
    // It has heard of the source now: a hole is a hole.
    sqlx::query("update consumer_pos set last_pub_seq = 4, seen_pub_seq = null")
        .execute(house.pool("sink"))
        .await
        .expect("set back");
    assert!(!house.catches_up("sink", "source").await);
    assert_eq!(house.position("sink", "source").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_unknown_type_moves_the_position_and_is_counted() {
    for sink in [SINK, RUNNER] {
        let house = House::start(&[sink]).await;
        let type_name = format!("sky.source.v2.NotYet{}", Uuid::new_v4().simple());
        let unknown = Event { type_name: type_name.clone(), payload: vec![0xff; 9], ..event(2) };
        let run = [event(1), unknown, event(3)];
        house.deliver("sink", "source", &run).await;
        house.deliver("sink", "source", &run).await;
        assert_eq!(effects(&house).await, vec![1, 3]);
        assert_eq!(house.position("sink", "source").await, 3);
        let counted =
            format!("sky_events_unknown_total{{service=\"sink\",producer=\"source\",type=\"{type_name}\"}} 1\n");
        assert!(house.metrics().contains(&counted), "{counted} is missing");
    }
}
