//! The broker and every other service die while signage and the portal live: real processes on real time. The monitors
//! keep the plan, say of when it is, and nothing that somebody would have to count now.

use std::time::{Duration, Instant};

use kernel::testing::{TestBroker, TestDb, settings};

use crate::{
    processes::{signed_in, start},
    world::ALL,
};

/// Three questions in vain, and the turns that notice it.
const NOTICED: Duration = Duration::from_secs(100);

pub async fn core() {
    let db = TestDb::create().await;
    let mut broker = TestBroker::start().await;
    let mut settings = settings(&db);
    settings.nats_url = broker.url();
    let edge = ["signage", "portal"];
    let core: Vec<&'static str> = ALL.iter().map(|service| service.name).filter(|name| !edge.contains(name)).collect();
    let (mut processes, world) = start(&[&core, &edge], &settings).await;
    let client = signed_in(&processes.pages[1], &settings).await;
    let address = format!("{}/monitor/foyer-1", processes.pages[1]);
    let page = async || {
        let answer = client.get(&address).send().await.expect("the portal is there");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.text().await.expect("a page")
    };
    let comes = async |what: &str, holds: &(dyn Fn(&str) -> bool + Send + Sync)| {
        let begun = Instant::now();
        loop {
            let page = page().await;
            if holds(&page) {
                return page;
            }
            assert!(begun.elapsed() < NOTICED, "{what} did not come: {page}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let begin = "class=\"time\">";
    let planned = comes("the plan", &|page| page.contains("data-start=") && page.contains(begin)).await;
    assert!(!planned.contains("data-as-of"), "all are there: {planned}");
    let first = planned.split(begin).nth(1).and_then(|rest| rest.split('<').next()).expect("a start").to_owned();

    broker.kill();
    processes.kill(0);
    let shown = page().await;
    assert!(shown.contains("data-start="), "a moment's silence is none");
    let silent = comes("the age", &|page| page.contains("data-as-of=")).await;
    for gone in ["data-start=", "places figure", "quality"] {
        assert!(!silent.contains(gone), "{gone} is still there: {silent}");
    }
    assert!(silent.contains("class=\"as-of\">Stand ") && silent.contains(">as of "), "{silent}");
    assert!(silent.contains(&format!("{begin}{first}<")), "the plan stays: {silent}");

    broker.restart().await;
    processes.restart(&world, 0).await;
    comes("all of it again", &|page| page.contains("data-start=") && !page.contains("data-as-of")).await;
}
