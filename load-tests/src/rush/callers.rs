//! A steady number of callers in closed loops: each begins its next piece of work as soon as the last one is
//! done. Knows nothing of what they do.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::report::{Latencies, median};

/// What a run with a steady number of callers came to.
pub struct Steady {
    callers: usize,
    /// Pieces of work that were done.
    pub per_second: f64,
    latencies: Latencies,
}

impl Steady {
    /// Per second, in the middle of several runs.
    pub fn median_rate(runs: &[Self]) -> f64 {
        median(runs.iter().map(|run| run.per_second).collect())
    }

    /// The 99th percentile of the latencies, in the middle of several runs; in milliseconds.
    pub fn median_p99(runs: &[Self]) -> f64 {
        median(runs.iter().map(|run| run.latencies.p99_ms()).collect())
    }
}

impl fmt::Display for Steady {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} callers {:.0}/s ({})", self.callers, self.per_second, self.latencies)
    }
}

/// Lets so many callers work for so many seconds. `work` is given the caller's number and the number of the
/// piece, both from 0, and answers how long what counts of it took.
///
/// # Errors
/// The first failure of a piece of work; the other callers end theirs.
pub async fn closed_loop<W, F>(callers: usize, seconds: u64, work: W) -> anyhow::Result<Steady>
where
    W: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<Duration>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    for caller in 0..callers {
        let (work, next, told) = (work.clone(), next.clone(), told.clone());
        tasks.spawn(async move {
            let (mut latencies, mut failed) = (Latencies::new(), None);
            while failed.is_none() && Instant::now() < until {
                match work(caller, next.fetch_add(1, Ordering::Relaxed)).await {
                    Ok(latency) => latencies.add(latency),
                    Err(error) => failed = Some(error),
                }
            }
            let _ = told.send((latencies, failed));
        });
    }
    drop(told);
    let (mut latencies, mut failed) = (Latencies::new(), None);
    while let Some((of_one, failure)) = answers.recv().await {
        latencies.join(&of_one);
        failed = failed.or(failure);
    }
    match failed {
        None => {
            Ok(Steady { callers, per_second: latencies.count() as f64 / started.elapsed().as_secs_f64(), latencies })
        }
        Some(error) => Err(error),
    }
}
