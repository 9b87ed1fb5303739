//! Menu, slots, holding, extending, releasing, bad input, wrong callers.

use kernel::{
    Caller, Role,
    testing::{staff, visitor},
    values::timestamp,
};
use sky_proto::gastro::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn the_menu_has_dated_prices_taxes_allergens_and_both_languages() {
    let house = house().await;
    let mut guest = client!(house, &visitor(None));
    let menu = guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner().items;
    assert!(menu.len() >= 8);
    for item in &menu {
        let (tax, rate) =
            if item.category == "food" { ("gastro-food-2026", 700) } else { ("gastro-drinks-2007", 1900) };
        assert_eq!((item.tax_id.as_str(), item.tax_basis_points), (tax, rate), "{}", item.item_id);
        assert_eq!(item.price_id, format!("{}-2026", item.item_id));
        assert!(item.price.as_ref().expect("a price").cents > 0 && item.available);
        let name = item.name.as_ref().expect("a name");
        assert!(!name.de.is_empty() && !name.en.is_empty());
        assert!(item.allergens.iter().chain(&item.traces).all(|number| (1..=14).contains(number)));
    }
    assert!(menu.iter().any(|item| item.allergens == [1, 7] && item.diets == ["halal"]));
    set_station(&house, "bar", pb::StationState::Paused).await.expect("paused");
    let menu = guest.get_menu(pb::GetMenuRequest::default()).await.expect("a menu").into_inner().items;
    assert!(menu.iter().all(|item| item.available == (item.station != "bar")));
}

#[tokio::test]
async fn search_engines_read_the_menu_and_that_the_bar_is_closed() {
    let house = house().await;
    let url = format!("http://{}/open/v1/gastro/menu?lang=en", house.running.http);
    let offers = async || {
        let menu: serde_json::Value = reqwest::get(&url).await.expect("an answer").json().await.expect("JSON");
        assert_eq!((&menu["@type"], &menu["inLanguage"]), (&"Menu".into(), &"en".into()));
        let sections = menu["hasMenuSection"].as_array().expect("sections").clone();
        sections
            .into_iter()
            .map(|section| section["hasMenuItem"].as_array().expect("items").clone())
            .collect::<Vec<_>>()
    };
    // Variants are offers of their own.
    let state = |item: &serde_json::Value| {
        let first = item["offers"].as_array().map_or(&item["offers"], |offers| &offers[0]);
        first["availability"].clone()
    };
    let before = offers().await;
    assert!(before[0].len() >= 4 && before[1].len() >= 2 && before[2].len() == 2, "{before:?}");
    assert!(before.iter().flatten().all(|item| state(item) == "https://schema.org/InStock"));
    set_station(&house, "bar", pb::StationState::Paused).await.expect("paused");
    let after = offers().await;
    assert!(after.iter().flatten().any(|item| state(item) == "https://schema.org/OutOfStock"));
}

#[tokio::test]
async fn a_hold_has_its_prices_and_a_repeat_gets_the_first_answer() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let request = wish(visit, Uuid::now_v7());
    let first = hold(&house, &request).await.expect("held");
    assert_eq!((first.state(), first.number), (pb::OrderState::Held, 0));
    assert_eq!(first.total.as_ref().expect("total").cents, 2 * 690 + 280);
    assert_eq!((first.items[0].tariff_id.as_str(), first.items[0].quantity), ("tomato-pasta-2026", 2));
    assert_eq!((first.items[0].tax_id.as_str(), first.items[1].tax_basis_points), ("gastro-food-2026", 1900));
    assert_eq!(first.lines[0].allergens, [1]);
    assert_eq!(first.pickup_at, Some(timestamp(minutes(110))), "as soon as the guests come out");
    assert_eq!(first.fire_at, Some(timestamp(minutes(105))));
    assert_eq!(hold(&house, &request).await.expect("repeat"), first);
    assert_eq!(taken(&house).await, 130);

    let mut other = request.clone();
    other.lines.pop();
    let reused = hold(&house, &other).await.expect_err("key reused");
    assert_eq!(reused.code(), Code::InvalidArgument);
    other.idempotency_key = Uuid::new_v4().to_string();
    let second = hold(&house, &other).await.expect_err("one meal per visit");
    assert_eq!(second.code(), Code::AlreadyExists);

    let mut before = wish(Uuid::now_v7(), Uuid::now_v7());
    before.pickup = pb::Pickup::BeforeShowing.into();
    let held = hold(&house, &before).await.expect("held");
    assert_eq!(held.pickup_at, Some(timestamp(minutes(30))), "its quarter ends 15 minutes before the start");
}

