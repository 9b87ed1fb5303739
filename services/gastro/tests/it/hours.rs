//! When the kitchen hands out meals: what is outside its hours is neither offered nor sold, and the refusal names them.

use kernel::{
    testing::{House, visitor},
    values::{from_timestamp, timestamp},
};
use prost::Message;
use sky_proto::{gastro::v1 as pb, reservations::v1::ShowingDelayed};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

/// A meal after a showing that ends at this minute after noon.
fn after(minute: i64) -> pb::HoldOrderRequest {
    pb::HoldOrderRequest {
        showing_starts_at: Some(timestamp(minutes(minute - 50))),
        showing_ends_at: Some(timestamp(minutes(minute))),
        ..wish(Uuid::now_v7(), Uuid::now_v7())
    }
}

/// It is refused, and both who reads the log and the guest read this.
fn names(refused: &Status, log: &str, guest: &str) {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{}", refused.message());
    assert!(refused.message().contains(log), "{}", refused.message());
    let told = pb::MealRefused::decode(refused.details()).expect("details").reason.expect("a reason");
    assert!(told.de.contains(guest), "{}", told.de);
}

/// Minutes after noon of the pickups that are offered after such a showing.
async fn offered(house: &House, minute: i64) -> Vec<i64> {
    let request = pb::ListPickupsRequest {
        showing_id: Uuid::now_v7().to_string(),
        showing_starts_at: Some(timestamp(minutes(minute - 50))),
        showing_ends_at: Some(timestamp(minutes(minute))),
    };
    let offers = client!(house, &visitor(None)).list_pickups(request).await.expect("offers").into_inner().offers;
    let after = offers.iter().filter(|it| it.pickup() == pb::Pickup::AfterShowing);
    after.map(|it| (from_timestamp(it.at) - minutes(0)).num_minutes()).collect()
}

#[tokio::test]
async fn outside_its_hours_the_kitchen_offers_and_sells_nothing() {
    let house = house().await;
    // A house that says nothing is open at all hours. 22:25 is minute 625.
    assert_eq!(offered(&house, 625).await, [625, 630, 645, 660]);
    hold(&house, &after(680)).await.expect("at midnight, almost");
    load(&house, &with_hours(), false).await.expect("applied");
    assert_eq!(offered(&house, 625).await, [625], "the last quarter");
    hold(&house, &after(625)).await.expect("held");
    for late in [after(680), pb::HoldOrderRequest { pickup_at: Some(timestamp(minutes(645))), ..after(625) }] {
        let refused = hold(&house, &late).await.expect_err("nobody cooks");
        names(&refused, "from 08:30 to 22:30", "von 08:30–22:30 Uhr");
    }
    let request = pb::ListSlotsRequest { from: Some(timestamp(minutes(570))), until: Some(timestamp(minutes(720))) };
    let slots = client!(house, &cook()).list_slots(request).await.expect("slots").into_inner().slots;
    let last = slots.iter().map(|it| (from_timestamp(it.at) - minutes(0)).num_minutes()).max();
    assert_eq!(last, Some(615));
    // Tomorrow before 8:30, and on Monday.
    let early = pb::HoldOrderRequest { pickup: pb::Pickup::BeforeShowing.into(), ..after(24 * 60 - 200) };
    names(&hold(&house, &early).await.expect_err("too early"), "from 08:30 to 22:30", "von 08:30–22:30 Uhr");
    names(&hold(&house, &after(48 * 60)).await.expect_err("Monday"), "closed on 2026-11-30", "geschlossen");
    assert!(offered(&house, 48 * 60).await.is_empty());

    hold(&house, &after(24 * 60)).await.expect("tomorrow");
    let closed = with_hours().replacen("open = [{ weekdays", "closed_days = [\"2026-11-29\"]\nopen = [{ weekdays", 1);
    load(&house, &closed, false).await.expect("applied");
    names(&hold(&house, &after(24 * 60)).await.expect_err("closed"), "closed on 2026-11-29", "geschlossen");
    hold(&house, &after(110)).await.expect("today");
    // What was sold is made also when its showing ends after them.
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &pb::HoldOrderRequest { visit_id: visit.to_string(), showing_id: showing.to_string(), ..after(600) })
        .await
        .expect("held");
    twice(&house, "journey", &confirmed(visit, showing)).await;
    let late = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 60,
        starts_at: Some(timestamp(minutes(610))),
        ends_at: Some(timestamp(minutes(660))),
        ..Default::default()
    };
    twice(&house, "reservations", &late).await;
    let meal = order(&house, visit).await;
    assert!(meal.affected.is_none() && from_timestamp(meal.pickup_at) >= minutes(660), "{meal:?}");
    house.clock.set(minutes(650));
    let request = pb::PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines: vec![line("water", 1)] };
    let refused = kitchen!(house, &cook()).place_walk_up(request).await.expect_err("at ten to eleven");
    names(&refused, "from 08:30 to 22:30", "von 08:30–22:30 Uhr");
}
