//! The floor: pgbench with the smallest booking transaction (a counter, a booking, an outbox row).

use anyhow::Context;
use sqlx::{Connection, Executor, PgConnection};
use tokio::process::Command;

use crate::house::House;

const TABLES: &str = "
    create schema if not exists bench;
    drop table if exists bench.showing, bench.booking, bench.outbox;
    create table bench.showing (id int primary key, sold int not null default 0) with (fillfactor = 50);
    create table bench.booking (id bigint generated always as identity primary key, showing int not null, people int not null);
    create table bench.outbox (seq bigint generated always as identity primary key, subject text not null, payload bytea not null);
    insert into bench.showing (id) select generate_series(1, 1000);
";
const SCRIPT: &str = "\\set showing random(1, :showings)
begin;
update bench.showing set sold = sold + 1 where id = :showing;
insert into bench.booking (showing, people) values (:showing, 2);
insert into bench.outbox (subject, payload) values ('booked', '\\x00112233445566778899');
commit;
";

/// How many clients the floor has where nothing else is said.
pub const CLIENTS: usize = 32;

/// Transactions per second of so many clients on so many rows.
pub async fn bookings(house: &House, showings: u32, clients: usize, seconds: u64) -> anyhow::Result<f64> {
    let mut connection = PgConnection::connect(&house.database_url).await?;
    connection.execute(TABLES).await?;
    connection.execute("vacuum analyze bench.showing").await?;
    let script = std::env::temp_dir().join(format!("sky-bench-{}.sql", std::process::id()));
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new("pgbench")
        .args([
            "--no-vacuum",
            "--client",
            &clients.to_string(),
            "--jobs",
            if clients > 1 { "2" } else { "1" },
            "--time",
            &seconds.to_string(),
        ])
        .args(["--define", &format!("showings={showings}"), "--file"])
        .arg(&script)
        .arg(&house.database_url)
        .output()
        .await
        .context("cannot run pgbench; it comes with PostgreSQL")?;
    std::fs::remove_file(&script)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.with_context(|| format!("pgbench said: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
