//! Stations that are busy, pause and close: what is offered then, whom it affects, and what becomes of them.

use kernel::{
    testing::{House, visitor},
    values::timestamp,
};
use sky_proto::gastro::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, kitchen, support::*};

use pb::{
    OfferAnswer::{Keep, Later, Refund},
    OrderState::{Cancelled, Fired, Scheduled},
    StationState,
};

async fn answer(house: &House, visit: Uuid, answer: pb::OfferAnswer) -> Result<pb::Order, Status> {
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: answer.into() };
    kitchen!(house, &visitor(Some(visit))).answer_offer(request).await.map(tonic::Response::into_inner)
}

async fn first_slot(house: &House) -> Option<prost_types::Timestamp> {
    let request = pb::ListSlotsRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(300))) };
    client!(house, &cook()).list_slots(request).await.expect("slots").into_inner().slots.first()?.at
}

#[tokio::test]
async fn a_busy_station_begins_earlier_offers_later_and_what_it_cannot_make_in_time_moves() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let before = scheduled_meal(&house, visit, showing).await;
    assert_eq!(first_slot(&house).await, Some(timestamp(minutes(0))));
    let busy = set_busy(&house, "hot", 20).await.expect("busy");
    assert_eq!((busy.state(), busy.delay_minutes), (StationState::Busy, 20));
    let now = order(&house, visit).await;
    assert_eq!(now.pickup_at, before.pickup_at, "it can still be made by then");
    assert_eq!(now.fire_at, Some(timestamp(minutes(85))), "twenty minutes earlier");
    assert_eq!(first_slot(&house).await, Some(timestamp(minutes(30))));

    house.clock.set(minutes(80));
    set_busy(&house, "hot", 45).await.expect("busier");
    let late = order(&house, visit).await;
    assert_eq!(late.pickup_at, Some(timestamp(minutes(130))), "50 minutes from now");
    set_station(&house, "hot", StationState::Open).await.expect("open");
    let calm = order(&house, visit).await;
    assert_eq!(calm.pickup_at, late.pickup_at, "told once, and kept");
    // Its time to begin had come at that very moment: the kitchen may have been faster than this test.
    let moves = if calm.state() == pb::OrderState::Scheduled {
        assert_eq!(calm.fire_at, Some(timestamp(minutes(125))));
        3
    } else {
        2
    };
    assert_eq!(house.events::<pb::OrderMoved>("gastro").await.len(), moves);

    for (state, delay) in [(StationState::Busy, 0), (StationState::Busy, 121), (StationState::Open, 5)] {
        let request =
            pb::SetStationStateRequest { station_id: "hot".to_owned(), state: state.into(), delay_minutes: delay };
        let refused = client!(house, &cook()).set_station_state(request).await.expect_err("nonsense");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("delay_minutes"), "{}", refused.message());
    }
}

#[tokio::test]
async fn what_a_station_that_rests_cannot_make_is_named() {
    let house = house().await;
    set_station(&house, "hot", StationState::Closed).await.expect("closed");
    let mut wanted = wish(Uuid::now_v7(), Uuid::now_v7());
    wanted.lines = vec![line("water", 1), line("tomato-pasta", 1), line("lentil-soup", 1)];
    let refused = hold(&house, &wanted).await.expect_err("closed");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("the station \"hot\" is closed"), "{}", refused.message());
    let told = <pb::MealRefused as prost::Message>::decode(refused.details()).expect("why");
    let reason = told.reason.expect("a reason");
    let order = pb::PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines: wanted.lines.clone() };
    let at_counter = kitchen!(house, &cook()).place_walk_up(order).await.expect_err("closed there too");
    for (language, words) in [("de", &reason.de), ("en", &reason.en), ("log", &refused.message().to_owned())] {
        let named = |name: [&str; 2]| name.iter().any(|it| words.contains(it));
        assert!(named(["Supernova", "Supernova"]) && named(["Milchstraße", "Milky Way"]), "{language}: {words}");
        assert!(!named(["asser", "ater"]), "{language}: {words}");
    }
    assert_eq!(at_counter.message(), refused.message());
}

