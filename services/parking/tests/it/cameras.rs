//! Cameras at the lanes: plates of booked bays open, once; whatever is doubtful, late, forged or malformed does not;
//! and no plate is kept.

use chrono::TimeDelta;
use kernel::{Role, testing::House, testing::staff, values::timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sky_proto::parking::v1::{
    self as pb, confirm_command_request::Step, gates_client::GatesClient, occupancy_client::OccupancyClient,
};
use tonic::Code;
use uuid::Uuid;

use crate::{
    client,
    gates::{beats, says},
    journal::{entry, submits},
    support::*,
};

pub async fn token(house: &House, camera: &str) -> String {
    let request = pb::IssueDeviceTokenRequest { device_id: camera.to_owned() };
    client!(house, &staff(Role::Operator)).issue_device_token(request).await.expect("issued").into_inner().token
}

/// What Plate Recognizer Stream sends.
pub fn recognition(house: &House, plate: &str, score: f64, dscore: f64) -> Value {
    json!({"hook": {"target": "http://x", "id": "camera-1", "event": "recognition", "filename": "x.jpg"},
        "data": {"camera_id": "camera-1", "filename": "x.jpg", "timestamp": house.clock.now().to_rfc3339(),
            "timestamp_local": "2021-09-29 07:56:13.606935+02:00",
            "results": [{"box": {"xmin": 153, "ymin": 91, "xmax": 302, "ymax": 125}, "plate": plate, "score": score,
                "dscore": dscore, "region": {"code": "de", "score": 0.413}, "candidates": [{"plate": plate, "score": score}],
                "vehicle": {"type": "Sedan", "score": 0.267}, "direction": ""}]}})
}

async fn push(house: &House, token: &str, body: &str) -> (StatusCode, Value) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/lanes/plate-recognizer", house.running.http))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

pub async fn seen(house: &House, token: &str, recognition: &Value) -> String {
    let (status, told) = push(house, token, &recognition.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert!(told["message"]["de"].as_str().is_some_and(|message| !message.is_empty()), "{told}");
    told["verdict"].as_str().expect("a verdict").to_owned()
}

pub async fn set_plate(house: &House, visit: Uuid, plate: &str) -> Result<pb::Right, tonic::Status> {
    let request = pb::SetPlateRequest { visit_id: visit.to_string(), plate: plate.to_owned() };
    client!(house, &staff(Role::Desk)).set_plate(request).await.map(tonic::Response::into_inner)
}

pub async fn plates(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from plate").fetch_one(house.pool("parking")).await.expect("counted")
}

async fn occupied(house: &House) -> Option<u32> {
    site(house).await.classes[0].occupied
}

#[tokio::test]
async fn a_booked_plate_opens_in_and_out_once_and_is_forgotten_when_the_car_leaves() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    assert!(set_plate(&house, visit, "HAL-AB 123").await.expect("noted").plate_known);
    let (into, out) = (token(&house, "camera-in-1").await, token(&house, "camera-out-1").await);

    let entry = recognition(&house, "halab123", 0.9, 0.85);
    assert_eq!(seen(&house, &into, &entry).await, "open");
    assert_eq!(seen(&house, &into, &entry).await, "open", "the same push again");
    assert_eq!(occupied(&house).await, Some(1), "counted once");
    let orders = beats(&house, "in-1", false, "").await;
    for step in [Step::Acknowledged, Step::Confirmed] {
        says(&house, "in-1", &orders.commands[0].command_id, step).await.expect("it has opened");
    }
    house.clock.set(house.clock.now() + TimeDelta::seconds(30));
    assert_eq!(seen(&house, &into, &recognition(&house, "HALAB123", 0.9, 0.85)).await, "already_in");

    assert_eq!(plates(&house).await, 1);
    assert_eq!(seen(&house, &out, &recognition(&house, "HAL AB 123", 0.9, 0.85)).await, "open");
    assert_eq!((occupied(&house).await, plates(&house).await), (Some(0), 0));
    assert!(!right(&house, visit).await.plate_known);
    let refused = set_plate(&house, visit, "HAL-AB 123").await.expect_err("it has left");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_car_that_the_camera_has_told_of_is_no_other_in_the_journal_of_its_lane() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    set_plate(&house, visit, "HAL-AB 123").await.expect("noted");
    let code = right(&house, visit).await.reference;
    for (camera, lane, cars) in [("camera-in-1", "in-1", 1), ("camera-out-1", "out-1", 0)] {
        let token = token(&house, camera).await;
        assert_eq!(seen(&house, &token, &recognition(&house, "HALAB123", 0.9, 0.85)).await, "open");
        // The barrier has not heard of it, and opened from its list a little later.
        let at = house.clock.now() + TimeDelta::seconds(20);
        house.clock.set(house.clock.now() + TimeDelta::minutes(10));
        let entry = pb::JournalEntry { at: Some(timestamp(at)), ..entry(&code, 0) };
        assert_eq!(submits(&house, lane, &[entry]).await, (1, 0));
        assert_eq!(occupied(&house).await, Some(cars), "{lane}");
    }
    // On its way in once more, and nobody has seen that: this is a car.
    let later = entry(&code, 30);
    house.clock.set(minutes(40));
    assert_eq!((submits(&house, "in-1", &[later]).await, occupied(&house).await), ((1, 0), Some(1)));
}

#[tokio::test]
async fn doubt_opens_no_entry_and_keeps_nobody_in() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    set_plate(&house, visit, "HAL-AB 123").await.expect("noted");
    let (into, out) = (token(&house, "camera-in-1").await, token(&house, "camera-out-1").await);
    let mut late = recognition(&house, "HALAB123", 0.9, 0.9);
    late["data"]["timestamp"] = (house.clock.now() - TimeDelta::seconds(40)).to_rfc3339().into();
    for (what, entry, at_entry, at_exit) in [
        ("another plate", recognition(&house, "HALAB124", 0.9, 0.9), "unknown_plate", "open"),
        ("unsure characters", recognition(&house, "HALAB123", 0.5, 0.9), "unreadable", "open"),
        ("unsure that it is one", recognition(&house, "HALAB123", 0.95, 0.441), "unreadable", "open"),
        ("no plate at all", recognition(&house, "🚗", 0.9, 0.9), "unreadable", "open"),
        ("the car before", late, "too_late", "too_late"),
    ] {
        assert_eq!(seen(&house, &into, &entry).await, at_entry, "{what}");
        assert_eq!(seen(&house, &out, &entry).await, at_exit, "{what}");
    }
    assert_eq!(occupied(&house).await, Some(0), "nobody was in");
    // The code opens as ever.
    let code = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: pb::Direction::In.into(),
        code: right(&house, visit).await.reference,
        bay_class: 0,
    };
    let opened = client!(house, &lane()).record_lane(code).await.expect("answered").into_inner();
    assert_eq!(opened.verdict(), pb::record_lane_response::Verdict::Open);
}

