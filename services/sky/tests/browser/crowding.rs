//! Zones that fill up, as the desk sees them: a counter that has fallen silent and whose number nobody tells any more, rooms
//! that share a way out, and what the house proposes before it is too full. And a directive that staff word themselves.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{
    CorrectZoneRequest, Directive, DirectiveKind, EndDirectiveRequest, HouseState, ProposeDirectiveRequest,
    directives_client::DirectivesClient, flow_client::FlowClient,
};
use uuid::Uuid;

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, fills_in_form, moves_admission, orders},
    stage::Stage,
    world::staff,
};

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

async fn orders_people(stage: &Stage, kind: DirectiveKind, from: &str, to: &str) -> Directive {
    let request = ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: kind.into(),
        from_zone_id: from.to_owned(),
        to_zone_id: to.to_owned(),
        minutes: 60,
        confirm: true,
        ..Default::default()
    };
    let mut door = DirectivesClient::new(stage.world.door("flow", &staff(Role::Desk)));
    door.propose_directive(request).await.expect("ordered").into_inner()
}

async fn ends(stage: &Stage, directive: Directive) {
    let request = EndDirectiveRequest { directive_id: directive.directive_id };
    DirectivesClient::new(stage.world.door("flow", &staff(Role::Desk))).end_directive(request).await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_on_the_way_reads_on_the_phone_what_holds_where_they_come_past() {
    let Some(stage) = Stage::open().await else { return };
    let title = "Der Sternenhimmel heute Nacht";
    let wheelchair = stage.visitor(Device::Phone).await;
    let showing = fills_in_form(&wheelchair, title).await;
    wheelchair.click("details:has(#need_wheelchair) summary").await;
    wheelchair.types("#need_wheelchair", "1").await;
    orders(&wheelchair, showing, Pays::AtDesk).await;
    let family = stage.visitor(Device::Phone).await;
    let showing = fills_in_form(&family, title).await;
    let booked = orders(&family, showing, Pays::AtDesk).await;
    let visit = stage.visit(&booked.visit).await;
    let starts = from_timestamp(visit.starts_at);
    // Two hours before they are at home.
    stage.waits_until(starts - TimeDelta::hours(2)).await;
    let early = orders_people(&stage, DirectiveKind::StopAdmission, "foyer", "").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.sees(".measures", "Foyer").await;
    let part = "[data-live='/visit/alarm']";
    family.sees_no_more(part, "kein Einlass").await;
    ends(&stage, early).await;

    stage.waits_until(starts - TimeDelta::minutes(20)).await;
    for page in [&family, &wheelchair] {
        page.open("/visit").await;
        page.marks_page().await;
    }
    let stop = orders_people(&stage, DirectiveKind::StopAdmission, "dome", "").await;
    for page in [&family, &wheelchair] {
        page.sees(part, "Sternensaal: zurzeit kein Einlass").await;
    }
    family.shoots("visit-stopped").await;
    accessible::check(&family, "a stop on the page of a visit").await;
    // It is there at the first look as well, and gone when it ends.
    family.open("/visit").await;
    family.sees(part, "Sternensaal: zurzeit kein Einlass").await;
    family.marks_page().await;
    ends(&stage, stop).await;
    family.sees_no_more(part, "kein Einlass").await;
    let elsewhere = orders_people(&stage, DirectiveKind::StopAdmission, "terrace", "").await;

    // The whole house lets nobody in.
    stage.sets_house("anna", HouseState::AdmissionStopped).await;
    family.sees(part, "Im Haus ist zurzeit kein Einlass").await;
    stage.sets_house("anna", HouseState::Normal).await;
    family.sees_no_more(part, "kein Einlass").await;

    // Only who needs the lift reads of it.
    let redirect = orders_people(&stage, DirectiveKind::Redirect, "foyer", "room-1").await;
    family.sees(part, "Bitte gehen Sie weiter: Veranstaltungsraum 1").await;
    wheelchair.sees(part, "Ohne Stufen: Veranstaltungsraum 1").await;
    wheelchair.shoots("visit-redirected-step-free").await;
    family.sees_no_more(part, "Ohne Stufen").await;
    family.sees_no_more(part, "Dachterrasse").await;

    // Who is in is not on the way any more.
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    desk.types("#code", &visit.reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    family.sees_no_more(part, "Bitte gehen Sie weiter").await;
    wheelchair.sees(part, "Bitte gehen Sie weiter").await;
    assert!(family.is_same_page().await && wheelchair.is_same_page().await, "it was reloaded");
    ends(&stage, redirect).await;
    wheelchair.sees_no_more(part, "Bitte gehen Sie weiter").await;
    ends(&stage, elsewhere).await;
    for browser in [family, wheelchair, desk] {
        browser.quits().await;
    }
}
