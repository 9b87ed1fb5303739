//! Coaches: minutes at the kerb to let a class out, the bay while it is in the house, minutes to fetch it; moved along with
//! the showing, used at once by a coach that is early, and never given to two.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    testing::House,
    values::{from_timestamp, timestamp},
};
use sky_proto::{
    journey::v1::VisitCancelled,
    parking::v1::{self as pb, Direction, RightState, record_lane_response::Verdict},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

/// A showing from minute 120 to 180 of the day.
async fn showing(house: &House) -> Uuid {
    let showing = Uuid::now_v7();
    let scheduled = ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &scheduled).await.expect("known");
    showing
}

fn coach(visit: Uuid, showing: Uuid) -> pb::HoldBayRequest {
    let channel = pb::Channel::Desk.into();
    pb::HoldBayRequest { bay_class: pb::BayClass::Coach.into(), channel, ..wish(visit, showing) }
}

async fn class(house: &House, showing: Uuid) -> Uuid {
    let visit = Uuid::now_v7();
    hold(house, &coach(visit, showing)).await.expect("held");
    house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("confirmed");
    visit
}

async fn delay(house: &House, showing: Uuid, by: i32) {
    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: by,
        starts_at: Some(timestamp(minutes(120 + i64::from(by)))),
        ends_at: Some(timestamp(minutes(180 + i64::from(by)))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("moved");
}

/// The minutes at which a stop begins; it lasts ten.
fn begins(stop: &Option<pb::Stop>) -> Option<i64> {
    let stop = stop.as_ref()?;
    let (from, until) = (from_timestamp(stop.from), from_timestamp(stop.until));
    assert_eq!(until - from, TimeDelta::minutes(10));
    Some((from - minutes(0)).num_minutes())
}

async fn stops(house: &House, visit: Uuid) -> (Option<i64>, Option<i64>) {
    let stops = right(house, visit).await.stops.expect("a coach's");
    (begins(&stops.set_down), begins(&stops.pick_up))
}

async fn drives(house: &House, visit: Uuid, direction: Direction) -> pb::RecordLaneResponse {
    let request = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: if direction == Direction::In { "in-1" } else { "out-1" }.to_owned(),
        direction: direction.into(),
        code: right(house, visit).await.reference,
        bay_class: 0,
    };
    client!(house, &attendant()).record_lane(request).await.expect("answered").into_inner()
}

/// What the database counts at the kerb is what stands there, and never more than there is room.
async fn kerb_holds(house: &House, places: i64) {
    let rows: Vec<(DateTime<Utc>, i64, i64)> = sqlx::query_as(
        "select u.slot_at, u.given::bigint, count(r.visit_id) from kerb_use u left join parking_right r
             on has_bay(r.state) and ((r.set_down_from <= u.slot_at and u.slot_at < r.set_down_until)
                 or (r.pick_up_from <= u.slot_at and u.slot_at < r.pick_up_until))
         group by 1, 2 order by 1",
    )
    .fetch_all(house.pool("parking"))
    .await
    .expect("counted");
    for (slot, given, standing) in rows {
        assert!(given == standing && given <= places, "{slot}: {given} given, {standing} stand there");
    }
}

#[tokio::test]
async fn a_class_gets_out_at_the_kerb_has_its_bay_and_is_fetched() {
    let house = house().await;
    let showing = showing(&house).await;
    let first = class(&house, showing).await;
    assert_eq!(stops(&house, first).await, (Some(80), Some(190)), "40 min before the start, 10 after the end");
    let confirmed: Vec<pb::RightConfirmed> = house.events("parking").await;
    assert_eq!(confirmed[0].stops, right(&house, first).await.stops, "the visit's page is told");
    // The second class of the same showing: not at the same time.
    let second = class(&house, showing).await;
    assert_eq!(stops(&house, second).await, (Some(70), Some(200)));
    let full = hold(&house, &coach(Uuid::now_v7(), showing)).await.expect_err("two bays");
    assert_eq!(full.code(), Code::ResourceExhausted);
    kerb_holds(&house, 1).await;
    let car = Uuid::now_v7();
    confirmed_right(&house, car, showing).await;
    assert_eq!(right(&house, car).await.stops, None, "cars do not stop there");

    let cancelled = VisitCancelled { visit_id: first.to_string(), ..Default::default() };
    house.react("parking", "journey", &first.to_string(), &cancelled).await.expect("cancelled");
    kerb_holds(&house, 1).await;
    let third = class(&house, showing).await;
    assert_eq!(stops(&house, third).await, (Some(80), Some(190)), "what one gave back another has");
}

