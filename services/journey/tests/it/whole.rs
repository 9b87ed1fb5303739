//! One visit with everything, through every real service: held, paid, driven in, let in, fed, delayed.

use kernel::{
    Caller, Role,
    testing::{House, staff},
    values::{Text, from_timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionState, MoveAdmissionRequest, ScanRequest, ScanVerdict, flow_client::FlowClient},
    gastro::v1::{
        GetMenuRequest, MoveOrderRequest, OrderLine, OrderState, Pickup, SetStationStateRequest, StationState,
        gastro_client::GastroClient,
    },
    journey::v1::{self as pb, VisitState},
    payments::v1::Method,
    reservations::v1::{GetBookingRequest, reservations_client::ReservationsClient},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

async fn everything() -> Town {
    town_with(&[
        journey::SERVICE,
        ::reservations::SERVICE,
        parking::SERVICE,
        payments::SERVICE,
        gastro::SERVICE,
        flow::SERVICE,
    ])
    .await
}

/// Two of the first thing on the menu, after the showing.
async fn wish(town: &Town) -> pb::HoldVisitRequest {
    let menu = GastroClient::new(town.house.channel(&guest("test"))).get_menu(GetMenuRequest::default()).await;
    let item = menu.expect("menu").into_inner().items.into_iter().find(|item| item.available).expect("something");
    let lines = vec![OrderLine { item_id: item.item_id, quantity: 2, ..OrderLine::default() }];
    pb::HoldVisitRequest {
        meal: Some(pb::MealWish { lines, pickup: Pickup::AfterShowing.into(), ..pb::MealWish::default() }),
        ..town.wish()
    }
}

async fn visit_code(house: &House, visit: &pb::Visit) -> String {
    let request = GetBookingRequest { visit_id: visit.visit_id.clone() };
    ReservationsClient::new(house.channel(&desk())).get_booking(request).await.expect("booking").into_inner().visit_code
}

async fn set_stations(town: &Town, state: StationState) {
    let mut kitchen = GastroClient::new(town.house.channel(&staff(Role::Kitchen)));
    for station_id in ["hot", "cold", "bar"] {
        let request =
            SetStationStateRequest { station_id: station_id.to_owned(), state: state.into(), delay_minutes: 0 };
        kitchen.set_station_state(request).await.expect("set");
    }
}

#[tokio::test]
async fn a_visit_with_everything_from_the_hold_to_the_meal() {
    let town = everything().await;
    let held = town.hold(&wish(&town).await).await.expect("held");
    let meal = held.meal.as_ref().expect("a meal");
    assert_eq!(meal.state(), OrderState::Held);
    assert!(held.items.len() >= 3, "seats, bay, meal: {:?}", held.items);
    let sum: i64 =
        held.items.iter().map(|item| i64::from(item.quantity) * item.unit_price.as_ref().expect("price").cents).sum();
    assert_eq!(held.total.as_ref().expect("total").cents, sum);

    let visit = town.confirm(&held, Method::Online).await.expect("ordered");
    town.press(&visit, "pay").await;
    let visit = town.wait_for(&visit, VisitState::Confirmed).await;
    let meal = visit.meal.as_ref().expect("a meal");
    assert_eq!(meal.state(), OrderState::Scheduled);
    assert!(meal.number > 0);
    town.house.settle().await;

    // A delay: page, bay and meal move together; the bay is theirs from when it was, because they may be on the way.
    let delay = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: visit.showing_id.clone(),
        minutes: 10,
        reason: Some(Text::new("Technik", "A technical check").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    client!(town, &desk()).delay_showing(delay).await.expect("delayed");
    town.house.settle().await;
    let moved = town.get(&visit).await;
    for kind in ["start", "leave", "meal"] {
        assert!(step(&moved, kind).moved, "{kind}");
    }
    assert!(!step(&moved, "parking").moved);

    // In by the visit's code.
    town.house.clock.set(from_timestamp(moved.starts_at) - chrono::TimeDelta::minutes(15));
    let mut operator = FlowClient::new(town.house.channel(&staff(Role::Operator)));
    let doors = MoveAdmissionRequest { showing_id: visit.showing_id.clone(), to: AdmissionState::DoorsOpen.into() };
    operator.move_admission(doors).await.expect("doors open");
    let scan = ScanRequest {
        device_id: "s".to_owned(),
        nonce: "1".to_owned(),
        lane: "dome-1".to_owned(),
        showing_id: visit.showing_id.clone(),
        code: visit_code(&town.house, &visit).await,
        ..Default::default()
    };
    let scanner = Caller::Device { id: "s".to_owned(), kind: "scanner".to_owned() };
    let admitted = FlowClient::new(town.house.channel(&scanner)).scan(scan).await.expect("scanned").into_inner();
    assert_eq!(admitted.verdict(), ScanVerdict::Admitted, "{:?}", admitted.message);
    town.house.settle().await;
    let inside = town.get(&visit).await;
    assert_eq!(inside.admitted, 2);
    assert!(step(&inside, "doors").done && step(&inside, "arrive").done);

    // The kitchen.
    let fire_at = from_timestamp(inside.meal.as_ref().expect("a meal").fire_at);
    town.house.clock.set(fire_at);
    let order_id = meal.order_id.clone();
    let mut kitchen = GastroClient::new(town.house.channel(&staff(Role::Kitchen)));
    for _ in 0..200 {
        if town.get(&visit).await.meal.expect("a meal").state() == OrderState::Fired {
            break;
        }
        town.house.clock.advance(chrono::TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for to in [OrderState::Preparing, OrderState::Ready, OrderState::Collected] {
        let request = MoveOrderRequest { order_id: order_id.clone(), to: to.into() };
        kitchen.move_order(request).await.expect("moved");
    }
    town.house.settle().await;
    let fed = town.get(&visit).await;
    assert_eq!(fed.meal.as_ref().expect("a meal").state(), OrderState::Collected);
    assert!(step(&fed, "meal").done);
    assert_eq!(fed.state(), VisitState::Confirmed);
}

#[tokio::test]
async fn a_kitchen_without_time_refuses_the_hold_and_names_other_ways() {
    let town = everything().await;
    let wish = wish(&town).await;
    set_stations(&town, StationState::Closed).await;
    let refused = town.hold(&wish).await.expect_err("the kitchen is closed");
    assert!(matches!(refused.code(), Code::FailedPrecondition | Code::ResourceExhausted), "{refused:?}");
    let details = refusal(&refused);
    assert_eq!(details.part, "meal");
    let texts: Vec<String> = details.alternatives.into_iter().map(|other| other.text.expect("text").de).collect();
    assert!(texts.contains(&"Ohne Essen buchen".to_owned()), "{texts:?}");
    assert_eq!(town.taken().await, (0, 0));
}

/// Leaves so many seconds of each station in each quarter of some hours from then on.
async fn leave_seconds(town: &Town, from: chrono::DateTime<chrono::Utc>, seconds: i32) {
    sqlx::query(
        "insert into slot_use (station_id, slot_at, seconds, capacity)
         select station_id, slot_at, greatest(slot_seconds - $2, 0), slot_seconds
         from station, generate_series($1::timestamptz, $1 + interval '4 hours', interval '15 minutes') slot_at
         on conflict (station_id, slot_at) do update set seconds = excluded.seconds",
    )
    .bind(from)
    .bind(seconds)
    .execute(town.house.pool("gastro"))
    .await
    .expect("set");
}

#[tokio::test]
async fn the_other_side_of_the_showing_is_offered_if_the_kitchen_can_make_the_whole_order_then() {
    let town = everything().await;
    let starts_at = from_timestamp(town.programme[0].starts_at);
    leave_seconds(&town, starts_at, 0).await;
    for (left, is_offered) in [(100_000, true), (1, false)] {
        leave_seconds(&town, starts_at - chrono::TimeDelta::hours(4), left).await;
        leave_seconds(&town, starts_at, 0).await;
        let details = refusal(&town.hold(&wish(&town).await).await.expect_err("no time after it"));
        let texts: Vec<String> = details.alternatives.into_iter().map(|other| other.text.expect("text").de).collect();
        assert_eq!(texts.contains(&"Vor der Vorstellung abholen".to_owned()), is_offered, "{left}: {texts:?}");
        assert!(texts.contains(&"Ohne Essen buchen".to_owned()), "{texts:?}");
        town.house.settle().await;
        let claims = sqlx::query_scalar::<_, i64>("select count(*) from slot_claim");
        assert_eq!(claims.fetch_one(town.house.pool("gastro")).await.expect("counted"), 0, "asked, and let go of");
        assert_eq!(town.taken().await, (0, 0));
    }
}

#[tokio::test]
async fn a_cancelled_visit_lets_go_of_everything() {
    let town = everything().await;
    let visit =
        town.confirm(&town.hold(&wish(&town).await).await.expect("held"), Method::Online).await.expect("ordered");
    town.press(&visit, "pay").await;
    town.wait_for(&visit, VisitState::Confirmed).await;
    town.cancel(&visit, &guest("test")).await.expect("cancelled");
    town.wait_for(&visit, VisitState::Refunded).await;
    town.house.settle().await;
    let off = town.get(&visit).await;
    assert_eq!(off.meal.expect("still shown").state(), OrderState::Cancelled);
    assert_eq!(off.parking.expect("still shown").state(), sky_proto::parking::v1::RightState::Cancelled);
    assert_eq!(town.taken().await, (0, 0));
}
