//! What keeps people out of a hall that is open: a stop for its zone, an evacuation that freezes scans, an old code.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::House,
    ticket_code::{Kind, TicketCode, reference},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{
        self as pb, DirectiveKind, EntryOutcome, HouseState, ScanVerdict, directives_client::DirectivesClient,
        door_client::DoorClient,
    },
    reservations::v1::{BookingReissued, ReissuedCode},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

pub async fn stop(house: &House, zone: &str, minutes: u32) -> pb::Directive {
    let request = pb::ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: zone.to_owned(),
        minutes,
        confirm: true,
        ..Default::default()
    };
    DirectivesClient::new(house.channel(&desk())).propose_directive(request).await.expect("stopped").into_inner()
}

pub async fn end(house: &House, directive: pb::Directive) {
    let request = pb::EndDirectiveRequest { directive_id: directive.directive_id };
    DirectivesClient::new(house.channel(&desk())).end_directive(request).await.expect("ended");
}

#[tokio::test]
async fn a_stop_for_the_hall_or_for_what_it_lies_in_keeps_people_out_until_it_ends() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let ticket = |n: usize| scan_of(showing, &code(&house, Kind::Ticket, tickets[n], showing));
    for zone in ["dome", "house"] {
        let directive = stop(&house, zone, 0).await;
        let answer = scan(&house, &ticket(0)).await.expect("a verdict");
        assert_eq!((answer.verdict(), answer.admitted_now), (ScanVerdict::ZoneStopped, 0), "{zone}");
        assert!(answer.message.expect("a sentence").de.contains("angehalten"));
        end(&house, directive).await;
    }
    let elsewhere = stop(&house, "cafe", 0).await;
    assert_eq!(scan(&house, &ticket(0)).await.expect("a verdict").verdict(), ScanVerdict::Admitted);
    end(&house, elsewhere).await;

    stop(&house, "dome", 1).await;
    let late = pb::ScanRequest { late_reason: "the choir".to_owned(), ..ticket(1) };
    let answer = client!(house, &desk()).scan(late).await.expect("a verdict").into_inner();
    assert_eq!(answer.verdict(), ScanVerdict::Admitted, "staff say why");
    assert_eq!(audit(&house, &showing.to_string()).await[0].act, "let_in_by_staff");
    let one_out = pb::ScanRequest { party_count: 1, ..scan_of(showing, &reference(visit)) };
    let out = DoorClient::new(house.channel(&desk())).scan_exit(one_out).await.expect("out").into_inner();
    assert_eq!(out.verdict(), ScanVerdict::Exited, "out is always possible");
    assert_eq!(scan(&house, &ticket(2)).await.expect("a verdict").verdict(), ScanVerdict::ZoneStopped);
    // Its time is over to the second, whether or not anybody has ended it.
    house.clock.advance(TimeDelta::seconds(61));
    assert_eq!(scan(&house, &ticket(2)).await.expect("a verdict").verdict(), ScanVerdict::Admitted);
}

async fn export(house: &House, device: &str) {
    let request = pb::ExportAdmissionListRequest { device_id: device.to_owned(), day: String::new() };
    DoorClient::new(house.channel(&scanner(device))).export_admission_list(request).await.expect("a list");
}

#[tokio::test]
async fn a_list_says_whether_the_house_or_a_hall_lets_anybody_in() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    let listed = async || {
        let request = pb::ExportAdmissionListRequest { device_id: "scanner-2".to_owned(), day: String::new() };
        let signed = DoorClient::new(house.channel(&scanner("scanner-2"))).export_admission_list(request).await;
        let list: pb::AdmissionList =
            prost::Message::decode(signed.expect("a list").into_inner().list.as_slice()).expect("a list");
        let of_showing = list.showings.iter().find(|it| it.showing_id == showing.to_string()).expect("listed");
        (list.house(), of_showing.zone_stopped)
    };
    assert_eq!(listed().await, (HouseState::Normal, false));
    for zone in ["dome", "ground", "house"] {
        let directive = stop(&house, zone, 0).await;
        assert_eq!(listed().await, (HouseState::Normal, true), "{zone}");
        end(&house, directive).await;
        assert_eq!(listed().await, (HouseState::Normal, false), "{zone}");
    }
    let elsewhere = stop(&house, "cafe", 0).await;
    assert_eq!(listed().await, (HouseState::Normal, false));
    end(&house, elsewhere).await;
    for (account, state) in
        [("anna", HouseState::AdmissionStopped), ("anna", HouseState::Normal), ("ben", HouseState::Evacuating)]
    {
        let caller = Caller::Staff { account: account.to_owned(), roles: vec![Role::Operator] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: "Test".to_owned(), exercise: false };
        client!(house, &caller).set_house_state(request).await.expect("set");
        assert_eq!(listed().await, (state, false));
    }
}

