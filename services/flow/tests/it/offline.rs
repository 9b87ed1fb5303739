//! Scanners without a network: their list, and what becomes of their journals.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{House, staff},
    ticket_code::{Kind, reference},
    values::timestamp,
};
use prost::Message;
use sky_proto::flow::v1::{self as pb, EntryOutcome, ScanVerdict, door_client::DoorClient};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

pub async fn export(house: &House, device: &str) -> Result<pb::SignedAdmissionList, Status> {
    let request = pb::ExportAdmissionListRequest { device_id: device.to_owned(), day: String::new() };
    DoorClient::new(house.channel(&scanner(device)))
        .export_admission_list(request)
        .await
        .map(tonic::Response::into_inner)
}

/// A ticket let in by a scanner at so many minutes past noon.
pub fn entry(showing: Uuid, code: &str, minute: i64) -> pb::JournalEntry {
    pb::JournalEntry {
        nonce: Uuid::new_v4().to_string(),
        kind: pb::ScanKind::Entry.into(),
        lane: "dome-2".to_owned(),
        showing_id: showing.to_string(),
        code: code.to_owned(),
        at: Some(timestamp(minutes(minute))),
        verdict: ScanVerdict::Admitted.into(),
        party_count: 0,
        late_reason: String::new(),
        undoes: String::new(),
    }
}

pub async fn submit(
    house: &House,
    device: &str,
    behind: TimeDelta,
    entries: Vec<pb::JournalEntry>,
) -> Result<pb::SubmitScansResponse, Status> {
    let device_now = Some(timestamp(house.clock.now() - behind));
    let request = pb::SubmitScansRequest { device_id: device.to_owned(), device_now, entries };
    DoorClient::new(house.channel(&scanner(device))).submit_scans(request).await.map(tonic::Response::into_inner)
}

pub fn outcomes(answer: &pb::SubmitScansResponse) -> Vec<EntryOutcome> {
    answer.results.iter().map(pb::EntryResult::outcome).collect()
}

pub async fn conflicts(house: &House) -> Vec<pb::ScanConflict> {
    let request = pb::ListScanConflictsRequest { include_resolved: false };
    DoorClient::new(house.channel(&desk())).list_scan_conflicts(request).await.expect("a list").into_inner().conflicts
}

/// When each ticket came in and where, the door's own rows.
async fn standing(house: &House) -> Vec<(Uuid, Option<chrono::DateTime<chrono::Utc>>, Option<String>)> {
    sqlx::query_as("select ticket_id, admitted_at, lane from door_ticket order by ticket_id")
        .fetch_all(house.pool("flow"))
        .await
        .expect("rows")
}

#[tokio::test]
async fn a_list_is_signed_and_has_no_personal_data() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let signed = export(&house, "scanner-2").await.expect("a list");
    assert!(house.keys.is_our_list(&signed.list, &signed.signature));
    let list = pb::AdmissionList::decode(signed.list.as_slice()).expect("a list");
    assert_eq!((list.day.as_str(), list.device_id.as_str()), ("2026-11-28", "scanner-2"));
    assert_eq!(list.valid_until, Some(timestamp(minutes(12 * 60 + 4 * 60))), "until four in the morning");
    assert_eq!(list.showings.len(), 1);
    let party = &list.showings[0].parties[0];
    assert_eq!((party.visit_id.clone(), party.reference.clone()), (visit.to_string(), reference(visit)));
    assert_eq!(party.tickets.iter().map(|ticket| ticket.ticket_id.clone()).collect::<Vec<_>>(), {
        let mut ids: Vec<String> = tickets.iter().map(Uuid::to_string).collect();
        ids.sort();
        ids
    });
    assert_eq!(list.showings[0].showing_id, showing.to_string());
    let request =
        |device: &str, day: &str| pb::ExportAdmissionListRequest { device_id: device.to_owned(), day: day.to_owned() };
    let mut other = DoorClient::new(house.channel(&scanner("scanner-1")));
    let refused = other.export_admission_list(request("scanner-2", "")).await.expect_err("another's");
    assert_eq!(refused.code(), Code::PermissionDenied);
    for day in ["soon", "2026-11-27", "2026-12-24"] {
        let refused = other.export_admission_list(request("scanner-1", day)).await.expect_err(day);
        assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("day"), "{refused}");
    }
}

