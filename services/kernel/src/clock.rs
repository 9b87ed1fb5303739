//! The house's clock. Everything that asks "what time is it" asks here, so that the simulation can
//! run a day in minutes and a test can move time by hand. Liveness (time-outs, heartbeats, identity
//! expiry) uses [`wall_now`] or tokio's timers instead: a network does not run faster in a simulation.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// Tells the house's time and sleeps in it.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// As the machine's, but so much later.
    Ahead(TimeDelta),
    /// Runs `speed` times as fast from `origin` on.
    Scaled {
        origin: DateTime<Utc>,
        started: Instant,
        speed: u32,
    },
    Manual(Arc<watch::Sender<DateTime<Utc>>>),
}

/// The machine's time, for what must not follow a simulated clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
#[must_use]
pub fn wall_now() -> DateTime<Utc> {
    Utc::now()
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn real() -> Self {
        Self::ahead(TimeDelta::zero())
    }

    /// The machine's clock, but so much later (earlier, if negative): a rehearsal of another hour.
    #[must_use]
    pub const fn ahead(by: TimeDelta) -> Self {
        Self(Kind::Ahead(by))
    }

    /// A clock that starts at `origin` now and runs `speed` times as fast as the real one.
    #[must_use]
    pub fn scaled(origin: DateTime<Utc>, speed: u32) -> Self {
        Self(Kind::Scaled { origin, started: Instant::now(), speed: speed.max(1) })
    }

    /// A clock that stands still until [`Clock::set`] or [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The time, to the microsecond (as `PostgreSQL` stores it).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            Kind::Ahead(by) => wall_now().checked_add_signed(*by).unwrap_or(DateTime::<Utc>::MAX_UTC),
            Kind::Scaled { origin, started, speed } => {
                *origin + TimeDelta::from_std(started.elapsed() * *speed).unwrap_or(TimeDelta::MAX)
            }
            Kind::Manual(time) => *time.borrow(),
        };
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// Sleeps for a span of the house's time.
    pub async fn sleep(&self, span: Duration) {
        match &self.0 {
            Kind::Ahead(_) => tokio::time::sleep(span).await,
            Kind::Scaled { speed, .. } => tokio::time::sleep(span / *speed).await,
            Kind::Manual(time) => {
                let until = *time.borrow() + TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
                // The sender lives in self, so waiting cannot fail.
                let _ = time.subscribe().wait_for(|now| *now >= until).await;
            }
        }
    }

    /// How many times faster than real time this clock runs.
    #[must_use]
    pub fn speed(&self) -> u32 {
        match &self.0 {
            Kind::Scaled { speed, .. } => *speed,
            Kind::Ahead(_) | Kind::Manual(_) => 1,
        }
    }

    /// Moves a manual clock; other clocks ignore it.
    pub fn advance(&self, span: TimeDelta) {
        self.set(self.now() + span);
    }

    /// Sets a manual clock; other clocks ignore it.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Kind::Manual(time) = &self.0 {
            time.send_replace(to);
        }
    }
}
