//! A test house with the real programme in it, and short ways to ask it things.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Clock, Role,
    testing::{House, noon, producer, staff},
    values::timestamp,
};
use sky_proto::{
    journey::v1::VisitConfirmed,
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    reservations::v1::{self as pb, reservations_client::ReservationsClient},
};
use tonic::Status;
use uuid::Uuid;

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

pub async fn house() -> House {
    house_with(&[]).await
}

/// A house in which settings of reservations are not what they are by default.
pub async fn house_with(own: &[(&str, i64)]) -> House {
    let own = own.iter().map(|(name, value)| ((*name).to_owned(), toml::Value::Integer(*value))).collect();
    let own = BTreeMap::from([("reservations".to_owned(), own)]);
    let house = House::start_at(&[reservations::SERVICE, producer("journey")], Clock::manual(noon()), own).await;
    load(&house, HOUSE_FILE, false).await.expect("house file loads");
    // Most tests name places.
    set_numbered(&house, true).await;
    known(&house).await;
    house
}

/// Whether places of the showings can be chosen, or everybody sits where they like.
pub async fn set_numbered(house: &House, numbered: bool) {
    let set = "update showing set numbered = $1, revision = revision + 1, sale_version = sale_version + 1";
    sqlx::query(set).bind(numbered).execute(house.pool("reservations")).await.expect("set");
}

/// Waits until what is told is what the database has: within a second, says the contract.
pub async fn known(house: &House) {
    let revisions = "select id::text, revision from showing where starts_at >= $1 and starts_at < $2 order by id";
    let up_to_date = async {
        loop {
            let stored: Vec<(String, i64)> = sqlx::query_as(revisions)
                .bind(minutes(0))
                .bind(minutes(TWO_WEEKS))
                .fetch_all(house.pool("reservations"))
                .await
                .expect("revisions");
            let told = told(house, &operator(), true).await;
            let mut told: Vec<(String, i64)> =
                told.into_iter().map(|showing| (showing.showing_id, showing.revision.cast_signed())).collect();
            told.sort();
            if stored == told {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), up_to_date).await.expect("told within a second");
}

const TWO_WEEKS: i64 = 14 * 24 * 60;

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::reservations::v1::reservations_client::ReservationsClient::new($house.channel($caller))
    };
}

pub async fn load(house: &House, toml: &str, check_only: bool) -> Result<String, Status> {
    let request = LoadHouseRequest { service: "reservations".to_owned(), house_toml: toml.to_owned(), check_only };
    OperationsClient::new(house.channel(&Caller::Service("sky".to_owned())))
        .load_house(request)
        .await
        .map(|answer| answer.into_inner().summary)
}

pub fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

pub fn operator() -> Caller {
    staff(Role::Operator)
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

pub async fn programme(house: &House, caller: &Caller, closed: bool) -> Vec<pb::Showing> {
    known(house).await;
    told(house, caller, closed).await
}

async fn told(house: &House, caller: &Caller, closed: bool) -> Vec<pb::Showing> {
    let request = pb::ListProgrammeRequest {
        from: Some(timestamp(minutes(0))),
        until: Some(timestamp(minutes(TWO_WEEKS))),
        include_closed: closed,
    };
    client!(house, caller).list_programme(request).await.expect("programme").into_inner().showings
}

/// The first public showing in the dome after noon.
pub async fn showing(house: &House) -> pb::Showing {
    let programme = programme(house, &journey(), false).await;
    programme.into_iter().find(|showing| showing.hall == "dome").expect("a showing")
}

pub fn line(class: &str, count: u32, need: pb::Need) -> pb::PartyLine {
    pb::PartyLine { tariff_class: class.to_owned(), count, need: need.into() }
}

/// A wish for some adults, held for ten minutes.
pub fn wish(visit: Uuid, showing: &str, adults: u32) -> pb::HoldSeatsRequest {
    pb::HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.to_string(),
        showing_id: showing.to_owned(),
        party: vec![line("adult", adults, pb::Need::Unspecified)],
        expires_at: Some(timestamp(minutes(10))),
        seats: Vec::new(),
        channel: pb::Channel::Online.into(),
        wish: None,
        offered: false,
    }
}

pub async fn hold(house: &House, wish: &pb::HoldSeatsRequest) -> Result<pb::SeatHold, Status> {
    ReservationsClient::new(house.channel(&journey())).hold_seats(wish.clone()).await.map(tonic::Response::into_inner)
}

pub async fn get(house: &House, showing: &str) -> pb::Showing {
    known(house).await;
    let request = pb::GetShowingRequest { showing_id: showing.to_owned() };
    client!(house, &journey()).get_showing(request).await.expect("a showing").into_inner()
}

pub async fn booking(house: &House, visit: Uuid) -> Result<pb::Booking, Status> {
    let request = pb::GetBookingRequest { visit_id: visit.to_string() };
    client!(house, &journey()).get_booking(request).await.map(tonic::Response::into_inner)
}

pub fn confirmed(visit: Uuid, showing: &str) -> VisitConfirmed {
    VisitConfirmed {
        visit_id: visit.to_string(),
        showing_id: showing.to_owned(),
        has_parking: false,
        has_meal: false,
        reference: kernel::ticket_code::reference(visit),
        ..VisitConfirmed::default()
    }
}

pub async fn twice<M: prost::Name + prost::Message>(house: &House, about: Uuid, event: &M) {
    for _ in 0..2 {
        house.react("reservations", "journey", &about.to_string(), event).await.expect("reacted");
    }
}
