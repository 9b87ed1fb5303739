//! Drain: 20,000 committed events wait; how fast do relay, bus and a consumer with a real effect (a
//! row per event) work them off? The kernel's own code, two small services.

use std::time::{Duration, Instant};

use kernel::{Boot, BoxFuture, Clock, Consumer, Context, Event, Failure, Parts, Service, Settings, Tx};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Report, median},
};

const EVENTS: i64 = 20_000;
const SOURCE: Service =
    Service { name: "source", migrations: || Migrator::DEFAULT, build: |_| Box::pin(async { Ok(Parts::default()) }) };
const SINK: Service = Service { name: "sink", migrations: sink_tables, build: build_sink };

fn sink_tables() -> Migrator {
    let sql = AssertSqlSafe("create table effect (number bigint primary key, aggregate text not null)").into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "sink".into(), MigrationType::Simple, sql, false)])
}

fn build_sink(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async { Ok(Parts { consumers: vec![Consumer::new("source", write_down)], ..Parts::default() }) })
}

fn write_down<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        sqlx::query("insert into effect (number, aggregate) values ($1, $2)")
            .bind(event.pub_seq)
            .bind(&event.aggregate_id)
            .execute(tx.conn())
            .await?;
        Ok(())
    })
}

/// Each run on a database of its own.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let house = House::fresh().await?;
    let mut rates = Vec::new();
    for _ in 0..runs {
        rates.push(run(&house).await?);
    }
    let folder = house.stop().await?;
    std::fs::remove_dir_all(folder)?;
    report.add(Figure {
        scenario: "drain",
        metric: "20,000 waiting events, end to end",
        unit: "1/s",
        median: median(rates),
        p99: None,
        floor: None,
    })
}

async fn run(house: &House) -> anyhow::Result<f64> {
    let name = format!("drain_{}", Uuid::new_v4().simple());
    let mut admin = PgConnection::connect(&house.database_url).await?;
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await?;
    let (base, _) = house.database_url.rsplit_once('/').unwrap_or_default();
    let settings = Settings {
        database_url: format!("{base}/{name}"),
        nats_url: house.nats_url.clone(),
        nats_prefix: name.clone(),
        identity_key: data_encoding::BASE64.encode(&[1; 32]),
        ticket_key: data_encoding::BASE64.encode(&[2; 32]),
        grpc_listen: "127.0.0.1:0".to_owned(),
        http_listen: "127.0.0.1:0".to_owned(),
        ..Settings::default()
    };
    kernel::migrate(&[SOURCE, SINK], &settings).await?;
    let mut connection = PgConnection::connect(&settings.database_url).await?;
    sqlx::query(
        "insert into source.outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, occurred_at)
         select gen_random_uuid(), 'a' || n % 100, n / 100 + 1, 'sky.kernel.v1.Money', 'source.v1.money.a' || n % 100, '\\x0801', '2026-01-01'
         from generate_series(0, $1 - 1) n",
    )
    .bind(EVENTS)
    .execute(&mut connection)
    .await?;
    let running =
        kernel::run(Boot { services: vec![SOURCE, SINK], settings, clock: Clock::real(), migrate: false }).await?;
    let started = Instant::now();
    loop {
        let applied: Option<i64> =
            sqlx::query_scalar("select last_pub_seq from sink.consumer_pos").fetch_optional(&mut connection).await?;
        if applied == Some(EVENTS) {
            break;
        }
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(120),
            "not drained within two minutes: {applied:?} of {EVENTS}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = EVENTS as f64 / started.elapsed().as_secs_f64();
    let effects: i64 = sqlx::query_scalar("select count(*) from sink.effect").fetch_one(&mut connection).await?;
    anyhow::ensure!(effects == EVENTS, "{effects} effects for {EVENTS} events");
    running.shutdown().await;
    connection.close().await?;
    admin.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await?;
    println!("drain: {rate:.0} events/s");
    Ok(rate)
}
