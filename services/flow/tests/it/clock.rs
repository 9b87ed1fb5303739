//! The showing clock, abort and turnover, call groups, queue numbers.

use kernel::{
    testing::{House, producer},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{self as pb, AdmissionState, CallGroupState, QueueNumberState, door_client::DoorClient},
    reservations::v1::{BookingCancelled, BookingMoved, Need},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::*;

macro_rules! door {
    ($house:expr) => {
        DoorClient::new($house.channel(&desk()))
    };
}

async fn proposal(house: &House) -> (AdmissionState, Option<prost_types::Timestamp>, String) {
    let proposal = snapshot(house).await.admissions.remove(0).proposal.expect("something is next");
    (proposal.to(), proposal.due_at, proposal.why.expect("why").en)
}

#[tokio::test]
async fn the_clock_proposes_each_step_and_moves_none() {
    let house = house().await;
    let showing = Uuid::now_v7();
    told(&house, showing, &scheduled(showing)).await;
    let visit = Uuid::now_v7();
    told(&house, visit, &booking(visit, showing, &[Uuid::now_v7(), Uuid::now_v7()])).await;
    let at = |minute: i64| Some(timestamp(minutes(minute)));
    // Long past every limit, nothing has moved by itself.
    house.clock.set(minutes(300));
    assert_eq!(proposal(&house).await, (AdmissionState::DoorsOpen, at(40), "Doors due 12:40.".to_owned()));
    house.clock.set(minutes(42));
    move_to(&house, showing, AdmissionState::DoorsOpen).await.expect("open");
    assert_eq!(proposal(&house).await, (AdmissionState::LastCall, at(55), "Last call at 12:55: 2 missing.".to_owned()));
    let moved = move_to(&house, showing, AdmissionState::LastCall).await.expect("last call");
    assert_eq!(moved.proposal.expect("told at once").to(), AdmissionState::Running);
    assert_eq!(proposal(&house).await, (AdmissionState::Running, at(60), "Start due 13:00: 2 missing.".to_owned()));
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    assert_eq!(proposal(&house).await.2, "Start due 13:00: everybody is in.");
    house.clock.set(minutes(62));
    move_to(&house, showing, AdmissionState::Running).await.expect("runs");
    assert_eq!((proposal(&house).await.0, proposal(&house).await.1), (AdmissionState::Egress, at(112)));
    let refused = door!(house).report_cleaned(pb::ReportCleanedRequest { showing_id: showing.to_string() }).await;
    assert_eq!(refused.expect_err("people sit there").code(), Code::FailedPrecondition);
    house.clock.set(minutes(113));
    move_to(&house, showing, AdmissionState::Egress).await.expect("over");
    assert_eq!((proposal(&house).await.0, proposal(&house).await.1), (AdmissionState::Turnover, at(118)));
    // The next showing in the same hall waits for it.
    let next = Uuid::now_v7();
    let mut plan = scheduled(next);
    (plan.starts_at, plan.ends_at, plan.doors_at) = (at(150), at(200), at(120));
    told(&house, next, &plan).await;
    let second = snapshot(&house).await.admissions.remove(1).proposal.expect("doors");
    assert_eq!(
        (second.due_at, second.why.expect("why").en),
        (at(133), "Doors due 14:13: the hall is in use until then, planned was 14:00.".to_owned())
    );

    house.clock.set(minutes(118));
    move_to(&house, showing, AdmissionState::Turnover).await.expect("turnover");
    let admission = snapshot(&house).await.admissions.remove(0);
    assert_eq!((admission.turnover_until, admission.state_since), (at(133), at(118)));
    house.clock.set(minutes(121));
    for _ in 0..2 {
        let request = pb::ReportCleanedRequest { showing_id: showing.to_string() };
        let cleaned = door!(house).report_cleaned(request).await.expect("clean").into_inner();
        assert_eq!((cleaned.cleaned_at, cleaned.turnover_until), (at(121), at(121)));
    }
    assert_eq!(
        proposal(&house).await,
        (AdmissionState::Closed, at(121), "The hall is clean, reported at 14:01.".to_owned())
    );
    move_to(&house, showing, AdmissionState::Closed).await.expect("closed");
    assert!(snapshot(&house).await.admissions[0].proposal.is_none());
}

#[tokio::test]
async fn an_aborted_showing_lets_everybody_out_and_is_told() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    move_to(&house, showing, AdmissionState::Running).await.expect("runs");
    house.clock.set(minutes(70));
    for _ in 0..2 {
        let aborted = move_to(&house, showing, AdmissionState::Aborted).await.expect("broken off");
        assert_eq!((aborted.state(), aborted.ends_at), (AdmissionState::Aborted, Some(timestamp(minutes(70)))));
    }
    assert_eq!((count(&house, "dome").await, count(&house, "foyer").await), (0, 3));
    let refused = move_to(&house, showing, AdmissionState::Running).await.expect_err("it does not go on");
    assert!(refused.message().contains("next: turnover or closed"), "{}", refused.message());
    let told: Vec<pb::AdmissionMoved> = house.events("flow").await;
    assert_eq!(told.iter().filter(|moved| moved.state() == AdmissionState::Aborted).count(), 1);
}

