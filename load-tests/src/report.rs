//! Figures: medians over several runs, printed as a table and written as JSON lines. Figures are
//! statistics, not money or time of the house, so floats are fine here.

use std::{fs::File, io::Write, path::PathBuf, time::Duration};

use anyhow::Context;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The latencies of one run.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).unwrap_or_else(|_| unreachable!("constant bounds are valid")))
    }

    /// One more.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// Those of another one too.
    pub fn join(&mut self, other: &Self) {
        // Both have the same bounds.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The longest in milliseconds.
    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1000.0
    }

    /// Median in milliseconds.
    pub fn median_ms(&self) -> f64 {
        self.0.value_at_quantile(0.5) as f64 / 1000.0
    }

    /// 99th percentile in milliseconds.
    pub fn p99_ms(&self) -> f64 {
        self.0.value_at_quantile(0.99) as f64 / 1000.0
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "median {:.1}, p99 {:.1}, last {:.1} ms", self.median_ms(), self.p99_ms(), self.max_ms())
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One figure.
pub struct Figure {
    /// Which scenario.
    pub scenario: &'static str,
    /// What was measured.
    pub metric: &'static str,
    /// "ms", "1/s", "MB", "s"
    pub unit: &'static str,
    /// Median of the runs.
    pub median: f64,
    /// Median of the runs' 99th percentiles, where there is one.
    pub p99: Option<f64>,
    /// What it is held against, in the same unit.
    pub floor: Option<f64>,
}

/// All figures of a run.
pub struct Report {
    figures: Vec<Figure>,
    file: Option<File>,
    conditions: Value,
}

impl Report {
    /// An empty one; the file is created now, so that a wrong path is known before the work.
    pub fn new(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let file = path
            .map(|path| File::create(&path).with_context(|| format!("cannot write {}", path.display())))
            .transpose()?;
        let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let conditions = json!({ "cpus": cpus, "profile": profile, "fsync": true, "client": "same machine" });
        Ok(Self { figures: Vec::new(), file, conditions })
    }

    /// Takes a figure and writes its line.
    pub fn add(&mut self, figure: Figure) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            let ratio = figure.floor.map(|floor| figure.median / floor);
            let line = json!({
                "scenario": figure.scenario, "metric": figure.metric, "unit": figure.unit, "median": figure.median,
                "p99": figure.p99, "floor": figure.floor, "ratio": ratio, "conditions": self.conditions,
            });
            writeln!(file, "{line}")?;
        }
        self.figures.push(figure);
        Ok(())
    }

    /// The table.
    pub fn print(&self) {
        println!(
            "\n{:<10} {:<42} {:>10} {:>10} {:>10} {:>7}  unit",
            "scenario", "metric", "median", "p99", "floor", "ratio"
        );
        let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        for figure in &self.figures {
            println!(
                "{:<10} {:<42} {:>10.2} {:>10} {:>10} {:>7}  {}",
                figure.scenario,
                figure.metric,
                figure.median,
                cell(figure.p99),
                cell(figure.floor),
                cell(figure.floor.map(|floor| figure.median / floor)),
                figure.unit
            );
        }
        println!("conditions: {}", self.conditions);
    }
}
