//! At the door: scans, parties in parts, two lanes at once, other services down.

use futures::future::join_all;
use kernel::{
    Boot, Settings,
    testing::House,
    ticket_code::{Kind, reference},
};
use sky_proto::{
    flow::v1::{self as pb, AdmissionState, ScanVerdict, door_client::DoorClient, flow_client::FlowClient},
    reservations::v1::ShowingScheduled,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn a_ticket_stays_good_when_the_key_is_replaced_unless_the_key_was_stolen() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let [old, other] = [0, 1].map(|at| code(&house, Kind::Ticket, tickets[at], showing));
    let before = house.keys.ticket_public_key();
    let house = house.restart_with(|settings| {
        let new = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".to_owned();
        settings.earlier_ticket_keys = std::mem::replace(&mut settings.ticket_key, new);
    });
    let house = house.await;
    let verdict = async |house: &House, code: &str| scan(house, &scan_of(showing, code)).await.expect("one").verdict();
    assert_eq!(verdict(&house, &old).await, ScanVerdict::Admitted);
    let request = pb::ExportAdmissionListRequest { device_id: "scanner-1".to_owned(), day: String::new() };
    let list =
        DoorClient::new(house.channel(&desk())).export_admission_list(request).await.expect("a list").into_inner();
    assert_eq!((list.public_key, list.earlier_public_keys), (house.keys.ticket_public_key(), vec![before]));

    let house = house.restart_with(|settings| settings.earlier_ticket_keys.clear()).await;
    assert_eq!(verdict(&house, &other).await, ScanVerdict::Forged);
    let new = code(&house, Kind::Ticket, tickets[1], showing);
    assert_eq!(verdict(&house, &new).await, ScanVerdict::Admitted, "the same ticket, as its page shows it now");
}

#[tokio::test]
async fn a_ticket_admits_once_and_says_when_and_where_it_did() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let code = code(&house, Kind::Ticket, tickets[0], showing);
    let request = scan_of(showing, &code);
    let first = scan(&house, &request).await.expect("a verdict");
    assert_eq!(
        (first.verdict(), first.admitted_now, first.admitted_total, first.party_size),
        (ScanVerdict::Admitted, 1, 1, 3)
    );
    assert_eq!(first.seats, ["C1"]);
    assert_eq!(scan(&house, &request).await.expect("the first answer"), first, "the same nonce");
    house.clock.set(minutes(50));
    let mut again = scan_of(showing, &code);
    again.device_id = "scanner-2".to_owned();
    let again = scan(&house, &again).await.expect("a verdict");
    assert_eq!(again.verdict(), ScanVerdict::AlreadyAdmitted);
    assert_eq!(
        (again.earlier_at, again.earlier_lane.as_str()),
        (Some(kernel::values::timestamp(minutes(45))), "dome-1")
    );
    assert_eq!(count(&house, "dome").await, 1);
    let told: Vec<pb::PartyAdmitted> = house.events("flow").await;
    assert_eq!((told.len(), told[0].admitted_total, told[0].booked_total), (1, 1, 3));
}

#[tokio::test]
async fn a_party_comes_in_with_one_code_in_parts() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let mut two = scan_of(showing, &code(&house, Kind::Visit, visit, showing));
    two.party_count = 2;
    let in_now = scan(&house, &two).await.expect("two of three");
    assert_eq!((in_now.admitted_now, in_now.admitted_total, in_now.party_size), (2, 2, 3));
    let mut too_many = scan_of(showing, &two.code);
    too_many.party_count = 2;
    let refused = scan(&house, &too_many).await.expect_err("one is left");
    assert!(refused.message().contains("party_count: only 1"), "{}", refused.message());
    // The last one has no phone and says the reference.
    let aloud = scan_of(showing, &reference(visit).to_lowercase());
    let last = scan(&house, &aloud).await.expect("the rest");
    assert_eq!((last.admitted_now, last.admitted_total), (1, 3));
    assert_eq!(count(&house, "dome").await, 3);
}

