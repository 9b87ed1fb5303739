//! A test house with the real AstroGastro in it, and short ways to ask it things.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Clock, Role, Service,
    testing::{House, noon, producer, staff},
    values::timestamp,
};
use sky_proto::{
    gastro::v1::{self as pb, gastro_client::GastroClient},
    journey::v1::VisitConfirmed,
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
};
use tonic::Status;
use uuid::Uuid;

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

/// Gastro and those that it listens to.
pub const SERVICES: [Service; 5] =
    [gastro::SERVICE, producer("journey"), producer("reservations"), producer("flow"), producer("payments")];

/// A house with settings of gastro's own.
pub async fn house_with(own: &[(&str, &str)]) -> House {
    let house = House::start_with(&SERVICES, Clock::manual(noon()), |settings| {
        let own = own.iter().map(|(key, value)| ((*key).to_owned(), toml::Value::String((*value).to_owned())));
        settings.services.insert("gastro".to_owned(), own.collect());
    })
    .await;
    load(&house, &nearby(), false).await.expect("house file loads");
    house
}

pub async fn house() -> House {
    let house = House::start(&SERVICES).await;
    load(&house, &nearby(), false).await.expect("house file loads");
    house
}

/// The house's file with the counter right behind the dome's door, and open at all hours: times are easier to read so.
pub fn nearby() -> String {
    let file = with_hours();
    let (before, hours) = file.split_once("open = [{ weekdays").expect("the kitchen's hours");
    format!("{before}{}", hours.split_once('\n').expect("a line").1)
}

/// The same with the kitchen's hours: Tuesday to Sunday from 8:30 to 22:30.
pub fn with_hours() -> String {
    let file = HOUSE_FILE.replace("walk_minutes = 3", "walk_minutes = 0");
    assert_ne!(file, HOUSE_FILE);
    file
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::gastro::v1::gastro_client::GastroClient::new($house.channel($caller))
    };
}

pub async fn load(house: &House, toml: &str, check_only: bool) -> Result<String, Status> {
    let request = LoadHouseRequest { service: "gastro".to_owned(), house_toml: toml.to_owned(), check_only };
    OperationsClient::new(house.channel(&Caller::Service("sky".to_owned())))
        .load_house(request)
        .await
        .map(|answer| answer.into_inner().summary)
}

pub fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

pub fn cook() -> Caller {
    staff(Role::Kitchen)
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

pub fn line(item: &str, quantity: u32) -> pb::OrderLine {
    pb::OrderLine { item_id: item.to_owned(), quantity, ..pb::OrderLine::default() }
}

/// Two pastas and a water for after a showing from noon + 60 to noon + 110 min, held for ten minutes.
pub fn wish(visit: Uuid, showing: Uuid) -> pb::HoldOrderRequest {
    pb::HoldOrderRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        showing_starts_at: Some(timestamp(minutes(60))),
        showing_ends_at: Some(timestamp(minutes(110))),
        lines: vec![line("tomato-pasta", 2), line("water", 1)],
        pickup: pb::Pickup::AfterShowing.into(),
        expires_at: Some(timestamp(minutes(10))),
        ..pb::HoldOrderRequest::default()
    }
}

pub async fn hold(house: &House, wish: &pb::HoldOrderRequest) -> Result<pb::Order, Status> {
    GastroClient::new(house.channel(&journey())).hold_order(wish.clone()).await.map(tonic::Response::into_inner)
}

pub async fn order(house: &House, visit: Uuid) -> pb::Order {
    GastroClient::new(house.channel(&journey()))
        .get_order(pb::GetOrderRequest { visit_id: visit.to_string() })
        .await
        .expect("an order")
        .into_inner()
}

pub async fn step(house: &House, order_id: &str, to: pb::OrderState) -> Result<pb::Order, Status> {
    GastroClient::new(house.channel(&cook()))
        .move_order(pb::MoveOrderRequest { order_id: order_id.to_owned(), to: to.into() })
        .await
        .map(tonic::Response::into_inner)
}

pub async fn set_station(house: &House, id: &str, state: pb::StationState) -> Result<pb::Station, Status> {
    GastroClient::new(house.channel(&cook()))
        .set_station_state(pb::SetStationStateRequest {
            station_id: id.to_owned(),
            state: state.into(),
            delay_minutes: 0,
        })
        .await
        .map(tonic::Response::into_inner)
}

pub fn confirmed(visit: Uuid, showing: Uuid) -> VisitConfirmed {
    VisitConfirmed {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        has_parking: false,
        has_meal: true,
        reference: kernel::ticket_code::reference(visit),
        ..VisitConfirmed::default()
    }
}

