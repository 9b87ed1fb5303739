//! The saga as a table: every state against every piece of news.

use super::*;
use crate::{
    domain::{
        Kitchen, Part,
        samples::{at, showing, visit},
    },
    projection,
};

fn reason() -> Text {
    Text::new("Grund", "reason")
}

fn all_news() -> Vec<News> {
    let (from, until) = (at(60), at(240));
    vec![
        News::Paid { due: false, at: None },
        News::Paid { due: true, at: None },
        News::PaymentFailed { reason: reason() },
        News::PaymentOpen,
        News::Settled,
        News::Refunded { cents: 0 },
        News::Refunded { cents: 2000 },
        News::BookingConfirmed { seats: Vec::new() },
        News::BookingRefused { reason: reason() },
        News::BookingCancelled,
        News::RightConfirmed { from, until },
        News::RightRefused { reason: reason() },
        News::RightMoved { from, until, showing: None, expected_from: None },
        News::RightCancelled,
        News::VehicleEntered { at: from },
        News::VehicleLeft { at: until },
        News::OrderScheduled { order_id: "o".to_owned(), number: 7, pickup_at: until, fire_at: until },
        News::OrderRefused { reason: reason() },
        News::OrderMoved { pickup_at: until, fire_at: until },
        News::OrderState { number: 7, kitchen: Kitchen::Ready },
        News::Admitted { people: 2 },
    ]
}

/// Everything that is not Stay, for a visit whose parts have not been answered.
fn expected(state: State, news: &News) -> Next {
    use State::{AwaitingPayment, Cancelled, Confirmed, Confirming, Expired, Held, Refunding};
    match (state, news) {
        (Held | AwaitingPayment | Expired, News::Paid { .. }) => Next::Confirm,
        (AwaitingPayment, News::PaymentFailed { .. }) => Next::Expire { notice: reason() },
        (AwaitingPayment, News::Refunded { .. }) => Next::Expire {
            notice: Text::new("Die Zahlung wurde abgebrochen.", "The payment was given up.")
                .plainly("Sie haben nicht bezahlt."),
        },
        (Confirming, News::BookingRefused { .. }) => Next::Cancel { reason: reason(), refund: true },
        (Confirming | Confirmed, News::BookingCancelled) => Next::Cancel {
            reason: Text::new("Ihre Plätze wurden storniert.", "Your places have been cancelled.")
                .plainly("Ihre Plätze sind abgesagt."),
            refund: true,
        },
        (Refunding, News::Paid { .. }) | (Refunding | Cancelled, News::PaymentOpen) => {
            Next::CancelAgain { refund: true }
        }
        (Cancelled, News::Paid { due: true, .. }) => Next::CancelAgain { refund: false },
        (Confirming | Confirmed, News::Refunded { cents: 0 }) => Next::Cancel {
            reason: Text::new("Die Zahlung wurde abgebrochen.", "The payment was given up.")
                .plainly("Sie haben nicht bezahlt."),
            refund: false,
        },
        (Refunding, News::Refunded { cents: 0 } | News::PaymentFailed { .. }) => Next::Cancelled,
        (Refunding, News::Refunded { cents }) => Next::Refunded { cents: *cents },
        _ => Next::Stay,
    }
}

#[test]
fn every_state_against_every_piece_of_news() {
    for state in State::ALL {
        for news in all_news() {
            let mut visit = visit(state);
            projection::note(&mut visit, &news);
            assert_eq!(next(&visit, &news), expected(state, &news), "{state:?} hears {news:?}");
        }
    }
}

#[test]
fn what_was_paid_online_is_not_given_up_afterwards() {
    let mut visit = visit(State::Confirmed);
    visit.method = Some(Method::Online);
    let news = News::Refunded { cents: 0 };
    projection::note(&mut visit, &news);
    assert_eq!(next(&visit, &news), Next::Stay);
}

#[test]
fn noting_twice_is_noting_once() {
    for news in all_news() {
        let mut once = visit(State::Confirming);
        projection::note(&mut once, &news);
        let mut twice = once.clone();
        projection::note(&mut twice, &news);
        assert_eq!(once, twice, "{news:?}");
    }
}

#[test]
fn a_visit_is_confirmed_when_its_last_part_is_answered_in_any_order() {
    let parts = [News::BookingConfirmed { seats: Vec::new() }, News::RightConfirmed { from: at(60), until: at(240) }];
    for order in [[0, 1], [1, 0]] {
        let mut visit = visit(State::Confirming);
        projection::note(&mut visit, &parts[order[0]]);
        assert_eq!(next(&visit, &parts[order[0]]), Next::Stay);
        projection::note(&mut visit, &parts[order[1]]);
        assert_eq!(next(&visit, &parts[order[1]]), Next::Confirmed);
    }
}

#[test]
fn a_refused_bay_does_not_spoil_the_visit_and_its_price_is_named() {
    let mut visit = visit(State::Confirming);
    projection::note(&mut visit, &News::BookingConfirmed { seats: Vec::new() });
    let refused = News::RightRefused { reason: Text::new("Alles voll.", "All full.") };
    projection::note(&mut visit, &refused);
    assert_eq!(next(&visit, &refused), Next::Confirmed);
    assert!(visit.notice.de.contains("3,00 €"), "{}", visit.notice.de);
    assert!(visit.notice.en.contains("All full."), "{}", visit.notice.en);
}

