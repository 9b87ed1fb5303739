//! The TSE over HTTP: what is confirmed and paid waits, visible to staff, until the unit is there again; with the same
//! transactions, started once and finished once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use kernel::testing::House;
use serde_json::{Value, json};
use sky_proto::{
    gastro::v1 as pb,
    journey::v1::VisitConfirmed,
    kernel::v1::Money,
    payments::v1::{Means, Method as PayBy, PaymentSettled},
};
use uuid::Uuid;

use crate::{client, support::*};

/// What the unit has of a transaction: its revision, and its content once it is finished.
type Known = (u32, Option<Value>);

/// A unit that is away first, and that keeps to revisions.
#[derive(Clone, Default)]
struct Unit {
    away: Arc<AtomicBool>,
    known: Arc<Mutex<BTreeMap<String, Known>>>,
}

async fn unit(
    State(unit): State<Unit>,
    method: Method,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, u32>>,
    body: Option<Json<Value>>,
) -> Response {
    if unit.away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut known = unit.known.lock().expect("lock");
    let revision = query.get("tx_revision").copied();
    let before = known.get(&id).map_or(0, |(revision, _)| *revision);
    if let (Method::PUT, Some(Json(body))) = (method, body) {
        if revision != Some(before + 1) {
            return StatusCode::CONFLICT.into_response();
        }
        let content = (body["state"] == "FINISHED").then(|| body["schema"]["standard_v1"].clone());
        known.insert(id.clone(), (before + 1, content));
    }
    match known.get(&id) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((revision, None)) => Json(json!({"state": "ACTIVE", "latest_revision": revision})).into_response(),
        Some((revision, Some(_))) => Json(json!({
            "state": "FINISHED", "latest_revision": revision, "signature": {"value": format!("signed {id}")},
        }))
        .into_response(),
    }
}

async fn queue(house: &House) -> (Vec<pb::Receipt>, Vec<pb::OrderRecord>) {
    let listed = client!(house, &cook()).list_unsigned_receipts(pb::ListUnsignedReceiptsRequest {}).await;
    let listed = listed.expect("a list").into_inner();
    (listed.receipts, listed.orders)
}

#[tokio::test]
async fn what_the_unit_missed_waits_and_is_signed_once_it_is_back() {
    let it = Unit::default();
    it.away.store(true, Ordering::SeqCst);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v2", listener.local_addr().expect("an address"));
    let router = Router::new().route("/api/v2/tss/tss-1/tx/{id}", any(unit)).with_state(it.clone());
    kernel::Tasks::default().spawn(async move { axum::serve(listener, router).await });
    let house = house_with(&[("tse_url", &url), ("tse_id", "tss-1"), ("tse_client_id", "till-1")]).await;

    let (online, desk) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, online, Uuid::now_v7()).await;
    hold(&house, &wish(desk, Uuid::now_v7())).await.expect("held");
    let told = VisitConfirmed { paid_by: PayBy::AtDesk.into(), ..confirmed(desk, Uuid::now_v7()) };
    twice(&house, "journey", &told).await;
    let settled = PaymentSettled {
        visit_id: desk.to_string(),
        amount: Some(Money { cents: 1660, currency: "EUR".to_owned() }),
        means: Means::Cash.into(),
        ..PaymentSettled::default()
    };
    twice(&house, "payments", &settled).await;
    until(&house, "the unit was asked", async || {
        queue(&house).await.0.iter().any(|it| it.attempts > 0) || queue(&house).await.1.iter().any(|it| it.attempts > 0)
    })
    .await;
    let (receipts, orders) = queue(&house).await;
    assert_eq!((receipts.len(), orders.len()), (2, 2), "seen by staff until they are signed");
    let transactions: Vec<String> = receipts.iter().map(|it| it.transaction_id.clone()).collect();
    assert!(orders.iter().any(|it| it.unsigned_because.contains("503")), "{orders:?}");

    it.away.store(false, Ordering::SeqCst);
    until(&house, "all are signed", async || queue(&house).await == (Vec::new(), Vec::new())).await;
    let known = it.known.lock().expect("lock").clone();
    assert_eq!(known.len(), 4, "one transaction each");
    assert!(known.values().all(|(revision, content)| *revision == 2 && content.is_some()), "started, then finished");
    let paid = |transaction: &String| known[transaction].1.as_ref().expect("finished")["receipt"].clone();
    let types: Vec<Value> =
        transactions.iter().map(|it| paid(it)["amounts_per_payment_type"][0]["payment_type"].clone()).collect();
    assert_eq!(types, ["NON_CASH", "CASH"]);
    let order_records =
        known.values().filter(|(_, content)| content.as_ref().is_some_and(|it| it["order"].is_object()));
    assert_eq!(order_records.count(), 2, "AVBestellung");
    let request = pb::ListReceiptsRequest { visit_id: desk.to_string() };
    let listed = client!(house, &kernel::testing::visitor(Some(desk))).list_receipts(request).await;
    let receipt = listed.expect("receipts").into_inner().receipts.remove(0);
    assert_eq!(receipt.signature, format!("signed {}", receipt.transaction_id));
}
