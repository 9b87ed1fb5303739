//! Every act is in the audit log: each method of flow is called by a member of staff who works alone that day, and
//! either reads or leaves a line with their name.

use std::collections::BTreeSet;

use kernel::{Caller, Role, testing::House, values::timestamp};
use prost::Message;
use sky_proto::{
    flow::v1::{
        self as pb, AdmissionState, DirectiveKind, HouseState, IncidentKind, SensorState, ZoneLevel,
        directives_client::DirectivesClient, door_client::DoorClient, flow_client::FlowClient,
        zones_client::ZonesClient,
    },
    reservations::v1::Need,
};
use uuid::Uuid;

use crate::support::*;

/// Methods that change nothing.
const READ: [&str; 13] = [
    "GetShowList",
    "GetFlow",
    "WatchFlow",
    "FindParty",
    "ListScans",
    "ListScanConflicts",
    "ListCallGroups",
    "ListQueueNumbers",
    "ListSensorPushes",
    "GetHeadcount",
    "ReplayDay",
    "ListMeasures",
    "ListAudit",
];
/// Scans have a log of their own that nobody can change; with a reason of staff they are in the audit log, too.
const IN_THE_SCAN_LOG: [&str; 2] = ["Scan", "ScanExit"];

fn anna() -> Caller {
    Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk, Role::Operator] }
}

/// The acts by Anna, the oldest first.
async fn acts(house: &House) -> Vec<(String, String)> {
    sqlx::query_as("select act, about from audit where who = 'anna' order by id")
        .fetch_all(house.pool("flow"))
        .await
        .expect("acts")
}

/// A day's acts, each by the method's name, and what it is about.
struct Day<'h> {
    house: &'h House,
    done: BTreeSet<&'static str>,
}

impl Day<'_> {
    /// Notes a method that was called: it must have left one more line, under this name.
    async fn did(&mut self, method: &'static str, act: &str, before: usize) {
        let acts = acts(self.house).await;
        assert!(acts.len() > before, "{method} left no line");
        assert!(acts[before..].iter().any(|(name, _)| name == act), "{method} left {:?}", &acts[before..]);
        self.done.insert(method);
    }
}

macro_rules! act {
    ($day:expr, $client:ident, $method:literal, $call:ident, $act:literal, $request:expr) => {{
        let before = acts($day.house).await.len();
        let answer = $client::new($day.house.channel(&anna())).$call($request).await;
        let answer = answer.unwrap_or_else(|refused| panic!("{}: {refused}", $method)).into_inner();
        $day.did($method, $act, before).await;
        answer
    }};
}

