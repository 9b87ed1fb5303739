//! Steps at the doors and in the queue, taken back within a minute: all is as before, and everybody is told.

use chrono::TimeDelta;
use kernel::{testing::House, ticket_code::reference};
use sky_proto::flow::v1::{
    self as pb, AdmissionState, CallGroupState, HouseState, QueueNumberState, ScanVerdict, door_client::DoorClient,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

macro_rules! door {
    ($house:expr) => {
        DoorClient::new($house.channel(&desk()))
    };
}

/// The step that can be taken back and reads so.
async fn step(house: &House, what: &str) -> String {
    let known = snapshot(house).await.undoable;
    let said = |it: &pb::DoorStep| it.what.clone().unwrap_or_default().en;
    let found = known.iter().find(|it| said(it) == what);
    found.unwrap_or_else(|| panic!("no step '{what}': {known:?}")).step_id.clone()
}

async fn undo(house: &House, step_id: &str) -> Result<pb::DoorStep, Status> {
    let request = pb::UndoStepRequest { step_id: step_id.to_owned() };
    door!(house).undo_step(request).await.map(tonic::Response::into_inner)
}

async fn taken_back(house: &House, what: &str) {
    let id = step(house, what).await;
    undo(house, &id).await.unwrap_or_else(|status| panic!("{what}: {status}"));
    let left = snapshot(house).await.undoable;
    assert!(left.iter().all(|it| it.step_id != id), "it is offered once: {left:?}");
}

async fn state(house: &House) -> AdmissionState {
    snapshot(house).await.admissions[0].state()
}

#[tokio::test]
async fn a_start_taken_back_opens_the_doors_again_with_their_calls() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let form = pb::FormCallGroupsRequest { showing_id: showing.to_string() };
    let group = door!(house).form_call_groups(form).await.expect("formed").into_inner().groups.remove(0);
    let call = pb::MoveCallGroupRequest { group_id: group.group_id, to: CallGroupState::Called.into() };
    door!(house).move_call_group(call).await.expect("called");
    let before = snapshot(&house).await.admissions.remove(0);
    move_to(&house, showing, AdmissionState::Running).await.expect("started, too early");
    assert!(snapshot(&house).await.call_groups.is_empty());
    let code = reference(visit);
    assert_eq!(scan(&house, &scan_of(showing, &code)).await.expect("judged").verdict(), ScanVerdict::TooLate);

    let start = step(&house, "Reise: running").await;
    for _ in 0..2 {
        undo(&house, &start).await.expect("taken back; again changes nothing");
    }
    let after = snapshot(&house).await.admissions.remove(0);
    assert_eq!(
        pb::Admission { revision: 0, ..after.clone() },
        pb::Admission { revision: 0, ..before.clone() },
        "all is as it was"
    );
    assert!(after.revision > before.revision, "and newer than what was told of the start");
    let groups = snapshot(&house).await.call_groups;
    assert_eq!((groups.len(), groups[0].state()), (1, CallGroupState::Called));
    assert_eq!(scan(&house, &scan_of(showing, &code)).await.expect("judged").verdict(), ScanVerdict::Admitted);
    // Whoever follows the door hears of it like of any other move.
    let moved: Vec<pb::AdmissionMoved> = house.events("flow").await;
    let states: Vec<AdmissionState> = moved.iter().map(pb::AdmissionMoved::state).collect();
    assert_eq!(states, [AdmissionState::DoorsOpen, AdmissionState::Running, AdmissionState::DoorsOpen]);
    assert_eq!(moved[2].predicted_end_at, moved[0].predicted_end_at);
    let called: Vec<pb::GroupCalled> = house.events("flow").await;
    assert_eq!(called.iter().map(|event| event.calling).collect::<Vec<_>>(), [true, false, true]);
    let log = audit(&house, &showing.to_string()).await;
    assert_eq!((log[0].act.as_str(), log[0].who.as_str()), ("undo_step", "test-desk"), "{log:?}");
    assert_eq!(log.iter().filter(|it| it.act == "undo_step").count(), 1, "once");
}

#[tokio::test]
async fn who_is_scanned_out_after_the_end_was_counted_out_with_all_others() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &reference(visit))).await.expect("in");
    correct(&house, "foyer", 20).await;
    let people = async || (count(&house, "dome").await, count(&house, "foyer").await);
    let one_out = async || {
        let out = pb::ScanRequest { party_count: 1, ..scan_of(showing, &reference(visit)) };
        door!(house).scan_exit(out).await.expect("out").into_inner().verdict()
    };
    assert_eq!((one_out().await, people().await), (ScanVerdict::Exited, (2, 21)), "while it is in its hall");
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
    }
    assert_eq!(people().await, (0, 23));
    assert_eq!((one_out().await, people().await), (ScanVerdict::Exited, (0, 23)), "counted once");
}

