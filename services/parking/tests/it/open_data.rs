//! The site as others read it: over HTTP, with an `ETag`, and as a consumer of ParkAPI itself understands it.

use kernel::testing::House;
use reqwest::{StatusCode, header};
use serde_json::Value;
use sky_proto::parking::v1 as pb;
use std::process::Command;

use crate::{client, support::*};

const V3: &str = "/open/v1/parking/park-api/v3/parking-sites";

async fn get(house: &House, path: &str) -> (StatusCode, String, Value) {
    let answer = reqwest::get(format!("http://{}{path}", house.running.http)).await.expect("an answer");
    let tag = answer.headers().get(header::ETAG).map(|tag| tag.to_str().expect("ASCII").to_owned());
    (answer.status(), tag.unwrap_or_default(), answer.json().await.expect("JSON"))
}

fn free(told: &Value) -> Option<u64> {
    told["items"][0]["realtime_free_capacity"].as_u64()
}

#[tokio::test]
async fn maps_read_what_is_free_and_hear_of_every_car_and_every_closed_bridge() {
    let house = house().await;
    let (status, tag, told) = get(&house, V3).await;
    assert_eq!((status, free(&told)), (StatusCode::OK, Some(29)));
    let again = reqwest::Client::new()
        .get(format!("http://{}{V3}", house.running.http))
        .header(header::IF_NONE_MATCH, &tag)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

    let (_, _, entity) = get(&house, "/open/v1/parking/fiware").await;
    let of = |name: &str| entity[name].clone();
    assert_eq!(
        (of("type"), of("totalSpotNumber"), of("availableSpotNumber"), of("occupiedSpotNumber")),
        ("OffStreetParking".into(), 29.into(), 29.into(), 0.into())
    );
    assert!(of("occupancyModified").as_str().is_some_and(|at| at.ends_with('Z')), "{entity}");

    let car = pb::RecordLaneRequest {
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: pb::Direction::In.into(),
        code: String::new(),
        bay_class: pb::BayClass::Standard.into(),
    };
    let told_of = |told: &Value, field: &str| told["items"][0][field].as_str().expect("a time").to_owned();
    let before = told;
    house.clock.advance(chrono::TimeDelta::minutes(2));
    client!(house, &lane()).record_lane(car).await.expect("in");
    let (_, changed, told) = get(&house, V3).await;
    assert_eq!((free(&told), &told["items"][0]["realtime_capacity"]), (Some(28), &29.into()));
    assert_ne!(changed, tag);
    // A car is news of today, and makes nobody fetch again what the car park is; another house file does.
    let (fixed, live) = ("static_data_updated_at", "realtime_data_updated_at");
    assert_ne!(told_of(&told, live), told_of(&before, live));
    assert_eq!(told_of(&told, fixed), told_of(&before, fixed));
    load(&house, HOUSE_FILE, false).await.expect("the same file");
    assert_eq!(told_of(&get(&house, V3).await.2, fixed), told_of(&before, fixed), "nothing has changed");
    let (head, family) = HOUSE_FILE.split_once("class = \"family\"\ncount = 2").expect("the bays for families");
    load(&house, &format!("{head}class = \"family\"\ncount = 3{family}"), false).await.expect("one bay more");
    let (_, _, told) = get(&house, V3).await;
    assert_ne!(told_of(&told, fixed), told_of(&before, fixed));
    assert_eq!((&told["items"][0]["capacity_family"], free(&told)), (&3.into(), Some(28)));

    let bridge = kernel::values::Text::new("Die Brücke ist gesperrt", "The bridge is closed").to_proto();
    let closed =
        pb::SetSiteStateRequest { state: pb::SiteState::Unreachable.into(), reason: Some(bridge), until: None };
    client!(house, &attendant()).set_site_state(closed).await.expect("set");
    let (_, _, told) = get(&house, V3).await;
    assert_eq!((free(&told), &told["items"][0]["realtime_opening_status"]), (None, &"CLOSED".into()));
    let (_, _, told) = get(&house, "/open/v1/parking/park-api/v1").await;
    assert_eq!((&told["lots"][0]["state"], told["lots"][0].get("free")), (&"closed".into(), None));
    let (_, _, told) = get(&house, "/open/v1/parking/datex-light").await;
    assert_eq!(told["parkingPublicationLight"]["parkingSite"][0]["temporaryClosed"], true);
    let (_, _, entity) = get(&house, "/open/v1/parking/fiware").await;
    assert_eq!((&entity["status"][0], entity.get("availableSpotNumber")), (&"closedAbnormal".into(), None));
}

