//! What a camera pushes: the webhook of Plate Recognizer Stream, as JSON. Who sends it, how large it may be, how it is
//! read, what it is answered. Neither the plate nor the body is kept or logged.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    Db,
    identity::Keys,
    push::{failed, refuse, unknown},
    token,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Edge, heard, without_values};
use crate::{
    commands::{self, connections::EVERY, lanes::LaneAnswer, plates},
    domain::plates::{Reading, Sight, judge},
    error::Error,
    store::{self, plates::Camera},
};

/// A reading without its picture has a few kilobytes.
const LARGEST: usize = 64 * 1024;
/// Candidates that are looked at.
const MOST_CANDIDATES: usize = 10;
/// Names readings, so that the same one, pushed again, is answered as before.
const READINGS: Uuid = Uuid::from_u128(0x7ab2_5e0c_93d1_4c5f_8e77_1d0b_62a9_44f3);

#[derive(Deserialize)]
struct Push {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    timestamp: DateTime<Utc>,
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct Found {
    plate: String,
    score: f64,
    dscore: f64,
    #[serde(default)]
    candidates: Vec<Candidate>,
}

impl Found {
    /// A result; None: neither a plate nor a vehicle without one.
    fn read(result: Value) -> Option<Self> {
        match result.get("plate")? {
            // A vehicle of which no plate was found, whatever else is said of it: it is not sure at all.
            Value::Null => Some(Self { plate: String::new(), score: 0.0, dscore: -1.0, candidates: Vec::new() }),
            _ => serde_json::from_value(result).ok(),
        }
    }
}

#[derive(Deserialize)]
struct Candidate {
    plate: String,
    /// Without one it is good for nothing.
    #[serde(default)]
    score: f64,
}

/// Thousandths of a certainty; what is none at all is 0.
fn thousandths(certainty: f64) -> u32 {
    (0..=1000).rev().find(|&step| f64::from(step) / 1000.0 <= certainty).unwrap_or(0)
}

/// The best reading of a push; None: it saw nothing. A vehicle whose plate was not found is seen all the same: it may want out. A result that cannot be read is none the worse for the others; a push
/// of which none can be read is refused, in words that repeat nothing of it: answers are logged elsewhere.
fn read(bytes: &[u8]) -> Result<Option<Reading>, String> {
    let push: Push = serde_json::from_slice(bytes)
        .map_err(|error| format!("not a recognition of a plate: {}", without_values(&error)))?;
    let (mut best, mut problem): (Option<Found>, _) = (None, None);
    for (place, result) in push.data.results.into_iter().enumerate() {
        match Found::read(result) {
            Some(found) if best.as_ref().is_none_or(|best| found.dscore.total_cmp(&best.dscore).is_ge()) => {
                best = Some(found);
            }
            Some(_) => {}
            None => {
                problem = Some(format!("data.results[{place}]: needs plate, a text, and score and dscore, numbers"));
            }
        }
    }
    let Some(found) = best else { return problem.map_or(Ok(None), Err) };
    let candidates = found.candidates.into_iter().take(MOST_CANDIDATES);
    Ok(Some(Reading {
        candidates: candidates.map(|it| (it.plate, thousandths(it.score))).collect(),
        score: thousandths(found.score),
        dscore: thousandths(found.dscore),
        plate: found.plate,
        at: push.data.timestamp,
    }))
}

/// `POST /lanes/plate-recognizer`
pub(super) async fn take(State(edge): State<Edge>, headers: HeaderMap, body: Body) -> Response {
    answer(&edge, &headers, body).await.unwrap_or_else(|error| failed(&error))
}

async fn answer(Edge { db, keys }: &Edge, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let Some((camera, spoke)) = camera(db, headers).await? else {
        return Ok(unknown("camera", "parking"));
    };
    if !spoke {
        heard(db, &camera.id).await?;
    }
    let is_json = headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        let problem = "send JSON without the picture (webhook_image = no)";
        return Ok(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("larger than {LARGEST} bytes; send no picture")));
    };
    let reading = match read(&bytes) {
        Ok(Some(reading)) => reading,
        Ok(None) => return Ok(Json(json!({"verdict": "nothing_seen"})).into_response()),
        Err(problem) => return Ok(refuse(StatusCode::BAD_REQUEST, problem)),
    };
    Ok(Json(told(&decide(db, keys, camera, &reading).await?)).into_response())
}

/// Whose token was sent, and whether it is written down that it spoke within a minute.
async fn camera(db: &Db, headers: &HeaderMap) -> Result<Option<(Camera, bool)>, Error> {
    let Some(token) = token::sent(headers) else { return Ok(None) };
    let mut conn = db.pool().acquire().await?;
    store::plates::camera_of_token(&mut conn, &token::hash(&token), db.clock().now() - EVERY).await
}

async fn decide(db: &Db, keys: &Keys, camera: Camera, reading: &Reading) -> Result<LaneAnswer, Error> {
    let (sight, at) = (judge(reading, camera.least), reading.at);
    let fingerprints: Vec<[u8; 32]> = match &sight {
        Sight::Plates(plates) => plates.iter().map(|plate| keys.fingerprint("plate", plate)).collect(),
        Sight::Unreadable => Vec::new(),
    };
    // The plate itself must not be in the key, which is kept.
    let name = keys.fingerprint("reading", &format!("{} {} {}", camera.id, reading.at.to_rfc3339(), reading.plate));
    let key = Uuid::new_v5(&READINGS, &name);
    db.transact(move |tx| {
        let (camera, sight, fingerprints) = (camera.clone(), sight.clone(), fingerprints.clone());
        Box::pin(async move {
            commands::lock_site(tx).await?;
            let now = tx.now();
            let (first, visit) = store::plates::visit_of(tx.conn(), key, &fingerprints, now).await?;
            if let Some(first) = first {
                let site = store::site(tx.conn(), now).await?;
                let message = first.message(camera.direction, &site.alternatives);
                return Ok(LaneAnswer { verdict: first, message, right: None, command: None });
            }
            plates::seen_by_camera(tx, key, camera, (&sight, at), visit).await
        })
    })
    .await
}

fn told(answer: &LaneAnswer) -> Value {
    json!({"verdict": answer.verdict.name(), "message": {"de": answer.message.de, "en": answer.message.en}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainties_are_thousandths_and_nonsense_is_none() {
        for (certainty, expected) in
            [(0.839, 839), (0.8, 800), (1.0, 1000), (7.5, 1000), (0.0, 0), (-1.0, 0), (f64::NAN, 0), (0.9999, 999)]
        {
            assert_eq!(thousandths(certainty), expected, "{certainty}");
        }
    }
}
