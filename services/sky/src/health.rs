//! `sky health`: a table of the four numbers that matter, per service.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use kernel::Settings;
use sky_proto::kernel::v1::{GetHealthRequest, operations_client::OperationsClient};

use crate::config::Elsewhere;

/// Events that wait longer than this to be published are a sign of trouble: it is done within milliseconds.
const OLDEST_MS: u64 = 60_000;

/// Prints it; fails when a service is not well.
pub async fn health(settings: &Settings, home: &Path, grpc: Option<String>) -> anyhow::Result<ExitCode> {
    let house = Elsewhere::find(settings, home, grpc.as_deref())?;
    let to = house.ways()?;
    let mut services = Vec::new();
    let mut away = Vec::new();
    for service in house.one_of_each_process() {
        match OperationsClient::new(to(service)).get_health(GetHealthRequest {}).await {
            Ok(answer) => services.extend(answer.into_inner().services),
            Err(status) => away.push((service, status)),
        }
    }
    // What a process says of all its services is said once, whatever names it has.
    services.sort_by(|one, other| one.service.cmp(&other.service));
    services.dedup_by(|one, other| one.service == other.service);
    if services.is_empty() {
        let (_, status) = away.into_iter().next().context("the house has no service")?;
        return Err(anyhow::Error::from(status).context("the house does not answer; does it run?"));
    }
    println!("{:<14} {:<9} {:<7} {:>11} {:>5}  consumers (lag)", "service", "database", "broker", "outbox age", "dead");
    let mut well = away.is_empty();
    for service in services {
        let consumers: Vec<String> = service
            .consumers
            .iter()
            .map(|consumer| {
                let lag = match consumer {
                    _ if consumer.other_log => "OTHER LOG".to_owned(),
                    _ if consumer.stuck => format!("STUCK {}", consumer.lag),
                    _ => consumer.lag.to_string(),
                };
                format!("{} ({lag})", consumer.producer)
            })
            .collect();
        println!(
            "{:<14} {:<9} {:<7} {:>8} ms {:>5}  {}",
            service.service,
            if service.database_ok { "ok" } else { "DOWN" },
            if service.broker_ok { "ok" } else { "DOWN" },
            service.outbox_age_ms,
            service.dead_events,
            consumers.join(", ")
        );
        well &= service.database_ok && service.broker_ok && service.dead_events == 0;
        well &= service.outbox_age_ms <= OLDEST_MS;
        // Says so itself what to do, in its log and in `sky verify`.
        well &= !service.consumers.iter().any(|consumer| consumer.other_log || consumer.stuck);
    }
    for (service, status) in away {
        println!("{service:<14} does not answer: {}", status.message());
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
