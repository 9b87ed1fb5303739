//! How good the car park's forecast was: every quarter of an hour what it says of the hours ahead, against the bays that
//! were free when they came. It claims how often the truth lies within its band, and the day fails where that is grossly
//! wrong.
//!
//! No forecast knows of a showing that will be cancelled or a way that will be closed: a car that turned away for that
//! counts as if it had come, for forecasts that were made before it was said, and for no others.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Role;
use sky_proto::parking::v1::{
    BayClass, Forecast, GetForecastRequest, GetSiteRequest, Site, occupancy_client::OccupancyClient,
    parking_client::ParkingClient,
};

use super::World;

/// Quarters ahead that are compared.
const AHEAD: [usize; 3] = [4, 8, 16];
/// Fewer comparisons say nothing: neighbouring quarters see the same cars.
const FEW: usize = 12;
/// So many of a hundred below its claim is grossly wrong. One day has few showings: of days drawn at random on which the
/// claim holds, one in a hundred is that far below it.
const GROSS: usize = 20;
/// The way to the car park, as a reason.
pub const WAY: &str = "way";

/// What was said of an instant: when, how many quarters ahead, free, at least, at most.
#[derive(Clone, Copy, Debug)]
struct Said {
    at: DateTime<Utc>,
    ahead: usize,
    free: u32,
    low: u32,
    high: u32,
}

/// A car that would have stood there.
#[derive(Clone, Debug)]
struct Turned {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    because: String,
}

#[derive(Debug, Default)]
struct Seen {
    /// By the instant that it was said of.
    said: BTreeMap<DateTime<Utc>, Vec<Said>>,
    /// Bays that were free then.
    came: BTreeMap<DateTime<Utc>, u32>,
    turned: Vec<Turned>,
    /// When a showing was cancelled, or the way closed.
    told: HashMap<String, DateTime<Utc>>,
    claimed: usize,
}

impl Seen {
    /// What would have been free then, had nothing been told after a forecast was made that kept cars away.
    fn truth(&self, due: DateTime<Utc>, made: DateTime<Utc>) -> Option<u32> {
        let unforeseen = |turned: &&Turned| {
            turned.from <= due && due < turned.until && self.told.get(&turned.because).is_some_and(|told| *told > made)
        };
        let cars = u32::try_from(self.turned.iter().filter(unforeseen).count()).unwrap_or(u32::MAX);
        Some(self.came.get(&due)?.saturating_sub(cars))
    }
}

/// Collects forecasts and the truth.
#[derive(Debug, Default)]
pub struct Forecasts(Mutex<Seen>);

/// How far they were off.
#[derive(Debug, PartialEq, Eq)]
pub struct Errors {
    /// Minutes ahead.
    pub ahead: usize,
    pub compared: usize,
    /// Half of them were off by fewer bays.
    pub median: u32,
    /// Of a hundred, how many had the truth within their band, and how many are to have it.
    pub within: usize,
    pub claimed: usize,
    /// How wide the band is, in bays; half of them are narrower.
    pub width: u32,
}

impl Errors {
    /// Whether the band is about as good as it claims.
    pub const fn is_honest(&self) -> bool {
        self.compared < FEW || self.within + GROSS >= self.claimed
    }
}

/// What cannot be, in words; None: it can.
fn impossible(forecast: &Forecast) -> Option<String> {
    if !(50..100).contains(&forecast.band_percent) {
        return Some(format!("a forecast whose band claims to be right {} times of a hundred", forecast.band_percent));
    }
    let mut quarters = forecast.quarters.iter();
    let wrong =
        quarters.position(|it| it.free_low > it.free || it.free > it.free_high || it.free_high > forecast.capacity);
    let wrong = wrong.and_then(|place| forecast.quarters.get(place))?;
    Some(format!(
        "a forecast of {} free bays, {} to {}, of {}",
        wrong.free, wrong.free_low, wrong.free_high, forecast.capacity
    ))
}

/// Free bays of vehicles with an engine; None: nobody knows.
fn free(site: &Site) -> Option<u32> {
    let motor = site.classes.iter().filter(|count| count.bay_class() != BayClass::Bicycle);
    motor.map(|count| count.occupied.map(|cars| count.capacity.saturating_sub(cars))).sum()
}

impl Forecasts {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A showing is cancelled, by its id, or the way is closed: from now on forecasts know it.
    pub fn told(&self, what: &str, at: DateTime<Utc>) {
        self.seen().told.entry(what.to_owned()).or_insert(at);
    }

    /// A car with a bay does not come, for a showing that is cancelled or because the way is closed.
    pub fn turned_away(&self, because: &str, from: DateTime<Utc>, until: DateTime<Utc>) {
        self.seen().turned.push(Turned { from, until, because: because.to_owned() });
    }

    /// Takes what is free at the beginning of a quarter, and what is said of those ahead.
    fn see(&self, at: DateTime<Utc>, site: &Site, forecast: &Forecast) {
        let mut seen = self.seen();
        seen.came.extend(free(site).map(|free| (at, free)));
        if !forecast.occupancy_known {
            return;
        }
        seen.claimed = forecast.band_percent as usize;
        for ahead in AHEAD {
            if let Some(it) = forecast.quarters.get(ahead - 1) {
                let due = at + TimeDelta::minutes(15) * i32::try_from(ahead).unwrap_or(i32::MAX);
                let said = Said { at, ahead, free: it.free, low: it.free_low, high: it.free_high };
                seen.said.entry(due).or_default().push(said);
            }
        }
    }

