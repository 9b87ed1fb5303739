//! `sky verify`: the invariants of the house, checked against the databases. Prints each with its
//! figure and exits non-zero on a breach. Reads only; run it while the house is quiet (it waits a few
//! seconds for events under way).

mod checks;
mod log;
mod people;
mod stories;

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use kernel::{Settings, clock::wall_now};
use sqlx::{Connection, PgConnection};

use crate::services;

/// One invariant and what was found.
pub struct Finding {
    name: String,
    /// How many things were looked at.
    looked_at: i64,
    /// Each a sentence; empty: the invariant holds.
    breaches: Vec<String>,
}

impl Finding {
    fn new(name: impl Into<String>, looked_at: i64, breaches: Vec<String>) -> Self {
        Self { name: name.into(), looked_at, breaches }
    }
}

/// A connection to every service's schema.
pub struct Databases<'a>(&'a Settings);

impl Databases<'_> {
    async fn connect(&self, service: &str) -> anyhow::Result<PgConnection> {
        let url = self.0.database_urls.get(service).unwrap_or(&self.0.database_url);
        anyhow::ensure!(!url.is_empty(), "SKY_DATABASE_URL is not set, and no house runs in this folder");
        let options: sqlx::postgres::PgConnectOptions = url.parse()?;
        PgConnection::connect_with(&options.application_name("sky-verify").options([("search_path", service)]))
            .await
            .with_context(|| format!("the database of {service} is not reachable"))
    }
}

/// Checks and prints.
pub async fn command(settings: &Settings) -> anyhow::Result<ExitCode> {
    let findings = verify(settings).await?;
    Ok(if print(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All findings: the event log, then the house.
pub async fn verify(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let databases = Databases(settings);
    let mut findings = log::settled(&databases, Duration::from_secs(20)).await?;
    findings.extend(checks::check(&databases).await?);
    findings.extend(people::check(&databases).await?);
    Ok(findings)
}

/// Prints the table; true when nothing is broken.
pub fn print(findings: &[Finding]) -> bool {
    let broken = findings.iter().filter(|finding| !finding.breaches.is_empty()).count();
    for finding in findings {
        let mark = match (finding.breaches.is_empty(), finding.looked_at) {
            (false, _) => "BROKEN",
            // It holds of nothing; whoever expects that there is something must see that.
            (true, 0) => "empty ",
            (true, _) => "ok    ",
        };
        println!("{mark} {:>8}  {}", finding.looked_at, finding.name);
        for breach in finding.breaches.iter().take(10) {
            println!("                 {breach}");
        }
        if finding.breaches.len() > 10 {
            println!("                 … and {} more", finding.breaches.len() - 10);
        }
    }
    let empty = findings.iter().filter(|finding| finding.breaches.is_empty() && finding.looked_at == 0).count();
    let at = wall_now().format("%F %T UTC");
    println!("{} invariants, {broken} broken, {empty} with nothing to check, checked at {at}", findings.len());
    broken == 0
}

/// The rows of a query, each one text.
async fn rows(databases: &Databases<'_>, service: &str, sql: &'static str) -> anyhow::Result<Vec<String>> {
    let mut connection = databases.connect(service).await?;
    sqlx::query_scalar(sql).fetch_all(&mut connection).await.with_context(|| format!("checking {service}"))
}

/// The names of all services.
fn names() -> impl Iterator<Item = &'static str> {
    services::ALL.iter().map(|service| service.name)
}
