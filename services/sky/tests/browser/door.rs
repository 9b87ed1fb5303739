//! At the door and the desk: a scan taken back, out and in again, late with a reason, found by name, walk-ins by number,
//! and scanners that did not agree.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp, values::timestamp};
use sky_proto::flow::v1::{
    ExportAdmissionListRequest, JournalEntry, ScanKind, ScanVerdict, SubmitScansRequest, door_client::DoorClient,
};
use uuid::Uuid;

use crate::{
    accessible,
    chrome::{Browser, Device},
    journey::{Booked, Pays, books, moves_admission},
    stage::Stage,
    world::staff,
};

/// A family has booked; its showing's doors are open, and the desk stands ready.
pub async fn opens(stage: &Stage, title: &str, desk: Device) -> (Booked, String, Browser) {
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, title, Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(20)).await;
    let desk = stage.staff(Role::Desk, desk).await;
    desk.open("/desk").await;
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    (booked, visit.reference, desk)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_is_taken_back_and_the_party_found_by_name_goes_in_out_and_in_again() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    desk.press_in(&format!("//li[starts-with(@id, 'scan-')][contains(., '{reference}')]"), "Zurücknehmen").await;
    desk.sees(".notice.good", "Zurückgenommen").await;
    desk.sees("[id^=scan-]", "zurückgenommen").await;
    stage.visit_with(&booked.visit, "nobody in", |visit| visit.admitted == 0).await;

    // No phone, no paper: a name is enough, and letting in is the next touch.
    desk.types("#reference", "Muster").await;
    desk.press_in("//form[@action='/desk/party']", "Zeigen").await;
    desk.sees(".found", "Erika Muster").await;
    assert_eq!(desk.driver.current_url().await.expect("an address").query(), None, "no name in an address");
    desk.shoots("desk-found").await;
    accessible::check(&desk, "found by name").await;
    desk.press_in("//ul[contains(@class, 'found')]", "Alle einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;

    desk.types("#code", &reference).await;
    desk.press("Geht hinaus").await;
    desk.sees(".notice.good", "Karten behalten").await;
    desk.sees(".show", "3 draußen").await;
    // Who has left is let in again by somebody who looks at them.
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice", "Wiedereinlass").await;
    desk.shoots("desk-offer").await;
    accessible::check(&desk, "the offer to let in again").await;
    desk.press("wieder einlassen").await;
    desk.sees(".notice.good", "Willkommen").await;
    desk.sees("[id^=scan-]", "wieder herein").await;
    desk.shoots("desk-scans").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_late_comes_in_with_a_reason_as_one_touch() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, reference, desk) = opens(&stage, "Reise zu den Planeten", Device::Phone).await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) + TimeDelta::minutes(1)).await;
    desk.open("/desk").await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.few", "Nacheinlass nur mit Grund").await;
    desk.shoots("desk-late-phone").await;
    accessible::check(&desk, "late").await;
    desk.press("Stand in der Schlange").await;
    desk.sees(".notice.good", "3 / 3").await;
    // A refusal is said in the page's language.
    desk.types("#code", &reference).await;
    desk.run("document.querySelector('#party_count').value = '9'").await;
    desk.press("Geht hinaus").await;
    desk.sees(".notice.bad", "Zahl der Personen").await;
    desk.open("/desk?lang=en").await;
    desk.types("#code", &reference).await;
    desk.run("document.querySelector('#party_count').value = '9'").await;
    desk.press("Goes out").await;
    desk.sees(".notice.bad", "party_count").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_in_is_called_by_number_on_the_monitor() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    let monitor = stage.staff(Role::Desk, Device::Monitor).await;
    monitor.open("/monitor/queue-1").await;
    monitor.sees("h1", "Nächste Vorstellungen").await;
    monitor.marks_page().await;
    for (number, people) in [("1", "2"), ("2", "4")] {
        desk.open("/desk").await;
        desk.types_over("#queue-people", people).await;
        desk.press_in("//form[@action='/desk/numbers']", "Ausgeben").await;
        // The slip: a number, how many, the outlook in both languages, and no name.
        desk.arrives(&format!("/desk/numbers/{number}")).await;
        desk.sees("h1", number).await;
        desk.sees("main", "Bitte warten Sie").await;
        desk.sees("main", "Please wait").await;
    }
    desk.shoots("desk-slip").await;
    accessible::check(&desk, "the slip").await;
    desk.press("Zum Empfang").await;
    desk.press("Nächste aufrufen: 1").await;
    desk.sees("#number-1", "aufgerufen").await;
    monitor.sees("main", "Nummer 1").await;
    monitor.sees("h1", "Diese Nummern sind dran").await;
    assert!(monitor.is_same_page().await, "the monitor was reloaded");
    monitor.shoots("monitor-numbers").await;
    desk.shoots("desk-queue-phone").await;
    accessible::check(&desk, "the queue").await;
    desk.press_in("//li[@id='number-1']", "Kam nicht").await;
    desk.sees("#number-1", "nicht gekommen").await;
    monitor.sees_no_more("main", "Nummer 1").await;
    desk.press_in("//li[@id='number-1']", "Noch einmal").await;
    monitor.sees("main", "Nummer 1").await;
    desk.press_in("//li[@id='number-1']", "Ist da").await;
    desk.sees_no_more("section[aria-labelledby=queue]", "noch einmal aufgerufen").await;
    monitor.sees_no_more("main", "Nummer 1").await;
    // The other party has gone home.
    desk.press_in("//li[@id='number-2']", "Zurückziehen").await;
    desk.sees(".notice.good", "zurückgezogen").await;
    desk.holds("nobody waits", "document.querySelector('#number-2') === null").await;
    desk.quits().await;
    monitor.quits().await;
}

