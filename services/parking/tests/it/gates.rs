//! Barriers: commands that perish, controllers that acknowledge and confirm, lanes that lose their link and tell later
//! what they did, ways out that open in an evacuation.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{House, staff},
    ticket_code::{Kind, TicketCode},
    values::timestamp,
};
use prost::Message;
use sky_proto::{
    flow::v1::{self as flow, HouseState, HouseStateChanged},
    parking::v1::{
        self as pb, CommandState, Confirmation, Direction, GateAction, LaneState, confirm_command_request::Step,
        gates_client::GatesClient, occupancy_client::OccupancyClient, record_lane_response::Verdict,
    },
};
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

pub fn controller(lane: &str) -> Caller {
    Caller::Device { id: lane.to_owned(), kind: "lane".to_owned() }
}

pub async fn wants(house: &House, key: Uuid, lane: &str, action: GateAction) -> Result<pb::GateCommand, Status> {
    let request = pb::CommandGateRequest {
        idempotency_key: key.to_string(),
        lane: lane.to_owned(),
        action: action.into(),
        reason: "Lieferung".to_owned(),
    };
    GatesClient::new(house.channel(&attendant())).command_gate(request).await.map(tonic::Response::into_inner)
}

pub async fn beats(house: &House, lane: &str, held_open: bool, fault: &str) -> pb::LaneOrders {
    let request = pb::ReportLaneRequest { lane: lane.to_owned(), held_open, fault: fault.to_owned() };
    GatesClient::new(house.channel(&controller(lane))).report_lane(request).await.expect("heard").into_inner()
}

pub async fn says(house: &House, lane: &str, command: &str, step: Step) -> Result<pb::GateCommand, Status> {
    let request =
        pb::ConfirmCommandRequest { command_id: command.to_owned(), step: step.into(), failure: String::new() };
    GatesClient::new(house.channel(&controller(lane))).confirm_command(request).await.map(tonic::Response::into_inner)
}

pub async fn look(house: &House, lane: &str) -> pb::Lane {
    let lanes = GatesClient::new(house.channel(&attendant())).list_lanes(pb::ListLanesRequest {}).await;
    lanes.expect("told").into_inner().lanes.into_iter().find(|it| it.lane == lane).expect("this lane")
}

pub fn car(lane: &str, direction: Direction, code: &str) -> pb::RecordLaneRequest {
    pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: lane.to_owned(),
        direction: direction.into(),
        code: code.to_owned(),
        bay_class: pb::BayClass::Standard.into(),
    }
}

pub async fn drives(house: &House, caller: &Caller, car: pb::RecordLaneRequest) -> pb::RecordLaneResponse {
    client!(house, caller).record_lane(car).await.expect("answered").into_inner()
}

#[tokio::test]
async fn a_command_is_asked_for_acknowledged_and_seen_to_have_happened() {
    let house = house().await;
    let key = Uuid::new_v4();
    let asked = wants(&house, key, "in-1", GateAction::Open).await.expect("accepted");
    assert_eq!((asked.state(), asked.confirmation()), (CommandState::Accepted, Confirmation::Accepted));
    assert_eq!(wants(&house, key, "in-1", GateAction::Open).await.expect("again").command_id, asked.command_id);
    let reused = wants(&house, key, "out-1", GateAction::Open).await.expect_err("another lane");
    assert_eq!(reused.code(), Code::InvalidArgument);

    let mut gates = GatesClient::new(house.channel(&controller("in-1")));
    let request = pb::WatchOrdersRequest { lane: "in-1".to_owned(), after_revision: 0 };
    let mut orders = gates.watch_orders(request).await.expect("watched").into_inner();
    let told = orders.next().await.expect("orders").expect("good");
    assert_eq!((told.commands.len(), told.commands[0].state()), (1, CommandState::Dispatched));
    let later = wants(&house, Uuid::new_v4(), "in-1", GateAction::Open).await.expect("accepted");
    let told = orders.next().await.expect("orders").expect("good");
    assert!(told.commands.iter().any(|it| it.command_id == later.command_id), "rung for it: {told:#?}");

    let done = says(&house, "in-1", &asked.command_id, Step::Acknowledged).await.expect("in time");
    assert_eq!((done.state(), done.confirmation()), (CommandState::Executing, Confirmation::DeviceAcknowledged));
    for _ in 0..2 {
        let done = says(&house, "in-1", &asked.command_id, Step::Confirmed).await.expect("seen");
        assert_eq!((done.state(), done.confirmation()), (CommandState::Succeeded, Confirmation::PhysicallyConfirmed));
    }
    let refused = says(&house, "in-1", &asked.command_id, Step::Failed).await.expect_err("it has happened");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let stranger = says(&house, "out-1", &later.command_id, Step::Acknowledged).await.expect_err("not its lane");
    assert_eq!(stranger.code(), Code::NotFound);
}

