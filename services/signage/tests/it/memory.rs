//! The wall in memory: never ahead of the database, never behind another replica, and told to nobody whom a change
//! does not concern.

use std::time::Duration;

use kernel::{Boot, Running, testing::House};
use sky_proto::{
    flow::v1::{AdmissionState, HouseState},
    parking::v1 as parking,
    signage::v1::{self as pb, display_update::Update, signage_client::SignageClient},
};
use sqlx::Executor;
use tokio_stream::StreamExt;
use tonic::{metadata::MetadataValue, transport::Channel};
use uuid::Uuid;

use crate::{client, support::*};

const PATIENCE: Duration = Duration::from_secs(60);

async fn watch(house: &House, id: &str) -> tonic::Streaming<pb::DisplayUpdate> {
    let request = pb::WatchDisplayRequest { display_id: id.to_owned(), after_revision: 0 };
    client!(house, &operator()).watch_display(request).await.expect("watched").into_inner()
}

/// The next content, or None when a beat comes first.
async fn content_or_beat(stream: &mut tonic::Streaming<pb::DisplayUpdate>) -> Option<pb::Content> {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time");
    match next.expect("goes on").expect("good").update.expect("an update") {
        Update::Content(content) => Some(content),
        Update::Beat(_) | Update::Command(_) => None,
    }
}

/// The house file with more displays that are set up like one of its own.
fn with_copies(of: &str, copies: usize) -> String {
    let begin = HOUSE_FILE.find(&format!("[[signage.displays]]\nid = \"{of}\"")).expect("in the file");
    let rest = &HOUSE_FILE[begin + 1..];
    let entry = &rest[..rest.find("\n[").expect("another table")];
    let copy = |n| format!("\n[{}\n", entry.replacen(&format!("\"{of}\""), &format!("\"{of}-{n}\""), 1));
    HOUSE_FILE.to_owned() + &(0..copies).map(copy).collect::<String>()
}

/// A second replica on the same house.
async fn replica(house: &House) -> Running {
    let boot = Boot {
        services: vec![signage::SERVICE],
        settings: house.settings.clone(),
        clock: house.clock.clone(),
        migrate: false,
    };
    kernel::run(boot).await.expect("a second process")
}

async fn publish_at(house: &House, replica: &Running, request: &pb::PublishMessageRequest) -> pb::Message {
    let channel = Channel::from_shared(format!("http://{}", replica.grpc)).expect("an address").connect_lazy();
    let token = house.keys.sign(&operator());
    let mut request = tonic::Request::new(request.clone());
    let bearer: MetadataValue<_> = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", bearer);
    SignageClient::new(channel).publish_message(request).await.expect("published").into_inner()
}

#[tokio::test]
async fn a_change_wakes_those_whom_it_concerns_and_they_share_one_view() {
    let house = house().await;
    load(&house, &with_copies("foyer-1", 300), false).await.expect("many displays");
    let views: i64 =
        sqlx::query_scalar("select count(*) from view").fetch_one(house.pool("signage")).await.expect("counted");
    assert!(views <= 16, "{views} views for 316 displays");
    let mut foyers = Vec::new();
    for n in 0..100 {
        foyers.push(watch(&house, &format!("foyer-1-{n}")).await);
    }
    let mut car_parks = vec![watch(&house, "parking-1").await];
    for stream in foyers.iter_mut().chain(&mut car_parks) {
        content_or_beat(stream).await.expect("what it shows now");
    }
    let site = parking::Site {
        site_id: "holzplatz".to_owned(),
        state: parking::SiteState::Unreachable.into(),
        revision: 5,
        ..Default::default()
    };
    house.emit("parking", "site", parking::SiteChanged { site: Some(site) }).await;
    for stream in &mut car_parks {
        while content_or_beat(stream).await.is_none() {}
    }
    for stream in &mut foyers {
        assert_eq!(content_or_beat(stream).await, None, "nothing for the foyer: a beat comes first");
    }
}

