//! Admission to the hall is stopped by a directive, and staff have a reason to let somebody in all the same: one touch, at the
//! desk and on the phone, with the house and without it.

use kernel::Role;
use sky_proto::flow::v1::{
    DirectiveKind, ListScansRequest, ProposeDirectiveRequest, directives_client::DirectivesClient,
    door_client::DoorClient,
};
use uuid::Uuid;

use crate::{
    accessible,
    cable::Cable,
    chrome::Device,
    door::opens,
    phone::{at_the_door, scans},
    stage::Stage,
    world::staff,
};

const HELD: &str = "Ausnahme nur mit Grund";
const REASON: &str = "Geht mit Personal hinein";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_reason_lets_in_where_admission_is_stopped_with_one_touch() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    let stop = ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: "dome".to_owned(),
        confirm: true,
        ..Default::default()
    };
    let mut directives = DirectivesClient::new(stage.world.door("flow", &staff(Role::Desk)));
    directives.propose_directive(stop).await.expect("stopped");

    desk.types("#code", &reference).await;
    desk.run("document.querySelector('#party_count').value = '1'").await;
    desk.press("Einlassen").await;
    desk.sees(".notice.few", HELD).await;
    accessible::check(&desk, "the offer of an exception").await;
    desk.press(REASON).await;
    desk.sees(".notice.good", "1 / 3").await;
    // Somebody goes out and comes back: the same.
    desk.types("#code", &reference).await;
    desk.press("Geht hinaus").await;
    desk.sees(".notice.good", "Karte behalten").await;
    desk.types("#code", &reference).await;
    desk.press("Kommt zurück").await;
    desk.sees(".notice.few", HELD).await;
    desk.press(REASON).await;
    desk.sees(".notice.good", "Willkommen").await;
    desk.quits().await;

    let phone = at_the_door(&stage, &cable).await;
    phone.sees(".no-camera", "Dieser Browser liest keine Codes mit der Kamera").await;
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.bad", HELD).await;
    phone.holds("it is not about being late", "document.querySelector('.late').hidden").await;
    phone.sees(".exception", "Trotzdem einlassen").await;
    accessible::check(&phone, "an exception at the door").await;
    phone.press(REASON).await;
    phone.sees(".verdict.good", "2 / 3").await;
    phone.holds("nothing more to ask", "document.querySelector('.exception').hidden").await;
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.bad", "ohne Verbindung entschieden").await;
    phone.press(REASON).await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    cable.mend();
    phone.sees_no_more(".lane", "Noch zu melden").await;
    stage.visit_with(&booked.visit, "all in", |visit| visit.admitted == 3).await;
    let mut door = DoorClient::new(stage.world.door("flow", &staff(Role::Desk)));
    let request = ListScansRequest { showing_id: booked.showing.clone(), limit: 20 };
    let scans = door.list_scans(request).await.expect("a log").into_inner().scans;
    assert_eq!(scans.iter().filter(|it| it.reason == REASON).count(), 4, "{scans:?}");
    phone.driver.quit().await.expect("the browser ends");
}
