//! Waiting list and waiting room: whoever stands before a sale comes first, and nobody gets past them by way of the list.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{Caller, Role, testing::House};
use sky_proto::{
    journey::v1::{Contact, JoinWaitingListRequest, Visit, VisitState, waiting_list_client::WaitingListClient},
    portal::v1::{CloseWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient},
    reservations::v1::PartyLine,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    booking::visit,
    browsers::{Browser, open},
    scenario::next_showing,
    waiting_room::{open_room, told},
    world::{World, staff, until},
};

async fn join(world: &World, caller: &Caller, showing: &str) -> Result<Visit, Status> {
    let request = JoinWaitingListRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.to_owned(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 2, need: 0 }],
        language: "de".to_owned(),
        contact: Some(Contact { name: "Caroline".to_owned(), email: "caroline@slough.example".to_owned() }),
    };
    WaitingListClient::new(world.door("journey", caller))
        .join_waiting_list(request)
        .await
        .map(tonic::Response::into_inner)
}

/// The house's time goes on, in small steps.
async fn goes_on(house: &House, seconds: i64) {
    for _ in 0..seconds {
        house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_in_a_waiting_room_comes_before_the_list() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let direct = Caller::Visitor { session: "direct:somebody".to_owned(), visit: None };
    let refused = join(&world, &direct, &showing).await.expect_err("past the pages");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    let (_, to, body) = Browser::new().get(&house, &format!("/showings/{showing}/wait")).await;
    assert_eq!(to, room, "{body}");
    let key = Uuid::new_v4().to_string();
    let form = [("key", key.as_str()), ("count_adult", "2"), ("name", "Caroline"), ("email", "c@slough.example")];
    let (_, to, body) = Browser::new().post(&house, &format!("/showings/{showing}/wait"), &form).await;
    assert_eq!(to, room, "{body}");

    // There are places, and whoever is on the list gets none of them while others stand before the sale.
    let waiting = join(&world, &staff(Role::Desk), &showing).await.expect("on the list").visit_id;
    goes_on(&house, 40).await;
    assert_eq!(visit(&world, &waiting).await.state(), VisitState::Waiting);
    let room_id = told(&world).await[0].room_id.clone();
    let mut rooms = WaitingRoomsClient::new(world.door("portal", &staff(Role::Desk)));
    rooms.close_waiting_room(CloseWaitingRoomRequest { room_id }).await.expect("closed");
    let offered = async || {
        goes_on(&house, 5).await;
        visit(&world, &waiting).await
    };
    until("an offer", offered, |it| it.state() == VisitState::Held).await;
}