#[tokio::test]
async fn station_time_is_free_again_after_release_and_after_expiry() {
    let house = house().await;
    let mut client = client!(house, &journey());
    let first = Uuid::now_v7();
    hold(&house, &wish(first, Uuid::now_v7())).await.expect("held");
    let release = pb::ReleaseOrderRequest { visit_id: first.to_string() };
    client.release_order(release.clone()).await.expect("released");
    client.release_order(release).await.expect("again is no error");
    assert_eq!(order(&house, first).await.state(), pb::OrderState::Expired);
    assert_eq!(taken(&house).await, 0);
    hold(&house, &wish(first, Uuid::now_v7())).await.expect("the same visit may choose again");

    let extend = |at| pb::ExtendHoldRequest { visit_id: first.to_string(), expires_at: Some(timestamp(minutes(at))) };
    let extended = client.extend_hold(extend(20)).await.expect("extended").into_inner();
    assert_eq!(extended.expires_at, Some(timestamp(minutes(20))));
    let extended = client.extend_hold(extend(15)).await.expect("no shorter").into_inner();
    assert_eq!(extended.expires_at, Some(timestamp(minutes(20))));
    let expired = until_state(&house, first, minutes(20), pb::OrderState::Expired).await;
    assert_eq!(expired.number, 0);
    assert_eq!(taken(&house).await, 0);
    let late = client.extend_hold(extend(40)).await.expect_err("it has expired");
    assert_eq!(late.metadata().get(kernel::error::REASON).expect("its name"), "HoldExpired");
    assert_eq!(late.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn slots_show_the_tightest_station_and_none_while_the_kitchen_rests() {
    let house = house().await;
    let mut guest = client!(house, &visitor(None));
    hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("held");
    let request = pb::ListSlotsRequest { from: Some(timestamp(minutes(-30))), until: Some(timestamp(minutes(121))) };
    let slots = guest.list_slots(request).await.expect("slots").into_inner().slots;
    assert_eq!(slots[0].at, Some(timestamp(minutes(0))), "nothing that is over");
    assert_eq!(slots.len(), 9);
    let of = |at| slots.iter().find(|slot| slot.at == Some(timestamp(minutes(at)))).expect("a slot").free_seconds;
    assert_eq!((of(90), of(105)), (1800, 1800 - 120));
    set_capacity(&house, "hot", 120).await;
    let slots = guest.list_slots(request).await.expect("slots").into_inner().slots;
    assert!(slots.iter().all(|slot| slot.at != Some(timestamp(minutes(105)))), "full quarters are not offered");
    for station in ["hot", "cold", "bar"] {
        set_station(&house, station, pb::StationState::Closed).await.expect("closed");
    }
    let slots = guest.list_slots(request).await.expect("slots").into_inner().slots;
    assert!(slots.is_empty());
}

#[tokio::test]
async fn bad_input_names_the_field() {
    type Spoil = fn(&mut pb::HoldOrderRequest);
    let house = house().await;
    let good = wish(Uuid::now_v7(), Uuid::now_v7());
    let cases: [(&str, Spoil); 25] = [
        ("idempotency_key", |r| r.idempotency_key.clear()),
        ("idempotency_key", |r| r.idempotency_key = "x".to_owned()),
        ("visit_id", |r| r.visit_id = "x".to_owned()),
        ("visit_id", |r| r.visit_id.clear()),
        ("showing_id", |r| r.showing_id.clear()),
        ("showing_starts_at", |r| r.showing_starts_at = None),
        ("showing_starts_at", |r| {
            r.pickup = pb::Pickup::BeforeShowing.into();
            r.showing_starts_at = Some(timestamp(minutes(-1)));
        }),
        ("showing_ends_at", |r| r.showing_ends_at = None),
        ("showing_ends_at", |r| r.showing_ends_at = r.showing_starts_at),
        ("showing_ends_at", |r| r.showing_ends_at = Some(timestamp(minutes(60 + 721)))),
        ("showing_ends_at", |r| {
            r.showing_starts_at = Some(timestamp(minutes(-60)));
            r.showing_ends_at = Some(timestamp(minutes(-1)));
        }),
        ("pickup", |r| r.pickup = 0),
        ("pickup", |r| r.pickup = 99),
        ("expires_at", |r| r.expires_at = None),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(0)))),
        ("expires_at", |r| r.expires_at = Some(timestamp(minutes(19)))),
        ("lines", |r| r.lines.clear()),
        ("lines", |r| r.lines = (0..151).map(|nth| line(&format!("i{nth}"), 1)).collect()),
        ("lines", |r| r.lines.push(line("water", 2))),
        ("lines", |r| r.lines = vec![line("moon-dust", 1)]),
        ("item_id", |r| r.lines = vec![line("", 1)]),
        ("item_id", |r| r.lines = vec![line("moon dust", 1)]),
        ("quantity", |r| r.lines = vec![line("water", 0)]),
        ("quantity", |r| r.lines = vec![line("water", 61)]),
        ("quantity", |r| r.lines = vec![line("water", u32::MAX)]),
    ];
    for (field, spoil) in cases {
        let mut request = good.clone();
        spoil(&mut request);
        let refused = hold(&house, &request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}: {}", refused.message());
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    assert_eq!(taken(&house).await, 0);
}

