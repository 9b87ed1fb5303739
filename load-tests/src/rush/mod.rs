//! The rush: many people want places at once. Each scenario in a house of its own, so that none pays for what another
//! one has left behind; beside it, on the same server, pgbench with the smallest booking transaction there is.

mod browser;
pub mod callers;
mod chart;
pub mod floor;
pub mod hall;
mod line;
mod markup;
mod memory;
pub mod orders;
pub mod plot;
pub mod profile;
mod read;
pub mod sell;
mod shop;

use callers::{Pace, Steady};
use clap::{Args, ValueEnum};

use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// One hall of 200,000 places; 64 and 256 callers, and 64 of whom 5 % ask twice.
    Hot,
    /// 1,000 showings.
    Spread,
    /// 5,000 people at one instant for 110 places.
    Rush,
    /// 1,000 parties of one to six in a hall of 500.
    Herd,
    /// 500 reads a second while a hall sells.
    Polling,
    /// Tickets from the hold to their codes, paid at the desk.
    Tickets,
    /// Whole visits: seat, bay and meal held, ordered, confirmed, paid at the desk.
    Visit,
    /// What a browser without JavaScript does in the shop; 300 such buyers for 100 seats.
    Shop,
    /// Thousands of browsers in a waiting room before a sale of 110 places.
    Line,
    /// Memory of the services while 5,000 people want places at one instant.
    Memory,
}

/// Options of `rush`.
#[derive(Debug, Args)]
pub struct Options {
    /// How often each scenario is measured; the reported figure is the median.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// How long each run with a steady number of callers lasts, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How many browsers wait before the sale of `line`.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(150..=10_000))]
    browsers: u32,
    /// Only these.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
}

/// Measures what is asked for.
pub async fn measure(report: &mut Report, options: Options) -> anyhow::Result<()> {
    for scenario in Scenario::value_variants() {
        if options.only.is_empty() || options.only.contains(scenario) {
            in_a_house(*scenario, report, &options).await?;
        }
    }
    Ok(())
}

async fn in_a_house(scenario: Scenario, report: &mut Report, options: &Options) -> anyhow::Result<()> {
    if scenario == Scenario::Memory {
        return memory::measure(report, options.runs).await;
    }
    let house = House::fresh_as(&hall::roomy_house()?).await?;
    let bench = Bench { house: &house, runs: options.runs, seconds: options.seconds };
    let measured = match scenario {
        Scenario::Hot => bench.hot(report).await,
        Scenario::Spread => bench.spread(report).await,
        Scenario::Rush => bench.rush(report).await,
        Scenario::Herd => bench.herd(report).await,
        Scenario::Polling => bench.polling(report).await,
        Scenario::Tickets => bench.tickets(report).await,
        Scenario::Visit => bench.visit(report).await,
        Scenario::Shop => bench.shop(report).await,
        Scenario::Line => bench.line(report, options.browsers).await,
        Scenario::Memory => Ok(()),
    };
    let folder = house.stop().await?;
    measured?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

struct Bench<'a> {
    house: &'a House,
    runs: u32,
    seconds: u64,
}

