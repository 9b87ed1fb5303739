//! What a monitor's page does when its own clock is wrong, when its watcher wants no motion, when the house's database
//! was restored from a copy, and when staff ask for a picture of its screen.

use chrono::TimeDelta;
use kernel::{Caller, Role};
use serde_json::json;
use sky_proto::{
    flow::v1::HouseState,
    signage::v1::{
        DisplayState, ListDisplaysRequest, SubmitScreenshotRequest, WatchDisplayRequest, display_update::Update,
        displays_client::DisplaysClient, signage_client::SignageClient,
    },
};
use thirtyfour::By;

use crate::{
    cable::Cable,
    chrome::{Browser, Device, until},
    films::{RUNS, film},
    monitor::leaves,
    screens::Desktop,
    stage::{Stage, clock},
    world::staff,
};

/// The time of the day on the device is wrong by `test wrong`; its ticks are not.
const WRONG: &str = "
    const right = Date.now.bind(Date);
    Date.now = () => right() + Number(localStorage.getItem('test wrong') || 0);";

async fn is_wrong_by(monitor: &Browser, by: TimeDelta) {
    monitor.run(&format!("localStorage.setItem('test wrong', '{}')", by.num_milliseconds())).await;
}

/// The monitor's clock is the house's, and what it shows is what holds now.
async fn is_right(stage: &Stage, monitor: &Browser, first: &str) {
    until("the house's time", async || {
        let shown = monitor.driver.find(By::Css(".clock")).await.map_err(|error| error.to_string())?;
        let (shown, now) = (shown.text().await.map_err(|error| error.to_string())?, clock(stage.house.clock.now()));
        if shown == now { Ok(()) } else { Err(format!("{shown} instead of {now}")) }
    })
    .await;
    monitor.sees("li .time", first).await;
    monitor.sees(".countdown", "min").await;
    monitor.holds("nothing is called old", "document.querySelector('.stand').hidden").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_whose_wall_clock_is_wrong_or_set_while_it_runs_shows_the_house_s_time() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", "").await;
    let first = monitor.driver.find(By::Css("li .time")).await.expect("a start").text().await.expect("a time");
    monitor.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WRONG })).await;
    is_wrong_by(&monitor, TimeDelta::hours(3)).await;
    monitor.open("/monitor/foyer-1").await;
    is_right(&stage, &monitor, &first).await;
    // Staff read that it is wrong, and by how much.
    until("a degraded monitor", async || {
        let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Desk)));
        let listed = signage.list_displays(ListDisplaysRequest {}).await.map_err(|error| error.to_string())?;
        let it = listed.into_inner().displays.into_iter().find(|it| it.display_id == "foyer-1").expect("it");
        let hours = it.health.as_ref().map_or(0, |health| health.skew_millis) / 3_590_000;
        if (it.state(), hours) == (DisplayState::Degraded, 3) { Ok(()) } else { Err(format!("{it:?}")) }
    })
    .await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/displays/screens/foyer-1").await;
    desk.sees("main", "Uhr geht +10").await;
    desk.quits().await;
    // Somebody sets it while it runs: far back, then far ahead.
    monitor.marks_page().await;
    for days in [-400, 400] {
        is_wrong_by(&monitor, TimeDelta::days(days)).await;
        stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(1)).await;
        is_right(&stage, &monitor, &first).await;
    }
    assert!(monitor.is_same_page().await, "it was reloaded");
    leaves(monitor).await;
}

/// A film that is there and stands still.
const STANDS: &str = "(async () => { const film = document.querySelector('.stage video');
    if (!film || film.readyState < 2 || !film.paused) return false;
    const at = film.currentTime;
    await new Promise((go) => setTimeout(go, 700));
    return film.isConnected && film.paused && film.currentTime === at; })()";

