//! Combos whose components have sizes and changes: what is charged by which tax row, what is in it, how long it takes; for
//! visits and at the counter alike.

use kernel::{
    Role,
    testing::{House, staff},
};
use sky_proto::gastro::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{kitchen, support::*};

/// The house's file, with the wrap among the dishes of the lunch.
async fn house_with_wrap() -> House {
    let house = house().await;
    let file = nearby();
    let wrap = file.replacen("options = [\"lentil-soup\", ", "options = [\"lentil-soup\", \"chicken-wrap\", ", 1);
    assert_ne!(file, wrap);
    load(&house, &wrap, false).await.expect("applied");
    house
}

fn choice(component: &str, item: &str, variant: &str, modifiers: &[&str]) -> pb::ComboChoice {
    pb::ComboChoice {
        component_id: component.to_owned(),
        item_id: item.to_owned(),
        variant_id: variant.to_owned(),
        modifier_ids: modifiers.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn lunch(modifiers: &[&str]) -> pb::OrderLine {
    let dish = choice("dish", "chicken-wrap", "", modifiers);
    let choices = vec![dish, choice("drink", "water", "", &[]), choice("sweet", "moon-cake", "", &[])];
    pb::OrderLine { choices, ..line("comet-lunch", 2) }
}

fn coffee_and_cake(variant: &str, modifiers: &[&str]) -> pb::OrderLine {
    let choices = vec![choice("drink", "cappuccino", variant, modifiers), choice("sweet", "moon-cake", "", &[])];
    pb::OrderLine { choices, ..line("coffee-and-cake", 1) }
}

fn wishing(lines: Vec<pb::OrderLine>) -> pb::HoldOrderRequest {
    pb::HoldOrderRequest { lines, ..wish(Uuid::now_v7(), Uuid::now_v7()) }
}

fn charged(order: &pb::Order) -> Vec<(&str, u32, i64, u32)> {
    let of = |it: &sky_proto::kernel::v1::ChargedItem| it.unit_price.as_ref().expect("a price").cents;
    order.items.iter().map(|it| (it.tariff_id.as_str(), it.quantity, of(it), it.tax_basis_points)).collect()
}

/// The seconds of a station that an order has claimed.
async fn seconds(house: &House, order: &pb::Order, station: &str) -> i32 {
    sqlx::query_scalar("select seconds from slot_claim where order_id = $1::uuid and station_id = $2")
        .bind(&order.order_id)
        .bind(station)
        .fetch_one(house.pool("gastro"))
        .await
        .expect("claimed")
}

#[tokio::test]
async fn a_component_s_changes_are_charged_made_and_counted() {
    let house = house_with_wrap().await;
    let plain = hold(&house, &wishing(vec![lunch(&[])])).await.expect("held");
    let changed = hold(&house, &wishing(vec![lunch(&["no-yoghurt", "extra-chicken"])])).await.expect("held");
    let flat = [("comet-lunch-2026", 2, 693, 700), ("comet-lunch-2026", 2, 297, 1900)];
    assert_eq!(charged(&plain), flat, "30 per cent of the flat price are drinks");
    let extra = [flat[0], flat[1], ("extra-chicken-2026", 2, 200, 700)];
    assert_eq!(charged(&changed), extra, "what is added is charged on top, by its own rows");
    let wrap = &changed.lines[0];
    assert_eq!(wrap.name.as_ref().expect("a name").de, "Hähnchen-Wrap „Komet“, ohne Joghurtsoße, mit extra Hähnchen");
    assert_eq!((wrap.allergens.as_slice(), wrap.traces.as_slice()), ([1].as_slice(), [3, 7, 10, 11].as_slice()));
    let (before, after) = (seconds(&house, &plain, "cold").await, seconds(&house, &changed, "cold").await);
    assert_eq!((before, after), (2 * (80 + 25), 2 * (80 + 15 + 25)), "two wraps with more chicken take longer");
}

#[tokio::test]
async fn a_size_and_a_change_of_a_combo_s_drink_go_the_same_way_at_the_counter() {
    let house = house().await;
    let lines = || vec![coffee_and_cake("large", &["oat-milk"])];
    // The single prices decide: 4.60 of a drink and 3.40 of cake in 5.90.
    let expected =
        [("coffee-and-cake-2026", 1, 251, 700), ("coffee-and-cake-2026", 1, 339, 1900), ("oat-milk-2026", 1, 50, 1900)];
    let held = hold(&house, &wishing(lines())).await.expect("held");
    assert_eq!(charged(&held), expected);
    let cook = staff(Role::Kitchen);
    let preview = pb::PreviewWalkUpRequest { lines: lines() };
    let preview = kitchen!(house, &cook).preview_walk_up(preview).await.expect("a price").into_inner();
    assert_eq!(preview.total.expect("a total").cents, 640);
    let place = pb::PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines: lines() };
    let placed = kitchen!(house, &cook).place_walk_up(place).await.expect("placed").into_inner();
    assert_eq!(charged(&placed), expected);
    let drink = &placed.lines[0];
    assert_eq!(drink.name.as_ref().expect("a name").de, "Cappuccino, groß, mit Hafermilch");
    assert_eq!(seconds(&house, &placed, "bar").await, 60);

    // The size counts in the split: with a small one less of the price is a drink.
    let small = hold(&house, &wishing(vec![coffee_and_cake("small", &[])])).await.expect("held");
    assert_eq!(charged(&small), [("coffee-and-cake-2026", 1, 287, 700), ("coffee-and-cake-2026", 1, 303, 1900)]);
}

#[tokio::test]
async fn what_a_component_cannot_be_is_refused_by_its_field_and_what_it_has_in_it_is_said() {
    let house = house().await;
    for (line, field) in [
        (coffee_and_cake("huge", &[]), "choices"),
        (coffee_and_cake("large", &["oat-milk", "lactose-free"]), "modifier_ids"),
        (coffee_and_cake("large", &["extra-chicken"]), "modifier_ids"),
        (pb::OrderLine { modifier_ids: vec!["oat-milk".to_owned()], ..coffee_and_cake("large", &[]) }, "choices"),
    ] {
        let refused = hold(&house, &wishing(vec![line])).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{}", refused.message());
        assert!(refused.message().starts_with(&format!("{field}:")), "{}", refused.message());
    }
    let avoiding = |number| {
        let lines = vec![coffee_and_cake("large", &["oat-milk"])];
        pb::HoldOrderRequest { avoid_allergens: vec![number], ..wishing(lines) }
    };
    for number in [1, 7, 8] {
        let refused = hold(&house, &avoiding(number)).await.expect_err("it is in it, or its traces are");
        assert_eq!(refused.code(), Code::FailedPrecondition, "{number}");
    }
    hold(&house, &avoiding(4)).await.expect("no fish in it");
}
