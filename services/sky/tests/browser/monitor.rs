//! A paired monitor through everything that happens to networks: it is never empty, never an error page,
//! never shows what is no longer true, and holds an evacuation until the house ends it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;
use sky_proto::{
    flow::v1::{HouseState, SetHouseStateRequest, flow_client::FlowClient},
    signage::v1::{
        GetContentRequest, ListDisplaysRequest, PriorityClass, PublishMessageRequest, signage_client::SignageClient,
    },
};
use thirtyfour::{By, Key};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Browser, Device, until},
    stage::Stage,
    world::staff,
};

const LEAVE: &str = "Bitte verlassen Sie sofort das Haus";
/// How soon after the line is back everything must be right.
const CAUGHT_UP: Duration = Duration::from_secs(3);

/// The monitor's clocks go on; the test's do not.
pub async fn leaps(monitor: &Browser, span: TimeDelta) {
    let millis = span.num_milliseconds();
    monitor
        .run(&format!("localStorage.setItem('test leap', Number(localStorage.getItem('test leap') || 0) + {millis})"))
        .await;
}

/// The player itself, with something on it: neither an error page nor nothing.
async fn is_no_error_page(monitor: &Browser) {
    let words = until("something on the screen", async || {
        let screen = monitor.driver.find(By::Css("main .screen")).await.map_err(|error| error.to_string())?;
        screen.text().await.map_err(|error| error.to_string())
    })
    .await;
    assert!(words.len() > 10, "'{words}'");
}

/// The revision that the house has for a display.
async fn revision(stage: &Stage, display: &str) -> u64 {
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    let request = GetContentRequest { display_id: display.to_owned() };
    signage.get_content(request).await.expect("a content").into_inner().revision
}

/// Waits until the monitor shows what the house has for it and no longer says how old it is; answers how
/// long that took.
async fn catches_up(stage: &Stage, monitor: &Browser, display: &str) -> Duration {
    let begun = Instant::now();
    until("the latest revision", async || {
        let wanted = revision(stage, display).await;
        let look = "return document.querySelector('.stand').hidden && document.querySelector('main').dataset.revision";
        let shown = monitor.run(look).await;
        if shown == json!(wanted.to_string()) { Ok(()) } else { Err(format!("{shown} instead of {wanted}")) }
    })
    .await;
    begun.elapsed()
}

