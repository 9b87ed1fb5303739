//! Ordering a meal: the quarter in which it is collected, a class's trays, pictures of dishes, and orders at the counter.
//! Without any script, and, for whoever reads the pages otherwise, on a phone and at a desk.

use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::journey::v1::VisitState;
use thirtyfour::By;

use crate::{
    accessible::check,
    chrome::{Browser, Device},
    journey::{Pays, books},
    stage::{Stage, clock},
};

/// Everything to press or to type into that is smaller than a fingertip.
const SMALL: &str = "
    const all = 'main button, main .button, main select, main summary, main .kitchen-nav a, ' +
        'main input:not([type=hidden]):not([type=checkbox]):not([type=radio]), main .pick label';
    return [...document.querySelectorAll(all)]
        .filter((it) => it.checkVisibility() && !it.matches('.visually-hidden, .count label'))
        .filter((it) => { const box = it.getBoundingClientRect(); return box.height < 43.5 || box.width < 43.5; })
        .map((it) => it.outerHTML.slice(0, 120));";

/// The open page is without fault, and everything on it can be hit.
pub async fn fits(browser: &Browser, device: Device, name: &str) {
    browser.shoots(&format!("{device:?}-{name}")).await;
    check(browser, name).await;
    assert_eq!(browser.run(SMALL).await, json!([]), "{name} ({device:?})");
}

/// Opens the form of a showing, for a class.
async fn opens_form(browser: &Browser) {
    browser.open("/").await;
    browser.press_in("//h3", "Der Sternenhimmel heute Nacht").await;
    browser.arrives("/showings/").await;
    browser.types("#count_adult", "2").await;
    browser.types("#count_child", "10").await;
    browser.click("#meal summary").await;
    browser.click("#group summary").await;
}

