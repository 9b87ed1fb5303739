//! The two nights in which the clocks change: quarters, day parts, dated prices and a day's stock keep to the house's local
//! time, on a day of 23 hours and on one of 25.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Clock,
    testing::{House, visitor},
    values::{from_timestamp, timestamp},
};
use sky_proto::gastro::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A house on the day before, in which a pretzel costs more from the day on, and again from the next one, and a day has
/// three pieces of cake.
async fn house_before(day: &str, next: &str) -> House {
    let row = |id: &str, cents: u32, from: &str| {
        format!(
            "{{ id = \"{id}\", cents = {cents}, tax = \"gastro-food-2026\", valid_from = \"{from}\", source = \"x\" }},\n"
        )
    };
    let last = "  { id = \"pretzel-2026\"";
    let rows = format!("{}{}{last}", row("on-the-day", 230, day), row("after-it", 240, next));
    let file = nearby().replacen(last, &rows, 1).replacen("portions_per_day = 200", "portions_per_day = 3", 1);
    let noon_before = at(&format!("{day}T12:00:00+01:00")) - TimeDelta::days(1);
    let house = House::start_with(&SERVICES, Clock::manual(noon_before), |_| {}).await;
    load(&house, &file, false).await.expect("house file loads");
    house
}

async fn menu(house: &House, text: &str) -> pb::Menu {
    let request = pb::GetMenuRequest { at: Some(timestamp(at(text))) };
    client!(house, &visitor(None)).get_menu(request).await.expect("a menu").into_inner()
}

/// Which price a pretzel has then.
async fn price(house: &House, text: &str) -> String {
    let items = menu(house, text).await.items;
    items.into_iter().find(|item| item.item_id == "pretzel").expect("a pretzel").price_id
}

async fn cakes_left(house: &House, text: &str) -> Option<u32> {
    let items = menu(house, text).await.items;
    items.into_iter().find(|item| item.item_id == "moon-cake").expect("cake").portions_left
}

async fn is_lunch(house: &House, text: &str) -> bool {
    let combos = menu(house, text).await.combos;
    let lunch = combos.into_iter().find(|combo| combo.combo_id == "comet-lunch").expect("lunch");
    lunch.unavailable() != pb::Unavailable::DayPart
}

/// For after a showing that ends then.
async fn after(house: &House, text: &str, lines: Vec<pb::OrderLine>) -> Result<pb::Order, Status> {
    let ends_at = at(text);
    let request = pb::HoldOrderRequest {
        lines,
        showing_starts_at: Some(timestamp(ends_at - TimeDelta::minutes(50))),
        showing_ends_at: Some(timestamp(ends_at)),
        expires_at: Some(timestamp(house.clock.now() + TimeDelta::minutes(10))),
        ..wish(Uuid::now_v7(), Uuid::now_v7())
    };
    hold(house, &request).await
}

#[tokio::test]
async fn a_day_of_23_hours_has_its_quarters_prices_lunch_and_stock() {
    let house = house_before("2027-03-28", "2027-03-29").await;
    keeps_to_the_day(
        &house,
        23,
        [
            "2027-03-27T23:59:59+01:00",
            "2027-03-28T00:00:00+01:00",
            "2027-03-28T23:59:59+02:00",
            "2027-03-29T00:00:00+02:00",
        ],
    )
    .await;
    for (text, is) in [
        ("2027-03-27T11:29:59+01:00", false),
        ("2027-03-27T11:30:00+01:00", true),
        ("2027-03-28T11:29:59+02:00", false),
        ("2027-03-28T11:30:00+02:00", true),
        ("2027-03-28T14:29:59+02:00", true),
        ("2027-03-28T14:30:00+02:00", false),
    ] {
        assert_eq!(is_lunch(&house, text).await, is, "{text}");
    }
    // Five minutes before the hour that there is not: the next quarter begins when the clocks show three.
    let full = after(&house, "2027-03-28T01:50:00+01:00", vec![line("water", 1)]).await.expect("held");
    assert_eq!(from_timestamp(full.pickup_at), at("2027-03-28T01:50:00+01:00"));
    assert_eq!(pickups(&house, "2027-03-28T01:50:00+01:00").await, ["01:50", "03:00", "03:15", "03:30"]);
}

