//! `sky health`: a table of the four numbers that matter, per service.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use kernel::Settings;
use sky_proto::kernel::v1::{GetHealthRequest, operations_client::OperationsClient};

/// Prints it; fails when a service is not well.
pub async fn health(settings: &Settings, home: &Path, grpc: Option<String>) -> anyhow::Result<ExitCode> {
    let to = crate::config::remote(settings, home, grpc)?;
    let answer = OperationsClient::new(to("reservations")).get_health(GetHealthRequest {}).await;
    let services = answer.context("the house does not answer; does it run?")?.into_inner().services;
    println!("{:<14} {:<9} {:<7} {:>11} {:>5}  consumers (lag)", "service", "database", "broker", "outbox age", "dead");
    let mut well = true;
    for service in services {
        let consumers: Vec<String> =
            service.consumers.iter().map(|consumer| format!("{} ({})", consumer.producer, consumer.lag)).collect();
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
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
