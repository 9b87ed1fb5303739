//! What follows from what: a visit's state and a piece of news (already noted) give the next step.
//! A table of pure decisions; commands carry them out.

use chrono::{DateTime, Utc};
use kernel::values::Text;

use crate::{
    domain::{Method, Money, Showing, State, Visit, join, waiting},
    projection::News,
};

/// The next step of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Stay,
    /// Paid or promised: let the services confirm their parts.
    Confirm,
    /// Every part has been answered.
    Confirmed,
    /// Over, unpaid: the parts are released.
    Expire {
        notice: Text,
    },
    /// Called off: parts are cancelled; with `refund` the money goes back.
    Cancel {
        reason: Text,
        refund: bool,
    },
    /// Called off already; the parts are told once more.
    CancelAgain {
        refund: bool,
    },
    /// So much of the money is back.
    Refunded {
        cents: i64,
    },
    /// Called off, and there was no money to give back.
    Cancelled,
}

/// What news mean in the visit's present state.
pub(crate) fn next(visit: &Visit, news: &News) -> Next {
    match (visit.state, news) {
        // Expired: the money was under way when time ran out. The services take their parts again if
        // they can; if the seats are gone, the money goes back.
        (State::Held | State::AwaitingPayment | State::Expired, News::Paid { .. }) => Next::Confirm,
        (State::AwaitingPayment, News::PaymentFailed { reason }) => Next::Expire { notice: reason.clone() },
        // Payments waits for no money any more.
        (State::AwaitingPayment, News::Refunded { .. }) => Next::Expire {
            notice: Text::new("Die Zahlung wurde abgebrochen.", "The payment was given up.")
                .plainly("Sie haben nicht bezahlt."),
        },
        (State::Refunding, News::Refunded { cents: 0 }) => Next::Cancelled,
        (State::Refunding, News::Refunded { cents }) => Next::Refunded { cents: *cents },
        // It was called off before payments had heard of the order, and so before there was anything to give back.
        (State::Refunding, News::Paid { .. }) => Next::CancelAgain { refund: true },
        (State::Cancelled, News::Paid { due: true, .. }) => Next::CancelAgain { refund: false },
        // So it was, and nobody pays any more: payments need not wait until time has run out.
        (State::Refunding | State::Cancelled, News::PaymentOpen) => Next::CancelAgain { refund: true },
        // Payments had given up what was due before it heard that all is well: without money there is no visit. An online
        // payment is never given up after it was paid.
        (State::Confirming | State::Confirmed, News::Refunded { cents: 0 }) if visit.method != Some(Method::Online) => {
            Next::Cancel {
                reason: Text::new("Die Zahlung wurde abgebrochen.", "The payment was given up.")
                    .plainly("Sie haben nicht bezahlt."),
                refund: false,
            }
        }
        // The payment failed while the visit was being called off: nothing comes back.
        (State::Refunding, News::PaymentFailed { .. }) => Next::Cancelled,
        (State::Confirming, News::BookingRefused { reason }) => Next::Cancel { reason: reason.clone(), refund: true },
        // Reservations has called the booking off by itself.
        (State::Confirming | State::Confirmed, News::BookingCancelled) => Next::Cancel {
            reason: Text::new("Ihre Plätze wurden storniert.", "Your places have been cancelled.")
                .plainly("Ihre Plätze sind abgesagt."),
            refund: true,
        },
        (State::Confirming, _) if visit.is_settled() => Next::Confirmed,
        _ => Next::Stay,
    }
}

/// When a visitor has paid online, if that was not within their time to pay: then it may have been after the start. What
/// staff sell they may sell after it.
pub(crate) fn paid_late(visit: &Visit, news: &News) -> Option<DateTime<Utc>> {
    match news {
        News::Paid { due: false, at: Some(at) } if visit.is_visitors() && visit.method == Some(Method::Online) => {
            Some(*at).filter(|at| visit.payment_expires_at.is_none_or(|until| *at >= until))
        }
        _ => None,
    }
}

/// What becomes of a visit whose money came then, whenever the house has heard of it. What was paid after the start goes
/// back; what was paid before is honoured.
pub(crate) fn late_money(at: DateTime<Utc>, showing: Option<&Showing>) -> Next {
    match showing {
        Some(showing) if at >= showing.starts_at => Next::Cancel {
            reason: Text {
                de: "Ihre Zahlung kam, als die Vorstellung schon begonnen hatte. Im Programm finden Sie spätere \
                     Vorstellungen."
                    .to_owned(),
                en: "Your payment came after the showing had begun. You find later showings in the programme."
                    .to_owned(),
                plain: "Sie haben zu spät bezahlt. Die Vorstellung hat schon angefangen. Sie können eine andere \
                        Vorstellung aussuchen."
                    .to_owned(),
            },
            refund: true,
        },
        _ => Next::Confirm,
    }
}

