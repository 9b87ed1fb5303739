//! A counter that falls silent and is heard again: the minutes that nobody has seen say nothing of how long one waits.

use chrono::TimeDelta;
use kernel::testing::House;
use sky_proto::flow::v1::{self as pb, SensorState};

use crate::{
    support::*,
    xovis::{a_while_ago, line, post, set_state, token},
};

/// The café's counter is at work, and somebody has counted so many there; its token.
async fn at_work(house: &House, people: u32) -> String {
    let token = token(house, "cafe-1").await;
    post(house, &token, line(1, minutes(0), 0, 0)).await;
    set_state(house, "cafe-1", SensorState::Online).await.expect("at work");
    correct(house, "cafe", people).await;
    a_while_ago(house).await;
    token
}

/// Whether the house has noticed that it says nothing.
async fn is_silent(house: &House) -> bool {
    let sensors = snapshot(house).await.sensors;
    sensors.iter().any(|it| it.sensor_id == "cafe-1" && it.state() == SensorState::Offline)
}

/// Three come in each of these minutes, and each stays for five.
async fn guests(house: &House, token: &str, from: i64, until: i64) {
    for minute in from..=until {
        house.clock.set(minutes(minute));
        let gone = if minute >= from + 5 { 3 } else { 0 };
        assert_eq!(post(house, token, line(1 + minute, minutes(minute), 3, gone)).await.0, 200);
    }
}

#[tokio::test]
async fn what_nobody_has_seen_is_no_part_of_how_long_one_waits() {
    let house = house().await;
    let token = at_work(&house, 0).await;
    let wait = async || {
        let estimates = snapshot(&house).await.estimates;
        let found = estimates.into_iter().find(|it| it.kind() == pb::EstimateKind::Cafe);
        found.map(|it| (it.seconds, it.per_hour))
    };
    guests(&house, &token, 1, 20).await;
    let first = wait().await.expect("measured");
    assert!((240..=360).contains(&first.0), "they stay for five minutes: {first:?}");

    // For half an hour nobody sees who comes and who leaves: all of them.
    house.clock.set(minutes(25));
    let silent = async || is_silent(&house).await;
    turn_until(&house, "silence is noticed", silent).await;
    house.clock.set(minutes(50));
    let (status, _) = post(&house, &token, line(51, minutes(50), 0, 0)).await;
    assert_eq!(status, 200);
    correct(&house, "cafe", 0).await;
    a_while_ago(&house).await;
    house.clock.advance(TimeDelta::minutes(1));
    guests(&house, &token, 51, 62).await;
    let (seconds, per_hour) = wait().await.expect("measured again");
    assert!((240..=360).contains(&seconds), "they stay for five minutes still: {seconds} s");
    // Twenty-one have left in the twelve minutes since it is heard again.
    assert_eq!(per_hour, 105, "the silent minutes are none in which few have left");

    // Once more, and it is taken out of service meanwhile: nobody waits for it to be heard.
    house.clock.set(minutes(70));
    turn_until(&house, "silence is noticed", silent).await;
    set_state(&house, "cafe-1", SensorState::Retired).await.expect("retired");
    let open: i64 = sqlx::query_scalar("select count(*) from zone_silence where until is null")
        .fetch_one(house.pool("flow"))
        .await
        .expect("a count");
    assert_eq!(open, 0);
}

#[tokio::test]
async fn nobody_is_told_how_long_one_waits_beside_a_silent_counter() {
    let house = house().await;
    let token = at_work(&house, 10).await;
    for minute in 1..=20 {
        house.clock.set(minutes(minute));
        post(&house, &token, line(1 + minute, minutes(minute), 3, 3)).await;
    }
    let waits = async || snapshot(&house).await.estimates.iter().any(|it| it.kind() == pb::EstimateKind::Cafe);
    let directions = async || {
        let url = format!("http://{}/open/v1/crowd-flow-observed", house.running.http);
        let told: serde_json::Value = reqwest::get(url).await.expect("an answer").json().await.expect("a list");
        let cafe = told.as_array().expect("a list").iter().find(|it| it["name"] == "AstroGastro").expect("it").clone();
        cafe["peopleCountTowards"].as_u64().zip(cafe["peopleCountAway"].as_u64())
    };
    assert!(waits().await, "three come and three go each minute");
    assert!(directions().await.is_some());
    // More than three intervals.
    house.clock.advance(TimeDelta::minutes(4));
    let silent = async || is_silent(&house).await;
    turn_until(&house, "silence is noticed", silent).await;
    for by_hand in [false, true] {
        if by_hand {
            correct(&house, "cafe", 12).await;
        }
        assert_eq!(zone(&house, "cafe").await.count, by_hand.then_some(12));
        assert!(!waits().await, "who came and left since nobody has seen; counted by hand: {by_hand}");
        assert_eq!(directions().await, None, "counted by hand: {by_hand}");
    }
}
