//! People counters: what they send and what becomes of it, file by file; silence, gaps, repeats, forged tokens.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kernel::{
    Role,
    testing::{House, staff},
    values::timestamp,
};
use sky_proto::flow::v1::{self as pb, Quality, SensorState, zones_client::ZonesClient};
use tonic::Code;

use crate::{client, support::*};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/xovis/");

/// A counter at the foyer that is heard and at work, and its token.
pub async fn counter(house: &House) -> String {
    let token = token(house, "foyer-1").await;
    post(house, &token, body("connection-test", house.clock.now())).await;
    post(house, &token, body("empty-logics", house.clock.now())).await;
    set_state(house, "foyer-1", SensorState::Online).await.expect("at work");
    // Lines know changes only: somebody counts once.
    correct(house, "foyer", 10).await;
    a_while_ago(house).await;
    token
}

/// As if the last counts by hand had been before the intervals that are told now.
pub async fn a_while_ago(house: &House) {
    // In the order in which everybody locks zones.
    sqlx::query(
        "with locked as materialized (select id from zone order by id collate \"C\" for no key update)
         update zone z set by_hand_at = by_hand_at - interval '2 minutes' from locked where z.id = locked.id",
    )
    .execute(house.pool("flow"))
    .await
    .expect("moved back");
}

pub async fn token(house: &House, sensor: &str) -> String {
    let request = pb::IssueSensorTokenRequest { sensor_id: sensor.to_owned() };
    ZonesClient::new(house.channel(&staff(Role::Operator)))
        .issue_sensor_token(request)
        .await
        .expect("a token")
        .into_inner()
        .token
}

pub async fn set_state(house: &House, sensor: &str, state: SensorState) -> Result<pb::Sensor, tonic::Status> {
    let request = pb::SetSensorStateRequest { sensor_id: sensor.to_owned(), state: state.into() };
    ZonesClient::new(house.channel(&staff(Role::Operator)))
        .set_sensor_state(request)
        .await
        .map(tonic::Response::into_inner)
}

/// A file with its times filled in.
fn body(file: &str, now: DateTime<Utc>) -> Vec<u8> {
    let mut text = std::fs::read_to_string(format!("{FOLDER}{file}.json")).expect("a file");
    for minutes in [-2, -1, 0, 59, 60] {
        let at = now + TimeDelta::minutes(minutes);
        let shift = if minutes == 0 { String::new() } else { format!("{minutes:+}m") };
        text = text.replace(&format!("{{T{shift}}}"), &at.to_rfc3339_opts(SecondsFormat::Millis, true));
        text = text.replace(&format!("{{U{shift}}}"), &at.timestamp().to_string());
    }
    text.into_bytes()
}

/// One package of the foyer's line.
pub fn line(id: i64, now: DateTime<Utc>, forward: i64, backward: i64) -> Vec<u8> {
    let (from, to) = ((now - TimeDelta::minutes(1)).to_rfc3339(), now.to_rfc3339());
    serde_json::json!({"logics_data": {"package_info": {"id": id}, "logics": [{"id": 1000, "records": [{
        "from": from, "to": to, "counts": [{"name": "fw", "value": forward}, {"name": "bw", "value": backward}]}]}]}})
    .to_string()
    .into_bytes()
}

pub async fn post(house: &House, token: &str, body: Vec<u8>) -> (u16, serde_json::Value) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/sensors/xovis", house.running.http))
        .bearer_auth(token)
        .body(body)
        .send()
        .await
        .expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn foyer(house: &House) -> pb::Zone {
    zone(house, "foyer").await
}

async fn sensor(house: &House) -> pb::Sensor {
    snapshot(house).await.sensors.into_iter().find(|sensor| sensor.sensor_id == "foyer-1").expect("the counter")
}

