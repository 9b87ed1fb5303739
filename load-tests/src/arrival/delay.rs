//! One command, everything follows: a showing with 110 visits, 40 bays and 60 meals is put off. The clock runs from the
//! command until the last visitor's page shows the new start, the longer bay and the later meal.

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::TimeDelta;
use kernel::values::{Text, from_timestamp};
use sky_proto::journey::v1::{DelayShowingRequest, Visit, journey_client::JourneyClient};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Report, median},
    rush::{hall, orders::Counter},
};

const VISITS: usize = 110;
const BAYS: usize = 40;
const MEALS: usize = 60;
const MINUTES: i32 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure(house: &House, report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for run in 1..=runs {
        let took = once(house, i64::from(run)).await?.as_secs_f64() * 1000.0;
        println!(
            "delay {run}: the last of {VISITS} visits, {BAYS} bays and {MEALS} meals had moved after {took:.0} ms"
        );
        all.push(took);
    }
    report.add(Figure {
        scenario: "delay",
        metric: "110 visits, 40 bays, 60 meals moved",
        unit: "ms",
        median: median(all),
        p99: None,
        floor: None,
    })
}

async fn once(house: &House, run: i64) -> anyhow::Result<Duration> {
    // Each run has quarters of an hour of its own in the kitchen.
    let showings = hall::showings_at(house, 1, 11, 10, TimeDelta::hours(6 * run), TimeDelta::zero()).await?;
    let visits = super::visits(house, showings[0], VISITS, BAYS, MEALS).await?;
    let mut counter = Counter::open(house).await?;
    let tasks = kernel::Tasks::default();
    let (told, mut moved) = tokio::sync::mpsc::unbounded_channel();
    for ordered in visits {
        let mut page = counter.watch(&ordered).await?;
        let before = ordered.visit;
        let told = told.clone();
        tasks.spawn(async move {
            let last = loop {
                match page.message().await {
                    Ok(Some(visit)) if has_moved(&before, &visit) => break Ok(Instant::now()),
                    Ok(Some(_)) => {}
                    Ok(None) => break Err(anyhow::anyhow!("a page ended")),
                    Err(status) => break Err(status.into()),
                }
            };
            let _ = told.send(last);
        });
    }
    drop(told);
    let mut journey = JourneyClient::new(house.channel(&House::operator()).await?);
    let request = DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showings[0].to_string(),
        minutes: MINUTES,
        reason: Some(Text::new("Lasttest", "Load test").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    let began = Instant::now();
    journey.delay_showing(request).await?;
    let mut last = began;
    let all = async {
        while let Some(at) = moved.recv().await {
            last = last.max(at?);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all).await.context("not everything has moved within half a minute")??;
    Ok(last - began)
}

/// The start by as much as it was put off, the bay to the later end, the meal to a later time.
fn has_moved(before: &Visit, now: &Visit) -> bool {
    let by = TimeDelta::minutes(MINUTES.into());
    let starts = from_timestamp(now.starts_at) >= from_timestamp(before.starts_at) + by;
    let until = |visit: &Visit| visit.parking.as_ref().map(|right| from_timestamp(right.until));
    let pickup = |visit: &Visit| visit.meal.as_ref().map(|order| from_timestamp(order.pickup_at));
    let bay = until(before).is_none_or(|before| until(now).is_some_and(|now| now >= before + by));
    let meal = pickup(before).is_none_or(|before| pickup(now).is_some_and(|now| now > before));
    starts && bay && meal
}
