//! Meals for which no station has time for hours: what they hang on has moved, and their old pickup holds no more.

use kernel::{
    testing::{House, visitor},
    values::timestamp,
};
use sky_proto::{gastro::v1 as pb, reservations::v1::ShowingDelayed};
use tonic::Status;
use uuid::Uuid;

use crate::{kds, kitchen, support::*};

use pb::{
    AffectedBy,
    OfferAnswer::{AskAgain, Keep, Later, Refund},
    OrderState::{Cancelled, Fired, Scheduled},
    StationState::{Closed, Open},
};

async fn delay(house: &House, showing: Uuid, by: i64) {
    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(60 + by))),
        ends_at: Some(timestamp(minutes(110 + by))),
        ..Default::default()
    };
    twice(house, "reservations", &delayed).await;
}

/// So many seconds has the hot station in quarters that nobody has touched.
async fn hot_seconds(house: &House, seconds: i32) {
    let set = sqlx::query("update station set slot_seconds = $1 where station_id = 'hot'").bind(seconds);
    set.execute(house.pool("gastro")).await.expect("set");
}

async fn answer(house: &House, visit: Uuid, answer: pb::OfferAnswer, by_staff: bool) -> Result<pb::Order, Status> {
    let caller = if by_staff { cook() } else { visitor(Some(visit)) };
    let request = pb::AnswerOfferRequest { visit_id: visit.to_string(), answer: answer.into() };
    kitchen!(house, &caller).answer_offer(request).await.map(tonic::Response::into_inner)
}

/// A meal of a showing that is an hour late, when the hot station has time for no more of it.
async fn without_time(house: &House) -> (Uuid, Uuid) {
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(house, visit, showing).await;
    hot_seconds(house, 60).await;
    delay(house, showing, 60).await;
    (visit, showing)
}

#[tokio::test]
async fn a_meal_that_no_station_has_time_for_is_a_decision_and_is_not_made_for_the_old_time() {
    let house = house().await;
    let (visit, showing) = without_time(&house).await;
    let asked = affected(&house).await;
    assert_eq!(asked.iter().map(|it| it.visit_id.clone()).collect::<Vec<_>>(), [visit.to_string()]);
    let question = asked[0].affected.clone().expect("a question");
    assert_eq!((question.by, question.later_pickup_at), (AffectedBy::NoTime.into(), None));
    assert!(question.reason.is_some_and(|it| it.de.contains("gilt nicht mehr") && !it.plain.is_empty()));
    assert_eq!(taken(&house).await, 0, "it has no time of any station");
    // Later still: it is the same question.
    delay(&house, showing, 90).await;
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1, "asked once");
    // The one who is to be first in the kitchen at the old time is another.
    let control = Uuid::now_v7();
    let soup = pb::HoldOrderRequest { lines: vec![line("pretzel", 1)], ..wish(control, Uuid::now_v7()) };
    hold(&house, &soup).await.expect("held");
    twice(&house, "journey", &confirmed(control, Uuid::now_v7())).await;
    until_state(&house, control, minutes(105), Fired).await;
    assert_eq!(order(&house, visit).await.state(), Scheduled, "nobody is there then");
    // Nobody decides: the money goes back.
    until_state(&house, visit, minutes(110), Cancelled).await;
    assert_eq!(house.events::<pb::OrderRefundDue>("gastro").await.len(), 1);
    assert!(affected(&house).await.is_empty());
}

#[tokio::test]
async fn staff_have_it_made_all_the_same_and_it_comes_when_its_guests_can_be_there() {
    let house = house().await;
    let (visit, _) = without_time(&house).await;
    for (said, by_staff) in [(Later, true), (Later, false), (Keep, false)] {
        answer(&house, visit, said, by_staff).await.expect_err("no such thing");
    }
    let made = answer(&house, visit, Keep, true).await.expect("made all the same");
    assert_eq!((made.state(), made.pickup_at), (Scheduled, Some(timestamp(minutes(170)))), "an hour later");
    assert!(affected(&house).await.is_empty());
    let moved: Vec<pb::OrderMoved> = house.events("gastro").await;
    assert_eq!(moved.last().and_then(|it| it.pickup_at), made.pickup_at, "its visitor is told");
    let settled: Vec<pb::OrderSettled> = house.events("gastro").await;
    assert_eq!(settled.len(), 1);
    // A station that is busy asks nobody again what staff have decided.
    set_busy(&house, "hot", 5).await.expect("busy");
    assert!(affected(&house).await.is_empty());
    // Nor does one that rests and works again.
    for (state, asked) in [(Closed, 1), (Open, 0)] {
        set_station(&house, "hot", state).await.expect("set");
        assert_eq!(affected(&house).await.len(), asked, "{state:?}");
    }
    assert_eq!(order(&house, visit).await.pickup_at, made.pickup_at);
    until_state(&house, visit, minutes(165), Fired).await;
}