#[tokio::test]
async fn two_lanes_at_once_admit_everybody_once() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let code = code(&house, Kind::Visit, visit, showing);
    let scans = (0..20).map(|n| {
        let mut request = scan_of(showing, &code);
        request.device_id = format!("scanner-{}", n % 2);
        request.party_count = 1;
        let house = &house;
        async move { scan(house, &request).await }
    });
    let admitted: u32 =
        join_all(scans).await.into_iter().filter_map(Result::ok).map(|answer| answer.admitted_now).sum();
    assert_eq!(admitted, 3);
    assert_eq!(count(&house, "dome").await, 3);
}

#[tokio::test]
async fn every_verdict_at_the_door() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let other = Uuid::now_v7();
    told(&house, other, &scheduled(other)).await;
    let good = code(&house, Kind::Visit, visit, showing);
    let verdict = async |showing: Uuid, code: &str| scan(&house, &scan_of(showing, code)).await.expect("a verdict");

    let wrong = verdict(other, &good).await;
    assert_eq!((wrong.verdict(), wrong.other_showing_id), (ScanVerdict::WrongShowing, showing.to_string()));
    assert!(wrong.message.expect("a sentence").de.contains("Reise um 13:00"));
    let early = Uuid::now_v7();
    told(&house, early, &booking(early, other, &[Uuid::now_v7()])).await;
    assert_eq!(verdict(other, &reference(early)).await.verdict(), ScanVerdict::TooEarly);
    assert_eq!(verdict(showing, "https://example.org/menu").await.verdict(), ScanVerdict::Unknown);
    let unknown = verdict(showing, &code(&house, Kind::Visit, Uuid::now_v7(), showing)).await;
    assert_eq!(unknown.verdict(), ScanVerdict::Unknown);
    assert!(unknown.message.expect("a sentence").de.contains("echt"));
    let foreign = kernel::identity::Keys::from_seeds([1; 32], [2; 32]);
    let content = house.keys.read_code(&good).expect("ours");
    assert_eq!(verdict(showing, &foreign.issue_code(&content)).await.verdict(), ScanVerdict::Forged);

    house.clock.set(minutes(61));
    assert_eq!(verdict(showing, &good).await.verdict(), ScanVerdict::TooLate);
    let mut late = scan_of(showing, &good);
    late.late_reason = "tram was late".to_owned();
    late.party_count = 1;
    assert_eq!(scan(&house, &late).await.expect("with a reason").verdict(), ScanVerdict::Admitted);
    move_to(&house, showing, AdmissionState::Running).await.expect("started");
    late.nonce = Uuid::new_v4().to_string();
    assert_eq!(scan(&house, &late).await.expect("a verdict").verdict(), ScanVerdict::TooLate, "it runs");
}

#[tokio::test]
async fn the_door_works_while_all_others_are_down() {
    // Nothing but flow runs in this house; its broker's streams of the others do not even exist.
    let house = kernel::testing::House::start(&[flow::SERVICE]).await;
    let (showing, visit, _) = open(&house).await;
    let house = house.restart().await;
    let answer = scan(&house, &scan_of(showing, &code(&house, Kind::Visit, visit, showing))).await.expect("a verdict");
    assert_eq!(answer.admitted_now, 3);
}

/// A showing in another hall with its doors open and a party of two: (showing, visit).
async fn open_in(house: &House, hall: &str) -> (Uuid, Uuid) {
    let (showing, visit) = (Uuid::now_v7(), Uuid::now_v7());
    let scheduled = ShowingScheduled { hall: hall.to_owned(), ..scheduled(showing) };
    told(house, showing, &scheduled).await;
    told(house, visit, &booking(visit, showing, &[Uuid::now_v7(), Uuid::now_v7()])).await;
    move_to(house, showing, AdmissionState::DoorsOpen).await.expect("doors open");
    (showing, visit)
}