#[tokio::test]
async fn every_act_of_staff_is_in_the_audit_log() {
    let house = house().await;
    let (showing, visit, tickets) = open(&house).await;
    let mut with_need = booking(Uuid::now_v7(), showing, &[Uuid::now_v7()]);
    with_need.tickets[0].need = Need::Wheelchair.into();
    told(&house, Uuid::now_v7(), &with_need).await;
    let mut day = Day { house: &house, done: BTreeSet::new() };
    let id = || Uuid::now_v7().to_string();
    let about = || showing.to_string();

    door(&mut day, showing, visit, &tickets).await;
    let moved = pb::MoveAdmissionRequest { showing_id: about(), to: AdmissionState::LastCall.into() };
    act!(day, FlowClient, "MoveAdmission", move_admission, "move_admission", moved);
    let last_call = snapshot(&house).await.undoable.pop().expect("a step that can be taken back").step_id;
    act!(day, DoorClient, "UndoStep", undo_step, "undo_step", pb::UndoStepRequest { step_id: last_call });
    for to in [AdmissionState::LastCall, AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
    }
    let cleaned = pb::ReportCleanedRequest { showing_id: about() };
    act!(day, DoorClient, "ReportCleaned", report_cleaned, "report_cleaned", cleaned);

    let set = pb::CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 3, reason: "counted".to_owned() };
    act!(day, FlowClient, "CorrectZone", correct_zone, "correct_zone", set);
    let click = pb::ClickZoneRequest { idempotency_key: id(), zone_id: "foyer".to_owned(), people: 1 };
    act!(day, ZonesClient, "ClickZone", click_zone, "click_zone", click);
    let token = pb::IssueSensorTokenRequest { sensor_id: "foyer-1".to_owned() };
    act!(day, ZonesClient, "IssueSensorToken", issue_sensor_token, "issue_sensor_token", token);
    let retired = pb::SetSensorStateRequest { sensor_id: "foyer-1".to_owned(), state: SensorState::Retired.into() };
    act!(day, ZonesClient, "SetSensorState", set_sensor_state, "set_sensor_state", retired);
    move_to(&house, showing, AdmissionState::Closed).await.expect("over");
    house.clock.set(minutes(300));
    act!(day, ZonesClient, "RezeroZones", rezero_zones, "rezero", pb::RezeroZonesRequest { verified_empty: true });

    let wish = pb::ProposeDirectiveRequest {
        idempotency_key: id(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: "foyer".to_owned(),
        ..Default::default()
    };
    let stop = act!(day, DirectivesClient, "ProposeDirective", propose_directive, "propose_directive", wish);
    let confirm = pb::ConfirmDirectiveRequest { directive_id: stop.directive_id.clone() };
    act!(day, DirectivesClient, "ConfirmDirective", confirm_directive, "confirm_directive", confirm);
    let end = pb::EndDirectiveRequest { directive_id: stop.directive_id.clone() };
    act!(day, DirectivesClient, "EndDirective", end_directive, "end_directive", end.clone());
    let resume = pb::ResumeDirectiveRequest { directive_id: stop.directive_id };
    act!(day, DirectivesClient, "ResumeDirective", resume_directive, "resume_directive", resume);
    act!(day, DirectivesClient, "EndDirective", end_directive, "end_directive", end);
    let report =
        pb::ReportIncidentRequest { idempotency_key: id(), kind: IncidentKind::Medical.into(), ..Default::default() };
    let incident = act!(day, DirectivesClient, "ReportIncident", report_incident, "report_incident", report);
    let confirm = pb::ConfirmIncidentRequest { incident_id: incident.incident_id.clone() };
    act!(day, DirectivesClient, "ConfirmIncident", confirm_incident, "confirm_incident", confirm);
    let end = pb::EndIncidentRequest { incident_id: incident.incident_id.clone() };
    act!(day, DirectivesClient, "EndIncident", end_incident, "end_incident", end);
    let resume = pb::ResumeIncidentRequest { incident_id: incident.incident_id };
    act!(day, DirectivesClient, "ResumeIncident", resume_incident, "resume_incident", resume);
    let evacuate =
        pb::SetHouseStateRequest { state: HouseState::Evacuating.into(), reason: "smoke".to_owned(), exercise: false };
    act!(day, FlowClient, "SetHouseState", set_house_state, "set_house", evacuate);
    assert_eq!(zone(&house, "foyer").await.level(), ZoneLevel::Green);
    for who in [anna(), desk()] {
        let clear = pb::SetHouseStateRequest { state: HouseState::AllClear.into(), ..Default::default() };
        FlowClient::new(house.channel(&who)).set_house_state(clear).await.expect("cleared");
    }
    let out = pb::ReportEverybodyOutRequest { take_back: false };
    act!(day, DoorClient, "ReportEverybodyOut", report_everybody_out, "report_everybody_out", out);

    let files = prost_types::FileDescriptorSet::decode(sky_proto::DESCRIPTORS).expect("our own");
    let methods = files
        .file
        .iter()
        .filter(|file| file.package() == "sky.flow.v1")
        .flat_map(|file| file.service.iter().flat_map(|service| service.method.iter()));
    let left: Vec<&str> = methods
        .map(prost_types::MethodDescriptorProto::name)
        .filter(|name| !READ.contains(name) && !IN_THE_SCAN_LOG.contains(name) && !day.done.contains(name))
        .collect();
    assert_eq!(left, [""; 0], "these change something and are not looked at here");
}