#[tokio::test]
async fn another_dish_or_time_that_is_found_after_all_ends_the_question() {
    let house = house().await;
    let (visit, _) = without_time(&house).await;
    let asked = affected(&house).await.remove(0);
    // A pretzel needs no hot station.
    let replaced = substitute(&house, &asked, "pretzel").await;
    assert_eq!((replaced.affected, replaced.pickup_at), (None, Some(timestamp(minutes(170)))));
    assert!(taken(&house).await > 0);
    assert_eq!(order(&house, visit).await.state(), Scheduled);

    hot_seconds(&house, 1800).await;
    let (other, showing) = without_time(&house).await;
    assert_eq!(affected(&house).await.len(), 1);
    hot_seconds(&house, 1800).await;
    delay(&house, showing, 75).await;
    assert!(affected(&house).await.is_empty());
    assert_eq!(order(&house, other).await.pickup_at, Some(timestamp(minutes(185))));
    assert_eq!(house.events::<pb::OrderSettled>("gastro").await.len(), 2);
}

#[tokio::test]
async fn a_held_meal_that_has_lost_its_time_is_asked_for_when_it_is_confirmed() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(visit, showing)).await.expect("held");
    hot_seconds(&house, 60).await;
    delay(&house, showing, 60).await;
    assert!(affected(&house).await.is_empty(), "a hold is no promise");
    twice(&house, "journey", &confirmed(visit, showing)).await;
    assert_eq!(affected(&house).await.len(), 1);
    assert_eq!(answer(&house, visit, Refund, false).await.expect("the money").state(), Cancelled);
}

/// Why each order that needs a decision does.
async fn causes(house: &House) -> Vec<AffectedBy> {
    let cause = |order: &pb::Order| AffectedBy::try_from(order.affected.as_ref().expect("why").by).expect("known");
    affected(house).await.iter().map(cause).collect()
}

#[tokio::test]
async fn a_meal_that_loses_its_time_while_its_station_rests_is_asked_for_when_the_station_works() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    let (held, other) = (Uuid::now_v7(), Uuid::now_v7());
    hold(&house, &wish(held, other)).await.expect("held");
    set_station(&house, "hot", Closed).await.expect("closed");
    hot_seconds(&house, 60).await;
    for showing in [showing, other] {
        delay(&house, showing, 60).await;
    }
    twice(&house, "journey", &confirmed(held, other)).await;
    assert_eq!(causes(&house).await, [AffectedBy::Station; 2], "each is asked one thing at a time");
    set_station(&house, "hot", Open).await.expect("open");
    assert_eq!(causes(&house).await, [AffectedBy::NoTime; 2]);
    assert!(house.events::<pb::OrderSettled>("gastro").await.is_empty(), "nobody is told that it comes as ordered");
    assert_eq!(taken(&house).await, 0);
    // Time is found after all, as soon as the station is looked at.
    hot_seconds(&house, 1800).await;
    set_busy(&house, "hot", 5).await.expect("busy");
    assert!(affected(&house).await.is_empty());
    for visit in [visit, held] {
        assert_eq!(order(&house, visit).await.pickup_at, Some(timestamp(minutes(170))));
    }
    assert_eq!(house.events::<pb::OrderSettled>("gastro").await.len(), 2);
}

#[tokio::test]
async fn a_station_that_works_again_has_a_place_for_a_meal_that_lost_its_time_meanwhile() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, visit, showing).await;
    set_station(&house, "hot", Closed).await.expect("closed");
    hot_seconds(&house, 60).await;
    delay(&house, showing, 60).await;
    hot_seconds(&house, 1800).await;
    set_station(&house, "hot", Open).await.expect("open");
    assert!(affected(&house).await.is_empty());
    assert_eq!(order(&house, visit).await.pickup_at, Some(timestamp(minutes(170))));
    assert_eq!(taken(&house).await, 130);
    assert_eq!(house.events::<pb::OrderSettled>("gastro").await.len(), 1);
    assert_eq!(house.events::<pb::OrderAffected>("gastro").await.len(), 1, "asked once");
}

