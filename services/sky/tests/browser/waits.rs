//! How long one waits, on the pages of the desk and the operator: from so many to so many minutes as it was measured, and
//! "unknown" where nothing was.

use chrono::TimeDelta;
use kernel::{
    Role,
    values::{from_timestamp, timestamp},
};
use sky_proto::flow::v1::{
    ClickZoneRequest, CorrectZoneRequest, Estimate, EstimateKind, GetFlowRequest, flow_client::FlowClient,
    zones_client::ZonesClient,
};
use uuid::Uuid;

use crate::{
    accessible,
    chrome::Device,
    door::opens,
    journey::{Pays, books},
    stage::Stage,
    world::staff,
};

/// What the door estimates, as a page writes it.
async fn estimate(stage: &Stage, kind: EstimateKind) -> Option<String> {
    let now = stage.house.clock.now();
    let request = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::hours(1))),
        until: Some(timestamp(now + TimeDelta::hours(12))),
    };
    let flow = FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).get_flow(request).await.expect("a board");
    let minutes = |it: &Estimate| format!("{} bis {} min", it.seconds_low / 60, it.seconds_high.div_ceil(60));
    flow.into_inner().estimates.iter().find(|it| it.kind() == kind).map(minutes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_are_told_with_their_band_or_as_unknown() {
    let Some(stage) = Stage::open().await else { return };
    let title = "Der Sternenhimmel heute Nacht";
    let others = stage.visitor(Device::Phone).await;
    let second = books(&others, title, Pays::AtDesk).await;
    others.quits().await;
    let (booked, reference, desk) = opens(&stage, title, Device::Desk).await;
    assert_eq!(booked.showing, second.showing);
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open(&format!("/operator/{}", booked.showing)).await;
    let door = format!("#wait-{}", booked.showing);
    for browser in [&desk, &operator] {
        for what in ["#wait-desk", "#wait-cafe", &door] {
            browser.sees(what, "unbekannt").await;
            browser.sees(what, "noch nicht genug gemessen").await;
        }
        browser.marks_page().await;
    }

    // Six come to the desk, and leave it five minutes later; two parties go in.
    let people = async |people: i32| {
        let request =
            ClickZoneRequest { idempotency_key: Uuid::new_v4().to_string(), zone_id: "desk".to_owned(), people };
        ZonesClient::new(stage.world.door("flow", &staff(Role::Desk))).click_zone(request).await.expect("counted");
    };
    let empty = CorrectZoneRequest { zone_id: "desk".to_owned(), count: 0, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(empty).await.expect("counted");
    people(6).await;
    stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(5)).await;
    people(-6).await;
    let told = estimate(&stage, EstimateKind::Desk).await.expect("measured");
    for browser in [&desk, &operator] {
        browser.sees("#wait-desk", &told).await;
        browser.sees("#wait-desk", "Personen in der Stunde").await;
        browser.sees("#wait-cafe", "unbekannt").await;
        assert!(browser.is_same_page().await, "it was reloaded");
    }
    for reference in [&reference, &stage.visit(&second.visit).await.reference] {
        desk.types("#code", reference).await;
        desk.press("Einlassen").await;
        desk.sees(".notice.good", "3 / 3").await;
    }
    stage.waits_until(stage.house.clock.now() + TimeDelta::seconds(65)).await;
    for browser in [&desk, &operator] {
        browser.sees(&door, " bis ").await;
        browser.sees(&door, "Stand").await;
    }
    let told = estimate(&stage, EstimateKind::Door).await.expect("measured");
    desk.sees(&door, &told).await;
    desk.shoots("desk-waits").await;
    operator.shoots("operator-waits").await;
    accessible::check(&desk, "waits at the desk").await;
    accessible::check(&operator, "waits as the operator sees them").await;
    operator.open(&format!("/operator/{}?lang=en", booked.showing)).await;
    operator.sees("#waits", "Waiting times").await;
    operator.sees("#wait-desk", " to ").await;
    operator.sees("#wait-cafe", "unknown").await;

    // Nobody has gone in for a while: a pace of then says nothing of now, and the page says so by itself.
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until((stage.house.clock.now() + TimeDelta::minutes(4)).min(from_timestamp(visit.starts_at))).await;
    desk.sees(&door, "unbekannt").await;
    desk.quits().await;
    operator.quits().await;
}
