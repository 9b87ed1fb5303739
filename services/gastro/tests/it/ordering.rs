//! What is ordered from the menu: variants, changes, combos, recipes, stock, parts of the day, rules, and what a party
//! cannot eat.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{
    testing::{House, visitor},
    values::timestamp,
};
use prost::Message;
use sky_proto::{
    gastro::v1 as pb,
    journey::v1::{VisitCancelled, VisitExpired},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

/// An order of these lines for after a showing, and its visit.
async fn ordered(house: &House, lines: Vec<pb::OrderLine>) -> Result<pb::Order, Status> {
    hold(house, &pb::HoldOrderRequest { lines, ..wish(Uuid::now_v7(), Uuid::now_v7()) }).await
}

fn with(item: &str, variant: &str, modifiers: &[&str]) -> pb::OrderLine {
    pb::OrderLine {
        variant_id: variant.to_owned(),
        modifier_ids: modifiers.iter().map(|id| (*id).to_owned()).collect(),
        ..line(item, 1)
    }
}

fn lunch(dish: &str, drink: &str, sweet: &str) -> pb::OrderLine {
    let choice = |component: &str, item: &str| pb::ComboChoice {
        component_id: component.to_owned(),
        item_id: item.to_owned(),
        ..pb::ComboChoice::default()
    };
    let choices = vec![choice("dish", dish), choice("drink", drink), choice("sweet", sweet)];
    pb::OrderLine { choices, ..line("comet-lunch", 1) }
}

fn refused(status: &Status, code: Code) -> String {
    assert_eq!(status.code(), code, "{}", status.message());
    pb::MealRefused::decode(status.details()).ok().and_then(|it| it.reason).unwrap_or_default().de
}

#[tokio::test]
async fn variants_changes_and_combos_are_charged_by_their_dated_rows() {
    let house = house().await;
    let lines = vec![with("cappuccino", "large", &["oat-milk"]), lunch("lentil-soup", "water", "moon-cake")];
    let held = ordered(&house, lines).await.expect("held");
    let charged: Vec<_> = held
        .items
        .iter()
        .map(|it| (it.tariff_id.as_str(), it.unit_price.as_ref().expect("a price").cents, it.tax_basis_points))
        .collect();
    let expected = [
        ("cappuccino-large-2026", 460, 1900),
        ("oat-milk-2026", 50, 1900),
        ("comet-lunch-2026", 693, 700),
        ("comet-lunch-2026", 297, 1900),
    ];
    assert_eq!(charged, expected, "30 per cent of the combo are drinks");
    assert_eq!(held.total.as_ref().expect("a total").cents, 460 + 50 + 990);
    let made: Vec<_> = held.lines.iter().map(|it| (it.item_id.as_str(), it.station.as_str())).collect();
    assert_eq!(made, [("cappuccino", "bar"), ("lentil-soup", "hot"), ("water", "bar"), ("moon-cake", "cold")]);
    assert_eq!(held.lines[0].name.as_ref().expect("a name").de, "Cappuccino, groß, mit Hafermilch");
    assert_eq!((held.lines[0].allergens.as_slice(), held.lines[0].traces.as_slice()), ([1].as_slice(), [7].as_slice()));
    let unequal: Vec<(String, String)> = sqlx::query_as(
        "select s.price_id, s.mix from combo_share s join price p using (price_id)
         group by s.price_id, s.mix, p.cents having sum(s.cents) <> p.cents",
    )
    .fetch_all(house.pool("gastro"))
    .await
    .expect("shares");
    assert!(unequal.is_empty(), "{unequal:?}");
}

#[tokio::test]
async fn an_order_keeps_the_recipe_it_was_ordered_with() {
    let house = house().await;
    let visit = Uuid::now_v7();
    hold(&house, &wish(visit, Uuid::now_v7())).await.expect("held");
    let pasta = "id = \"tomato-pasta\"";
    let changed = HOUSE_FILE.replacen(
        pasta,
        &format!("{pasta}\nrecipes = [{{ valid_from = \"2026-11-28\", allergens = [1, 9], traces = [] }}]"),
        1,
    );
    load(&house, &changed, false).await.expect("applied");
    let corrected = changed.replacen("allergens = [1, 9]", "allergens = [1, 3, 9]", 1);
    load(&house, &corrected, false).await.expect("applied");
    load(&house, &corrected, false).await.expect("applied again");
    let old = &order(&house, visit).await.lines[0];
    assert_eq!((old.allergens.as_slice(), old.recipe_id.as_str()), ([1].as_slice(), "tomato-pasta/2000-01-01/1"));
    let new = &ordered(&house, vec![line("tomato-pasta", 1)]).await.expect("held").lines[0];
    let second = "tomato-pasta/2026-11-28/2";
    assert_eq!((new.allergens.as_slice(), new.recipe_id.as_str()), ([1, 3, 9].as_slice(), second));
    // Once it is bought it says what is known by now, and with which version it was ordered.
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let bought = &order(&house, visit).await.lines[0];
    assert_eq!((bought.allergens.as_slice(), &bought.recipe_id), ([1, 3, 9].as_slice(), &old.recipe_id));
    assert_eq!((old.corrected_recipe_id.as_str(), bought.corrected_recipe_id.as_str()), ("", second));
    let versions: i64 = sqlx::query_scalar("select count(*) from recipe where item_id = 'tomato-pasta'")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(versions, 3, "none is lost, none is added twice");
}

#[tokio::test]
async fn what_a_party_cannot_eat_is_said_before_and_forgotten_after() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let mut request = pb::HoldOrderRequest { avoid_allergens: vec![7, 1, 7], ..wish(visit, Uuid::now_v7()) };
    let warned = hold(&house, &request).await.expect_err("it is pasta");
    assert!(refused(&warned, Code::FailedPrecondition).contains("meiden"));
    assert!(!warned.message().contains("Pasta") && !warned.message().contains('7'), "{}", warned.message());
    request.avoid_allergens = vec![3];
    request.idempotency_key = Uuid::new_v4().to_string();
    hold(&house, &request).await.expect_err("traces count too");
    request.allergens_acknowledged = true;
    request.idempotency_key = Uuid::new_v4().to_string();
    hold(&house, &request).await.expect("acknowledged");
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let kept = async || -> i64 {
        sqlx::query_scalar("select count(*) from order_avoids").fetch_one(house.pool("gastro")).await.expect("counted")
    };
    // Another one is called off.
    let other = Uuid::now_v7();
    let declared =
        pb::HoldOrderRequest { avoid_allergens: vec![3], allergens_acknowledged: true, ..wish(other, Uuid::now_v7()) };
    hold(&house, &declared).await.expect("held");
    assert_eq!(kept().await, 2);
    until_state(&house, visit, minutes(105), pb::OrderState::Fired).await;
    twice(&house, "journey", &VisitCancelled { visit_id: other.to_string(), ..VisitCancelled::default() }).await;
    let mut now = minutes(13 * 60);
    let mut left = async |many: i64| {
        let erased = async {
            while kept().await > many {
                now += TimeDelta::minutes(10);
                house.clock.set(now);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), erased).await.expect("erased");
    };
    left(1).await;
    assert_eq!(kept().await, 1, "of the meal that is made over midnight it is still known");
    left(0).await;
}

