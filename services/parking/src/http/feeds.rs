//! What feeds push: ParkAPI v3 as JSON, or a DATEX II v2 status as XML. Who sends it, how large it may be, how it is
//! read, what it is answered.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    Db,
    push::{failed, refuse, shortened, unknown},
    token,
};
use quick_xml::{
    events::{BytesStart, Event},
    name::LocalName,
    reader::Reader,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Edge, heard};
use crate::{
    commands::feeds::take_feed,
    domain::feeds::{Problem, Told},
    error::Error,
    store,
};

/// A city's whole list has some hundred kilobytes.
const LARGEST: usize = 2 * 1024 * 1024;
/// Of those that cannot be read, so many are told one by one.
const MOST_UNREADABLE: usize = 50;

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Item {
    uid: String,
    capacity: Option<i64>,
    realtime_capacity: Option<i64>,
    realtime_free_capacity: Option<i64>,
    realtime_opening_status: Option<String>,
    realtime_data_updated_at: Option<DateTime<Utc>>,
}

/// What a push says, place by place.
#[derive(Default)]
struct Read {
    told: Vec<Told>,
    /// Places that cannot be read, and why. The others are none the worse for them.
    unreadable: Vec<String>,
}

impl Read {
    /// Refuses a push of which nothing can be read.
    fn checked(self) -> Result<Self, String> {
        match self.unreadable.first() {
            Some(problem) if self.told.is_empty() => Err(problem.clone()),
            _ => Ok(self),
        }
    }
}

/// ParkAPI v3.
fn park_api(bytes: &[u8]) -> Result<Read, String> {
    let list: List = serde_json::from_slice(bytes).map_err(|error| format!("not a list of ParkAPI v3: {error}"))?;
    let told = |item: Item| Told {
        uid: item.uid,
        capacity: item.realtime_capacity.or(item.capacity),
        free: item.realtime_free_capacity,
        open: item.realtime_opening_status.as_deref().and_then(open),
        at: item.realtime_data_updated_at,
    };
    let mut read = Read::default();
    for item in list.items {
        let uid = item["uid"].as_str().unwrap_or("a place without uid").to_owned();
        match serde_json::from_value(item) {
            Ok(item) => read.told.push(told(item)),
            Err(error) => read.unreadable.push(format!("{uid} is no place of ParkAPI v3: {error}")),
        }
    }
    read.checked()
}

fn open(status: &str) -> Option<bool> {
    match status.to_ascii_lowercase().as_str() {
        "open" => Some(true),
        "closed" => Some(false),
        _ => None,
    }
}

/// A DATEX II v2 status publication. Namespaces differ from sender to sender; the elements' own names do not.
fn datex(bytes: &[u8]) -> Result<Read, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let broken = |error: &dyn std::fmt::Display| format!("no well-formed XML: {error}");
    let mut reader = Reader::from_str(text);
    let (mut all, mut record, mut content): (Read, Option<Told>, String) = Default::default();
    let mut problem = None;
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) | Event::Empty(start) => {
                content.clear();
                match start.local_name().as_ref() {
                    "parkingRecordStatus" => (record, problem) = (Some(Told::default()), None),
                    "parkingRecordReference" => {
                        if let (Some(record), Some(id)) = (&mut record, id(&start)) {
                            record.uid = id;
                        }
                    }
                    _ => {}
                }
            }
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::End(end) => {
                if end.local_name().as_ref() == "parkingRecordStatus" {
                    let named = record.take().filter(|told| !told.uid.is_empty());
                    match problem.take() {
                        Some(problem) => {
                            let uid = named.map_or_else(|| "a place without id".to_owned(), |told| told.uid);
                            all.unreadable.push(format!("{uid}: {problem}"));
                        }
                        None => all.told.extend(named),
                    }
                } else if let Some(record) = &mut record
                    && let Err(unreadable) = note(record, end.local_name(), content.trim())
                {
                    problem.get_or_insert(unreadable);
                }
                content.clear();
            }
            Event::DocType(_) => return Err("has a document type; DATEX II has none".to_owned()),
            Event::Eof if record.is_some() => return Err("ends in the middle".to_owned()),
            Event::Eof => break,
            _ => {}
        }
    }
    if all.told.is_empty() && all.unreadable.is_empty() {
        return Err("no parkingRecordStatus in it".to_owned());
    }
    all.checked()
}

