//! What visitors read of a room whose people counter has fallen silent: how full it is, as a band, and never a number.

use chrono::TimeDelta;
use kernel::{Role, testing::House, values::timestamp};
use sky_proto::{
    flow::v1::{
        CorrectZoneRequest, GetFlowRequest, IssueSensorTokenRequest, Quality, SensorState, SetSensorStateRequest, Zone,
        flow_client::FlowClient, zones_client::ZonesClient,
    },
    signage::v1::{GetContentRequest, Line, signage_client::SignageClient},
};

use crate::world::{World, staff, until};

async fn cafe(world: &World, house: &House) -> Zone {
    let now = house.clock.now();
    let window = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::hours(1))),
        until: Some(timestamp(now + TimeDelta::hours(1))),
    };
    let flow = FlowClient::new(world.door("flow", &staff(Role::Desk))).get_flow(window).await.expect("a snapshot");
    flow.into_inner().zones.into_iter().find(|zone| zone.zone_id == "cafe").expect("the café")
}

/// The signpost to the café in the foyer.
async fn signpost(world: &World) -> Line {
    let request = GetContentRequest { display_id: "way-ground".to_owned() };
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    let lines = signage.get_content(request).await.expect("content").into_inner().lines;
    let to_cafe = |line: &Line| line.text.as_ref().is_some_and(|text| text.de.starts_with("AstroGastro"));
    lines.into_iter().find(to_cafe).expect("a signpost")
}

/// And what else is that way.
const NEARLY_FULL: &str = "fast voll · auch barrierefreies WC";

fn detail(line: &Line) -> &str {
    line.detail.as_ref().map_or("", |detail| &detail.de)
}

/// The café is nearly full when its counter falls silent.
pub async fn is_all_that_visitors_read(house: &House, world: &World) {
    let mut zones = ZonesClient::new(world.door("flow", &staff(Role::Operator)));
    let token = IssueSensorTokenRequest { sensor_id: "cafe-1".to_owned() };
    let token = zones.issue_sensor_token(token).await.expect("a token").into_inner().token;
    let push = async |id: i64, people: i64| {
        let now = house.clock.now();
        let body = serde_json::json!({"logics_data": {"package_info": {"id": id}, "logics": [{"id": 1000, "records": [{
            "from": (now - TimeDelta::minutes(1)).to_rfc3339(), "to": now.to_rfc3339(),
            "counts": [{"name": "fw", "value": people}]}]}]}});
        let url = format!("http://{}/sensors/xovis", house.running.http);
        let request = reqwest::Client::new().post(url).bearer_auth(&token).body(body.to_string());
        assert!(request.send().await.expect("an answer").status().is_success());
    };
    push(1, 0).await;
    let online = SetSensorStateRequest { sensor_id: "cafe-1".to_owned(), state: SensorState::Online.into() };
    zones.set_sensor_state(online).await.expect("at work");
    let by_hand = CorrectZoneRequest { zone_id: "cafe".to_owned(), count: 46, reason: "counted".to_owned() };
    FlowClient::new(world.door("flow", &staff(Role::Desk))).correct_zone(by_hand).await.expect("set");
    house.clock.set(house.clock.now() + TimeDelta::minutes(1));
    push(2, 2).await;
    let live = cafe(world, house).await;
    assert_eq!((live.count, live.quality()), (Some(48), Quality::Live));
    until("visitors read it", || signpost(world), |line| detail(line) == NEARLY_FULL).await;

    let silent = || async {
        house.clock.set(house.clock.now() + TimeDelta::seconds(20));
        cafe(world, house).await
    };
    until("silence is noticed", silent, |zone| zone.quality() == Quality::Degraded && zone.count.is_none()).await;
    let band = until("the signpost knows", || signpost(world), |line| line.quality == "degraded").await;
    assert_eq!(detail(&band), NEARLY_FULL, "the band goes on");
    for text in [&band.text, &band.detail].into_iter().flatten() {
        let words = [&text.de, &text.en, &text.plain];
        assert!(words.iter().all(|words| !words.contains(char::is_numeric)), "a number: {text:?}");
    }
    // And so does whoever reads the open data.
    let url = format!("http://{}/open/v1/crowd-flow-observed", house.running.http);
    let told: serde_json::Value =
        reqwest::get(url).await.expect("an answer").json().await.expect("a list of what was observed");
    let told = told.as_array().expect("a list").iter().find(|it| it["name"] == "AstroGastro").expect("the café");
    assert_eq!(told["congested"], true);
    for number in ["peopleCount", "peopleCountTowards", "peopleCountAway"] {
        assert!(told.get(number).is_none(), "{number} in {told}");
    }
}
