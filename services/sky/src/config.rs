//! What commands beside a running `sky up` need to know of it: its addresses and keys, kept in its
//! folder. The environment stands above the folder.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use data_encoding::BASE64;
use kernel::{Settings, Transport};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Written by `sky up` when everything runs; readable by its owner alone.
#[derive(Debug, Deserialize, Serialize)]
pub struct RunFile {
    /// PostgreSQL, with password.
    pub database_url: String,
    /// NATS, with password.
    pub nats_url: String,
    /// gRPC address of the house.
    pub grpc: String,
    /// Its web address.
    pub http: String,
}

fn run_file(home: &Path) -> PathBuf {
    home.join("secrets/run.toml")
}

/// Writes a file that only its owner may read.
pub fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// Notes where the house runs.
pub fn write_run_file(home: &Path, run: &RunFile) -> anyhow::Result<()> {
    write_secret(&run_file(home), &toml::to_string(run)?)
}

/// Where the house of this folder runs, if it ever did.
pub fn read_run_file(home: &Path) -> Option<RunFile> {
    toml::from_str(&fs::read_to_string(run_file(home)).ok()?).ok()
}

/// A key of the house: from the folder, made up on first use.
pub fn key(home: &Path, name: &str) -> anyhow::Result<String> {
    let path = home.join("secrets").join(format!("{name}.key"));
    if let Ok(text) = fs::read_to_string(&path) {
        return Ok(text.trim().to_owned());
    }
    let mut seed = [0_u8; 32];
    rand::rng().fill(&mut seed);
    let text = BASE64.encode(&seed);
    write_secret(&path, &text)?;
    Ok(text)
}

/// Fills what the environment leaves open from the folder of `sky up`.
pub fn with_home(mut settings: Settings, home: &Path) -> Settings {
    if let Some(run) = read_run_file(home) {
        if settings.database_url.is_empty() {
            settings.database_url = run.database_url;
        }
        if settings.nats_url.is_empty() {
            settings.nats_url = run.nats_url;
        }
        if settings.identity_key.is_empty() {
            settings.identity_key = key(home, "identity").unwrap_or_default();
        }
        if settings.ticket_key.is_empty() {
            settings.ticket_key = key(home, "ticket").unwrap_or_default();
        }
    }
    settings
}

/// A way to every service of a running house with the authority of this binary.
pub fn remote(
    settings: &Settings,
    home: &Path,
    grpc: Option<String>,
) -> anyhow::Result<impl Fn(&'static str) -> Transport + use<>> {
    let address = grpc
        .or_else(|| read_run_file(home).map(|run| run.grpc))
        .context("no running house is known here; start one with `sky up` or name one with --grpc http://host:port")?;
    let keys = settings.keys()?;
    kernel::transport::remote(&address, keys, "sky")
}
