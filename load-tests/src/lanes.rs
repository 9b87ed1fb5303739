//! Eight lanes scan 200 codes a second of one showing at intended start times (a late answer does not delay the
//! next scan). Every tenth code is held under two scanners at the same instant: exactly one may let it in.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use kernel::values::timestamp;
use sky_proto::flow::v1::{
    Admission, AdmissionState, GetFlowRequest, MoveAdmissionRequest, ScanRequest, ScanVerdict, flow_client::FlowClient,
};
use uuid::Uuid;

use crate::{
    house::House,
    report::{Figure, Latencies, Report, median},
    scan::tickets,
};

const LANES: usize = 8;
const PER_SECOND: u32 = 200;
const CODES: usize = 2700;

/// Runs on one house, each run at a showing of its own.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let house = House::fresh().await?;
    let showings = showings(&house, runs as usize).await?;
    let (mut medians, mut p99s, mut doubles) = (Vec::new(), Vec::new(), Vec::new());
    for (run, showing) in showings.iter().enumerate() {
        let (latencies, double) = scan(&house, showing).await?;
        let (median_ms, p99_ms) = (latencies.median_ms(), latencies.p99_ms());
        println!("run {}: median {median_ms:.2} ms, p99 {p99_ms:.2} ms, {double} let in twice", run + 1);
        medians.push(median_ms);
        p99s.push(p99_ms);
        doubles.push(f64::from(double));
    }
    let folder = house.stop().await?;
    std::fs::remove_dir_all(folder)?;
    let most = doubles.into_iter().fold(0.0, f64::max);
    let figure = |metric, unit, median, p99| Figure { scenario: "lanes", metric, unit, median, p99, floor: None };
    report.add(figure("scan answer at 200 scans/s from 8 lanes", "ms", median(medians), Some(median(p99s))))?;
    report.add(figure("codes let in twice, the most of all runs", "codes", most, None))?;
    // However fast that was: a door that lets a ticket in twice is no door.
    anyhow::ensure!(most == 0.0, "{most} codes were let in twice in one run");
    Ok(())
}

/// The showings that begin after an instant, in order.
pub(crate) async fn upcoming(house: &House, from: DateTime<Utc>) -> anyhow::Result<Vec<Admission>> {
    let mut flow = FlowClient::new(house.channel(&House::operator()).await?);
    let window =
        GetFlowRequest { from: Some(timestamp(from)), until: Some(timestamp(from + chrono::TimeDelta::days(20))) };
    let mut admissions = flow.get_flow(window).await?.into_inner().admissions;
    admissions.retain(|admission| admission.starts_at.is_some_and(|at| at.seconds >= from.timestamp()));
    admissions.sort_by_key(|admission| admission.starts_at.map(|at| at.seconds));
    Ok(admissions)
}

/// The next showings, with their doors open. None of them begins before an hour has passed: while a run lasts, no last
/// entry may go by.
pub(crate) async fn showings(house: &House, many: usize) -> anyhow::Result<Vec<String>> {
    let admissions = upcoming(house, kernel::clock::wall_now() + chrono::TimeDelta::hours(1)).await?;
    let mut flow = FlowClient::new(house.channel(&House::operator()).await?);
    anyhow::ensure!(admissions.len() >= many, "the house has too few showings");
    let mut showings = Vec::new();
    for admission in admissions.into_iter().take(many) {
        let to = AdmissionState::DoorsOpen.into();
        flow.move_admission(MoveAdmissionRequest { showing_id: admission.showing_id.clone(), to }).await?;
        showings.push(admission.showing_id);
    }
    Ok(showings)
}

/// The latencies, and how many codes let somebody in twice.
async fn scan(house: &House, showing: &str) -> anyhow::Result<(Latencies, u32)> {
    let codes = tickets(house, showing, CODES).await?;
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        lanes.push(FlowClient::new(house.channel(&House::operator()).await?));
    }
    // Who scans what when: a code that is held under two scanners is scanned by both at the same instant.
    let mut scans: Vec<(usize, u32)> = Vec::new();
    let mut at = 0;
    for code in 0..codes.len() {
        let twice = code % 10 == 0;
        scans.extend(std::iter::repeat_n((code, at), if twice { 2 } else { 1 }));
        at += if twice { 2 } else { 1 };
    }
    let (report, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let tasks = kernel::Tasks::default();
    let device = format!("load-{}", Uuid::new_v4().simple());
    let start = tokio::time::Instant::now();
    for (place, (code, at)) in scans.into_iter().enumerate() {
        let intended = start + Duration::from_secs(1) / PER_SECOND * at;
        tokio::time::sleep_until(intended).await;
        let lane = place % LANES;
        let (mut flow, report) = (lanes[lane].clone(), report.clone());
        let request = ScanRequest {
            device_id: device.clone(),
            nonce: place.to_string(),
            lane: format!("dome-{}", lane + 1),
            showing_id: showing.to_owned(),
            code: codes[code].clone(),
            ..ScanRequest::default()
        };
        tasks.spawn(async move {
            let answer = flow.scan(request).await.map(|answer| answer.into_inner().verdict());
            let _ = report.send((code, intended.elapsed(), answer));
        });
    }
    drop(report);
    let mut latencies = Latencies::new();
    let mut admitted: HashMap<usize, u32> = HashMap::new();
    while let Some((code, latency, verdict)) = answers.recv().await {
        latencies.add(latency);
        match verdict? {
            ScanVerdict::Admitted => *admitted.entry(code).or_default() += 1,
            ScanVerdict::AlreadyAdmitted => {}
            other => anyhow::bail!("a good ticket was answered {other:?}"),
        }
    }
    anyhow::ensure!(admitted.len() == codes.len(), "{} of {} codes were let in", admitted.len(), codes.len());
    Ok((latencies, u32::try_from(admitted.values().filter(|times| **times > 1).count())?))
}
