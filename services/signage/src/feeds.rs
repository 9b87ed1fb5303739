//! Official warnings that the house reads by itself, again and again, at the addresses of its configuration. A feed that
//! does not answer, or answers nonsense, changes nothing on the displays; staff see that it is silent.

use std::time::Duration;

use kernel::{
    Db,
    values::{InvalidField, invalid},
};
use reqwest::{Client, Url};

use crate::{
    board::Board,
    cap,
    commands::alerts::{Answer, heard},
    domain::Alert,
    error::Error,
    store,
};

/// Asked this often, by the machine's clock.
pub(crate) const PAUSE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as the longest list that is read.
const LONGEST: usize = 1 << 20;

/// The feeds of the configuration.
#[derive(Clone, Debug)]
pub struct Feeds {
    http: Client,
    addresses: Vec<Url>,
    /// Whose warnings are taken; empty: everybody's.
    senders: Vec<String>,
}

impl Feeds {
    /// # Errors
    /// An address that is none, or one that the web does not have.
    pub fn new(addresses: &[String], senders: Vec<String>) -> anyhow::Result<Self> {
        let read = |text: &String| match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Ok(_) => anyhow::bail!("services.signage.warnings: \"{text}\" does not begin with https:// (or http://)"),
            Err(error) => anyhow::bail!("services.signage.warnings: \"{text}\" is no address: {error}"),
        };
        let addresses = addresses.iter().map(read).collect::<anyhow::Result<_>>()?;
        kernel::tls::install();
        // An answer from somewhere else is no official warning.
        let http = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, addresses, senders })
    }

    /// # Errors
    /// Its sender is none of those whose warnings the house takes.
    pub(crate) fn takes(&self, alert: &Alert) -> Result<(), InvalidField> {
        if self.senders.is_empty() || self.senders.contains(&alert.sender) {
            return Ok(());
        }
        let problem = format!("comes from \"{}\", which is none of services.signage.senders", alert.sender);
        Err(invalid("alert", problem))
    }

    /// The addresses, and what staff read of each: host and path.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, String)> {
        self.addresses.iter().map(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            (url.as_str(), format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path()))
        })
    }

    /// Asks all of them once.
    ///
    /// # Errors
    /// The database's error; what is wrong with a feed is noted.
    pub(crate) async fn turn(&self, db: &Db, board: &Board) -> Result<(), Error> {
        let addresses: Vec<&str> = self.addresses.iter().map(Url::as_str).collect();
        store::feeds::keep_only(db.pool(), &addresses).await?;
        for url in &self.addresses {
            let answer = self.ask(url).await;
            if let Some(problem) = &answer.problem {
                tracing::warn!(host = url.host_str(), problem, "a feed of official warnings gave no good answer");
                metrics::counter!("sky_signage_warning_feed_failures_total").increment(1);
            }
            let board = board.clone();
            db.transact(move |tx| Box::pin(async move { heard(tx, &board, &answer).await })).await?;
        }
        Ok(())
    }

    async fn ask(&self, url: &Url) -> Answer {
        let (alerts, problem) = match self.fetch(url).await.and_then(|body| read(&body)) {
            // Others may well speak there; the answer is good all the same.
            Ok((mut alerts, problem)) => {
                alerts.retain(|alert| self.takes(alert).is_ok());
                (alerts, problem)
            }
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Answer { feed: url.as_str().to_owned(), alerts, problem }
    }

    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, String> {
        let broken = |error: reqwest::Error| match error.is_timeout() {
            true => "it did not answer in time".to_owned(),
            false => "it could not be reached, or broke off".to_owned(),
        };
        let mut answer = self.http.get(url.clone()).send().await.map_err(broken)?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            if body.len() + piece.len() > LONGEST {
                return Err("its answer is longer than 1 MB".to_owned());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// A list of the warning app, or one CAP alert; with what was wrong in it.
fn read(body: &[u8]) -> Result<(Vec<Alert>, Option<String>), String> {
    if body.trim_ascii_start().starts_with(b"<") {
        return cap::read(body).map(|alert| (vec![alert], None)).map_err(|error| error.to_string());
    }
    let mut problem = None;
    let mut alerts = Vec::new();
    for entry in cap::read_list(body).map_err(|error| error.to_string())? {
        match entry {
            Ok(alert) => alerts.push(alert),
            Err(error) => problem = Some(error.to_string()),
        }
    }
    Ok((alerts, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_ends_the_start_with_a_sentence_and_what_is_secret_in_one_is_not_told() {
        let new = |address: &str| Feeds::new(&[address.to_owned()], Vec::new());
        for (address, problem) in
            [("warnung", "is no address"), ("ftp://warnung.example/x.json", "does not begin with https://")]
        {
            let refused = new(address).expect_err(address).to_string();
            assert!(refused.starts_with("services.signage.warnings") && refused.contains(problem), "{refused}");
        }
        let feeds = new("http://user:word@proxy:8080/halle.json?key=secret").expect("an address");
        assert!(new("https://warnung.example/x.json").is_ok());
        let names: Vec<String> = feeds.names().map(|(_, name)| name).collect();
        assert_eq!(names, ["proxy:8080/halle.json"]);
        assert!(Feeds::new(&[], Vec::new()).expect("none").names().next().is_none());
    }

    #[test]
    fn what_an_answer_is_shows_in_its_first_letter() {
        assert!(read(b" \n<alert/>").expect_err("no CAP").starts_with("alert: "));
        assert!(read(b"{}").expect_err("no list").starts_with("list: "));
        assert!(read(b"\xff").expect_err("no list").starts_with("list: "));
        assert_eq!(read(b" [] ").expect("a list").0.len(), 0);
    }
}
