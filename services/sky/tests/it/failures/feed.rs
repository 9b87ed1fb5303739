//! What another car park's feed told last, for whoever stands at our barrier and for everybody else.

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::House,
    values::{Text, timestamp},
};
use sky_proto::parking::v1::{
    Alternative, BayClass, Direction, GetSiteRequest, IssueDeviceTokenRequest, RecordLaneRequest, SetSiteStateRequest,
    SiteState, parking_client::ParkingClient, record_lane_response::Verdict,
};
use uuid::Uuid;

use crate::world::{World, staff};

/// Our own site is closed, and the feed says no more: drivers at the barrier are told a number for five minutes,
/// everybody else for half an hour, staff always since when it is silent.
pub async fn falls_silent(house: &House, world: &World) {
    let parking = |role| ParkingClient::new(world.door("parking", &staff(role)));
    let request = IssueDeviceTokenRequest { device_id: "city".to_owned() };
    let token = parking(Role::Operator).issue_device_token(request).await.expect("a token").into_inner().token;
    let push = async |free: u32| {
        let at = house.clock.now().to_rfc3339();
        let body = serde_json::json!({"items": [{"uid": "spitze", "name": "Spitze", "lat": "51.48", "lon": "11.96",
            "type": "CAR_PARK", "has_realtime_data": true, "capacity": 140, "realtime_capacity": 140,
            "realtime_free_capacity": free, "static_data_updated_at": at, "realtime_data_updated_at": at}]});
        let url = format!("http://{}/feeds/park-api", house.running.http);
        let answer = reqwest::Client::new().post(url).bearer_auth(&token).body(body.to_string()).send().await;
        assert!(answer.expect("an answer").status().is_success());
    };
    let reason = Some(Text::new("Baustelle", "Roadworks").to_proto());
    let closed = SetSiteStateRequest { state: SiteState::Closed.into(), reason, until: None };
    parking(Role::Attendant).set_site_state(closed).await.expect("closed");
    let at_the_barrier = async || {
        let car = RecordLaneRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            lane: "in-1".to_owned(),
            direction: Direction::In.into(),
            code: String::new(),
            bay_class: BayClass::Standard.into(),
        };
        let answer = parking(Role::Attendant).record_lane(car).await.expect("a verdict").into_inner();
        assert_eq!(answer.verdict(), Verdict::Closed);
        answer.message.expect("what the driver reads").de
    };
    let elsewhere = async || -> Alternative {
        let site = parking(Role::Attendant).get_site(GetSiteRequest {}).await.expect("a site").into_inner();
        site.alternatives.into_iter().find(|place| place.name == "Spitze").expect("named by the house file")
    };
    assert_eq!(elsewhere().await.told_at, None, "it has never said anything");

    let said = house.clock.now();
    push(27).await;
    assert!(at_the_barrier().await.contains("Spitze (9 min, 27 frei), Stadtschleuse (8 min)"));
    assert_eq!(elsewhere().await.free, Some(27));
    house.clock.set(said + TimeDelta::minutes(5) + TimeDelta::seconds(1));
    let words = at_the_barrier().await;
    assert!(words.contains("Spitze (9 min)") && !words.contains("frei"), "{words}");
    assert_eq!(elsewhere().await.free, Some(27), "whoever is at home may still plan with it");
    house.clock.set(said + TimeDelta::minutes(30) + TimeDelta::seconds(1));
    let silent = elsewhere().await;
    assert_eq!((silent.free, silent.source.as_str(), silent.told_at), (None, "city", Some(timestamp(said))));
    push(31).await;
    assert!(at_the_barrier().await.contains("31 frei"));
    assert_eq!(elsewhere().await.free, Some(31));
}