/// A ticket let in by a scanner without a network.
fn entry(showing: Uuid, code: &str, minute: i64) -> pb::JournalEntry {
    pb::JournalEntry {
        nonce: Uuid::new_v4().to_string(),
        kind: pb::ScanKind::Entry.into(),
        lane: "dome-2".to_owned(),
        showing_id: showing.to_string(),
        code: code.to_owned(),
        at: Some(timestamp(minutes(minute))),
        verdict: ScanVerdict::Admitted.into(),
        ..Default::default()
    }
}

async fn submit(house: &House, entries: &[pb::JournalEntry]) -> Result<Vec<EntryOutcome>, Status> {
    let request = pb::SubmitScansRequest {
        device_id: "scanner-2".to_owned(),
        device_now: Some(timestamp(house.clock.now())),
        entries: entries.to_vec(),
    };
    let answer = DoorClient::new(house.channel(&scanner("scanner-2"))).submit_scans(request).await?.into_inner();
    Ok(answer.results.iter().map(pb::EntryResult::outcome).collect())
}

#[tokio::test]
async fn an_evacuation_freezes_scans_and_journals_wait_for_the_all_clear() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let first = scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing));
    scan(&house, &first).await.expect("in");
    export(&house, "scanner-2").await;
    let journal = [entry(showing, &code(&house, Kind::Ticket, tickets[1], showing), 45)];
    let set = async |account: &str, state: HouseState| {
        let caller = Caller::Staff { account: account.to_owned(), roles: vec![Role::Operator] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: false };
        client!(house, &caller).set_house_state(request).await.expect("set");
    };
    set("anna", HouseState::Evacuating).await;
    let refused = submit(&house, &journal).await.expect_err("not now");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("keep the journal"), "{}", refused.message());
    let undo = pb::UndoScanRequest { device_id: first.device_id, nonce: first.nonce, reason: "wrong".to_owned() };
    let refused = DoorClient::new(house.channel(&desk())).undo_scan(undo.clone()).await.expect_err("frozen");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(count(&house, "dome").await, 1, "who is counted stays counted");
    set("anna", HouseState::AllClear).await;
    assert!(submit(&house, &journal).await.is_err(), "one of two has cleared");
    set("ben", HouseState::AllClear).await;
    // The scanner has kept it.
    assert_eq!(submit(&house, &journal).await.expect("merged"), [EntryOutcome::Recorded]);
    assert_eq!(count(&house, "dome").await, 2);
    DoorClient::new(house.channel(&desk())).undo_scan(undo).await.expect("taken back");
}

/// A code of a later generation.
fn anew(house: &House, kind: Kind, id: Uuid, showing: Uuid, generation: u16) -> String {
    let code = TicketCode { kind, id, showing, not_before: minutes(-600), not_after: minutes(1600), generation };
    house.keys.issue_code(&code)
}

fn reissued(visit: Uuid, showing: Uuid, codes: &[(Uuid, u32)], minute: i64) -> BookingReissued {
    BookingReissued {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        codes: codes
            .iter()
            .map(|(id, generation)| ReissuedCode { id: id.to_string(), generation: *generation })
            .collect(),
        at: Some(timestamp(minutes(minute))),
    }
}

