//! Another kitchen display over HTTP, in Deliverect's words: what it may send, what comes of it, what it reads.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{House, staff},
    values::{from_timestamp, timestamp},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sky_proto::{
    gastro::v1::{self as pb, kitchen_system_client::KitchenSystemClient},
    journey::v1::VisitCancelled,
};
use uuid::Uuid;

use crate::{kitchen, support::*};

use pb::OrderState::{Collected, Fired, Preparing, Ready, Scheduled};

/// A token for a kitchen system.
pub async fn token(house: &House) -> String {
    let request = pb::IssueKdsTokenRequest { name: "tablet at the pass".to_owned() };
    kitchen!(house, &staff(Role::Operator)).issue_kds_token(request).await.expect("issued").into_inner().token
}

async fn push(house: &House, token: &str, order: &str, body: String) -> (StatusCode, Value) {
    post(house, token, &format!("orderStatus/{order}"), body.into_bytes()).await
}

/// What a kitchen system sends.
pub async fn post(house: &House, token: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/kds/{path}", house.running.http))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

pub async fn status(house: &House, token: &str, order: &str, code: i64) -> Value {
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

    // Once it is being made, staff decide, and its visitor is asked nothing: they have nothing to choose.
    status(&house, &token, &order.order_id, 120).await;
    let why = async || affected(&house).await.remove(0).affected.expect("why").by;
    assert_eq!(why().await, i32::from(pb::AffectedBy::KitchenSystem));
    let cancelled = VisitCancelled { visit_id: visit.to_string(), refund: true, ..VisitCancelled::default() };
    twice(&house, "journey", &cancelled).await;
    assert_eq!(why().await, i32::from(pb::AffectedBy::CancelledVisit));
    status(&house, &token, &order.order_id, 120).await;
    assert_eq!(why().await, i32::from(pb::AffectedBy::CancelledVisit), "nobody comes for it, whatever else is wrong");
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1, "that one question before");
    // Stopped for that, it is not taken up again.
    stop(&house, &order.order_id, &[]).await.expect("stopped");
    twice(&house, "journey", &cancelled).await;
    let refused = undo(&house, &order.order_id).await.expect_err("its visit is off");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
}

#[tokio::test]
async fn a_meal_whose_money_goes_back_is_not_asked_for_anew_and_not_made() {
    let house = house().await;
    let (token, visit) = (token(&house).await, Uuid::now_v7());
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    set_station(&house, "hot", pb::StationState::Closed).await.expect("closed");
    let refund = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: pb::OfferAnswer::Refund.into() };
    let decided = kitchen!(house, &cook()).answer_offer(refund).await.expect("the money").into_inner().affected;
    assert!(decided.as_ref().is_some_and(|it| it.refund_at.is_some()));
    status(&house, &token, &order.order_id, 120).await;
    assert_eq!(self::order(&house, visit).await.affected, decided, "as staff have said");
    set_station(&house, "hot", pb::StationState::Open).await.expect("open");
    until_state(&house, visit, minutes(105), pb::OrderState::Cancelled).await;
    assert_eq!(house.events::<pb::OrderRefundDue>("gastro").await.len(), 1);
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1);
    let told: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    assert!(told.iter().all(|it| it.state() == pb::OrderState::Cancelled), "never fired: {told:?}");
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
async fn a_preparation_update_puts_a_meal_off_and_never_nearer() {
    let house = house().await;
    let (token, visit) = (token(&house).await, Uuid::now_v7());
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let at = |minute: i64| minutes(minute).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let update = async |status: i64, minute: i64| {
        let body = json!({"channelOrderId": "1", "orderId": order.order_id, "location": "astrogastro",
            "status": status, "pickupTime": at(minute)});
        let (code, answer) = post(&house, &token, "prepTime", body.to_string().into_bytes()).await;
        assert_eq!(code, StatusCode::OK, "{answer}");
        answer
    };
    let pickup = async || self::order(&house, visit).await.pickup_at;
    for (minute, comes) in [(110, 110), (90, 110), (125, 125), (125, 125), (100, 125)] {
        let answer = update(20, minute).await;
        assert_eq!((answer["pickupTime"].as_str(), answer["status"].as_i64()), (Some(at(comes).as_str()), Some(20)));
        assert_eq!(pickup().await, Some(timestamp(minutes(comes))), "told {minute}");
    }
    assert_eq!(house.events::<pb::OrderMoved>("gastro").await.len(), 1, "told once, and only what is later");
    assert_eq!(taken(&house).await, 130);

    // What is being made goes on, and is there later.
    let fired = until_state(&house, visit, minutes(120), Fired).await;
    update(20, 140).await;
    let now = self::order(&house, visit).await;
    assert_eq!((now.state(), now.pickup_at, now.fire_at), (Preparing, Some(timestamp(minutes(140))), fired.fire_at));
    update(70, 150).await;
    let now = self::order(&house, visit).await;
    assert_eq!((now.state(), now.pickup_at), (Ready, Some(timestamp(minutes(140)))), "it is there already");
}

