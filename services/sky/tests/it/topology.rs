//! One binary, any subset: the same journey through one process with all services, and through a process
//! per service, that are real processes of the real program.

use chrono::Utc;
use kernel::testing::{TestDb, settings};

use crate::{processes::start, scenario::journey, world::ALL};

#[expect(clippy::disallowed_methods, reason = "real processes run on real time")]
async fn walk(groups: &[&[&'static str]]) {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let (_processes, world) = start(groups, &settings).await;
    journey(&world, Utc::now()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_through_one_process() {
    let all: Vec<&'static str> = ALL.iter().map(|service| service.name).collect();
    walk(&[&all]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_through_a_process_per_service() {
    let single: Vec<[&'static str; 1]> = ALL.iter().map(|service| [service.name]).collect();
    let groups: Vec<&[&'static str]> = single.iter().map(<[&'static str; 1]>::as_slice).collect();
    walk(&groups).await;
}
