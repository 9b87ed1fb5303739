//! The headcount: a range with its age and what it rests on, through the whole day; who has left by assumption.

use chrono::TimeDelta;
use kernel::testing::House;
use sky_proto::flow::v1::{self as pb, AdmissionState, HeadcountBasis, Quality, zones_client::ZonesClient};
use uuid::Uuid;

use crate::{
    support::*,
    xovis::{balance_and_line, counter, line, post, set_state, token},
};

async fn headcount(house: &House) -> pb::Headcount {
    let asked = ZonesClient::new(house.channel(&desk())).get_headcount(pb::GetHeadcountRequest {}).await;
    asked.expect("counted").into_inner()
}

fn of<'c>(count: &'c pb::Headcount, id: &str) -> &'c pb::HeadcountZone {
    count.zones.iter().find(|zone| zone.zone_id == id).expect("a room")
}

async fn rezero(house: &House) {
    let request = pb::RezeroZonesRequest { verified_empty: true };
    ZonesClient::new(house.channel(&desk())).rezero_zones(request).await.expect("empty");
}

#[tokio::test]
async fn a_headcount_is_a_range_with_its_age() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    correct(&house, "cafe", 20).await;
    house.clock.set(minutes(46));
    let count = headcount(&house).await;
    let dome = of(&count, "dome");
    assert_eq!((dome.low, dome.high, dome.quality()), (2, 4, Quality::Live));
    let cafe = of(&count, "cafe");
    // 25 may have gone through its doors within the minute.
    assert_eq!((cafe.low, cafe.high, cafe.quality()), (0, 46, Quality::Manual));
    assert_eq!(cafe.observed_at, Some(kernel::values::timestamp(minutes(45))));
    assert_eq!(count.as_of, Some(kernel::values::timestamp(minutes(46))));
    assert!(count.zones.iter().all(|zone| zone.zone_id != "house"), "rooms only");
    // Three tickets, 150 guests without one, 8 of the staff: what the house file assumes.
    assert_eq!((count.low, count.high, count.basis()), (2, 161, HeadcountBasis::Tickets));
    assert!(count.basis_text.is_some_and(|text| !text.de.is_empty() && !text.en.is_empty()));
    assert!(count.assumptions.iter().any(|text| text.de.contains("spätestens 90 Minuten nach dem Ende")));
}

#[tokio::test]
async fn an_empty_house_is_told_to_be_empty_through_the_night() {
    let house = house().await;
    let count = headcount(&house).await;
    // The café may be open: 150 guests without a ticket, 8 of the staff.
    assert_eq!((count.low, count.high, count.basis()), (0, 158, HeadcountBasis::Tickets), "nobody has looked");
    rezero(&house).await;
    let night = async |hours: i64| {
        house.clock.set(minutes(60 * hours));
        let count = headcount(&house).await;
        assert_eq!((count.low, count.high, count.basis()), (0, 8, HeadcountBasis::SeenEmpty), "after {hours} h");
        assert!(count.zones.iter().all(|zone| zone.high <= 8), "{count:?}");
        assert_eq!(count.seen_empty_at, Some(kernel::values::timestamp(kernel::testing::noon())));
    };
    for hours in [0, 1, 5, 14] {
        night(hours).await;
    }
    // Somebody counts a guest in the café.
    correct(&house, "cafe", 1).await;
    let count = headcount(&house).await;
    assert!(count.high >= 1 && count.basis() != HeadcountBasis::SeenEmpty, "{count:?}");
}

