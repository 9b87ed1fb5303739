//! What is wrong and comes all the same: clocks that are off by minutes, displays that never answer, devices that
//! are not what they say. Nothing panics, nothing is dropped without a word.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Caller, Role, testing::House, ticket_code::Kind, values::timestamp};
use sky_proto::flow::v1::{
    self as pb, DirectiveKind, EntryOutcome, HouseState, MeasureState, ScanVerdict,
    directives_client::DirectivesClient, door_client::DoorClient,
};
use tonic::Code;
use uuid::Uuid;

use crate::{
    acknowledgements::{concerned, shown},
    client,
    support::*,
};

/// A ticket let in by a scanner whose clock is off by so much (positive: behind), at so many minutes past noon by
/// that clock; when the house says it was.
async fn let_in(house: &House, showing: Uuid, ticket: Uuid, behind: i64, minute: i64) -> DateTime<Utc> {
    let device = format!("scanner-{}", ticket.simple());
    let mut door = DoorClient::new(house.channel(&scanner(&device)));
    let list = pb::ExportAdmissionListRequest { device_id: device.clone(), day: String::new() };
    door.export_admission_list(list).await.expect("a list");
    let entry = pb::JournalEntry {
        nonce: "n1".to_owned(),
        kind: pb::ScanKind::Entry.into(),
        lane: "dome-2".to_owned(),
        showing_id: showing.to_string(),
        code: code(house, Kind::Ticket, ticket, showing),
        at: Some(timestamp(minutes(minute))),
        verdict: ScanVerdict::Admitted.into(),
        ..Default::default()
    };
    let journal = pb::SubmitScansRequest {
        device_id: device.clone(),
        device_now: Some(timestamp(house.clock.now() - TimeDelta::minutes(behind))),
        entries: vec![entry],
    };
    let answer = door.submit_scans(journal).await.expect("merged").into_inner();
    assert_eq!(answer.results[0].outcome(), EntryOutcome::Recorded);
    assert_eq!(answer.clock_skew_ms, behind * 60_000, "told, so that somebody sets it");
    let (at, skew): (DateTime<Utc>, i64) = sqlx::query_as("select at, skew_ms from scan where device_id = $1")
        .bind(device)
        .fetch_one(house.pool("flow"))
        .await
        .expect("the line");
    assert_eq!(skew, behind * 60_000, "and on record");
    at
}

#[tokio::test]
async fn scanners_whose_clocks_are_off_by_minutes_say_when_it_really_was() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    house.clock.set(minutes(55));
    assert_eq!(let_in(&house, showing, tickets[0], 9, 41).await, minutes(50), "nine minutes behind");
    assert_eq!(let_in(&house, showing, tickets[1], -9, 61).await, minutes(52), "nine minutes ahead");
    // Set right meanwhile: by its own clock it was later than now.
    assert_eq!(let_in(&house, showing, tickets[2], 0, 70).await, minutes(55), "nothing has happened after now");
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 3);
}

#[tokio::test]
async fn displays_that_never_answer_hold_nothing_up_and_are_known() {
    let house = house().await;
    let mut desk_ = DirectivesClient::new(house.channel(&desk()));
    let stop = pb::ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: "dome".to_owned(),
        minutes: 5,
        confirm: true,
        ..Default::default()
    };
    let stop = desk_.propose_directive(stop).await.expect("stopped").into_inner();
    let three = ["cafe-1", "dome-door-1", "foyer-1"];
    concerned(&house, &stop.directive_id, stop.revision, &three).await;
    shown(&house, &stop.directive_id, stop.revision, "dome-door-1").await;
    let look = async || {
        let snapshot = snapshot(&house).await;
        (snapshot.directives.into_iter().next(), snapshot.incidents.into_iter().next())
    };
    let waiting = look().await.0.expect("still open");
    assert_eq!(
        (waiting.state(), waiting.acknowledgements.len(), waiting.displays_concerned),
        (MeasureState::Active, 1, 3)
    );
    let gone = async || look().await.0.is_none();
    house.clock.advance(TimeDelta::minutes(5));
    turn_until(&house, "it ends with its time", gone).await;

    let set = async |account: &str, state: HouseState| {
        let caller = Caller::Staff { account: account.to_owned(), roles: vec![Role::Operator] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        client!(house, &caller).set_house_state(request).await.expect("set");
    };
    set("anna", HouseState::Evacuating).await;
    let alarm = look().await.1.expect("an incident");
    concerned(&house, &alarm.incident_id, alarm.revision, &three).await;
    shown(&house, &alarm.incident_id, alarm.revision, "dome-door-1").await;
    let alarm = look().await.1.expect("an incident");
    assert_eq!((alarm.state(), alarm.acknowledgements.len(), alarm.displays_concerned), (MeasureState::Active, 1, 3));
    set("anna", HouseState::AllClear).await;
    set("ben", HouseState::AllClear).await;
    assert!(look().await.1.is_none(), "two people end it, whatever two silent displays do");
}

#[tokio::test]
async fn devices_that_are_not_what_they_say_are_turned_away() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let request = scan_of(showing, &kernel::ticket_code::reference(visit));
    let device = |id: &str, kind: &str| Caller::Device { id: id.to_owned(), kind: kind.to_owned() };
    for (caller, expected) in [
        (device("scanner-2", "scanner"), Code::PermissionDenied),
        (device("scanner-1", "display"), Code::PermissionDenied),
        (device("scanner-1", "lane"), Code::PermissionDenied),
        (Caller::Nobody, Code::Unauthenticated),
    ] {
        let refused = client!(house, &caller).scan(request.clone()).await.expect_err("not them");
        assert_eq!(refused.code(), expected, "{caller:?}: {refused}");
    }
    // Signed by somebody else's key, cut off, or no token at all.
    let forged = kernel::identity::Keys::from_seeds([1; 32], [2; 32]).sign(&scanner("scanner-1"));
    let ours = house.keys.sign(&scanner("scanner-1"));
    for token in [forged.as_str(), &ours[..ours.len() - 4], "Bearer", ""] {
        let mut spoiled = tonic::Request::new(request.clone());
        let value = format!("Bearer {token}").parse().expect("ASCII");
        spoiled.metadata_mut().insert("authorization", value);
        let refused = client!(house, &Caller::Nobody).scan(spoiled).await.expect_err("no token of ours");
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    }
    assert_eq!(scan(&house, &request).await.expect("the real one").verdict(), ScanVerdict::Admitted);
}
