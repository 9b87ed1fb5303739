//! Tokens of cameras, feeds and partners: listed with who issued them and when each spoke last, revoked at once, on a record
//! that nobody changes.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{House, staff},
    values::from_timestamp,
};
use reqwest::StatusCode;
use sky_proto::parking::v1::{self as pb, connections_client::ConnectionsClient};
use tonic::Code;

use crate::{client, support::*};

fn anna() -> Caller {
    Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Operator] }
}

async fn issue(house: &House, device: &str) -> String {
    let request = pb::IssueDeviceTokenRequest { device_id: device.to_owned() };
    client!(house, &anna()).issue_device_token(request).await.expect("issued").into_inner().token
}

async fn list(house: &House) -> Vec<pb::Connection> {
    let mut connections = ConnectionsClient::new(house.channel(&staff(Role::Attendant)));
    connections.list_connections(pb::ListConnectionsRequest {}).await.expect("listed").into_inner().connections
}

async fn one(house: &House, device: &str) -> pb::Connection {
    list(house).await.into_iter().find(|it| it.device_id == device).expect("the house file names it")
}

async fn revoke(house: &House, by: &Caller, device: &str) -> Result<pb::Connection, tonic::Status> {
    let request = pb::RevokeDeviceTokenRequest { device_id: device.to_owned() };
    let revoked = ConnectionsClient::new(house.channel(by)).revoke_device_token(request).await;
    revoked.map(tonic::Response::into_inner)
}

/// Sends something that its format does not have, with a token: it is known or it is not.
async fn speaks(house: &House, device: &str, token: &str) -> bool {
    let (path, header) = match device {
        "camera-in-1" => ("lanes/plate-recognizer", format!("Bearer {token}")),
        "city" => ("feeds/park-api", format!("Bearer {token}")),
        "charging" => ("ocpi/2.3.0/locations/DE/SWH/holzplatz/1", format!("Token {token}")),
        _ => ("apds/v4/rights/assigned", format!("Bearer {token}")),
    };
    let url = format!("http://{}/{path}", house.running.http);
    let client = reqwest::Client::new();
    let request = if device == "charging" { client.patch(url) } else { client.post(url) };
    let answer = request.header("authorization", header).body("{}").send().await.expect("an answer");
    match answer.status() {
        StatusCode::UNAUTHORIZED => false,
        StatusCode::BAD_REQUEST => true,
        other => panic!("{device}: {other}"),
    }
}

#[tokio::test]
async fn all_kinds_are_listed_used_and_revoked() {
    use pb::ConnectionKind::{Apds, Camera, Feed, Ocpi};
    let house = house().await;
    let named = list(&house).await;
    assert!(named.iter().all(|it| !it.has_token && it.last_used_at.is_none() && it.acts.is_empty()), "{named:?}");
    let partner = named.iter().find(|it| it.kind() == Apds).expect("a partner").device_id.clone();
    for (device, kind) in [("camera-in-1", Camera), ("city", Feed), (partner.as_str(), Apds), ("charging", Ocpi)] {
        let token = issue(&house, device).await;
        let fresh = one(&house, device).await;
        assert_eq!((fresh.kind(), fresh.has_token, fresh.last_used_at), (kind, true, None), "{device}");
        assert!(!speaks(&house, device, "a stranger's").await, "{device}");
        assert_eq!(one(&house, device).await.last_used_at, None, "{device}: strangers leave no trace");

        // To the minute: the first word is noted, the next one a minute later.
        assert!(speaks(&house, device, &token).await, "{device}");
        let first = from_timestamp(one(&house, device).await.last_used_at);
        assert_eq!(first, house.clock.now(), "{device}");
        house.clock.advance(TimeDelta::seconds(30));
        assert!(speaks(&house, device, &token).await, "{device}");
        assert_eq!(from_timestamp(one(&house, device).await.last_used_at), first, "{device}");
        house.clock.advance(TimeDelta::seconds(31));
        assert!(speaks(&house, device, &token).await, "{device}");
        assert_eq!(from_timestamp(one(&house, device).await.last_used_at), house.clock.now(), "{device}");

        let ended = revoke(&house, &anna(), device).await.expect("revoked");
        assert!(!ended.has_token && ended.last_used_at.is_some(), "{device}");
        assert!(!speaks(&house, device, &token).await, "{device}: good no more");
        revoke(&house, &anna(), device).await.expect("a repeat");
        let acts: Vec<_> = one(&house, device).await.acts.iter().map(|act| (act.step(), act.by.clone())).collect();
        let by = || "anna".to_owned();
        assert_eq!(acts, [(pb::TokenStep::Revoked, by()), (pb::TokenStep::Issued, by())], "{device}");
        // A new one begins anew.
        let again = issue(&house, device).await;
        assert!(again != token && speaks(&house, device, &again).await, "{device}");
    }
    assert_eq!(named.iter().find(|it| it.device_id == "camera-in-1").expect("a camera").lane, "in-1");
}

#[tokio::test]
async fn only_operators_revoke_and_nobody_changes_the_record() {
    let house = house().await;
    issue(&house, "camera-in-1").await;
    for role in [Role::Desk, Role::Attendant, Role::Kitchen] {
        let refused = revoke(&house, &staff(role), "camera-in-1").await.expect_err("not theirs");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role:?}");
    }
    assert!(one(&house, "camera-in-1").await.has_token);
    let unknown = revoke(&house, &anna(), "camera-9").await.expect_err("no such camera");
    assert_eq!(unknown.code(), Code::NotFound);
    let nameless = revoke(&house, &anna(), "Camera 1").await.expect_err("no name");
    assert_eq!(nameless.code(), Code::InvalidArgument);
    assert!(nameless.message().starts_with("device_id:"), "{}", nameless.message());
    for statement in ["update token_act set by = 'nobody'", "delete from token_act", "truncate token_act"] {
        let refused = sqlx::query(statement).execute(house.pool("parking")).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}
