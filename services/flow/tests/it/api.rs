//! The gRPC API: admissions, zones, the house's state; bad input; who may call.

use kernel::{
    Caller, Role,
    testing::{staff, visitor},
    ticket_code::Kind,
};
use sky_proto::flow::v1::{self as pb, AdmissionState, HouseState, ScanVerdict, ZoneLevel};
use tokio_stream::StreamExt;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn admission_moves_step_by_step_and_people_with_it() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let refused = move_to(&house, showing, AdmissionState::Egress).await.expect_err("not yet");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("next: last call or running"), "{}", refused.message());
    move_to(&house, showing, AdmissionState::LastCall).await.expect("last call");
    move_to(&house, showing, AdmissionState::DoorsOpen).await.expect("somebody is in sight");
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    let refused = move_to(&house, showing, AdmissionState::Planned).await.expect_err("some are in");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    for (to, dome, foyer) in [
        (AdmissionState::Running, 3, 0),
        (AdmissionState::Egress, 0, 3),
        (AdmissionState::Turnover, 0, 3),
        (AdmissionState::Closed, 0, 0),
    ] {
        for _ in 0..2 {
            assert_eq!(move_to(&house, showing, to).await.expect("moved").state(), to);
        }
        assert_eq!((count(&house, "dome").await, count(&house, "foyer").await), (dome, foyer), "{to:?}");
    }
    let told: Vec<pb::AdmissionMoved> = house.events("flow").await;
    assert_eq!(told.len(), 7, "one per move, none per repeat");
}

#[tokio::test]
async fn an_evacuation_stops_the_door_and_needs_two_to_end() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let set = async |caller: &Caller, state: HouseState| {
        let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        client!(house, caller).set_house_state(request).await.map(tonic::Response::into_inner)
    };
    let anna = Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk] };
    let ben = Caller::Staff { account: "ben".to_owned(), roles: vec![Role::Operator] };
    let cook = Caller::Staff { account: "cook".to_owned(), roles: vec![Role::Kitchen] };
    for state in [HouseState::AdmissionStopped, HouseState::Normal, HouseState::AllClear] {
        assert_eq!(set(&cook, state).await.expect_err("the door's").code(), Code::PermissionDenied, "{state:?}");
    }
    set(&cook, HouseState::Evacuating).await.expect("one is enough, whoever sees it");
    assert_eq!(set(&cook, HouseState::AllClear).await.expect_err("the door's").code(), Code::PermissionDenied);
    let answer = scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("a verdict");
    assert_eq!(answer.verdict(), ScanVerdict::Stopped);
    assert_eq!(set(&anna, HouseState::Normal).await.expect_err("not so").code(), Code::FailedPrecondition);
    let half = set(&anna, HouseState::AllClear).await.expect("the first");
    assert_eq!((half.state(), half.cleared_by.as_str()), (HouseState::Evacuating, "anna"));
    assert_eq!(set(&anna, HouseState::AllClear).await.expect_err("the same").code(), Code::FailedPrecondition);
    assert_eq!(set(&ben, HouseState::AllClear).await.expect("the second").state(), HouseState::AllClear);
    set(&ben, HouseState::Normal).await.expect("as usual");
    let told: Vec<pb::HouseStateChanged> = house.events("flow").await;
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|event| event.house.as_ref().is_some_and(|house| house.by.is_empty())), "no names");
}

