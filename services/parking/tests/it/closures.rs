//! The site closed and out of reach, as everyday life: whom it concerns is told once, what was suspended comes back as
//! far as bays are left, and whoever lost a bay may take one that is.

use kernel::{
    Role,
    testing::{House, staff, visitor},
    values::{Text, timestamp},
};
use sky_proto::{
    journey::v1::{VisitCancelled, VisitRebooked},
    parking::v1::{self as pb, RightState, SiteState, record_lane_response::Verdict},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    cameras::{plates, recognition, seen, set_plate, token},
    client,
    gates::{car, drives},
    support::*,
};

async fn set(house: &House, state: SiteState, until: Option<i64>) -> pb::Site {
    let reason = Text::new("Die Brücke ist gesperrt.", "The bridge is closed.").to_proto();
    let request = pb::SetSiteStateRequest {
        state: state.into(),
        reason: (state != SiteState::Open).then_some(reason),
        until: until.map(|minute| timestamp(minutes(minute))),
    };
    client!(house, &attendant()).set_site_state(request).await.expect("set").into_inner()
}

async fn undo(house: &House, closure: &str) -> pb::Site {
    let request = pb::UndoSiteStateRequest { closure_id: closure.to_owned() };
    client!(house, &attendant()).undo_site_state(request).await.expect("undone").into_inner()
}

async fn state(house: &House, visit: Uuid) -> RightState {
    right(house, visit).await.state()
}

async fn told<M: prost::Name + prost::Message + Default>(house: &House) -> usize {
    house.events::<M>("parking").await.len()
}

/// A confirmed right in a window of its own.
async fn booked(house: &House, from: i64, until: i64) -> Uuid {
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let mut wish = wish(visit, showing);
    (wish.from, wish.until) = (Some(timestamp(minutes(from))), Some(timestamp(minutes(until))));
    hold(house, &wish).await.expect("held");
    house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("confirmed");
    visit
}

async fn takes(house: &House, visit: Uuid, class: pb::BayClass) -> Result<pb::Right, Status> {
    let request = pb::TakeLeftBayRequest { visit_id: visit.to_string(), bay_class: class.into() };
    client!(house, &visitor(Some(visit))).take_left_bay(request).await.map(tonic::Response::into_inner)
}

/// Moves the time on, a minute more each time, until the recurring work has done it.
async fn in_time(house: &House, from: i64, visit: Uuid, wanted: RightState) {
    let mut now = minutes(from);
    let done = async {
        while state(house, visit).await != wanted {
            now += chrono::TimeDelta::minutes(2);
            house.clock.set(now);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), done).await.expect("in time");
}

