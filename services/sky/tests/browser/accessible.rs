//! Every page, on a phone in German, whose words are the longer ones, and at a desk in English: no violation that axe
//! can find, nothing that scrolls sideways or is too small for a finger, no complaint of the browser.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::Value;

use crate::{
    chrome::{Browser, Device},
    journey::{Booked, Pays, books, fills_in_form, moves_admission},
    stage::Stage,
};

/// axe-core 4.14.1 by Deque Systems, under the Mozilla Public License 2.0, unchanged.
const AXE: &str = include_str!("axe.min.js");

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
        (found) => done(found.violations.map((it) =>
            it.id + ' (' + it.help + '): ' + it.nodes.map((node) => node.html).join(' | ').slice(0, 600))),
        (error) => done(['axe failed: ' + error]));";

/// What stands for itself to be pressed and is smaller than a fingertip.
const SMALL: &str = "
    return [...document.querySelectorAll('header a, footer a, .go a, button, .button, summary, select')]
        .filter((it) => it.checkVisibility() && !it.matches('.visually-hidden, .skip'))
        .map((it) => [it, it.getBoundingClientRect()])
        .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
        .map(([it, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ` + it.outerHTML.slice(0, 120))";

/// What axe finds on the open page.
async fn violations(browser: &Browser) -> Vec<String> {
    browser.run(AXE).await;
    let found = browser.driver.execute_async(RUN, Vec::new()).await.expect("axe runs");
    found.convert().expect("a list of findings")
}

/// Every text of the open page must contrast 7 to 1.
pub async fn contrasts(browser: &Browser, what: &str) {
    browser.run(AXE).await;
    let script = RUN.replace("type: 'tag', values: tags", "type: 'rule', values: ['color-contrast-enhanced']");
    let found = browser.driver.execute_async(&script, Vec::new()).await.expect("axe runs");
    assert_eq!(*found.json(), serde_json::json!([]), "{what}");
}

/// What is wrong with the open page.
pub async fn faults(browser: &Browser) -> Vec<String> {
    let mut faults = violations(browser).await;
    let sideways = "const it = document.documentElement; return it.scrollWidth > it.clientWidth ? it.scrollWidth : 0";
    match browser.run(sideways).await {
        Value::Number(width) if width.as_u64() == Some(0) => {}
        width => faults.push(format!("scrolls sideways: {width} px wide")),
    }
    let small: Vec<String> = serde_json::from_value(browser.run(SMALL).await).expect("a list");
    faults.extend(small.into_iter().map(|it| format!("too small for a finger: {it}")));
    faults.extend(browser.complaints().await.into_iter().map(|complaint| format!("complaint: {complaint}")));
    faults
}

/// The open page must be without fault.
pub async fn check(browser: &Browser, what: &str) {
    let faults = faults(browser).await;
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

/// Collects the faults of many pages: a test that tells all of them is worth its time.
#[derive(Default)]
struct Findings(BTreeSet<String>);

impl Findings {
    async fn look(&mut self, browser: &Browser, name: &str, device: Device) {
        browser.shoots(&format!("{device:?}-{name}")).await;
        for fault in faults(browser).await {
            self.0.insert(format!("{name} ({device:?}): {fault}"));
        }
    }

    /// A page in the device's language; it comes back in German, in which the test goes on.
    async fn visit(&mut self, browser: &Browser, path: &str, device: Device) {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && part.len() < 30).collect();
        let name = parts.join("_");
        let more = if path.contains('?') { '&' } else { '?' };
        let language = language(device);
        browser.open(&format!("{path}{more}lang={language}")).await;
        self.look(browser, &format!("{name}-{language}"), device).await;
        if language != "de" {
            browser.open(&format!("{path}{more}lang=de")).await;
            // What there is to complain of in German, the phone's walk says; the next page must not answer for it.
            let _told_by_the_phone = browser.complaints().await;
        }
    }
}

const fn language(device: Device) -> &'static str {
    if matches!(device, Device::Desk) { "en" } else { "de" }
}

/// What a visitor sees; answers the visit that was booked on the way.
async fn visitor_pages(stage: &Stage, device: Device, findings: &mut Findings) -> Booked {
    let visitor = stage.visitor(device).await;
    for path in ["/", "/accessibility", "/privacy", "/no-such-page", "/visit", "/pair"] {
        findings.visit(&visitor, path, device).await;
    }
    // A form that nobody filled in comes back with what is wrong.
    let showing = fills_in_form(&visitor, "Der Sternenhimmel heute Nacht").await;
    findings.visit(&visitor, &format!("/showings/{showing}"), device).await;
    // The whole menu, with its changes, combos and allergies.
    visitor.open(&format!("/showings/{showing}")).await;
    visitor.run("document.querySelectorAll('#meal, #meal details').forEach((it) => { it.open = true })").await;
    findings.look(&visitor, "menu-opened-de", device).await;
    let language = language(device);
    visitor.open(&format!("/showings/{showing}?lang={language}")).await;
    visitor.click("main button.main").await;
    visitor.sees("[role=alert]", "").await;
    findings.look(&visitor, &format!("showing-with-errors-{language}"), device).await;
    // A concert has numbered places to choose from.
    visitor.open("/?lang=de").await;
    visitor.press_in("//h3", "Musik unter der Kuppel").await;
    visitor.click("#seats summary").await;
    findings.look(&visitor, "seats-de", device).await;

    fills_in_form(&visitor, "Unsere Milchstraße").await;
    visitor.click("main button.main").await;
    visitor.arrives("/order/").await;
    let order = visitor.path().await;
    findings.visit(&visitor, &order, device).await;
    visitor.run("document.querySelector('[data-left]').dataset.left = 60000").await;
    visitor.sees(".ends-soon", "läuft Ihre Reservierung ab").await;
    findings.look(&visitor, "order-ends-soon-de", device).await;
    visitor.types("#name", "Erika Muster").await;
    visitor.types("#email", "erika@localhost").await;
    visitor.press("zahlungspflichtig bestellen").await;
    visitor.sees(".error", "").await;
    findings.look(&visitor, "order-with-errors-de", device).await;

    let booked = books(&visitor, "Unsere Milchstraße", Pays::AtDesk).await;
    visitor.sees(".notice.good", "Gebucht").await;
    findings.look(&visitor, "visit-first-de", device).await;
    findings.visit(&visitor, "/visit", device).await;
    findings.visit(&visitor, "/visit/receipts", device).await;
    visitor.open("/visit").await;
    for number in 0..4 {
        visitor
            .run(&format!("const it = document.querySelectorAll('main details')[{number}]; if (it) it.open = true"))
            .await;
    }
    findings.look(&visitor, "visit-opened-de", device).await;
    visitor.quits().await;
    booked
}

/// What the staff see.
async fn staff_pages(stage: &Stage, device: Device, booked: &Booked, findings: &mut Findings) {
    let stranger = stage.visitor(device).await;
    findings.visit(&stranger, "/staff/sign-in", device).await;
    stranger.types("#account", "desk").await;
    stranger.types("#password", "not the right one").await;
    stranger.click("main button").await;
    stranger.sees("[role=alert]", "").await;
    findings.look(&stranger, "sign-in-wrong-de", device).await;
    stranger.quits().await;

    let desk = stage.staff(Role::Desk, device).await;
    let showing = format!("/desk/showings/{}", booked.showing);
    let monitors = ["/monitor/foyer-1", "/monitor/dome-door-1", "/monitor/parking-1", "/monitor/way-ground"];
    let hold = format!("{showing}/hold");
    let abort = format!("{showing}/abort");
    let seats = format!("{showing}/seats");
    let desk_pages =
        ["/desk", "/desk/headcount", "/desk/show-list", "/desk/audit", &showing, &hold, &abort, &seats, "/operator"];
    let counting = [
        "/desk/door",
        "/desk/conflicts",
        "/desk/notices",
        "/desk/notices/confirmed/de-x-ls",
        "/desk/counters",
        "/desk/counters/foyer-1",
        "/desk/replay?day=2026-11-28",
        "/desk/payouts",
        "/connections",
    ];
    let others = [
        "/kitchen",
        "/kitchen/menu",
        "/kitchen/decisions",
        "/kitchen/ahead",
        "/kitchen/ahead?day=yesterday",
        "/kitchen/counter",
        "/report",
        "/pickup",
        "/carpark",
        "/carpark/forecast",
        "/displays",
    ];
    let screens = [
        "/displays/audit",
        "/displays/media",
        "/displays/playlists",
        "/displays/playlists/new",
        "/displays/schedules",
        "/displays/screens/foyer-1",
        "/displays/screens/room-1-door/preview",
        "/displays/screens/foyer-1/plays",
        "/monitor/queue-1",
        "/monitor/room-1-door",
    ];
    for path in desk_pages.into_iter().chain(counting).chain(others).chain(screens).chain(monitors) {
        findings.visit(&desk, path, device).await;
    }
    let selling = format!("/desk/showings/{}/sell", stage.for_the_desk().await);
    for path in ["/desk/sell", &selling] {
        findings.visit(&desk, path, device).await;
    }
    desk.types("#count_adult", "1").await;
    desk.click("main button.main").await;
    desk.arrives("/desk/orders/").await;
    findings.look(&desk, "desk-order-de", device).await;
    desk.press("Verbindlich buchen").await;
    desk.sees("main", "Bar kassiert").await;
    findings.look(&desk, "desk-sold-de", device).await;
    desk.open("/desk").await;
    desk.types("#reference", &stage.visit(&booked.visit).await.reference).await;
    desk.press_in("//form[@action='/desk/party']", "Zeigen").await;
    desk.sees("main", "Bar kassiert").await;
    findings.look(&desk, "party-de", device).await;
    desk.quits().await;
    for (role, path) in [(Role::Kitchen, "/kitchen"), (Role::Attendant, "/carpark")] {
        let browser = stage.staff(role, device).await;
        browser.open(path).await;
        findings.look(&browser, &format!("{}-at-work-de", role.name()), device).await;
        browser.quits().await;
    }
}

async fn every_page(device: Device) {
    let Some(stage) = Stage::open().await else { return };
    let mut findings = Findings::default();
    let booked = visitor_pages(&stage, device, &mut findings).await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(20)).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    moves_admission(&desk, &booked, "Einlass öffnen").await;
    desk.quits().await;
    staff_pages(&stage, device, &booked, &mut findings).await;
    assert!(findings.0.is_empty(), "{:#?}", findings.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_on_a_phone() {
    every_page(Device::Phone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_at_a_desk() {
    every_page(Device::Desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_has_teeth() {
    let Some(stage) = Stage::open().await else { return };
    let visitor = stage.visitor(Device::Phone).await;
    visitor.open("/").await;
    assert_eq!(faults(&visitor).await, Vec::<String>::new());
    visitor
        .run(
            "const picture = document.createElement('img'); picture.src = '/static/icon.svg';
            picture.width = 2000; document.querySelector('main').append(picture);
            const small = document.createElement('button'); small.textContent = 'x';
            small.style.minHeight = 0; small.style.padding = 0; document.querySelector('main').append(small);
            const style = document.createElement('style'); style.textContent = 'p { color: red }';
            document.head.append(style);",
        )
        .await;
    let found = faults(&visitor).await;
    assert!(found.iter().any(|fault| fault.starts_with("image-alt")), "{found:#?}");
    assert!(found.iter().any(|fault| fault.starts_with("scrolls sideways")), "{found:#?}");
    assert!(found.iter().any(|fault| fault.starts_with("too small")), "{found:#?}");
    assert!(found.iter().any(|fault| fault.starts_with("complaint") && fault.contains("style-src")), "{found:#?}");
    visitor.driver.quit().await.expect("the browser ends");
}
