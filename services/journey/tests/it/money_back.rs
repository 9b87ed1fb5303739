//! A visit that takes place and costs less: the difference goes back once, whatever is told twice, late or in another
//! order, and its visitor sees how far it is.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Role,
    testing::staff,
    values::{Text, euro, from_timestamp, timestamp},
};
use sky_proto::{
    gastro::v1::{
        self as gastro, OrderLine, OrderRefundDue, Pickup, SetStationStateRequest, StationState,
        gastro_client::GastroClient, kitchen_client::KitchenClient,
    },
    journey::v1::{self as pb, VisitState},
    kernel::v1::ChargedItem,
    parking::v1::{RightLost, RightRefused, RightRestored, RightSuspended, SiteState, Suspension, VehicleEntered},
    payments::v1::{
        Method, PartRefundChanged, PartState, PayOutPartRequest, PaymentState, SettleAtDeskRequest,
        TakeBackPayoutRequest, payments_client::PaymentsClient, payouts_client::PayoutsClient,
    },
    reservations::v1::BookingMoved,
};
use uuid::Uuid;

use crate::{clock::seen, support::*};

async fn due(town: &Town) -> Vec<pb::VisitRefundDue> {
    town.house.events("journey").await
}

fn cents(money: &Option<sky_proto::kernel::v1::Money>) -> i64 {
    money.as_ref().expect("money").cents
}

/// How far each part is, with its amount.
fn parts(visit: &pb::Visit) -> Vec<(PartState, i64)> {
    visit.refunds.iter().map(|refund| (refund.state(), cents(&refund.amount))).collect()
}

fn refused(visit: &pb::Visit) -> RightRefused {
    RightRefused { visit_id: visit.visit_id.clone(), reason: Some(Text::new("Voll.", "Full.").to_proto()) }
}

/// A visit with two pastas through every real service, booked one way.
async fn with_meal(town: &Town, method: Method) -> pb::Visit {
    let lines = vec![OrderLine { item_id: "tomato-pasta".to_owned(), quantity: 2, ..OrderLine::default() }];
    let wish = pb::HoldVisitRequest {
        meal: Some(pb::MealWish { lines, pickup: Pickup::AfterShowing.into(), ..pb::MealWish::default() }),
        ..town.wish()
    };
    let visit = town.confirm(&town.hold(&wish).await.expect("held"), method).await.expect("ordered");
    if method == Method::Online {
        town.press(&visit, "pay").await;
    }
    let visit = town.wait_for(&visit, VisitState::Confirmed).await;
    town.house.settle().await;
    visit
}

async fn everything() -> Town {
    let services = [
        journey::SERVICE,
        ::reservations::SERVICE,
        parking::SERVICE,
        payments::SERVICE,
        ::gastro::SERVICE,
        kernel::testing::producer("flow"),
    ];
    town_with(&services).await
}

async fn substitute(town: &Town, visit: &pb::Visit) {
    let request = gastro::SubstituteRequest {
        order_id: visit.meal.as_ref().expect("a meal").order_id.clone(),
        line: 0,
        item_id: "lentil-soup".to_owned(),
        acknowledged_allergens: vec![6, 9, 10],
    };
    KitchenClient::new(town.house.channel(&staff(Role::Kitchen))).substitute(request).await.expect("replaced");
}

