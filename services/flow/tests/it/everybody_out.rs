//! After a false alarm or a drill everybody stands outside with a ticket that was scanned already: staff say that all were
//! out, and each comes in again once.

use kernel::{testing::House, ticket_code::Kind, values::timestamp};
use sky_proto::flow::v1::{self as pb, AdmissionState, HouseState, ScanVerdict, door_client::DoorClient};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

async fn set_house(house: &House, who: &str, state: HouseState) {
    let caller = kernel::Caller::Staff { account: who.to_owned(), roles: vec![kernel::Role::Desk] };
    let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
    client!(house, &caller).set_house_state(request).await.expect("set");
}

/// An alarm, and two people's all-clear five minutes later.
async fn alarm(house: &House) {
    set_house(house, "anna", HouseState::Evacuating).await;
    house.clock.advance(chrono::TimeDelta::minutes(5));
    for who in ["anna", "ben"] {
        set_house(house, who, HouseState::AllClear).await;
    }
    house.clock.advance(chrono::TimeDelta::minutes(1));
}

async fn everybody_out(house: &House, take_back: bool) -> Result<u32, Status> {
    let request = pb::ReportEverybodyOutRequest { take_back };
    DoorClient::new(house.channel(&desk())).report_everybody_out(request).await.map(|answer| answer.into_inner().people)
}

async fn outside(house: &House) -> (u32, u32) {
    let admission = snapshot(house).await.admissions.remove(0);
    (admission.admitted, admission.outside)
}

#[tokio::test]
async fn after_an_alarm_everybody_comes_in_again_once_and_nobody_twice() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let codes: Vec<String> = tickets.iter().map(|id| code(&house, Kind::Ticket, *id, showing)).collect();
    for code in &codes[..2] {
        assert_eq!(scan(&house, &scan_of(showing, code)).await.expect("in").verdict(), ScanVerdict::Admitted);
    }
    let refused = everybody_out(&house, false).await.expect_err("there was no alarm");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    alarm(&house).await;
    // After a false alarm in which nobody left, all is as before.
    let verdict = async |code: &str| scan(&house, &scan_of(showing, code)).await.expect("judged").verdict();
    assert_eq!(verdict(&codes[0]).await, ScanVerdict::AlreadyAdmitted);
    // Whoever comes for the first time now was not out with the others.
    assert_eq!(everybody_out(&house, false).await.expect("said"), 2);
    assert_eq!(everybody_out(&house, false).await.expect("again"), 0);
    assert_eq!((outside(&house).await, count(&house, "dome").await), ((2, 2), 0));

    assert_eq!(verdict(&codes[0]).await, ScanVerdict::Readmitted, "at the lane, without staff");
    assert_eq!(verdict(&codes[0]).await, ScanVerdict::AlreadyAdmitted, "once");
    assert_eq!(verdict(&codes[2]).await, ScanVerdict::Admitted);
    assert_eq!(everybody_out(&house, false).await.expect("again"), 0, "who came back is not out");
    assert_eq!((outside(&house).await, count(&house, "dome").await), ((3, 1), 2));
    // Who leaves by themselves from now on needs staff again.
    house.clock.advance(chrono::TimeDelta::minutes(1));
    let mut exit = scan_of(showing, &codes[0]);
    exit.party_count = 1;
    DoorClient::new(house.channel(&desk())).scan_exit(exit).await.expect("out");
    house.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(verdict(&codes[0]).await, ScanVerdict::ReentryByStaff);

    // It was a mistake: the one who has not come back is in as before.
    assert_eq!(everybody_out(&house, true).await.expect("taken back"), 1);
    assert_eq!(outside(&house).await, (3, 1));
    assert_eq!(verdict(&codes[1]).await, ScanVerdict::AlreadyAdmitted);
    let acts: Vec<String> = audit(&house, "house").await.into_iter().map(|it| it.act).collect();
    assert!(acts.contains(&"report_everybody_out".to_owned()), "{acts:?}");
    assert_eq!(acts[0], "take_back_everybody_out");
    let lines = DoorClient::new(house.channel(&desk()))
        .list_scans(pb::ListScansRequest { showing_id: showing.to_string(), limit: 0 })
        .await
        .expect("the log")
        .into_inner()
        .scans;
    assert!(lines.iter().any(|line| line.device_id == "everybody-out" && line.undone && line.by == "test-desk"));
}

