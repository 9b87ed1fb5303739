//! `sky house check|load`: the house file, read by every service for its own part. First all check,
//! then all apply: a file with an error changes nothing.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use kernel::{Settings, Transport};
use sky_proto::kernel::v1::{LoadHouseRequest, operations_client::OperationsClient};

use crate::services;

/// Options of `sky house`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Read a house file and say what is in it or what is wrong.
    Check {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        address: crate::Address,
    },
    /// Check, then load it into the running house.
    Load {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        address: crate::Address,
    },
}

/// Runs it.
pub async fn command(settings: &Settings, home: &Path, options: Options) -> anyhow::Result<ExitCode> {
    let (file, address, check_only) = match options.what {
        What::Check { file, address } => (file, address, true),
        What::Load { file, address } => (file, address, false),
    };
    let to = crate::config::remote(settings, home, address.grpc)?;
    for line in load(&file, check_only, to).await? {
        println!("{line}");
    }
    println!("{}: {}", file.display(), if check_only { "good" } else { "loaded" });
    Ok(ExitCode::SUCCESS)
}

/// Checks a file with all services and, unless `check_only`, applies it. Answers what was found.
pub async fn load(
    file: &Path,
    check_only: bool,
    to: impl Fn(&'static str) -> Transport,
) -> anyhow::Result<Vec<String>> {
    let toml = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let table: toml::Table = toml.parse().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    if let Some(unknown) = table.keys().find(|key| !services::ALL.iter().any(|service| service.name == *key)) {
        let line = toml.lines().position(|line| {
            line.trim_start().starts_with(&format!("[{unknown}"))
                || line.trim_start().starts_with(&format!("[[{unknown}"))
                || line.trim_start().starts_with(unknown.as_str())
        });
        bail!("{}: line {}: `{unknown}` is no service of the house", file.display(), line.map_or(0, |line| line + 1));
    }
    let mut found = Vec::new();
    for step_checks in [true, false] {
        if !step_checks && check_only {
            break;
        }
        for service in services::ALL {
            let request = LoadHouseRequest {
                service: service.name.to_owned(),
                house_toml: toml.clone(),
                check_only: step_checks,
            };
            let answer = OperationsClient::new(to(service.name)).load_house(request).await;
            let summary = answer
                .map_err(|status| {
                    anyhow::anyhow!("{}: {}", file.display(), status.message().trim_start_matches("house_toml: "))
                })?
                .into_inner()
                .summary;
            if step_checks && !summary.is_empty() {
                found.push(format!("{}: {summary}", service.name));
            }
        }
    }
    Ok(found)
}
