//! Who eats after the showing keeps the bay until then: the kitchen's events, each twice and out of order.

use kernel::{
    testing::{House, producer},
    values::{from_timestamp, timestamp},
};
use sky_proto::{
    gastro::v1::{OrderMoved, OrderScheduled, OrderState, OrderStateChanged},
    journey::v1::{VisitExpired, VisitRebooked},
    parking::v1 as pb,
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use uuid::Uuid;

use crate::{client, support::*};

async fn twice<M: prost::Name + prost::Message>(house: &House, from: &str, about: Uuid, event: &M) {
    for _ in 0..2 {
        house.react("parking", from, &about.to_string(), event).await.expect("reacted");
    }
}

/// A showing from minute 120 to 180.
async fn scheduled(house: &House, showing: Uuid) {
    let event = ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    };
    twice(house, "reservations", showing, &event).await;
}

async fn delayed(house: &House, showing: Uuid, by: i64) {
    let event = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(120 + by))),
        ends_at: Some(timestamp(minutes(180 + by))),
        ..Default::default()
    };
    twice(house, "reservations", showing, &event).await;
}

async fn meal_at(house: &House, visit: Uuid, pickup: i64) {
    let event = OrderScheduled {
        visit_id: visit.to_string(),
        pickup_at: Some(timestamp(minutes(pickup))),
        ..Default::default()
    };
    twice(house, "gastro", visit, &event).await;
}

async fn moved_to(house: &House, visit: Uuid, pickup: i64) {
    let event =
        OrderMoved { visit_id: visit.to_string(), pickup_at: Some(timestamp(minutes(pickup))), ..Default::default() };
    twice(house, "gastro", visit, &event).await;
}

async fn becomes(house: &House, visit: Uuid, state: OrderState) {
    let event = OrderStateChanged { visit_id: visit.to_string(), state: state.into(), ..Default::default() };
    twice(house, "gastro", visit, &event).await;
}

/// The minute at which a visit's right ends.
async fn ends(house: &House, visit: Uuid) -> i64 {
    (from_timestamp(right(house, visit).await.until) - minutes(0)).num_minutes()
}

/// How many times somebody was told that a right has another window.
async fn told(house: &House) -> usize {
    house.events::<pb::RightMoved>("parking").await.len()
}

/// The stay that was booked ends an hour after the showing, at minute 240; a meal needs the bay for 45 minutes.
#[tokio::test]
async fn the_right_ends_when_the_meal_is_eaten_and_no_sooner_than_was_booked() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled(&house, showing).await;
    confirmed_right(&house, visit, showing).await;
    let revision = site(&house).await.revision;
    meal_at(&house, visit, 190).await;
    assert_eq!((ends(&house, visit).await, told(&house).await), (240, 0), "there is time enough");
    moved_to(&house, visit, 220).await;
    assert_eq!((ends(&house, visit).await, told(&house).await), (265, 1), "told once, heard twice");
    assert!(site(&house).await.revision > revision, "the attendant's board shows it");
    delayed(&house, showing, 10).await;
    assert_eq!((ends(&house, visit).await, told(&house).await), (265, 2), "later, and the meal is as it was");
    moved_to(&house, visit, 230).await;
    assert_eq!(ends(&house, visit).await, 275);
    becomes(&house, visit, OrderState::Fired).await;
    assert_eq!(ends(&house, visit).await, 275);
    becomes(&house, visit, OrderState::Cancelled).await;
    assert_eq!(ends(&house, visit).await, 250, "without a meal they leave as booked");
    becomes(&house, visit, OrderState::Fired).await;
    assert_eq!(ends(&house, visit).await, 275, "it was stopped by mistake");
    moved_to(&house, visit, 200).await;
    assert_eq!((ends(&house, visit).await, told(&house).await), (250, 6));
    // Of a visit without a bay nothing is kept, and nobody waits for it.
    meal_at(&house, Uuid::now_v7(), 220).await;
    assert_eq!(told(&house).await, 6);
}

#[tokio::test]
async fn whichever_service_is_heard_first_the_right_ends_the_same() {
    let house = house().await;
    // The meal before the showing's times.
    let (early, showing) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, early, showing).await;
    meal_at(&house, early, 220).await;
    assert_eq!((ends(&house, early).await, told(&house).await), (240, 0), "nothing to measure against yet");
    delayed(&house, showing, 10).await;
    assert_eq!(ends(&house, early).await, 265);

    // The meal before the visit's confirmation.
    let (unconfirmed, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled(&house, showing).await;
    hold(&house, &wish(unconfirmed, showing)).await.expect("held");
    meal_at(&house, unconfirmed, 220).await;
    twice(&house, "journey", unconfirmed, &confirmed(unconfirmed, showing)).await;
    assert_eq!(ends(&house, unconfirmed).await, 265);

    // The same of one whose hold has run out, and that takes a bay again.
    let again = Uuid::now_v7();
    hold(&house, &wish(again, showing)).await.expect("held");
    twice(&house, "journey", again, &VisitExpired { visit_id: again.to_string() }).await;
    meal_at(&house, again, 220).await;
    assert_eq!(right(&house, again).await.state(), pb::RightState::Expired);
    twice(&house, "journey", again, &confirmed(again, showing)).await;
    assert_eq!((right(&house, again).await.state(), ends(&house, again).await), (pb::RightState::Confirmed, 265));
    let confirmed: Vec<pb::RightConfirmed> = house.events("parking").await;
    assert_eq!(confirmed.iter().filter(|it| it.visit_id == again.to_string()).count(), 1);
}

