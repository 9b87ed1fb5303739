//! The kitchen's whole day planned anew: 700 meals of eight showings, all of which move by ten minutes. The decision alone,
//! as the service makes it; what is read and written around it is in the figure of the delay.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use gastro::replan::{Guests, Hands, Meal, Need, Pickup, Room, Wave, Wish, replan};
use uuid::Uuid;

use crate::report::{Figure, Latencies, Report, median};

const MEALS: i64 = 700;
const SHOWINGS: i64 = 8;
const TIMES: u32 = 50;

pub fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for run in 1..=runs {
        let mut latencies = Latencies::new();
        for _ in 0..TIMES {
            latencies.add(once()?);
        }
        println!("plan {run}: {MEALS} meals, {latencies}");
        all.push(latencies);
    }
    report.add(Figure {
        scenario: "plan",
        metric: "700 meals of a day planned anew",
        unit: "ms",
        median: median(all.iter().map(Latencies::median_ms).collect()),
        p99: Some(median(all.iter().map(Latencies::p99_ms).collect())),
        floor: None,
    })
}

fn once() -> anyhow::Result<Duration> {
    let morning = DateTime::from_timestamp(1_795_863_600, 0).unwrap_or_default();
    let mut room = Room::default();
    for station in ["hot", "cold", "bar"] {
        room.stations.insert(station.to_owned(), Hands { capacity: 2_700, ..Hands::default() });
    }
    let mut meals: Vec<Meal> = (0..MEALS).map(|number| meal(number, morning)).collect();
    // As the house file says.
    let mut wave = Wave::new(70, 60);
    for planned in replan(&mut meals, &mut room, Some(&mut wave), morning) {
        let place = planned.place;
        let Some(meal) = meals.iter_mut().find(|meal| meal.id == planned.id) else { continue };
        meal.slot_at = place.map(|place| place.slot_at);
        meal.pickup_at = place.map_or(meal.pickup_at, |place| place.pickup_at);
        let by = TimeDelta::minutes(10);
        meal.wish = Wish { starts_at: meal.wish.starts_at + by, ends_at: meal.wish.ends_at + by, ..meal.wish };
    }
    let began = Instant::now();
    let planned = replan(&mut meals, &mut room, Some(&mut wave), morning);
    let took = began.elapsed();
    let placed = planned.iter().filter(|planned| planned.place.is_some()).count();
    anyhow::ensure!(i64::try_from(placed)? == MEALS, "{placed} of {MEALS} meals have a place");
    Ok(took)
}

/// A dish and a drink; one in five before the showing.
fn meal(number: i64, morning: DateTime<Utc>) -> Meal {
    let starts_at = morning + TimeDelta::minutes(90 * (number % SHOWINGS + 1));
    let pickup = if number % 5 == 0 { Pickup::Before } else { Pickup::After };
    let dish = if number % 2 == 0 { "hot" } else { "cold" };
    Meal {
        id: Uuid::from_u128(number.unsigned_abs().into()),
        wish: Wish { pickup, starts_at, ends_at: starts_at + TimeDelta::minutes(50), apart: None },
        need: Need::from(BTreeMap::from([(dish.to_owned(), 60), ("bar".to_owned(), 10)])),
        guests: Guests { showing: Some(Uuid::from_u128((number % SHOWINGS).unsigned_abs().into())), people: 1 },
        pickup_at: starts_at,
        slot_at: None,
        not_before: morning,
        stays: false,
    }
}
