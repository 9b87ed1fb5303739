//! `sky run` and `sky migrate`: some services against real servers, until the process is told to stop.

use std::process::ExitCode;

use clap::Args;
use kernel::{Boot, Clock, Settings};
use tokio::signal::unix::{SignalKind, signal};

use crate::services;

/// Which services.
#[derive(Debug, Args)]
pub struct Targets {
    /// Services, separated by commas; "all" for all.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    pub target: Vec<String>,
}

/// Options of `sky run`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    targets: Targets,
    /// Do not run migrations; refuse to start when some are missing.
    #[arg(long)]
    no_migrate: bool,
}

/// Runs until SIGINT or SIGTERM. The exit code says whether the end was orderly.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<ExitCode> {
    let services = services::named(&options.targets.target)?;
    let _telemetry = kernel::telemetry::init(&settings)?;
    let running = kernel::run(Boot { services, settings, clock: Clock::real(), migrate: !options.no_migrate }).await?;
    println!("gRPC http://{}  HTTP http://{}", running.grpc, running.http);
    stop_signal().await?;
    tracing::info!("stopping");
    Ok(if running.shutdown().await { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Resolves at the first SIGINT or SIGTERM.
pub async fn stop_signal() -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Runs the migrations of some services.
pub async fn migrate(settings: &Settings, targets: &Targets) -> anyhow::Result<ExitCode> {
    let services = services::named(&targets.target)?;
    kernel::migrate(&services, settings).await?;
    println!("{} service(s) are up to date", services.len());
    Ok(ExitCode::SUCCESS)
}