#[tokio::test]
async fn guests_of_a_showing_that_nobody_closed_have_left_some_time_after_it() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    house.clock.set(minutes(110));
    for to in [AdmissionState::Running, AdmissionState::Egress] {
        move_to(&house, showing, to).await.expect("moved");
    }
    let count = headcount(&house).await;
    assert_eq!((of(&count, "dome").low, of(&count, "dome").high), (0, 4), "on their way out");
    house.clock.set(minutes(116));
    let count = headcount(&house).await;
    assert_eq!((of(&count, "dome").low, of(&count, "dome").high), (0, 0));
    assert_eq!(of(&count, "dome").quality(), Quality::Estimated);
    assert!(count.high >= 3, "they may be in the café");
    assert_eq!(zone(&house, "foyer").await.count, Some(3));
    // 90 minutes after the end, says the house file.
    house.clock.set(minutes(200) - TimeDelta::seconds(6));
    turn_until(&house, "they have gone home", async || zone(&house, "foyer").await.count == Some(0)).await;
    assert!(house.clock.now() >= minutes(200), "not before");
    assert_eq!(zone(&house, "foyer").await.quality(), Quality::Estimated);
    let gone = audit(&house, &showing.to_string()).await;
    assert!(gone.iter().any(|act| act.act == "assumed_gone" && act.who == "flow"), "{gone:?}");
    let count = headcount(&house).await;
    assert_eq!((count.low, count.high), (0, 158), "guests without a ticket may be there");
    // Once: whoever stands in the foyer now is somebody else.
    correct(&house, "foyer", 7).await;
    move_to(&house, showing, AdmissionState::Closed).await.expect("closed at last");
    assert_eq!(zone(&house, "foyer").await.count, Some(7));
}

#[tokio::test]
async fn guests_are_not_taken_off_a_number_that_somebody_has_counted_after_their_showing() {
    for empty in [false, true] {
        let house = house().await;
        let (showing, visit, _) = open(&house).await;
        scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
        house.clock.set(minutes(110));
        for to in [AdmissionState::Running, AdmissionState::Egress, AdmissionState::Turnover] {
            move_to(&house, showing, to).await.expect("moved");
        }
        assert_eq!(zone(&house, "foyer").await.count, Some(3));
        // The three have gone home, and others have come.
        if empty {
            rezero(&house).await;
            let idempotency_key = Uuid::now_v7().to_string();
            let click = pb::ClickZoneRequest { idempotency_key, zone_id: "foyer".to_owned(), people: 5 };
            ZonesClient::new(house.channel(&desk())).click_zone(click).await.expect("clicked");
        } else {
            correct(&house, "foyer", 5).await;
        }
        move_to(&house, showing, AdmissionState::Closed).await.expect("closed");
        assert_eq!(zone(&house, "foyer").await.count, Some(5), "found empty: {empty}");
    }
}

#[tokio::test]
async fn the_house_file_says_what_is_assumed() {
    let house = house().await;
    for (line, problem) in [
        ("stay_minutes = 90", "stay_minutes = 481"),
        ("doors = [\"foyer-1\"]", "doors = [\"nowhere\"]"),
        ("per_minute = 25", "per_minute = 0"),
        ("staff = 8", "stuff = 8"),
    ] {
        let text = HOUSE_FILE.replace(line, problem);
        assert_ne!(text, HOUSE_FILE);
        let refused = load(&house, &text).await.expect_err(problem);
        assert!(refused.message().contains("headcount") || refused.message().contains("stuff"), "{refused}");
    }
    let stricter = HOUSE_FILE.replace("staff = 8", "staff = 3");
    load(&house, &stricter).await.expect("loads");
    assert_eq!(headcount(&house).await.high, 150 + 3);
}

