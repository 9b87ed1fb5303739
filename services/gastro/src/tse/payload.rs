//! What the unit is put: a start without content, an end with a receipt (process type "Kassenbeleg-V1") or an order
//! ("Bestellung-V1", which the DSFinV-K exports as "AVBestellung"): how many of what at which single price, and nothing of
//! payment. Amounts are gross; rates have names, not percentages.

use serde::Serialize;

use crate::domain::{
    Charge,
    payment::PaidBy,
    receipt::{TaxAmount, amount},
    tse::Content,
};

/// What is put.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Transaction {
    state: &'static str,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Schema {
    standard_v1: StandardV1,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum StandardV1 {
    Receipt(ReceiptBody),
    Order(OrderBody),
}

#[derive(Debug, PartialEq, Serialize)]
struct ReceiptBody {
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

#[derive(Debug, PartialEq, Serialize)]
struct OrderBody {
    line_items: Vec<LineItem>,
}

#[derive(Debug, PartialEq, Serialize)]
struct LineItem {
    quantity: String,
    text: String,
    price_per_unit: String,
}

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

const fn payment_type(paid_by: PaidBy) -> &'static str {
    match paid_by {
        PaidBy::Cash => "CASH",
        PaidBy::Free | PaidBy::Online | PaidBy::AtDesk | PaidBy::Card => "NON_CASH",
    }
}

pub(super) fn start(client_id: &str) -> Transaction {
    Transaction { state: "ACTIVE", client_id: client_id.to_owned(), schema: None }
}

/// The end of a transaction with its content in the unit's words.
pub(super) fn finish(content: &Content, client_id: &str) -> Result<Transaction, String> {
    let standard_v1 = match content {
        Content::Receipt { taxes, cents, paid_by } => StandardV1::Receipt(receipt(taxes, *cents, *paid_by)?),
        Content::Order { charges } => {
            StandardV1::Order(OrderBody { line_items: charges.iter().map(line_item).collect() })
        }
    };
    Ok(Transaction { state: "FINISHED", client_id: client_id.to_owned(), schema: Some(Schema { standard_v1 }) })
}

fn receipt(taxes: &[TaxAmount], cents: i64, paid_by: PaidBy) -> Result<ReceiptBody, String> {
    let mut amounts: Vec<(&'static str, i64)> = Vec::new();
    for row in taxes {
        let name = vat_rate(row.basis_points)
            .ok_or_else(|| format!("the TSE has no name for a tax rate of {} basis points", row.basis_points))?;
        match amounts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, gross)) => *gross += row.gross,
            None => amounts.push((name, row.gross)),
        }
    }
    let rates = amounts.into_iter().map(|(vat_rate, gross)| VatAmount { vat_rate, amount: amount(gross) });
    let paid = PaymentAmount { payment_type: payment_type(paid_by), amount: amount(cents), currency_code: "EUR" };
    Ok(ReceiptBody {
        receipt_type: "RECEIPT",
        amounts_per_vat_rate: rates.collect(),
        amounts_per_payment_type: vec![paid],
    })
}

/// What is taken back is ordered a negative number of times.
fn line_item(charge: &Charge) -> LineItem {
    let sign = if charge.cents < 0 { "-" } else { "" };
    LineItem {
        quantity: format!("{sign}{}", charge.quantity),
        text: charge.label.de.clone(),
        price_per_unit: amount(charge.cents.abs()),
    }
}
