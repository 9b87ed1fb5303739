//! The kitchen's whole day planned anew: 700 meals of eight showings. The decision alone, as the service makes it, when all of
//! them move by ten minutes; and the whole of it, from the call of a cook whose bar is busy for hours until every meal has
//! its new time in the database, with the time of the stations that it takes and the event that tells of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use gastro::replan::{Guests, Hands, Meal, Need, Pickup, Room, Wave, Wish, replan};
use kernel::{Caller, Role};
use sky_proto::gastro::v1::{SetStationStateRequest, StationState, gastro_client::GastroClient};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
    rush::hall,
};

const MEALS: i64 = 700;
const SHOWINGS: i64 = 8;
const TIMES: u32 = 50;
/// Longer than until the last of the meals is wanted, so that all of them move.
const BUSY_MINUTES: u32 = 120;

pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    decision(report, runs)?;
    whole(report, runs).await
}

fn decision(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for run in 1..=runs {
        let mut latencies = Latencies::new();
        for _ in 0..TIMES {
            latencies.add(once()?);
        }
        println!("plan {run}: {MEALS} meals, the decision alone, {latencies}");
        all.push(latencies);
    }
    report.add(Figure {
        scenario: "plan",
        metric: "700 meals of a day planned anew: the decision alone",
        unit: "ms",
        median: median(all.iter().map(Latencies::median_ms).collect()),
        p99: Some(median(all.iter().map(Latencies::p99_ms).collect())),
        floor: None,
    })
}

/// Each run in a house of its own, for all of its meals to move.
async fn whole(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for run in 1..=runs {
        let house = House::fresh_as(&hall::roomy_house()?).await?;
        let took = stored(&house).await?.as_secs_f64() * 1000.0;
        house.verify().await?;
        std::fs::remove_dir_all(house.stop().await?)?;
        println!("plan {run}: {MEALS} meals, from the call until all is stored, {took:.1} ms");
        all.push(took);
    }
    report.add(Figure {
        scenario: "plan",
        metric: "700 meals of a day planned anew: from the call until stored",
        unit: "ms",
        median: median(all),
        p99: None,
        floor: None,
    })
}

async fn stored(house: &House) -> anyhow::Result<Duration> {
    // Close together: a station cannot be busy for a whole day, and it is as much to do.
    let (first, apart) = (TimeDelta::minutes(5), TimeDelta::minutes(4));
    let showings = hall::showings_at(house, i32::try_from(SHOWINGS)?, 11, 10, first, apart).await?;
    for (nth, showing) in (0..SHOWINGS).zip(showings) {
        let meals = usize::try_from(MEALS * (nth + 1) / SHOWINGS - MEALS * nth / SHOWINGS)?;
        super::visits(house, showing, meals, 0, meals).await?;
    }
    let before = pickups(house).await?;
    let cook = Caller::Staff { account: "load-test".to_owned(), roles: vec![Role::Kitchen] };
    let mut kitchen = GastroClient::new(house.channel(&cook).await?);
    let busy = SetStationStateRequest {
        station_id: "bar".to_owned(),
        state: StationState::Busy.into(),
        delay_minutes: BUSY_MINUTES,
    };
    let began = Instant::now();
    // Answered after the commit.
    kitchen.set_station_state(busy).await?;
    let took = began.elapsed();
    let moved =
        pickups(house).await?.iter().filter(|(meal, at)| before.get(*meal).is_some_and(|was| was < *at)).count();
    anyhow::ensure!(i64::try_from(moved)? == MEALS, "{moved} of {MEALS} meals have moved");
    Ok(took)
}

async fn pickups(house: &House) -> anyhow::Result<BTreeMap<Uuid, DateTime<Utc>>> {
    let mut connection = PgConnection::connect(&house.database_url).await?;
    let all: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("select order_id, pickup_at from gastro.meal_order where state = 'scheduled'")
            .fetch_all(&mut connection)
            .await?;
    Ok(all.into_iter().collect())
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
