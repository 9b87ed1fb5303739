//! What is told, and above all what is not.

use chrono::TimeDelta;
use kernel::values::Text;

use super::*;
use crate::domain::counted::Counted;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn place() -> Place {
    Place {
        address: "Holzplatz 5, 06110 Halle (Saale)".to_owned(),
        latitude: 51.476,
        longitude: 11.959,
        operator: "Stadt Halle".to_owned(),
        opening_hours: "Mo-Su 08:00-23:00".to_owned(),
    }
}

fn site(state: SiteState, occupied: u32, expected: u32) -> Site {
    let count =
        |class, capacity, occupied, expected| ClassCount { class, capacity, occupied, is_known: true, expected };
    Site {
        id: "holzplatz".to_owned(),
        name: Text::new("Parkplatz", "Car park"),
        state,
        reason: Text::default(),
        walk_minutes: 3,
        walk_uncertainty_seconds: 60,
        park: crate::domain::ParkLeg::default(),
        alternatives: Vec::new(),
        revision: 1,
        observed_at: at(0),
        described_at: at(-1),
        counted: Counted { at: at(0), until: at(360) },
        lanes: Vec::new(),
        by_hand: None,
        kerb_places: 0,
        closure: None,
        classes: vec![count(BayClass::Standard, 31, occupied, expected), count(BayClass::Accessible, 3, 1, 0)],
    }
}

/// The free bays that each format tells of the whole site.
fn told(site: &Site, now: DateTime<Utc>) -> [Option<u64>; 4] {
    let v3 = park_api_v3(site, &place(), now);
    let v1 = park_api_v1(site, &place(), now);
    let datex = datex_light(site, &place(), now);
    let entity = fiware::off_street_parking(site, &place(), now);
    [
        &v3["items"][0]["realtime_free_capacity"],
        &v1["lots"][0]["free"],
        &datex["parkingPublicationLight"]["parkingSite"][0]["availableSpaces"],
        &entity["availableSpotNumber"],
    ]
    .map(Value::as_u64)
}

#[test]
fn only_what_is_plausible_and_fresh_is_told() {
    for (what, state, occupied, expected, minute, free) in [
        ("what nobody stands in and nobody has booked", SiteState::Open, 10, 4, 0, Some(17)),
        ("booked out is full", SiteState::Open, 20, 40, 0, Some(0)),
        ("as old as it may be", SiteState::Open, 10, 4, 360, Some(17)),
        ("too old", SiteState::Open, 10, 4, 361, None),
        ("more cars than bays cannot be", SiteState::Open, 32, 0, 0, None),
        ("closed is not full", SiteState::Closed, 10, 0, 0, None),
        ("nobody is sent behind a closed bridge", SiteState::Unreachable, 10, 0, 0, None),
        ("unknown is not free", SiteState::Unknown, 10, 0, 0, None),
    ] {
        assert_eq!(told(&site(state, occupied, expected), at(minute)), [free; 4], "{what}");
    }
}

#[test]
fn an_empty_car_park_is_all_free_in_every_format() {
    let site = site(SiteState::Open, 0, 0);
    let v3 = park_api_v3(&site, &place(), at(0));
    let v1 = park_api_v1(&site, &place(), at(0));
    let datex = datex_light(&site, &place(), at(0));
    let entity = fiware::off_street_parking(&site, &place(), at(0));
    let totals = [
        &v3["items"][0]["capacity"],
        &v3["items"][0]["realtime_capacity"],
        &v1["lots"][0]["total"],
        &datex["parkingPublicationLight"]["parkingSite"][0]["numberOfSpaces"],
        &entity["totalSpotNumber"],
    ];
    assert_eq!(totals.map(Value::as_u64), [Some(31); 5]);
    assert_eq!(told(&site, at(0)), [Some(31); 4]);
    assert_eq!(entity["occupiedSpotNumber"], 0, "the car on the accessible bay is on none of these");
}

