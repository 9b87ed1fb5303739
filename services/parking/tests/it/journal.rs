//! What lanes without a link tell afterwards: merged twice, late, and out of order, each passage counts once.

use chrono::TimeDelta;
use kernel::{Caller, testing::House, values::timestamp};
use prost_types::Timestamp;
use sky_proto::parking::v1::{
    self as pb, Direction, RightState, gates_client::GatesClient, occupancy_client::OccupancyClient,
};
use uuid::Uuid;

use crate::{client, occupancy::disagree, support::*};

/// A car of a lane's journal, so many minutes after noon.
pub fn entry(code: &str, minute: i64) -> pb::JournalEntry {
    pb::JournalEntry {
        entry_id: Uuid::new_v4().to_string(),
        at: Some(timestamp(minutes(minute))),
        code: code.to_owned(),
        by_hand: false,
        bay_class: 0,
    }
}

pub async fn submits(house: &House, lane: &str, entries: &[pb::JournalEntry]) -> (u32, u32) {
    let told = sends(house, lane, Some(timestamp(house.clock.now())), entries).await;
    (told.taken, told.known_before)
}

async fn sends(
    house: &House,
    lane: &str,
    device_now: Option<Timestamp>,
    entries: &[pb::JournalEntry],
) -> pb::SubmitLaneJournalResponse {
    let controller = Caller::Device { id: lane.to_owned(), kind: "lane".to_owned() };
    let journal = pb::SubmitLaneJournalRequest { lane: lane.to_owned(), device_now, entries: entries.to_vec() };
    GatesClient::new(house.channel(&controller)).submit_lane_journal(journal).await.expect("taken").into_inner()
}

async fn cars(house: &House) -> u32 {
    site(house).await.classes[0].occupied.expect("known")
}

async fn stays(house: &House) -> usize {
    let span = pb::ListSessionsRequest { from: Some(timestamp(minutes(-60))), until: Some(timestamp(minutes(600))) };
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    occupancy.list_sessions(span).await.expect("told").into_inner().sessions.len()
}

#[tokio::test]
async fn each_passage_counts_once_whatever_is_merged_twice_and_in_whatever_order() {
    let house = house().await;
    house.clock.set(minutes(200));
    let cars_in: Vec<_> = (0..6).map(|car| entry("", 100 + car)).collect();
    assert_eq!(submits(&house, "in-1", &[cars_in[3].clone(), cars_in[1].clone()]).await, (2, 0));
    // The controller was not answered, and sends everything again with what came since, the newest first.
    let mut all = cars_in.clone();
    all.reverse();
    assert_eq!(submits(&house, "in-1", &all).await, (4, 2));
    assert_eq!(submits(&house, "in-1", &cars_in).await, (0, 6));
    // The same line twice in one journal.
    let twice = entry("", 150);
    assert_eq!(submits(&house, "in-1", &[twice.clone(), twice]).await, (1, 1));
    assert_eq!((cars(&house).await, stays(&house).await, disagree(&house).await), (7, 7, 0));
}

#[tokio::test]
async fn an_exit_that_is_told_before_its_entry_leaves_no_car_behind() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, showing).await;
    let code = right(&house, visit).await.reference;
    house.clock.set(minutes(200));
    // The way out tells first: of the booked car, and of one without a code.
    let out = [entry(&code, 180), entry("", 185)];
    assert_eq!(submits(&house, "out-1", &out).await, (2, 0));
    assert_eq!((cars(&house).await, disagree(&house).await), (0, 0));
    let cars_in = [entry(&code, 70), entry("", 75), entry("", 190)];
    for times in [(3, 0), (0, 3)] {
        assert_eq!(submits(&house, "in-1", &cars_in).await, times);
        assert_eq!((cars(&house).await, disagree(&house).await), (1, 0), "the one that came after them");
    }
    assert_eq!(right(&house, visit).await.state(), RightState::Left);
    let (entered, left): (Vec<pb::VehicleEntered>, Vec<pb::VehicleLeft>) =
        (house.events("parking").await, house.events("parking").await);
    assert_eq!((entered.len(), left.len()), (1, 1));
    assert_eq!((entered[0].at, left[0].at), (Some(timestamp(minutes(70))), Some(timestamp(minutes(180)))));
}

#[tokio::test]
async fn the_way_out_had_its_link_while_the_way_in_had_none() {
    let house = house().await;
    let (visit, other) = (Uuid::now_v7(), Uuid::now_v7());
    for it in [visit, other] {
        confirmed_right(&house, it, Uuid::now_v7()).await;
    }
    let code = right(&house, visit).await.reference;
    house.clock.set(minutes(150));
    let leaves = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "out-1".to_owned(),
        direction: Direction::Out.into(),
        code: code.clone(),
        bay_class: 0,
    };
    client!(house, &attendant()).record_lane(leaves).await.expect("out");
    house.clock.set(minutes(160));
    submits(&house, "in-1", &[entry(&code, 80), entry(&right(&house, other).await.reference, 81)]).await;
    assert_eq!((cars(&house).await, disagree(&house).await), (1, 0));
    assert_eq!(
        (right(&house, visit).await.state(), right(&house, other).await.state()),
        (RightState::Left, RightState::CheckedIn)
    );
}

