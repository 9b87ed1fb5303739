//! What flow hears of the displays that are to show its directives and incidents.

use std::time::Duration;

use kernel::{clock::wall_now, testing::House};
use sky_proto::{flow::v1::HouseState, signage::v1 as pb};
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
async fn fit(house: &House) {
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
