//! An evening at the front desk and at the operator's page: who is missing, waiting for them with the price of it
//! shown before, letting in, directives. Whatever comes live, the focus stays where it is.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, HouseState, flow_client::FlowClient};

use crate::{
    accessible,
    chrome::Device,
    door::opens,
    journey::{Pays, books, moves_admission},
    stage::{Stage, clock},
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_waits_for_a_family_and_lets_it_in() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    let start = from_timestamp(visit.starts_at);
    stage.waits_until(start - TimeDelta::minutes(20)).await;

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.sees(".parties", &visit.reference).await;
    desk.sees(".parties", "noch nicht da").await;
    desk.sees(".pulse", "Verbunden").await;
    assert_eq!(
        desk.run("return document.activeElement.id").await,
        json!("code"),
        "a scanner types into the scan field"
    );
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    assert_eq!(desk.run("return document.activeElement.id").await, json!("code"));

    // Whoever is about to press something keeps it, however much changes around it.
    desk.marks_page().await;
    let step = format!("#step-{}", booked.showing);
    desk.run(&format!("window.held = document.querySelector('{step}'); held.focus()")).await;
    let counted = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 37, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
    desk.sees("#zone-foyer", "37").await;
    assert_eq!(
        desk.run("return document.activeElement === window.held").await,
        json!(true),
        "the focus was taken away"
    );
    assert!(desk.is_same_page().await);

    // What waiting costs, before anything changes; then one touch.
    desk.open(&format!("/desk/showings/{}", booked.showing)).await;
    desk.press("5 min").await;
    desk.arrives(&format!("/desk/showings/{}/hold", booked.showing)).await;
    desk.sees(".lead", &clock(start + TimeDelta::minutes(5))).await;
    desk.sees("main", "Parkrecht endet später").await;
    desk.shoots("desk-hold").await;
    accessible::check(&desk, "the price of waiting").await;
    assert_eq!(from_timestamp(stage.visit(&booked.visit).await.starts_at), start, "looking changes nothing");
    desk.press("5 Minuten warten").await;
    desk.sees(".notice.good", &clock(start + TimeDelta::minutes(5))).await;
    stage
        .visit_with(&booked.visit, "the delay", |visit| {
            from_timestamp(visit.starts_at) == start + TimeDelta::minutes(5)
                && visit.notice.as_ref().is_some_and(|notice| notice.en.contains("waiting for guests"))
        })
        .await;

    // They have lost a ticket: it gets new codes, and whoever holds the old one stays outside.
    let lost = stage.code(&booked.visit).await;
    desk.open("/desk").await;
    desk.types("#reference", &visit.reference).await;
    desk.press_in("//form[@action='/desk/party']", "Zeigen").await;
    desk.types("#reissue-reason", "Ausdruck verloren").await;
    desk.press("Codes neu ausstellen").await;
    desk.sees(".notice.good", "Neue Codes ausgestellt").await;
    stage
        .visit_with(&booked.visit, "a word of the new codes", |visit| {
            visit.notice.as_ref().is_some_and(|notice| notice.en.contains("code"))
        })
        .await;
    assert_ne!(stage.code(&booked.visit).await, lost);
    desk.types("#code", &lost).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.bad", "ersetzt").await;

    // They come, and say the reference aloud.
    desk.open("/desk").await;
    desk.types("#reference", &visit.reference).await;
    desk.press_in("//form[@action='/desk/party']", "Zeigen").await;
    desk.sees("dl.facts", "Erika Muster").await;
    desk.press("Alle einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    desk.shoots("desk-let-in").await;
    desk.sees("#missing + *", "fehlt niemand").await;

    // The foyer fills: counted by hand, one touch each; then people are sent elsewhere, and that ends again.
    desk.press_in("//li[@id='zone-foyer']", "+").await;
    // 37 were counted, the family of three has gone in.
    desk.sees("#zone-foyer", "35").await;
    desk.press("Anweisung geben").await;
    desk.run("document.querySelector('#directive-from').value = 'foyer'").await;
    desk.run("document.querySelector('#directive-to').value = 'terrace'").await;
    desk.press("Sofort anordnen").await;
    desk.sees(".measures", "Umleiten").await;
    accessible::check(&desk, "the desk with a directive").await;
    desk.press_in("//ul[@class='measures']", "Beenden").await;
    desk.sees("#measures + p", "Nichts läuft").await;
    desk.open("/desk/audit").await;
    desk.sees(".audit", "Anweisung").await;
    accessible::check(&desk, "the log").await;
    desk.open("/desk").await;

    let operator = stage.staff(Role::Operator, Device::Desk).await;
    assert_eq!(operator.path().await, "/operator", "operators begin at their own page");
    operator.sees(".ready.good", "Alle sind da").await;
    operator.shoots("operator-ready").await;
    accessible::check(&operator, "the operator's page").await;
    operator.press("Starten").await;
    operator.sees(".stage .badge", "läuft").await;
    desk.sees(".show .badge", "läuft").await;
    operator.press("Zu Ende").await;
    operator.sees(".stage .badge", "Auslass").await;
    for browser in [desk, operator] {
        browser.quits().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_the_desk_works_all_the_same() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::NoScripts).await;
    let booked = books(&family, "Reise zu den Planeten", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(25)).await;
    let desk = stage.staff(Role::Desk, Device::NoScripts).await;
    desk.open("/desk").await;
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    // A broken seat is taken off the sale, and back again.
    let seats = format!("/desk/showings/{}/seats", booked.showing);
    desk.open(&seats).await;
    desk.click("input[name=seat]:not([disabled])").await;
    desk.types("#reason", "Sitz defekt").await;
    desk.press("Sperren").await;
    desk.sees(".notice.good", "Nicht mehr im Verkauf").await;
    desk.sees("[id^=blocked-]", "Sitz defekt").await;
    desk.shoots("desk-seats").await;
    desk.click("[id^=blocked-] button").await;
    desk.sees(".notice.good", "Wieder im Verkauf").await;
    desk.open(&format!("/desk/showings/{}/hold?minutes=3", booked.showing)).await;
    desk.press("3 Minuten warten").await;
    desk.sees(".notice.good", "Neuer Beginn").await;
    desk.open("/desk").await;
    desk.types("#code", &visit.reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_false_alarm_the_desk_says_that_all_were_out_and_each_comes_in_again_once() {
    let Some(stage) = Stage::open().await else { return };
    let (_, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    let scans = async |words: &str, found: &str| {
        desk.types("#code", &reference).await;
        desk.press("Einlassen").await;
        desk.sees(words, found).await;
    };
    scans(".notice.good", "3 / 3").await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    for who in ["anna", "ben"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    desk.open("/desk").await;
    desk.sees(".house", "Sind alle drin geblieben: nicht drücken").await;
    accessible::check(&desk, "the desk after an all-clear").await;
    scans(".notice.bad", "Schon eingelassen").await;
    desk.click("#everybody-out").await;
    desk.sees(".notice.good", "3 Personen zählen als draußen").await;
    desk.sees(".show", "3 draußen").await;
    desk.shoots("desk-everybody-out").await;
    scans(".notice.good", "Willkommen: 3 Personen").await;
    scans(".notice.bad", "Schon eingelassen").await;
    // Pressed by mistake: nobody is left of those who came in again.
    desk.press("Haus:").await;
    desk.press("Doch nicht alle").await;
    desk.sees(".notice.good", "Zurückgenommen: 0 Personen").await;
    desk.quits().await;
}