#[tokio::test]
async fn portions_are_taken_by_held_orders_and_come_back_with_them() {
    let house = house().await;
    let few = HOUSE_FILE.replacen("portions_per_day = 200", "portions_per_day = 3", 1);
    load(&house, &few, false).await.expect("applied");
    let cake = async || {
        let request = pb::GetMenuRequest { at: Some(timestamp(minutes(110))) };
        let menu = client!(house, &visitor(None)).get_menu(request).await.expect("a menu").into_inner();
        menu.items.into_iter().find(|item| item.item_id == "moon-cake").expect("cake")
    };
    assert_eq!((cake().await.portions_left, cake().await.low_stock), (Some(3), true));
    let visit = Uuid::now_v7();
    let two = pb::HoldOrderRequest { lines: vec![line("moon-cake", 2)], ..wish(visit, Uuid::now_v7()) };
    hold(&house, &two).await.expect("held");
    let more = ordered(&house, vec![line("moon-cake", 2)]).await.expect_err("one is left");
    assert!(refused(&more, Code::FailedPrecondition).contains("nur noch 1"));
    ordered(&house, vec![lunch("lentil-soup", "water", "moon-cake")]).await.expect("the last one");
    let none = ordered(&house, vec![line("moon-cake", 1)]).await.expect_err("none is left");
    assert!(refused(&none, Code::FailedPrecondition).contains("ausverkauft"));
    let instead = pb::MealRefused::decode(none.details()).expect("details").instead;
    assert!(!instead.is_empty() && none.message().contains("instead"), "{}", none.message());
    assert_eq!((cake().await.available, cake().await.unavailable()), (false, pb::Unavailable::SoldOut));

    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let cancelled = VisitCancelled { visit_id: visit.to_string(), ..VisitCancelled::default() };
    twice(&house, "journey", &cancelled).await;
    assert_eq!(cake().await.portions_left, Some(2));
    let over =
        sqlx::query("update stock_day set taken = portions + 1 where portions > 0").execute(house.pool("gastro")).await;
    let name = over.expect_err("the last wall").as_database_error().and_then(|it| it.constraint().map(str::to_owned));
    assert_eq!(name.as_deref(), Some("stock_not_oversold"));
}

