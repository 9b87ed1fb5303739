//! The door needs nobody: with NATS and every other service killed, a running flow goes on admitting; when they
//! come back, all of them agree. Real processes, killed as a power cut would. Nobody can sign a scanner in then: it goes on
//! with the identity that it has had for a while.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    clock::wall_now,
    testing::{TestBroker, TestDb, process_clock, settings},
};
use sky_proto::{
    flow::v1::{
        AdmissionState, ExportAdmissionListRequest, FindPartyRequest, GetShowListRequest, ScanRequest, ScanResponse,
        ScanVerdict, UndoScanRequest, door_client::DoorClient, flow_client::FlowClient,
    },
    payments::v1::Method,
};
use uuid::Uuid;

use crate::{
    processes::{signed_in, sky, start},
    scenario::Family,
    world::{World, staff, until},
};

/// A scanner with the identity that it has.
struct Scanner {
    id: &'static str,
    token: String,
}

/// A lane's scanner scans `people` of a party.
async fn scan(world: &World, scanner: &Scanner, showing: &str, code: &str, people: u32) -> (ScanRequest, ScanResponse) {
    let request = ScanRequest {
        device_id: scanner.id.to_owned(),
        nonce: Uuid::new_v4().to_string(),
        lane: "dome-1".to_owned(),
        showing_id: showing.to_owned(),
        code: code.to_owned(),
        party_count: people,
        late_reason: String::new(),
    };
    let mut flow = FlowClient::new(world.door_with("flow", &scanner.token));
    (request.clone(), flow.scan(request).await.expect("a verdict").into_inner())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_goes_on_while_everything_else_is_dead() {
    let db = TestDb::create().await;
    let mut broker = TestBroker::start().await;
    let mut settings = settings(&db);
    settings.nats_url = broker.url();
    let groups: [&[&'static str]; 5] =
        [&["flow"], &["reservations", "payments"], &["journey"], &["portal"], &["signage", "parking", "gastro"]];
    let (journey, portal) = (2, 3);
    let (mut processes, world) = start(&groups, &settings).await;
    let family = Family::holds(&world, process_clock().now()).await;
    family.orders(Method::AtDesk).await;
    let reference = family.is_confirmed().await.reference;
    let (code, showing) = (family.code().await, family.showing.showing_id.clone());
    family.moves_admission(AdmissionState::DoorsOpen).await;
    let find = || async {
        let request = FindPartyRequest { reference: reference.clone() };
        FlowClient::new(world.door("flow", &staff(Role::Desk))).find_party(request).await.ok()
    };
    until("the tickets at the door", find, Option::is_some).await;

    let page = format!("{}/desk/party", processes.pages[portal]);
    let desk = signed_in(&processes.pages[portal], &settings).await;
    let by_name = async || {
        let form = [("reference", "Muster")];
        let answer = desk.post(&page).form(&form).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    };
    let (status, found) = by_name().await;
    assert!(status == 200 && found.contains(&reference), "{status} {found}");

    // One was paired today. The other one was before, and signed in just before the house began to fail, a while ago.
    let device_token = world.pairs("scanner", "scanner-1").await;
    let identity = world.signs_in(&device_token).await.expect("in");
    let until_when = kernel::values::from_timestamp(identity.expires_at);
    assert!(until_when > wall_now() + TimeDelta::hours(6), "for a working day, not until {until_when}");
    let today = Scanner { id: "scanner-1", token: identity.token };
    let caller = Caller::Device { id: "scanner-2".to_owned(), kind: "scanner".to_owned() };
    let before = Scanner { id: "scanner-2", token: world.issued(&caller, wall_now() - TimeDelta::hours(6)) };

    broker.kill();
    processes.kill(journey);
    // Names are journey's alone. Whoever stands at the desk is told what to ask for, and the door finds that.
    let (status, away) = by_name().await;
    assert!(status == 200 && away.contains("Namen sind gerade nicht zu finden"), "{status} {away}");
    for group in (1..groups.len()).filter(|group| *group != journey) {
        processes.kill(group);
    }
    let (_, two) = scan(&world, &today, &showing, &code, 2).await;
    assert_eq!((two.verdict(), two.admitted_now), (ScanVerdict::Admitted, 2));
    let (wrong, one) = scan(&world, &before, &showing, &reference, 1).await;
    assert_eq!((one.verdict(), one.admitted_total), (ScanVerdict::Admitted, 3));
    let undo = UndoScanRequest { device_id: wrong.device_id, nonce: wrong.nonce, reason: "wrong party".to_owned() };
    let mut door = DoorClient::new(world.door("flow", &staff(Role::Desk)));
    door.undo_scan(undo).await.expect("taken back");
    let (_, rest) = scan(&world, &before, &showing, &code, 0).await;
    assert_eq!((rest.admitted_now, rest.admitted_total), (2, 4));
    assert_eq!(scan(&world, &today, &showing, &code, 0).await.1.verdict(), ScanVerdict::AlreadyAdmitted);
    let list = ExportAdmissionListRequest { device_id: "scanner-1".to_owned(), day: String::new() };
    door.export_admission_list(list).await.expect("a list, too");
    let start = kernel::values::from_timestamp(family.showing.starts_at);
    let day = GetShowListRequest { day: kernel::values::day_of(start).to_string() };
    let paper = door.get_show_list(day).await.expect("the day on paper").into_inner();
    let printed = paper.showings.iter().find(|it| it.showing_id == showing).expect("the showing");
    let party = printed.parties.iter().find(|it| it.reference == reference).expect("the party");
    assert_eq!((party.people, party.admitted, printed.booked), (4, 4, 4), "{party:?}");
    family.moves_admission(AdmissionState::LastCall).await;

    broker.restart().await;
    for group in 1..groups.len() {
        processes.restart(&world, group).await;
    }
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
    family.sees_on_monitor("dome-door-1", |line| line.status == "last_call").await;
    let verify = sky(&settings).arg("verify").output().expect("sky verify runs");
    let verdict = String::from_utf8_lossy(&verify.stdout);
    assert!(verify.status.success(), "{verdict}{}", String::from_utf8_lossy(&verify.stderr));
}
