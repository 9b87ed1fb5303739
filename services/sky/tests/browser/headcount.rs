//! The headcount for an evacuation: every room with a range and its age, on one sheet of A4, whatever the screen was.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;
use sky_proto::flow::v1::{
    CorrectZoneRequest, GetHeadcountRequest, HouseState, flow_client::FlowClient, zones_client::ZonesClient,
};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Browser, Device},
    monitor::{leaps, leaves},
    stage::{KEPT, LEAPS, Stage},
    world::staff,
};

/// Of a row: what of it can be seen.
const ROWS: &str = "return [...document.querySelectorAll('tbody tr')].map((row) =>
    [...row.children].filter((it) => it.offsetWidth > 0).map((it) => it.textContent.trim()))";

/// "3–8", or "5" where both ends are the same.
fn range(people: &str) -> (u32, u32) {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("no number of people: {people}"));
    people.split_once('–').map_or_else(|| (number(people), number(people)), |(low, high)| (number(low), number(high)))
}

/// How many pages the sheet has on paper.
async fn pages(sheet: &Browser) -> usize {
    let answer = sheet.command("Page.printToPDF", json!({ "preferCSSPageSize": true })).await;
    let pdf = answer["value"]["data"].as_str().unwrap_or_else(|| panic!("nothing printed: {answer}"));
    let pdf = data_encoding::BASE64.decode(pdf.as_bytes()).expect("a PDF");
    let text = String::from_utf8_lossy(&pdf);
    text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headcount_names_every_room_with_its_range_and_age_on_one_sheet() {
    let Some(stage) = Stage::open().await else { return };
    let desk = staff(Role::Desk);
    for (zone_id, count) in [("foyer", 14), ("terrace", 3)] {
        let counted = CorrectZoneRequest { zone_id: zone_id.to_owned(), count, reason: "counted".to_owned() };
        FlowClient::new(stage.world.door("flow", &desk)).correct_zone(counted).await.expect("counted");
    }
    stage.sets_house("anna", HouseState::Evacuating).await;
    let mut zones = ZonesClient::new(stage.world.door("flow", &desk));
    let count = zones.get_headcount(GetHeadcountRequest {}).await.expect("a headcount").into_inner();
    let mut rooms: Vec<String> = count.zones.into_iter().map(|zone| zone.name.expect("a name").de).collect();

    let sheet = stage.staff(Role::Desk, Device::Phone).await;
    sheet.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LEAPS })).await;
    sheet.open("/desk").await;
    sheet.press("Personenzahl zum Ausdrucken").await;
    sheet.arrives("/desk/headcount").await;
    sheet.sees(".alarm", "RÄUMUNG").await;
    sheet.sees(".sum strong", "–").await;
    sheet.sees("tbody", "Foyer").await;
    sheet.shoots("headcount-phone").await;
    accessible::check(&sheet, "the headcount on a phone").await;

    // Nobody reads an old sheet as a new one, also without a network and with a clock that is wrong.
    sheet.sees_no_more("main", "vor 6 Minuten").await;
    leaps(&sheet, TimeDelta::minutes(6)).await;
    sheet.run("document.dispatchEvent(new Event('visibilitychange'))").await;
    sheet.sees("#age.old", "vor 6 Minuten").await;

    // On paper it has everything, and room to write down who was found.
    sheet.command("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    let paper = json!({ "width": 718, "height": 1010, "deviceScaleFactor": 1, "mobile": false });
    sheet.command("Emulation.setDeviceMetricsOverride", paper).await;
    let rows: Vec<Vec<String>> = serde_json::from_value(sheet.run(ROWS).await).expect("rows");
    let mut told = Vec::new();
    let mut storeys: Vec<&str> = Vec::new();
    for row in &rows {
        let [storey, name, people, since, how, found] = row.as_slice() else { panic!("six columns on paper: {row:?}") };
        let (low, high) = range(people);
        assert!(low <= high, "{row:?}");
        // Somebody has just counted these: the truth lies in the range.
        match name.as_str() {
            "Foyer" => assert!((low..=high).contains(&14), "{row:?}"),
            "Dachterrasse" => assert!((low..=high).contains(&3), "{row:?}"),
            _ => {}
        }
        assert!(since.contains(':') && !how.is_empty() && found.is_empty(), "{row:?}");
        told.push(name.clone());
        storeys.push(storey);
    }
    rooms.sort();
    told.sort();
    assert_eq!(told, rooms, "every room, once");
    // Somebody walks through the house storey by storey, not up and down the stairs.
    storeys.dedup();
    assert_eq!(storeys.iter().collect::<BTreeSet<_>>().len(), storeys.len(), "{storeys:?}");
    sheet.holds("no buttons on paper", "document.querySelector('.buttons').offsetHeight === 0").await;
    sheet.holds("the assumptions", "document.querySelectorAll('ul.hint li').length > 2").await;
    sheet.shoots("headcount-paper").await;
    assert_eq!(pages(&sheet).await, 1, "one sheet");
    sheet.quits().await;
}

