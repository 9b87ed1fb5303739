//! Other services' events, each twice and out of order.

use kernel::values::timestamp;
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState},
    gastro::v1 as pb,
    journey::v1::{VisitCancelled, VisitExpired},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use uuid::Uuid;

use crate::support::*;

fn scheduled(showing: Uuid) -> ShowingScheduled {
    ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(60))),
        ends_at: Some(timestamp(minutes(110))),
        ..Default::default()
    }
}

fn delayed(showing: Uuid, by: i64) -> ShowingDelayed {
    ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(60 + by))),
        ends_at: Some(timestamp(minutes(110 + by))),
        ..Default::default()
    }
}

fn predicted(showing: Uuid, state: AdmissionState, at: i64, end: i64) -> AdmissionMoved {
    AdmissionMoved {
        showing_id: showing.to_string(),
        state: state.into(),
        at: Some(timestamp(minutes(at))),
        predicted_end_at: Some(timestamp(minutes(end))),
    }
}

async fn moved(house: &kernel::testing::House) -> usize {
    house.events::<pb::OrderMoved>("gastro").await.len()
}

#[tokio::test]
async fn a_visit_is_confirmed_with_a_number_and_cancelled_once() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(visit, showing)).await.expect("held");
    house.emit("journey", &visit.to_string(), confirmed(visit, showing)).await;
    house.settle().await;
    twice(&house, "journey", &confirmed(visit, showing)).await;
    let second = scheduled_meal(&house, Uuid::now_v7(), showing).await;
    assert_eq!(second.number, 2);
    let told: Vec<pb::OrderScheduled> = house.events("gastro").await;
    assert_eq!(told.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(told[0].fire_at, Some(timestamp(minutes(105))));

    // Without a meal, nothing; of another day, from 1 again.
    let mut none = confirmed(Uuid::now_v7(), showing);
    none.has_meal = false;
    twice(&house, "journey", &none).await;
    let tomorrow = Uuid::now_v7();
    let mut request = wish(tomorrow, Uuid::now_v7());
    request.showing_starts_at = Some(timestamp(minutes(24 * 60 + 60)));
    request.showing_ends_at = Some(timestamp(minutes(24 * 60 + 110)));
    hold(&house, &request).await.expect("held");
    twice(&house, "journey", &confirmed(tomorrow, showing)).await;
    assert_eq!(order(&house, tomorrow).await.number, 1);

    let cancelled = VisitCancelled { visit_id: visit.to_string(), ..Default::default() };
    twice(&house, "journey", &cancelled).await;
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(order(&house, visit).await.state(), pb::OrderState::Cancelled, "cancelled stays cancelled");
    let told: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    assert_eq!(told.len(), 1);
    assert_eq!(taken(&house).await, 2 * 130);
}

#[tokio::test]
async fn a_late_confirmation_takes_a_slot_again_or_is_refused_once() {
    let house = house().await;
    let (late, later, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(late, showing)).await.expect("held");
    hold(&house, &wish(later, showing)).await.expect("held");
    let expired = VisitExpired { visit_id: late.to_string() };
    twice(&house, "journey", &expired).await;
    assert_eq!(order(&house, late).await.state(), pb::OrderState::Expired);
    house.clock.set(minutes(30));
    set_capacity(&house, "hot", 120).await;
    // One quarter is left of the hour after the showing; the first to be paid gets it.
    sqlx::query(
        "insert into slot_use (station_id, slot_at, seconds, capacity)
         select 'hot', $1 + n * interval '15 minutes', 0, 0 from generate_series(1, 3) n",
    )
    .bind(minutes(105))
    .execute(house.pool("gastro"))
    .await
    .expect("filled");
    twice(&house, "journey", &confirmed(late, showing)).await;
    let got = order(&house, late).await;
    assert_eq!((got.state(), got.number), (pb::OrderState::Scheduled, 1));
    twice(&house, "journey", &confirmed(later, showing)).await;
    let lost = order(&house, later).await;
    assert_eq!((lost.state(), lost.number), (pb::OrderState::Rejected, 0), "not the same as not collected");
    // There is room again: what was refused stays refused, because the money is on its way back.
    set_capacity(&house, "hot", 1800).await;
    twice(&house, "journey", &confirmed(later, showing)).await;
    let told: Vec<pb::OrderRefused> = house.events("gastro").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].visit_id, later.to_string());
    assert!(!told[0].reason.as_ref().expect("a reason").de.is_empty());
    assert_eq!(taken(&house).await, 130);

    let unheard = Uuid::now_v7();
    twice(&house, "journey", &confirmed(unheard, showing)).await;
    assert_eq!(house.events::<pb::OrderRefused>("gastro").await.len(), 2, "a meal nobody held is refused, once");
}