#[tokio::test]
async fn what_the_kitchens_system_refused_and_staff_make_is_not_made_for_a_time_that_it_has_lost() {
    let house = house().await;
    let (token, visit, showing) = (kds::token(&house).await, Uuid::now_v7(), Uuid::now_v7());
    let it = scheduled_meal(&house, visit, showing).await;
    let refuses = format!(r#"{{"orderId":"{}","status":120,"reason":""}}"#, it.order_id);
    let (code, said) = kds::post(&house, &token, &format!("orderStatus/{}", it.order_id), refuses.into_bytes()).await;
    assert!(code.is_success(), "{said}");
    hot_seconds(&house, 60).await;
    delay(&house, showing, 60).await;
    assert_eq!(causes(&house).await, [AffectedBy::KitchenSystem]);
    answer(&house, visit, Keep, true).await.expect("made by hand");
    assert_eq!(causes(&house).await, [AffectedBy::NoTime], "when, is still to be decided");
    let made = answer(&house, visit, Keep, true).await.expect("made all the same");
    assert_eq!((made.affected, made.pickup_at), (None, Some(timestamp(minutes(170)))));
}

#[tokio::test]
async fn a_time_that_the_kitchens_system_names_is_taken_and_asks_nobody() {
    let house = house().await;
    let token = kds::token(&house).await;
    let told = async |it: &pb::Order, minute: i64| {
        let at = minutes(minute).to_rfc3339();
        let body = format!(r#"{{"orderId":"{}","status":20,"pickupTime":"{at}"}}"#, it.order_id);
        let (code, said) = kds::post(&house, &token, "prepTime", body.into_bytes()).await;
        assert!(code.is_success(), "{said}");
    };
    // Staff have decided; the kitchen says when it can.
    let (decided, _) = without_time(&house).await;
    let made = answer(&house, decided, Keep, true).await.expect("made all the same");
    told(&made, 185).await;
    assert_eq!(order(&house, decided).await.pickup_at, Some(timestamp(minutes(185))));
    assert!(affected(&house).await.is_empty(), "decided once");
    // Another dish changes nothing of that.
    assert_eq!(substitute(&house, &made, "pretzel").await.pickup_at, Some(timestamp(minutes(185))));
    // One that has its time, when there is none left at the time that is named.
    hot_seconds(&house, 1800).await;
    let ordinary = Uuid::now_v7();
    let it = scheduled_meal(&house, ordinary, Uuid::now_v7()).await;
    hot_seconds(&house, 60).await;
    told(&it, 125).await;
    let later = order(&house, ordinary).await;
    assert_eq!((later.pickup_at, later.affected, taken(&house).await), (Some(timestamp(minutes(125))), None, 0));
    // What staff have still to decide, no system decides.
    hot_seconds(&house, 1800).await;
    let (open, _) = without_time(&house).await;
    told(&order(&house, open).await, 120).await;
    assert_eq!(causes(&house).await, [AffectedBy::NoTime]);
    until_state(&house, ordinary, minutes(120), Fired).await;
    assert_eq!(order(&house, open).await.pickup_at, Some(timestamp(minutes(110))));
}

#[tokio::test]
async fn time_that_is_found_while_the_money_waits_is_the_meals_when_staff_think_better_of_it() {
    for better in [AskAgain, Keep] {
        let house = house().await;
        let (visit, showing) = without_time(&house).await;
        let waits = answer(&house, visit, Refund, true).await.expect("the money");
        assert!(waits.affected.is_some_and(|it| it.refund_at.is_some()), "it can be taken back");
        hot_seconds(&house, 1800).await;
        delay(&house, showing, 75).await;
        assert_eq!(affected(&house).await.len(), 1, "the money goes back all the same");
        let kept = answer(&house, visit, better, true).await.expect("taken back");
        assert_eq!((kept.affected, kept.pickup_at), (None, Some(timestamp(minutes(185)))), "{better:?}");
        assert_eq!((taken(&house).await, house.events::<pb::OrderSettled>("gastro").await.len()), (130, 1));
        until_state(&house, visit, minutes(180), Fired).await;
        assert!(house.events::<pb::OrderRefundDue>("gastro").await.is_empty());
    }
}