#[tokio::test]
async fn a_party_comes_back_with_one_code_while_its_showing_runs() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let code = code(&house, Kind::Visit, visit, showing);
    scan(&house, &scan_of(showing, &code)).await.expect("in");
    move_to(&house, showing, AdmissionState::Running).await.expect("runs");
    alarm(&house).await;
    assert_eq!(everybody_out(&house, false).await.expect("said"), 3);
    let mut two = scan_of(showing, &code);
    two.party_count = 2;
    let back = scan(&house, &two).await.expect("judged");
    assert_eq!((back.verdict(), outside(&house).await), (ScanVerdict::Readmitted, (3, 1)));
    assert_eq!(scan(&house, &two).await.expect("the same scan").verdict(), ScanVerdict::Readmitted);
    assert_eq!(scan(&house, &scan_of(showing, &code)).await.expect("judged").verdict(), ScanVerdict::Readmitted);
    assert_eq!(scan(&house, &scan_of(showing, &code)).await.expect("judged").verdict(), ScanVerdict::AlreadyAdmitted);
    assert_eq!(outside(&house).await, (3, 0));
}

#[tokio::test]
async fn phones_without_the_house_let_everybody_in_again_once() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let phone = |device: &'static str| DoorClient::new(house.channel(&scanner(device)));
    let list = async |device: &'static str| {
        let wanted = pb::ExportAdmissionListRequest { device_id: device.to_owned(), day: String::new() };
        let signed = phone(device).export_admission_list(wanted).await.expect("a list").into_inner();
        <pb::AdmissionList as prost::Message>::decode(signed.list.as_slice()).expect("a list")
    };
    let brings = async |device: &'static str, nonce: &str, ticket: Uuid, at: i64| {
        let entry = pb::JournalEntry {
            nonce: nonce.to_owned(),
            kind: pb::ScanKind::Entry.into(),
            lane: "dome-2".to_owned(),
            showing_id: showing.to_string(),
            code: code(&house, Kind::Ticket, ticket, showing),
            at: Some(timestamp(minutes(at))),
            verdict: ScanVerdict::Admitted.into(),
            ..Default::default()
        };
        let device_now = Some(timestamp(house.clock.now()));
        let journal = pb::SubmitScansRequest { device_id: device.to_owned(), device_now, entries: vec![entry] };
        phone(device).submit_scans(journal).await.expect("merged").into_inner().results[0].outcome()
    };
    for device in ["scanner-2", "scanner-3"] {
        list(device).await;
    }
    scan(&house, &scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing))).await.expect("in");
    house.clock.advance(chrono::TimeDelta::minutes(5));
    alarm(&house).await;
    assert_eq!(everybody_out(&house, false).await.expect("said"), 1);
    // The other one had been let in by a phone whose journal comes only now: out with all.
    assert_eq!(brings("scanner-2", "a", tickets[1], 48).await, pb::EntryOutcome::Recorded);
    assert_eq!(outside(&house).await, (2, 2));
    let known = list("scanner-2").await.showings.remove(0).parties.remove(0).tickets;
    assert!(known.iter().all(|ticket| !ticket.admitted), "the phone lets each in: {known:?}");

    house.clock.advance(chrono::TimeDelta::minutes(2));
    assert_eq!(brings("scanner-2", "b", tickets[1], 56).await, pb::EntryOutcome::Recorded);
    assert_eq!(outside(&house).await, (2, 1));
    assert_eq!(brings("scanner-2", "b", tickets[1], 56).await, pb::EntryOutcome::Repeated);
    assert_eq!(brings("scanner-3", "c", tickets[1], 56).await, pb::EntryOutcome::Conflict, "twice, by two phones");
    let again = scan(&house, &scan_of(showing, &code(&house, Kind::Ticket, tickets[1], showing))).await;
    assert_eq!(again.expect("judged").verdict(), ScanVerdict::AlreadyAdmitted);
    assert_eq!(outside(&house).await, (2, 1));
}

/// Of a party of three two were in when the alarm came; the third has only just arrived.
async fn two_of_three_were_in(house: &House) -> (Uuid, Uuid, String) {
    let (showing, visit, tickets) = open(house).await;
    let list = pb::ExportAdmissionListRequest { device_id: "scanner-2".to_owned(), day: String::new() };
    DoorClient::new(house.channel(&scanner("scanner-2"))).export_admission_list(list).await.expect("a list");
    for ticket in &tickets[..2] {
        scan(house, &scan_of(showing, &code(house, Kind::Ticket, *ticket, showing))).await.expect("in");
    }
    alarm(house).await;
    assert_eq!(everybody_out(house, false).await.expect("said"), 2);
    assert_eq!((outside(house).await, count(house, "dome").await), ((2, 2), 0));
    house.clock.advance(chrono::TimeDelta::minutes(1));
    (showing, visit, code(house, Kind::Visit, visit, showing))
}