#[tokio::test]
async fn every_kind_of_push_is_answered_and_counted_as_it_must_be() {
    let house = house().await;
    use Quality::{Degraded, Live, Manual};
    // File, status, the foyer's count afterwards (10 before), its quality, what is said to be wrong.
    let table: [(&str, u16, Option<u32>, Quality, &str); 25] = [
        ("object", 200, None, Degraded, "lost_data"),
        ("array", 200, Some(17), Live, ""),
        ("concatenated", 200, Some(17), Live, ""),
        ("unix-times", 200, Some(17), Live, ""),
        ("unix-milliseconds", 200, Some(17), Live, ""),
        ("balance", 200, Some(43), Live, ""),
        ("connection-test", 200, Some(10), Manual, ""),
        ("empty-logics", 200, Some(10), Manual, ""),
        ("unknown-logic", 200, Some(11), Live, "unknown_logic"),
        ("numbered-counts", 200, Some(15), Live, ""),
        ("unknown-counts", 200, None, Degraded, "unknown_counts"),
        ("few-samples", 200, None, Degraded, "few_samples"),
        ("wrong-time-zone", 200, Some(15), Live, "wrong_clock"),
        ("jumping-counter", 200, None, Degraded, "implausible"),
        ("negative-value", 200, None, Degraded, "implausible"),
        ("more-out-than-in", 200, Some(5), Live, ""),
        ("live", 200, Some(10), Manual, ""),
        ("time-without-zone", 422, Some(10), Manual, ""),
        ("wrong-type", 422, Some(10), Manual, ""),
        ("other-json", 422, Some(10), Manual, ""),
        ("number", 422, Some(10), Manual, ""),
        ("truncated", 400, Some(10), Manual, ""),
        ("empty", 400, Some(10), Manual, ""),
        ("deep", 400, Some(10), Manual, ""),
        ("README", 0, None, Live, ""),
    ];
    let files = std::fs::read_dir(FOLDER).expect("the folder").count();
    assert_eq!(files, table.len(), "every file is sent");
    let token = counter(&house).await;
    for (minute, (file, status, count, quality, problem)) in
        table.into_iter().filter(|row| row.0 != "README").enumerate()
    {
        // As if it were the first: the number before is known, the counter is well.
        let now = minutes(2 + 3 * i64::try_from(minute).expect("small"));
        house.clock.set(now);
        correct(&house, "foyer", 10).await;
        a_while_ago(&house).await;
        sqlx::query(
            "update sensor set packages = '[[0, 0], [1000, 4709]]', state = 'online', problem = '', last_seen = $1,
                 skew_seconds = 0, told_skew_since = null",
        )
        .bind(now)
        .execute(house.pool("flow"))
        .await
        .expect("as new");
        let (answered, said) = post(&house, &token, body(file, now)).await;
        assert_eq!(answered, status, "{file}: {said}");
        let zone = foyer(&house).await;
        assert_eq!((zone.count, zone.quality()), (count, quality), "{file}: {said}");
        if status == 200 {
            assert_eq!(said["problem"].as_str().unwrap_or_default(), problem, "{file}");
        } else {
            assert!(said["error"].as_str().is_some_and(|error| error.len() > 10), "{file}: {said}");
        }
    }
    let kept: i64 = sqlx::query_scalar("select count(*) from sensor_push where status <> 200 and problem <> ''")
        .fetch_one(house.pool("flow"))
        .await
        .expect("counted");
    assert_eq!(kept, 7, "what was wrong is kept");
}

