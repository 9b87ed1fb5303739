//! Pages that move while somebody types: what is typed, ticked and opened stays, and so does the key of a form that nobody
//! has sent.

use kernel::{Role, values::Text};
use sky_proto::parking::v1::{
    BayClass, Direction, GetSiteRequest, ListLanesRequest, RecordLaneRequest, SetSiteStateRequest, SiteState,
    gates_client::GatesClient, parking_client::ParkingClient,
};
use uuid::Uuid;

use crate::{
    chrome::Device,
    journey::{Pays, books},
    stage::Stage,
    world::{staff, until},
};

/// A car without a booking comes in.
async fn comes_in(stage: &Stage, class: BayClass) {
    let car = RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "by-hand".to_owned(),
        direction: Direction::In.into(),
        code: String::new(),
        bay_class: class.into(),
    };
    let mut parking = ParkingClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    parking.record_lane(car).await.expect("in");
}

/// Cars on bays of a class.
async fn cars(stage: &Stage, class: BayClass) -> Option<u32> {
    let mut parking = ParkingClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    let site = parking.get_site(GetSiteRequest {}).await.expect("the site").into_inner();
    site.classes.iter().find(|count| count.bay_class() == class).expect("such bays").occupied
}

/// Why the barrier was last told what it was told.
async fn last_reason(stage: &Stage) -> String {
    let mut gates = GatesClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    let lanes = gates.list_lanes(ListLanesRequest {}).await.expect("lanes").into_inner().lanes;
    let lane = lanes.iter().find(|lane| lane.lane == "in-1").expect("the way in");
    lane.commands.first().map(|command| command.reason.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_car_takes_no_word_from_the_attendant_who_types_why_the_barrier_is_opened() {
    let Some(stage) = Stage::open().await else { return };
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    gate.open("/carpark").await;
    gate.marks_page().await;
    gate.types("#why-in-1", "Der Gast hat").await;
    let key = "return document.querySelector('#gate-in-1 [name=key]').value";
    let before = gate.run(key).await;
    comes_in(&stage, BayClass::Family).await;
    gate.sees("li.card:has(h2) dd", "1/2").await;
    gate.types("#why-in-1", " keinen Code").await;
    assert_eq!(gate.run(key).await, before, "of a form that nobody has sent");
    assert!(gate.is_same_page().await);
    gate.press_in("//form[@id='gate-in-1']", "Öffnen").await;
    gate.sees(".notice.good", "angefordert").await;
    assert_eq!(last_reason(&stage).await, "Der Gast hat keinen Code");
    assert_ne!(gate.run(key).await, before, "another one for the next car");

    // A car waits: one touch.
    gate.press_in("//form[@id='gate-now-in-1']", "Code nicht lesbar").await;
    until("the reason in the log", || last_reason(&stage), |why| why == "Code nicht lesbar").await;

    // Whose bay it leaves nobody says, and it is none of the first class.
    comes_in(&stage, BayClass::Standard).await;
    gate.press("Ausfahrt").await;
    until("counted out", || cars(&stage, BayClass::Family), |cars| *cars == Some(0)).await;
    assert_eq!(cars(&stage, BayClass::Standard).await, Some(1), "the one that came first has gone");
    gate.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_bridge_takes_no_letter_from_the_visitor_who_types_a_plate() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    books(&family, "Der Sternenhimmel heute Nacht", Pays::Online).await;
    family.sees(".notice.good", "Gebucht").await;
    family.marks_page().await;
    family.click("#cancel-of summary").await;
    family.click("#sure").await;
    family.click("#plate-of summary").await;
    family.types("#plate", "hal ab").await;
    let bridge = SetSiteStateRequest {
        state: SiteState::Unreachable.into(),
        reason: Some(Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto()),
        until: None,
    };
    let mut parking = ParkingClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    parking.set_site_state(bridge).await.expect("closed");
    family.sees("section[aria-labelledby=elsewhere]", "Brücke").await;
    family.types("#plate", " 123").await;
    let typed = "return [document.querySelector('#plate').value, document.querySelector('#sure').checked,
        document.querySelector('#plate-of').open, document.querySelector('#cancel-of').open]";
    assert_eq!(family.run(typed).await, serde_json::json!(["hal ab 123", true, true, true]));
    assert!(family.is_same_page().await);
    family.quits().await;
}
