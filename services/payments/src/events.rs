//! The domain in the words of the contract. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::{euro, timestamp};
use sky_proto::payments::v1 as pb;

use crate::domain::{
    Means, Method, Payment, State, Why,
    parts::{Part, PartState, Payout, whole},
};

fn method(method: Method) -> pb::Method {
    match method {
        Method::Free => pb::Method::Free,
        Method::AtDesk => pb::Method::AtDesk,
        Method::Online => pb::Method::Online,
    }
}

fn state(state: State) -> pb::PaymentState {
    match state {
        State::Pending => pb::PaymentState::Pending,
        State::Paid => pb::PaymentState::Paid,
        State::DueAtDesk => pb::PaymentState::DueAtDesk,
        State::Failed => pb::PaymentState::Failed,
        State::Refunding => pb::PaymentState::Refunding,
        State::Refunded => pb::PaymentState::Refunded,
        State::Voided => pb::PaymentState::Voided,
    }
}

pub(crate) fn payment(payment: &Payment) -> pb::Payment {
    pb::Payment {
        payment_id: payment.id.to_string(),
        visit_id: payment.visit.to_string(),
        method: method(payment.method).into(),
        state: state(payment.state).into(),
        amount: Some(euro(payment.cents)),
        redirect_url: if payment.state == State::Pending { payment.redirect_url.clone() } else { String::new() },
        created_at: Some(timestamp(payment.created_at)),
        expires_at: Some(timestamp(payment.expires_at)),
        given_back: Some(euro(payment.given_back)),
        paid_at: payment.paid_at.map(timestamp),
        refunded: None,
    }
}

pub(crate) fn completed(payment: &Payment, at: DateTime<Utc>) -> pb::PaymentCompleted {
    pb::PaymentCompleted {
        payment_id: payment.id.to_string(),
        visit_id: payment.visit.to_string(),
        method: method(payment.method).into(),
        state: state(payment.state).into(),
        amount: Some(euro(payment.cents)),
        at: Some(timestamp(at)),
    }
}

pub(crate) fn failed(payment: &Payment, why: Why) -> pb::PaymentFailed {
    pb::PaymentFailed {
        payment_id: payment.id.to_string(),
        visit_id: payment.visit.to_string(),
        reason: Some(why.text().to_proto()),
    }
}

pub(crate) fn settled(payment: &Payment) -> pb::PaymentSettled {
    pb::PaymentSettled {
        payment_id: payment.id.to_string(),
        visit_id: payment.visit.to_string(),
        amount: Some(euro(payment.left())),
        means: match payment.means {
            None => pb::Means::Unspecified,
            Some(Means::Cash) => pb::Means::Cash,
            Some(Means::Card) => pb::Means::Card,
        }
        .into(),
    }
}

pub(crate) fn part_changed(part: &Part) -> pb::PartRefundChanged {
    let state = match part.state {
        PartState::Returning => pb::PartState::Returning,
        PartState::AtDesk => pb::PartState::AtDesk,
        PartState::LessDue => pb::PartState::LessDue,
        PartState::Done => pb::PartState::Done,
        PartState::Covered => pb::PartState::Covered,
    };
    pb::PartRefundChanged {
        payment_id: part.payment.to_string(),
        visit_id: part.visit.to_string(),
        refund_id: part.id.to_string(),
        amount: Some(euro(part.cents)),
        state: state.into(),
        revision: part.revision,
        whole: part.id == whole(part.payment),
    }
}

/// As the desk sees it.
pub(crate) fn payout(it: &Payout) -> pb::Payout {
    let cause = if it.paid_at_desk { pb::PayoutCause::PaidAtDesk } else { pb::PayoutCause::ProviderRefused };
    let (paid_out_at, paid_out_by) = it.part.paid_out.clone().unzip();
    pb::Payout {
        refund_id: it.part.id.to_string(),
        visit_id: it.part.visit.to_string(),
        amount: Some(euro(it.part.cents)),
        cause: cause.into(),
        whole: it.part.id == whole(it.part.payment),
        reason: it.reason.clone(),
        since: Some(timestamp(it.since)),
        paid_out_at: paid_out_at.map(timestamp),
        paid_out_by: paid_out_by.unwrap_or_default(),
        attempts: it.attempts,
    }
}

pub(crate) fn refunded(payment: &Payment, cents: i64) -> pb::PaymentRefunded {
    pb::PaymentRefunded {
        payment_id: payment.id.to_string(),
        visit_id: payment.visit.to_string(),
        amount: Some(euro(cents)),
    }
}