#[tokio::test]
async fn after_an_all_clear_the_clock_proposes_to_open_again_and_a_person_does() {
    let house = house().await;
    let set = async |by: &str, state: HouseState| {
        let caller = Caller::Staff { account: by.to_owned(), roles: vec![Role::Desk] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        client!(house, &caller).set_house_state(request).await.expect("set");
    };
    let next = async |caller: &Caller| {
        let request = pb::WatchFlowRequest { after_revision: 0 };
        let mut stream = client!(house, caller).watch_flow(request).await.expect("a stream").into_inner();
        stream.next().await.expect("at once").expect("all").house.expect("a house").proposal
    };
    for (by, state) in [("anna", HouseState::Evacuating), ("anna", HouseState::AllClear)] {
        set(by, state).await;
        assert_eq!(next(&desk()).await, None, "two clear it first");
    }
    house.clock.set(minutes(5));
    set("ben", HouseState::AllClear).await;
    let proposal = next(&desk()).await.expect("a proposal");
    assert_eq!((proposal.to(), proposal.due_at), (HouseState::Normal, Some(kernel::values::timestamp(minutes(15)))));
    let why = proposal.why.expect("why");
    assert!(why.de.contains("12:05") && why.de.contains("12:15") && why.en.contains("open again"), "{why:?}");
    assert_eq!(next(&scanner("scanner-1")).await, None, "devices need not know");
    set("anna", HouseState::Normal).await;
    assert_eq!(next(&desk()).await, None);
    let told: Vec<pb::HouseStateChanged> = house.events("flow").await;
    assert!(told.iter().all(|it| it.house.as_ref().is_some_and(|house| house.proposal.is_none())), "for staff alone");
}

#[tokio::test]
async fn a_reference_that_several_bookings_have_names_the_one_that_comes_now_or_asks() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let reference = kernel::ticket_code::reference(visit);
    let book = async |visit: Uuid, showing: Uuid, start: i64| {
        let plan = sky_proto::reservations::v1::ShowingScheduled {
            starts_at: Some(kernel::values::timestamp(minutes(start))),
            ends_at: Some(kernel::values::timestamp(minutes(start + 50))),
            ..scheduled(showing)
        };
        told(&house, showing, &plan).await;
        let booking = booking(visit, showing, &[Uuid::now_v7()]);
        let booking = sky_proto::reservations::v1::BookingConfirmed { reference: reference.clone(), ..booking };
        told(&house, visit, &booking).await;
    };
    let find = async || {
        let request = pb::FindPartyRequest { reference: reference.clone() };
        client!(house, &desk()).find_party(request).await.map(|party| party.into_inner().visit_id)
    };
    // Its id is later, and so is its showing: next month.
    book(Uuid::now_v7(), Uuid::now_v7(), 30 * 24 * 60).await;
    assert_eq!(find().await.expect("today's"), visit.to_string());
    let answer = scan(&house, &scan_of(showing, &reference)).await.expect("a verdict");
    assert_eq!((answer.verdict(), answer.admitted_now), (ScanVerdict::Admitted, 3));

    // Another one of today.
    let (evening, other) = (Uuid::now_v7(), Uuid::now_v7());
    book(other, evening, 7 * 60).await;
    let refused = find().await.expect_err("which of them?");
    assert!(refused.code() == Code::FailedPrecondition && refused.message().contains("several"), "{refused}");
    let answer = scan(&house, &scan_of(showing, &reference)).await.expect("who stands here is of here");
    assert_eq!(answer.verdict(), ScanVerdict::AlreadyAdmitted);
    let answer = scan(&house, &scan_of(evening, &reference)).await.expect("a verdict");
    assert_eq!((answer.verdict(), answer.party_size), (ScanVerdict::TooEarly, 1), "the other one");
    // Two of one showing: nobody is let in for somebody else.
    let (third, request) = (Uuid::now_v7(), scan_of(evening, &reference));
    book(third, evening, 7 * 60).await;
    let refused = scan(&house, &request).await.expect_err("which of them?");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let by_code = scan(&house, &scan_of(evening, &code(&house, Kind::Visit, third, evening))).await.expect("a verdict");
    assert_eq!((by_code.verdict(), by_code.party_size), (ScanVerdict::TooEarly, 1), "its code says which");
}

#[tokio::test]
async fn a_zone_is_corrected_by_hand() {
    let house = house().await;
    let correct = async |zone: &str, count: u32, reason: &str| {
        let request = pb::CorrectZoneRequest { zone_id: zone.to_owned(), count, reason: reason.to_owned() };
        client!(house, &desk()).correct_zone(request).await.map(tonic::Response::into_inner)
    };
    let zone = correct("foyer", 115, "counted by eye").await.expect("set");
    assert_eq!((zone.count, zone.level(), zone.quality()), (Some(115), ZoneLevel::Red, pb::Quality::Manual));
    assert_eq!(correct("nowhere", 1, "x").await.expect_err("unknown").code(), Code::NotFound);
    assert!(correct("foyer", 10_001, "x").await.expect_err("absurd").message().starts_with("count"));
    assert!(correct("foyer", 1, " ").await.expect_err("why?").message().starts_with("reason"));
}

