//! From the hold to the confirmed visit, by every way to pay, and what may go wrong on it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Role,
    testing::staff,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    journey::v1::{self as pb, VisitState},
    parking::v1::RightState,
    payments::v1::{Method, PaymentCompleted, PaymentRefunded, PaymentState},
    reservations::v1::{BookingRefused, Channel},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn at_the_desk_a_visit_is_confirmed_at_once() {
    let town = town().await;
    let held = town.held().await;
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    assert_eq!(visit.state(), VisitState::Confirmed, "within the call");
    assert_eq!(visit.payment_state(), PaymentState::DueAtDesk);
    assert_eq!(visit.reference, kernel::ticket_code::reference(id(&visit)));
    let right = visit.parking.as_ref().expect("a right");
    assert_eq!((right.state(), &right.reference), (RightState::Confirmed, &visit.reference));
    assert!(step(&visit, "booked").done && !step(&visit, "start").done);
    assert_eq!(town.taken().await, (0, 2));

    let again = town.confirm(&held, Method::AtDesk).await.expect("repeat");
    assert_eq!(again.state(), VisitState::Confirmed);
    town.house.settle().await;
    assert_eq!(town.told().await, (1, 0, 0));
    let told: Vec<pb::VisitConfirmed> = town.house.events("journey").await;
    assert!(told[0].has_parking && !told[0].has_meal);
}

#[tokio::test]
async fn what_costs_nothing_is_free() {
    let town = town().await;
    let mut wish = town.wish();
    wish.parking = None;
    // A small child alone: only the desk sells that.
    wish.party = vec![line("infant", 1)];
    wish.channel = Channel::Door.into();
    let visit = town.hold_as(&desk(), &wish).await.expect("held");
    let order = |method: Method| pb::ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: method.into(),
        contact: None,
        return_url: String::new(),
    };
    let refused = client!(town, &desk()).confirm_visit(order(Method::AtDesk)).await.expect_err("nothing to pay");
    assert!(refused.message().starts_with("method:"), "{}", refused.message());
    let visit = client!(town, &desk()).confirm_visit(order(Method::Free)).await.expect("ordered").into_inner();
    assert_eq!((visit.state(), visit.payment_state()), (VisitState::Confirmed, PaymentState::Paid));
    let priced = town.held().await;
    let free = town.confirm(&priced, Method::Free).await.expect_err("it has a price");
    assert_eq!(free.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn online_the_visitor_pays_and_everything_follows() {
    let town = town().await;
    let held = town.held().await;
    let visit = town.confirm(&held, Method::Online).await.expect("ordered");
    assert_eq!(visit.state(), VisitState::AwaitingPayment);
    assert!(visit.payment_url.starts_with(&town.provider.url));
    let again = town.confirm(&held, Method::Online).await.expect("repeat");
    assert_eq!(again.payment_url, visit.payment_url);
    let other = town.confirm(&held, Method::AtDesk).await.expect_err("one way at a time");
    assert_eq!(other.code(), Code::FailedPrecondition);
    assert_eq!(town.provider.transactions().len(), 1);

    // Longer than the hold was, within the time to pay.
    town.house.clock.set(minutes(14));
    assert_eq!(town.taken().await, (2, 0), "held for as long as the visitor may pay");
    town.press(&visit, "pay").await;
    let visit = town.wait_for(&visit, VisitState::Confirmed).await;
    assert_eq!((visit.payment_state(), visit.payment_url.as_str()), (PaymentState::Paid, ""));
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 2));
    assert_eq!(town.told().await, (1, 0, 0));
}

#[tokio::test]
async fn a_payment_given_up_frees_everything() {
    let town = town().await;
    let visit = town.confirm(&town.held().await, Method::Online).await.expect("ordered");
    town.press(&visit, "cancel").await;
    let visit = town.wait_for(&visit, VisitState::Expired).await;
    assert!(!visit.notice.as_ref().expect("notice").de.is_empty());
    assert!(visit.timeline.is_empty());
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));
    assert_eq!(visit.parking.expect("still shown").state(), RightState::Held, "as it was when it ran out");
    assert_eq!(town.told().await, (0, 1, 0));
    let late = town.confirm(&town.get(&town.held().await).await, Method::Online).await;
    late.expect("another visit goes on");
}

