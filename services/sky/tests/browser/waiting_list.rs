//! A showing is sold out: a visitor waits on its list, sees on the same page that places are held, and orders them; another
//! one leaves the list without scripts.

use kernel::Role;
use sky_proto::{
    journey::v1::VisitState,
    reservations::v1::{BlockSeatsRequest, Showing, reservations_client::ReservationsClient},
};

use crate::{
    accessible,
    chrome::{Browser, Device, until},
    sale::{block, general_seats, in_the_dome},
    stage::Stage,
    world::staff,
};

/// None of the places that are sold online is left; answers two of them.
async fn sells_out(stage: &Stage, showing: &Showing) -> Vec<String> {
    let general = general_seats(stage, showing).await;
    let free = showing.availability.as_ref().map_or(0, |it| it.free_online as usize);
    block(stage, showing, &general[..free]).await;
    general[..2].to_vec()
}

async fn gives_back(stage: &Stage, showing: &Showing, seats: &[String]) {
    let mut desk = ReservationsClient::new(stage.world.door("reservations", &staff(Role::Desk)));
    let request = BlockSeatsRequest {
        showing_id: showing.showing_id.clone(),
        seats: seats.to_vec(),
        blocked: false,
        reason: String::new(),
    };
    desk.block_seats(request).await.expect("free");
}

async fn says_who(visitor: &Browser, email: &str) {
    visitor.types("#name", "Caroline Herschel").await;
    visitor.types("#email", email).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_offered_what_comes_back_and_orders_it() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let two = sells_out(&stage, &showing).await;
    let visitor = stage.visitor(Device::Phone).await;
    visitor.open(&format!("/showings/{}", showing.showing_id)).await;
    visitor.sees(".badges", "Nur noch Rollstuhlplätze").await;
    visitor.shoots("showing-with-a-waiting-list").await;
    visitor.press("Auf die Warteliste").await;
    visitor.sees("h1", "Warteliste").await;
    accessible::check(&visitor, "the form of the waiting list").await;
    visitor.shoots("waiting-list").await;
    visitor.types("#count_adult", "2").await;
    says_who(&visitor, "caroline@slough.example").await;
    visitor.press("Auf die Warteliste setzen").await;
    visitor.arrives("/visit").await;
    visitor.sees("main", "Auf der Warteliste").await;
    visitor.marks_page().await;
    accessible::check(&visitor, "a visit that waits").await;
    visitor.shoots("visit-that-waits").await;

    gives_back(&stage, &showing, &two).await;
    visitor.sees("main", "Wir halten die Plätze bis").await;
    assert!(visitor.is_same_page().await, "it was reloaded");
    accessible::check(&visitor, "a visit with places to order").await;
    visitor.shoots("visit-with-an-offer").await;
    visitor.press("Plätze bestellen").await;
    visitor.arrives("/order/").await;
    visitor.sees("dl.facts", "2").await;
    visitor.shoots("order-of-an-offer").await;
    let visit = visitor.path().await.rsplit('/').next().expect("an id").to_owned();
    // Whom to write to has been said.
    visitor.click("#desk").await;
    visitor.press("zahlungspflichtig bestellen").await;
    stage.visit_with(&visit, "the booking", |visit| visit.state() == VisitState::Confirmed).await;
    visitor.sees("main", "Ihr Code").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    visitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_scripts_reads_what_is_wrong_and_leaves_the_list_again() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let two = sells_out(&stage, &showing).await;
    let visitor = stage.visitor(Device::NoScripts).await;
    // Where places are left the address leads to where they are booked.
    until("the form", async || {
        visitor.open(&format!("/showings/{}/wait", showing.showing_id)).await;
        let words = visitor.words().await;
        if words.contains("Auf die Warteliste setzen") { Ok(()) } else { Err(words) }
    })
    .await;
    says_who(&visitor, "caroline@slough.example").await;
    visitor.press("Auf die Warteliste setzen").await;
    visitor.sees("[role=alert]", "Bitte prüfen Sie").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());
    // What was typed is there still.
    visitor.types("#count_adult", "2").await;
    visitor.press("Auf die Warteliste setzen").await;
    visitor.arrives("/visit").await;
    visitor.sees("main", "Auf der Warteliste").await;
    visitor.open(&format!("/showings/{}/wait", showing.showing_id)).await;
    visitor.types("#count_adult", "1").await;
    says_who(&visitor, "Caroline+2@slough.example").await;
    visitor.press("Auf die Warteliste setzen").await;
    visitor.sees("[role=alert]", "schon auf der Warteliste").await;
    assert_eq!(visitor.complaints().await, Vec::<String>::new());

    visitor.open("/visit").await;
    visitor.press("Von der Warteliste gehen").await;
    visitor.click("#sure").await;
    visitor.click("#cancel-of button").await;
    visitor.sees("main", "Sie warten nicht mehr").await;
    gives_back(&stage, &showing, &two).await;
    visitor.open(&format!("/showings/{}", showing.showing_id)).await;
    visitor.sees(".badges", "2 Plätze").await;
    visitor.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_puts_a_caller_on_the_list_and_orders_for_them() {
    let Some(stage) = Stage::open().await else { return };
    let showing = in_the_dome(&stage).await;
    let two = sells_out(&stage, &showing).await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    desk.open(&format!("/desk/showings/{}/wait", showing.showing_id)).await;
    desk.sees("main", "Niemand wartet").await;
    desk.types("#count_adult", "2").await;
    desk.press("Auf die Warteliste setzen").await;
    desk.sees("[role=alert]", "Name").await;
    assert_eq!(desk.complaints().await, Vec::<String>::new());
    desk.types("#name", "William Herschel").await;
    desk.press("Auf die Warteliste setzen").await;
    desk.sees(".card", "William Herschel").await;
    desk.sees(".card", "bitte Bescheid sagen").await;
    gives_back(&stage, &showing, &two).await;
    until("an offer", async || {
        desk.open(&format!("/desk/showings/{}/wait", showing.showing_id)).await;
        let words = desk.words().await;
        if words.contains("Plätze gehalten bis") { Ok(()) } else { Err(words) }
    })
    .await;
    accessible::check(&desk, "the desk's waiting list").await;
    desk.shoots("desk-waiting-list").await;
    desk.press("Plätze bestellen").await;
    desk.arrives("/desk/orders/").await;
    let visit = desk.path().await.rsplit('/').next().expect("an id").to_owned();
    desk.click("#order button.main").await;
    let booked = stage.visit_with(&visit, "the booking", |visit| visit.state() == VisitState::Confirmed).await;
    assert_eq!(booked.contact_name, "William Herschel", "nobody was asked for it again");

    desk.open(&format!("/desk/showings/{}/wait", showing.showing_id)).await;
    desk.sees("main", "Niemand wartet").await;
    desk.types("#count_adult", "1").await;
    desk.types("#name", "Alexander Herschel").await;
    desk.press("Auf die Warteliste setzen").await;
    desk.press("Von der Warteliste nehmen").await;
    desk.click(".card form button").await;
    desk.sees("main", "Niemand wartet").await;
    desk.quits().await;
}
