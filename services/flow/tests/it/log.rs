//! The scan log: exits and re-entry, undo, and that nobody can change it.

use kernel::ticket_code::{Kind, reference};
use sky_proto::flow::v1::{self as pb, AdmissionState, ScanVerdict, door_client::DoorClient};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

async fn exit(house: &kernel::testing::House, request: &pb::ScanRequest) -> Result<pb::ScanResponse, Status> {
    DoorClient::new(house.channel(&scanner(&request.device_id)))
        .scan_exit(request.clone())
        .await
        .map(tonic::Response::into_inner)
}

async fn reentry(house: &kernel::testing::House, request: &pb::ScanRequest) -> Result<pb::ScanResponse, Status> {
    DoorClient::new(house.channel(&desk())).scan_reentry(request.clone()).await.map(tonic::Response::into_inner)
}

async fn undo(house: &kernel::testing::House, scan: &pb::ScanRequest) -> Result<pb::LoggedScan, Status> {
    let request = pb::UndoScanRequest {
        device_id: scan.device_id.clone(),
        nonce: scan.nonce.clone(),
        reason: "wrong family".to_owned(),
    };
    DoorClient::new(house.channel(&desk())).undo_scan(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn some_leave_and_come_back_with_staff_only() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let code = code(&house, Kind::Visit, visit, showing);
    scan(&house, &scan_of(showing, &code)).await.expect("three in");
    let mut two = scan_of(showing, &code);
    two.party_count = 2;
    let out = exit(&house, &two).await.expect("a verdict");
    assert_eq!((out.verdict(), out.admitted_now, out.admitted_total), (ScanVerdict::Exited, 2, 3));
    assert_eq!(exit(&house, &two).await.expect("the first answer"), out, "the same nonce");
    assert_eq!((count(&house, "dome").await, snapshot(&house).await.admissions[0].outside), (1, 2));

    let again = scan(&house, &scan_of(showing, &code)).await.expect("a verdict");
    assert_eq!(again.verdict(), ScanVerdict::ReentryByStaff);
    let refused = DoorClient::new(house.channel(&scanner("scanner-1"))).scan_reentry(scan_of(showing, &code)).await;
    assert_eq!(refused.expect_err("a scanner looks at nobody").code(), Code::PermissionDenied);
    let mut three = scan_of(showing, &code);
    three.party_count = 3;
    let refused = reentry(&house, &three).await.expect_err("two have left");
    assert!(refused.message().contains("party_count: only 2"), "{}", refused.message());

    move_to(&house, showing, AdmissionState::Running).await.expect("started");
    let mut one = scan_of(showing, &reference(visit));
    one.party_count = 1;
    assert_eq!(reentry(&house, &one).await.expect("a verdict").verdict(), ScanVerdict::Readmitted);
    assert_eq!((count(&house, "dome").await, snapshot(&house).await.admissions[0].outside), (2, 1));
    move_to(&house, showing, AdmissionState::Egress).await.expect("over");
    assert_eq!(count(&house, "dome").await, 0, "who was out does not leave twice");
}

#[tokio::test]
async fn a_scan_is_taken_back_by_a_line_of_its_own() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let ticket = scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing));
    scan(&house, &ticket).await.expect("in");
    let undone = undo(&house, &ticket).await.expect("undone");
    assert!(undone.undone && undone.at.is_some());
    assert_eq!(undo(&house, &ticket).await.expect("again"), undone, "nothing more");
    assert_eq!((count(&house, "dome").await, snapshot(&house).await.admissions[0].admitted), (0, 0));
    let told: Vec<pb::AdmissionUndone> = house.events("flow").await;
    assert_eq!((told.len(), told[0].ticket_ids.clone(), told[0].admitted_total), (1, vec![tickets[0].to_string()], 0));

    let request = pb::ListScansRequest { showing_id: showing.to_string(), limit: 0 };
    let scans = DoorClient::new(house.channel(&desk())).list_scans(request).await.expect("a list").into_inner().scans;
    assert_eq!(scans.len(), 2, "{scans:?}");
    let line = scans.iter().find(|scan| scan.kind() == pb::ScanKind::Undo).expect("the undo");
    assert_eq!((line.by.as_str(), line.reason.as_str(), line.people), ("test-desk", "wrong family", 1));

    // The same ticket comes again, properly.
    let mut again = ticket.clone();
    again.nonce = Uuid::new_v4().to_string();
    assert_eq!(scan(&house, &again).await.expect("a verdict").verdict(), ScanVerdict::Admitted);
    let refused = scan_of(showing, "https://example.org");
    scan(&house, &refused).await.expect("a verdict");
    assert_eq!(undo(&house, &refused).await.expect_err("moved nobody").code(), Code::FailedPrecondition);
    assert_eq!(undo(&house, &scan_of(showing, "x")).await.expect_err("no such").code(), Code::NotFound);
    // An exit is taken back, too.
    let out = scan_of(showing, &reference(visit));
    exit(&house, &out).await.expect("out");
    undo(&house, &out).await.expect("undone");
    assert_eq!(snapshot(&house).await.admissions[0].outside, 0);
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
    }
    assert_eq!(undo(&house, &again).await.expect_err("they have gone").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn nobody_can_change_the_log() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &reference(visit))).await.expect("in");
    for forbidden in ["update scan set lane = 'x'", "delete from scan", "truncate scan cascade"] {
        let refused = sqlx::query(forbidden).execute(house.pool("flow")).await.expect_err(forbidden);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn whoever_sees_the_same_code_at_the_same_instant_admits_it_once() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    for round in 0..40 {
        let (visit, tickets) = (Uuid::now_v7(), [Uuid::now_v7()]);
        told(&house, visit, &booking(visit, showing, &tickets)).await;
        let code = code(&house, Kind::Ticket, tickets[0], showing);
        let lanes = (0..4).map(|lane| {
            let mut request = scan_of(showing, &code);
            request.device_id = format!("scanner-{lane}");
            let house = &house;
            async move { scan(house, &request).await.expect("a verdict").verdict() }
        });
        let verdicts = futures::future::join_all(lanes).await;
        let admitted = verdicts.iter().filter(|verdict| **verdict == ScanVerdict::Admitted).count();
        let already = verdicts.iter().filter(|verdict| **verdict == ScanVerdict::AlreadyAdmitted).count();
        assert_eq!((admitted, already), (1, 3), "round {round}: {verdicts:?}");
    }
    assert_eq!(count(&house, "dome").await, 40);
}
