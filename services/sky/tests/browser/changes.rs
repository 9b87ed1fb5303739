//! What a visitor changes on the visit's page when the day changed first: another showing for a family that will not make
//! it, and another bay for one whose own was given away while the bridge was closed.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionState, MoveAdmissionRequest, flow_client::FlowClient},
    journey::v1::Visit,
    parking::v1::{
        BayClass, HoldBayRequest, Right, RightState, SetSiteStateRequest, SiteState, UndoSiteStateRequest,
        parking_client::ParkingClient,
    },
};
use uuid::Uuid;

use crate::{
    chrome::Device,
    journey::{Pays, books},
    ordering::fits,
    stage::{Stage, clock},
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_family_moves_to_the_next_showing_on_its_page() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    family.sees(".notice.good", "Gebucht").await;
    let before = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(before.starts_at) - TimeDelta::minutes(40)).await;
    // It asks when they will be here; one touch says so.
    family.sees("#arrival", "Wann sind Sie hier?").await;
    family.press("20 Min.").await;
    family.sees(".notice.good", "Wir erwarten Sie gegen").await;
    family.sees("#clock-risk", "gut in der Zeit").await;
    fits(&family, Device::Phone, "visit-arrival").await;
    assert_eq!(family.complaints().await, Vec::<String>::new());
    // Held up: long before the start the page says so, with what there is instead.
    family.press("60 Min.").await;
    family.sees("#clock-risk", "Es wird knapp").await;
    family.press("Weiß ich nicht mehr").await;
    family.sees(".notice.good", "Wir warten einfach").await;
    family.sees_no_more("main", "Es wird knapp").await;

    family.marks_page().await;
    stage.waits_until(from_timestamp(before.starts_at) - TimeDelta::minutes(9)).await;
    let mut flow = FlowClient::new(stage.world.door("flow", &staff(Role::Operator)));
    let doors = MoveAdmissionRequest { showing_id: booked.showing.clone(), to: AdmissionState::DoorsOpen.into() };
    flow.move_admission(doors).await.expect("open");

    // The page says so by itself, with what there is instead.
    family.sees("#clock-risk", "Es wird knapp").await;
    family.sees("main", "Alle zusammen nebeneinander").await;
    assert!(family.is_same_page().await, "it was reloaded");
    fits(&family, Device::Phone, "visit-at-risk").await;
    let offered = stage.visit(&booked.visit).await.offer.expect("an offer");
    let start = clock(from_timestamp(offered.starts_at));
    family.press(&format!("Umbuchen auf {start}")).await;
    family.sees(".notice.good", &format!("Umgebucht: {start}")).await;
    family.sees(".lead", &start).await;
    family.sees_no_more("main", "Es wird knapp").await;
    let moved = stage
        .visit_with(&booked.visit, "meal and bay", |visit| {
            let pickup = visit.meal.as_ref().map(|meal| from_timestamp(meal.pickup_at));
            pickup > before.meal.as_ref().map(|meal| from_timestamp(meal.pickup_at))
        })
        .await;
    assert_eq!((moved.showing_id, moved.seats.len()), (offered.showing_id, before.seats.len()));
    family.shoots("visit-rebooked").await;
    assert_eq!(family.complaints().await, Vec::<String>::new());
    family.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_a_bay_takes_one_that_is_left_on_the_page() {
    let Some(stage) = Stage::open().await else { return };
    sqlx::query("update bay_class set capacity = 1 where class = 'standard'")
        .execute(stage.house.pool("parking"))
        .await
        .expect("one bay");
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Unsere Milchstraße", Pays::AtDesk).await;
    let before = stage.visit(&booked.visit).await.parking.expect("a bay");
    // The bridge is closed for the first half of an hour that the bay was for, and the bay is sold for the time after it.
    let opens = from_timestamp(before.from) + TimeDelta::minutes(30);
    let mut attendant = ParkingClient::new(stage.world.door("parking", &staff(Role::Attendant)));
    let closed = SetSiteStateRequest {
        state: SiteState::Unreachable.into(),
        reason: Some(Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto()),
        until: Some(timestamp(opens)),
    };
    let closed = attendant.set_site_state(closed).await.expect("closed").into_inner();
    family.sees("#elsewhere", "nicht zu erreichen").await;
    family.sees("main", "Die Brücke ist gesperrt.").await;
    family.sees("main", "Minuten zu Fuß").await;
    fits(&family, Device::Phone, "visit-bay-suspended").await;
    let somebody = HoldBayRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: Uuid::new_v4().to_string(),
        showing_id: Uuid::new_v4().to_string(),
        bay_class: BayClass::Standard.into(),
        from: Some(timestamp(opens)),
        until: before.until,
        expires_at: Some(timestamp(stage.house.clock.now() + TimeDelta::minutes(10))),
        ..HoldBayRequest::default()
    };
    let mut sale = ParkingClient::new(stage.world.door("parking", &Caller::Service("journey".to_owned())));
    sale.hold_bay(somebody).await.expect("the bay that was given back");
    let undo = UndoSiteStateRequest { closure_id: closed.closure_id };
    attendant.undo_site_state(undo).await.expect("open again");

    let lost = |visit: &Visit| {
        let right = visit.parking.as_ref();
        right.is_some_and(|right| right.suspension.as_ref().is_some_and(|it| it.lost && it.left().count() > 0))
    };
    stage.visit_with(&booked.visit, "the lost bay", lost).await;
    family.sees("#elsewhere", "inzwischen vergeben").await;
    family.sees("main", "Ohne Aufpreis können Sie nehmen").await;
    fits(&family, Device::Phone, "visit-bay-lost").await;
    family.click("form[action='/visit/bay'] button").await;
    family.sees(".notice.good", "Der Stellplatz gehört Ihnen").await;
    let taken = |visit: &Visit| visit.parking.as_ref().map(Right::state) == Some(RightState::Confirmed);
    let right = stage.visit_with(&booked.visit, "another bay", taken).await.parking.expect("a bay");
    assert_ne!(right.bay_class(), BayClass::Standard);
    assert_eq!(right.total, before.total, "no extra charge");
    family.sees_no_more("main", "inzwischen vergeben").await;
    assert_eq!(family.complaints().await, Vec::<String>::new());
    family.quits().await;
}
