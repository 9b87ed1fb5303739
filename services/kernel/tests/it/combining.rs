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
        Code::Internal
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
