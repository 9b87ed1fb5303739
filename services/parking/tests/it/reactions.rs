//! Other services' events, each twice and out of order.

use kernel::{
    Caller,
    testing::{House, producer},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState},
    journey::v1::{VisitCancelled, VisitExpired},
    parking::v1::{self as pb, gates_client::GatesClient},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use uuid::Uuid;

use crate::support::*;

fn scheduled(showing: Uuid) -> ShowingScheduled {
    ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    }
}

fn delayed(showing: Uuid, by: i64) -> ShowingDelayed {
    ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(120 + by))),
        ends_at: Some(timestamp(minutes(180 + by))),
        ..Default::default()
    }
}

fn predicted(showing: Uuid, end: i64) -> AdmissionMoved {
    AdmissionMoved {
        showing_id: showing.to_string(),
        state: AdmissionState::Running.into(),
        at: Some(timestamp(minutes(125))),
        predicted_end_at: Some(timestamp(minutes(end))),
    }
}

async fn twice<M: prost::Name + prost::Message>(house: &kernel::testing::House, from: &str, about: Uuid, event: &M) {
    for _ in 0..2 {
        house.react("parking", from, &about.to_string(), event).await.expect("reacted");
    }
}

/// On the first start the programme is told before the car park is set up.
#[tokio::test]
async fn a_showing_that_is_told_before_there_is_a_car_park_is_known_when_there_is_one() {
    let house = House::start(&[parking::SERVICE, producer("reservations"), producer("flow")]).await;
    let showing = Uuid::now_v7();
    twice(&house, "reservations", showing, &scheduled(showing)).await;
    twice(&house, "reservations", showing, &delayed(showing, 20)).await;
    twice(&house, "flow", showing, &predicted(showing, 210)).await;
    load(&house, HOUSE_FILE, false).await.expect("house file loads");
    let known: (chrono::DateTime<chrono::Utc>, Option<chrono::DateTime<chrono::Utc>>) =
        sqlx::query_as("select ends_at, predicted_end_at from known_showing where showing_id = $1")
            .bind(showing)
            .fetch_one(house.pool("parking"))
            .await
            .expect("known");
    assert_eq!(known, (minutes(200), Some(minutes(210))));
}

#[tokio::test]
async fn a_visit_is_confirmed_and_cancelled_once() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(visit, showing)).await.expect("held");
    house.emit("journey", &visit.to_string(), confirmed(visit, showing)).await;
    house.settle().await;
    twice(&house, "journey", visit, &confirmed(visit, showing)).await;
    let told: Vec<pb::RightConfirmed> = house.events("parking").await;
    assert_eq!(told.len(), 1);
    let now = right(&house, visit).await;
    assert_eq!(now.state(), pb::RightState::Confirmed);
    assert_eq!(now.reference, kernel::ticket_code::reference(visit));

    let cancelled =
        VisitCancelled { visit_id: visit.to_string(), showing_id: showing.to_string(), reason: None, refund: true };
    twice(&house, "journey", visit, &cancelled).await;
    // The old confirmation comes once more: cancelled stays cancelled.
    twice(&house, "journey", visit, &confirmed(visit, showing)).await;
    assert_eq!(right(&house, visit).await.state(), pb::RightState::Cancelled);
    let told: Vec<pb::RightCancelled> = house.events("parking").await;
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn a_late_confirmation_takes_a_bay_again_or_is_refused() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (late, later, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(late, showing)).await.expect("held");
    let expired = VisitExpired { visit_id: late.to_string() };
    twice(&house, "journey", late, &expired).await;
    hold(&house, &wish(later, showing)).await.expect("free again");
    house.clock.set(minutes(30));

    // Both holds have run out by now; the first to be paid gets the bay.
    twice(&house, "journey", late, &confirmed(late, showing)).await;
    assert_eq!(right(&house, late).await.state(), pb::RightState::Confirmed);
    house.react("parking", "journey", &later.to_string(), &confirmed(later, showing)).await.expect("refused, but told");
    assert_eq!(right(&house, later).await.state(), pb::RightState::Expired);
    let told: Vec<pb::RightRefused> = house.events("parking").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].visit_id, later.to_string());
}

