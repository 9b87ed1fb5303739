//! A visit goes to another showing, and its meal with it.

use kernel::values::{from_timestamp, timestamp};
use sky_proto::{
    gastro::v1::{self as pb, OrderState},
    journey::v1::VisitRebooked,
};
use uuid::Uuid;

use crate::support::*;

/// From a showing at minute 60 to one at minute 180; both take fifty minutes.
fn rebooked(visit: Uuid, from: Uuid, to: Uuid) -> VisitRebooked {
    let at = |minute| Some(timestamp(minutes(minute)));
    VisitRebooked {
        visit_id: visit.to_string(),
        from_showing_id: from.to_string(),
        to_showing_id: to.to_string(),
        starts_at: at(180),
        ends_at: at(230),
        from_starts_at: at(60),
        from_ends_at: at(110),
        has_meal: true,
        ..VisitRebooked::default()
    }
}

#[tokio::test]
async fn the_meal_is_picked_up_after_the_new_showing() {
    let house = house().await;
    let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let before = scheduled_meal(&house, visit, from).await;
    let seconds = taken(&house).await;
    twice(&house, "journey", &rebooked(visit, from, to)).await;
    let now = order(&house, visit).await;
    assert_eq!((now.number, now.state(), &now.items), (before.number, OrderState::Scheduled, &before.items));
    assert_eq!(now.showing_id, to.to_string());
    let later = from_timestamp(now.pickup_at) - from_timestamp(before.pickup_at);
    assert_eq!((later.num_minutes(), taken(&house).await), (120, seconds), "its old time is free");
    let told: Vec<pb::OrderMoved> = house.events("gastro").await;
    assert_eq!(told.len(), 1, "told once");
    // Nobody's meal is nobody's business.
    twice(&house, "journey", &rebooked(Uuid::now_v7(), from, to)).await;
    assert_eq!(house.events::<pb::OrderMoved>("gastro").await.len(), 1);
}

#[tokio::test]
async fn what_is_being_made_stays_what_it_is() {
    let house = house().await;
    let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let before = scheduled_meal(&house, visit, from).await;
    let fired = until_state(&house, visit, from_timestamp(before.fire_at), OrderState::Fired).await;
    twice(&house, "journey", &rebooked(visit, from, to)).await;
    let now = order(&house, visit).await;
    assert_eq!((now.state(), now.pickup_at), (OrderState::Fired, fired.pickup_at));
    assert!(house.events::<pb::OrderMoved>("gastro").await.is_empty());
}