#[tokio::test]
async fn people_who_were_taken_to_have_left_are_where_they_were() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &reference(visit))).await.expect("in");
    correct(&house, "foyer", 20).await;
    let people = async || (count(&house, "dome").await, count(&house, "foyer").await);
    move_to(&house, showing, AdmissionState::Running).await.expect("runs");
    let seated = people().await;
    for _ in 0..2 {
        move_to(&house, showing, AdmissionState::Egress).await.expect("over");
        assert_eq!(people().await, (0, 23));
        taken_back(&house, "Reise: egress").await;
        assert_eq!((people().await, state(&house).await), (seated, AdmissionState::Running));
    }
    for to in [AdmissionState::Egress, AdmissionState::Turnover] {
        move_to(&house, showing, to).await.expect("moved");
    }
    door!(house).report_cleaned(pb::ReportCleanedRequest { showing_id: showing.to_string() }).await.expect("clean");
    taken_back(&house, "Reise: hall is clean").await;
    let admission = snapshot(&house).await.admissions.remove(0);
    assert_eq!((admission.state(), admission.cleaned_at), (AdmissionState::Turnover, None));
    for _ in 0..2 {
        move_to(&house, showing, AdmissionState::Closed).await.expect("closed");
        assert_eq!(people().await, (0, 20), "they have gone home, once");
        taken_back(&house, "Reise: closed").await;
        assert_eq!((people().await, state(&house).await), ((0, 23), AdmissionState::Turnover));
    }
}

#[tokio::test]
async fn a_call_that_was_the_wrong_one_is_taken_back_from_the_monitors() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    let number = |number: u32, to: QueueNumberState| {
        let request = pb::MoveQueueNumberRequest { day: String::new(), number, to: to.into() };
        let mut door = door!(house);
        async move { door.move_queue_number(request).await.expect("moved").into_inner() }
    };
    for _ in 0..2 {
        let request = pb::IssueQueueNumberRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: String::new(),
            people: 2,
        };
        door!(house).issue_queue_number(request).await.expect("a number");
    }
    number(1, QueueNumberState::Called).await;
    number(1, QueueNumberState::Served).await;
    assert_eq!(snapshot(&house).await.queue_numbers.len(), 1);
    taken_back(&house, "Number 1: served").await;
    let listed = snapshot(&house).await.queue_numbers;
    assert_eq!((listed.len(), listed[0].state()), (2, QueueNumberState::Called));
    assert!(listed[0].called_at.is_some());
    number(2, QueueNumberState::Called).await;
    taken_back(&house, "Number 2: called").await;
    let list = door!(house).list_queue_numbers(pb::ListQueueNumbersRequest::default()).await.expect("a list");
    let list = list.into_inner();
    assert_eq!((list.numbers[1].state(), list.numbers[1].called_at), (QueueNumberState::Waiting, None));
    assert_eq!(list.last_called, 1);
    let told: Vec<pb::QueueNumberCalled> = house.events("flow").await;
    assert_eq!(told.iter().map(|it| it.calling).collect::<Vec<_>>(), [true, false, true, true, false]);

    let form = pb::FormCallGroupsRequest { showing_id: showing.to_string() };
    let group = door!(house).form_call_groups(form).await.expect("formed").into_inner().groups.remove(0);
    for to in [CallGroupState::Called, CallGroupState::Boarding, CallGroupState::Boarded] {
        let call = pb::MoveCallGroupRequest { group_id: group.group_id.clone(), to: to.into() };
        door!(house).move_call_group(call).await.expect("moved");
    }
    taken_back(&house, "Group 1: all in").await;
    assert_eq!(snapshot(&house).await.call_groups[0].state(), CallGroupState::Boarding);
    let told: Vec<pb::GroupCalled> = house.events("flow").await;
    assert_eq!(told.iter().map(|it| it.calling).collect::<Vec<_>>(), [true, false, true], "it is called again");
}