#[tokio::test]
async fn what_no_text_file_can_hold_is_refused_and_kept() {
    let house = house().await;
    let token = counter(&house).await;
    let (status, said) = post(&house, &token, vec![b' '; 256 * 1024 + 1]).await;
    assert_eq!((status, said["error"].as_str().is_some_and(|error| error.contains("larger"))), (413, true));
    let (status, said) = post(&house, &token, b"{\"logics_data\":\"\xff\xfe\"}".to_vec()).await;
    assert_eq!((status, said["error"].as_str()), (400, Some("the body is not UTF-8 from byte 16 on")));
    let request = pb::ListSensorPushesRequest { sensor_id: "foyer-1".to_owned(), limit: 2 };
    let pushes = ZonesClient::new(house.channel(&desk())).list_sensor_pushes(request).await.expect("listed");
    let kept: Vec<u32> = pushes.into_inner().pushes.iter().map(|push| push.status).collect();
    assert_eq!(kept, [400, 413]);
    for token in ["", "x", "Zm9v"] {
        assert_eq!(post(&house, token, line(1, house.clock.now(), 5, 0)).await.0, 401, "a forged token");
    }
    let basic = reqwest::Client::new()
        .post(format!("http://{}/sensors/xovis", house.running.http))
        .basic_auth("sensor", Some(&token))
        .body(line(1, house.clock.now(), 5, 0))
        .send()
        .await
        .expect("an answer");
    assert_eq!(basic.status().as_u16(), 200, "the token as a password");
}

/// What staff are shown of a counter's pushes, the newest first: how each was answered, and what was wrong.
async fn listed(house: &House, limit: u32) -> Vec<(u32, String)> {
    let request = pb::ListSensorPushesRequest { sensor_id: "foyer-1".to_owned(), limit };
    let listed = ZonesClient::new(house.channel(&desk())).list_sensor_pushes(request).await.expect("listed");
    listed.into_inner().pushes.into_iter().map(|push| (push.status, push.problem)).collect()
}

#[tokio::test]
async fn what_is_wrong_is_said_and_kept_in_few_words_without_letters_that_no_text_holds() {
    let house = house().await;
    let token = counter(&house).await;
    let json = |value: serde_json::Value| value.to_string().into_bytes();
    let long = |letter: &str| json(serde_json::json!(letter.repeat(100_000)));
    let many = json(serde_json::Value::Array(vec![serde_json::json!("x".repeat(500)); 400]));
    let timed = |name: &str| {
        let line = String::from_utf8(line(7, house.clock.now(), 1, 0)).expect("text");
        let mut push: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        match name {
            "time" => push["logics_data"]["sensor_info"] = serde_json::json!({"time": "a\u{0}b"}),
            name => push["logics_data"]["logics"][0]["records"][0][name] = "a\u{0}b".into(),
        }
        json(push)
    };
    for (what, body) in [
        ("a long text", long("x")),
        ("letters of two bytes", long("ä")),
        ("many packages", many),
        ("NUL as the time", timed("time")),
        ("NUL as the beginning", timed("from")),
        ("NUL as the end", timed("to")),
    ] {
        let before = listed(&house, 50).await.len();
        let (status, said) = post(&house, &token, body).await;
        assert_eq!(status, 422, "{what}: {said}");
        let told = said["error"].as_str().expect("words");
        assert!((10..1000).contains(&told.len()), "{what}: {told}");
        let kept = listed(&house, 50).await;
        assert_eq!((kept.len(), &kept[0]), (before + 1, &(422, told.to_owned())), "{what}");
    }
    // What was kept at its full length before.
    sqlx::query("update sensor_push set problem = repeat('x', 200000)")
        .execute(house.pool("flow"))
        .await
        .expect("as it was");
    assert!(listed(&house, 50).await.iter().all(|(_, problem)| problem.len() < 1000));
}

#[tokio::test]
async fn staff_learn_that_something_comes_with_a_wrong_an_old_or_no_token() {
    let house = house().await;
    let old = token(&house, "foyer-1").await;
    assert_eq!(post(&house, &old, body("connection-test", house.clock.now())).await.0, 200);
    let begun = snapshot(&house).await;
    assert_eq!(begun.refused_push_at, None);
    token(&house, "foyer-1").await;
    let refused = async |after: TimeDelta, token: &str| {
        house.clock.set(minutes(0) + after);
        assert_eq!(post(&house, token, body("connection-test", house.clock.now())).await.0, 401);
        snapshot(&house).await.refused_push_at.map(|at| kernel::values::from_timestamp(Some(at)))
    };
    for (minute, token) in [(1, old.as_str()), (5, "forged"), (9, "")] {
        assert_eq!(refused(TimeDelta::minutes(minute), token).await, Some(minutes(minute)), "'{token}'");
    }
    assert!(snapshot(&house).await.revision > begun.revision, "whoever looks is told");
    let again = refused(TimeDelta::seconds(9 * 60 + 30), "forged").await;
    assert_eq!(again, Some(minutes(9)), "written once a minute, however often it comes");
    let window = pb::GetFlowRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(60))) };
    let told = client!(house, &scanner("scanner-1")).get_flow(window).await.expect("a snapshot").into_inner();
    assert_eq!(told.refused_push_at, None, "for staff alone");
    house.clock.set(minutes(10) + TimeDelta::days(1));
    assert_eq!(snapshot(&house).await.refused_push_at, None, "of the last day");
}

