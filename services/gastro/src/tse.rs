//! The port to a technical security unit (TSE), in the shape of fiskaly's SIGN DE v2: a transaction is started (ACTIVE,
//! revision 1), then finished (FINISHED, the next revision); its id is chosen here and kept, so that whoever got no
//! answer looks what became of it and goes on. The house has no unit by default; its receipts say so.
//!
//! Knows HTTP and nothing of transactions of the database.

mod payload;

use std::time::Duration;

use kernel::BoxFuture;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::tse::{Attempt, Progress, Unsigned};

/// An answer has two kilobytes.
const LARGEST_ANSWER: usize = 64 * 1024;
const LARGEST_SIGNATURE: usize = 4_096;

/// Whoever signs.
pub(crate) trait Tse: Send + Sync + std::fmt::Debug {
    /// Goes on with a transaction as far as it can. The same one may come again.
    fn sign<'t>(&'t self, it: &'t Unsigned) -> BoxFuture<'t, Attempt>;
}

/// No unit: nothing is ever signed.
#[derive(Debug)]
pub(crate) struct NoTse;

impl Tse for NoTse {
    fn sign<'t>(&'t self, it: &'t Unsigned) -> BoxFuture<'t, Attempt> {
        let signed = Err("no TSE is configured".to_owned());
        Box::pin(async move { Attempt { progress: it.progress, revision: it.revision, signed } })
    }
}

/// A unit in the cloud.
#[derive(Debug)]
pub(crate) struct CloudTse {
    http: Client,
    /// "https://…/api/v2/tss/{tss}/tx"
    transactions: String,
    client_id: String,
    token: String,
}

/// The answer, as far as it is needed.
#[derive(Deserialize)]
struct Answer {
    state: String,
    latest_revision: Option<u32>,
    revision: Option<u32>,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    value: String,
}

impl Answer {
    fn revision(&self) -> Option<u32> {
        self.latest_revision.or(self.revision)
    }

    fn signature(&self) -> Result<String, String> {
        let value = self.signature.as_ref().map(|it| it.value.trim());
        match value {
            None => Err("the TSE answered without a signature".to_owned()),
            Some("") => Err("the TSE answered with an empty signature".to_owned()),
            Some(value) if value.len() > LARGEST_SIGNATURE => {
                Err("the TSE answered with a signature that cannot be one".to_owned())
            }
            Some(value) => Ok(value.to_owned()),
        }
    }
}

impl CloudTse {
    /// `base` is "https://…/api/v2".
    pub(crate) fn new(base: &str, tss: &str, client_id: &str, token: &str, patience: Duration) -> anyhow::Result<Self> {
        kernel::tls::install();
        Ok(Self {
            http: Client::builder().timeout(patience).redirect(reqwest::redirect::Policy::none()).build()?,
            transactions: format!("{}/tss/{tss}/tx", base.trim_end_matches('/')),
            client_id: client_id.to_owned(),
            token: token.to_owned(),
        })
    }

    /// What the unit answers; None: it does not know the transaction.
    async fn ask(&self, request: RequestBuilder) -> Result<Option<Answer>, String> {
        let answer = request.bearer_auth(&self.token).send().await;
        let mut answer = answer.map_err(|_| "the TSE did not answer".to_owned())?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !answer.status().is_success() {
            return Err(format!("the TSE answered {}", answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| "the TSE's answer broke off".to_owned())? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err("the TSE's answer is too large to be one".to_owned());
            }
            bytes.extend_from_slice(&chunk);
        }
        let answer = serde_json::from_slice(&bytes);
        answer.map(Some).map_err(|_| "the TSE answered something that cannot be read".to_owned())
    }

    async fn put(&self, transaction: Uuid, revision: u32, body: &payload::Transaction) -> Result<Answer, String> {
        let url = format!("{}/{transaction}?tx_revision={revision}", self.transactions);
        let answer = self.ask(self.http.put(url).json(body)).await?;
        answer.ok_or_else(|| "the TSE does not know the unit (404)".to_owned())
    }

    /// Goes on from where the transaction is; `at` follows what the unit has taken.
    async fn go_on(&self, it: &Unsigned, at: &mut (Progress, u32)) -> Result<String, String> {
        let finish = payload::finish(&it.content, &self.client_id)?;
        if it.attempts > 0 {
            // The last attempt may have got further than its answer did.
            let url = format!("{}/{}", self.transactions, it.transaction);
            match self.ask(self.http.get(url)).await? {
                None => *at = (Progress::New, 0),
                Some(known) if known.state == "FINISHED" => {
                    let signature = known.signature()?;
                    *at = (Progress::Finished, known.revision().unwrap_or(at.1));
                    return Ok(signature);
                }
                Some(known) => {
                    let revision = known.revision().ok_or("the TSE answered without a revision")?;
                    *at = (Progress::Started, revision);
                }
            }
        }
        if at.0 == Progress::New {
            let started = self.put(it.transaction, 1, &payload::start(&self.client_id)).await?;
            if started.state != "ACTIVE" {
                return Err(format!("the TSE says {} to a transaction that was to start", started.state));
            }
            *at = (Progress::Started, 1);
        }
        let revision = at.1 + 1;
        let finished = self.put(it.transaction, revision, &finish).await?;
        let signature = finished.signature()?;
        *at = (Progress::Finished, revision);
        Ok(signature)
    }
}

impl Tse for CloudTse {
    fn sign<'t>(&'t self, it: &'t Unsigned) -> BoxFuture<'t, Attempt> {
        Box::pin(async move {
            let mut at = (it.progress, it.revision);
            let signed = self.go_on(it, &mut at).await;
            Attempt { progress: at.0, revision: at.1, signed }
        })
    }
}

#[cfg(test)]
mod tests;