#[tokio::test]
async fn a_device_that_takes_its_list_again_and_again_is_one_act() {
    let house = house().await;
    open(&house).await;
    for device in ["scanner-1", "scanner-2", "scanner-1", "scanner-1"] {
        export(&house, device).await.expect("a list");
    }
    let noted = "select (select count(*) from audit where act = 'export_admission_list'), (select count(*) from admission_list)";
    let noted: (i64, i64) = sqlx::query_as(noted).fetch_one(house.pool("flow")).await.expect("counted");
    assert_eq!(noted, (2, 2));
}

#[tokio::test]
async fn a_journal_counts_once_with_its_clock_corrected() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    let entries: Vec<_> =
        tickets.iter().map(|id| entry(showing, &code(&house, Kind::Ticket, *id, showing), 40)).collect();
    // Its clock is seven minutes behind: what it noted at 12:40 was at 12:47.
    house.clock.set(minutes(50));
    for round in 0..3 {
        let answer = submit(&house, "scanner-2", TimeDelta::minutes(7), entries.clone()).await.expect("merged");
        assert_eq!(answer.clock_skew_ms, 7 * 60_000);
        let expected = if round == 0 { EntryOutcome::Recorded } else { EntryOutcome::Repeated };
        assert_eq!(outcomes(&answer), [expected; 3]);
    }
    assert!(
        standing(&house)
            .await
            .iter()
            .all(|(_, at, lane)| *at == Some(minutes(47)) && lane.as_deref() == Some("dome-2"))
    );
    assert_eq!((count(&house, "dome").await, snapshot(&house).await.admissions[0].admitted), (3, 3));
    let told: Vec<pb::PartyAdmitted> = house.events("flow").await;
    assert_eq!(told.iter().map(|event| event.ticket_ids.len()).sum::<usize>(), 3);
    // The scanner is back on the network and asks for one of its scans again.
    let mut again = scan_of(showing, &entries[0].code);
    (again.device_id, again.nonce) = ("scanner-2".to_owned(), entries[0].nonce.clone());
    assert_eq!(scan(&house, &again).await.expect("the first answer").verdict(), ScanVerdict::Admitted);
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 3);
}

#[tokio::test]
async fn a_double_admission_is_seen_and_the_earlier_scan_holds() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    let code = code(&house, Kind::Ticket, tickets[0], showing);
    house.clock.set(minutes(50));
    scan(&house, &scan_of(showing, &code)).await.expect("in, at 12:50");
    let answer = submit(&house, "scanner-2", TimeDelta::zero(), vec![entry(showing, &code, 47)]).await.expect("merged");
    assert_eq!(outcomes(&answer), [EntryOutcome::Conflict]);
    let open = conflicts(&house).await;
    assert_eq!((open.len(), open[0].conflict_id.clone()), (1, answer.results[0].conflict_id.clone()));
    assert_eq!((open[0].kind(), open[0].seat.as_str(), open[0].scans.len()), (pb::ConflictKind::Double, "C1", 2));
    assert!(open[0].scans[0].offline && !open[0].scans[1].offline, "the earlier one first: {:?}", open[0].scans);
    let row = standing(&house).await.into_iter().find(|(id, ..)| *id == tickets[0]).expect("a ticket");
    assert_eq!((row.1, row.2.as_deref()), (Some(minutes(47)), Some("dome-2")));
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 1, "one ticket, one person counted");

    let mut door = DoorClient::new(house.channel(&desk()));
    let mut request = pb::ResolveScanConflictRequest { conflict_id: open[0].conflict_id.clone(), ..Default::default() };
    assert!(door.resolve_scan_conflict(request.clone()).await.expect_err("how?").message().starts_with("resolution"));
    request.resolution = "both seated".to_owned();
    let resolved = door.resolve_scan_conflict(request.clone()).await.expect("resolved").into_inner();
    assert_eq!((resolved.resolved_by.as_str(), resolved.resolution.as_str()), ("test-desk", "both seated"));
    assert!(conflicts(&house).await.is_empty());
    request.conflict_id = Uuid::new_v4().to_string();
    assert_eq!(door.resolve_scan_conflict(request).await.expect_err("unknown").code(), Code::NotFound);
}