#[tokio::test]
async fn a_repeat_counts_once_and_a_gap_hides_the_number_until_somebody_counts() {
    let house = house().await;
    let token = counter(&house).await;
    let first = line(1, minutes(0), 5, 0);
    post(&house, &token, first.clone()).await;
    let (_, said) = post(&house, &token, first).await;
    assert_eq!((said["counted"].as_u64(), said["repeated"].as_u64()), (Some(0), Some(1)));
    assert_eq!(foyer(&house).await.count, Some(15));
    house.clock.set(minutes(3));
    post(&house, &token, line(4, minutes(3), 2, 0)).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (None, Quality::Degraded), "packages 2 and 3 are lost");
    assert_eq!((sensor(&house).await.state(), sensor(&house).await.lost_packages), (SensorState::Degraded, 2));
    house.clock.set(minutes(4));
    post(&house, &token, line(5, minutes(4), 1, 0)).await;
    assert_eq!(foyer(&house).await.count, None, "the counter is well, the number is not");
    assert_eq!(sensor(&house).await.state(), SensorState::Online);
    let click = pb::ClickZoneRequest {
        idempotency_key: uuid::Uuid::now_v7().to_string(),
        zone_id: "foyer".to_owned(),
        people: 1,
    };
    let refused = ZonesClient::new(house.channel(&desk())).click_zone(click).await.expect_err("to what number?");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    correct(&house, "foyer", 18).await;
    house.clock.set(minutes(5));
    post(&house, &token, line(6, minutes(5), 1, 0)).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (Some(19), Quality::Live));
}

#[tokio::test]
async fn what_a_counter_tells_of_its_own_health_heals_nothing() {
    let house = house().await;
    let token = counter(&house).await;
    post(&house, &token, line(1, minutes(0), 5, 0)).await;
    house.clock.set(minutes(1));
    post(&house, &token, line(4, minutes(1), 2, 0)).await;
    let lost = sensor(&house).await;
    assert_eq!(lost.state(), SensorState::Degraded);
    let status = serde_json::json!({"status_data": {"temperature": 41}}).to_string().into_bytes();
    house.clock.set(minutes(2));
    assert_eq!(post(&house, &token, status).await.0, 200);
    assert_eq!(sensor(&house).await, lost, "nor has it counted");
}

/// The balance of the foyer and its line, of the same minute, the balance first.
pub fn balance_and_line(id: i64, now: DateTime<Utc>, balance: i64, forward: i64) -> Vec<u8> {
    let (from, to) = ((now - TimeDelta::minutes(1)).to_rfc3339(), now.to_rfc3339());
    let logic = |logic: i64, counts: serde_json::Value| serde_json::json!({"id": logic, "records": [{"from": from, "to": to, "counts": counts}]});
    let balance = logic(1001, serde_json::json!([{"name": "balance", "value": balance}]));
    let line = logic(1000, serde_json::json!([{"name": "fw", "value": forward}, {"name": "bw", "value": 0}]));
    serde_json::json!({"logics_data": {"package_info": {"id": id}, "logics": [balance, line]}}).to_string().into_bytes()
}

