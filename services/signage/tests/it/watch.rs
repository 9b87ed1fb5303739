//! The stream to a display: from an event on the bus to its content, beats, resuming, being seen.

use std::time::Duration;

use kernel::{testing::House, values::timestamp};
use sky_proto::{
    flow::v1::{AdmissionState, HouseState},
    portal::v1 as portal,
    signage::v1::{self as pb, display_update::Update},
};
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::{client, support::*};

const PATIENCE: Duration = Duration::from_secs(60);

async fn watch(house: &House, id: &str, after_revision: u64) -> tonic::Streaming<pb::DisplayUpdate> {
    let request = pb::WatchDisplayRequest { display_id: id.to_owned(), after_revision };
    client!(house, &display(id)).watch_display(request).await.expect("watched").into_inner()
}

async fn update(stream: &mut tonic::Streaming<pb::DisplayUpdate>) -> Update {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time");
    next.expect("goes on").expect("good").update.expect("an update")
}

async fn next_content(stream: &mut tonic::Streaming<pb::DisplayUpdate>) -> pb::Content {
    loop {
        if let Update::Content(content) = update(stream).await {
            return content;
        }
    }
}

#[tokio::test]
async fn what_flow_tells_is_pushed_to_the_door() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let mut door = watch(&house, "dome-door-1", 0).await;
    let mut seen = next_content(&mut door).await.revision;
    house.emit("reservations", "s", scheduled(showing, 30)).await;
    let planned = next_content(&mut door).await;
    assert_eq!(planned.lines[0].status, "planned");
    assert!(planned.revision > seen);
    seen = planned.revision;
    for (state, status) in [
        (AdmissionState::DoorsOpen, "doors_open"),
        (AdmissionState::LastCall, "last_call"),
        (AdmissionState::DoorsOpen, "doors_open"),
    ] {
        house.emit("flow", "s", moved(showing, state, 1)).await;
        let content = next_content(&mut door).await;
        assert_eq!((content.lines[0].status.as_str(), content.revision), (status, seen + 1));
        seen = content.revision;
    }
    house.emit("flow", "house", house_state(HouseState::Evacuating, 2)).await;
    assert_eq!(next_content(&mut door).await.priority_class(), pb::PriorityClass::Evacuation);
}

#[tokio::test]
async fn a_display_that_comes_back_is_told_only_what_it_missed() {
    let house = house().await;
    let revision = content(&house, "foyer-1").await.revision;
    let mut foyer = watch(&house, "foyer-1", revision).await;
    let Update::Beat(beat) = update(&mut foyer).await else { panic!("nothing is new: a beat comes first") };
    assert_eq!(beat.revision, revision);
    drop(foyer);
    twice(&house, "reservations", &scheduled(Uuid::now_v7(), 30)).await;
    let mut foyer = watch(&house, "foyer-1", revision).await;
    assert_eq!(next_content(&mut foyer).await.revision, revision + 1);
    let house = house.restart().await;
    assert_eq!(content(&house, "foyer-1").await.revision, revision + 1, "revisions survive a restart");
}

#[tokio::test]
async fn beats_come_at_least_every_two_seconds_and_carry_the_revision() {
    let house = house().await;
    let mut foyer = watch(&house, "foyer-1", 0).await;
    let revision = next_content(&mut foyer).await.revision;
    let begun = tokio::time::Instant::now();
    for _ in 0..2 {
        let Update::Beat(beat) = update(&mut foyer).await else { panic!("a beat") };
        assert_eq!(beat.revision, revision);
    }
    assert!(begun.elapsed() < Duration::from_millis(4_900), "two beats took {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_revoked_device_s_stream_ends_at_once_and_staff_go_on_looking() {
    let house = house().await;
    let pairing = |state: portal::PairingState, seconds: i64| portal::DevicePairingChanged {
        device_id: "foyer-1".to_owned(),
        device_kind: "display".to_owned(),
        state: state.into(),
        at: Some(timestamp(minutes(0) + chrono::TimeDelta::seconds(seconds))),
    };
    house.emit("portal", "foyer-1", pairing(portal::PairingState::Paired, 0)).await;
    // Were it not there yet, the pairing itself would cut the stream, and the first end would prove nothing.
    house.settle().await;
    let mut other = watch(&house, "foyer-2", 0).await;
    let request = pb::WatchDisplayRequest { display_id: "foyer-1".to_owned(), after_revision: 0 };
    let mut staff = client!(house, &operator()).watch_display(request.clone()).await.expect("watched").into_inner();
    for (state, seconds) in [(portal::PairingState::Revoked, 1), (portal::PairingState::Paired, 2)] {
        let mut device = watch(&house, "foyer-1", 0).await;
        next_content(&mut device).await;
        house.emit("portal", "foyer-1", pairing(state, seconds)).await;
        let end = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Err(end) = device.next().await.expect("a last word") {
                    return end;
                }
            }
        });
        assert_eq!(end.await.expect("in time").code(), tonic::Code::Unauthenticated, "{state:?}");
        assert!(device.next().await.is_none(), "and nothing after it");
        // Nor is it let in again while it is revoked.
        if state == portal::PairingState::Revoked {
            let again = client!(house, &display("foyer-1")).watch_display(request.clone()).await.expect("answered");
            let word = again.into_inner().next().await.expect("a word");
            assert_eq!(word.expect_err("revoked").code(), tonic::Code::Unauthenticated);
            house.emit("portal", "foyer-1", pairing(portal::PairingState::Approved, 1)).await;
            house.settle().await;
        }
    }
    house.emit("flow", "house", house_state(HouseState::Evacuating, 2)).await;
    for stream in [&mut other, &mut staff] {
        while next_content(stream).await.priority_class() != pb::PriorityClass::Evacuation {}
    }
}

#[tokio::test]
async fn a_watching_display_is_active_and_one_that_fell_silent_is_offline() {
    let house = house().await;
    let request = pb::WatchDisplayRequest { display_id: "cafe-1".to_owned(), after_revision: 0 };
    let mut staff = client!(house, &operator()).watch_display(request).await.expect("watched").into_inner();
    next_content(&mut staff).await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Unclaimed, "staff are no display");
    let mut cafe = watch(&house, "cafe-1", 0).await;
    next_content(&mut cafe).await;
    assert_eq!(listed(&house, "cafe-1").await.state(), pb::DisplayState::Active);
    drop(cafe);
    // Three beats of 20 s have passed since.
    sqlx::query("update presence set last_seen_at = last_seen_at - interval '61 seconds'")
        .execute(house.pool("signage"))
        .await
        .expect("time passed");
    let offline = listed(&house, "cafe-1").await;
    assert_eq!(offline.state(), pb::DisplayState::Offline);
    assert!(offline.last_seen_at.is_some());
}