#[test]
fn a_late_word_does_not_undo_a_later_one() {
    let mut visit = visit(State::Confirmed);
    projection::note(&mut visit, &News::Refunded { cents: 2000 });
    projection::note(&mut visit, &News::Paid { due: false, at: None });
    assert_eq!(visit.money, Money::Refunded);
    projection::note(&mut visit, &News::BookingCancelled);
    projection::note(&mut visit, &News::BookingConfirmed { seats: Vec::new() });
    assert_eq!(visit.booking, Part::Cancelled);
    projection::note(&mut visit, &News::VehicleLeft { at: at(200) });
    projection::note(&mut visit, &News::VehicleEntered { at: at(70) });
    assert_eq!(visit.left_at, Some(at(200)), "the entry was told late");
}

#[test]
fn until_the_doors_open_the_money_goes_back() {
    let cancel_at = |state, by, minute| cancel(&visit(state), Some(&showing()), by, reason(), at(minute));
    let off = |refund| Ok(Next::Cancel { reason: reason(), refund });
    assert_eq!(cancel_at(State::Held, By::Visitor, 1), Ok(Next::Expire { notice: reason() }));
    assert_eq!(cancel_at(State::AwaitingPayment, By::Visitor, 1), off(true));
    assert_eq!(cancel_at(State::Confirmed, By::Visitor, 99), off(true));
    assert_eq!(cancel_at(State::Confirmed, By::Visitor, 100), off(false));
    assert_eq!(cancel_at(State::Confirmed, By::Visitor, 120), Err(CannotCancel::Started));
    assert_eq!(cancel_at(State::Confirmed, By::Desk, 130), off(true));
    for over in [State::Expired, State::Cancelled, State::Refunding, State::Refunded] {
        assert_eq!(cancel_at(over, By::Desk, 1), Ok(Next::Stay));
    }
    let mut inside = visit(State::Confirmed);
    inside.admitted = 1;
    let refused = cancel(&inside, Some(&showing()), By::Visitor, reason(), at(105));
    assert_eq!(refused, Err(CannotCancel::Admitted));
}

#[test]
fn every_state_waits_for_somebody_or_for_nothing() {
    for state in State::ALL {
        let waits = overdue(state) != Overdue::Nothing;
        let is_final =
            matches!(state, State::Refused | State::Confirmed | State::Expired | State::Cancelled | State::Refunded);
        assert_eq!(waits, !is_final, "{state:?}");
    }
}

#[test]
fn what_payments_answers_is_news_or_nothing() {
    let news = |payment, given_up| asked_payment(payment, given_up);
    let asked = |money| Asked { money, cents: 5, paid_at: Some(at(3)) };
    assert!(matches!(news(None, false), Some(News::PaymentFailed { .. })));
    assert!(matches!(news(Some(asked(Money::Failed)), false), Some(News::PaymentFailed { .. })));
    assert_eq!(news(Some(asked(Money::Paid)), false), Some(News::Paid { due: false, at: Some(at(3)) }));
    assert_eq!(news(Some(asked(Money::DueAtDesk)), true), Some(News::Paid { due: true, at: None }));
    assert_eq!(news(Some(asked(Money::Refunded)), false), Some(News::Refunded { cents: 5 }));
    assert_eq!(news(Some(asked(Money::Voided)), false), Some(News::Refunded { cents: 0 }));
    assert_eq!(news(Some(asked(Money::Pending)), false), None);
    assert!(matches!(news(Some(asked(Money::Pending)), true), Some(News::PaymentFailed { .. })));
    assert_eq!(news(Some(asked(Money::Refunding)), true), None);
}

#[test]
fn money_that_came_after_the_start_goes_back_and_what_was_paid_before_is_honoured() {
    let showing = showing();
    assert_eq!(late_money(at(119), Some(&showing)), Next::Confirm);
    assert!(matches!(late_money(at(120), Some(&showing)), Next::Cancel { refund: true, .. }));
    assert_eq!(late_money(at(120), None), Next::Confirm, "nobody knows when it begins");
}

#[test]
fn money_may_be_late_that_a_visitor_paid_online_after_their_time() {
    let mut ordered = visit(State::AwaitingPayment);
    (ordered.method, ordered.payment_expires_at) = (Some(Method::Online), Some(at(15)));
    let paid = |minute| News::Paid { due: false, at: Some(at(minute)) };
    assert_eq!(paid_late(&ordered, &paid(14)), None);
    assert_eq!(paid_late(&ordered, &paid(15)), Some(at(15)));
    assert_eq!(paid_late(&ordered, &News::Paid { due: false, at: None }), None, "as payments says");
    assert_eq!(paid_late(&ordered, &News::Paid { due: true, at: Some(at(20)) }), None, "at the desk");
    assert_eq!(paid_late(&Visit { method: Some(Method::Free), ..ordered.clone() }, &paid(20)), None);
    assert_eq!(paid_late(&Visit { maker: "staff:desk".to_owned(), ..ordered }, &paid(20)), None);
}