async fn move_group(house: &House, group: &pb::CallGroup, to: CallGroupState) -> Result<pb::CallGroup, Status> {
    let request = pb::MoveCallGroupRequest { group_id: group.group_id.clone(), to: to.into() };
    door!(house).move_call_group(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn groups_are_called_as_the_foyer_takes_them_and_assistance_first() {
    let house = house().await;
    let showing = Uuid::now_v7();
    told(&house, showing, &scheduled(showing)).await;
    // Four rows of eight in parties of two, and a wheelchair with a companion in row A.
    for row in ["A", "B", "C", "D"] {
        for pair in 0..4 {
            let visit = Uuid::now_v7();
            let mut party = booking(visit, showing, &[Uuid::now_v7(), Uuid::now_v7()]);
            for (place, ticket) in party.tickets.iter_mut().enumerate() {
                ticket.seat = format!("{row}{}", pair * 2 + place + 1);
            }
            if row == "A" && pair == 0 {
                party.tickets[0].set_need(Need::Wheelchair);
            }
            told(&house, visit, &party).await;
        }
    }
    // 120 fit into the foyer, 80 % of them are called at most: room for 16 beside the 80 who stand there.
    let correct = pb::CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 80, reason: "counted".to_owned() };
    crate::client!(house, &desk()).correct_zone(correct).await.expect("set");
    let form = pb::FormCallGroupsRequest { showing_id: showing.to_string() };
    let formed = door!(house).form_call_groups(form.clone()).await.expect("formed").into_inner();
    assert_eq!(formed.room_for, 16);
    let seen: Vec<_> = formed.groups.iter().map(|group| (group.number, group.people, group.rows.join(""))).collect();
    let expected = [(0, 2, String::new()), (1, 14, "AB".to_owned()), (2, 16, "CD".to_owned())];
    assert_eq!(seen, expected);
    assert!(formed.groups[0].assistance);
    // Whose pages may say it.
    assert_eq!(formed.groups[0].visit_ids.len(), 1);
    // At T−25; at the doors; when fourteen people at twelve a minute are through.
    let due: Vec<_> =
        formed.groups.iter().map(|group| group.due_at.expect("due").seconds - minutes(0).timestamp()).collect();
    assert_eq!(due, [35 * 60, 40 * 60, 40 * 60 + 70]);

    // Others read which groups are called, and when the next one is.
    let live = async || {
        let answer = reqwest::get(format!("http://{}/open/v1/live", house.running.http)).await.expect("an answer");
        let live: serde_json::Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
        live["liveData"][0]["queue"]["BOARDING_GROUP"].clone()
    };
    let boarding = |status: &str, called: Option<u32>, next: Option<&str>| {
        serde_json::json!({"allocationStatus": status, "currentGroupStart": called, "currentGroupEnd": called,
            "nextAllocationTime": next, "estimatedWait": null})
    };
    let at = |minute: i64| minutes(minute).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!(live().await, boarding("AVAILABLE", None, Some(&at(35))));

    let refused = move_group(&house, &formed.groups[1], CallGroupState::Boarded).await.expect_err("not called");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    for (group, first) in [(1, "guests who need assistance are called first"), (2, "guests who need assistance")] {
        let refused = move_group(&house, &formed.groups[group], CallGroupState::Called).await.expect_err("not yet");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().starts_with(first), "{}", refused.message());
    }
    move_group(&house, &formed.groups[0], CallGroupState::Called).await.expect("called first");
    let events: Vec<pb::GroupCalled> = house.events("flow").await;
    let names_nobody = |it: &pb::GroupCalled| it.group.as_ref().is_some_and(|group| group.visit_ids.is_empty());
    assert!(!events.is_empty() && events.iter().all(names_nobody));
    let refused = move_group(&house, &formed.groups[2], CallGroupState::Called).await.expect_err("one after the other");
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::FailedPrecondition, "groups are called in their order; call group 1 now, then this one")
    );
    for _ in 0..2 {
        move_group(&house, &formed.groups[1], CallGroupState::Called).await.expect("called");
    }
    let called = live().await;
    assert_eq!((&called["currentGroupStart"], &called["currentGroupEnd"]), (&1.into(), &1.into()), "{called}");
    for to in [CallGroupState::Boarding, CallGroupState::Recalled, CallGroupState::Late] {
        move_group(&house, &formed.groups[1], to).await.expect("moved");
    }
    let told_: Vec<pb::GroupCalled> = house.events("flow").await;
    assert_eq!(told_.iter().map(|event| event.calling).collect::<Vec<_>>(), [true, true, true, false]);
    let text = told_[1].group.clone().expect("a group").text.expect("a text");
    assert_eq!(text.de, "Gruppe 1, Reihen A–B, bitte zum Einlass.");
    // Formed anew: who was called stays, and whoever booked since gets a group.
    let visit = Uuid::now_v7();
    told(&house, visit, &booking(visit, showing, &[Uuid::now_v7()])).await;
    let again = door!(house).form_call_groups(form).await.expect("formed").into_inner();
    assert_eq!(again.groups[1].state(), CallGroupState::Late);
    assert_eq!(again.groups.iter().map(|group| group.people).sum::<u32>(), 33);
    move_group(&house, &again.groups[2], CallGroupState::Called).await.expect("called");
    house.clock.set(minutes(45));
    for to in [AdmissionState::DoorsOpen, AdmissionState::Running] {
        move_to(&house, showing, to).await.expect("moved");
    }
    assert!(snapshot(&house).await.call_groups.is_empty(), "the start ends every call");
    let told_: Vec<pb::GroupCalled> = house.events("flow").await;
    assert!(!told_.last().expect("told").calling);
    assert_eq!(
        move_group(
            &house,
            &pb::CallGroup { group_id: Uuid::nil().to_string(), ..Default::default() },
            CallGroupState::Called
        )
        .await
        .expect_err("none")
        .code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_party_that_goes_to_another_showing_or_nowhere_leaves_its_group() {
    let house = house().await;
    let (showing, later) = (Uuid::now_v7(), Uuid::now_v7());
    for id in [showing, later] {
        told(&house, id, &scheduled(id)).await;
    }
    let parties: Vec<(Uuid, Vec<Uuid>)> =
        (0..3).map(|_| (Uuid::now_v7(), vec![Uuid::now_v7(), Uuid::now_v7()])).collect();
    for (visit, tickets) in &parties {
        told(&house, *visit, &booking(*visit, showing, tickets)).await;
    }
    let form = async |showing: Uuid| {
        let form = pb::FormCallGroupsRequest { showing_id: showing.to_string() };
        let groups = door!(house).form_call_groups(form).await.expect("formed").into_inner().groups;
        groups.iter().map(|group| group.people).sum::<u32>()
    };
    assert_eq!(form(showing).await, 6);
    let moved = |place: usize, from: Uuid, to: Uuid| {
        let (visit, tickets) = &parties[place];
        let event = BookingMoved {
            visit_id: visit.to_string(),
            from_showing_id: from.to_string(),
            showing_id: to.to_string(),
            tickets: booking(*visit, to, tickets).tickets,
            ..BookingMoved::default()
        };
        (*visit, event)
    };
    let people = async |showing: Uuid| {
        let list = pb::ListCallGroupsRequest { showing_id: showing.to_string() };
        let groups = door!(house).list_call_groups(list).await.expect("a list").into_inner().groups;
        groups.iter().map(|group| group.people).sum::<u32>()
    };
    let (visit, event) = moved(0, showing, later);
    told(&house, visit, &event).await;
    assert_eq!(people(showing).await, 4, "it is not waited for any more");
    assert_eq!(form(later).await, 2, "it is called where it goes");
    // Told once more, and late: it stays in its new group.
    told(&house, visit, &event).await;
    assert_eq!(people(later).await, 2);
    // There and back again, after its group was formed there, too.
    let (visit, event) = moved(0, later, showing);
    told(&house, visit, &event).await;
    let (gone, tickets) = &parties[1];
    let cancelled = BookingCancelled {
        visit_id: gone.to_string(),
        showing_id: showing.to_string(),
        ticket_ids: tickets.iter().map(Uuid::to_string).collect(),
    };
    told(&house, *gone, &cancelled).await;
    assert_eq!((form(showing).await, form(later).await), (4, 0));
    let rows: i64 = sqlx::query_scalar("select count(*) from call_group_party")
        .fetch_one(house.pool("flow"))
        .await
        .expect("counted");
    assert_eq!(rows, 2, "whoever is cancelled is in no group");
}

#[tokio::test]
async fn a_full_foyer_holds_back_the_next_call_and_says_why() {
    a_full_room_holds_back(&house().await, "foyer").await;
}

#[tokio::test]
async fn a_foyer_that_has_another_id_in_the_house_file_holds_back_the_next_call_too() {
    let house = House::start(&[flow::SERVICE, producer("reservations")]).await;
    let file = HOUSE_FILE.replace("\"foyer\"", "\"vestibule\"");
    let file = file.replace("filled_by = \"vestibule\"", "filled_by = \"foyer\"");
    load(&house, &file).await.expect("house file loads");
    a_full_room_holds_back(&house, "vestibule").await;
}

async fn a_full_room_holds_back(house: &House, foyer: &str) {
    let showing = Uuid::now_v7();
    told(house, showing, &scheduled(showing)).await;
    for row in ["A", "B"] {
        for pair in 0..4 {
            let visit = Uuid::now_v7();
            let mut party = booking(visit, showing, &[Uuid::now_v7(), Uuid::now_v7()]);
            for (place, ticket) in party.tickets.iter_mut().enumerate() {
                ticket.seat = format!("{row}{}", pair * 2 + place + 1);
            }
            if row == "A" && pair == 0 {
                party.tickets[0].set_need(Need::Wheelchair);
            }
            told(house, visit, &party).await;
        }
    }
    let form = pb::FormCallGroupsRequest { showing_id: showing.to_string() };
    let groups = door!(house).form_call_groups(form).await.expect("formed").into_inner().groups;
    assert!(groups.iter().all(|group| group.held_back.is_none()), "an empty foyer holds nobody back: {groups:?}");
    correct(house, foyer, 90).await;
    let list = pb::ListCallGroupsRequest { showing_id: showing.to_string() };
    let groups = door!(house).list_call_groups(list.clone()).await.expect("a list").into_inner().groups;
    assert!(groups[0].held_back.is_none(), "whoever is escorted needs no room there: {groups:?}");
    let why = groups[1].held_back.clone().expect("held back");
    assert_eq!(why.en, "Not yet: 90 people are in the foyer, with this group more than 96.");
    assert_eq!(snapshot(house).await.call_groups[1].held_back, Some(why), "on the stream as well");
    // A person decides all the same; and what is called is held back no more.
    for group in &groups[..2] {
        move_group(house, group, CallGroupState::Called).await.expect("called");
    }
    let groups = door!(house).list_call_groups(list).await.expect("a list").into_inner().groups;
    assert!(groups.iter().all(|group| group.held_back.is_none()), "{groups:?}");
}

async fn issue(house: &House, showing: Option<Uuid>, people: u32, key: Uuid) -> Result<pb::QueueNumber, Status> {
    let request = pb::IssueQueueNumberRequest {
        idempotency_key: key.to_string(),
        showing_id: showing.map(|id| id.to_string()).unwrap_or_default(),
        people,
    };
    door!(house).issue_queue_number(request).await.map(tonic::Response::into_inner)
}

async fn move_number(house: &House, number: u32, to: QueueNumberState) -> Result<pb::QueueNumber, Status> {
    let request = pb::MoveQueueNumberRequest { day: String::new(), number, to: to.into() };
    door!(house).move_queue_number(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn walk_ins_are_called_by_number_and_know_their_chance() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let mut plan = scheduled(showing);
    plan.capacity = 20;
    told(&house, showing, &plan).await;
    let visit = Uuid::now_v7();
    let tickets: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    told(&house, visit, &booking(visit, showing, &tickets)).await;
    let key = Uuid::new_v4();
    let first = issue(&house, Some(showing), 6, key).await.expect("a number");
    assert_eq!((first.number, first.free_places, first.waiting_before), (1, 10, 0));
    assert_eq!((first.day.as_str(), first.chance()), ("2026-11-28", pb::Chance::Likely));
    assert_eq!(issue(&house, Some(showing), 6, key).await.expect("the first answer"), first, "tapped twice");
    let second = issue(&house, Some(showing), 5, Uuid::new_v4()).await.expect("a number");
    assert_eq!((second.number, second.waiting_before, second.chance()), (2, 6, pb::Chance::Possible));
    let third = issue(&house, Some(showing), 1, Uuid::new_v4()).await.expect("a number");
    assert_eq!((third.waiting_before, third.chance()), (11, pb::Chance::Unlikely));
    for people in [0, 31] {
        let refused = issue(&house, None, people, Uuid::new_v4()).await.expect_err("nobody");
        assert!(refused.message().starts_with("people"), "{refused}");
    }
    assert_eq!(issue(&house, Some(Uuid::nil()), 1, Uuid::new_v4()).await.expect_err("unknown").code(), Code::NotFound);

    for _ in 0..2 {
        move_number(&house, 1, QueueNumberState::Called).await.expect("called");
    }
    assert_eq!(
        move_number(&house, 2, QueueNumberState::Served).await.expect_err("never called").code(),
        Code::FailedPrecondition
    );
    for to in [QueueNumberState::Missed, QueueNumberState::Recalled, QueueNumberState::Served] {
        move_number(&house, 1, to).await.expect("moved");
    }
    assert_eq!(move_number(&house, 9, QueueNumberState::Called).await.expect_err("none").code(), Code::NotFound);
    let told_: Vec<pb::QueueNumberCalled> = house.events("flow").await;
    assert_eq!(told_.iter().map(|event| event.calling).collect::<Vec<_>>(), [true, false, true, false]);
    let seen = snapshot(&house).await.queue_numbers;
    assert_eq!(seen.iter().map(|number| (number.number, number.waiting_before)).collect::<Vec<_>>(), [(2, 0), (3, 5)]);
    let list =
        door!(house).list_queue_numbers(pb::ListQueueNumbersRequest { day: String::new() }).await.expect("a list");
    assert_eq!((list.get_ref().numbers.len(), list.get_ref().last_called), (2, 1));
    // Tomorrow begins with one.
    house.clock.set(minutes(24 * 60));
    assert_eq!(issue(&house, None, 2, Uuid::new_v4()).await.expect("a number").number, 1);
}

#[tokio::test]
async fn a_number_that_is_withdrawn_stands_before_nobody_until_that_is_taken_back() {
    let house = house().await;
    let showing = Uuid::now_v7();
    told(&house, showing, &scheduled(showing)).await;
    for people in [4, 3, 2] {
        issue(&house, Some(showing), people, Uuid::new_v4()).await.expect("a number");
    }
    let waiting = async || {
        let numbers = snapshot(&house).await.queue_numbers;
        numbers.iter().map(|it| (it.number, it.waiting_before)).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let gone = move_number(&house, 1, QueueNumberState::Withdrawn).await.expect("withdrawn");
        assert_eq!(gone.state(), QueueNumberState::Withdrawn);
    }
    assert_eq!(waiting().await, [(2, 0), (3, 3)]);
    assert_eq!(
        move_number(&house, 1, QueueNumberState::Called).await.expect_err("withdrawn").code(),
        Code::FailedPrecondition
    );
    let step = snapshot(&house).await.undoable[0].step_id.clone();
    door!(house).undo_step(pb::UndoStepRequest { step_id: step }).await.expect("taken back");
    assert_eq!(waiting().await, [(1, 0), (2, 4), (3, 7)]);
    // Whoever was called and leaves, or was called and had left.
    move_number(&house, 1, QueueNumberState::Called).await.expect("called");
    move_number(&house, 1, QueueNumberState::Withdrawn).await.expect("withdrawn");
    for to in [QueueNumberState::Called, QueueNumberState::Missed, QueueNumberState::Withdrawn] {
        move_number(&house, 2, to).await.expect("moved");
    }
    assert_eq!(waiting().await, [(3, 0)]);
    let told_: Vec<pb::QueueNumberCalled> = house.events("flow").await;
    let calling = |number: u32| told_.iter().rfind(|event| event.number == number).expect("told").calling;
    assert_eq!([calling(1), calling(2)], [false, false], "the monitors call them no more");
}

#[tokio::test]
async fn at_once_every_number_is_given_once() {
    let house = house().await;
    let house = &house;
    let many = (0..16).map(|_| async move { issue(house, None, 1, Uuid::new_v4()).await.expect("a number").number });
    let mut numbers = futures::future::join_all(many).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<u32>>());
}
