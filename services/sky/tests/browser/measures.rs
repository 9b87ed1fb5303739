//! Incidents and directives from a word at the desk to the screens and back: proposed, confirmed, shown, acknowledged,
//! ended. What staff note stays with staff.

use kernel::{Caller, Role};
use serde_json::json;
use sky_proto::{
    flow::v1::{CorrectZoneRequest, DirectiveKind, IncidentKind, flow_client::FlowClient},
    signage::v1::{AcknowledgeContentRequest, GetContentRequest, ListDisplaysRequest, signage_client::SignageClient},
};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Browser, Device},
    door::opens,
    monitor::leaves,
    stage::Stage,
    world::staff,
};

/// Opens the form for what has happened and says what it is.
async fn reports(desk: &Browser, kind: IncidentKind) {
    desk.open("/desk").await;
    desk.press("Vorfall melden").await;
    desk.click(&format!("label[for=incident-{}]", i32::from(kind))).await;
}

/// Tells people in one zone to go to another one, or no further.
async fn orders(desk: &Browser, kind: DirectiveKind, from: &str, to: &str) {
    desk.open("/desk").await;
    desk.press("Anweisung geben").await;
    desk.click(&format!("label[for=directive-{}]", i32::from(kind))).await;
    desk.press_option("#directive-from", from).await;
    if !to.is_empty() {
        desk.press_option("#directive-to", to).await;
    }
    desk.press("Sofort anordnen").await;
}

/// Ends what these words name, as the desk does.
async fn ends(desk: &Browser, words: &str) {
    desk.press_in(&format!("//ul[@class='measures']/li[contains(., '{words}')]"), "Beenden").await;
    desk.sees(".notice.good", "beendet").await;
    desk.sees_no_more("section[aria-labelledby=measures]", words).await;
}

/// Every screen says that it shows what it has been told.
async fn all_acknowledge(stage: &Stage) {
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Desk)));
    let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    for display_id in displays.into_iter().map(|display| display.display_id) {
        let request = GetContentRequest { display_id: display_id.clone() };
        let revision = signage.get_content(request).await.expect("a content").into_inner().revision;
        let device = Caller::Device { id: display_id.clone(), kind: "display".to_owned() };
        let mut device = SignageClient::new(stage.world.door("signage", &device));
        device.acknowledge_content(AcknowledgeContentRequest { display_id, revision }).await.expect("heard");
    }
}

/// Lines that do not fit on a screen together take turns: waits until one is among them, whosever turn it is.
async fn says(monitor: &Browser, words: &str) {
    monitor.holds(words, &format!("document.querySelector('main').textContent.includes('{words}')")).await;
}

async fn says_no_more(monitor: &Browser, words: &str) {
    monitor.holds(words, &format!("!document.querySelector('main').textContent.includes('{words}')")).await;
}