/// The house heard a scan and its answer was lost: the phone has decided by its old list, under the same nonce.
#[tokio::test]
async fn what_a_scanner_decided_because_it_never_got_the_answer_is_seen() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    let ticket = |place: usize| code(&house, Kind::Ticket, tickets[place], showing);
    let asked = async |code: &str| {
        let scan_of = pb::ScanRequest { device_id: "scanner-2".to_owned(), ..scan_of(showing, code) };
        let answer = scan(&house, &scan_of).await.expect("a verdict");
        (scan_of.nonce, answer.verdict())
    };
    house.clock.set(minutes(46));
    scan(&house, &scan_of(showing, &ticket(0))).await.expect("in, by another scanner");
    house.clock.set(minutes(50));
    let (lost, verdict) = asked(&ticket(0)).await;
    assert_eq!(verdict, ScanVerdict::AlreadyAdmitted);
    let (same, verdict) = asked(&ticket(1)).await;
    assert_eq!(verdict, ScanVerdict::Admitted);
    let (turned_away, verdict) = asked(&ticket(2)).await;
    assert_eq!(verdict, ScanVerdict::Admitted);
    let with =
        |nonce: &str, place: usize| pb::JournalEntry { nonce: nonce.to_owned(), ..entry(showing, &ticket(place), 50) };
    let entries = vec![
        with(&lost, 0),
        with(&same, 1),
        pb::JournalEntry { verdict: ScanVerdict::TooLate.into(), ..with(&turned_away, 2) },
    ];
    let answer = submit(&house, "scanner-2", TimeDelta::zero(), entries.clone()).await.expect("merged");
    assert_eq!(outcomes(&answer), [EntryOutcome::Conflict, EntryOutcome::Repeated, EntryOutcome::Recorded]);
    let open = conflicts(&house).await;
    assert_eq!((open.len(), open[0].kind(), open[0].seat.as_str()), (1, pb::ConflictKind::Double, "C1"));
    assert_eq!(open[0].scans.len(), 2, "{:?}", open[0].scans);
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 3, "three tickets, three people counted");
    let lines = async || -> Vec<(String, bool, i64)> {
        sqlx::query_as("select verdict, offline, count(*) from scan group by 1, 2 order by 1, 2")
            .fetch_all(house.pool("flow"))
            .await
            .expect("counted")
    };
    let logged = lines().await;
    assert!(logged.contains(&("too_late".to_owned(), true, 1)), "whom it turned away: {logged:?}");
    // Sent again, and what staff have said of it stays said.
    let request = pb::ResolveScanConflictRequest {
        conflict_id: open[0].conflict_id.clone(),
        resolution: "asked to leave".to_owned(),
    };
    DoorClient::new(house.channel(&desk())).resolve_scan_conflict(request).await.expect("resolved");
    for _ in 0..2 {
        let again = submit(&house, "scanner-2", TimeDelta::zero(), entries.clone()).await.expect("merged");
        assert_eq!(outcomes(&again), [EntryOutcome::Repeated; 3]);
    }
    assert_eq!((conflicts(&house).await.len(), lines().await), (0, logged));
}

/// Of a party the house has let in those who were left, and the phone all of them.
#[tokio::test]
async fn whom_a_scanner_let_in_beyond_those_of_the_lost_answer_is_seen() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    house.clock.set(minutes(46));
    scan(&house, &scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing))).await.expect("one is in");
    house.clock.set(minutes(50));
    let party = reference(visit);
    let lost = pb::ScanRequest { device_id: "scanner-2".to_owned(), ..scan_of(showing, &party) };
    assert_eq!(scan(&house, &lost).await.expect("a verdict").admitted_now, 2);
    let three = pb::JournalEntry { nonce: lost.nonce, party_count: 3, ..entry(showing, &party, 50) };
    let answer = submit(&house, "scanner-2", TimeDelta::zero(), vec![three.clone()]).await.expect("merged");
    assert_eq!(outcomes(&answer), [EntryOutcome::Conflict]);
    let again = submit(&house, "scanner-2", TimeDelta::zero(), vec![three]).await.expect("merged");
    assert_eq!(outcomes(&again), [EntryOutcome::Repeated]);
    assert_eq!((conflicts(&house).await.len(), snapshot(&house).await.admissions[0].admitted), (1, 3));
}