#[tokio::test]
async fn a_cheaper_dish_and_then_no_dish_give_the_money_back_by_the_provider() {
    let town = everything().await;
    let visit = with_meal(&town, Method::Online).await;
    let paid = cents(&visit.total);
    substitute(&town, &visit).await;
    let now = seen(&town, &visit, "the difference is back", |now| parts(now) == [(PartState::Done, 280)]).await;
    assert_eq!(cents(&now.total), paid - 280, "what it costs now");
    assert!(now.notice.as_ref().is_some_and(|notice| notice.en.contains("€2.80 back")), "{:?}", now.notice);

    let closed =
        SetStationStateRequest { station_id: "hot".to_owned(), state: StationState::Closed.into(), delay_minutes: 0 };
    let mut kitchen = GastroClient::new(town.house.channel(&staff(Role::Kitchen)));
    kitchen.set_station_state(closed).await.expect("closed");
    let answer =
        gastro::AnswerOfferRequest { visit_id: visit.visit_id.clone(), answer: gastro::OfferAnswer::Refund.into() };
    KitchenClient::new(town.house.channel(&staff(Role::Kitchen))).answer_offer(answer).await.expect("the money");
    let all = [(PartState::Done, 280), (PartState::Done, 1100)];
    let now = seen(&town, &visit, "the meal is back", |now| parts(now) == all).await;
    assert_eq!((now.state(), cents(&now.total)), (VisitState::Confirmed, paid - 1380), "the visit takes place");
    // The letter names what goes back of the meal that is not made, not what went back of a dearer one before.
    let named: Vec<i64> = sqlx::query_scalar("select (facts ->> 'cents')::bigint from notice where kind = 'meal_off'")
        .fetch_all(town.house.pool("journey"))
        .await
        .expect("a letter");
    assert_eq!(named, [1100]);
    let back: Vec<i64> =
        town.provider.transactions().values().flat_map(|it| it.parts.values()).map(|it| it.1).collect();
    assert_eq!(back.iter().sum::<i64>(), 1380);

    // All of it once more, late and in another order.
    let told: Vec<OrderRefundDue> = town.house.events("gastro").await;
    for event in told.iter().rev() {
        town.react_twice("gastro", &visit.visit_id, event).await;
    }
    let said: Vec<PartRefundChanged> = town.house.events("payments").await;
    for event in said.iter().rev() {
        town.react_twice("payments", &visit.visit_id, event).await;
    }
    town.house.settle().await;
    assert_eq!(due(&town).await.len(), 2, "asked once each");
    let again = town.get(&visit).await;
    assert_eq!((parts(&again), cents(&again.total)), (all.to_vec(), paid - 1380));

    // Cancelled: the rest follows, and not more.
    town.cancel(&visit, &desk()).await.expect("cancelled");
    let off = town.wait_for(&visit, VisitState::Refunded).await;
    let transaction = town.provider.transactions().into_values().next().expect("one payment");
    assert_eq!(transaction.refund.expect("the rest").1, paid - 1380);
    let german = format!("{},{:02} €", (paid - 1380) / 100, (paid - 1380) % 100);
    assert!(off.notice.as_ref().is_some_and(|notice| notice.de.contains(&german)), "{:?}", off.notice);
}

#[tokio::test]
async fn who_has_not_paid_yet_pays_less() {
    let town = everything().await;
    let visit = with_meal(&town, Method::AtDesk).await;
    substitute(&town, &visit).await;
    let now = seen(&town, &visit, "less is due", |now| parts(now) == [(PartState::LessDue, 280)]).await;
    assert_eq!(cents(&now.total), cents(&visit.total) - 280);
    assert!(now.notice.as_ref().is_some_and(|notice| notice.en.contains("pay €2.80 less")), "{:?}", now.notice);
    // Another dish is cheaper by as much: that is said besides.
    let told = OrderRefundDue {
        order_id: visit.meal.as_ref().expect("a meal").order_id.clone(),
        visit_id: visit.visit_id.clone(),
        amount: Some(euro(280)),
        refund_id: Uuid::new_v4().to_string(),
        ..OrderRefundDue::default()
    };
    town.react_twice("gastro", &visit.visit_id, &told).await;
    let notice = town.get(&visit).await.notice.expect("a notice");
    assert_eq!(notice.en.matches("pay €2.80 less").count(), 2, "{notice:?}");
}

#[tokio::test]
async fn who_called_off_too_late_gets_back_what_the_kitchen_does_not_make() {
    let town = everything().await;
    let visit = with_meal(&town, Method::Online).await;
    // The doors were open: what was paid stays.
    sqlx::query("update visit set state = 'cancelled', deadline = null where id = $1")
        .bind(id(&visit))
        .execute(town.house.pool("journey"))
        .await
        .expect("called off");
    let told = OrderRefundDue {
        order_id: visit.meal.as_ref().expect("a meal").order_id.clone(),
        visit_id: visit.visit_id.clone(),
        amount: Some(euro(1380)),
        refund_id: Uuid::new_v4().to_string(),
        ..OrderRefundDue::default()
    };
    town.react_twice("gastro", &visit.visit_id, &told).await;
    let now = seen(&town, &visit, "the meal is back", |now| parts(now) == [(PartState::Done, 1380)]).await;
    assert_eq!(now.state(), VisitState::Cancelled, "the rest stays");
    assert_eq!(due(&town).await.len(), 1);
}

