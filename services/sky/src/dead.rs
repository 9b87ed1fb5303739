//! `sky dead list` and `sky dead replay`: events that could not be applied.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use clap::Subcommand;
use kernel::Settings;
use sky_proto::kernel::v1::{ListDeadEventsRequest, ReplayDeadEventRequest, operations_client::OperationsClient};

use crate::{Address, config::Elsewhere, services};

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show them.
    List(Address),
    /// Apply one again, and those parked behind it.
    Replay {
        /// The service that could not apply it.
        service: String,
        /// The service that told it.
        producer: String,
        /// Its position in the producer's log, from the list.
        position: u64,
        #[command(flatten)]
        address: Address,
    },
}

/// Runs it.
pub async fn command(settings: &Settings, home: &Path, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(address) => {
            let to = Elsewhere::find(settings, home, address.grpc.as_deref())?.ways()?;
            let (mut events, mut away) = (Vec::new(), Vec::new());
            for service in services::ALL.map(|service| service.name) {
                let request = ListDeadEventsRequest { service: service.to_owned() };
                match OperationsClient::new(to(service)).list_dead_events(request).await {
                    Ok(answer) => events.extend(answer.into_inner().events),
                    Err(status) => away.push(format!("{service} does not say: {}", status.message())),
                }
            }
            for dead in &events {
                let event = dead.event.as_ref().context("an empty answer")?;
                let what = if dead.parked { "parked" } else { "dead" };
                println!(
                    "{} ← {} #{} {} of {} ({what}): {}",
                    dead.service, dead.producer, event.pub_seq, event.r#type, event.aggregate_id, dead.error
                );
            }
            println!("{} dead or parked event(s)", events.len());
            anyhow::ensure!(away.is_empty(), "{}", away.join("; "));
        }
        Command::Replay { service, producer, position, address } => {
            let to = Elsewhere::find(settings, home, address.grpc.as_deref())?.ways()?;
            let known = services::ALL.into_iter().find(|known| known.name == service);
            let known = known.with_context(|| format!("`{service}` is no service of the house"))?;
            let mut operations = OperationsClient::new(to(known.name));
            let request = ReplayDeadEventRequest { service, producer, pub_seq: position };
            let answer = operations.replay_dead_event(request).await;
            let applied = answer.map_err(|status| anyhow::anyhow!("{}", status.message()))?.into_inner().applied;
            println!("{applied} event(s) applied");
        }
    }
    Ok(ExitCode::SUCCESS)
}
