//! Parts of a payment that go back, as the visitor's page and the desk show them.

use sky_proto::{
    journey::v1::Visit,
    payments::v1::{PartRefund, PartState},
};

use crate::words::Words;

/// One part.
pub(super) struct RefundView {
    pub(super) id: String,
    pub(super) amount: String,
    pub(super) reason: String,
    pub(super) state: String,
    /// The state's colour; it is said in words too.
    pub(super) kind: &'static str,
    pub(super) at_desk: bool,
}

/// Those of a visit. What goes back with the whole payment is said there.
pub(super) fn of_visit(w: &Words, visit: &Visit) -> Vec<RefundView> {
    visit.refunds.iter().filter_map(|refund| view(w, refund)).collect()
}

fn view(w: &Words, refund: &PartRefund) -> Option<RefundView> {
    let (key, kind) = match refund.state() {
        PartState::Unspecified | PartState::Asked | PartState::Returning => ("back-returning", "few"),
        PartState::AtDesk => ("back-at-desk", "few"),
        PartState::LessDue => ("back-less-due", "good"),
        PartState::Done => ("back-done", "good"),
        PartState::Covered => return None,
    };
    Some(RefundView {
        id: refund.refund_id.clone(),
        amount: w.money(&refund.amount),
        reason: w.text(&refund.reason),
        state: w.t(key),
        kind,
        at_desk: refund.state() == PartState::AtDesk,
    })
}