#[tokio::test]
async fn many_conflicts_are_resolved_with_one_touch_and_taken_back_with_one() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    for device in ["scanner-2", "scanner-3"] {
        export(&house, device).await.expect("a list");
    }
    house.clock.set(minutes(50));
    let codes: Vec<String> = tickets.iter().map(|id| code(&house, Kind::Ticket, *id, showing)).collect();
    for (device, minute) in [("scanner-2", 47), ("scanner-3", 48)] {
        let entries = codes.iter().map(|code| entry(showing, code, minute)).collect();
        submit(&house, device, TimeDelta::zero(), entries).await.expect("merged");
    }
    let open = conflicts(&house).await;
    assert_eq!(open.len(), 3);
    assert_eq!(open[0].showing_title.as_ref().map(|title| title.de.as_str()), Some("Reise"));
    assert_eq!(open[0].showing_starts_at, Some(timestamp(minutes(60))));
    let mut door = DoorClient::new(house.channel(&desk()));
    let mut all = pb::ResolveScanConflictsRequest {
        conflict_ids: open.iter().map(|it| it.conflict_id.clone()).collect(),
        resolution: "both seated".to_owned(),
    };
    all.conflict_ids.push(Uuid::new_v4().to_string());
    let refused = door.resolve_scan_conflicts(all.clone()).await.expect_err("one of them is unknown");
    assert_eq!((refused.code(), conflicts(&house).await.len()), (Code::NotFound, 3), "all or none");
    all.conflict_ids.pop();
    // One was looked at before; what was said of it stays.
    let first = pb::ResolveScanConflictRequest {
        conflict_id: open[0].conflict_id.clone(),
        resolution: "asked to leave".to_owned(),
    };
    door.resolve_scan_conflict(first).await.expect("resolved");
    let mut said = door.resolve_scan_conflicts(all.clone()).await.expect("resolved").into_inner().conflicts;
    said.sort_by_key(|it| it.conflict_id != open[0].conflict_id);
    let said: Vec<&str> = said.iter().map(|it| it.resolution.as_str()).collect();
    assert_eq!(said, ["asked to leave", "both seated", "both seated"]);
    assert_eq!(snapshot(&house).await.open_scan_conflicts, 0);
    let back = pb::ReopenScanConflictsRequest { conflict_ids: all.conflict_ids.clone() };
    for _ in 0..2 {
        door.reopen_scan_conflicts(back.clone()).await.expect("open again");
        assert_eq!((conflicts(&house).await.len(), snapshot(&house).await.open_scan_conflicts), (3, 3));
    }
    assert_eq!(audit(&house, &open[1].conflict_id).await.len(), 2, "resolved once, opened again once");
    for conflict_ids in [vec![], vec!["no id".to_owned()], vec![Uuid::nil().to_string(); 201]] {
        let sent = pb::ReopenScanConflictsRequest { conflict_ids };
        let refused = door.reopen_scan_conflicts(sent).await.expect_err("no such list");
        assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("conflict_ids"), "{refused}");
    }
    all.resolution.clear();
    let refused = door.resolve_scan_conflicts(all).await.expect_err("how?");
    assert!(refused.message().starts_with("resolution"), "{refused}");
}

/// Three scanners, one of them counting people of a party without naming tickets.
fn journals(house: &House, showing: Uuid, visit: Uuid, tickets: &[Uuid]) -> Vec<(&'static str, Vec<pb::JournalEntry>)> {
    let ticket = |n: usize, minute: i64, nonce: &str| {
        let code = code(house, Kind::Ticket, tickets[n], showing);
        pb::JournalEntry { nonce: nonce.to_owned(), ..entry(showing, &code, minute) }
    };
    let party = code(house, Kind::Visit, visit, showing);
    let two = pb::JournalEntry { nonce: "p".to_owned(), party_count: 2, ..entry(showing, &party, 43) };
    vec![
        ("scanner-a", vec![ticket(0, 44, "1"), ticket(1, 41, "2")]),
        ("scanner-b", vec![two]),
        ("scanner-c", vec![ticket(0, 42, "1")]),
    ]
}

#[tokio::test]
async fn the_order_of_journals_changes_nothing() {
    let mut seen = Vec::new();
    let (showing, visit) = (Uuid::now_v7(), Uuid::now_v7());
    let tickets: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let house = house().await;
        told(&house, showing, &scheduled(showing)).await;
        told(&house, visit, &booking(visit, showing, &tickets)).await;
        house.clock.set(minutes(50));
        let journals = journals(&house, showing, visit, &tickets);
        for place in order {
            let (device, entries) = &journals[place];
            export(&house, device).await.expect("a list");
            submit(&house, device, TimeDelta::zero(), entries.clone()).await.expect("merged");
        }
        let mut open: Vec<String> = conflicts(&house).await.into_iter().map(|it| it.conflict_id).collect();
        open.sort();
        seen.push((standing(&house).await, open, snapshot(&house).await.admissions[0].admitted));
    }
    assert!(seen.windows(2).all(|two| two[0] == two[1]), "{seen:#?}");
    assert_eq!((seen[0].1.len(), seen[0].2), (2, 3), "five let in on three tickets: {seen:#?}");
}

