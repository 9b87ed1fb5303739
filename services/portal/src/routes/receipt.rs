//! The receipts of a visit's meal, to read and to print.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use sky_proto::gastro::v1::{ListReceiptsRequest, PaidBy, Receipt, ReceiptKind};

use super::{
    booking::{Item, items},
    visit::current,
};
use crate::{
    edge::{Edge, answer},
    page::{Frame, page},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "receipts.html")]
struct ReceiptsPage {
    w: Frame,
    receipts: Vec<ReceiptView>,
}

pub(super) struct ReceiptView {
    title: String,
    takes_back: String,
    issued: String,
    items: Vec<Item>,
    taxes: Vec<TaxView>,
    total: String,
    /// How it was paid, at the end.
    footer: String,
    signature: String,
    pub(super) transaction: String,
    pub(super) number: String,
    pub(super) attempts: u32,
}

struct TaxView {
    rate: String,
    net: String,
    tax: String,
    gross: String,
}

fn rate(basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    if part == 0 { format!("{whole} %") } else { format!("{whole},{part:02} %") }
}

pub(super) fn view(w: &Words, receipt: &Receipt) -> ReceiptView {
    let number = receipt.number.to_string();
    let (key, about) = match receipt.kind() {
        ReceiptKind::Cancellation => ("receipt-cancellation", "receipt-takes-back"),
        ReceiptKind::Correction => ("receipt-correction", "receipt-corrects"),
        ReceiptKind::Sale | ReceiptKind::Unspecified => ("receipt-sale", "receipt-takes-back"),
    };
    let footer = match receipt.paid_by() {
        PaidBy::Free => "receipt-paid-free",
        PaidBy::Cash => "receipt-paid-cash",
        PaidBy::Card => "receipt-paid-card",
        PaidBy::Online | PaidBy::Unspecified => "receipt-paid-online",
    };
    ReceiptView {
        title: w.with(key, "number", &number),
        takes_back: if receipt.takes_back == 0 {
            String::new()
        } else {
            w.with(about, "number", &receipt.takes_back.to_string())
        },
        issued: format!("{}, {}", w.day(&receipt.issued_at), w.time(&receipt.issued_at)),
        items: items(w, &receipt.items),
        taxes: receipt
            .taxes
            .iter()
            .map(|row| TaxView {
                rate: rate(row.tax_basis_points),
                net: w.money(&row.net),
                tax: w.money(&row.tax),
                gross: w.money(&row.gross),
            })
            .collect(),
        total: w.money(&receipt.total),
        footer: w.t(footer),
        signature: receipt.signature.clone(),
        transaction: receipt.transaction_id.clone(),
        attempts: receipt.attempts,
        number,
    }
}

/// `GET /visit/receipts`
pub(crate) async fn of_visit(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let request = ListReceiptsRequest { visit_id: visit.to_string() };
    let listed = answer(edge.gastro(&caller).list_receipts(request)).await?;
    let w = guest.frame(guest.words.t("receipts-title"));
    let receipts = listed.receipts.iter().map(|it| view(&w, it)).collect();
    page(&ReceiptsPage { receipts, w })
}
