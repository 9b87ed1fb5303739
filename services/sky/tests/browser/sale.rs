//! What is left of a showing moves on its page without a reload: all held, perhaps free again at a time,
//! and free again.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    values::{from_timestamp, timestamp},
};
use sky_proto::reservations::v1::{
    BlockSeatsRequest, Channel, GetSeatPlanRequest, HoldSeatsRequest, ListProgrammeRequest, PartyLine,
    ReleaseHoldRequest, Seat, Showing, reservations_client::ReservationsClient,
};
use uuid::Uuid;

use crate::{
    chrome::{Device, until},
    stage::{Stage, clock},
    world::staff,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_places_come_back_without_a_reload() {
    let Some(stage) = Stage::open().await else { return };
    let mut sale = ReservationsClient::new(stage.world.door("reservations", &Caller::Service("journey".to_owned())));
    let showing = in_the_dome(&stage).await;
    let held_until = stage.house.clock.now() + TimeDelta::minutes(10);
    let order = |people: u32| HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: Uuid::new_v4().to_string(),
        showing_id: showing.showing_id.clone(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: people, need: 0 }],
        expires_at: Some(timestamp(held_until)),
        seats: Vec::new(),
        channel: Channel::Online.into(),
        wish: None,
        offered: false,
    };
    let somebody = order(2);
    sale.hold_seats(somebody.clone()).await.expect("held");
    for people in [28, 28, 28] {
        sale.hold_seats(order(people)).await.expect("held");
    }

    let visitor = stage.visitor(Device::Phone).await;
    let page = format!("/showings/{}", showing.showing_id);
    until("a page that says all are held", async || {
        visitor.open(&page).await;
        let words = visitor.words().await;
        if words.contains("Gerade alle reserviert") { Ok(()) } else { Err(words) }
    })
    .await;
    visitor.marks_page().await;
    visitor.sees(".badges", &clock(held_until)).await;
    sale.release_hold(ReleaseHoldRequest { visit_id: somebody.visit_id }).await.expect("released");
    visitor.sees(".badges", "2 Plätze").await;
    assert!(visitor.is_same_page().await, "it was reloaded");
    visitor.shoots("showing-held-places-came-back").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.quits().await;
}

/// The places that are for everybody.
pub async fn general_seats(stage: &Stage, showing: &Showing) -> Vec<String> {
    let mut desk = ReservationsClient::new(stage.world.door("reservations", &staff(Role::Desk)));
    let request = GetSeatPlanRequest { showing_id: showing.showing_id.clone() };
    let plan = desk.get_seat_plan(request).await.expect("a plan").into_inner();
    let is_protected = |seat: &Seat| seat.features.iter().any(|it| it == "wheelchair" || it == "companion");
    plan.seats.into_iter().filter(|it| !is_protected(it)).map(|it| it.label).collect()
}

/// They are not sold.
pub async fn block(stage: &Stage, showing: &Showing, seats: &[String]) {
    let mut desk = ReservationsClient::new(stage.world.door("reservations", &staff(Role::Desk)));
    for seats in seats.chunks(60) {
        let request = BlockSeatsRequest {
            showing_id: showing.showing_id.clone(),
            seats: seats.to_vec(),
            blocked: true,
            reason: "Test".to_owned(),
        };
        desk.block_seats(request).await.expect("blocked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wheelchair_user_books_when_all_else_is_sold() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let general = general_seats(&stage, &showing).await;
    let page = format!("/showings/{}", showing.showing_id);
    let visitor = stage.visitor(Device::Phone).await;
    visitor.open(&page).await;
    visitor.sees(".badges", "Plätze").await;
    visitor.marks_page().await;
    block(&stage, &showing, &general).await;
    visitor.sees(".badges", "Nur noch Rollstuhlplätze: 4").await;
    assert!(visitor.is_same_page().await, "it was reloaded");
    // The page anew, as somebody finds it who comes now.
    visitor.open(&page).await;
    visitor.sees("form.stack", "Wer kommt").await;
    visitor.types("#count_adult", "2").await;
    visitor.types("#need_wheelchair", "1").await;
    visitor.types("#need_companion", "1").await;
    visitor.shoots("showing-only-wheelchair-places").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.press("Weiter zur Übersicht").await;
    visitor.arrives("/order/").await;
    visitor.sees("dl.facts", "W1, W1B").await;
    visitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_visitor_holds_is_told_as_their_own() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let general = general_seats(&stage, &showing).await;
    // Two are left online, besides what door and staff have.
    let kept = showing.availability.as_ref().map_or(0, |it| general.len() - it.free_online as usize);
    block(&stage, &showing, &general[..general.len() - kept - 2]).await;
    let visitor = stage.visitor(Device::Phone).await;
    let page = format!("/showings/{}", showing.showing_id);
    visitor.open(&page).await;
    visitor.sees(".badges", "2 Plätze").await;
    visitor.types("#count_adult", "2").await;
    visitor.press("Weiter zur Übersicht").await;
    visitor.arrives("/order/").await;
    visitor.open(&page).await;
    visitor.sees(".badges", "haben Sie selbst reserviert").await;
    visitor.shoots("showing-held-by-oneself").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.press("Zu Ihrer Reservierung").await;
    visitor.arrives("/order/").await;
    visitor.quits().await;
}

/// A showing in the dome that starts in more than an hour.
pub async fn in_the_dome(stage: &Stage) -> Showing {
    let now = stage.house.clock.now();
    let visitor = Caller::Visitor { session: "browser".to_owned(), visit: None };
    let mut programme = ReservationsClient::new(stage.world.door("reservations", &visitor));
    let request = ListProgrammeRequest {
        from: Some(timestamp(now + TimeDelta::hours(1))),
        until: Some(timestamp(now + TimeDelta::days(2))),
        include_closed: false,
    };
    let showings = programme.list_programme(request).await.expect("a programme").into_inner().showings;
    let has_adults = |showing: &Showing| showing.prices.iter().any(|price| price.tariff_class == "adult");
    let found = showings.into_iter().find(|showing| showing.hall == "dome" && has_adults(showing));
    let found = found.expect("a showing in the dome");
    assert!(from_timestamp(found.starts_at) > now);
    found
}
