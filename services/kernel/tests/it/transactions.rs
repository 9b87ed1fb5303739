//! Transactions that callers leave, and idempotency keys.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::TimeDelta;
use futures::FutureExt;
use kernel::{db::Repeat, testing::House};
use sky_proto::kernel::v1::HeadResponse;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{SINK, SOURCE, told};

/// Sessions of the service's pool that sit inside a transaction (the leader's own session does so on
/// purpose and has another name). Asked on a connection outside of the pool.
async fn open_transactions(house: &House) -> i64 {
    let mut outside = PgConnection::connect(house.database_url()).await.expect("connection");
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'source' and state like 'idle in transaction%'",
    )
    .fetch_one(&mut outside)
    .await
    .expect("activity read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_request_leaves_no_open_transaction_in_the_pool() {
    let house = House::start(&[SOURCE]).await;
    // Cancel calls at many different moments, as a client's disconnect would, on all sessions at once:
    // the next begin() on a poisoned session would heal it, so look after every round.
    for round in 0..40_u64 {
        let begins = (0..5_u64).map(|place| {
            let call = house.transact("source", |_| Box::pin(async { Ok::<_, sqlx::Error>(()) }));
            tokio::time::timeout(Duration::from_micros(round * 25 + place * 60), call)
        });
        futures::future::join_all(begins).await;
        let mut open = open_transactions(&house).await;
        for _ in 0..20 {
            if open == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            open = open_transactions(&house).await;
        }
        assert_eq!(open, 0, "sessions that stay inside a transaction after round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_no_open_transaction_in_the_pool() {
    let house = House::start(&[SOURCE]).await;
    let call = house.transact("source", |tx| {
        Box::pin(async move {
            tx.append("one", &told(1)).await?;
            tx.write_events().await?;
            if tx.now().timestamp() > 0 {
                panic!("on purpose");
            }
            Ok::<_, sqlx::Error>(())
        })
    });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err(), "the caller hears of it");
    // Whoever comes next would commit it otherwise.
    house.transact("source", |_| Box::pin(async { Ok::<_, sqlx::Error>(()) })).await.expect("committed");
    assert_eq!(open_transactions(&house).await, 0);
    let told: i64 =
        sqlx::query_scalar("select count(*) from outbox").fetch_one(house.pool("source")).await.expect("read");
    assert_eq!(told, 0, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_finishes_its_transaction() {
    let house = House::start(&[SOURCE, SINK]).await;
    let (started, wait_started) = tokio::sync::oneshot::channel();
    let call = house.transact("source", move |tx| {
        Box::pin(async move {
            tx.append("one", &told(1)).await?;
            let _ = started.send(());
            tokio::time::sleep(Duration::from_millis(100)).await;
            tx.append("one", &told(2)).await
        })
    });
    tokio::select! {
        _ = call => panic!("cancelled before its end"),
        _ = wait_started => {}
    }
    for _ in 0..500 {
        if crate::effects(&house).await == vec![1, 2] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the transaction was torn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_gets_the_first_answer_and_a_reused_one_is_refused() {
    let house = House::start(&[SOURCE]).await;
    let key = Uuid::new_v4();
    let answer = |request: u64, response: u64| {
        house.transact("source", move |tx| {
            Box::pin(async move {
                if let Some(first) = tx.first_answer::<HeadResponse>("Test", key, &told(request)).await? {
                    return Ok::<u64, Repeat>(first.pub_seq);
                }
                tx.remember("Test", key, &told(request), &HeadResponse { pub_seq: response }).await?;
                Ok(response)
            })
        })
    };
    assert_eq!(answer(1, 10).await.expect("first"), 10);
    assert_eq!(answer(1, 20).await.expect("repeat"), 10);
    assert!(matches!(answer(2, 30).await, Err(Repeat::KeyReused)));

    // It is kept as long as events are, which is longer than anybody repeats anything.
    house.clock.advance(TimeDelta::days(34));
    house.delete_old_events("source").await;
    assert_eq!(answer(1, 40).await.expect("a late repeat"), 10);
    house.clock.advance(TimeDelta::days(2));
    house.delete_old_events("source").await;
    let kept: i64 =
        sqlx::query_scalar("select count(*) from idempotency").fetch_one(house.pool("source")).await.expect("counted");
    assert_eq!(kept, 0);
}