/// What a scanner without a network let in.
async fn brings(stage: &Stage, scanner: &str, showing: &str, reference: &str, minutes_ago: i64, behind: TimeDelta) {
    let mut door = DoorClient::new(stage.world.door("flow", &staff(Role::Desk)));
    let list = ExportAdmissionListRequest { device_id: scanner.to_owned(), day: String::new() };
    door.export_admission_list(list).await.expect("a list");
    let device_now = stage.house.clock.now() - behind;
    let entry = JournalEntry {
        nonce: Uuid::new_v4().to_string(),
        kind: ScanKind::Entry.into(),
        lane: scanner.to_owned(),
        showing_id: showing.to_owned(),
        code: reference.to_owned(),
        at: Some(timestamp(device_now - TimeDelta::minutes(minutes_ago))),
        verdict: ScanVerdict::Admitted.into(),
        party_count: 3,
        late_reason: String::new(),
        undoes: String::new(),
    };
    let journal = SubmitScansRequest {
        device_id: scanner.to_owned(),
        device_now: Some(timestamp(device_now)),
        entries: vec![entry],
    };
    door.submit_scans(journal).await.expect("merged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scanners_that_do_not_agree_come_before_the_desk() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, reference, desk) = opens(&stage, "Unsere Milchstraße", Device::Desk).await;
    desk.marks_page().await;
    brings(&stage, "scanner-1", &booked.showing, &reference, 2, TimeDelta::zero()).await;
    brings(&stage, "scanner-2", &booked.showing, &reference, 4, TimeDelta::seconds(90)).await;
    desk.sees(".alerts", "strittige").await;
    assert!(desk.is_same_page().await, "it was reloaded");
    desk.press_in("//section[contains(@class, 'alerts')]", "strittige").await;
    desk.arrives("/desk/conflicts").await;
    desk.sees("section.panel h2", "scanner-1: 3 strittige Scans").await;
    desk.sees("li.panel", "Eine Karte, zweimal eingelassen").await;
    desk.sees("li.panel li:first-child", "scanner-2").await;
    desk.sees("li.panel li:first-child", "gilt").await;
    desk.sees("li.panel li:first-child", "Uhr ging 90 s nach").await;
    desk.shoots("desk-conflicts").await;
    accessible::check(&desk, "conflicts").await;
    desk.press("Alle 3: Beide sitzen").await;
    desk.sees(".notice.good", "erledigt").await;
    desk.press("Zurücknehmen").await;
    desk.sees(".notice.good", "Wieder offen").await;
    desk.press_in("(//li[contains(@class, 'panel')])[1]", "Eine Person hinausgebeten").await;
    desk.sees("section.panel h2", "2 strittige Scans").await;
    desk.press("Alle 2: Beide sitzen").await;
    desk.sees("main", "Nichts ist strittig").await;
    desk.open("/desk").await;
    desk.sees_no_more(".eyes", "strittig").await;
    desk.quits().await;
}