#[tokio::test]
async fn what_somebody_has_counted_since_is_not_counted_again() {
    let house = house().await;
    house.clock.set(minutes(100));
    let request = pb::RecordOccupancyRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        bay_class: pb::BayClass::Standard.into(),
        occupied: 5,
        observed_at: Some(timestamp(minutes(100))),
    };
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    let count = request.idempotency_key.clone();
    occupancy.record_occupancy(request).await.expect("told");
    house.clock.set(minutes(110) + TimeDelta::seconds(1));
    // Two came before the count and one left; one came after it.
    submits(&house, "in-1", &[entry("", 90), entry("", 95), entry("", 105)]).await;
    submits(&house, "out-1", &[entry("", 97)]).await;
    assert_eq!((cars(&house).await, disagree(&house).await), (6, 0));
    // Without the count it is as the lanes say.
    occupancy.undo_count(pb::UndoCountRequest { count_id: count }).await.expect("taken back");
    assert_eq!((cars(&house).await, disagree(&house).await), (2, 0));
}

#[tokio::test]
async fn one_entry_that_cannot_be_read_keeps_no_other_back() {
    let house = house_of(&without_bicycles()).await;
    house.clock.set(minutes(200));
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let cars_in = [
        entry("", 100),
        entry(&"x".repeat(5000), 101),
        entry("a\u{7}b", 102),
        pb::JournalEntry { bay_class: 99, ..entry("", 103) },
        pb::JournalEntry { bay_class: pb::BayClass::Bicycle.into(), ..entry("", 104) },
        pb::JournalEntry { at: None, ..entry("", 0) },
        pb::JournalEntry { at: at(0, 0), ..entry("", 0) },
        pb::JournalEntry { at: at(i64::MAX, 0), ..entry("", 0) },
        pb::JournalEntry { at: at(0, -1), ..entry("", 0) },
        pb::JournalEntry { entry_id: String::new(), ..entry("", 105) },
        pb::JournalEntry { entry_id: "7".to_owned(), ..entry("", 106) },
        entry("", 107),
    ];
    let now = Some(timestamp(house.clock.now()));
    let told = sends(&house, "in-1", now, &cars_in).await;
    assert_eq!((told.taken, told.known_before, told.unknown, told.refused), (10, 0, 2, 2));
    assert_eq!((cars(&house).await, stays(&house).await, disagree(&house).await), (10, 10, 0));
    let told = sends(&house, "in-1", now, &cars_in).await;
    assert_eq!((told.taken, told.known_before, told.refused), (0, 10, 2), "again, and nothing changes");
}

#[tokio::test]
async fn the_clock_of_a_lane_may_be_as_wrong_as_it_likes() {
    let house = house().await;
    // A clock that began anew in 1970; one that nobody has built; none.
    let clocks = [(Some(1800), Some(1200), 190), (Some(i64::MAX), Some(0), 200), (None, None, 200)];
    let visits = clocks.map(|_| Uuid::now_v7());
    for visit in visits {
        confirmed_right(&house, visit, Uuid::now_v7()).await;
    }
    house.clock.set(minutes(200));
    for ((device_now, at, minute), visit) in clocks.into_iter().zip(visits) {
        let time = |seconds: Option<i64>| seconds.map(|seconds| Timestamp { seconds, nanos: 0 });
        let car = pb::JournalEntry { at: time(at), ..entry(&right(&house, visit).await.reference, 0) };
        assert_eq!(sends(&house, "in-1", time(device_now), &[car]).await.taken, 1, "{device_now:?}");
        assert_eq!(right(&house, visit).await.state(), RightState::CheckedIn);
        let entered: Vec<pb::VehicleEntered> = house.events("parking").await;
        assert_eq!(entered.last().expect("told").at, Some(timestamp(minutes(minute))), "{device_now:?}");
    }
}

#[tokio::test]
async fn one_entry_that_a_journal_has_told_opens_the_way_out_when_it_is_told_once_more() {
    let house = house().await;
    house.clock.set(minutes(200));
    submits(&house, "in-1", &[entry("", 100), entry("", 101)]).await;
    let out = entry("", 190);
    submits(&house, "out-1", std::slice::from_ref(&out)).await;
    // The controller was not answered, and its link is back.
    let again = pb::RecordLaneRequest {
        idempotency_key: out.entry_id,
        lane: "out-1".to_owned(),
        direction: Direction::Out.into(),
        ..pb::RecordLaneRequest::default()
    };
    for _ in 0..2 {
        let told = client!(house, &attendant()).record_lane(again.clone()).await.expect("never a trapped car");
        assert_eq!(told.get_ref().verdict(), pb::record_lane_response::Verdict::Open);
    }
    assert_eq!((cars(&house).await, disagree(&house).await), (1, 0), "it has left once");
}