#[tokio::test]
async fn whoever_watches_sees_every_change() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let request = pb::WatchFlowRequest { after_revision: 0 };
    let mut stream = client!(house, &desk()).watch_flow(request).await.expect("a stream").into_inner();
    let first = stream.next().await.expect("at once").expect("all");
    assert_eq!((first.admissions.len(), first.admissions[0].booked), (1, 3));
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    let next = stream.next().await.expect("a change").expect("all");
    assert!(next.revision > first.revision);
    assert_eq!(next.admissions[0].admitted, 3);
}

/// The field that is named, and how the request is spoiled.
type Spoiled = (&'static str, fn(&mut pb::ScanRequest));

#[tokio::test]
async fn bad_requests_name_their_field() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let cases: [Spoiled; 9] = [
        ("device_id", |r| r.device_id.clear()),
        ("nonce", |r| r.nonce.clear()),
        ("nonce", |r| r.nonce = "n".repeat(65)),
        ("lane", |r| r.lane = "a b".to_owned()),
        ("showing_id", |r| r.showing_id = "x".to_owned()),
        ("code", |r| r.code.clear()),
        ("code", |r| r.code = "x".repeat(401)),
        ("late_reason", |r| r.late_reason = "x".repeat(201)),
        ("party_count", |r| r.party_count = u32::MAX),
    ];
    for (field, spoil) in cases {
        let mut request = scan_of(showing, &kernel::ticket_code::reference(visit));
        spoil(&mut request);
        let refused = client!(house, &desk()).scan(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let unknown = scan_of(Uuid::now_v7(), "x");
    assert_eq!(scan(&house, &unknown).await.expect_err("unknown").code(), Code::NotFound);
    let find = async |reference: &str| {
        let request = pb::FindPartyRequest { reference: reference.to_owned() };
        client!(house, &desk()).find_party(request).await.map(tonic::Response::into_inner)
    };
    let codes = [
        kernel::ticket_code::reference(visit),
        code(&house, Kind::Visit, visit, showing),
        code(&house, Kind::Ticket, tickets[1], showing),
    ];
    for typed in codes {
        let party = find(&typed).await.expect("found");
        assert_eq!((party.visit_id, party.size), (visit.to_string(), 3));
    }
    assert_eq!(
        find(&code(&house, Kind::Ticket, Uuid::now_v7(), showing)).await.expect_err("unknown").code(),
        Code::NotFound
    );
    for typed in ["", "K7QM", "ANY OTHER BAR CODE", &"x".repeat(500)] {
        let refused = find(typed).await.expect_err(typed);
        assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("reference"), "{refused}");
    }
    assert_eq!(
        find(&kernel::ticket_code::reference(Uuid::now_v7())).await.expect_err("unknown").code(),
        Code::NotFound
    );
    for to in [0, 8, 99] {
        let request = pb::MoveAdmissionRequest { showing_id: showing.to_string(), to };
        let refused = client!(house, &desk()).move_admission(request).await.expect_err("no state");
        assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("to"), "{refused}");
    }
    let broken = HOUSE_FILE.replacen("capacity = 110", "capacity = 0", 1);
    let refused = load(&house, &broken).await.expect_err("no zone for nobody");
    assert!(refused.message().contains("flow.zones[1].capacity"), "{}", refused.message());
}

#[tokio::test]
async fn only_those_named_may_call() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let reference = kernel::ticket_code::reference(visit);
    let mut other = scan_of(showing, &reference);
    other.device_id = "scanner-2".to_owned();
    let refused = client!(house, &scanner("scanner-1")).scan(other).await.expect_err("under another's id");
    assert_eq!(refused.code(), Code::PermissionDenied);
    for caller in [visitor(Some(visit)), staff(Role::Kitchen), Caller::Service("portal".to_owned())] {
        let refused = client!(house, &caller).scan(scan_of(showing, &reference)).await.expect_err("not them");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let watch = pb::WatchFlowRequest { after_revision: 0 };
    let refused = client!(house, &visitor(None)).watch_flow(watch).await.expect_err("visitors see the monitors");
    assert_eq!(refused.code(), Code::PermissionDenied);
}
