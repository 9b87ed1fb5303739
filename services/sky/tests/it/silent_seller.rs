//! A waiting room whose seller does not answer: what it does not say is unknown, and nobody reads that nothing is left.

use crate::{
    browsers::{Browser, open},
    scenario::next_showing,
    waiting_room::{execute, open_room, told, turn},
};

#[tokio::test]
async fn what_the_seller_does_not_say_is_unknown_and_not_none_left() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    turn(&house).await;
    let before = told(&world).await.remove(0);
    assert!(before.free > 0 && before.outlook == "selling" && !before.silent, "{before:?}");
    // Of one that it does not know it says nothing, and so nothing of the room.
    execute(&house, "update waiting_room set showings = showings || gen_random_uuid()").await;
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    turn(&house).await;
    let unlikely = "Wahrscheinlich reichen die Plätze nicht";
    let first = async || {
        let (_, _, body) = browser.get(&house, &room).await;
        assert!(body.contains("Ihr Platz in der Reihe: <strong>1</strong>") && !body.contains(unlikely), "{body}");
    };
    first().await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.free, now.outlook.as_str(), now.silent), (before.free, "selling", false), "as it said last");
    assert_eq!((now.waiting, now.admitted), (1, 0), "nobody is let in to what nobody knows");

    execute(&house, "update waiting_room set answered_at = answered_at - interval '1 minute'").await;
    turn(&house).await;
    first().await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.outlook.as_str(), now.silent), ("unknown", true));
    execute(&house, "update waiting_room set showings = showings[1:1]").await;
    turn(&house).await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.free, now.outlook.as_str(), now.silent, now.admitted), (before.free, "selling", false, 1));
}
