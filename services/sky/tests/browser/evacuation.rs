//! The evacuation reaches the monitors live, and only two people's all-clear ends it.

use kernel::Role;
use serde_json::json;
use sky_proto::flow::v1::HouseState;

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, books},
    stage::Stage,
};

const LEAVE: &str = "Bitte verlassen Sie sofort das Haus";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evacuation_takes_the_monitors_until_two_people_clear_it() {
    let Some(stage) = Stage::open().await else { return };
    let monitor = stage.staff(Role::Operator, Device::Desk).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    monitor.open("/monitor/foyer-3").await;
    monitor.sees_no_more(".screen", LEAVE).await;
    monitor.marks_page().await;

    desk.open("/desk").await;
    // Two touches, in two places; until the first one, the second is not there.
    let shut = "return document.querySelector('#evacuation button').checkVisibility()";
    assert_eq!(desk.run(shut).await, serde_json::json!(false), "one touch alone evacuates nobody");
    // A drill says that it is one, until there is smoke.
    desk.press("Räumung …").await;
    desk.press("Räumungsübung beginnen").await;
    desk.sees(".house.bad", "RÄUMUNGSÜBUNG").await;
    monitor.sees(".screen.evacuation h1", &format!("Übung: {LEAVE}")).await;
    monitor.shoots("monitor-drill").await;
    desk.press("Räumung …").await;
    desk.press("Räumung auslösen").await;
    desk.sees_no_more(".house.bad", "RÄUMUNGSÜBUNG").await;
    monitor.sees_no_more("main", "Übung").await;
    desk.sees(".house.bad", "RÄUMUNG").await;
    desk.sees(".house.bad", "Personenzahl zum Ausdrucken").await;
    desk.shoots("desk-evacuating").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.sees(".screen.evacuation", "Notausgang Saaleseite").await;
    monitor.shoots("monitor-evacuation").await;
    accessible::check(&monitor, "the monitor during an evacuation").await;

    // At the mixing desk it is two touches, too.
    operator.open("/operator").await;
    operator.press("Räumung …").await;
    operator.press("Räumung auslösen").await;
    operator.arrives("/operator").await;
    operator.sees(".house.bad", "RÄUMUNG").await;
    accessible::check(&operator, "the operator's page during an evacuation").await;

    // One person alone does not clear it.
    for _ in 0..2 {
        desk.press("Haus:").await;
        desk.press("Entwarnung geben").await;
        desk.sees(".notice", "").await;
    }
    desk.sees(".house.bad", "RÄUMUNG").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;

    operator.open("/desk").await;
    operator.press("Haus:").await;
    operator.press("Entwarnung geben").await;
    operator.sees(".house", "Entwarnung").await;
    monitor.sees_no_more("main", LEAVE).await;
    assert!(monitor.is_same_page().await, "the monitor was reloaded");
    desk.sees(".house", "Entwarnung").await;
    // What comes next is proposed, and not done by itself.
    desk.sees(".house", "wieder öffnen").await;
    for browser in [monitor, desk, operator] {
        browser.quits().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sees_the_fire_in_the_kitchen_or_at_the_car_park_starts_the_evacuation() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    for (role, page) in [
        (Role::Kitchen, "/kitchen"),
        (Role::Kitchen, "/kitchen/counter"),
        (Role::Kitchen, "/kitchen/hand-out"),
        (Role::Attendant, "/carpark"),
        (Role::Kitchen, "/report"),
    ] {
        desk.sees_no_more(".house", "RÄUMUNG").await;
        let there = stage.staff(role, Device::Tablet).await;
        there.open(page).await;
        let shut = "return document.querySelector('#evacuation button').checkVisibility()";
        assert_eq!(there.run(shut).await, json!(false), "one touch alone evacuates nobody");
        there.press("Räumung …").await;
        accessible::check(&there, page).await;
        there.press("Räumung auslösen").await;
        there.sees("main", "Räumung").await;
        there.arrives(page).await;
        there.shoots(&format!("evacuation-from{}", page.replace('/', "-"))).await;
        desk.sees(".house.bad", "RÄUMUNG").await;
        there.quits().await;
        for who in ["anna", "bernd"] {
            stage.sets_house(who, HouseState::AllClear).await;
        }
        stage.sets_house("anna", HouseState::Normal).await;
    }
    desk.quits().await;
}

/// Counts how often an alert is put on the page: so often it is read out. And the states that streams brought.
const ALERTS: &str = "
    window.alerts = 0;
    window.updates = 0;
    document.addEventListener('live:update', (event) => { if (event.target.dataset.live === '/visit/alarm') window.updates += 1; }, true);
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((it) => {
        if (it.matches && it.matches('[role=alert]')) window.alerts += 1;
    }))).observe(document, { childList: true, subtree: true });";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_visit_has_an_evacuation_read_out_once() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    books(&family, "Unsere Milchstraße", Pays::AtDesk).await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    family.sees("[role=alert]", "Bitte verlassen Sie das Haus").await;
    family.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ALERTS })).await;
    family.open("/visit").await;
    family.sees("[role=alert]", "Bitte verlassen Sie das Haus").await;
    let part = "document.querySelector('[data-live=\"/visit/alarm\"]')";
    for _ in 0..2 {
        family.run(&format!("window.updates = 0; {part}.liveAgain()")).await;
        family.holds("the stream has begun", "window.updates > 0").await;
    }
    assert_eq!(family.run("return window.alerts").await, json!(1));
    stage.sets_house("anna", HouseState::AllClear).await;
    stage.sets_house("bernd", HouseState::AllClear).await;
    family.holds("nothing is read out any more", "document.querySelector('[role=alert]') === null").await;
    family.quits().await;
}
