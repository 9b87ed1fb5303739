//! Conformance: the payload word for word, and every kind of answer.

use axum::{Router, body::Bytes, extract::RawQuery, http::StatusCode, routing::put};
use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::receipt::{Kind, TaxAmount};

fn receipt(taxes: &[(u32, i64)]) -> Receipt {
    let taxes = taxes.iter().map(|(basis_points, gross)| TaxAmount {
        tax_id: format!("t{basis_points}"),
        basis_points: *basis_points,
        gross: *gross,
        tax: 0,
    });
    let taxes: Vec<TaxAmount> = taxes.collect();
    Receipt {
        number: 1,
        order: Uuid::nil(),
        visit: Uuid::nil(),
        kind: Kind::Sale,
        takes_back: None,
        issued_at: DateTime::UNIX_EPOCH,
        charges: Vec::new(),
        cents: taxes.iter().map(|it| it.gross).sum(),
        taxes,
        transaction: Uuid::from_u128(7),
        signature: None,
        unsigned_because: None,
        attempts: 0,
    }
}

#[test]
fn the_payload_is_gross_by_the_names_of_the_rates() {
    let told = transaction(&receipt(&[(700, 1290), (1900, 350)]), "till-1").expect("a transaction");
    let expected = json!({"state":"FINISHED","client_id":"till-1","schema":{"standard_v1":{"receipt":{
        "receipt_type":"RECEIPT",
        "amounts_per_vat_rate":[{"vat_rate":"REDUCED_1","amount":"12.90"},{"vat_rate":"NORMAL","amount":"3.50"}],
        "amounts_per_payment_type":[{"payment_type":"NON_CASH","amount":"16.40","currency_code":"EUR"}]}}}});
    assert_eq!(serde_json::to_value(told).expect("JSON"), expected);
    let back = transaction(&receipt(&[(700, -1290), (0, 0)]), "till-1").expect("a transaction");
    let back = serde_json::to_value(back).expect("JSON");
    let rates = &back["schema"]["standard_v1"]["receipt"]["amounts_per_vat_rate"];
    assert_eq!(*rates, json!([{"vat_rate":"REDUCED_1","amount":"-12.90"},{"vat_rate":"NULL","amount":"0.00"}]));
    assert!(transaction(&receipt(&[(1600, 100)]), "till-1").is_err(), "a rate without a name is not guessed");
}

/// A unit that answers so, and the way to it.
async fn unit(status: StatusCode, answer: &'static str) -> CloudTse {
    let path = format!("/tss/tss-1/tx/{}", Uuid::from_u128(7));
    let put = put(move |RawQuery(query): RawQuery, body: Bytes| async move {
        assert_eq!(query.as_deref(), Some("tx_revision=1"));
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["state"], "FINISHED");
        (status, [("content-type", "application/json")], answer)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    kernel::Tasks::default().spawn(async move { axum::serve(listener, Router::new().route(&path, put)).await });
    CloudTse::new(&base, "tss-1", "till-1", "secret").expect("a client")
}

#[tokio::test]
async fn an_answer_without_a_signature_is_none() {
    let ok = StatusCode::OK;
    for (status, answer, expected) in [
        (ok, r#"{"signature":{"value":"abc=","counter":"1"}}"#, Ok("abc=".to_owned())),
        (ok, r#"{"signature":{"value":" "}}"#, Err("empty")),
        (ok, r#"{"signature":{}}"#, Err("without")),
        (ok, "not JSON", Err("without")),
        (StatusCode::CONFLICT, "{}", Err("409")),
        (StatusCode::INTERNAL_SERVER_ERROR, "{}", Err("500")),
    ] {
        let signed = unit(status, answer).await.sign(&receipt(&[(700, 100)])).await;
        match (signed, expected) {
            (Ok(signed), Ok(expected)) => assert_eq!(signed, expected),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (signed, expected) => panic!("{answer}: {signed:?}, not {expected:?}"),
        }
    }
    let nobody = CloudTse::new("http://127.0.0.1:1", "t", "c", "s").expect("a client");
    assert!(nobody.sign(&receipt(&[(700, 100)])).await.is_err());
    assert!(NoTse.sign(&receipt(&[(700, 100)])).await.is_err());
}