#[tokio::test]
async fn thirty_at_once_for_three_portions_are_three() {
    let house = house().await;
    load(&house, &HOUSE_FILE.replacen("portions_per_day = 200", "portions_per_day = 3", 1), false)
        .await
        .expect("applied");
    let tries = (0..30).map(|_| ordered(&house, vec![line("moon-cake", 1)]));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert!(answers.iter().filter_map(|it| it.as_ref().err()).all(|it| it.code() == Code::FailedPrecondition));
}

#[tokio::test]
async fn a_lunch_is_served_at_lunch() {
    let house = house().await;
    let mut late = wish(Uuid::now_v7(), Uuid::now_v7());
    late.lines = vec![lunch("lentil-soup", "water", "asteroid-cookie")];
    late.showing_ends_at = Some(timestamp(minutes(150)));
    let refusal = hold(&house, &late).await.expect_err("half past two is too late");
    assert!(refused(&refusal, Code::FailedPrecondition).contains("11:30–14:30"));
    late.showing_ends_at = Some(timestamp(minutes(149)));
    late.idempotency_key = Uuid::new_v4().to_string();
    hold(&house, &late).await.expect("just in time");
    let at = async |at| {
        let request = pb::GetMenuRequest { at: Some(timestamp(minutes(at))) };
        let menu = client!(house, &visitor(None)).get_menu(request).await.expect("a menu").into_inner();
        menu.combos.into_iter().find(|combo| combo.combo_id == "comet-lunch").expect("lunch").unavailable()
    };
    assert_eq!((at(149).await, at(150).await), (pb::Unavailable::Unspecified, pb::Unavailable::DayPart));
}

