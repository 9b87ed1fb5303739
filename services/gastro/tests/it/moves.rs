//! What hands do in the kitchen: parts of stations, taking back, stopping, waste, and what takes the place of something.

use kernel::testing::House;
use sky_proto::gastro::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{kitchen, support::*};

use pb::OrderState::{Cancelled, Collected, Fired, Preparing, Ready};

async fn part(house: &House, order_id: &str, station: &str, to: pb::OrderState) -> Result<pb::Order, Status> {
    let request =
        pb::MoveTicketRequest { order_id: order_id.to_owned(), station_id: station.to_owned(), to: to.into() };
    kitchen!(house, &cook()).move_ticket(request).await.map(tonic::Response::into_inner)
}

async fn fired(house: &House) -> (Uuid, pb::Order) {
    let visit = Uuid::now_v7();
    scheduled_meal(house, visit, Uuid::now_v7()).await;
    (visit, until_state(house, visit, minutes(105), Fired).await)
}

fn works(order: &pb::Order) -> Vec<(&str, pb::OrderState)> {
    order.parts.iter().map(|part| (part.station.as_str(), part.work())).collect()
}

#[tokio::test]
async fn each_station_makes_its_part_and_the_last_one_calls_the_number() {
    let house = house().await;
    let (_, order) = fired(&house).await;
    let id = &order.order_id;
    assert_eq!(works(&order), [("bar", Fired), ("hot", Fired)]);
    for _ in 0..2 {
        assert_eq!(part(&house, id, "bar", Ready).await.expect("drinks are there").state(), Preparing);
    }
    assert_eq!(part(&house, id, "hot", Preparing).await.expect("begun").state(), Preparing);
    let back = part(&house, id, "bar", Preparing).await.expect_err("backwards");
    assert_eq!(back.code(), Code::FailedPrecondition);
    assert_eq!(part(&house, id, "cold", Ready).await.expect_err("no part of it").code(), Code::NotFound);
    let done = part(&house, id, "hot", Ready).await.expect("the last one");
    assert_eq!((done.state(), works(&done)), (Ready, vec![("bar", Ready), ("hot", Ready)]));

    let undone = undo(&house, id).await.expect("a wet finger");
    assert_eq!((undone.state(), works(&undone)), (Preparing, vec![("bar", Ready), ("hot", Preparing)]));
    assert_eq!(undo(&house, id).await.expect_err("only the last one").code(), Code::FailedPrecondition);
    assert_eq!(part(&house, &Uuid::nil().to_string(), "hot", Ready).await.expect_err("none").code(), Code::NotFound);
    let told: Vec<pb::OrderStateChanged> = house.events("gastro").await;
    let told: Vec<_> = told.iter().map(pb::OrderStateChanged::state).collect();
    assert_eq!(told, [Fired, Preparing, Ready, Preparing], "everybody follows the correction");
}