/// What is done at the door while it is open.
async fn door(day: &mut Day<'_>, showing: Uuid, visit: Uuid, tickets: &[Uuid]) {
    let (house, about) = (day.house, || showing.to_string());
    let reference = kernel::ticket_code::reference(visit);
    let formed = pb::FormCallGroupsRequest { showing_id: about() };
    let groups = act!(day, DoorClient, "FormCallGroups", form_call_groups, "form_call_groups", formed);
    let called =
        pb::MoveCallGroupRequest { group_id: groups.groups[0].group_id.clone(), to: pb::CallGroupState::Called.into() };
    act!(day, DoorClient, "MoveCallGroup", move_call_group, "move_call_group", called);
    let issue =
        pb::IssueQueueNumberRequest { idempotency_key: Uuid::now_v7().to_string(), showing_id: about(), people: 2 };
    let number = act!(day, DoorClient, "IssueQueueNumber", issue_queue_number, "issue_queue_number", issue);
    let call = pb::MoveQueueNumberRequest {
        number: number.number,
        to: pb::QueueNumberState::Called.into(),
        ..Default::default()
    };
    act!(day, DoorClient, "MoveQueueNumber", move_queue_number, "move_queue_number", call);

    let scanned = scan_of(showing, &code(house, kernel::ticket_code::Kind::Ticket, tickets[0], showing));
    scan(house, &scanned).await.expect("in");
    let mut exit = scan_of(showing, &scanned.code);
    exit.party_count = 1;
    DoorClient::new(house.channel(&anna())).scan_exit(exit).await.expect("out");
    let back = scan_of(showing, &scanned.code);
    act!(day, DoorClient, "ScanReentry", scan_reentry, "let_in_by_staff", back);
    let undo = pb::UndoScanRequest {
        device_id: scanned.device_id.clone(),
        nonce: scanned.nonce.clone(),
        reason: "wrong family".to_owned(),
    };
    act!(day, DoorClient, "UndoScan", undo_scan, "undo_scan", undo);
    house.clock.set(minutes(61));
    let before = acts(house).await.len();
    let late = pb::ScanRequest { late_reason: "tram".to_owned(), ..scan_of(showing, &reference) };
    FlowClient::new(house.channel(&anna())).scan(late).await.expect("late, with a reason");
    assert_eq!(acts(house).await[before].0, "let_in_by_staff");

    let list = pb::ExportAdmissionListRequest { device_id: "scanner-2".to_owned(), day: String::new() };
    act!(day, DoorClient, "ExportAdmissionList", export_admission_list, "export_admission_list", list);
    let stranger = code(house, kernel::ticket_code::Kind::Ticket, Uuid::now_v7(), showing);
    let entry = pb::JournalEntry {
        nonce: "n1".to_owned(),
        kind: pb::ScanKind::Entry.into(),
        lane: "dome-2".to_owned(),
        showing_id: about(),
        code: stranger,
        at: Some(timestamp(minutes(50))),
        verdict: pb::ScanVerdict::Admitted.into(),
        ..Default::default()
    };
    let journal = pb::SubmitScansRequest {
        device_id: "scanner-2".to_owned(),
        device_now: Some(timestamp(house.clock.now())),
        entries: vec![entry],
    };
    let answer = act!(day, DoorClient, "SubmitScans", submit_scans, "submit_scans", journal);
    let resolve = pb::ResolveScanConflictRequest {
        conflict_id: answer.results[0].conflict_id.clone(),
        resolution: "paid at the desk".to_owned(),
    };
    let one = act!(day, DoorClient, "ResolveScanConflict", resolve_scan_conflict, "resolve_scan_conflict", resolve);
    let conflict_ids = vec![one.conflict_id];
    let reopen = pb::ReopenScanConflictsRequest { conflict_ids: conflict_ids.clone() };
    act!(day, DoorClient, "ReopenScanConflicts", reopen_scan_conflicts, "reopen_scan_conflict", reopen);
    let all = pb::ResolveScanConflictsRequest { conflict_ids, resolution: "paid at the desk".to_owned() };
    act!(day, DoorClient, "ResolveScanConflicts", resolve_scan_conflicts, "resolve_scan_conflict", all);
}

