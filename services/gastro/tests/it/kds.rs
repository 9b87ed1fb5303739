//! Another kitchen display over HTTP, in Deliverect's words: what it may send, what comes of it, what it reads.

use kernel::{Role, testing::House, testing::staff, values::timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sky_proto::gastro::v1 as pb;
use uuid::Uuid;

use crate::{kitchen, support::*};

use pb::OrderState::{Collected, Fired, Preparing, Ready, Scheduled};

async fn token(house: &House) -> String {
    let request = pb::IssueKdsTokenRequest {};
    kitchen!(house, &staff(Role::Operator)).issue_kds_token(request).await.expect("issued").into_inner().token
}

async fn push(house: &House, token: &str, order: &str, body: String) -> (StatusCode, Value) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/kds/orderStatus/{order}", house.running.http))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn status(house: &House, token: &str, order: &str, code: i64) -> Value {
    let body = json!({"orderId": order, "status": code, "reason": ""}).to_string();
    let (status, answer) = push(house, token, order, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn a_status_moves_an_order_on_and_never_back() {
    let house = house().await;
    let (token, visit) = (token(&house).await, Uuid::now_v7());
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let id = &order.order_id;
    for code in [20, 70, 90] {
        status(&house, &token, id, code).await;
    }
    assert_eq!(self::order(&house, visit).await.state(), Scheduled, "nobody works on what was not fired");
    until_state(&house, visit, minutes(105), Fired).await;
    for (code, state) in [(50, Fired), (20, Preparing), (20, Preparing), (70, Ready), (20, Ready), (95, Collected)] {
        let answer = status(&house, &token, id, code).await;
        assert_eq!(self::order(&house, visit).await.state(), state, "{code}: {answer}");
        assert_eq!(answer["ignored"], if code == 50 { json!(true) } else { Value::Null }, "{answer}");
    }
    for code in [70, 110, 120] {
        assert_eq!(status(&house, &token, id, code).await["status"], 90, "over");
    }
    let told: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    let told: Vec<_> = told.iter().map(pb::OrderStateChanged::state).collect();
    assert_eq!(told, [Fired, Preparing, Ready, Collected], "once each");
}

#[tokio::test]
async fn what_went_wrong_is_for_staff_to_decide() {
    let house = house().await;
    let (token, visit) = (token(&house).await, Uuid::now_v7());
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    for code in [35, 35, 120] {
        status(&house, &token, &order.order_id, code).await;
    }
    assert_eq!(self::order(&house, visit).await.state(), Scheduled);
    let listed = affected(&house).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].affected.as_ref().expect("why").by, i32::from(pb::AffectedBy::KitchenSystem));
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1, "told once");
    let keep = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: pb::OfferAnswer::Keep.into() };
    kitchen!(house, &cook()).answer_offer(keep).await.expect("we make it by hand");
    until_state(&house, visit, minutes(105), Fired).await;
}

#[tokio::test]
async fn what_is_malformed_too_large_unknown_or_nobodys_is_refused() {
    let house = house().await;
    let token = token(&house).await;
    let order = scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let id = order.order_id.as_str();
    let good = json!({"orderId": id, "status": 20}).to_string();
    let (unknown, of_other) = (Uuid::now_v7().to_string(), json!({"orderId": "609a", "status": 20}).to_string());
    let large = format!("{{\"orderId\":\"{id}\",\"status\":20,\"reason\":\"{}\"}}", "x".repeat(20_000));
    for (token, order, body, expected) in [
        ("nobody's", id, good.clone(), StatusCode::UNAUTHORIZED),
        (&token, id, "{".to_owned(), StatusCode::BAD_REQUEST),
        (&token, id, "{\"status\":\"ready\"}".to_owned(), StatusCode::BAD_REQUEST),
        (&token, id, "{\"status\":7e99}".to_owned(), StatusCode::BAD_REQUEST),
        (&token, id, "\u{0}\u{1}".to_owned(), StatusCode::BAD_REQUEST),
        (&token, id, of_other, StatusCode::BAD_REQUEST),
        (&token, id, large, StatusCode::PAYLOAD_TOO_LARGE),
        (&token, "609a", json!({"status": 20}).to_string(), StatusCode::BAD_REQUEST),
        (&token, &unknown, json!({"status": 20}).to_string(), StatusCode::NOT_FOUND),
    ] {
        let (status, answer) = push(&house, token, order, body).await;
        assert_eq!(status, expected, "{answer}");
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{answer}");
    }
}

#[tokio::test]
async fn others_read_when_what_is_wanted_and_how_busy_it_is() {
    let house = house().await;
    let token = token(&house).await;
    let order = scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let read = async |path: &str| -> Value {
        let get = reqwest::Client::new().get(format!("http://{}/kds/{path}", house.running.http)).bearer_auth(&token);
        get.send().await.expect("an answer").json().await.expect("JSON")
    };
    let expected = json!([{
        "channelOrderId": "1", "orderId": order.order_id, "location": "astrogastro", "status": 20,
        "pickupTime": kernel::values::from_timestamp(Some(timestamp(minutes(110)))).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }]);
    assert_eq!(read("prepTimes").await, expected);
    let busy = |status: &str, delay: u32| {
        json!({"accountId": "planetarium-halle", "locationId": "astrogastro", "channelLinkId": "digital-sky",
            "status": status, "delay": delay})
    };
    assert_eq!(read("busy").await, busy("ONLINE", 0));
    set_busy(&house, "hot", 15).await.expect("busy");
    assert_eq!(read("busy").await, busy("BUSY", 15));
    for station in ["hot", "cold", "bar"] {
        set_station(&house, station, pb::StationState::Paused).await.expect("paused");
    }
    assert_eq!(read("busy").await, busy("PAUSED", 0));
    let stranger = reqwest::get(format!("http://{}/kds/busy", house.running.http)).await.expect("an answer");
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}