/// The outcome, and how the entry is spoiled.
type Spoiled = (EntryOutcome, fn(&mut pb::JournalEntry));

#[tokio::test]
async fn bad_entries_among_good_ones_have_outcomes_of_their_own() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    house.clock.set(minutes(50));
    let good = code(&house, Kind::Ticket, tickets[0], showing);
    let foreign = kernel::identity::Keys::from_seeds([1; 32], [2; 32]);
    let forged = foreign.issue_code(&house.keys.read_code(&good).expect("ours"));
    let forged_again = forged.clone();
    let gone = Uuid::now_v7();
    told(&house, gone, &booking(gone, showing, &[Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()])).await;
    let cancelled = sky_proto::reservations::v1::BookingCancelled {
        visit_id: gone.to_string(),
        showing_id: showing.to_string(),
        ticket_ids: vec![],
    };
    told(&house, gone, &cancelled).await;
    // All three of the cancelled party are in.
    let cases: [Spoiled; 10] = [
        (EntryOutcome::Recorded, |_| {}),
        (EntryOutcome::Invalid, |e| e.nonce = "no nonce".to_owned()),
        (EntryOutcome::Invalid, |e| e.kind = pb::ScanKind::Reentry.into()),
        (EntryOutcome::Invalid, |e| e.at = None),
        (EntryOutcome::Invalid, |e| e.at = Some(timestamp(minutes(-3000)))),
        (EntryOutcome::Invalid, |e| e.code = "x".repeat(401)),
        (EntryOutcome::Invalid, |e| e.verdict = 99),
        (EntryOutcome::Invalid, |e| e.showing_id = Uuid::nil().to_string()),
        (EntryOutcome::Forged, |e| e.code = "https://example.org".to_owned()),
        (EntryOutcome::Recorded, |e| e.verdict = ScanVerdict::TooLate.into()),
    ];
    let mut entries = Vec::new();
    for (_, spoil) in &cases {
        let mut entry = entry(showing, &good, 45);
        spoil(&mut entry);
        entries.push(entry);
    }
    let party = entry(showing, &reference(gone), 45);
    entries.extend([
        entry(showing, &forged, 45),
        pb::JournalEntry { party_count: 3, ..party },
        entry(showing, &code(&house, Kind::Ticket, Uuid::now_v7(), showing), 45),
    ]);
    let answer = submit(&house, "scanner-2", TimeDelta::zero(), entries.clone()).await.expect("merged");
    let mut expected: Vec<EntryOutcome> = cases.iter().map(|(outcome, _)| *outcome).collect();
    expected.extend([EntryOutcome::Forged, EntryOutcome::Disputed, EntryOutcome::Disputed]);
    assert_eq!(outcomes(&answer), expected, "{answer:#?}");
    for (result, sent) in answer.results.iter().zip(&entries) {
        assert_eq!(result.nonce, sent.nonce);
        assert_eq!(result.problem.is_empty(), result.outcome() != EntryOutcome::Invalid, "{result:?}");
    }
    let mut kinds: Vec<pb::ConflictKind> = conflicts(&house).await.iter().map(pb::ScanConflict::kind).collect();
    kinds.sort_by_key(|kind| *kind as i32);
    // Whoever was let in with something that is no code of the house is in the desk's list, too.
    let forged = [pb::ConflictKind::Forged; 2];
    assert_eq!(kinds, [vec![pb::ConflictKind::Cancelled, pb::ConflictKind::Unknown], forged.to_vec()].concat());
    for result in &answer.results {
        assert_eq!(
            result.conflict_id.is_empty(),
            !matches!(result.outcome(), EntryOutcome::Forged | EntryOutcome::Disputed),
            "{result:?}"
        );
    }
    let turned_away = pb::JournalEntry { verdict: ScanVerdict::Forged.into(), ..entry(showing, &forged_again, 46) };
    let answer = submit(&house, "scanner-2", TimeDelta::zero(), vec![turned_away]).await.expect("merged");
    assert_eq!((outcomes(&answer), answer.results[0].conflict_id.as_str()), (vec![EntryOutcome::Forged], ""));
    assert_eq!(conflicts(&house).await.len(), 4, "whom the scanner refused is no conflict");
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 1);
}