#[tokio::test]
async fn a_delay_moves_the_stops_and_nobody_is_given_a_taken_kerb() {
    let house = house().await;
    let (late, next) = (showing(&house).await, showing(&house).await);
    let (first, other) = (class(&house, late).await, class(&house, next).await);
    assert_eq!(stops(&house, other).await, (Some(70), Some(200)));
    for _ in 0..2 {
        delay(&house, late, 10).await;
    }
    // Where the other is fetched from minute 200 on, the first cannot be.
    assert_eq!(stops(&house, first).await, (Some(90), Some(210)));
    assert_eq!(stops(&house, other).await, (Some(70), Some(200)), "the other stays");
    let moved: Vec<pb::RightMoved> = house.events("parking").await;
    assert_eq!(moved.len(), 1, "told once");
    assert_eq!(moved[0].stops, right(&house, first).await.stops);
    kerb_holds(&house, 1).await;

    // Inside, it has got out; what moves is when it is fetched.
    house.clock.set(minutes(92));
    assert_eq!(drives(&house, first, Direction::In).await.verdict(), Verdict::Open);
    delay(&house, late, 25).await;
    assert_eq!(stops(&house, first).await, (Some(90), Some(215)));
    drives(&house, first, Direction::Out).await;
    kerb_holds(&house, 1).await;
    assert_eq!(right(&house, first).await.state(), RightState::Left);
}

#[tokio::test]
async fn an_early_coach_lets_its_class_out_at_once_if_the_kerb_is_free() {
    let house = house().await;
    let showing = showing(&house).await;
    let (first, second) = (class(&house, showing).await, class(&house, showing).await);
    house.clock.set(minutes(32));
    let answer = drives(&house, first, Direction::In).await;
    let message = answer.message.clone().expect("words");
    assert!(message.de.contains("Ausstieg an der Haltekante 12:30–12:40"), "{}", message.de);
    assert_eq!(begins(&answer.right.expect("its right").stops.expect("stops").set_down), Some(30));
    assert_eq!(stops(&house, first).await, (Some(30), Some(190)));
    let moved: Vec<pb::RightMoved> = house.events("parking").await;
    assert_eq!(moved.len(), 1, "the page is told");
    // Five minutes later comes the other: the kerb is taken until 12:40.
    house.clock.set(minutes(36));
    drives(&house, second, Direction::In).await;
    assert_eq!(stops(&house, second).await, (Some(40), Some(200)));
    kerb_holds(&house, 1).await;
    // Away for a while and back: its stops are placed anew, and still nobody else's.
    drives(&house, first, Direction::Out).await;
    kerb_holds(&house, 1).await;
    house.clock.set(minutes(66));
    assert_eq!(drives(&house, first, Direction::In).await.verdict(), Verdict::Open);
    kerb_holds(&house, 1).await;
}

