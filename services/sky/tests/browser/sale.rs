//! What is left of a showing moves on its page without a reload: all held, perhaps free again at a time,
//! and free again.

use chrono::TimeDelta;
use kernel::{
    Caller,
    values::{from_timestamp, timestamp},
};
use sky_proto::reservations::v1::{
    Channel, HoldSeatsRequest, ListProgrammeRequest, PartyLine, ReleaseHoldRequest, Showing,
    reservations_client::ReservationsClient,
};
use uuid::Uuid;

use crate::{
    chrome::{Device, until},
    stage::{Stage, clock},
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