#[tokio::test]
async fn an_alarm_leaves_nobody_certainly_in_a_hall() {
    let house = house().await;
    let (showing, visit, _) = open(&house).await;
    scan(&house, &scan_of(showing, &kernel::ticket_code::reference(visit))).await.expect("in");
    let scanned = zone(&house, "dome").await.observed_at;
    let dome = async || {
        let count = headcount(&house).await;
        let dome = of(&count, "dome");
        assert_eq!(dome.observed_at, scanned, "nobody has counted since: {dome:?}");
        (dome.low, dome.high, dome.quality())
    };
    assert_eq!(dome().await, (2, 4, Quality::Live));
    let set = async |by: &str, state: pb::HouseState| {
        let caller = kernel::Caller::Staff { account: by.to_owned(), roles: vec![kernel::Role::Desk] };
        let request = pb::SetHouseStateRequest { state: state.into(), reason: "alarm".to_owned(), exercise: false };
        let set = pb::flow_client::FlowClient::new(house.channel(&caller)).set_house_state(request).await;
        set.expect("set");
    };
    house.clock.set(minutes(50));
    set("anna", pb::HouseState::Evacuating).await;
    house.clock.set(minutes(55));
    assert_eq!(dome().await, (0, 4, Quality::Estimated), "they have left unscanned");
    let said = headcount(&house).await.assumptions;
    assert!(said.iter().any(|text| text.de.starts_with("Seit der Räumung")), "{said:?}");
    for by in ["anna", "ben"] {
        set(by, pb::HouseState::AllClear).await;
    }
    assert_eq!(dome().await, (0, 4, Quality::Estimated), "whoever comes back is not scanned again");
}

/// One package of the counter over the main door, sent in one minute and about another one.
fn body(package: i64, sent: i64, minute: i64, (came, gone): (u32, u32), there: u32) -> Vec<u8> {
    let time = |minute: i64| minutes(minute).to_rfc3339();
    let record = |logic: i64, counts: serde_json::Value| serde_json::json!({"id": logic, "records": [{"from": time(minute - 1), "to": time(minute), "counts": counts}]});
    let line = serde_json::json!([{"name": "fw", "value": came}, {"name": "bw", "value": gone}]);
    let balance = serde_json::json!([{"name": "balance", "value": there}]);
    let body = serde_json::json!({"logics_data": {
        "package_info": {"id": package},
        "sensor_info": {"time": time(sent)},
        "logics": [record(1000, line), record(1001, balance)],
    }});
    body.to_string().into_bytes()
}

/// One that is about now.
async fn push(house: &House, token: &str, package: i64, minute: i64, crossed: (u32, u32), there: u32) {
    house.clock.set(minutes(minute));
    let (status, answer) = post(house, token, body(package, minute, minute, crossed, there)).await;
    assert_eq!(status, 200, "package {package}: {answer}");
}

#[tokio::test]
async fn counted_doors_bound_everybody_in_the_house() {
    let house = house().await;
    let token = token(&house, "foyer-1").await;
    push(&house, &token, 1, 1, (0, 0), 0).await;
    set_state(&house, "foyer-1", pb::SensorState::Online).await.expect("at work");
    rezero(&house).await;
    told(&house, Uuid::now_v7(), &scheduled(Uuid::now_v7())).await;
    push(&house, &token, 2, 2, (90, 0), 90).await;
    // Some have gone upstairs, where nobody counts.
    push(&house, &token, 3, 3, (5, 15), 20).await;
    push(&house, &token, 4, 4, (0, 0), 20).await;
    let count = headcount(&house).await;
    // 80, 3 in a hundred of 110 wrong, 8 of the staff.
    assert_eq!((count.low, count.high, count.basis()), (76, 92, HeadcountBasis::Doors), "{count:?}");
    assert_eq!((of(&count, "foyer").low, of(&count, "foyer").high), (19, 21));
    assert_eq!(of(&count, "room-1").high, 92 - 19, "nobody is in two rooms");
    // What staff click did not go through a door.
    let click =
        pb::ClickZoneRequest { idempotency_key: Uuid::now_v7().to_string(), zone_id: "foyer".to_owned(), people: 5 };
    ZonesClient::new(house.channel(&desk())).click_zone(click).await.expect("clicked");
    assert_eq!(headcount(&house).await.low, 76);
    // A counter that was silent has missed somebody.
    house.clock.advance(TimeDelta::minutes(10));
    let silent = async || zone(&house, "foyer").await.quality() == Quality::Degraded;
    turn_until(&house, "it is silent", silent).await;
    assert_ne!(headcount(&house).await.basis(), HeadcountBasis::Doors);
}

