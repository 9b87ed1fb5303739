//! What flow hears of the displays that are to show its directives and incidents.

use std::time::Duration;

use kernel::{
    clock::wall_now,
    testing::House,
    values::{Text, timestamp},
};
use sky_proto::{
    flow::v1::HouseState,
    signage::v1::{self as pb, displays_client::DisplaysClient},
};
use uuid::Uuid;

use crate::{client, support::*};

/// Looks for silent displays, as if it were so much later.
pub async fn look(house: &House, later: Duration) {
    let board = signage::board::Board::default();
    let turn = house.transact("signage", move |tx| {
        Box::pin(async move { signage::commands::devices::watch_over(tx, &board, wall_now() + later).await })
    });
    turn.await.expect("looked");
}

/// Looks for displays that have a device for the first time.
pub async fn fit(house: &House) {
    let board = signage::board::Board::default();
    let turn =
        house.transact("signage", move |tx| Box::pin(async move { signage::commands::devices::fit(tx, &board).await }));
    turn.await.expect("looked");
}

#[tokio::test]
async fn flow_hears_which_displays_are_concerned_whenever_these_are_others() {
    let house = house().await;
    let all = {
        let displays = client!(house, &operator()).list_displays(pb::ListDisplaysRequest {}).await.expect("a list");
        displays.into_inner().displays.into_iter().map(|it| it.display_id).collect::<Vec<_>>()
    };
    // All have a device but one, which hangs nowhere yet.
    let all: Vec<String> = all.into_iter().filter(|id| *id != "dome-door-2").collect();
    for id in &all {
        let paired = sky_proto::portal::v1::DevicePairingChanged {
            device_id: id.clone(),
            device_kind: "display".to_owned(),
            state: sky_proto::portal::v1::PairingState::Paired.into(),
            at: Some(kernel::values::timestamp(wall_now())),
        };
        twice(&house, "portal", &paired).await;
    }
    fit(&house).await;
    let incident_id = Uuid::now_v7().to_string();
    let alarm = sky_proto::flow::v1::HouseStateChanged {
        incident_id: incident_id.clone(),
        incident_revision: 2,
        ..house_state(HouseState::Evacuating, 1)
    };
    twice(&house, "flow", &alarm).await;
    let told = async || house.events::<pb::DisplaysConcerned>("signage").await;
    let first = told().await;
    assert_eq!(first.len(), 1, "once, although the alarm came twice");
    assert_eq!((&first[0].about_id, first[0].about_revision), (&incident_id, 2));
    assert_eq!(first[0].display_ids, all, "an evacuation concerns all that have a device, in order");

    // One shows it and falls silent.
    let revision = content(&house, "cafe-1").await.revision;
    let mut cafe = client!(house, &display("cafe-1"));
    cafe.acknowledge_content(pb::AcknowledgeContentRequest { display_id: "cafe-1".to_owned(), revision })
        .await
        .expect("noted");
    let watching = pb::WatchDisplayRequest { display_id: "cafe-1".to_owned(), after_revision: 0 };
    drop(cafe.watch_display(watching).await.expect("it is there"));
    listed(&house, "cafe-1").await;
    look(&house, Duration::from_secs(61)).await;
    look(&house, Duration::from_secs(61)).await;
    let without = told().await;
    let others: Vec<String> = all.iter().filter(|id| *id != "cafe-1").cloned().collect();
    assert_eq!((without.len(), &without[1].display_ids), (2, &others), "it is not waited for");
    look(&house, Duration::ZERO).await;
    assert_eq!(told().await[2].display_ids, all, "it is heard again");

    // The last one is fitted in the middle of it, and falls silent once it was heard: it had a device.
    let mut late = client!(house, &display("dome-door-2"));
    let revision = content(&house, "dome-door-2").await.revision;
    late.acknowledge_content(pb::AcknowledgeContentRequest { display_id: "dome-door-2".to_owned(), revision })
        .await
        .expect("noted");
    fit(&house).await;
    let with = told().await;
    assert_eq!(with.len(), 4);
    assert!(with[3].display_ids.len() == all.len() + 1 && with[3].display_ids.contains(&"dome-door-2".to_owned()));

    // It is over: no display shows it any more.
    twice(&house, "flow", &house_state(HouseState::Normal, 2)).await;
    let over = told().await;
    assert_eq!((over.len(), &over[4].about_id, over[4].display_ids.len()), (5, &incident_id, 0));
}

#[tokio::test]
async fn nobody_waits_for_a_dark_display_unless_it_is_lit_up() {
    let house = house().await;
    let beat = async |id: &str, dark: bool| {
        let request = pb::HeartbeatRequest {
            display_id: id.to_owned(),
            device_time: Some(timestamp(wall_now())),
            time_zone: "Europe/Berlin".to_owned(),
            player: "portal/1".to_owned(),
            last_command_success: true,
            dark,
            ..Default::default()
        };
        DisplaysClient::new(house.channel(&display(id))).heartbeat(request).await.expect("heard");
        listed(&house, id).await;
        fit(&house).await;
        look(&house, Duration::ZERO).await;
    };
    beat("cafe-1", true).await;
    beat("foyer-1", false).await;
    let told = async || {
        let told = house.events::<pb::DisplaysConcerned>("signage").await;
        let told = told.last().map(|it| (it.about_id.clone(), it.display_ids.clone()));
        told.expect("told")
    };
    let child = Uuid::now_v7().to_string();
    let lost = sky_proto::flow::v1::IncidentChanged {
        incident: Some(sky_proto::flow::v1::Incident {
            incident_id: child.clone(),
            kind: sky_proto::flow::v1::IncidentKind::LostChild.into(),
            state: sky_proto::flow::v1::MeasureState::Active.into(),
            text: Some(Text::new("Wir suchen ein Kind", "We are looking for a child").to_proto()),
            active_from: Some(timestamp(minutes(0))),
            revision: 1,
            ..Default::default()
        }),
    };
    twice(&house, "flow", &lost).await;
    assert!(words(&content(&house, "cafe-1").await).contains("Wir suchen ein Kind"), "it is there when it gets light");
    assert_eq!(told().await, (child.clone(), vec!["foyer-1".to_owned()]));
    let both = vec!["cafe-1".to_owned(), "foyer-1".to_owned()];
    beat("cafe-1", false).await;
    assert_eq!(told().await, (child.clone(), both.clone()), "it is light");
    beat("cafe-1", true).await;
    assert_eq!(told().await, (child, vec!["foyer-1".to_owned()]), "and dark again");

    // What is kept is what another process finds.
    let other = signage::board::Board::default();
    let kept = house.transact("signage", move |tx| {
        Box::pin(async move {
            let turn = other.locked_turn(tx).await?;
            let dark = turn.wall.displays.iter().filter(|it| it.dark).map(|it| it.id.clone()).collect::<Vec<_>>();
            turn.back();
            Ok::<_, signage::error::Error>(dark)
        })
    });
    assert_eq!(kept.await.expect("looked"), ["cafe-1"]);

    let fire = Uuid::now_v7().to_string();
    let alarm = sky_proto::flow::v1::HouseStateChanged {
        incident_id: fire.clone(),
        incident_revision: 2,
        ..house_state(HouseState::Evacuating, 1)
    };
    twice(&house, "flow", &alarm).await;
    let told = house.events::<pb::DisplaysConcerned>("signage").await;
    let fire = told.iter().find(|it| it.about_id == fire).expect("told");
    assert_eq!(fire.display_ids, both, "an evacuation lights it up");
}