#[tokio::test]
async fn who_crossed_the_line_is_in_the_balance_of_that_minute_already() {
    let house = house().await;
    let token = counter(&house).await;
    post(&house, &token, balance_and_line(1, minutes(0), 43, 7)).await;
    assert_eq!((foyer(&house).await.count, foyer(&house).await.quality()), (Some(43), Quality::Live));
}

/// A counter that has said something and falls silent; its token, and a showing with the visit that it is open for.
async fn silenced(house: &House) -> (String, uuid::Uuid, uuid::Uuid) {
    let token = counter(house).await;
    post(house, &token, line(1, minutes(0), 5, 0)).await;
    house.clock.set(minutes(2));
    let (showing, visit, _) = open(house).await;
    // The clock stands at 12:45 now: more than three intervals.
    turn_until(house, "silence is noticed", async || is_offline(house).await).await;
    (token, showing, visit)
}

async fn is_offline(house: &House) -> bool {
    sensor(house).await.state() == SensorState::Offline
}

#[tokio::test]
async fn a_silent_counter_leaves_a_band_and_scans_go_on() {
    let house = house().await;
    let (token, showing, visit) = silenced(&house).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality(), zone.level()), (None, Quality::Degraded, pb::ZoneLevel::Green));
    assert!(sensor(&house).await.problem.expect("a sentence").en.contains("network"));
    assert!(snapshot(&house).await.escape_groups[0].count.is_none(), "nor is the sum known");
    let told: Vec<pb::ZoneChanged> = house.events("flow").await;
    assert!(told.iter().any(|event| event.zone.as_ref().is_some_and(|zone| zone.count.is_none())));
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("the door goes on");
    assert_eq!(foyer(&house).await.count, None, "a scan gives no number either");
    correct(&house, "foyer", 30).await;
    assert_eq!((foyer(&house).await.count, foyer(&house).await.quality()), (Some(30), Quality::Manual));
    post(&house, &token, line(2, house.clock.now(), 1, 0)).await;
    assert_eq!(sensor(&house).await.state(), SensorState::Online);
    assert_eq!(foyer(&house).await.count, None, "who came in meanwhile is not known");
    // How many are there is absolute: it needs nobody, whatever was missed before.
    house.clock.advance(TimeDelta::minutes(4));
    turn_until(&house, "silence is noticed once more", async || is_offline(&house).await).await;
    post(&house, &token, balance_and_line(3, house.clock.now(), 12, 1)).await;
    assert_eq!((foyer(&house).await.count, foyer(&house).await.quality()), (Some(12), Quality::Live));
}

#[tokio::test]
async fn whom_a_line_has_missed_is_missing_until_somebody_counts() {
    for file in ["few-samples", "jumping-counter", "negative-value"] {
        let house = house().await;
        let token = counter(&house).await;
        house.clock.set(minutes(1));
        let missed = body(file, minutes(1));
        post(&house, &token, missed.clone()).await;
        house.clock.set(minutes(2));
        post(&house, &token, line(2, minutes(2), 1, 0)).await;
        assert_eq!(sensor(&house).await.state(), SensorState::Online, "{file}: the counter is well");
        let zone = foyer(&house).await;
        assert_eq!((zone.count, zone.quality()), (None, Quality::Degraded), "{file}: the number is not");
        correct(&house, "foyer", 20).await;
        // Sent once more: whom it missed was counted by hand.
        post(&house, &token, missed).await;
        house.clock.set(minutes(3));
        post(&house, &token, line(3, minutes(3), 1, 0)).await;
        let zone = foyer(&house).await;
        assert_eq!((zone.count, zone.quality()), (Some(21), Quality::Live), "{file}");
        // How many are there is absolute: it needs nobody.
        house.clock.set(minutes(4));
        post(&house, &token, body(file, minutes(4))).await;
        assert_eq!(foyer(&house).await.count, None, "{file}");
        house.clock.set(minutes(5));
        post(&house, &token, balance_and_line(5, minutes(5), 12, 1)).await;
        assert_eq!(foyer(&house).await.count, Some(12), "{file}");
    }
}

