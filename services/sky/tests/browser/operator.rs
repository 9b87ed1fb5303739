//! The operator's page: what the clock proposes and "not yet", groups that are called, breaking off with what follows
//! said before, the turnover and the hall that is clean.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, books, moves_admission},
    stage::Stage,
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
