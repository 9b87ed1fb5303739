//! The barrier at 50 cars a second, at intended start times: every other car is let in by its code, the others by a
//! camera that reads the plate. What counts is the time until the answer that opens.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::Caller;
use serde_json::json;
use sky_proto::parking::v1::{
    Direction, IssueDeviceTokenRequest, RecordLaneRequest, SetPlateRequest, parking_client::ParkingClient,
    record_lane_response::Verdict,
};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
    rush::hall,
};

const CARS: usize = 500;
const PER_SECOND: u32 = 50;
/// Of the number plates: each run has cars of its own.
const DISTRICTS: [&str; 5] = ["HAL", "MQ", "SK", "BLK", "ABI"];
const CAMERA: &str = "camera-in-1";
/// A controller speaks for its own lane alone.
const LANE: &str = "in-1";

pub async fn measure(house: &House, report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut parking = ParkingClient::new(house.channel(&House::operator()).await?);
    let request = IssueDeviceTokenRequest { device_id: CAMERA.to_owned() };
    let token = parking.issue_device_token(request).await?.into_inner().token;
    let (mut by_code, mut by_plate) = (Vec::new(), Vec::new());
    anyhow::ensure!(
        runs as usize <= DISTRICTS.len(),
        "at most {} runs: each needs number plates of its own",
        DISTRICTS.len()
    );
    for run in 1..=runs {
        let [code, plate] = once(house, &token, DISTRICTS[run as usize % DISTRICTS.len()]).await?;
        println!("lanes {run}: by code {code}; by plate {plate}");
        by_code.push(code);
        by_plate.push(plate);
    }
    for (metric, all) in [("opened by code, 50 cars/s", by_code), ("opened by plate, 50 cars/s", by_plate)] {
        report.add(Figure {
            scenario: "lanes",
            metric,
            unit: "ms",
            median: median(all.iter().map(Latencies::median_ms).collect()),
            p99: Some(median(all.iter().map(Latencies::p99_ms).collect())),
            floor: None,
        })?;
    }
    Ok(())
}

/// The latencies by code, and those by plate.
async fn once(house: &House, token: &str, district: &str) -> anyhow::Result<[Latencies; 2]> {
    let showings = hall::showings_at(house, 1, 20, 25, TimeDelta::minutes(40), TimeDelta::zero()).await?;
    let visits = super::visits(house, showings[0], CARS, CARS, 0).await?;
    let mut attendant = ParkingClient::new(house.channel(&House::operator()).await?);
    let mut cars = Vec::with_capacity(CARS);
    for (place, ordered) in visits.into_iter().enumerate() {
        let plate = format!("{district}-{}{} {}", letter(place / 26), letter(place), 1000 + place);
        if place % 2 == 1 {
            let visit_id = ordered.visit.visit_id;
            attendant.set_plate(SetPlateRequest { visit_id, plate: plate.clone() }).await?;
        }
        cars.push((ordered.code, plate));
    }
    let lane = Caller::Device { id: LANE.to_owned(), kind: "lane".to_owned() };
    let barrier = ParkingClient::new(house.channel(&lane).await?);
    let camera = reqwest::Client::new();
    let address = format!("{}/lanes/plate-recognizer", house.web);
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let tasks = kernel::Tasks::default();
    let start = tokio::time::Instant::now();
    for (place, (code, plate)) in cars.into_iter().enumerate() {
        let intended = start + Duration::from_secs(1) / PER_SECOND * u32::try_from(place)?;
        tokio::time::sleep_until(intended).await;
        let (mut barrier, camera, told) = (barrier.clone(), camera.clone(), told.clone());
        let (address, token) = (address.clone(), token.to_owned());
        tasks.spawn(async move {
            let opened = if place % 2 == 0 {
                by_code(&mut barrier, code).await
            } else {
                by_plate(&camera, &address, &token, &plate).await
            };
            let _ = told.send((place % 2, intended.elapsed(), opened));
        });
    }
    drop(told);
    let mut latencies = [Latencies::new(), Latencies::new()];
    while let Some((way, latency, opened)) = answers.recv().await {
        anyhow::ensure!(opened?, "the barrier stayed shut for a car with a bay");
        latencies[way].add(latency);
    }
    Ok(latencies)
}

fn letter(place: usize) -> char {
    char::from(b'A' + u8::try_from(place % 26).unwrap_or_default())
}

type Barrier<I> = ParkingClient<tonic::service::interceptor::InterceptedService<tonic::transport::Channel, I>>;

async fn by_code<I>(barrier: &mut Barrier<I>, code: String) -> anyhow::Result<bool>
where
    I: tonic::service::Interceptor,
{
    let request = RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: LANE.to_owned(),
        direction: Direction::In.into(),
        code,
        bay_class: 0,
    };
    Ok(barrier.record_lane(request).await?.into_inner().verdict() == Verdict::Open)
}

async fn by_plate(camera: &reqwest::Client, address: &str, token: &str, plate: &str) -> anyhow::Result<bool> {
    let push = json!({
        "hook": {"event": "recognition", "id": CAMERA},
        "data": {
            "camera_id": CAMERA,
            "timestamp": kernel::clock::wall_now().to_rfc3339(),
            "results": [{"plate": plate.to_lowercase(), "score": 0.95, "dscore": 0.9}],
        },
    });
    let answer = camera.post(address).bearer_auth(token).json(&push).send().await?;
    let status = answer.status();
    let answer: serde_json::Value = answer.json().await?;
    anyhow::ensure!(status.is_success(), "the camera was answered {status}: {answer}");
    Ok(answer["verdict"] == "open")
}
