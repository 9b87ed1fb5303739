//! How full other car parks are, as feeds tell it: in both formats, and never nonsense.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Role,
    testing::{House, staff},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sky_proto::parking::v1 as pb;

use crate::{client, support::*};

async fn token(house: &House) -> String {
    let request = pb::IssueDeviceTokenRequest { device_id: "city".to_owned() };
    client!(house, &staff(Role::Operator)).issue_device_token(request).await.expect("issued").into_inner().token
}

async fn push(house: &House, token: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let client = reqwest::Client::new();
    let post = client.post(format!("http://{}/feeds/{path}", house.running.http)).bearer_auth(token);
    let answer = post.body(body.to_owned()).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// The example of the ParkAPI documentation, with another place and count.
fn park_api(uid: &str, free: i64, at: DateTime<Utc>) -> String {
    json!({"items": [{"uid": uid, "name": "P8 Parkdeck", "operator_name": "Stadt", "lat": "49.5221", "lon": "9.3265",
        "type": "CAR_PARK", "has_realtime_data": true, "realtime_opening_status": "UNKNOWN", "capacity": 140,
        "realtime_capacity": 140, "realtime_free_capacity": free, "static_data_updated_at": "2024-02-20T17:05:33+01:00",
        "realtime_data_updated_at": at.to_rfc3339()}]})
    .to_string()
}

fn datex(uid: &str, free: &str, status: &str, at: DateTime<Utc>) -> String {
    format!(
        "<?xml version=\"1.0\"?><d2:d2LogicalModel xmlns:d2=\"http://datex2.eu/schema/2/2_0\"><d2:payloadPublication>\
         <d2:parkingRecordStatus><d2:parkingRecordReference id=\"{uid}\" version=\"1\" targetClass=\"ParkingRecord\"/>\
         <d2:parkingStatusOriginTime>{}</d2:parkingStatusOriginTime><d2:parkingOccupancy>\
         <d2:parkingNumberOfSpacesOverride>140</d2:parkingNumberOfSpacesOverride>\
         <d2:parkingNumberOfVacantSpaces>{free}</d2:parkingNumberOfVacantSpaces>\
         <d2:parkingOccupancyTrend>stable</d2:parkingOccupancyTrend></d2:parkingOccupancy>\
         <d2:overrideParkingThresholds><d2:almostFullIncreasing>120</d2:almostFullIncreasing>\
         <d2:fullIncreasing>138</d2:fullIncreasing></d2:overrideParkingThresholds>\
         <d2:parkingSiteStatus>spacesAvailable</d2:parkingSiteStatus>\
         <d2:parkingSiteOpeningStatus>{status}</d2:parkingSiteOpeningStatus></d2:parkingRecordStatus>\
         </d2:payloadPublication></d2:d2LogicalModel>",
        at.to_rfc3339()
    )
}

async fn free(house: &House, name: &str) -> Option<u32> {
    site(house).await.alternatives.into_iter().find(|place| place.name == name).expect("named by the house file").free
}

#[tokio::test]
async fn both_formats_tell_what_is_free_elsewhere_until_it_is_too_old() {
    let house = house().await;
    let token = token(&house).await;
    let now = house.clock.now();
    assert_eq!(free(&house, "Spitze").await, None);
    let (status, said) = push(&house, &token, "park-api", &park_api("spitze", 27, now)).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)));
    assert_eq!(free(&house, "Spitze").await, Some(27));
    let (_, said) = push(&house, &token, "park-api", &park_api("spitze", 99, now)).await;
    assert_eq!((&said["taken"], &said["repeated"]), (&json!(0), &json!(1)), "the same instant told again");
    assert_eq!(free(&house, "Spitze").await, Some(27));

    let later = now + TimeDelta::minutes(1);
    house.clock.set(later);
    let (status, said) = push(&house, &token, "datex2", &datex("spitze", "25", "open", later)).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)));
    assert_eq!(free(&house, "Spitze").await, Some(25));
    let events: Vec<pb::SiteChanged> = house.events("parking").await;
    let told = events.last().expect("told").site.clone().expect("a site");
    assert_eq!(told.alternatives.iter().find(|place| place.name == "Spitze").expect("there").free, Some(25));

    house.clock.set(later + TimeDelta::minutes(31));
    assert_eq!(free(&house, "Spitze").await, None, "nobody has counted for half an hour");
}