#[tokio::test]
async fn bad_input_of_the_other_calls_names_the_field_too() {
    let house = house().await;
    let unknown = Uuid::now_v7().to_string();
    let (mut journey, mut cook) = (client!(house, &journey()), client!(house, &cook()));
    let mut refusals = Vec::new();
    for (visit_id, code) in [("x".to_owned(), Code::InvalidArgument), (unknown.clone(), Code::NotFound)] {
        let get = pb::GetOrderRequest { visit_id: visit_id.clone() };
        refusals.push(("visit_id", code, journey.get_order(get).await.expect_err("get")));
        let extend = pb::ExtendHoldRequest { visit_id: visit_id.clone(), expires_at: Some(timestamp(minutes(5))) };
        refusals.push(("visit_id", code, journey.extend_hold(extend).await.expect_err("extend")));
    }
    let release = pb::ReleaseOrderRequest { visit_id: String::new() };
    let refused = journey.release_order(release).await.expect_err("release");
    refusals.push(("visit_id", Code::InvalidArgument, refused));
    for at in [None, Some(timestamp(minutes(-1))), Some(timestamp(minutes(32)))] {
        let extend = pb::ExtendHoldRequest { visit_id: unknown.clone(), expires_at: at };
        let refused = journey.extend_hold(extend).await.expect_err("extend");
        refusals.push(("expires_at", Code::InvalidArgument, refused));
    }
    for (order_id, to, field, code) in [
        ("x", pb::OrderState::Ready.into(), "order_id", Code::InvalidArgument),
        (unknown.as_str(), pb::OrderState::Ready.into(), "order_id", Code::NotFound),
        (unknown.as_str(), 0, "to", Code::InvalidArgument),
        (unknown.as_str(), 99, "to", Code::InvalidArgument),
        (unknown.as_str(), pb::OrderState::Fired.into(), "to", Code::InvalidArgument),
        (unknown.as_str(), pb::OrderState::Cancelled.into(), "to", Code::InvalidArgument),
    ] {
        let request = pb::MoveOrderRequest { order_id: order_id.to_owned(), to };
        refusals.push((field, code, cook.move_order(request).await.expect_err(field)));
    }
    for (station, state, field, code) in [
        ("", 1, "station_id", Code::InvalidArgument),
        ("grill", 1, "station_id", Code::NotFound),
        ("hot", 0, "state", Code::InvalidArgument),
        ("hot", 9, "state", Code::InvalidArgument),
    ] {
        let request = pb::SetStationStateRequest { station_id: station.to_owned(), state, delay_minutes: 0 };
        refusals.push((field, code, cook.set_station_state(request).await.expect_err(field)));
    }
    for (from, until, field) in [
        (None, Some(timestamp(minutes(1))), "from"),
        (Some(timestamp(minutes(1))), None, "until"),
        (Some(timestamp(minutes(1))), Some(timestamp(minutes(1))), "until"),
        (Some(timestamp(minutes(0))), Some(timestamp(minutes(25 * 60 + 1))), "until"),
    ] {
        let refused = cook.list_slots(pb::ListSlotsRequest { from, until }).await;
        let refused = match refused {
            Ok(_) => panic!("{field}"),
            Err(status) => status,
        };
        // Only who may list slots gets as far as its fields.
        refusals.push((field, Code::InvalidArgument, refused));
    }
    for (field, code, refused) in refusals {
        assert_eq!(refused.code(), code, "{field}: {}", refused.message());
        let said = code == Code::NotFound || refused.message().starts_with(field);
        assert!(said, "{field}: {}", refused.message());
    }
}

