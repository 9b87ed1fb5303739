//! The phone at the door takes its last admission back: the house does where it knows of it, and what it was not told yet goes
//! into the journal, so that it hears both.

use kernel::Role;
use sky_proto::flow::v1::{HouseState, ListScansRequest, LoggedScan, ScanKind, door_client::DoorClient};

use crate::{
    accessible,
    cable::Cable,
    chrome::Device,
    door::opens,
    phone::{at_the_door, scans},
    stage::Stage,
    world::staff,
};

const UNDO: &str = "Letzten Einlass zurücknehmen";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_takes_back_its_last_admission_with_the_house_and_without_it() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Desk).await;
    desk.quits().await;
    let phone = at_the_door(&stage, &cable).await;
    let is_nothing_left = "document.querySelector('.undo').hidden";
    phone.holds("nothing was let in yet", is_nothing_left).await;
    scans(&phone, &reference, "2").await;
    phone.sees(".verdict.good", "2 / 3").await;
    stage.visit_with(&booked.visit, "two in", |visit| visit.admitted == 2).await;
    accessible::check(&phone, "an admission that can be taken back").await;
    phone.press(UNDO).await;
    phone.sees(".verdict.good", "Zurückgenommen").await;
    phone.holds("nothing is left to take back", is_nothing_left).await;
    stage.visit_with(&booked.visit, "nobody in", |visit| visit.admitted == 0).await;

    // Without the house, also after the phone was out: the list knew nothing of either.
    cable.cut();
    scans(&phone, &reference, "1").await;
    phone.sees(".verdict.good", "Eingelassen: 1").await;
    phone.open("/desk/door").await;
    phone.sees(".lane.bad", "Noch zu melden: 1").await;
    phone.press(UNDO).await;
    phone.sees(".verdict.good", "Zurückgenommen. Nicht eingelassen").await;
    phone.sees(".verdict", "ohne Verbindung entschieden").await;
    phone.sees(".lane.bad", "Noch zu melden: 2").await;
    phone.shoots("door-phone-undone").await;
    phone.open("/desk/door").await;
    scans(&phone, &reference, "3").await;
    phone.sees(".verdict.good", "Eingelassen: 3").await;
    cable.mend();
    phone.sees(".lane.good", "Verbunden").await;
    phone.sees_no_more(".lane", "Noch zu melden").await;
    stage.visit_with(&booked.visit, "all in, nobody twice", |visit| visit.admitted == 3).await;
    phone.holds("nothing is disputed", "document.querySelector('.problems').hidden").await;
    let mut door = DoorClient::new(stage.world.door("flow", &staff(Role::Desk)));
    let all = ListScansRequest { showing_id: booked.showing.clone(), limit: 0 };
    let log: Vec<LoggedScan> = door.list_scans(all).await.expect("the log").into_inner().scans;
    let undone = |it: &&LoggedScan| it.kind() == ScanKind::Undo && it.offline;
    assert_eq!(log.iter().filter(undone).count(), 1, "{log:#?}");

    // What the house knows only the house takes back.
    cable.cut();
    phone.press(UNDO).await;
    phone.sees(".verdict.bad", "Das kann nur das Haus").await;
    cable.mend();
    phone.sees(".lane.good", "Verbunden").await;
    // During an alarm nobody does; afterwards it can still be taken back.
    stage.sets_house("anna", HouseState::Evacuating).await;
    phone.press(UNDO).await;
    phone.sees(".verdict.bad", "Scans bleiben bis zur Entwarnung").await;
    for who in ["anna", "bernd"] {
        stage.sets_house(who, HouseState::AllClear).await;
    }
    phone.press(UNDO).await;
    phone.sees(".verdict.good", "Zurückgenommen").await;
    stage.visit_with(&booked.visit, "nobody in again", |visit| visit.admitted == 0).await;
    // Its browser complains of the line that was cut.
    phone.driver.quit().await.expect("the browser ends");
}