/// A booked car whose plate is known comes in, and three that nobody knows. The booked visit, and the tokens of the cameras of
/// both ways.
async fn four_cars_in(house: &House) -> (Uuid, String, String) {
    let visit = Uuid::now_v7();
    confirmed_right(house, visit, Uuid::now_v7()).await;
    set_plate(house, visit, "HAL-AB 123").await.expect("noted");
    let (into, out) = (token(house, "camera-in-1").await, token(house, "camera-out-1").await);
    assert_eq!(seen(house, &into, &recognition(house, "HALAB123", 0.9, 0.9)).await, "open");
    for _ in 0..3 {
        house.clock.advance(TimeDelta::seconds(1));
        walk_in(house, pb::Direction::In).await;
    }
    (visit, into, out)
}

#[tokio::test]
async fn whoever_came_without_a_booking_is_counted_out_whatever_the_camera_makes_of_the_plate() {
    let house = house().await;
    let later = |seconds| house.clock.set(house.clock.now() + TimeDelta::seconds(seconds));
    let (visit, _, out) = four_cars_in(&house).await;
    assert_eq!(occupied(&house).await, Some(4));

    // A plate that nobody has booked, seen twice by a camera that is quick; then one that cannot be read.
    let first = recognition(&house, "HALXY9", 0.9, 0.9);
    assert_eq!(seen(&house, &out, &first).await, "open");
    assert_eq!(seen(&house, &out, &first).await, "open", "the same push again");
    later(2);
    assert_eq!(seen(&house, &out, &recognition(&house, "HALXV9", 0.9, 0.9)).await, "open", "the same car, misread");
    assert_eq!(occupied(&house).await, Some(3), "one car has left");
    later(20);
    assert_eq!(seen(&house, &out, &recognition(&house, "?", 0.3, 0.9)).await, "open");
    assert_eq!(occupied(&house).await, Some(2));

    // Unreadable first, then known: one car, and it is the booked one.
    later(20);
    assert_eq!(seen(&house, &out, &recognition(&house, "?", 0.3, 0.9)).await, "open");
    later(2);
    assert_eq!(seen(&house, &out, &recognition(&house, "HALAB123", 0.9, 0.9)).await, "open");
    assert_eq!(right(&house, visit).await.state(), pb::RightState::Left);
    assert_eq!(occupied(&house).await, Some(1));
    assert_eq!(stays(&house).await, [(false, true), (false, false), (false, false), (true, false)]);
    later(20);
    walk_in(&house, pb::Direction::Out).await;
    assert_eq!(occupied(&house).await, Some(0), "without a plate, a code, a class");
}