#[tokio::test]
async fn a_move_can_be_taken_back_for_a_while_and_firing_never() {
    let house = house().await;
    let (_, order) = fired(&house).await;
    let id = &order.order_id;
    assert_eq!(undo(&house, id).await.expect_err("the clock did that").code(), Code::FailedPrecondition);
    for to in [Preparing, Ready, Collected] {
        step(&house, id, to).await.expect("moved");
    }
    let shown = self::order(&house, order.visit_id.parse().expect("an id")).await;
    assert!(shown.undo_until.is_some());
    assert_eq!(undo(&house, id).await.expect("they have not got it yet").state(), Ready);
    step(&house, id, Collected).await.expect("now they have");
    house.clock.set(house.clock.now() + chrono::TimeDelta::seconds(91));
    assert_eq!(undo(&house, id).await.expect_err("too long ago").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn stopping_what_was_fired_says_what_is_thrown_away() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let waiting = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let early = stop(&house, &waiting.order_id, &[]).await.expect_err("not fired");
    assert_eq!(early.code(), Code::FailedPrecondition);
    let order = until_state(&house, visit, minutes(105), Fired).await;
    for (waste, says) in [([("tomato-pasta", 3)], "only 2 times"), ([("pretzel", 1)], "not part")] {
        let refused = stop(&house, &order.order_id, &waste).await.expect_err(says);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(says), "{}", refused.message());
    }
    for _ in 0..2 {
        assert_eq!(stop(&house, &order.order_id, &[("tomato-pasta", 2)]).await.expect("stopped").state(), Cancelled);
    }
    assert_eq!(waste_of_day(&house).await.entries.len(), 1, "once");
    assert_eq!(undo(&house, &order.order_id).await.expect("the wrong one").state(), Fired);
    assert!(waste_of_day(&house).await.entries.is_empty(), "nothing was thrown away");

    let refund = pb::CancelFiredRequest {
        order_id: order.order_id.clone(),
        reason: pb::WasteReason::Mistake.into(),
        waste: Vec::new(),
        refund: true,
    };
    kitchen!(house, &cook()).cancel_fired(refund).await.expect("stopped");
    assert_eq!(house.events::<pb::OrderRefundDue>("gastro").await.len(), 1);
    assert_eq!(undo(&house, &order.order_id).await.expect_err("money is on its way").code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn of_two_sizes_of_a_drink_the_one_is_thrown_away_that_was_meant() {
    let house = house().await;
    let cup = |size: &str, quantity| pb::OrderLine { variant_id: size.to_owned(), ..line("cappuccino", quantity) };
    let lines = vec![cup("small", 1), cup("large", 2)];
    let request = pb::PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines };
    let order = kitchen!(house, &cook()).place_walk_up(request).await.expect("placed").into_inner();
    until_state(&house, order.visit_id.parse().expect("an id"), minutes(0), Fired).await;
    let thrown = |quantity, line| pb::WasteLine { item_id: "cappuccino".to_owned(), quantity, line };
    let stop = async |waste: Vec<pb::WasteLine>| {
        let (order_id, reason) = (order.order_id.clone(), pb::WasteReason::Dropped.into());
        let request = pb::CancelFiredRequest { order_id, reason, waste, refund: false };
        kitchen!(house, &cook()).cancel_fired(request).await.map(tonic::Response::into_inner)
    };
    let pretzel = pb::WasteLine { item_id: "pretzel".to_owned(), ..thrown(1, Some(1)) };
    for (waste, says) in [
        (vec![thrown(2, Some(0))], "only 1 times"),
        (vec![thrown(1, Some(0)), thrown(3, None)], "only 3 times"),
        (vec![thrown(1, Some(2))], "line 2 is not"),
        (vec![pretzel], "line 1 is not"),
    ] {
        let refused = stop(waste).await.expect_err(says);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(says), "{}", refused.message());
    }
    stop(vec![thrown(1, Some(0)), thrown(2, Some(1))]).await.expect("stopped");
    let entries = waste_of_day(&house).await.entries;
    let mut told: Vec<_> =
        entries.iter().map(|it| (it.quantity, it.name.as_ref().expect("a name").de.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [(1, "Cappuccino, klein"), (2, "Cappuccino, groß")]);
    // What belongs to no order has no line of it.
    let request = pb::RecordWasteRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        line: Some(thrown(1, Some(0))),
        reason: pb::WasteReason::Dropped.into(),
    };
    let refused = kitchen!(house, &cook()).record_waste(request).await.expect_err("no order");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn waste_of_the_day_adds_up_and_a_repeat_counts_once() {
    let house = house().await;
    let record = async |key: Uuid, item: &str, quantity| {
        let request = pb::RecordWasteRequest {
            idempotency_key: key.to_string(),
            line: Some(pb::WasteLine { item_id: item.to_owned(), quantity, line: None }),
            reason: pb::WasteReason::Dropped.into(),
        };
        kitchen!(house, &cook()).record_waste(request).await.map(tonic::Response::into_inner)
    };
    let key = Uuid::new_v4();
    let first = record(key, "moon-cake", 2).await.expect("noted");
    assert_eq!(record(key, "moon-cake", 2).await.expect("again"), first);
    record(Uuid::new_v4(), "moon-cake", 1).await.expect("noted");
    record(Uuid::new_v4(), "water", 1).await.expect("noted");
    for (item, quantity) in [("stardust", 1), ("water", 0), ("water", 201), ("n o", 1)] {
        let refused = record(Uuid::new_v4(), item, quantity).await.expect_err("nonsense");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let day = waste_of_day(&house).await;
    assert_eq!(day.entries.len(), 3);
    assert!(day.entries.iter().all(|it| !it.by.is_empty()));
    let totals: Vec<(&str, u32)> = day.totals.iter().map(|it| (it.item_id.as_str(), it.quantity)).collect();
    assert_eq!(totals, [("moon-cake", 3), ("water", 1)]);
    // One of them was no waste: it is taken back on its day, stays on record, and adds up to nothing.
    let take_back = async |id: &str| {
        let request = pb::TakeBackWasteRequest { waste_id: id.to_owned() };
        kitchen!(house, &cook()).take_back_waste(request).await.map(tonic::Response::into_inner)
    };
    assert!(first.may_be_taken_back);
    let undone = take_back(&first.waste_id).await.expect("taken back");
    assert!(undone.taken_back_at.is_some() && !undone.taken_back_by.is_empty() && !undone.may_be_taken_back);
    assert_eq!(take_back(&first.waste_id).await.expect("again"), undone);
    let day = waste_of_day(&house).await;
    let totals: Vec<(&str, u32)> = day.totals.iter().map(|it| (it.item_id.as_str(), it.quantity)).collect();
    assert_eq!((day.entries.len(), totals), (3, vec![("moon-cake", 1), ("water", 1)]));
    assert_eq!(take_back(&Uuid::new_v4().to_string()).await.expect_err("no such entry").code(), Code::NotFound);
    house.clock.set(minutes(24 * 60));
    let old = day.entries.iter().find(|it| it.taken_back_at.is_none()).expect("one that stands");
    assert_eq!(take_back(&old.waste_id).await.expect_err("yesterday's").code(), Code::FailedPrecondition);
    house.clock.set(minutes(0));

    let other = pb::ListWasteRequest { day: "2026-11-27".to_owned() };
    assert!(kitchen!(house, &cook()).list_waste(other).await.expect("a list").into_inner().entries.is_empty());
    let wrong = pb::ListWasteRequest { day: "yesterday".to_owned() };
    assert_eq!(kitchen!(house, &cook()).list_waste(wrong).await.expect_err("no day").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn what_the_party_has_declared_never_takes_the_place_of_a_dish() {
    let house = house().await;
    let hold_with = async |visit: Uuid, avoid: u32, acknowledged: bool| {
        let request = pb::HoldOrderRequest {
            avoid_allergens: vec![avoid],
            allergens_acknowledged: acknowledged,
            ..wish(visit, Uuid::now_v7())
        };
        let held = hold(&house, &request).await?;
        twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
        Ok::<_, Status>(held)
    };
    // Celery is in none of it; gluten is in the pasta, and is only ordered by who has read so.
    let (celery, gluten) = (Uuid::now_v7(), Uuid::now_v7());
    hold_with(celery, 9, false).await.expect("held");
    let refused = hold_with(gluten, 1, false).await.expect_err("in the pasta");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{}", refused.message());
    hold_with(gluten, 1, true).await.expect("acknowledged");

    let conflicts = async |visit: Uuid, item: &str| {
        let request = pb::ListSubstitutesRequest { order_id: order(&house, visit).await.order_id, line: 0 };
        let list = kitchen!(house, &cook()).list_substitutes(request).await.expect("a list").into_inner();
        let found = list.substitutes.into_iter().find(|it| it.item.as_ref().is_some_and(|it| it.item_id == item));
        found.expect("on the menu").declared_conflicts
    };
    let substitute = async |visit: Uuid, item: &str, read: &[u32]| {
        let request = pb::SubstituteRequest {
            order_id: order(&house, visit).await.order_id,
            line: 0,
            item_id: item.to_owned(),
            acknowledged_allergens: read.to_vec(),
        };
        kitchen!(house, &cook()).substitute(request).await.map(tonic::Response::into_inner)
    };
    // Contained, contained, and in traces; however much of it the cook has read.
    for (visit, item, conflict) in
        [(celery, "pumpkin-curry", 9), (celery, "lentil-soup", 9), (celery, "bratwurst", 9), (gluten, "pretzel", 1)]
    {
        assert_eq!(conflicts(visit, item).await, [conflict], "{item}");
        let refused = substitute(visit, item, &(1..=14).collect::<Vec<_>>()).await.expect_err(item);
        assert_eq!(refused.code(), Code::FailedPrecondition, "{item}: {}", refused.message());
        assert_eq!(order(&house, visit).await.lines[0].item_id, "tomato-pasta", "{item} took its place");
    }
    assert!(conflicts(celery, "planet-salad").await.is_empty());
    assert!(conflicts(celery, "pretzel").await.is_empty(), "the other party's declaration is not theirs");
    let unread = substitute(celery, "planet-salad", &[8]).await.expect_err("mustard is new in it");
    assert_eq!(unread.code(), Code::FailedPrecondition);
    let now = substitute(celery, "planet-salad", &[8, 10]).await.expect("replaced");
    assert_eq!(now.lines[0].item_id, "planet-salad");
    // What takes the place of that is checked again.
    substitute(celery, "pumpkin-curry", &[8, 9, 10, 11]).await.expect_err("declared");
}

#[tokio::test]
async fn a_substitute_is_checked_made_and_told() {
    let house = house().await;
    let (visit, order) = fired(&house).await;
    let list = pb::ListSubstitutesRequest { order_id: order.order_id.clone(), line: 0 };
    let list = kitchen!(house, &cook()).list_substitutes(list).await.expect("a list").into_inner();
    assert_eq!(list.replaced.expect("what it replaces").item_id, "tomato-pasta");
    let of = |item: &str| {
        let found = list.substitutes.iter().find(|it| it.item.as_ref().is_some_and(|it| it.item_id == item));
        found.expect("on the menu").added_allergens.clone()
    };
    assert_eq!(of("pumpkin-curry"), [8, 9, 11], "celery is in it; nuts and sesame may be");
    let substitute = async |item: &str, acknowledged: &[u32], line| {
        let request = pb::SubstituteRequest {
            order_id: order.order_id.clone(),
            line,
            item_id: item.to_owned(),
            acknowledged_allergens: acknowledged.to_vec(),
        };
        kitchen!(house, &cook()).substitute(request).await.map(tonic::Response::into_inner)
    };
    let unread = substitute("pumpkin-curry", &[9], 0).await.expect_err("8 and 11 were not read");
    assert_eq!(unread.code(), Code::FailedPrecondition);
    assert!(unread.message().contains("8, 11"), "{}", unread.message());
    assert_eq!(substitute("stardust", &[], 0).await.expect_err("not there").code(), Code::FailedPrecondition);
    assert_eq!(substitute("pretzel", &[], 7).await.expect_err("no such line").code(), Code::InvalidArgument);
    assert_eq!(substitute("pretzel", &[15], 0).await.expect_err("no allergen").code(), Code::InvalidArgument);
    for _ in 0..2 {
        let now = substitute("pumpkin-curry", &[8, 9, 11], 0).await.expect("replaced");
        assert_eq!((now.lines[0].item_id.as_str(), now.lines[0].quantity), ("pumpkin-curry", 2));
        assert_eq!(now.total, order.total, "at the price that was paid");
    }
    let told = async || house.events::<pb::OrderSubstituted>("gastro").await;
    until(&house, "it cannot be taken back any more", async || !told().await.is_empty()).await;
    let told = told().await;
    assert_eq!(told.len(), 1, "never silent, and never twice");
    assert_eq!(
        (told[0].visit_id.as_str(), told[0].added_allergens.as_slice(), told[0].line),
        (visit.to_string().as_str(), &[8, 9, 11][..], Some(0))
    );
    let rounds: i64 = sqlx::query_scalar("select count(*) from ticket where station_id = 'hot'")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("counted");
    assert_eq!(rounds, 2, "the kitchen gets a new ticket for it");
}

#[tokio::test]
async fn a_substitute_of_another_station_leaves_the_first_one_nothing_to_wait_for() {
    let house = house().await;
    let (visit, fired) = fired(&house).await;
    assert_eq!(works(&fired), [("bar", Fired), ("hot", Fired)]);
    let request = pb::SubstituteRequest {
        order_id: fired.order_id.clone(),
        line: 0,
        item_id: "planet-salad".to_owned(),
        acknowledged_allergens: (1..=14).collect(),
    };
    for _ in 0..2 {
        kitchen!(house, &cook()).substitute(request.clone()).await.expect("replaced");
        assert_eq!(works(&order(&house, visit).await), [("bar", Fired), ("cold", Fired)]);
    }
    part(&house, &fired.order_id, "bar", Ready).await.expect("drinks are there");
    let done = part(&house, &fired.order_id, "cold", Ready).await.expect("the last one");
    assert_eq!(done.state(), Ready, "its number is called");
}

#[tokio::test]
async fn what_takes_the_place_of_a_dish_is_a_dish_and_says_which_changes_it_does_not_have() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let changed = |item: &str, change: &str| pb::OrderLine { modifier_ids: vec![change.to_owned()], ..line(item, 1) };
    let mut wish = wish(visit, Uuid::now_v7());
    wish.lines = vec![changed("chicken-wrap", "no-yoghurt"), changed("cappuccino", "oat-milk")];
    hold(&house, &wish).await.expect("held");
    twice(&house, "journey", &confirmed(visit, Uuid::now_v7())).await;
    let order = order(&house, visit).await;
    let instead_of = async |line| {
        let request = pb::ListSubstitutesRequest { order_id: order.order_id.clone(), line };
        kitchen!(house, &cook()).list_substitutes(request).await.expect("a list").into_inner().substitutes
    };
    let of = |list: &[pb::Substitute], id: &str| {
        list.iter().find(|it| it.item.as_ref().is_some_and(|item| item.item_id == id)).cloned()
    };
    let dishes = instead_of(0).await;
    assert!(of(&dishes, "water").is_none() && of(&dishes, "cocoa").is_none(), "nobody eats a drink");
    let pasta = of(&dishes, "tomato-pasta").expect("a dish");
    let said: Vec<&str> = pasta.dropped_changes.iter().map(|it| it.de.as_str()).collect();
    assert_eq!(said, ["ohne Joghurtsoße"]);
    assert_eq!(pasta.made_as.expect("a name").de, pasta.item.expect("an item").name.expect("a name").de);

    let drinks = instead_of(1).await;
    assert!(of(&drinks, "tomato-pasta").is_none());
    let cocoa = of(&drinks, "cocoa").expect("a drink");
    assert!(cocoa.dropped_changes.is_empty() && !cocoa.allergens.contains(&7), "oat milk goes along: {cocoa:?}");
    assert!(cocoa.made_as.expect("a name").de.ends_with("mit Hafermilch"));
    let request = pb::SubstituteRequest {
        order_id: order.order_id.clone(),
        line: 1,
        item_id: "cocoa".to_owned(),
        acknowledged_allergens: cocoa.added_allergens.clone(),
    };
    let now = kitchen!(house, &cook()).substitute(request).await.expect("replaced").into_inner();
    let made = &now.lines[1];
    assert_eq!((made.item_id.as_str(), made.allergens.contains(&7)), ("cocoa", false));
    assert!(made.name.as_ref().expect("a name").de.ends_with("mit Hafermilch"));
}

#[tokio::test]
async fn a_substitute_before_the_firing_takes_the_time_of_its_own_station() {
    let house = house().await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let request = pb::SubstituteRequest {
        order_id: order.order_id.clone(),
        line: 0,
        item_id: "pretzel".to_owned(),
        acknowledged_allergens: vec![7, 11],
    };
    let now = kitchen!(house, &cook()).substitute(request).await.expect("replaced").into_inner();
    assert_eq!(now.pickup_at, order.pickup_at);
    assert_eq!(taken(&house).await, 2 * 15 + 10, "two pretzels and a water");
}
