//! How good the car park's forecast was: every quarter of an hour what it says of the hours ahead, against the bays that
//! were free when they came.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use kernel::Role;
use sky_proto::parking::v1::{
    BayClass, Forecast, GetForecastRequest, GetSiteRequest, Site, occupancy_client::OccupancyClient,
    parking_client::ParkingClient,
};

use super::World;

/// Quarters ahead that are compared.
const AHEAD: [usize; 3] = [4, 8, 16];

/// What was said of a quarter of the day: so many quarters ahead, free, at least, at most.
type Said = (usize, u32, u32, u32);

#[derive(Debug, Default)]
struct Seen {
    /// By the quarter of the day that it was said of.
    said: BTreeMap<usize, Vec<Said>>,
    /// By the quarter of the day: bays that were free at its beginning.
    came: BTreeMap<usize, u32>,
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
    /// Of a hundred, how many had the truth within their band.
    pub within: usize,
}

/// What cannot be, in words; None: it can.
fn impossible(forecast: &Forecast) -> Option<String> {
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
    /// Takes what is free at the beginning of a quarter of the day, and what is said of those ahead.
    fn see(&self, quarter: usize, site: &Site, forecast: &Forecast) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.came.extend(free(site).map(|free| (quarter, free)));
        if !forecast.occupancy_known {
            return;
        }
        for ahead in AHEAD {
            if let Some(it) = forecast.quarters.get(ahead - 1) {
                seen.said.entry(quarter + ahead).or_default().push((ahead, it.free, it.free_low, it.free_high));
            }
        }
    }

    /// Compares; empty: nothing could be.
    pub fn errors(&self) -> Vec<Errors> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |ahead| {
            let mut off = Vec::new();
            let mut within = 0;
            for (quarter, said) in &seen.said {
                let Some(truth) = seen.came.get(quarter) else { continue };
                for (_, free, low, high) in said.iter().filter(|said| said.0 == ahead) {
                    off.push(truth.abs_diff(*free));
                    within += usize::from((low..=high).contains(&truth));
                }
            }
            off.sort_unstable();
            let median = *off.get(off.len().checked_sub(1)? / 2)?;
            Some(Errors { ahead: ahead * 15, compared: off.len(), median, within: within * 100 / off.len() })
        };
        AHEAD.into_iter().filter_map(of).collect()
    }
}

/// Asks every quarter of an hour, from the opening on. A forecast that is off is told in the report; only what cannot be
/// is a surprise.
pub fn begin(world: &Arc<World>) {
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        for quarter in 0_u16.. {
            w.until(w.opens + TimeDelta::minutes(15) * i32::from(quarter)).await;
            match look(&w).await {
                Ok((site, forecast)) => {
                    if let Some(what) = impossible(&forecast) {
                        w.report.surprise(what);
                    }
                    w.report.forecasts.see(quarter.into(), &site, &forecast);
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
        Forecast { capacity: 40, occupancy_known: true, quarters: vec![quarter; 16], ..Default::default() }
    }

    #[test]
    fn what_was_said_is_compared_with_what_came_an_hour_later() {
        let forecasts = Forecasts::default();
        assert_eq!(forecasts.errors(), Vec::new());
        for quarter in 0..4 {
            forecasts.see(quarter, &site(Some(10)), &forecast(30, 28, 32));
        }
        assert_eq!(forecasts.errors(), Vec::new(), "none is due");
        for (quarter, cars) in [(4, Some(10)), (5, Some(12)), (6, Some(17)), (7, None)] {
            forecasts.see(quarter, &site(cars), &Forecast { occupancy_known: false, ..forecast(0, 0, 40) });
        }
        assert_eq!(forecasts.errors(), [Errors { ahead: 60, compared: 3, median: 2, within: 66 }]);
    }

    #[test]
    fn only_what_cannot_be_is_a_surprise() {
        assert_eq!(impossible(&forecast(30, 0, 40)), None, "vague, but not wrong");
        assert!(impossible(&forecast(30, 31, 40)).is_some());
        assert!(impossible(&forecast(41, 30, 41)).is_some());
    }
}