    /// Compares; empty: nothing could be.
    pub fn errors(&self) -> Vec<Errors> {
        let seen = self.seen();
        let of = |ahead| {
            let (mut off, mut widths) = (Vec::new(), Vec::new());
            let mut within = 0;
            for (due, said) in &seen.said {
                for said in said.iter().filter(|said| said.ahead == ahead) {
                    let Some(truth) = seen.truth(*due, said.at) else { continue };
                    off.push(truth.abs_diff(said.free));
                    widths.push(said.high - said.low);
                    within += usize::from((said.low..=said.high).contains(&truth));
                }
            }
            off.sort_unstable();
            widths.sort_unstable();
            let half = off.len().checked_sub(1)? / 2;
            Some(Errors {
                ahead: ahead * 15,
                compared: off.len(),
                median: *off.get(half)?,
                within: within * 100 / off.len(),
                claimed: seen.claimed,
                width: *widths.get(half)?,
            })
        };
        AHEAD.into_iter().filter_map(of).collect()
    }
}

/// Asks every quarter of an hour, from the opening on. What cannot be is a surprise; how often the band was right is told
/// at the end.
pub fn begin(world: &Arc<World>) {
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        for quarter in 0_u16.. {
            let at = w.opens + TimeDelta::minutes(15) * i32::from(quarter);
            w.until(at).await;
            match look(&w).await {
                Ok((site, forecast)) => {
                    if let Some(what) = impossible(&forecast) {
                        w.report.surprise(what);
                    }
                    w.report.forecasts.see(at, &site, &forecast);
                }
                Err(error) => w.report.surprise(format!("the car park's forecast: {error:#}")),
            }
        }
    });
}

async fn look(world: &World) -> anyhow::Result<(Site, Forecast)> {
    let door = world.api.staff(Role::Attendant).await?;
    let site = ParkingClient::new(door.clone()).get_site(GetSiteRequest {}).await?.into_inner();
    let hours = GetForecastRequest { hours: 4 };
    Ok((site, OccupancyClient::new(door).get_forecast(hours).await?.into_inner()))
}

#[cfg(test)]
mod tests {
    use sky_proto::parking::v1::{ClassOccupancy, ForecastQuarter};

    use super::*;

    fn at(quarter: i32) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(15) * quarter
    }

    fn site(occupied: Option<u32>) -> Site {
        let count = |class: BayClass, capacity, occupied| ClassOccupancy {
            bay_class: class.into(),
            capacity,
            occupied,
            expected: 0,
        };
        let classes = vec![count(BayClass::Standard, 40, occupied), count(BayClass::Bicycle, 64, Some(0))];
        Site { classes, ..Default::default() }
    }

    fn forecast(free: u32, low: u32, high: u32) -> Forecast {
        let quarter = ForecastQuarter { free, free_low: low, free_high: high, ..Default::default() };
        Forecast {
            capacity: 40,
            occupancy_known: true,
            quarters: vec![quarter; 16],
            band_percent: 80,
            ..Default::default()
        }
    }

    fn unknown() -> Forecast {
        Forecast { occupancy_known: false, ..forecast(0, 0, 40) }
    }

    #[test]
    fn what_was_said_is_compared_with_what_came_an_hour_later() {
        let forecasts = Forecasts::default();
        assert_eq!(forecasts.errors(), Vec::new());
        for quarter in 0..4 {
            forecasts.see(at(quarter), &site(Some(10)), &forecast(30, 28, 32));
        }
        assert_eq!(forecasts.errors(), Vec::new(), "none is due");
        for (quarter, cars) in [(4, Some(10)), (5, Some(12)), (6, Some(17)), (7, None)] {
            forecasts.see(at(quarter), &site(cars), &unknown());
        }
        assert_eq!(
            forecasts.errors(),
            [Errors { ahead: 60, compared: 3, median: 2, within: 66, claimed: 80, width: 4 }]
        );
    }

    #[test]
    fn a_car_that_turned_away_counts_for_forecasts_that_could_not_know_it() {
        let forecasts = Forecasts::default();
        for quarter in 0..3 {
            forecasts.see(at(quarter), &site(Some(0)), &forecast(35, 34, 36));
        }
        // It is said after the first two of them.
        forecasts.told("showing", at(1) + TimeDelta::minutes(1));
        forecasts.told("showing", at(9));
        for _ in 0..5 {
            forecasts.turned_away("showing", at(4), at(9));
        }
        forecasts.turned_away("another, that takes place", at(4), at(9));
        for quarter in 4..7 {
            forecasts.see(at(quarter), &site(Some(0)), &unknown());
        }
        let errors = forecasts.errors();
        assert_eq!((errors[0].compared, errors[0].within), (3, 66), "the third could know: {errors:?}");
    }

    #[test]
    fn a_band_that_is_grossly_wrong_is_not_honest() {
        let errors = |compared, within| Errors { ahead: 60, compared, median: 1, within, claimed: 80, width: 4 };
        assert!(errors(40, 80).is_honest() && errors(40, 60).is_honest() && errors(11, 0).is_honest());
        assert!(!errors(40, 59).is_honest() && !errors(12, 48).is_honest());
    }

    #[test]
    fn only_what_cannot_be_is_a_surprise() {
        assert_eq!(impossible(&forecast(30, 0, 40)), None, "vague, but not wrong");
        assert!(impossible(&forecast(30, 31, 40)).is_some());
        assert!(impossible(&forecast(41, 30, 41)).is_some());
        assert!(impossible(&Forecast { band_percent: 0, ..forecast(30, 28, 32) }).is_some(), "it claims nothing");
    }
}