#[tokio::test]
async fn what_another_replica_has_said_is_not_forgotten() {
    let house = house().await;
    let second = replica(&house).await;
    let showing = Uuid::now_v7();
    let mut foyer = watch(&house, "foyer-1").await;
    content_or_beat(&mut foyer).await.expect("what it shows now");
    // In turn from the one's memory and from the other's, each of which has missed what was before.
    house.emit("reservations", "s", scheduled(showing, 30)).await;
    house.settle().await;
    let said = publish_at(&house, &second, &message(pb::PriorityClass::Operations, "Aufzug defekt", "")).await;
    house.emit("flow", "s", moved(showing, AdmissionState::DoorsOpen, 1)).await;
    house.settle().await;
    let shown = content(&house, "foyer-1").await;
    assert!(words(&shown).contains("Aufzug defekt"), "{}", words(&shown));
    let mut client = client!(house, &operator());
    client.withdraw_message(pb::WithdrawMessageRequest { message_id: said.message_id }).await.expect("withdrawn");
    publish_at(&house, &second, &message(pb::PriorityClass::Scheduled, "Lange Nacht", "foyer")).await;
    let shown = content(&house, "foyer-1").await;
    assert!(words(&shown).contains("Lange Nacht") && !words(&shown).contains("Aufzug"), "{}", words(&shown));
    assert!(words(&content(&house, "dome-door-1").await).contains("Einlass"), "and the doors are open");
    // The stream of the replica that did not make the change has it too.
    loop {
        if let Some(content) = content_or_beat(&mut foyer).await
            && content == shown
        {
            break;
        }
    }
    second.shutdown().await;
}

/// How often a word of flow was one statement with its position.
fn at_once(house: &House) -> u64 {
    let line = "sky_consumer_at_once_total{service=\"signage\",producer=\"flow\"} ";
    let metrics = house.metrics();
    metrics.lines().find_map(|it| it.strip_prefix(line)).map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn a_word_is_one_statement_with_its_position_unless_somebody_has_changed_the_wall() {
    let house = house().await;
    let showing = Uuid::now_v7();
    house.emit("reservations", "s", scheduled(showing, 30)).await;
    house.settle().await;
    // The first word of a service makes its position.
    house.emit("flow", "s", moved(showing, AdmissionState::Planned, 0)).await;
    house.settle().await;
    assert_eq!(at_once(&house), 0);
    house.emit("flow", "s", moved(showing, AdmissionState::DoorsOpen, 1)).await;
    house.settle().await;
    assert_eq!(at_once(&house), 1);
    assert!(words(&content(&house, "dome-door-1").await).contains("Einlass"));
    // Another replica has changed it: what was computed from the old one is not written, and its position stays.
    house.pool("signage").execute("update board set version = version + 1").await.expect("changed");
    house.emit("flow", "s", moved(showing, AdmissionState::LastCall, 2)).await;
    house.settle().await;
    assert_eq!(at_once(&house), 1, "that one took a transaction");
    let shown = words(&content(&house, "dome-door-1").await);
    assert!(shown.contains("Letzter"), "{shown}");
    house.emit("flow", "s", moved(showing, AdmissionState::DoorsOpen, 3)).await;
    house.settle().await;
    assert_eq!(at_once(&house), 2, "and the next one none");
    assert_eq!(house.position("signage", "flow").await, 4);
}

#[tokio::test]
async fn a_change_that_is_not_committed_is_told_to_nobody() {
    let house = house().await;
    let showing = Uuid::now_v7();
    house.emit("reservations", "s", scheduled(showing, 30)).await;
    house.settle().await;
    let mut foyer = watch(&house, "foyer-1").await;
    let before = content_or_beat(&mut foyer).await.expect("what it shows now");
    let refuse = "create function refuse() returns trigger language plpgsql as
                  $$ begin raise exception 'not now' using errcode = '40001'; end $$;
                  create constraint trigger refuse after insert or update on view deferrable initially deferred
                  for each row execute function refuse()";
    house.pool("signage").execute(refuse).await.expect("every commit fails now");
    // The one is tried in a single statement, the other in a transaction.
    house.emit("flow", "s", moved(showing, AdmissionState::DoorsOpen, 1)).await;
    house.emit("flow", "house", house_state(HouseState::Evacuating, 1)).await;
    for _ in 0..2 {
        assert_eq!(content_or_beat(&mut foyer).await, None, "nothing was committed, nothing is told");
    }
    house.pool("signage").execute("drop trigger refuse on view").await.expect("and now they succeed");
    let evacuation = loop {
        if let Some(content) = content_or_beat(&mut foyer).await
            && content.priority_class() == pb::PriorityClass::Evacuation
        {
            break content;
        }
    };
    assert!(evacuation.revision > before.revision);
    assert_eq!(content(&house, "foyer-1").await, evacuation, "memory and database say the same");
}