#[tokio::test]
async fn a_bay_that_is_not_to_be_had_is_given_back_once() {
    let town = town().await;
    let visit = town.paid().await;
    let bay = visit.parking.as_ref().map_or(0, |right| cents(&right.total));
    assert!(bay > 0);
    town.react_twice("parking", &visit.visit_id, &refused(&visit)).await;
    let now = seen(&town, &visit, "the bay's price is back", |now| parts(now) == [(PartState::Done, bay)]).await;
    assert_eq!(cents(&now.total), cents(&visit.total) - bay);
    town.react_twice("parking", &visit.visit_id, &refused(&visit)).await;
    assert_eq!(due(&town).await.len(), 1);
    // Of one that is off, payments gives everything back: nothing is asked for besides.
    let other = town.paid().await;
    town.cancel(&other, &guest("test")).await.expect("cancelled");
    town.react_twice("parking", &other.visit_id, &refused(&other)).await;
    assert_eq!(due(&town).await.len(), 1);
}

#[tokio::test]
async fn a_bay_that_was_lost_is_given_back_once_its_time_is_over() {
    let town = town().await;
    let visit = town.paid().await;
    let right = visit.parking.as_ref().expect("a bay");
    let bay = cents(&right.total);
    let suspension = Suspension { state: SiteState::Closed.into(), lost: true, ..Suspension::default() };
    let lost = RightLost { visit_id: visit.visit_id.clone(), bay_class: right.bay_class, suspension: Some(suspension) };
    town.react_twice("parking", &visit.visit_id, &lost).await;
    assert!(due(&town).await.is_empty(), "another one may still be taken");
    town.house.clock.set(from_timestamp(right.until));
    let now = seen(&town, &visit, "the bay's price is back", |now| parts(now) == [(PartState::Done, bay)]).await;
    assert_eq!(cents(&now.total), cents(&visit.total) - bay);
    town.house.clock.advance(TimeDelta::minutes(5));
    town.react_twice("parking", &visit.visit_id, &lost).await;
    town.house.settle().await;
    assert_eq!(due(&town).await.len(), 1, "asked once");
}

#[tokio::test]
async fn who_was_due_while_the_bridge_was_closed_pays_nothing_for_the_bay_though_it_opens_later() {
    let town = town().await;
    let suspended = |visit: &pb::Visit| RightSuspended {
        visit_id: visit.visit_id.clone(),
        closure_id: "c1".to_owned(),
        suspension: Some(Suspension { state: SiteState::Unreachable.into(), ..Suspension::default() }),
        ..RightSuspended::default()
    };
    let restored = |visit: &pb::Visit, from: DateTime<Utc>| {
        let right = visit.parking.as_ref().expect("a bay");
        RightRestored {
            visit_id: visit.visit_id.clone(),
            bay_class: right.bay_class,
            from: Some(timestamp(from)),
            until: right.until,
            stops: None,
        }
    };
    let (elsewhere, came, opened_before) = (town.paid().await, town.paid().await, town.paid().await);
    let shut_when_it_had_begun = town.paid().await;
    let right = elsewhere.parking.clone().expect("a bay");
    let bay = cents(&right.total);
    for visit in [&elsewhere, &came, &opened_before] {
        town.react_twice("parking", &visit.visit_id, &suspended(visit)).await;
    }
    // For one of them it opens before they are due, for the others an hour after.
    let due_at = town.house.clock.now() + TimeDelta::minutes(10);
    town.react_twice("parking", &opened_before.visit_id, &restored(&opened_before, due_at)).await;
    town.house.clock.set(due_at + TimeDelta::minutes(60));
    for visit in [&elsewhere, &came] {
        town.react_twice("parking", &visit.visit_id, &restored(visit, due_at)).await;
    }
    let entered = VehicleEntered {
        visit_id: came.visit_id.clone(),
        lane: "in-1".to_owned(),
        at: Some(timestamp(town.house.clock.now())),
    };
    town.react_twice("parking", &came.visit_id, &entered).await;
    assert!(due(&town).await.is_empty(), "they may still come");
    town.house.clock.set(from_timestamp(elsewhere.starts_at) + TimeDelta::minutes(1));
    town.react_twice("parking", &shut_when_it_had_begun.visit_id, &suspended(&shut_when_it_had_begun)).await;
    town.house.clock.advance(TimeDelta::minutes(5));
    town.react_twice("parking", &shut_when_it_had_begun.visit_id, &restored(&shut_when_it_had_begun, due_at)).await;
    town.house.clock.set(from_timestamp(right.until));
    let now = seen(&town, &elsewhere, "the bay's price is back", |now| parts(now) == [(PartState::Done, bay)]).await;
    assert_eq!(cents(&now.total), cents(&elsewhere.total) - bay);
    town.house.clock.advance(TimeDelta::minutes(5));
    town.house.settle().await;
    let to: Vec<String> = due(&town).await.into_iter().map(|it| it.visit_id).collect();
    assert_eq!(to, std::slice::from_ref(&elsewhere.visit_id), "once, and to nobody else");
}

