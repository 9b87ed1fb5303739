//! A push of a people counter: who sends it, how large it may be, what it is answered. Every push of a known counter
//! is kept for a while, as it came.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{
    Db,
    push::{self, shortened},
    token,
};
use serde_json::json;

use super::xovis::{self, Read};
use crate::{
    commands::sensors::{self, Summary},
    domain::counters::{Package, Problem},
    error::Error,
    store::{self, sensors::Push},
};

/// A minute of a busy counter has a few kilobytes.
const LARGEST: usize = 256 * 1024;
/// Larger ones are answered, but only their beginning is kept.
const KEPT: usize = 64 * 1024;

/// Answers a push.
pub(super) async fn take(State(db): State<Db>, headers: HeaderMap, body: Body) -> Response {
    answer(&db, &headers, body).await.unwrap_or_else(|error| push::failed(&error))
}

async fn answer(db: &Db, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let Some(token) = token::sent(headers) else { return stranger(db).await };
    let mut conn = db.pool().acquire().await?;
    let sensor = store::sensors::of_token(&mut conn, &token::hash(&token)).await?;
    drop(conn);
    let Some(sensor) = sensor else { return stranger(db).await };
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<i64>().ok());
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        let size = length.unwrap_or_default().max(LARGEST as i64 + 1);
        let problem = format!("larger than {LARGEST} bytes; send more often, or fewer logics");
        return refuse(db, sensor.id, StatusCode::PAYLOAD_TOO_LARGE, size, problem, None).await;
    };
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let kept = bytes[..bytes.len().min(KEPT)].to_vec();
    let read = match xovis::read(&bytes, sensor.live) {
        Ok(read) => read,
        Err(problem) => return refuse(db, sensor.id, StatusCode::BAD_REQUEST, size, problem, Some(kept)).await,
    };
    let (mut packages, mut refused, mut tests) = (Vec::new(), Vec::new(), 0);
    for (place, read) in read.into_iter().enumerate() {
        match read {
            Read::Package(package) => match foreign(&package, &sensor.serial) {
                None => packages.push(package),
                Some(problem) => refused.push(shortened(&format!("[{place}]: {problem}"))),
            },
            Read::Test => tests += 1,
            Read::Refused(problem) => refused.push(shortened(&format!("[{place}]: {problem}"))),
        }
    }
    let problem = shortened(&refused.join("; "));
    if packages.is_empty() && tests == 0 {
        return refuse(db, sensor.id, StatusCode::UNPROCESSABLE_ENTITY, size, problem, Some(kept)).await;
    }
    let push = Push { sensor: sensor.id, status: 200, size, problem, body: Some(kept) };
    let summary = db
        .transact(move |tx| {
            Box::pin(async move {
                sensors::note_push(tx, &push).await?;
                if packages.is_empty() {
                    return Ok(Summary::default());
                }
                sensors::take(tx, &push.sensor, &packages).await
            })
        })
        .await?;
    let said = json!({
        "counted": summary.counted,
        "repeated": summary.repeated,
        "problem": summary.problem.map(Problem::name),
        "refused": refused,
    });
    Ok((StatusCode::OK, Json(said)).into_response())
}

/// A package of another device than the one the house file names.
fn foreign(package: &Package, serial: &str) -> Option<String> {
    let other = !serial.is_empty() && !package.serial.is_empty() && package.serial != serial;
    other.then(|| "serial_number is not the one in the house file".to_owned())
}

/// Whose push it is nobody knows: perhaps a counter that still has its old token. Staff learn of it.
async fn stranger(db: &Db) -> Result<Response, Error> {
    db.transact(|tx| Box::pin(sensors::note_refused(tx))).await?;
    Ok(push::unknown("counter", "sensors"))
}

/// Keeps what was wrong, and says so.
async fn refuse(
    db: &Db,
    sensor: String,
    status: StatusCode,
    size: i64,
    problem: String,
    body: Option<Vec<u8>>,
) -> Result<Response, Error> {
    let problem = shortened(&problem);
    let said = push::refuse(status, problem.as_str());
    let push = Push { sensor, status: status.as_u16().into(), size, problem, body };
    db.transact(move |tx| Box::pin(async move { sensors::note_push(tx, &push).await })).await?;
    Ok(said)
}