#[test]
fn a_closed_site_says_so_and_an_unknown_one_says_neither() {
    for (state, v3, v1, open, closed) in [
        (SiteState::Open, "OPEN", "open", Some(true), false),
        (SiteState::Closed, "CLOSED", "closed", Some(false), true),
        (SiteState::Unreachable, "CLOSED", "closed", Some(false), true),
        (SiteState::Unknown, "UNKNOWN", "unknown", None, false),
    ] {
        let site = site(state, 0, 0);
        assert_eq!(park_api_v3(&site, &place(), at(0))["items"][0]["realtime_opening_status"], v3);
        assert_eq!(park_api_v1(&site, &place(), at(0))["lots"][0]["state"], v1);
        let told = &datex_light(&site, &place(), at(0))["parkingPublicationLight"]["parkingSite"][0];
        let entity = fiware::off_street_parking(&site, &place(), at(0));
        let status = match (open, closed) {
            (Some(true), _) => "open",
            (None, _) => "",
            _ if state == SiteState::Closed => "closed",
            _ => "closedAbnormal",
        };
        assert_eq!(entity["status"][0].as_str().unwrap_or_default(), status, "{state:?}");
        assert_eq!((told["isOpenNow"].as_bool(), told["temporaryClosed"].as_bool()), (open, Some(closed)));
    }
}

#[test]
fn an_open_site_whose_count_cannot_be_or_is_old_is_called_neither_open_nor_closed() {
    for (site, minute) in [(site(SiteState::Open, 8259, 0), 0), (site(SiteState::Open, 10, 4), 361)] {
        let now = at(minute);
        assert_eq!(park_api_v1(&site, &place(), now)["lots"][0]["state"], "unknown");
        let told = &datex_light(&site, &place(), now)["parkingPublicationLight"]["parkingSite"][0];
        assert_eq!((told.get("isOpenNow"), &told["temporaryClosed"]), (None, &json!(false)));
        let status = park_api_v3(&site, &place(), now)["items"][0].get("realtime_opening_status").cloned();
        assert!(status.is_none_or(|it| it == "UNKNOWN"), "at minute {minute}");
    }
}

#[test]
fn what_is_old_has_no_realtime_fields_at_all_and_a_closed_site_stays_closed() {
    let realtime = |state| {
        let told = park_api_v3(&site(state, 10, 4), &place(), at(361));
        let item = told["items"][0].as_object().expect("an item").clone();
        let live: Vec<String> = item.keys().filter(|key| key.starts_with("realtime_")).cloned().collect();
        let of_classes = item["restrictions"].as_array().expect("a list").iter();
        assert!(of_classes.clone().all(|it| it.get("realtime_free_capacity").is_none()), "{item:?}");
        (item["has_realtime_data"].as_bool(), live)
    };
    assert_eq!(realtime(SiteState::Open), (Some(false), Vec::new()));
    let shut = ["realtime_data_updated_at".to_owned(), "realtime_opening_status".to_owned()];
    assert_eq!(realtime(SiteState::Closed), (Some(true), shut.to_vec()));
}

#[test]
fn the_whole_of_park_api_v1_and_of_datex_light() {
    let site = site(SiteState::Open, 10, 4);
    let lot = json!({
        "id": "holzplatz", "name": "Parkplatz", "address": "Holzplatz 5, 06110 Halle (Saale)",
        "coords": {"lat": 51.476, "lng": 11.959}, "lot_type": "Parkplatz", "total": 31, "free": 17, "state": "open",
        "opening_hours": "Mo-Su 08:00-23:00", "forecast": false,
    });
    let at_zero = "1970-01-01T00:00:00Z";
    assert_eq!(
        park_api_v1(&site, &place(), at(0)),
        json!({"last_updated": at_zero, "last_downloaded": at_zero, "lots": [lot]})
    );
    let parking = json!({
        "_id": "holzplatz", "name": "Parkplatz", "type": "offStreetParkingGround", "lastUpdate": at_zero,
        "locationAndDimension": {"coordinatesForDisplay": {"latitude": 51.476, "longitude": 11.959}},
        "numberOfSpaces": 31, "availableSpaces": 17, "isOpenNow": true, "temporaryClosed": false,
        "assignedFor": [
            {"typeOfAssignment": "onlyFor", "user": "disabled", "numberOfSpaces": 3, "availableSpaces": 2},
        ],
    });
    assert_eq!(
        datex_light(&site, &place(), at(0)),
        json!({
            "parkingPublicationLight": {"name": "Parkplatz", "parkingSite": [parking]},
            "_version": "3.4", "_modelBaseVersion": "3",
        })
    );
}

