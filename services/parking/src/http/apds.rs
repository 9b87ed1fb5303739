//! Rights in the words of the Alliance for Parking Data Standards (APDS 4): what may be had, what a partner has assigned,
//! whose car is in. A partner sees and changes its own rights alone. A plate is taken, kept as a fingerprint and never told.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kernel::{
    push::{failed, refuse, unknown},
    token,
    values::day_of,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Edge, heard, without_values};
use crate::{
    commands::{assigning, plates::Noted},
    domain::{
        BayClass, LONGEST_STAY, Right, RightState, Window,
        assigning::Wanted,
        lanes::{Direction, Verdict},
        plates,
    },
    error::Error,
    store,
};

/// One right or session has a few hundred bytes.
const LARGEST: usize = 64 * 1024;
/// Rights of so much around now are told.
const BACK: TimeDelta = TimeDelta::hours(24);
const AHEAD: TimeDelta = TimeDelta::days(31);
/// Names specifications and areas by class, and what a session means at the gate.
const SPECIFICATIONS: Uuid = Uuid::from_u128(0x0bd1_44a7_6a5e_4e0e_9d2c_51f0_8a3b_7710);
const AREAS: Uuid = Uuid::from_u128(0x71c0_3d1e_9b6a_4f0b_8a55_2e4c_17d9_60b8);
const SESSIONS: Uuid = Uuid::from_u128(0x5a3e_9f10_22c7_4b6d_8f14_c09d_7e61_b2a5);

fn specification(class: BayClass) -> Uuid {
    Uuid::new_v5(&SPECIFICATIONS, class.name().as_bytes())
}