#[tokio::test]
async fn a_site_that_is_nowhere_is_in_no_map() {
    let house = house().await;
    let start = HOUSE_FILE.find("[parking.place]").expect("a place");
    let end = start + HOUSE_FILE[start..].find("\n\n").expect("its end");
    load(&house, &HOUSE_FILE.replace(&HOUSE_FILE[start..end], ""), false).await.expect("loads");
    let answer = reqwest::get(format!("http://{}{V3}", house.running.http)).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.expect("text").contains("[parking.place]"));

    let wrong = HOUSE_FILE.replace("latitude = 51.476", "latitude = 5147.6");
    let refused = load(&house, &wrong, true).await.expect_err("not on this planet");
    assert!(refused.message().contains("parking.place: latitude"), "{}", refused.message());
}

/// Reads our answer with the validators of `parkapi-sources`, from standard input.
const VALIDATE: &str = "
import json, sys
from validataclass.validators import DataclassValidator
from parkapi_sources.models import RealtimeParkingSiteInput, StaticParkingSiteInput
for item in json.load(sys.stdin)['items']:
    fixed = DataclassValidator(StaticParkingSiteInput).validate(item)
    print(fixed.purpose.value, fixed.capacity, fixed.capacity_bus)
    if fixed.has_realtime_data:
        live = DataclassValidator(RealtimeParkingSiteInput).validate(item)
        print(live.realtime_free_capacity, live.realtime_opening_status.value)
";

/// What a consumer of ParkAPI reads out of an export, by its own validators; else why it refuses it. None: the Python package
/// is not there.
fn consumed(export: &Value) -> Option<Result<String, String>> {
    let python = std::env::var("PARKAPI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import parkapi_sources"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{python} has no parkapi_sources; deploy/test fetches it"
        );
        eprintln!(
            "skipped: {python} has no parkapi_sources (PARKAPI_PYTHON names one that has; deploy/test fetches it)"
        );
        return None;
    }
    let file = std::env::temp_dir().join(format!("park-api-{}.json", uuid::Uuid::new_v4().simple()));
    std::fs::write(&file, export.to_string()).expect("written");
    let input = std::fs::File::open(&file).expect("opened");
    let output = Command::new(&python).args(["-c", VALIDATE]).stdin(input).output().expect("ran");
    std::fs::remove_file(&file).expect("removed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Some(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

/// Skipped aloud where the Python package is not there.
#[tokio::test]
async fn a_consumer_of_park_api_accepts_our_export() {
    let house = house().await;
    let (_, _, told) = get(&house, V3).await;
    let Some(read) = consumed(&told) else { return };
    assert_eq!(read.expect("accepted"), "CAR 29 2\n29 OPEN\nBIKE 64 None");
    // Out of reach: shut, and no number. Then nobody has heard of a lane for long: no number, and no claim to have one.
    let bridge = kernel::values::Text::new("Die Brücke ist gesperrt", "The bridge is closed").to_proto();
    let shut = pb::SetSiteStateRequest { state: pb::SiteState::Unreachable.into(), reason: Some(bridge), until: None };
    client!(house, &attendant()).set_site_state(shut).await.expect("set");
    let (_, _, closed) = get(&house, V3).await;
    assert_eq!(consumed(&closed).expect("it was there").expect("accepted"), "CAR 29 2\nNone CLOSED\nBIKE 64 None");
    let open = pb::SetSiteStateRequest { state: pb::SiteState::Open.into(), reason: None, until: None };
    client!(house, &attendant()).set_site_state(open).await.expect("set");
    house.clock.advance(chrono::TimeDelta::hours(7));
    let (_, _, stale) = get(&house, V3).await;
    assert_eq!(consumed(&stale).expect("it was there").expect("accepted"), "CAR 29 2\nBIKE 64 None");
    // It does look: what is no export of ours is refused.
    for (what, field, wrong) in [
        ("not a number", "capacity", Value::from("forty")),
        ("a negative count", "realtime_free_capacity", Value::from(-1)),
        ("a state of nobody's", "realtime_opening_status", Value::from("AJAR")),
        ("no time", "realtime_data_updated_at", Value::Null),
        ("nowhere", "lat", Value::from("north")),
    ] {
        let mut broken = told.clone();
        broken["items"][0][field] = wrong;
        let refused = consumed(&broken).expect("it was there");
        assert!(refused.is_err_and(|why| why.contains("ValidationError") || why.contains("Invalid")), "{what}");
    }
}