#[tokio::test]
async fn a_payment_nobody_makes_ends_with_its_time() {
    let town = town().await;
    let visit = town.confirm(&town.held().await, Method::Online).await.expect("ordered");
    town.house.clock.set(minutes(15));
    town.wait_for(&visit, VisitState::Expired).await;
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0));

    // Paid after all, and the places are free still: it has them again.
    town.press(&visit, "pay").await;
    let settled = after_late_money(&town, &visit).await;
    assert_eq!((settled.state(), settled.payment_state()), (VisitState::Confirmed, PaymentState::Paid));
    assert_eq!(settled.seats, visit.seats);
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 2), "two tickets");
}

/// What becomes of a visit whose money is under way, once payments and journey have heard of it.
async fn after_late_money(town: &Town, visit: &pb::Visit) -> pb::Visit {
    for _ in 0..400 {
        town.house.clock.advance(chrono::TimeDelta::seconds(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let now = town.get(visit).await;
        if matches!(now.state(), VisitState::Confirmed | VisitState::Refunded) {
            return now;
        }
    }
    panic!("its money came to nothing: {:?}", town.get(visit).await);
}

#[tokio::test]
async fn late_money_for_a_showing_that_is_called_off_goes_back() {
    let town = town().await;
    let visit = town.confirm(&town.held().await, Method::Online).await.expect("ordered");
    town.house.clock.set(minutes(15));
    town.wait_for(&visit, VisitState::Expired).await;
    let request = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: visit.showing_id.clone(),
        reason: Some(Text::new("Projektor ausgefallen", "Projector fault").to_proto()),
    };
    client!(town, &staff(Role::Operator)).cancel_showing(request).await.expect("called off");
    town.house.settle().await;

    town.press(&visit, "pay").await;
    let settled = after_late_money(&town, &visit).await;
    assert_eq!((settled.state(), settled.payment_state()), (VisitState::Refunded, PaymentState::Refunded));
    assert!(town.provider.transactions().values().all(|transaction| transaction.refund.is_some()));
}

/// Its order has not come to payments when payments hears that the visit is off.
#[tokio::test]
async fn a_visit_called_off_while_it_is_ordered_waits_for_no_money() {
    let town = town().await;
    let held = town.held().await;
    // Between the two the places are held for longer, which somebody who has the showing's row keeps waiting.
    let mut blocker = town.house.pool("reservations").begin().await.expect("begun");
    sqlx::query("select 1 from showing where id = $1::uuid for update")
        .bind(&held.showing_id)
        .execute(&mut *blocker)
        .await
        .expect("locked");
    let calls_off = async {
        while town.get(&held).await.state() != VisitState::AwaitingPayment {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        town.cancel(&held, &guest("test")).await.expect("called off");
        town.house.settle().await;
        blocker.rollback().await.expect("freed");
    };
    let (ordered, ()) = tokio::join!(town.confirm(&held, Method::Online), calls_off);
    ordered.expect("as it is then");
    let visit = town.wait_for(&held, VisitState::Cancelled).await;
    assert_eq!(visit.payment_state(), PaymentState::Voided);
    assert!(town.house.clock.now() < minutes(2), "nobody had to look after it");
    assert!(town.provider.transactions().values().all(|transaction| transaction.refund.is_none()), "nothing was paid");
}

#[tokio::test]
async fn what_payments_refuses_stays_held() {
    let town = town().await;
    let held = town.held().await;
    let request = pb::ConfirmVisitRequest {
        visit_id: held.visit_id.clone(),
        method: Method::Online.into(),
        contact: Some(contact()),
        return_url: "nowhere".to_owned(),
    };
    let refused = client!(town, &guest("test")).confirm_visit(request).await.expect_err("no way back");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("return_url:"), "{}", refused.message());
    assert_eq!(town.get(&held).await.state(), VisitState::Held);
    let visit = town.confirm(&held, Method::AtDesk).await.expect("another way");
    assert_eq!(visit.state(), VisitState::Confirmed);
}

#[tokio::test]
async fn an_expired_hold_cannot_be_ordered() {
    let town = town().await;
    let visit = town.held().await;
    town.house.clock.set(minutes(10));
    let refused = town.confirm(&visit, Method::AtDesk).await.expect_err("over");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    town.wait_for(&visit, VisitState::Expired).await;
}

#[tokio::test]
async fn places_that_are_gone_are_paid_back() {
    let town = town().await;
    let visit = town.paid().await;
    // As if reservations had found nothing to give when the money came late.
    town.force(&visit, "confirming", 60).await;
    sqlx::query("update visit set booking = 'held' where id = $1")
        .bind(id(&visit))
        .execute(town.house.pool("journey"))
        .await
        .expect("forced");
    let refused = BookingRefused {
        visit_id: visit.visit_id.clone(),
        showing_id: visit.showing_id.clone(),
        reason: Some(kernel::values::Text::new("Alle Plätze sind vergeben.", "All places are gone.").to_proto()),
    };
    town.react_twice("reservations", &visit.visit_id, &refused).await;
    let now = town.get(&visit).await;
    assert!(matches!(now.state(), VisitState::Refunding | VisitState::Refunded));
    let visit = town.wait_for(&visit, VisitState::Refunded).await;
    assert_eq!(visit.payment_state(), PaymentState::Refunded);
    let notice = visit.notice.expect("notice").de;
    assert!(notice.contains("vergeben") && notice.contains("20,00 €"), "{notice}");
    assert_eq!(town.told().await, (1, 0, 1));
    assert!(town.provider.transactions().values().all(|transaction| transaction.refund.is_some()));
}

#[tokio::test]
async fn a_late_bay_is_refused_and_the_visit_goes_on() {
    let town = town().await;
    let held = town.held().await;
    // The car park let go of it, and somebody else has it now.
    sqlx::query("update parking_right set state = 'expired'")
        .execute(town.house.pool("parking"))
        .await
        .expect("let go");
    town.set_bays(0).await;
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    let visit = town.wait_for(&visit, VisitState::Confirmed).await;
    assert_eq!(visit.parking.expect("still shown").state(), RightState::Expired);
    let notice = visit.notice.expect("notice").de;
    assert!(notice.contains("Stellplatz") && notice.contains("3,00 €"), "{notice}");
    assert!(!visit.timeline.iter().any(|step| step.kind == "parking"));
}

#[tokio::test]
async fn a_payment_that_could_not_begin_begins_when_it_is_ordered_again() {
    let town = town().await;
    let held = town.held().await;
    town.provider.set_down(true);
    let visit = town.confirm(&held, Method::Online).await.expect("ordered");
    assert_eq!((visit.state(), visit.payment_url.as_str()), (VisitState::AwaitingPayment, ""));
    assert_eq!(visit.payment_method(), Method::Online);
    town.provider.set_down(false);
    let again = pb::ConfirmVisitRequest {
        visit_id: held.visit_id.clone(),
        method: Method::Online.into(),
        contact: None,
        return_url: "http://localhost/return".to_owned(),
    };
    let visit = client!(town, &guest("test")).confirm_visit(again).await.expect("again").into_inner();
    assert!(visit.payment_url.starts_with(&town.provider.url), "{}", visit.payment_url);
    assert_eq!(town.get(&visit).await.contact_name, contact().name, "as it was given before");
    town.press(&visit, "pay").await;
    town.wait_for(&visit, VisitState::Confirmed).await;
}

#[tokio::test]
async fn a_payment_given_up_behind_our_back_ends_the_visit() {
    let town = town().await;
    let visit = town.booked().await;
    let voided = PaymentRefunded {
        payment_id: visit.visit_id.clone(),
        visit_id: visit.visit_id.clone(),
        amount: Some(kernel::values::euro(0)),
    };
    town.react_twice("payments", &visit.visit_id, &voided).await;
    town.wait_for(&visit, VisitState::Cancelled).await;
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0), "nobody gets in for nothing");
    assert_eq!(town.told().await, (1, 0, 1));
}