/// The bays of one class: they lie together, and are counted and assigned as one.
fn area(class: BayClass) -> Uuid {
    Uuid::new_v5(&AREAS, class.name().as_bytes())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignedRight {
    id: Uuid,
    version: u32,
    right_specification: Reference,
    #[serde(default)]
    right_holder: Option<RightHolder>,
    planned_uses: Vec<PlannedUse>,
}

#[derive(Deserialize)]
struct Reference {
    id: Uuid,
}

#[derive(Deserialize)]
struct RightHolder {
    #[serde(default)]
    credentials: Vec<Credential>,
}

#[derive(Deserialize)]
struct Credential {
    #[serde(rename = "type")]
    kind: String,
    identifier: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlannedUse {
    start_time: DateTime<Utc>,
    end_time: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Session {
    id: Uuid,
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Segment {
    assigned_right: Reference,
    /// The car has left.
    #[serde(default)]
    actual_end: Option<DateTime<Utc>>,
}

/// What is wanted, and its plate in its one spelling; else what is wrong with it.
fn wanted(right: &AssignedRight, now: DateTime<Utc>) -> Result<(Wanted, Option<String>), String> {
    let class = BayClass::ALL.into_iter().find(|class| specification(*class) == right.right_specification.id);
    let class = class.ok_or("rightSpecification.id: none of /apds/v4/rights/specifications")?;
    let [planned] = right.planned_uses.as_slice() else {
        return Err("plannedUses: exactly one is taken; send a right for each".to_owned());
    };
    let window = Window { from: planned.start_time, until: planned.end_time };
    if window.until <= window.from || window.until - window.from > LONGEST_STAY {
        return Err("plannedUses[0].endTime: must be later than startTime, by at most 24 hours".to_owned());
    }
    if window.until <= now || window.from > now + AHEAD {
        return Err("plannedUses[0]: is over, or more than 31 days ahead".to_owned());
    }
    let credentials = right.right_holder.as_ref().map(|holder| holder.credentials.as_slice()).unwrap_or_default();
    let plate = match credentials.iter().find(|it| it.kind == "licensePlate") {
        // What was sent is not repeated: answers are logged elsewhere.
        Some(it) => Some(plates::normalise(&it.identifier.id).ok_or("credentials: identifier.id is no licence plate")?),
        None => None,
    };
    Ok((Wanted { id: right.id, version: right.version, class, window }, plate))
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A state in APX' words.
const fn state(right: &Right, version: u32) -> &'static str {
    match right.state {
        RightState::Held | RightState::Confirmed if version > 1 => "amended",
        RightState::Held | RightState::Confirmed => "confirmed",
        RightState::Suspended => "suspended",
        RightState::CheckedIn => "checkedIn",
        RightState::Left => "completed",
        RightState::Cancelled | RightState::Expired => "cancelled",
        RightState::NoShow => "noShow",
    }
}

fn told(right: &Right, version: u32) -> Value {
    json!({
        "id": right.visit,
        "version": version,
        "className": "AssignedRight",
        "state": state(right, version),
        "rightSpecification": {"id": specification(right.class), "version": 1, "className": "RightSpecification"},
        // What its driver says at the intercom. Plates nobody can read again.
        "rightHolder": {"credentials": [{"type": "other", "identifier": {"id": right.reference}}]},
        "plannedUses": [{"startTime": rfc3339(right.window.from), "endTime": rfc3339(right.window.until)}],
        "noShowAfter": rfc3339(right.window.until),
    })
}

/// `GET /apds/v4/places`: the one place, its areas, and the lanes that lead into it. What is not known is left out.
pub(super) async fn places(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    answer(list_places(&edge, &headers).await)
}

async fn list_places(edge: &Edge, headers: &HeaderMap) -> Result<Response, Error> {
    if partner(edge, headers).await?.is_none() {
        return Ok(unknown("partner", "parking"));
    }
    let now = edge.db.clock().now();
    let mut conn = edge.db.pool().acquire().await?;
    let site = store::site(&mut conn, now).await?;
    let lanes = store::gates::lanes(&mut conn).await?;
    let place = store::place(&mut conn).await?;
    let name = json!([{"language": "de", "string": site.name.de}, {"language": "en", "string": site.name.en}]);
    let areas = site.classes.iter().map(|count| {
        let mut area = json!({
            "id": area(count.class),
            "version": 1,
            "className": "IdentifiedArea",
            "name": [{"language": "en", "string": count.class.name()}],
            "numberOfSpaces": count.capacity,
            "rightSpecifications": [
                {"id": specification(count.class), "version": 1, "className": "RightSpecification"}],
        });
        if site.counted.holds(now) && count.is_known {
            area["occupancy"] = json!({"occupied": count.occupied, "observationTime": rfc3339(site.counted.at)});
        }
        area
    });
    let accesses = lanes.iter().map(|lane| {
        let direction = match lane.direction {
            Direction::In => "entrance",
            Direction::Out => "exit",
        };
        json!({"id": lane.id, "className": "VehicularAccess", "direction": direction})
    });
    let mut told = json!({
        "id": site.id,
        "version": site.revision,
        "className": "Place",
        "name": name,
        "state": site.state.name(),
        "identifiedAreas": areas.collect::<Vec<_>>(),
        "vehicularAccesses": accesses.collect::<Vec<_>>(),
    });
    if let Some(place) = place {
        told["address"] = place.address.into();
        told["location"] = json!({"latitude": place.latitude, "longitude": place.longitude});
    }
    Ok(Json(json!({"items": [told]})).into_response())
}

/// `GET /apds/v4/rights/specifications`
pub(super) async fn specifications(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    answer(list_specifications(&edge, &headers).await)
}

async fn list_specifications(edge: &Edge, headers: &HeaderMap) -> Result<Response, Error> {
    if partner(edge, headers).await?.is_none() {
        return Ok(unknown("partner", "parking"));
    }
    let mut conn = edge.db.pool().acquire().await?;
    let site = store::site(&mut conn, edge.db.clock().now()).await?;
    let items: Vec<Value> = site
        .classes
        .iter()
        .map(|count| {
            json!({
                "id": specification(count.class),
                "version": 1,
                "className": "RightSpecification",
                "description": [{"language": "en", "string": count.class.name()}],
                "type": "reservation",
                "hierarchyElement": {"id": site.id, "className": "Place"},
                "capacity": count.capacity,
            })
        })
        .collect();
    Ok(Json(json!({"items": items})).into_response())
}

/// `GET /apds/v4/rights/assigned`
pub(super) async fn assigned(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    answer(list(&edge, &headers, |right, version| Some(told(right, version))).await)
}

/// `GET /apds/v4/sessions`: of those whose car is in, or was.
pub(super) async fn sessions(State(edge): State<Edge>, headers: HeaderMap) -> Response {
    let of = |right: &Right, version: u32| {
        let entered = right.entered_at?;
        let mut segment = json!({
            "assignedRight": {"id": right.visit, "version": version, "className": "AssignedRight"},
            "actualStart": rfc3339(entered),
        });
        if let Some(left) = right.left_at {
            segment["actualEnd"] = rfc3339(left).into();
        }
        Some(
            json!({"id": Uuid::new_v5(&SESSIONS, right.visit.as_bytes()), "className": "Session", "segments": [segment]}),
        )
    };
    answer(list(&edge, &headers, of).await)
}

async fn list(edge: &Edge, headers: &HeaderMap, of: fn(&Right, u32) -> Option<Value>) -> Result<Response, Error> {
    let Some(partner) = partner(edge, headers).await? else { return Ok(unknown("partner", "parking")) };
    let now = edge.db.clock().now();
    let mut conn = edge.db.pool().acquire().await?;
    let rights = store::partners::rights(&mut conn, &partner, Window { from: now - BACK, until: now + AHEAD }).await?;
    let items: Vec<Value> = rights.iter().filter_map(|(right, version)| of(right, *version)).collect();
    Ok(Json(json!({"items": items})).into_response())
}

/// `POST /apds/v4/rights/assigned`: 201 for a new one, 200 for its next version or the same again, 409 on a colliding id or
/// a stale version.
pub(super) async fn assign(State(edge): State<Edge>, headers: HeaderMap, body: Body) -> Response {
    answer(take_right(&edge, &headers, body).await)
}

async fn take_right(edge: &Edge, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let Some(partner) = partner(edge, headers).await? else { return Ok(unknown("partner", "parking")) };
    let right: AssignedRight = match read(body, "an AssignedRight").await {
        Ok(right) => right,
        Err(refusal) => return Ok(*refusal),
    };
    let (wanted, plate) = match wanted(&right, edge.db.clock().now()) {
        Ok(good) => good,
        Err(problem) => return Ok(refuse(StatusCode::BAD_REQUEST, problem)),
    };
    let plate = plate.map(|plate| Noted::of(&edge.keys, &plate, day_of(wanted.window.from)));
    let version = wanted.version;
    let (right, is_new) = edge
        .db
        .transact(move |tx| {
            let (partner, wanted, plate) = (partner.clone(), wanted.clone(), plate.clone());
            Box::pin(async move { assigning::assign(tx, &partner, &wanted, plate).await })
        })
        .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(told(&right, version))).into_response())
}

/// Which version of a right is meant; without it, whichever is known.
#[derive(Deserialize)]
pub(super) struct Meant {
    version: Option<u32>,
}

/// `DELETE /apds/v4/rights/assigned/{id}?version=2`: 200 with the cancelled right, the same again 200; 404 where the partner
/// has no such right (it may not have been taken yet: assign it first), 409 for another version than the one that is known
/// or a right whose car has come.
pub(super) async fn cancel(
    State(edge): State<Edge>,
    Path(id): Path<String>,
    meant: Result<Query<Meant>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    answer(cancel_right(&edge, &id, meant.ok().map(|meant| meant.0), &headers).await)
}

async fn cancel_right(edge: &Edge, id: &str, meant: Option<Meant>, headers: &HeaderMap) -> Result<Response, Error> {
    let Some(partner) = partner(edge, headers).await? else { return Ok(unknown("partner", "parking")) };
    let Ok(id) = Uuid::try_parse(id) else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "id: must be the UUID of an assigned right"));
    };
    let Some(Meant { version }) = meant else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "version: must be a whole number, or be left out"));
    };
    let (right, version) = edge
        .db
        .transact(move |tx| {
            let partner = partner.clone();
            Box::pin(async move { assigning::cancel(tx, &partner, id, version).await })
        })
        .await?;
    Ok(Json(told(&right, version)).into_response())
}

