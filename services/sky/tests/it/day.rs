//! One family's whole day on a clock that the test moves: booked, paid online, driven in, scanned in, the
//! showing, the meal fired, made and collected, driven out. And days that go wrong.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    testing::{House, noon},
    values::{from_timestamp, timestamp},
};
use load_tests::fake_provider::FakeProvider;
use sky_proto::{
    flow::v1::AdmissionState,
    gastro::v1::{
        MoveOrderRequest, Order, OrderState, SetStationStateRequest, StationState, gastro_client::GastroClient,
    },
    journey::v1::{CancelShowingRequest, CancelVisitRequest, Visit, VisitState, journey_client::JourneyClient},
    parking::v1::{Direction, ListRightsRequest, RightState, parking_client::ParkingClient},
    payments::v1::{Method, PaymentState},
};
use uuid::Uuid;

use crate::{
    scenario::{Family, next_showing},
    world::{HOUSE_FILE, World, furnished, staff, until},
};

/// A house with the real programme on a Saturday noon, and a payment provider.
pub async fn open() -> (House, World, FakeProvider) {
    let provider = FakeProvider::start(([127, 0, 0, 1], 0).into()).await.expect("a provider");
    let own = BTreeMap::from([("payments".to_owned(), provider.settings())]);
    let (house, world) = furnished(|settings| settings.services = own).await;
    (house, world, provider)
}

/// Pays at the provider's page, as a browser would.
pub async fn pay(visit: &Visit) {
    assert!(!visit.payment_url.is_empty(), "an address to pay at: {visit:?}");
    let url = format!("{}/pay", visit.payment_url.trim_end_matches('/'));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let answer = client.post(&url).send().await.expect("the provider answers");
    assert!(answer.status().is_redirection() || answer.status().is_success(), "{}", answer.status());
}

