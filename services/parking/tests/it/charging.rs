//! How charging points are, as their operator pushes it in OCPI's words: good, repeated, late, malformed, oversized.

use kernel::{
    Role,
    testing::{House, staff},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sky_proto::parking::v1::{self as pb, charge_point::State, occupancy_client::OccupancyClient};

use crate::{client, support::*};

async fn patch(house: &House, sent: &str, evse: &str, body: &str) -> (StatusCode, Value) {
    let url = format!("http://{}/ocpi/2.3.0/locations/DE/SWH/holzplatz/{evse}", house.running.http);
    let request = reqwest::Client::new().patch(url).header("authorization", sent).body(body.to_owned());
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn points(house: &House) -> Vec<(String, State)> {
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    let told = occupancy.list_charge_points(pb::ListChargePointsRequest {}).await.expect("told").into_inner();
    told.charge_points.into_iter().map(|it| (it.charge_point_id.clone(), it.state())).collect()
}

#[tokio::test]
async fn an_evse_is_as_its_operator_told_last_and_nonsense_is_refused() {
    let house = house().await;
    let request = pb::IssueDeviceTokenRequest { device_id: "charging".to_owned() };
    let token =
        client!(house, &staff(Role::Operator)).issue_device_token(request).await.expect("issued").into_inner().token;
    let sent = format!("Token {token}");
    let at = |minute| minutes(minute).to_rfc3339();
    let told = |status: &str, minute: i64| json!({"status": status, "last_updated": at(minute)}).to_string();
    let long_ago = |at: &str| json!({"status": "CHARGING", "last_updated": at}).to_string();
    assert_eq!(points(&house).await, []);
    let (status, said) = patch(&house, &sent, "1", &told("CHARGING", -5)).await;
    assert_eq!((status, &said["status_code"]), (StatusCode::OK, &json!(1000)), "{said}");
    let id = "holzplatz/1".to_owned();
    assert_eq!(points(&house).await, [(id.clone(), State::Charging)]);
    // Told again, and overtaken.
    for body in [told("CHARGING", -5), told("AVAILABLE", -9), told("AVAILABLE", -5)] {
        assert_eq!(patch(&house, &sent, "1", &body).await.0, StatusCode::OK);
        assert_eq!(points(&house).await, [(id.clone(), State::Charging)]);
    }
    // In Base64, as newer peers send it; words of a later OCPI besides; and only a part.
    let encoded = format!("Token {}", data_encoding::BASE64.encode(token.as_bytes()));
    let newer = json!({"status": "OUTOFORDER", "last_updated": at(-1), "presence": "PRESENT"}).to_string();
    assert_eq!(patch(&house, &encoded, "1", &newer).await.0, StatusCode::OK);
    let part = json!({"last_updated": at(0), "floor_level": "-1"}).to_string();
    assert_eq!(patch(&house, &sent, "1", &part).await.0, StatusCode::OK);
    assert_eq!(points(&house).await, [(id, State::OutOfOrder)]);

    for (what, body, status) in [
        ("nothing", String::new(), StatusCode::BAD_REQUEST),
        ("no such state", told("ON_FIRE", 0), StatusCode::BAD_REQUEST),
        ("in small letters", told("charging", 0), StatusCode::BAD_REQUEST),
        ("no time", json!({"status": "CHARGING"}).to_string(), StatusCode::BAD_REQUEST),
        ("a clock that is ahead", told("CHARGING", 60), StatusCode::BAD_REQUEST),
        ("a year that no database knows", long_ago("-4713-01-01T00:00:00Z"), StatusCode::BAD_REQUEST),
        ("the first year that there is", long_ago("-262143-01-01T00:00:00Z"), StatusCode::BAD_REQUEST),
        ("a clock that was never set", long_ago("1970-01-01T00:00:05Z"), StatusCode::BAD_REQUEST),
        ("a very long word", json!("x".repeat(30_000)).to_string(), StatusCode::BAD_REQUEST),
        ("half of it", told("CHARGING", 0)[..20].to_owned(), StatusCode::BAD_REQUEST),
        ("oversized", format!("{}{}", told("CHARGING", 0), " ".repeat(70_000)), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (answered, said) = patch(&house, &sent, "1", &body).await;
        assert_eq!((answered, &said["status_code"]), (status, &json!(2001)), "{what}: {said}");
        let problem = said["status_message"].as_str().unwrap_or_default();
        assert!((1..1000).contains(&problem.len()), "{what}: {problem}");
    }
    assert_eq!(patch(&house, &sent, &"x".repeat(80), &told("CHARGING", 0)).await.0, StatusCode::BAD_REQUEST);
    for wrong in ["Token forged", "Bearer x", ""] {
        assert_eq!(patch(&house, wrong, "1", &told("CHARGING", 0)).await.0, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(patch(&house, &sent, "2", &told("REMOVED", 0)).await.0, StatusCode::OK);
    assert_eq!(points(&house).await.len(), 1, "what is not there is not listed");
}

#[tokio::test]
async fn what_was_told_too_long_ago_is_not_known() {
    let house = house().await;
    let request = pb::IssueDeviceTokenRequest { device_id: "charging".to_owned() };
    let token =
        client!(house, &staff(Role::Operator)).issue_device_token(request).await.expect("issued").into_inner().token;
    let sent = format!("Token {token}");
    let told =
        |status: &str, minute: i64| json!({"status": status, "last_updated": minutes(minute).to_rfc3339()}).to_string();
    let say = async |evse: &str, body: String| {
        assert_eq!(patch(&house, &sent, evse, &body).await.0, StatusCode::OK);
    };
    let states = async || points(&house).await.into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    say("1", told("AVAILABLE", 0)).await;
    say("2", told("CHARGING", 0)).await;
    // It comes late: by now it may be otherwise.
    say("3", told("AVAILABLE", -61)).await;
    assert_eq!(states().await, [State::Free, State::Charging, State::Unspecified]);
    house.clock.set(minutes(50));
    // The first says that it is still so; the second's words of before come once more, overtaken by none.
    say("1", told("AVAILABLE", 0)).await;
    let revision = site(&house).await.revision;
    house.clock.set(minutes(61));
    assert_eq!(
        states().await,
        [State::Free, State::Unspecified, State::Unspecified],
        "an hour, as the house file says"
    );
    // Whoever watches the site is shown it, though nothing came.
    let shown = async {
        while site(&house).await.revision == revision || !is_shown_stale(&house, "holzplatz/2").await {
            house.clock.set(house.clock.now() + chrono::TimeDelta::seconds(61));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), shown).await.expect("shown in time");
    // Overtaken words refresh nothing, and another word with the same time neither.
    house.clock.set(minutes(111));
    say("1", told("AVAILABLE", -5)).await;
    say("1", told("CHARGING", 0)).await;
    assert_eq!(states().await, [State::Unspecified; 3]);
    say("1", told("AVAILABLE", 111)).await;
    assert_eq!(states().await[0], State::Free);

    // For how long is the house's to say.
    let shorter = HOUSE_FILE.replace("charging_holds_minutes = 60", "charging_holds_minutes = 5");
    load(&house, &shorter, false).await.expect("loads");
    house.clock.set(minutes(117));
    assert_eq!(states().await, [State::Unspecified; 3]);
    for wrong in ["0", "1441"] {
        let file = HOUSE_FILE.replace("charging_holds_minutes = 60", &format!("charging_holds_minutes = {wrong}"));
        let refused = load(&house, &file, true).await.expect_err("refused");
        assert!(refused.message().contains("parking.charging_holds_minutes"), "{}", refused.message());
    }
}

/// Whether whoever watches has been shown that it is too old.
async fn is_shown_stale(house: &House, uid: &str) -> bool {
    sqlx::query_scalar("select shown_stale from charge_point where uid = $1")
        .bind(uid)
        .fetch_one(house.pool("parking"))
        .await
        .expect("read")
}
