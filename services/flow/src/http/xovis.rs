//! The push format of Xovis counters, firmware 5: an object, an array of them, or several one after the other without
//! anything between. Reads; decides nothing.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::counters::{Package, Record};

/// More than that in one push is no push.
const MOST_PACKAGES: usize = 500;
const MOST_RECORDS: usize = 5_000;

/// One of the things in a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Package(Package),
    /// It wants to know whether somebody is there, or tells of its own health: nothing is counted, and it is not taken
    /// for a counter that counts again.
    Test,
    /// With what is wrong.
    Refused(String),
}

#[derive(Deserialize)]
struct Push {
    logics_data: Option<Logics>,
    live_data: Option<Live>,
    status_data: Option<Value>,
    connection_test: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PackageInfo {
    id: Option<i64>,
    agent_id: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SensorInfo {
    serial_number: String,
    time: Option<Time>,
}

#[derive(Deserialize)]
struct Logics {
    #[serde(default)]
    package_info: PackageInfo,
    #[serde(default)]
    sensor_info: SensorInfo,
    #[serde(default)]
    logics: Vec<Logic>,
    connection_test: Option<Value>,
}

#[derive(Deserialize)]
struct Logic {
    id: i64,
    #[serde(default)]
    records: Vec<Interval>,
}

#[derive(Deserialize)]
struct Interval {
    from: Time,
    to: Time,
    samples: Option<u32>,
    samples_expected: Option<u32>,
    #[serde(default)]
    counts: Vec<Count>,
}

#[derive(Deserialize)]
struct Count {
    /// The logic's id with the place of the count: …1 is forward, …2 backward.
    id: Option<i64>,
    #[serde(default)]
    name: String,
    value: i64,
}

#[derive(Deserialize)]
struct Live {
    #[serde(default)]
    package_info: PackageInfo,
    #[serde(default)]
    sensor_info: SensorInfo,
    #[serde(default)]
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    time: Time,
    #[serde(default)]
    tracked_objects: Vec<Track>,
    #[serde(default)]
    events: Vec<Happening>,
}

#[derive(Deserialize)]
struct Track {
    track_id: i64,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    attributes: TrackAttributes,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TrackAttributes {
    members: Option<u32>,
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Happening {
    #[serde(default)]
    category: String,
    #[serde(default)]
    attributes: HappeningAttributes,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HappeningAttributes {
    counter_id: Option<i64>,
    track_id: Option<i64>,
}

/// RFC 3339, or seconds or milliseconds since 1970.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Number(serde_json::Number),
}

impl Time {
    fn read(&self) -> Result<DateTime<Utc>, String> {
        let time = match self {
            Self::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
            Self::Number(number) => {
                number.as_i64().or_else(|| number.to_string().split('.').next()?.parse().ok()).and_then(|number| {
                    if number.unsigned_abs() > 100_000_000_000 {
                        DateTime::from_timestamp_millis(number)
                    } else {
                        DateTime::from_timestamp(number, 0)
                    }
                })
            }
        };
        let within = |time: &DateTime<Utc>| (946_684_800..7_258_118_400).contains(&time.timestamp());
        time.filter(within).ok_or_else(|| {
            let given = match self {
                Self::Text(text) => text.chars().take(40).collect(),
                Self::Number(number) => number.to_string(),
            };
            format!("\"{given}\" is no time: send RFC 3339 with its offset, or Unix seconds")
        })
    }
}

/// Reads a whole push. The error is for a body that is no JSON at all.
pub(super) fn read(body: &[u8], live: bool) -> Result<Vec<Read>, String> {
    let text = std::str::from_utf8(body)
        .map_err(|error| format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))?;
    let mut found = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document.map_err(|error| format!("the body is not JSON: {error}"))? {
            Value::Array(pushes) => found.extend(pushes.into_iter().map(|push| one(push, live))),
            push => found.push(one(push, live)),
        }
        if found.len() > MOST_PACKAGES {
            return Err(format!("more than {MOST_PACKAGES} packages in one push"));
        }
    }
    if found.is_empty() {
        return Err("the body is empty".to_owned());
    }
    Ok(found)
}

fn one(push: Value, live: bool) -> Read {
    let push: Push = match serde_json::from_value(push) {
        Ok(push) => push,
        Err(error) => return Read::Refused(error.to_string()),
    };
    let read = match (&push.logics_data, &push.live_data) {
        (Some(logics), _) if logics.connection_test.is_some() => return Read::Test,
        (Some(logics), _) => logics.read(live),
        (None, Some(data)) => data.read(live),
        (None, None) if push.connection_test.is_some() || push.status_data.is_some() => return Read::Test,
        (None, None) => Err("has neither logics_data nor live_data nor connection_test".to_owned()),
    };
    read.map_or_else(Read::Refused, Read::Package)
}

fn package(info: &PackageInfo, sensor: &SensorInfo) -> Result<Package, String> {
    let time =
        sensor.time.as_ref().map(Time::read).transpose().map_err(|error| format!("sensor_info.time: {error}"))?;
    let agent = info.agent_id.unwrap_or(0);
    Ok(Package { serial: sensor.serial_number.clone(), agent, id: info.id, time, records: Vec::new() })
}

impl Logics {
    fn read(&self, live: bool) -> Result<Package, String> {
        let mut package = package(&self.package_info, &self.sensor_info)?;
        for logic in &self.logics {
            for (place, interval) in logic.records.iter().enumerate() {
                let read = |name: &str, time: &Time| {
                    time.read().map_err(|error| format!("logic {} records[{place}].{name}: {error}", logic.id))
                };
                let value =
                    |name: &str| interval.counts.iter().find(|count| count.name == name).map(|count| count.value);
                let balance = value("balance");
                // Whoever counts from live data does not count its lines a second time.
                if live && balance.is_none() {
                    continue;
                }
                // A device that names its counts otherwise numbers them all the same.
                let numbered = |place: i64| {
                    let id = logic.id.checked_mul(1000).and_then(|id| id.checked_add(place));
                    interval.counts.iter().find(|count| id.is_some() && count.id == id).map(|count| count.value)
                };
                let forward = value("fw").or_else(|| numbered(1).filter(|_| balance.is_none()));
                let backward = value("bw").or_else(|| numbered(2).filter(|_| balance.is_none()));
                package.records.push(Record {
                    logic: logic.id,
                    from: read("from", &interval.from)?,
                    to: read("to", &interval.to)?,
                    few_samples: interval.samples.unwrap_or(u32::MAX) < interval.samples_expected.unwrap_or(0),
                    is_unknown: balance.or(forward).or(backward).is_none(),
                    forward: forward.unwrap_or(0),
                    backward: backward.unwrap_or(0),
                    balance,
                });
            }
        }
        bounded(package)
    }
}

impl Live {
    /// Who crosses a line, one by one; staff, prams and bicycles are no visitors.
    fn read(&self, live: bool) -> Result<Package, String> {
        let mut package = package(&self.package_info, &self.sensor_info)?;
        let frames: &[Frame] = if live { &self.frames } else { &[] };
        for frame in frames {
            let at = frame.time.read().map_err(|error| format!("frames.time: {error}"))?;
            for happening in frame.events.iter().filter(|happening| happening.category == "COUNT") {
                let Some(counter) = happening.attributes.counter_id else { continue };
                let track = happening.attributes.track_id;
                let people = frame.tracked_objects.iter().find(|known| Some(known.track_id) == track).map_or(1, weight);
                let (forward, backward) = match counter % 1000 {
                    1 => (people, 0),
                    2 => (0, people),
                    _ => continue,
                };
                let logic = counter / 1000;
                match package.records.iter_mut().find(|record| record.logic == logic && record.from == at) {
                    Some(record) => {
                        record.forward += forward;
                        record.backward += backward;
                    }
                    None => package.records.push(Record {
                        logic,
                        from: at,
                        to: at,
                        few_samples: false,
                        is_unknown: false,
                        forward,
                        backward,
                        balance: None,
                    }),
                }
            }
        }
        bounded(package)
    }
}

fn weight(track: &Track) -> i64 {
    if track.attributes.tag.as_deref().is_some_and(|tag| tag.eq_ignore_ascii_case("staff")) {
        return 0;
    }
    match track.r#type.as_str() {
        "PRAM" | "BICYCLE" => 0,
        "GROUP" => track.attributes.members.unwrap_or(1).into(),
        _ => 1,
    }
}

fn bounded(package: Package) -> Result<Package, String> {
    if package.records.len() > MOST_RECORDS {
        return Err(format!("more than {MOST_RECORDS} records in one package"));
    }
    Ok(package)
}