/// Tells gastro an event twice.
pub async fn twice<M: prost::Name + prost::Message>(house: &House, from: &str, event: &M) {
    for _ in 0..2 {
        house.react("gastro", from, "it", event).await.expect("reacted");
    }
}

/// Holds a meal and confirms it.
pub async fn scheduled_meal(house: &House, visit: Uuid, showing: Uuid) -> pb::Order {
    hold(house, &wish(visit, showing)).await.expect("held");
    twice(house, "journey", &confirmed(visit, showing)).await;
    order(house, visit).await
}

/// How many seconds a station has in a quarter of an hour in this test.
pub async fn set_capacity(house: &House, station: &str, seconds: i32) {
    for statement in [
        "update station set slot_seconds = $2 where station_id = $1",
        "update slot_use set capacity = $2 where station_id = $1",
    ] {
        sqlx::query(statement).bind(station).bind(seconds).execute(house.pool("gastro")).await.expect("capacity set");
    }
}

/// What the slots say is taken, and what the claims add up to: they must agree.
pub async fn taken(house: &House) -> i64 {
    let (used, claimed): (i64, i64) = sqlx::query_as(
        "select (select coalesce(sum(seconds), 0) from slot_use), (select coalesce(sum(seconds), 0) from slot_claim)",
    )
    .fetch_one(house.pool("gastro"))
    .await
    .expect("sums");
    assert_eq!(used, claimed, "station time is conserved");
    used
}

/// Moves the clock to an instant, and on second by second, until the visit's order is in a state: the
/// recurring work may begin to wait after the clock was moved.
pub async fn until_state(house: &House, visit: Uuid, at: DateTime<Utc>, state: pb::OrderState) -> pb::Order {
    let mut now = at;
    let reached = async {
        loop {
            house.clock.set(now);
            let order = order(house, visit).await;
            if order.state() == state {
                return order;
            }
            now += TimeDelta::milliseconds(100);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("reached in time")
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! kitchen {
    ($house:expr, $caller:expr) => {
        sky_proto::gastro::v1::kitchen_client::KitchenClient::new($house.channel($caller))
    };
}

/// Staff stop an order that was fired, throw some of it away, and give nothing back.
pub async fn stop(house: &House, order_id: &str, waste: &[(&str, u32)]) -> Result<pb::Order, Status> {
    let line = |(item, quantity): &(&str, u32)| {
        let item_id = (*item).to_owned();
        pb::WasteLine { item_id, quantity: *quantity, line: None }
    };
    let request = pb::CancelFiredRequest {
        order_id: order_id.to_owned(),
        reason: pb::WasteReason::Cancelled.into(),
        waste: waste.iter().map(line).collect(),
        refund: false,
    };
    kitchen!(house, &cook()).cancel_fired(request).await.map(tonic::Response::into_inner)
}

pub async fn undo(house: &House, order_id: &str) -> Result<pb::Order, Status> {
    let request = pb::UndoMoveRequest { order_id: order_id.to_owned() };
    kitchen!(house, &cook()).undo_move(request).await.map(tonic::Response::into_inner)
}

pub async fn waste_of_day(house: &House) -> pb::ListWasteResponse {
    kitchen!(house, &cook()).list_waste(pb::ListWasteRequest::default()).await.expect("a list").into_inner()
}

/// Orders that need a decision.
pub async fn affected(house: &House) -> Vec<pb::Order> {
    let request = pb::ListAffectedRequest {};
    kitchen!(house, &cook()).list_affected(request).await.expect("a list").into_inner().orders
}

pub async fn set_busy(house: &House, id: &str, delay_minutes: u32) -> Result<pb::Station, Status> {
    let state = pb::StationState::Busy.into();
    GastroClient::new(house.channel(&cook()))
        .set_station_state(pb::SetStationStateRequest { station_id: id.to_owned(), state, delay_minutes })
        .await
        .map(tonic::Response::into_inner)
}

/// Moves the clock on, so that the recurring work goes on, until something is so.
pub async fn until(house: &House, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let reached = async {
        while !is_so().await {
            house.clock.set(house.clock.now() + TimeDelta::milliseconds(500));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Another dish takes the place of the first one, whatever is in it.
pub async fn substitute(house: &House, order: &pb::Order, item: &str) -> pb::Order {
    let request = pb::SubstituteRequest {
        order_id: order.order_id.clone(),
        line: 0,
        item_id: item.to_owned(),
        acknowledged_allergens: (1..=14).collect(),
    };
    kitchen!(house, &cook()).substitute(request).await.expect("replaced").into_inner()
}
