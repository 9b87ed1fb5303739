//! Zones: sums, escape groups, the clicker, the empty house, replay, estimates, exports.

use chrono::TimeDelta;
use kernel::{Role, testing::staff, values::timestamp};
use sky_proto::{
    flow::v1::{
        self as pb, AdmissionState, DirectiveKind, Quality, ZoneLevel, flow_client::FlowClient,
        zones_client::ZonesClient,
    },
    reservations::v1::{Audience, ShowingScheduled},
};
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn storeys_and_escape_groups_follow_their_rooms() {
    let house = house().await;
    correct(&house, "foyer", 100).await;
    correct(&house, "cafe", 40).await;
    correct(&house, "dome", 108).await;
    assert_eq!(zone(&house, "ground").await.count, Some(248));
    let group = snapshot(&house).await.escape_groups.remove(0);
    assert_eq!((group.group_id.as_str(), group.count, group.level()), ("main-exit", Some(248), ZoneLevel::Red));
    let told = async || house.events::<pb::EscapeGroupChanged>("flow").await;
    turn_until(&house, "the group is told", async || !told().await.is_empty()).await;
    assert_eq!(told().await[0].group.as_ref().map(pb::EscapeGroup::level), Some(ZoneLevel::Red));
    correct(&house, "cafe", 39).await;
    correct(&house, "foyer", 60).await;
    turn_until(&house, "and that it is not so full any more", async || told().await.len() > 1).await;
    let levels: Vec<ZoneLevel> =
        told().await.iter().filter_map(|event| event.group.as_ref()).map(pb::EscapeGroup::level).collect();
    assert_eq!(levels, [ZoneLevel::Red, ZoneLevel::Amber], "each once");
    let request = pb::CorrectZoneRequest { zone_id: "ground".to_owned(), count: 1, reason: "x".to_owned() };
    let refused = FlowClient::new(house.channel(&desk())).correct_zone(request).await.expect_err("a sum");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn the_clicker_counts_each_click_once() {
    let house = house().await;
    let click = async |key: Uuid, zone: &str, people: i32| {
        let request = pb::ClickZoneRequest { idempotency_key: key.to_string(), zone_id: zone.to_owned(), people };
        ZonesClient::new(house.channel(&staff(Role::Kitchen)))
            .click_zone(request)
            .await
            .map(tonic::Response::into_inner)
    };
    let key = Uuid::now_v7();
    for _ in 0..2 {
        let zone = click(key, "cafe", 3).await.expect("counted");
        assert_eq!((zone.count, zone.quality()), (Some(3), Quality::Manual));
    }
    assert_eq!(click(Uuid::now_v7(), "cafe", -5).await.expect("counted").count, Some(0));
    assert!(audit(&house, "cafe").await.iter().any(|act| act.act == "clamped_at_zero"));
    for (zone, people, code) in
        [("cafe", 0, Code::InvalidArgument), ("cafe", 51, Code::InvalidArgument), ("nowhere", 1, Code::NotFound)]
    {
        assert_eq!(click(Uuid::now_v7(), zone, people).await.expect_err("refused").code(), code);
    }
    // An hour later nobody relies on it.
    house.clock.set(minutes(61));
    let old = async || zone(&house, "cafe").await.quality() == Quality::Estimated;
    turn_until(&house, "the count grows old", old).await;
}

#[tokio::test]
async fn the_house_says_how_long_a_count_by_hand_and_a_counters_word_are_good() {
    let house = house().await;
    let (cafe, counter) = ("filled_by = \"hand\"\n\n[[flow.zones]]\nid = \"terrace\"", "balances = [{ logic = 1001");
    for (line, problem, why) in [
        (cafe, "hand_minutes = 0", "flow.zones[4].hand_minutes: must be 1 to 1440"),
        (counter, "missed_intervals = 61", "flow.sensors[0].missed_intervals: must be 1 to 60"),
    ] {
        let text = HOUSE_FILE.replacen(line, &format!("{problem}\n{line}"), 1);
        let refused = load(&house, &text).await.expect_err("refused");
        assert!(refused.message().contains(why), "{}", refused.message());
    }
    let own = HOUSE_FILE.replacen(cafe, &format!("hand_minutes = 10\n{cafe}"), 1).replacen(
        counter,
        &format!("missed_intervals = 10\n{counter}"),
        1,
    );
    load(&house, &own).await.expect("loaded");
    crate::xovis::token(&house, "foyer-1").await;
    sqlx::query("update sensor set state = 'online', since = $1 where id = 'foyer-1'")
        .bind(house.clock.now())
        .execute(house.pool("flow"))
        .await
        .expect("at work");
    let state = async || {
        let sensors = snapshot(&house).await.sensors;
        sensors.into_iter().find(|it| it.sensor_id == "foyer-1").expect("it").state()
    };
    for id in ["cafe", "terrace"] {
        correct(&house, id, 3).await;
    }
    house.clock.advance(TimeDelta::minutes(8));
    turn_until(&house, "some turns pass", async || house.clock.now() >= minutes(9)).await;
    assert_eq!(zone(&house, "cafe").await.quality(), Quality::Manual);
    assert_eq!(state().await, pb::SensorState::Online, "three intervals ago it would have been silent");
    house.clock.advance(TimeDelta::minutes(1));
    let old = async || zone(&house, "cafe").await.quality() == Quality::Estimated;
    turn_until(&house, "the count grows old", old).await;
    assert_eq!(zone(&house, "terrace").await.quality(), Quality::Manual, "an hour, where nothing is said");
    turn_until(&house, "it is silent", async || state().await == pb::SensorState::Offline).await;
}

#[tokio::test]
async fn the_house_is_set_to_nobody_only_when_it_is_empty() {
    let house = house().await;
    let rezero = async |verified_empty: bool| {
        ZonesClient::new(house.channel(&desk())).rezero_zones(pb::RezeroZonesRequest { verified_empty }).await
    };
    let (showing, ..) = open(&house).await;
    correct(&house, "cafe", 4).await;
    assert_eq!(rezero(false).await.expect_err("seen by nobody").code(), Code::InvalidArgument);
    assert_eq!(rezero(true).await.expect_err("doors are open").code(), Code::FailedPrecondition);
    for to in [AdmissionState::Running, AdmissionState::Egress, AdmissionState::Turnover, AdmissionState::Closed] {
        move_to(&house, showing, to).await.expect("moved");
    }
    let request =
        pb::ClickZoneRequest { idempotency_key: Uuid::now_v7().to_string(), zone_id: "cafe".to_owned(), people: 1 };
    ZonesClient::new(house.channel(&desk())).click_zone(request).await.expect("somebody came");
    let refused = rezero(true).await.expect_err("somebody was seen");
    assert!(refused.message().contains("1 people were counted"), "{}", refused.message());
    house.clock.advance(TimeDelta::minutes(12));
    let zones = rezero(true).await.expect("empty").into_inner().zones;
    assert!(zones.iter().all(|zone| zone.count == Some(0)), "{zones:?}");
    assert!(audit(&house, "house").await.iter().any(|act| act.act == "rezero" && act.who == "test-desk"));
}

#[tokio::test]
async fn a_stored_day_is_played_against_other_thresholds() {
    let house = house().await;
    for (minute, people) in [(0, 10), (10, 96), (20, 120), (30, 40)] {
        house.clock.set(minutes(minute));
        correct(&house, "foyer", people).await;
        let kept = async || {
            let count = "select count from zone_sample where zone_id = 'foyer' order by at desc limit 1";
            let kept: Option<i32> =
                sqlx::query_scalar(count).fetch_optional(house.pool("flow")).await.expect("a sample");
            kept == i32::try_from(people).ok()
        };
        turn_until(&house, "the number is kept", kept).await;
    }
    house.clock.set(minutes(40));
    let one = |rise, fall| Some(pb::Threshold { rise, fall });
    let replay = async |amber, red, stop, day: &str, zone: &str| {
        let request = pb::ReplayDayRequest {
            day: day.to_owned(),
            thresholds: Some(pb::Thresholds { amber, red, stop }),
            zone_ids: vec![zone.to_owned()],
            group_ids: Vec::new(),
        };
        ZonesClient::new(house.channel(&desk())).replay_day(request).await.map(tonic::Response::into_inner)
    };
    let day = minutes(0).date_naive().to_string();
    let played = replay(one(50, 45), one(70, 65), one(80, 75), &day, "foyer").await.expect("played");
    let foyer = &played.zones[0];
    let (was, would) = (foyer.as_it_was.as_ref().expect("was"), foyer.replayed.as_ref().expect("would"));
    // A number is kept within seconds, so a span may be shorter by less than a minute.
    let about = |minutes: u32, expected: u32| (expected - 1..=expected).contains(&minutes);
    assert!(was.stops == 1 && about(was.minutes_amber, 10) && about(was.minutes_stop, 10), "{was:?}");
    assert!(would.stops == 1 && about(would.minutes_green, 20) && about(would.minutes_stop, 20), "{would:?}");
    let same = replay(one(80, 75), one(95, 90), one(100, 95), &day, "foyer").await.expect("played");
    assert_eq!(same.zones[0].as_it_was, same.zones[0].replayed, "with its own thresholds the day is the same");
    for (amber, day, zone, code) in [
        (one(90, 91), day.as_str(), "foyer", Code::InvalidArgument),
        (None, &day, "foyer", Code::InvalidArgument),
        (one(50, 45), "yesterday", "foyer", Code::InvalidArgument),
        (one(50, 45), &day, "nowhere", Code::NotFound),
    ] {
        let refused = replay(amber, one(95, 92), one(100, 95), day, zone).await.expect_err("refused");
        assert_eq!(refused.code(), code, "{refused}");
    }
}

#[tokio::test]
async fn escape_groups_and_what_the_policy_proposes_are_played_again() {
    let house = house().await;
    for (minute, foyer, cafe, group) in [(0, 10, 0, 10), (10, 100, 0, 100), (20, 100, 40, 140), (25, 10, 0, 10)] {
        house.clock.set(minutes(minute));
        correct(&house, "foyer", foyer).await;
        correct(&house, "cafe", cafe).await;
        let kept = async || {
            let count = "select count from escape_group_sample where group_id = 'main-exit' order by at desc limit 1";
            let kept: Option<i32> =
                sqlx::query_scalar(count).fetch_optional(house.pool("flow")).await.expect("a sample");
            kept == Some(group)
        };
        turn_until(&house, "the sum is kept", kept).await;
    }
    house.clock.set(minutes(40));
    let one = |rise, fall| Some(pb::Threshold { rise, fall });
    let replay = async |group: &str| {
        let request = pb::ReplayDayRequest {
            day: minutes(0).date_naive().to_string(),
            thresholds: Some(pb::Thresholds { amber: one(50, 45), red: one(70, 65), stop: one(80, 75) }),
            zone_ids: Vec::new(),
            group_ids: if group.is_empty() { Vec::new() } else { vec![group.to_owned()] },
        };
        ZonesClient::new(house.channel(&desk())).replay_day(request).await.map(tonic::Response::into_inner)
    };
    let all = replay("").await.expect("played");
    assert_eq!((all.zones.len(), all.groups.len()), (11, 2));
    let played = replay("main-exit").await.expect("played");
    assert_eq!((played.zones.len(), played.groups.len()), (0, 1), "only what was asked for");
    let (was, would) = (&played.groups[0].as_it_was, &played.groups[0].replayed);
    let (was, would) = (was.as_ref().expect("was"), would.as_ref().expect("would"));
    assert_eq!((was.minutes_amber, was.stops), (0, 0), "140 of 260 are 54 percent");
    assert!((4..=5).contains(&would.minutes_amber), "{would:?}");
    // Rooms of it that nobody counts: the sum is an estimate, the foyer alone was counted.
    assert_eq!(would.spans[1].quality(), Quality::Estimated);
    let foyer = all.zones.iter().find(|zone| zone.zone_id == "foyer").and_then(|zone| zone.replayed.as_ref());
    let stop = foyer.and_then(|foyer| foyer.spans.iter().find(|span| span.level() == ZoneLevel::Stop));
    assert_eq!(stop.map(pb::LevelSpan::quality), Some(Quality::Manual));

    let said = |proposals: &[pb::PolicyProposal]| -> Vec<(DirectiveKind, String, bool, i64, i64)> {
        let minute = |at| (kernel::values::from_timestamp(at) - minutes(0)).num_minutes();
        let said = |it: &pb::PolicyProposal| {
            let plan = it.plan.clone().expect("a plan");
            (
                plan.kind(),
                format!("{}>{}", plan.from_zone_id, plan.to_zone_id),
                it.by_itself,
                minute(it.from),
                minute(it.until),
            )
        };
        proposals.iter().map(said).collect()
    };
    let redirect = (DirectiveKind::Redirect, "foyer>cafe".to_owned());
    assert_eq!(
        said(&played.policy_as_it_was),
        [(redirect.0, redirect.1.clone(), true, 10, 25)],
        "83 percent are amber"
    );
    // Fuller than red it asks; the café is full itself ten minutes later; and another room is to take them.
    let overflow = (DirectiveKind::OpenOverflow, "foyer>room-1".to_owned());
    let would = [(redirect.0, redirect.1, false, 10, 20), (overflow.0, overflow.1, false, 10, 25)];
    assert_eq!(said(&played.policy_replayed), would);
    assert_eq!(replay("back-door").await.expect_err("there is none").code(), Code::NotFound);
}

#[tokio::test]
async fn how_long_the_door_takes_is_estimated_from_its_scans() {
    let house = house().await;
    let showing = Uuid::now_v7();
    told(&house, showing, &scheduled(showing)).await;
    let parties: Vec<Uuid> = (0..20).map(|_| Uuid::now_v7()).collect();
    for visit in &parties {
        told(&house, *visit, &booking(*visit, showing, &[Uuid::now_v7(), Uuid::now_v7()])).await;
    }
    house.clock.set(minutes(45));
    move_to(&house, showing, AdmissionState::DoorsOpen).await.expect("doors open");
    assert!(snapshot(&house).await.estimates.is_empty(), "nothing measured, nothing told");
    for (place, visit) in parties.iter().take(10).enumerate() {
        house.clock.set(minutes(45) + TimeDelta::seconds(12 * i64::try_from(place).expect("small")));
        scan(&house, &scan_of(showing, &kernel::ticket_code::reference(*visit))).await.expect("in");
    }
    house.clock.set(minutes(47));
    let estimate = snapshot(&house).await.estimates.remove(0);
    assert_eq!((estimate.people, estimate.per_hour), (20, 600), "20 in two minutes, 20 left");
    assert_eq!(estimate.seconds, 11 * 60, "two minutes at that pace, but the last usually come just before the start");
    assert!(estimate.seconds_low < estimate.seconds && estimate.seconds_high > estimate.seconds);
    let until = kernel::values::from_timestamp(estimate.valid_until);
    assert!(until > kernel::values::from_timestamp(estimate.as_of));
    let page = get(&house, "/open/v1/live", None).await;
    let live: serde_json::Value = page.2;
    assert_eq!(live["liveData"][0]["queue"]["STANDBY"]["waitTime"], 2);
    assert_eq!((live["liveData"][0]["status"].as_str(), page.0), (Some("OPERATING"), 200));
    // Nobody else comes, nothing changes: whoever looks is told anew all the same, before it has grown too old.
    let watch = pb::WatchFlowRequest { after_revision: snapshot(&house).await.revision };
    let mut watched = FlowClient::new(house.channel(&desk())).watch_flow(watch).await.expect("a stream").into_inner();
    let later = minutes(47) + TimeDelta::seconds(40);
    while house.clock.now() < later {
        house.clock.advance(TimeDelta::seconds(2));
        tokio::task::yield_now().await;
    }
    let anew = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            let told = watched.message().await.expect("no fault").expect("more");
            let as_of = told.estimates.first().map(|estimate| kernel::values::from_timestamp(estimate.as_of));
            if as_of.is_some_and(|as_of| as_of > minutes(47)) {
                return;
            }
        }
    });
    anew.await.expect("an estimate of later");
    // What was estimated is noted, and judged when the doors are closed: the next band comes from it.
    let noted = async || {
        sqlx::query_as::<_, (i32, Option<i32>)>("select seconds, score from door_estimate order by minute")
            .fetch_all(house.pool("flow"))
            .await
            .expect("rows")
    };
    turn_until(&house, "it is noted", async || !noted().await.is_empty()).await;
    assert!(noted().await.iter().all(|(seconds, score)| *seconds > 60 && score.is_none()));
    move_to(&house, showing, AdmissionState::Running).await.expect("nobody else has come");
    // One that was noted in the same moment is not judged.
    let scores: Vec<i32> = noted().await.into_iter().filter_map(|(_, score)| score).collect();
    assert!(!scores.is_empty() && scores.iter().all(|score| *score < 0), "they were too long: {scores:?}");
    let before: i32 = sqlx::query_scalar("select seconds_before from door_last_in")
        .fetch_one(house.pool("flow"))
        .await
        .expect("a row");
    assert_eq!(before, 15 * 60 - 108, "the last one came at 12:46:48");
}

