//! Cars that leave without showing their code: nobody knows which they were. They are not expected for ever, they may come
//! back, and one that is there all the same gets out.

use chrono::TimeDelta;
use kernel::{Caller, testing::House};
use sky_proto::{
    flow::v1::{self as flow, HouseState, HouseStateChanged},
    parking::v1::{
        self as pb, Direction, RightState, occupancy_client::OccupancyClient, record_lane_response::Verdict,
    },
};
use uuid::Uuid;

use crate::{client, occupancy::disagree, support::*};

/// So long after its window a car counts as gone that nobody has seen leave.
const LATE: TimeDelta = TimeDelta::hours(2);

async fn drives(house: &House, direction: Direction, code: &str) -> Verdict {
    let car = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: if direction == Direction::In { "in-1" } else { "out-1" }.to_owned(),
        direction: direction.into(),
        code: code.to_owned(),
        bay_class: 0,
    };
    client!(house, &attendant()).record_lane(car).await.expect("answered").into_inner().verdict()
}

/// A visit whose car came in at noon; its reference.
async fn came(house: &House) -> (Uuid, String) {
    let visit = Uuid::now_v7();
    confirmed_right(house, visit, Uuid::now_v7()).await;
    let code = right(house, visit).await.reference;
    assert_eq!(drives(house, Direction::In, &code).await, Verdict::Open);
    (visit, code)
}

/// As they are counted, also while nobody is told.
async fn cars(house: &House) -> i32 {
    sqlx::query_scalar("select occupied from bay_class where class = 'standard'")
        .fetch_one(house.pool("parking"))
        .await
        .expect("counted")
}

async fn told<M: prost::Name + prost::Message + Default>(house: &House) -> usize {
    house.events::<M>("parking").await.len()
}

#[tokio::test]
async fn a_car_that_left_without_its_code_comes_back_in() {
    let house = house().await;
    let ((visit, code), later) = (came(&house).await, Uuid::now_v7());
    confirmed_right(&house, later, Uuid::now_v7()).await;
    house.clock.set(minutes(10));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::AlreadyIn, "nobody has left: another car");
    assert_eq!(drives(&house, Direction::Out, "").await, Verdict::Open);
    assert_eq!((cars(&house).await, right(&house, visit).await.state()), (0, RightState::CheckedIn));
    house.clock.set(minutes(20));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::Open);
    assert_eq!((cars(&house).await, told::<pb::VehicleEntered>(&house).await), (1, 2));
    // It is in now, and nobody has left since.
    house.clock.set(minutes(30));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::AlreadyIn);
    // Read again at once, while another car leaves: the same one.
    let other = right(&house, later).await.reference;
    assert_eq!(drives(&house, Direction::In, &other).await, Verdict::Open);
    drives(&house, Direction::Out, "").await;
    let before = (cars(&house).await, told::<pb::VehicleEntered>(&house).await);
    assert_eq!(drives(&house, Direction::In, &other).await, Verdict::Open, "its barrier is still to open");
    assert_eq!((cars(&house).await, told::<pb::VehicleEntered>(&house).await), before, "it is no other car");
    // Its time is over, wherever it was.
    drives(&house, Direction::Out, "").await;
    house.clock.set(minutes(241));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::WrongWindow);
    assert_eq!(disagree(&house).await, 0);
}

#[tokio::test]
async fn one_exit_stands_for_one_car() {
    let house = house().await;
    let ((_, first), (_, second), (_, named)) = (came(&house).await, came(&house).await, came(&house).await);
    house.clock.set(minutes(10));
    // Not read, then shown: one car, and everybody knows which.
    drives(&house, Direction::Out, "").await;
    assert_eq!(drives(&house, Direction::Out, &named).await, Verdict::Open);
    assert_eq!(drives(&house, Direction::In, &first).await, Verdict::AlreadyIn, "another one left");
    // One car leaves that nobody knows: one of the two comes back, not both.
    house.clock.set(minutes(20));
    drives(&house, Direction::Out, "").await;
    assert_eq!(drives(&house, Direction::In, &first).await, Verdict::Open);
    assert_eq!(drives(&house, Direction::In, &second).await, Verdict::AlreadyIn, "a second car with its code");
    assert_eq!((cars(&house).await, disagree(&house).await), (2, 0));
}