#[tokio::test]
async fn what_nobody_acknowledged_in_time_never_opens_for_the_next_car() {
    let house = house().await;
    beats(&house, "in-1", false, "").await;
    let asked = wants(&house, Uuid::new_v4(), "in-1", GateAction::Open).await.expect("accepted");
    house.clock.set(house.clock.now() + TimeDelta::seconds(30));
    let late = says(&house, "in-1", &asked.command_id, Step::Acknowledged).await.expect_err("expired");
    assert_eq!(late.code(), Code::FailedPrecondition);
    assert!(beats(&house, "in-1", false, "").await.commands.is_empty());
    let expired = async {
        while look(&house, "in-1").await.commands[0].state() != CommandState::Expired {
            house.clock.set(house.clock.now() + TimeDelta::seconds(6));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), expired).await.expect("staff see that it is");
}

#[tokio::test]
async fn what_nobody_can_read_of_a_devices_words_is_left_out_and_the_rest_is_taken() {
    let house = house().await;
    let asked = wants(&house, Uuid::new_v4(), "out-1", GateAction::Open).await.expect("accepted");
    let words = format!("Motor\n\u{7}blockiert\0 {}", "x".repeat(5000));
    let orders = beats(&house, "out-1", false, &words).await;
    assert_eq!(orders.commands.len(), 1, "it hears what to do");
    let lane = look(&house, "out-1").await;
    assert!(lane.fault.starts_with("Motor blockiert xxx") && lane.fault.chars().count() == 200, "{}", lane.fault);
    assert_eq!(lane.state(), LaneState::Fault);
    beats(&house, "out-1", false, "\u{7}").await;
    assert_eq!(look(&house, "out-1").await.state(), LaneState::Fault, "a fault it is, whatever it says");
    let failed = pb::ConfirmCommandRequest { command_id: asked.command_id, step: Step::Failed.into(), failure: words };
    let mut gates = GatesClient::new(house.channel(&controller("out-1")));
    let told = gates.confirm_command(failed).await.expect("taken").into_inner();
    assert_eq!(told.state(), CommandState::Failed);
    assert!(told.failure.starts_with("Motor blockiert xxx"), "{}", told.failure);
}

#[tokio::test]
async fn a_car_that_may_pass_is_a_command_and_the_controllers_answer_is_its_dispatch() {
    let house = house().await;
    let answer = drives(&house, &controller("in-1"), car("in-1", Direction::In, "")).await;
    assert!(!answer.command_id.is_empty() && answer.command_expires_at.is_some());
    assert_eq!(look(&house, "in-1").await.commands[0].state(), CommandState::Dispatched);
    assert_eq!(beats(&house, "in-1", false, "").await.commands.len(), 1, "told again until it is acknowledged");
    says(&house, "in-1", &answer.command_id, Step::Acknowledged).await.expect("in time");
    assert!(beats(&house, "in-1", false, "").await.commands.is_empty());

    // Staff at the form: the controller hears of it by its orders.
    let answer = drives(&house, &attendant(), car("out-1", Direction::Out, "nonsense")).await;
    assert_eq!(answer.verdict(), Verdict::Open, "never a trapped car");
    let orders = beats(&house, "out-1", false, "").await;
    assert_eq!(orders.commands[0].command_id, answer.command_id);
    // A refusal is no command, and a lane without a barrier has none.
    let refused = drives(&house, &attendant(), car("in-1", Direction::In, "nonsense")).await;
    assert_eq!((refused.verdict(), refused.command_id.as_str()), (Verdict::UnknownCode, ""));
    let other = drives(&house, &attendant(), car("in-9", Direction::In, "")).await;
    assert_eq!((other.verdict(), other.command_id.as_str()), (Verdict::Open, ""));
}

