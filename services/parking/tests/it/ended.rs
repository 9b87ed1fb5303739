//! Controllers whose pairing has ended: the car park hears them no more, however long their identity is still good for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Caller, clock::wall_now, testing::House, values::timestamp};
use sky_proto::{
    parking::v1::{
        self as pb, gates_client::GatesClient, occupancy_client::OccupancyClient, parking_client::ParkingClient,
    },
    portal::v1::{DevicePairingChanged, PairingState},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

const LANE: &str = "in-1";

/// The portal tells of the lane's controller, at this time by its own clock.
async fn told(house: &House, state: PairingState, at: DateTime<Utc>) {
    let event = DevicePairingChanged {
        device_id: LANE.to_owned(),
        device_kind: "lane".to_owned(),
        state: state.into(),
        at: Some(timestamp(at)),
    };
    house.react("parking", "portal", LANE, &event).await.expect("applied");
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// How everything that a controller may ask answers the one with this token.
async fn answers(house: &House, token: &str) -> Vec<(&'static str, Code)> {
    let token = || Some(token.to_owned());
    let mut gates = GatesClient::new(house.channel_with(token()));
    let lane = || LANE.to_owned();
    let car = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: lane(),
        direction: pb::Direction::In.into(),
        code: String::new(),
        bay_class: pb::BayClass::Standard.into(),
    };
    let count = pb::RecordOccupancyRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        bay_class: pb::BayClass::Standard.into(),
        occupied: 3,
        observed_at: Some(timestamp(house.clock.now())),
    };
    let command = pb::ConfirmCommandRequest {
        command_id: Uuid::new_v4().to_string(),
        step: pb::confirm_command_request::Step::Acknowledged.into(),
        failure: String::new(),
    };
    let report = pb::ReportLaneRequest { lane: lane(), held_open: false, fault: String::new() };
    let journal = pb::SubmitLaneJournalRequest { lane: lane(), device_now: None, entries: Vec::new() };
    // There is no such command: it is heard, and told so.
    let confirmed = match code(gates.confirm_command(command).await) {
        Code::NotFound => Code::Ok,
        other => other,
    };
    vec![
        ("RecordLane", code(ParkingClient::new(house.channel_with(token())).record_lane(car).await)),
        ("RecordOccupancy", code(OccupancyClient::new(house.channel_with(token())).record_occupancy(count).await)),
        ("ConfirmCommand", confirmed),
        ("ReportLane", code(gates.report_lane(report).await)),
        ("FetchLocalList", code(gates.fetch_local_list(pb::FetchLocalListRequest { lane: lane() }).await)),
        ("SubmitLaneJournal", code(gates.submit_lane_journal(journal).await)),
        ("WatchOrders", code(gates.watch_orders(pb::WatchOrdersRequest { lane: lane(), after_revision: 0 }).await)),
    ]
}

/// All of them answer so, a moment later at the latest.
async fn all_answer(house: &House, token: &str, wanted: Code) {
    let mut seen = answers(house, token).await;
    for _ in 0..500 {
        if seen.iter().all(|(_, code)| *code == wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen = answers(house, token).await;
    }
    panic!("not all answer {wanted:?}: {seen:?}");
}

#[tokio::test]
async fn a_controller_whose_pairing_has_ended_is_heard_no_more_and_gets_no_orders() {
    let house = house().await;
    let (long_ago, ended_at, since) =
        (wall_now() - TimeDelta::hours(3), wall_now() - TimeDelta::hours(2), wall_now() - TimeDelta::hours(1));
    let caller = Caller::Device { id: LANE.to_owned(), kind: "lane".to_owned() };
    let (before, anew) = (house.keys.issue(&caller, long_ago), house.keys.issue(&caller, since));
    told(&house, PairingState::Paired, long_ago - TimeDelta::minutes(1)).await;
    all_answer(&house, &before, Code::Ok).await;
    let mut watching = GatesClient::new(house.channel_with(Some(before.clone())));
    let request = pb::WatchOrdersRequest { lane: LANE.to_owned(), after_revision: 0 };
    let mut orders = watching.watch_orders(request).await.expect("a stream").into_inner();
    orders.message().await.expect("good").expect("the first");

    told(&house, PairingState::Revoked, ended_at).await;
    all_answer(&house, &before, Code::Unauthenticated).await;
    all_answer(&house, &anew, Code::Ok).await;
    let open = pb::CommandGateRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: LANE.to_owned(),
        action: pb::GateAction::Open.into(),
        reason: "Lieferung".to_owned(),
    };
    let accepted = GatesClient::new(house.channel(&attendant())).command_gate(open).await.expect("accepted");
    let command = accepted.into_inner().command_id;
    // What was rung for before the end may still come.
    let end = loop {
        match orders.message().await {
            Ok(told) => {
                let told = told.expect("it says why it ends").commands;
                assert!(told.iter().all(|it| it.command_id != command), "an order for a stranger");
            }
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Unauthenticated, "{end}");
    assert!(end.message().contains("pair it anew"), "{end}");

    // Another device in its place ends it as well, and that outlives a restart.
    told(&house, PairingState::Paired, wall_now()).await;
    all_answer(&house, &anew, Code::Unauthenticated).await;
    let house = house.restart().await;
    all_answer(&house, &anew, Code::Unauthenticated).await;
}
