//! The port to a technical security unit (TSE), in the shape of fiskaly's SIGN DE v2: one `PUT` per receipt, with the
//! transaction's id chosen here, so that asking again does no harm. The house takes no cash here and has no unit by
//! default; its receipts say so.
//!
//! Knows HTTP and nothing of transactions of the database.

use std::time::Duration;

use kernel::BoxFuture;
use reqwest::Client;
use serde::{Deserialize, Serialize};

use crate::domain::receipt::{Receipt, amount};

const PATIENCE: Duration = Duration::from_secs(10);

/// Whoever signs receipts.
pub(crate) trait Tse: Send + Sync + std::fmt::Debug {
    /// The signature, or why there is none. The same receipt may come again.
    fn sign<'t>(&'t self, receipt: &'t Receipt) -> BoxFuture<'t, Result<String, String>>;
}

/// No unit: nothing is ever signed.
#[derive(Debug)]
pub(crate) struct NoTse;

impl Tse for NoTse {
    fn sign<'t>(&'t self, _: &'t Receipt) -> BoxFuture<'t, Result<String, String>> {
        Box::pin(async { Err("no TSE is configured".to_owned()) })
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

/// The first and only revision of a transaction: a receipt is finished when it is told.
const REVISION: u32 = 1;

/// What is put.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Transaction {
    state: &'static str,
    client_id: String,
    schema: Schema,
}

#[derive(Debug, PartialEq, Serialize)]
struct Schema {
    standard_v1: StandardV1,
}

#[derive(Debug, PartialEq, Serialize)]
struct StandardV1 {
    receipt: Body,
}

#[derive(Debug, PartialEq, Serialize)]
struct Body {
    receipt_type: &'static str,
    amounts_per_vat_rate: Vec<VatAmount>,
    amounts_per_payment_type: Vec<PaymentAmount>,
}

#[derive(Debug, PartialEq, Serialize)]
struct VatAmount {
    vat_rate: &'static str,
    amount: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct PaymentAmount {
    payment_type: &'static str,
    amount: String,
    currency_code: &'static str,
}

/// The answer, as far as it is needed.
#[derive(Deserialize)]
struct Signed {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    value: String,
}

/// Rates have names, not percentages.
const fn vat_rate(basis_points: u32) -> Option<&'static str> {
    match basis_points {
        1_900 => Some("NORMAL"),
        700 => Some("REDUCED_1"),
        1_070 => Some("SPECIAL_RATE_1"),
        550 => Some("SPECIAL_RATE_2"),
        0 => Some("NULL"),
        _ => None,
    }
}

/// A receipt in the unit's words: gross per rate, all of it paid without cash.
pub(crate) fn transaction(receipt: &Receipt, client_id: &str) -> Result<Transaction, String> {
    let mut amounts: Vec<(&'static str, i64)> = Vec::new();
    for row in &receipt.taxes {
        let name = vat_rate(row.basis_points)
            .ok_or_else(|| format!("the TSE has no name for a tax rate of {} basis points", row.basis_points))?;
        match amounts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, gross)) => *gross += row.gross,
            None => amounts.push((name, row.gross)),
        }
    }
    let rates = amounts.into_iter().map(|(vat_rate, gross)| VatAmount { vat_rate, amount: amount(gross) });
    let paid = PaymentAmount { payment_type: "NON_CASH", amount: amount(receipt.cents), currency_code: "EUR" };
    let body =
        Body { receipt_type: "RECEIPT", amounts_per_vat_rate: rates.collect(), amounts_per_payment_type: vec![paid] };
    let schema = Schema { standard_v1: StandardV1 { receipt: body } };
    Ok(Transaction { state: "FINISHED", client_id: client_id.to_owned(), schema })
}

impl CloudTse {
    /// `base` is "https://…/api/v2".
    pub(crate) fn new(base: &str, tss: &str, client_id: &str, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: Client::builder().timeout(PATIENCE).build()?,
            transactions: format!("{}/tss/{tss}/tx", base.trim_end_matches('/')),
            client_id: client_id.to_owned(),
            token: token.to_owned(),
        })
    }

    async fn put(&self, receipt: &Receipt) -> Result<String, String> {
        let body = transaction(receipt, &self.client_id)?;
        let url = format!("{}/{}?tx_revision={REVISION}", self.transactions, receipt.transaction);
        let answer = self.http.put(url).bearer_auth(&self.token).json(&body).send().await;
        let answer = answer.map_err(|_| "the TSE did not answer".to_owned())?;
        if !answer.status().is_success() {
            return Err(format!("the TSE answered {}", answer.status()));
        }
        let signed: Signed = answer.json().await.map_err(|_| "the TSE answered without a signature".to_owned())?;
        match signed.signature.value.trim() {
            "" => Err("the TSE answered with an empty signature".to_owned()),
            value if value.len() > 4_096 => Err("the TSE answered with a signature that cannot be one".to_owned()),
            value => Ok(value.to_owned()),
        }
    }
}

impl Tse for CloudTse {
    fn sign<'t>(&'t self, receipt: &'t Receipt) -> BoxFuture<'t, Result<String, String>> {
        Box::pin(self.put(receipt))
    }
}

#[cfg(test)]
mod tests;
