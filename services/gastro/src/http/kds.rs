//! Other kitchen displays, in Deliverect's words: they tell how far an order is, when it will be there and how busy the
//! kitchen is, and read the same.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    Db,
    push::{failed, refuse, unknown},
    token,
    values::day_of,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

use crate::{
    commands::kds,
    domain::kds::{KdsStatus, Load, busy_status, code, prep_update},
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

fn read(path: &str, push: Push) -> Result<(Uuid, Option<KdsStatus>), String> {
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
    let push = match pushed(db, headers, body, "a status of an order").await? {
        Ok(push) => push,
        Err(answer) => return Ok(answer),
    };
    let (order, status) = match read(path, push) {
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

/// What a system with a good token has sent; else what it is answered.
async fn pushed<T: DeserializeOwned>(
    db: &Db,
    headers: &HeaderMap,
    body: Body,
    what: &str,
) -> Result<Result<T, Response>, Error> {
    if !is_known(db, headers).await? {
        return Ok(Err(unknown("kitchen system", "gastro")));
    }
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Ok(Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("larger than {LARGEST} bytes"))));
    };
    let read = serde_json::from_slice(&bytes);
    Ok(read.map_err(|error| refuse(StatusCode::BAD_REQUEST, format!("not {what}: {error}"))))
}

/// What is named and is not ours is for another kitchen.
fn is_ours(named: Option<&String>, ours: &str) -> bool {
    named.is_none_or(|named| named.is_empty() || named == ours)
}

#[derive(Deserialize)]
struct PrepTime {
    #[serde(rename = "orderId")]
    order_id: Uuid,
    location: Option<String>,
    status: Option<i64>,
    #[serde(rename = "pickupTime")]
    pickup_time: DateTime<Utc>,
}

/// `POST /kds/prepTime`: how far an order is, and when it will be there.
pub(super) async fn prep_time(State(db): State<Db>, headers: HeaderMap, body: Body) -> Response {
    take_time(&db, &headers, body).await.unwrap_or_else(|error| failed(&error))
}

async fn take_time(db: &Db, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let push: PrepTime = match pushed(db, headers, body, "a preparation update").await? {
        Ok(push) => push,
        Err(answer) => return Ok(answer),
    };
    let (_, location, _) = store::kitchen::names(&mut *db.pool().acquire().await?).await?;
    if !is_ours(push.location.as_ref(), &location) {
        return Ok(refuse(StatusCode::BAD_REQUEST, format!("location is another kitchen's; ours is \"{location}\"")));
    }
    let (id, at, status) = (push.order_id, push.pickup_time, push.status.and_then(KdsStatus::of));
    let order = db
        .transact(move |tx| {
            Box::pin(async move {
                if let Some(status) = status {
                    kds::told(tx, id, status).await?;
                }
                kds::told_time(tx, id, at).await
            })
        })
        .await?;
    Ok(Json(prep_update(&order, &location)).into_response())
}

#[derive(Deserialize)]
struct Busy {
    #[serde(rename = "accountId")]
    account: Option<String>,
    #[serde(rename = "locationId")]
    location: Option<String>,
    #[serde(rename = "channelLinkId")]
    channel: Option<String>,
    status: String,
    #[serde(default)]
    delay: i64,
}

/// `POST /kds/busy`: how busy the whole kitchen is.
pub(super) async fn told_busy(State(db): State<Db>, headers: HeaderMap, body: Body) -> Response {
    take_busy(&db, &headers, body).await.unwrap_or_else(|error| failed(&error))
}

async fn take_busy(db: &Db, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let push: Busy = match pushed(db, headers, body, "a word about how busy the kitchen is").await? {
        Ok(push) => push,
        Err(answer) => return Ok(answer),
    };
    let names = store::kitchen::names(&mut *db.pool().acquire().await?).await?;
    let named = [(&push.account, &names.0), (&push.location, &names.1), (&push.channel, &names.2)];
    if let Some((_, ours)) = named.into_iter().find(|(named, ours)| !is_ours(named.as_ref(), ours)) {
        return Ok(refuse(StatusCode::BAD_REQUEST, format!("this is about another kitchen; ours is \"{ours}\"")));
    }
    let load = match Load::read(&push.status, push.delay) {
        Ok(Some(load)) => load,
        Ok(None) => return Ok(Json(json!({"status": push.status, "ignored": true})).into_response()),
        Err(problem) => return Ok(refuse(StatusCode::BAD_REQUEST, problem)),
    };
    db.transact(move |tx| Box::pin(kds::told_load(tx, load))).await?;
    let stations = store::stations(&mut *db.pool().acquire().await?).await?;
    Ok(Json(busy_status(&stations, &names)).into_response())
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
    let orders = store::board(&mut conn, day_of(db.clock().now())).await?;
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
