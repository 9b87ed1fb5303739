//! Receipts in the words of the contract. Decides nothing.

use kernel::values::{euro, timestamp};
use sky_proto::gastro::v1 as pb;

use super::charged_item;
use crate::domain::{
    payment::PaidBy,
    receipt::{Kind, Receipt, TaxAmount},
    tse::{OrderRecord, Signature},
};

fn tax(row: &TaxAmount) -> pb::TaxAmount {
    pb::TaxAmount {
        tax_id: row.tax_id.clone(),
        tax_basis_points: row.basis_points,
        gross: Some(euro(row.gross)),
        net: Some(euro(row.gross - row.tax)),
        tax: Some(euro(row.tax)),
    }
}

const fn paid_by(paid_by: PaidBy) -> pb::PaidBy {
    match paid_by {
        PaidBy::Free => pb::PaidBy::Free,
        PaidBy::Online => pb::PaidBy::Online,
        // Of what is not paid there is no receipt.
        PaidBy::AtDesk => pb::PaidBy::Unspecified,
        PaidBy::Cash => pb::PaidBy::Cash,
        PaidBy::Card => pb::PaidBy::Card,
    }
}

pub(crate) fn receipt((receipt, signature): &(Receipt, Signature)) -> pb::Receipt {
    let kind = match receipt.kind {
        Kind::Sale => pb::ReceiptKind::Sale,
        Kind::Cancellation => pb::ReceiptKind::Cancellation,
        Kind::Correction => pb::ReceiptKind::Correction,
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
        signature: signature.signature.clone().unwrap_or_default(),
        unsigned_because: signature.problem.clone(),
        attempts: signature.attempts,
        paid_by: paid_by(receipt.paid_by).into(),
        issuer: receipt.issuer.as_ref().map(|it| pb::Issuer {
            name: it.name.clone(),
            address: it.address.clone(),
            tax_number: it.tax_number.clone(),
        }),
    }
}

pub(crate) fn order_record(record: &OrderRecord) -> pb::OrderRecord {
    let Signature { transaction, signature, problem, attempts } = &record.signature;
    pb::OrderRecord {
        order_id: record.order.to_string(),
        number: record.number,
        round: record.round,
        transaction_id: transaction.to_string(),
        signature: signature.clone().unwrap_or_default(),
        unsigned_because: problem.clone(),
        attempts: *attempts,
    }
}