#[tokio::test]
async fn nonsense_is_refused_and_forgets_what_was_believed() {
    let house = house().await;
    let token = token(&house).await;
    let mut now = house.clock.now();
    push(&house, &token, "park-api", &park_api("spitze", 27, now)).await;
    push(&house, &token, "park-api", &park_api("mmz", 5, now)).await;
    now += TimeDelta::minutes(1);
    house.clock.set(now);
    let (status, said) = push(&house, &token, "park-api", &park_api("spitze", 8259, now)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(said["refused"], json!(["spitze has more free spaces than spaces"]));
    assert_eq!((free(&house, "Spitze").await, free(&house, "MMZ").await), (None, Some(5)));
    for (body, problem) in [
        (park_api("mmz", -1, now), "mmz has fewer than no free spaces"),
        (park_api("mmz", 3, now - TimeDelta::minutes(45)), "mmz is older than 30 minutes"),
        (park_api("mmz", 3, now + TimeDelta::hours(1)), "mmz is from the future; check the clock"),
    ] {
        let (_, said) = push(&house, &token, "park-api", &body).await;
        assert_eq!(said["refused"], json!([problem]));
    }
    let (_, said) = push(&house, &token, "park-api", &park_api("somewhere-else", 3, now)).await;
    assert_eq!(said, json!({"taken": 0, "repeated": 0, "refused": []}), "of others nothing is kept");
    now += TimeDelta::minutes(1);
    house.clock.set(now);
    push(&house, &token, "datex2", &datex("spitze", "25", "closed", now)).await;
    assert_eq!(free(&house, "Spitze").await, None, "closed");
    for status in ["closed", "carParkClosed", "noParkingAllowed"] {
        for opening in ["open", ""] {
            now += TimeDelta::minutes(1);
            house.clock.set(now);
            push(&house, &token, "datex2", &datex("spitze", "25", "open", now)).await;
            assert_eq!(free(&house, "Spitze").await, Some(25));
            now += TimeDelta::minutes(1);
            house.clock.set(now);
            let shut = datex("spitze", "25", opening, now).replace("spacesAvailable", status);
            push(&house, &token, "datex2", &shut).await;
            assert_eq!(free(&house, "Spitze").await, None, "{status}, and its hours say \"{opening}\"");
        }
    }

    let good = datex("spitze", "25", "open", now);
    for (path, body, status) in [
        ("park-api", "{}".to_owned(), StatusCode::BAD_REQUEST),
        ("park-api", good.clone(), StatusCode::BAD_REQUEST),
        ("park-api", park_api("spitze", 1, now).replace("140", "\"many\""), StatusCode::BAD_REQUEST),
        ("park-api", " ".repeat(2 * 1024 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE),
        ("datex2", " ".repeat(2 * 1024 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE),
        ("datex2", String::new(), StatusCode::BAD_REQUEST),
        ("datex2", good[..good.len() / 2].to_owned(), StatusCode::BAD_REQUEST),
        ("datex2", good.replace(">25<", ">many<"), StatusCode::BAD_REQUEST),
        ("datex2", good.replace("+00:00", ""), StatusCode::BAD_REQUEST),
        ("datex2", format!("<!DOCTYPE x [<!ENTITY e \"ee\">]>{good}"), StatusCode::BAD_REQUEST),
    ] {
        let (answered, said) = push(&house, &token, path, &body).await;
        assert_eq!(answered, status, "{path} {said}");
        assert!(said["error"].as_str().is_some_and(|problem| !problem.is_empty()), "{path} {said}");
    }
    for (path, text) in [("park-api", park_api("spitze", 1, now)), ("datex2", good.clone())] {
        let mut bytes = text.into_bytes();
        let place = bytes.windows(6).position(|part| part == b"spitze").expect("named");
        bytes[place] = 0xff;
        let post = reqwest::Client::new().post(format!("http://{}/feeds/{path}", house.running.http));
        let answer = post.bearer_auth(&token).body(bytes).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}: no UTF-8");
    }
    assert_eq!(push(&house, "forged", "datex2", &good).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_bad_record_does_not_silence_the_others() {
    let house = house().await;
    let token = token(&house).await;
    let mut now = house.clock.now();
    let item = |uid: &str, free: i64| {
        let list: Value = serde_json::from_str(&park_api(uid, free, now)).expect("a list");
        list["items"][0].clone()
    };
    let mut bad = item("mmz", 3);
    bad["capacity"] = json!("many");
    let list = json!({"items": [bad, item("spitze", 27), {"name": "nowhere"}]}).to_string();
    let (status, said) = push(&house, &token, "park-api", &list).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)), "{said}");
    let refused = said["refused"].as_array().expect("those that cannot be read");
    let begins = |place: usize, with: &str| refused[place].as_str().is_some_and(|words| words.starts_with(with));
    assert!(refused.len() == 2 && begins(0, "mmz is no place") && begins(1, "a place without uid"), "{said}");
    assert_eq!(free(&house, "Spitze").await, Some(27));

    now += TimeDelta::minutes(1);
    house.clock.set(now);
    let (bad, good) = (datex("mmz", "many", "open", now), datex("spitze", "25", "open", now));
    let record = |text: &str| -> String {
        let from = text.find("<d2:parkingRecordStatus>").expect("a record");
        let until = text.find("</d2:payloadPublication>").expect("its end");
        text[from..until].to_owned()
    };
    let both = good.replacen("<d2:payloadPublication>", &format!("<d2:payloadPublication>{}", record(&bad)), 1);
    let (status, said) = push(&house, &token, "datex2", &both).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)), "{said}");
    assert_eq!(said["refused"], json!(["mmz: parkingNumberOfVacantSpaces: \"many\" is no number"]));
    assert_eq!(free(&house, "Spitze").await, Some(25));
}

