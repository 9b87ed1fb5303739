//! Where the time goes: `perf` looks at the whole machine, services and PostgreSQL and callers together, while
//! one scenario runs at full load. Draws nothing; `flame.sh` does.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use tokio::process::Command;

use super::{
    callers::{Pace, Steady},
    hall, orders, sell, shop,
};
use crate::house::House;

/// What can be looked into.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Load {
    /// One hall of 200,000 places, 64 callers.
    Hot,
    /// The same, 256 callers.
    Many,
    /// 1,000 showings, 64 callers.
    Spread,
    /// 5,000 people at one instant for 110 places, again and again.
    Rush,
    /// Orders of tickets.
    Tickets,
    /// Whole visits.
    Visit,
    /// Browsers in the shop.
    Shop,
}

/// Options of `profile`.
#[derive(Debug, Args)]
pub struct Options {
    /// Under which load.
    #[arg(long, default_value = "hot")]
    of: Load,
    /// How long `perf` looks, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Where its data goes.
    #[arg(value_name = "FILE", default_value = "perf.data")]
    data: PathBuf,
}

/// No longer than this takes it to lay out the halls a second time.
const LAYING_OUT: Duration = Duration::from_secs(2);

/// Runs the load, and `perf` in the middle of it.
pub async fn record(options: Options) -> anyhow::Result<()> {
    let house = House::fresh_as(&hall::roomy_house()?).await?;
    let recorded = both(&house, &options).await;
    let folder = house.stop().await?;
    std::fs::remove_dir_all(folder)?;
    recorded
}

async fn both(house: &House, options: &Options) -> anyhow::Result<()> {
    // Once to warm up.
    load(house, options.of, 1).await?;
    let under_load = load(house, options.of, options.seconds + 2 * LAYING_OUT.as_secs());
    let (load, perf) = tokio::join!(under_load, perf(options));
    println!("{}", load?);
    perf
}

async fn load(house: &House, of: Load, seconds: u64) -> anyhow::Result<String> {
    let steady: Steady = match of {
        Load::Hot => {
            let showings = hall::showings(house, 1, 2000, 100).await?;
            sell::steady(house, &showings, Pace::Closed(64), 0, seconds).await?
        }
        Load::Many => {
            let showings = hall::showings(house, 1, 2000, 100).await?;
            sell::steady(house, &showings, Pace::Closed(256), 0, seconds).await?
        }
        Load::Spread => {
            let showings = hall::showings(house, 1000, 11, 10).await?;
            sell::steady(house, &showings, Pace::Closed(64), 0, seconds).await?
        }
        Load::Rush => return rushes(house, Duration::from_secs(seconds)).await,
        Load::Tickets => orders::tickets(house, Pace::Closed(orders::CALLERS), seconds).await?,
        Load::Visit => orders::visits(house, Pace::Closed(orders::CALLERS), seconds).await?,
        Load::Shop => shop::flows(house, Pace::Closed(shop::BROWSERS), seconds).await?,
    };
    Ok(steady.to_string())
}

async fn rushes(house: &House, time: Duration) -> anyhow::Result<String> {
    // Halls and connections are there before: what is looked into is the rush alone.
    let showings = hall::showings(house, 60, 11, 10).await?;
    let crowd = sell::Crowd::gather(house, &showings[0]).await?;
    let (begun, mut many) = (Instant::now(), 0);
    for showing in showings.iter().take_while(|_| begun.elapsed() < time) {
        sell::rush_of(&crowd, showing, 5000).await?;
        many += 1;
    }
    Ok(format!("{many} rushes"))
}

/// Begins after a moment, in which the halls are laid out.
async fn perf(options: &Options) -> anyhow::Result<()> {
    tokio::time::sleep(LAYING_OUT).await;
    let status = Command::new("perf")
        .args(["record", "--all-cpus", "--freq", "199", "--call-graph", "dwarf,16384", "--quiet", "--output"])
        .arg(&options.data)
        .args(["--", "sleep", &options.seconds.to_string()])
        .status()
        .await
        .context("cannot run perf; it comes with linux-perf or linux-tools")?;
    ensure!(status.success(), "perf: {status}; may this user look at the whole machine (kernel.perf_event_paranoid)?");
    Ok(())
}
