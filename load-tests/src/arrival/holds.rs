//! Everybody wants the same: 64 callers hold bays of one class for one window, and meals for one quarter of an hour, which
//! go to its three neighbours when it is full, until there are no more. What was held must be what there was, to the last one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{Datelike, Days, TimeDelta, Weekday};
use kernel::{
    Caller,
    clock::wall_now,
    values::{day_of, midnight, timestamp},
};
use sky_proto::{
    gastro::v1::{HoldOrderRequest, OrderLine, Pickup, gastro_client::GastroClient},
    parking::v1::{BayClass, Channel, HoldBayRequest, parking_client::ParkingClient},
};
use sqlx::{Connection, PgConnection};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Report, median},
    rush::{floor, hall, sell::CONNECTIONS},
};

const CALLERS: usize = 64;
/// The bays of each class in a roomy house.
const BAYS: u32 = 10_000;
/// Longer than this no run takes.
const SECONDS: u64 = 30;

/// Each run in a house of its own: what was held before is no part of it.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let (mut floors, mut bays, mut meals) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=runs {
        let house = House::fresh_as(&hall::roomy_house()?).await?;
        floors.push(floor::bookings(&house, 1, floor::CLIENTS, 3).await?);
        bays.push(self::bays(&house).await?);
        meals.push(self::meals(&house).await?);
        house.verify().await?;
        std::fs::remove_dir_all(house.stop().await?)?;
        let last = |all: &[f64]| all.last().copied().unwrap_or_default();
        println!("holds {run}: pgbench {:.0}/s, bays {:.0}/s, meals {:.0}/s", last(&floors), last(&bays), last(&meals));
    }
    let floor = median(floors);
    for (metric, all) in [("bays of one class, 64 callers", bays), ("meals in four quarters, 64 callers", meals)] {
        let figure =
            Figure { scenario: "holds", metric, unit: "1/s", median: median(all), p99: None, floor: Some(floor) };
        report.add(figure)?;
    }
    Ok(())
}

/// What a caller came to.
enum Answer {
    Held,
    Full,
}

fn answer<T>(answer: Result<T, Status>) -> anyhow::Result<Answer> {
    match answer {
        Ok(_) => Ok(Answer::Held),
        Err(status) if status.code() == Code::ResourceExhausted => Ok(Answer::Full),
        Err(status) => Err(status.into()),
    }
}

/// Lets all callers hold until one is told that it is full; answers how many were held and how many a second.
async fn until_full<W, F>(work: W) -> anyhow::Result<(u32, f64)>
where
    W: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<Answer>> + Send,
{
    let (full, held) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let tasks = kernel::Tasks::default();
    let (told, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let began = Instant::now();
    for caller in 0..CALLERS {
        let (work, full, held, told) = (work.clone(), full.clone(), held.clone(), told.clone());
        tasks.spawn(async move {
            let end = loop {
                if full.load(Ordering::Relaxed) || began.elapsed() > Duration::from_secs(SECONDS) {
                    break Ok(());
                }
                match work(caller).await {
                    Ok(Answer::Held) => {
                        held.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Answer::Full) => full.store(true, Ordering::Relaxed),
                    Err(error) => break Err(error),
                }
            };
            let _ = told.send(end);
        });
    }
    drop(told);
    while let Some(end) = ends.recv().await {
        end?;
    }
    anyhow::ensure!(full.load(Ordering::Relaxed), "nothing was full after {SECONDS} s");
    let held = held.load(Ordering::Relaxed);
    Ok((held, f64::from(held) / began.elapsed().as_secs_f64()))
}

fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

async fn bays(house: &House) -> anyhow::Result<f64> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(ParkingClient::new(house.channel(&journey()).await?));
    }
    let from = wall_now() + TimeDelta::days(10);
    let (held, rate) = until_full(move |caller| {
        let mut client = clients[caller % CONNECTIONS].clone();
        async move {
            let request = HoldBayRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                visit_id: Uuid::new_v4().to_string(),
                showing_id: Uuid::new_v4().to_string(),
                bay_class: BayClass::Standard.into(),
                from: Some(timestamp(from)),
                until: Some(timestamp(from + TimeDelta::hours(2))),
                expires_at: Some(timestamp(wall_now() + TimeDelta::minutes(10))),
                channel: Channel::Online.into(),
            };
            answer(client.hold_bay(request).await)
        }
    })
    .await?;
    anyhow::ensure!(held == BAYS, "{held} of {BAYS} bays were held");
    Ok(rate)
}

/// Water, for the wanted quarter and its three neighbours, until none of them has time left for one more.
async fn meals(house: &House) -> anyhow::Result<f64> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(GastroClient::new(house.channel(&journey()).await?));
    }
    let showing = Uuid::new_v4().to_string();
    // At noon of a day on which the kitchen is open: whenever this is run.
    let mut noons = (10..=17).map(|ahead| midnight(day_of(wall_now()) + Days::new(ahead)) + TimeDelta::hours(12));
    let open = noons.find(|at| at.weekday() != Weekday::Mon);
    let ends = open.ok_or_else(|| anyhow::anyhow!("every day is a Monday"))?;
    let (held, rate) = until_full(move |caller| {
        let (mut client, showing) = (clients[caller % CONNECTIONS].clone(), showing.clone());
        async move {
            let request = HoldOrderRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                visit_id: Uuid::new_v4().to_string(),
                showing_id: showing,
                showing_starts_at: Some(timestamp(ends - TimeDelta::hours(1))),
                showing_ends_at: Some(timestamp(ends)),
                lines: vec![OrderLine { item_id: "water".to_owned(), quantity: 1, ..OrderLine::default() }],
                pickup: Pickup::AfterShowing.into(),
                expires_at: Some(timestamp(wall_now() + TimeDelta::minutes(10))),
                ..HoldOrderRequest::default()
            };
            answer(client.hold_order(request).await)
        }
    })
    .await?;
    let mut connection = PgConnection::connect(&house.database_url).await?;
    let (taken, left): (i64, i64) = sqlx::query_as(
        "select sum(u.seconds), count(*) filter (where u.seconds + i.work_seconds <= u.capacity)
         from gastro.slot_use u join gastro.menu_item i on i.item_id = 'water' and i.station_id = u.station_id
         where u.slot_at > $1 - interval '15 minutes' and u.slot_at < $1 + interval '2 hours'",
    )
    .bind(ends)
    .fetch_one(&mut connection)
    .await?;
    let each: i32 = sqlx::query_scalar("select work_seconds from gastro.menu_item where item_id = 'water'")
        .fetch_one(&mut connection)
        .await?;
    anyhow::ensure!(taken == i64::from(held) * i64::from(each), "{held} meals were held, {taken} s are taken");
    anyhow::ensure!(left == 0, "{left} quarters have time left, and people were turned away");
    Ok(rate)
}
