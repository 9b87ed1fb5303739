//! Parts that go back, in the words of the contract. Decides nothing.

use kernel::values::{euro, timestamp};
use sky_proto::{journey::v1 as pb, payments::v1 as payments};
use uuid::Uuid;

use crate::domain::money_back::{BackState, MoneyBack, Owed};

pub(crate) fn refund_due(visit: Uuid, owed: &Owed) -> pb::VisitRefundDue {
    pb::VisitRefundDue {
        visit_id: visit.to_string(),
        refund_id: owed.id.to_string(),
        amount: Some(euro(owed.cents)),
        reason: Some(owed.reason.to_proto()),
    }
}

pub(crate) fn part(it: &MoneyBack) -> payments::PartRefund {
    let state = match it.state {
        BackState::Asked => payments::PartState::Asked,
        BackState::Returning => payments::PartState::Returning,
        BackState::AtDesk => payments::PartState::AtDesk,
        BackState::LessDue => payments::PartState::LessDue,
        BackState::Done => payments::PartState::Done,
        BackState::Covered => payments::PartState::Covered,
    };
    payments::PartRefund {
        refund_id: it.id.to_string(),
        amount: Some(euro(it.cents)),
        state: state.into(),
        reason: Some(it.reason.to_proto()),
        asked_at: Some(timestamp(it.asked_at)),
    }
}