#[tokio::test]
async fn whoever_left_in_an_evacuation_comes_back_in() {
    let house = house().await;
    let (_, code) = came(&house).await;
    let state = |state: HouseState| HouseStateChanged {
        house: Some(flow::House { state: state.into(), ..Default::default() }),
        ..Default::default()
    };
    house.clock.set(minutes(10));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::AlreadyIn);
    house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
    house.clock.set(minutes(20));
    house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
    house.clock.set(minutes(30));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::Open, "the ways out stood open");
    assert_eq!(cars(&house).await, 1, "nobody had counted it out");
    house.clock.set(minutes(40));
    assert_eq!(drives(&house, Direction::In, &code).await, Verdict::AlreadyIn, "not since it came back");
}

#[tokio::test]
async fn cars_may_leave_by_a_barrier_that_stands_open_and_not_by_a_broken_one_that_is_shut() {
    let house = house().await;
    let (_, code) = came(&house).await;
    let reports = async |held_open: bool, fault: &str| {
        let out = Caller::Device { id: "out-1".to_owned(), kind: "lane".to_owned() };
        let report = pb::ReportLaneRequest { lane: "out-1".to_owned(), held_open, fault: fault.to_owned() };
        let mut gates = sky_proto::parking::v1::gates_client::GatesClient::new(house.channel(&out));
        gates.report_lane(report).await.expect("heard");
    };
    for (minute, held_open, fault, expected) in [
        (10, false, "loop broken", Verdict::AlreadyIn),
        (20, false, "", Verdict::AlreadyIn),
        (30, true, "motor broken", Verdict::Open),
        (40, false, "motor broken", Verdict::Open),
        (50, false, "", Verdict::AlreadyIn),
    ] {
        house.clock.set(minutes(minute));
        reports(held_open, fault).await;
        house.clock.set(minutes(minute + 1));
        let seen = drives(&house, Direction::In, &code).await;
        assert_eq!(seen, expected, "minute {minute}: {fault}, open: {held_open}");
    }
}

#[tokio::test]
async fn a_car_that_nobody_saw_leave_is_expected_no_more_and_one_that_stayed_gets_out_and_is_counted() {
    let house = house().await;
    let ((gone, _), (stays, code)) = (came(&house).await, came(&house).await);
    drives(&house, Direction::Out, "").await;
    assert_eq!(cars(&house).await, 1);
    house.clock.set(minutes(242));
    let ended = async {
        while right(&house, gone).await.state() != RightState::Left {
            house.clock.set(house.clock.now() + TimeDelta::minutes(2));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("ended in time");
    assert!(house.clock.now() > minutes(240) + LATE, "whoever stays a little longer is still there");
    assert_eq!(right(&house, stays).await.state(), RightState::Left);
    assert_eq!((cars(&house).await, told::<pb::VehicleLeft>(&house).await), (1, 0), "nobody saw one leave");
    for _ in 0..2 {
        assert_eq!(drives(&house, Direction::Out, &code).await, Verdict::Open, "never a trapped car");
        assert_eq!((cars(&house).await, told::<pb::VehicleLeft>(&house).await), (0, 1), "seen now, and once");
    }
    assert_eq!(disagree(&house).await, 0);
    // A lane has spoken: what is forecast is known again.
    let request = pb::GetForecastRequest { hours: 6 };
    let forecast = OccupancyClient::new(house.channel(&attendant())).get_forecast(request).await.expect("told");
    let quarters = forecast.into_inner().quarters;
    assert!(quarters.iter().all(|quarter| quarter.free == 40), "nobody is there any more: {quarters:?}");
}