#[tokio::test]
async fn a_visit_that_goes_to_another_showing_ends_with_what_it_eats_there() {
    let house = house().await;
    for meal_first in [true, false] {
        let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        scheduled(&house, from).await;
        confirmed_right(&house, visit, from).await;
        meal_at(&house, visit, 220).await;
        let at = |minute| Some(timestamp(minutes(minute)));
        let rebooked = VisitRebooked {
            visit_id: visit.to_string(),
            from_showing_id: from.to_string(),
            to_showing_id: to.to_string(),
            starts_at: at(240),
            ends_at: at(300),
            has_parking: true,
            ..VisitRebooked::default()
        };
        if meal_first {
            moved_to(&house, visit, 340).await;
        }
        twice(&house, "journey", visit, &rebooked).await;
        if !meal_first {
            moved_to(&house, visit, 340).await;
        }
        let there = ShowingScheduled {
            showing_id: to.to_string(),
            starts_at: at(240),
            ends_at: at(300),
            ..ShowingScheduled::default()
        };
        twice(&house, "reservations", to, &there).await;
        assert_eq!(ends(&house, visit).await, 385, "meal first: {meal_first}");
    }
}

#[tokio::test]
async fn no_bay_is_given_twice_for_a_meal_and_the_attendant_sees_from_when_there_is_none() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (eats, comes, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    scheduled(&house, showing).await;
    confirmed_right(&house, eats, showing).await;
    let mut next = wish(comes, Uuid::now_v7());
    (next.from, next.until) = (Some(timestamp(minutes(255))), Some(timestamp(minutes(400))));
    hold(&house, &next).await.expect("held");
    meal_at(&house, eats, 225).await;
    let kept = right(&house, eats).await;
    assert_eq!((ends(&house, eats).await, kept.without_bay_from), (270, Some(timestamp(minutes(255)))));
    let most: i32 = sqlx::query_scalar("select max(given) from bay_use where class = 'standard'")
        .fetch_one(house.pool("parking"))
        .await
        .expect("counted");
    assert_eq!(most, 1, "the bay of who comes then is theirs");
    assert_eq!(right(&house, comes).await.state(), pb::RightState::Held);
    // They let go of it: with the next word the bay is theirs for as long as they stay.
    let release = pb::ReleaseBayRequest { visit_id: comes.to_string() };
    client!(house, &journey()).release_bay(release).await.expect("released");
    moved_to(&house, eats, 230).await;
    assert_eq!((ends(&house, eats).await, right(&house, eats).await.without_bay_from), (275, None));
}

#[tokio::test]
async fn a_class_that_eats_is_fetched_when_it_has_eaten() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled(&house, showing).await;
    let channel = pb::Channel::Desk.into();
    let coach = pb::HoldBayRequest { bay_class: pb::BayClass::Coach.into(), channel, ..wish(visit, showing) };
    hold(&house, &coach).await.expect("held");
    twice(&house, "journey", visit, &confirmed(visit, showing)).await;
    let fetched = async || {
        let stop = right(&house, visit).await.stops.expect("a coach's").pick_up.expect("fetched");
        (from_timestamp(stop.from) - minutes(0)).num_minutes()
    };
    assert_eq!(fetched().await, 190);
    meal_at(&house, visit, 190).await;
    assert_eq!((fetched().await, ends(&house, visit).await), (225, 240), "ten minutes before they have eaten, at 235");
    moved_to(&house, visit, 210).await;
    assert_eq!((fetched().await, ends(&house, visit).await), (245, 255));
    becomes(&house, visit, OrderState::Cancelled).await;
    assert_eq!((fetched().await, ends(&house, visit).await), (190, 240));
}

/// With the real log: what was told while nobody listened is heard later, once.
#[tokio::test]
async fn the_kitchens_log_is_heard() {
    let producers = ["journey", "reservations", "gastro"].map(producer);
    let services: Vec<kernel::Service> = std::iter::once(parking::SERVICE).chain(producers).collect();
    let house = House::start(&services).await;
    load(&house, HOUSE_FILE, false).await.expect("house file loads");
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled(&house, showing).await;
    confirmed_right(&house, visit, showing).await;
    for pickup in [190, 220] {
        let event = OrderMoved {
            visit_id: visit.to_string(),
            pickup_at: Some(timestamp(minutes(pickup))),
            ..Default::default()
        };
        house.emit("gastro", &visit.to_string(), event).await;
    }
    house.settle().await;
    assert_eq!(ends(&house, visit).await, 265);
}
