//! The quarter that a party chooses for its meal.

use kernel::{
    testing::{House, visitor},
    values::timestamp,
};
use prost::Message;
use sky_proto::{gastro::v1 as pb, reservations::v1::ShowingDelayed};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

async fn offers(house: &House, showing: Uuid, pickup: pb::Pickup) -> Vec<(i64, bool)> {
    let request = pb::ListPickupsRequest {
        showing_id: showing.to_string(),
        showing_starts_at: Some(timestamp(minutes(60))),
        showing_ends_at: Some(timestamp(minutes(110))),
    };
    let listed = client!(house, &visitor(None)).list_pickups(request).await.expect("offers").into_inner();
    let of_it = listed.offers.into_iter().filter(|it| it.pickup() == pickup);
    let minute = |it: &pb::PickupOffer| (it.at.expect("a time").seconds - timestamp(minutes(0)).seconds) / 60;
    of_it.map(|it| (minute(&it), it.most_free_seconds > 0)).collect()
}

fn chosen(visit: Uuid, showing: Uuid, at: i64) -> pb::HoldOrderRequest {
    pb::HoldOrderRequest { pickup_at: Some(timestamp(minutes(at))), ..wish(visit, showing) }
}

#[tokio::test]
async fn what_is_offered_can_be_chosen_and_what_is_full_says_what_is_nearest() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let after = offers(&house, showing, pb::Pickup::AfterShowing).await;
    assert_eq!(after, [(110, true), (120, true), (135, true), (150, true)]);
    for (minute, _) in after {
        let held = hold(&house, &chosen(Uuid::now_v7(), showing, minute)).await.expect("held");
        assert_eq!(held.pickup_at, Some(timestamp(minutes(minute))));
    }
    let past = hold(&house, &chosen(Uuid::now_v7(), showing, -60)).await.expect_err("it is over");
    assert_eq!(past.code(), Code::ResourceExhausted);
    set_capacity(&house, "hot", 120).await;
    let other = Uuid::now_v7();
    let full = hold(&house, &chosen(Uuid::now_v7(), other, 135)).await.expect_err("somebody has all of it");
    assert_eq!(full.code(), Code::ResourceExhausted, "{}", full.message());
    let told = pb::MealRefused::decode(full.details()).expect("in the guest's words").reason.expect("why");
    assert!(told.de.contains("Der nächste ist um"), "{}", told.de);
    assert!(offers(&house, other, pb::Pickup::AfterShowing).await.contains(&(135, true)), "there is still cake");
    for station in ["cold", "bar"] {
        set_station(&house, station, pb::StationState::Closed).await.expect("closed");
    }
    assert!(offers(&house, other, pb::Pickup::AfterShowing).await.contains(&(135, false)), "now there is nothing");
}

#[tokio::test]
async fn it_keeps_its_distance_when_the_showing_moves() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &chosen(visit, showing, 135)).await.expect("held");
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(order(&house, visit).await.pickup_at, Some(timestamp(minutes(135))));
    let moved = ShowingDelayed {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(90))),
        ends_at: Some(timestamp(minutes(140))),
        minutes: 30,
        ..ShowingDelayed::default()
    };
    twice(&house, "reservations", &moved).await;
    assert_eq!(order(&house, visit).await.pickup_at, Some(timestamp(minutes(165))), "30 minutes later, as the showing");
}

#[tokio::test]
async fn nobody_orders_for_sooner_than_the_house_wants_to_know_of_it() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let sooner = |at: Option<i64>| pb::HoldOrderRequest {
        lines: vec![line("water", 1)],
        pickup: pb::Pickup::BeforeShowing.into(),
        pickup_at: at.map(|at| timestamp(minutes(at))),
        expires_at: Some(timestamp(house.clock.now() + chrono::TimeDelta::minutes(10))),
        ..wish(Uuid::now_v7(), showing)
    };
    // The last quarter before a showing at minute 60 begins at minute 30, and water takes five minutes.
    house.clock.set(minutes(34));
    let held = hold(&house, &sooner(None)).await.expect("held");
    assert_eq!(held.pickup_at, Some(timestamp(minutes(44))), "ten minutes from now");
    house.clock.set(minutes(35));
    for at in [None, Some(30)] {
        let late = hold(&house, &sooner(at)).await.expect_err("within the ten minutes");
        assert_eq!(late.code(), Code::ResourceExhausted, "{}", late.message());
    }
    assert_eq!(offers(&house, showing, pb::Pickup::BeforeShowing).await, [], "nor is it offered");
    // After the showing it is the same: never sooner than in ten minutes.
    house.clock.set(minutes(103));
    let after = pb::HoldOrderRequest { expires_at: Some(timestamp(minutes(110))), ..wish(Uuid::now_v7(), showing) };
    assert_eq!(hold(&house, &after).await.expect("held").pickup_at, Some(timestamp(minutes(113))));
    // A house that wants to know of it earlier.
    let slow = nearby().replacen("lead_minutes = 10", "lead_minutes = 60", 1);
    load(&house, &slow, false).await.expect("loaded");
    house.clock.set(minutes(60));
    let chosen =
        pb::HoldOrderRequest { expires_at: Some(timestamp(minutes(70))), ..chosen(Uuid::now_v7(), showing, 110) };
    let late = hold(&house, &chosen).await.expect_err("in fifty minutes");
    assert_eq!(late.code(), Code::ResourceExhausted, "{}", late.message());
    let told = pb::MealRefused::decode(late.details()).expect("in the guest's words").reason.expect("why");
    assert!(told.de.contains("Der nächste ist um"), "{}", told.de);
}