fn id(start: &BytesStart<'_>) -> Option<String> {
    let attribute = start.try_get_attribute("id").ok()??;
    Some(attribute.value.to_string())
}

fn note(record: &mut Told, name: LocalName<'_>, content: &str) -> Result<(), String> {
    let number = || content.parse::<i64>().map_err(|_| format!("{}: \"{content}\" is no number", name.as_ref()));
    match name.as_ref() {
        "parkingNumberOfVacantSpaces" => record.free = Some(number()?),
        "parkingNumberOfSpacesOverride" => record.capacity = Some(number()?),
        // Closed by either of them is closed.
        "parkingSiteOpeningStatus" => record.open = record.open.filter(|open| !open).or_else(|| open(content)),
        "parkingSiteStatus" if is_closed(content) => record.open = Some(false),
        "parkingStatusOriginTime" => {
            let at =
                DateTime::parse_from_rfc3339(content).map_err(|_| format!("\"{content}\" is no time with its zone"))?;
            record.at = Some(at.to_utc());
        }
        _ => {}
    }
    Ok(())
}

/// What a site's status says of it; how full it is, its count says better.
fn is_closed(status: &str) -> bool {
    ["closed", "carparkclosed", "noparkingallowed"].contains(&status.to_ascii_lowercase().as_str())
}

/// `POST /feeds/park-api`
pub(super) async fn take_park_api(State(edge): State<Edge>, headers: HeaderMap, body: Body) -> Response {
    answer(&edge.db, &headers, body, park_api).await.unwrap_or_else(|error| failed(&error))
}

/// `POST /feeds/datex2`
pub(super) async fn take_datex(State(edge): State<Edge>, headers: HeaderMap, body: Body) -> Response {
    answer(&edge.db, &headers, body, datex).await.unwrap_or_else(|error| failed(&error))
}

type Reads = fn(&[u8]) -> Result<Read, String>;

async fn answer(db: &Db, headers: &HeaderMap, body: Body, read: Reads) -> Result<Response, Error> {
    let Some(feed) = feed(db, headers).await? else {
        return Ok(unknown("feed", "parking"));
    };
    heard(db, &feed).await?;
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("larger than {LARGEST} bytes; send fewer places")));
    };
    let Read { told, unreadable } = match read(&bytes) {
        Ok(read) => read,
        Err(problem) => return Ok(refuse(StatusCode::BAD_REQUEST, shortened(&problem))),
    };
    let summary = db
        .transact(move |tx| {
            let (feed, told) = (feed.clone(), told.clone());
            Box::pin(async move { take_feed(tx, &feed, &told).await })
        })
        .await?;
    let mut refused: Vec<String> =
        summary.refused.iter().map(|(uid, problem)| format!("{uid} {}", Problem::sentence(*problem))).collect();
    let more = unreadable.len().saturating_sub(MOST_UNREADABLE);
    refused.extend(unreadable.iter().take(MOST_UNREADABLE).map(|problem| shortened(problem)));
    if more > 0 {
        refused.push(format!("and {more} more cannot be read"));
    }
    Ok(Json(json!({"taken": summary.taken, "repeated": summary.repeated, "refused": refused})).into_response())
}

async fn feed(db: &Db, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(token) = token::sent(headers) else { return Ok(None) };
    let mut conn = db.pool().acquire().await?;
    store::feeds::of_token(&mut conn, &token::hash(&token)).await
}
