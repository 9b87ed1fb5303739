//! A waiting room holds for those too who do not come by the pages.

use kernel::Role;
use prost::Message;
use sky_proto::{
    journey::v1::{HoldRefused, HoldVisitRequest, journey_client::JourneyClient},
    portal::v1::{
        CloseWaitingRoomRequest, StartSessionRequest, access_client::AccessClient,
        waiting_rooms_client::WaitingRoomsClient,
    },
    reservations::v1::{Channel, PartyLine},
};
use tonic::Code;
use uuid::Uuid;

use crate::{
    browsers::{Browser, open},
    left::sells_out_all_but_protected,
    scenario::next_showing,
    waiting_room::{execute, open_room, turn},
    world::{staff, until},
};

fn wish(showing: &str, channel: Channel) -> HoldVisitRequest {
    HoldVisitRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.to_owned(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: 0 }],
        language: "de".to_owned(),
        channel: channel.into(),
        ..HoldVisitRequest::default()
    }
}

/// The button was pressed in time, and its answer was lost on the way.
#[tokio::test]
async fn what_was_held_with_a_pass_is_found_again_when_the_pass_has_ended() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    turn(&house).await;
    let (key, hold) = (Uuid::new_v4().to_string(), format!("/showings/{showing}/hold"));
    let form = [("key", key.as_str()), ("count_adult", "2")];
    let (_, order, body) = browser.post(&house, &hold, &form).await;
    assert!(order.starts_with("/order/"), "{body}");
    execute(&house, "update waiting_place set passed_until = now() - interval '1 second'").await;
    let (_, again, body) = browser.post(&house, &hold, &form).await;
    assert_eq!(again, order, "the form's key gets its first answer: {body}");
    let (_, to, body) = browser.hold(&house, &showing).await;
    assert_eq!(to, room, "for more they wait as everybody does: {body}");
    let (_, to, body) = browser.post(&house, &hold, &[("key", key.as_str()), ("count_adult", "")]).await;
    assert_eq!(to, room, "nor is the form theirs any more: {body}");
    // Nor is it lost when nothing but wheelchair places is left, which are sold past the line.
    sells_out_all_but_protected(&world, &showing).await;
    let look = || async {
        turn(&house).await;
        Browser::new().get(&house, &format!("/showings/{showing}")).await.2
    };
    until("only wheelchair places are sold", look, |page| page.contains("id=\"need_wheelchair\"")).await;
    let (_, again, body) = browser.post(&house, &hold, &form).await;
    assert_eq!(again, order, "still its first answer: {body}");
    let (_, to, body) = browser.hold(&house, &showing).await;
    assert_eq!(to, room, "others have none: {body}");
}

#[tokio::test]
async fn nobody_holds_past_a_room_without_the_pages() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let ask = async |bearer: &str, wish: &HoldVisitRequest| {
        let mut request = tonic::Request::new(wish.clone());
        request.metadata_mut().insert("authorization", format!("Bearer {bearer}").parse().expect("ASCII"));
        JourneyClient::new(world.bare("journey")).hold_visit(request).await
    };
    let hold_as = async |bearer: &str| ask(bearer, &wish(&showing, Channel::Online)).await;
    let mut access = AccessClient::new(world.bare("portal"));
    // Before there is a room, so that the session is older than it.
    let direct = access.start_session(StartSessionRequest {}).await.expect("a session").into_inner().token;
    let first = wish(&showing, Channel::Online);
    let held = ask(&direct, &first).await.expect("nobody waits").into_inner();
    let room = open_room(&house, &world, &showing, 0).await;
    let refused = hold_as(&direct).await.expect_err("others wait");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let told = HoldRefused::decode(refused.details()).expect("why");
    assert_eq!(told.part, "waiting_room");
    assert!(told.reason.is_some_and(|reason| reason.de.contains("Warteraum") && reason.en.contains("waiting room")));
    // What was held before is theirs, and a repeat hears so: its answer may have been lost on the way.
    let again = ask(&direct, &first).await.expect("the first answer").into_inner();
    assert_eq!(again.visit_id, held.visit_id);
    // Others are not hindered: the desk, and who was let in.
    let mut desk = JourneyClient::new(world.door("journey", &staff(Role::Desk)));
    desk.hold_visit(wish(&showing, Channel::Door)).await.expect("staff sell");
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    turn(&house).await;
    let (_, to, body) = browser.hold(&house, &showing).await;
    assert!(to.starts_with("/order/"), "{body}");
    let room_id = room.trim_start_matches("/waiting-room/").to_owned();
    let mut rooms = WaitingRoomsClient::new(world.door("portal", &staff(Role::Desk)));
    rooms.close_waiting_room(CloseWaitingRoomRequest { room_id }).await.expect("closed");
    hold_as(&direct).await.expect("nobody waits any more");
}