#[tokio::test]
async fn whoever_scans_at_the_same_moment_gets_an_answer_of_its_own() {
    let house = house().await;
    let (dome, party, tickets) = open(&house).await;
    let (room, class) = open_in(&house, "room-1").await;
    let other = scan_of(dome, &code(&house, Kind::Ticket, tickets[0], dome));
    let mut too_many = scan_of(room, &reference(class));
    too_many.party_count = 3;
    let scans = [
        other.clone(),
        scan_of(room, &reference(class)),
        scan_of(Uuid::now_v7(), &reference(party)),
        too_many,
        scan_of(dome, "not a code"),
        scan_of(dome, &reference(class)),
        other,
        scan_of(dome, &code(&house, Kind::Ticket, tickets[1], dome)),
    ];
    let answers = join_all(scans.iter().map(|request| scan(&house, request))).await;
    let said: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Ok(answer) => format!("{:?} {}", answer.verdict(), answer.admitted_now),
            Err(refused) => format!("{:?}", refused.code()),
        })
        .collect();
    let expected = [
        "Admitted 1",
        "Admitted 2",
        "NotFound",
        // Before or after the whole class has come in.
        said[3].as_str(),
        "Unknown 0",
        "WrongShowing 0",
        // The same scan, sent twice.
        "Admitted 1",
        "Admitted 1",
    ];
    assert_eq!(said, expected);
    assert!(["InvalidArgument", "AlreadyAdmitted 0"].contains(&said[3].as_str()), "{}", said[3]);
    assert_eq!((count(&house, "dome").await, count(&house, "room-1").await), (2, 2));
    assert_eq!(house.events::<pb::PartyAdmitted>("flow").await.len(), 3, "once each");
}

#[tokio::test]
async fn two_replicas_at_once_admit_everybody_once() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let settings = Settings { grpc_listen: "127.0.0.1:0".to_owned(), ..house.settings.clone() };
    let boot = Boot { services: vec![flow::SERVICE], settings, clock: house.clock.clone(), migrate: false };
    let replica = kernel::run(boot).await.expect("a second door");
    let address = format!("http://{}", replica.grpc);
    let remote = tonic::transport::Channel::from_shared(address).expect("an address").connect().await.expect("there");
    let code = code(&house, Kind::Visit, visit, showing);
    let scans = (0..20).map(|n| {
        let mut request = scan_of(showing, &code);
        request.device_id = format!("scanner-{}", n % 2);
        request.party_count = 1;
        let (house, remote) = (&house, remote.clone());
        async move {
            if n % 2 == 0 {
                return scan(house, &request).await;
            }
            let mut asked = tonic::Request::new(request.clone());
            let token = format!("Bearer {}", house.keys.sign(&scanner(&request.device_id)));
            asked.metadata_mut().insert("authorization", token.parse().expect("ASCII"));
            FlowClient::new(remote).scan(asked).await.map(tonic::Response::into_inner)
        }
    });
    let answers = join_all(scans).await;
    let admitted: u32 =
        answers.iter().filter_map(|answer| answer.as_ref().ok()).map(|answer| answer.admitted_now).sum();
    assert_eq!(admitted, 3, "{answers:?}");
    assert_eq!(count(&house, "dome").await, 3);
    replica.shutdown().await;
}

#[tokio::test]
async fn a_nonce_is_answered_for_its_own_scan_alone() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let first = scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing));
    scan(&house, &first).await.expect("in");
    let stranger = pb::ScanRequest { code: code(&house, Kind::Ticket, tickets[1], showing), ..first.clone() };
    let more = pb::ScanRequest { code: reference(visit), ..first.clone() };
    for other in [stranger, more] {
        let refused = scan(&house, &other).await.expect_err("another scan");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("choose another"), "{refused}");
    }
    let out = DoorClient::new(house.channel(&scanner(&first.device_id))).scan_exit(first.clone()).await;
    assert_eq!(out.expect_err("another scan").code(), Code::FailedPrecondition);
    assert_eq!(scan(&house, &first).await.expect("the first answer").admitted_now, 1);
    assert_eq!(count(&house, "dome").await, 1);
}
