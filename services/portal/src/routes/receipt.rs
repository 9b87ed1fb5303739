//! The receipts of a visit's meal, to read and to print: for the visitor, and for the desk that has just been paid.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::ticket_code::reference;
use sky_proto::gastro::v1::{ListReceiptsRequest, PaidBy, Receipt, ReceiptKind};
use uuid::Uuid;

use super::{
    booking::{Item, items},
    visit::current,
};
use crate::{
    edge::{Edge, answer},
    page::{DESK, Frame, page},
    problem::Problem,
    session::Guest,
    words::{Language, Words},
};

#[derive(Template)]
#[template(path = "receipts.html")]
struct ReceiptsPage {
    w: Frame,
    receipts: Vec<ReceiptView>,
    /// Where one came from, and what that is called.
    back: (&'static str, String),
    /// Of whom they are; empty: one's own.
    reference: String,
}

pub(super) struct ReceiptView {
    title: String,
    issuer: String,
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

/// "7 %", "10,70 %" and, in English, "10.70%".
fn rate(w: &Words, basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match (w.language, part) {
        (Language::German, 0) => format!("{whole} %"),
        (Language::German, _) => format!("{whole},{part:02} %"),
        (Language::English, 0) => format!("{whole}%"),
        (Language::English, _) => format!("{whole}.{part:02}%"),
    }
}

/// Whoever sold it, as it stood on the receipt when it was issued.
fn issuer(w: &Words, receipt: &Receipt) -> String {
    let Some(issuer) = &receipt.issuer else { return w.house_and_address() };
    let mut told = format!("{}, {}", issuer.name, issuer.address);
    if !issuer.tax_number.is_empty() {
        told.push_str(&w.with("receipt-tax-number", "number", &issuer.tax_number));
    }
    told
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
        issuer: issuer(w, receipt),
        takes_back: if receipt.takes_back == 0 {
            String::new()
        } else {
            w.with(about, "number", &receipt.takes_back.to_string())
        },
        issued: w.day_and_time(&receipt.issued_at),
        items: items(w, &receipt.items),
        taxes: receipt
            .taxes
            .iter()
            .map(|row| TaxView {
                rate: rate(w, row.tax_basis_points),
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
    page(&ReceiptsPage { receipts, back: ("/visit", w.t("nav-visit")), reference: String::new(), w })
}

/// `GET /desk/receipts/{visit}`: what the desk hands out to whoever has paid there.
pub(crate) async fn of_party(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListReceiptsRequest { visit_id: visit.to_string() };
    let listed = answer(edge.gastro(&caller).list_receipts(request)).await?;
    let mut w = guest.frame(guest.words.t("receipts-title"));
    w.path = "/desk".to_owned();
    let receipts = listed.receipts.iter().map(|it| view(&w, it)).collect();
    page(&ReceiptsPage { receipts, back: ("/desk", w.t("desk-title")), reference: reference(visit), w })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_as_its_readers_write_it() {
        let german = Words::speaking(Language::German);
        let english = Words::speaking(Language::English);
        for (basis_points, de, en) in [(700, "7 %", "7%"), (1070, "10,70 %", "10.70%"), (1905, "19,05 %", "19.05%")] {
            assert_eq!((rate(&german, basis_points), rate(&english, basis_points)), (de.to_owned(), en.to_owned()));
        }
    }
}
