//! Conformance: the payloads word for word, the life of a transaction, and every kind of answer.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use kernel::values::Text;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Charge, payment::PaidBy, receipt::TaxAmount, tse::Content};

fn receipt(taxes: &[(u32, i64)], paid_by: PaidBy) -> Content {
    let row = |(basis_points, gross): &(u32, i64)| TaxAmount {
        tax_id: format!("t{basis_points}"),
        basis_points: *basis_points,
        gross: *gross,
        tax: 0,
    };
    Content::Receipt {
        taxes: taxes.iter().map(row).collect(),
        cents: taxes.iter().map(|(_, gross)| gross).sum(),
        paid_by,
    }
}

fn unsigned(attempts: u32) -> Unsigned {
    Unsigned {
        transaction: Uuid::from_u128(7),
        content: receipt(&[(700, 1290), (1900, 350)], PaidBy::Online),
        progress: Progress::New,
        revision: 0,
        attempts,
    }
}

fn told(content: &Content) -> Value {
    serde_json::to_value(payload::finish(content, "till-1").expect("a payload")).expect("JSON")
}

#[test]
fn a_receipt_is_gross_by_the_names_of_the_rates() {
    let expected = json!({"state":"FINISHED","client_id":"till-1","schema":{"standard_v1":{"receipt":{
        "receipt_type":"RECEIPT",
        "amounts_per_vat_rate":[{"vat_rate":"REDUCED_1","amount":"12.90"},{"vat_rate":"NORMAL","amount":"3.50"}],
        "amounts_per_payment_type":[{"payment_type":"NON_CASH","amount":"16.40","currency_code":"EUR"}]}}}});
    assert_eq!(told(&unsigned(0).content), expected);
    let back = told(&receipt(&[(700, -1290), (0, 0)], PaidBy::Cash));
    let body = &back["schema"]["standard_v1"]["receipt"];
    assert_eq!(
        body["amounts_per_vat_rate"],
        json!([{"vat_rate":"REDUCED_1","amount":"-12.90"},{"vat_rate":"NULL","amount":"0.00"}])
    );
    assert_eq!(
        body["amounts_per_payment_type"],
        json!([{"payment_type":"CASH","amount":"-12.90","currency_code":"EUR"}])
    );
    for (paid_by, name) in
        [(PaidBy::Free, "NON_CASH"), (PaidBy::Online, "NON_CASH"), (PaidBy::Card, "NON_CASH"), (PaidBy::Cash, "CASH")]
    {
        let body = told(&receipt(&[(700, 100)], paid_by));
        let payment = &body["schema"]["standard_v1"]["receipt"]["amounts_per_payment_type"][0];
        assert_eq!(payment["payment_type"], name, "{paid_by:?}");
    }
    let unnamed = payload::finish(&receipt(&[(1600, 100)], PaidBy::Cash), "till-1");
    assert!(unnamed.is_err(), "a rate without a name is not guessed");
}

#[test]
fn an_order_has_its_lines_and_a_start_has_nothing() {
    let charge = |de: &str, cents, quantity| Charge {
        label: Text::new(de, de),
        quantity,
        cents,
        price_id: "p".to_owned(),
        tax_id: "t".to_owned(),
        tax_basis_points: 700,
    };
    let order = Content::Order { charges: vec![charge("Nudeln", 690, 2), charge("Wasser", -280, 1)] };
    let expected = json!({"state":"FINISHED","client_id":"till-1","schema":{"standard_v1":{"order":{"line_items":[
        {"quantity":"2","text":"Nudeln","price_per_unit":"6.90"},
        {"quantity":"-1","text":"Wasser","price_per_unit":"2.80"}]}}}});
    assert_eq!(told(&order), expected);
    let start = serde_json::to_value(payload::start("till-1")).expect("JSON");
    assert_eq!(start, json!({"state":"ACTIVE","client_id":"till-1"}));
}

/// An answer; None: it hangs.
type Said = Option<(StatusCode, String)>;

/// A unit as it answers in this test: one answer after the other, the last one again and again.
#[derive(Clone, Default)]
struct Unit {
    answers: Arc<Mutex<Vec<Said>>>,
    /// What it was sent: "PUT 1 ACTIVE", "GET".
    calls: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(unit): State<Unit>, method: Method, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let state = serde_json::from_slice::<Value>(&body).ok().and_then(|it| Some(it["state"].as_str()?.to_owned()));
    let revision = query.unwrap_or_default().replace("tx_revision=", "");
    let call = format!("{method} {revision} {}", state.unwrap_or_default());
    unit.calls.lock().expect("lock").push(call.trim().to_owned());
    let said = {
        let mut answers = unit.answers.lock().expect("lock");
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    };
    match said {
        Some((status, body)) => (status, [("content-type", "application/json")], body).into_response(),
        None => std::future::pending().await,
    }
}

