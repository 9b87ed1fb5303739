//! Orders are fired once, whatever comes again and in whatever order; and a delay of the whole house moves them all.

use kernel::values::timestamp;
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState},
    gastro::v1 as pb,
    reservations::v1::ShowingDelayed,
};
use uuid::Uuid;

use crate::support::*;

use pb::OrderState::{Fired, Preparing, Scheduled};

async fn fired(house: &kernel::testing::House) -> usize {
    let told: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    told.iter().filter(|it| it.state() == Fired).count()
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

#[tokio::test]
async fn nothing_is_fired_twice_whatever_is_replayed() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let mut visits = Vec::new();
    for _ in 0..3 {
        let visit = Uuid::now_v7();
        hold(&house, &wish(visit, showing)).await.expect("held");
        house.emit("journey", &visit.to_string(), confirmed(visit, showing)).await;
        visits.push(visit);
    }
    house.settle().await;
    for visit in &visits {
        until_state(&house, *visit, minutes(105), Fired).await;
    }
    assert_eq!(fired(&house).await, 3);
    let first = order(&house, visits[0]).await;
    step(&house, &first.order_id, Preparing).await.expect("begun");

    // Everything comes again, backwards, and with a delay that would have moved them.
    for visit in visits.iter().rev() {
        twice(&house, "journey", &confirmed(*visit, showing)).await;
    }
    twice(&house, "reservations", &delayed(showing, 30)).await;
    let predicted = AdmissionMoved {
        showing_id: showing.to_string(),
        state: AdmissionState::Running.into(),
        at: Some(timestamp(minutes(60))),
        predicted_end_at: Some(timestamp(minutes(200))),
    };
    twice(&house, "flow", &predicted).await;
    let house = house.restart().await;
    // A control fires; by then the clock has been at work again.
    let control = Uuid::now_v7();
    let mut request = wish(control, Uuid::now_v7());
    request.showing_ends_at = Some(timestamp(minutes(130)));
    request.expires_at = Some(timestamp(minutes(115)));
    hold(&house, &request).await.expect("held");
    twice(&house, "journey", &confirmed(control, showing)).await;
    until_state(&house, control, minutes(126), Fired).await;
    assert_eq!(fired(&house).await, 4, "the three of before once each, and the control");
    assert_eq!(order(&house, visits[0]).await.state(), Preparing);
}

#[tokio::test]
async fn the_database_itself_refuses_a_second_firing() {
    let house = house().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    until_state(&house, visit, minutes(105), Fired).await;
    // As a fault anywhere else might leave it.
    sqlx::query("update meal_order set state = 'scheduled'").execute(house.pool("gastro")).await.expect("broken");
    assert_eq!(order(&house, visit).await.state(), Scheduled);
    until_state(&house, visit, minutes(106), Fired).await;
    assert_eq!(fired(&house).await, 1, "healed, but not told and not printed again");
    let tickets: i64 =
        sqlx::query_scalar("select count(*) from ticket").fetch_one(house.pool("gastro")).await.expect("counted");
    assert_eq!(tickets, 2, "one for each station");
}

#[tokio::test]
async fn a_delay_of_the_whole_house_moves_everything_at_once() {
    let house = house().await;
    set_capacity(&house, "hot", 9000).await;
    set_capacity(&house, "bar", 9000).await;
    let showings: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
    let mut visits = Vec::new();
    for showing in &showings {
        for _ in 0..6 {
            let visit = Uuid::now_v7();
            scheduled_meal(&house, visit, *showing).await;
            visits.push(visit);
        }
    }
    for showing in &showings {
        house.emit("reservations", &showing.to_string(), delayed(*showing, 20)).await;
    }
    house.settle().await;
    for visit in &visits {
        assert_eq!(order(&house, *visit).await.pickup_at, Some(timestamp(minutes(130))));
    }
    assert_eq!(house.events::<pb::OrderMoved>("gastro").await.len(), visits.len());
    assert_eq!(taken(&house).await, 30 * 130);
}
