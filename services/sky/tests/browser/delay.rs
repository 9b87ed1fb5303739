//! A delay pressed at the desk moves every page that shows it, without a reload.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use kernel::{Role, values::from_timestamp};

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, books},
    stage::{Stage, clock},
};

/// The quarter of an hour of a pickup, as the kitchen counts what it has to make.
fn quarter(pickup: DateTime<Utc>) -> String {
    clock(pickup.duration_trunc(TimeDelta::minutes(15)).expect("a time"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_moves_every_page_without_reload() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Unsere Milchstraße", Pays::AtDesk).await;
    family.sees(".notice.good", "Gebucht").await;
    let before = stage.visit(&booked.visit).await;
    let start = from_timestamp(before.starts_at);
    let pickup = from_timestamp(before.meal.as_ref().expect("a meal").pickup_at);
    let until = from_timestamp(before.parking.as_ref().expect("a bay").until);

    // Four pages stand open, each as it was before.
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    let monitor = stage.staff(Role::Desk, Device::Desk).await;
    let kitchen = stage.staff(Role::Kitchen, Device::Desk).await;
    let gate = stage.staff(Role::Attendant, Device::Phone).await;
    monitor.open("/monitor/dome-door-1").await;
    kitchen.open("/kitchen").await;
    gate.open("/carpark").await;
    let reference = before.reference.as_str();
    family.sees(".lead", &clock(start)).await;
    monitor.sees(".screen", &clock(start)).await;
    kitchen.sees("section[aria-label=Demnächst]", &clock(pickup)).await;
    kitchen.sees(".wave", &quarter(pickup)).await;
    gate.sees("tbody", &clock(until)).await;
    let watching = [&family, &monitor, &kitchen, &gate];
    for page in watching {
        page.marks_page().await;
    }

    desk.open(&format!("/desk/showings/{}", booked.showing)).await;
    desk.sees(".parties", reference).await;
    desk.types_over("#minutes", "25").await;
    desk.types("#delay-reason", "Der Projektor wird neu gestartet.").await;
    // What follows is said before it is done.
    desk.press_in("//form[.//*[@id='delay-reason']]", "Ansehen").await;
    desk.sees("h1", "Verschieben: 25 min").await;
    desk.sees("[aria-labelledby=kitchen]", &clock(pickup)).await;
    assert_eq!(stage.visit(&booked.visit).await.starts_at, before.starts_at, "nothing has changed yet");
    accessible::check(&desk, "what a delay costs").await;
    desk.shoots("desk-delay-look").await;
    desk.press("Um 25 Minuten verschieben").await;
    let later = TimeDelta::minutes(25);
    desk.sees(".notice.good", &clock(start + later)).await;
    desk.shoots("desk-showing-delayed").await;

    family.sees(".lead", &clock(start + later)).await;
    family.sees(".timeline", "verschoben").await;
    family.sees(".notice", "Der Projektor wird neu gestartet.").await;
    monitor.sees(".screen", &clock(start + later)).await;
    monitor.sees(".screen", "Verspätet").await;
    gate.sees("tbody", &clock(until + later)).await;
    let moved = stage
        .visit_with(&booked.visit, "a later meal", |visit| {
            from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) > pickup
        })
        .await;
    let pickup = from_timestamp(moved.meal.expect("a meal").pickup_at);
    kitchen.sees("section[aria-label=Demnächst]", &clock(pickup)).await;
    kitchen.sees(".wave", &quarter(pickup)).await;
    kitchen.shoots("kitchen-wave").await;
    family.sees("dl.facts", &clock(pickup)).await;
    family.shoots("visit-delayed").await;
    monitor.shoots("monitor-delayed").await;
    gate.shoots("carpark-delayed").await;

    // Too much was said: two touches, and all of it is taken back.
    desk.press_in("//section[@aria-labelledby='earlier']", "Ansehen, was das kostet").await;
    desk.sees("h1", "Früher beginnen: 25 min").await;
    desk.sees(".lead", &clock(start)).await;
    accessible::check(&desk, "what an earlier start costs").await;
    desk.shoots("desk-earlier-look").await;
    desk.press("25 Minuten früher beginnen").await;
    desk.sees(".notice.good", &clock(start)).await;
    desk.sees_no_more("main", "Früher beginnen").await;
    family.sees(".lead", &clock(start)).await;
    family.sees(".notice", "beginnt doch schon um").await;
    monitor.sees(".screen", &clock(start)).await;
    monitor.sees_no_more(".screen", "Verspätet").await;
    gate.sees("tbody", &clock(until)).await;
    let back = stage
        .visit_with(&booked.visit, "the first pickup", |visit| {
            from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) < pickup
        })
        .await;
    let pickup = from_timestamp(back.meal.expect("a meal").pickup_at);
    kitchen.sees("section[aria-label=Demnächst]", &clock(pickup)).await;
    family.sees("dl.facts", &clock(pickup)).await;
    for page in watching {
        assert!(page.is_same_page().await, "{} was reloaded", page.path().await);
    }
    for browser in [family, desk, monitor, kitchen, gate] {
        browser.quits().await;
    }
}
