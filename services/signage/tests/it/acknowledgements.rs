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

#[tokio::test]
async fn flow_hears_which_displays_are_concerned_whenever_these_are_others() {
    let house = house().await;
    // Two of the displays are fitted; the foyer's is heard of all the time.
    for display_id in ["cafe-1", "foyer-1"] {
        let watching = pb::WatchDisplayRequest { display_id: display_id.to_owned(), after_revision: 0 };
        drop(client!(house, &display(display_id)).watch_display(watching).await.expect("it is there"));
        listed(&house, display_id).await;
    }
    let stays = "update presence set last_seen_at = last_seen_at + interval '1 hour' where display_id = 'foyer-1'";
    sqlx::query(stays).execute(house.pool("signage")).await.expect("heard of");
    look(&house, Duration::ZERO).await;
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
    assert_eq!(
        first[0].display_ids,
        ["cafe-1", "foyer-1"],
        "all that are there, in order; nobody waits for the others"
    );

    // One shows it and falls silent.
    let revision = content(&house, "cafe-1").await.revision;
    let mut cafe = client!(house, &display("cafe-1"));
    cafe.acknowledge_content(pb::AcknowledgeContentRequest { display_id: "cafe-1".to_owned(), revision })
        .await
        .expect("noted");
    drop(cafe);
    listed(&house, "cafe-1").await;
    look(&house, Duration::from_secs(61)).await;
    look(&house, Duration::from_secs(61)).await;
    let without = told().await;
    assert_eq!(
        (without.len(), without[1].display_ids.as_slice()),
        (2, ["foyer-1".to_owned()].as_slice()),
        "not waited for"
    );
    look(&house, Duration::ZERO).await;
    assert_eq!(told().await[2].display_ids, ["cafe-1", "foyer-1"], "it is heard again");

    // It is over: no display shows it any more.
    twice(&house, "flow", &house_state(HouseState::Normal, 2)).await;
    let over = told().await;
    assert_eq!((over.len(), &over[3].about_id, over[3].display_ids.len()), (4, &incident_id, 0));
}
