//! What is in a dish is corrected after it was ordered: orders say so, and whom it concerns is asked.

use std::collections::BTreeSet;

use kernel::{testing::House, values::timestamp};
use sky_proto::gastro::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{kitchen, support::*};

use pb::OrderState::{Cancelled, Scheduled};

/// The house's file with this recipe of a dish from a day on.
fn with_recipe(item: &str, from: &str, allergens: &str, traces: &str) -> String {
    let id = format!("id = \"{item}\"");
    let recipe = format!("{{ valid_from = \"{from}\", allergens = {allergens}, traces = {traces} }}");
    let file = nearby().replacen(&id, &format!("{id}\nrecipes = [{recipe}]"), 1);
    assert_ne!(file, nearby());
    file
}

/// There are nuts in the pasta from today on.
pub fn nuts() -> String {
    with_recipe("tomato-pasta", "2026-11-28", "[1, 8]", "[3, 7]")
}

/// A pasta for who avoids something, be it in it or not.
async fn held_for(house: &House, avoid: &[u32]) -> Uuid {
    let visit = Uuid::now_v7();
    let request = pb::HoldOrderRequest {
        avoid_allergens: avoid.to_vec(),
        allergens_acknowledged: true,
        ..wish(visit, Uuid::now_v7())
    };
    hold(house, &request).await.expect("held");
    visit
}

