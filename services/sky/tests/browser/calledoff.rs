//! Called off by a press: a showing by the desk, a visit by the visitor. Every page that shows it follows without a reload,
//! and the money goes back.

use kernel::{Role, values::from_timestamp};
use sky_proto::payments::v1::PaymentState;

use crate::{
    accessible,
    chrome::{Browser, Device},
    journey::{Booked, Pays, books},
    stage::{Stage, clock},
};

/// The kitchen's board and the car park's, each with what the visit has ordered there.
async fn boards(stage: &Stage, booked: &Booked) -> (Browser, Browser) {
    let visit = stage.visit(&booked.visit).await;
    let kitchen = stage.staff(Role::Kitchen, Device::Desk).await;
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    kitchen.open("/kitchen").await;
    gate.open("/carpark").await;
    let pickup = clock(from_timestamp(visit.meal.expect("a meal").pickup_at));
    kitchen.sees("section[aria-label=Demnächst]", &pickup).await;
    gate.sees("tbody", &visit.reference).await;
    gate.sees("tbody", "erwartet").await;
    for board in [&kitchen, &gate] {
        board.marks_page().await;
    }
    (kitchen, gate)
}

/// Nothing is cooked for them, and no bay is kept.
async fn forget(stage: &Stage, booked: &Booked, (kitchen, gate): (Browser, Browser)) {
    let reference = stage.visit(&booked.visit).await.reference;
    kitchen
        .holds("nothing to cook", "document.querySelectorAll('section[aria-label=Demnächst] li.card').length === 0")
        .await;
    let expected = format!(
        "[...document.querySelectorAll('tbody tr')].every((row) =>
            !row.textContent.includes('{reference}') || !row.textContent.includes('erwartet'))"
    );
    gate.holds("no bay is kept", &expected).await;
    for board in [kitchen, gate] {
        assert!(board.is_same_page().await, "{} was reloaded", board.path().await);
        board.quits().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_showing_that_the_desk_calls_off_is_gone_from_every_page_and_paid_back() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Unsere Milchstraße", Pays::Online).await;
    family.sees(".notice.good", "Gebucht").await;
    family.sees("dl.facts", "bezahlt").await;
    let boards = boards(&stage, &booked).await;
    let monitor = stage.staff(Role::Desk, Device::Desk).await;
    monitor.open("/monitor/dome-door-1").await;
    monitor.sees(".screen", "Unsere Milchstraße").await;
    for page in [&family, &monitor] {
        page.marks_page().await;
    }

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open(&format!("/desk/showings/{}", booked.showing)).await;
    desk.types("#cancel-reason", "Der Projektor ist ausgefallen.").await;
    // A press without the tick says what is missing, and changes nothing.
    desk.press_in("//form[contains(@action, '/cancel')]", "Vorstellung absagen").await;
    desk.sees(".notice.bad", "").await;
    family.sees(".notice.good", "Gebucht").await;
    desk.types("#cancel-reason", "Der Projektor ist ausgefallen.").await;
    desk.click("#sure").await;
    desk.press_in("//form[contains(@action, '/cancel')]", "Vorstellung absagen").await;
    desk.sees(".notice.good", "Abgesagt").await;
    desk.sees(".notice.good", "1 Besuch").await;

    family.sees(".notice", "Der Projektor ist ausgefallen.").await;
    family.sees(".notice", "Storniert und erstattet").await;
    family.sees("dl.facts", "erstattet").await;
    family.sees_no_more("main", "Ihr Code").await;
    monitor.sees(".screen", "Fällt aus").await;
    stage.visit_with(&booked.visit, "the money back", |visit| visit.payment_state() == PaymentState::Refunded).await;
    forget(&stage, &booked, boards).await;
    for page in [&family, &monitor] {
        assert!(page.is_same_page().await, "{} was reloaded", page.path().await);
    }
    family.shoots("visit-showing-called-off").await;
    monitor.shoots("monitor-called-off").await;
    accessible::check(&family, "a showing that was called off").await;
    for browser in [family, monitor, desk] {
        browser.quits().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_calls_the_visit_off_and_nothing_is_kept_for_it() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Unsere Milchstraße", Pays::Online).await;
    family.sees(".notice.good", "Gebucht").await;
    let boards = boards(&stage, &booked).await;
    let form = "//form[@action='/visit/cancel']";
    family.press_in("//details[.//form[@action='/visit/cancel']]", "Besuch stornieren").await;
    family.press_in(form, "Besuch stornieren").await;
    family.sees(".notice.bad", "Bitte bestätigen Sie erst").await;
    family.press_in("//details[.//form[@action='/visit/cancel']]", "Besuch stornieren").await;
    family.click("#sure").await;
    family.press_in(form, "Besuch stornieren").await;
    family.sees("main", "Storniert und erstattet").await;
    family.sees("dl.facts", "erstattet").await;
    family.sees_no_more("main", "Besuch stornieren").await;
    stage.visit_with(&booked.visit, "the money back", |visit| visit.payment_state() == PaymentState::Refunded).await;
    forget(&stage, &booked, boards).await;
    family.shoots("visit-called-off").await;
    accessible::check(&family, "a visit that was called off").await;
    family.quits().await;
}
