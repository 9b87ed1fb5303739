//! What means nothing to a consumer is passed over: it never reaches the reaction, costs no transaction, and nothing
//! that means something is lost or done twice for it, whatever happens before that is written down.

use kernel::{BoxFuture, Consumer, Context, Event, Parts, Service, Tx, testing::House};
use prost::{Message, Name};
use sky_proto::kernel::v1::HeadResponse;
use sqlx::{Connection, PgConnection};

use crate::{
    SOURCE, Told, effects,
    faults::{event, eventually},
    sink_tables, told, write_down,
};

/// Heeds what is told, and nothing else; one event after the other.
const EACH: Service = Service { name: "sink", migrations: sink_tables, build: build_each };
/// The same for all events that wait at once.
const RUN: Service = Service { name: "sink", migrations: sink_tables, build: build_run };

/// The same for what a single statement does, with the position in it.
pub(crate) const STATEMENT: Service = Service { name: "sink", migrations: sink_tables, build: build_statement };

const HEEDED: &[&str] = &[Told::NAME];

fn heard<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), kernel::Failure>> {
    assert_eq!(event.name(), Told::NAME, "nothing else reaches the reaction");
    write_down(tx, event)
}

fn build_each(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async {
        Ok(Parts { consumers: vec![Consumer::new("source", heard).heeding(HEEDED)], ..Parts::default() })
    })
}

fn build_run(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async {
        let consumer = Consumer::of_runs("source", |tx: &mut Tx, run: &[Event]| {
            Box::pin(async move {
                for event in run {
                    heard(tx, event).await?;
                }
                Ok(())
            })
        });
        Ok(Parts { consumers: vec![consumer.heeding(HEEDED)], ..Parts::default() })
    })
}

/// It can do nothing of what the sink is to break on, so that the usual way has to.
const AT_ONCE: &str = "with breaks as materialized (
        select exists (select from mood, unnest($5) as n where n = any (breaks_on)) as it),
    stepped as materialized (
        select case when breaks.it then false else step_over($1, $2, $3) end as it from breaks),
    done as (
        insert into effect (aggregate, number)
        select n.aggregate, n.number from stepped, unnest($4, $5) as n (aggregate, number) where stepped.it)
    select it from stepped";

fn build_statement(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        let consumer = Consumer::new("source", heard).heeding(HEEDED).in_one_statement(move |step, events| {
            let db = context.db.clone();
            Box::pin(async move {
                let (mut aggregates, mut numbers) = (Vec::new(), Vec::new());
                for event in events {
                    numbers.push(event.decode::<Told>()?.position.cast_signed());
                    aggregates.push(event.aggregate_id);
                }
                let mut connection = db.reader().await?;
                Ok(sqlx::query_scalar(AT_ONCE)
                    .bind(step.producer)
                    .bind(step.stored)
                    .bind(step.reached)
                    .bind(aggregates)
                    .bind(numbers)
                    .fetch_one(&mut *connection)
                    .await?)
            })
        });
        Ok(Parts { consumers: vec![consumer], ..Parts::default() })
    })
}

async fn stored(house: &House) -> i64 {
    sqlx::query_scalar("select coalesce(max(last_pub_seq), 0) from consumer_pos")
        .fetch_one(house.pool("sink"))
        .await
        .expect("read")
}

/// Something that means nothing to the sink.
async fn chatter(house: &House, times: u64) {
    for pub_seq in 0..times {
        house.emit("source", "one", HeadResponse { pub_seq }).await;
    }
}