/// A reading by a clock that is so many seconds behind.
fn behind(house: &House, plate: &str, seconds: i64) -> Value {
    let mut reading = recognition(house, plate, 0.9, 0.9);
    reading["data"]["timestamp"] = (house.clock.now() - TimeDelta::seconds(seconds)).to_rfc3339().into();
    reading
}

/// The cameras of the way out whose clocks are wrong, as staff see them.
async fn wrong_clocks(house: &House) -> Vec<(String, i64)> {
    let told = GatesClient::new(house.channel(&attendant())).list_lanes(pb::ListLanesRequest {}).await;
    let lanes = told.expect("told").into_inner().lanes;
    let lane = lanes.into_iter().find(|it| it.lane == "out-1").expect("the way out");
    lane.wrong_clocks.into_iter().map(|it| (it.camera, it.behind_seconds)).collect()
}

#[tokio::test]
async fn a_camera_with_a_wrong_clock_keeps_nobody_in_and_is_shown_to_staff() {
    let house = house().await;
    let later = |seconds| house.clock.set(house.clock.now() + TimeDelta::seconds(seconds));
    let (visit, into, out) = four_cars_in(&house).await;
    // The way in asks for a code, or a call.
    let (_, told) = push(&house, &into, &behind(&house, "HALXY1", 40).to_string()).await;
    assert_eq!(told["verdict"], "too_late");
    assert!(told["message"]["en"].as_str().is_some_and(|said| said.contains("intercom")), "{told}");
    // Behind, ahead, and begun anew in 1970: whoever came without a code gets out, and is counted.
    for (car, (seconds, left)) in [(40, 3), (-30, 2), (house.clock.now().timestamp(), 1)].into_iter().enumerate() {
        later(600);
        let plate = format!("HALXY{car}");
        assert_eq!(seen(&house, &out, &behind(&house, &plate, seconds)).await, "open", "{seconds}");
        assert_eq!(occupied(&house).await, Some(left), "{seconds}");
        let shown = wrong_clocks(&house).await;
        assert_eq!(shown.len(), 1);
        assert!(shown[0].0 == "camera-out-1" && (shown[0].1 - seconds).abs() <= 1, "{shown:?}");
        // Nobody can say of which car this is: one has just left.
        later(2);
        let (_, told) = push(&house, &out, &behind(&house, "HALXZ9", seconds).to_string()).await;
        assert_eq!(told["verdict"], "too_late");
        assert!(told["message"]["de"].as_str().is_some_and(|said| said.contains("Sprechstelle")), "{told}");
        assert_eq!(occupied(&house).await, Some(left));
    }
    // A booked car is known all the same. After the show one comes soon after the other, and the clock is as wrong as before.
    walk_in(&house, pb::Direction::In).await;
    later(600);
    assert_eq!(seen(&house, &out, &behind(&house, "HALXY7", 40)).await, "open");
    later(8);
    assert_eq!(seen(&house, &out, &behind(&house, "HALAB123", 41)).await, "open");
    assert_eq!((right(&house, visit).await.state(), occupied(&house).await), (pb::RightState::Left, Some(0)));
    later(60);
    assert_eq!(seen(&house, &out, &recognition(&house, "HALXY8", 0.9, 0.9)).await, "open");
    assert_eq!(wrong_clocks(&house).await, [], "set right");
}

