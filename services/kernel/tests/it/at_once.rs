//! A single statement that is its own transaction and tells an event of what it did: nothing is told of what was not
//! done, and whatever else is told meanwhile, no position is lost or given twice.

use futures::future::join_all;
use kernel::{Db, testing::House};
use sqlx::{Arguments, postgres::PgArguments};

use crate::{SINK, SOURCE, effects, faults::eventually, told};

/// Raises a counter, if it is where it is expected.
const RAISE: &str = "done as (update counter set n = n + 1 where n = $1 returning true as done)";

async fn house() -> (House, Db) {
    let house = House::start(&[SOURCE, SINK]).await;
    let db = house.db("source").clone();
    sqlx::query("create table counter (n bigint not null)").execute(db.pool()).await.expect("created");
    sqlx::query("insert into counter values (0)").execute(db.pool()).await.expect("begun");
    (house, db)
}

async fn raise(db: &Db, expected: i64) -> bool {
    let mut arguments = PgArguments::default();
    arguments.add(expected).expect("a number");
    let event = told(expected.unsigned_abs() + 1);
    db.tell_at_once("counter", db.clock().now(), ("one", &event), RAISE, arguments).await.expect("asked")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_done_is_not_told() {
    let (house, db) = house().await;
    assert!(raise(&db, 0).await);
    assert!(!raise(&db, 0).await, "it is at one by now");
    assert!(raise(&db, 1).await);
    house.settle().await;
    assert_eq!(effects(&house).await, [1, 2]);
    let (rows, versions): (i64, i64) = sqlx::query_as(
        "select (select count(*) from outbox), (select version from aggregate_head where aggregate_id = 'one')",
    )
    .fetch_one(db.pool())
    .await
    .expect("counted");
    assert_eq!((rows, versions), (2, 2), "no trace is left of what was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_beside_transactions_are_told_once_each_and_in_order() {
    let (house, db) = house().await;
    let raisers = (0..8).map(|_| async {
        let mut raised = 0;
        for _ in 0..400 {
            let at: i64 = sqlx::query_scalar("select n from counter").fetch_one(db.pool()).await.expect("read");
            raised += i64::from(raise(&db, at).await);
        }
        raised
    });
    let others = (0..4).map(|place| {
        let house = &house;
        async move {
            for _ in 0..50 {
                house.emit("source", &format!("other-{place}"), told(1_000_000)).await;
            }
        }
    });
    let (raised, _) = futures::join!(join_all(raisers), join_all(others));
    let raised: i64 = raised.into_iter().sum();
    let (n, last, rows): (i64, i64, i64) =
        sqlx::query_as("select n, (select max(version) from aggregate_head where aggregate_id = 'one'), (select count(*) from outbox) from counter")
            .fetch_one(db.pool())
            .await
            .expect("read");
    assert_eq!((n, last, rows), (raised, raised, raised + 200));
    eventually("all have their effect", async || effects(&house).await.len() as i64 == rows).await;
    let (first, head, different): (i64, i64, i64) =
        sqlx::query_as("select min(pub_seq), max(pub_seq), count(distinct pub_seq) from outbox")
            .fetch_one(db.pool())
            .await
            .expect("read");
    assert_eq!((first, head, different), (1, rows, rows), "no hole, and none twice");
    let counted: Vec<i64> = effects(&house).await.into_iter().filter(|number| *number < 1_000_000).collect();
    assert_eq!(counted, (1..=raised).collect::<Vec<i64>>(), "in the order in which they were done");
}
