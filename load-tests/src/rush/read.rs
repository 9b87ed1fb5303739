//! Reading while others buy: how fast, and how old is what one is told.

use std::time::Duration;

use kernel::Caller;
use sky_proto::reservations::v1::{GetShowingRequest, reservations_client::ReservationsClient};
use uuid::Uuid;

use super::sell;
use crate::{house::House, report::Latencies};

const READS_PER_SECOND: u32 = 500;

/// What the reads came to.
pub struct Polled {
    /// From the intended start of each read.
    pub latencies: Latencies,
    /// The age of the oldest availability that anybody was told, in milliseconds, by what the answer itself
    /// says (`observed_at`).
    pub oldest_ms: f64,
}

impl std::fmt::Display for Polled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}, oldest answer {:.0} ms", self.latencies, self.oldest_ms)
    }
}

/// Reads at intended start times while 16 callers hold places and give them back.
pub async fn under_sale(house: &House, showing: Uuid, seconds: u64) -> anyhow::Result<Polled> {
    let sale = sell::coming_and_going(house, showing, 16, seconds);
    let reads = reads(house, showing, seconds);
    let (sale, polled) = tokio::join!(sale, reads);
    println!("  meanwhile {}", sale?);
    polled
}

/// The same while so many people want one showing at one instant, when a second of the reads has passed.
pub async fn under_rush(house: &House, showing: Uuid, people: usize, seconds: u64) -> anyhow::Result<Polled> {
    let crowd = sell::Crowd::gather(house, &showing).await?;
    let rush = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sell::rush_of(&crowd, &showing, people).await
    };
    let (rush, polled) = tokio::join!(rush, reads(house, showing, seconds));
    println!("  meanwhile {} held, {}", rush.as_ref().map_or(0, |rush| rush.held), rush?.latencies);
    polled
}

async fn reads(house: &House, showing: Uuid, seconds: u64) -> anyhow::Result<Polled> {
    let visitor = Caller::Visitor { session: "load-test".to_owned(), visit: None };
    let clients = [
        ReservationsClient::new(house.channel(&visitor).await?),
        ReservationsClient::new(house.channel(&visitor).await?),
    ];
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let start = tokio::time::Instant::now();
    for number in 0..u32::try_from(seconds)? * READS_PER_SECOND {
        let intended = start + Duration::from_secs(1) / READS_PER_SECOND * number;
        tokio::time::sleep_until(intended).await;
        let (mut client, told) = (clients[number as usize % 2].clone(), told.clone());
        tasks.spawn(async move {
            let request = GetShowingRequest { showing_id: showing.to_string() };
            let answer = client.get_showing(request).await;
            let age = answer.map(|showing| {
                let observed = showing.into_inner().availability.and_then(|availability| availability.observed_at);
                kernel::clock::wall_now() - kernel::values::from_timestamp(observed)
            });
            let _ = told.send((intended.elapsed(), age));
        });
    }
    drop(told);
    let mut polled = Polled { latencies: Latencies::new(), oldest_ms: 0.0 };
    while let Some((latency, age)) = answers.recv().await {
        polled.latencies.add(latency);
        polled.oldest_ms = polled.oldest_ms.max(age?.num_milliseconds() as f64);
    }
    Ok(polled)
}