#[tokio::test]
async fn readings_that_were_long_on_the_way_let_out_the_one_car_that_stands_there_however_many_come() {
    let house = house().await;
    let (_, _, out) = four_cars_in(&house).await;
    house.clock.advance(TimeDelta::seconds(600));
    // Two a second, for a car that the camera has seen every two seconds since its link was lost a minute ago.
    let mut answers = Vec::new();
    for nth in 0..24 {
        let ago = TimeDelta::milliseconds(60_000 - 1_500 * nth);
        let mut reading = recognition(&house, "HALXY1", 0.9, 0.9);
        reading["data"]["timestamp"] = (house.clock.now() - ago).to_rfc3339().into();
        let (_, told) = push(&house, &out, &reading.to_string()).await;
        answers.push(told["verdict"].as_str().expect("a verdict").to_owned());
        house.clock.advance(TimeDelta::milliseconds(500));
    }
    assert_eq!((answers.remove(0).as_str(), occupied(&house).await), ("open", Some(3)), "{answers:?}");
    assert!(answers.iter().all(|it| it == "too_late"), "{answers:?}");
}

#[tokio::test]
async fn a_camera_with_one_odd_result_is_believed_in_the_others() {
    let house = house().await;
    let (into, out) = (token(&house, "camera-in-1").await, token(&house, "camera-out-1").await);
    let mut reading = recognition(&house, "HALXY1", 0.9, 0.9);
    // A vehicle whose plate was not seen at all.
    let odd = json!({"plate": null, "score": 0.0, "vehicle": {"type": "Sedan", "score": 0.9}});
    reading["data"]["results"].as_array_mut().expect("a list").insert(0, odd.clone());
    assert_eq!(seen(&house, &into, &reading).await, "unknown_plate");
    assert_eq!(seen(&house, &out, &reading).await, "open");
    reading["data"]["results"] = json!([{"plate": 7, "score": 0.0}]);
    assert_eq!(push(&house, &out, &reading.to_string()).await.0, StatusCode::BAD_REQUEST, "nothing to be read");
}

#[tokio::test]
async fn a_vehicle_whose_plate_no_camera_can_find_is_let_out_and_not_in() {
    let house = house().await;
    for _ in 0..3 {
        walk_in(&house, pb::Direction::In).await;
    }
    // As Stream sends it, and with no word about anything but the vehicle.
    let without = [
        json!({"plate": null, "score": null, "dscore": null, "candidates": null, "vehicle": {"type": "Sedan", "score": 0.9}}),
        json!({"plate": null}),
    ];
    for (result, left) in without.into_iter().zip([2, 1]) {
        house.clock.advance(TimeDelta::minutes(1));
        let mut reading = recognition(&house, "HALXY1", 0.9, 0.9);
        reading["data"]["results"] = json!([result]);
        let (into, out) = (token(&house, "camera-in-1").await, token(&house, "camera-out-1").await);
        assert_eq!(seen(&house, &into, &reading).await, "unreadable");
        assert_eq!(seen(&house, &out, &reading).await, "open", "never a trapped car");
        assert_eq!(occupied(&house).await, Some(left), "and it is counted out once");
    }
}

