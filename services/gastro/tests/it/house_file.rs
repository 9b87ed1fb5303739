//! The house file: errors with line and key, applied once.

use kernel::testing::visitor;
use sky_proto::gastro::v1 as pb;

use crate::{client, support::*};

#[tokio::test]
async fn the_same_file_changes_nothing_and_another_one_only_what_differs() {
    let house = house().await;
    let mut guest = client!(house, &visitor(None));
    let before = guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner();
    set_station(&house, "hot", pb::StationState::Paused).await.expect("paused");
    let told = house.events::<pb::StationChanged>("gastro").await.len();
    let summary = load(&house, HOUSE_FILE, false).await.expect("again");
    assert!(summary.starts_with("3 stations, 15 items"), "{summary}");
    assert_eq!(house.events::<pb::StationChanged>("gastro").await.len(), told, "nothing is told again");
    let paused = set_station(&house, "hot", pb::StationState::Paused).await.expect("still paused");
    assert_eq!(paused.state(), pb::StationState::Paused, "the day's state is not the file's");
    set_station(&house, "hot", pb::StationState::Open).await.expect("open");
    assert_eq!(guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner(), before);

    let told = house.events::<pb::StationChanged>("gastro").await.len();
    load(&house, &HOUSE_FILE.replace("Warme Küche", "Kalte Küche"), true).await.expect("a good file");
    assert_eq!(guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner(), before);
    assert_eq!(house.events::<pb::StationChanged>("gastro").await.len(), told, "a check changes nothing");

    let renamed = HOUSE_FILE.replace("Warme Küche", "Herd").replace("\"cocoa\"", "\"hot-cocoa\"");
    let renamed = renamed.replace("id = \"cocoa-", "id = \"hot-cocoa-");
    load(&house, &renamed, false).await.expect("applied");
    let told: Vec<pb::StationChanged> = house.events("gastro").await;
    let last = told.last().and_then(|it| it.station.clone()).and_then(|it| it.name).expect("a name");
    assert_eq!(last.de, "Herd");
    let menu = guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner().items;
    assert!(menu.iter().any(|item| item.item_id == "hot-cocoa") && menu.iter().all(|item| item.item_id != "cocoa"));
}

#[tokio::test]
async fn what_the_file_says_is_sold_out_is_refused() {
    let house = house().await;
    let sold_out = HOUSE_FILE.replacen("id = \"tomato-pasta\"", "id = \"tomato-pasta\"\navailable = false", 1);
    load(&house, &sold_out, false).await.expect("applied");
    let refused = hold(&house, &wish(uuid::Uuid::now_v7(), uuid::Uuid::now_v7())).await.expect_err("sold out");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert!(refused.message().contains("Supernova"), "{}", refused.message());
}

#[tokio::test]
async fn what_people_were_charged_by_does_not_change() {
    let house = house().await;
    let (from, to) = ("id = \"tomato-pasta-2026\", cents = ", "id = \"tomato-pasta-2026\", cents = 1");
    let dearer = HOUSE_FILE.replacen(from, to, 1);
    assert_ne!(dearer, HOUSE_FILE);
    load(&house, &dearer, false).await.expect("nobody was charged");
    load(&house, HOUSE_FILE, false).await.expect("back again");
    hold(&house, &wish(uuid::Uuid::now_v7(), uuid::Uuid::now_v7())).await.expect("held");
    let checked = load(&house, &dearer, true).await.expect_err("already when it is only checked");
    let refused = load(&house, &dearer, false).await.expect_err("somebody was charged");
    assert_eq!(checked.message(), refused.message());
    let line = dearer.lines().position(|line| line.contains(to)).expect("the price") + 1;
    assert!(refused.message().contains(&format!("line {line}, gastro.items[")), "{}", refused.message());
    assert!(refused.message().contains("new id"), "{}", refused.message());
    let tax = "id = \"gastro-food-2026\"\nbasis_points = ";
    let refused = load(&house, &spoiled(tax, &format!("{tax}1")), false).await.expect_err("somebody was taxed");
    assert!(refused.message().contains("gastro.taxes[2].basis_points: "), "{}", refused.message());
    let unsold = HOUSE_FILE.replacen("id = \"lentil-soup-2026\", cents = ", "id = \"lentil-soup-2026\", cents = 1", 1);
    assert_ne!(unsold, HOUSE_FILE);
    load(&house, &unsold, false).await.expect("nobody had the soup");
}

/// The house's file with the first `from` of gastro's own part replaced.
fn spoiled(from: &str, to: &str) -> String {
    let (others, own) =
        HOUSE_FILE.split_at(HOUSE_FILE.find("# AstroGastro, the Sternencafé").expect("a part of its own"));
    others.to_owned() + &own.replacen(from, to, 1)
}