/// Who calls a visit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Visitor,
    Desk,
}

/// Why a visit cannot be called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotCancel {
    Started,
    Admitted,
}

/// What calling a visit off means now. Until the doors open the money goes back; the desk decides
/// for people, and always gives it back.
pub(crate) fn cancel(
    visit: &Visit,
    showing: Option<&Showing>,
    by: By,
    reason: Text,
    now: DateTime<Utc>,
) -> Result<Next, CannotCancel> {
    match visit.state {
        State::Waiting => Ok(Next::Expire { notice: waiting::left() }),
        State::Held => Ok(Next::Expire { notice: reason }),
        State::AwaitingPayment => Ok(Next::Cancel { reason, refund: true }),
        State::Confirming | State::Confirmed => {
            let started = showing.is_some_and(|showing| now >= showing.starts_at);
            let doors = showing.is_some_and(|showing| now >= showing.doors_at);
            match by {
                By::Desk => Ok(Next::Cancel { reason, refund: true }),
                By::Visitor if visit.admitted > 0 => Err(CannotCancel::Admitted),
                By::Visitor if started => Err(CannotCancel::Started),
                By::Visitor if doors && visit.money == Money::Paid => {
                    let stays = Text::new(
                        "Nach Beginn des Einlasses wird nichts erstattet.",
                        "Nothing is paid back once the doors are open.",
                    )
                    .plainly("Die Türen sind schon offen. Darum gibt es kein Geld zurück.");
                    Ok(Next::Cancel { reason: join(&reason, &stays), refund: false })
                }
                By::Visitor => Ok(Next::Cancel { reason, refund: !doors }),
            }
        }
        State::Holding | State::Refused | State::Expired | State::Cancelled | State::Refunding | State::Refunded => {
            Ok(Next::Stay)
        }
    }
}

/// The showing is cancelled: what becomes of one of its visits.
pub(crate) fn showing_cancelled(visit: &Visit, reason: Text) -> Next {
    match visit.state {
        State::Waiting | State::Held => Next::Expire { notice: reason },
        State::AwaitingPayment | State::Confirming | State::Confirmed => Next::Cancel { reason, refund: true },
        State::Holding | State::Refused | State::Expired | State::Cancelled | State::Refunding | State::Refunded => {
            Next::Stay
        }
    }
}

/// What must be done about a visit whose deadline is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// Nobody came back for it.
    Expire,
    AskPayment,
    AskParts,
    AskRefund,
    /// It waits for nothing.
    Nothing,
}

pub(crate) const fn overdue(state: State) -> Overdue {
    match state {
        State::Waiting | State::Holding | State::Held => Overdue::Expire,
        State::AwaitingPayment => Overdue::AskPayment,
        State::Confirming => Overdue::AskParts,
        State::Refunding => Overdue::AskRefund,
        State::Refused | State::Confirmed | State::Expired | State::Cancelled | State::Refunded => Overdue::Nothing,
    }
}

/// How a payment stands that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) money: Money,
    pub(crate) cents: i64,
    pub(crate) paid_at: Option<DateTime<Utc>>,
}

/// What payments answers when it is asked, in the form of news; None: nothing new.
pub(crate) fn asked_payment(payment: Option<Asked>, given_up: bool) -> Option<News> {
    let out_of_time = || News::PaymentFailed {
        reason: Text::new("Die Zeit zum Bezahlen ist abgelaufen.", "The time to pay has run out.")
            .plainly("Die Zeit zum Bezahlen ist um."),
    };
    // Payments has never heard of it: nothing was paid, nothing will be.
    let Some(Asked { money, cents, paid_at: at }) = payment else { return Some(out_of_time()) };
    match money {
        Money::Paid => Some(News::Paid { due: false, at }),
        Money::DueAtDesk => Some(News::Paid { due: true, at: None }),
        Money::Failed => Some(out_of_time()),
        Money::Refunded => Some(News::Refunded { cents }),
        Money::Voided => Some(News::Refunded { cents: 0 }),
        Money::None | Money::Pending if given_up => Some(out_of_time()),
        Money::None | Money::Pending | Money::Refunding => None,
    }
}

/// The same of a visit that is called off.
pub(crate) fn asked_refund(payment: Option<Asked>) -> Option<News> {
    match payment {
        Some(Asked { money: Money::Pending, .. }) => Some(News::PaymentOpen),
        asked => asked_payment(asked, false),
    }
}

#[cfg(test)]
mod tests;