#[tokio::test]
async fn the_kitchens_system_says_how_busy_it_is_and_an_echo_changes_nothing() {
    let house = house().await;
    let token = token(&house).await;
    let told = async |status: &str, delay: i64| {
        let body = json!({"accountId": "planetarium-halle", "locationId": "astrogastro",
            "channelLinkId": "digital-sky", "status": status, "delay": delay});
        let (code, answer) = post(&house, &token, "busy", body.to_string().into_bytes()).await;
        assert_eq!(code, StatusCode::OK, "{answer}");
        answer
    };
    let states = async || -> Vec<String> {
        let rows =
            sqlx::query_scalar("select station_id || ' ' || state || ' ' || delay_seconds from station order by 1");
        rows.fetch_all(house.pool("gastro")).await.expect("stations")
    };
    assert_eq!(told("BUSY", 15).await["delay"], 15);
    assert_eq!(states().await, ["bar busy 900", "cold busy 900", "hot busy 900"]);
    told("PAUSED", 0).await;
    assert_eq!(states().await, ["bar paused 0", "cold paused 0", "hot paused 0"]);
    told("ONLINE", 0).await;
    assert_eq!(states().await, ["bar open 0", "cold open 0", "hot open 0"]);
    let changes = house.events::<pb::StationChanged>("gastro").await.len();
    assert_eq!(changes, 3 + 9, "three from the house file");
    assert_eq!(told("SNOWED_IN", 0).await["ignored"], true);
    // Staff know better about one station: what the system says back of the whole kitchen opens nothing.
    set_station(&house, "bar", pb::StationState::Paused).await.expect("paused");
    told("ONLINE", 0).await;
    assert_eq!(states().await, ["bar paused 0", "cold open 0", "hot open 0"]);
    for (status, delay, others) in [("BUSY", 10, "busy 600"), ("ONLINE", 0, "open 0")] {
        told(status, delay).await;
        let expected = ["bar paused 0".to_owned(), format!("cold {others}"), format!("hot {others}")];
        assert_eq!(states().await, expected, "nor does other news");
    }
    // The system pauses the others and opens them again; the bar is still staff's.
    told("PAUSED", 0).await;
    assert_eq!(states().await, ["bar paused 0", "cold paused 0", "hot paused 0"]);
    told("BUSY", 10).await;
    assert_eq!(states().await, ["bar paused 0", "cold busy 600", "hot busy 600"]);
    // Staff pause all of it, also what the system had paused before: none of it is the system's to open.
    told("PAUSED", 0).await;
    for station in ["bar", "cold", "hot"] {
        set_station(&house, station, pb::StationState::Paused).await.expect("paused");
    }
    for (status, delay) in [("ONLINE", 0), ("BUSY", 10), ("PAUSED", 0), ("ONLINE", 0)] {
        told(status, delay).await;
        assert_eq!(states().await, ["bar paused 0", "cold paused 0", "hot paused 0"], "{status}");
    }
    for station in ["cold", "hot"] {
        set_station(&house, station, pb::StationState::Open).await.expect("open");
    }
    set_station(&house, "bar", pb::StationState::Closed).await.expect("closed");
    told("BUSY", 10).await;
    assert_eq!(states().await, ["bar closed 0", "cold busy 600", "hot busy 600"], "closed is for today");
}

