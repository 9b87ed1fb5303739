//! What commands beside a running `sky up` need to know of it: its addresses and keys, kept in its
//! folder. The environment stands above the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use data_encoding::BASE64;
use kernel::{Settings, Transport, identity::Keys};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};

use crate::{servers, services};

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

/// Writes a file that only its owner may read, never half.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    servers::write_private(path, text)
}

/// Notes where the house runs.
pub fn write_run_file(home: &Path, run: &RunFile) -> anyhow::Result<()> {
    write_secret(&run_file(home), &toml::to_string(run)?)
}

/// Where the house of this folder runs, if it ever did.
pub fn read_run_file(home: &Path) -> Option<RunFile> {
    toml::from_str(&fs::read_to_string(run_file(home)).ok()?).ok()
}

/// A key of the house: from the folder, made up on first use. Never made up where there was one: what the old one has
/// signed, above all tickets, would be worth nothing.
pub fn key(home: &Path, name: &str) -> anyhow::Result<String> {
    let path = key_file(home, name);
    let back = || {
        let variable = name.to_uppercase();
        format!(
            "put the old file {} back, or set SKY_{variable}_KEY; a new key makes all worthless that the old one signed",
            path.display()
        )
    };
    match fs::read_to_string(&path) {
        Ok(text) => {
            let bytes = BASE64.decode(text.trim().as_bytes()).map(|bytes| bytes.len());
            anyhow::ensure!(bytes == Ok(32), "the house's {name} key is not 32 bytes in base64: {}", back());
            return Ok(text.trim().to_owned());
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("the house's {name} key cannot be read: {}", back()));
        }
        Err(_) => anyhow::ensure!(!fs::exists(run_file(home))?, "the house's {name} key is missing: {}", back()),
    }
    let mut seed = [0_u8; 32];
    rand::rng().fill(&mut seed);
    let text = BASE64.encode(&seed);
    write_secret(&path, &text)?;
    Ok(text)
}

/// For a house that somebody has opened elsewhere on this database no key is made up: what is signed with another one
/// would be worth nothing, above all the tickets that it has sold.
///
/// # Errors
/// There is such a house, and a key of it neither in the environment nor in the folder; the database does not answer.
pub async fn has_keys(settings: &Settings, home: &Path) -> anyhow::Result<()> {
    for (name, key) in [("identity", &settings.identity_key), ("ticket", &settings.ticket_key)] {
        if !key.is_empty() || fs::exists(key_file(home, name))? {
            continue;
        }
        let url = settings.database_urls.get(services::ALL[0].name).unwrap_or(&settings.database_url);
        let mut database = PgConnection::connect(url)
            .await
            .map_err(|error| anyhow::anyhow!("database: {error}. Check SKY_DATABASE_URL and that PostgreSQL runs."))?;
        let opened: bool = sqlx::query_scalar("select to_regnamespace($1) is not null")
            .bind(services::ALL[0].name)
            .fetch_one(&mut database)
            .await?;
        let variable = name.to_uppercase();
        anyhow::ensure!(
            !opened,
            "there is a house on this database, and its {name} key is not here: set SKY_{variable}_KEY, or put {} there",
            key_file(home, name).display()
        );
    }
    Ok(())
}

fn key_file(home: &Path, name: &str) -> PathBuf {
    home.join("secrets").join(format!("{name}.key"))
}

/// Fills what the environment leaves open from the folder of `sky up`.
pub fn with_home(mut settings: Settings, home: &Path) -> anyhow::Result<Settings> {
    if let Some(run) = read_run_file(home) {
        if settings.database_url.is_empty() {
            settings.database_url = run.database_url;
        }
        if settings.nats_url.is_empty() {
            settings.nats_url = run.nats_url;
        }
        if settings.identity_key.is_empty() {
            settings.identity_key = key(home, "identity")?;
        }
        if settings.ticket_key.is_empty() {
            settings.ticket_key = key(home, "ticket")?;
        }
    }
    Ok(settings)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let home = std::env::temp_dir().join(format!("sky-keys-{}", uuid::Uuid::new_v4()));
        let file = home.join("secrets/ticket.key");
        let made = key(&home, "ticket").expect("a new key");
        assert_eq!(key(&home, "ticket").expect("the same"), made);
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        let names = fs::read_dir(home.join("secrets")).expect("a folder").map(|it| it.expect("a file").file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["ticket.key"], "nothing is left beside it");

        for (what, bytes) in [("empty", &b""[..]), ("half", &made.as_bytes()[..20]), ("no text", &[0xff, 0xfe])] {
            fs::write(&file, bytes).expect("written");
            let refused = key(&home, "ticket").expect_err(what).to_string();
            assert!(refused.contains("secrets/ticket.key") && refused.contains("SKY_TICKET_KEY"), "{what}: {refused}");
            assert!(!refused.contains(&made[..20]), "{what}: {refused}");
            assert_eq!(fs::read(&file).expect("a file"), bytes, "{what}: it stays as it was");
        }
        // A house that has run has had one.
        fs::remove_file(&file).expect("removed");
        let run =
            RunFile { database_url: String::new(), nats_url: String::new(), grpc: String::new(), http: String::new() };
        write_run_file(&home, &run).expect("written");
        let refused = key(&home, "ticket").expect_err("missing").to_string();
        assert!(refused.contains("is missing") && !fs::exists(&file).expect("asked"), "{refused}");
        let settings = Settings { identity_key: made.clone(), ..Settings::default() };
        assert!(with_home(settings, &home).is_err(), "nor by a command beside the house");
        // What was a link, to a folder that secrets are kept in, is written as a file of its own.
        symlink("/dev/full", home.join("secrets/other.key")).expect("a link");
        write_secret(&home.join("secrets/other.key"), &made).expect("written whole");
        assert_eq!(key(&home, "other").expect("a key"), made);
        fs::remove_dir_all(&home).expect("removed");
    }
}
