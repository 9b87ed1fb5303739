//! A family's visit by clicking, from the programme to the meal after the showing, with the desk, the
//! car park and the kitchen clicking along; and the steps of it that other tests take too.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use sky_proto::gastro::v1::OrderState;

use crate::{
    chrome::{Browser, Device, until},
    stage::{Stage, clock},
};

/// What somebody pays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pays {
    Online,
    AtDesk,
}

/// A visit and its showing, as addresses name them.
#[derive(Clone, Debug)]
pub struct Booked {
    pub visit: String,
    pub showing: String,
}

/// Chooses the first showing with this title and fills in the form: two adults, a child, a bay, a meal.
pub async fn fills_in_form(browser: &Browser, title: &str) -> String {
    browser.open("/").await;
    browser.press_in("//h3", title).await;
    browser.arrives("/showings/").await;
    let showing = browser.path().await.rsplit('/').next().expect("an id").to_owned();
    browser.types("#count_adult", "2").await;
    browser.types("#count_child", "1").await;
    browser.click("#bay1").await;
    browser.click("#meal summary").await;
    browser.types(".dish input:not([disabled])", "1").await;
    showing
}

/// Books by clicking; ends on the visit's page.
pub async fn books(browser: &Browser, title: &str, pays: Pays) -> Booked {
    let showing = fills_in_form(browser, title).await;
    orders(browser, showing, pays).await
}

/// Orders what stands in the form; ends on the visit's page.
pub async fn orders(browser: &Browser, showing: String, pays: Pays) -> Booked {
    browser.press("Weiter zur Übersicht").await;
    browser.arrives("/order/").await;
    browser.sees("main", "3").await;
    let visit = browser.path().await.rsplit('/').next().expect("an id").to_owned();
    browser.types("#name", "Erika Muster").await;
    browser.types("#email", "erika@visitors.invalid").await;
    browser.click(if pays == Pays::Online { "#online" } else { "#desk" }).await;
    browser.press("zahlungspflichtig bestellen").await;
    if pays == Pays::Online {
        browser.press("Jetzt bezahlen:").await;
        browser.sees("h1", "Demo-Bezahldienst").await;
        browser.press("Jetzt bezahlen").await;
    }
    browser.arrives("/visit").await;
    Booked { visit, showing }
}

/// Presses a showing's button at the desk.
pub async fn moves_admission(desk: &Browser, booked: &Booked, button: &str) {
    desk.press_in(&format!("//form[contains(@action, '{}')]", booked.showing), button).await;
    desk.sees(".notice.good", "Erledigt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_family_clicks_through_its_visit() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::Online).await;
    family.sees(".notice.good", "Gebucht").await;
    family.sees("dl.facts", "bezahlt").await;
    let visit = stage.visit(&booked.visit).await;
    until("a code to show", async || {
        let drawn = family.run("return document.querySelector('.qr svg')?.getBoundingClientRect().width").await;
        drawn.as_f64().filter(|width| *width > 150.0).map(drop).ok_or(format!("width {drawn}"))
    })
    .await;
    for seat in visit.seats.iter().filter(|seat| !seat.label.is_empty()) {
        family.sees("dl.facts", &seat.label).await;
    }
    let start = from_timestamp(visit.starts_at);
    family.sees(".timeline", &clock(start)).await;
    // Hours before: how to come, to plan with.
    family.sees("section.ahead", "Ihr Weg: Herkommen").await;
    family.sees("section.ahead", "gewöhnlich").await;
    family.shoots("visit-booked").await;
    family.click("details:has(#plate) summary").await;
    family.types("#plate", "hal ab 123").await;
    family.press("Kennzeichen merken").await;
    family.sees(".notice.good", "gemerkt").await;
    family.sees("details:has(#plate) summary", "gemerkt").await;
    family.marks_page().await;

    stage.waits_until(start - TimeDelta::minutes(30)).await;
    let code = stage.code(&booked.visit).await;
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    gate.open("/carpark").await;
    gate.types("#code", &code).await;
    gate.press("Einfahrt").await;
    gate.sees(".notice.good", "").await;
    gate.sees("tbody", "steht auf dem Platz").await;
    family.sees("dl.facts", "steht auf dem Platz").await;
    // Where the day leads to after the showing, beside what leads to the seats.
    family.sees("section[aria-labelledby=steps]", "Weg: Parkplatz Holzplatz").await;
    gate.quits().await;

    stage.waits_until(start - TimeDelta::minutes(20)).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    desk.types("#code", &code).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    desk.shoots("desk-admitted").await;
    family.sees("dl.facts", "davon eingelassen: 3").await;
    desk.types("#code", &code).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.bad", "").await;
    moves_admission(&desk, &booked, "Letzter Aufruf").await;
    stage.waits_until(start).await;
    moves_admission(&desk, &booked, "Starten").await;
    desk.quits().await;

    eats(&stage, &booked, &family).await;
    assert!(family.is_same_page().await, "the visit's page was reloaded on the way");
    family.shoots("visit-over").await;
    family.quits().await;
}

/// The kitchen fires, makes and hands out the meal; the family's page follows.
async fn eats(stage: &Stage, booked: &Booked, family: &Browser) {
    let running = stage
        .visit_with(&booked.visit, "a prediction of the end", |visit| {
            let meal = visit.meal.as_ref().expect("a meal");
            meal.state() == OrderState::Scheduled && from_timestamp(meal.pickup_at) >= from_timestamp(visit.ends_at)
        })
        .await;
    let meal = running.meal.expect("a meal");
    let kitchen = stage.staff(Role::Kitchen, Device::Desk).await;
    kitchen.open("/kitchen").await;
    kitchen.marks_page().await;
    kitchen.sees("section[aria-label=Demnächst]", &clock(from_timestamp(meal.pickup_at))).await;
    stage.waits_until(from_timestamp(meal.fire_at) + TimeDelta::seconds(1)).await;
    kitchen.sees("section[aria-label=Jetzt]", &clock(from_timestamp(meal.pickup_at))).await;
    assert!(kitchen.is_same_page().await, "the kitchen's page was reloaded");
    kitchen.shoots("kitchen-fired").await;
    kitchen.press_in("//section[@aria-label='Jetzt']", "Anfangen").await;
    family.sees("dl.facts", "wird zubereitet").await;
    kitchen.press_in("//section[@aria-label='Jetzt']", "Fertig").await;
    family.sees("dl.facts", "steht bereit").await;
    kitchen.press_in("//section[@aria-label='Bereit']", "Abgeholt").await;
    family.sees("dl.facts", "abgeholt").await;
    kitchen.quits().await;
}
