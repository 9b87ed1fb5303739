//! Load tests: how fast the house is, always beside the floor that the machine itself sets, in one
//! run. Traffic goes to this machine only, bounded in count and time.

mod arrival;
mod boot;
mod displays;
mod drain;
mod floor;
mod house;
mod lanes;
mod push;
mod report;
mod rush;
mod scan;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Measures Digital Sky on this machine")]
struct Cli {
    /// Write one JSON line per figure to this file.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Commit, publish, the bare chain, and the product's chain from a desk command to a monitor.
    Floor(Runs),
    /// 20,000 waiting events through relay and a consumer with a real effect.
    Drain(Runs),
    /// Memory of `sky run --target all` when idle, and time from `sky up` to ready on existing data.
    Boot(Runs),
    /// Scan answers at 50 scans a second.
    Scan(Runs),
    /// Thousands of displays watched at once, beside a bare stream with the same fan-out.
    Displays(displays::Options),
    /// Eight lanes, 200 scans a second on one showing, some codes at two lanes at once.
    Lanes(Runs),
    /// Arrival and table: lanes, a delay that moves everything, holds of one class and one quarter of an hour.
    Arrival(arrival::Options),
    /// Seats sold to very many at once, beside pgbench on the same server.
    Rush(rush::Options),
    /// Throughput of a hot hall and of pgbench against the number of clients, as a picture.
    Plot(rush::plot::Options),
    /// What `perf` sees of the whole machine under one load.
    Profile(rush::profile::Options),
}

/// How often a scenario is measured; the reported figure is the median.
#[derive(Clone, Copy, Debug, Args)]
struct Runs {
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    runs: u32,
}

fn main() -> anyhow::Result<()> {
    kernel::tls::install();
    // Named, so that a profile tells the callers' threads from the services'.
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("caller").enable_all().build()?;
    runtime.block_on(measure(Cli::parse()))
}

async fn measure(cli: Cli) -> anyhow::Result<()> {
    let json = match &cli.scenario {
        Scenario::Plot(options) => cli.json.or_else(|| Some(options.figures())),
        _ => cli.json,
    };
    let mut report = report::Report::new(json)?;
    match cli.scenario {
        Scenario::Floor(runs) => floor::measure(&mut report, runs.runs).await?,
        Scenario::Drain(runs) => drain::measure(&mut report, runs.runs).await?,
        Scenario::Boot(runs) => boot::measure(&mut report, runs.runs).await?,
        Scenario::Scan(runs) => scan::measure(&mut report, runs.runs).await?,
        Scenario::Displays(options) => displays::measure(&mut report, options).await?,
        Scenario::Lanes(runs) => lanes::measure(&mut report, runs.runs).await?,
        Scenario::Arrival(options) => arrival::measure(&mut report, options).await?,
        Scenario::Rush(options) => rush::measure(&mut report, options).await?,
        Scenario::Plot(options) => rush::plot::measure(&mut report, options).await?,
        Scenario::Profile(options) => return rush::profile::record(options).await,
    }
    report.print();
    Ok(())
}
