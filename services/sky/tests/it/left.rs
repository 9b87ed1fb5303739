//! What is left of a showing as its page tells it: for each need, for wheelchair users when all else is sold, where
//! seating is free, and as of when it is if the seller cannot confirm it any more.

use chrono::TimeDelta;
use kernel::{Caller, Role, testing::House, values::from_timestamp};
use reqwest::StatusCode;
use sky_proto::{
    journey::v1::VisitState,
    reservations::v1::{
        BlockSeatsRequest, GetBookingRequest, GetSeatPlanRequest, GetShowingRequest, Need,
        reservations_client::ReservationsClient,
    },
};
use uuid::Uuid;

use crate::{
    booking::{adults, takes, visit},
    browsers::{Browser, open},
    scenario::next_showing,
    world::{World, staff, until},
};

async fn post(house: &House, browser: &Browser, showing: &str, typed: &[(&str, &str)]) -> (StatusCode, String, String) {
    let key = Uuid::new_v4().to_string();
    let form: Vec<(&str, &str)> = std::iter::once(("key", key.as_str())).chain(typed.iter().copied()).collect();
    browser.post(house, &format!("/showings/{showing}/hold"), &form).await
}

/// Nothing is sold any more but to wheelchair users and their companions.
pub async fn sells_out_all_but_protected(world: &World, showing: &str) {
    let mut desk = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let request = GetSeatPlanRequest { showing_id: showing.to_owned() };
    let plan = desk.get_seat_plan(request).await.expect("a plan").into_inner();
    let is_protected = |features: &[String]| features.iter().any(|it| it == "wheelchair" || it == "companion");
    let general = plan.seats.into_iter().filter(|seat| seat.free && !is_protected(&seat.features));
    let general: Vec<String> = general.map(|seat| seat.label).collect();
    for seats in general.chunks(60) {
        let request = BlockSeatsRequest {
            showing_id: showing.to_owned(),
            seats: seats.to_vec(),
            blocked: true,
            reason: "sold elsewhere".to_owned(),
        };
        desk.block_seats(request).await.expect("blocked");
    }
}

/// The page once it says something; what is left is told within a second.
async fn page_with(house: &House, showing: &str, words: &str) -> String {
    let look = || async { Browser::new().get(house, &format!("/showings/{showing}")).await.2 };
    until(words, look, |page| page.contains(words)).await
}

#[tokio::test]
async fn the_page_says_what_is_left_for_each_need_and_for_parties() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let page = page_with(&house, &showing, "4 Rollstuhlplätze frei").await;
    for line in [
        "4 Begleitplätze frei",
        "10 stufenlos erreichbare Plätze frei",
        "30 Plätze mit Hörschleife frei",
        "4 Plätze mit Raum für einen Hund frei",
        "Bis zu 17 Plätze nebeneinander",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    for _ in 0..3 {
        let wheelchair = sky_proto::reservations::v1::PartyLine { need: Need::Wheelchair.into(), ..adults(1) };
        takes(&world, &house, &showing, wheelchair).await.expect("held");
    }
    page_with(&house, &showing, "Ein Rollstuhlplatz frei").await;
}

#[tokio::test]
async fn wheelchair_users_book_when_all_else_is_sold() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    sells_out_all_but_protected(&world, &showing).await;
    let page = page_with(&house, &showing, "Nur noch Rollstuhlplätze: 4").await;
    assert!(page.contains("<details open>") && page.contains("name=\"need_wheelchair\""), "{page}");
    assert!(!page.contains("Kein Platz mit Hörschleife"), "what is left alone: {page}");
    let (_, _, programme) = Browser::new().get(&house, "/").await;
    assert!(programme.contains(&format!("<a href=\"/showings/{showing}\">")), "it leads there: {programme}");

    let (status, _, body) = post(&house, &Browser::new(), &showing, &[("count_adult", "1")]).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("Ausverkauft."), "{body}");
    let pair = [("count_adult", "2"), ("need_wheelchair", "1"), ("need_companion", "1")];
    for left in [3, 2, 1, 0] {
        let (status, _, body) = post(&house, &Browser::new(), &showing, &pair).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
        if left > 0 {
            page_with(&house, &showing, &format!("Nur noch Rollstuhlplätze: {left}")).await;
        }
    }
    let page = page_with(&house, &showing, "Ausverkauft").await;
    assert!(page.contains("Rollstuhlplätze alle reserviert, vielleicht wieder frei um"), "{page}");
    assert!(!page.contains("name=\"need_wheelchair\""), "nothing can be booked now: {page}");
}

