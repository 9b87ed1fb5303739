//! The wall of monitors as staff see it: what each shows, a message by one touch and its way back, and who
//! has not answered in an emergency.

use kernel::Role;
use sky_proto::flow::v1::HouseState;

use crate::{accessible, cable::Cable, chrome::Device, stage::Stage};

const CHILD: &str = "Ein Kind sucht seine Eltern";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_one_touch_and_its_way_back_another() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    let desk = stage.staff(Role::Operator, Device::Desk).await;
    desk.open("/displays").await;
    desk.sees(".card.good", "Foyer, über der Kasse").await;
    desk.sees(".mini", "Nächste Vorstellungen").await;
    desk.marks_page().await;

    desk.click("button[value=template-child]").await;
    desk.sees(".notice.good", "Gesendet").await;
    desk.sees(".message", CHILD).await;
    desk.sees(".mini.operations", CHILD).await;
    monitor.sees(".screen.operations", CHILD).await;
    monitor.sees("main", "looking for its parents").await;
    monitor.sees("main", "Kommen Sie bitte zur Kasse").await;
    desk.sees(".message", "Auf 1 Monitor, 1 haben bestätigt").await;
    desk.sees(".message .badge.good", "von allen bestätigt").await;
    monitor.shoots("monitor-message").await;
    desk.shoots("displays-message").await;
    accessible::check(&desk, "the wall with a message").await;

    desk.press("Zurücknehmen").await;
    desk.sees(".notice.good", "Zurückgenommen").await;
    monitor.sees("h1", "Nächste Vorstellungen").await;
    monitor.sees_no_more("main", CHILD).await;
    // Who has done that stands in the log.
    desk.open("/displays/audit").await;
    desk.sees("main li:first-child", "operator withdraw_message").await;
    desk.sees("main li:nth-child(2)", "operator publish_message").await;
    desk.click("main li:nth-child(2) summary").await;
    desk.sees("main li:nth-child(2)", CHILD).await;
    accessible::check(&desk, "the log of the displays").await;
    desk.quits().await;

    // What concerns the terrace takes nothing off the others.
    let rest = stage.staff(Role::Desk, Device::Desk).await;
    rest.open("/displays").await;
    rest.sees_no_more("#send", "Aufzug").await;
    rest.click("button[value=template-roof]").await;
    rest.sees(".message", "Dachterrasse").await;
    rest.sees(".message", "Wegweiser").await;
    rest.sees(".mini.safety", "Dachterrasse").await;
    monitor.sees("h1", "Nächste Vorstellungen").await;
    rest.press("Zurücknehmen").await;
    rest.sees(".notice.good", "Zurückgenommen").await;
    // Unless somebody wants it on all: then it is on all.
    rest.click("#group-all").await;
    rest.click("button[value=template-roof]").await;
    rest.sees(".message", "alle Monitore").await;
    monitor.sees(".screen.safety", "Dachterrasse").await;
    rest.press("Zurücknehmen").await;
    monitor.sees("h1", "Nächste Vorstellungen").await;
    rest.quits().await;

    // Without scripts, to some of them only.
    let plain = stage.staff(Role::Desk, Device::NoScripts).await;
    plain.open("/displays").await;
    plain.click("#group-parking").await;
    plain.press("Bitte warten Sie hier").await;
    plain.sees(".notice.good", "Gesendet").await;
    plain.sees(".message", "Parkplatz").await;
    plain.sees(".mini.operations", "Bitte warten Sie hier").await;
    // Of those no device was ever heard of.
    plain.sees(".message", "auf keinem Monitor zu sehen").await;
    plain.quits().await;
    monitor.sees_no_more("main", "Bitte warten Sie hier").await;
    monitor.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_emergency_staff_see_live_who_has_not_answered() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let first = stage.monitor(&cable, "foyer-1").await;
    let second = stage.monitor(&cable, "foyer-2").await;
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/displays").await;
    // One was there once, and has said what it shows, and is no more; all others never were.
    desk.sees(".card.good", "Foyer, Eingang").await;
    second.driver.quit().await.expect("the browser ends");
    desk.sees(".facts", "16 Monitore").await;
    desk.sees(".unfitted", "14 noch nicht angebracht").await;
    desk.marks_page().await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    first.sees(".screen.evacuation", "").await;
    desk.sees(".house.bad", "1 von 2 Monitoren haben bestätigt").await;
    desk.sees(".house.bad li", "Foyer, Eingang").await;
    // Of that one the house knows no more than what it has confirmed; what it has since computed is what it is to show.
    desk.sees(".card .confirmed", "zuletzt bestätigt: Stand ").await;
    desk.sees(".card:has(.confirmed)", "soll zeigen: Räumung").await;
    desk.sees_no_more(".house.bad", "Foyer, über der Kasse").await;
    // It comes to life and says so.
    let second = stage.monitor(&cable, "foyer-2").await;
    desk.sees(".house.bad", "2 von 2 Monitoren haben bestätigt").await;
    desk.sees_no_more("main", "zuletzt bestätigt").await;
    desk.sees_no_more(".house.bad", "Foyer, Eingang").await;
    assert!(desk.is_same_page().await, "it was reloaded");
    desk.shoots("displays-evacuation-phone").await;
    accessible::check(&desk, "the wall in an emergency").await;
    for browser in [first, second] {
        browser.driver.quit().await.expect("the browser ends");
    }
    desk.quits().await;
}