#[tokio::test]
async fn what_the_house_file_changes_is_in_the_audit_log() {
    let house = house().await;
    let by_file = async || -> Vec<(String, String, serde_json::Value, serde_json::Value)> {
        let acts = "select act, about, before, after from audit where who = 'house-file' order by id";
        sqlx::query_as(acts).fetch_all(house.pool("flow")).await.expect("acts")
    };
    let first = by_file().await.len();
    load(&house, HOUSE_FILE).await.expect("loaded");
    assert_eq!(by_file().await.len(), first, "the same file changes nothing");
    let other = HOUSE_FILE
        .replacen("no_shows_percent = 5", "no_shows_percent = 0", 1)
        .replacen("amber = { rise = 80, fall = 75 }", "amber = { rise = 70, fall = 65 }", 1)
        .replacen("capacity = 120", "capacity = 110", 1)
        .replacen("minutes = 20\nauto = true", "minutes = 25\nauto = true", 1)
        .replacen("from = \"minor\"", "from = \"severe\"", 1)
        .replacen("levels = [\"ground\", \"upper\", \"roof\"]", "levels = [\"ground\", \"upper\"]", 1)
        .replacen("interval_seconds = 60", "interval_seconds = 30", 1)
        .replacen("unseen_percent = 10", "unseen_percent = 12", 1);
    load(&house, &other).await.expect("loaded");
    let acts = by_file().await.split_off(first);
    let of = |act: &str, about: &str| {
        let found = acts.iter().find(|(name, of, ..)| name == act && of == about);
        found.map(|(_, _, before, after)| (before.clone(), after.clone())).unwrap_or_else(|| panic!("{act} {about}"))
    };
    let (before, after) = of("set_clock_policy", "clock");
    assert_eq!((&before["no_shows_percent"], &after["no_shows_percent"]), (&5.into(), &0.into()));
    let (before, after) = of("set_zone_limit", "foyer");
    assert_eq!((&before["most"], &after["most"]), (&120.into(), &110.into()));
    let rise = |limit: &serde_json::Value| limit["thresholds"]["amber"]["rise"].clone();
    assert_eq!((rise(&before), rise(&after)), (80.into(), 70.into()));
    let (before, after) = of("set_group_limit", "main-exit");
    assert_eq!((rise(&before), rise(&after)), (80.into(), 70.into()));
    let (before, after) = of("set_policy", "policy");
    assert_eq!((&before[0]["minutes"], &after[0]["minutes"]), (&20.into(), &25.into()));
    let (before, after) = of("set_weather_rules", "weather");
    assert_eq!((&before[0]["from"], &after[0]["from"]), (&"minor".into(), &"severe".into()));
    let (before, after) = of("set_headcount_rules", "headcount");
    assert_eq!((&before["unseen_percent"], &after["unseen_percent"]), (&10.into(), &12.into()));
    let (before, after) = of("set_lift", "lift");
    assert_eq!(
        (before["levels"].as_array().map(Vec::len), after["levels"].as_array().map(Vec::len)),
        (Some(3), Some(2))
    );
    let (before, after) = of("set_counter", "foyer-1");
    assert_eq!((&before["interval_seconds"], &after["interval_seconds"]), (&60.into(), &30.into()));
    // All of it once; what leaves the file as well.
    let told = by_file().await.len();
    load(&house, &other).await.expect("loaded");
    assert_eq!(by_file().await.len(), told, "the same file once more changes nothing");
    let without =
        other.replacen("[[flow.weather]]\nzone = \"terrace\"\nwarning = \"storm\"\nfrom = \"moderate\"\n", "", 1);
    assert_ne!(without, other);
    load(&house, &without).await.expect("loaded");
    let gone = by_file().await.split_off(told);
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!((gone[0].2.as_array().map(Vec::len), gone[0].3.as_array().map(Vec::len)), (Some(2), Some(1)));
}