#[tokio::test]
async fn what_is_too_late_or_has_been_followed_stands() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    let doors = step(&house, "Reise: doors open").await;
    move_to(&house, showing, AdmissionState::LastCall).await.expect("moved");
    assert_eq!(undo(&house, &doors).await.expect_err("another step has followed").code(), Code::NotFound);
    taken_back(&house, "Reise: last call").await;

    // Doors are not opened again in a house that admits nobody, nor closed on whoever is in already.
    move_to(&house, showing, AdmissionState::Running).await.expect("started");
    let start = step(&house, "Reise: running").await;
    for (state, refused) in [(HouseState::AdmissionStopped, true), (HouseState::Normal, false)] {
        let set = pb::SetHouseStateRequest { state: state.into(), reason: "test".to_owned(), exercise: false };
        crate::client!(house, &desk()).set_house_state(set).await.expect("set");
        let answer = undo(&house, &start).await.map_err(|status| status.code());
        assert_eq!(answer.err(), refused.then_some(Code::FailedPrecondition));
    }
    move_to(&house, showing, AdmissionState::Planned).await.expect("nobody is in");
    move_to(&house, showing, AdmissionState::DoorsOpen).await.expect("open");
    let doors = step(&house, "Reise: doors open").await;
    scan(&house, &scan_of(showing, &reference(visit))).await.expect("in");
    assert_eq!(undo(&house, &doors).await.expect_err("somebody is in").code(), Code::FailedPrecondition);

    // Broken off: nobody starts it again, and that itself is for good.
    move_to(&house, showing, AdmissionState::Running).await.expect("started");
    let start = step(&house, "Reise: running").await;
    move_to(&house, showing, AdmissionState::Aborted).await.expect("broken off");
    assert_eq!(undo(&house, &start).await.expect_err("broken off").code(), Code::NotFound);
    assert!(snapshot(&house).await.undoable.is_empty(), "an abort is not offered");

    move_to(&house, showing, AdmissionState::Turnover).await.expect("moved");
    let turnover = step(&house, "Reise: turnover").await;
    house.clock.advance(TimeDelta::seconds(61));
    let refused = undo(&house, &turnover).await.expect_err("a minute is over").code();
    assert!(matches!(refused, Code::FailedPrecondition | Code::NotFound), "{refused:?}");
    assert!(snapshot(&house).await.undoable.is_empty());
    let kept = async || -> i64 {
        let rows = sqlx::query_scalar("select count(*) from door_step").fetch_one(house.pool("flow")).await;
        rows.expect("counted")
    };
    turn_until(&house, "old steps are forgotten", async || kept().await == 0).await;
    assert_eq!(state(&house).await, AdmissionState::Turnover);

    let refused = undo(&house, "no id").await.expect_err("no id");
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("step_id"), "{refused}");
    assert_eq!(undo(&house, &Uuid::nil().to_string()).await.expect_err("unknown").code(), Code::NotFound);
    // Who else looks at the house need not know what staff can take back.
    move_to(&house, showing, AdmissionState::Closed).await.expect("closed");
    let window = pb::GetFlowRequest {
        from: Some(kernel::values::timestamp(minutes(-60))),
        until: Some(kernel::values::timestamp(minutes(1000))),
    };
    let seen = crate::client!(house, &scanner("scanner-1")).get_flow(window).await.expect("a snapshot").into_inner();
    assert!(seen.undoable.is_empty() && !snapshot(&house).await.undoable.is_empty());
}

/// As another replica does it, of which this one has heard nothing yet.
async fn elsewhere(house: &House, statement: &'static str) {
    let done = sqlx::query(statement).execute(house.pool("flow")).await.expect("done elsewhere");
    assert_eq!(done.rows_affected(), 1);
}

#[tokio::test]
async fn a_step_is_taken_on_what_holds_whatever_was_seen_last() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    assert_eq!(state(&house).await, AdmissionState::DoorsOpen, "seen");
    let stopped = "update house_state set state = 'admission_stopped'";
    elsewhere(&house, stopped).await;
    let refused =
        move_to(&house, showing, AdmissionState::LastCall).await.expect_err("the house was stopped meanwhile");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    elsewhere(&house, "update house_state set state = 'normal'").await;

    // Nobody looks at the board between the scan and the call.
    let party = scan(&house, &scan_of(showing, &reference(visit))).await.expect("judged");
    assert_eq!(party.verdict(), ScanVerdict::Admitted);
    let called = move_to(&house, showing, AdmissionState::LastCall).await.expect("called");
    assert_eq!((called.state(), called.admitted), (AdmissionState::LastCall, 3));

    elsewhere(&house, "update admission set state = 'doors_open', revision = revision + 1").await;
    let again = move_to(&house, showing, AdmissionState::LastCall).await.expect("called once more");
    assert_eq!(again.state(), AdmissionState::LastCall);
    assert_eq!(state(&house).await, AdmissionState::LastCall, "and not only in memory");
}
