//! A test house with the real car park in it, and short ways to ask it things.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    testing::{House, noon, producer, staff},
    values::timestamp,
};
use sky_proto::{
    journey::v1::VisitConfirmed,
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    parking::v1::{self as pb, parking_client::ParkingClient},
};
use tonic::Status;
use uuid::Uuid;

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

pub async fn house() -> House {
    house_of(HOUSE_FILE).await
}

/// With a house file of its own.
pub async fn house_of(toml: &str) -> House {
    let house =
        House::start(&[parking::SERVICE, producer("journey"), producer("reservations"), producer("flow")]).await;
    load(&house, toml, false).await.expect("house file loads");
    house
}

/// The house file of a site that has no bays for bicycles.
pub fn without_bicycles() -> String {
    let bicycles = "[[parking.bays]]\nclass = \"bicycle\"\ncount = 64\nfree_of_charge = true\n";
    let (before, after) = HOUSE_FILE.split_once(bicycles).expect("bays for bicycles");
    format!("{before}{after}")
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::parking::v1::parking_client::ParkingClient::new($house.channel($caller))
    };
}

pub async fn load(house: &House, toml: &str, check_only: bool) -> Result<String, Status> {
    let request = LoadHouseRequest { service: "parking".to_owned(), house_toml: toml.to_owned(), check_only };
    OperationsClient::new(house.channel(&Caller::Service("sky".to_owned())))
        .load_house(request)
        .await
        .map(|answer| answer.into_inner().summary)
}

pub fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

pub fn attendant() -> Caller {
    staff(Role::Attendant)
}

pub fn lane() -> Caller {
    Caller::Device { id: "in-1".to_owned(), kind: "lane".to_owned() }
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

/// A wish for a standard bay from noon + 60 to noon + 240 min, held for ten minutes.
pub fn wish(visit: Uuid, showing: Uuid) -> pb::HoldBayRequest {
    pb::HoldBayRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        bay_class: pb::BayClass::Standard.into(),
        from: Some(timestamp(minutes(60))),
        until: Some(timestamp(minutes(240))),
        expires_at: Some(timestamp(minutes(10))),
        channel: pb::Channel::Online.into(),
    }
}

pub async fn hold(house: &House, wish: &pb::HoldBayRequest) -> Result<pb::Right, Status> {
    ParkingClient::new(house.channel(&journey())).hold_bay(wish.clone()).await.map(tonic::Response::into_inner)
}

pub async fn right(house: &House, visit: Uuid) -> pb::Right {
    ParkingClient::new(house.channel(&journey()))
        .get_right(pb::GetRightRequest { visit_id: visit.to_string() })
        .await
        .expect("a right")
        .into_inner()
}

pub async fn site(house: &House) -> pb::Site {
    ParkingClient::new(house.channel(&attendant()))
        .get_site(pb::GetSiteRequest {})
        .await
        .expect("the site")
        .into_inner()
}

pub fn confirmed(visit: Uuid, showing: Uuid) -> VisitConfirmed {
    VisitConfirmed {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        has_parking: true,
        has_meal: false,
        reference: kernel::ticket_code::reference(visit),
        ..VisitConfirmed::default()
    }
}

/// Holds a bay and confirms it.
pub async fn confirmed_right(house: &House, visit: Uuid, showing: Uuid) {
    hold(house, &wish(visit, showing)).await.expect("held");
    house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("confirmed");
}

/// How many bays a class is to have in this test.
pub async fn set_capacity(house: &House, class: &str, capacity: i32) {
    sqlx::query("update bay_class set capacity = $2 where class = $1")
        .bind(class)
        .bind(capacity)
        .execute(house.pool("parking"))
        .await
        .expect("capacity set");
}