/// As the vendor documents it: candidates without a score.
const DOCUMENTED: &str = r#"{"hook":{"event":"recognition","id":"camera-1"},"data":{"camera_id":"camera-1","timestamp":"2021-09-29T05:56:13.606935Z","results":[{"plate":"9jub11","score":0.839,"region":{"code":"gb","score":0.413},"candidates":[{"plate":"9jub11"}],"dscore":0.441,"vehicle":{"type":"Big Truck","score":0.267},"direction":""}]}}"#;

#[tokio::test]
async fn the_documented_recognition_is_read_as_it_stands() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    set_plate(&house, visit, "9JUB 11").await.expect("noted");
    let into = token(&house, "camera-in-1").await;
    let body = DOCUMENTED.replace("2021-09-29T05:56:13.606935Z", &house.clock.now().to_rfc3339());
    let (status, told) = push(&house, &into, &body).await;
    assert_eq!((status, &told["verdict"]), (StatusCode::OK, &json!("unreadable")), "hardly sure that it is a plate");
    house.clock.set(house.clock.now() + TimeDelta::seconds(1));
    let body = DOCUMENTED.replace("2021-09-29T05:56:13.606935Z", &house.clock.now().to_rfc3339());
    let body = body.replace("\"dscore\":0.441", "\"dscore\":0.941");
    let (status, told) = push(&house, &into, &body).await;
    assert_eq!((status, &told["verdict"]), (StatusCode::OK, &json!("open")));
    assert_eq!(right(&house, visit).await.state(), pb::RightState::CheckedIn);
}

/// A car without a booking, told of by the lane's loop: in by class, out without one.
async fn walk_in(house: &House, direction: pb::Direction) {
    let class = if direction == pb::Direction::In { pb::BayClass::Standard } else { pb::BayClass::Unspecified };
    let request = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: if direction == pb::Direction::In { "in-1" } else { "out-1" }.to_owned(),
        direction: direction.into(),
        code: String::new(),
        bay_class: class.into(),
    };
    let opened = client!(house, &attendant()).record_lane(request).await.expect("answered").into_inner();
    assert_eq!(opened.verdict(), pb::record_lane_response::Verdict::Open);
}

/// Of each stay, the latest first: whether it has a right, and whether it goes on.
async fn stays(house: &House) -> Vec<(bool, bool)> {
    let (from, until) = (minutes(-60), minutes(600));
    let span = pb::ListSessionsRequest {
        from: Some(kernel::values::timestamp(from)),
        until: Some(kernel::values::timestamp(until)),
    };
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    let told = occupancy.list_sessions(span).await.expect("listed").into_inner();
    told.sessions.iter().map(|stay| (stay.has_right, stay.left_at.is_none())).collect()
}

#[tokio::test]
async fn a_booked_car_that_leaves_unnamed_is_counted_out_and_no_car_is_counted_twice() {
    let house = house().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut codes = Vec::new();
    for visit in [one, other] {
        confirmed_right(&house, visit, Uuid::now_v7()).await;
        codes.push(right(&house, visit).await.reference);
    }
    let pass = async |direction: pb::Direction, code: &str| {
        let request = pb::RecordLaneRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            lane: "out-1".to_owned(),
            direction: direction.into(),
            code: code.to_owned(),
            bay_class: 0,
        };
        house.clock.set(house.clock.now() + TimeDelta::seconds(30));
        client!(house, &attendant()).record_lane(request).await.expect("answered");
    };
    pass(pb::Direction::In, &codes[0]).await;
    pass(pb::Direction::In, &codes[1]).await;
    assert_eq!(occupied(&house).await, Some(2));
    pass(pb::Direction::Out, "https://example.org").await;
    assert_eq!(occupied(&house).await, Some(1), "one of the two has left");
    // It was the other one: the first still shows its code.
    pass(pb::Direction::Out, &codes[0]).await;
    assert_eq!((occupied(&house).await, stays(&house).await), (Some(0), vec![(true, false), (true, false)]));
}

