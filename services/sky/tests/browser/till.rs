//! Money that waits at the desk, access of devices, and messages that the kitchen's own system does not take: on a phone and
//! at a desk, each with its way back where there is one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use kernel::{Caller, Role};
use sky_proto::{
    gastro::v1::{SetStationStateRequest, StationState, gastro_client::GastroClient},
    journey::v1::{CancelVisitRequest, VisitState, journey_client::JourneyClient},
    payments::v1::{Means, PaymentState, SettleAtDeskRequest, payments_client::PaymentsClient},
    portal::v1::{FinishPairingRequest, SignInDeviceRequest, StartPairingRequest, access_client::AccessClient},
};
use tokio::sync::Mutex;

use crate::{
    accessible,
    chrome::{Browser, Device},
    journey::{Pays, books},
    ordering::fits,
    stage::Stage,
    world::staff,
};

async fn token(browser: &Browser) -> String {
    let token = browser.run("return document.querySelector('#token').textContent").await;
    token.as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_issue_and_end_access_and_everybody_sees_what_still_speaks() {
    let Some(stage) = Stage::open().await else { return };
    let attendant = stage.staff(Role::Attendant, Device::Phone).await;
    attendant.open("/carpark").await;
    attendant.press("Zugänge von Geräten").await;
    attendant.sees("#cameras-camera-in-1", "ohne Zugang").await;
    attendant.sees_no_more("main", "Zugang ausgeben").await;
    fits(&attendant, Device::Phone, "connections-looked-at").await;

    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open("/connections").await;
    let camera = "//li[@id='cameras-camera-in-1']";
    operator.press_in(camera, "Neuer Zugang").await;
    operator.press_in(camera, "Zugang ausgeben").await;
    operator.sees("h1", "camera-in-1").await;
    operator.sees("main", "POST /lanes/plate-recognizer").await;
    fits(&operator, Device::Desk, "connection-token").await;
    let camera_token = token(&operator).await;
    let address = format!("http://{}/lanes/plate-recognizer", stage.house.running.http);
    let push = async || {
        let sent = reqwest::Client::new().post(&address).bearer_auth(&camera_token).body("{}").send().await;
        sent.expect("an answer").status()
    };
    operator.open("/connections").await;
    operator.sees("#cameras-camera-in-1", "noch nie benutzt").await;
    assert_eq!(push().await, 400, "the token is good, the body is not");
    operator.open("/connections").await;
    operator.sees("#cameras-camera-in-1", "Zugang gültig").await;
    operator.sees_no_more("#cameras-camera-in-1", "noch nie").await;
    operator.press_in(camera, "Zugang beenden").await;
    operator.press_in(camera, "Jetzt beenden").await;
    operator.sees(".notice.good", "camera-in-1").await;
    operator.sees("#cameras-camera-in-1", "ohne Zugang").await;
    assert_eq!(push().await, 401, "good no more");
    operator.press_in(camera, "Wer hat wann").await;
    operator.sees("#cameras-camera-in-1 .audit", "operator: Zugang beendet").await;

    // The kitchen's tablet.
    operator.press("Zugang für ein System der Küche").await;
    operator.types("#kitchen-name", "Tablet am Pass").await;
    operator.press_in("//form[@action='/connections/kitchen']", "Zugang ausgeben").await;
    operator.sees("h1", "Tablet am Pass").await;
    let tablet = token(&operator).await;
    let busy = format!("http://{}/kds/busy", stage.house.running.http);
    let reads = async || {
        let sent = reqwest::Client::new().get(&busy).bearer_auth(&tablet).send().await;
        sent.expect("an answer").status()
    };
    assert_eq!(reads().await, 200);
    for language in ["en", "de"] {
        operator.open(&format!("/connections?lang={language}")).await;
        operator.run("document.querySelectorAll('main details').forEach((it) => { it.open = true })").await;
        fits(&operator, Device::Desk, &format!("connections-{language}")).await;
    }
    let kitchen = "//section[h2/@id='part-kitchen']//li";
    operator.press_in(kitchen, "Jetzt beenden").await;
    operator.sees("[id^='kitchen-']", "beendet").await;
    assert_eq!(reads().await, 401, "good no more");
    operator.quits().await;

    // A lane's controller shows a code; the desk pairs it, sees it work, and ends it.
    let mut access = AccessClient::new(stage.world.door("portal", &Caller::Nobody));
    let begun = access.start_pairing(StartPairingRequest { device_kind: "lane".to_owned() }).await.expect("begun");
    let begun = begun.into_inner();
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/connections").await;
    desk.press("Gerät koppeln").await;
    desk.types("#claim", &begun.claim_code).await;
    desk.types("#device", "in-1").await;
    desk.click("form[action='/connections/devices'] button").await;
    desk.sees(".notice.good", "in-1").await;
    let finish = FinishPairingRequest { pairing_secret: begun.pairing_secret };
    let paired = access.finish_pairing(finish).await.expect("finished").into_inner();
    let sign_in = SignInDeviceRequest { device_token: paired.device_token };
    access.sign_in_device(sign_in.clone()).await.expect("in");
    desk.open("/connections").await;
    desk.sees("section[aria-labelledby=part-devices] .card", "Zugang gültig").await;
    desk.run("document.querySelectorAll('main details').forEach((it) => { it.open = true })").await;
    fits(&desk, Device::Phone, "connections-desk").await;
    desk.press_in("//section[h2/@id='part-devices']//li", "Jetzt beenden").await;
    desk.sees("section[aria-labelledby=part-devices] .card", "beendet").await;
    access.sign_in_device(sign_in).await.expect_err("good no more");
    desk.quits().await;
    attendant.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_at_the_desk_is_handed_out_with_one_touch_and_taken_back_with_another() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    let visit = stage.visit(&booked.visit).await;
    let settle =
        SettleAtDeskRequest { visit_id: booked.visit.clone(), means: Means::Cash.into(), ..Default::default() };
    let caller = staff(Role::Desk);
    PaymentsClient::new(stage.world.door("payments", &caller)).settle_at_desk(settle).await.expect("settled");
    stage.visit_with(&booked.visit, "paid", |visit| visit.payment_state() == PaymentState::Paid).await;
    let cancel = CancelVisitRequest { visit_id: booked.visit.clone(), reason: "ill".to_owned() };
    JourneyClient::new(stage.world.door("journey", &caller)).cancel_visit(cancel).await.expect("cancelled");
    stage.visit_with(&booked.visit, "money at the desk", |visit| !visit.refunds.is_empty()).await;
    family.open("/visit").await;
    family.sees("main", "liegt am Empfang bereit").await;
    family.quits().await;

    let desk = stage.staff(Role::Desk, Device::Phone).await;
    for language in ["en", "de"] {
        desk.open(&format!("/desk/payouts?lang={language}")).await;
        desk.sees("#open ~ ul .card", &visit.reference).await;
        fits(&desk, Device::Phone, &format!("payouts-{language}")).await;
    }
    desk.sees("#open ~ ul .card", "Am Empfang bezahlt").await;
    desk.press("Ausgezahlt:").await;
    desk.sees(".notice.good", "notiert").await;
    desk.sees("main", "Nichts auszuzahlen").await;
    stage.visit_with(&booked.visit, "the money is back", |visit| visit.state() == VisitState::Refunded).await;
    fits(&desk, Device::Phone, "payouts-paid").await;
    desk.press("Zurücknehmen").await;
    desk.sees(".notice.good", "liegt wieder bereit").await;
    desk.sees("#open ~ ul .card", &visit.reference).await;
    stage.visit_with(&booked.visit, "it waits again", |visit| visit.state() == VisitState::Refunding).await;
    desk.quits().await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.press("Auszahlungen").await;
    desk.press("Ausgezahlt:").await;
    desk.sees("#paid-out ~ ul", &visit.reference).await;
    fits(&desk, Device::Desk, "payouts").await;
    desk.quits().await;
}

/// The kitchen's own system: it answers what it is told to.
async fn kitchen_system(answers: Arc<Mutex<StatusCode>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = |State(answers): State<Arc<Mutex<StatusCode>>>| async move { *answers.lock().await };
    let router = Router::new()
        .route("/kds/orderStatus/{order}", post(answer))
        .route("/kds/prepTime", post(answer))
        .route("/kds/busy", post(answer))
        .with_state(answers);
    kernel::Tasks::default().spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kitchen_sends_again_what_its_system_refused_or_gives_it_up() {
    let answers = Arc::new(Mutex::new(StatusCode::UNPROCESSABLE_ENTITY));
    let url = kitchen_system(answers.clone()).await;
    let own = BTreeMap::from([("kds_url".to_owned(), toml::Value::String(url))]);
    let Some(stage) = Stage::open_with(BTreeMap::from([("gastro".to_owned(), own)])).await else { return };
    let busy = async |minutes: u32| {
        let request = SetStationStateRequest {
            station_id: "hot".to_owned(),
            state: StationState::Busy.into(),
            delay_minutes: minutes,
        };
        let mut gastro = GastroClient::new(stage.world.door("gastro", &staff(Role::Kitchen)));
        gastro.set_station_state(request).await.expect("busy");
    };
    let cook = stage.staff(Role::Kitchen, Device::Desk).await;
    cook.open("/kitchen").await;
    cook.marks_page().await;
    // The first seconds of a house: its system is known to it.
    crate::chrome::until("the system is known", async || {
        let on: bool = sqlx::query_scalar("select exists (select from kds_push_on)")
            .fetch_one(stage.house.pool("gastro"))
            .await
            .map_err(|error| error.to_string())?;
        on.then_some(()).ok_or_else(|| "not yet".to_owned())
    })
    .await;
    busy(10).await;
    cook.sees(".notice.bad", "kommt bei Ihrem System nicht an").await;
    assert!(cook.is_same_page().await, "the board says so by itself");
    cook.press("kommt bei Ihrem System nicht an").await;
    for language in ["en", "de"] {
        cook.open(&format!("/kitchen/system?lang={language}")).await;
        cook.run("document.querySelectorAll('main details').forEach((it) => { it.open = true })").await;
        cook.sees(".card", "422").await;
        fits(&cook, Device::Desk, &format!("kitchen-system-{language}")).await;
    }
    *answers.lock().await = StatusCode::OK;
    cook.press("Noch einmal senden").await;
    cook.sees(".notice.good", "gesendet").await;
    crate::chrome::until("it was taken", async || {
        cook.open("/kitchen/system").await;
        let words = cook.words().await;
        words.contains("hat alles angenommen").then_some(()).ok_or(words)
    })
    .await;
    *answers.lock().await = StatusCode::UNPROCESSABLE_ENTITY;
    busy(20).await;
    crate::chrome::until("it was refused", async || {
        cook.open("/kitchen/system").await;
        let words = cook.words().await;
        words.contains("Eine Meldung abgelehnt").then_some(()).ok_or(words)
    })
    .await;
    cook.press("Aufgeben").await;
    cook.types("main input", "am Telefon gesagt").await;
    cook.click("details button").await;
    cook.sees(".notice.good", "Aufgegeben").await;
    cook.sees(".card", "kitchen: am Telefon gesagt").await;
    cook.quits().await;
    let phone = stage.staff(Role::Operator, Device::Phone).await;
    phone.open("/kitchen/system").await;
    fits(&phone, Device::Phone, "kitchen-system").await;
    accessible::check(&phone, "the kitchen's system").await;
    phone.quits().await;
}