#[tokio::test]
async fn the_pickup_follows_the_showing() {
    let house = house().await;
    let (after, before, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    twice(&house, "reservations", &scheduled(showing)).await;
    scheduled_meal(&house, after, showing).await;
    let mut request = wish(before, showing);
    request.pickup = pb::Pickup::BeforeShowing.into();
    hold(&house, &request).await.expect("held");
    twice(&house, "reservations", &scheduled(showing)).await;
    assert_eq!(moved(&house).await, 0);

    twice(&house, "reservations", &delayed(showing, 20)).await;
    let now = order(&house, after).await;
    assert_eq!(now.pickup_at, Some(timestamp(minutes(130))));
    assert_eq!(now.fire_at, Some(timestamp(minutes(125))));
    assert_eq!(order(&house, before).await.pickup_at, Some(timestamp(minutes(45))), "held meals too");
    assert_eq!(moved(&house).await, 2, "one per order, none per repeat");
    assert_eq!(taken(&house).await, 2 * 130);

    // The door has not heard of the delay yet.
    twice(&house, "flow", &predicted(showing, AdmissionState::DoorsOpen, 40, 110)).await;
    assert_eq!(order(&house, after).await.pickup_at, Some(timestamp(minutes(130))));
    twice(&house, "flow", &predicted(showing, AdmissionState::Running, 85, 135)).await;
    assert_eq!(order(&house, after).await.pickup_at, Some(timestamp(minutes(135))));
    // An older word comes late; then the showing ends earlier than predicted.
    twice(&house, "flow", &predicted(showing, AdmissionState::LastCall, 78, 150)).await;
    twice(&house, "flow", &predicted(showing, AdmissionState::Egress, 128, 128)).await;
    assert_eq!(order(&house, after).await.pickup_at, Some(timestamp(minutes(128))));
    assert_eq!(moved(&house).await, 4);
    assert_eq!(taken(&house).await, 2 * 130);
}

#[tokio::test]
async fn the_pickup_comes_back_with_a_delay_that_is_taken_back() {
    let house = house().await;
    let (after, showing) = (Uuid::now_v7(), Uuid::now_v7());
    twice(&house, "reservations", &scheduled(showing)).await;
    scheduled_meal(&house, after, showing).await;
    twice(&house, "reservations", &delayed(showing, 30)).await;
    // The door repeats the plan as it knows it, and hears of the new one last.
    twice(&house, "flow", &predicted(showing, AdmissionState::DoorsOpen, 60, 140)).await;
    twice(&house, "reservations", &delayed(showing, 10)).await;
    assert_eq!(order(&house, after).await.pickup_at, Some(timestamp(minutes(120))), "shortened");
    twice(&house, "flow", &predicted(showing, AdmissionState::LastCall, 61, 140)).await;
    twice(&house, "reservations", &delayed(showing, 0)).await;
    let now = order(&house, after).await;
    assert_eq!((now.pickup_at, now.fire_at), (Some(timestamp(minutes(110))), Some(timestamp(minutes(105)))));
    assert_eq!(moved(&house).await, 3);
    assert_eq!(taken(&house).await, 130, "what it had taken of the kitchen's time is free again");
    until_state(&house, after, minutes(105), pb::OrderState::Fired).await;
}

#[tokio::test]
async fn a_prediction_before_any_plan_counts_once_it_has_begun() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    twice(&house, "flow", &predicted(showing, AdmissionState::Running, 65, 125)).await;
    let held = hold(&house, &wish(visit, showing)).await.expect("held");
    assert_eq!(held.pickup_at, Some(timestamp(minutes(125))));
    twice(&house, "reservations", &delayed(showing, 15)).await;
    assert_eq!(moved(&house).await, 0, "it knew that already");
    let cancelled = AdmissionMoved {
        state: AdmissionState::Cancelled.into(),
        ..predicted(showing, AdmissionState::Cancelled, 1, 300)
    };
    twice(&house, "flow", &cancelled).await;
    assert_eq!(order(&house, visit).await.pickup_at, held.pickup_at);
}

