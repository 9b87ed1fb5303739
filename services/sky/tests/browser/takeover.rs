//! A screen dies: the nearest neighbour says what it had to say, the wall tells staff so, and when it is back it speaks
//! for itself again.

use kernel::{Role, clock::wall_now};
use sky_proto::signage::v1::{ListDisplaysRequest, signage_client::SignageClient};

use crate::{
    accessible,
    cable::Cable,
    chrome::{Device, until},
    stage::Stage,
    world::staff,
};

const WAIT: &str = "Bitte warten Sie hier";

/// As if a screen had not been heard for a minute; `None`: just looks who is silent.
async fn a_minute_passes(stage: &Stage, silent: Option<&str>) {
    let mut signage = SignageClient::new(stage.world.door("signage", &staff(Role::Desk)));
    // Whoever was heard until now is written down first.
    signage.list_displays(ListDisplaysRequest {}).await.expect("a list");
    sqlx::query("update presence set last_seen_at = last_seen_at - interval '61 seconds' where display_id = $1")
        .bind(silent)
        .execute(stage.house.pool("signage"))
        .await
        .expect("time passed");
    let board = signage::board::Board::default();
    let look = stage.house.transact("signage", move |tx| {
        Box::pin(async move { signage::commands::devices::watch_over(tx, &board, wall_now()).await })
    });
    look.await.expect("looked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_screens_message_hangs_next_door_and_the_wall_says_so() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let queue = stage.monitor(&cable, "queue-1").await;
    let foyer = stage.monitor(&cable, "foyer-1").await;
    let desk = stage.staff(Role::Desk, Device::Desk).await;
    let front = stage.staff(Role::Desk, Device::Desk).await;
    front.open("/desk").await;
    front.sees_no_more("main", "antwortet nicht").await;
    front.marks_page().await;
    desk.open("/displays").await;
    desk.click("#group-queue").await;
    desk.press(WAIT).await;
    desk.sees(".notice.good", "Gesendet").await;
    queue.sees(".screen.operations", WAIT).await;
    foyer.sees("h1", "Nächste Vorstellungen").await;
    foyer.sees_no_more("main", WAIT).await;
    foyer.marks_page().await;
    desk.marks_page().await;

    // Somebody pulls its plug.
    queue.driver.goto("about:blank").await.expect("dark");
    until("the neighbour speaks", async || {
        a_minute_passes(&stage, Some("queue-1")).await;
        let words = foyer.words().await;
        if words.contains(WAIT) { Ok(()) } else { Err(words) }
    })
    .await;
    foyer.sees(".screen.operations", WAIT).await;
    let card = ".card.bad";
    desk.sees(card, "Empfang, Aufrufnummern").await;
    desk.sees(card, "antwortet nicht").await;
    desk.sees(card, "Seine Meldung zeigt jetzt: Foyer, über der Kasse").await;
    desk.sees(".card.good", "Zeigt auch die Meldung von: Empfang, Aufrufnummern").await;
    desk.sees(".facts", "1 antwortet nicht").await;
    desk.shoots("displays-takeover").await;
    foyer.shoots("monitor-takeover").await;
    accessible::check(&desk, "a dead screen on the wall").await;
    // The front desk is told without looking at the wall.
    front.sees(".alerts .monitor", "Empfang, Aufrufnummern: antwortet nicht seit ").await;
    front.sees(".alerts .monitor", "Seine Meldung zeigt jetzt: Foyer, über der Kasse").await;
    assert!(front.is_same_page().await, "it was reloaded");
    front.shoots("desk-dead-monitor").await;
    accessible::check(&front, "a dead screen at the front desk").await;
    front.click(".alerts .monitor a").await;
    front.sees(card, "Empfang, Aufrufnummern").await;
    front.open("/desk?lang=en").await;
    front.sees(".alerts .monitor", "offline since ").await;
    front.sees(".alerts .monitor", "Its message is shown by: Foyer, above the desk").await;
    front.marks_page().await;

    queue.open("/monitor/queue-1").await;
    queue.sees(".screen.operations", WAIT).await;
    until("the neighbour is itself again", async || {
        a_minute_passes(&stage, None).await;
        let words = foyer.words().await;
        if words.contains(WAIT) { Err(words) } else { Ok(()) }
    })
    .await;
    foyer.sees("h1", "Nächste Vorstellungen").await;
    desk.sees_no_more("main", "Zeigt auch die Meldung").await;
    desk.sees_no_more("main", "Seine Meldung zeigt").await;
    front.sees_no_more("main", "offline since").await;
    for page in [&foyer, &desk, &front] {
        assert!(page.is_same_page().await, "{} was reloaded", page.path().await);
    }
    desk.quits().await;
    front.quits().await;
    for screen in [queue, foyer] {
        screen.driver.quit().await.expect("the browser ends");
    }
}
