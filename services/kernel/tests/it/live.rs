//! Live streams: the present value at once, newer ones as they come, resumed by revision.

use std::{sync::Mutex, time::Duration};

use futures::StreamExt;
use kernel::{BoxFuture, Context, Live, Parts, Service, testing::House};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

const BOARD: Service = Service { name: "board", migrations: tables, build };

// The test's way to the live value that the service has built.
static BUILT: Mutex<Option<Live<String>>> = Mutex::new(None);

fn tables() -> Migrator {
    let sql = "create table word (revision bigint not null, text text not null); insert into word values (1, 'first');";
    Migrator::with_migrations(vec![Migration::new(
        1,
        "board".into(),
        MigrationType::Simple,
        sqlx::AssertSqlSafe(sql).into_sql_str(),
        false,
    )])
}

fn build(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        let db = context.db.clone();
        let live = Live::new(&context, "word", move |_| {
            let db = db.clone();
            Box::pin(async move {
                let (revision, text): (i64, String) =
                    sqlx::query_as("select revision, text from word").fetch_one(db.pool()).await?;
                Ok((revision.unsigned_abs(), text))
            })
        });
        *BUILT.lock().expect("not poisoned") = Some(live);
        Ok(Parts::default())
    })
}

async fn say(house: &House, text: &'static str) {
    house
        .transact("board", move |tx| {
            Box::pin(async move {
                sqlx::query("update word set revision = revision + 1, text = $1").bind(text).execute(tx.conn()).await?;
                tx.touch("word", "all");
                Ok::<(), sqlx::Error>(())
            })
        })
        .await
        .expect("said");
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_get_the_present_then_changes_and_resume_by_revision() {
    let house = House::start(&[BOARD]).await;
    let live = BUILT.lock().expect("not poisoned").clone().expect("built");
    let mut watcher = Box::pin(live.watch("all", 0).await.expect("watched"));
    assert_eq!(watcher.next().await.expect("open").expect("value"), "first");
    say(&house, "second").await;
    assert_eq!(watcher.next().await.expect("open").expect("value"), "second");

    let mut resumed = Box::pin(live.watch("all", 2).await.expect("watched"));
    let nothing = tokio::time::timeout(Duration::from_millis(200), resumed.next()).await;
    assert!(nothing.is_err(), "already seen");
    let mut from_before = Box::pin(live.watch("all", 900).await.expect("watched"));
    let restored = from_before.next().await.expect("open").expect("value");
    assert_eq!(restored, "second", "its number is of a database that is no more");
    // A slow watcher skips: it gets the latest, not the queue.
    say(&house, "third").await;
    say(&house, "fourth").await;
    say(&house, "fifth").await;
    while watcher.next().await.expect("open").expect("value") != "fifth" {}
    assert_eq!(resumed.next().await.expect("open").expect("value"), "fifth");
    let nothing = tokio::time::timeout(Duration::from_millis(200), resumed.next()).await;
    assert!(nothing.is_err(), "nor the queue behind it");
    assert!(house.running.shutdown().await, "open streams do not hold up the end");
}