#[tokio::test]
async fn journals_of_strangers_and_too_long_ones_are_refused_whole() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let one = pb::JournalEntry { party_count: 1, ..entry(showing, &reference(visit), 45) };
    let refused = submit(&house, "scanner-9", TimeDelta::zero(), vec![one.clone()]).await.expect_err("never seen");
    assert_eq!(refused.code(), Code::NotFound);
    export(&house, "scanner-9").await.expect("a list");
    let refused = submit(&house, "scanner-9", TimeDelta::zero(), vec![one.clone(); 1001]).await.expect_err("too long");
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("entries"), "{refused}");
    // The same entry many times in one journal is one entry.
    let answer = submit(&house, "scanner-9", TimeDelta::zero(), vec![one.clone(); 100]).await.expect("merged");
    assert_eq!(outcomes(&answer).iter().filter(|it| **it == EntryOutcome::Recorded).count(), 1);
    let as_another = pb::SubmitScansRequest {
        device_id: "scanner-9".to_owned(),
        device_now: Some(timestamp(house.clock.now())),
        entries: vec![one],
    };
    let display = Caller::Device { id: "scanner-9".to_owned(), kind: "display".to_owned() };
    for caller in [scanner("scanner-1"), display, staff(Role::Kitchen)] {
        let refused = DoorClient::new(house.channel(&caller)).submit_scans(as_another.clone()).await;
        assert_eq!(refused.expect_err("not them").code(), Code::PermissionDenied);
    }
    let by_hand = DoorClient::new(house.channel(&desk())).submit_scans(as_another).await.expect("staff bring it");
    assert_eq!(outcomes(by_hand.get_ref()), [EntryOutcome::Repeated]);
}

#[tokio::test]
async fn a_list_reaches_over_midnight_in_both_directions() {
    let house = house().await;
    // Of the evening before midnight (in minutes from noon), with its end; and one of the small hours.
    let at = |start: i64, end: i64| {
        let showing = Uuid::now_v7();
        let plan = sky_proto::reservations::v1::ShowingScheduled {
            starts_at: Some(timestamp(minutes(start))),
            ends_at: Some(timestamp(minutes(end))),
            doors_at: Some(timestamp(minutes(start - 20))),
            last_entry_at: Some(timestamp(minutes(start + 10))),
            ..scheduled(showing)
        };
        (showing, plan)
    };
    let (over, late, open, early) =
        (at(10 * 60, 11 * 60), at(11 * 60 + 30, 12 * 60 + 30), at(11 * 60, 11 * 60 + 50), at(12 * 60 + 15, 13 * 60));
    for (showing, plan) in [&over, &late, &open, &early] {
        told(&house, *showing, plan).await;
    }
    let listed = async |minute: i64| -> Vec<String> {
        house.clock.set(minutes(minute));
        let signed = export(&house, "scanner-2").await.expect("a list");
        let list = pb::AdmissionList::decode(signed.list.as_slice()).expect("a list");
        list.showings.into_iter().map(|it| it.showing_id).collect()
    };
    let ids = |of: &[&(Uuid, sky_proto::reservations::v1::ShowingScheduled)]| -> Vec<String> {
        of.iter().map(|(id, _)| id.to_string()).collect()
    };
    // A phone that loses its network before midnight has what begins after it as well.
    assert_eq!(listed(11 * 60 + 50).await, ids(&[&over, &open, &late, &early]));
    house.clock.set(minutes(11 * 60));
    move_to(&house, open.0, pb::AdmissionState::DoorsOpen).await.expect("doors open");
    // 00:01: what runs till half past twelve, and the one whose doors nobody has closed, whatever its plan says.
    assert_eq!(listed(12 * 60 + 1).await, ids(&[&open, &late, &early]));
    assert_eq!(listed(12 * 60 + 31).await, ids(&[&open, &early]));
    move_to(&house, open.0, pb::AdmissionState::Running).await.expect("begun");
    move_to(&house, open.0, pb::AdmissionState::Egress).await.expect("ended");
    assert_eq!(listed(12 * 60 + 32).await, ids(&[&early]));
}