/// What the worker keeps of the sheet grows so many minutes older.
fn ages(minutes: u32) -> String {
    format!(
        "caches.open('sky-monitor').then(async (it) => {{
            const kept = await it.match('/desk/headcount');
            const headers = new Headers(kept.headers);
            headers.set('x-kept-at', Number(headers.get('x-kept-at')) - {minutes} * 60000);
            await it.put('/desk/headcount', new Response(await kept.text(), {{ headers }}));
            return true;
        }})"
    )
}

const SHEET_KEPT: &str =
    "caches.open('sky-monitor').then((it) => it.match('/desk/headcount')).then((it) => it !== undefined)";
const SHEET_GONE: &str =
    "caches.open('sky-monitor').then((it) => it.match('/desk/headcount')).then((it) => it === undefined)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headcount_is_there_when_the_network_died_and_goes_with_who_signs_out() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let sheet = stage.signs_in(stage.behind(&cable, Device::Desk).await, Role::Desk).await;
    sheet.open("/desk/headcount").await;
    sheet.holds("the sheet in the cupboard", KEPT).await;

    cable.cut();
    sheet.holds("an older sheet", &ages(7)).await;
    sheet.open("/desk/headcount").await;
    sheet.sees("tbody", "Foyer").await;
    sheet.sees("#age.old", "vor 7 Minuten").await;
    sheet.sees("#print", "Drucken").await;
    assert_eq!(pages(&sheet).await, 1, "one sheet");

    // So old that it would send people to where nobody is any more.
    sheet.holds("a sheet of long ago", &ages(4 * 60)).await;
    sheet.open("/desk/headcount").await;
    sheet.sees("h1", "Digital Sky").await;
    sheet.holds("forgotten", SHEET_GONE).await;

    // Who stands at the desk has it without ever having opened it.
    cable.mend();
    sheet.open("/desk").await;
    sheet.holds("the sheet in the cupboard", SHEET_KEPT).await;
    sheet.press("Abmelden").await;
    sheet.arrives("/staff/sign-in").await;
    sheet.holds("forgotten", SHEET_GONE).await;
    cable.cut();
    sheet.open("/desk/headcount").await;
    sheet.sees("h1", "Digital Sky").await;
    sheet.sees_no_more("body", "Foyer").await;
    cable.mend();

    // Nor does the next one at this browser find what another one has fetched.
    let sheet = stage.signs_in(sheet, Role::Desk).await;
    sheet.open("/desk").await;
    sheet.holds("the sheet in the cupboard", SHEET_KEPT).await;
    let sheet = stage.signs_in(sheet, Role::Kitchen).await;
    sheet.holds("forgotten", SHEET_GONE).await;
    leaves(sheet).await;
}
