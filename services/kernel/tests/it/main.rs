//! The kernel's guarantees on two small services, real PostgreSQL and real NATS: `source` tells
//! numbers, `sink` writes down what reached it. Each test names the guarantee it proves.

mod at_once;
mod away;
mod combining;
mod faults;
mod golden;
mod keeping;
mod live;
mod numbering;
mod passing;
mod poison;
mod recurring;
mod restored;
mod shutdown;
mod transactions;
mod unreadable;

use kernel::{BoxFuture, Code, Consumer, Context, Event, Failure, Parts, Service, Tx, testing::producer};
use prost::Name;
use sky_proto::kernel::v1::ConsumerHealth;
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// The event of these tests: `position` is the number told.
type Told = ConsumerHealth;

fn told(number: u64) -> Told {
    Told { position: number, ..Told::default() }
}

const SOURCE: Service = producer("source");
const SINK: Service = Service { name: "sink", migrations: sink_tables, build: build_sink };

fn sink_tables() -> Migrator {
    let sql = "create table effect (place bigint generated always as identity primary key, aggregate text not null, number bigint not null);
               create table mood (one boolean primary key default true, refuses bigint[] not null default '{}', breaks_on bigint[] not null default '{}', transient_left int not null default 0);
               insert into mood default values;";
    let migration =
        Migration::new(1, "sink".into(), MigrationType::Simple, sqlx::AssertSqlSafe(sql).into_sql_str(), false);
    Migrator::with_migrations(vec![migration])
}

fn build_sink(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async { Ok(Parts { consumers: vec![Consumer::new("source", write_down)], ..Parts::default() }) })
}

/// Like the sink, but new in a house that is older than what is kept.
const NEWCOMER: Service = Service { name: "sink", migrations: sink_tables, build: build_newcomer };

fn build_newcomer(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async {
        let consumer = Consumer::new("source", write_down).from_what_is_kept();
        Ok(Parts { consumers: vec![consumer], ..Parts::default() })
    })
}

/// Like the sink, but takes all events that wait at once.
const RUNNER: Service = Service { name: "sink", migrations: sink_tables, build: build_runner };

fn build_runner(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async {
        let consumer = Consumer::of_runs("source", |tx: &mut Tx, run: &[Event]| {
            Box::pin(async move {
                for event in run {
                    write_down(tx, event).await?;
                }
                Ok(())
            })
        });
        Ok(Parts { consumers: vec![consumer], ..Parts::default() })
    })
}

/// Writes the number down first and then judges, so that a failure must take the effect back.
fn write_down<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != Told::NAME {
            return Ok(());
        }
        let number = event.decode::<Told>()?.position.cast_signed();
        sqlx::query("insert into effect (aggregate, number) values ($1, $2)")
            .bind(&event.aggregate_id)
            .bind(number)
            .execute(tx.conn())
            .await?;
        let (refuses, breaks_on): (Vec<i64>, Vec<i64>) =
            sqlx::query_as("select refuses, breaks_on from mood").fetch_one(tx.conn()).await?;
        if refuses.contains(&number) {
            return Err(Failure::new(Code::FailedPrecondition, "the domain says no"));
        }
        if breaks_on.contains(&number) {
            return Err(Failure::new(Code::Internal, "cannot digest this"));
        }
        Ok(())
    })
}

/// The numbers that had their effect, in the order of their effect.
async fn effects(house: &kernel::testing::House) -> Vec<i64> {
    sqlx::query_scalar("select number from effect order by place")
        .fetch_all(house.pool("sink"))
        .await
        .expect("effects read")
}

/// Numbers of a range as stored.
fn numbers(range: std::ops::RangeInclusive<i64>) -> Vec<i64> {
    range.collect()
}
