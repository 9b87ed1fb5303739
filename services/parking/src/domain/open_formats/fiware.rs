//! FIWARE's `OffStreetParking`, as key values. Pure.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Place, capacity, for_any, free_for_any, rfc3339};
use crate::domain::{Site, SiteState};

/// The site as an entity of a context broker. What is not known is left out.
pub(crate) fn off_street_parking(site: &Site, place: &Place, now: DateTime<Utc>) -> Value {
    let mut entity = json!({
        "id": format!("urn:ngsi-ld:OffStreetParking:{}", site.id),
        "type": "OffStreetParking",
        "name": site.name.de,
        "category": ["public", "ground"],
        "allowedVehicleType": ["car", "bus"],
        "location": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
        "address": {"streetAddress": place.address},
        "openingHours": place.opening_hours,
        "totalSpotNumber": capacity(site),
        "occupancyModified": rfc3339(site.counted.at),
    });
    match site.state {
        SiteState::Open => entity["status"] = json!(["open"]),
        SiteState::Closed => entity["status"] = json!(["closed"]),
        // Closed to whoever asks a map, and not by its hours.
        SiteState::Unreachable => entity["status"] = json!(["closedAbnormal"]),
        SiteState::Unknown => {}
    }
    if let Some(free) = free_for_any(site, now) {
        entity["availableSpotNumber"] = free.into();
        entity["occupiedSpotNumber"] = for_any(site).map(|count| count.occupied).sum::<u32>().into();
    }
    entity
}