#[tokio::test]
async fn what_is_ordered_at_the_last_minute_of_a_long_hold_is_held_while_it_is_paid() {
    let town = town().await;
    let held = town.held().await;
    for now in [8, 17, 26] {
        town.house.clock.set(minutes(now));
        let request = pb::ExtendVisitRequest { visit_id: held.visit_id.clone() };
        client!(town, &guest("test")).extend_visit(request).await.expect("extended");
    }
    town.house.clock.set(minutes(29));
    let visit = town.confirm(&held, Method::Online).await.expect("ordered");
    let pay_until = minutes(29) + TimeDelta::minutes(15);
    town.house.clock.set(pay_until - TimeDelta::seconds(1));
    assert_eq!(town.taken().await, (2, 0), "nobody else takes them meanwhile");
    let until: DateTime<Utc> = sqlx::query_scalar("select expires_at from parking_right where visit_id = $1")
        .bind(id(&visit))
        .fetch_one(town.house.pool("parking"))
        .await
        .expect("a right");
    assert_eq!(until, pay_until + TimeDelta::minutes(2), "nor the bay, until it is known whether it was paid");
}

/// When the first showing begins.
fn start(town: &Town) -> DateTime<Utc> {
    from_timestamp(town.programme[0].starts_at)
}

/// Two places of the first showing, held a moment before it begins.
async fn held_before_the_start(town: &Town, before: TimeDelta) -> pb::Visit {
    town.house.clock.set(start(town) - before);
    town.hold(&pb::HoldVisitRequest { parking: None, ..town.wish() }).await.expect("held")
}

