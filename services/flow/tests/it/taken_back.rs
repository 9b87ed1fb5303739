//! What was a mistake and is taken back: a count by hand, and whom a scanner without a network had let in. Whom else the
//! house's own words concern who are on the way.

use chrono::TimeDelta;
use kernel::{
    testing::House,
    ticket_code::{Kind, reference},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{
        self as pb, AdmissionState, EntryOutcome, Quality, ScanVerdict, door_client::DoorClient,
        flow_client::FlowClient, zones_client::ZonesClient,
    },
    reservations::v1::ShowingScheduled,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    offline::{conflicts, entry, export, outcomes, submit},
    stops::{end, stop},
    support::*,
};

async fn step(house: &House) -> pb::DoorStep {
    snapshot(house).await.undoable.into_iter().next().expect("a step that can be taken back")
}

async fn undo(house: &House, step: &pb::DoorStep) -> Result<pb::DoorStep, Status> {
    let request = pb::UndoStepRequest { step_id: step.step_id.clone() };
    DoorClient::new(house.channel(&desk())).undo_step(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_count_by_hand_is_taken_back_for_some_minutes_and_keeps_who_came_since() {
    let house = house().await;
    correct(&house, "cafe", 12).await;
    house.clock.advance(TimeDelta::minutes(30));
    correct(&house, "cafe", 120).await;
    assert_eq!(zone(&house, "cafe").await.level(), pb::ZoneLevel::Stop, "a digit too many");
    let most = async || {
        let most = "select max(count) from zone_sample where zone_id in ('cafe', 'ground', 'house')
            union all select max(count) from escape_group_sample order by 1 desc limit 1";
        sqlx::query_scalar::<_, Option<i32>>(most).fetch_one(house.pool("flow")).await.expect("a figure")
    };
    turn_until(&house, "it is kept for replays", async || most().await >= Some(120)).await;
    let request =
        pb::ClickZoneRequest { idempotency_key: Uuid::now_v7().to_string(), zone_id: "cafe".to_owned(), people: 2 };
    ZonesClient::new(house.channel(&desk())).click_zone(request).await.expect("two come in");
    house.clock.advance(TimeDelta::minutes(3));
    let made = step(&house).await;
    assert_eq!(made.what.clone().unwrap_or_default().en, "AstroGastro: 120 counted");
    for _ in 0..2 {
        undo(&house, &made).await.expect("taken back; again changes nothing");
    }
    let cafe = zone(&house, "cafe").await;
    assert_eq!((cafe.count, cafe.level(), cafe.quality()), (Some(14), pb::ZoneLevel::Green, Quality::Manual));
    assert_eq!(cafe.valid_until, Some(timestamp(minutes(60))), "as old as the count before");
    assert!(snapshot(&house).await.undoable.is_empty());
    assert!(most().await < Some(120), "it was never so");
    let log = audit(&house, "cafe").await;
    assert_eq!((log[0].act.as_str(), log[0].who.as_str()), ("undo_step", "test-desk"), "{log:?}");
    let told: Vec<pb::ZoneChanged> = house.events("flow").await;
    let last = told.into_iter().filter_map(|it| it.zone).rfind(|zone| zone.zone_id == "cafe").expect("told");
    assert_eq!(last.level(), pb::ZoneLevel::Green, "whoever follows the zone hears of it");

    // Too late, or somebody has counted again.
    correct(&house, "cafe", 20).await;
    let late = step(&house).await;
    house.clock.advance(TimeDelta::minutes(5));
    let refused = undo(&house, &late).await.expect_err("too late");
    assert!(matches!(refused.code(), Code::FailedPrecondition | Code::NotFound), "{refused}");
    correct(&house, "cafe", 21).await;
    let older = step(&house).await;
    correct(&house, "cafe", 22).await;
    assert_eq!(undo(&house, &older).await.expect_err("another count followed").code(), Code::NotFound);
    assert_eq!(count(&house, "cafe").await, 22);
    house.clock.advance(TimeDelta::minutes(11));
    correct(&house, "cafe", 23).await;
    let before_all = step(&house).await;
    house.clock.advance(TimeDelta::seconds(1));
    let empty = pb::RezeroZonesRequest { verified_empty: true };
    ZonesClient::new(house.channel(&desk())).rezero_zones(empty).await.expect("the whole house");
    assert_eq!(undo(&house, &before_all).await.expect_err("all was counted").code(), Code::FailedPrecondition);
    assert_eq!(count(&house, "cafe").await, 0);
}

#[tokio::test]
async fn a_count_that_is_taken_back_leaves_storeys_and_escape_groups_as_if_it_had_never_been() {
    let house = house().await;
    let kept = async |of: &str| -> Vec<(i32, String)> {
        let all = "select count, level from zone_sample where zone_id = $1
            union all select count, level from (select * from escape_group_sample where group_id = $1 order by at) g";
        sqlx::query_as(all).bind(of).fetch_all(house.pool("flow")).await.expect("numbers")
    };
    let turn = async |most: i32| {
        let is_kept = async || kept("ground").await.last().is_some_and(|(count, _)| *count == most);
        turn_until(&house, "the sum is kept", is_kept).await;
    };
    // Below where amber begins, and above where it would end.
    correct(&house, "foyer", 205).await;
    correct(&house, "cafe", 10).await;
    turn(215).await;
    assert_eq!(zone(&house, "ground").await.level(), pb::ZoneLevel::Green);
    let before = (kept("ground").await, kept("main-exit").await);
    house.clock.advance(TimeDelta::seconds(1));
    correct(&house, "cafe", 100).await;
    let mistake = step(&house).await;
    turn(305).await;
    assert_eq!(zone(&house, "ground").await.level(), pb::ZoneLevel::Stop);
    house.clock.advance(TimeDelta::seconds(1));
    correct(&house, "foyer", 206).await;
    turn(306).await;
    undo(&house, &mistake).await.expect("taken back");

    let ground = zone(&house, "ground").await;
    assert_eq!((ground.count, ground.level()), (Some(216), pb::ZoneLevel::Green), "it was never amber");
    for (of, before) in [("ground", before.0), ("main-exit", before.1)] {
        let after = kept(of).await;
        let level = before[0].1.clone();
        let since = [(215, level.clone()), (216, level)];
        assert_eq!(after, [before, since.to_vec()].concat(), "{of}: who has come in the meantime has come");
    }
    let told: Vec<pb::ZoneChanged> = house.events("flow").await;
    let last = told.into_iter().filter_map(|it| it.zone).rfind(|zone| zone.zone_id == "ground").expect("told");
    assert_eq!(last.level(), pb::ZoneLevel::Green, "whoever follows the storey hears of it");
}

/// What takes an entry back, a minute after it.
fn undone(of: &pb::JournalEntry, minute: i64) -> pb::JournalEntry {
    pb::JournalEntry {
        nonce: Uuid::new_v4().to_string(),
        kind: pb::ScanKind::Undo.into(),
        code: String::new(),
        at: Some(timestamp(minutes(minute))),
        verdict: ScanVerdict::Undone.into(),
        party_count: 0,
        undoes: of.nonce.clone(),
        ..of.clone()
    }
}

async fn inside(house: &House) -> (u32, u32) {
    (snapshot(house).await.admissions[0].admitted, count(house, "dome").await)
}

#[tokio::test]
async fn what_a_scanner_took_back_before_the_house_heard_of_it_has_let_nobody_in() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    house.clock.set(minutes(50));
    let two = pb::JournalEntry { party_count: 2, ..entry(showing, &reference(visit), 46) };
    let one = entry(showing, &code(&house, Kind::Ticket, tickets[2], showing), 47);
    let journal = vec![undone(&two, 47), two.clone(), one.clone()];
    let told = submit(&house, "scanner-2", TimeDelta::zero(), journal.clone()).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Recorded; 3]);
    assert_eq!(inside(&house).await, (1, 1), "two were a mistake");
    let told = submit(&house, "scanner-2", TimeDelta::zero(), journal).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Repeated; 3]);
    assert_eq!(inside(&house).await, (1, 1));
    let log = audit(&house, &showing.to_string()).await;
    assert_eq!(log.iter().filter(|act| act.act == "undo_scan").count(), 1, "{log:?}");

    // Let in by mistake and then again, that is once.
    let again = entry(showing, &code(&house, Kind::Ticket, tickets[2], showing), 48);
    let told =
        submit(&house, "scanner-2", TimeDelta::zero(), vec![undone(&one, 48), again.clone()]).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Recorded; 2]);
    let first = entry(showing, &code(&house, Kind::Ticket, tickets[2], showing), 48);
    let journal = vec![undone(&again, 48), first.clone(), undone(&first, 48), entry(showing, &first.code, 49)];
    let told = submit(&house, "scanner-2", TimeDelta::zero(), journal).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Recorded; 4], "nothing is disputed");
    assert_eq!(inside(&house).await, (1, 1));

    // The house had heard this one; its answer was lost. And by now the showing is on.
    let heard = pb::ScanRequest { device_id: "scanner-2".to_owned(), ..scan_of(showing, &reference(visit)) };
    let answer = scan(&house, &heard).await.expect("let in");
    assert_eq!(answer.admitted_now, 2);
    let decided = pb::JournalEntry { nonce: heard.nonce, party_count: 2, ..two.clone() };
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
    }
    let both = vec![decided.clone(), undone(&decided, 48)];
    let told = submit(&house, "scanner-2", TimeDelta::zero(), both).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Repeated, EntryOutcome::Recorded]);
    assert_eq!(snapshot(&house).await.admissions[0].admitted, 1);

    let of_nothing =
        vec![undone(&entry(showing, "", 48), 49), pb::JournalEntry { undoes: String::new(), ..undone(&two, 49) }];
    let told = submit(&house, "scanner-2", TimeDelta::zero(), of_nothing).await.expect("read");
    assert_eq!(outcomes(&told), [EntryOutcome::Invalid; 2]);
    assert!(told.results.iter().all(|it| it.problem.starts_with("undoes: ")), "{told:?}");
}

