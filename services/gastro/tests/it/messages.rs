//! What the kitchen's own system has not taken: staff see it, send it again or give it up, and nothing puts the system back.

use kernel::{
    Caller, Role,
    testing::{House, staff},
};
use sky_proto::gastro::v1::{self as pb, kitchen_system_client::KitchenSystemClient};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    client,
    pushing::{Mood, System, house_told, try_again_now, waiting},
    support::*,
};

use pb::KdsMessageState::{GivenUp, Refused, Taken, Waiting};

fn cook() -> Caller {
    Caller::Staff { account: "kim".to_owned(), roles: vec![Role::Kitchen] }
}

async fn list(house: &House) -> pb::ListKdsMessagesResponse {
    let mut system = KitchenSystemClient::new(house.channel(&cook()));
    system.list_kds_messages(pb::ListKdsMessagesRequest {}).await.expect("listed").into_inner()
}

async fn send(house: &House, message: &pb::KdsMessage) -> Result<pb::KdsMessage, Status> {
    let request = pb::SendKdsMessageRequest { message_id: message.message_id.clone() };
    KitchenSystemClient::new(house.channel(&cook())).send_kds_message(request).await.map(tonic::Response::into_inner)
}

async fn give_up(house: &House, message: &pb::KdsMessage, reason: &str) -> Result<pb::KdsMessage, Status> {
    let request = pb::GiveUpKdsMessageRequest { message_id: message.message_id.clone(), reason: reason.to_owned() };
    KitchenSystemClient::new(house.channel(&cook())).give_up_kds_message(request).await.map(tonic::Response::into_inner)
}

async fn stuck(house: &House) -> u32 {
    let request = pb::WatchKitchenRequest { after_revision: 0 };
    let mut boards = client!(house, &cook()).watch_kitchen(request).await.expect("watched").into_inner();
    boards.message().await.expect("a board").expect("a board").stuck_messages
}

/// An order that the system has been told of up to "ready"; it refuses everything about states.
async fn refused(house: &House) -> pb::KdsMessage {
    let visit = Uuid::now_v7();
    let order = scheduled_meal(house, visit, Uuid::now_v7()).await;
    until_state(house, visit, minutes(105), pb::OrderState::Fired).await;
    for to in [pb::OrderState::Preparing, pb::OrderState::Ready] {
        step(house, &order.order_id, to).await.expect("a step");
    }
    until(house, "it was refused", async || list(house).await.refused == 1).await;

    let told = list(house).await;
    assert_eq!((told.waiting, told.refused, told.messages.len(), told.tells), (0, 1, 1, true));
    told.messages[0].clone()
}

#[tokio::test]
async fn what_was_refused_is_sent_again_under_another_key_and_once() {
    let (system, url) = System::start(Mood::RefusesStates).await;
    let house = house_told(&url).await;
    let message = refused(&house).await;
    assert_eq!((message.state(), message.about(), message.attempts), (Refused, pb::KdsAbout::Status, 1));
    assert!(message.number > 0 && message.problem.contains("422") && message.created_at.is_some(), "{message:?}");
    assert_eq!(stuck(&house).await, 1, "the board says so");
    let before = system.came.lock().expect("lock").last().expect("it came").key.clone();
    system.becomes(Mood::Takes);
    send(&house, &message).await.expect("waits again");
    until(&house, "it was taken", async || waiting(&house).await == 0).await;
    let last = system.taken.lock().expect("lock").last().expect("taken").clone();
    assert_ne!(last.key, before, "the system may remember that it refused that one");
    assert_eq!(last.body["status"], 70);
    assert_eq!(send(&house, &message).await.expect("a repeat").state(), Taken);
    assert_eq!(give_up(&house, &message, "too late").await.expect_err("taken").code(), Code::FailedPrecondition);
    assert!(list(&house).await.messages.is_empty());
    assert_eq!(stuck(&house).await, 0);
}

#[tokio::test]
async fn what_is_given_up_has_a_reason_and_nothing_newer_is_overtaken() {
    let (system, url) = System::start(Mood::RefusesStates).await;
    let house = house_told(&url).await;
    let message = refused(&house).await;
    let nameless = give_up(&house, &message, "  ").await.expect_err("no reason");
    assert!(nameless.message().starts_with("reason:"), "{}", nameless.message());
    for _ in 0..2 {
        let given_up = give_up(&house, &message, "told by phone").await.expect("given up");
        assert_eq!(given_up.state(), GivenUp);
        assert_eq!((given_up.given_up_by.as_str(), given_up.given_up_reason.as_str()), ("kim", "told by phone"));
    }
    assert_eq!(stuck(&house).await, 0, "decided");
    assert_eq!(list(&house).await.messages[0].state(), GivenUp, "and still to be seen");

    // It takes the next state of the same order: the old one would put it back.
    system.becomes(Mood::Takes);
    let order: Uuid = sqlx::query_scalar("select order_id from meal_order where number is not null")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("the order");
    step(&house, &order.to_string(), pb::OrderState::Collected).await.expect("collected");
    until(&house, "the newest is taken", async || system.codes(&order.to_string()).last() == Some(&90)).await;
    let late = send(&house, &message).await.expect_err("overtaken");
    assert_eq!(late.code(), Code::FailedPrecondition);
    assert_eq!(system.codes(&order.to_string()).last(), Some(&90));
    let unknown = pb::KdsMessage { message_id: Uuid::now_v7().to_string(), ..message };
    assert_eq!(send(&house, &unknown).await.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn a_system_that_stays_away_is_shown_after_a_few_attempts_and_may_be_given_up() {
    let (system, url) = System::start(Mood::Fails).await;
    let house = house_told(&url).await;
    set_busy(&house, "hot", 15).await.expect("busy");
    until(&house, "it was tried", async || system.came() == 1).await;
    assert_eq!(stuck(&house).await, 0, "a system that restarts is no news");
    until(&house, "it was tried often", async || {
        try_again_now(&house).await;
        stuck(&house).await == 1
    })
    .await;
    let told = list(&house).await;
    let message = &told.messages[0];
    assert_eq!((message.state(), message.about(), message.number), (Waiting, pb::KdsAbout::Busy, 0));
    assert!(message.attempts >= 3 && message.next_try_at.is_some(), "{message:?}");
    let same = system.came.lock().expect("lock").last().expect("it came").key.clone();
    send(&house, message).await.expect("tried now");
    let before = system.came();
    until(&house, "it was tried at once", async || system.came() > before).await;
    assert_eq!(system.came.lock().expect("lock").last().expect("it came").key, same, "it may have arrived before");
    give_up(&house, message, "the system was taken down").await.expect("given up");
    assert_eq!((stuck(&house).await, waiting(&house).await), (0, 0));
    for role in [Role::Desk, Role::Attendant] {
        let request = pb::ListKdsMessagesRequest {};
        let refused = KitchenSystemClient::new(house.channel(&staff(role))).list_kds_messages(request).await;
        assert_eq!(refused.expect_err("not theirs").code(), Code::PermissionDenied, "{role:?}");
    }
}