#[tokio::test]
async fn a_lost_ticket_is_replaced_and_the_old_one_refused_in_whatever_order_it_is_told() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let generation = |n: u16| scan_of(showing, &anew(&house, Kind::Ticket, tickets[0], showing, n));
    let verdict = async |scan_: pb::ScanRequest| scan(&house, &scan_).await.expect("a verdict");
    // Twice, and the first one late.
    for generation in [3, 2, 3] {
        told(&house, visit, &reissued(visit, showing, &[(tickets[0], generation)], 44)).await;
    }
    for old in [1, 2] {
        let answer = verdict(generation(old)).await;
        assert_eq!(answer.verdict(), ScanVerdict::Replaced, "generation {old}");
        assert!(answer.message.expect("a sentence").en.contains("show the new one"));
    }
    assert_eq!(verdict(generation(3)).await.verdict(), ScanVerdict::Admitted);
    let found = verdict(generation(1)).await;
    assert_eq!((found.verdict(), found.earlier_lane.as_str()), (ScanVerdict::Replaced, "dome-1"), "it says when");
    assert_eq!(verdict(generation(3)).await.verdict(), ScanVerdict::AlreadyAdmitted);
    let other = scan_of(showing, &code(&house, Kind::Ticket, tickets[1], showing));
    assert_eq!(verdict(other).await.verdict(), ScanVerdict::Admitted, "the others' are as good as before");

    // The whole party's, told before the booking itself is here.
    let (late, ids) = (Uuid::now_v7(), [Uuid::now_v7()]);
    told(&house, late, &reissued(late, showing, &[(late, 2), (ids[0], 2)], 44)).await;
    told(&house, late, &booking(late, showing, &ids)).await;
    let old = scan_of(showing, &anew(&house, Kind::Visit, late, showing, 1));
    assert_eq!(verdict(old).await.verdict(), ScanVerdict::Replaced);

    // Scanners have it on their list, and their journals are judged by when it was.
    let request = pb::ExportAdmissionListRequest { device_id: "scanner-2".to_owned(), day: String::new() };
    let signed = DoorClient::new(house.channel(&scanner("scanner-2"))).export_admission_list(request).await;
    let list: pb::AdmissionList =
        prost::Message::decode(signed.expect("a list").into_inner().list.as_slice()).expect("a list");
    let party = list.showings[0].parties.iter().find(|party| party.visit_id == late.to_string()).expect("listed");
    assert_eq!((party.generation, party.tickets[0].generation), (2, 2));
    house.clock.set(minutes(55));
    let old = anew(&house, Kind::Ticket, ids[0], showing, 1);
    told(&house, late, &reissued(late, showing, &[(ids[0], 3)], 50)).await;
    let outcomes = submit(&house, &[entry(showing, &old, 52), entry(showing, &old, 49)]).await.expect("merged");
    assert_eq!(outcomes, [EntryOutcome::Disputed, EntryOutcome::Recorded], "good until it was replaced");
    let open = conflicts(&house, false).await;
    assert_eq!(open.iter().map(pb::ScanConflict::kind).collect::<Vec<_>>(), [pb::ConflictKind::Replaced]);
}

async fn conflicts(house: &House, resolved_too: bool) -> Vec<pb::ScanConflict> {
    let request = pb::ListScanConflictsRequest { include_resolved: resolved_too };
    DoorClient::new(house.channel(&desk())).list_scan_conflicts(request).await.expect("a list").into_inner().conflicts
}

#[tokio::test]
async fn a_journal_that_overtakes_its_booking_is_counted_when_the_booking_comes() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    export(&house, "scanner-2").await;
    house.clock.set(minutes(52));
    let (visit, tickets) = (Uuid::now_v7(), [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()]);
    let journal = [
        entry(showing, &code(&house, Kind::Ticket, tickets[0], showing), 46),
        pb::JournalEntry { party_count: 1, ..entry(showing, &code(&house, Kind::Visit, visit, showing), 47) },
        pb::JournalEntry { party_count: 1, ..entry(showing, &reference(visit), 48) },
    ];
    assert_eq!(submit(&house, &journal).await.expect("merged"), [EntryOutcome::Disputed; 3]);
    assert_eq!((conflicts(&house, false).await.len(), snapshot(&house).await.admissions[0].admitted), (3, 0));
    for _ in 0..2 {
        // Late, and once more.
        told(&house, visit, &booking(visit, showing, &tickets)).await;
        assert_eq!(submit(&house, &journal).await.expect("again"), [EntryOutcome::Repeated; 3]);
        assert_eq!((count(&house, "dome").await, snapshot(&house).await.admissions[0].admitted), (3, 3));
    }
    assert!(conflicts(&house, false).await.is_empty());
    let settled = conflicts(&house, true).await;
    assert!(settled.iter().all(|it| it.resolved_by == "flow" && it.resolution.contains("booking")), "{settled:?}");
    let at: Vec<chrono::DateTime<chrono::Utc>> =
        sqlx::query_scalar("select admitted_at from door_ticket where visit_id = $1 order by 1")
            .bind(visit)
            .fetch_all(house.pool("flow"))
            .await
            .expect("rows");
    assert_eq!(at, [minutes(46), minutes(47), minutes(48)], "when they came, not when it was known");
    let told_of: Vec<pb::PartyAdmitted> = house.events("flow").await;
    assert_eq!(told_of.iter().map(|event| event.ticket_ids.len()).sum::<usize>(), 3);
    let again = scan_of(showing, &reference(visit));
    assert_eq!(scan(&house, &again).await.expect("a verdict").verdict(), ScanVerdict::AlreadyAdmitted);
}

