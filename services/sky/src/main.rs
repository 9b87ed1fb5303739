//! `sky`: the one binary. Runs any subset of the services, and the commands around them.
//! This file is the table of contents; every command has a file of its own.

mod arenas;
mod config;
mod dead;
mod health;
mod house;
mod run;
mod servers;
mod services;
mod simulate;
mod staff;
mod up;
mod verify;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

/// Digital Sky: one visitor journey, from the car park to the café.
#[derive(Debug, Parser)]
#[command(name = "sky", version, about)]
struct Cli {
    /// Configuration file (TOML). SKY_… environment variables stand above it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder with the data of `sky up`: servers, keys, addresses.
    #[arg(long, global = true, value_name = "DIR", default_value = ".sky")]
    home: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the whole house on this machine with its own PostgreSQL and NATS.
    Up(up::Options),
    /// Run some services against real servers.
    Run(run::Options),
    /// Bring the databases of some services up to date.
    Migrate(run::Targets),
    /// Print the effective configuration, secrets left out.
    Config,
    /// Check or load a house file.
    House(house::Options),
    /// Staff accounts.
    #[command(subcommand)]
    Staff(staff::Command),
    /// How the services of a running house are.
    Health(Address),
    /// Events that could not be applied.
    #[command(subcommand)]
    Dead(dead::Command),
    /// Check every invariant of the house against the databases.
    Verify,
    /// Play a day of the house through its public interfaces, fast.
    Simulate(simulate::Options),
    /// Run a command with throw-away servers (TEST_DATABASE_URL, TEST_NATS_URL): for tests.
    Servers {
        /// Keep the servers' data here instead of in a temporary folder.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Where a running house answers.
#[derive(Debug, Args)]
struct Address {
    /// gRPC address of the whole house; without it, each service's own in `peers`, else that of this folder's house.
    #[arg(long, value_name = "URL")]
    grpc: Option<String>,
}

/// A date on the command line.
fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a date such as 2026-11-28"))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Up(_) | Command::Run(_)) {
        arenas::keep_few();
    }
    kernel::tls::install();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sky: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sky: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::Servers { dir, command } = cli.command {
        return servers::with_servers(dir, command).await;
    }
    let settings = kernel::Settings::load(cli.config.as_deref())?;
    settings.only_for(&services::ALL.map(|service| service.name))?;
    let home = cli.home;
    match cli.command {
        Command::Up(options) => up::up(settings, &home, options).await,
        Command::Run(options) => run::run(settings, options).await,
        Command::Migrate(targets) => run::migrate(&config::with_home(settings, &home)?, &targets).await,
        Command::Config => {
            print!("{}", config::with_home(settings, &home)?.redacted());
            Ok(ExitCode::SUCCESS)
        }
        Command::House(options) => house::command(&config::with_home(settings, &home)?, &home, options).await,
        Command::Staff(command) => staff::command(&config::with_home(settings, &home)?, command).await,
        Command::Health(address) => health::health(&config::with_home(settings, &home)?, &home, address.grpc).await,
        Command::Dead(command) => dead::command(&config::with_home(settings, &home)?, &home, command).await,
        Command::Verify => verify::command(&config::with_home(settings, &home)?).await,
        Command::Simulate(options) => simulate::command(options).await,
        Command::Servers { .. } => unreachable!("answered above"),
    }
}
