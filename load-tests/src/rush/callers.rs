//! A steady number of callers in closed loops: each begins its next piece of work as soon as the last one is
//! done; and work that begins at intended times, whether the last one is done or not. Knows nothing of what they do.

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
    /// None: they came at intended times.
    callers: Option<usize>,
    /// Pieces of work that were done.
    pub per_second: f64,
    latencies: Latencies,
}

impl Steady {
    /// Per second, in the middle of several runs.
    pub fn median_rate(runs: &[Self]) -> f64 {
        median(runs.iter().map(|run| run.per_second).collect())
    }

    /// The median latency, in the middle of several runs; in milliseconds.
    pub fn median_latency(runs: &[Self]) -> f64 {
        median(runs.iter().map(|run| run.latencies.median_ms()).collect())
    }

    /// The pace at which the same is asked for at intended times.
    pub fn paced(&self) -> Pace {
        Pace::Paced(self.per_second * PACED_SHARE)
    }

    /// The 99th percentile of the latencies, in the middle of several runs; in milliseconds.
    pub fn median_p99(runs: &[Self]) -> f64 {
        median(runs.iter().map(|run| run.latencies.p99_ms()).collect())
    }
}

impl fmt::Display for Steady {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.callers {
            Some(callers) => write!(out, "{callers} callers {:.0}/s ({})", self.per_second, self.latencies),
            None => write!(out, "at {:.0}/s from the intended times {}", self.per_second, self.latencies),
        }
    }
}

/// How callers come.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many, each again as soon as it is answered.
    Closed(usize),
    /// So many a second, at intended times.
    Paced(f64),
}

/// Of a rate that closed loops have reached, what is asked for at intended times.
const PACED_SHARE: f64 = 0.7;

/// Lets so many callers work for so many seconds. `work` is given the caller's number and the number of the
/// piece, both from 0, and answers how long what counts of it took.
///
/// # Errors
/// The first failure of a piece of work; the other callers end theirs.
async fn closed_loop<W, F>(callers: usize, seconds: u64, work: W) -> anyhow::Result<Steady>
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
        None => Ok(Steady {
            callers: Some(callers),
            per_second: latencies.count() as f64 / started.elapsed().as_secs_f64(),
            latencies,
        }),
        Some(error) => Err(error),
    }
}

/// Lets callers come in this way.
///
/// # Errors
/// The first failure of a piece of work.
pub async fn come<W, F>(pace: Pace, seconds: u64, work: W) -> anyhow::Result<Steady>
where
    W: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<Duration>> + Send,
{
    match pace {
        Pace::Closed(callers) => closed_loop(callers, seconds, work).await,
        Pace::Paced(per_second) => paced(per_second, seconds, work).await,
    }
}

/// Begins so many pieces of work a second for so many seconds, each at its intended time, from which its latency
/// counts: a slow answer delays no other caller, and hides none. The number of the caller is that of the piece.
///
/// # Errors
/// The first failure of a piece of work.
async fn paced<W, F>(per_second: f64, seconds: u64, work: W) -> anyhow::Result<Steady>
where
    W: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<Duration>> + Send,
{
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let start = tokio::time::Instant::now();
    let apart = Duration::from_secs_f64(1.0 / per_second);
    let until = start + Duration::from_secs(seconds);
    for number in 0_usize.. {
        let intended = start + apart * u32::try_from(number)?;
        if intended >= until {
            break;
        }
        tokio::time::sleep_until(intended).await;
        let (work, told) = (work.clone(), told.clone());
        tasks.spawn(async move {
            let done = work(number, number).await;
            let _ = told.send((intended.elapsed(), done));
        });
    }
    drop(told);
    let mut latencies = Latencies::new();
    while let Some((latency, done)) = answers.recv().await {
        done?;
        latencies.add(latency);
    }
    Ok(Steady { callers: None, per_second: latencies.count() as f64 / start.elapsed().as_secs_f64(), latencies })
}