#[tokio::test]
async fn wrong_callers_are_refused() {
    let house = house().await;
    let visit = Uuid::now_v7();
    hold(&house, &wish(visit, Uuid::now_v7())).await.expect("held");
    let get = pb::GetOrderRequest { visit_id: visit.to_string() };
    for (caller, code) in [
        (visitor(Some(visit)), Code::Ok),
        (cook(), Code::Ok),
        (staff(Role::Desk), Code::Ok),
        (visitor(Some(Uuid::now_v7())), Code::PermissionDenied),
        (visitor(None), Code::PermissionDenied),
        (staff(Role::Attendant), Code::PermissionDenied),
        (Caller::Service("parking".to_owned()), Code::PermissionDenied),
        (Caller::Nobody, Code::Unauthenticated),
    ] {
        let answer = client!(house, &caller).get_order(get.clone()).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), code, "{caller:?}");
    }
    for caller in [visitor(Some(visit)), cook(), staff(Role::Admin), Caller::Service("portal".to_owned())] {
        let mut client = client!(house, &caller);
        let denied = Code::PermissionDenied;
        assert_eq!(client.hold_order(wish(visit, visit)).await.expect_err("hold").code(), denied);
        let extend = pb::ExtendHoldRequest { visit_id: visit.to_string(), expires_at: None };
        assert_eq!(client.extend_hold(extend).await.expect_err("extend").code(), denied);
        let release = pb::ReleaseOrderRequest { visit_id: visit.to_string() };
        assert_eq!(client.release_order(release).await.expect_err("release").code(), denied);
    }
    // The desk hands out, and sees to no station.
    for caller in [visitor(Some(visit)), journey(), staff(Role::Operator)] {
        let moved = client!(house, &caller).move_order(pb::MoveOrderRequest::default()).await;
        assert_eq!(moved.expect_err("move").code(), Code::PermissionDenied);
    }
    for caller in [visitor(Some(visit)), journey(), staff(Role::Desk), staff(Role::Operator)] {
        let mut client = client!(house, &caller);
        let denied = Code::PermissionDenied;
        let state = pb::SetStationStateRequest::default();
        assert_eq!(client.set_station_state(state).await.expect_err("station").code(), denied);
    }
    for caller in [visitor(Some(visit)), journey(), staff(Role::Attendant)] {
        let watch = client!(house, &caller).watch_kitchen(pb::WatchKitchenRequest::default()).await;
        assert_eq!(watch.expect_err("watch").code(), Code::PermissionDenied);
    }
}
