//! `[services.journey]` of the configuration: limits, the mail server, when visitors are told what comes tomorrow.

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context as _, ensure};
use chrono::NaiveTime;
use kernel::Context;
use lettre::{message::Mailbox, transport::smtp::client::Certificate};
use serde::Deserialize;

use crate::domain::limits::Limits;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    visits_per_browser: u32,
    places_per_browser: u32,
    places_per_contact: u32,
    /// Where visitors find the house, for the links in notices: `https://planetarium.example`.
    public_url: String,
    /// When visitors are told what comes on the next day, in Halle.
    day_before_at: String,
    smtp: Smtp,
}

impl Default for Written {
    fn default() -> Self {
        let Limits { visits_per_browser, places_per_browser, places_per_contact } = Limits::default();
        Self {
            visits_per_browser,
            places_per_browser,
            places_per_contact,
            public_url: String::new(),
            day_before_at: "17:00".to_owned(),
            smtp: Smtp::default(),
        }
    }
}

/// `[services.journey.smtp]`. Without a host and without a folder nothing is sent: notices are kept, and staff see it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Smtp {
    host: String,
    /// Else the usual one of `security`.
    port: Option<u16>,
    security: Security,
    user: String,
    /// A file with the password and nothing else, as secrets are mounted; so it is in no listing of the configuration.
    password_file: PathBuf,
    /// A PEM file with the certificate of an authority that is trusted beside the usual ones: a town's own.
    ca_file: PathBuf,
    /// `Planetarium <visit@planetarium.example>`. What cannot be delivered comes back to this address (the return path):
    /// let somebody at the desk read it.
    from: String,
    /// Instead of a mail server: each mail becomes a file here, for trying things out.
    folder: PathBuf,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// From the first byte.
    #[default]
    Tls,
    /// Once the server says so; without it nothing is sent.
    StartTls,
    /// Only to a server on this very machine.
    None,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Server {
        host: String,
        port: u16,
        security: Security,
        sign_in: Option<(String, String)>,
        authority: Option<Certificate>,
    },
    Folder(PathBuf),
}

/// The sending of notices.
#[derive(Clone, Debug)]
pub(crate) struct PostSettings {
    pub(crate) way: Way,
    pub(crate) from: Mailbox,
    /// Without a slash at its end.
    pub(crate) public_url: String,
}

/// What journey is told by its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) day_before_at: NaiveTime,
    /// None: no mail server is set up.
    pub(crate) post: Option<PostSettings>,
}

/// Reads and checks it.
pub(crate) fn read(context: &Context) -> anyhow::Result<Settings> {
    let written: Written = context.settings.service(context.service)?;
    check(written).context("configuration [services.journey]")
}

fn check(written: Written) -> anyhow::Result<Settings> {
    let Written { visits_per_browser, places_per_browser, places_per_contact, public_url, day_before_at, smtp } =
        written;
    let limits = Limits { visits_per_browser, places_per_browser, places_per_contact };
    ensure!(
        limits.visits_per_browser > 0 && limits.places_per_browser > 0 && limits.places_per_contact > 0,
        "each limit must be 1 or more"
    );
    let day_before_at = NaiveTime::parse_from_str(&day_before_at, "%H:%M")
        .map_err(|_| anyhow::anyhow!("day_before_at is \"{day_before_at}\"; it must be a time such as 17:00"))?;
    Ok(Settings { limits, day_before_at, post: post(smtp, &public_url)? })
}

fn post(smtp: Smtp, public_url: &str) -> anyhow::Result<Option<PostSettings>> {
    let has_folder = !smtp.folder.as_os_str().is_empty();
    if smtp.host.is_empty() && !has_folder {
        return Ok(None);
    }
    ensure!(smtp.host.is_empty() || !has_folder, "smtp: set host or folder, not both");
    let is_web = public_url.starts_with("https://") || public_url.starts_with("http://");
    ensure!(is_web, "public_url must be set where mails are sent: the links in them lead there");
    let from: Mailbox =
        smtp.from.parse().map_err(|_| anyhow::anyhow!("smtp.from must be an address: Name <visit@house.example>"))?;
    let way = if has_folder { Way::Folder(smtp.folder) } else { server(smtp)? };
    Ok(Some(PostSettings { way, from, public_url: public_url.trim_end_matches('/').to_owned() }))
}

fn server(smtp: Smtp) -> anyhow::Result<Way> {
    let Smtp { host, port, security, user, password_file, ca_file, .. } = smtp;
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    ensure!(
        security != Security::None || loopback,
        "smtp.security = \"none\" is only for a server on this machine; use \"starttls\" or \"tls\""
    );
    let port = port.unwrap_or(match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::None => 25,
    });
    let sign_in = if user.is_empty() {
        None
    } else {
        let password = std::fs::read_to_string(&password_file)
            .with_context(|| format!("smtp.password_file: cannot read {}", password_file.display()))?;
        Some((user, password.trim_end_matches(['\r', '\n']).to_owned()))
    };
    let authority = if ca_file.as_os_str().is_empty() {
        None
    } else {
        let pem =
            std::fs::read(&ca_file).with_context(|| format!("smtp.ca_file: cannot read {}", ca_file.display()))?;
        let read = Certificate::from_pem(&pem);
        Some(read.with_context(|| format!("smtp.ca_file: {} is no certificate in PEM", ca_file.display()))?)
    };
    Ok(Way::Server { host, port, security, sign_in, authority })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> anyhow::Result<Settings> {
        check(toml::from_str(toml)?)
    }

    #[test]
    fn without_a_mail_server_nothing_is_sent() {
        assert!(read("").expect("good").post.is_none());
        assert_eq!(read("").expect("good").day_before_at, NaiveTime::from_hms_opt(17, 0, 0).expect("a time"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            ("places_per_contact = 0", "limit"),
            ("day_before_at = \"noon\"", "day_before_at"),
            ("smtp.host = \"mail.example\"", "public_url"),
            ("public_url = \"https://h.example\"\nsmtp.host = \"mail.example\"", "smtp.from"),
            (
                "public_url = \"https://h.example\"\nsmtp = { host = \"mail.example\", from = \"a@b.example\", security = \"none\" }",
                "none",
            ),
            (
                "public_url = \"https://h.example\"\nsmtp = { host = \"m\", folder = \"f\", from = \"a@b.example\" }",
                "both",
            ),
            (
                "public_url = \"https://h.example\"\nsmtp = { host = \"m\", user = \"u\", from = \"a@b.example\" }",
                "password_file",
            ),
            (
                "public_url = \"https://h.example\"\nsmtp = { host = \"m\", ca_file = \"none.pem\", from = \"a@b.example\" }",
                "ca_file",
            ),
            ("smtp = { pasword = \"x\" }", "pasword"),
        ];
        for (toml, names) in table {
            let problem = format!("{:#}", read(toml).expect_err(toml));
            assert!(problem.contains(names), "{toml}: {problem}");
        }
    }

    #[test]
    fn tls_is_what_is_meant_when_nothing_is_said() {
        let toml =
            "public_url = \"https://h.example/\"\nsmtp = { host = \"m.example\", from = \"House <a@b.example>\" }";
        let post = read(toml).expect("good").post.expect("a mail server");
        assert_eq!(post.public_url, "https://h.example");
        assert!(matches!(post.way, Way::Server { port: 465, security: Security::Tls, sign_in: None, .. }));
    }
}
