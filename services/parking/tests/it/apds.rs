//! Rights in APDS' words, as a partner sends them: the example of the standard's clients, good, amended, again, colliding,
//! stale, malformed and oversized; and its cars checking in.

use chrono::{DateTime, Utc};
use kernel::{Role, testing::House, testing::staff};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sky_proto::parking::v1 as pb;
use uuid::Uuid;

use crate::{cameras, client, support::*};

async fn token(house: &House, partner: &str) -> String {
    let request = pb::IssueDeviceTokenRequest { device_id: partner.to_owned() };
    client!(house, &staff(Role::Operator)).issue_device_token(request).await.expect("issued").into_inner().token
}

async fn send(house: &House, method: Method, path: &str, token: &str, body: impl AsRef<[u8]>) -> (StatusCode, Value) {
    let url = format!("http://{}/apds/v4/{path}", house.running.http);
    let request = reqwest::Client::new().request(method, url).bearer_auth(token).body(body.as_ref().to_vec());
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn get(house: &House, path: &str, token: &str) -> Vec<Value> {
    let (status, told) = send(house, Method::GET, path, token, "").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    told["items"].as_array().expect("a list").clone()
}

/// The id of a class's specification.
async fn specification(house: &House, token: &str, class: &str) -> Value {
    let items = get(house, "rights/specifications", token).await;
    let found = items.iter().find(|item| item["description"][0]["string"] == class).expect("this class");
    found["id"].clone()
}

fn right(id: Uuid, version: u32, specification: &Value, from: DateTime<Utc>, until: DateTime<Utc>) -> Value {
    json!({"id": id, "version": version,
        "rightSpecification": {"id": specification, "version": 1, "className": "RightSpecification"},
        "rightHolder": {"credentials": [{"type": "licensePlate", "credentialAssignedType": "vehicle",
            "identifier": {"id": "HAL-AB123", "className": "Plate"}}]},
        "plannedUses": [{"startTime": from.to_rfc3339(), "endTime": until.to_rfc3339()}]})
}

async fn post(house: &House, token: &str, right: &Value) -> (StatusCode, Value) {
    send(house, Method::POST, "rights/assigned", token, &right.to_string()).await
}

#[tokio::test]
async fn a_right_is_assigned_amended_and_used_and_a_version_is_taken_once() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let standard = specification(&house, &token, "standard").await;
    let id = Uuid::new_v4();
    let first = right(id, 1, &standard, minutes(60), minutes(240));
    let (status, told) = post(&house, &token, &first).await;
    assert_eq!((status, told["state"].as_str()), (StatusCode::CREATED, Some("confirmed")), "{told}");
    assert!(!told.to_string().contains("AB123"), "no plate is told: {told}");
    assert_eq!(post(&house, &token, &first).await.0, StatusCode::OK, "the same again changes nothing");
    let mut other_car = first.clone();
    other_car["rightHolder"]["credentials"][0]["identifier"]["id"] = json!("HAL-AB132");
    assert_eq!(post(&house, &token, &other_car).await.0, StatusCode::CONFLICT, "another car is another version");
    let longer = right(id, 2, &standard, minutes(60), minutes(300));
    let (status, told) = post(&house, &token, &longer).await;
    assert_eq!((status, told["state"].as_str(), &told["version"]), (StatusCode::OK, Some("amended"), &json!(2)));
    for (what, wrong) in [
        ("a stale version", first.clone()),
        ("this version with another end", right(id, 2, &standard, minutes(60), minutes(310))),
        ("a version left out", right(id, 4, &standard, minutes(60), minutes(310))),
    ] {
        let (status, told) = post(&house, &token, &wrong).await;
        assert_eq!(status, StatusCode::CONFLICT, "{what}: {told}");
        assert!(told["error"].as_str().is_some_and(|problem| !problem.is_empty()), "{what}: {told}");
    }
    // A visit's id is taken, and a visit's right nobody else's to change.
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    for version in [1, 2] {
        let theirs = right(visit, version, &standard, minutes(60), minutes(240));
        assert_eq!(post(&house, &token, &theirs).await.0, StatusCode::CONFLICT);
    }
    let listed = get(&house, "rights/assigned", &token).await;
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(id)), "its own, and no visit's");

    // Full is full, for a partner too.
    set_capacity(&house, "standard", 2).await;
    let another = right(Uuid::new_v4(), 1, &standard, minutes(100), minutes(200));
    assert_eq!(post(&house, &token, &another).await.0, StatusCode::TOO_MANY_REQUESTS);

    // Its car checks in, once, and leaves.
    let session = json!({"id": Uuid::new_v4(), "segments": [{"assignedRight": {"id": id, "version": 2}}]});
    for _ in 0..2 {
        let (status, told) = send(&house, Method::POST, "sessions", &token, &session.to_string()).await;
        assert_eq!((status, told["verdict"].as_str()), (StatusCode::CREATED, Some("open")), "{told}");
    }
    assert_eq!(site(&house).await.classes[0].occupied, Some(1), "counted once");
    let second = json!({"id": Uuid::new_v4(), "segments": [{"assignedRight": {"id": id, "version": 2}}]});
    let (status, told) = send(&house, Method::POST, "sessions", &token, &second.to_string()).await;
    assert_eq!((status, told["verdict"].as_str()), (StatusCode::CONFLICT, Some("already_in")));
    let sessions = get(&house, "sessions", &token).await;
    assert_eq!((sessions.len(), &sessions[0]["segments"][0]["assignedRight"]["id"]), (1, &json!(id)));
    let leaves = json!({"id": session["id"], "segments": [{"assignedRight": {"id": id}, "actualEnd": minutes(90).to_rfc3339()}]});
    assert_eq!(send(&house, Method::POST, "sessions", &token, &leaves.to_string()).await.0, StatusCode::CREATED);
    assert_eq!(site(&house).await.classes[0].occupied, Some(0));
    let strange = json!({"id": Uuid::new_v4(), "segments": [{"assignedRight": {"id": visit}}]});
    assert_eq!(send(&house, Method::POST, "sessions", &token, &strange.to_string()).await.0, StatusCode::NOT_FOUND);
    let (status, told) = post(&house, &token, &right(id, 3, &standard, minutes(60), minutes(320))).await;
    assert_eq!(status, StatusCode::CONFLICT, "over: {told}");
}