#[tokio::test]
async fn what_payments_tells_late_takes_nothing_back() {
    let town = town().await;
    let visit = town.booked().await;
    town.react_twice("parking", &visit.visit_id, &refused(&visit)).await;
    let refund = due(&town).await.remove(0);
    let changed = |state: PartState| PartRefundChanged {
        visit_id: visit.visit_id.clone(),
        refund_id: refund.refund_id.clone(),
        amount: refund.amount.clone(),
        state: state.into(),
        ..PartRefundChanged::default()
    };
    let amount = cents(&refund.amount);
    seen(&town, &visit, "told by payments", |now| parts(now) == [(PartState::LessDue, amount)]).await;
    for state in [PartState::Returning, PartState::AtDesk, PartState::Done] {
        town.react_twice("payments", &visit.visit_id, &changed(state)).await;
    }
    let unknown = PartRefundChanged { refund_id: Uuid::now_v7().to_string(), ..changed(PartState::Done) };
    town.react_twice("payments", &visit.visit_id, &unknown).await;
    assert_eq!(parts(&town.get(&visit).await), [(PartState::LessDue, amount)]);
}

#[tokio::test]
async fn what_the_provider_does_not_give_back_of_a_whole_payment_is_seen_at_the_desk() {
    let town = town().await;
    let visit = town.paid().await;
    let changed = |state: PartState, refund: Uuid| PartRefundChanged {
        visit_id: visit.visit_id.clone(),
        refund_id: refund.to_string(),
        amount: Some(euro(2000)),
        state: state.into(),
        ..PartRefundChanged::default()
    };
    let whole = Uuid::now_v7();
    town.react_twice("payments", &visit.visit_id, &changed(PartState::AtDesk, whole)).await;
    assert_eq!(parts(&town.get(&visit).await), [(PartState::AtDesk, 2000)]);
    town.react_twice("payments", &visit.visit_id, &changed(PartState::Done, whole)).await;
    town.react_twice("payments", &visit.visit_id, &changed(PartState::AtDesk, whole)).await;
    assert_eq!(parts(&town.get(&visit).await), [(PartState::Done, 2000)]);
    assert!(due(&town).await.is_empty(), "payments knows it already");
}

