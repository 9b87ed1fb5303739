//! Throughput against the number of clients, ours and pgbench, as figures and as a picture.

use std::path::PathBuf;

use clap::Args;

use super::{
    Bench,
    callers::{Pace, Steady},
    chart, floor, hall, rate, sell,
};
use crate::{house::House, report::Report};

/// Clients, and what their figure is called: ours, and pgbench's.
const OURS: [(usize, &str); 5] = [
    (1, "holds, one hall, 1 caller"),
    (4, "holds, one hall, 4 callers"),
    (16, "holds, one hall, 16 callers"),
    (64, "holds, one hall, 64 callers"),
    (256, "holds, one hall, 256 callers"),
];
const FLOOR: [(usize, &str); 5] = [
    (1, "pgbench, one hot row, 1 client"),
    (4, "pgbench, one hot row, 4 clients"),
    (16, "pgbench, one hot row, 16 clients"),
    (32, "pgbench, one hot row, 32 clients"),
    (64, "pgbench, one hot row, 64 clients"),
];

/// Options of `plot`.
#[derive(Debug, Args)]
pub struct Options {
    /// How often each number of clients is measured; the reported figure is the median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// How long each run lasts, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Where the picture goes.
    #[arg(long, value_name = "FILE", default_value = "load-tests/results/throughput.svg")]
    svg: PathBuf,
}

impl Options {
    /// The figures stand beside the picture.
    pub fn figures(&self) -> PathBuf {
        self.svg.with_extension("jsonl")
    }
}

/// Measures and draws.
pub async fn measure(report: &mut Report, options: Options) -> anyhow::Result<()> {
    let house = House::fresh().await?;
    let measured = curves(&house, report, &options).await;
    let folder = house.stop().await?;
    std::fs::remove_dir_all(folder)?;
    let [ours, floor] = measured?;
    let svg = chart::draw(&[
        chart::Series { name: "Digital Sky: holds in one hall", points: ours },
        chart::Series { name: "pgbench: bookings on one row", points: floor },
    ]);
    std::fs::write(&options.svg, svg)?;
    println!("drawn: {}", options.svg.display());
    Ok(())
}

type Curve = Vec<(usize, f64)>;

async fn curves(house: &House, report: &mut Report, options: &Options) -> anyhow::Result<[Curve; 2]> {
    let (mut ours, mut floors) = (Curve::new(), Curve::new());
    for (clients, metric) in FLOOR {
        let mut rates = Vec::new();
        for _ in 0..options.runs {
            rates.push(floor::bookings(house, 1, clients, options.seconds).await?);
        }
        let rate_of_all = crate::report::median(rates);
        println!("{metric}: {rate_of_all:.0}/s");
        report.add(rate("plot", metric, rate_of_all, None))?;
        floors.push((clients, rate_of_all));
    }
    for (clients, metric) in OURS {
        let mut runs = Vec::new();
        for _ in 0..options.runs {
            let showings = hall::showings(house, 1, 2000, 100).await?;
            runs.push(sell::steady(house, &showings, Pace::Closed(clients), 0, options.seconds).await?);
        }
        let rate_of_all = Steady::median_rate(&runs);
        println!("{metric}: {rate_of_all:.0}/s");
        report.add(rate("plot", metric, rate_of_all, None))?;
        ours.push((clients, rate_of_all));
    }
    Bench { house, runs: options.runs, seconds: options.seconds }.verify().await?;
    Ok([ours, floors])
}
