//! Counters push while time goes by and showings move: everybody takes the same locks in the same order, so that nobody
//! ever waits for somebody who waits for them.

use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{testing::House, ticket_code::reference};
use sky_proto::flow::v1::{AdmissionState, SensorState};
use uuid::Uuid;

use crate::{
    support::*,
    xovis::{post, set_state, token},
};

const COUNTERS: [&str; 3] = ["foyer-1", "cafe-1", "terrace-1"];
const ROUNDS: i64 = 30;
/// Pushes of each counter at once.
const AT_ONCE: usize = 5;

/// One interval of a counter's line: two came, one went.
fn package(house: &House, id: i64) -> Vec<u8> {
    let now = house.clock.now();
    let (from, to) = ((now - TimeDelta::minutes(1)).to_rfc3339(), now.to_rfc3339());
    serde_json::json!({"logics_data": {"package_info": {"id": id}, "logics": [{"id": 1000, "records": [{
        "from": from, "to": to, "counts": [{"name": "fw", "value": 2}, {"name": "bw", "value": 1}]}]}]}})
    .to_string()
    .into_bytes()
}

/// A showing is over and its guests are still about.
async fn over(house: &House) {
    let (showing, visit) = (Uuid::now_v7(), Uuid::now_v7());
    told(house, showing, &scheduled(showing)).await;
    told(house, visit, &booking(visit, showing, &[Uuid::now_v7()])).await;
    move_to(house, showing, AdmissionState::DoorsOpen).await.expect("open");
    scan(house, &scan_of(showing, &reference(visit))).await.expect("in");
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(house, showing, to).await.expect("moved");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_and_pushes_never_wait_for_each_other_in_a_circle() {
    let house = house().await;
    house.clock.set(minutes(45));
    let mut tokens = Vec::new();
    for counter in COUNTERS {
        let token = token(&house, counter).await;
        assert_eq!(post(&house, &token, package(&house, 1)).await.0, 200);
        set_state(&house, counter, SensorState::Online).await.expect("at work");
        tokens.push(token);
    }
    for round in 1..=ROUNDS {
        // All of them have been silent when the next turn looks, and are heard at the same moment; every few rounds the
        // guests of a showing are taken to have left.
        if round % 5 == 0 {
            over(&house).await;
            house.clock.advance(TimeDelta::hours(3));
        }
        house.clock.advance(TimeDelta::minutes(4));
        let body = package(&house, round + 1);
        let pushes = (0..AT_ONCE).flat_map(|_| &tokens).map(|token| post(&house, token, body.clone()));
        for (status, answer) in join_all(pushes).await {
            assert_eq!(status, 200, "round {round}: {answer}");
        }
    }
    let silent: i64 =
        sqlx::query_scalar("select count(*) from audit where act = 'sensor' and after ->> 'state' = 'offline'")
            .fetch_one(house.pool("flow"))
            .await
            .expect("counted");
    assert!(silent > 5, "turns have noticed silence {silent} times");
    let deadlocks: i64 =
        sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
            .fetch_one(house.pool("flow"))
            .await
            .expect("counted");
    assert_eq!(deadlocks, 0);
}