async fn bought_for(house: &House, avoid: &[u32]) -> Uuid {
    let visit = held_for(house, avoid).await;
    twice(house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    visit
}

async fn asked(house: &House) -> BTreeSet<String> {
    let orders = affected(house).await;
    assert!(orders.iter().all(|it| it.affected.as_ref().is_some_and(|it| it.by == i32::from(pb::AffectedBy::Recipe))));
    orders.into_iter().map(|it| it.visit_id).collect()
}

#[tokio::test]
async fn orders_say_what_is_in_them_now_and_who_avoids_it_is_asked_once() {
    let house = house().await;
    let [concerned, other, knows] = [&[8][..], &[], &[1, 3]].map(|avoid| bought_for(&house, avoid));
    let (concerned, other, knows) = (concerned.await, other.await, knows.await);
    let pays = held_for(&house, &[8]).await;
    let before = order(&house, concerned).await;
    for _ in 0..2 {
        load(&house, &nuts(), false).await.expect("applied");
    }
    for visit in [concerned, other, knows] {
        let now = order(&house, visit).await;
        let line = &now.lines[0];
        assert_eq!((line.allergens.as_slice(), line.traces.as_slice()), ([1, 8].as_slice(), [3, 7].as_slice()));
        assert_eq!(line.corrected_recipe_id, "tomato-pasta/2026-11-28/1");
        assert_eq!(line.recipe_id, before.lines[0].recipe_id, "what was sold");
        assert_eq!((&now.items, &now.total), (&before.items, &before.total));
    }
    assert_eq!(asked(&house).await, BTreeSet::from([concerned.to_string()]));
    twice(&house, "journey", &confirmed(pays, Uuid::now_v7())).await;
    let both = BTreeSet::from([concerned.to_string(), pays.to_string()]);
    assert_eq!(asked(&house).await, both, "who pays for it later, too");
    let told: Vec<pb::OrderAffected> = house.events("gastro").await;
    assert_eq!(told.len(), 2, "each once");
    let words = told[0].reason.clone().expect("why");
    assert!(words.de.contains("berichtigt") && !words.plain.is_empty(), "{words:?}");

    // It was a mistake.
    load(&house, &with_recipe("tomato-pasta", "2026-11-28", "[1]", "[3, 7]"), false).await.expect("applied");
    assert!(asked(&house).await.is_empty());
    assert_eq!(house.events::<pb::OrderSettled>("gastro").await.len(), 2);
    assert_eq!(order(&house, concerned).await.lines[0].allergens, [1]);
}

/// A change has no recipe of its own: what is in it is in the dish it is ordered with.
#[tokio::test]
async fn what_is_found_in_a_change_of_a_dish_is_asked_about_like_what_is_in_the_dish() {
    let house = house().await;
    let ordered = async |changes: &[&str]| {
        let visit = Uuid::now_v7();
        let modifier_ids = changes.iter().map(|it| (*it).to_owned()).collect();
        let request = pb::HoldOrderRequest {
            lines: vec![pb::OrderLine { modifier_ids, ..line("cappuccino", 1) }],
            avoid_allergens: vec![6],
            allergens_acknowledged: true,
            ..wish(visit, Uuid::now_v7())
        };
        hold(&house, &request).await.expect("held");
        twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
        visit
    };
    let (with_oat, without) = (ordered(&["oat-milk"]).await, ordered(&[]).await);
    // There is soya in the oat milk from today on.
    let oats = HOUSE_FILE.lines().find(|it| it.contains("id = \"oat-milk\"")).expect("it is sold");
    let soya = HOUSE_FILE.replace(oats, &oats.replace("adds = [1]", "adds = [1, 6]"));
    assert_ne!(soya, HOUSE_FILE);
    load(&house, &soya, false).await.expect("applied");
    assert_eq!(asked(&house).await, BTreeSet::from([with_oat.to_string()]));
    assert!(order(&house, with_oat).await.lines[0].allergens.contains(&6), "the kitchen sees it");
    assert!(!order(&house, without).await.lines[0].allergens.contains(&6));
}

#[tokio::test]
async fn another_dish_ends_the_question_and_without_an_answer_the_money_goes_back() {
    let house = house().await;
    let (helped, silent) = (bought_for(&house, &[8]).await, bought_for(&house, &[8]).await);
    load(&house, &nuts(), false).await.expect("applied");
    assert_eq!(asked(&house).await.len(), 2);
    substitute(&house, &order(&house, helped).await, "pretzel").await;
    until(&house, "it cannot be taken back any more", async || {
        asked(&house).await == BTreeSet::from([silent.to_string()])
    })
    .await;
    until_state(&house, silent, minutes(110), Cancelled).await;
    assert_ne!(order(&house, helped).await.state(), Cancelled);
    let refunded: Vec<pb::OrderRefundDue> = house.events("gastro").await;
    assert!(refunded.iter().any(|it| it.visit_id == silent.to_string()));
    let states: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    let of_silent = states.iter().filter(|it| it.visit_id == silent.to_string());
    assert!(of_silent.map(pb::OrderStateChanged::state).all(|it| it == Cancelled), "never made");
}

#[tokio::test]
async fn what_takes_the_place_of_a_dish_is_that_of_the_day_of_its_pickup() {
    let house = house().await;
    load(&house, &with_recipe("pumpkin-curry", "2026-11-29", "[6, 9]", "[8, 11]"), false).await.expect("applied");
    let visit = Uuid::now_v7();
    let tomorrow = pb::HoldOrderRequest {
        showing_starts_at: Some(timestamp(minutes(25 * 60))),
        showing_ends_at: Some(timestamp(minutes(26 * 60))),
        ..wish(visit, Uuid::now_v7())
    };
    hold(&house, &tomorrow).await.expect("held");
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let order_id = order(&house, visit).await.order_id;
    let request = pb::ListSubstitutesRequest { order_id: order_id.clone(), line: 0 };
    let list = kitchen!(house, &cook()).list_substitutes(request).await.expect("a list").into_inner().substitutes;
    let curry = list.into_iter().find(|it| it.item.as_ref().is_some_and(|it| it.item_id == "pumpkin-curry"));
    assert_eq!(curry.expect("on the menu").allergens, [6, 9]);
    let request = pb::SubstituteRequest {
        order_id,
        line: 0,
        item_id: "pumpkin-curry".to_owned(),
        acknowledged_allergens: vec![8, 9, 11],
    };
    let unread = kitchen!(house, &cook()).substitute(request).await.expect_err("soya is new in it tomorrow");
    assert_eq!(unread.code(), Code::FailedPrecondition);
    assert_eq!(order(&house, visit).await.state(), Scheduled);
}
