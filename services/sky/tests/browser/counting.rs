//! Counting by hand and by counters: where one may click, an empty house set to nobody, a counter's token, a day again.

use chrono::TimeDelta;
use kernel::{Role, values::from_timestamp};
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, flow_client::FlowClient};

use crate::{
    accessible,
    chrome::Device,
    journey::{Pays, books, moves_admission},
    stage::Stage,
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_house_is_set_to_nobody_only_when_it_is_empty() {
    let Some(stage) = Stage::open().await else { return };
    let family = stage.visitor(Device::Phone).await;
    let booked = books(&family, "Der Sternenhimmel heute Nacht", Pays::AtDesk).await;
    family.quits().await;
    let visit = stage.visit(&booked.visit).await;
    stage.waits_until(from_timestamp(visit.starts_at) - TimeDelta::minutes(20)).await;
    let counted = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 14, reason: "counted".to_owned() };
    FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open("/desk").await;
    desk.sees("#zone-foyer", "14").await;
    // The next turn keeps that number for the replay.
    stage.waits_until(stage.house.clock.now() + TimeDelta::minutes(1)).await;
    // A storey, the house and an escape route are sums: nobody clicks there.
    let clickers = "return [...document.querySelectorAll('.click')].map((it) => it.closest('li').id).sort()";
    let rooms = ["cafe", "desk", "dome", "foyer", "room-1", "room-2", "terrace"].map(|id| format!("zone-{id}"));
    assert_eq!(desk.run(clickers).await, json!(rooms));

    moves_admission(&desk, &booked, "Einlass öffnen").await;
    desk.open("/desk/counters").await;
    desk.sees("main", "Haus leer").await;
    desk.press("Alle Zahlen auf null").await;
    desk.sees(".notice.bad", "Häkchen").await;
    desk.click("#rezero-sure").await;
    desk.press("Alle Zahlen auf null").await;
    desk.sees(".notice.bad", "Das Haus ist nicht leer").await;
    desk.open("/desk").await;
    desk.sees("#zone-foyer", "14").await;

    desk.press_in(&format!("//li[@id='show-{}']", booked.showing), "Andere Schritte").await;
    moves_admission(&desk, &booked, "Einlass zurücknehmen").await;
    desk.open("/desk/counters").await;
    desk.click("#rezero-sure").await;
    desk.press("Alle Zahlen auf null").await;
    desk.sees(".notice.good", "Bereiche stehen auf null").await;
    desk.open("/desk").await;
    desk.sees("#zone-foyer .num b", "0").await;
    desk.sees_no_more("#zone-foyer .num", "14").await;

    // The same day with thresholds at which the foyer would have been full.
    desk.open("/desk/replay").await;
    for (field, percent) in
        [("amber", "3"), ("amber_fall", "2"), ("red", "5"), ("red_fall", "4"), ("stop", "9"), ("stop_fall", "8")]
    {
        desk.types_over(&format!("#{field}"), percent).await;
    }
    desk.press("Nachspielen").await;
    desk.sees("section[aria-label=Foyer]", "mit diesen Schwellen").await;
    desk.sees("section[aria-label=Foyer] tbody tr:last-child td:last-child", "1").await;
    desk.sees("section[aria-label=Foyer] tbody tr:last-child td:nth-child(2)", "0").await;
    // The zones that share an escape route were as full, and the house would have asked; each figure says what it rests on.
    desk.sees("section[aria-label*='Rettungsweg Haupteingang'] tbody", "min").await;
    desk.sees("section[aria-label=Foyer] tbody", "von Hand").await;
    desk.sees(".policy .replay-would", "Ausweichraum öffnen: Foyer → Veranstaltungsraum 1").await;
    desk.sees(".policy", "Nichts.").await;
    desk.shoots("desk-replay").await;
    accessible::check(&desk, "a day again").await;
    desk.types_over("#red", "2").await;
    desk.press("Nachspielen").await;
    desk.sees("[role=alert]", "Schwellen").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_give_a_counter_its_token_and_the_desk_looks_on() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    desk.open("/desk/counters").await;
    desk.sees("#sensor-foyer-1", "auf Probe").await;
    desk.sees("#sensor-foyer-1", "Noch nie etwas gekommen").await;
    desk.sees_no_more("main", "Neuer Zugang").await;
    desk.shoots("desk-counters-phone").await;
    accessible::check(&desk, "the counters as the desk sees them").await;
    let operator = stage.staff(Role::Operator, Device::Desk).await;
    operator.open("/desk/counters").await;
    operator.press_in("//li[@id='sensor-foyer-1']", "Neuer Zugang").await;
    operator.press_in("//li[@id='sensor-foyer-1']", "ausgeben").await;
    operator.sees("h1", "foyer-1").await;
    accessible::check(&operator, "a token").await;
    let token = operator.run("return document.querySelector('#token').textContent").await;
    let token = token.as_str().expect("a token").to_owned();
    let address = format!("http://{}/sensors/xovis", stage.house.running.http);
    let pushed = reqwest::Client::new().post(&address).bearer_auth(&token).body("no package").send().await;
    let status = pushed.expect("an answer").status();
    assert!(status.is_client_error() && status != 401, "the token is good, the package is not: {status}");
    operator.open("/desk/counters/foyer-1").await;
    operator.sees("tbody", status.as_str()).await;
    operator.shoots("desk-pushes").await;
    accessible::check(&operator, "what a counter has sent").await;
    // Nothing good has come from it: it is not put to work, and the page says why in its own language.
    operator.open("/desk/counters").await;
    operator.press_in("//li[@id='sensor-foyer-1']", "In Betrieb nehmen").await;
    operator.sees(".notice.bad", "Er muss erst senden").await;
    // Once it sends it is put to work, tried again and put to work anew; the desk's page follows by itself.
    stage.counter_pushes(&token, 1).await;
    for (press, state) in
        [("In Betrieb nehmen", "zählt"), ("Auf Probe stellen", "auf Probe"), ("In Betrieb nehmen", "zählt")]
    {
        operator.press_in("//li[@id='sensor-foyer-1']", press).await;
        operator.sees(".notice.good", state).await;
        for page in [&operator, &desk] {
            page.sees("#sensor-foyer-1 .big", state).await;
        }
    }
    desk.sees_no_more("#sensor-foyer-1", "Noch nie etwas gekommen").await;
    operator.press_in("//li[@id='sensor-foyer-1']", "Außer Dienst").await;
    operator.sees("#sensor-foyer-1", "außer Dienst").await;
    let refused = reqwest::Client::new().post(&address).bearer_auth(&token).body("{}").send().await;
    assert_eq!(refused.expect("an answer").status(), 401, "a retired counter's token is good no more");
    // The page says so by itself, to the desk as well.
    operator.sees("[data-live] .warn", "mit ungültigem Zugang").await;
    desk.sees("[data-live] .warn", "mit ungültigem Zugang").await;
    operator.shoots("desk-counters").await;
    operator.quits().await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_is_asked_to_count_where_a_counter_has_lost_something() {
    let Some(stage) = Stage::open().await else { return };
    let token = stage.counter_at_work().await;
    let desk = stage.staff(Role::Desk, Device::Phone).await;
    // Packages are missing; then all comes again, and the counter itself is well.
    for package in [2, 5, 6] {
        stage.counter_pushes(&token, package).await;
    }
    desk.open("/desk").await;
    desk.sees_no_more(".alerts", "Es fehlen Pakete").await;
    desk.sees(".alerts", "Foyer: Niemand weiß, wie viele dort sind. Bitte zählen.").await;
    desk.shoots("desk-count-now").await;
    accessible::check(&desk, "a zone that nobody has counted").await;
    desk.types("#zone-foyer .count-now input[type=number]", "12").await;
    desk.press_in("//li[@id='zone-foyer']", "Zahl setzen").await;
    desk.sees("#zone-foyer .num", "12").await;
    desk.sees_no_more("main", "Niemand weiß").await;
    desk.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_typed_wrong_is_taken_back_on_the_desk() {
    let Some(stage) = Stage::open().await else { return };
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    let counts = async |people: &str| {
        desk.open("/desk").await;
        desk.press("Zählung berichtigen").await;
        desk.press_option("#zone", "AstroGastro").await;
        desk.types_over("#count", people).await;
        desk.types_over("#zone-reason", "gezählt").await;
        desk.press("Setzen").await;
        desk.sees(".notice.good", "AstroGastro").await;
    };
    counts("12").await;
    desk.sees("#zone-cafe .num", "12 / 50").await;
    counts("49").await;
    desk.sees("#zone-cafe .num", "49 / 50").await;
    desk.sees(".steps", "AstroGastro: 49 gezählt").await;
    accessible::check(&desk, "a count that can be taken back").await;
    desk.press_in("//ul[contains(@class, 'steps')]/li[contains(., '49 gezählt')]", "Rückgängig").await;
    desk.sees(".notice.good", "AstroGastro: 49 gezählt").await;
    desk.sees("#zone-cafe .num", "12 / 50").await;
    desk.holds("it is taken back once", "document.querySelector('.steps') === null").await;
    desk.open("/desk/audit").await;
    desk.sees("main", "Schritt zurückgenommen").await;
    // What the house file has changed is there as well, and that no account did it.
    desk.sees(".audit", "Hausdatei Regeln für volle Bereiche").await;
    desk.quits().await;
}
