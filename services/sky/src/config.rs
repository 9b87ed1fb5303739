//! What commands beside a running `sky up` need to know of it: its addresses and keys, kept in its
//! folder. The environment stands above the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use data_encoding::BASE64;
use kernel::{Settings, Transport, identity::Keys};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::services;

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

/// A running house, seen from outside: where each service answers.
pub struct Elsewhere {
    addresses: BTreeMap<String, String>,
    keys: Keys,
}

impl Elsewhere {
    /// The house at one address; else each service where the configuration's `peers` name it, else in this folder's house.
    ///
    /// # Errors
    /// A service is nowhere.
    pub fn find(settings: &Settings, home: &Path, grpc: Option<&str>) -> anyhow::Result<Self> {
        let here = read_run_file(home).map(|run| run.grpc);
        let mut addresses = BTreeMap::new();
        for service in services::ALL.map(|service| service.name) {
            let peer = settings.peers.get(service).map(String::as_str);
            let address = grpc.or(peer).or(here.as_deref());
            let none = if settings.peers.is_empty() { String::new() } else { format!(" (`peers` has no {service})") };
            let address = address.with_context(|| {
                format!("no running house is known here{none}; start one with `sky up` or name one with --grpc http://host:port")
            })?;
            addresses.insert(service.to_owned(), address.to_owned());
        }
        Ok(Self { addresses, keys: settings.keys()? })
    }

    /// A way to every service, with the authority of this binary.
    ///
    /// # Errors
    /// When an address is none.
    pub fn ways(&self) -> anyhow::Result<impl Fn(&'static str) -> Transport + use<>> {
        kernel::transport::remote(&self.addresses, self.keys.clone(), "sky")
    }

    /// One service for each place where any answers: what a process says of all its services is asked once.
    pub fn one_of_each_process(&self) -> Vec<&'static str> {
        let mut seen = BTreeSet::new();
        services::ALL
            .map(|service| service.name)
            .into_iter()
            .filter(|name| seen.insert(&self.addresses[*name]))
            .collect()
    }
}