#[tokio::test]
async fn what_is_no_recognition_is_refused_in_words() {
    let house = house().await;
    let good = token(&house, "camera-in-1").await;
    let body = recognition(&house, "HALAB123", 0.9, 0.9).to_string();
    assert_eq!(push(&house, "forged", &body).await.0, StatusCode::UNAUTHORIZED);
    let newer = token(&house, "camera-in-1").await;
    assert_eq!(push(&house, &good, &body).await.0, StatusCode::UNAUTHORIZED, "an older token");
    for (body, status) in [
        (String::new(), StatusCode::BAD_REQUEST),
        ("[]".to_owned(), StatusCode::BAD_REQUEST),
        (body.replace("timestamp\":\"", "timestamp\":\"yesterday "), StatusCode::BAD_REQUEST),
        (body.replace("0.9", "\"high\""), StatusCode::BAD_REQUEST),
        (body.replace("0.9", "\"HALAB123\""), StatusCode::BAD_REQUEST),
        (body.replace("timestamp\":\"", "timestamp\":\"HALAB123"), StatusCode::BAD_REQUEST),
        (body[..body.len() / 2].to_owned(), StatusCode::BAD_REQUEST),
        (format!("{body}{}", " ".repeat(70_000)), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (answered, told) = push(&house, &newer, &body).await;
        assert_eq!(answered, status, "{told}");
        let problem = told["error"].as_str().unwrap_or_default();
        assert!((1..1000).contains(&problem.len()) && !problem.contains("HALAB"), "no plate is repeated: {told}");
    }
    let mut bytes = body.clone().into_bytes();
    let place = bytes.windows(8).position(|part| part == b"HALAB123").expect("named");
    bytes[place] = 0xff;
    let post = reqwest::Client::new().post(format!("http://{}/lanes/plate-recognizer", house.running.http));
    for (kind, body, status) in [
        ("application/json", bytes, StatusCode::BAD_REQUEST),
        ("multipart/form-data", body.clone().into_bytes(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let post = post.try_clone().expect("no body yet").bearer_auth(&newer).header("content-type", kind);
        assert_eq!(post.body(body).send().await.expect("an answer").status(), status, "{kind}");
    }
    let mut nothing = recognition(&house, "", 0.0, 0.0);
    nothing["data"]["results"] = json!([]);
    assert_eq!(push(&house, &newer, &nothing.to_string()).await, (StatusCode::OK, json!({"verdict": "nothing_seen"})));
    let unknown = pb::IssueDeviceTokenRequest { device_id: "camera-9".to_owned() };
    let refused = client!(house, &staff(Role::Operator)).issue_device_token(unknown).await.expect_err("no such camera");
    assert_eq!(refused.code(), Code::NotFound);
    let refused = set_plate(&house, Uuid::now_v7(), "HAL-AB 123").await.expect_err("no bay");
    assert_eq!(refused.code(), Code::NotFound);
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let refused = set_plate(&house, visit, "H/AB 123").await.expect_err("no plate");
    assert!(refused.message().starts_with("plate"), "{}", refused.message());
}

#[tokio::test]
async fn no_plate_is_stored_and_none_outlives_its_day() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    set_plate(&house, visit, "HAL-AB 123").await.expect("noted");
    let into = token(&house, "camera-in-1").await;
    seen(&house, &into, &recognition(&house, "HALAB123", 0.9, 0.9)).await;
    let pool = house.pool("parking").clone();
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = current_schema()")
            .fetch_all(&pool)
            .await
            .expect("listed");
    assert!(tables.iter().any(|table| table == "lane_event"), "{tables:?}");
    for table in tables {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from \"{table}\" t")))
            .fetch_all(&pool)
            .await
            .expect("read");
        for row in rows {
            assert!(!row.to_uppercase().contains("HALAB123") && !row.contains("HAL-AB"), "{table}: {row}");
        }
    }

    assert_eq!(plates(&house).await, 1);
    house.clock.set(house.clock.now() + TimeDelta::hours(26));
    let forgotten = async {
        while plates(&house).await > 0 {
            house.clock.set(house.clock.now() + TimeDelta::seconds(61));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), forgotten).await.expect("forgotten the day after");
}
