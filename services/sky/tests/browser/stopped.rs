//! A phone at the door that has lost the house: it lets nobody in while the last that it heard is that nobody may.

use kernel::Role;
use sky_proto::flow::v1::{
    AdmissionState, DirectiveKind, EndDirectiveRequest, HouseState, MoveAdmissionRequest, ProposeDirectiveRequest,
    directives_client::DirectivesClient, flow_client::FlowClient,
};
use uuid::Uuid;

use crate::{
    cable::Cable,
    chrome::{Browser, Device},
    door::opens,
    phone::{at_the_door, scans},
    stage::Stage,
    world::staff,
};

const CLOSED: &str = "Kein Einlass: Das Haus ist gesperrt.";
const HELD: &str = "Der Einlass hierhin ist angehalten (Anweisung).";
const LATE: &str = "Zu spät, der Einlass ist vorbei.";

/// Opened anew the page takes a list at once; waits for one of which this holds.
async fn hears(phone: &Browser, what: &str, holds: &str) {
    phone.open("/desk/door").await;
    phone.sees(".lane.good", "Verbunden").await;
    phone.holds(what, &format!("(({holds}))(JSON.parse(localStorage.getItem('sky door')).list)")).await;
}

async fn is_refused(phone: &Browser, reference: &str, words: &str) {
    scans(phone, reference, "1").await;
    phone.sees(".verdict.bad", words).await;
    phone.sees(".verdict.bad", "ohne Verbindung entschieden").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_without_the_house_lets_nobody_in_while_it_heard_last_that_nobody_may() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;

    // By the list: an evacuation began before the line was cut. A phone that starts anew knows it, too.
    stage.sets_house("anna", HouseState::Evacuating).await;
    hears(&phone, "the evacuation", "(list) => list.stopped").await;
    cable.cut();
    is_refused(&phone, &reference, CLOSED).await;
    phone.open("/desk/door").await;
    is_refused(&phone, &reference, CLOSED).await;
    phone.shoots("door-phone-stopped").await;
    cable.mend();
    for who in ["anna", "bernd"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    hears(&phone, "the all-clear", "(list) => !list.stopped").await;
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.holds("nothing is set aside", "document.querySelector('.unheard').hidden").await;

    // By a question in between: it scans nothing, and the next list comes in a minute.
    stage.sets_house("anna", HouseState::AdmissionStopped).await;
    let has_heard = "JSON.parse(localStorage.getItem('sky door moves')).stops.house.isStopped
        && !JSON.parse(localStorage.getItem('sky door')).list.stopped";
    phone.holds("it has heard of it, and not by a list", has_heard).await;
    cable.cut();
    is_refused(&phone, &reference, CLOSED).await;
    cable.mend();
    stage.sets_house("anna", HouseState::Normal).await;
    hears(&phone, "that it is open", "(list) => !list.stopped").await;

    // By a verdict: admission is stopped, and no list has come since.
    stage.sets_house("anna", HouseState::AdmissionStopped).await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.bad", CLOSED).await;
    cable.cut();
    is_refused(&phone, &reference, CLOSED).await;
    cable.mend();
    stage.sets_house("anna", HouseState::Normal).await;

    // Now for the hall alone; the house is open again, as the same verdict says.
    let mut directives = DirectivesClient::new(stage.world.door("flow", &staff(Role::Desk)));
    let stop = ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: "dome".to_owned(),
        confirm: true,
        ..Default::default()
    };
    let stopped = directives.propose_directive(stop).await.expect("stopped").into_inner();
    phone.sees(".lane.good", "Verbunden").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.bad", HELD).await;
    cable.cut();
    is_refused(&phone, &reference, HELD).await;
    cable.mend();
    hears(&phone, "the stop", "(list) => list.showings.some((it) => it.zoneStopped)").await;
    cable.cut();
    is_refused(&phone, &reference, HELD).await;
    cable.mend();
    let end = EndDirectiveRequest { directive_id: stopped.directive_id };
    directives.end_directive(end).await.expect("ended");
    hears(&phone, "its end", "(list) => !list.showings.some((it) => it.zoneStopped)").await;

    // It goes on by itself as before.
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    stage.visit_with(&booked.visit, "one in", |visit| visit.admitted == 1).await;

    // It runs, before its time: nobody comes in any more, and no reason lets anybody in.
    let mut flow = FlowClient::new(stage.world.door("flow", &staff(Role::Operator)));
    let runs = MoveAdmissionRequest { showing_id: booked.showing.clone(), to: AdmissionState::Running.into() };
    flow.move_admission(runs).await.expect("it runs");
    let over = format!("(list) => list.showings.some((it) => it.id === '{}' && it.over)", booked.showing);
    hears(&phone, "that it runs", &over).await;
    cable.cut();
    is_refused(&phone, &reference, LATE).await;
    phone.holds("nobody is asked why", "document.querySelector('.late').hidden").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    phone.driver.quit().await.expect("the browser ends");
}