/// The last quarter that is offered for after the showing, chosen.
async fn chooses_last_quarter(browser: &Browser) -> String {
    let offered = browser.driver.find_all(By::Css("input[value^='2@']:not([disabled])")).await.expect("quarters");
    assert_eq!(offered.len(), 4, "nothing is full yet");
    let value = offered.last().expect("a quarter").attr("value").await.expect("read").expect("a value");
    browser.click(&format!("input[value='{value}']")).await;
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_orders_its_lunch_on_trays_without_any_script() {
    let Some(stage) = Stage::open().await else { return };
    let teacher = stage.visitor(Device::NoScripts).await;
    opens_form(&teacher).await;
    let quarter = chooses_last_quarter(&teacher).await;
    teacher.types_over("#tray1", "1 – vegetarisch").await;
    teacher.press_option("#tray1_1", "Käsebrötchen").await;
    teacher.types("#tray1_1_n", "6").await;
    teacher.press_option("#tray1_2", "Mineralwasser").await;
    teacher.types("#tray1_2_n", "6").await;
    teacher.press("Noch so ein Tablett").await;
    teacher.types_over("#tray2", "2 – mit allem").await;
    teacher.press_option("#tray2_1", "Hähnchen-Wrap").await;
    teacher.press_in("//*[@id='on-tray2']", "Änderungen zeigen").await;
    teacher.click("#tray2_1_mod_chicken-wrap_wrap_no-yoghurt").await;
    teacher.press("Weiter zur Übersicht").await;
    teacher.arrives("/order/").await;
    // What is on each tray is read before anything is ordered.
    for words in ["Tablett 1 – vegetarisch", "6 × Käsebrötchen", "Tablett 2 – mit allem", "ohne Joghurtsoße"] {
        teacher.sees("dl.facts", words).await;
    }
    let visit = teacher.path().await.rsplit('/').next().expect("an id").to_owned();
    teacher.types("#name", "Klasse 4b").await;
    teacher.types("#email", "schule@visitors.invalid").await;
    teacher.click("#desk").await;
    teacher.press("zahlungspflichtig bestellen").await;
    teacher.arrives("/visit").await;
    let visit = stage.visit_with(&visit, "the booking", |visit| visit.state() == VisitState::Confirmed).await;
    let pickup = visit.meal.expect("a meal").pickup_at;
    assert_eq!(quarter, format!("2@{}", pickup.expect("a time").seconds), "the quarter that was chosen");
    teacher.open("/visit/meal").await;
    for words in ["Tablett 1 – vegetarisch", "6 × Käsebrötchen", "Tablett 2 – mit allem", "ohne Joghurtsoße"] {
        teacher.sees("dl.facts", words).await;
    }
    teacher.quits().await;

    let cook = stage.staff(Role::Kitchen, Device::Desk).await;
    for (path, together) in [("/kitchen", "12 × Mineralwasser"), ("/kitchen/at/cold", "6 × Käsebrötchen")] {
        cook.open(path).await;
        cook.sees("section[aria-label=Demnächst] h4", "Tablett 2 – mit allem").await;
        cook.sees("section[aria-label=Demnächst]", &clock(from_timestamp(pickup))).await;
        cook.sees("section[aria-label=Demnächst]", together).await;
    }
    cook.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_counter_takes_an_order_press_by_press_without_any_script() {
    let Some(stage) = Stage::open().await else { return };
    let counter = stage.staff(Role::Kitchen, Device::NoScripts).await;
    counter.open("/kitchen/counter").await;
    let dish = |id: &str| format!("//*[@id='dish-{id}']");
    counter.press_in(&dish("cappuccino"), "groß").await;
    counter.sees(".ticket", "1 × Cappuccino").await;
    counter.sees(".ticket dl", "4,60").await;
    counter.click(".ticket summary").await;
    counter.press_in("//*[@id='ticket']", "Hafermilch").await;
    counter.sees(".ticket", "groß, mit Hafermilch").await;
    counter.sees(".ticket dl", "5,10").await;
    counter.press_in(&dish("coffee-and-cake"), "").await;
    counter.sees(".ticket", "Kaffee, Mondkuchen").await;
    counter.press_in(&dish("water"), "").await;
    counter.press_in("//li[contains(., 'Mineralwasser')]", "+").await;
    counter.sees(".ticket", "2 × Mineralwasser").await;
    counter.press("Zurück").await;
    counter.sees(".ticket", "1 × Mineralwasser").await;
    counter.press("Zurück").await;
    counter.sees_no_more(".ticket", "Mineralwasser").await;
    counter.sees(".ticket dl", "11,00").await;
    counter.press("Bestellen, Nummer geben").await;
    counter.sees(".notice.good", "Nummer 1").await;
    counter.sees(".ticket", "Gerichte antippen").await;
    counter.press("Zurücknehmen").await;
    counter.sees(".notice.good", "zurückgenommen").await;
    counter.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_combo_has_its_size_and_its_changes_in_the_form_and_at_the_counter_without_any_script() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::NoScripts).await;
    visitor.open("/").await;
    visitor.press_in("//h3", "Der Sternenhimmel heute Nacht").await;
    visitor.arrives("/showings/").await;
    visitor.types("#count_adult", "2").await;
    visitor.click("#meal summary").await;
    visitor.types("#combo_coffee-and-cake_0", "1").await;
    visitor.press_option("#combo_coffee-and-cake_0_drink", "Cappuccino, groß").await;
    let combo = "//p[.//label[@for='combo_coffee-and-cake_0_drink']]/following-sibling::details[1]";
    visitor.press_in(combo, "Ändern: Cappuccino").await;
    visitor.click("#combo_coffee-and-cake_0_drink_mod_cappuccino_milk_oat-milk").await;
    visitor.press("Weiter zur Übersicht").await;
    visitor.arrives("/order/").await;
    visitor.sees("main", "mit Hafermilch").await;
    visitor.sees("main", "0,50").await;
    let visit = visitor.path().await.rsplit('/').next().expect("an id").to_owned();
    let held = stage.visit(&visit).await;
    let made = &held.meal.expect("a meal").lines;
    assert_eq!(made[0].name.as_ref().expect("a name").de, "Cappuccino, groß, mit Hafermilch");
    visitor.quits().await;

    let counter = stage.staff(Role::Kitchen, Device::NoScripts).await;
    counter.open("/kitchen/counter").await;
    counter.press_in("//*[@id='dish-coffee-and-cake']", "").await;
    counter.sees(".ticket", "Kaffee, Mondkuchen").await;
    counter.click(".ticket summary").await;
    counter.press_in("//*[@id='ticket']", "Cappuccino, groß").await;
    counter.sees(".ticket", "Cappuccino, groß, Mondkuchen").await;
    counter.press_in("//*[@id='ticket']", "mit Hafermilch + 0,50").await;
    counter.sees(".ticket", "Cappuccino, groß, mit Hafermilch, Mondkuchen").await;
    counter.sees(".ticket dl", "6,40").await;
    counter.press("Zurück").await;
    counter.sees(".ticket dl", "5,90").await;
    counter.quits().await;
}

/// What a visitor sees of the menu.
async fn order_form(stage: &Stage, device: Device) {
    let visitor = stage.visitor(device).await;
    opens_form(&visitor).await;
    visitor.press_option("#tray1_1", "Cappuccino, klein").await;
    visitor.press_option("#tray1_2", "Mittagsmenü").await;
    visitor.press("Noch so ein Tablett").await;
    visitor.sees("#on-tray2 legend", "Tablett 2").await;
    visitor.run("document.querySelectorAll('#meal details').forEach((it) => { it.open = true })").await;
    visitor.run("document.querySelectorAll('.picture').forEach((it) => { it.scrollIntoView() })").await;
    let pictures = "document.images.length === 2 && [...document.images].every((it) => it.naturalWidth > 0 && it.alt)";
    visitor.holds("both pictures", pictures).await;
    fits(&visitor, device, "order-form").await;
    visitor.run("document.querySelector('.picture').scrollIntoView({ block: 'center' })").await;
    visitor.shoots(&format!("{device:?}-order-form-picture")).await;
    visitor.run("document.querySelector('#on-tray1').scrollIntoView()").await;
    visitor.shoots(&format!("{device:?}-order-form-trays")).await;
    // Lunch is over by the end of the showing.
    visitor.press("Weiter zur Übersicht").await;
    visitor.sees("[role=alert]", "gibt es nur von").await;
    fits(&visitor, device, "order-form-refused").await;
    visitor.press_option("#tray1_2", "–").await;
    visitor.press_option("#tray2_2", "–").await;
    // What belongs to this one was not asked yet.
    visitor.press_option("#tray1_3", "Kaffee und Kuchen").await;
    visitor.press("Weiter zur Übersicht").await;
    visitor.sees("[role=alert]", "auswählen, was dazugehört").await;
    fits(&visitor, device, "order-form-with-errors").await;
    visitor.press_option("#tray1_3", "–").await;
    // Enter orders; it does not add a tray.
    visitor.types("#tray1", "\u{e007}").await;
    visitor.arrives("/order/").await;
    visitor.quits().await;
}

/// What staff see who make and hand out meals.
async fn kitchen_pages(stage: &Stage, device: Device) {
    let cook = stage.staff(Role::Kitchen, device).await;
    for language in ["en", "de"] {
        cook.open(&format!("/kitchen/counter?lang={language}")).await;
        fits(&cook, device, &format!("counter-empty-{language}")).await;
    }
    for dish in ["lentil-soup", "chicken-wrap", "coffee-and-cake"] {
        cook.click(&format!("#dish-{dish} button")).await;
        cook.holds("the page again", &format!("document.activeElement.closest('#dish-{dish}') !== null")).await;
    }
    cook.run("document.querySelectorAll('.ticket details').forEach((it) => { it.open = true })").await;
    // At the end of the page the bar with the sum, which stays in sight, covers nothing.
    cook.run("scrollTo(0, document.body.scrollHeight)").await;
    fits(&cook, device, "counter").await;
    cook.run("document.querySelector('#dish-cappuccino').scrollIntoView({ block: 'center' })").await;
    cook.shoots(&format!("{device:?}-counter-dishes")).await;
    for nth in 0..3 {
        if nth > 0 {
            cook.click("#dish-lentil-soup button").await;
        }
        cook.press("Bestellen, Nummer geben").await;
        cook.sees(".notice.good", "Nummer").await;
    }
    fits(&cook, device, "counter-placed").await;
    cook.open("/kitchen").await;
    cook.sees("section[aria-label=Jetzt] .card", "").await;
    cook.press_in("//section[@aria-label='Jetzt']", "Anfangen").await;
    cook.press_in("//section[@aria-label='Jetzt']", "Fertig").await;
    cook.sees("section[aria-label=Bereit] .card", "").await;
    for language in ["en", "de"] {
        cook.open(&format!("/kitchen?lang={language}")).await;
        fits(&cook, device, &format!("kitchen-{language}")).await;
    }
    for station in ["hot", "cold", "bar"] {
        cook.open(&format!("/kitchen/at/{station}")).await;
        fits(&cook, device, &format!("kitchen-{station}")).await;
    }
    cook.open("/pickup").await;
    cook.sees(".ready", "").await;
    fits(&cook, device, "pickup").await;
    // A meal whose station has closed needs a decision.
    let visitor = stage.visitor(Device::Phone).await;
    books(&visitor, "Unsere Milchstraße", Pays::AtDesk).await;
    visitor.quits().await;
    cook.open("/kitchen").await;
    cook.sees("section[aria-label=Demnächst] .card", "").await;
    cook.press_in("//li[contains(., 'Warme Küche')]", "Schließen").await;
    cook.sees(".notice.bad", "braucht eine Entscheidung").await;
    fits(&cook, device, "kitchen-at-rest").await;
    cook.open("/kitchen/decisions").await;
    cook.sees("#affected ~ ul .card", "").await;
    fits(&cook, device, "decisions").await;
    cook.open("/kitchen").await;
    cook.press_in("//section[@aria-label='Jetzt']", "Mehr").await;
    cook.sees("h1", "Bestellung").await;
    fits(&cook, device, "kitchen-order").await;
    cook.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordering_fits_a_phone() {
    let Some(stage) = Stage::open().await else { return };
    order_form(&stage, Device::Phone).await;
    kitchen_pages(&stage, Device::Phone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordering_fits_a_desk() {
    let Some(stage) = Stage::open().await else { return };
    order_form(&stage, Device::Desk).await;
    kitchen_pages(&stage, Device::Desk).await;
}