impl Bench<'_> {
    async fn hot(&self, report: &mut Report) -> anyhow::Result<()> {
        let mut floors = Vec::new();
        let mut rates: [Vec<Steady>; 3] = Default::default();
        let mut paced_runs = Vec::new();
        let cases = [(64, 0), (256, 0), (64, 5)];
        for run in 1..=self.runs {
            floors.push(floor::bookings(self.house, 1, floor::CLIENTS, self.seconds).await?);
            for ((callers, repeats), rates) in cases.into_iter().zip(&mut rates) {
                let showings = hall::showings(self.house, 1, 2000, 100).await?;
                let pace = Pace::Closed(callers);
                rates.push(sell::steady(self.house, &showings, pace, repeats, self.seconds).await?);
            }
            let showings = hall::showings(self.house, 1, 2000, 100).await?;
            if let Some(closed) = rates[0].last() {
                paced_runs.push(sell::steady(self.house, &showings, closed.paced(), 0, self.seconds).await?);
            }
            let last = rates.iter().chain([&paced_runs]).filter_map(|all| all.last());
            let shown: Vec<String> = last.map(ToString::to_string).collect();
            println!("hot {run}: pgbench {:.0}/s; {}", floors.last().unwrap_or(&0.0), shown.join("; "));
        }
        self.verify().await?;
        let floor = median(floors);
        let [alone, many, repeated] = rates;
        let without = Steady::median_rate(&alone);
        report.add(rate("hot", "pgbench, one hot row, 32 clients", floor, None))?;
        report.add(steady("hot", "holds, one hall, 64 callers", &alone, Some(floor)))?;
        report.add(steady("hot", "holds, one hall, 256 callers", &many, Some(floor)))?;
        report.add(steady("hot", "holds, 64 callers, 5 % asked twice", &repeated, Some(without)))?;
        report.add(paced("hot", "one hold, from its intended start, at 70 % of the rate of 64 callers", &paced_runs))
    }

    async fn spread(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut floors, mut rates, mut paced_runs) = (Vec::new(), Vec::new(), Vec::new());
        for run in 1..=self.runs {
            floors.push(floor::bookings(self.house, 1000, floor::CLIENTS, self.seconds).await?);
            let showings = hall::showings(self.house, 1000, 11, 10).await?;
            let seconds = self.seconds.min(5);
            let closed = sell::steady(self.house, &showings, Pace::Closed(64), 0, seconds).await?;
            let showings = hall::showings(self.house, 1000, 11, 10).await?;
            let at_times = sell::steady(self.house, &showings, closed.paced(), 0, seconds).await?;
            println!("spread {run}: pgbench {:.0}/s; {closed}; {at_times}", floors.last().unwrap_or(&0.0));
            rates.push(closed);
            paced_runs.push(at_times);
        }
        self.verify().await?;
        let floor = median(floors);
        report.add(rate("spread", "pgbench, 1,000 rows, 32 clients", floor, None))?;
        report.add(steady("spread", "holds, 1,000 showings, 64 callers", &rates, Some(floor)))?;
        report.add(paced("spread", "one hold, from its intended start, at 70 % of that rate", &paced_runs))
    }

    async fn rush(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut lasts, mut p99s) = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let showings = hall::showings(self.house, 1, 11, 10).await?;
            let rush = sell::rush(self.house, &showings[0], 5000).await?;
            anyhow::ensure!(rush.held == 110, "{} of 110 places were held", rush.held);
            println!("rush {run}: 110 of 5,000 held, {}", rush.latencies);
            lasts.push(rush.latencies.max_ms());
            p99s.push(rush.latencies.p99_ms());
        }
        self.verify().await?;
        report.add(Figure {
            scenario: "rush",
            metric: "5,000 at once for 110 places: last answer",
            unit: "ms",
            median: median(lasts),
            p99: Some(median(p99s)),
            floor: None,
        })
    }

    async fn herd(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut stranded, mut lone, mut rates) = (Vec::new(), Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let showings = hall::showings(self.house, 1, 20, 25).await?;
            let herd = sell::herd(self.house, &showings[0], 1000).await?;
            println!(
                "herd {run}: {} of 500 places stranded, {} alone when half were sold, {} of {} parties together",
                herd.free, herd.lone, herd.together, herd.held
            );
            stranded.push(f64::from(herd.free));
            lone.push(f64::from(herd.lone));
            rates.push(100.0 * f64::from(herd.together) / f64::from(herd.held.max(1)));
        }
        self.verify().await?;
        report.add(rate_in("herd", "places of 500 that nobody could take", "", median(stranded)))?;
        report.add(rate_in("herd", "free places alone when half were sold", "", median(lone)))?;
        report.add(rate_in("herd", "parties that sit together", "%", median(rates)))
    }

    async fn polling(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut sales, mut rushes) = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            // As large as its needs and its places side by side are still counted.
            let showings = hall::showings(self.house, 1, 20, 25).await?;
            sales.push(read::under_sale(self.house, showings[0], self.seconds).await?);
            println!("polling {run}: under sale {}", sales[sales.len() - 1]);
            let showings = hall::showings(self.house, 1, 11, 10).await?;
            rushes.push(read::under_rush(self.house, showings[0], 5000, self.seconds).await?);
            println!("polling {run}: under a rush {}", rushes[rushes.len() - 1]);
        }
        self.verify().await?;
        report.add(polled("500 reads/s of a hall of 500 while 16 callers hold and give back", &sales))?;
        report.add(oldest("oldest availability seen in any run", &sales))?;
        report.add(polled("500 reads/s of a hall of 110 while 5,000 want it at one instant", &rushes))?;
        report.add(oldest("oldest availability seen in any such run", &rushes))
    }

    async fn verify(&self) -> anyhow::Result<()> {
        self.house.verify().await
    }
}

fn rate(scenario: &'static str, metric: &'static str, median: f64, floor: Option<f64>) -> Figure {
    Figure { scenario, metric, unit: "1/s", median, p99: None, floor }
}

fn rate_in(scenario: &'static str, metric: &'static str, unit: &'static str, median: f64) -> Figure {
    Figure { scenario, metric, unit, median, p99: None, floor: None }
}

fn steady(scenario: &'static str, metric: &'static str, runs: &[Steady], floor: Option<f64>) -> Figure {
    rate(scenario, metric, Steady::median_rate(runs), floor)
}

/// How long one took whose time was set, whatever the others did.
fn paced(scenario: &'static str, metric: &'static str, runs: &[Steady]) -> Figure {
    let (median, p99) = (Steady::median_latency(runs), Some(Steady::median_p99(runs)));
    Figure { scenario, metric, unit: "ms", median, p99, floor: None }
}

fn polled(metric: &'static str, runs: &[read::Polled]) -> Figure {
    let of = |what: fn(&Latencies) -> f64| median(runs.iter().map(|run| what(&run.latencies)).collect());
    let (median, p99) = (of(Latencies::median_ms), Some(of(Latencies::p99_ms)));
    Figure { scenario: "polling", metric, unit: "ms", median, p99, floor: None }
}

fn oldest(metric: &'static str, runs: &[read::Polled]) -> Figure {
    rate_in("polling", metric, "ms", runs.iter().map(|run| run.oldest_ms).fold(0.0, f64::max))
}

fn rate_with_p99(scenario: &'static str, metric: &'static str, runs: &[Steady]) -> Figure {
    Figure { p99: Some(Steady::median_p99(runs)), ..rate(scenario, metric, Steady::median_rate(runs), None) }
}