#[tokio::test]
async fn an_error_names_line_and_key_and_changes_nothing() {
    let house = house().await;
    let mut guest = client!(house, &visitor(None));
    let before = guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner();
    let cases = [
        ("id = \"cold\"", "id = \"hot\"", "stations[1].id"),
        ("id = \"cold\"", "id = \"c o l d\"", "stations[1].id"),
        ("seconds_per_slot = 1800", "seconds_per_slot = 0", "stations[0].seconds_per_slot"),
        ("basis_points = 700", "basis_points = 10001", "taxes[0].basis_points"),
        ("id = \"tomato-pasta\"", "id = \"lentil-soup\"", "items[1].id"),
        ("station = \"hot\"", "station = \"oven\"", "items[0].station"),
        ("work_seconds = 60", "work_seconds = 0", "items[0].work_seconds"),
        ("allergens = [1, 6, 9]", "allergens = [1, 15]", "items[0].allergens"),
        ("traces = [7, 10]", "traces = [0]", "items[0].traces"),
        ("cents = 550", "cents = 20001", "items[0].prices[2].cents"),
        ("tax = \"gastro-food-2026\"", "tax = \"gastro-food-2027\"", "items[0].prices[2].tax"),
        ("tax = \"gastro-food-2026\"", "tax = \"gastro-food-2024\"", "items[0].prices[2].tax"),
        ("tax = \"gastro-food-2024\"", "tax = \"gastro-food-2026\"", "items[0].prices[1].tax"),
        ("valid_from = \"2026-01-01\", source", "valid_from = \"2026-02-01\", source", "items[0].prices[1].tax"),
        ("from = \"08:30\"", "from = \"8 Uhr\"", "day_parts[0].from"),
        ("until = \"11:30\"", "until = \"08:30\"", "day_parts[0].until"),
        ("until = \"22:30\"", "until = \"08:30\"", "kitchen.open[0].until"),
        ("\"08:30\", until = \"22:30\"", "\"8.30\", until = \"22:30\"", "kitchen.open[0].from"),
        (
            "weekdays = [\"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], from",
            "weekdays = [], from",
            "kitchen.open[0].weekdays",
        ),
        ("lead_minutes = 10", "lead_minutes = 241", "rules.lead_minutes"),
        ("showing_share_percent = 70", "showing_share_percent = 0", "rules.showing_share_percent"),
        ("\"Venus\"", "\"7\"", "rules.tray_labels"),
        ("drinks_basis_points = 3000", "drinks_basis_points = 10001", "combo_splits[0].drinks_basis_points"),
        ("most = 1", "most = 3", "modifier_groups[0].most"),
        ("id = \"oat-milk\"", "id = \"lactose-free\"", "modifier_groups[0].modifiers[1].id"),
        ("adds = [1]", "adds = [15]", "modifier_groups[0].modifiers[0].adds"),
        ("cents = 50,", "cents = 20001,", "modifier_groups[0].modifiers[0].prices[1].cents"),
        ("modifier_groups = [\"wrap\"]", "modifier_groups = [\"rap\"]", "items[4].modifier_groups"),
        ("id = \"large\"", "id = \"small\"", "items[13].variants[1].id"),
        ("id = \"comet-lunch\"", "id = \"water\"", "combos[0].id"),
        ("day_parts = [\"lunch\"]", "day_parts = [\"brunch\"]", "combos[0].day_parts"),
        ("\"cappuccino/large\"", "\"cappuccino/huge\"", "combos[1].components[0].options"),
        ("\"cappuccino/large\"", "\"cappuccino\"", "combos[1].components[0].options"),
        ("split = \"combo-30-2026\"", "split = \"combo-40-2026\"", "combos[0].prices[1].split"),
        (
            "\"combo-30-2026\", valid_from = \"2026-01-01\"",
            "\"combo-30-2026\", valid_from = \"2025-12-31\"",
            "combos[0].prices[1].split",
        ),
    ];
    for (from, to, key) in cases {
        let text = spoiled(from, to);
        assert_ne!(text, HOUSE_FILE, "{key}");
        let refused = load(&house, &text, false).await.expect_err(key);
        let message = refused.message();
        assert!(message.contains("line ") && message.contains(&format!("gastro.{key}: ")), "{key}: {message}");
    }
    let typed = [
        ("category = \"food\"", "category = \"soup\""),
        ("work_seconds", "work_secs"),
        ("cents = 550", "cents = -550"),
        ("id = \"comet-lunch-2026\", cents = 990", "id = \"comet-lunch-2026\", cents = -990"),
        ("id = \"oat-milk-2026\", cents = 50", "id = \"oat-milk-2026\", cents = -50"),
        ("most = 1", "most = -1"),
        ("\"sat\", \"sun\"], from", "\"sa\", \"so\"], from"),
    ];
    for (from, to) in typed {
        let text = spoiled(from, to);
        assert_ne!(text, HOUSE_FILE, "{to}");
        let refused = load(&house, &text, true).await.expect_err(to);
        assert!(refused.message().contains("line"), "{}", refused.message());
    }
    assert_eq!(guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner(), before);
}
