//! The house's own count gets old with the lane that is not heard: it is shown for half an hour, with its age, and then it
//! is unknown; and whoever was told hears of it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller,
    testing::House,
    values::{from_timestamp, timestamp},
};
use serde_json::Value;
use sky_proto::parking::v1::{self as pb, gates_client::GatesClient, occupancy_client::OccupancyClient};
use uuid::Uuid;

use crate::{client, support::*};

async fn beats(house: &House, lane: &str, fault: &str) {
    let caller = Caller::Device { id: lane.to_owned(), kind: "lane".to_owned() };
    let request = pb::ReportLaneRequest { lane: lane.to_owned(), held_open: false, fault: fault.to_owned() };
    GatesClient::new(house.channel(&caller)).report_lane(request).await.expect("heard");
}

/// The cars of the first class, and as of when.
async fn cars(house: &House) -> (Option<u32>, DateTime<Utc>) {
    let site = site(house).await;
    (site.classes[0].occupied, from_timestamp(site.observed_at))
}

async fn export(house: &House) -> Value {
    let path = "open/v1/parking/park-api/v3/parking-sites";
    let answer = reqwest::get(format!("http://{}/{path}", house.running.http)).await.expect("an answer");
    answer.json::<Value>().await.expect("JSON")["items"][0].clone()
}

async fn drives_in(house: &House) {
    let car = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: pb::Direction::In.into(),
        code: String::new(),
        bay_class: pb::BayClass::Standard.into(),
    };
    client!(house, &attendant()).record_lane(car).await.expect("in");
}

/// Waits for the turn of the lanes that tells others what they must know; the last that they were told.
async fn told(house: &House, is: impl Fn(&pb::Site) -> bool) -> pb::Site {
    let until = async {
        loop {
            let events: Vec<pb::SiteChanged> = house.events("parking").await;
            if let Some(site) = events.into_iter().next_back().and_then(|it| it.site).filter(|site| is(site)) {
                return site;
            }
            house.clock.advance(TimeDelta::milliseconds(100));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), until).await.expect("told")
}

#[tokio::test]
async fn a_count_lives_as_long_as_its_lanes_and_half_an_hour_beyond() {
    let house = house().await;
    for lane in ["in-1", "out-1"] {
        beats(&house, lane, "").await;
    }
    drives_in(&house).await;
    // Nobody drives for seven hours, and both lanes are heard: one car is still one car.
    house.clock.set(minutes(420));
    for lane in ["in-1", "out-1"] {
        beats(&house, lane, "").await;
    }
    assert_eq!(cars(&house).await, (Some(1), minutes(420)));
    assert_eq!(export(&house).await["has_realtime_data"], true);

    // The way out is silent: what it lets through nobody counts. A car that comes in makes the count no younger.
    house.clock.set(minutes(449));
    beats(&house, "in-1", "").await;
    drives_in(&house).await;
    assert_eq!(cars(&house).await, (Some(2), minutes(420)), "as of the last that was heard of it");
    let site = told(&house, |site| from_timestamp(site.observed_at) == minutes(420)).await;
    assert_eq!(from_timestamp(site.valid_until), minutes(450));
    house.clock.set(minutes(451));
    beats(&house, "in-1", "").await;
    assert_eq!(cars(&house).await.0, None);
    let item = export(&house).await;
    assert_eq!((&item["has_realtime_data"], item.get("realtime_data_updated_at")), (&false.into(), None));

    // Somebody counts each class: known again, for half an hour.
    for count in site_classes(&house).await {
        let request = pb::RecordOccupancyRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            bay_class: count,
            occupied: 1,
            observed_at: Some(timestamp(minutes(451))),
        };
        OccupancyClient::new(house.channel(&attendant())).record_occupancy(request).await.expect("counted");
    }
    assert_eq!(cars(&house).await, (Some(1), minutes(451)));
    house.clock.set(minutes(482));
    assert_eq!(cars(&house).await.0, None);

    // It is heard again.
    for lane in ["in-1", "out-1"] {
        beats(&house, lane, "").await;
    }
    assert_eq!(cars(&house).await, (Some(1), minutes(482)));
    told(&house, |site| from_timestamp(site.valid_until) >= minutes(512)).await;

    // A lane in fault speaks, and does not count.
    beats(&house, "out-1", "loop broken").await;
    house.clock.set(minutes(513));
    for (lane, fault) in [("in-1", ""), ("out-1", "loop broken")] {
        beats(&house, lane, fault).await;
    }
    assert_eq!(cars(&house).await.0, None);
}

async fn site_classes(house: &House) -> Vec<i32> {
    let classes = site(house).await.classes;
    classes.iter().map(|it| it.bay_class).filter(|class| *class != pb::BayClass::Bicycle as i32).collect()
}

#[tokio::test]
async fn what_others_were_told_is_told_again_before_it_is_old() {
    let house = house().await;
    for lane in ["in-1", "out-1"] {
        beats(&house, lane, "").await;
    }
    let first = told(&house, |site| from_timestamp(site.valid_until) == minutes(30)).await;
    house.clock.set(minutes(11));
    for lane in ["in-1", "out-1"] {
        beats(&house, lane, "").await;
    }
    let again = told(&house, |site| from_timestamp(site.valid_until) >= minutes(41)).await;
    assert_eq!(again.classes, first.classes);
}
