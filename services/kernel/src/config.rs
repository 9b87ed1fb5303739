//! Configuration: a TOML file, then `SKY_…` environment variables on top. Unknown keys are refused,
//! so that a typo cannot pass. Secrets come from the environment alone.

mod reading;

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use chrono::TimeDelta;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Clock, identity::Keys};
use reading::Written;

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
    /// Secret. Ticket keys of before, with commas between them: codes that they signed stay good. So a key is replaced
    /// without a ticket becoming worthless; one that somebody has stolen is left out.
    pub earlier_ticket_keys: String,
    /// First part of every stream, subject and hint; two houses on one broker differ in it.
    pub nats_prefix: String,
    /// Where gRPC is served.
    pub grpc_listen: String,
    /// Where HTTP (pages, open formats, health) is served; metrics too, for programs on the same machine.
    pub http_listen: String,
    /// gRPC addresses of services that run elsewhere; of several replicas with commas between them.
    pub peers: BTreeMap<String, String>,
    /// Connections per service.
    pub pool_size: u32,
    /// For so many days an event is kept at least; longer while a consumer has not applied it.
    pub event_log_days: u16,
    /// By so many minutes the house's clock is ahead of the machine's (behind it, if negative): to rehearse another hour of
    /// another day. The same in all processes of a house; 0 in operation.
    pub clock_ahead_minutes: i32,
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
            earlier_ticket_keys: String::new(),
            nats_prefix: "sky".to_owned(),
            grpc_listen: "127.0.0.1:7420".to_owned(),
            http_listen: "127.0.0.1:8420".to_owned(),
            peers: BTreeMap::new(),
            pool_size: 8,
            event_log_days: 35,
            clock_ahead_minutes: 0,
            otlp_endpoint: String::new(),
            log: "info,sqlx=warn,async_nats=warn".to_owned(),
            services: BTreeMap::new(),
        }
    }
}

/// The settings of a service that has none: whatever is set for it is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// These hold passwords. Other secrets are known by the last word of their name.
const SECRETS: [&str; 3] = ["database_url", "database_urls", "nats_url"];
const SECRET_WORDS: [&str; 5] = ["key", "keys", "password", "secret", "token"];

fn is_secret(key: &str) -> bool {
    let last = key.rsplit('_').next().unwrap_or_default();
    SECRETS.contains(&key) || SECRET_WORDS.contains(&last)
}

/// The part of an address that says who asks: "user:word" of "http://user:word@host/".
fn sign_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit_once('@').map(|(sign_in, _)| sign_in)
}

/// Walks over all single values below `value`, also over those in a text that is a list: with the way there, and whether
/// the whole value is a secret.
fn walk(way: &str, secret: bool, value: &mut toml::Value, look: &mut impl FnMut(&str, bool, &mut toml::Value)) {
    if !secret && let Some(list) = value.as_str().and_then(reading::list) {
        *value = toml::Value::Array(list);
    }
    match value {
        toml::Value::Array(values) => values.iter_mut().for_each(|value| walk(way, secret, value, look)),
        toml::Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                let below = if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
                walk(&below, secret || is_secret(key), value, look);
            }
        }
        single => look(way, secret, single),
    }
}

