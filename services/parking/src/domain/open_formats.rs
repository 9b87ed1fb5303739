//! The site in the words of others: ParkAPI v3 and v1, and DATEX II "light". Pure.
//!
//! What is not known is left out and never sent as 0: readers took closed for full and unknown for free. Free are the
//! bays that a driver without a booking may take: standard ones that nobody stands in and nobody has booked for the coming
//! hour. Totals are of standard bays alone, too, and so no more of them are free than there are. Bays for some alone (with a
//! blue badge, a pram, a coach, a cable) are told by their class, never for any car.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{BayClass, ClassCount, Site, SiteState};

/// Where the site is and who runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) address: String,
    /// Degrees, WGS 84.
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) operator: String,
    /// In the syntax of OpenStreetMap, such as "Mo-Su 08:00-23:00".
    pub(crate) opening_hours: String,
}

impl Place {
    /// What is wrong with it, if anything.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let somewhere = (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude);
        if !somewhere || (self.latitude == 0.0 && self.longitude == 0.0) {
            Some("latitude and longitude must be degrees, such as 51.476 and 11.959")
        } else if self.address.is_empty() || self.operator.is_empty() {
            Some("address and operator must not be empty")
        } else {
            None
        }
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Bays of a class that a driver without a booking may take now; None: not known, because the count is too old or cannot be.
fn free(site: &Site, count: ClassCount, now: DateTime<Utc>) -> Option<u32> {
    let told = site.state == SiteState::Open && site.counted.holds(now);
    (told && count.is_known && count.occupied <= count.capacity)
        .then(|| count.capacity.saturating_sub(count.occupied).saturating_sub(count.expected))
}

/// Bays of vehicles with an engine: bicycles are another sort of place to others.
fn cars(site: &Site) -> impl Iterator<Item = &ClassCount> {
    site.classes.iter().filter(|count| count.class != BayClass::Bicycle)
}

/// Bays that any car may take: what totals are told of.
fn for_any(site: &Site) -> impl Iterator<Item = &ClassCount> {
    cars(site).filter(|count| count.class == BayClass::Standard)
}

/// Free ones of them; None: not known, or there is none for any car.
fn free_for_any(site: &Site, now: DateTime<Utc>) -> Option<u32> {
    for_any(site).next()?;
    for_any(site).map(|count| free(site, *count, now)).sum()
}

/// How many there are of the same, so that an empty car park is all free.
fn capacity(site: &Site) -> u32 {
    for_any(site).map(|count| count.capacity).sum()
}

/// A class in ParkAPI's words: the end of its field names, and who may park there.
const fn park_api(class: BayClass) -> Option<(&'static str, &'static str)> {
    match class {
        BayClass::Standard | BayClass::Bicycle => None,
        BayClass::Accessible => Some(("disabled", "DISABLED")),
        BayClass::Family => Some(("family", "FAMILY")),
        BayClass::Coach => Some(("bus", "BUS")),
        BayClass::Ev => Some(("charging", "CHARGING")),
    }
}

/// That it is closed is somebody's word and stands until it is taken back. That it is open is worth no more than its count.
fn told_state(site: &Site, now: DateTime<Utc>) -> SiteState {
    match site.state {
        SiteState::Open if free_for_any(site, now).is_none() => SiteState::Unknown,
        state => state,
    }
}

const fn opening_status(state: SiteState) -> &'static str {
    match state {
        SiteState::Open => "OPEN",
        // Whoever cannot get there must not be sent there.
        SiteState::Closed | SiteState::Unreachable => "CLOSED",
        SiteState::Unknown => "UNKNOWN",
    }
}