#[tokio::test]
async fn a_late_booking_for_another_showing_or_two_scanners_is_a_dispute_that_says_which() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    let other = Uuid::now_v7();
    told(&house, other, &scheduled(other)).await;
    export(&house, "scanner-2").await;
    house.clock.set(minutes(52));
    let (elsewhere, one) = (Uuid::now_v7(), Uuid::now_v7());
    let (lost, twice) = (Uuid::now_v7(), Uuid::now_v7());
    let wrong = entry(showing, &code(&house, Kind::Ticket, lost, other), 46);
    let double = code(&house, Kind::Ticket, twice, showing);
    let journal = [wrong, entry(showing, &double, 47), entry(showing, &double, 48)];
    submit(&house, &journal).await.expect("merged");
    told(&house, one, &booking(one, showing, &[twice])).await;
    told(&house, elsewhere, &booking(elsewhere, other, &[lost])).await;
    let mut kinds: Vec<pb::ConflictKind> = conflicts(&house, false).await.iter().map(pb::ScanConflict::kind).collect();
    kinds.sort_by_key(|kind| *kind as i32);
    assert_eq!(kinds, [pb::ConflictKind::Double, pb::ConflictKind::WrongShowing]);
    assert_eq!(snapshot(&house).await.admissions.iter().map(|admission| admission.admitted).sum::<u32>(), 1);
}

#[tokio::test]
async fn a_journal_with_a_reference_that_two_parties_share_counts_the_one_of_its_showing_or_nobody() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let other = Uuid::now_v7();
    told(&house, other, &scheduled(other)).await;
    // Only the bits that say when it was booked differ; the reference is made of the last ones.
    let twin = |bit: u32| Uuid::from_u128(visit.as_u128() ^ (1 << bit));
    assert_eq!([reference(twin(100)), reference(twin(101))], [reference(visit), reference(visit)]);
    told(&house, twin(100), &booking(twin(100), other, &[Uuid::now_v7()])).await;
    export(&house, "scanner-2").await;
    house.clock.set(minutes(52));
    let one = |minute| pb::JournalEntry { party_count: 1, ..entry(showing, &reference(visit), minute) };
    let first = one(46);
    assert_eq!(submit(&house, std::slice::from_ref(&first)).await.expect("merged"), [EntryOutcome::Recorded]);
    let told_of: Vec<pb::PartyAdmitted> = house.events("flow").await;
    let visits: Vec<&str> = told_of.iter().map(|event| event.visit_id.as_str()).collect();
    assert_eq!(visits, [visit.to_string()], "the one of the showing at whose door it was");

    // Now two of one showing share it: nobody knows which of them came, and staff are shown it.
    told(&house, twin(101), &booking(twin(101), showing, &[Uuid::now_v7()])).await;
    assert_eq!(submit(&house, &[one(47)]).await.expect("merged"), [EntryOutcome::Disputed]);
    assert_eq!(submit(&house, &[first]).await.expect("again"), [EntryOutcome::Repeated]);
    let open = conflicts(&house, false).await;
    assert_eq!(open.iter().map(pb::ScanConflict::kind).collect::<Vec<_>>(), [pb::ConflictKind::Unknown]);
    assert_eq!(house.events::<pb::PartyAdmitted>("flow").await.len(), 1, "nobody is counted for it");
}