impl Settings {
    /// The house's clock where it is neither simulated nor moved by hand.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::ahead(TimeDelta::minutes(self.clock_ahead_minutes.into()))
    }

    /// Reads a file (if one is named) and the environment.
    ///
    /// # Errors
    /// A missing or malformed file, an unknown key, a wrong type, a secret in the file.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        Self::read(file, std::env::vars_os())
    }

    fn read(file: Option<&Path>, variables: impl Iterator<Item = (OsString, OsString)>) -> anyhow::Result<Self> {
        let mut table = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?;
            table = text.parse().map_err(|error: toml::de::Error| {
                // Not the line itself, which may hold what should not be there.
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                anyhow::anyhow!("{}: line {line}: {}", path.display(), error.message())
            })?;
            let mut found = None;
            walk("", false, &mut toml::Value::Table(table.clone()), &mut |way, secret, value| {
                if secret || value.as_str().and_then(sign_in).is_some() {
                    found.get_or_insert_with(|| way.to_owned());
                }
            });
            if let Some(way) = found {
                let variable = way.to_uppercase().replace('.', "__");
                anyhow::bail!("{}: `{way}` is a secret; set SKY_{variable} in the environment instead", path.display());
            }
        }
        reading::put_over(&mut table, variables)?;
        Self::deserialize(Written(toml::Value::Table(table)))
            .map_err(|fault| anyhow::anyhow!("configuration: {fault} (a key `a.b` is SKY_A__B in the environment)"))
    }

    /// Refuses what is set for a service that does not exist: a typo in its name would pass otherwise.
    ///
    /// # Errors
    /// The key, and the names that there are.
    pub fn only_for(&self, services: &[&str]) -> anyhow::Result<()> {
        let keys = [
            ("services", self.services.keys().collect::<Vec<_>>()),
            ("peers", self.peers.keys().collect()),
            ("database_urls", self.database_urls.keys().collect()),
        ];
        for (table, names) in keys {
            if let Some(name) = names.into_iter().find(|name| !services.contains(&name.as_str())) {
                let variable = format!("SKY_{}__{}", table.to_uppercase(), name.to_uppercase());
                anyhow::bail!(
                    "configuration: `{table}.{name}` ({variable}…) is for no service of the house; there are {}",
                    services.join(", ")
                );
            }
        }
        Ok(())
    }

    /// One service's own settings, from `[services.<name>]`.
    ///
    /// # Errors
    /// An unknown key or a wrong type.
    pub fn service<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let table: toml::Table = self.services.get(name).cloned().unwrap_or_default().into_iter().collect();
        T::deserialize(Written(toml::Value::Table(table)))
            .map_err(|fault| anyhow::anyhow!("configuration [services.{name}]: {fault}"))
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
                    "SKY_{name} must be set to 32 random bytes in base64 (head -c 32 /dev/urandom | base64){}",
                    if name.ends_with('S') { "; several with commas between them" } else { "" }
                )
            })
        };
        let earlier = self.earlier_ticket_keys.split(',').map(str::trim).filter(|key| !key.is_empty());
        let earlier: Vec<[u8; 32]> = earlier.map(|key| seed("EARLIER_TICKET_KEYS", key)).collect::<Result<_, _>>()?;
        let keys = Keys::from_seeds(seed("IDENTITY_KEY", &self.identity_key)?, seed("TICKET_KEY", &self.ticket_key)?);
        Ok(keys.with_earlier_ticket_keys(&earlier))
    }

    /// The effective configuration as TOML, secrets replaced.
    #[must_use]
    pub fn redacted(&self) -> String {
        let shown = toml::Value::try_from(self).and_then(|mut settings| {
            walk("", false, &mut settings, &mut |_, secret, value| {
                let text = value.as_str().unwrap_or("other");
                let shown = match sign_in(text) {
                    _ if secret && !text.is_empty() => "(secret)".to_owned(),
                    Some(sign_in) => text.replacen(&format!("{sign_in}@"), "(secret)@", 1),
                    None => return,
                };
                *value = toml::Value::String(shown);
            });
            toml::to_string_pretty(&settings)
        });
        shown.unwrap_or_else(|error| format!("# cannot be shown: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> toml::Value {
        toml::Value::String(value.to_owned())
    }

    #[test]
    fn secrets_never_print() {
        let own = BTreeMap::from([
            ("tse_token".to_owned(), text("hush")),
            ("token".to_owned(), text("hush")),
            ("tse_url".to_owned(), text("https://unit.example/api")),
            ("proxy".to_owned(), text("http://user:hush@proxy:8080/list?day=1")),
            ("warnings".to_owned(), toml::Value::Array(vec![text("http://hush@proxy/"), text("http://open/")])),
            ("feeds".to_owned(), text("[\"http://a/\", \"http://hush@b/\"]")),
            ("pin_secret".to_owned(), toml::Value::Integer(4711)),
            ("smtp".to_owned(), toml::Value::Table(toml::Table::from_iter([("password".to_owned(), text("hush"))]))),
        ]);
        let settings = Settings {
            database_url: "postgres://sky:hush@h/db".to_owned(),
            database_urls: BTreeMap::from([("flow".to_owned(), "postgres://flow:hush@h/db".to_owned())]),
            nats_url: "nats://sky:hush@h".to_owned(),
            identity_key: "hush".to_owned(),
            ticket_key: "hush".to_owned(),
            earlier_ticket_keys: "hush".to_owned(),
            services: BTreeMap::from([("gastro".to_owned(), own)]),
            ..Settings::default()
        };
        let shown = settings.redacted();
        assert!(!shown.contains("hush") && !shown.contains("4711"), "{shown}");
        for kept in ["https://unit.example/api", "http://(secret)@proxy:8080/list?day=1", "http://open/", "tse_token"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        let read: Settings = toml::from_str(&shown).expect("what is shown is a configuration");
        assert_eq!(read.http_listen, settings.http_listen);
    }

    fn loaded(toml: &str) -> Result<Settings, String> {
        let folder = std::env::temp_dir().join(format!("sky-config-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let file = folder.join("sky.toml");
        std::fs::write(&file, toml).expect("written");
        let loaded = Settings::load(Some(&file)).map_err(|error| error.to_string());
        std::fs::remove_dir_all(folder).expect("removed");
        loaded
    }

    /// With these variables and no others.
    fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Settings::read(None, variables).map_err(|error| error.to_string())
    }

    /// A service's own settings, one of each kind.
    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Own {
        token: String,
        perhaps: Option<String>,
        count: u16,
        limit: Option<i64>,
        on: bool,
        names: Vec<String>,
        way: Way,
        below: Below,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Way {
        #[default]
        Tls,
        Plain,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Below {
        password: String,
    }

    #[test]
    fn a_variable_means_what_its_field_needs() {
        for value in [
            "123456",
            "0123",
            "-7",
            "true",
            "[1]",
            "[\"a\"]",
            "{a = 1}",
            "0x10",
            "1e5",
            "1.50",
            "",
            "\"123456\"",
            " 'a' ",
            "1979-05-27",
            "a=b,c",
        ] {
            let settings = with(&[
                ("SKY_TICKET_KEY", value),
                ("SKY_NATS_PREFIX", value),
                ("SKY_PEERS__FLOW", value),
                ("SKY_SERVICES__FLOW__TOKEN", value),
                ("SKY_SERVICES__FLOW__PERHAPS", value),
                ("SKY_SERVICES__FLOW__BELOW__PASSWORD", value),
            ]);
            let settings = settings.unwrap_or_else(|refused| panic!("{value}: {refused}"));
            assert_eq!((settings.ticket_key.as_str(), settings.nats_prefix.as_str()), (value, value));
            assert_eq!(settings.peers["flow"], value);
            let own: Own = settings.service("flow").unwrap_or_else(|refused| panic!("{value}: {refused}"));
            assert_eq!((own.token.as_str(), own.perhaps.as_deref()), (value, Some(value)));
            assert_eq!(own.below.password, value);
        }
        assert_eq!(with(&[("SKY_TICKET_KEY", "of a file\r\n")]).expect("text").ticket_key, "of a file");

        let settings = with(&[
            ("SKY_POOL_SIZE", "12"),
            ("SKY_NATS_SERVER", "/usr/bin/nats-server"),
            ("HOME", "/root"),
            ("SKY_SERVICES__FLOW__COUNT", "7"),
            ("SKY_SERVICES__FLOW__LIMIT", " -3 "),
            ("SKY_SERVICES__FLOW__ON", "true"),
            ("SKY_SERVICES__FLOW__NAMES", "[\"a\", \"b\"]"),
            ("SKY_SERVICES__FLOW__WAY", "plain"),
        ]);
        let settings = settings.expect("settings");
        assert_eq!(settings.pool_size, 12);
        let own: Own = settings.service("flow").expect("a service's own");
        assert_eq!((own.count, own.limit, own.on), (7, Some(-3), true));
        assert_eq!((own.names, own.way), (vec!["a".to_owned(), "b".to_owned()], Way::Plain));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_its_value_is_not_said() {
        for (variable, value, names) in [
            ("SKY_DATABASE_URLS", "postgres://u:hush@h/d", "`database_urls`: must be a map"),
            ("SKY_TICKET_KEY__X", "hush", "`ticket_key`: must be a string"),
            ("SKY_SERVICES", "hush", "`services`: must be"),
            ("SKY_SERVICES__FLOW__TOKEN__X", "hush", "`token`: must be a string"),
            ("SKY_SERVICES__FLOW__BELOW", "{password = \"hush\"}", "`below`: must be"),
            ("SKY_SERVICES__FLOW__BELOW__PASWORD", "hush", "`below`: unknown field `pasword`"),
            ("SKY_POOL_SIZE", "hush", "`pool_size`: must be a whole number from 0 to 4294967295"),
            ("SKY_POOL_SIZE", "", "`pool_size`: must be a whole number"),
            ("SKY_SERVICES__FLOW__COUNT", "65536", "`count`: must be a whole number from 0 to 65535"),
            ("SKY_SERVICES__FLOW__COUNT", "1e5", "`count`: must be a whole number"),
            ("SKY_SERVICES__FLOW__ON", "hush", "`on`: must be true or false"),
            ("SKY_SERVICES__FLOW__NAMES", "hush", "`names`: must be a list such as"),
            ("SKY_SERVICES__FLOW__WAY", "hush", "`way`: must be one of tls, plain"),
        ] {
            let refused = with(&[(variable, value)])
                .and_then(|settings| settings.service::<Own>("flow").map_err(|error| error.to_string()))
                .expect_err(variable);
            assert!(refused.contains(names), "{variable}: {refused}");
            assert!(!refused.contains("hush"), "{variable}: {refused}");
        }
        let both = with(&[("SKY_SERVICES__FLOW", "hush"), ("SKY_SERVICES__FLOW__TOKEN", "hush")]).expect_err("both");
        assert!(both.contains("SKY_SERVICES__FLOW__TOKEN") && !both.contains("hush"), "{both}");
        let torn = loaded("log = \"info\"\nticket_key = \"hush\n").expect_err("torn");
        assert!(torn.contains("line 2") && !torn.contains("hush"), "{torn}");
    }

    #[test]
    fn a_file_with_a_typo_or_a_secret_is_refused() {
        let table = [
            ("http_lisen = \"x\"", "http_lisen"),
            ("database_url = \"x\"", "SKY_DATABASE_URL in the environment"),
            ("database_urls = { flow = \"x\" }", "SKY_DATABASE_URLS__FLOW"),
            ("ticket_key = \"x\"", "SKY_TICKET_KEY"),
            ("earlier_ticket_keys = \"x\"", "SKY_EARLIER_TICKET_KEYS"),
            ("[services.gastro]\ntse_token = \"x\"", "SKY_SERVICES__GASTRO__TSE_TOKEN"),
            ("[services.gastro]\nkds_token = \"\"", "services.gastro.kds_token"),
            ("[services.gastro]\nkds_token = 123456", "SKY_SERVICES__GASTRO__KDS_TOKEN"),
            ("[services.payments]\nprovider_secret = \"x\"", "SKY_SERVICES__PAYMENTS__PROVIDER_SECRET"),
            ("[services.journey]\nsmtp = { password = \"x\" }", "SKY_SERVICES__JOURNEY__SMTP__PASSWORD"),
            ("[services.signage]\nwarnings = [\"http://a/\", \"http://u:w@b/\"]", "SKY_SERVICES__SIGNAGE__WARNINGS"),
        ];
        for (toml, names) in table {
            let refused = loaded(toml).expect_err(toml);
            assert!(refused.contains(names), "{toml}: {refused}");
        }
        assert_eq!(loaded("http_listen = \"127.0.0.1:1\"").expect("good").http_listen, "127.0.0.1:1");
        let good = "[services.journey]\npublic_url = \"https://h.example/@x\"\nsmtp = { password_file = \"/run/p\" }";
        assert!(loaded(good).is_ok(), "a file's name is no secret, and an @ behind the host is no password");
    }

    #[test]
    fn what_is_set_for_no_service_is_refused_with_its_key() {
        let there = ["flow", "payments"];
        let one = |name: &str| BTreeMap::from([(name.to_owned(), String::new())]);
        let table = [
            (Settings { peers: one("flwo"), ..Settings::default() }, "`peers.flwo` (SKY_PEERS__FLWO…)"),
            (Settings { database_urls: one("sky"), ..Settings::default() }, "`database_urls.sky`"),
            (
                Settings { services: BTreeMap::from([("payment".to_owned(), BTreeMap::new())]), ..Settings::default() },
                "`services.payment` (SKY_SERVICES__PAYMENT…)",
            ),
        ];
        for (settings, names) in table {
            let refused = settings.only_for(&there).expect_err(names).to_string();
            assert!(refused.contains(names) && refused.contains("flow, payments"), "{refused}");
        }
        assert!(Settings { peers: one("flow"), ..Settings::default() }.only_for(&there).is_ok());
    }

    #[test]
    fn a_service_without_settings_refuses_any() {
        let set = BTreeMap::from([("x".to_owned(), toml::Value::Integer(1))]);
        let settings = Settings { services: BTreeMap::from([("flow".to_owned(), set)]), ..Settings::default() };
        let refused = settings.service::<NoSettings>("flow").expect_err("x").to_string();
        assert!(refused.contains("[services.flow]") && refused.contains("`x`"), "{refused}");
        assert!(settings.service::<NoSettings>("parking").is_ok());
    }
}
