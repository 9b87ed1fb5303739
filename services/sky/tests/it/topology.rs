//! One binary, any subset: the same journey through one process with all services, and through a process
//! per service, that are real processes of the real program. Neither says in its log who the visitor is.

use chrono::Utc;
use kernel::{
    Settings,
    testing::{TestDb, settings},
};

use crate::{processes::start, scenario::journey, world::ALL};

#[expect(clippy::disallowed_methods, reason = "real processes run on real time")]
async fn walk(groups: &[&[&'static str]]) {
    let db = TestDb::create().await;
    // As somebody sets it who looks for a fault.
    let settings = Settings { log: "debug".to_owned(), ..settings(&db) };
    let (processes, world) = start(groups, &settings).await;
    journey(&world, Utc::now()).await;
    let log = processes.log();
    assert!(log.contains("DEBUG") && log.lines().count() > 100, "a log of what was done: {log}");
    for personal in ["erika", "@visitors"] {
        let said = log.lines().find(|line| line.to_lowercase().contains(personal));
        assert_eq!(said, None, "a visitor in the log");
    }
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