#[tokio::test]
async fn a_counter_that_was_silent_tells_nobody_that_the_house_is_empty() {
    let house = house().await;
    let token = token(&house, "foyer-1").await;
    push(&house, &token, 1, 1, (0, 0), 0).await;
    set_state(&house, "foyer-1", pb::SensorState::Online).await.expect("at work");
    rezero(&house).await;
    push(&house, &token, 2, 2, (0, 0), 0).await;
    let count = headcount(&house).await;
    assert_eq!((count.high, count.basis()), (8, HeadcountBasis::SeenEmpty), "{count:?}");
    house.clock.set(minutes(6));
    let silent = async || zone(&house, "foyer").await.quality() == Quality::Degraded;
    turn_until(&house, "it is silent", silent).await;

    // It is heard again, and tells how many were there while nobody heard it.
    house.clock.set(minutes(20));
    let old = body(3, 20, 12, (0, 0), 0);
    assert_eq!(post(&house, &token, old).await.0, 200);
    let foyer = zone(&house, "foyer").await;
    assert_eq!((foyer.count, foyer.quality()), (None, Quality::Degraded), "that was then");
    let unknown = async |what: &str| {
        let count = headcount(&house).await;
        assert_eq!((count.high, count.basis()), (158, HeadcountBasis::Tickets), "{what}: {count:?}");
    };
    unknown("nobody knows who has come since").await;
    // The rest of what it kept, and then what it sees now: nobody in the foyer. Whoever came in is upstairs.
    assert_eq!(post(&house, &token, body(4, 20, 19, (0, 0), 0)).await.0, 200);
    assert_eq!(zone(&house, "foyer").await.count, None);
    push(&house, &token, 5, 21, (0, 0), 0).await;
    let foyer = zone(&house, "foyer").await;
    assert_eq!((foyer.count, foyer.quality()), (Some(0), Quality::Live));
    unknown("an empty foyer is no empty house").await;

    // Somebody walks through the house, after it is heard again.
    rezero(&house).await;
    let count = headcount(&house).await;
    assert_eq!((count.high, count.basis()), (8, HeadcountBasis::SeenEmpty), "{count:?}");
}

#[tokio::test]
async fn a_count_is_no_younger_than_what_was_seen_and_a_count_by_hand_ends_what_was_before_it() {
    let house = house().await;
    let foyers = counter(&house).await;
    post(&house, &foyers, balance_and_line(1, minutes(0), 43, 7)).await;
    let cafes = token(&house, "cafe-1").await;
    post(&house, &cafes, line(1, minutes(0), 0, 0)).await;
    set_state(&house, "cafe-1", pb::SensorState::Online).await.expect("at work");
    correct(&house, "cafe", 10).await;

    house.clock.set(minutes(1));
    post(&house, &cafes, line(2, minutes(1), 2, 0)).await;
    let foyer = zone(&house, "foyer").await;
    assert_eq!(foyer.count, Some(41), "two of them are in the café now");
    // The café's counter does not see who leaves the house.
    assert_eq!(foyer.observed_at, Some(kernel::values::timestamp(minutes(0))));
    assert_eq!(zone(&house, "cafe").await.observed_at, Some(kernel::values::timestamp(minutes(1))));

    // Somebody counts in the middle of an interval in which four came: in the mean two of them are in that number.
    house.clock.set(minutes(1) + TimeDelta::seconds(30));
    correct(&house, "cafe", 20).await;
    house.clock.set(minutes(2));
    post(&house, &cafes, line(3, minutes(2), 4, 0)).await;
    assert_eq!(zone(&house, "cafe").await.count, Some(22));
    let range = |count: &pb::Headcount| (of(count, "cafe").low, of(count, "cafe").high);
    assert_eq!(range(&headcount(&house).await), (17, 27), "one by the counter's error, four that nobody knows of");
    correct(&house, "cafe", 22).await;
    assert_eq!(range(&headcount(&house).await), (21, 23));
}
