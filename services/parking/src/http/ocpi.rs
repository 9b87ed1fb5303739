//! How charging points are, as their operator pushes it: OCPI's `PATCH` of an EVSE. Read only: nothing is reserved or
//! started from here. The answer is OCPI's envelope.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use data_encoding::BASE64;
use kernel::{
    push::{failed, shortened, unknown},
    token, values,
};
use serde::Deserialize;
use serde_json::json;

use super::{Edge, heard};
use crate::{commands::charging, error::Error, store};

/// A whole EVSE with its connectors has a few kilobytes.
const LARGEST: usize = 64 * 1024;
/// A clock may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(2);
/// What is from before the year 2000, in seconds since 1970, was told by a clock that nobody has set.
const EARLIEST: i64 = 946_684_800;
/// What OCPI says of a request that it understands, and of one with wrong values.
const SUCCESS: u32 = 1000;
const INVALID: u32 = 2001;

const STATUSES: [&str; 9] =
    ["AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN"];

/// The part of an EVSE that is of use here; of a PATCH anything may be missing.
#[derive(Deserialize)]
struct Evse {
    status: Option<String>,
    last_updated: DateTime<Utc>,
}

/// `PATCH /ocpi/2.3.0/locations/{country}/{party}/{location}/{evse}`
pub(super) async fn take(
    State(edge): State<Edge>,
    Path((_country, _party, location, evse)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    note(&edge, &location, &evse, &headers, body).await.unwrap_or_else(|error| failed(&error))
}

async fn note(edge: &Edge, location: &str, evse: &str, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let Some(partner) = partner(edge, headers).await? else { return Ok(unknown("partner", "parking")) };
    heard(&edge.db, &partner).await?;
    let now = edge.db.clock().now();
    let refused = |status, problem: String| Ok(envelope(status, INVALID, &problem, now));
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, format!("larger than {LARGEST} bytes; send the status alone"));
    };
    let told: Evse = match serde_json::from_slice(&bytes) {
        Ok(told) => told,
        Err(error) => return refused(StatusCode::BAD_REQUEST, shortened(&format!("not a PATCH of an EVSE: {error}"))),
    };
    let uid = match values::text("evse", &format!("{location}/{evse}"), 72) {
        Ok(uid) => uid,
        Err(invalid) => return refused(StatusCode::BAD_REQUEST, invalid.to_string()),
    };
    if told.last_updated > now + AHEAD {
        return refused(StatusCode::BAD_REQUEST, "last_updated: is in the future; check the clock".to_owned());
    }
    if told.last_updated.timestamp() < EARLIEST {
        return refused(StatusCode::BAD_REQUEST, "last_updated: is before the year 2000; check the clock".to_owned());
    }
    // Of connectors, tariffs and the like nothing is kept.
    let Some(status) = told.status else { return Ok(envelope(StatusCode::OK, SUCCESS, "Success", now)) };
    let Some(status) = STATUSES.into_iter().find(|known| *known == status) else {
        return refused(StatusCode::BAD_REQUEST, format!("status: must be one of {}", STATUSES.join(", ")));
    };
    edge.db
        .transact(move |tx| {
            let (partner, uid) = (partner.clone(), uid.clone());
            Box::pin(async move { charging::told(tx, &partner, &uid, status, told.last_updated).await })
        })
        .await?;
    Ok(envelope(StatusCode::OK, SUCCESS, "Success", now))
}

fn envelope(status: StatusCode, code: u32, message: &str, now: DateTime<Utc>) -> Response {
    let timestamp = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let body = json!({"status_code": code, "status_message": message, "timestamp": timestamp});
    (status, Json(body)).into_response()
}

/// OCPI sends `Authorization: Token …`, since 2.2 in Base64.
async fn partner(edge: &Edge, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = sent.and_then(|value| value.strip_prefix("Token ")).map(str::trim) else { return Ok(None) };
    let decoded = BASE64.decode(token.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut conn = edge.db.pool().acquire().await?;
    for token in std::iter::once(token).chain(decoded.as_deref()) {
        if let Some(partner) = store::partners::of_token(&mut conn, &token::hash(token), "ocpi").await? {
            return Ok(Some(partner));
        }
    }
    Ok(None)
}