/// `POST /apds/v4/sessions`: a car checks in for its right (or has left): 201, the same again 200, 409 where it may not.
pub(super) async fn session(State(edge): State<Edge>, headers: HeaderMap, body: Body) -> Response {
    answer(take_session(&edge, &headers, body).await)
}

async fn take_session(edge: &Edge, headers: &HeaderMap, body: Body) -> Result<Response, Error> {
    let Some(partner) = partner(edge, headers).await? else { return Ok(unknown("partner", "parking")) };
    let session: Session = match read(body, "a Session").await {
        Ok(session) => session,
        Err(refusal) => return Ok(*refusal),
    };
    let [segment] = session.segments.as_slice() else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "segments: exactly one, with the assignedRight that it is for"));
    };
    let (right, leaves) = (segment.assigned_right.id, segment.actual_end.is_some());
    let direction = if leaves { Direction::Out } else { Direction::In };
    let key = Uuid::new_v5(&SESSIONS, format!("{} {} {}", partner, session.id, direction.name()).as_bytes());
    let done = edge
        .db
        .transact(move |tx| {
            let partner = partner.clone();
            Box::pin(async move { assigning::session(tx, &partner, key, right, direction).await })
        })
        .await?;
    let message = json!({"de": done.message.de, "en": done.message.en});
    let body = json!({"id": session.id, "verdict": done.verdict.name(), "message": message});
    let status = if done.verdict == Verdict::Open { StatusCode::CREATED } else { StatusCode::CONFLICT };
    Ok((status, Json(body)).into_response())
}

async fn partner(edge: &Edge, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(token) = token::sent(headers) else { return Ok(None) };
    let partner = {
        let mut conn = edge.db.pool().acquire().await?;
        store::partners::of_token(&mut conn, &token::hash(&token), "apds").await?
    };
    if let Some(partner) = &partner {
        heard(&edge.db, partner).await?;
    }
    Ok(partner)
}

/// Reads what was sent; else how it is refused.
async fn read<T: DeserializeOwned>(body: Body, what: &str) -> Result<T, Box<Response>> {
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        let problem = format!("larger than {LARGEST} bytes; send one at a time");
        return Err(Box::new(refuse(StatusCode::PAYLOAD_TOO_LARGE, problem)));
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        Box::new(refuse(StatusCode::BAD_REQUEST, format!("not {what} of APDS: {}", without_values(&error))))
    })
}

fn answer(done: Result<Response, Error>) -> Response {
    done.unwrap_or_else(|error| failed(&error))
}
