//! Before a hold ends its page warns and gives more time; and the desk sells by clicking.

use kernel::Role;
use serde_json::json;

use crate::{
    chrome::Device,
    journey::fills_in_form,
    stage::{LEAPS, Stage},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_ends_is_announced_and_lasts_longer_at_the_press_of_a_button() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::Phone).await;
    visitor.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LEAPS })).await;
    fills_in_form(&visitor, "Unsere Milchstraße").await;
    visitor.press("Weiter zur Übersicht").await;
    visitor.arrives("/order/").await;
    visitor.types("#name", "Erika Muster").await;
    let hidden = "document.querySelector('.ends-soon').hidden";
    let silent = "document.querySelector('[data-hold-say]').textContent === ''";
    visitor.holds("no warning yet", &format!("{hidden} && {silent}")).await;
    visitor.run("localStorage.setItem('test leap', 7.5 * 60000)").await;
    visitor.holds("no warning yet", &format!("{hidden} && {silent}")).await;

    visitor.run("localStorage.setItem('test leap', 8.5 * 60000)").await;
    visitor.sees(".ends-soon", "In zwei Minuten oder früher läuft Ihre Reservierung ab.").await;
    let announced = "document.querySelector('[role=status][data-hold-say]').textContent.startsWith('In zwei Minuten')";
    visitor.holds("said politely", announced).await;
    let focused = "document.activeElement.id === 'name'";
    visitor.holds("nobody is interrupted", focused).await;
    visitor.shoots("order-ends-soon").await;
    stage.waits_until(stage.house.clock.now() + chrono::TimeDelta::minutes(8)).await;
    visitor.press("Zehn Minuten mehr").await;
    visitor.sees(".notice.good", "Reserviert bis").await;
    visitor.holds("what was typed", "document.querySelector('#name').value === 'Erika Muster'").await;
    visitor.holds("no warning any more", hidden).await;

    visitor.run("localStorage.setItem('test leap', 19 * 60000)").await;
    visitor.sees(".ends-soon.bad", "abgelaufen").await;
    visitor.press("Neu wählen").await;
    visitor.arrives("/showings/").await;
    visitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_the_page_says_until_when_and_has_the_button() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::NoScripts).await;
    fills_in_form(&visitor, "Unsere Milchstraße").await;
    visitor.press("Weiter zur Übersicht").await;
    visitor.arrives("/order/").await;
    visitor.sees("main", "Für Sie reserviert bis").await;
    visitor.types("#name", "Erika Muster").await;
    stage.waits_until(stage.house.clock.now() + chrono::TimeDelta::minutes(8)).await;
    visitor.press("Mehr Zeit").await;
    visitor.sees(".notice.good", "Reserviert bis").await;
    assert_eq!(visitor.run("return document.querySelector('#name').value").await, json!("Erika Muster"));
    visitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_sells_by_clicking() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.press_in("//p[@class='links']", "Verkaufen").await;
    desk.arrives("/desk/sell").await;
    desk.press_in("//li[contains(., 'Unsere Milchstraße')]", "Verkaufen").await;
    desk.arrives("/desk/showings/").await;
    desk.sees("fieldset", "Abendkasse, noch").await;
    desk.types("#count_adult", "2").await;
    desk.shoots("desk-sells").await;
    desk.press("Weiter zur Übersicht").await;
    desk.arrives("/desk/orders/").await;
    desk.press("Verbindlich buchen").await;
    desk.sees(".panel", "Zu bezahlen:").await;
    desk.shoots("desk-sold").await;
    desk.press("Bar kassiert").await;
    desk.sees(".notice.good", "kassiert").await;
    desk.quits().await;
}