#[tokio::test]
async fn one_showing_leaves_a_part_of_the_quarter_to_others() {
    let house = house().await;
    set_capacity(&house, "hot", 400).await;
    let showing = Uuid::now_v7();
    let pickup = async |showing| hold(&house, &wish(Uuid::now_v7(), showing)).await.expect("held").pickup_at;
    // 120 s each: two fit into 70 % of 400 s, the third goes to the neighbour although it would fit.
    assert_eq!(pickup(showing).await, Some(timestamp(minutes(110))));
    assert_eq!(pickup(showing).await, Some(timestamp(minutes(110))));
    assert_eq!(pickup(showing).await, Some(timestamp(minutes(120))), "held ones count");
    assert_eq!(pickup(Uuid::now_v7()).await, Some(timestamp(minutes(110))), "of another showing");
    let mut many = pb::HoldOrderRequest { people: 58, ..wish(Uuid::now_v7(), Uuid::now_v7()) };
    many.lines = vec![line("water", 1)];
    let held = hold(&house, &many).await.expect("held");
    assert_eq!(held.pickup_at, Some(timestamp(minutes(120))), "three people stand there already");
}

#[tokio::test]
async fn a_class_orders_once_with_a_tray_for_each_child() {
    let house = house().await;
    let trays = |count: usize| -> Vec<pb::OrderLine> {
        (1..=count).map(|nth| pb::OrderLine { tray: nth.to_string(), ..line("cheese-roll", 1) }).collect()
    };
    let held = ordered(&house, trays(28)).await.expect("one order");
    assert_eq!((held.lines.len(), held.lines[27].tray.as_str()), (28, "28"));
    let one_without = [trays(1), vec![line("pretzel", 1)]].concat();
    for lines in [trays(41), one_without] {
        let wrong = ordered(&house, lines).await.expect_err("refused");
        assert_eq!(wrong.code(), Code::InvalidArgument);
        assert!(wrong.message().starts_with("tray: "), "{}", wrong.message());
    }
    let much = ordered(&house, vec![line("pretzel", 41)]).await.expect_err("a family does not eat that");
    assert!(refused(&much, Code::FailedPrecondition).contains("40"));
}

