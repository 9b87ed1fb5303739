//! One binary, any subset: the same journey through one process with all services, and through a process
//! per service, that are real processes of the real program. Neither says in its log who the visitor is.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use kernel::{
    Settings,
    testing::{TestDb, process_clock, settings},
};
use load_tests::fake_provider::FakeProvider;
use uuid::Uuid;

use crate::{
    processes::start,
    scenario::{ILLNESS, PLATE, journey},
    world::{ALL, until},
};

/// Where mails to visitors become files.
struct Mails(PathBuf);

impl Mails {
    fn new() -> Self {
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mails-{}", Uuid::new_v4().simple())))
    }

    fn settings(&self) -> BTreeMap<String, toml::Value> {
        let text = |text: &str| toml::Value::String(text.to_owned());
        let smtp = [("folder", text(&self.0.display().to_string())), ("from", text("besuch@planetarium.invalid"))];
        let smtp = smtp.map(|(key, value)| (key.to_owned(), value));
        BTreeMap::from([
            ("smtp".to_owned(), toml::Value::Table(smtp.into_iter().collect())),
            ("public_url".to_owned(), text("http://localhost")),
        ])
    }

    /// The kinds of those that were sent, as their files are named.
    fn kinds(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        files.filter_map(|file| Some(file.file_name().to_str()?.split('-').nth(3)?.to_owned())).collect()
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn walk(groups: &[&[&'static str]]) {
    let db = TestDb::create().await;
    let provider = FakeProvider::start(([127, 0, 0, 1], 0).into()).await.expect("a provider");
    let mails = Mails::new();
    let services =
        BTreeMap::from([("payments".to_owned(), provider.settings()), ("journey".to_owned(), mails.settings())]);
    // As somebody sets it who looks for a fault.
    let settings = Settings { log: "debug".to_owned(), services, ..settings(&db) };
    let (processes, world) = start(groups, &settings).await;
    journey(&world, process_clock().now()).await;
    let refunds = provider.transactions().values().filter(|it| it.refund.is_some()).count();
    assert_eq!(refunds, 2, "at the provider");
    // Of each booking, of its end, and of the money.
    for kind in ["confirmed", "cancelled", "refunded"] {
        until(kind, || async { mails.kinds() }, |kinds| kinds.iter().any(|it| it == kind)).await;
    }
    let log = processes.log();
    assert!(log.contains("DEBUG") && log.lines().count() > 100, "a log of what was done: {log}");
    let plate: String = PLATE.chars().filter(char::is_ascii_alphanumeric).collect();
    for personal in ["erika", "muster", "@visitors", PLATE, &plate, ILLNESS] {
        let said = log.lines().find(|line| line.to_lowercase().contains(&personal.to_lowercase()));
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
