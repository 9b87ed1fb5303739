//! Requests that wait at the same moment are served together, and none pays for another.

use std::sync::OnceLock;

use kernel::{
    BoxFuture, Code, Coded, Combiner, Context, Parts, Service, Tx,
    combine::{Keyed, Unserved},
    testing::House,
};
use uuid::Uuid;

use crate::{effects, sink_tables};

/// Breaks the whole batch that it is in.
const BREAKS: i64 = 13;
/// Is refused by itself.
const REFUSED: i64 = 20;
/// Is refused by a constraint, which spoils the transaction of its batch.
const SPOILS: i64 = 30;

#[derive(Clone, Debug)]
struct Number(i64);

/// 100 and 200 have the same key.
impl Keyed for Number {
    fn batch_key(&self) -> Uuid {
        Uuid::from_u128(u128::from((self.0 % 100).unsigned_abs()))
    }
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Unserved(#[from] Unserved),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Coded for Trouble {
    fn code(&self) -> Code {
        match self {
            Self::Refused => Code::FailedPrecondition,
            Self::Unserved(unserved) => unserved.code(),
            Self::Database(error) => error.code(),
        }
    }
}

/// The queue of the one house of this file's test.
static COUNTER: OnceLock<Combiner<Number, Vec<i64>, Trouble>> = OnceLock::new();

const TILL: Service = Service { name: "sink", migrations: sink_tables, build: build_till };

fn build_till(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        COUNTER.get_or_init(|| Combiner::start(&context, 1000, 16, |tx, batch| Box::pin(serve(tx, batch))));
        Ok(Parts::default())
    })
}

/// Writes all numbers down, breaks if one breaks, and answers each with its batch.
async fn serve(tx: &mut Tx, batch: &[Number]) -> Result<Vec<Result<Vec<i64>, Trouble>>, Trouble> {
    let all: Vec<i64> = batch.iter().map(|it| it.0).collect();
    let good: Vec<i64> = all.iter().copied().filter(|number| ![REFUSED, SPOILS].contains(number)).collect();
    sqlx::query("insert into effect (aggregate, number) select 'till', unnest($1::bigint[])")
        .bind(&good)
        .execute(tx.conn())
        .await?;
    if all.contains(&BREAKS) {
        sqlx::query("select 1 / 0").execute(tx.conn()).await?;
    }
    if all.contains(&SPOILS) {
        let broken = sqlx::query("insert into effect (aggregate, number) values (null, 0)").execute(tx.conn()).await;
        assert!(broken.is_err(), "the constraint speaks");
    }
    let answer = |number: &i64| match *number {
        REFUSED | SPOILS => Err(Trouble::Refused),
        _ => Ok(all.clone()),
    };
    Ok(all.iter().map(answer).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_are_served_together_and_none_pays_for_another() {
    let house = House::start(&[TILL]).await;
    let counter = COUNTER.get().expect("started");
    let numbers: Vec<i64> = (1..=60).chain([100, 200]).collect();
    let answers = futures::future::join_all(numbers.iter().map(|number| counter.run(Number(*number)))).await;
    let mut largest = 0;
    for (number, answer) in numbers.iter().zip(answers) {
        match (*number, answer) {
            (BREAKS, Err(Trouble::Database(_))) | (REFUSED | SPOILS, Err(Trouble::Refused)) => {}
            (_, Ok(batch)) => {
                assert!(batch.contains(number), "{number} was answered with {batch:?}");
                assert!(!(batch.contains(&100) && batch.contains(&200)), "the same key twice in {batch:?}");
                largest = largest.max(batch.len());
            }
            (_, answer) => panic!("{number}: {answer:?}"),
        }
    }
    assert!(largest > 1, "nothing was served together");
    let mut written = effects(&house).await;
    written.sort_unstable();
    let wanted: Vec<i64> = numbers.into_iter().filter(|number| ![BREAKS, REFUSED, SPOILS].contains(number)).collect();
    assert_eq!(written, wanted, "each once, and nothing of the one that broke its batch");
}

/// A counter with room for four who wait, two at a time.
static BOOTH: OnceLock<Combiner<Number, Vec<i64>, Trouble>> = OnceLock::new();

const NARROW: Service = Service { name: "sink", migrations: sink_tables, build: build_booth };

fn build_booth(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        BOOTH.get_or_init(|| Combiner::start(&context, 4, 2, |tx, batch| Box::pin(serve(tx, batch))));
        Ok(Parts::default())
    })
}

/// Somebody has the table that is written to; the database gives up waiting for it after five seconds.
#[tokio::test(flavor = "multi_thread")]
async fn who_finds_a_full_queue_hears_so_at_once_and_who_waited_too_long_may_ask_again() {
    let house = House::start(&[NARROW]).await;
    let booth = BOOTH.get().expect("started");
    let mut blocker = house.pool("sink").begin().await.expect("begun");
    sqlx::query("lock table effect in access exclusive mode").execute(&mut *blocker).await.expect("locked");
    // One batch is at the table, four wait behind it, and for whoever else comes there is no room.
    let mut waiting = tokio::task::JoinSet::new();
    let begun = std::time::Instant::now();
    let mut sent_away = 0;
    for number in 1..=12 {
        let mut served = Box::pin(booth.run(Number(number)));
        let soon = tokio::time::timeout(std::time::Duration::from_millis(50), &mut served).await;
        match soon {
            Ok(Err(trouble)) => {
                assert_eq!(trouble.code(), Code::ResourceExhausted, "{trouble}");
                assert!(trouble.to_string().contains("try again in a second"), "{trouble}");
                sent_away += 1;
            }
            Ok(Ok(batch)) => panic!("served behind a lock: {batch:?}"),
            Err(_) => drop(waiting.spawn(served)),
        }
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "answered at once, not when the others were");
    assert!((6..=7).contains(&sent_away), "{sent_away} of twelve: one or two are at the table, four wait");

    // Those whose turn does not come are told to come again; whoever is at the table gives up later.
    let mut told = 0;
    let first = loop {
        let answer = waiting.join_next().await.expect("one of them").expect("no panic");
        let trouble = answer.expect_err("the table is locked");
        if trouble.code() != Code::ResourceExhausted {
            break trouble;
        }
        told += 1;
    };
    assert_eq!(first.code(), Code::Unavailable, "{first}");
    assert_eq!(told, 4, "who waited behind the table");
    blocker.rollback().await.expect("let go");
    let mut refused = vec![first];
    let mut done = Vec::new();
    while let Some(answer) = waiting.join_next().await {
        match answer.expect("no panic") {
            Ok(batch) => done.extend(batch),
            Err(trouble) => refused.push(trouble),
        }
    }
    assert!(refused.iter().all(|trouble| trouble.code() == Code::Unavailable), "{refused:?}");
    let mut written = effects(&house).await;
    written.sort_unstable();
    done.sort_unstable();
    done.dedup();
    assert_eq!(written, done, "what was answered was done, and nothing else");
    booth.run(Number(99)).await.expect("and the counter goes on");
}