#[tokio::test]
async fn what_has_begun_is_sold_by_staff_alone() {
    let town = town().await;
    let visit = held_before_the_start(&town, TimeDelta::minutes(1)).await;
    assert_eq!(visit.hold_expires_at, Some(timestamp(start(&town))), "as long as it can be ordered");
    let extend = pb::ExtendVisitRequest { visit_id: visit.visit_id.clone() };
    let refused = client!(town, &guest("test")).extend_visit(extend).await.expect_err("to the start");
    assert_eq!(refused.metadata().get(kernel::error::REASON).expect("its name"), "SaleEnds");
    let mut wish = pb::HoldVisitRequest { parking: None, ..town.wish() };
    wish.channel = Channel::Door.into();
    let walk_up = town.hold_as(&desk(), &wish).await.expect("held at the desk");

    town.house.clock.set(start(&town) + TimeDelta::minutes(2));
    for method in [Method::Online, Method::AtDesk] {
        let refused = town.confirm(&visit, method).await.expect_err("it has begun");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("choose a later one"), "{}", refused.message());
    }
    let order = pb::ConfirmVisitRequest {
        visit_id: walk_up.visit_id.clone(),
        method: Method::AtDesk.into(),
        contact: None,
        return_url: String::new(),
    };
    let late = client!(town, &desk()).confirm_visit(order).await.expect("staff say who comes in late").into_inner();
    assert_eq!(late.state(), VisitState::Confirmed);
}

#[tokio::test]
async fn nobody_pays_for_what_has_begun() {
    let town = town().await;
    let held = held_before_the_start(&town, TimeDelta::minutes(2)).await;
    let visit = town.confirm(&held, Method::Online).await.expect("ordered");
    town.house.clock.set(start(&town));
    town.wait_for(&visit, VisitState::Expired).await;
    assert!(town.house.clock.now() < start(&town) + TimeDelta::minutes(5), "before its quarter of an hour is over");
    town.press(&visit, "pay").await;
    let settled = after_late_money(&town, &visit).await;
    assert_eq!((settled.state(), settled.payment_state()), (VisitState::Refunded, PaymentState::Refunded));
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 0), "no ticket");
}