#[tokio::test]
async fn a_closed_station_offers_nothing_and_its_orders_get_their_money_back_once() {
    let house = house().await;
    let (visit, other, cold, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for visit in [visit, other] {
        scheduled_meal(&house, visit, showing).await;
    }
    let mut pretzel = wish(cold, showing);
    pretzel.lines = vec![line("pretzel", 1)];
    hold(&house, &pretzel).await.expect("held");
    twice(&house, "journey", &confirmed(cold, showing)).await;
    for station in ["hot", "bar"] {
        for _ in 0..2 {
            set_station(&house, station, StationState::Closed).await.expect("closed");
        }
    }
    let listed: Vec<String> = affected(&house).await.into_iter().map(|order| order.visit_id).collect();
    assert_eq!(listed, [visit.to_string(), other.to_string()], "the pretzel is made elsewhere");
    let told: Vec<pb::OrderAffected> = house.events("gastro").await;
    assert_eq!(told.len(), 2, "each once, although two of its stations rest");
    assert!(told.iter().all(|it| it.later_pickup_at.is_none() && it.answer_until.is_some()));

    let wrong = answer(&house, visit, Keep).await.expect_err("only staff keep");
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert_eq!(answer(&house, visit, Later).await.expect_err("not today").code(), Code::FailedPrecondition);
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: Refund.into() };
    let stranger = kitchen!(house, &visitor(Some(other))).answer_offer(request).await.expect_err("another's");
    assert_eq!(stranger.code(), Code::PermissionDenied);
    for _ in 0..2 {
        assert_eq!(answer(&house, visit, Refund).await.expect("refunded").state(), Cancelled);
    }
    let due: Vec<pb::OrderRefundDue> = house.events("gastro").await;
    assert_eq!(due.len(), 1, "the money goes back once");
    assert_eq!(due[0].amount.as_ref().expect("an amount").cents, 2 * 690 + 280);

    // The other says nothing: their money goes back too, before anybody waits for a meal.
    until_state(&house, other, minutes(110), Cancelled).await;
    assert_eq!(house.events::<pb::OrderRefundDue>("gastro").await.len(), 2);
    assert!(affected(&house).await.is_empty());
    until_state(&house, cold, minutes(110), Fired).await;
    assert_eq!(taken(&house).await, 15, "what is not made gives its time back");
}

#[tokio::test]
async fn a_pause_affects_what_is_near_and_reopening_brings_it_back() {
    let house = house().await;
    let (near, waits, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for visit in [near, waits] {
        scheduled_meal(&house, visit, showing).await;
    }
    set_station(&house, "hot", StationState::Paused).await.expect("paused");
    assert!(affected(&house).await.is_empty(), "the pause is over long before");
    set_station(&house, "hot", StationState::Open).await.expect("open");
    house.clock.set(minutes(95));
    set_station(&house, "hot", StationState::Paused).await.expect("paused");
    let told: Vec<pb::OrderAffected> = house.events("gastro").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].later_pickup_at, Some(timestamp(minutes(125))), "half an hour from now");
    assert_eq!(affected(&house).await.len(), 2);

    let later = answer(&house, near, Later).await.expect("later");
    assert_eq!((later.state(), later.pickup_at), (Scheduled, Some(timestamp(minutes(125)))));
    answer(&house, near, Later).await.expect("again, and nothing changes");
    set_station(&house, "hot", StationState::Open).await.expect("open");
    assert!(affected(&house).await.is_empty());
    let kept = order(&house, waits).await;
    assert_eq!((kept.state(), kept.pickup_at), (Scheduled, Some(timestamp(minutes(110)))), "as it was promised");
    assert_eq!(house.events::<pb::OrderSettled>("gastro").await.len(), 2);
    until_state(&house, waits, minutes(105), Fired).await;
    let refused = answer(&house, waits, Refund).await.expect_err("nothing to decide");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn what_is_asked_again_after_an_answer_is_another_question() {
    let house = house().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    house.clock.set(minutes(95));
    let states = [StationState::Paused, StationState::Closed, StationState::Open, StationState::Paused];
    for state in states {
        set_station(&house, "hot", state).await.expect("set");
    }
    let asked: Vec<String> =
        house.events::<pb::OrderAffected>("gastro").await.into_iter().map(|it| it.question_id).collect();
    let answered: Vec<String> =
        house.events::<pb::OrderSettled>("gastro").await.into_iter().map(|it| it.question_id).collect();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0], asked[1], "another offer, and the same question");
    assert_ne!(asked[1], asked[2]);
    assert_eq!(answered, [asked[0].clone()]);
}

#[tokio::test]
async fn a_rest_that_goes_on_or_changes_leaves_the_time_to_answer_as_it_was_told() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    let offer = async || order(&house, visit).await.affected.expect("it needs a decision");
    let told = async || house.events::<pb::OrderAffected>("gastro").await.len();
    // No quarter has room for so much later: there is nothing to offer, although the station is back today.
    let seconds_per_quarter = async |seconds: i32| {
        let set = sqlx::query("update station set slot_seconds = $1 where station_id = 'hot'").bind(seconds);
        set.execute(house.pool("gastro")).await.expect("set");
    };
    seconds_per_quarter(60).await;
    house.clock.set(minutes(104));
    set_station(&house, "hot", StationState::Paused).await.expect("paused");
    let first = offer().await;
    assert_eq!((first.later_pickup_at, first.answer_until), (None, Some(timestamp(minutes(114)))));
    // Others need the station too, and it is looked at again whenever they are due, or the bar rests as well.
    house.clock.set(minutes(108));
    for station in ["bar", "hot"] {
        for state in [StationState::Closed, StationState::Paused] {
            set_station(&house, station, state).await.expect("set");
        }
    }
    assert_eq!((offer().await.answer_until, told().await), (first.answer_until, 1), "nobody is asked again");
    // Now there is room, and the house closes and is back: what is new is told, with time to think of it.
    seconds_per_quarter(1800).await;
    set_station(&house, "hot", StationState::Closed).await.expect("closed");
    set_station(&house, "hot", StationState::Paused).await.expect("paused");
    let second = offer().await;
    assert!(second.later_pickup_at.is_some());
    assert_eq!((second.answer_until, told().await), (Some(timestamp(minutes(118))), 2));
    set_station(&house, "hot", StationState::Closed).await.expect("closed");
    let third = offer().await;
    assert_eq!((third.later_pickup_at, third.answer_until), (None, second.answer_until), "no more time for less");
    assert_eq!(told().await, 3);
}