#[tokio::test]
async fn what_is_refused_is_not_repeated_at_any_length() {
    let house = house().await;
    let token = token(&house).await;
    let now = house.clock.now();
    let long = "x".repeat(30_000);
    for (path, body) in [
        ("park-api", park_api("spitze", 1, now).replace("140", &format!("\"{long}\""))),
        ("park-api", json!({ "items": long }).to_string()),
        ("datex2", datex("spitze", &long, "open", now)),
    ] {
        let (answered, said) = push(&house, &token, path, &body).await;
        assert_eq!(answered, StatusCode::BAD_REQUEST, "{path}");
        let problem = said["error"].as_str().unwrap_or_default();
        assert!((10..1000).contains(&problem.len()), "{path}: {problem}");
    }
    let bad = |place| json!({"uid": format!("place-{place}"), "capacity": "many"});
    let mut items: Vec<Value> = (0..10_000).map(bad).collect();
    let list: Value = serde_json::from_str(&park_api("spitze", 27, now)).expect("a list");
    items.push(list["items"][0].clone());
    let (status, said) = push(&house, &token, "park-api", &json!({ "items": items }).to_string()).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)));
    assert!(said["refused"].as_array().is_some_and(|refused| refused.len() < 100));
    assert!(said.to_string().len() < 20_000, "{said}");
}

#[tokio::test]
async fn what_does_not_say_how_many_there_are_is_held_against_what_was_told_before() {
    let house = house().await;
    let token = token(&house).await;
    let capacity = "<d2:parkingNumberOfSpacesOverride>140</d2:parkingNumberOfSpacesOverride>";
    let mut minute = 0;
    let mut vacant = async |uid: &str, name: &str, vacant: &str| {
        minute += 1;
        house.clock.set(minutes(minute));
        let body = datex(uid, vacant, "open", minutes(minute)).replace(capacity, "");
        let (status, said) = push(&house, &token, "datex2", &body).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        free(&house, name).await
    };
    assert_eq!(vacant("mmz", "MMZ", "8259").await, None, "nobody has said how many there are: not so many");
    assert_eq!(vacant("mmz", "MMZ", "27").await, None, "whether these can be, nobody knows either");
    push(&house, &token, "park-api", &park_api("spitze", 27, minutes(2))).await;
    assert_eq!(vacant("spitze", "Spitze", "8259").await, None, "of 140");
    assert_eq!(vacant("spitze", "Spitze", "141").await, None, "the last word says nothing of it, one before does");
    assert_eq!(vacant("spitze", "Spitze", "140").await, Some(140));
}

#[tokio::test]
async fn what_the_house_knows_of_a_place_counts_more_than_its_feed() {
    let knows =
        |spaces: &str| HOUSE_FILE.replacen("uid = \"spitze\"", &format!("uid = \"spitze\"\ncapacity = {spaces}"), 1);
    let house = house_of(&knows("30")).await;
    let token = token(&house).await;
    let mut now = house.clock.now();
    // The feed says 140 spaces, or nothing of them.
    for (spaces, free_there, expected) in
        [("140", 27, Some(27)), ("140", 31, None), ("null", 30, Some(30)), ("null", 31, None)]
    {
        now += TimeDelta::minutes(1);
        house.clock.set(now);
        push(&house, &token, "park-api", &park_api("spitze", free_there, now).replace("140", spaces)).await;
        assert_eq!(free(&house, "Spitze").await, expected, "{free_there} free of {spaces}");
    }
    for nonsense in ["0", "20001"] {
        let refused = load(&house, &knows(nonsense), true).await.expect_err("nonsense");
        assert!(refused.message().contains("parking.alternatives[0].capacity"), "{}", refused.message());
    }
}

#[tokio::test]
async fn a_house_file_that_names_no_such_feed_is_refused() {
    let house = house().await;
    let wrong = HOUSE_FILE.replacen("feed = \"city\"", "feed = \"town\"", 1);
    let refused = load(&house, &wrong, true).await.expect_err("no such feed");
    assert!(refused.message().contains("parking.alternatives[0].feed"), "{}", refused.message());
}
