//! A producer's database is put back from a backup: it gives the same numbers to other events. Whoever has applied more
//! of it than the backup has must not pass over them in silence, nor go on behind them.

use std::collections::BTreeMap;

use kernel::{
    Boot, Clock, Running,
    testing::{House, free_port, noon},
};
use sqlx::{Connection, PgConnection};

use crate::{
    RUNNER, SINK, SOURCE, effects,
    faults::{eventually, tell, unmarked},
    numbers,
    passing::STATEMENT,
};

/// The source's database as a backup of the moment in which it had told so many events.
async fn restore(house: &House, told: i64) {
    eventually("marks are written", async || unmarked(house).await == 0).await;
    for put_back in [
        "delete from outbox where pub_seq > $1",
        "update outbox_head set last_pub_seq = $1, published_up_to = least(published_up_to, $1)",
        "update aggregate_head set version = $1",
    ] {
        sqlx::query(put_back).bind(told).execute(house.pool("source")).await.expect("put back");
    }
}

/// Whether the sink says that it applies nothing of the source's log.
async fn has_stopped(running: &Running) -> bool {
    running.health().await.iter().flat_map(|service| &service.consumers).any(|consumer| consumer.other_log)
}

/// Up to which event the sink knows what it has applied.
async fn seen(house: &House) -> Option<i64> {
    sqlx::query_scalar("select seen_pub_seq from consumer_pos").fetch_one(house.pool("sink")).await.expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_has_applied_more_than_its_producers_backup_has_stops_and_says_so() {
    for sink in [SINK, RUNNER] {
        let house = House::start(&[SOURCE, sink]).await;
        tell(&house, 1..=10).await;
        house.settle().await;
        restore(&house, 5).await;
        let house = house.restart().await;
        tell(&house, 101..=103).await;
        eventually("it has stopped: the log ends before its position", async || has_stopped(&house.running).await)
            .await;

        // By and by the numbers are all there again, and are other events; on the bus too.
        tell(&house, 104..=108).await;
        let house = house.restart().await;
        eventually("it has stopped: it knows the event", async || has_stopped(&house.running).await).await;
        eventually("the stream has them", async || house.stream_positions("source").await == numbers(1..=13)).await;
        assert!(!house.catches_up("sink", "source").await);
        assert_eq!((effects(&house).await, house.position("sink", "source").await), (numbers(1..=10), 10));
        let stuck = "sky_consumer_stuck_total{service=\"sink\",producer=\"source\"}";
        assert!(house.metrics().contains(stuck), "{}", house.metrics());

        // Somebody sets it back to what both have.
        sqlx::query("update consumer_pos set last_pub_seq = 5").execute(house.pool("sink")).await.expect("set back");
        assert!(house.catches_up("sink", "source").await);
        assert!(!has_stopped(&house.running).await);
        let house = house.restart().await;
        tell(&house, 109..=109).await;
        house.settle().await;
        assert_eq!(effects(&house).await, [numbers(1..=10), numbers(101..=109)].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_has_applied_no_more_than_the_backup_has_goes_on() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=5).await;
    house.settle().await;
    let house = house.restart().await;
    restore(&house, 5).await;
    let house = house.restart().await;
    tell(&house, 101..=103).await;
    house.settle().await;
    assert!(!has_stopped(&house.running).await);
    assert_eq!(effects(&house).await, [numbers(1..=5), numbers(101..=103)].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn which_event_stands_at_a_position_that_says_nothing_of_it_is_asked_of_the_producer() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=10).await;
    house.settle().await;
    assert_eq!(seen(&house).await, Some(10));
    for known in [None, Some(7_i64)] {
        // As an older release leaves it.
        sqlx::query(
            "update sink.consumer_pos set seen_pub_seq = $1,
                 seen_event_id = (select event_id from source.outbox where pub_seq = $1)",
        )
        .bind(known)
        .execute(house.pool("sink"))
        .await
        .expect("forgotten");
        assert!(house.catches_up("sink", "source").await);
        assert_eq!(seen(&house).await, Some(10));
        assert!(!has_stopped(&house.running).await);
    }
    restore(&house, 5).await;
    tell(&house, 101..=105).await;
    house.catches_up("sink", "source").await;
    assert!(has_stopped(&house.running).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_statement_says_too_which_event_it_has_applied_a_moment_later() {
    let house = House::start(&[SOURCE, STATEMENT]).await;
    tell(&house, 1..=1).await;
    house.settle().await;
    tell(&house, 2..=5).await;
    house.settle().await;
    let db = house.stop().await;
    let mut connection = PgConnection::connect(&db.url).await.expect("connection");
    let seen: (i64, bool) = sqlx::query_as(
        "select seen_pub_seq, seen_event_id = (select event_id from source.outbox where pub_seq = 5)
         from sink.consumer_pos",
    )
    .fetch_one(&mut connection)
    .await
    .expect("read");
    assert_eq!(seen, (5, true));
}

/// The same as [`effects`], where the sink is a process of its own in the same database.
async fn there(house: &House) -> Vec<i64> {
    let effects = "select number from sink.effect order by place";
    sqlx::query_scalar(effects).fetch_all(house.pool("source")).await.expect("read")
}

/// What it has heard on the bus of the log before is nothing to go by: the bus has the new one before it asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_goes_on_running_while_its_producer_is_restored_stops_too() {
    let address = format!("127.0.0.1:{}", free_port());
    let listens_there = |settings: &mut kernel::Settings| settings.grpc_listen.clone_from(&address);
    let house = House::start_with(&[SOURCE], Clock::manual(noon()), listens_there).await;
    let mut settings = house.settings.clone();
    "127.0.0.1:0".clone_into(&mut settings.grpc_listen);
    settings.peers = BTreeMap::from([("source".to_owned(), format!("http://{address}"))]);
    let boot = Boot { services: vec![SINK], settings, clock: house.clock.clone(), migrate: true };
    let sink = kernel::run(boot).await.expect("a process of its own");

    tell(&house, 1..=10).await;
    eventually("all have their effect", async || there(&house).await == numbers(1..=10)).await;
    restore(&house, 5).await;
    let house = house.restart().await;
    tell(&house, 101..=108).await;
    eventually("it has stopped", async || has_stopped(&sink).await).await;
    eventually("the stream has them", async || house.stream_positions("source").await == numbers(1..=13)).await;
    tell(&house, 109..=109).await;
    eventually("this one too", async || house.stream_positions("source").await == numbers(1..=14)).await;
    assert_eq!(there(&house).await, numbers(1..=10), "nothing behind a hole");

    // It goes on by itself when somebody has set it back.
    let set_back = "update sink.consumer_pos set last_pub_seq = 5";
    sqlx::query(set_back).execute(house.pool("source")).await.expect("set back");
    let both = [numbers(1..=10), numbers(101..=109)].concat();
    eventually("the others have their effect", async || there(&house).await == both).await;
    assert!(!has_stopped(&sink).await);
    assert!(sink.shutdown().await);
}