/// Status, ETag, body.
async fn get(house: &kernel::testing::House, path: &str, tag: Option<&str>) -> (u16, String, serde_json::Value) {
    let mut request = reqwest::Client::new().get(format!("http://{}{path}", house.running.http));
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let tag = answer.headers().get("etag").expect("a tag").to_str().expect("ASCII").to_owned();
    let body = answer.text().await.expect("text");
    (status, tag, serde_json::from_str(&body).unwrap_or_default())
}

#[tokio::test]
async fn others_read_when_somebody_without_a_ticket_would_come_back() {
    let house = house().await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let starts = |minute: i64| ShowingScheduled {
        starts_at: Some(timestamp(minutes(minute))),
        ends_at: Some(timestamp(minutes(minute + 50))),
        doors_at: Some(timestamp(minutes(minute - 20))),
        last_entry_at: Some(timestamp(minutes(minute))),
        ..scheduled(first)
    };
    told(&house, first, &starts(60)).await;
    let later = ShowingScheduled { showing_id: second.to_string(), ..starts(180) };
    told(&house, second, &later).await;
    let returns = async || get(&house, "/open/v1/live", None).await.2["liveData"][0]["queue"]["RETURN_TIME"].clone();
    let at = |minute: i64| minutes(minute).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let is = |state: &str, span: Option<(i64, i64)>| {
        let (from, until) = span.unzip();
        serde_json::json!({"state": state, "returnStart": from.map(at), "returnEnd": until.map(at)})
    };
    assert_eq!(returns().await, is("AVAILABLE", Some((40, 60))), "between doors and last entry");
    house.clock.set(minutes(50));
    assert_eq!(returns().await, is("AVAILABLE", Some((50, 60))), "the doors are open");

    // Whoever waits with a number comes first.
    let mut door = sky_proto::flow::v1::door_client::DoorClient::new(house.channel(&desk()));
    for _ in 0..11 {
        let number = pb::IssueQueueNumberRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: first.to_string(),
            people: 10,
        };
        door.issue_queue_number(number).await.expect("a number");
    }
    assert_eq!(returns().await, is("AVAILABLE", Some((160, 180))), "110 wait for the 110 places of the first");
    let all: Vec<Uuid> = (0..110).map(|_| Uuid::now_v7()).collect();
    let visit = Uuid::now_v7();
    told(&house, visit, &booking(visit, second, &all)).await;
    assert_eq!(returns().await, is("TEMP_FULL", None), "a ticket may come back");
    house.clock.set(minutes(180));
    assert_eq!(returns().await, is("FINISHED", None), "nobody is let in any more today");
}

