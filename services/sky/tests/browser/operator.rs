//! The operator's page: what the clock proposes and "not yet", groups that are called, breaking off with what follows
//! said before, the turnover and the hall that is clean; and a start by mistake, taken back with one touch.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, flow_client::FlowClient};

use crate::{
    accessible,
    chrome::Device,
    door::opens,
    journey::{Pays, books, moves_admission},
    stage::Stage,
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_proposes_groups_are_called_and_a_showing_is_broken_off() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    let start = from_timestamp(visit.starts_at);
    stage.waits_until(start - TimeDelta::minutes(19)).await;
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    let here = format!("/operator/{}", booked.showing);
    operator.open(&here).await;
    // The doors are due: one touch says yes, another one "not yet".
    operator.sees(".proposal", "Einlass ab").await;
    operator.shoots("operator-proposal").await;
    accessible::check(&operator, "a proposal").await;
    operator.press_in("//div[@class='proposal']", "Noch nicht").await;
    operator.open(&here).await;
    operator.sees(".stage", "Zurückgestellt bis").await;
    operator.sees_no_more(".stage", "Noch nicht").await;
    operator.press("Einlass öffnen").await;
    operator.sees(".notice.good", "Erledigt").await;

    let door = stage.staff(Role::Desk, Device::Monitor).await;
    door.open("/monitor/dome-door-1").await;
    operator.open(&here).await;
    operator.press("Gruppen bilden").await;
    operator.sees("#groups ~ ul", "Gruppe 1").await;
    operator.press_in("//ul[preceding-sibling::h2[@id='groups']]", "Aufrufen").await;
    operator.sees("#groups ~ ul", "aufgerufen").await;
    operator.shoots("operator-groups").await;
    accessible::check(&operator, "call groups").await;
    // The door says which group it is, and nobody's name or reference.
    door.sees("li.line-call", "Gruppe 1").await;
    door.sees("li.line-call", "Group 1").await;
    door.shoots("monitor-group-called").await;
    let words = door.words().await;
    assert!(!words.contains("Muster") && !words.contains(&visit.reference), "{words}");
    for step in ["Geht hinein", "Alle drin"] {
        operator.press_in("//ul[preceding-sibling::h2[@id='groups']]", step).await;
    }
    door.sees_no_more("main", "Gruppe 1").await;
    // The last call is one press, and the door's monitor calls with it.
    door.sees(".screen", "Einlass").await;
    door.sees_no_more(".screen", "Letzter Aufruf").await;
    operator.open(&here).await;
    operator.press("Letzter Aufruf").await;
    operator.sees(".notice.good", "Erledigt").await;
    for words in ["Letzter Aufruf", "Last call"] {
        door.sees(".screen", words).await;
    }
    door.shoots("monitor-last-call").await;
    door.quits().await;

    // What follows is said before it is done.
    operator.open(&here).await;
    operator.press("Vorstellung abbrechen").await;
    operator.arrives(&format!("/desk/showings/{}/abort", booked.showing)).await;
    operator.sees("main", "Niemand ist im Saal").await;
    operator.sees("main", "nicht zurücknehmen").await;
    operator.shoots("operator-abort").await;
    accessible::check(&operator, "breaking off").await;
    operator.press("Jetzt abbrechen").await;
    operator.sees(".notice.good", "Erledigt").await;
    operator.open(&here).await;
    operator.sees(".stage .badge", "abgebrochen").await;
    operator.press("Umbau").await;
    operator.sees(".notice.good", "Erledigt").await;
    operator.open(&here).await;
    operator.sees(".stage .clock-to", "Umbau fertig in").await;
    operator.shoots("operator-turnover").await;
    operator.press("Saal ist sauber").await;
    operator.sees(".notice.good", "sauber").await;
    operator.open(&here).await;
    operator.sees(".stage", "Saal sauber gemeldet um").await;
    operator.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doors_opened_by_mistake_are_closed_again() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::NoScripts).await;
    let booked = books(&family, "Reise zu den Planeten", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(25)).await;
    let desk = stage.staff(Role::Desk, Device::NoScripts).await;
    desk.open("/desk").await;
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    desk.press_in(&format!("//li[@id='show-{}']", booked.showing), "Andere Schritte").await;
    moves_admission(&desk, &booked, "Einlass zurücknehmen").await;
    desk.sees(&format!("#show-{} .badge", booked.showing), "geplant").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_by_mistake_is_taken_back_with_one_touch_and_everything_follows() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, reference, desk) = opens(&stage, "Unsere Milchstraße", Device::Phone).await;
    let meal = async || from_timestamp(stage.visit(&booked.visit).await.meal.expect("a meal").pickup_at);
    let planned = meal().await;
    let door = stage.staff(Role::Desk, Device::Monitor).await;
    door.open("/monitor/dome-door-1").await;
    door.sees(".screen", "Einlass").await;
    door.marks_page().await;
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open(&format!("/operator/{}", booked.showing)).await;
    // A group is called; a full foyer holds back the next one, and says so.
    operator.press("Gruppen bilden").await;
    operator.press_in("//ul[preceding-sibling::h2[@id='groups']]", "Aufrufen").await;
    operator.sees("#groups ~ ul", "aufgerufen").await;
    operator.press_in("//ul[contains(@class, 'steps')]/li[contains(., 'Gruppe 1')]", "Rückgängig").await;
    operator.sees(".notice.good", "Rückgängig gemacht: Gruppe 1").await;
    operator.open(&format!("/operator/{}", booked.showing)).await;
    operator.sees("#groups ~ ul", "gebildet").await;
    let counted = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 94, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
    operator.sees("#groups ~ ul", "Im Foyer sind 94 Menschen").await;
    operator.shoots("operator-held-back").await;
    accessible::check(&operator, "a call that is held back").await;
    operator.press_in("//ul[preceding-sibling::h2[@id='groups']]", "Aufrufen").await;
    operator.sees(".notice.good", "aufgerufen").await;
    operator.open(&format!("/operator/{}", booked.showing)).await;
    door.sees("li.line-call", "Gruppe 1").await;

    operator.press("Starten").await;
    operator.sees(".notice.good", "Erledigt").await;
    door.sees_no_more("main", "Gruppe 1").await;
    stage
        .visit_with(&booked.visit, "a meal that follows the start", |visit| {
            from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) < planned
        })
        .await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice", "Die Vorstellung läuft").await;

    operator.sees("ul.steps", "Unsere Milchstraße: gestartet").await;
    operator.shoots("operator-undo").await;
    accessible::check(&operator, "a step that can be taken back").await;
    operator.press_in("//ul[contains(@class, 'steps')]/li[contains(., 'gestartet')]", "Rückgängig").await;
    operator.sees(".notice.good", "Rückgängig gemacht: Unsere Milchstraße: gestartet").await;
    door.sees(".screen", "Einlass").await;
    door.sees("li.line-call", "Gruppe 1").await;
    assert!(door.is_same_page().await, "the monitor was reloaded");
    stage
        .visit_with(&booked.visit, "the meal as it was", |visit| {
            from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) == planned
        })
        .await;
    desk.open("/desk").await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    // On paper each party has its row: by its reference, with who is in already; never by name.
    desk.open("/desk/show-list").await;
    let row = format!("document.evaluate(\"//tr[th='{reference}']\", document).iterateNext().innerText");
    let cells = desk.run(&format!("return {row}.split(/\\s+/).slice(0, 3)")).await;
    assert_eq!(cells, json!([reference, "3", "3"]));
    let words = desk.words().await;
    assert!(words.contains("Unsere Milchstraße") && !words.contains("Muster"), "{words}");
    assert!(words.contains("Sternensaal · Einlass"), "{words}");
    desk.shoots("show-list-phone").await;
    accessible::check(&desk, "the day on paper").await;
    desk.command("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    desk.holds("no buttons on paper", "document.querySelector('.buttons').offsetHeight === 0").await;
    desk.command("Emulation.setEmulatedMedia", json!({ "media": "" })).await;
    desk.press("Morgen").await;
    desk.sees_no_more("main", &reference).await;
    desk.sees("main section", "Niemand hat gebucht").await;
    desk.press("Empfang").await;
    desk.arrives("/desk").await;

    // A walk-in who was said to be there and is not.
    desk.press_in("//form[@action='/desk/numbers']", "Ausgeben").await;
    desk.arrives("/desk/numbers/1").await;
    desk.open("/desk").await;
    desk.press("Nächste aufrufen: 1").await;
    desk.press_in("//li[@id='number-1']", "Ist da").await;
    desk.sees(".notice.good", "ist da").await;
    desk.press_in("//ul[contains(@class, 'steps')]/li[contains(., 'Nummer 1')]", "Rückgängig").await;
    desk.sees(".notice.good", "Rückgängig gemacht: Nummer 1").await;
    desk.sees("#number-1", "aufgerufen").await;
    // Nobody undoes what is long past: a minute later only the count by hand, which stands for some minutes.
    stage.waits_until(stage.house.clock.now() + TimeDelta::seconds(70)).await;
    desk.open("/desk").await;
    desk.sees("ul.steps", "94 gezählt").await;
    desk.sees_no_more("ul.steps", "Nummer 1").await;
    for browser in [desk, operator, door] {
        browser.quits().await;
    }
}
