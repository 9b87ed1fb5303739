//! Who was let in, or tries to come in, when admission to a showing has ended.

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::{House, staff},
    ticket_code::{Kind, reference},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{self as pb, AdmissionState, EntryOutcome, ScanVerdict, door_client::DoorClient},
    reservations::v1::ShowingDelayed,
};
use uuid::Uuid;

use crate::{
    offline::{conflicts, entry, export, outcomes, submit},
    support::*,
};

async fn brings(house: &House, entries: Vec<pb::JournalEntry>) -> Vec<EntryOutcome> {
    outcomes(&submit(house, "scanner-2", TimeDelta::zero(), entries).await.expect("merged"))
}

#[tokio::test]
async fn whom_a_scanner_let_in_when_admission_had_ended_is_counted_and_shown_to_staff() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    house.clock.set(minutes(58));
    move_to(&house, showing, AdmissionState::Running).await.expect("begun");
    house.clock.set(minutes(65));
    let ticket = |place: usize, minute| entry(showing, &code(&house, Kind::Ticket, tickets[place], showing), minute);
    let late = ticket(1, 59);
    assert_eq!(
        brings(&house, vec![ticket(0, 58), late.clone()]).await,
        [EntryOutcome::Recorded, EntryOutcome::Conflict]
    );
    house.clock.set(minutes(111));
    move_to(&house, showing, AdmissionState::Egress).await.expect("over");
    assert_eq!(brings(&house, vec![ticket(2, 70)]).await, [EntryOutcome::Conflict]);
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 3, "they are inside");
    let mut open = conflicts(&house).await;
    open.sort_by_key(|it| it.seat.clone());
    let shown: Vec<_> =
        open.iter().map(|it| (it.kind(), it.reference.clone(), it.seat.as_str(), it.scans.len())).collect();
    let of_seat = |seat| (pb::ConflictKind::AfterAdmission, reference(visit), seat, 1);
    assert_eq!(shown, [of_seat("C2"), of_seat("C3")]);
    // Taken back by the scanner it is no longer to be looked into; again changes nothing.
    let undo = pb::JournalEntry {
        nonce: Uuid::new_v4().to_string(),
        kind: pb::ScanKind::Undo.into(),
        verdict: ScanVerdict::Undone.into(),
        undoes: late.nonce.clone(),
        code: String::new(),
        ..late.clone()
    };
    for _ in 0..2 {
        brings(&house, vec![late.clone(), undo.clone()]).await;
        assert_eq!((conflicts(&house).await.len(), snapshot(&house).await.admissions[0].admitted), (1, 2));
    }
}

#[tokio::test]
async fn a_start_that_was_taken_back_has_ended_no_admission_and_a_showing_that_is_broken_off_has() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    let ticket = |place: usize, minute| entry(showing, &code(&house, Kind::Ticket, tickets[place], showing), minute);
    house.clock.set(minutes(50));
    move_to(&house, showing, AdmissionState::Running).await.expect("begun, by mistake");
    let step_id = snapshot(&house).await.undoable.remove(0).step_id;
    let mut operator = DoorClient::new(house.channel(&staff(Role::Operator)));
    operator.undo_step(pb::UndoStepRequest { step_id }).await.expect("taken back");
    house.clock.set(minutes(55));
    assert_eq!(brings(&house, vec![ticket(0, 54)]).await, [EntryOutcome::Recorded]);
    move_to(&house, showing, AdmissionState::Aborted).await.expect("broken off");
    house.clock.set(minutes(58));
    assert_eq!(brings(&house, vec![ticket(1, 57)]).await, [EntryOutcome::Conflict]);
}

#[tokio::test]
async fn where_the_house_lets_in_late_guests_the_start_shuts_the_door_to_nobody_before_the_last_entry() {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    // Ten minutes late guests, as the house file may say.
    let late = ShowingDelayed { last_entry_at: Some(timestamp(minutes(70))), ..delayed(showing, 0) };
    told(&house, showing, &late).await;
    house.clock.set(minutes(59));
    move_to(&house, showing, AdmissionState::Running).await.expect("begun");
    let code = |place: usize| code(&house, Kind::Ticket, tickets[place], showing);
    house.clock.set(minutes(65));
    let verdict = async |place| scan(&house, &scan_of(showing, &code(place))).await.expect("judged").verdict();
    assert_eq!(verdict(0).await, ScanVerdict::Admitted);
    house.clock.set(minutes(71));
    assert_eq!(verdict(1).await, ScanVerdict::TooLate);
    let journal = vec![entry(showing, &code(1), 69), entry(showing, &code(2), 71)];
    assert_eq!(brings(&house, journal).await, [EntryOutcome::Recorded, EntryOutcome::Conflict]);
}