async fn wants_motion(monitor: &Browser, is: bool) {
    let value = if is { "no-preference" } else { "reduce" };
    let features = json!({ "features": [{ "name": "prefers-reduced-motion", "value": value }] });
    monitor.command("Emulation.setEmulatedMedia", features).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_less_motion_is_wanted_films_stand_still() {
    let Some(stage) = Stage::open().await else { return };
    let (cable, desktop) = (Cable::to(stage.house.running.http).await, Desktop::new());
    let monitor = stage.monitor(&cable, "foyer-1").await;
    wants_motion(&monitor, true).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    film(&desktop, &desk).await;
    desk.quits().await;
    monitor.holds("the film", RUNS).await;
    wants_motion(&monitor, false).await;
    monitor.holds("the film stops at once", STANDS).await;
    monitor.open("/monitor/foyer-1").await;
    monitor.holds("it never begins", STANDS).await;
    wants_motion(&monitor, true).await;
    monitor.holds("the film again", RUNS).await;
    monitor.driver.quit().await.expect("the browser ends");
}

async fn sql(stage: &Stage, statements: &[&'static str]) {
    for statement in statements {
        sqlx::query(*statement).execute(stage.house.pool("signage")).await.expect(statement);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_was_restored_from_a_copy_frees_its_monitors_from_an_evacuation_that_never_was() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (looking, reloaded) = (stage.monitor(&cable, "foyer-1").await, stage.monitor(&cable, "foyer-2").await);
    let copy = [
        "create table copy_view as select * from view",
        "create table copy_display as select * from display",
        "create table copy_board as select * from board",
        "create table copy_fact as select * from fact",
    ];
    sql(&stage, &copy).await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    for monitor in [&looking, &reloaded] {
        monitor.sees(".screen.evacuation h1", "Bitte verlassen Sie sofort das Haus").await;
    }
    looking.marks_page().await;
    cable.cut();
    let restore = [
        "delete from fact",
        "insert into fact select * from copy_fact",
        "update view v set content = c.content, class = c.class, revision = c.revision, computed_at = c.computed_at
         from copy_view c where c.view_id = v.view_id",
        "update display d set view_since = c.view_since from copy_display c where c.display_id = d.display_id",
        "update board set version = c.version, setup_version = c.setup_version, asked = c.asked from copy_board c",
    ];
    sql(&stage, &restore).await;
    // One hears of it on its line, the other was switched off and on meanwhile.
    reloaded.open("/monitor/foyer-2").await;
    reloaded.sees(".screen.evacuation", "").await;
    looking.sees(".screen.evacuation", "").await;
    cable.mend();
    for monitor in [&looking, &reloaded] {
        monitor.sees("li .time", "").await;
        monitor.sees_no_more("main", "verlassen").await;
    }
    assert!(looking.is_same_page().await, "it was reloaded");
    // And also a page that comes fresh from the house, while the line is good.
    for who in ["anna", "bernd"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    stage.sets_house("anna", HouseState::Evacuating).await;
    looking.sees(".screen.evacuation", "").await;
    looking.open("/staff/sign-in").await;
    let ahead = r#"const key = "sky /monitor/foyer-1/live", kept = JSON.parse(localStorage.getItem(key));
        localStorage.setItem(key, JSON.stringify(Object.assign(kept, { revision: kept.revision + 1000 })));"#;
    looking.run(ahead).await;
    for who in ["anna", "bernd"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    stage.house.settle().await;
    looking.open("/monitor/foyer-1").await;
    looking.sees(".screen.safety h1", "Entwarnung").await;
    for monitor in [looking, reloaded] {
        leaves(monitor).await;
    }
}

/// How far the pixels of two pictures are apart, of 255; of the first, how many colours it has.
const APART: &str = "(async () => {
    const pixels = async (src) => {
        const picture = new Image();
        picture.src = src;
        await picture.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [192, 108];
        const context = canvas.getContext('2d');
        context.drawImage(picture, 0, 0, 192, 108);
        return context.getImageData(0, 0, 192, 108).data;
    };
    const [one, two] = [await pixels(document.querySelector('img.shot').src), await pixels(arguments[0])];
    const colours = new Set(Array.from({ length: one.length / 4 }, (_, at) => one.slice(at * 4, at * 4 + 3).join()));
    return [one.reduce((sum, it, at) => sum + Math.abs(it - two[at]), 0) / one.length, colours.size];
})()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_asked_for_a_picture_draws_what_is_on_its_screen() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", "").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/displays/screens/foyer-1").await;
    desk.press("Bild anfordern").await;
    desk.sees(".notice.good", "").await;
    let real = monitor.command("Page.captureScreenshot", json!({ "format": "png" })).await;
    let real = format!("data:image/png;base64,{}", real["value"]["data"].as_str().expect("a picture"));
    until("the picture", async || {
        desk.open("/displays/screens/foyer-1").await;
        // That it is a page the house knows from its heartbeat, which comes by itself.
        let there = "const shot = document.querySelector('img.shot'); const main = document.querySelector('main');
            return shot !== null && main.innerText.includes('von der Seite selbst gezeichnet')";
        if desk.run(there).await == json!(true) { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    let compared = desk.driver.execute(&format!("return {APART}"), vec![json!(real)]).await.expect("compared");
    let [apart, colours]: [f64; 2] = compared.convert().expect("two figures");
    assert!(apart < 4.0, "the picture is another one: {apart} of 255 apart");
    assert!(colours > 20.0, "an empty picture: {colours} colours");
    desk.shoots("displays-screen-drawn").await;
    desk.quits().await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_can_sends_the_picture_of_its_screen_and_staff_see_it() {
    let Some(stage) = Stage::open().await else { return };
    // A native player: it watches by gRPC, and what is on its screen it can read.
    let device = Caller::Device { id: "foyer-1".to_owned(), kind: "display".to_owned() };
    let mut line = SignageClient::new(stage.world.door("signage", &device));
    let request = WatchDisplayRequest { display_id: "foyer-1".to_owned(), after_revision: 0 };
    let mut updates = line.watch_display(request).await.expect("watched").into_inner();
    let screen = stage.staff(Role::Operator, Device::Monitor).await;
    screen.open("/monitor/foyer-1").await;
    screen.sees("li .time", "").await;

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/displays/screens/foyer-1").await;
    desk.press("Bild anfordern").await;
    desk.sees(".notice.good", "").await;
    let asked = loop {
        let update = updates.message().await.expect("goes on").expect("an update");
        if let Some(Update::Command(command)) = update.update {
            break command;
        }
    };
    assert_eq!(asked.action, "screenshot");
    let taken = screen.command("Page.captureScreenshot", json!({ "format": "png" })).await;
    let picture = taken["value"]["data"].as_str().expect("a picture");
    let picture = data_encoding::BASE64.decode(picture.as_bytes()).expect("a picture");
    let answer = SubmitScreenshotRequest { screenshot_id: asked.command_id, picture, not_possible: String::new() };
    DisplaysClient::new(stage.world.door("signage", &device)).submit_screenshot(answer).await.expect("taken");

    desk.open("/displays/screens/foyer-1").await;
    let real = "(() => { const it = document.querySelector('img.shot');
        return it !== null && it.complete && it.naturalWidth === 1920 && it.naturalHeight === 1080; })()";
    desk.holds("the picture itself", real).await;
    desk.shoots("displays-screen-picture").await;
    desk.quits().await;
    screen.quits().await;
}