#[tokio::test]
async fn what_is_being_made_does_not_move() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    let fired = until_state(&house, visit, minutes(105), pb::OrderState::Fired).await;
    twice(&house, "reservations", &delayed(showing, 20)).await;
    assert_eq!(order(&house, visit).await, fired);
    assert_eq!(moved(&house).await, 0);
}

#[tokio::test]
async fn a_delayed_meal_fires_at_its_new_time() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    house.emit("reservations", &showing.to_string(), delayed(showing, 30)).await;
    house.settle().await;
    // A control that was not delayed fires; by then the clock has done its work.
    let control = Uuid::now_v7();
    let mut request = wish(control, Uuid::now_v7());
    request.expires_at = Some(timestamp(minutes(9)));
    hold(&house, &request).await.expect("held");
    twice(&house, "journey", &confirmed(control, showing)).await;
    until_state(&house, control, minutes(105), pb::OrderState::Fired).await;
    assert_eq!(order(&house, visit).await.state(), pb::OrderState::Scheduled);
    until_state(&house, visit, minutes(135), pb::OrderState::Fired).await;
}

#[tokio::test]
async fn many_meals_move_together_and_share_the_new_slots() {
    let house = house().await;
    // Time for two a quarter, and by the rules for one of the same showing: seven tenths of it.
    set_capacity(&house, "hot", 250).await;
    let showing = Uuid::now_v7();
    let mut visits = Vec::new();
    for _ in 0..4 {
        let visit = Uuid::now_v7();
        scheduled_meal(&house, visit, showing).await;
        visits.push(visit);
    }
    twice(&house, "reservations", &delayed(showing, 10)).await;
    let mut pickups = Vec::new();
    for visit in visits {
        pickups.push(order(&house, visit).await.pickup_at.expect("a pickup").seconds);
    }
    let at = |minute| timestamp(minutes(minute)).seconds;
    assert_eq!(pickups, [at(120), at(135), at(150), at(165)], "a showing's share of each quarter, in their old order");
    assert_eq!(taken(&house).await, 4 * 130);
}

/// A day of meals is planned anew in one go: of a row whose times alone change, nothing else is written.
#[tokio::test]
async fn a_new_time_within_its_day_changes_no_index_of_orders() {
    let house = house().await;
    let indexed: Vec<String> = sqlx::query_scalar(
        "select distinct i.indexrelid::regclass || ' has ' || a.attname
         from pg_index i
         join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
             and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
         where i.indrelid = 'meal_order'::regclass
             and a.attname in ('starts_at', 'ends_at', 'pickup_at', 'fire_at', 'prep_seconds', 'regardless')",
    )
    .fetch_all(house.pool("gastro"))
    .await
    .expect("indexes");
    assert!(indexed.is_empty(), "{indexed:?}");
    let days: i64 = sqlx::query_scalar(
        "select count(*) from pg_indexes where schemaname = 'gastro' and tablename = 'meal_order' and indexdef like '%pickup_day%'",
    )
    .fetch_one(house.pool("gastro"))
    .await
    .expect("indexes");
    assert_eq!(days, 1, "the days are in one");
}
