//! Configuration: a TOML file, then `SKY_…` environment variables on top. Unknown keys are refused,
//! so that a typo cannot pass. Secrets come from the environment alone.

use std::{collections::BTreeMap, path::Path};

use data_encoding::BASE64;
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::identity::Keys;

/// What can be set. In the environment: `SKY_` and the key, nested with two underscores
/// (`SKY_PEERS__FLOW=http://…`).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Secret. PostgreSQL URL.
    pub database_url: String,
    /// A service's own PostgreSQL URL, where it has one. Secret.
    pub database_urls: BTreeMap<String, String>,
    /// Secret. NATS URL.
    pub nats_url: String,
    /// Secret. 32 bytes in base64: signs identities.
    pub identity_key: String,
    /// Secret. 32 bytes in base64: signs tickets.
    pub ticket_key: String,
    /// First part of every stream, subject and hint; two houses on one broker differ in it.
    pub nats_prefix: String,
    /// Where gRPC is served.
    pub grpc_listen: String,
    /// Where HTTP (pages, open formats, health, metrics) is served.
    pub http_listen: String,
    /// gRPC addresses of services that run elsewhere.
    pub peers: BTreeMap<String, String>,
    /// Connections per service.
    pub pool_size: u32,
    /// OTLP endpoint; empty: none.
    pub otlp_endpoint: String,
    /// Log filter, as in `RUST_LOG`.
    pub log: String,
    /// Settings of single services.
    pub services: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: String::new(),
            database_urls: BTreeMap::new(),
            nats_url: String::new(),
            identity_key: String::new(),
            ticket_key: String::new(),
            nats_prefix: "sky".to_owned(),
            grpc_listen: "127.0.0.1:7420".to_owned(),
            http_listen: "127.0.0.1:8420".to_owned(),
            peers: BTreeMap::new(),
            pool_size: 8,
            otlp_endpoint: String::new(),
            log: "info,sqlx=warn,async_nats=warn".to_owned(),
            services: BTreeMap::new(),
        }
    }
}

/// The keys that must not stand in a file.
const SECRETS: [&str; 5] = ["database_url", "database_urls", "nats_url", "identity_key", "ticket_key"];

impl Settings {
    /// Reads a file (if one is named) and the environment.
    ///
    /// # Errors
    /// A missing or malformed file, an unknown key, a secret in the file.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?;
            let table: toml::Table = text.parse().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            if let Some(secret) = SECRETS.into_iter().find(|secret| table.contains_key(*secret)) {
                anyhow::bail!(
                    "{}: `{secret}` is a secret; set SKY_{} in the environment instead",
                    path.display(),
                    secret.to_uppercase()
                );
            }
            figment = figment.merge(Toml::string(&text));
        }
        // SKY_NATS_SERVER names a program for `sky up`, it is no setting of a service.
        let settings = figment.merge(Env::prefixed("SKY_").ignore(&["nats_server"]).split("__")).extract()?;
        Ok(settings)
    }

    /// One service's own settings, from `[services.<name>]`.
    ///
    /// # Errors
    /// An unknown key or a wrong type.
    pub fn service<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let table: toml::Table = self.services.get(name).cloned().unwrap_or_default().into_iter().collect();
        T::deserialize(toml::Value::Table(table))
            .map_err(|error| anyhow::anyhow!("configuration [services.{name}]: {error}"))
    }

    pub(crate) fn database_url(&self, service: &str) -> &str {
        self.database_urls.get(service).map_or(&self.database_url, |url| url)
    }

    /// The house's keys.
    ///
    /// # Errors
    /// When one is missing or not 32 bytes in base64.
    pub fn keys(&self) -> anyhow::Result<Keys> {
        let seed = |name: &str, text: &str| -> anyhow::Result<[u8; 32]> {
            let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| {
                anyhow::anyhow!(
                    "SKY_{name} must be set to 32 random bytes in base64 (head -c 32 /dev/urandom | base64)"
                )
            })
        };
        Ok(Keys::from_seeds(seed("IDENTITY_KEY", &self.identity_key)?, seed("TICKET_KEY", &self.ticket_key)?))
    }

    /// The effective configuration as TOML, secrets replaced.
    #[must_use]
    pub fn redacted(&self) -> String {
        let hide = |secret: &String| {
            if secret.is_empty() { String::new() } else { "(secret)".to_owned() }
        };
        let shown = Self {
            database_url: hide(&self.database_url),
            database_urls: self.database_urls.iter().map(|(name, url)| (name.clone(), hide(url))).collect(),
            nats_url: hide(&self.nats_url),
            identity_key: hide(&self.identity_key),
            ticket_key: hide(&self.ticket_key),
            ..self.clone()
        };
        toml::to_string_pretty(&shown).unwrap_or_else(|error| format!("# cannot be shown: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_print() {
        let settings = Settings {
            database_url: "postgres://sky:hush@h/db".to_owned(),
            identity_key: "hush".to_owned(),
            ..Settings::default()
        };
        assert!(!settings.redacted().contains("hush"));
    }

    #[test]
    fn a_file_with_a_typo_or_a_secret_is_refused() {
        let folder = std::env::temp_dir().join(format!("sky-config-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let file = folder.join("sky.toml");
        std::fs::write(&file, "http_lisen = \"x\"").expect("written");
        assert!(Settings::load(Some(&file)).expect_err("typo").to_string().contains("http_lisen"));
        std::fs::write(&file, "database_url = \"x\"").expect("written");
        assert!(Settings::load(Some(&file)).expect_err("secret").to_string().contains("SKY_DATABASE_URL"));
        std::fs::write(&file, "http_listen = \"127.0.0.1:1\"").expect("written");
        assert_eq!(Settings::load(Some(&file)).expect("good").http_listen, "127.0.0.1:1");
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