/// Closes a browser that may have complained of the network, and of nothing else.
pub async fn leaves(monitor: Browser) {
    let network = |complaint: &String| complaint.contains("net::ERR") || complaint.contains("Failed to load resource");
    let complaints: Vec<String> = monitor.complaints().await.into_iter().filter(|it| !network(it)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    monitor.driver.quit().await.expect("the browser ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hours_without_network_show_nothing_stale_and_three_seconds_repair_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .places", "Plätze frei").await;
    monitor.sees(".countdown", "min").await;
    monitor.shoots("monitor-foyer").await;
    accessible::check(&monitor, "a monitor of the foyer").await;
    let first = monitor.driver.find(By::Css("li .time")).await.expect("a start").text().await.expect("a time");

    cable.cut();
    leaps(&monitor, TimeDelta::seconds(30)).await;
    monitor.sees(".stand", "Stand 1").await;
    let still = "document.documentElement.dataset.silent === '' \
                 && [...document.querySelectorAll('.countdown')].every((it) => it.hidden)";
    monitor.holds("nothing counts down, all else is still there", still).await;
    // Figures and states go first, the plan stays.
    leaps(&monitor, TimeDelta::minutes(3)).await;
    monitor.sees_no_more("main", "Plätze frei").await;
    monitor.sees("li .time", &first).await;
    monitor.shoots("monitor-foyer-silent").await;

    // Somebody switches it off and on.
    monitor.open("/monitor/foyer-1").await;
    is_no_error_page(&monitor).await;
    monitor.sees("li .time", &first).await;
    monitor.sees_no_more("main", "min").await;

    leaps(&monitor, TimeDelta::hours(4)).await;
    stage.waits_until(stage.house.clock.now() + TimeDelta::hours(4)).await;
    monitor.sees_no_more("main", &first).await;
    is_no_error_page(&monitor).await;
    for _ in 0..2 {
        monitor.open("/pair").await;
        monitor.arrives("/monitor/foyer-1").await;
        is_no_error_page(&monitor).await;
        monitor.sees_no_more("main", &first).await;
        monitor.sees(".stand", "Stand 1").await;
    }
    leaps(&monitor, TimeDelta::hours(8)).await;
    monitor.sees("main h1", "Wegweiser").await;
    monitor.sees("main li", "Hauptausgang").await;
    monitor.shoots("monitor-foyer-calm").await;
    leaps(&monitor, TimeDelta::hours(-8)).await;

    monitor.marks_page().await;
    cable.mend();
    let took = catches_up(&stage, &monitor, "foyer-1").await;
    assert!(took < CAUGHT_UP, "{took:?}");
    monitor.sees("li .places", "Plätze frei").await;
    assert!(monitor.is_same_page().await, "it was reloaded");
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_over_the_lift_promises_nothing_once_nobody_is_heard() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "way-ground").await;
    let shows = |way: &str, part: &str| {
        format!(
            "(() => {{ const way = [...document.querySelectorAll('li')].find((it) => it.textContent.includes('{way}')); \
             const part = way && way.querySelector('{part}'); \
             return Boolean(part) && getComputedStyle(part).display !== 'none'; }})()"
        )
    };
    let (lift, unheard) = (shows("Aufzug zu allen Ebenen", ".badge"), shows("Aufzug zu allen Ebenen", ".unheard"));
    monitor.holds("step-free by the lift", &format!("{lift} && !{unheard}")).await;
    cable.cut();
    leaps(&monitor, TimeDelta::minutes(3)).await;
    monitor.holds("nobody knows whether it works", &format!("!{lift} && {unheard}")).await;
    monitor.holds("on one floor all is as it was", &shows("Sternensaal", ".badge")).await;
    monitor.shoots("monitor-lift-unheard").await;
    leaps(&monitor, TimeDelta::hours(4)).await;
    monitor.holds("nor later", &format!("!{lift} && {unheard}")).await;
    cable.mend();
    monitor.holds("the lift again", &format!("{lift} && !{unheard}")).await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_house_says_how_long_figures_and_facts_stay_without_it() {
    let own = [("monitors_figures_seconds", 20), ("monitors_facts_seconds", 3600)];
    let own = own.map(|(name, seconds)| (name.to_owned(), toml::Value::Integer(seconds)));
    let settings = BTreeMap::from([("portal".to_owned(), BTreeMap::from(own))]);
    let Some(stage) = Stage::open_with(settings).await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("main", "Plätze frei").await;
    cable.cut();
    monitor.sees(".stand", "Stand 1").await;
    leaps(&monitor, TimeDelta::seconds(30)).await;
    monitor.holds("figures are gone", "document.documentElement.dataset.silent === 'yes'").await;
    monitor.holds("nor can they be seen", "document.querySelector('.places').offsetWidth === 0").await;
    leaps(&monitor, TimeDelta::minutes(30)).await;
    monitor.holds("facts are not", "document.documentElement.dataset.silent === 'yes'").await;
    leaps(&monitor, TimeDelta::minutes(40)).await;
    monitor.holds("now they are", "document.documentElement.dataset.silent === 'long'").await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_house_and_a_line_that_dies_silently_are_noticed_and_survived() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "dome-door-1").await;
    monitor.sees("h1", "").await;
    monitor.marks_page().await;
    for trouble in [Cable::answers_503, Cable::squeeze, Cable::cut] {
        trouble(&cable);
        monitor.sees(".stand", "Stand").await;
        is_no_error_page(&monitor).await;
        stage.sets_house("anna", HouseState::AdmissionStopped).await;
        stage.house.settle().await;
        cable.mend();
        let took = catches_up(&stage, &monitor, "dome-door-1").await;
        // Three times in a row on a machine that does other things as well.
        assert!(took < 2 * CAUGHT_UP, "{took:?}");
        monitor.sees(".screen.operations", "Einlass angehalten").await;
        stage.sets_house("anna", HouseState::Normal).await;
        monitor.sees_no_more("main", "Einlass angehalten").await;
    }
    assert!(monitor.is_same_page().await, "it was reloaded");
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evacuation_is_held_without_network_and_over_a_reload_until_the_house_ends_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-3").await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.shoots("monitor-foyer-evacuation").await;
    cable.cut();
    leaps(&monitor, TimeDelta::hours(5)).await;
    monitor.open("/monitor/foyer-3").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.sees(".screen.evacuation", "Notausgang Saaleseite").await;
    // A house that remembers less than the monitor does not end it.
    let older = r#"const main = document.querySelector("main");
        main.liveShow('<div class="screen default"><h1>Alt</h1><ul></ul></div>', "1");
        return main.querySelector(".screen").className"#;
    assert_eq!(monitor.run(older).await, json!("screen evacuation"));
    stage.sets_house("anna", HouseState::AllClear).await;
    stage.sets_house("bernd", HouseState::AllClear).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    cable.mend();
    monitor.sees(".screen.safety h1", "Entwarnung").await;
    monitor.sees_no_more("main", LEAVE).await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evacuation_outlives_a_power_cut_a_moment_after_the_alarm() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-3").await;
    // A browser writes to the disk the later, the more it is given to write.
    monitor
        .run(
            "window.writes = 0; window.beats = 0; window.updates = 0;
             const write = Storage.prototype.setItem;
             Storage.prototype.setItem = function (key, value) {
                 if (key.startsWith('sky /monitor')) window.writes += 1;
                 write.call(this, key, value);
             };
             document.querySelector('main').addEventListener('live:update', () => { window.updates += 1; });
             document.querySelector('main').addEventListener('live:beat', () => { window.beats += 1; });",
        )
        .await;
    monitor.holds("three beats", "window.beats > 2").await;
    assert_eq!(monitor.run("return window.writes <= window.updates").await, json!(true), "a beat changes nothing");
    stage.sets_house("anna", HouseState::Evacuating).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    let safe = "new Promise((found) => { indexedDB.open('sky monitor').onsuccess = (event) =>
        event.target.result.transaction('latch').objectStore('latch').get('sky /monitor/foyer-3/live').onsuccess =
            (got) => found(JSON.parse(got.target.result || '{}').evacuation === true); })";
    monitor.holds("it lies in the safe", safe).await;
    cable.cut();
    // What had not come to the disk is lost; the alarm is not.
    monitor.run("Storage.prototype.setItem = () => {}; localStorage.removeItem('sky /monitor/foyer-3/live')").await;
    monitor.open("/monitor/foyer-3").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    // Its end holds as well, although an older alarm lay in the safe.
    stage.sets_house("anna", HouseState::AllClear).await;
    stage.sets_house("bernd", HouseState::AllClear).await;
    cable.mend();
    monitor.sees(".screen.safety h1", "Entwarnung").await;
    monitor.open("/monitor/foyer-3").await;
    monitor.sees(".screen.safety h1", "Entwarnung").await;
    monitor.sees_no_more("main", LEAVE).await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_began_anew_is_not_shown_and_makes_nothing_true_again() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.sees("li .time", ":").await;
    monitor.sees(".clock", ":").await;
    cable.cut();
    monitor.sees(".stand", "Stand 1").await;
    // Switched on without a network, by a clock without a battery.
    leaps(&monitor, TimeDelta::days(-300)).await;
    monitor.open("/monitor/foyer-1").await;
    monitor.sees("main h1", "Wegweiser").await;
    monitor.sees_no_more("main", "Plätze frei").await;
    monitor.sees(".stand", "Stand 1").await;
    assert_eq!(monitor.run("return document.querySelector('.clock').textContent").await, json!(""));
    assert_eq!(monitor.run("return document.querySelectorAll('main li .time').length").await, json!(0));
    cable.mend();
    let took = catches_up(&stage, &monitor, "foyer-1").await;
    assert!(took < CAUGHT_UP, "{took:?}");
    monitor.sees("li .time", ":").await;
    monitor.sees(".clock", ":").await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dark_screen_says_that_it_shows_something_only_once_somebody_can_read_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "way-ground").await;
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    let rendered = async |signage: &mut SignageClient<_>| {
        let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
        let it = displays.into_iter().find(|it| it.display_id == "way-ground").expect("the display");
        (it.rendered_revision >= it.revision, it.health.is_some_and(|health| health.dark))
    };
    monitor.run("document.querySelector('main').dataset.dark = '00:00-23:59'").await;
    monitor.holds("it is dark", "document.documentElement.dataset.dark === 'yes'").await;
    stage.sets_house("anna", HouseState::AdmissionStopped).await;
    catches_up(&stage, &monitor, "way-ground").await;
    let message = PublishMessageRequest {
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        priority_class: PriorityClass::Operations.into(),
        text: Some(kernel::values::Text::new("Nur linke Tür", "Left door only").to_proto()),
        group: String::new(),
        valid_until: Some(kernel::values::timestamp(stage.house.clock.now() + TimeDelta::minutes(30))),
    };
    signage.publish_message(message).await.expect("published");
    catches_up(&stage, &monitor, "way-ground").await;
    // Its report and several beats later it has said nothing of that, and the house knows why.
    until("the house hears that it is dark", async || match rendered(&mut signage.clone()).await {
        (_, true) => Ok(()),
        _ => Err("not yet".to_owned()),
    })
    .await;
    assert_eq!(rendered(&mut signage).await, (false, true));
    monitor.run("document.querySelector('main').dataset.dark = ''").await;
    until("it is light", async || match rendered(&mut signage.clone()).await {
        (true, _) => Ok(()),
        _ => Err("not yet".to_owned()),
    })
    .await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fire_alarms_contact_shows_the_way_out_without_the_house() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "way-ground").await;
    monitor.sees("li", "Sternensaal").await;
    monitor.sees("li .badge", "stufenlos").await;
    monitor.run("document.querySelector('main').dataset.dark = '00:00-23:59'").await;
    monitor.holds("it is dark", "getComputedStyle(document.querySelector('.screen')).visibility === 'hidden'").await;
    cable.cut();
    monitor.key(Key::F8).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.open("/monitor/way-ground").await;
    monitor.sees(".screen.evacuation li", "Hauptausgang").await;
    // The house knows nothing of it and goes on; the contact is reset by hand.
    cable.mend();
    stage.sets_house("anna", HouseState::AdmissionStopped).await;
    monitor.holds("the line is back", "document.querySelector('.stand').hidden").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.key(Key::F9).await;
    monitor.sees("li", "Sternensaal").await;
    monitor.sees_no_more("main", LEAVE).await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_ends_no_alarm_that_a_monitor_has_raised_itself_and_the_desk_hears_of_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-3").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    monitor.key(Key::F8).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    desk.sees(".alerts .monitor.bad", "Foyer, Garderobe: zeigt den Weg hinaus, sein Alarmkontakt hat ausgelöst").await;

    // The house practises meanwhile, and ends that.
    let drill =
        SetHouseStateRequest { state: HouseState::Evacuating.into(), reason: "Übung".to_owned(), exercise: true };
    let mut flow = FlowClient::new(stage.world.door("flow", &staff(Role::Desk)));
    flow.set_house_state(drill).await.expect("a drill");
    let later = |words: &str| {
        format!("(JSON.parse(localStorage.getItem('sky /monitor/foyer-3/live')).later || '').includes('{words}')")
    };
    monitor.holds("the drill has come", &later("data-exercise")).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.sees_no_more("main", "Übung").await;
    for who in ["anna", "bernd"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    monitor.holds("the drill is over", &later("Entwarnung")).await;
    for reloads in [false, true] {
        if reloads {
            monitor.open("/monitor/foyer-3").await;
        }
        monitor.sees(".screen.evacuation h1", LEAVE).await;
    }
    // Whoever resets the contact ends it, and the desk hears of that as well.
    monitor.key(Key::F9).await;
    monitor.sees(".screen.safety h1", "Entwarnung").await;
    desk.sees_no_more("main", "Alarmkontakt").await;
    desk.quits().await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_that_was_raised_here_outlives_a_power_cut_although_an_older_evacuation_lies_on_the_disk() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-3").await;
    stage.sets_house("anna", HouseState::Evacuating).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    // The browser brings this to the disk, and nothing that comes later.
    monitor.run("window.disk = localStorage.getItem('sky /monitor/foyer-3/live')").await;
    stage.sets_house("anna", HouseState::AllClear).await;
    stage.sets_house("bernd", HouseState::AllClear).await;
    monitor.sees(".screen.safety h1", "Entwarnung").await;
    monitor.key(Key::F8).await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    let safe = "new Promise((found) => { indexedDB.open('sky monitor').onsuccess = (event) =>
        event.target.result.transaction('latch').objectStore('latch').get('sky /monitor/foyer-3/live').onsuccess =
            (got) => found(JSON.parse(got.target.result || '{}').alarm > 0); })";
    monitor.holds("it lies in the safe", safe).await;
    // While the power is away the house says something else.
    cable.cut();
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Operator)));
    let message = PublishMessageRequest {
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        priority_class: PriorityClass::Safety.into(),
        text: Some(kernel::values::Text::new("Nur linke Tür", "Left door only").to_proto()),
        group: String::new(),
        valid_until: Some(kernel::values::timestamp(stage.house.clock.now() + TimeDelta::hours(4))),
    };
    signage.publish_message(message).await.expect("published");
    monitor
        .run(
            "localStorage.setItem('sky /monitor/foyer-3/live', window.disk);
             Storage.prototype.setItem = () => {};",
        )
        .await;
    cable.mend();
    monitor.open("/monitor/foyer-3").await;
    monitor.sees(".screen.evacuation h1", LEAVE).await;
    monitor.holds("it still lies in the safe", safe).await;
    // What the house says is there as soon as somebody has reset the contact.
    monitor.key(Key::F9).await;
    monitor.sees("main", "Nur linke Tür").await;
    monitor.sees_no_more("main", LEAVE).await;
    leaves(monitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_whose_teller_is_silent_is_dated_although_the_monitors_own_line_is_good() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let monitor = stage.monitor(&cable, "foyer-1").await;
    monitor.holds("the line is good", "document.querySelector('.stand').hidden").await;
    let told = |attributes: &str| {
        format!(
            "document.querySelector('main').liveShow('<div class=\"screen default\"><h1>Nächste</h1><ul>\
             <li data-valid-until=\"0\" {attributes}><span class=\"text\"><b>Sterne</b></span></li>\
             <li data-valid-until=\"0\"><span class=\"text\"><b>Milchstraße</b></span></li></ul></div>', '999999')"
        )
    };
    // 14:32 in Halle.
    monitor.run(&told("data-as-of=\"1795786320000\"")).await;
    monitor.sees(".stand", "Stand 14:32 · as of 14:32").await;
    monitor.run(&told("")).await;
    monitor.holds("of now", "document.querySelector('.stand').hidden").await;
    // What has run out is not what the age is of.
    monitor.run(&told("data-as-of=\"1795786320000\"").replacen("\"0\"", "\"1\"", 1)).await;
    monitor.holds("of now", "document.querySelector('.stand').hidden").await;
    leaves(monitor).await;
}
