//! A replica of signage dies while displays watch it: real processes. Within five seconds each display is on the
//! other one, goes on from the revision that it had, and is told what happens from then on.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{TestDb, process_clock, settings},
    values::{Text, timestamp},
};
use reqwest::Client;
use sky_proto::{
    flow::v1::{HouseState, SetHouseStateRequest, flow_client::FlowClient},
    signage::v1::{
        Content, ListDisplaysRequest, PriorityClass, PublishMessageRequest, WatchDisplayRequest,
        display_update::Update, signage_client::SignageClient,
    },
};
use uuid::Uuid;

use crate::{
    processes::{signed_in, start},
    world::{ALL, World, staff},
};

/// Displays may be without a stream for so long.
const MOVED: Duration = Duration::from_secs(5);

/// A display's device: watches one replica, goes to the other one when the line breaks, keeps what it shows.
struct Device {
    id: String,
    shown: Option<Content>,
    replica: usize,
}

impl Device {
    /// Follows until it shows a content of this class; answers how long it was without a stream on the way.
    async fn follow(&mut self, world: &World, replicas: &[String], class: PriorityClass) -> Duration {
        let mut broken: Option<Instant> = None;
        let mut longest = Duration::ZERO;
        loop {
            let caller = Caller::Device { id: self.id.clone(), kind: "display".to_owned() };
            let mut signage = SignageClient::new(world.door_at(&replicas[self.replica], &caller));
            let after_revision = self.shown.as_ref().map_or(0, |shown| shown.revision);
            let watch = WatchDisplayRequest { display_id: self.id.clone(), after_revision };
            if let Ok(stream) = signage.watch_display(watch).await {
                longest = longest.max(broken.take().map_or(Duration::ZERO, |since| since.elapsed()));
                let mut stream = stream.into_inner();
                while let Ok(Some(update)) = stream.message().await {
                    let Some(Update::Content(content)) = update.update else { continue };
                    assert!(!content.lines.is_empty(), "{} is never blank", self.id);
                    assert!(content.revision > after_revision, "{}: a revision never falls", self.id);
                    let arrived = content.priority_class() == class;
                    self.shown = Some(content);
                    if arrived {
                        return longest;
                    }
                }
            }
            broken.get_or_insert_with(Instant::now);
            self.replica = (self.replica + 1) % replicas.len();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_death_of_a_replica_moves_its_displays_without_a_blank() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let others: Vec<&'static str> = ALL.iter().map(|service| service.name).filter(|name| *name != "signage").collect();
    let (mut processes, world) = start(&[&others, &["signage"], &["signage"]], &settings).await;
    let replicas = processes.addresses[1..].to_vec();
    let desk = staff(Role::Desk);
    let list = SignageClient::new(world.door("signage", &desk)).list_displays(ListDisplaysRequest {}).await;
    let displays = list.expect("a list").into_inner().displays;
    assert!(displays.len() >= 12);
    let mut devices: Vec<Device> =
        displays.into_iter().map(|display| Device { id: display.display_id, shown: None, replica: 0 }).collect();
    for device in &mut devices {
        device.follow(&world, &replicas, PriorityClass::Default).await;
        assert_eq!(device.replica, 0, "all watch the first replica");
    }
    let (killed, gone) = tokio::sync::oneshot::channel();
    let following = futures::future::join_all(
        devices.iter_mut().map(|device| device.follow(&world, &replicas, PriorityClass::Evacuation)),
    );
    let happening = async {
        processes.kill(1);
        killed.send(Instant::now()).expect("somebody waits");
        let mut flow = FlowClient::new(world.door("flow", &desk));
        let request =
            SetHouseStateRequest { state: HouseState::Evacuating.into(), reason: "Probe".to_owned(), exercise: false };
        flow.set_house_state(request).await.expect("evacuating");
    };
    let both = async { tokio::join!(following, happening) };
    let (without, ()) = tokio::time::timeout(Duration::from_secs(30), both).await.expect("in time");
    let since = gone.await.expect("killed").elapsed();
    let longest = without.into_iter().max().unwrap_or_default();
    assert!(longest < MOVED, "a display was without a stream for {longest:?}");
    assert!(since < MOVED * 2, "the evacuation, told as the replica died, took {since:?}");
    assert!(devices.iter().all(|device| device.replica == 1), "all have moved");
}

/// Follows a monitor's page as its script does, and begins anew when the line breaks, until it says this.
async fn hears(client: &Client, line: &str, words: &str) -> Instant {
    loop {
        if let Ok(mut answer) = client.get(line).send().await
            && answer.status().is_success()
        {
            let mut said = String::new();
            while let Ok(Some(piece)) = answer.chunk().await {
                said.push_str(&String::from_utf8_lossy(&piece));
                if said.contains(words) {
                    return Instant::now();
                }
            }
        }
        // The longest pause of a monitor's page.
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_turns_to_another_replica_when_one_dies_and_its_monitors_go_on() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let others: Vec<&'static str> = ALL.iter().map(|service| service.name).filter(|name| *name != "signage").collect();
    let (mut processes, world) = start(&[&others, &["signage"], &["signage"]], &settings).await;
    let client = signed_in(&processes.pages[0], &settings).await;
    let line = format!("{}/monitor/foyer-1/live?after=0", processes.pages[0]);
    hears(&client, &line, "event: update").await;

    let following = tokio::spawn({
        let (client, line) = (client.clone(), line.clone());
        async move { hears(&client, &line, "Nur linke Tür").await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    processes.kill(1);
    let killed = Instant::now();
    // Said to the replica that lives, which the portal has never asked before.
    let request = PublishMessageRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        priority_class: PriorityClass::Operations.into(),
        text: Some(Text::new("Nur linke Tür", "Left door only").to_proto()),
        group: String::new(),
        valid_until: Some(timestamp(process_clock().now() + TimeDelta::hours(1))),
    };
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    signage.publish_message(request).await.expect("published");
    let heard = tokio::time::timeout(Duration::from_secs(30), following).await.expect("in time").expect("heard");
    let took = heard.saturating_duration_since(killed);
    assert!(took < MOVED, "the monitors of the portal went on after {took:?}");
    // And so do its pages, at the first try.
    let wall = client.get(format!("{}/displays", processes.pages[0])).send().await.expect("an answer");
    assert!(wall.status().is_success(), "{}", wall.status());
}
