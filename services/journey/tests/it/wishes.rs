//! Where a party would like to sit, and for whom staff book: passed on to reservations as asked for.

use sky_proto::{
    journey::v1 as pb,
    reservations::v1::{Channel, SeatWish, seat_wish::Part},
};
use tonic::Code;
use uuid::Uuid;

use crate::support::*;

fn sitting(town: &Town, aisle: bool, part: Part) -> pb::HoldVisitRequest {
    pb::HoldVisitRequest { parking: None, wish: Some(SeatWish { aisle, part: part.into() }), ..town.wish() }
}

#[tokio::test]
async fn a_wish_for_places_is_passed_on() {
    let town = town().await;
    // Where seating is free nobody is told a row.
    sqlx::query("update showing set numbered = true, revision = revision + 1, sale_version = sale_version + 1")
        .execute(town.house.pool("reservations"))
        .await
        .expect("numbered");
    let row = |visit: &pb::Visit| visit.seats[0].label.trim_end_matches(char::is_numeric).to_owned();
    let front = town.hold(&sitting(&town, false, Part::Front)).await.expect("held");
    let back = town.hold(&sitting(&town, false, Part::Back)).await.expect("held");
    assert!(row(&front) < row(&back), "{:?} {:?}", front.seats, back.seats);
    let aisle = town.hold(&sitting(&town, true, Part::Back)).await.expect("held");
    let on_aisle = |seat: &sky_proto::reservations::v1::HeldSeat| seat.features.iter().any(|name| name == "aisle");
    assert!(aisle.seats.iter().any(on_aisle), "{:?}", aisle.seats);

    // It is part of the request: the same key with another wish is another request.
    let mut request = sitting(&town, false, Part::Front);
    request.idempotency_key = Uuid::new_v4().to_string();
    let first = town.hold(&request).await.expect("held");
    assert_eq!(town.hold(&request).await.expect("repeat"), first);
    request.wish = None;
    assert_eq!(town.hold(&request).await.expect_err("another request").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_named() {
    let town = town().await;
    let mut unknown = sitting(&town, false, Part::Front);
    unknown.wish.as_mut().expect("set").part = 7;
    let mut both = sitting(&town, true, Part::Unspecified);
    both.seats = vec!["A1".to_owned(), "A2".to_owned()];
    for (field, request) in [("wish.part:", unknown), ("wish:", both)] {
        let refused = town.hold(&request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    assert_eq!(town.taken().await, (0, 0));
}

#[tokio::test]
async fn staff_book_for_schools_and_visitors_do_not() {
    let town = town().await;
    for channel in [Channel::School, Channel::Staff] {
        let request = pb::HoldVisitRequest { channel: channel.into(), ..town.wish() };
        assert_eq!(town.hold(&request).await.expect_err("a visitor").code(), Code::PermissionDenied);
        town.hold_as(&desk(), &request).await.expect("the desk may");
    }
}
