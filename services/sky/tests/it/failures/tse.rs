//! The technical security unit that takes what it is told and never answers, in the whole house.

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
    http::{Method as Verb, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use chrono::TimeDelta;
use kernel::Role;
use serde_json::{Value, json};
use sky_proto::{
    gastro::v1::{ListReceiptsRequest, ListReceiptsResponse, ListUnsignedReceiptsRequest, gastro_client::GastroClient},
    payments::v1::{Means, Method, SettleAtDeskRequest, payments_client::PaymentsClient},
};

use crate::{
    scenario::Family,
    world::{furnished, staff, until},
};

/// A unit that does what it is told and, while it hangs, says nothing.
#[derive(Clone, Default)]
struct Unit {
    hangs: Arc<AtomicBool>,
    /// The revision of each transaction, and whether it is finished.
    known: Arc<Mutex<BTreeMap<String, (u32, bool)>>>,
}

impl Unit {
    fn take(&self, verb: &Verb, id: &str, revision: Option<u32>, body: Option<Json<Value>>) -> Response {
        let mut known = self.known.lock().expect("lock");
        let before = known.get(id).map_or(0, |(revision, _)| *revision);
        if let (&Verb::PUT, Some(Json(body))) = (verb, body) {
            if revision != Some(before + 1) {
                return StatusCode::CONFLICT.into_response();
            }
            known.insert(id.to_owned(), (before + 1, body["state"] == "FINISHED"));
        }
        match known.get(id) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some((revision, false)) => Json(json!({"state": "ACTIVE", "latest_revision": revision})).into_response(),
            Some((revision, true)) => Json(json!({
                "state": "FINISHED", "latest_revision": revision, "signature": {"value": format!("signed {id}")},
            }))
            .into_response(),
        }
    }
}

async fn answer(
    State(unit): State<Unit>,
    verb: Verb,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, u32>>,
    body: Option<Json<Value>>,
) -> Response {
    let answer = unit.take(&verb, &id, query.get("tx_revision").copied(), body);
    if unit.hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    answer
}

/// A meal is sold while the unit hangs: the house goes on, staff see the count of what is not signed, and once the unit
/// answers again it is all signed, under the ids that it was first told, each once.
pub async fn hangs() {
    let unit = Unit::default();
    unit.hangs.store(true, Ordering::SeqCst);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v2", listener.local_addr().expect("an address"));
    let router = Router::new().route("/api/v2/tss/tss-1/tx/{id}", any(answer)).with_state(unit.clone());
    kernel::Tasks::default().spawn(async move { axum::serve(listener, router).await });
    let (house, world) = furnished(|settings| {
        let gastro = settings.services.entry("gastro".to_owned()).or_default();
        for (key, value) in [("tse_url", url.as_str()), ("tse_id", "tss-1"), ("tse_client_id", "till-1")] {
            gastro.insert(key.to_owned(), value.into());
        }
        gastro.insert("tse_timeout_seconds".to_owned(), 1.into());
    })
    .await;

    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let settle = SettleAtDeskRequest {
        visit_id: visit.visit_id.clone(),
        means: Means::Card.into(),
        ..SettleAtDeskRequest::default()
    };
    PaymentsClient::new(world.door("payments", &staff(Role::Desk))).settle_at_desk(settle).await.expect("paid");
    let gastro = || GastroClient::new(world.door("gastro", &staff(Role::Desk)));
    let unsigned = || async {
        house.clock.advance(TimeDelta::seconds(5));
        gastro().list_unsigned_receipts(ListUnsignedReceiptsRequest {}).await.expect("a list").into_inner()
    };
    let asked = |list: &ListReceiptsResponse| {
        let silent = |why: &str| why == "the TSE did not answer";
        list.receipts.len() == 1
            && list.orders.len() == 1
            && (list.receipts.iter().any(|it| it.attempts > 0 && silent(&it.unsigned_because))
                || list.orders.iter().any(|it| it.attempts > 0 && silent(&it.unsigned_because)))
    };
    let waiting = until("staff see a receipt and an order that are not signed", unsigned, asked).await;
    let mine = ListReceiptsRequest { visit_id: visit.visit_id.clone() };
    let receipt = gastro().list_receipts(mine.clone()).await.expect("receipts").into_inner().receipts.remove(0);
    assert_eq!(receipt.signature, "", "it is a receipt all the same, and says that it is not signed");

    unit.hangs.store(false, Ordering::SeqCst);
    until("all of it is signed", unsigned, |list| list.receipts.is_empty() && list.orders.is_empty()).await;
    let signed = gastro().list_receipts(mine).await.expect("receipts").into_inner().receipts.remove(0);
    assert_eq!(signed.transaction_id, receipt.transaction_id);
    assert_eq!(signed.signature, format!("signed {}", receipt.transaction_id));
    let known = unit.known.lock().expect("lock").clone();
    let told = waiting.receipts.iter().map(|it| &it.transaction_id);
    let told = told.chain(waiting.orders.iter().map(|it| &it.transaction_id));
    let expected: BTreeMap<String, (u32, bool)> = told.map(|id| (id.clone(), (2, true))).collect();
    assert_eq!(known, expected, "no transaction but the first ones; each started once and finished once");
}