#[tokio::test]
async fn the_window_follows_the_showing() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    twice(&house, "reservations", showing, &scheduled(showing)).await;
    confirmed_right(&house, visit, showing).await;

    twice(&house, "reservations", showing, &delayed(showing, 20)).await;
    let moved = right(&house, visit).await;
    assert_eq!(moved.from, Some(timestamp(minutes(80))));
    assert_eq!(moved.until, Some(timestamp(minutes(260))));

    twice(&house, "flow", showing, &predicted(showing, 215)).await;
    assert_eq!(right(&house, visit).await.until, Some(timestamp(minutes(275))));
    // Earlier than planned: what was sold stays.
    twice(&house, "flow", showing, &predicted(showing, 170)).await;
    assert_eq!(right(&house, visit).await.until, Some(timestamp(minutes(260))));
    let told: Vec<pb::RightMoved> = house.events("parking").await;
    assert_eq!(told.len(), 3, "one per move, none per repeat");
}

#[tokio::test]
async fn the_window_comes_back_with_a_delay_that_is_taken_back() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    twice(&house, "reservations", showing, &scheduled(showing)).await;
    confirmed_right(&house, visit, showing).await;
    let booked = right(&house, visit).await;
    twice(&house, "reservations", showing, &delayed(showing, 30)).await;
    // The door repeats the plan as it knows it, and hears of the new one last.
    let waits = AdmissionMoved { state: AdmissionState::DoorsOpen.into(), ..predicted(showing, 210) };
    twice(&house, "flow", showing, &waits).await;
    twice(&house, "reservations", showing, &ShowingDelayed { minutes: -30, ..delayed(showing, 0) }).await;
    let back = right(&house, visit).await;
    assert_eq!((back.from, back.until), (booked.from, booked.until));
    // Begun, and then not begun after all: the plan counts again.
    twice(&house, "flow", showing, &predicted(showing, 215)).await;
    assert_eq!(right(&house, visit).await.until, Some(timestamp(minutes(275))));
    twice(&house, "flow", showing, &waits).await;
    assert_eq!(right(&house, visit).await.until, booked.until);
}

#[tokio::test]
async fn a_right_taken_before_the_showing_is_known_follows_it_all_the_same() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, showing).await;
    twice(&house, "flow", showing, &predicted(showing, 200)).await;
    let told: Vec<pb::RightMoved> = house.events("parking").await;
    assert!(told.is_empty(), "nothing to measure against yet");
    twice(&house, "reservations", showing, &delayed(showing, 30)).await;
    let moved = right(&house, visit).await;
    assert_eq!(moved.from, Some(timestamp(minutes(90))));
    assert_eq!(moved.until, Some(timestamp(minutes(270))));
}

#[tokio::test]
async fn a_bicycle_that_nobody_saw_come_has_not_failed_to() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let stand = pb::HoldBayRequest { bay_class: pb::BayClass::Bicycle.into(), ..wish(visit, showing) };
    hold(&house, &stand).await.expect("held");
    twice(&house, "journey", visit, &confirmed(visit, showing)).await;
    house.clock.set(minutes(241));
    let ended = async {
        while right(&house, visit).await.state() == pb::RightState::Confirmed {
            house.clock.advance(chrono::TimeDelta::minutes(2));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("it ends in time");
    assert_eq!(right(&house, visit).await.state(), pb::RightState::Left);
    assert!(house.events::<pb::RightNoShow>("parking").await.is_empty());
}

#[tokio::test]
async fn time_ends_what_nobody_used() {
    let house = house().await;
    let (held, no_show, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, no_show, showing).await;
    hold(&house, &wish(held, showing)).await.expect("held");
    // A minute more each time: the recurring work may begin to wait after the clock was moved.
    let mut now = minutes(241);
    let ended = async {
        while right(&house, no_show).await.state() != pb::RightState::NoShow {
            now += chrono::TimeDelta::minutes(2);
            house.clock.set(now);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("no-show in time");
    assert_eq!(right(&house, held).await.state(), pb::RightState::Expired);
    // The sweep comes again and again; it is told once, and of no hold that was never paid.
    for _ in 0..3 {
        now += chrono::TimeDelta::minutes(2);
        house.clock.set(now);
        sweep(&house).await;
    }
    let told: Vec<pb::RightNoShow> = house.events("parking").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0].visit_id, told[0].until), (&no_show.to_string(), Some(timestamp(minutes(240)))));
    assert_eq!(given_from(&house, 240).await, 0, "its bay is free for the rest of the quarter");
    // Late words about it: the same confirmation again, a cancellation. Nobody came, and so it stays.
    twice(&house, "journey", no_show, &confirmed(no_show, showing)).await;
    let cancelled = VisitCancelled { visit_id: no_show.to_string(), ..Default::default() };
    twice(&house, "journey", no_show, &cancelled).await;
    assert_eq!(right(&house, no_show).await.state(), pb::RightState::NoShow);
    assert!(house.events::<pb::RightCancelled>("parking").await.is_empty());

    // A lane without a link saw the car after all, and tells late: then it came.
    let lane = Caller::Device { id: "in-1".to_owned(), kind: "lane".to_owned() };
    let entry = pb::JournalEntry {
        entry_id: Uuid::new_v4().to_string(),
        at: Some(timestamp(minutes(200))),
        code: right(&house, no_show).await.reference,
        by_hand: false,
        bay_class: 0,
    };
    let journal = pb::SubmitLaneJournalRequest {
        lane: "in-1".to_owned(),
        device_now: Some(timestamp(house.clock.now())),
        entries: vec![entry],
    };
    for _ in 0..2 {
        GatesClient::new(house.channel(&lane)).submit_lane_journal(journal.clone()).await.expect("taken");
    }
    assert_eq!(right(&house, no_show).await.state(), pb::RightState::CheckedIn);
    assert_eq!(house.events::<pb::VehicleEntered>("parking").await.len(), 1);
    sweep(&house).await;
    assert_eq!(right(&house, no_show).await.state(), pb::RightState::CheckedIn, "its car is there, whatever the time");
    assert_eq!(house.events::<pb::RightNoShow>("parking").await.len(), 1);
}

