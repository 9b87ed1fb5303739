//! The desk ends a device's access: door and car park hear it no more, although its identity would be good for hours yet.
//! Paired anew it works at once.

use kernel::Role;
use sky_proto::{
    flow::v1::{ExportAdmissionListRequest, door_client::DoorClient},
    parking::v1::{ReportLaneRequest, gates_client::GatesClient},
    portal::v1::{RevokeDeviceRequest, access_client::AccessClient},
};
use tonic::Code;

use crate::world::{World, furnished, staff, until};

/// How the door answers a scanner with this identity.
async fn scanner(world: &World, token: &str) -> Code {
    let request = ExportAdmissionListRequest { device_id: "scanner-7".to_owned(), day: String::new() };
    let answer = DoorClient::new(world.door_with("flow", token)).export_admission_list(request).await;
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// How the car park answers a lane's controller with this identity.
async fn lane(world: &World, token: &str) -> Code {
    let request = ReportLaneRequest { lane: "in-1".to_owned(), held_open: false, fault: String::new() };
    let answer = GatesClient::new(world.door_with("parking", token)).report_lane(request).await;
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test]
async fn a_device_whose_access_was_ended_is_heard_no_more_until_it_is_paired_anew() {
    let (_house, world) = furnished(|_| {}).await;
    let signs_in = async |device_token: &str| world.signs_in(device_token).await.expect("in").token;
    let at_the_door = signs_in(&world.pairs("scanner", "scanner-7").await).await;
    let at_the_barrier = signs_in(&world.pairs("lane", "in-1").await).await;
    assert_eq!((scanner(&world, &at_the_door).await, lane(&world, &at_the_barrier).await), (Code::Ok, Code::Ok));

    let mut desk = AccessClient::new(world.door("portal", &staff(Role::Desk)));
    for device_id in ["scanner-7", "in-1"] {
        desk.revoke_device(RevokeDeviceRequest { device_id: device_id.to_owned() }).await.expect("ended");
    }
    let ended = |code: &Code| *code == Code::Unauthenticated;
    until("the scanner's end", || scanner(&world, &at_the_door), ended).await;
    until("the lane's end", || lane(&world, &at_the_barrier), ended).await;

    let (scanner_token, lane_token) = (world.pairs("scanner", "scanner-7").await, world.pairs("lane", "in-1").await);
    let (first, barrier) = (signs_in(&scanner_token).await, signs_in(&lane_token).await);
    assert_eq!((scanner(&world, &first).await, lane(&world, &barrier).await), (Code::Ok, Code::Ok));
    assert_eq!((scanner(&world, &at_the_door).await, lane(&world, &at_the_barrier).await), {
        (Code::Unauthenticated, Code::Unauthenticated)
    });

    // Another device in its place is its end, too, and the new one is heard on.
    let second = signs_in(&world.pairs("scanner", "scanner-7").await).await;
    until("the end of the one before", || scanner(&world, &first), ended).await;
    assert_eq!(scanner(&world, &second).await, Code::Ok);
    world.signs_in(&scanner_token).await.expect_err("nor does it get another identity");
}