fn chat(pub_seq: i64) -> Event {
    let payload = HeadResponse::default().encode_to_vec();
    Event { type_name: HeadResponse::full_name(), payload, ..event(pub_seq) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_means_nothing_is_passed_over_and_written_down_a_moment_later() {
    for sink in [EACH, RUN, STATEMENT] {
        let house = House::start(&[SOURCE, sink]).await;
        house.emit("source", "one", told(1)).await;
        chatter(&house, 3).await;
        house.emit("source", "one", told(2)).await;
        chatter(&house, 5).await;
        house.settle().await;
        assert_eq!(effects(&house).await, [1, 2]);
        assert_eq!(house.position("sink", "source").await, 10);
        eventually("it is written down without another word", async || stored(&house).await == 10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_never_heard_anything_of_interest_is_at_the_head_too() {
    for sink in [EACH, RUN, STATEMENT] {
        let house = House::start(&[SOURCE, sink]).await;
        chatter(&house, 4).await;
        house.settle().await;
        eventually("it is written down", async || stored(&house).await == 4).await;
        assert!(house.catches_up("sink", "source").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_writes_down_what_was_passed_over() {
    let house = House::start(&[SOURCE, EACH]).await;
    house.emit("source", "one", told(1)).await;
    chatter(&house, 3).await;
    house.settle().await;
    let db = house.stop().await;
    let mut connection = PgConnection::connect(&db.url).await.expect("connection");
    let position: i64 = sqlx::query_scalar("select last_pub_seq from sink.consumer_pos")
        .fetch_one(&mut connection)
        .await
        .expect("read");
    assert_eq!(position, 4);
}

/// The source does not run: nothing can fill a gap but the bus itself. 2, 3, 5 and 7 are of interest.
async fn late_repeated_and_mixed_up(house: &House) {
    for delivery in [
        vec![2],
        vec![1],
        vec![1, 1],
        vec![3],
        vec![5, 4],
        vec![3, 2, 1],
        vec![2, 3],
        vec![4],
        vec![4],
        vec![6],
        vec![1, 2, 3, 4],
        vec![3, 5],
        vec![5, 6],
        vec![6],
        vec![8],
        vec![7, 8],
    ] {
        let of = |place| if [2, 3, 5, 7].contains(&place) { event(place) } else { chat(place) };
        let events: Vec<Event> = delivery.into_iter().map(of).collect();
        house.deliver("sink", "source", &events).await;
    }
    assert_eq!(effects(house).await, [2, 3, 5, 7]);
    assert_eq!(house.position("sink", "source").await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_repeated_and_mixed_up_deliveries_have_one_effect_each() {
    for sink in [EACH, RUN, STATEMENT] {
        late_repeated_and_mixed_up(&House::start(&[sink]).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_that_was_faster_is_believed() {
    for sink in [EACH, RUN, STATEMENT] {
        let house = House::start(&[sink]).await;
        house.deliver("sink", "source", &[event(1)]).await;
        house.deliver("sink", "source", &[chat(2), chat(3)]).await;
        // The other one has had the effect of 4 and 5 too.
        sqlx::query("update consumer_pos set last_pub_seq = 5").execute(house.pool("sink")).await.expect("moved");
        house.deliver("sink", "source", &[event(4), event(5)]).await;
        assert_eq!(effects(&house).await, [1], "not twice");
        house.deliver("sink", "source", &[event(6)]).await;
        assert_eq!((effects(&house).await, stored(&house).await), (vec![1, 6], 6));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_it_was_written_down_passes_it_over_again() {
    for sink in [EACH, RUN, STATEMENT] {
        let house = House::start(&[SOURCE, sink]).await;
        house.emit("source", "one", told(1)).await;
        chatter(&house, 3).await;
        house.emit("source", "one", told(5)).await;
        chatter(&house, 2).await;
        house.settle().await;
        eventually("it is written down", async || stored(&house).await == 7).await;
        // As a crash leaves it: the last effect was stored with what lay before it, and nothing after it.
        sqlx::query("update consumer_pos set last_pub_seq = 5").execute(house.pool("sink")).await.expect("lost");
        let house = house.restart().await;
        house.emit("source", "one", told(8)).await;
        house.settle().await;
        assert_eq!(effects(&house).await, [1, 5, 8]);
        eventually("it is written down", async || stored(&house).await == 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_dead_event_too() {
    for sink in [EACH, RUN, STATEMENT] {
        let house = House::start(&[SOURCE, sink]).await;
        sqlx::query("update mood set breaks_on = '{2}'").execute(house.pool("sink")).await.expect("mood set");
        house.emit("source", "sick", told(1)).await;
        house.emit("source", "sick", told(2)).await;
        chatter(&house, 2).await;
        house.emit("source", "sick", told(3)).await;
        chatter(&house, 2).await;
        house.settle().await;
        eventually("it is written down", async || stored(&house).await == 7).await;
        let dead: Vec<i64> = sqlx::query_scalar("select pub_seq from dead_events order by pub_seq")
            .fetch_all(house.pool("sink"))
            .await
            .expect("read");
        assert_eq!((effects(&house).await, dead), (vec![1], vec![2, 5]), "3 waits behind the dead one");
    }
}
