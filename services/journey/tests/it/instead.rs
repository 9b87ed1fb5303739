//! What is offered instead of what was refused: only what can be had.

use sky_proto::{journey::v1 as pb, parking::v1::BayClass};

use crate::support::*;

const STANDARD: &str = "Ein Stellplatz ohne Besonderheiten";

async fn set_capacity(town: &Town, class: &str, capacity: i32) {
    sqlx::query("update bay_class set capacity = $2 where class = $1")
        .bind(class)
        .bind(capacity)
        .execute(town.house.pool("parking"))
        .await
        .expect("capacity set");
}

/// What somebody reads who wants a kind of bay that is not left.
async fn instead_of(town: &Town, class: BayClass) -> Vec<String> {
    let wish = pb::HoldVisitRequest { parking: Some(pb::ParkingWish { bay_class: class.into() }), ..town.wish() };
    let refused = refusal(&town.hold(&wish).await.expect_err("no bay"));
    assert_eq!(refused.part, "parking");
    refused.alternatives.into_iter().map(|other| other.text.expect("text").de).collect()
}

#[tokio::test]
async fn another_bay_is_offered_if_one_is_left_for_the_visit_that_any_car_may_stand_on() {
    let town = town().await;
    set_capacity(&town, "ev", 0).await;
    let offered = instead_of(&town, BayClass::Ev).await;
    assert!(offered.contains(&STANDARD.to_owned()), "{offered:?}");
    // Nobody stands there yet; but for the time of this showing the last one is taken.
    town.set_bays(1).await;
    town.held().await;
    let offered = instead_of(&town, BayClass::Ev).await;
    assert!(!offered.contains(&STANDARD.to_owned()), "{offered:?}");
    // With the bays for charging free, no other car is sent there.
    set_capacity(&town, "ev", 4).await;
    let offered = instead_of(&town, BayClass::Standard).await;
    assert!(offered.iter().all(|text| text.contains("Straßenbahn") || text.starts_with("Parken: ")), "{offered:?}");
}
