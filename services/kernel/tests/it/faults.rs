//! What the event log must survive: crashes, second relays, a dead or wiped broker, late commits,
//! and a bus that repeats and mixes up.

use std::time::Duration;

use chrono::DateTime;
use futures::StreamExt;
use kernel::{
    Clock, Event,
    testing::{House, TestBroker, noon},
};
use prost::{Message, Name};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{RUNNER, SINK, SOURCE, Told, effects, numbers, told};

pub(crate) async fn tell(house: &House, range: std::ops::RangeInclusive<u64>) {
    for number in range {
        house.emit("source", "one", told(number)).await;
    }
}

/// Waits for a condition in the database, at most 20 s.
pub(crate) async fn eventually<F: AsyncFn() -> bool>(what: &str, holds: F) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not come true: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_on_the_bus_says_what_it_is_under_the_names_of_cloud_events() {
    let house = House::start(&[SOURCE]).await;
    let (who, address) = house.settings.nats_url.trim_start_matches("nats://").split_once('@').expect("an account");
    let (user, password) = who.split_once(':').expect("a password");
    let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    let bus = options.connect(address).await.expect("the broker");
    let mut heard = bus.subscribe(format!("{}.>", house.settings.nats_prefix)).await.expect("subscribed");
    bus.flush().await.expect("it knows");
    house.emit("source", "one", told(7)).await;
    let message =
        tokio::time::timeout(Duration::from_secs(20), heard.next()).await.expect("in time").expect("a message");
    let headers = message.headers.expect("headers");
    let read = |name: &str| headers.get(name).map(|value| value.as_str().to_owned()).unwrap_or_default();
    let written = ["ce-specversion", "ce-type", "ce-source", "ce-subject", "Sky-Pub-Seq", "Sky-Aggregate-Id"].map(read);
    let name = Told::full_name();
    assert_eq!(written, ["1.0", name.as_str(), "/sky/source", "one", "1", "one"]);
    Uuid::try_parse(&read("ce-id")).expect("its id");
    assert_eq!(DateTime::parse_from_rfc3339(&read("ce-time")).expect("its time"), house.clock.now());
    assert_eq!(Told::decode(message.payload).expect("the event").position, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_travel_in_order_and_once() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=50).await;
    house.settle().await;
    assert_eq!(effects(&house).await, numbers(1..=50));
    assert_eq!(house.stream_positions("source").await, numbers(1..=50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_publish_and_mark_publishes_nothing_twice() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=10).await;
    house.settle().await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    // As a crash before the mark leaves it: the broker has 10, we know of 6.
    sqlx::query("update outbox set js_seq = null, published_at = null where pub_seq > 6")
        .execute(house.pool("source"))
        .await
        .expect("marks lost");
    let house = house.restart().await;
    tell(&house, 11..=12).await;
    house.settle().await;
    eventually("everything is in the stream", async || house.stream_positions("source").await.len() >= 12).await;
    assert_eq!(house.stream_positions("source").await, numbers(1..=12), "adopted, not published again");
    assert_eq!(effects(&house).await, numbers(1..=12));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_leave_neither_holes_nor_repeats() {
    let house = House::start(&[SOURCE, SINK]).await;
    house.second_relay("source").await;
    house.second_relay("source").await;
    let writers = (0..8_u64).map(|writer| {
        let house = &house;
        async move {
            for number in 0..60_u64 {
                house.emit("source", &format!("w{writer}"), told(writer * 1000 + number)).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    house.settle().await;
    eventually("everything is in the stream", async || house.stream_positions("source").await.len() >= 480).await;
    assert_eq!(house.stream_positions("source").await, numbers(1..=480));
    let effects = effects(&house).await;
    assert_eq!(effects.len(), 480);
    for writer in 0..8 {
        let own: Vec<i64> = effects.iter().copied().filter(|number| number / 1000 == writer).collect();
        assert_eq!(own, numbers(writer * 1000..=writer * 1000 + 59), "in order per aggregate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_slept_is_fenced() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=8).await;
    house.settle().await;
    eventually("everything is in the stream", async || house.stream_positions("source").await.len() == 8).await;
    let refusal = house.relay_wakes_up_late("source", 5).await.expect_err("fenced by the broker");
    assert!(refusal.contains("wrong last sequence"), "{refusal}");
    assert_eq!(house.stream_positions("source").await, numbers(1..=8));
}

/// Were row and place apart, a later row could stand in the stream before an earlier one.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_goes_on_from_one_row_and_its_place_while_another_publishes() {
    let house = House::start(&[SOURCE]).await;
    tell(&house, 1..=8).await;
    eventually("marks are written", async || unmarked(&house).await == 0).await;
    assert_eq!(house.relay_compares_late("source", 5).await, Ok((5, 5)));
    assert_eq!(house.relay_compares_late("source", 8).await, Ok((8, 8)));
}

#[tokio::test(flavor = "multi_thread")]
async fn four_relays_at_once_number_without_holes_and_never_twice() {
    let house = House::start(&[SOURCE]).await;
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(12)
        .connect_with(
            house
                .database_url()
                .parse::<sqlx::postgres::PgConnectOptions>()
                .expect("URL")
                .options([("search_path", "source")]),
        )
        .await
        .expect("pool");
    let writers = (0..6).map(|writer| {
        let pool = pool.clone();
        async move {
            for number in 0..300 {
                sqlx::query(
                    "insert into outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, occurred_at)
                     values (gen_random_uuid(), $1, $2, 'sky.kernel.v1.Money', 'source.v1.money.x', '', '2026-01-01')",
                )
                .bind(format!("w{writer}"))
                .bind(i64::from(number))
                .execute(&pool)
                .await
                .expect("written");
            }
        }
    });
    let relays = (0..4).map(|_| {
        let pool = pool.clone();
        async move {
            let mut given: Vec<(Uuid, i64)> = Vec::new();
            while given.last().is_none_or(|last| last.1 < 1800) {
                let after = given.last().map_or(0, |last| last.1);
                let rows: Vec<(Uuid, i64)> = sqlx::query_as("select event_id, pub_seq from relay_take($1, 20)")
                    .bind(after)
                    .fetch_all(&pool)
                    .await
                    .expect("taken");
                given.extend(rows);
            }
            given
        }
    });
    let both = futures::future::join(futures::future::join_all(writers), futures::future::join_all(relays));
    let (_, given) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("all numbered within a minute");
    let places: Vec<i64> = given[0].iter().map(|row| row.1).collect();
    assert_eq!(places, numbers(1..=1800), "gapless");
    assert!(given.iter().all(|one| *one == given[0]), "every relay was told the same numbers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_costs_latency_only() {
    let mut broker = TestBroker::start().await;
    let url = broker.url();
    let house = House::start_with(&[SOURCE, SINK], Clock::manual(noon()), |settings| settings.nats_url = url).await;
    tell(&house, 1..=5).await;
    house.settle().await;
    broker.kill();
    tell(&house, 6..=10).await;
    broker.restart().await;
    tell(&house, 11..=15).await;
    house.settle().await;
    assert_eq!(effects(&house).await, numbers(1..=15));
    eventually("the stream has everything once", async || house.stream_positions("source").await == numbers(1..=15))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_away_consumers_hear_of_everything_from_the_producer() {
    let mut broker = TestBroker::start().await;
    let url = broker.url();
    let house = House::start_with(&[SOURCE, SINK], Clock::manual(noon()), |settings| settings.nats_url = url).await;
    tell(&house, 1..=5).await;
    house.settle().await;
    broker.kill();
    tell(&house, 6..=10).await;
    eventually("they have had their effect", async || effects(&house).await == numbers(1..=10)).await;
    // By now the relay knows that there is nobody to publish to.
    tell(&house, 11..=15).await;
    eventually("the later ones too", async || effects(&house).await == numbers(1..=15)).await;
    broker.restart().await;
    tell(&house, 16..=20).await;
    house.settle().await;
    assert_eq!(effects(&house).await, numbers(1..=20));
    eventually("the stream has everything once", async || house.stream_positions("source").await == numbers(1..=20))
        .await;
}

/// Events of the source that are not marked as published.
pub(crate) async fn unmarked(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from outbox where published_at is null")
        .fetch_one(house.pool("source"))
        .await
        .expect("counted")
}

/// Up to where the relay need not look again for what is not published.
async fn published_up_to(house: &House) -> i64 {
    sqlx::query_scalar("select published_up_to from outbox_head").fetch_one(house.pool("source")).await.expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_broker_is_filled_again() {
    let mut broker = TestBroker::start().await;
    let url = broker.url();
    let house = House::start_with(&[SOURCE, SINK], Clock::manual(noon()), |settings| settings.nats_url = url).await;
    tell(&house, 1..=20).await;
    house.settle().await;
    eventually("all are marked as published", async || unmarked(&house).await == 0).await;
    let house = house.restart().await;
    eventually("it was compared", async || published_up_to(&house).await == 20).await;
    broker.kill();
    broker.wipe();
    tell(&house, 21..=25).await;
    broker.restart().await;
    eventually("all are marked again, and looked for until then", async || {
        let overlooked =
            "select count(*) from outbox, outbox_head where published_at is null and pub_seq <= published_up_to";
        let overlooked: i64 = sqlx::query_scalar(overlooked).fetch_one(house.pool("source")).await.expect("counted");
        assert_eq!(overlooked, 0);
        unmarked(&house).await == 0
    })
    .await;
    tell(&house, 26..=30).await;
    house.settle().await;
    assert_eq!(effects(&house).await, numbers(1..=30), "nothing lost, nothing twice");
    eventually("the stream is whole again", async || house.stream_positions("source").await == numbers(1..=30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_not_skipped() {
    let house = House::start(&[SOURCE, SINK]).await;
    let (appended, wait_appended) = oneshot::channel();
    let (go_on, wait_go_on) = oneshot::channel::<()>();
    let late = house.transact("source", move |tx| {
        Box::pin(async move {
            tx.append("late", &told(1)).await?;
            tx.write_events().await?;
            let _ = appended.send(());
            let _ = wait_go_on.await;
            Ok::<(), sqlx::Error>(())
        })
    });
    let early = async {
        wait_appended.await.expect("appended");
        // Drawn after the late one's sequence, committed and published before it.
        house.emit("source", "early", told(2)).await;
        eventually("the early one has had its effect", async || effects(&house).await == vec![2]).await;
        go_on.send(()).expect("still waiting");
    };
    let (late, ()) = tokio::join!(late, early);
    late.expect("committed");
    house.settle().await;
    assert_eq!(effects(&house).await, vec![2, 1]);
}

pub(crate) fn event(pub_seq: i64) -> Event {
    Event {
        pub_seq,
        event_id: Uuid::now_v7(),
        aggregate_id: "one".to_owned(),
        aggregate_version: pub_seq,
        type_name: Told::full_name(),
        payload: told(pub_seq.unsigned_abs()).encode_to_vec(),
        occurred_at: DateTime::default(),
        traceparent: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_repeated_and_mixed_up_deliveries_have_one_effect_each_in_order() {
    // Each by itself, and all that wait at once, mean the same. The source does not run: nothing can fill a gap but
    // the bus itself.
    for sink in [SINK, RUNNER] {
        late_repeated_and_mixed_up(&House::start(&[sink]).await).await;
    }
}

async fn late_repeated_and_mixed_up(house: &House) {
    for delivery in [
        vec![2],
        vec![1],
        vec![1, 1],
        vec![3],
        vec![5, 4],
        vec![3, 2, 1],
        vec![2, 3],
        vec![1, 2, 3, 4],
        vec![3, 5],
        vec![5],
    ] {
        let events: Vec<Event> = delivery.into_iter().map(event).collect();
        house.deliver("sink", "source", &events).await;
    }
    assert_eq!(effects(house).await, numbers(1..=5));
    assert_eq!(house.position("sink", "source").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_filled_from_the_producers_log() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=30).await;
    house.settle().await;
    // As if the consumer's database had been restored from an older backup; the bus has nothing to repeat.
    sqlx::query("update consumer_pos set last_pub_seq = 10").execute(house.pool("sink")).await.expect("set back");
    sqlx::query("delete from effect where number > 10").execute(house.pool("sink")).await.expect("set back");
    tell(&house, 31..=31).await;
    house.settle().await;
    assert_eq!(effects(&house).await, numbers(1..=31));
}