#[tokio::test]
async fn where_seating_is_free_no_seat_is_told() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await;
    assert!(!showing.numbered);
    let browser = Browser::new();
    let (_, _, page) = browser.get(&house, &format!("/showings/{}", showing.showing_id)).await;
    assert!(page.contains("Freie Platzwahl: Sie setzen sich"), "{page}");
    assert!(!page.contains("name=\"seat\"") && !page.contains("name=\"sit\""), "{page}");
    let chosen = [("count_adult", "2"), ("seat", "C1"), ("seat", "C2")];
    let (status, _, body) = post(&house, &browser, &showing.showing_id, &chosen).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body.contains("Hier ist freie Platzwahl"), "{body}");

    let typed = [("count_adult", "3"), ("need_wheelchair", "1")];
    let (_, order, body) = post(&house, &browser, &showing.showing_id, &typed).await;
    assert!(order.starts_with("/order/"), "{order} {body}");
    let (_, _, summary) = browser.get(&house, &order).await;
    assert!(summary.contains("<dd>W1, freie Platzwahl</dd>"), "{summary}");
    let contact = [("name", "Erika Muster"), ("email", "erika@visitors.invalid"), ("method", "2")];
    let (_, to, body) = browser.post(&house, &format!("{order}/confirm"), &contact).await;
    assert_eq!(to, "/visit", "{body}");
    let booked = until("booked", || visit(&world, &order), |it| it.state() == VisitState::Confirmed).await;
    let mut sale = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let request = GetBookingRequest { visit_id: booked.visit_id.clone() };
    let tickets = sale.get_booking(request).await.expect("booked").into_inner().tickets;
    let rows: Vec<&str> = tickets.iter().filter(|it| it.free_seating).map(|it| it.seat.as_str()).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| !row.is_empty()), "rows count all the same: {tickets:?}");
    let page = until(
        "a page with codes",
        || async { browser.get(&house, "/visit").await.2 },
        |page| page.contains("class=\"ticket\""),
    )
    .await;
    assert!(page.contains("<h3>freie Platzwahl</h3>") && page.contains("<h3>Platz W1</h3>"), "{page}");
    assert!(page.contains("W1, freie Platzwahl</dd>"), "{page}");
    for row in rows {
        for told in [format!("Platz {row}<"), format!(", {row}<"), format!(">{row}<"), format!(">{row},")] {
            assert!(!page.contains(&told) && !summary.contains(&told), "{row} is told: {page}");
        }
    }
    // Nor does the door know it.
    let at_the_door = || async {
        let seats = "select seat from door_ticket where visit_id = $1 order by seat";
        let seats = sqlx::query_scalar::<_, String>(seats).bind(Uuid::parse_str(&booked.visit_id).expect("an id"));
        seats.fetch_all(house.pool("flow")).await.expect("read")
    };
    until("the door knows them", at_the_door, |seats| *seats == ["", "", "W1"]).await;
}

#[tokio::test]
async fn what_the_seller_cannot_confirm_says_as_of_when_it_is() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let page = page_with(&house, &showing, "4 Rollstuhlplätze frei").await;
    assert!(!page.contains("Stand "), "{page}");
    let rename = async |from: &str, to: &str| {
        let rename = sqlx::AssertSqlSafe(format!("alter table {from} rename to {to}"));
        sqlx::query(rename).execute(house.pool("reservations")).await.expect("renamed");
    };
    let visitor = Caller::Visitor { session: "x".to_owned(), visit: None };
    let observed_at = || async {
        let mut sale = ReservationsClient::new(world.door("reservations", &visitor));
        let request = GetShowingRequest { showing_id: showing.clone() };
        let told = sale.get_showing(request).await.expect("told from memory").into_inner();
        from_timestamp(told.availability.expect("known").observed_at)
    };
    rename("showing", "showing_away").await;
    // Whatever was under way is over.
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    let known = house.clock.now();
    house.clock.set(known + TimeDelta::minutes(2));
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    assert_eq!(observed_at().await, known, "as old as it is");
    let stand = format!("Stand {}", known.with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M"));
    let page = page_with(&house, &showing, &stand).await;
    assert!(page.contains("4 Rollstuhlplätze frei"), "what was known is told: {page}");
    rename("showing_away", "showing").await;
    until("confirmed again", observed_at, |at| *at > known).await;
    let (_, _, page) = Browser::new().get(&house, &format!("/showings/{showing}")).await;
    assert!(!page.contains("Stand "), "{page}");
}
