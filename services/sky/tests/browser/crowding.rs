//! Zones that fill up, as the desk sees them: a counter that has fallen silent and whose number nobody tells any more, rooms
//! that share a way out, and what the house proposes before it is too full. And a directive that staff word themselves.

use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, flow_client::FlowClient};

use crate::{accessible, chrome::Device, stage::Stage, world::staff};

async fn counts(stage: &Stage, zone: &str, people: u32) {
    let counted = CorrectZoneRequest { zone_id: zone.to_owned(), count: people, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_counter_tells_no_number_and_neither_does_what_it_is_part_of() {
    let Some(stage) = Stage::open().await else { return };
    stage.counter_at_work().await;
    counts(&stage, "foyer", 14).await;
    counts(&stage, "cafe", 20).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    // Rooms that share a way out are one row, with their sum and what the permit allows.
    desk.sees("#zone-foyer .num", "14 / 120").await;
    desk.sees("#group-main-exit .num", "34 / 260").await;
    desk.sees("#group-main-exit", "Rettungsweg Haupteingang").await;
    desk.marks_page().await;

    stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(10)).await;
    // Its level still holds; a number would be a guess, and nobody is shown one, least of all 0.
    desk.sees("#zone-foyer .num", "Zahl unbekannt").await;
    desk.sees("#group-main-exit .num", "Zahl unbekannt").await;
    let told = "return [...document.querySelectorAll('#zone-foyer .num b, #group-main-exit .num b')].length";
    assert_eq!(desk.run(told).await, json!(0));
    let level = "return document.querySelector('#zone-foyer .level').textContent.trim().length > 0";
    assert_eq!(desk.run(level).await, json!(true));
    desk.sees("#zone-cafe .num", "20").await;
    assert!(desk.is_same_page().await, "it was reloaded");
    desk.shoots("desk-silent-counter").await;
    accessible::check(&desk, "a counter that is silent").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowded_foyer_is_relieved_as_the_house_proposes_once_staff_confirm() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    let foyer = stage.staff(Role::Desk, Device::Monitor).await;
    foyer.open("/monitor/foyer-1").await;
    foyer.sees("h1", "Nächste Vorstellungen").await;
    foyer.marks_page().await;
    desk.open("/desk").await;
    desk.sees(".pulse", "Verbunden").await;
    desk.marks_page().await;
    counts(&stage, "foyer", 116).await;
    stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(3)).await;
    let proposed = "//ul[@class='measures']/li[contains(., 'Ausweichraum öffnen')]";
    desk.sees(".measures", "Ausweichraum öffnen: Foyer → Veranstaltungsraum 1").await;
    desk.sees(".measures .level", "vorgeschlagen").await;
    assert!(desk.is_same_page().await, "it was reloaded");
    foyer.sees_no_more("main", "Jetzt auch offen").await;
    desk.run("document.querySelector('.measures').scrollIntoView()").await;
    desk.shoots("desk-crowding-phone").await;
    accessible::check(&desk, "what the house proposes").await;
    desk.press_in(proposed, "Bestätigen").await;
    desk.sees(".notice.good", "Ausweichraum öffnen").await;
    foyer.sees(".screen.operations", "Jetzt auch offen").await;
    assert!(foyer.is_same_page().await, "the monitor was reloaded");

    // People have spread: the house takes its own proposal back.
    counts(&stage, "foyer", 30).await;
    stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(3)).await;
    foyer.sees_no_more("main", "Jetzt auch offen").await;
    desk.quits().await;
    foyer.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directive_says_why_and_holds_from_when_staff_say() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    let way = stage.staff(Role::Desk, Device::Monitor).await;
    way.open("/monitor/foyer-1").await;
    way.sees("h1", "").await;
    desk.open("/desk").await;
    desk.press("Anweisung geben").await;
    desk.press_option("#directive-from", "Foyer").await;
    desk.press_option("#directive-to", "Dachterrasse").await;
    desk.press_option("#directive-cause", "wird gereinigt").await;
    desk.types("#directive-reason", "Hier wird gleich gefilmt.").await;
    desk.types_over("#directive-in", "20").await;
    accessible::check(&desk, "a directive for later").await;
    let from = stage.house.clock.now() + TimeDelta::minutes(20);
    desk.press("Sofort anordnen").await;
    desk.sees(".notice.good", "Umleiten").await;
    desk.sees(".measures", "Hier wird gleich gefilmt.").await;
    desk.sees(".measures .level", "bestätigt, ab").await;
    way.sees_no_more("main", "Bitte gehen Sie weiter").await;
    stage.waits_until(from + TimeDelta::minutes(1)).await;
    desk.sees(".measures .level", "läuft").await;
    way.holds("the redirect", "document.querySelector('main').textContent.includes('Bitte gehen Sie weiter')").await;
    way.holds("and why", "document.querySelector('main').textContent.includes('Foyer wird gerade gereinigt')").await;
    way.sees_no_more("main", "gefilmt").await;
    desk.quits().await;
    way.quits().await;
}