async fn journal(house: &House, entry: pb::JournalEntry) -> pb::EntryOutcome {
    let (device_id, device_now) = ("scanner-2".to_owned(), Some(timestamp(house.clock.now())));
    let journal = pb::SubmitScansRequest { device_id, device_now, entries: vec![entry] };
    let merged = DoorClient::new(house.channel(&scanner("scanner-2"))).submit_scans(journal).await.expect("merged");
    merged.into_inner().results[0].outcome()
}

async fn open_conflicts(house: &House) -> usize {
    let request = pb::ListScanConflictsRequest::default();
    let listed = DoorClient::new(house.channel(&desk())).list_scan_conflicts(request).await.expect("a list");
    listed.into_inner().conflicts.len()
}

#[tokio::test]
async fn a_party_of_which_some_were_in_comes_in_with_one_scan_and_goes_out_with_one_undo() {
    let house = house().await;
    let (showing, _, code) = two_of_three_were_in(&house).await;
    let wanted = pb::ScanRequest { device_id: "scanner-2".to_owned(), ..scan_of(showing, &code) };
    let together = scan(&house, &wanted).await.expect("judged");
    assert_eq!((together.verdict(), together.admitted_now, together.admitted_total), (ScanVerdict::Admitted, 3, 3));
    assert_eq!((outside(&house).await, count(&house, "dome").await), ((3, 0), 3));
    assert_eq!(scan(&house, &wanted).await.expect("the same scan"), together);
    let again = scan(&house, &scan_of(showing, &code)).await.expect("judged");
    assert_eq!(again.verdict(), ScanVerdict::AlreadyAdmitted);

    // The answer had not reached the phone, which let the three in by itself.
    let noted = pb::JournalEntry {
        nonce: wanted.nonce.clone(),
        kind: pb::ScanKind::Entry.into(),
        lane: wanted.lane.clone(),
        showing_id: showing.to_string(),
        code,
        at: Some(timestamp(house.clock.now())),
        verdict: ScanVerdict::Admitted.into(),
        party_count: 3,
        late_reason: String::new(),
        undoes: String::new(),
    };
    assert_eq!(journal(&house, noted).await, pb::EntryOutcome::Repeated);
    assert_eq!((outside(&house).await, open_conflicts(&house).await), ((3, 0), 0));

    let undo =
        pb::UndoScanRequest { device_id: "scanner-2".to_owned(), nonce: wanted.nonce, reason: "wrong".to_owned() };
    for _ in 0..2 {
        let line = DoorClient::new(house.channel(&desk())).undo_scan(undo.clone()).await.expect("undone").into_inner();
        assert!(line.undone);
        assert_eq!((outside(&house).await, count(&house, "dome").await), ((2, 2), 0), "as before the scan");
    }
}

#[tokio::test]
async fn a_phone_lets_in_a_party_of_which_some_were_in_without_counting_anybody_twice() {
    let house = house().await;
    let (showing, _, code) = two_of_three_were_in(&house).await;
    let entry = pb::JournalEntry {
        nonce: "a".to_owned(),
        kind: pb::ScanKind::Entry.into(),
        lane: "dome-2".to_owned(),
        showing_id: showing.to_string(),
        code: code.clone(),
        at: Some(timestamp(house.clock.now())),
        verdict: ScanVerdict::Admitted.into(),
        party_count: 3,
        late_reason: String::new(),
        undoes: String::new(),
    };
    assert_eq!(journal(&house, entry.clone()).await, pb::EntryOutcome::Recorded);
    assert_eq!((outside(&house).await, count(&house, "dome").await), ((3, 0), 3));
    assert_eq!(journal(&house, entry.clone()).await, pb::EntryOutcome::Repeated);
    assert_eq!(open_conflicts(&house).await, 0);
    // Somebody else who comes with that code is one too many, as ever.
    let more = pb::JournalEntry { nonce: "b".to_owned(), party_count: 1, ..entry };
    assert_eq!(journal(&house, more).await, pb::EntryOutcome::Conflict);
    assert_eq!((outside(&house).await, open_conflicts(&house).await), ((3, 0), 1));
}
