//! Scans: two lanes, 50 scans a second in all at intended start times (a late answer does not delay
//! the next scan), each of another ticket of one showing.

use std::time::{Duration, Instant};

use kernel::ticket_code::{Kind, TicketCode};
use prost::{Message, Name};
use sky_proto::{
    flow::v1::{ScanRequest, ScanVerdict, flow_client::FlowClient},
    reservations::v1::{BookingConfirmed, IssuedTicket},
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    house::House,
    lanes::showings,
    report::{Figure, Latencies, Report, median},
};

const SCANS: usize = 1000;
const PER_SECOND: u32 = 50;

/// Each run in a house of its own: what one leaves to be done would be done during the next.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let (mut medians, mut p99s) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        let house = House::fresh().await?;
        let showing = showings(&house, 1).await?.remove(0);
        let latencies = scan(&house, &showing).await?;
        println!("run {run}: median {:.2} ms, p99 {:.2} ms", latencies.median_ms(), latencies.p99_ms());
        medians.push(latencies.median_ms());
        p99s.push(latencies.p99_ms());
        let folder = house.stop().await?;
        std::fs::remove_dir_all(folder)?;
    }
    report.add(Figure {
        scenario: "scan",
        metric: "scan answer at 50 scans/s",
        unit: "ms",
        median: median(medians),
        p99: Some(median(p99s)),
        floor: None,
    })
}

async fn scan(house: &House, showing: &str) -> anyhow::Result<Latencies> {
    let codes = tickets(house, showing, SCANS).await?;
    let operator = House::operator();
    let lanes = [FlowClient::new(house.channel(&operator).await?), FlowClient::new(house.channel(&operator).await?)];
    let (report, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let tasks = kernel::Tasks::default();
    let start = tokio::time::Instant::now();
    let device = format!("load-{}", Uuid::new_v4().simple());
    for (place, code) in codes.into_iter().enumerate() {
        tokio::time::sleep_until(start + Duration::from_secs(1) / PER_SECOND * u32::try_from(place)?).await;
        let intended = Instant::now();
        let (mut flow, report) = (lanes[place % 2].clone(), report.clone());
        let request = ScanRequest {
            device_id: device.clone(),
            nonce: place.to_string(),
            lane: format!("dome-{}", place % 2 + 1),
            showing_id: showing.to_owned(),
            code,
            ..ScanRequest::default()
        };
        tasks.spawn(async move {
            let answer = flow.scan(request).await.map(|answer| answer.into_inner().verdict());
            let _ = report.send((intended.elapsed(), answer));
        });
    }
    drop(report);
    let mut latencies = Latencies::new();
    while let Some((latency, verdict)) = answers.recv().await {
        let verdict = verdict?;
        anyhow::ensure!(verdict == ScanVerdict::Admitted, "a good ticket was not admitted: {verdict:?}");
        latencies.add(latency);
    }
    Ok(latencies)
}

/// Tells flow of tickets the way it always hears of them: as events in reservations' log. Far more than
/// a dome holds, because the door is measured here and not the sale.
pub(crate) async fn tickets(house: &House, showing_id: &str, many: usize) -> anyhow::Result<Vec<String>> {
    let showing = Uuid::parse_str(showing_id)?;
    let now = kernel::clock::wall_now();
    let (from, until) = (now - chrono::TimeDelta::days(1), now + chrono::TimeDelta::days(7));
    let mut connection = PgConnection::connect(&house.database_url).await?;
    let (mut codes, mut last) = (Vec::with_capacity(many), 0_i64);
    for _ in 0..many {
        let (id, visit) = (Uuid::now_v7(), Uuid::now_v7());
        let code = TicketCode { kind: Kind::Ticket, id, showing, not_before: from, not_after: until, generation: 1 };
        codes.push(house.keys().issue_code(&code));
        let booking = BookingConfirmed {
            visit_id: visit.to_string(),
            showing_id: showing_id.to_owned(),
            reference: kernel::ticket_code::reference(visit),
            tickets: vec![IssuedTicket {
                ticket_id: id.to_string(),
                seat: "X1".to_owned(),
                tariff_class: "adult".to_owned(),
                need: 0,
                free_seating: false,
            }],
            valid_from: Some(kernel::values::timestamp(from)),
            valid_until: Some(kernel::values::timestamp(until)),
        };
        last = sqlx::query_scalar(
            "insert into reservations.outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, occurred_at)
             values ($1, $2, 1, $3, 'reservations.v1.booking_confirmed.' || $2, $4, $5) returning seq",
        )
        .bind(Uuid::now_v7())
        .bind(visit.to_string())
        .bind(BookingConfirmed::full_name())
        .bind(booking.encode_to_vec())
        .bind(now)
        .fetch_one(&mut connection)
        .await?;
    }
    let arrived = "select coalesce((select last_pub_seq from flow.consumer_pos where producer = 'reservations'), 0)
                   >= (select coalesce(pub_seq, 9223372036854775807) from reservations.outbox where seq = $1)";
    let deadline = Instant::now() + Duration::from_secs(30);
    while !sqlx::query_scalar::<_, bool>(arrived).bind(last).fetch_one(&mut connection).await? {
        anyhow::ensure!(Instant::now() < deadline, "flow has not heard of the tickets within 30 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(codes)
}
