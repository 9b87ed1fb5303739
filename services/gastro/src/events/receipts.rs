//! Receipts in the words of the contract. Decides nothing.

use kernel::values::{euro, timestamp};
use sky_proto::gastro::v1 as pb;

use super::charged_item;
use crate::domain::receipt::{Kind, Receipt, TaxAmount};

fn tax(row: &TaxAmount) -> pb::TaxAmount {
    pb::TaxAmount {
        tax_id: row.tax_id.clone(),
        tax_basis_points: row.basis_points,
        gross: Some(euro(row.gross)),
        net: Some(euro(row.gross - row.tax)),
        tax: Some(euro(row.tax)),
    }
}

pub(crate) fn receipt(receipt: &Receipt) -> pb::Receipt {
    let kind = match receipt.kind {
        Kind::Sale => pb::ReceiptKind::Sale,
        Kind::Cancellation => pb::ReceiptKind::Cancellation,
    };
    pb::Receipt {
        number: receipt.number,
        order_id: receipt.order.to_string(),
        kind: kind.into(),
        takes_back: receipt.takes_back.unwrap_or_default(),
        issued_at: Some(timestamp(receipt.issued_at)),
        items: receipt.charges.iter().map(charged_item).collect(),
        taxes: receipt.taxes.iter().map(tax).collect(),
        total: Some(euro(receipt.cents)),
        transaction_id: receipt.transaction.to_string(),
        signature: receipt.signature.clone().unwrap_or_default(),
        unsigned_because: receipt.unsigned_because.clone().unwrap_or_default(),
        attempts: receipt.attempts,
    }
}