#[tokio::test]
async fn a_count_by_hand_beside_a_silent_counter_ends_as_no_number() {
    let house = house().await;
    let (_, showing, visit) = silenced(&house).await;
    correct(&house, "foyer", 30).await;
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (Some(27), Quality::Manual), "a scan says nothing of the main door");
    house.clock.advance(TimeDelta::minutes(61));
    let hidden = async || foyer(&house).await.quality() != Quality::Manual;
    turn_until(&house, "it is old", hidden).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (None, Quality::Degraded));
}

#[tokio::test]
async fn one_counter_gives_no_number_while_another_one_of_the_same_zone_is_silent() {
    let house = house().await;
    let second = "[[flow.sensors]]\nid = \"foyer-2\"\nname = { de = \"Hof\", en = \"Yard\" }\ninterval_seconds = 60\n\
                  lines = [{ logic = 1000, into = \"foyer\" }]\n";
    load(&house, &format!("{HOUSE_FILE}\n{second}")).await.expect("loads");
    let yard = self::token(&house, "foyer-2").await;
    post(&house, &yard, line(1, minutes(0), 0, 0)).await;
    set_state(&house, "foyer-2", SensorState::Online).await.expect("at work");
    let door = counter(&house).await;
    post(&house, &door, line(1, minutes(0), 5, 0)).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (Some(15), Quality::Live), "both are well");
    // The yard's counter falls silent.
    for minute in 1..=4 {
        house.clock.set(minutes(minute));
        post(&house, &door, line(1 + minute, minutes(minute), 0, 0)).await;
    }
    let silent = async || foyer(&house).await.quality() == Quality::Degraded;
    turn_until(&house, "silence is noticed", silent).await;
    house.clock.set(minutes(5));
    post(&house, &door, line(6, minutes(5), 1, 0)).await;
    assert_eq!(foyer(&house).await.count, None, "who came through the yard is not known");
    correct(&house, "foyer", 20).await;
    house.clock.set(minutes(6));
    post(&house, &door, line(7, minutes(6), 2, 0)).await;
    let zone = foyer(&house).await;
    assert_eq!((zone.count, zone.quality()), (Some(22), Quality::Manual), "counted by hand, and on from there");
    house.clock.set(minutes(7));
    post(&house, &door, balance_and_line(8, minutes(7), 12, 1)).await;
    assert_eq!((foyer(&house).await.count, foyer(&house).await.quality()), (Some(12), Quality::Live));
}

#[tokio::test]
async fn a_counter_on_trial_counts_nothing_and_a_retired_one_is_not_heard() {
    let house = house().await;
    let token = token(&house, "foyer-1").await;
    let refused = set_state(&house, "foyer-1", SensorState::Online).await.expect_err("never heard");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    correct(&house, "foyer", 10).await;
    assert_eq!(post(&house, &token, line(1, minutes(0), 5, 0)).await.0, 200);
    assert_eq!((foyer(&house).await.count, sensor(&house).await.state()), (Some(10), SensorState::Commissioning));
    for wrong in [SensorState::Offline, SensorState::Degraded, SensorState::Unspecified] {
        assert_eq!(set_state(&house, "foyer-1", wrong).await.expect_err("not by hand").code(), Code::InvalidArgument);
    }
    set_state(&house, "foyer-1", SensorState::Retired).await.expect("taken down");
    assert_eq!(post(&house, &token, line(2, minutes(0), 5, 0)).await.0, 401);
    assert_eq!(set_state(&house, "nowhere", SensorState::Retired).await.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn nobody_is_counted_below_zero_and_it_is_on_record() {
    let house = house().await;
    let token = counter(&house).await;
    post(&house, &token, line(1, minutes(0), 0, 14)).await;
    assert_eq!(foyer(&house).await.count, Some(0));
    let acts = audit(&house, "foyer").await;
    let clamped = acts.iter().find(|act| act.act == "clamped_at_zero").expect("recorded");
    assert_eq!((clamped.who.as_str(), clamped.after.contains("\"counted_out_too_many\":4")), ("foyer-1", true));
}
