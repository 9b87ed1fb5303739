//! Positions in the published log: given by the transactions themselves where nothing waits, by the relay otherwise.
//! However the two meet, there is no hole, none is given twice, and what happened to one thing stays in its order.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use kernel::{BoxFuture, Consumer, Context, Event, Parts, Service, testing::House};
use rand::RngExt;
use sqlx::{
    PgPool, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{SOURCE, faults::eventually, numbers, told};

/// Connections of the test's own to the source's tables.
async fn pool(house: &House) -> PgPool {
    let options: PgConnectOptions = house.database_url().parse().expect("URL");
    PgPoolOptions::new()
        .max_connections(16)
        .connect_with(options.options([("search_path", "source")]))
        .await
        .expect("pool")
}

/// Tells events of random things, as the kernel does just before its commit; one in eight is rolled back after all.
/// Answers how many were committed.
async fn tells(pool: PgPool, transactions: usize) -> i64 {
    let mut committed = 0;
    for turn in 0..transactions {
        let mut things: Vec<String> = Vec::new();
        for _ in 0..rand::rng().random_range(1..4) {
            things.push(format!("thing-{}", rand::rng().random_range(0..4)));
        }
        let mut tx = pool.begin().await.expect("begun");
        let count = i64::try_from(things.len()).expect("few");
        if let [thing] = things.as_slice() {
            sqlx::query("select tell_one($1, gen_random_uuid(), 'sky.kernel.v1.Money', 'source.v1.money.x', '', '{}', now(), true)")
                .bind(thing)
                .execute(&mut *tx)
                .await
                .expect("told");
        } else {
            sqlx::query(
                "select tell_all(array_agg(thing), array_agg(gen_random_uuid()), array_agg('sky.kernel.v1.Money'::text),
                     array_agg('source.v1.money.x'::text), array_agg(''::bytea), array_agg('{}'::jsonb), now(), true)
                 from unnest($1::text[]) as t (thing)",
            )
            .bind(&things)
            .execute(&mut *tx)
            .await
            .expect("told");
        }
        if turn % 8 == 7 {
            tx.rollback().await.expect("taken back");
        } else {
            tx.commit().await.expect("committed");
            committed += count;
        }
    }
    committed
}

/// Takes what is to be published, until all is told and nothing is left.
async fn takes(pool: PgPool, all_told: &AtomicBool) -> Vec<(Uuid, i64)> {
    let mut given: Vec<(Uuid, i64)> = Vec::new();
    loop {
        let was_all = all_told.load(Ordering::SeqCst);
        let rows: Vec<(Uuid, i64)> = sqlx::query_as("select event_id, pub_seq from relay_take($1, 20)")
            .bind(given.last().map_or(0, |last| last.1))
            .fetch_all(&pool)
            .await
            .expect("taken");
        if rows.is_empty() && was_all {
            return given;
        }
        given.extend(rows);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_relays_number_together_without_holes_and_in_order() {
    let house = House::start(&[SOURCE]).await;
    let pool = pool(&house).await;
    let all_told = AtomicBool::new(false);
    let writers = async {
        let committed = futures::future::join_all((0..6).map(|_| tells(pool.clone(), 150))).await;
        all_told.store(true, Ordering::SeqCst);
        committed
    };
    let relays = futures::future::join_all((0..2).map(|_| takes(pool.clone(), &all_told)));
    let both = futures::future::join(writers, relays);
    let (committed, given) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("done within a minute");
    let committed: i64 = committed.iter().sum();
    for given in &given {
        let places: Vec<i64> = given.iter().map(|row| row.1).collect();
        assert_eq!(places, numbers(1..=committed), "gapless, and what a relay saw stays");
    }
    assert_eq!(given[0], given[1], "every relay was told the same numbers");
    let in_order: Vec<i64> = sqlx::query_scalar(
        "select aggregate_version - row_number() over (partition by aggregate_id order by pub_seq) from outbox",
    )
    .fetch_all(&pool)
    .await
    .expect("read");
    assert!(in_order.iter().all(|off| *off == 0), "of each thing in its order, none is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_waits_for_has_its_position_with_its_commit() {
    let house = House::start(&[SOURCE]).await;
    let pool = pool(&house).await;
    let mut late = pool.begin().await.expect("begun");
    let tell = "select its_pub_seq from tell_one($1, gen_random_uuid(), 'sky.kernel.v1.Money', 'source.v1.money.x', '', '{}', now(), true)";
    let first: Option<i64> = sqlx::query_scalar(tell).bind("one").fetch_one(&mut *late).await.expect("told");
    assert_eq!(first, Some(1));
    // Nobody waits for the first one's commit: this one's position comes later.
    let second = sqlx::query_scalar(tell).bind("two").fetch_one(&pool);
    let second: Option<i64> =
        tokio::time::timeout(Duration::from_secs(4), second).await.expect("no wait").expect("told");
    assert_eq!(second, None);
    late.rollback().await.expect("taken back");
    eventually("the relay gives the second one the first position", async || {
        let given: Vec<(String, Option<i64>)> =
            sqlx::query_as("select aggregate_id, pub_seq from outbox").fetch_all(&pool).await.expect("read");
        given == [("two".to_owned(), Some(1))]
    })
    .await;
    let hung: String = {
        let mut tx = pool.begin().await.expect("begun");
        sqlx::query(tell).bind("three").execute(&mut *tx).await.expect("told");
        let limit = "select current_setting('idle_in_transaction_session_timeout')";
        let limit = sqlx::query_scalar(limit).fetch_one(&mut *tx).await.expect("a setting");
        tx.rollback().await.expect("taken back");
        limit
    };
    assert_eq!(hung, "5s", "who hangs with the head in hand is thrown out soon");
    let third: Option<i64> = sqlx::query_scalar(tell).bind("one").fetch_one(&pool).await.expect("told");
    assert_eq!(third, Some(2));
}

/// Writes down all of an event as it came.
const COPY: Service = Service { name: "copy", migrations: copy_tables, build: build_copy };

fn copy_tables() -> Migrator {
    let sql = sqlx::AssertSqlSafe(
        "create table copy (place bigint generated always as identity primary key, event text not null)",
    )
    .into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "copy".into(), MigrationType::Simple, sql, false)])
}

fn build_copy(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async {
        let consumer = Consumer::new("source", |tx, event| {
            Box::pin(async move {
                sqlx::query("insert into copy (event) values ($1)")
                    .bind(format!("{event:?}"))
                    .execute(tx.conn())
                    .await?;
                Ok(())
            })
        });
        Ok(Parts { consumers: vec![consumer], ..Parts::default() })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_was_handed_is_what_is_written() {
    let house = House::start(&[SOURCE, COPY]).await;
    for number in 1..=3 {
        house.emit("source", "one", told(number)).await;
        house.emit("source", "two", told(number)).await;
    }
    house.settle().await;
    let written: Vec<Event> =
        sqlx::query_as("select * from outbox order by pub_seq").fetch_all(house.pool("source")).await.expect("read");
    let came: Vec<String> =
        sqlx::query_scalar("select event from copy order by place").fetch_all(house.pool("copy")).await.expect("read");
    assert!(house.metrics().contains("sky_relay_handed_total{service=\"source\"}"), "none was handed over");
    assert_eq!(came, written.iter().map(|event| format!("{event:?}")).collect::<Vec<_>>());
}