#[tokio::test]
async fn a_payout_that_is_taken_back_waits_again_on_the_visit_s_page() {
    let town = everything().await;
    let visit = with_meal(&town, Method::AtDesk).await;
    let settle = SettleAtDeskRequest { visit_id: visit.visit_id.clone(), ..SettleAtDeskRequest::default() };
    let till = || PaymentsClient::new(town.house.channel(&desk()));
    till().settle_at_desk(settle).await.expect("settled");
    let visit = seen(&town, &visit, "paid", |now| now.payment_state() == PaymentState::Paid).await;
    town.cancel(&visit, &desk()).await.expect("cancelled");
    let all = cents(&visit.total);
    let now = seen(&town, &visit, "it waits at the desk", |now| parts(now) == [(PartState::AtDesk, all)]).await;
    assert_eq!(now.state(), VisitState::Refunding, "nobody has handed it out");
    // The desk has it: a day later payments is asked for it, not each minute.
    let deadline = async || -> chrono::DateTime<chrono::Utc> {
        let asked = sqlx::query_scalar("select deadline from visit where id = $1").bind(id(&visit));
        asked.fetch_one(town.house.pool("journey")).await.expect("a deadline")
    };
    let first = deadline().await;
    assert!(first > town.house.clock.now() + TimeDelta::hours(23), "{first}");
    town.house.clock.advance(TimeDelta::hours(25));
    let mut next = first;
    for _ in 0..1000 {
        town.house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        next = deadline().await;
        if next != first {
            break;
        }
    }
    assert!(next > first + TimeDelta::hours(23), "asked once, and in a day again: {next}");
    assert_eq!(parts(&town.get(&visit).await), [(PartState::AtDesk, all)]);
    let refund_id = now.refunds[0].refund_id.clone();
    let out = PayOutPartRequest { visit_id: visit.visit_id.clone(), refund_id: refund_id.clone() };
    till().pay_out_part(out.clone()).await.expect("handed out");
    let now = town.wait_for(&visit, VisitState::Refunded).await;
    assert_eq!(parts(&now), [(PartState::Done, all)]);

    let back = TakeBackPayoutRequest { visit_id: visit.visit_id.clone(), refund_id };
    PayoutsClient::new(town.house.channel(&desk())).take_back_payout(back).await.expect("taken back");
    let now = town.wait_for(&visit, VisitState::Refunding).await;
    assert_eq!((parts(&now), now.payment_state()), (vec![(PartState::AtDesk, all)], PaymentState::Refunding));
    // Everything that was told, late and in another order, takes nothing forward.
    let said: Vec<PartRefundChanged> = town.house.events("payments").await;
    for event in said.iter().rev() {
        town.react_twice("payments", &visit.visit_id, event).await;
    }
    assert_eq!(parts(&town.get(&visit).await), [(PartState::AtDesk, all)]);
    till().pay_out_part(out).await.expect("handed out");
    let now = town.wait_for(&visit, VisitState::Refunded).await;
    assert_eq!(parts(&now), [(PartState::Done, all)]);
    let letters: i64 = sqlx::query_scalar("select count(*) from notice where kind = 'refunded'")
        .fetch_one(town.house.pool("journey"))
        .await
        .expect("a count");
    assert_eq!(letters, 1, "told once");
}

#[tokio::test]
async fn who_is_told_what_comes_back_reads_the_sum_that_the_desk_hands_out() {
    let town = everything().await;
    let visit = with_meal(&town, Method::AtDesk).await;
    let all = cents(&visit.total);
    let settle = SettleAtDeskRequest { visit_id: visit.visit_id.clone(), ..SettleAtDeskRequest::default() };
    let till = || PaymentsClient::new(town.house.channel(&desk()));
    till().settle_at_desk(settle).await.expect("settled");
    seen(&town, &visit, "paid", |now| now.payment_state() == PaymentState::Paid).await;
    // The meal is off, and nobody has fetched its price yet when the visit is called off.
    let told = OrderRefundDue {
        order_id: visit.meal.as_ref().expect("a meal").order_id.clone(),
        visit_id: visit.visit_id.clone(),
        amount: Some(euro(1380)),
        refund_id: Uuid::new_v4().to_string(),
        ..OrderRefundDue::default()
    };
    town.react_twice("gastro", &visit.visit_id, &told).await;
    seen(&town, &visit, "a part at the desk", |now| parts(now) == [(PartState::AtDesk, 1380)]).await;
    town.cancel(&visit, &desk()).await.expect("cancelled");
    let whole = (PartState::AtDesk, all);
    let now = seen(&town, &visit, "all of it at the desk", |now| parts(now).contains(&whole)).await;
    let it = now.refunds.iter().find(|it| (it.state(), cents(&it.amount)) == whole).expect("the whole");
    let out = PayOutPartRequest { visit_id: visit.visit_id.clone(), refund_id: it.refund_id.clone() };
    till().pay_out_part(out).await.expect("handed out");
    town.wait_for(&visit, VisitState::Refunded).await;
    let named: Vec<(String, i64)> = sqlx::query_as(
        "select kind, (facts ->> 'cents')::bigint from notice where kind in ('cancelled', 'refunded') order by kind",
    )
    .fetch_all(town.house.pool("journey"))
    .await
    .expect("letters");
    assert_eq!(named, [("cancelled".to_owned(), all), ("refunded".to_owned(), all)]);
}

