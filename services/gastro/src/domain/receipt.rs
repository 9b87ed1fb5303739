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
mod tests {
    use kernel::values::Text;
    use proptest::prelude::*;

    use super::*;

    fn charge(cents: i64, quantity: u32, rate: u32) -> Charge {
        Charge {
            label: Text::default(),
            quantity,
            cents,
            price_id: "p".to_owned(),
            tax_id: format!("t{rate}"),
            tax_basis_points: rate,
        }
    }

    #[test]
    fn the_tax_is_in_the_sum_of_its_row() {
        let taxes = by_tax(&[charge(690, 2, 700), charge(350, 1, 1900), charge(-90, 1, 700)]);
        let told: Vec<_> = taxes.iter().map(|it| (it.basis_points, it.gross, it.tax)).collect();
        assert_eq!(told, [(700, 1290, 84), (1900, 350, 56)]);
        assert_eq!(
            (amount(1290), amount(5), amount(-350)),
            ("12.90".to_owned(), "0.05".to_owned(), "-3.50".to_owned())
        );
    }

    proptest! {
        #[test]
        fn a_cancellation_is_the_mirror_image(rows in prop::collection::vec((0_i64..20_000, 1_u32..60, 0_u32..3), 1..9)) {
            let rates = [0, 700, 1900];
            let charges: Vec<Charge> =
                rows.iter().map(|(cents, quantity, rate)| charge(*cents, *quantity, rates[*rate as usize])).collect();
            let (sale, back) = (by_tax(&charges), by_tax(&taken_back(&charges)));
            let all: i64 = charges.iter().map(Charge::sum).sum();
            prop_assert_eq!(sale.iter().map(|it| it.gross).sum::<i64>(), all);
            for (row, mirror) in sale.iter().zip(&back) {
                prop_assert_eq!((row.gross, row.tax), (-mirror.gross, -mirror.tax));
                let exact = i128::from(row.gross) * i128::from(row.basis_points);
                let whole = i128::from(10_000 + row.basis_points);
                prop_assert!((i128::from(row.tax) * whole - exact).abs() * 2 <= whole);
            }
        }
    }
}
