//! The house is evacuated: nobody drives in, whatever was before.

use sky_proto::{
    flow::v1::HouseState,
    parking::v1::{
        CommandState, Direction, GateAction, VehicleLeft, confirm_command_request::Step, record_lane_response::Verdict,
    },
};
use uuid::Uuid;

use crate::{
    gates::{beats, car, drives, look, says, state, wants},
    support::*,
};

#[tokio::test]
async fn a_car_that_was_let_in_before_a_shut_barrier_is_not_in() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let code = right(&house, visit).await.reference;
    house.clock.set(minutes(60));
    let let_in = drives(&house, &attendant(), car("in-1", Direction::In, &code)).await;
    assert_eq!(let_in.verdict(), Verdict::Open);
    beats(&house, "in-1", false, "").await;
    says(&house, "in-1", &let_in.command_id, Step::Failed).await.expect("it did not move");
    house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
    for _ in 0..2 {
        let answer = drives(&house, &attendant(), car("in-1", Direction::In, &code)).await;
        assert_eq!(answer.verdict(), Verdict::Evacuated);
        assert_eq!(site(&house).await.classes[0].occupied, Some(0), "it stands outside");
    }
    assert_eq!(house.events::<VehicleLeft>("parking").await.len(), 1);
    house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
    assert_eq!(drives(&house, &attendant(), car("in-1", Direction::In, &code)).await.verdict(), Verdict::Open);
    assert_eq!(site(&house).await.classes[0].occupied, Some(1));
}

#[tokio::test]
async fn a_way_in_that_staff_hold_open_is_shut_and_stays_so() {
    let house = house().await;
    let hold = async || wants(&house, Uuid::new_v4(), "in-1", GateAction::HoldOpen).await.expect("an answer");
    hold().await;
    assert!(beats(&house, "in-1", true, "").await.hold_open);
    house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
    let orders = beats(&house, "in-1", false, "").await;
    assert!(!orders.hold_open && orders.commands.is_empty(), "{orders:?}");
    let refused = hold().await;
    assert_eq!(refused.state(), CommandState::Rejected);
    assert!(refused.failure_text.is_some_and(|it| it.de.contains("Einfahrt")));
    assert!(!beats(&house, "in-1", false, "").await.hold_open);
    let one = wants(&house, Uuid::new_v4(), "in-1", GateAction::Open).await.expect("an answer");
    assert_eq!(one.state(), CommandState::Accepted, "who must get in is let in");
    house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
    assert!(!look(&house, "in-1").await.hold_confirmed);
    assert_eq!(hold().await.state(), CommandState::Accepted);
}