#[tokio::test]
async fn nothing_is_fired_onto_a_station_that_rests() {
    let house = house().await;
    let (visit, control, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    let mut pretzel = wish(control, showing);
    pretzel.lines = vec![line("pretzel", 1)];
    hold(&house, &pretzel).await.expect("held");
    twice(&house, "journey", &confirmed(control, showing)).await;
    // Paused long before, for longer than was thought.
    set_station(&house, "hot", StationState::Paused).await.expect("paused");
    until_state(&house, control, minutes(105), Fired).await;
    let waits = order(&house, visit).await;
    assert_eq!(waits.state(), Scheduled);
    let offer = waits.affected.expect("it needs a decision");
    assert!(offer.later_pickup_at.is_some());
    // Nobody says anything, and the pause goes on: it comes later, and is asked for again when it is due.
    let put_off = async {
        let mut now = minutes(115);
        loop {
            house.clock.set(now);
            let order = order(&house, visit).await;
            if order.affected.is_none() && order.pickup_at == offer.later_pickup_at {
                return;
            }
            now += chrono::TimeDelta::milliseconds(100);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), put_off).await.expect("put off");
    assert_eq!(house.events::<pb::OrderStateChanged>("gastro").await.len(), 1, "only the pretzel was fired");
}

#[tokio::test]
async fn what_is_confirmed_after_its_station_closed_needs_a_decision_too() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(visit, showing)).await.expect("held");
    set_station(&house, "hot", StationState::Closed).await.expect("closed");
    assert!(affected(&house).await.is_empty(), "a hold is no promise");
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(affected(&house).await.len(), 1);
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1);
}

#[tokio::test]
async fn a_rest_is_for_its_day_and_over_at_midnight() {
    const DAY: i64 = 24 * 60;
    let house = house().await;
    let of_day = |days: i64| pb::HoldOrderRequest {
        showing_starts_at: Some(timestamp(minutes(days * DAY + 60))),
        showing_ends_at: Some(timestamp(minutes(days * DAY + 110))),
        expires_at: Some(timestamp(house.clock.now() + chrono::TimeDelta::minutes(10))),
        ..wish(Uuid::now_v7(), Uuid::now_v7())
    };
    let offered = async |days: i64| {
        let showing_id = Uuid::now_v7().to_string();
        let of_day = of_day(days);
        let (showing_starts_at, showing_ends_at) = (of_day.showing_starts_at, of_day.showing_ends_at);
        let request = pb::ListPickupsRequest { showing_id, showing_starts_at, showing_ends_at };
        client!(house, &visitor(None)).list_pickups(request).await.expect("offers").into_inner().offers.len()
    };
    let slots = async |days: i64| {
        let at = |minute: i64| Some(timestamp(minutes(days * DAY + minute)));
        let request = pb::ListSlotsRequest { from: at(60), until: at(180) };
        client!(house, &cook()).list_slots(request).await.expect("slots").into_inner().slots.len()
    };
    let on_menu = async |days: i64| {
        let request = pb::GetMenuRequest { at: Some(timestamp(minutes(days * DAY + 110))) };
        let menu = client!(house, &cook()).get_menu(request).await.expect("a menu").into_inner();
        menu.items.into_iter().find(|item| item.item_id == "tomato-pasta").expect("pasta").available
    };
    for (station, state) in
        [("hot", StationState::Closed), ("cold", StationState::Closed), ("bar", StationState::Paused)]
    {
        set_station(&house, station, state).await.expect("set");
    }
    let refused = hold(&house, &of_day(0)).await.expect_err("today it rests");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{}", refused.message());
    assert_eq!((offered(0).await, slots(0).await, on_menu(0).await), (0, 0, false));
    assert!(offered(1).await > 0 && slots(1).await > 0 && on_menu(1).await, "tomorrow it works");
    hold(&house, &of_day(1)).await.expect("held for tomorrow");

    // Midnight comes: nobody has to open anything.
    house.clock.set(minutes(DAY / 2));
    until(&house, "open again", async || {
        let rest = sqlx::query_scalar("select count(*) from station where state <> 'open'");
        let rest: i64 = rest.fetch_one(house.pool("gastro")).await.expect("counted");
        rest == 0
    })
    .await;
    let told: Vec<pb::StationChanged> = house.events("gastro").await;
    let opened = told.iter().rev().take(3).filter_map(|it| it.station.as_ref());
    assert_eq!(opened.filter(|it| it.state() == StationState::Open).count(), 3, "and everybody is told");
    assert!(offered(1).await > 0 && on_menu(1).await);
    hold(&house, &of_day(1)).await.expect("held");
}
