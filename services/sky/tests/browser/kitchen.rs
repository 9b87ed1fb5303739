//! In the kitchen, on its tablet: what was pressed by mistake is taken back, also where money would have gone back. And what
//! all boards of the house say above everything else.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::{flow::v1::HouseState, gastro::v1::OrderState};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    accessible::check,
    chrome::Device,
    hand_out::walk_up,
    journey::{Pays, books},
    stage::{Stage, clock},
};

/// A ticket printer: as long as it is not well it hangs up, and then it answers every question that all is good.
async fn printer(well: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    kernel::Tasks::default().spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut told, mut bytes) = (Vec::<u8>::new(), [0_u8; 4096]);
            while well.load(Ordering::SeqCst)
                && let Ok(count @ 1..) = stream.read(&mut bytes).await
            {
                told.extend(&bytes[..count]);
                while let Some(at) = told.windows(2).position(|it| it == [0x10, 0x04] || it == [0x1d, b'r']) {
                    let is_in_turn = told[at] == 0x1d;
                    told.drain(..at + 2);
                    let _ = stream.write_all(&[if is_in_turn { 0x00 } else { 0x12 }]).await;
                }
            }
        }
    });
    address
}

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
async fn the_pickup_board_says_the_house_s_time_and_a_ticket_that_is_nowhere_to_be_read_is_red_until_it_is_printed() {
    let well = Arc::new(AtomicBool::new(false));
    let own = BTreeMap::from([("printer".to_owned(), toml::Value::String(printer(well.clone()).await))]);
    let Some(stage) = Stage::open_with(BTreeMap::from([("gastro".to_owned(), own)])).await else { return };
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

    // Nobody has opened the board in the kitchen, and the printer hangs up. The desk sees it as well.
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/kitchen").await;
    desk.marks_page().await;
    let placed = walk_up(&stage).await;
    desk.sees(".notice.bad", "Ein Zettel ist nirgends zu lesen").await;
    desk.sees(&format!("#order-{} .badge.bad", placed.order_id), "nicht gedruckt").await;
    check(&desk, "a ticket that is nowhere to be read").await;
    let cook = stage.staff(Role::Kitchen, Device::Tablet).await;
    crate::chrome::until("it was tried", async || {
        cook.open("/kitchen/decisions").await;
        let words = cook.words().await;
        let tried = words.contains("versucht") && !words.contains("noch nicht versucht");
        tried.then_some(()).ok_or(words)
    })
    .await;
    cook.shoots("Tablet-kitchen-unsent").await;
    check(&cook, "tickets that are not printed").await;
    // It would try again by itself; staff need not wait for that.
    sqlx::query("update ticket set next_try_at = next_try_at + interval '1 hour'")
        .execute(stage.house.pool("gastro"))
        .await
        .expect("put off");
    well.store(true, Ordering::SeqCst);
    cook.press("Drucken").await;
    cook.sees(".notice.good", &format!("Nummer {} geht an den Drucker", placed.number)).await;
    desk.sees_no_more("main", "nicht gedruckt").await;
    desk.sees_no_more("main", "nirgends zu lesen").await;
    assert!(desk.is_same_page().await, "the board says so by itself");
    cook.open("/kitchen/decisions").await;
    cook.sees("main", "Alle Zettel sind zu lesen").await;
    for browser in [desk, cook] {
        browser.quits().await;
    }
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