pub fn state(state: HouseState) -> HouseStateChanged {
    HouseStateChanged { house: Some(flow::House { state: state.into(), ..Default::default() }), ..Default::default() }
}

#[tokio::test]
async fn no_way_in_opens_in_an_evacuation_and_every_way_out_does() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let code = right(&house, visit).await.reference;
    house.clock.set(minutes(60));
    house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
    for (what, lane, code) in
        [("booked", "in-1", code.as_str()), ("not", "in-1", ""), ("without a barrier", "in-9", "")]
    {
        let answer = drives(&house, &attendant(), car(lane, Direction::In, code)).await;
        assert_eq!((answer.verdict(), answer.command_id.as_str()), (Verdict::Evacuated, ""), "{what}");
        assert!(answer.message.expect("words").de.contains("geräumt"), "{what}");
    }
    assert!(beats(&house, "in-1", false, "").await.commands.is_empty());
    assert_eq!(site(&house).await.classes[0].occupied, Some(0), "nobody came in");
    assert_eq!(drives(&house, &attendant(), car("out-1", Direction::Out, "")).await.verdict(), Verdict::Open);
    house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
    assert_eq!(drives(&house, &attendant(), car("in-1", Direction::In, &code)).await.verdict(), Verdict::Open);
}

#[tokio::test]
async fn ways_out_open_in_an_evacuation_and_return_with_the_all_clear() {
    let house = house().await;
    for _ in 0..2 {
        house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
    }
    let (way_in, out) = (look(&house, "in-1").await, look(&house, "out-1").await);
    assert_eq!((out.state(), out.by_evacuation, out.hold_confirmed), (LaneState::HeldOpen, true, false));
    assert_ne!(way_in.state(), LaneState::HeldOpen);
    assert!(beats(&house, "out-1", true, "").await.hold_open);
    assert!(look(&house, "out-1").await.hold_confirmed, "the controller has seen it");
    let closed = wants(&house, Uuid::new_v4(), "out-1", GateAction::Close).await.expect("an answer");
    assert_eq!((closed.state(), closed.confirmation()), (CommandState::Rejected, Confirmation::Unspecified));
    assert!(!closed.failure.is_empty());
    house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
    assert!(!beats(&house, "out-1", false, "").await.hold_open);
    assert_eq!(look(&house, "out-1").await.state(), LaneState::Normal);

    // What staff held open before, or in its middle, is not shut behind their backs.
    for before in [true, false] {
        let hold = async || wants(&house, Uuid::new_v4(), "out-1", GateAction::HoldOpen).await.expect("accepted");
        if before {
            hold().await;
        }
        house.react("parking", "flow", "house", &state(HouseState::Evacuating)).await.expect("reacted");
        if !before {
            hold().await;
        }
        assert!(look(&house, "out-1").await.by_evacuation);
        for _ in 0..2 {
            house.react("parking", "flow", "house", &state(HouseState::AllClear)).await.expect("reacted");
        }
        let lane = look(&house, "out-1").await;
        assert_eq!((lane.state(), lane.by_evacuation), (LaneState::HeldOpen, false), "before: {before}");
        wants(&house, Uuid::new_v4(), "out-1", GateAction::Close).await.expect("accepted");
        assert!(!beats(&house, "out-1", false, "").await.hold_open);
    }
}

