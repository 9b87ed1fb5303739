//! A new screen on the wall: its code, the desk that types it, the display it becomes, and its end.

use kernel::Role;
use thirtyfour::By;

use crate::{
    cable::Cable,
    chrome::{Browser, Device},
    stage::Stage,
};

async fn types_code(desk: &Browser, screen: &Browser, display: &str) {
    screen.sees(".claim", "").await;
    let code = screen.driver.find(By::Css(".claim")).await.expect("a code").text().await.expect("its letters");
    assert_eq!(code.len(), 6, "'{code}'");
    desk.open("/displays").await;
    desk.click("#pairing summary").await;
    desk.types("#claim", &code.to_lowercase()).await;
    desk.click(&format!("#device option[value={display}]")).await;
    desk.click("#pairing button").await;
    desk.sees(".notice.good", "Angemeldet").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_is_paired_signed_out_and_paired_again_and_never_stands_empty() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let screen = stage.screen(&cable).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    screen.open("/pair").await;
    screen.shoots("pair").await;
    types_code(&desk, &screen, "foyer-2").await;
    screen.arrives("/monitor/foyer-2").await;
    screen.sees("li .places", "Plätze frei").await;

    desk.click("#revoking summary").await;
    // Two touches: which one, and gone.
    desk.click("#revoking button[value=foyer-2]").await;
    desk.sees(".notice.good", "Abgemeldet").await;
    // Its line is cut by the house, not after a while.
    screen.sees(".out", "Dieser Monitor ist abgemeldet").await;
    screen.holds("a code for the desk", "document.querySelector('.out .claim').textContent.length === 6").await;
    screen.sees("main li", "Hauptausgang").await;
    screen.sees_no_more("main", "Plätze frei").await;
    screen.shoots("monitor-signed-out").await;

    types_code(&desk, &screen, "foyer-2").await;
    screen.sees("li .places", "Plätze frei").await;
    screen.sees_no_more("body", "abgemeldet").await;
    screen.driver.quit().await.expect("the browser ends");
    desk.quits().await;
}
