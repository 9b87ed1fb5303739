//! People counters with several data agents, and packages that were kept while the network was away: what is lost, what
//! is of now.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::testing::House;
use sky_proto::flow::v1::{self as pb, Quality, SensorState};

use crate::{
    support::*,
    xovis::{post, set_state, token},
};

/// A package of one agent, made at a time: who crossed the foyer's line in the minute before, and how many are there.
fn package(agent: i64, id: i64, made: DateTime<Utc>, forward: i64, balance: Option<i64>) -> Vec<u8> {
    let (from, to) = ((made - TimeDelta::minutes(1)).to_rfc3339(), made.to_rfc3339());
    let logic = |logic: i64, name: &str, value: i64| {
        let counts = serde_json::json!([{"name": name, "value": value}]);
        serde_json::json!({"id": logic, "records": [{"from": from, "to": to, "counts": counts}]})
    };
    let mut logics = vec![logic(1000, "fw", forward)];
    logics.extend(balance.map(|people| logic(1001, "balance", people)));
    let info = serde_json::json!({"id": id, "agent_id": agent});
    serde_json::json!({"logics_data": {"package_info": info, "sensor_info": {"time": to}, "logics": logics}})
        .to_string()
        .into_bytes()
}

/// The foyer's counter, heard and at work; ten people are counted.
async fn counter(house: &House) -> String {
    let token = token(house, "foyer-1").await;
    post(house, &token, package(1, 4999, minutes(0), 0, None)).await;
    set_state(house, "foyer-1", SensorState::Online).await.expect("at work");
    correct(house, "foyer", 10).await;
    token
}

async fn sensor(house: &House) -> pb::Sensor {
    snapshot(house).await.sensors.into_iter().find(|sensor| sensor.sensor_id == "foyer-1").expect("the counter")
}

#[tokio::test]
async fn two_agents_of_one_device_lose_nothing_by_taking_turns() {
    let house = house().await;
    let token = counter(&house).await;
    for (minute, agent, id) in [(1, 1, 5000), (2, 2, 100), (3, 1, 5001), (4, 2, 101), (5, 1, 5002), (6, 2, 102)] {
        house.clock.set(minutes(minute));
        let (status, said) = post(&house, &token, package(agent, id, minutes(minute), 1, None)).await;
        assert_eq!((status, said["problem"].as_str()), (200, None), "agent {agent}, package {id}: {said}");
    }
    let (sensor_now, foyer) = (sensor(&house).await, zone(&house, "foyer").await);
    assert_eq!((sensor_now.state(), sensor_now.lost_packages), (SensorState::Online, 0));
    assert_eq!((foyer.count, foyer.quality()), (Some(16), Quality::Live));
    // A gap of one of them is one, whatever the other has sent meanwhile.
    house.clock.set(minutes(7));
    let (_, said) = post(&house, &token, package(2, 104, minutes(7), 1, None)).await;
    assert_eq!((said["problem"].as_str(), sensor(&house).await.lost_packages), (Some("lost_data"), 1));
    assert_eq!(zone(&house, "foyer").await.count, None);
}

#[tokio::test]
async fn a_balance_that_was_kept_half_an_hour_is_not_taken_for_one_of_now() {
    let house = house().await;
    let token = counter(&house).await;
    house.clock.set(minutes(1));
    post(&house, &token, package(1, 5000, minutes(1), 2, Some(12))).await;
    assert_eq!((zone(&house, "foyer").await.count, sensor(&house).await.clock_skew_seconds), (Some(12), 0));
    let offline = async || sensor(&house).await.state() == SensorState::Offline;
    house.clock.set(minutes(5));
    turn_until(&house, "silence is noticed", offline).await;
    house.clock.set(minutes(32));
    // The network is back: what was kept comes first, each package with the time when it was made.
    for (id, made) in [(5001, 2), (5002, 3)] {
        let (_, said) = post(&house, &token, package(1, id, minutes(made), 1, Some(40))).await;
        assert_eq!((said["counted"].as_u64(), said["problem"].as_str()), (Some(2), None), "{said}");
        let foyer = zone(&house, "foyer").await;
        assert_eq!((foyer.count, foyer.quality()), (None, Quality::Degraded), "forty were there half an hour ago");
    }
    assert_eq!(sensor(&house).await.clock_skew_seconds, 0, "its clock is right");
    post(&house, &token, package(1, 5003, minutes(32), 0, Some(9))).await;
    let foyer = zone(&house, "foyer").await;
    assert_eq!((foyer.count, foyer.quality()), (Some(9), Quality::Live));
}

#[tokio::test]
async fn a_package_that_another_agent_kept_changes_no_number_of_now() {
    let house = house().await;
    let token = counter(&house).await;
    // Never silent: live data come every minute, the intervals of the other agent got stuck.
    for minute in 1..=6 {
        house.clock.set(minutes(minute));
        post(&house, &token, package(1, 4999 + minute, minutes(minute), 0, Some(20))).await;
    }
    assert_eq!(zone(&house, "foyer").await.count, Some(20));
    post(&house, &token, package(2, 1, minutes(1) + TimeDelta::seconds(20), 0, Some(55))).await;
    let foyer = zone(&house, "foyer").await;
    assert_eq!((foyer.count, foyer.quality()), (Some(20), Quality::Live), "55 were there five minutes ago");
    // A clock that was set back an hour goes in step with ours from then on: said, and the people count.
    for (minute, believed, count) in [(7, 0, 20), (8, -3600, 21), (9, -3600, 21)] {
        house.clock.set(minutes(minute));
        let made = minutes(minute) - TimeDelta::hours(1);
        post(&house, &token, package(1, 4999 + minute, made, 0, Some(21))).await;
        assert_eq!(sensor(&house).await.clock_skew_seconds, believed, "minute {minute}");
        assert_eq!(zone(&house, "foyer").await.count, Some(count), "minute {minute}");
    }
    assert_eq!(sensor(&house).await.state(), SensorState::Degraded);
    let problem = sensor(&house).await.problem.expect("a sentence");
    assert!(problem.en.contains("NTP"), "{problem:?}");
}