/// Two more turns of the recurring work, and none of it under way.
async fn sweep(house: &House) {
    let again = Uuid::now_v7();
    hold(
        house,
        &pb::HoldBayRequest {
            expires_at: Some(timestamp(house.clock.now() + chrono::TimeDelta::seconds(1))),
            ..later(house, again)
        },
    )
    .await
    .expect("held");
    let ended = async {
        while right(house, again).await.state() != pb::RightState::Expired {
            house.clock.set(house.clock.now() + chrono::TimeDelta::minutes(2));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("swept in time");
}

/// A wish for tomorrow.
fn later(house: &House, visit: Uuid) -> pb::HoldBayRequest {
    let from = house.clock.now() + chrono::TimeDelta::hours(24);
    pb::HoldBayRequest {
        from: Some(timestamp(from)),
        until: Some(timestamp(from + chrono::TimeDelta::hours(1))),
        ..wish(visit, Uuid::now_v7())
    }
}

/// Bays that are given in the quarter from a minute after noon on.
async fn given_from(house: &House, minute: i64) -> i64 {
    sqlx::query_scalar("select coalesce(sum(given), 0) from bay_use where slot_at = $1")
        .bind(minutes(minute))
        .fetch_one(house.pool("parking"))
        .await
        .expect("counted")
}

#[tokio::test]
async fn visits_that_are_confirmed_together_share_what_is_left() {
    let house = house().await;
    set_capacity(&house, "standard", 2).await;
    let showing = Uuid::now_v7();
    let (late, too_late, in_time) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for visit in [late, too_late] {
        hold(&house, &wish(visit, showing)).await.expect("held");
    }
    // Both holds run out; one bay is taken by another visit meanwhile.
    house.clock.set(minutes(11));
    let mut held = wish(in_time, showing);
    held.expires_at = Some(timestamp(minutes(20)));
    hold(&house, &held).await.expect("free again");
    for visit in [late, in_time, too_late, late] {
        house.emit("journey", &visit.to_string(), confirmed(visit, showing)).await;
    }
    house.settle().await;
    assert_eq!(right(&house, in_time).await.state(), pb::RightState::Confirmed);
    let states = [right(&house, late).await.state(), right(&house, too_late).await.state()];
    assert!(states.contains(&pb::RightState::Confirmed) && states.contains(&pb::RightState::Expired), "{states:?}");
    let (told, refused): (Vec<pb::RightConfirmed>, Vec<pb::RightRefused>) =
        (house.events("parking").await, house.events("parking").await);
    assert_eq!((told.len(), refused.len()), (2, 1));
}