#[tokio::test]
async fn staff_hold_a_lane_open_and_a_fault_weighs_most() {
    let house = house().await;
    beats(&house, "in-1", false, "").await;
    assert_eq!(look(&house, "in-1").await.state(), LaneState::Normal);
    let held = wants(&house, Uuid::new_v4(), "in-1", GateAction::HoldOpen).await.expect("accepted");
    assert!(!look(&house, "in-1").await.hold_confirmed, "asked for, not open");
    says(&house, "in-1", &held.command_id, Step::Acknowledged).await.expect("in time");
    says(&house, "in-1", &held.command_id, Step::Confirmed).await.expect("seen");
    let lane = look(&house, "in-1").await;
    assert_eq!((lane.state(), lane.hold_confirmed, lane.by_evacuation), (LaneState::HeldOpen, true, false));
    wants(&house, Uuid::new_v4(), "in-1", GateAction::Close).await.expect("accepted");
    assert!(!beats(&house, "in-1", true, "boom jammed").await.hold_open);
    let lane = look(&house, "in-1").await;
    assert_eq!((lane.state(), lane.fault.as_str()), (LaneState::Fault, "boom jammed"));
    beats(&house, "in-1", false, "").await;
    house.clock.set(house.clock.now() + TimeDelta::seconds(30));
    assert_eq!(look(&house, "in-1").await.state(), LaneState::LinkLost);
}