#[tokio::test]
async fn a_coach_that_finds_no_kerb_is_refused_before_it_pays_and_keeps_its_bay_afterwards() {
    let house = house().await;
    set_capacity(&house, "coach", 40).await;
    let showing = showing(&house).await;
    let mut visits = Vec::new();
    let refused = loop {
        let visit = Uuid::now_v7();
        match hold(&house, &coach(visit, showing)).await {
            Ok(_) => visits.push(visit),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("kerb"), "{}", refused.message());
    assert!(visits.len() > 2);
    kerb_holds(&house, 1).await;
    // Their showing is put off into the time of another: bays stay, and whoever has no kerb is seen by it.
    for visit in &visits {
        house.react("parking", "journey", &visit.to_string(), &confirmed(*visit, showing)).await.expect("confirmed");
    }
    delay(&house, showing, 60).await;
    kerb_holds(&house, 1).await;
    for visit in visits {
        assert_eq!(right(&house, visit).await.state(), RightState::Confirmed);
    }
}

#[tokio::test]
async fn the_database_itself_refuses_one_more_at_the_kerb() {
    let house = house().await;
    let showing = showing(&house).await;
    let first = class(&house, showing).await;
    let past_our_code = "insert into parking_right select (jsonb_populate_record(null::parking_right,
        to_jsonb(r) || jsonb_build_object('visit_id', gen_random_uuid()))).* from parking_right r";
    let refused = sqlx::query(past_our_code).execute(house.pool("parking")).await.expect_err("taken");
    assert_eq!(refused.into_database_error().expect("a constraint").constraint(), Some("kerb_use_within"));
    let too_long =
        "update parking_right set set_down_until = set_down_from + interval '11 minutes' where visit_id = $1";
    let refused = sqlx::query(too_long).bind(first).execute(house.pool("parking")).await.expect_err("too long");
    assert_eq!(refused.into_database_error().expect("a constraint").constraint(), Some("parking_right_set_down"));
}

#[tokio::test]
async fn a_closed_bridge_gives_the_kerb_back_and_an_end_of_it_gives_it_again() {
    let house = house().await;
    let showing = showing(&house).await;
    let first = class(&house, showing).await;
    let reason = kernel::values::Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto();
    let request =
        pb::SetSiteStateRequest { state: pb::SiteState::Unreachable.into(), reason: Some(reason), until: None };
    let site = client!(house, &attendant()).set_site_state(request).await.expect("set").into_inner();
    assert_eq!(stops(&house, first).await, (None, None));
    kerb_holds(&house, 0).await;
    delay(&house, showing, 10).await;
    assert_eq!(stops(&house, first).await, (None, None));
    let undo = pb::UndoSiteStateRequest { closure_id: site.closure_id };
    client!(house, &attendant()).undo_site_state(undo).await.expect("undone");
    assert_eq!(stops(&house, first).await, (Some(90), Some(200)));
    kerb_holds(&house, 1).await;
}

#[tokio::test]
async fn a_house_without_a_kerb_has_coach_bays_alone_and_a_wrong_kerb_is_refused() {
    let house = house().await;
    let start = HOUSE_FILE.find("kerb = {").expect("a kerb");
    let end = start + HOUSE_FILE[start..].find('\n').expect("its end");
    let line = &HOUSE_FILE[start..end];
    load(&house, &HOUSE_FILE.replace(line, ""), false).await.expect("loads");
    let showing = showing(&house).await;
    let visit = class(&house, showing).await;
    assert_eq!(stops(&house, visit).await, (None, None));
    assert_eq!(site(&house).await.kerb_places, 0);
    for wrong in ["minutes = 11", "minutes = 7", "minutes = 0"] {
        let file = HOUSE_FILE.replace(line, &line.replace("minutes = 10, b", &format!("{wrong}, b")));
        let refused = load(&house, &file, true).await.expect_err(wrong);
        assert!(refused.message().contains("parking.kerb"), "{}", refused.message());
    }
}

#[tokio::test]
async fn two_coaches_that_come_back_together_after_a_closure_do_not_meet_at_the_kerb() {
    let house = house().await;
    let showing = showing(&house).await;
    let visits = [class(&house, showing).await, class(&house, showing).await];
    let before = [stops(&house, visits[0]).await, stops(&house, visits[1]).await];
    let reason = kernel::values::Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto();
    let close = pb::SetSiteStateRequest { state: pb::SiteState::Unreachable.into(), reason: Some(reason), until: None };
    let site = client!(house, &attendant()).set_site_state(close).await.expect("closed").into_inner();
    for visit in visits {
        assert_eq!(right(&house, visit).await.state(), RightState::Suspended);
    }
    kerb_holds(&house, 1).await;
    let undo = pb::UndoSiteStateRequest { closure_id: site.closure_id };
    client!(house, &attendant()).undo_site_state(undo).await.expect("open again");
    assert_eq!(
        [stops(&house, visits[0]).await, stops(&house, visits[1]).await],
        before,
        "who booked first comes first"
    );
    kerb_holds(&house, 1).await;
    assert_eq!(house.events::<pb::RightRestored>("parking").await.len(), 2);
}