#[test]
fn the_whole_of_park_api_v3() {
    let item = json!({
        "uid": "holzplatz", "name": "Parkplatz", "operator_name": "Stadt Halle",
        "address": "Holzplatz 5, 06110 Halle (Saale)", "lat": "51.476", "lon": "11.959",
        "type": "OFF_STREET_PARKING_GROUND", "purpose": "CAR", "opening_hours": "Mo-Su 08:00-23:00",
        "has_realtime_data": true, "realtime_opening_status": "OPEN",
        "capacity": 31, "realtime_capacity": 31, "realtime_free_capacity": 17,
        "capacity_disabled": 3, "realtime_free_capacity_disabled": 2,
        "restrictions": [{"type": "DISABLED", "capacity": 3, "realtime_free_capacity": 2}],
        "static_data_updated_at": "1969-12-31T23:59:00Z", "realtime_data_updated_at": "1970-01-01T00:00:00Z",
    });
    assert_eq!(park_api_v3(&site(SiteState::Open, 10, 4), &place(), at(0)), json!({"items": [item]}));
}

#[test]
fn a_class_whose_count_cannot_be_leaves_the_others_alone() {
    let item = &park_api_v3(&site(SiteState::Open, 8259, 0), &place(), at(0))["items"][0];
    assert_eq!((item.get("realtime_free_capacity"), item.get("realtime_capacity")), (None, None));
    assert_eq!((&item["capacity"], &item["capacity_disabled"]), (&json!(31), &json!(3)));
    assert_eq!(item["realtime_free_capacity_disabled"], 2);
    assert_eq!(item["restrictions"], json!([{"type": "DISABLED", "capacity": 3, "realtime_free_capacity": 2}]));
}

#[test]
fn bays_for_some_alone_are_not_free_for_any_car_and_do_not_hide_those_that_are() {
    let mut site = site(SiteState::Open, 31, 0);
    let count = |class| ClassCount { class, capacity: 4, occupied: 0, is_known: true, expected: 0 };
    site.classes.extend([BayClass::Family, BayClass::Coach, BayClass::Ev].map(count));
    assert_eq!(told(&site, at(0)), [Some(0); 4]);
    let item = &park_api_v3(&site, &place(), at(0))["items"][0];
    for field in ["family", "bus", "charging"] {
        assert_eq!(item[format!("realtime_free_capacity_{field}")], 4, "{field}");
    }
    (site.classes[0].occupied, site.classes[1].is_known) = (10, false);
    assert_eq!(told(&site, at(0)), [Some(21); 4], "whatever is not known of the accessible ones");
    site.classes.remove(0);
    assert_eq!(told(&site, at(0)), [None; 4], "no bay is for any car here, and that is not: full");
}

#[test]
fn a_place_is_somewhere_and_somebodys() {
    assert_eq!(place().problem(), None);
    for spoil in [
        |place: &mut Place| place.latitude = 91.0,
        |place: &mut Place| place.longitude = f64::NAN,
        |place: &mut Place| (place.latitude, place.longitude) = (0.0, 0.0),
        |place: &mut Place| place.operator.clear(),
    ] {
        let mut place = place();
        spoil(&mut place);
        assert!(place.problem().is_some(), "{place:?}");
    }
}