#[tokio::test]
async fn a_lane_without_a_link_has_a_signed_list_and_tells_later_what_it_did() {
    let house = house().await;
    let (visit, other) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    confirmed_right(&house, other, Uuid::now_v7()).await;
    let plate = pb::SetPlateRequest { visit_id: visit.to_string(), plate: "HAL-AB 123".to_owned() };
    client!(house, &staff(Role::Desk)).set_plate(plate).await.expect("noted");
    let mut gates = GatesClient::new(house.channel(&controller("in-1")));
    let signed = gates
        .fetch_local_list(pb::FetchLocalListRequest { lane: "in-1".to_owned() })
        .await
        .expect("a list")
        .into_inner();
    assert!(house.keys.is_our_list(&signed.list, &signed.signature));
    let list = pb::LocalList::decode(signed.list.as_slice()).expect("a list");
    let listed = list
        .rights
        .iter()
        .find(|right| right.codes.iter().any(|code| code.hash == kernel::token::hash(&visit.to_string())))
        .expect("by the id in its code");
    assert_eq!(list.rights.len(), 2);
    assert_eq!(listed.plate_hash, kernel::token::hash(&format!("{}:HALAB123", list.plate_key)));
    let words = format!("{:?}", signed.list);
    assert!(!words.contains(&visit.to_string()), "no id of a visit in it");

    beats(&house, "in-1", false, "").await;
    house.clock.set(house.clock.now() + TimeDelta::seconds(40));
    assert_eq!(look(&house, "in-1").await.state(), LaneState::LocalList);

    let code = house.keys.issue_code(&TicketCode {
        kind: Kind::Visit,
        id: visit,
        showing: Uuid::now_v7(),
        not_before: minutes(0),
        not_after: minutes(300),
        generation: 0,
    });
    // The lane's clock is two minutes behind.
    let device_now = house.clock.now() - TimeDelta::minutes(2);
    let entry = |code: &str, by_hand: bool, seconds: i64| pb::JournalEntry {
        entry_id: Uuid::new_v4().to_string(),
        at: Some(timestamp(device_now - TimeDelta::seconds(seconds))),
        code: code.to_owned(),
        by_hand,
        bay_class: 0,
    };
    let journal = pb::SubmitLaneJournalRequest {
        lane: "in-1".to_owned(),
        device_now: Some(timestamp(device_now)),
        entries: vec![entry(&code, false, 10), entry("", true, 8), entry("nonsense", false, 6), entry(&code, false, 4)],
    };
    let told = gates.submit_lane_journal(journal.clone()).await.expect("taken").into_inner();
    assert_eq!((told.taken, told.unknown, told.by_hand, told.known_before), (4, 2, 1, 0));
    let again = gates.submit_lane_journal(journal.clone()).await.expect("taken").into_inner();
    assert_eq!((again.taken, again.known_before), (0, 4), "each entry counts once");
    assert_eq!(site(&house).await.classes[0].occupied, Some(4));
    assert_eq!(right(&house, visit).await.state(), pb::RightState::CheckedIn);
    let entered: Vec<pb::VehicleEntered> = house.events("parking").await;
    assert_eq!(entered.len(), 1);
    assert_eq!(entered[0].at, Some(timestamp(house.clock.now() - TimeDelta::seconds(10))), "set right by its clock");
    let lane = look(&house, "in-1").await;
    assert_eq!((lane.opened_by_hand, lane.unknown_cars), (1, 2));

    let mut long = journal;
    long.entries = vec![entry("", false, 1); 1001];
    assert_eq!(gates.submit_lane_journal(long).await.expect_err("too many").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_way_out_without_a_link_knows_the_cars_that_are_in() {
    let house = house().await;
    let (inside, planned) = (Uuid::now_v7(), Uuid::now_v7());
    for visit in [inside, planned] {
        confirmed_right(&house, visit, Uuid::now_v7()).await;
    }
    let plate = pb::SetPlateRequest { visit_id: inside.to_string(), plate: "HAL-AB 123".to_owned() };
    client!(house, &staff(Role::Desk)).set_plate(plate).await.expect("noted");
    house.clock.set(minutes(70));
    let reference = kernel::ticket_code::reference(inside);
    assert_eq!(drives(&house, &lane(), car("in-1", Direction::In, &reference)).await.verdict(), Verdict::Open);
    let listed = async |lane: &str| {
        let request = pb::FetchLocalListRequest { lane: lane.to_owned() };
        let mut gates = GatesClient::new(house.channel(&controller(lane)));
        let signed = gates.fetch_local_list(request).await.expect("a list").into_inner();
        let list = pb::LocalList::decode(signed.list.as_slice()).expect("a list");
        let of = |visit: Uuid| {
            let hash = kernel::token::hash(&visit.to_string());
            list.rights.iter().find(|right| right.codes.iter().any(|code| code.hash == hash)).cloned()
        };
        let plate = kernel::token::hash(&format!("{}:HALAB123", list.plate_key));
        (of(inside).map(|it| (it.car_is_in, it.plate_hash == plate)), of(planned).map(|it| it.car_is_in))
    };
    assert_eq!(listed("in-1").await, (None, Some(false)), "nobody comes in with a code that is in");
    assert_eq!(listed("out-1").await, (Some((true, true)), Some(false)));
    // It stays longer than its time.
    house.clock.set(minutes(250));
    assert_eq!(listed("out-1").await.0, Some((true, true)), "never a trapped car");
}

#[tokio::test]
async fn a_list_that_goes_on_after_midnight_has_the_keys_of_both_days() {
    let house = house().await;
    // A quarter past eleven in the evening in Halle; midnight is at minute 720.
    house.clock.set(minutes(675));
    let spells = |place: usize| format!("HALAB{}", 100 + place);
    let mut visits = Vec::new();
    for (place, (from, until)) in [(600, 900), (730, 900), (2000, 2200)].into_iter().enumerate() {
        let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
        let wish = pb::HoldBayRequest {
            from: Some(timestamp(minutes(from))),
            until: Some(timestamp(minutes(until))),
            expires_at: Some(timestamp(house.clock.now() + TimeDelta::minutes(10))),
            ..wish(visit, showing)
        };
        hold(&house, &wish).await.expect("held");
        house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("confirmed");
        let plate = pb::SetPlateRequest { visit_id: visit.to_string(), plate: spells(place) };
        client!(house, &staff(Role::Desk)).set_plate(plate).await.expect("noted");
        visits.push(kernel::ticket_code::reference(visit));
    }
    // Those whose time comes while the list is good; before midnight and after it.
    for now in [675, 740] {
        house.clock.set(minutes(now));
        let signed = GatesClient::new(house.channel(&controller("in-1")))
            .fetch_local_list(pb::FetchLocalListRequest { lane: "in-1".to_owned() })
            .await
            .expect("a list")
            .into_inner();
        let list = pb::LocalList::decode(signed.list.as_slice()).expect("a list");
        assert_eq!(list.rights.len(), 2, "{list:?}");
        let days: Vec<&str> = list.plate_keys.iter().map(|it| it.day.as_str()).collect();
        assert_eq!(days, ["2026-11-28", "2026-11-29"], "of no other day");
        for (place, day) in [(0, "2026-11-28"), (1, "2026-11-29")] {
            let key = &list.plate_keys.iter().find(|it| it.day == day).expect("its key").key;
            let found = list.rights.iter().find(|right| {
                right.plate_day == day && right.plate_hash == kernel::token::hash(&format!("{key}:{}", spells(place)))
            });
            assert_eq!(found.expect("by its plate").reference, visits[place], "{now}");
        }
        assert!(list.plate_keys.iter().any(|it| it.key == list.plate_key), "controllers of former times go on");
    }
}

#[tokio::test]
async fn nobody_speaks_for_another_lane_and_bad_words_name_their_field() {
    let house = house().await;
    let mut gates = GatesClient::new(house.channel(&controller("in-1")));
    let other = pb::ReportLaneRequest { lane: "out-1".to_owned(), ..Default::default() };
    assert_eq!(gates.report_lane(other).await.expect_err("not its own").code(), Code::PermissionDenied);
    let other = pb::FetchLocalListRequest { lane: "out-1".to_owned() };
    assert_eq!(gates.fetch_local_list(other).await.expect_err("not its own").code(), Code::PermissionDenied);
    let entry = car("in-1", Direction::In, "");
    let other = client!(house, &controller("out-1")).record_lane(entry.clone()).await.expect_err("not its own");
    assert_eq!(other.code(), Code::PermissionDenied);
    assert_eq!(site(&house).await.classes[0].occupied, Some(0), "nobody came in");
    drives(&house, &controller("in-1"), entry).await;
    for (lane, code) in [("in-9", Some(Code::NotFound)), ("in-1", None)] {
        let count = pb::RecordOccupancyRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            bay_class: pb::BayClass::Standard.into(),
            occupied: 2,
            observed_at: Some(timestamp(house.clock.now())),
        };
        let told = OccupancyClient::new(house.channel(&controller(lane))).record_occupancy(count).await;
        assert_eq!(told.err().map(|refused| refused.code()), code, "{lane}");
    }
    let scanner = Caller::Device { id: "in-1".to_owned(), kind: "scanner".to_owned() };
    let report = pb::ReportLaneRequest { lane: "in-1".to_owned(), ..Default::default() };
    let refused = GatesClient::new(house.channel(&scanner)).report_lane(report).await.expect_err("a scanner");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(wants(&house, Uuid::new_v4(), "in-9", GateAction::Open).await.expect_err("no").code(), Code::NotFound);
    let good = pb::CommandGateRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        action: GateAction::Open.into(),
        reason: "Lieferung".to_owned(),
    };
    for (field, request) in [
        ("idempotency_key", pb::CommandGateRequest { idempotency_key: String::new(), ..good.clone() }),
        ("lane", pb::CommandGateRequest { lane: "in 1".to_owned(), ..good.clone() }),
        ("action", pb::CommandGateRequest { action: 0, ..good.clone() }),
        ("action", pb::CommandGateRequest { action: 99, ..good.clone() }),
        ("reason", pb::CommandGateRequest { reason: " ".to_owned(), ..good.clone() }),
        ("reason", pb::CommandGateRequest { reason: "x".repeat(201), ..good.clone() }),
    ] {
        let refused = GatesClient::new(house.channel(&attendant())).command_gate(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
}