/// Of both the house hears a minute after the start, while it still waits for the money.
#[tokio::test]
async fn what_was_paid_after_the_start_goes_back_and_what_was_paid_before_it_is_honoured() {
    let town = town().await;
    let mut ordered = Vec::new();
    for _ in 0..2 {
        let held = held_before_the_start(&town, TimeDelta::minutes(2)).await;
        ordered.push(town.confirm(&held, Method::Online).await.expect("ordered"));
    }
    let start = start(&town);
    for (visit, paid_at) in ordered.iter().zip([start - TimeDelta::seconds(20), start + TimeDelta::seconds(20)]) {
        town.provider.says_paid_at(paid_at);
        town.press(visit, "pay").await;
        assert_eq!(town.get(visit).await.state(), VisitState::AwaitingPayment, "nobody has asked");
    }
    town.house.clock.set(start + TimeDelta::minutes(1));
    let in_time = town.wait_for(&ordered[0], VisitState::Confirmed).await;
    assert_eq!(in_time.payment_state(), PaymentState::Paid);
    let too_late = town.wait_for(&ordered[1], VisitState::Refunded).await;
    let notice = too_late.notice.expect("why").de;
    assert!(notice.contains("schon begonnen") && notice.contains("spätere"), "{notice}");
    town.house.settle().await;
    assert_eq!(town.taken().await, (0, 2), "places of the one");
}

#[tokio::test]
async fn what_staff_sell_online_after_the_start_is_kept() {
    let town = town().await;
    held_before_the_start(&town, TimeDelta::minutes(1)).await;
    let mut wish = pb::HoldVisitRequest { parking: None, ..town.wish() };
    wish.channel = Channel::Door.into();
    let mut ordered = Vec::new();
    for _ in 0..2 {
        ordered.push(town.hold_as(&desk(), &wish).await.expect("held at the desk"));
        wish.idempotency_key = Uuid::new_v4().to_string();
    }
    town.house.clock.set(start(&town) + TimeDelta::minutes(2));
    for visit in &mut ordered {
        let order = pb::ConfirmVisitRequest {
            visit_id: visit.visit_id.clone(),
            method: Method::Online.into(),
            contact: Some(contact()),
            return_url: "http://localhost/return".to_owned(),
        };
        *visit = client!(town, &desk()).confirm_visit(order).await.expect("ordered by staff").into_inner();
    }
    // Of the other the house hears after it has given it up.
    town.force(&ordered[1], "expired", 30).await;
    for visit in &ordered {
        town.provider.says_paid_at(start(&town) + TimeDelta::minutes(3));
        town.press(visit, "pay").await;
    }
    town.house.clock.set(start(&town) + TimeDelta::minutes(4));
    for visit in &ordered {
        town.wait_for(visit, VisitState::Confirmed).await;
    }
}

#[tokio::test]
async fn money_of_which_is_told_late_counts_when_it_was_paid() {
    let town = town().await;
    let (in_time, too_late) = (town.held().await, town.held().await);
    let paid = |visit: &pb::Visit, at: DateTime<Utc>| PaymentCompleted {
        payment_id: visit.visit_id.clone(),
        visit_id: visit.visit_id.clone(),
        method: Method::Online.into(),
        state: PaymentState::Paid.into(),
        amount: Some(kernel::values::euro(2000)),
        at: Some(timestamp(at)),
    };
    for visit in [&in_time, &too_late] {
        town.confirm(visit, Method::Online).await.expect("ordered");
        // Nobody could be asked, and it was given up.
        town.force(visit, "expired", 30).await;
    }
    let start = start(&town);
    town.house.clock.set(start + TimeDelta::minutes(1));
    let completed = paid(&in_time, start - TimeDelta::minutes(5));
    town.react_twice("payments", &in_time.visit_id, &completed).await;
    town.wait_for(&in_time, VisitState::Confirmed).await;
    let completed = paid(&too_late, start + TimeDelta::seconds(30));
    town.react_twice("payments", &too_late.visit_id, &completed).await;
    let now = town.get(&too_late).await;
    assert!(
        matches!(now.state(), VisitState::Refunding | VisitState::Refunded | VisitState::Cancelled),
        "{:?}",
        now.state()
    );
    let notice = now.notice.expect("why").de;
    assert!(notice.contains("schon begonnen") && notice.contains("spätere"), "{notice}");
}