#[tokio::test]
async fn a_day_of_25_hours_has_its_quarters_prices_lunch_and_stock() {
    let house = house_before("2027-10-31", "2027-11-01").await;
    keeps_to_the_day(
        &house,
        25,
        [
            "2027-10-30T23:59:59+02:00",
            "2027-10-31T00:00:00+02:00",
            "2027-10-31T23:59:59+01:00",
            "2027-11-01T00:00:00+01:00",
        ],
    )
    .await;
    for (text, is) in [
        ("2027-10-30T11:30:00+02:00", true),
        ("2027-10-31T11:29:59+01:00", false),
        ("2027-10-31T11:30:00+01:00", true),
        ("2027-10-31T14:29:59+01:00", true),
        ("2027-10-31T14:30:00+01:00", false),
    ] {
        assert_eq!(is_lunch(&house, text).await, is, "{text}");
    }
    assert_eq!(pickups(&house, "2027-10-31T02:35:00+02:00").await, ["02:35", "02:45", "02:00", "02:15"]);
    let first = after(&house, "2027-10-31T02:15:00+02:00", vec![line("water", 1)]).await.expect("held");
    let second = after(&house, "2027-10-31T02:15:00+01:00", vec![line("water", 1)]).await.expect("held");
    let apart = from_timestamp(second.pickup_at) - from_timestamp(first.pickup_at);
    assert_eq!(apart, TimeDelta::hours(1), "the same time on the clock, and another quarter");
}

/// The quarters that are offered after a showing that ends then, as the clocks in the house show them.
async fn pickups(house: &House, text: &str) -> Vec<String> {
    let ends_at = at(text);
    let request = pb::ListPickupsRequest {
        showing_id: Uuid::now_v7().to_string(),
        showing_starts_at: Some(timestamp(ends_at - TimeDelta::minutes(50))),
        showing_ends_at: Some(timestamp(ends_at)),
    };
    let offers = client!(house, &visitor(None)).list_pickups(request).await.expect("offers").into_inner().offers;
    let local = |it: &pb::PickupOffer| from_timestamp(it.at).with_timezone(&chrono_tz::Europe::Berlin);
    let is_after = |it: &&pb::PickupOffer| it.pickup() == pb::Pickup::AfterShowing;
    offers.iter().filter(is_after).map(|it| local(it).format("%H:%M").to_string()).collect()
}

/// The last second before the day, its first and last one, and the first one after it.
async fn keeps_to_the_day(house: &House, hours: usize, [before, first, last, next]: [&str; 4]) {
    let request = pb::ListSlotsRequest { from: Some(timestamp(at(first))), until: Some(timestamp(at(next))) };
    let slots = client!(house, &cook()).list_slots(request).await.expect("a day's slots").into_inner().slots;
    assert_eq!(slots.len(), 4 * hours);
    let starts: Vec<DateTime<Utc>> = slots.iter().map(|slot| from_timestamp(slot.at)).collect();
    assert_eq!(starts.first(), Some(&at(first)));
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(15)), "none twice, none left out");

    let prices = [(before, "pretzel-2026"), (first, "on-the-day"), (last, "on-the-day"), (next, "after-it")];
    for (text, is) in prices {
        assert_eq!(price(house, text).await, is, "{text}");
        let ordered = after(house, text, vec![line("pretzel", 1)]).await.expect("held");
        assert_eq!(ordered.items[0].tariff_id, is, "{text}");
    }
    for (text, pieces) in [(before, 3), (first, 2), (last, 1), (next, 3)] {
        after(house, text, vec![line("moon-cake", pieces)]).await.expect("held");
    }
    for text in [before, first, last, next] {
        let none = after(house, text, vec![line("moon-cake", 1)]).await.expect_err("that day has no more");
        assert_eq!(none.code(), Code::FailedPrecondition, "{text}: {}", none.message());
        assert_eq!(cakes_left(house, text).await, Some(0), "{text}");
    }
}
