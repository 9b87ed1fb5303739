//! In the kitchen, on its tablet: what was pressed by mistake is taken back, also where money would have gone back. And what
//! all boards of the house say above everything else.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::{flow::v1::HouseState, gastro::v1::OrderState};

use crate::{
    accessible::check,
    chrome::Device,
    journey::{Pays, books},
    stage::{Stage, clock},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dish_instead_and_an_answer_about_money_are_taken_back() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::Online).await;
    let has_meal = |visit: &sky_proto::journey::v1::Visit| {
        visit.meal.as_ref().is_some_and(|meal| meal.state() == OrderState::Scheduled)
    };
    let visit = stage.visit_with(&booked.visit, "a meal", has_meal).await;

    let cook = stage.staff(Role::Kitchen, Device::Tablet).await;
    cook.open("/kitchen").await;
    let ordered = cook.run("return document.querySelector('.dishes strong').textContent").await;
    let ordered = ordered.as_str().expect("a dish").to_owned();
    cook.press("Mehr").await;
    cook.press("Ersetzen").await;
    let instead = cook
        .run("return document.querySelector('#choices ~ ul form').closest('li').querySelector('h3').textContent")
        .await;
    let instead = instead.as_str().expect("a dish").trim().to_owned();
    cook.run("document.querySelectorAll('#choices ~ ul input[type=checkbox]').forEach((it) => { it.checked = true })")
        .await;
    cook.press("Das stattdessen").await;
    cook.arrives("/kitchen").await;
    cook.sees(".dishes", &instead).await;
    cook.shoots("Tablet-kitchen-instead").await;
    check(&cook, "a dish instead").await;
    cook.press("Zurück").await;
    cook.sees(".dishes", &ordered).await;
    cook.sees_no_more(".card .buttons", "Zurück").await;

    // Its station closes; that the money goes back was pressed by mistake.
    let station = "const at = document.querySelector('.card .dishes .small').textContent.trim();
        const card = [...document.querySelectorAll('.cards.wide > li')].find((it) => it.querySelector('h3').textContent.includes(at));
        card.querySelector('button[name=state][value=\"3\"]').click()";
    cook.run(station).await;
    cook.sees(".notice.bad", "").await;
    cook.open("/kitchen/decisions").await;
    cook.press("Geld zurück").await;
    cook.sees(".card.bad", "Das Geld geht zurück um").await;
    cook.shoots("Tablet-kitchen-refund").await;
    check(&cook, "money that is about to go back").await;
    cook.press("Zurück: ").await;
    cook.sees(".card.bad", "Wie bestellt machen").await;
    cook.quits().await;

    // It was not the family's answer: it is still asked, and nothing has gone back.
    family.open("/visit/meal").await;
    family.sees("main", "Geld zurück").await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(30)).await;
    assert!(stage.visit(&booked.visit).await.refunds.is_empty(), "no money has moved");
    family.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ordered_ahead_is_read_and_printed_by_dish_and_quarter() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::Online).await;
    let has_meal = |visit: &sky_proto::journey::v1::Visit| {
        visit.meal.as_ref().is_some_and(|meal| meal.state() == OrderState::Scheduled)
    };
    let meal = stage.visit_with(&booked.visit, "a meal", has_meal).await.meal.expect("a meal");
    family.quits().await;

    let cook = stage.staff(Role::Kitchen, Device::Tablet).await;
    cook.open("/kitchen").await;
    cook.press("Morgen").await;
    cook.arrives("/kitchen/ahead").await;
    cook.sees("h1", "Vorbestellt: ").await;
    cook.sees("main", "nichts vorbestellt").await;
    cook.press("Heute").await;
    cook.sees("main", "Eine Bestellung ist noch zu machen.").await;
    let pickup = kernel::values::quarter(from_timestamp(meal.pickup_at));
    cook.sees("table:last-of-type tbody th", &clock(pickup)).await;
    for line in &meal.lines {
        let name = line.name.clone().unwrap_or_default().de;
        cook.sees("table:first-of-type tbody", &name).await;
        cook.sees("table:last-of-type tbody", &format!("{} × {name}", line.quantity)).await;
    }
    cook.shoots("Tablet-kitchen-ahead").await;
    check(&cook, "what is ordered ahead").await;
    cook.command("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    cook.holds("no buttons on paper", "document.querySelector('.buttons').offsetHeight === 0").await;
    cook.open("/kitchen/ahead?day=gestern").await;
    cook.sees("[role=alert]", "Diesen Tag gibt es hier nicht").await;
    cook.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pickup_board_says_the_time_of_the_house_whatever_zone_its_screen_is_set_to() {
    let Some(stage) = Stage::open().await else { return };
    let board = stage.visitor(Device::Monitor).await;
    board.command("Emulation.setTimezoneOverride", json!({ "timezoneId": "America/New_York" })).await;
    board.open("/pickup").await;
    board
        .holds(
            "New York is the screen's zone",
            "Intl.DateTimeFormat().resolvedOptions().timeZone === 'America/New_York'",
        )
        .await;
    let in_halle =
        "new Date().toLocaleTimeString('de', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Berlin' })";
    board
        .holds(
            "the time in Halle",
            &format!("document.querySelector('[data-live-status]').textContent === 'Stand ' + {in_halle}"),
        )
        .await;
    board.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_boards_of_the_house_say_that_it_is_to_be_left() {
    let Some(stage) = Stage::open().await else { return };
    let cook = stage.staff(Role::Kitchen, Device::Tablet).await;
    let attendant = stage.staff(Role::Attendant, Device::Desk).await;
    let cafe = stage.visitor(Device::Monitor).await;
    cook.open("/kitchen").await;
    attendant.open("/carpark").await;
    cafe.open("/pickup").await;
    for board in [&cook, &attendant, &cafe] {
        board.sees_no_more("main", "RÄUMUNG").await;
    }

    stage.sets_house("anna", HouseState::Evacuating).await;
    for (board, at) in [(&cook, "[role=alert]"), (&attendant, "[role=alert]"), (&cafe, ".leave")] {
        board.sees(at, "RÄUMUNG").await;
    }
    cafe.sees(".leave [lang=en]", "EVACUATION").await;
    let covered = "const at = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
        return at.closest('.leave') !== null && document.documentElement.scrollHeight <= innerHeight";
    assert_eq!(cafe.run(covered).await, json!(true), "no number is called beside it, and all of it can be read");
    cafe.shoots("Monitor-pickup-evacuation").await;
    cook.shoots("Tablet-kitchen-evacuation").await;
    check(&cafe, "the café's board in an evacuation").await;
    check(&cook, "the kitchen in an evacuation").await;
    // Whoever comes to a board now reads it with the page.
    for page in ["/kitchen/hand-out", "/kitchen/counter"] {
        cook.open(page).await;
        cook.sees("[role=alert]", "RÄUMUNG").await;
    }
    cafe.open("/pickup").await;
    cafe.sees(".leave", "RÄUMUNG").await;

    stage.sets_house("anna", HouseState::AllClear).await;
    stage.sets_house("ben", HouseState::AllClear).await;
    for board in [&cook, &attendant, &cafe] {
        board.sees_no_more("main", "RÄUMUNG").await;
    }
    for board in [cook, attendant, cafe] {
        board.quits().await;
    }
}
