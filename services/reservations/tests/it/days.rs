//! A house that runs for weeks: its programme goes on by itself.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Clock,
    testing::{House, noon, producer},
    values::timestamp,
};
use sky_proto::reservations::v1 as pb;
use uuid::Uuid;

use crate::support::*;

/// So many days ahead the house file has a programme, today among them.
const AHEAD: i64 = 14;
/// The longest time in which no showing begins: the evening before a day on which the house is closed, to the day after it.
const CLOSED: i64 = 2;

/// The showings after an instant.
async fn after(house: &House, at: DateTime<Utc>) -> BTreeMap<Uuid, DateTime<Utc>> {
    let showings = "select id, starts_at from showing where starts_at > $1";
    let showings = sqlx::query_as(showings).bind(at).fetch_all(house.pool("reservations"));
    showings.await.expect("showings").into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_runs_for_weeks_always_has_a_programme_for_the_next_two() {
    let house = house().await;
    for day in 1..=AHEAD + 2 {
        house.clock.advance(TimeDelta::days(1));
        let wanted = house.clock.now() + TimeDelta::days(AHEAD - 1 - CLOSED);
        let goes_on = async {
            while after(&house, house.clock.now()).await.values().all(|starts_at| *starts_at < wanted) {
                // Now and then a turn falls into the moment in which the clock is moved.
                house.clock.advance(TimeDelta::minutes(1));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let went_on = tokio::time::timeout(Duration::from_secs(20), goes_on).await;
        assert!(went_on.is_ok(), "day {day}: nothing begins after {wanted}");
    }

    // As if the house had been opened today.
    let now = house.clock.now();
    let other =
        House::start_at(&[reservations::SERVICE, producer("journey")], Clock::manual(now), BTreeMap::new()).await;
    load(&other, HOUSE_FILE, false).await.expect("house file loads");
    let there = after(&other, now).await;
    assert!(there.len() > 50, "{} showings", there.len());
    // The last day comes with the next turn, which is within the hour.
    let same = async {
        while after(&house, now).await != there {
            house.clock.advance(TimeDelta::minutes(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), same).await.expect("the same showings");
    let told: Vec<pb::ShowingScheduled> = house.events("reservations").await;
    let count = "select count(*) from showing";
    let stored: i64 = sqlx::query_scalar(count).fetch_one(house.pool("reservations")).await.expect("counted");
    assert_eq!(told.len() as i64, stored, "each was told once");

    // And it is sold.
    let last =
        "select id::text from showing where audience = 'public' and hall = 'dome' order by starts_at desc limit 1";
    let last: String = sqlx::query_scalar(last).fetch_one(house.pool("reservations")).await.expect("a showing");
    let order = pb::HoldSeatsRequest {
        expires_at: Some(timestamp(house.clock.now() + TimeDelta::minutes(10))),
        channel: pb::Channel::Staff.into(),
        ..wish(Uuid::now_v7(), &last, 2)
    };
    assert_eq!(hold(&house, &order).await.expect("held").seats.len(), 2);
    assert!(now > noon() + TimeDelta::days(AHEAD), "longer than what was scheduled at first");
}
