//! On a tablet at the counter: who hands out finds an order by number, code and reference, sees its tray, hands it out,
//! takes that back, calls again; and everything in the kitchen can be hit with wet fingers.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::gastro::v1::{
    MoveOrderRequest, Order, OrderLine, OrderState, PlaceWalkUpRequest, gastro_client::GastroClient,
    kitchen_client::KitchenClient,
};
use uuid::Uuid;

use crate::{
    accessible::check,
    chrome::{Browser, Device, until},
    journey::{Pays, books},
    stage::Stage,
    world::staff,
};

/// What is pressed in the kitchen and is smaller than a wet fingertip: targets, and the ways between its pages.
const SMALL: &str = "
    return [...document.querySelectorAll('main .target, main .kitchen-nav a, main .kitchen button, main .kitchen input')]
        .filter((it) => it.type !== 'hidden' && it.checkVisibility())
        .map((it) => [it, it.getBoundingClientRect()])
        .filter(([, box]) => box.height < LEAST - 0.5 || box.width < LEAST - 0.5)
        .map(([it, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ` + it.outerHTML.slice(0, 120));";

/// The open page is without fault, and its targets are of this size.
async fn fits(browser: &Browser, least: u32, name: &str) {
    browser.shoots(&format!("Tablet-{name}")).await;
    check(browser, name).await;
    assert_eq!(browser.run(&SMALL.replace("LEAST", &least.to_string())).await, json!([]), "{name}");
}

/// The kitchen makes an order ready, once it has been told of it.
async fn makes(stage: &Stage, order_id: &str) {
    let gastro = GastroClient::new(stage.world.door("gastro", &staff(Role::Kitchen)));
    for to in [OrderState::Preparing, OrderState::Ready] {
        until("made", async || {
            let request = MoveOrderRequest { order_id: order_id.to_owned(), to: to.into() };
            gastro.clone().move_order(request).await.map_err(|status| status.message().to_owned())
        })
        .await;
    }
}

pub async fn walk_up(stage: &Stage) -> Order {
    let line = OrderLine { item_id: "pretzel".to_owned(), quantity: 2, ..OrderLine::default() };
    let request = PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines: vec![line] };
    let mut kitchen = KitchenClient::new(stage.world.door("gastro", &staff(Role::Kitchen)));
    kitchen.place_walk_up(request).await.expect("placed").into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hands_out_finds_an_order_sees_its_tray_and_takes_back_what_was_a_mistake() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit_with(&booked.visit, "a meal", |visit| {
        visit.meal.as_ref().is_some_and(|meal| meal.state() == OrderState::Scheduled)
    });
    let visit = visit.await;
    let code = stage.code(&booked.visit).await;
    let ticket = stage.ticket(&booked.visit).await;
    let placed = walk_up(&stage).await;
    stage.waits_until(from_timestamp(placed.fire_at) + TimeDelta::seconds(2)).await;
    let cook = stage.staff(Role::Kitchen, Device::Tablet).await;
    cook.open("/kitchen").await;
    cook.sees("section[aria-label=Jetzt]", &placed.number.to_string()).await;
    makes(&stage, &placed.order_id).await;
    cook.sees("section[aria-label=Bereit]", &placed.number.to_string()).await;
    for path in ["/kitchen", "/kitchen/at/cold", "/kitchen/counter", "/kitchen/hand-out"] {
        for language in ["en", "de"] {
            cook.open(&format!("{path}?lang={language}")).await;
            fits(&cook, 60, &format!("{}-{language}", path.trim_start_matches('/').replace('/', "-"))).await;
        }
    }

    // Something cheaper is made instead: whoever paid at the counter gets the difference there.
    let other = walk_up(&stage).await;
    cook.open(&format!("/kitchen/orders/{}?line=0", other.order_id)).await;
    let form = "const form = document.querySelector('#choices ~ ul input[name=item][value=asteroid-cookie]').form;
        form.querySelectorAll('input[type=checkbox]').forEach((it) => { it.checked = true });
        form.querySelector('button').click()";
    cook.run(form).await;
    cook.sees(".notice", "Am Tresen noch zurückzugeben: 0,20").await;
    cook.sees(".card .give-back", "Am Tresen noch zurückzugeben: 0,20").await;
    fits(&cook, 60, "kitchen-gives-back").await;
    stage.waits_until(from_timestamp(other.fire_at) + TimeDelta::seconds(2)).await;
    makes(&stage, &other.order_id).await;
    cook.open(&format!("/kitchen/hand-out/{}", other.visit_id)).await;
    cook.sees("section.panel .give-back", "Am Tresen noch zurückzugeben: 0,20").await;
    fits(&cook, 60, "hand-out-gives-back").await;
    let mut gastro = GastroClient::new(stage.world.door("gastro", &staff(Role::Kitchen)));
    let request = MoveOrderRequest { order_id: other.order_id, to: OrderState::Collected.into() };
    gastro.move_order(request).await.expect("handed out");

    // Whatever has become of the order: it stays at the counter until its money was given back.
    cook.open("/kitchen").await;
    cook.press("Für eine Bestellung am Tresen geht Geld zurück").await;
    cook.sees("#give-back ~ ul .number", &other.number.to_string()).await;
    fits(&cook, 60, "counter-gives-back").await;
    cook.press("0,20").await;
    cook.sees(".notice", "Notiert").await;
    cook.sees("#give-back ~ ul .card.good .small", "0,20").await;
    fits(&cook, 60, "counter-given-back").await;
    cook.press("Zurücknehmen").await;
    cook.sees("#give-back ~ ul .main", "0,20").await;
    cook.press("0,20").await;
    cook.sees(".notice", "Notiert").await;
    cook.open("/kitchen").await;
    cook.sees_no_more("main", "geht Geld zurück").await;
    cook.quits().await;

    // The desk hands out: by number, with one touch and one back.
    let desk = stage.staff(Role::Desk, Device::Tablet).await;
    desk.open("/kitchen").await;
    desk.press("Am Tresen").await;
    desk.arrives("/kitchen/counter").await;
    desk.open("/kitchen/hand-out").await;
    desk.sees(".waiting", &placed.number.to_string()).await;
    desk.types("#code", &placed.number.to_string()).await;
    desk.press("Finden").await;
    desk.sees("section.panel", "2 × Brezel").await;
    desk.sees("section.panel", "steht bereit").await;
    fits(&desk, 64, "hand-out-ready").await;
    desk.press("Noch einmal rufen").await;
    desk.sees("section.panel", "noch einmal gerufen").await;
    desk.sees(".waiting", "noch einmal gerufen").await;
    fits(&desk, 64, "hand-out-recalled").await;
    desk.press("Zurück: ").await;
    desk.sees("section.panel", "steht bereit").await;
    desk.press("Abgeholt").await;
    desk.sees("section.panel", "abgeholt").await;
    desk.sees("div.hand-out", "Nichts").await;
    desk.press("Zurück: ").await;
    desk.sees("section.panel", "steht bereit").await;
    desk.press("Abgeholt").await;
    desk.sees("section.panel", "abgeholt").await;

    // The family's, which is not made yet: by its code, by the ticket of one of them and by its reference.
    for typed in [&code, &ticket, &visit.reference] {
        desk.open("/kitchen/hand-out").await;
        desk.types("#code", typed).await;
        desk.press("Finden").await;
        desk.sees("section.panel", "bestellt").await;
        desk.sees_no_more("section.panel", "Abgeholt").await;
    }
    desk.open("/kitchen/hand-out").await;
    desk.types("#code", "4711").await;
    desk.press("Finden").await;
    desk.sees(".notice.bad", "Nummer prüfen").await;
    fits(&desk, 64, "hand-out-none").await;
    desk.quits().await;
}