#[tokio::test]
async fn a_closed_bridge_suspends_whom_it_concerns_and_an_undo_brings_them_back() {
    let house = house().await;
    // Noon in Halle: today ends at minute 720.
    let (touched, later, tomorrow) =
        (booked(&house, 60, 240).await, booked(&house, 300, 400).await, booked(&house, 1500, 1600).await);
    let car = booked(&house, 30, 240).await;
    let entry = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: pb::Direction::In.into(),
        code: right(&house, car).await.reference,
        bay_class: 0,
    };
    client!(house, &lane()).record_lane(entry).await.expect("in");

    let request =
        pb::PreviewSiteStateRequest { state: SiteState::Unreachable.into(), until: Some(timestamp(minutes(290))) };
    let preview = client!(house, &attendant()).preview_site_state(request).await.expect("told").into_inner();
    assert_eq!((preview.visits, preview.cars_in, preview.hours.len()), (1, 1, 1));
    assert_eq!(state(&house, touched).await, RightState::Confirmed, "a preview changes nothing");

    let site = set(&house, SiteState::Unreachable, Some(290)).await;
    assert_eq!(site.until, Some(timestamp(minutes(290))));
    set(&house, SiteState::Unreachable, Some(290)).await;
    assert_eq!(state(&house, touched).await, RightState::Suspended);
    assert_eq!(state(&house, later).await, RightState::Confirmed);
    assert_eq!(state(&house, car).await, RightState::CheckedIn);
    let suspended: Vec<pb::RightSuspended> = house.events("parking").await;
    assert_eq!(suspended.len(), 1, "once, whatever is repeated");
    let suspension = suspended[0].suspension.clone().expect("why");
    assert_eq!(
        (suspended[0].visit_id.as_str(), suspension.state()),
        (touched.to_string().as_str(), SiteState::Unreachable)
    );
    assert_eq!((suspension.alternatives[0].name.as_str(), suspension.alternatives[0].walk_minutes), ("Spitze", 9));
    assert_eq!(right(&house, touched).await.suspension, Some(suspension), "whoever asks is told the same");

    // Nothing is sold for the time, and everything after it.
    assert_eq!(
        hold(&house, &wish(Uuid::now_v7(), touched)).await.expect_err("closed").code(),
        Code::FailedPrecondition
    );
    booked(&house, 290, 400).await;

    // Longer than was thought.
    let site = set(&house, SiteState::Unreachable, Some(350)).await;
    assert_eq!(state(&house, later).await, RightState::Suspended);
    assert_eq!(
        told::<pb::RightSuspended>(&house).await,
        4,
        "the first once more; the later one, and the one sold meanwhile, for the first time"
    );

    let open = undo(&house, &site.closure_id).await;
    assert_eq!((open.state(), open.closure_id.as_str(), open.until), (SiteState::Open, "", None));
    for visit in [touched, later, tomorrow] {
        assert_eq!(state(&house, visit).await, RightState::Confirmed);
    }
    let before = house.events::<pb::SiteChanged>("parking").await.len();
    undo(&house, &site.closure_id).await;
    assert_eq!((told::<pb::RightRestored>(&house).await, told::<pb::SiteChanged>(&house).await), (3, before));
    let stranger = pb::UndoSiteStateRequest { closure_id: Uuid::now_v7().to_string() };
    let refused = client!(house, &attendant()).undo_site_state(stranger).await.expect_err("never was");
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn whoever_cannot_use_their_bay_already_is_told_what_has_changed_once() {
    let house = house().await;
    let (visit, over) = (booked(&house, 60, 240).await, booked(&house, 20, 40).await);
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    house.clock.set(minutes(50));
    // Longer, and nobody knows how long; then shorter than the window.
    for (until, count) in [(Some(150), 3), (None, 4), (Some(120), 5)] {
        for _ in 0..2 {
            set(&house, SiteState::Unreachable, until).await;
        }
        let told: Vec<pb::RightSuspended> = house.events("parking").await;
        assert_eq!(told.len(), count, "{until:?}: those of both before, and each change once");
        let last = told.last().expect("told");
        assert_eq!(last.visit_id, visit.to_string(), "not to whom it concerns no more: {over}");
        assert_ne!(last.closure_id, closed.closure_id);
        let suspension = last.suspension.clone().expect("why");
        assert_eq!(suspension.until, until.map(|minute| timestamp(minutes(minute))));
        assert_eq!(suspension.alternatives.len(), 4);
        assert_eq!(right(&house, visit).await.suspension, Some(suspension), "the page says the same");
    }
    // It ends before the window does: restored, and nothing more is said of the closure.
    set(&house, SiteState::Unreachable, Some(60)).await;
    assert_eq!((told::<pb::RightSuspended>(&house).await, told::<pb::RightRestored>(&house).await), (5, 1));
}

#[tokio::test]
async fn a_closure_costs_nobody_the_plate_that_they_have_noted() {
    let house = house().await;
    let into = token(&house, "camera-in-1").await;
    let (comes, waits, over) =
        (booked(&house, 60, 240).await, booked(&house, 60, 240).await, booked(&house, 30, 50).await);
    for (visit, plate) in [(comes, "HAL-AB 123"), (waits, "HAL-CD 456")] {
        assert!(set_plate(&house, visit, plate).await.expect("noted").plate_known);
    }
    let closed = set(&house, SiteState::Unreachable, Some(290)).await;
    // Who changes cars meanwhile says so; the bay may come back.
    assert!(set_plate(&house, over, "HAL-EF 789").await.expect("noted").plate_known);
    assert_eq!((state(&house, waits).await, plates(&house).await), (RightState::Suspended, 3));
    // What the house does every minute: it ends what is over, and forgets the plate of that alone.
    in_time(&house, 52, over, RightState::Expired).await;
    assert_eq!(plates(&house).await, 2);
    house.clock.set(house.clock.now().max(minutes(61)));
    // Here in spite of it: the plate opens, as the code would.
    assert_eq!(seen(&house, &into, &recognition(&house, "HALAB123", 0.9, 0.9)).await, "open");
    assert_eq!(state(&house, comes).await, RightState::CheckedIn);
    undo(&house, &closed.closure_id).await;
    assert!(right(&house, waits).await.plate_known, "as before");
    house.clock.set(house.clock.now() + chrono::TimeDelta::seconds(30));
    assert_eq!(seen(&house, &into, &recognition(&house, "HALCD456", 0.9, 0.9)).await, "open");
}