#[tokio::test]
async fn nobody_without_a_ticket_is_asked_to_a_closed_party_or_a_showing_for_schools() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let state = async || {
        let (_, _, live) = get(&house, "/open/v1/live", None).await;
        live["liveData"][0]["queue"]["RETURN_TIME"]["state"].clone()
    };
    // The last one is told anew: of those of before this was kept only that makes it known.
    for (audience, expected) in [
        (Audience::Private, "FINISHED"),
        (Audience::School, "FINISHED"),
        (Audience::Unspecified, "FINISHED"),
        (Audience::Public, "AVAILABLE"),
    ] {
        told(&house, showing, &ShowingScheduled { audience: audience.into(), ..scheduled(showing) }).await;
        assert_eq!(state().await, expected, "{audience:?}");
    }
    let other = Uuid::now_v7();
    told(&house, other, &ShowingScheduled { audience: Audience::Private.into(), ..scheduled(other) }).await;
    let all: Vec<Uuid> = (0..110).map(|_| Uuid::now_v7()).collect();
    let visit = Uuid::now_v7();
    told(&house, visit, &booking(visit, showing, &all)).await;
    assert_eq!(state().await, "TEMP_FULL", "the other one has places, and is for its guests");
}

#[tokio::test]
async fn others_read_how_full_the_house_is() {
    let house = house().await;
    correct(&house, "foyer", 118).await;
    let (status, tag, entities) = get(&house, "/open/v1/crowd-flow-observed", None).await;
    assert_eq!(status, 200);
    let foyer =
        entities.as_array().expect("a list").iter().find(|entity| entity["name"] == "Foyer").expect("the foyer");
    assert_eq!((foyer["type"].as_str(), foyer["peopleCount"].as_u64()), (Some("CrowdFlowObserved"), Some(118)));
    assert_eq!(foyer["congested"], true);
    assert!(foyer.get("peopleCountTowards").is_none(), "what is not measured is not told");
    let (status, same, body) = get(&house, "/open/v1/crowd-flow-observed", Some(&tag)).await;
    assert_eq!((status, &same, body.is_null()), (304, &tag, true));
    correct(&house, "foyer", 20).await;
    assert_eq!(get(&house, "/open/v1/crowd-flow-observed", Some(&tag)).await.0, 200);
    let (_, _, live) = get(&house, "/open/v1/live", None).await;
    assert_eq!(live["liveData"], serde_json::json!([]), "no showing, no hall");
}
