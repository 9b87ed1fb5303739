//! A replica of the portal dies under a monitor's page, then the last one does and is started again: real processes. The page
//! is never blank and never loaded anew, and what happens from then on is on the screen within seconds.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::{TestDb, process_clock, settings},
    values::{Text, timestamp},
};
use serde_json::json;
use sky_proto::{
    portal::v1::{ApprovePairingRequest, access_client::AccessClient},
    signage::v1::{PriorityClass, PublishMessageRequest, signage_client::SignageClient},
};
use thirtyfour::By;

use crate::{
    cable::Cable,
    chrome::{Chrome, Device},
    monitor::leaves,
    processes::start,
    stage::KEPT,
    world::{ALL, World, staff},
};

/// Displays may be without the house for so long.
const MOVED: Duration = Duration::from_secs(5);

/// Counts how often there is nothing to read on the screen, whoever takes it away.
const BLANKS: &str = "window.blanks = 0;
    const main = document.querySelector('main');
    new MutationObserver(() => { if (main.innerText.trim().length < 10) window.blanks += 1; })
        .observe(main, { childList: true, subtree: true, characterData: true });";

async fn says(world: &World, words: &str) {
    let request = PublishMessageRequest {
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        priority_class: PriorityClass::Operations.into(),
        text: Some(Text::new(words, words).to_proto()),
        group: "foyer".to_owned(),
        valid_until: Some(timestamp(process_clock().now() + TimeDelta::hours(1))),
    };
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    signage.publish_message(request).await.expect("published");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitors_page_outlives_a_replica_of_the_portal_and_the_restart_of_the_last_one() {
    let Some(chrome) = Chrome::start() else { return };
    let db = TestDb::create().await;
    let settings = settings(&db);
    let others: Vec<&'static str> = ALL.iter().map(|service| service.name).filter(|name| *name != "portal").collect();
    let (mut processes, world) = start(&[&others, &["portal"], &["portal"]], &settings).await;
    let pages: Vec<SocketAddr> =
        processes.pages.iter().map(|page| page.trim_start_matches("http://").parse().expect("an address")).collect();
    let cable = Cable::to(pages[1]).await;
    let monitor = chrome.browser(&format!("http://localhost:{}", cable.port), Device::Monitor).await;
    monitor.open("/pair").await;
    let code = monitor.driver.find(By::Css(".claim")).await.expect("a code").text().await.expect("a code");
    let mut access = AccessClient::new(world.door("portal", &staff(Role::Desk)));
    let request = ApprovePairingRequest { claim_code: code, device_id: "foyer-1".to_owned() };
    access.approve_pairing(request).await.expect("approved");
    monitor.arrives("/monitor/").await;
    monitor.holds("the page in the cupboard", KEPT).await;
    monitor.sees("main h1", "").await;
    monitor.marks_page().await;
    monitor.run(BLANKS).await;

    // The first one dies; whoever comes again comes to the second.
    processes.kill(1);
    cable.leads_to(pages[2]);
    let killed = Instant::now();
    says(&world, "Nur linke Tür").await;
    monitor.sees(".screen.operations", "Nur linke Tür").await;
    let took = killed.elapsed();
    assert!(took < MOVED, "the page was without the house for {took:?}");

    // That one dies as well. The page keeps what it has until the first one is back.
    processes.kill(2);
    monitor.sees(".stand", "Stand").await;
    monitor.sees(".screen.operations", "Nur linke Tür").await;
    says(&world, "Nur rechte Tür").await;
    processes.restart(&world, 1).await;
    cable.leads_to(pages[1]);
    monitor.sees(".screen.operations", "Nur rechte Tür").await;
    monitor.holds("nothing is old any more", "document.querySelector('.stand').hidden").await;
    assert!(monitor.is_same_page().await, "it was reloaded");
    assert_eq!(monitor.run("return window.blanks").await, json!(0), "the screen was blank");
    leaves(monitor).await;
}