#[tokio::test]
async fn a_lost_bay_keeps_its_plate_for_the_one_that_is_taken_instead() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let into = token(&house, "camera-in-1").await;
    let lost = booked(&house, 60, 240).await;
    let (over, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let (from, until) = (Some(timestamp(minutes(30))), Some(timestamp(minutes(50))));
    let charging = pb::HoldBayRequest { bay_class: pb::BayClass::Ev.into(), from, until, ..wish(over, showing) };
    hold(&house, &charging).await.expect("held");
    house.react("parking", "journey", &over.to_string(), &confirmed(over, showing)).await.expect("confirmed");
    for (visit, plate) in [(lost, "HAL-AB 123"), (over, "HAL-EF 789")] {
        assert!(set_plate(&house, visit, plate).await.expect("noted").plate_known);
    }
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    booked(&house, 100, 240).await;
    undo(&house, &closed.closure_id).await;
    assert_eq!(state(&house, lost).await, RightState::Cancelled);
    // What the house does every minute: it ends what is over, and forgets the plate of that alone.
    in_time(&house, 52, over, RightState::NoShow).await;
    assert_eq!(plates(&house).await, 1);
    let refused = drives(&house, &lane(), car("in-1", pb::Direction::In, &right(&house, lost).await.reference)).await;
    assert_eq!(refused.verdict(), Verdict::Cancelled);
    let told = refused.message.expect("words");
    assert!(told.de.starts_with("Ihr Besuch steht") && told.en.starts_with("Your visit stands"), "{told:?}");
    takes(&house, lost, pb::BayClass::Family).await.expect("taken");
    assert!(right(&house, lost).await.plate_known, "as before");
    house.clock.set(house.clock.now().max(minutes(61)));
    assert_eq!(seen(&house, &into, &recognition(&house, "HALAB123", 0.9, 0.9)).await, "open");
}

#[tokio::test]
async fn until_further_notice_is_said_day_by_day_and_time_ends_what_has_an_end() {
    let house = house().await;
    let (today, tomorrow) = (booked(&house, 60, 240).await, booked(&house, 1500, 1600).await);
    let evening = booked(&house, 1485, 1600).await;
    set(&house, SiteState::Unreachable, None).await;
    assert_eq!(
        (state(&house, today).await, state(&house, tomorrow).await),
        (RightState::Suspended, RightState::Confirmed)
    );
    in_time(&house, 800, tomorrow, RightState::Suspended).await;
    assert_eq!(state(&house, today).await, RightState::Expired, "its time is over");

    let closed = set(&house, SiteState::Unreachable, Some(1490)).await;
    assert_eq!(state(&house, tomorrow).await, RightState::Confirmed, "it ends before that");
    assert!(!closed.closure_id.is_empty());
    assert_eq!(state(&house, evening).await, RightState::Suspended);
    house.clock.set(minutes(1490));
    let opened = async {
        while site(&house).await.state() != SiteState::Open {
            house.clock.set(house.clock.now() + chrono::TimeDelta::minutes(2));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), opened).await.expect("it opens by itself");
    assert_eq!(state(&house, evening).await, RightState::Confirmed);
}