#[tokio::test]
async fn updates_that_are_malformed_too_large_or_no_text_are_refused_and_change_nothing() {
    let house = house().await;
    let (token, visit) = (token(&house).await, Uuid::now_v7());
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let id = order.order_id.as_str();
    let time = |id: &str, at: &str| json!({"orderId": id, "status": 20, "pickupTime": at}).to_string().into_bytes();
    let soon = minutes(120).to_rfc3339();
    let not_utf8 = [b"{\"orderId\":\"\xff\xfe\",\"status\":\"".as_slice(), &[0xc3, 0x28], b"\"}"].concat();
    let large = format!("{{\"status\":\"BUSY\",\"delay\":10,\"reason\":\"{}\"}}", "x".repeat(20_000)).into_bytes();
    let elsewhere = json!({"orderId": id, "location": "elsewhere", "pickupTime": soon}).to_string().into_bytes();
    let other = json!({"locationId": "elsewhere", "status": "PAUSED"}).to_string().into_bytes();
    let busy = |delay: i64| json!({"status": "BUSY", "delay": delay}).to_string().into_bytes();
    let status = format!("orderStatus/{id}");
    for (token, path, body, expected) in [
        ("nobody's", "prepTime", time(id, &soon), StatusCode::UNAUTHORIZED),
        ("nobody's", "busy", busy(10), StatusCode::UNAUTHORIZED),
        (&token, "prepTime", b"{".to_vec(), StatusCode::BAD_REQUEST),
        (&token, "prepTime", Vec::new(), StatusCode::BAD_REQUEST),
        (&token, "prepTime", time("609a", &soon), StatusCode::BAD_REQUEST),
        (&token, "prepTime", time(id, "in ten minutes"), StatusCode::BAD_REQUEST),
        (&token, "prepTime", time(id, &minutes(110 + 181).to_rfc3339()), StatusCode::UNPROCESSABLE_ENTITY),
        (&token, "prepTime", elsewhere, StatusCode::BAD_REQUEST),
        (&token, "prepTime", time(&Uuid::now_v7().to_string(), &soon), StatusCode::NOT_FOUND),
        (&token, "prepTime", not_utf8.clone(), StatusCode::BAD_REQUEST),
        (&token, "prepTime", large.clone(), StatusCode::PAYLOAD_TOO_LARGE),
        (&token, "busy", b"[]".to_vec(), StatusCode::BAD_REQUEST),
        (&token, "busy", busy(0), StatusCode::BAD_REQUEST),
        (&token, "busy", busy(121), StatusCode::BAD_REQUEST),
        (&token, "busy", other, StatusCode::BAD_REQUEST),
        (&token, "busy", not_utf8.clone(), StatusCode::BAD_REQUEST),
        (&token, "busy", large.clone(), StatusCode::PAYLOAD_TOO_LARGE),
        (&token, status.as_str(), not_utf8, StatusCode::BAD_REQUEST),
        (&token, status.as_str(), large, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (code, answer) = post(&house, token, path, body).await;
        assert_eq!(code, expected, "{path}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{path}: {answer}");
    }
    assert_eq!(self::order(&house, visit).await, order);
    assert_eq!(house.events::<pb::StationChanged>("gastro").await.len(), 3, "those of the house file");
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

#[tokio::test]
async fn tokens_are_listed_with_their_last_use_and_end_at_once() {
    let house = house().await;
    let by = Caller::Staff { account: "otto".to_owned(), roles: vec![Role::Operator] };
    let request = pb::IssueKdsTokenRequest { name: "tablet at the pass".to_owned() };
    let token = kitchen!(house, &by).issue_kds_token(request).await.expect("issued").into_inner().token;
    let list = async || {
        let mut system = KitchenSystemClient::new(house.channel(&staff(Role::Kitchen)));
        system.list_kds_tokens(pb::ListKdsTokensRequest {}).await.expect("listed").into_inner()
    };
    let fresh = list().await;
    let it = &fresh.tokens[0];
    assert_eq!((it.name.as_str(), it.issued_by.as_str()), ("tablet at the pass", "otto"));
    assert!(!fresh.tells && it.last_used_at.is_none() && it.revoked_at.is_none(), "{fresh:?}");

    let reads = async |token: &str| {
        let url = format!("http://{}/kds/busy", house.running.http);
        reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("an answer").status()
    };
    assert_eq!(reads("a stranger's").await, StatusCode::UNAUTHORIZED);
    assert_eq!(list().await.tokens[0].last_used_at, None, "strangers leave no trace");
    assert_eq!(reads(&token).await, StatusCode::OK);
    let first = list().await.tokens[0].last_used_at;
    assert_eq!(from_timestamp(first), house.clock.now());
    house.clock.advance(TimeDelta::seconds(40));
    reads(&token).await;
    assert_eq!(list().await.tokens[0].last_used_at, first, "to the minute");
    house.clock.advance(TimeDelta::seconds(20));
    reads(&token).await;
    assert_eq!(from_timestamp(list().await.tokens[0].last_used_at), house.clock.now());

    let revoke = async |by: &Caller| {
        let request = pb::RevokeKdsTokenRequest { token_id: it.token_id.clone() };
        KitchenSystemClient::new(house.channel(by)).revoke_kds_token(request).await
    };
    let refused = revoke(&staff(Role::Kitchen)).await.expect_err("not theirs");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    for _ in 0..2 {
        let ended = revoke(&by).await.expect("revoked").into_inner();
        assert_eq!((ended.revoked_by.as_str(), ended.revoked_at.is_some()), ("otto", true));
        house.clock.advance(TimeDelta::minutes(5));
    }
    assert_eq!(reads(&token).await, StatusCode::UNAUTHORIZED, "good no more");
    let ended = from_timestamp(list().await.tokens[0].revoked_at);
    assert_eq!(ended, house.clock.now() - TimeDelta::minutes(10), "the first time counts");
    for statement in [
        "delete from kds_token",
        "update kds_token set issued_by = 'nobody'",
        "update kds_token set revoked_at = null, revoked_by = ''",
    ] {
        let refused = sqlx::query(statement).execute(house.pool("gastro")).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    let unknown = pb::RevokeKdsTokenRequest { token_id: Uuid::now_v7().to_string() };
    let unknown = KitchenSystemClient::new(house.channel(&by)).revoke_kds_token(unknown).await.expect_err("unknown");
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let long = pb::IssueKdsTokenRequest { name: "x".repeat(61) };
    let long = kitchen!(house, &by).issue_kds_token(long).await.expect_err("too long");
    assert!(long.message().starts_with("name:"), "{}", long.message());
}