/// Moves the clock on to an instant, in steps that recurring work can follow.
pub async fn wait_until(house: &House, at: DateTime<Utc>) {
    while house.clock.now() < at {
        house.clock.set((house.clock.now() + TimeDelta::seconds(20)).min(at));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Looks again and again while time goes by, a second at a time.
pub async fn in_time<F: Future<Output = Visit>>(
    house: &House,
    what: &str,
    look: impl Fn() -> F,
    holds: impl Fn(&Visit) -> bool,
) -> Visit {
    let mut last = look().await;
    for _ in 0..600 {
        if holds(&last) {
            return last;
        }
        house.clock.set(house.clock.now() + TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        last = look().await;
    }
    panic!("{what} did not happen; last seen: {last:#?}");
}

fn order_state(visit: &Visit) -> OrderState {
    visit.meal.as_ref().map_or(OrderState::Unspecified, Order::state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_family_books_pays_parks_sees_the_stars_and_eats() {
    let (house, world, _provider) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    let mut ordered = family.orders(Method::Online).await;
    if ordered.payment_url.is_empty() {
        ordered =
            in_time(&house, "an address to pay at", || family.visit(), |visit| !visit.payment_url.is_empty()).await;
    }
    pay(&ordered).await;
    let paid =
        in_time(&house, "the confirmation", || family.visit(), |visit| visit.state() == VisitState::Confirmed).await;
    assert_eq!(paid.payment_state(), PaymentState::Paid);

    let start = from_timestamp(paid.starts_at);
    wait_until(&house, start - TimeDelta::minutes(30)).await;
    family.drives(Direction::In).await;
    until(
        "the car on the page",
        || family.visit(),
        |visit| visit.parking.as_ref().is_some_and(|right| right.state() == RightState::CheckedIn),
    )
    .await;
    wait_until(&house, start - TimeDelta::minutes(20)).await;
    family.moves_admission(AdmissionState::DoorsOpen).await;
    family.sees_on_monitor("dome-door-1", |line| line.status == "doors_open").await;
    family.is_scanned_in().await;
    family.moves_admission(AdmissionState::LastCall).await;
    family.is_delayed(10).await;
    wait_until(&house, start + TimeDelta::minutes(12)).await;
    family.moves_admission(AdmissionState::Running).await;

    // The meal follows the real start: the kitchen begins when it says so, not a minute earlier.
    let running = until(
        "the prediction in the kitchen",
        || family.visit(),
        |visit| from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) >= from_timestamp(visit.ends_at),
    )
    .await;
    let fire_at = from_timestamp(running.meal.as_ref().expect("a meal").fire_at);
    wait_until(&house, fire_at - TimeDelta::seconds(30)).await;
    assert_eq!(order_state(&family.visit().await), OrderState::Scheduled);
    wait_until(&house, fire_at).await;
    let fired =
        in_time(&house, "the kitchen's start", || family.visit(), |visit| order_state(visit) == OrderState::Fired)
            .await;
    family.moves_admission(AdmissionState::Egress).await;
    let order = fired.meal.expect("a meal");
    assert!(order.number > 0);
    for to in [OrderState::Preparing, OrderState::Ready, OrderState::Collected] {
        let request = MoveOrderRequest { order_id: order.order_id.clone(), to: to.into() };
        GastroClient::new(world.door("gastro", &staff(Role::Kitchen))).move_order(request).await.expect("moved on");
        until("the meal on the page", || family.visit(), |visit| order_state(visit) == to).await;
    }
    family.drives(Direction::Out).await;
    let left = until(
        "the way home",
        || family.visit(),
        |visit| visit.parking.as_ref().is_some_and(|right| right.state() == RightState::Left),
    )
    .await;
    assert!(left.timeline.iter().all(|step| step.done || step.kind == "leave"), "{:#?}", left.timeline);
    house.settle().await;
}

/// The kitchen is late while the family sees the stars: they eat later, and their bay is theirs until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bay_lasts_until_the_meal_is_eaten_that_the_kitchen_makes_later() {
    let (house, world, _provider) = open().await;
    let file: toml::Table = HOUSE_FILE.parse().expect("TOML");
    let stay = TimeDelta::minutes(file["parking"]["meal_minutes"].as_integer().expect("minutes"));
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let booked = family.is_confirmed().await;
    let pickup = |visit: &Visit| from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at);
    let bay_ends = |visit: &Visit| from_timestamp(visit.parking.as_ref().expect("a bay").until);
    let booked_end = bay_ends(&booked);
    wait_until(&house, from_timestamp(booked.starts_at) - TimeDelta::minutes(10)).await;
    family.drives(Direction::In).await;
    // Just before the kitchen would begin.
    let fire_at = from_timestamp(booked.meal.as_ref().expect("a meal").fire_at);
    house.clock.set(fire_at - TimeDelta::seconds(30));
    let sets = async |state: StationState, delay_minutes| {
        for station_id in ["hot", "cold", "bar"] {
            let station_id = station_id.to_owned();
            let request = SetStationStateRequest { station_id, state: state.into(), delay_minutes };
            let mut kitchen = GastroClient::new(world.door("gastro", &staff(Role::Kitchen)));
            kitchen.set_station_state(request).await.expect("set");
        }
    };
    sets(StationState::Busy, 60).await;
    let longer = until("a longer stay on the page", || family.visit(), |visit| bay_ends(visit) > booked_end).await;
    assert_eq!(bay_ends(&longer), pickup(&longer) + stay, "{:?} {:?}", longer.meal, longer.parking);
    let leave = longer.timeline.iter().find(|step| step.kind == "leave").expect("a way home");
    assert_eq!(from_timestamp(leave.at), bay_ends(&longer));
    let span = ListRightsRequest {
        from: Some(timestamp(booked_end)),
        until: Some(timestamp(booked_end + TimeDelta::hours(1))),
    };
    let mut parking = ParkingClient::new(world.door("parking", &staff(Role::Attendant)));
    let rights = parking.list_rights(span).await.expect("a list").into_inner().rights;
    let listed = rights.iter().find(|right| right.visit_id == family.visit).expect("on the attendant's board");
    assert_eq!((from_timestamp(listed.until), listed.state()), (bay_ends(&longer), RightState::CheckedIn));
    house.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_showing_gives_everything_back() {
    let (house, world, _provider) = open().await;
    let online = Family::holds(&world, house.clock.now()).await;
    let mut ordered = online.orders(Method::Online).await;
    if ordered.payment_url.is_empty() {
        ordered =
            in_time(&house, "an address to pay at", || online.visit(), |visit| !visit.payment_url.is_empty()).await;
    }
    pay(&ordered).await;
    in_time(&house, "the confirmation", || online.visit(), |visit| visit.state() == VisitState::Confirmed).await;
    let at_desk = Family::holds(&world, house.clock.now()).await;
    at_desk.orders(Method::AtDesk).await;
    at_desk.is_confirmed().await;

    let request = CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: online.showing.showing_id.clone(),
        reason: None,
    };
    let mut journey = JourneyClient::new(world.door("journey", &staff(Role::Operator)));
    let answer = journey.cancel_showing(request.clone()).await.expect("cancelled").into_inner();
    assert_eq!(answer.visits_affected, 2);
    journey.cancel_showing(request).await.expect("pressed twice, cancelled once");
    for family in [&online, &at_desk] {
        let back = in_time(
            &house,
            "the refund",
            || family.visit(),
            |visit| matches!(visit.state(), VisitState::Refunded | VisitState::Cancelled),
        )
        .await;
        assert!(
            matches!(back.payment_state(), PaymentState::Refunded | PaymentState::Voided),
            "{:?}",
            back.payment_state()
        );
        assert!(!back.notice.expect("said why").de.is_empty());
    }
    house.settle().await;
    let sold: i64 = sqlx::query_scalar("select count(*) from seat_claim")
        .fetch_one(house.pool("reservations"))
        .await
        .expect("counted");
    let charged: i64 = sqlx::query_scalar("select coalesce(sum(cents), 0)::bigint from ledger")
        .fetch_one(house.pool("payments"))
        .await
        .expect("summed");
    assert_eq!((sold, charged), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_cancels_and_the_places_are_free_again() {
    let (house, world, _provider) = open().await;
    // The programme is told from memory, within a second.
    let free = || async { next_showing(&world, house.clock.now()).await.availability.expect("known").free_online };
    let before = free().await;
    let family = Family::holds(&world, house.clock.now()).await;
    until("the places are taken", free, |free| *free == before - 4).await;
    family.orders(Method::AtDesk).await;
    family.is_confirmed().await;
    let request = CancelVisitRequest { visit_id: family.visit.clone(), reason: "ill".to_owned() };
    JourneyClient::new(world.door("journey", &family.me)).cancel_visit(request).await.expect("cancelled");
    in_time(
        &house,
        "the end",
        || family.visit(),
        |visit| matches!(visit.state(), VisitState::Cancelled | VisitState::Refunded),
    )
    .await;
    until("the places are free again", free, |free| *free == before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_walks_away_from_the_order_holds_nothing_for_long() {
    let (house, world, _provider) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    house.clock.set(noon() + TimeDelta::minutes(11));
    in_time(&house, "the end of the hold", || family.visit(), |visit| visit.state() == VisitState::Expired).await;
    house.settle().await;
    let request = CancelVisitRequest { visit_id: family.visit.clone(), reason: String::new() };
    let stranger = Caller::Visitor { session: "another".to_owned(), visit: None };
    let refused =
        JourneyClient::new(world.door("journey", &stranger)).cancel_visit(request).await.expect_err("not theirs");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}