#[tokio::test]
async fn whoever_lost_a_bay_is_told_and_takes_one_that_is_left() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let first = booked(&house, 60, 240).await;
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    // Sold again: it begins when the bridge is open.
    let second = booked(&house, 100, 240).await;
    undo(&house, &closed.closure_id).await;
    assert_eq!(
        (state(&house, first).await, state(&house, second).await),
        (RightState::Cancelled, RightState::Confirmed)
    );
    let lost: Vec<pb::RightLost> = house.events("parking").await;
    assert_eq!(lost.len(), 1);
    let suspension = lost[0].suspension.clone().expect("why");
    assert!(suspension.lost && suspension.alternatives.len() == 4);
    assert_eq!(suspension.left().collect::<Vec<_>>(), [pb::BayClass::Family, pb::BayClass::Ev]);

    for (class, code) in [
        (pb::BayClass::Standard, Code::ResourceExhausted),
        (pb::BayClass::Accessible, Code::FailedPrecondition),
        (pb::BayClass::Coach, Code::FailedPrecondition),
        (pb::BayClass::Unspecified, Code::InvalidArgument),
    ] {
        assert_eq!(takes(&house, first, class).await.expect_err("not that").code(), code, "{class:?}");
    }
    let taken = takes(&house, first, pb::BayClass::Ev).await.expect("taken");
    assert_eq!((taken.state(), taken.bay_class()), (RightState::Confirmed, pb::BayClass::Ev));
    assert_eq!(taken.total.expect("a sum").cents, 300, "no extra charge");
    // Rung up: the desk says it for them.
    let request = pb::TakeLeftBayRequest { visit_id: first.to_string(), bay_class: pb::BayClass::Ev.into() };
    client!(house, &staff(Role::Desk)).take_left_bay(request).await.expect("again, and nothing changes");
    assert_eq!(told::<pb::RightRestored>(&house).await, 1);
    assert_eq!(
        takes(&house, second, pb::BayClass::Ev).await.expect_err("lost nothing").code(),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn a_bay_that_is_taken_after_a_loss_has_the_times_of_the_showing_as_they_are_then() {
    let house = house().await;
    set_capacity(&house, "standard", 2).await;
    let at = |minute| Some(timestamp(minutes(minute)));
    let (showing, to) = (Uuid::now_v7(), Uuid::now_v7());
    for (id, starts) in [(showing, 120), (to, 300)] {
        let scheduled = ShowingScheduled {
            showing_id: id.to_string(),
            starts_at: at(starts),
            ends_at: at(starts + 60),
            ..ShowingScheduled::default()
        };
        house.react("parking", "reservations", &id.to_string(), &scheduled).await.expect("reacted");
    }
    let (stays, moves) = (Uuid::now_v7(), Uuid::now_v7());
    for visit in [stays, moves] {
        confirmed_right(&house, visit, showing).await;
    }
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    for _ in 0..2 {
        booked(&house, 100, 240).await;
    }
    undo(&house, &closed.closure_id).await;
    for visit in [stays, moves] {
        assert_eq!(state(&house, visit).await, RightState::Cancelled);
    }
    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 60,
        starts_at: at(180),
        ends_at: at(240),
        ..ShowingDelayed::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("reacted");
    let rebooked = VisitRebooked {
        visit_id: moves.to_string(),
        from_showing_id: showing.to_string(),
        to_showing_id: to.to_string(),
        starts_at: at(300),
        ends_at: at(360),
        from_starts_at: at(180),
        from_ends_at: at(240),
        has_parking: true,
        ..VisitRebooked::default()
    };
    house.react("parking", "journey", &moves.to_string(), &rebooked).await.expect("reacted");
    // Booked from an hour before a showing to an hour after it.
    for (visit, window) in [(stays, (at(120), at(300))), (moves, (at(240), at(420)))] {
        let taken = takes(&house, visit, pb::BayClass::Ev).await.expect("taken");
        assert_eq!((taken.from, taken.until), window);
        let told: Vec<pb::RightRestored> = house.events("parking").await;
        assert_eq!(told.last().expect("told").visit_id, visit.to_string());
    }
}

#[tokio::test]
async fn a_visit_that_was_cancelled_after_it_lost_its_bay_takes_none() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let first = booked(&house, 60, 240).await;
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    booked(&house, 100, 240).await;
    undo(&house, &closed.closure_id).await;
    let cancelled = VisitCancelled { visit_id: first.to_string(), ..Default::default() };
    for _ in 0..2 {
        house.react("parking", "journey", &first.to_string(), &cancelled).await.expect("reacted");
    }
    assert_eq!(takes(&house, first, pb::BayClass::Ev).await.expect_err("over").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_house_that_keeps_bays_loses_none() {
    let house = house().await;
    load(&house, &HOUSE_FILE.replace("release_suspended = true", "release_suspended = false"), false)
        .await
        .expect("loads");
    set_capacity(&house, "standard", 1).await;
    let first = booked(&house, 60, 240).await;
    let closed = set(&house, SiteState::Unreachable, Some(100)).await;
    let mut second = wish(Uuid::now_v7(), Uuid::now_v7());
    second.from = Some(timestamp(minutes(100)));
    assert_eq!(hold(&house, &second).await.expect_err("kept").code(), Code::ResourceExhausted);
    undo(&house, &closed.closure_id).await;
    assert_eq!(state(&house, first).await, RightState::Confirmed);
}

/// Quarters for which the database has counted other bays than rights have been given.
async fn miscounted(house: &House) -> i64 {
    let quarters = "select count(*) from bay_use u where u.given <> (
        select count(*) from parking_right r where r.class = u.class and has_bay(r.state) and r.given_from < r.given_until
            and u.slot_at > r.given_from - interval '15 minutes' and u.slot_at < r.given_until)";
    sqlx::query_scalar(quarters).fetch_one(house.pool("parking")).await.expect("counted")
}

#[tokio::test]
async fn a_closure_costs_no_right_its_bay_whenever_in_a_quarter_it_begins() {
    let house = house().await;
    set_capacity(&house, "standard", 2).await;
    let both = [booked(&house, 70, 190).await, booked(&house, 70, 190).await];
    set(&house, SiteState::Closed, Some(200)).await;
    assert_eq!(miscounted(&house).await, 0, "closed");
    set(&house, SiteState::Open, None).await;
    for visit in both {
        assert_eq!(state(&house, visit).await, RightState::Confirmed);
    }
    assert_eq!(miscounted(&house).await, 0, "open again");
    // What was counted otherwise up to now.
    let wrong = "update bay_use set given = given - 1 where given > 0";
    sqlx::query(wrong).execute(house.pool("parking")).await.expect("miscounted");
    assert!(miscounted(&house).await > 0);
    let anew = include_str!("../../migrations/0250_no_bay_for_nothing.sql");
    sqlx::raw_sql(anew).execute(house.pool("parking")).await.expect("counted anew");
    assert_eq!(miscounted(&house).await, 0, "counted anew");
}

#[tokio::test]
async fn orders_that_were_going_on_and_cars_that_made_it_are_not_forgotten() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(visit, showing)).await.expect("held");
    set(&house, SiteState::Unreachable, None).await;
    assert_eq!(told::<pb::RightSuspended>(&house).await, 0, "nobody has ordered it yet");
    for _ in 0..2 {
        house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("reacted");
    }
    assert_eq!(state(&house, visit).await, RightState::Suspended);
    assert_eq!((told::<pb::RightConfirmed>(&house).await, told::<pb::RightSuspended>(&house).await), (1, 1));

    // Came in spite of it.
    let entry = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: "in-1".to_owned(),
        direction: pb::Direction::In.into(),
        code: right(&house, visit).await.reference,
        bay_class: 0,
    };
    let answer = client!(house, &lane()).record_lane(entry).await.expect("answered").into_inner();
    assert_eq!(answer.verdict(), Verdict::Open);
    set(&house, SiteState::Open, None).await;
    assert_eq!(state(&house, visit).await, RightState::CheckedIn);
    assert_eq!(told::<pb::RightRestored>(&house).await, 0);
}

