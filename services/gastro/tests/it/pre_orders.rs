//! What the kitchen is told of the days to come.

use chrono::TimeDelta;
use kernel::{
    testing::{House, visitor},
    values::{day_of, timestamp},
};
use sky_proto::{gastro::v1 as pb, journey::v1::VisitCancelled};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{kitchen, support::*};

async fn ahead(house: &House, day: &str) -> Result<pb::ListPreOrdersResponse, Status> {
    let request = pb::ListPreOrdersRequest { day: day.to_owned() };
    kitchen!(house, &cook()).list_pre_orders(request).await.map(tonic::Response::into_inner)
}

const DAY: i64 = 24 * 60;

/// A meal after a showing that ends then.
async fn held(house: &House, ends: i64, lines: Vec<pb::OrderLine>) -> Uuid {
    let visit = Uuid::now_v7();
    let wish = pb::HoldOrderRequest {
        showing_starts_at: Some(timestamp(minutes(ends - 50))),
        showing_ends_at: Some(timestamp(minutes(ends))),
        lines,
        ..wish(visit, Uuid::now_v7())
    };
    hold(house, &wish).await.expect("held");
    visit
}

async fn ordered(house: &House, ends: i64, lines: Vec<pb::OrderLine>) -> pb::Order {
    let visit = held(house, ends, lines).await;
    twice(house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    order(house, visit).await
}

fn dishes(dishes: &[pb::PreOrderedDish]) -> Vec<(String, u32)> {
    dishes.iter().map(|it| (it.name.clone().unwrap_or_default().de, it.quantity)).collect()
}

#[tokio::test]
async fn the_kitchen_is_told_of_tomorrow_by_dish_and_quarter() {
    let house = house().await;
    let [pasta, water] = ["tomato-pasta", "water"].map(|item| move |quantity| line(item, quantity));
    let first = ordered(&house, DAY + 110, vec![pasta(2), water(1)]).await;
    let on = |tray: &str, line: pb::OrderLine| pb::OrderLine { tray: tray.to_owned(), ..line };
    let group = ordered(&house, DAY + 170, vec![on("1", pasta(1)), on("2", water(4)), on("1", water(1))]).await;
    // Of other days, only held, or called off.
    ordered(&house, 110, vec![pasta(1)]).await;
    ordered(&house, 2 * DAY + 110, vec![pasta(1)]).await;
    held(&house, DAY + 110, vec![pasta(1)]).await;
    let off = ordered(&house, DAY + 110, vec![pasta(1)]).await;
    twice(&house, "journey", &VisitCancelled { visit_id: off.visit_id, ..VisitCancelled::default() }).await;

    let told = ahead(&house, "").await.expect("tomorrow");
    let day = day_of(house.clock.now()) + TimeDelta::days(1);
    assert_eq!((told.day.as_str(), told.orders), (day.to_string().as_str(), 2));
    assert_eq!(ahead(&house, &day.to_string()).await.expect("named").totals, told.totals);
    let name = |of: &pb::Order, nth: usize| of.lines[nth].name.clone().unwrap_or_default().de;
    let (pasta, water) = (name(&first, 0), name(&first, 1));
    let so_many = |of: &[(&String, u32)]| of.iter().map(|(name, many)| ((*name).clone(), *many)).collect::<Vec<_>>();
    assert_eq!(dishes(&told.totals), so_many(&[(&water, 6), (&pasta, 3)]));
    let quarters: Vec<_> = told.quarters.iter().map(|it| (it.begins_at, dishes(&it.dishes))).collect();
    let quarter = |of: &pb::Order| {
        of.pickup_at.map(|at| timestamp(kernel::values::quarter(kernel::values::from_timestamp(Some(at)))))
    };
    assert_eq!(
        quarters,
        [
            (quarter(&first), so_many(&[(&pasta, 2), (&water, 1)])),
            (quarter(&group), so_many(&[(&water, 5), (&pasta, 1)]))
        ]
    );
    assert!(told.quarters[0].trays.is_empty());
    let trays: Vec<_> =
        told.quarters[1].trays.iter().map(|it| (it.number, it.name.as_str(), dishes(&it.dishes))).collect();
    let number = group.number;
    assert_eq!(trays, [(number, "1", so_many(&[(&water, 1), (&pasta, 1)])), (number, "2", so_many(&[(&water, 4)]))]);
}

#[tokio::test]
async fn a_day_without_orders_is_empty_and_one_that_cannot_be_is_refused() {
    let house = house().await;
    let today = day_of(house.clock.now());
    for ahead_by in [0, 1, 366] {
        let day = (today + TimeDelta::days(ahead_by)).to_string();
        let told = ahead(&house, &day).await.expect("a day");
        assert_eq!((told.day, told.orders, told.quarters.len(), told.totals.len()), (day, 0, 0, 0));
    }
    let past = (today - TimeDelta::days(1)).to_string();
    let far = (today + TimeDelta::days(367)).to_string();
    let cases = [
        (past.as_str(), "is over"),
        (&far, "more than a year ahead"),
        ("+262142-12-31", "more than a year ahead"),
        ("2026-02-30", "must be a day such as"),
        ("tomorrow", "must be a day such as"),
    ];
    for (day, says) in cases {
        let refused = ahead(&house, day).await.expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidArgument, "{day}");
        assert!(refused.message().starts_with("day: ") && refused.message().contains(says), "{}", refused.message());
    }
    let request = pb::ListPreOrdersRequest::default();
    let guest = kitchen!(house, &visitor(None)).list_pre_orders(request).await.expect_err("a guest");
    assert_eq!(guest.code(), Code::PermissionDenied);
}
