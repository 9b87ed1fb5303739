//! Receipts: gross, net and tax by dated tax row, in whole cents. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Charge, payment::PaidBy};

/// What a receipt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sale,
    Cancellation,
    Correction,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Cancellation => "cancellation",
            Self::Correction => "correction",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Sale, Self::Cancellation, Self::Correction].into_iter().find(|kind| kind.name() == name)
    }
}

/// What one tax row has of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaxAmount {
    pub(crate) tax_id: String,
    pub(crate) basis_points: u32,
    pub(crate) gross: i64,
    pub(crate) tax: i64,
}

/// Who sells: the house, or whoever has leased the café.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) address: String,
    /// Empty: not told.
    pub(crate) tax_number: String,
}

/// A receipt, as it was issued. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) number: u64,
    pub(crate) order: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) kind: Kind,
    pub(crate) takes_back: Option<u64>,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) taxes: Vec<TaxAmount>,
    pub(crate) cents: i64,
    pub(crate) paid_by: PaidBy,
    /// None: issued before sellers were named.
    pub(crate) issuer: Option<Issuer>,
    /// Of the TSE.
    pub(crate) transaction: Uuid,
}

/// The tax in a gross amount, to the nearest cent; halves go away from zero, so that a cancellation is the sale's
/// mirror image.
fn tax_in(gross: i64, basis_points: u32) -> i64 {
    let rate = i64::from(basis_points);
    let (amount, whole) = (2 * gross.abs() * rate, 2 * (10_000 + rate));
    gross.signum() * ((amount + 10_000 + rate) / whole)
}

/// Charged lines by tax row, in the order in which they come. The tax is that of each row's sum.
pub(crate) fn by_tax(charges: &[Charge]) -> Vec<TaxAmount> {
    let mut taxes: Vec<TaxAmount> = Vec::new();
    for charge in charges {
        let gross = charge.sum();
        match taxes.iter_mut().find(|it| it.tax_id == charge.tax_id && it.basis_points == charge.tax_basis_points) {
            Some(row) => row.gross += gross,
            None => taxes.push(TaxAmount {
                tax_id: charge.tax_id.clone(),
                basis_points: charge.tax_basis_points,
                gross,
                tax: 0,
            }),
        }
    }
    for row in &mut taxes {
        row.tax = tax_in(row.gross, row.basis_points);
    }
    taxes
}

/// The same lines taken back.
pub(crate) fn taken_back(charges: &[Charge]) -> Vec<Charge> {
    charges.iter().map(|charge| Charge { cents: -charge.cents, ..charge.clone() }).collect()
}

/// A cent amount as the TSE wants it: "12.90".
pub(crate) fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

#[cfg(test)]
mod tests;