#[tokio::test]
async fn bad_closures_name_the_field() {
    let house = house().await;
    let good = pb::SetSiteStateRequest {
        state: SiteState::Unreachable.into(),
        reason: Some(Text::new("Die Brücke ist gesperrt.", "").to_proto()),
        until: Some(timestamp(minutes(60))),
    };
    for (field, request) in [
        ("state", pb::SetSiteStateRequest { state: 99, ..good.clone() }),
        ("reason", pb::SetSiteStateRequest { reason: None, ..good.clone() }),
        ("until", pb::SetSiteStateRequest { until: Some(timestamp(minutes(-1))), ..good.clone() }),
        ("until", pb::SetSiteStateRequest { until: Some(timestamp(minutes(60 * 24 * 32))), ..good.clone() }),
        ("until", pb::SetSiteStateRequest { state: SiteState::Open.into(), ..good.clone() }),
    ] {
        let refused = client!(house, &attendant()).set_site_state(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    let desk = client!(house, &staff(Role::Desk)).undo_site_state(pb::UndoSiteStateRequest::default()).await;
    assert_eq!(desk.expect_err("desk").code(), Code::PermissionDenied);
    let visit = Uuid::now_v7();
    let request = pb::TakeLeftBayRequest { visit_id: visit.to_string(), bay_class: pb::BayClass::Ev.into() };
    let other = client!(house, &visitor(Some(Uuid::now_v7()))).take_left_bay(request).await;
    assert_eq!(other.expect_err("not theirs").code(), Code::PermissionDenied);
    assert_eq!(takes(&house, visit, pb::BayClass::Ev).await.expect_err("none").code(), Code::NotFound);
}

#[tokio::test]
async fn of_all_that_come_back_together_those_who_booked_first_have_what_is_left() {
    let house = house().await;
    let mut visits = Vec::new();
    for _ in 0..5 {
        visits.push(booked(&house, 60, 240).await);
    }
    let site = set(&house, SiteState::Unreachable, None).await;
    set_capacity(&house, "standard", 3).await;
    undo(&house, &site.closure_id).await;
    let mut states = Vec::new();
    for visit in &visits {
        states.push(state(&house, *visit).await);
    }
    let (back, lost) = (RightState::Confirmed, RightState::Cancelled);
    assert_eq!(states, [back, back, back, lost, lost]);
    assert_eq!((told::<pb::RightRestored>(&house).await, told::<pb::RightLost>(&house).await), (3, 2));
    let given: i32 = sqlx::query_scalar("select max(given) from bay_use where class = 'standard'")
        .fetch_one(house.pool("parking"))
        .await
        .expect("counted");
    assert_eq!(given, 3);
}
