//! Station time is never promised twice, whoever asks at once.

use kernel::values::timestamp;
use sky_proto::{gastro::v1 as pb, reservations::v1::ShowingDelayed};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

/// Takes everything of the three quarters after the first that a meal may be moved to.
async fn fill_neighbours(house: &kernel::testing::House) {
    sqlx::query(
        "insert into slot_use (station_id, slot_at, seconds, capacity)
         select 'hot', $1 + n * interval '15 minutes', 0, 0 from generate_series(1, 3) n",
    )
    .bind(minutes(105))
    .execute(house.pool("gastro"))
    .await
    .expect("filled");
}

#[tokio::test]
async fn thirty_at_once_for_the_last_slot_are_as_many_as_fit() {
    let house = house().await;
    // Three orders of 120 s, and no neighbour to go to.
    set_capacity(&house, "hot", 400).await;
    fill_neighbours(&house).await;
    let mut tries = Vec::new();
    for _ in 0..30 {
        let mut client = client!(house, &journey());
        // Of different showings, which share nothing but the kitchen.
        let request = wish(Uuid::now_v7(), Uuid::now_v7());
        tries.push(async move { client.hold_order(request).await });
    }
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let nearest = minutes(165).with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M").to_string();
        assert!(refused.message().ends_with(&nearest), "{} does not name {nearest}", refused.message());
    }
    assert_eq!(taken(&house).await, 3 * 130);
    let over: i64 = sqlx::query_scalar("select count(*) from slot_use where seconds > capacity")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(over, 0);
}

#[tokio::test]
async fn an_order_that_does_not_fit_goes_to_the_neighbour() {
    let house = house().await;
    set_capacity(&house, "hot", 200).await;
    let showing = Uuid::now_v7();
    for pickup in [110, 120, 135, 150] {
        let held = hold(&house, &wish(Uuid::now_v7(), showing)).await.expect("held");
        assert_eq!(held.pickup_at, Some(timestamp(minutes(pickup))));
    }
    let refused = hold(&house, &wish(Uuid::now_v7(), showing)).await.expect_err("full");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    // Another showing's: this one has had its share of that quarter.
    let mut small = wish(Uuid::now_v7(), Uuid::now_v7());
    small.lines = vec![line("tomato-pasta", 1)];
    let held = hold(&house, &small).await.expect("a smaller one fits");
    assert_eq!(held.pickup_at, Some(timestamp(minutes(110))));
    let mut huge = wish(Uuid::now_v7(), showing);
    huge.lines = vec![line("tomato-pasta", 40)];
    let refused = hold(&house, &huge).await.expect_err("too much");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("\"hot\""), "{}", refused.message());

    // Before the showing, neighbours are earlier ones.
    for pickup in [30, 15] {
        let mut before = wish(Uuid::now_v7(), showing);
        before.pickup = pb::Pickup::BeforeShowing.into();
        let held = hold(&house, &before).await.expect("held");
        assert_eq!(held.pickup_at, Some(timestamp(minutes(pickup))));
    }
}

#[tokio::test]
async fn an_expired_hold_is_nobodys_even_before_it_is_swept() {
    let house = house().await;
    set_capacity(&house, "hot", 120).await;
    fill_neighbours(&house).await;
    let showing = Uuid::now_v7();
    hold(&house, &wish(Uuid::now_v7(), showing)).await.expect("held");
    let mut second = wish(Uuid::now_v7(), showing);
    hold(&house, &second).await.expect_err("full");
    house.clock.set(minutes(10));
    second.expires_at = Some(timestamp(minutes(20)));
    hold(&house, &second).await.expect("taken over");
    assert_eq!(taken(&house).await, 130);
}

#[tokio::test]
async fn holds_and_a_delay_at_once_keep_the_count() {
    let house = house().await;
    set_capacity(&house, "hot", 400).await;
    let showing = Uuid::now_v7();
    let mut tries = Vec::new();
    for nth in 0..16 {
        let mut client = client!(house, &journey());
        let request = wish(Uuid::now_v7(), if nth % 2 == 0 { showing } else { Uuid::now_v7() });
        tries.push(async move { client.hold_order(request).await.is_ok() });
    }
    let delays = async {
        for by in [5, 20, 35, 50] {
            let delayed = ShowingDelayed {
                showing_id: showing.to_string(),
                starts_at: Some(timestamp(minutes(60 + by))),
                ends_at: Some(timestamp(minutes(110 + by))),
                ..Default::default()
            };
            twice(&house, "reservations", &delayed).await;
        }
    };
    let (held, ()) = tokio::join!(futures::future::join_all(tries), delays);
    let held = i64::try_from(held.into_iter().filter(|held| *held).count()).expect("few");
    assert!(held >= 12, "{held} held");
    assert_eq!(taken(&house).await, held * 130);
    let early: i64 = sqlx::query_scalar("select count(*) from meal_order where pickup_at < ends_at")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(early, 0, "no pickup before the guests come out");
}

#[tokio::test]
async fn the_database_is_the_last_wall() {
    let house = house().await;
    hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("held");
    for statement in ["update slot_use set seconds = capacity + 1", "update slot_use set seconds = -1"] {
        let broken = sqlx::query(statement).execute(house.pool("gastro")).await.expect_err(statement);
        let name = broken.as_database_error().and_then(|error| error.constraint()).expect("a constraint");
        assert_eq!(name, "slot_within_capacity");
    }
}