#[tokio::test]
async fn a_dispute_about_a_scan_that_was_taken_back_is_none() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    export(&house, "scanner-2").await.expect("a list");
    let (visit, ticket) = (Uuid::now_v7(), Uuid::now_v7());
    let unknown = entry(showing, &code(&house, Kind::Ticket, ticket, showing), 45);
    let told = submit(&house, "scanner-2", TimeDelta::zero(), vec![unknown.clone()]).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Disputed]);
    assert_eq!(conflicts(&house).await.len(), 1);
    let told = submit(&house, "scanner-2", TimeDelta::zero(), vec![undone(&unknown, 46)]).await.expect("merged");
    assert_eq!(outcomes(&told), [EntryOutcome::Recorded]);
    assert!(conflicts(&house).await.is_empty(), "staff need not look into it");
    // Its booking comes late: the people stand before the door.
    crate::support::told(&house, visit, &booking(visit, showing, &[ticket])).await;
    assert_eq!(inside(&house).await, (0, 0));
}

#[tokio::test]
async fn a_directive_names_the_showings_whose_guests_are_on_the_way_past_it() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    let named = async || {
        let named: Vec<Vec<String>> = snapshot(&house).await.directives.into_iter().map(|it| it.showing_ids).collect();
        named
    };
    for (zone, is_told) in [("foyer", true), ("dome", true), ("ground", true), ("terrace", false), ("upper", false)] {
        let directive = stop(&house, zone, 10).await;
        let expected = if is_told { vec![showing.to_string()] } else { Vec::new() };
        assert_eq!(named().await, [expected], "{zone}");
        end(&house, directive).await;
    }
    let directive = stop(&house, "foyer", 60).await;
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
        assert_eq!(named().await, [Vec::<String>::new()], "nobody is on the way any more");
    }
    end(&house, directive).await;
}