#[tokio::test]
async fn the_place_is_told_with_its_areas_and_what_may_be_had_there() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let places = get(&house, "places", &token).await;
    let [place] = places.as_slice() else { panic!("one place: {places:?}") };
    assert_eq!(
        (&place["id"], &place["className"], &place["state"]),
        (&json!("holzplatz"), &json!("Place"), &json!("open"))
    );
    let areas = place["identifiedAreas"].as_array().expect("a list").clone();
    let classes = site(&house).await.classes;
    assert_eq!(areas.len(), classes.len(), "one for each class");
    for class in ["standard", "accessible", "coach"] {
        let area = areas.iter().find(|area| area["name"][0]["string"] == class).expect("this class");
        assert_eq!(area["rightSpecifications"][0]["id"], specification(&house, &token, class).await);
    }
    assert_eq!(areas[0]["numberOfSpaces"], json!(classes[0].capacity));
    assert_eq!(areas[0]["occupancy"]["occupied"], json!(0));
    let lanes = place["vehicularAccesses"].as_array().expect("a list");
    assert!(
        lanes.contains(&json!({"id": "in-1", "className": "VehicularAccess", "direction": "entrance"})),
        "{lanes:?}"
    );

    // What is not known is not told, and never as nobody.
    house.clock.advance(chrono::TimeDelta::hours(7));
    let places = get(&house, "places", &token).await;
    assert_eq!(places[0]["identifiedAreas"][0].get("occupancy"), None);
}

#[tokio::test]
async fn a_coach_of_a_partner_has_the_kerb_and_its_bay() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let coach = specification(&house, &token, "coach").await;
    let id = Uuid::new_v4();
    assert_eq!(post(&house, &token, &right(id, 1, &coach, minutes(60), minutes(240))).await.0, StatusCode::CREATED);
    let told = crate::support::right(&house, id).await;
    let stops = told.stops.expect("a coach's");
    assert!(stops.set_down.is_some() && stops.pick_up.is_some());
    assert_eq!(told.bay_class(), pb::BayClass::Coach);
}

