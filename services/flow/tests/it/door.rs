//! At the door: scans, parties in parts, two lanes at once, other services down.

use futures::future::join_all;
use kernel::ticket_code::{Kind, reference};
use sky_proto::flow::v1::{self as pb, AdmissionState, ScanVerdict};
use uuid::Uuid;

use crate::support::*;

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
