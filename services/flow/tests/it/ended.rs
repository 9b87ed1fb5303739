//! Scanners whose pairing has ended: the door hears them no more, however long their identity is still good for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{clock::wall_now, testing::House, ticket_code::reference, values::timestamp};
use sky_proto::{
    flow::v1::{self as pb, door_client::DoorClient, flow_client::FlowClient},
    portal::v1::{DevicePairingChanged, PairingState},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

const DEVICE: &str = "scanner-1";

/// The portal tells of a device, at this time by its own clock.
async fn told(house: &House, device: &str, state: PairingState, at: DateTime<Utc>) {
    let event = DevicePairingChanged {
        device_id: device.to_owned(),
        device_kind: "scanner".to_owned(),
        state: state.into(),
        at: Some(timestamp(at)),
    };
    house.react("flow", "portal", device, &event).await.expect("applied");
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// How everything that a scanner may ask answers the one with this token.
async fn answers(house: &House, token: &str, (showing, visit): (Uuid, Uuid)) -> Vec<(&'static str, Code)> {
    let token = || Some(token.to_owned());
    let (mut flow, mut door) =
        (FlowClient::new(house.channel_with(token())), DoorClient::new(house.channel_with(token())));
    let list = pb::ExportAdmissionListRequest { device_id: DEVICE.to_owned(), day: String::new() };
    let device_now = Some(timestamp(house.clock.now()));
    let journal = pb::SubmitScansRequest { device_id: DEVICE.to_owned(), device_now, entries: Vec::new() };
    let window = pb::GetFlowRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(60))) };
    vec![
        ("Scan", code(flow.scan(scan_of(showing, &reference(visit))).await)),
        ("ScanExit", code(door.scan_exit(scan_of(showing, &reference(visit))).await)),
        ("ExportAdmissionList", code(door.export_admission_list(list).await)),
        ("SubmitScans", code(door.submit_scans(journal).await)),
        ("GetFlow", code(flow.get_flow(window).await)),
        ("WatchFlow", code(flow.watch_flow(pb::WatchFlowRequest::default()).await)),
    ]
}

/// All of them answer so, a moment later at the latest.
async fn all_answer(house: &House, token: &str, about: (Uuid, Uuid), wanted: Code) {
    let mut seen = answers(house, token, about).await;
    for _ in 0..500 {
        if seen.iter().all(|(_, code)| *code == wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen = answers(house, token, about).await;
    }
    panic!("not all answer {wanted:?}: {seen:?}");
}

#[tokio::test]
async fn a_scanner_whose_pairing_has_ended_is_heard_no_more_and_one_that_is_paired_anew_is() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let about = (showing, visit);
    let (long_ago, ended_at, since) =
        (wall_now() - TimeDelta::hours(3), wall_now() - TimeDelta::hours(2), wall_now() - TimeDelta::hours(1));
    let issued = |at: DateTime<Utc>| house.keys.issue(&scanner(DEVICE), at);
    let (before, anew) = (issued(long_ago), issued(since));
    told(&house, DEVICE, PairingState::Paired, long_ago - TimeDelta::minutes(1)).await;
    told(&house, DEVICE, PairingState::Approved, since).await;
    all_answer(&house, &before, about, Code::Ok).await;
    let mut watching = FlowClient::new(house.channel_with(Some(before.clone())));
    let mut watched = watching.watch_flow(pb::WatchFlowRequest::default()).await.expect("a stream").into_inner();
    watched.message().await.expect("good").expect("the first");

    told(&house, DEVICE, PairingState::Revoked, ended_at).await;
    all_answer(&house, &before, about, Code::Unauthenticated).await;
    all_answer(&house, &anew, about, Code::Ok).await;
    let count = pb::CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 7, reason: "counted".to_owned() };
    FlowClient::new(house.channel(&desk())).correct_zone(count).await.expect("corrected");
    let end = loop {
        match watched.message().await {
            Ok(told) => assert!(told.is_some(), "it says why it ends"),
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Unauthenticated, "{end}");
    assert!(end.message().contains("pair it anew"), "{end}");

    // Told late or twice it stays ended then; of others nothing was said.
    for at in [long_ago - TimeDelta::hours(1), ended_at] {
        told(&house, DEVICE, PairingState::Revoked, at).await;
    }
    let house = house.restart().await;
    all_answer(&house, &before, about, Code::Unauthenticated).await;
    all_answer(&house, &anew, about, Code::Ok).await;
    let other = house.keys.issue(&scanner("scanner-2"), long_ago);
    let mut other = DoorClient::new(house.channel_with(Some(other)));
    let list = pb::ExportAdmissionListRequest { device_id: "scanner-2".to_owned(), day: String::new() };
    other.export_admission_list(list).await.expect("another scanner goes on");

    // Another device in its place ends it as well.
    told(&house, DEVICE, PairingState::Paired, wall_now()).await;
    all_answer(&house, &anew, about, Code::Unauthenticated).await;
}
