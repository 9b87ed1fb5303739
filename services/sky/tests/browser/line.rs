//! The desk whose line breaks: it says since when, and is right again by itself once the line is back.

use kernel::Role;
use serde_json::json;
use sky_proto::flow::v1::{CorrectZoneRequest, flow_client::FlowClient};

use crate::{cable::Cable, monitor::leaves, stage::Stage, world::staff};

const LOST: &str = "Verbindung unterbrochen seit";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_without_a_line_says_since_when_and_catches_up() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    let desk = stage.signs_in(stage.screen(&cable).await, Role::Desk).await;
    desk.open("/desk").await;
    desk.sees(".pulse", "Verbunden").await;
    desk.marks_page().await;
    // Once it breaks, once nothing passes any more.
    for (trouble, people) in [(Cable::cut as fn(&Cable), 21_u32), (Cable::squeeze, 22)] {
        trouble(&cable);
        desk.sees(".pulse", LOST).await;
        desk.sees(".pulse", ":").await;
        desk.shoots(&format!("desk-line-lost-{people}")).await;
        let said = desk.run("return document.querySelector('[data-live-say]').textContent").await;
        assert!(said.as_str().is_some_and(|said| said.contains(LOST)), "not said aloud: {said}");
        let counted = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: people, reason: "counted".to_owned() };
        FlowClient::new(stage.world.door("flow", &staff(Role::Desk))).correct_zone(counted).await.expect("counted");
        let before = desk.run("return document.querySelector('#zone-foyer').textContent").await;
        assert!(!before.as_str().expect("text").contains(&people.to_string()), "it cannot know: {before}");
        cable.mend();
        desk.sees("#zone-foyer", &people.to_string()).await;
        desk.sees(".pulse", "Verbunden").await;
        desk.sees_no_more(".pulse", LOST).await;
        assert_eq!(desk.run("return document.documentElement.hasAttribute('data-offline')").await, json!(false));
    }
    assert!(desk.is_same_page().await, "it was reloaded");
    leaves(desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_and_the_operators_page_without_a_line_say_since_when_and_are_dimmed() {
    let Some(stage) = Stage::open().await else { return };
    let cable = Cable::to(stage.house.running.http).await;
    for (role, path) in [(Role::Desk, "/displays"), (Role::Operator, "/operator")] {
        let browser = stage.signs_in(stage.screen(&cable).await, role).await;
        browser.open(path).await;
        browser.sees(".pulse", "Verbunden").await;
        browser.marks_page().await;
        for trouble in [Cable::cut as fn(&Cable), Cable::squeeze] {
            trouble(&cable);
            browser.sees(".pulse", LOST).await;
            browser.sees(".pulse", ":").await;
            // On top of what cannot be believed any more, which is dimmed.
            let top = "const it = document.querySelector('.pulse').getBoundingClientRect();
                const below = document.querySelector('[data-live]');
                return it.bottom <= below.getBoundingClientRect().top + 1 && getComputedStyle(below).opacity < 0.7";
            assert_eq!(browser.run(top).await, json!(true), "{path}");
            let said = browser.run("return document.querySelector('[data-live-say]').textContent").await;
            assert!(said.as_str().is_some_and(|said| said.contains(LOST)), "not said aloud: {said}");
            browser.shoots(&format!("{}-line-lost", &path[1..])).await;
            cable.mend();
            browser.sees(".pulse", "Verbunden").await;
            browser.sees_no_more(".pulse", LOST).await;
            let lit = "return getComputedStyle(document.querySelector('[data-live]')).opacity";
            assert_eq!(browser.run(lit).await, json!("1"), "{path}");
        }
        assert!(browser.is_same_page().await, "it was reloaded");
        leaves(browser).await;
    }
}