impl Unit {
    async fn start(answers: Vec<Said>) -> (Self, CloudTse) {
        let unit = Self { answers: Arc::new(Mutex::new(answers)), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/api/v2/", listener.local_addr().expect("an address"));
        let path = format!("/api/v2/tss/tss-1/tx/{}", Uuid::from_u128(7));
        let router = Router::new().route(&path, axum::routing::any(answer)).with_state(unit.clone());
        kernel::Tasks::default().spawn(async move { axum::serve(listener, router).await });
        let patience = Duration::from_millis(300);
        (unit, CloudTse::new(&base, "tss-1", "till-1", "secret", patience).expect("a client"))
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("lock").clone()
    }
}

fn ok(body: &str) -> Said {
    Some((StatusCode::OK, body.to_owned()))
}

fn active() -> Said {
    ok(r#"{"state":"ACTIVE","latest_revision":1}"#)
}

fn finished() -> Said {
    ok(r#"{"state":"FINISHED","latest_revision":2,"signature":{"value":"abc=","counter":"1"}}"#)
}

#[tokio::test]
async fn a_transaction_is_started_and_finished() {
    let (unit, tse) = Unit::start(vec![active(), finished()]).await;
    let attempt = tse.sign(&unsigned(0)).await;
    let expected = Attempt { progress: Progress::Finished, revision: 2, signed: Ok("abc=".to_owned()) };
    assert_eq!(attempt, expected);
    assert_eq!(unit.calls(), ["PUT 1 ACTIVE", "PUT 2 FINISHED"]);
}

#[tokio::test]
async fn after_a_timeout_it_goes_on_with_the_same_transaction_wherever_that_is() {
    // The start was taken, the end hung.
    let (unit, tse) = Unit::start(vec![active(), None]).await;
    let hung = tse.sign(&unsigned(0)).await;
    assert_eq!((hung.progress, hung.revision), (Progress::Started, 1));
    assert!(hung.signed.expect_err("hung").contains("did not answer"));
    let again = Unsigned { progress: hung.progress, revision: hung.revision, ..unsigned(1) };

    // The unit never took the end.
    *unit.answers.lock().expect("lock") = vec![active(), finished()];
    assert_eq!(tse.sign(&again).await.signed, Ok("abc=".to_owned()));
    assert_eq!(unit.calls()[2..], ["GET", "PUT 2 FINISHED"]);

    // The unit had taken it: its signature is read, nothing is put again.
    *unit.answers.lock().expect("lock") = vec![finished()];
    let read = tse.sign(&again).await;
    assert_eq!((read.progress, read.signed), (Progress::Finished, Ok("abc=".to_owned())));
    assert_eq!(unit.calls()[4..], ["GET"]);

    // Not even the start had arrived.
    *unit.answers.lock().expect("lock") = vec![Some((StatusCode::NOT_FOUND, "{}".to_owned())), active(), finished()];
    assert!(tse.sign(&unsigned(1)).await.signed.is_ok());
    assert_eq!(unit.calls()[5..], ["GET", "PUT 1 ACTIVE", "PUT 2 FINISHED"]);

    // Somebody has updated it in between: revisions only ever rise.
    *unit.answers.lock().expect("lock") = vec![ok(r#"{"state":"ACTIVE","latest_revision":4}"#), finished()];
    assert_eq!(tse.sign(&again).await.revision, 5);
}

#[tokio::test]
async fn an_answer_without_a_signature_is_none() {
    let large = format!(r#"{{"state":"FINISHED","signature":{{"value":"{}"}}}}"#, "x".repeat(5_000));
    let oversized = format!(r#"{{"state":"FINISHED","filler":"{}"}}"#, "x".repeat(LARGEST_ANSWER));
    for (answers, expected) in [
        (vec![active(), ok(r#"{"state":"FINISHED","signature":{"value":" "}}"#)], "empty"),
        (vec![active(), ok(r#"{"state":"FINISHED"}"#)], "without"),
        (vec![active(), ok(&large)], "cannot be one"),
        (vec![active(), ok(&oversized)], "too large"),
        (vec![active(), ok("not JSON")], "cannot be read"),
        (vec![active(), ok("\u{0}\u{1}")], "cannot be read"),
        (vec![ok(r#"{"state":"CANCELLED"}"#)], "CANCELLED"),
        (vec![Some((StatusCode::CONFLICT, "{}".to_owned()))], "409"),
        (vec![Some((StatusCode::INTERNAL_SERVER_ERROR, "{}".to_owned()))], "500"),
        (vec![None], "did not answer"),
    ] {
        let (_, tse) = Unit::start(answers).await;
        let attempt = tse.sign(&unsigned(0)).await;
        let why = attempt.signed.expect_err(expected);
        assert!(why.contains(expected), "{why}, not {expected}");
        assert_ne!(attempt.progress, Progress::Finished, "{expected}");
    }
    let nobody = CloudTse::new("http://127.0.0.1:1", "t", "c", "s", Duration::from_secs(10)).expect("a client");
    assert!(nobody.sign(&unsigned(0)).await.signed.is_err());
    assert!(NoTse.sign(&unsigned(0)).await.signed.is_err());
}