#[tokio::test]
async fn a_cheaper_showing_gives_back_the_difference_of_the_places() {
    let town = town().await;
    let visit = town.paid().await;
    let (move_id, to) = (Uuid::new_v4(), &town.programme[1].showing_id);
    sqlx::query(
        "insert into rebooking (id, visit_id, from_showing, to_showing, state, by, asked_at)
         values ($1, $2, $3::uuid, $4::uuid, 'moving', 'visitor', $5)",
    )
    .bind(move_id)
    .bind(id(&visit))
    .bind(Uuid::try_parse(&visit.showing_id).expect("an id"))
    .bind(Uuid::try_parse(to).expect("an id"))
    .bind(town.house.clock.now())
    .execute(town.house.pool("journey"))
    .await
    .expect("begun");
    let places = |each: i64| ChargedItem {
        label: Some(Text::new("Erwachsene", "Adults").to_proto()),
        quantity: 2,
        unit_price: Some(euro(each)),
        tariff_id: "cheaper".to_owned(),
        ..ChargedItem::default()
    };
    let moved = |each: i64| BookingMoved {
        visit_id: visit.visit_id.clone(),
        from_showing_id: visit.showing_id.clone(),
        showing_id: to.clone(),
        move_id: move_id.to_string(),
        items: vec![places(each)],
        ..BookingMoved::default()
    };
    town.react_twice("reservations", &visit.visit_id, &moved(600)).await;
    let now = seen(&town, &visit, "the difference is back", |now| parts(now) == [(PartState::Done, 500)]).await;
    assert_eq!((&now.showing_id, cents(&now.total)), (to, cents(&visit.total) - 500));
    // Another move for the same price, or a dearer one, owes nothing.
    for each in [600, 900] {
        let other = BookingMoved { move_id: Uuid::new_v4().to_string(), ..moved(each) };
        town.react_twice("reservations", &visit.visit_id, &other).await;
    }
    town.react_twice("reservations", &visit.visit_id, &moved(600)).await;
    assert_eq!(due(&town).await.len(), 1);
}

#[tokio::test]
async fn a_refund_whose_event_is_lost_names_what_went_back_and_no_part_that_did_before() {
    let town = town().await;
    let visit = town.paid().await;
    let part = pb::VisitRefundDue {
        visit_id: visit.visit_id.clone(),
        refund_id: Uuid::new_v4().to_string(),
        amount: Some(euro(300)),
        reason: None,
    };
    town.house.react("payments", "journey", &visit.visit_id, &part).await.expect("asked");
    town.cancel(&visit, &guest("test")).await.expect("cancelled");
    let told = async || {
        town.wait_for(&visit, pb::VisitState::Refunded).await;
        let cents: Option<i64> = sqlx::query_scalar(
            "delete from notice where visit_id = $1 and kind = 'refunded' returning (facts ->> 'cents')::bigint",
        )
        .bind(id(&visit))
        .fetch_optional(town.house.pool("journey"))
        .await
        .expect("read");
        cents
    };
    let by_event = told().await;
    assert!(by_event.is_some_and(|cents| cents > 0), "{by_event:?}");
    town.force(&visit, "refunding", 1).await;
    assert_eq!(told().await, by_event);
}
