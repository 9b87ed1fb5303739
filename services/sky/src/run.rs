//! `sky run` and `sky migrate`: some services against real servers, until the process is told to stop.

use std::process::ExitCode;

use clap::Args;
use kernel::{Boot, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};

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
    let mut stop = Stop::listen()?;
    let _telemetry = kernel::telemetry::init(&settings)?;
    let clock = settings.clock();
    let running = kernel::run(Boot { services, settings, clock, migrate: !options.no_migrate }).await?;
    println!("gRPC http://{}  HTTP http://{}", running.grpc, running.http);
    stop.told().await;
    tracing::info!("stopping");
    Ok(if running.shutdown().await { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The wish to end: SIGINT or SIGTERM, heard from the moment this exists.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Listens from now on.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Resolves at the first signal, also one that came before this call.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Runs the migrations of some services.
pub async fn migrate(settings: &Settings, targets: &Targets) -> anyhow::Result<ExitCode> {
    let services = services::named(&targets.target)?;
    kernel::migrate(&services, settings).await?;
    println!("{} service(s) are up to date", services.len());
    Ok(ExitCode::SUCCESS)
}