/// A signpost, by a script.
fn signpost(words: &str) -> String {
    format!(
        "[...document.querySelectorAll('main li.line-wayfinding')].find((it) => it.textContent.includes('{words}'))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_child_is_looked_for_on_every_screen_once_staff_confirm_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let foyer = stage.monitor(&cable, "foyer-1").await;
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    foyer.sees("h1", "Nächste Vorstellungen").await;
    foyer.marks_page().await;
    // All of them hang: of one that was never heard of nobody waits for a word.
    all_acknowledge(&stage).await;

    reports(&desk, IncidentKind::LostChild).await;
    desk.types("#incident-note", "rote Jacke, etwa sechs").await;
    desk.press("Nur melden").await;
    desk.sees(".notice.good", "vorgeschlagen").await;
    desk.sees(".measures .level", "vorgeschlagen").await;
    foyer.sees_no_more("main", "Kind").await;
    accessible::check(&desk, "something proposed").await;
    desk.press_in("//ul[@class='measures']", "Bestätigen").await;
    desk.sees(".measures .level", "läuft").await;
    foyer.sees(".screen.operations", "Wir suchen ein Kind").await;
    foyer.sees("main", "We are looking for a child").await;
    foyer.shoots("monitor-lost-child").await;
    accessible::check(&foyer, "a lost child on a monitor").await;
    // It says so itself; then all the others do.
    desk.sees(".measures", "1 / 16 Monitore").await;
    all_acknowledge(&stage).await;
    desk.sees(".measures .level", "alle Monitore zeigen es").await;
    desk.sees(".measures", "16 / 16 Monitore").await;
    desk.sees(".measures", "rote Jacke").await;
    foyer.sees_no_more("main", "rote Jacke").await;
    desk.run("document.querySelector('.measures').scrollIntoView()").await;
    desk.shoots("desk-incident-phone").await;
    ends(&desk, "Kind vermisst").await;
    foyer.sees("h1", "Nächste Vorstellungen").await;
    foyer.sees_no_more("main", "Kind").await;

    // Help for somebody in one room: who is there makes way, and nobody else is told.
    reports(&desk, IncidentKind::Medical).await;
    desk.press_option("#incident-zone", "Veranstaltungsraum 1").await;
    desk.press("Melden und bestätigen").await;
    desk.sees(".notice.good", "läuft").await;
    let room = stage.staff(Role::Desk, Device::Monitor).await;
    room.open("/monitor/room-1-door").await;
    room.sees(".screen.operations", "Bitte halten Sie den Weg frei").await;
    foyer.sees_no_more("main", "Weg frei").await;
    ends(&desk, "Medizinischer Notfall").await;
    room.sees_no_more("main", "Weg frei").await;

    // A proposal that was none.
    reports(&desk, IncidentKind::LostChild).await;
    desk.press("Nur melden").await;
    desk.press_in("//ul[@class='measures']", "Ablehnen").await;
    desk.sees("#measures + p", "Nichts läuft").await;
    desk.open("/desk/audit").await;
    desk.sees(".audit", "Vorfall").await;
    assert!(foyer.is_same_page().await, "the monitor was reloaded");
    desk.quits().await;
    room.quits().await;
    leaves(foyer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lift_that_fails_rewrites_every_step_free_way_and_leaves_the_signposts() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    let way = stage.staff(Role::Desk, Device::Monitor).await;
    way.open("/monitor/way-ground").await;
    let lift = signpost("Aufzug zu allen Ebenen");
    way.holds("a step-free way", &format!("{lift}.textContent.includes('stufenlos')")).await;
    way.marks_page().await;

    // People are sent to the roof, whoever cannot use stairs by the lift.
    orders(&desk, DirectiveKind::Redirect, "Foyer", "Dachterrasse").await;
    desk.sees(".notice.good", "Umleiten").await;
    says(&way, "Bitte gehen Sie weiter").await;
    says(&way, "ohne Stufen mit dem Aufzug").await;
    says(&way, "Sternensaal").await;

    reports(&desk, IncidentKind::TechnicalFault).await;
    desk.click("#incident-lift option[value='lift']").await;
    desk.press("Melden und bestätigen").await;
    desk.sees(".notice.good", "Technische Störung").await;
    says(&way, "außer Betrieb").await;
    says_no_more(&way, "ohne Stufen mit dem Aufzug").await;
    way.holds("no step-free way", &format!("!{lift}.textContent.includes('stufenlos')")).await;
    way.holds("what to do instead", &format!("{lift}.textContent.includes('Der Aufzug fährt nicht')")).await;
    says(&way, "Sternensaal").await;
    let dome = signpost("Sternensaal");
    way.holds("on one floor nothing has changed", &format!("{dome}.textContent.includes('stufenlos')")).await;
    way.shoots("monitor-lift-fault").await;
    accessible::contrasts(&way, "a lift that fails").await;
    desk.shoots("desk-lift-fault").await;

    ends(&desk, "Technische Störung").await;
    says(&way, "ohne Stufen mit dem Aufzug").await;
    way.holds("the lift again", &format!("{lift}.textContent.includes('stufenlos')")).await;
    ends(&desk, "Umleiten").await;
    way.sees("h1", "Wegweiser").await;
    says_no_more(&way, "Bitte gehen Sie weiter").await;
    assert!(way.is_same_page().await, "the monitor was reloaded");
    desk.quits().await;
    way.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_zone_lets_nobody_in_and_another_room_opens() {
    let Some(stage) = Stage::open().await else { return };
    let (_, reference, desk) = opens(&stage, "Unsere Milchstraße", Device::Phone).await;
    let monitor = stage.staff(Role::Desk, Device::Monitor).await;
    monitor.open("/monitor/dome-door-1").await;
    monitor.sees("h1", "").await;
    monitor.marks_page().await;

    orders(&desk, DirectiveKind::StopAdmission, "Sternensaal", "").await;
    desk.sees(".notice.good", "Zugang stoppen").await;
    monitor.sees(".screen.operations", "zurzeit kein Einlass").await;
    monitor.sees("main", "no admission at the moment").await;
    monitor.shoots("monitor-zone-stopped").await;
    accessible::contrasts(&monitor, "a stopped zone").await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice", "Der Einlass hierhin ist angehalten").await;
    desk.shoots("desk-zone-stopped-phone").await;
    accessible::check(&desk, "a scan at a stopped zone").await;

    // Nobody is sent to where nobody may go.
    orders(&desk, DirectiveKind::Redirect, "Foyer", "Sternensaal").await;
    desk.sees(".notice.bad", "").await;
    let refused = desk.run("return document.querySelector('.notice.bad').textContent").await;
    assert!(refused.as_str().is_some_and(|words| words.contains("widerspricht")), "{refused}");

    // One touch takes it back, at the door at once.
    ends(&desk, "Zugang stoppen").await;
    monitor.sees_no_more("main", "kein Einlass").await;
    desk.types("#code", &reference).await;
    desk.press("Einlassen").await;
    desk.sees(".notice.good", "3 / 3").await;
    assert!(monitor.is_same_page().await, "the monitor was reloaded");

    monitor.open("/monitor/foyer-1").await;
    orders(&desk, DirectiveKind::OpenOverflow, "Foyer", "Veranstaltungsraum 2").await;
    desk.sees(".notice.good", "Ausweichraum öffnen").await;
    monitor.sees(".screen.operations", "Jetzt auch offen").await;
    says(&monitor, "Now open too").await;
    says(&monitor, "ohne Stufen mit dem Aufzug").await;
    monitor.shoots("monitor-overflow").await;
    assert_eq!(desk.run("return document.querySelectorAll('.measures li').length").await, json!(1));
    ends(&desk, "Ausweichraum öffnen").await;
    monitor.sees_no_more("main", "Jetzt auch offen").await;

    // That was the wrong one: one touch, and it holds again, on the monitors too.
    desk.shoots("desk-just-ended-phone").await;
    accessible::check(&desk, "what was ended just now").await;
    desk.press_in("//ul[@class='ended']/li[contains(., 'Ausweichraum öffnen')]", "Doch nicht beenden").await;
    desk.sees(".notice.good", "läuft").await;
    monitor.sees(".screen.operations", "Jetzt auch offen").await;
    desk.sees_no_more("ul.ended", "Ausweichraum öffnen").await;
    ends(&desk, "Ausweichraum öffnen").await;
    monitor.sees_no_more("main", "Jetzt auch offen").await;
    desk.quits().await;
    monitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kitchen_and_car_park_report_and_count_and_the_desk_confirms() {
    let Some(stage) = Stage::open().await else { return };
    let counted = CorrectZoneRequest { zone_id: "cafe".to_owned(), count: 8, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
    let kitchen = stage.staff(Role::Kitchen, Device::Tablet).await;
    kitchen.open("/kitchen").await;
    kitchen.press("Vorfall melden").await;
    kitchen.types("#note", "Schnittwunde an der Theke").await;
    kitchen.press("Medizinischer Notfall: AstroGastro").await;
    kitchen.sees(".notice.good", "vorgeschlagen").await;
    kitchen.sees(".measures", "Schnittwunde").await;
    // Every press counts, however fast they come.
    kitchen.run("document.querySelectorAll('#zone-cafe .click button[value=\"1\"]').forEach((it) => { it.click(); it.click(); it.click(); })").await;
    kitchen.sees("#zone-cafe .num b", "11").await;

    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.sees("section[aria-labelledby=measures]", "Schnittwunde").await;
    desk.press_in("//ul[@class='measures']/li[contains(., 'Schnittwunde')]", "Bestätigen").await;
    desk.sees(".notice.good", "läuft").await;
    let attendant = stage.staff(Role::Attendant, Device::Tablet).await;
    attendant.open("/carpark").await;
    attendant.press("Vorfall melden").await;
    attendant.sees(".measures", "läuft").await;
    for browser in [kitchen, desk, attendant] {
        browser.quits().await;
    }
}