#[tokio::test]
async fn whoever_comes_on_the_way_by_time_alone_is_told_too() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let this_evening = ShowingScheduled {
        starts_at: Some(timestamp(minutes(240))),
        ends_at: Some(timestamp(minutes(290))),
        doors_at: Some(timestamp(minutes(220))),
        last_entry_at: Some(timestamp(minutes(240))),
        ..scheduled(showing)
    };
    told(&house, showing, &this_evening).await;
    let directive = stop(&house, "foyer", 480).await;
    let mut client = FlowClient::new(house.channel(&desk()));
    let mut board = client.watch_flow(pb::WatchFlowRequest { after_revision: 0 }).await.expect("w").into_inner();
    let named = |snapshot: pb::FlowSnapshot| snapshot.directives.into_iter().flat_map(|it| it.showing_ids).count();
    assert_eq!(named(board.message().await.expect("told").expect("a board")), 0, "they are at home");
    // Nothing happens but that it becomes later.
    let mut is_named = false;
    for _ in 0..400 {
        house.clock.advance(TimeDelta::seconds(30));
        let soon = std::time::Duration::from_millis(10);
        if let Ok(told) = tokio::time::timeout(soon, board.message()).await {
            is_named = named(told.expect("told").expect("a board")) > 0;
        }
        if is_named {
            break;
        }
    }
    assert!(is_named, "nobody on the way was told");
    end(&house, directive).await;
}

#[tokio::test]
async fn how_many_do_not_come_and_how_late_a_scanner_lets_in_is_said_by_the_house_file() {
    use prost::Message;
    let house = house().await;
    let (showing, visit) = (Uuid::now_v7(), Uuid::now_v7());
    told(&house, showing, &scheduled(showing)).await;
    let all: Vec<Uuid> = (0..110).map(|_| Uuid::now_v7()).collect();
    told(&house, visit, &booking(visit, showing, &all)).await;
    let request = pb::IssueQueueNumberRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        showing_id: showing.to_string(),
        people: 5,
    };
    DoorClient::new(house.channel(&desk())).issue_queue_number(request).await.expect("a number");
    let chance = async || snapshot(&house).await.queue_numbers[0].chance();
    let late = async || {
        let signed = export(&house, "scanner-2").await.expect("a list");
        let list = pb::AdmissionList::decode(signed.list.as_slice()).expect("a list");
        list.showings[0].late_until
    };
    assert_eq!((chance().await, late().await), (pb::Chance::Possible, Some(timestamp(minutes(60 + 15)))));
    let own = HOUSE_FILE.replacen("no_shows_percent = 5", "no_shows_percent = 0", 1).replacen(
        "late_minutes = 15",
        "late_minutes = 40",
        1,
    );
    load(&house, &own).await.expect("loaded");
    assert_eq!((chance().await, late().await), (pb::Chance::Unlikely, Some(timestamp(minutes(60 + 40)))));
    for (line, wrong) in
        [("no_shows_percent = 5", "no_shows_percent = 101"), ("late_minutes = 15", "late_minutes = 241")]
    {
        let refused = load(&house, &HOUSE_FILE.replacen(line, wrong, 1)).await.expect_err("refused");
        assert!(refused.message().contains("flow.clock."), "{}", refused.message());
    }
}
