//! The barrier without its link, in the whole house.

use chrono::TimeDelta;
use kernel::{Caller, Role, testing::House, values::timestamp};
use prost::Message;
use sky_proto::parking::v1::{
    CommandGateRequest, ConfirmCommandRequest, Confirmation, FetchLocalListRequest, GateAction, JournalEntry,
    LaneState, ListLanesRequest, LocalList, ReportLaneRequest, SubmitLaneJournalRequest, confirm_command_request,
    gates_client::GatesClient,
};
use tonic::Code;
use uuid::Uuid;

use crate::world::{World, staff};

/// A lane loses its link: what was asked of it perishes, it works from its list, and tells later what it did.
pub async fn broken_link(house: &House, world: &World) {
    let controller = Caller::Device { id: "in-1".to_owned(), kind: "lane".to_owned() };
    let mut lane = GatesClient::new(world.door("parking", &controller));
    let attendant = || GatesClient::new(world.door("parking", &staff(Role::Attendant)));
    let beat = ReportLaneRequest { lane: "in-1".to_owned(), ..Default::default() };
    lane.report_lane(beat.clone()).await.expect("heard");
    let list =
        lane.fetch_local_list(FetchLocalListRequest { lane: "in-1".to_owned() }).await.expect("a list").into_inner();
    assert!(house.keys.is_our_list(&list.list, &list.signature));
    let told = LocalList::decode(list.list.as_slice()).expect("a list").without_link.expect("what drivers read");
    for (words, code, intercom) in [(&told.de, "QR-Code", "Sprechtaste"), (&told.en, "QR code", "intercom")] {
        assert!(words.contains(code) && words.contains(intercom), "{words}");
    }
    assert!(!told.plain.is_empty(), "in plain words, too");
    let open = CommandGateRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        action: GateAction::Open.into(),
        reason: "delivery".to_owned(),
    };
    let asked = attendant().command_gate(open).await.expect("asked").into_inner();
    assert_eq!(asked.confirmation(), Confirmation::Accepted, "requested, not open");
    house.clock.set(house.clock.now() + TimeDelta::seconds(31));
    let late = ConfirmCommandRequest {
        command_id: asked.command_id,
        step: confirm_command_request::Step::Acknowledged.into(),
        failure: String::new(),
    };
    assert_eq!(lane.confirm_command(late).await.expect_err("not for the next car").code(), Code::FailedPrecondition);
    let look = async || {
        let lanes = attendant().list_lanes(ListLanesRequest {}).await.expect("lanes").into_inner().lanes;
        lanes.into_iter().find(|it| it.lane == "in-1").expect("this one")
    };
    let lost = look().await;
    assert_eq!((lost.state(), lost.told_to_drivers), (LaneState::LocalList, Some(told)), "as staff see it");
    let journal = SubmitLaneJournalRequest {
        lane: "in-1".to_owned(),
        device_now: Some(timestamp(house.clock.now())),
        entries: vec![JournalEntry {
            entry_id: Uuid::new_v4().to_string(),
            at: Some(timestamp(house.clock.now())),
            by_hand: true,
            ..Default::default()
        }],
    };
    for _ in 0..2 {
        lane.submit_lane_journal(journal.clone()).await.expect("taken");
    }
    lane.report_lane(beat).await.expect("heard");
    let lane = look().await;
    assert_eq!((lane.state(), lane.opened_by_hand), (LaneState::Normal, 1));
}
