//! What the desk does with one or two touches: counting by taps that all count, stopping a zone on its row and letting
//! in again, what usually happens as one button, waiting for guests and breaking a showing off.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, flow_client::FlowClient};

use crate::{
    accessible,
    chrome::{Browser, Device},
    door::opens,
    stage::{Stage, clock},
    world::staff,
};

/// Somebody has counted ten people in the foyer.
async fn ten_in_the_foyer(stage: &Stage) {
    let counted = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 10, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
}

const COUNT: &str = "#zone-foyer .num b";
const PLUS: &str = "document.querySelector(\"#zone-foyer .click button[value='1']\")";
const MINUS: &str = "document.querySelector(\"#zone-foyer .click button[value='-1']\")";

/// The number of the foyer, once it has settled there.
async fn counts(desk: &Browser, number: &str) {
    desk.holds(number, &format!("document.querySelector('{COUNT}').textContent === '{number}'")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tap_counts_once_however_fast_they_come() {
    let Some(stage) = Stage::open().await else { return };
    ten_in_the_foyer(&stage).await;
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/desk").await;
    desk.sees(".pulse", "Verbunden").await;
    desk.marks_page().await;
    // Faster than any page could be loaded: a class comes through the door.
    desk.run(&format!("for (let n = 0; n < 5; n += 1) {PLUS}.click(); {MINUS}.click(); {PLUS}.click()")).await;
    counts(&desk, "15").await;
    desk.sees("[data-live-say]", "Foyer: 15").await;
    assert!(desk.is_same_page().await, "a press must not load the page anew");

    // The press arrives and its answer does not: it is sent again, and counts once.
    desk.run(
        "const real = window.fetch; let calls = 0; window.fetch = (...it) => real(...it).then((answer) => {
            calls += 1; window.calls = calls; if (calls === 1) throw new TypeError('the answer is lost'); return answer; })",
    )
    .await;
    desk.run(&format!("{PLUS}.click()")).await;
    desk.holds("it was sent again", "window.calls === 2").await;
    desk.run(&format!("{PLUS}.click()")).await;
    counts(&desk, "17").await;
    // The very form once more, as a browser sends it when somebody goes back and confirms: once.
    desk.run(
        "const form = document.querySelector('#zone-foyer .click'), once = new URLSearchParams(new FormData(form));
        once.set('people', '1'); window.resent = 0;
        for (let n = 0; n < 2; n += 1)
            fetch('/desk/click', { method: 'POST', body: once, redirect: 'manual' }).then(() => { window.resent += 1 })",
    )
    .await;
    desk.holds("both are answered", "window.resent === 2").await;
    counts(&desk, "18").await;
    // Nobody answers at all: it is said, and nothing is left to guess.
    desk.run("window.fetch = () => Promise.reject(new TypeError('away'))").await;
    desk.run(&format!("{PLUS}.click()")).await;
    desk.sees("[data-presses-lost]", "kam nicht an").await;
    accessible::check(&desk, "a press that was lost").await;
    desk.open("/desk").await;
    counts(&desk, "18").await;
    desk.quits().await;

    // Without scripts the page comes anew between two taps.
    let plain = stage.staff(Role::Desk, Device::NoScripts).await;
    plain.open("/desk").await;
    for number in ["19", "20"] {
        plain.press_in("//li[@id='zone-foyer']", "+").await;
        plain.sees(".notice.good", &format!("Foyer: {number}")).await;
    }
    plain.sees(COUNT, "20").await;
    plain.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zone_is_stopped_by_one_touch_on_its_row_and_the_next_one_lets_in_again() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    let door = stage.staff(Role::Desk, Device::Monitor).await;
    door.open("/monitor/dome-door-1").await;
    desk.open("/desk").await;
    desk.press_in("//li[@id='zone-dome']", "Stopp").await;
    desk.sees(".notice.good", "Zugang stoppen: Sternensaal").await;
    desk.sees("#zone-dome", "Zugang gestoppt").await;
    door.sees(".screen.operations", "zurzeit kein Einlass").await;
    let label = "return document.querySelector('#zone-dome .stop button').textContent";
    assert_eq!(desk.run(label).await, json!("Freigeben: Sternensaal"));
    accessible::check(&desk, "a stopped zone").await;
    desk.run("document.querySelector('#zone-dome').scrollIntoView()").await;
    desk.shoots("desk-zone-row-stopped").await;
    desk.press_in("//li[@id='zone-dome']", "Freigeben").await;
    desk.sees(".notice.good", "beendet").await;
    desk.sees_no_more("#zone-dome", "gestoppt").await;
    door.sees_no_more("main", "kein Einlass").await;
    desk.quits().await;
    door.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_usually_happens_is_one_button_and_so_is_taking_it_back() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    let foyer = stage.staff(Role::Desk, Device::Monitor).await;
    foyer.open("/monitor/foyer-1").await;
    desk.open("/desk").await;
    // Two touches: what kind of thing, and which.
    desk.press("Vorfall melden").await;
    accessible::check(&desk, "incidents as buttons").await;
    desk.shoots("desk-incident-buttons").await;
    desk.press("Kind vermisst: ganzes Haus").await;
    desk.sees(".notice.good", "Kind vermisst").await;
    foyer.sees(".screen.operations", "Wir suchen ein Kind").await;
    desk.press_in("//ul[@class='measures']", "Beenden").await;
    desk.sees("#measures + p", "Nichts läuft").await;
    foyer.sees_no_more("main", "Kind").await;

    desk.press("Anweisung geben").await;
    accessible::check(&desk, "directives as buttons").await;
    desk.press("Ausweichraum öffnen: Foyer → Veranstaltungsraum 1").await;
    desk.sees(".notice.good", "Ausweichraum öffnen").await;
    foyer.sees(".screen.operations", "Jetzt auch offen").await;
    desk.press_in("//ul[@class='measures']", "Beenden").await;
    desk.sees("#measures + p", "Nichts läuft").await;

    desk.press("Vorfall melden").await;
    desk.press("Medizinischer Notfall: Foyer").await;
    desk.sees(".measures", "Medizinischer Notfall: Foyer").await;
    desk.press("Vorfall melden").await;
    desk.press("Technische Störung: Aufzug").await;
    desk.sees(".alerts", "Der Aufzug fährt nicht").await;
    desk.quits().await;
    foyer.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_desk_waiting_and_breaking_off_are_two_touches_each() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, _, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Phone).await;
    let start = from_timestamp(stage.visit(&booked.visit).await.starts_at);
    let card = format!("//li[@id='show-{}']", booked.showing);
    // One touch shows what it costs: the showing after it, the kitchen, the car park.
    desk.press_in(&card, "Türen offen halten").await;
    desk.arrives(&format!("/desk/showings/{}/hold", booked.showing)).await;
    desk.sees("section[aria-labelledby=following]", "gebucht").await;
    desk.sees("section[aria-labelledby=following]", "Zwischen zwei Vorstellungen braucht der Saal").await;
    desk.sees("section[aria-labelledby=parking]", "1 Parkrecht endet später").await;
    // So long that the next one cannot begin as planned; then it says so, and by how much that one moves.
    let usual = desk.path().await;
    desk.open(&format!("{usual}?minutes=60")).await;
    desk.sees("section[aria-labelledby=following]", "Überschneidung").await;
    desk.sees("section[aria-labelledby=following]", "verschieben um").await;
    desk.sees("section[aria-labelledby=kitchen]", "1 Abholung verschiebt sich").await;
    desk.shoots("desk-hold-clash-phone").await;
    accessible::check(&desk, "a clash that waiting would make").await;
    desk.open("/desk").await;
    desk.press_in(&card, "Türen offen halten").await;
    // The second one does it.
    desk.press("5 Minuten warten").await;
    desk.sees(".notice.good", &clock(start + TimeDelta::minutes(5))).await;

    desk.open("/desk").await;
    desk.press_in(&card, "Vorstellung abbrechen").await;
    desk.press("Jetzt abbrechen").await;
    desk.sees(".notice.good", "Erledigt").await;
    desk.sees(&format!("#show-{} .badge", booked.showing), "abgebrochen").await;
    desk.quits().await;
}
