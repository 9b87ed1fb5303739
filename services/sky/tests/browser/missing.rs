//! Who is missing, split by what is known, on a page that nobody reloads: a car that drives in and a payment at the desk
//! move a party from one figure to the next.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};

use crate::{
    accessible,
    chrome::{Browser, Device},
    journey::{Pays, books, fills_in_form, orders},
    stage::Stage,
};

/// How many are in the foyer, in the car park, on the way, and where nobody knows.
async fn split(browser: &Browser, figures: [u32; 4]) {
    let seen = "JSON.stringify([...document.querySelectorAll('.split dd')].map((it) => Number(it.textContent)))";
    let [foyer, car_park, on_the_way, unknown] = figures;
    let expected = format!("[{foyer},{car_park},{on_the_way},{unknown}]");
    browser.holds(&format!("the split {expected}"), &format!("{seen} === '{expected}'")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_car_and_a_payment_say_where_a_missing_party_is() {
    let Some(stage) = Stage::open().await else { return };
    let title = "Der Sternenhimmel heute Nacht";
    let family = stage.visitor(Device::Phone).await;
    let by_car = books(&family, title, Pays::AtDesk).await;
    family.quits().await;
    let tram = stage.visitor(Device::Phone).await;
    let showing = fills_in_form(&tram, title).await;
    tram.click("#bay0").await;
    let by_tram = orders(&tram, showing, Pays::AtDesk).await;
    tram.quits().await;
    assert_eq!(by_car.showing, by_tram.showing);
    let visit = stage.visit(&by_car.visit).await;
    let reference = stage.visit(&by_tram.visit).await.reference;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(30)).await;

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    split(&desk, [0, 0, 3, 3]).await;
    let party = format!("#party-{}", visit.reference);
    desk.sees(&party, "noch nicht da").await;
    desk.sees(&format!("#party-{reference}"), "unbekannt").await;
    desk.marks_page().await;

    // Its car drives in.
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    gate.open("/carpark").await;
    gate.types("#code", &stage.code(&by_car.visit).await).await;
    gate.press("Einfahrt").await;
    gate.sees(".notice.good", "").await;
    gate.quits().await;
    split(&desk, [0, 3, 0, 3]).await;
    desk.sees(&party, "auf dem Parkplatz").await;
    assert!(desk.is_same_page().await, "it was reloaded");
    desk.shoots("desk-missing-split").await;
    accessible::check(&desk, "who is missing, split").await;

    // The others pay at another till, and so have been seen in the house.
    let till = stage.staff(Role::Desk, Device::Phone).await;
    till.open("/desk").await;
    till.types("#reference", &reference).await;
    till.press_in("//form[@action='/desk/party']", "Zeigen").await;
    till.press("Bar kassiert").await;
    till.sees(".notice.good", "").await;
    split(&desk, [3, 3, 0, 0]).await;
    desk.sees(&format!("#party-{reference}"), "im Foyer").await;
    // And so it is on the operator's page.
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open(&format!("/operator/{}", by_car.showing)).await;
    split(&operator, [3, 3, 0, 0]).await;
    for browser in [desk, till, operator] {
        browser.quits().await;
    }
}