/// ParkAPI v3, `GET /v3/parking-sites`.
pub(crate) fn park_api_v3(site: &Site, place: &Place, now: DateTime<Utc>) -> Value {
    let (described_at, counted_at) = (rfc3339(site.described_at), rfc3339(site.counted.at));
    let is_shut = matches!(site.state, SiteState::Closed | SiteState::Unreachable);
    let is_live = is_shut || site.counted.holds(now);
    let Value::Object(mut item) = json!({
        "uid": site.id,
        "name": site.name.de,
        "operator_name": place.operator,
        "address": place.address,
        "lat": place.latitude.to_string(),
        "lon": place.longitude.to_string(),
        "type": "OFF_STREET_PARKING_GROUND",
        "purpose": "CAR",
        "opening_hours": place.opening_hours,
        "has_realtime_data": is_live,
        "capacity": capacity(site),
        "static_data_updated_at": described_at,
    }) else {
        return Value::Null;
    };
    if is_live {
        item.insert("realtime_data_updated_at".to_owned(), counted_at.into());
        item.insert("realtime_opening_status".to_owned(), opening_status(told_state(site, now)).into());
    }
    if let Some(free) = free_for_any(site, now) {
        item.insert("realtime_capacity".to_owned(), capacity(site).into());
        item.insert("realtime_free_capacity".to_owned(), free.into());
    }
    let mut restrictions = Vec::new();
    for count in cars(site) {
        let Some((field, audience)) = park_api(count.class) else { continue };
        let mut restriction: Map<String, Value> =
            [("type".to_owned(), audience.into()), ("capacity".to_owned(), count.capacity.into())]
                .into_iter()
                .collect();
        item.insert(format!("capacity_{field}"), count.capacity.into());
        if let Some(free) = free(site, *count, now) {
            item.insert(format!("realtime_free_capacity_{field}"), free.into());
            restriction.insert("realtime_free_capacity".to_owned(), free.into());
        }
        restrictions.push(restriction.into());
    }
    item.insert("restrictions".to_owned(), Value::Array(restrictions));
    let mut items = vec![Value::Object(item)];
    items.extend(site.classes.iter().find(|count| count.class == BayClass::Bicycle).map(|stands| {
        let mut item = json!({
            "uid": format!("{}-bicycle", site.id),
            "name": format!("{}, Fahrräder", site.name.de),
            "operator_name": place.operator,
            "address": place.address,
            "lat": place.latitude.to_string(),
            "lon": place.longitude.to_string(),
            "type": "STANDS",
            "purpose": "BIKE",
            "opening_hours": place.opening_hours,
            // Nobody counts bicycles.
            "has_realtime_data": false,
            "capacity": stands.capacity,
            "static_data_updated_at": described_at,
        });
        item["has_fee"] = false.into();
        item
    }));
    json!({"items": items})
}

/// ParkAPI v1, as OpenTripPlanner reads it.
pub(crate) fn park_api_v1(site: &Site, place: &Place, now: DateTime<Utc>) -> Value {
    let state = match told_state(site, now) {
        SiteState::Open => "open",
        SiteState::Closed | SiteState::Unreachable => "closed",
        SiteState::Unknown => "unknown",
    };
    let mut lot = json!({
        "id": site.id,
        "name": site.name.de,
        "address": place.address,
        "coords": {"lat": place.latitude, "lng": place.longitude},
        "lot_type": "Parkplatz",
        "total": capacity(site),
        "state": state,
        "opening_hours": place.opening_hours,
        "forecast": false,
    });
    if let Some(free) = free_for_any(site, now) {
        lot["free"] = free.into();
    }
    json!({"last_updated": rfc3339(site.counted.at), "last_downloaded": rfc3339(site.counted.at), "lots": [lot]})
}

/// DATEX II 3.4, JSON "light".
pub(crate) fn datex_light(site: &Site, place: &Place, now: DateTime<Utc>) -> Value {
    let with_free = |mut what: Value, free: Option<u32>| {
        if let Some(free) = free {
            what["availableSpaces"] = free.into();
        }
        what
    };
    let assigned = cars(site).filter_map(|count| {
        let who = match count.class {
            BayClass::Standard | BayClass::Bicycle => return None,
            BayClass::Family => json!({"typeOfAssignment": "onlyFor", "user": "families"}),
            BayClass::Accessible => json!({"typeOfAssignment": "onlyFor", "user": "disabled"}),
            BayClass::Coach => json!({"typeOfAssignment": "onlyFor", "vehicleType": "bus"}),
            BayClass::Ev => json!({"typeOfAssignment": "onlyFor", "vehicleType": "electricVehicle"}),
        };
        let mut who = with_free(who, free(site, *count, now));
        who["numberOfSpaces"] = count.capacity.into();
        Some(who)
    });
    let mut told = with_free(
        json!({
            "_id": site.id,
            "name": site.name.de,
            "type": "offStreetParkingGround",
            "lastUpdate": rfc3339(site.counted.at),
            "locationAndDimension": {
                "coordinatesForDisplay": {"latitude": place.latitude, "longitude": place.longitude},
            },
            "numberOfSpaces": capacity(site),
            "temporaryClosed": matches!(site.state, SiteState::Closed | SiteState::Unreachable),
            "assignedFor": assigned.collect::<Vec<_>>(),
        }),
        free_for_any(site, now),
    );
    let state = told_state(site, now);
    if state != SiteState::Unknown {
        told["isOpenNow"] = (state == SiteState::Open).into();
    }
    json!({
        "parkingPublicationLight": {"name": site.name.de, "parkingSite": [told]},
        "_version": "3.4",
        "_modelBaseVersion": "3",
    })
}

pub(crate) mod fiware;

#[cfg(test)]
mod tests;