#[tokio::test]
async fn trays_have_names_of_the_partys_own_until_their_day_is_over() {
    let house = house().await;
    let menu =
        client!(house, &visitor(None)).get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner();
    let group = menu.group_lunch.expect("the house takes groups");
    assert_eq!((group.most_trays, group.most_pieces, group.tray_labels.len()), (40, 120, 8));
    let visit = Uuid::now_v7();
    let on = |tray: &str, item: &str| pb::OrderLine { tray: tray.to_owned(), ..line(item, 2) };
    let names = ["1 – vegetarisch", "2 – ohne Nüsse", "1 – vegetarisch"];
    let lines = vec![on(names[0], "planet-salad"), on(names[1], "pretzel"), on(names[0], "water")];
    hold(&house, &pb::HoldOrderRequest { lines, ..wish(visit, Uuid::now_v7()) }).await.expect("held");
    let trays = async || order(&house, visit).await.lines.into_iter().map(|line| line.tray).collect::<Vec<_>>();
    assert_eq!(trays().await, names);
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let over = until_state(&house, visit, minutes(105), pb::OrderState::Fired).await.order_id;
    for to in [pb::OrderState::Preparing, pb::OrderState::Ready, pb::OrderState::Collected] {
        step(&house, &over, to).await.expect("moved");
    }
    house.clock.set(minutes(13 * 60));
    let forgotten = async {
        while trays().await != [""; 3] {
            house.clock.advance(TimeDelta::minutes(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), forgotten).await.expect("forgotten");
    let items: Vec<_> = order(&house, visit).await.lines.into_iter().map(|line| line.item_id).collect();
    assert_eq!(items, ["planet-salad", "pretzel", "water"], "what was ordered stays, in its order");
}

/// Ten days ahead: without a meal there is nothing to keep them for until then.
#[tokio::test]
async fn what_was_declared_for_a_meal_that_nobody_gets_is_forgotten_long_before_its_day() {
    let house = house().await;
    let at = |minute: i64| Some(timestamp(minutes(10 * 24 * 60 + minute)));
    let [unpaid, refused, late] = std::array::from_fn(|_| Uuid::now_v7());
    for visit in [unpaid, refused, late] {
        let declared = pb::HoldOrderRequest {
            showing_starts_at: at(60),
            showing_ends_at: at(110),
            lines: vec![pb::OrderLine { tray: "1 – vegetarisch".to_owned(), ..line("tomato-pasta", 1) }],
            avoid_allergens: vec![3],
            allergens_acknowledged: true,
            ..wish(visit, Uuid::now_v7())
        };
        hold(&house, &declared).await.expect("held");
        twice(&house, "journey", &VisitExpired { visit_id: visit.to_string() }).await;
    }
    set_capacity(&house, "hot", 1).await;
    let comes_too_late = async |visit: Uuid| {
        twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
        assert_eq!(order(&house, visit).await.state(), pb::OrderState::Rejected);
    };
    let kept = async |visit: Uuid| -> (bool, bool) {
        let avoids = sqlx::query_scalar(
            "select exists (select from order_avoids join meal_order using (order_id) where visit_id = $1)",
        )
        .bind(visit)
        .fetch_one(house.pool("gastro"))
        .await
        .expect("known");
        (avoids, !order(&house, visit).await.lines[0].tray.is_empty())
    };
    let forgotten = async |visit: Uuid| {
        let erased = async {
            while kept(visit).await != (false, false) {
                house.clock.advance(TimeDelta::seconds(30));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), erased).await.expect("erased");
    };
    comes_too_late(refused).await;
    assert_eq!(kept(refused).await, (true, true));
    forgotten(refused).await;
    // Money that is under way takes a hold again that ran out: as long as that may be, it is known what they avoid.
    house.clock.set(minutes(30 * 60));
    comes_too_late(late).await;
    forgotten(late).await;
    assert_eq!(kept(unpaid).await, (true, true));
    house.clock.set(minutes(37 * 60));
    forgotten(unpaid).await;
}

#[tokio::test]
async fn nonsense_names_its_field() {
    let house = house().await;
    let slug = "x".repeat(65);
    let many = vec!["oat-milk"; 21];
    let cases: Vec<(&str, pb::OrderLine)> = vec![
        ("variant_id", with("cappuccino", "giant", &[])),
        ("variant_id", with("cappuccino", &slug, &[])),
        ("variant_id", with("water", "large", &[])),
        ("modifier_ids", with("cappuccino", "", &["no-cheese"])),
        ("modifier_ids", with("cappuccino", "", &["oat-milk", "lactose-free"])),
        ("modifier_ids", with("cappuccino", "", &many)),
        ("modifier_ids", with("cappuccino", "", &["oat milk"])),
        ("choices", line("comet-lunch", 1)),
        ("choices", lunch("bratwurst", "water", "moon-cake")),
        ("tray", pb::OrderLine { tray: "x".repeat(31), ..line("water", 1) }),
        ("tray", pb::OrderLine { tray: "\u{7}".to_owned(), ..line("water", 1) }),
    ];
    for (field, line) in cases {
        let wrong = ordered(&house, vec![line]).await.expect_err(field);
        assert_eq!(wrong.code(), Code::InvalidArgument, "{field}: {}", wrong.message());
        assert!(wrong.message().starts_with(field), "{field}: {}", wrong.message());
    }
    for avoid in [0, 15, u32::MAX] {
        let request = pb::HoldOrderRequest { avoid_allergens: vec![avoid], ..wish(Uuid::now_v7(), Uuid::now_v7()) };
        let wrong = hold(&house, &request).await.expect_err("no such allergen");
        assert!(wrong.message().starts_with("avoid_allergens: "), "{}", wrong.message());
    }
    let request = pb::HoldOrderRequest { people: 501, ..wish(Uuid::now_v7(), Uuid::now_v7()) };
    assert!(hold(&house, &request).await.expect_err("people").message().starts_with("people: "));
    set_station(&house, "bar", pb::StationState::Closed).await.expect("closed");
    let closed = ordered(&house, vec![line("water", 1)]).await.expect_err("the bar is closed");
    assert_eq!(closed.code(), Code::FailedPrecondition);
}