#[tokio::test]
async fn what_is_no_right_is_refused_in_words_and_without_the_plate() {
    let house = house().await;
    let good_token = token(&house, "school-office").await;
    let standard = specification(&house, &good_token, "standard").await;
    let good = right(Uuid::new_v4(), 1, &standard, minutes(60), minutes(240));
    let with = |change: fn(&mut Value)| {
        let mut wrong = good.clone();
        change(&mut wrong);
        wrong.to_string()
    };
    let text = good.to_string();
    for (what, body, status) in [
        ("nothing", String::new(), StatusCode::BAD_REQUEST),
        ("a list", "[]".to_owned(), StatusCode::BAD_REQUEST),
        ("half of it", text[..text.len() / 2].to_owned(), StatusCode::BAD_REQUEST),
        ("no id", with(|it| it["id"] = json!("HAL-AB123")), StatusCode::BAD_REQUEST),
        ("a negative version", with(|it| it["version"] = json!(-1)), StatusCode::BAD_REQUEST),
        ("version 0", with(|it| it["version"] = json!(0)), StatusCode::CONFLICT),
        ("no such class", with(|it| it["rightSpecification"]["id"] = json!(Uuid::nil())), StatusCode::BAD_REQUEST),
        ("no use", with(|it| it["plannedUses"] = json!([])), StatusCode::BAD_REQUEST),
        (
            "ends before it begins",
            with(|it| it["plannedUses"][0]["endTime"] = json!("2026-11-28T11:30:00Z")),
            StatusCode::BAD_REQUEST,
        ),
        (
            "last year",
            with(|it| {
                it["plannedUses"][0] = json!({"startTime": "2025-11-28T11:00:00Z", "endTime": "2025-11-28T12:00:00Z"});
            }),
            StatusCode::BAD_REQUEST,
        ),
        (
            "no zone",
            with(|it| it["plannedUses"][0]["startTime"] = json!("2026-11-28T12:00:00")),
            StatusCode::BAD_REQUEST,
        ),
        (
            "no plate",
            with(|it| it["rightHolder"]["credentials"][0]["identifier"]["id"] = json!("HAL/AB123")),
            StatusCode::BAD_REQUEST,
        ),
        ("oversized", format!("{text}{}", " ".repeat(70_000)), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (answered, told) = send(&house, Method::POST, "rights/assigned", &good_token, &body).await;
        assert_eq!(answered, status, "{what}: {told}");
        let problem = told["error"].as_str().unwrap_or_default();
        assert!(!problem.is_empty() && !problem.contains("AB123"), "{what}: {told}");
    }
    // As text it would be a good one.
    let mut bytes = text.clone().into_bytes();
    let plate = bytes.windows(5).position(|part| part == b"Plate").expect("a class name");
    bytes[plate] = 0xff;
    let (answered, told) = send(&house, Method::POST, "rights/assigned", &good_token, &bytes).await;
    assert_eq!(answered, StatusCode::BAD_REQUEST, "not UTF-8: {told}");
    for (what, body, status) in [
        ("no segment", json!({"id": Uuid::new_v4(), "segments": []}).to_string(), StatusCode::BAD_REQUEST),
        ("no right", json!({"id": Uuid::new_v4(), "segments": [{}]}).to_string(), StatusCode::BAD_REQUEST),
        ("oversized", " ".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(send(&house, Method::POST, "sessions", &good_token, &body).await.0, status, "{what}");
    }
    // Who has no token, another one's, or an older one, is told so.
    let charging = token(&house, "charging").await;
    let newer = token(&house, "school-office").await;
    for wrong in ["forged", &charging, &good_token] {
        for path in ["places", "rights/specifications", "rights/assigned", "sessions"] {
            let (status, _) = send(&house, Method::GET, path, wrong, "").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        }
        assert_eq!(post(&house, wrong, &good).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(post(&house, &newer, &good).await.0, StatusCode::CREATED);
}

async fn cancel(house: &House, token: &str, id: Uuid, query: &str) -> (StatusCode, Value) {
    send(house, Method::DELETE, &format!("rights/assigned/{id}{query}"), token, "").await
}

#[tokio::test]
async fn a_partner_cancels_its_right_once_and_its_bay_is_somebody_elses() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let standard = specification(&house, &token, "standard").await;
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    set_capacity(&house, "standard", 1).await;
    // Overtaken by the assignment itself: there is nothing to cancel yet, and it is said.
    let (status, told) = cancel(&house, &token, id, "").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
    assert!(told["error"].as_str().is_some_and(|problem| !problem.is_empty()), "{told}");

    let first = right(id, 1, &standard, minutes(60), minutes(240));
    assert_eq!(post(&house, &token, &first).await.0, StatusCode::CREATED);
    assert_eq!(post(&house, &token, &right(id, 2, &standard, minutes(60), minutes(270))).await.0, StatusCode::OK);
    let second = right(other, 1, &standard, minutes(60), minutes(240));
    assert_eq!(post(&house, &token, &second).await.0, StatusCode::TOO_MANY_REQUESTS);

    // It means a version that is not the one that is known: somebody has amended it, or will.
    for version in [1, 3] {
        let (status, told) = cancel(&house, &token, id, &format!("?version={version}")).await;
        assert_eq!(status, StatusCode::CONFLICT, "{told}");
    }
    for _ in 0..2 {
        let (status, told) = cancel(&house, &token, id, "?version=2").await;
        assert_eq!(
            (status, &told["state"], &told["version"]),
            (StatusCode::OK, &json!("cancelled"), &json!(2)),
            "{told}"
        );
    }
    assert_eq!(house.events::<pb::RightCancelled>("parking").await.len(), 1, "told once");
    let kept: i64 =
        sqlx::query_scalar("select count(*) from plate").fetch_one(house.pool("parking")).await.expect("read");
    assert_eq!(kept, 0, "its plate is forgotten");
    assert_eq!(post(&house, &token, &second).await.0, StatusCode::CREATED, "the bay is free");

    // What was on its way meanwhile does not bring it back.
    for late in
        [first, right(id, 2, &standard, minutes(60), minutes(270)), right(id, 3, &standard, minutes(60), minutes(300))]
    {
        let (_, told) = post(&house, &token, &late).await;
        assert_ne!(told["state"], "confirmed", "{told}");
    }
    assert_eq!(crate::support::right(&house, id).await.state(), pb::RightState::Cancelled);
    let session = json!({"id": Uuid::new_v4(), "segments": [{"assignedRight": {"id": id}}]});
    let (status, told) = send(&house, Method::POST, "sessions", &token, &session.to_string()).await;
    assert_eq!((status, told["verdict"].as_str()), (StatusCode::CONFLICT, Some("cancelled")));
}

#[tokio::test]
async fn who_has_come_did_not_come_or_belongs_to_somebody_else_is_not_cancelled() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let standard = specification(&house, &token, "standard").await;
    let (came, missed, visit) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::now_v7());
    for id in [came, missed] {
        assert_eq!(
            post(&house, &token, &right(id, 1, &standard, minutes(60), minutes(240))).await.0,
            StatusCode::CREATED
        );
    }
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    assert_eq!(cancel(&house, &token, visit, "").await.0, StatusCode::NOT_FOUND, "a visit's");
    house.clock.set(minutes(70));
    let session = json!({"id": Uuid::new_v4(), "segments": [{"assignedRight": {"id": came}}]});
    assert_eq!(send(&house, Method::POST, "sessions", &token, &session.to_string()).await.0, StatusCode::CREATED);
    assert_eq!(cancel(&house, &token, came, "?version=1").await.0, StatusCode::CONFLICT, "its car is in");
    // Its window is over: nobody came, and a cancellation afterwards does not change that.
    house.clock.set(minutes(241));
    assert_eq!(cancel(&house, &token, missed, "").await.0, StatusCode::CONFLICT);
    let gone = async {
        while crate::support::right(&house, missed).await.state() != pb::RightState::NoShow {
            house.clock.set(house.clock.now() + chrono::TimeDelta::minutes(2));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.expect("no-show in time");
    let listed = get(&house, "rights/assigned", &token).await;
    let state = |id: Uuid| listed.iter().find(|it| it["id"] == json!(id)).expect("listed")["state"].clone();
    assert_eq!((state(came), state(missed)), (json!("checkedIn"), json!("noShow")));
    assert_eq!(house.events::<pb::RightNoShow>("parking").await.len(), 2, "of the partner's and of the visit");
    for (what, path, status) in [
        ("no id", "rights/assigned/HAL-AB123".to_owned(), StatusCode::BAD_REQUEST),
        ("no version", format!("rights/assigned/{came}?version=two"), StatusCode::BAD_REQUEST),
        ("a negative one", format!("rights/assigned/{came}?version=-1"), StatusCode::BAD_REQUEST),
    ] {
        let (answered, told) = send(&house, Method::DELETE, &path, &token, "").await;
        assert_eq!(answered, status, "{what}: {told}");
    }
    for wrong in ["forged", ""] {
        assert_eq!(cancel(&house, wrong, missed, "").await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_version_without_a_plate_has_none() {
    let house = house().await;
    let token = token(&house, "school-office").await;
    let camera = cameras::token(&house, "camera-in-1").await;
    let standard = specification(&house, &token, "standard").await;
    let id = Uuid::new_v4();
    let sends = async |version: u32, holder: Option<Value>| {
        let mut sent = right(id, version, &standard, minutes(60), minutes(240));
        if let Some(holder) = holder {
            sent["rightHolder"] = holder;
        }
        let (status, told) = post(&house, &token, &sent).await;
        assert!(status.is_success(), "{told}");
        cameras::plates(&house).await
    };
    assert_eq!(sends(1, None).await, 1);
    assert_eq!(sends(2, Some(json!({"credentials": []}))).await, 0, "another car comes, or one that shows its code");
    let reading = cameras::recognition(&house, "HALAB123", 0.9, 0.9);
    assert_eq!(cameras::seen(&house, &camera, &reading).await, "unknown_plate");
    assert_eq!(sends(3, None).await, 1);
    assert_eq!(sends(4, Some(Value::Null)).await, 0);
}
