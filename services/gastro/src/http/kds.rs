//! Other kitchen displays, in Deliverect's words: they tell how far an order is, and read when it is wanted and how busy
//! the kitchen is.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use kernel::{
    Db,
    push::{failed, refuse, unknown},
    token,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    commands::kds,
    domain::kds::{KdsStatus, busy_status, code, prep_update},
    error::Error,
    store,
};

/// A status has a hundred bytes.
const LARGEST: usize = 16 * 1024;

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "orderId")]
    order_id: Option<String>,
    status: i64,
}

fn read(path: &str, bytes: &[u8]) -> Result<(Uuid, Option<KdsStatus>), String> {
    let push: Push = serde_json::from_slice(bytes).map_err(|error| format!("not a status of an order: {error}"))?;
    if push.order_id.is_some_and(|id| id != path) {
        return Err("orderId is not the one in the path".to_owned());
    }
    let id = Uuid::try_parse(path).map_err(|_| "the order's id in the path is none of ours".to_owned())?;
    Ok((id, KdsStatus::of(push.status)))
}

/// `POST /kds/orderStatus/{orderId}`
pub(super) async fn order_status(
    State(db): State<Db>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&db, &path, &headers, body).await.unwrap_or_else(|error| failed(&error))
}

async fn take(db: &Db, path: &str, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    if !is_known(db, headers).await? {
        return Ok(unknown("kitchen system", "gastro"));
    }
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("larger than {LARGEST} bytes")));
    };
    let (order, status) = match read(path, &bytes) {
        Ok(read) => read,
        Err(problem) => return Ok(refuse(StatusCode::BAD_REQUEST, problem)),
    };
    // A code that nobody here knows is no error: others may mean something by it.
    let Some(status) = status else {
        return Ok(Json(json!({"orderId": path, "ignored": true})).into_response());
    };
    let order = db.transact(move |tx| Box::pin(kds::told(tx, order, status))).await?;
    Ok(Json(json!({"orderId": path, "status": code(order.state)})).into_response())
}

/// Whether it has a good token; that it has spoken is written down at most once a minute.
async fn is_known(db: &Db, headers: &HeaderMap) -> Result<bool, Error> {
    let Some(token) = token::sent(headers) else { return Ok(false) };
    let found = {
        let mut conn = db.pool().acquire().await?;
        store::kds_tokens::of_hash(&mut conn, &token::hash(&token)).await?
    };
    let Some((id, used_at)) = found else { return Ok(false) };
    if used_at.is_none_or(|at| at <= db.clock().now() - kds::EVERY) {
        db.transact(move |tx| Box::pin(kds::spoke(tx, id))).await?;
    }
    Ok(true)
}

/// `GET /kds/prepTimes`: each open order as a preparation update.
pub(super) async fn prep_times(State(db): State<Db>, headers: HeaderMap) -> Response {
    orders(&db, &headers).await.unwrap_or_else(|error| failed(&error))
}

async fn orders(db: &Db, headers: &HeaderMap) -> Result<Response, Error> {
    if !is_known(db, headers).await? {
        return Ok(unknown("kitchen system", "gastro"));
    }
    let mut conn = db.pool().acquire().await?;
    let (_, location, _) = store::kitchen::names(&mut conn).await?;
    let orders = store::board(&mut conn).await?;
    Ok(Json(orders.iter().map(|order| prep_update(order, &location)).collect::<Vec<_>>()).into_response())
}

/// `GET /kds/busy`: how busy the kitchen is.
pub(super) async fn busy(State(db): State<Db>, headers: HeaderMap) -> Response {
    busy_now(&db, &headers).await.unwrap_or_else(|error| failed(&error))
}

async fn busy_now(db: &Db, headers: &HeaderMap) -> Result<Response, Error> {
    if !is_known(db, headers).await? {
        return Ok(unknown("kitchen system", "gastro"));
    }
    let mut conn = db.pool().acquire().await?;
    let names = store::kitchen::names(&mut conn).await?;
    let stations = store::stations(&mut conn).await?;
    Ok(Json(busy_status(&stations, &names)).into_response())
}
