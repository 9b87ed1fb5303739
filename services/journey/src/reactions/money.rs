//! What is told of parts that go back: the kitchen and reservations say that something costs less, payments says how
//! far the money is.

use kernel::{
    Event, Failure, Tx,
    values::{self, Text},
};
use prost::Name;
use sky_proto::{
    gastro::v1::OrderRefundDue,
    payments::v1::{PartRefundChanged, PartState},
    reservations::v1::BookingMoved,
};
use uuid::Uuid;

use crate::{
    commands::money_back::{self, OfMeal},
    domain::money_back::{BackState, Owed, Told},
    events,
};

/// Whether an event is about a part that goes back.
pub(super) fn is_about(event: &Event) -> bool {
    [OrderRefundDue::NAME, PartRefundChanged::NAME].contains(&event.name())
}

/// Such an event, in its turn.
pub(super) async fn told(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    if event.name() == OrderRefundDue::NAME {
        return of_meal(tx, event.decode::<OrderRefundDue>()?).await;
    }
    let told = event.decode::<PartRefundChanged>()?;
    let state = match told.state() {
        PartState::Unspecified | PartState::Asked => return Ok(()),
        PartState::Returning => BackState::Returning,
        PartState::AtDesk => BackState::AtDesk,
        PartState::LessDue => BackState::LessDue,
        PartState::Done => BackState::Done,
        PartState::Covered => BackState::Covered,
    };
    let (visit, id) = (values::id("visit_id", &told.visit_id)?, values::id("refund_id", &told.refund_id)?);
    let cents = told.amount.map_or(0, |amount| amount.cents);
    let told = Told { id, visit, cents, state, revision: told.revision, whole: told.whole };
    Ok(money_back::changed(tx, &told).await?)
}

async fn of_meal(tx: &mut Tx, told: OrderRefundDue) -> Result<(), Failure> {
    // Told before there were refunds of parts: one for the whole order.
    let id = if told.refund_id.is_empty() { &told.order_id } else { &told.refund_id };
    let owed = Owed {
        id: values::id("refund_id", id)?,
        cents: told.amount.map_or(0, |amount| amount.cents),
        reason: Text::from_proto(told.reason),
    };
    if owed.cents <= 0 {
        return Ok(());
    }
    let items = told.items.into_iter().map(events::item_of).collect();
    Ok(money_back::meal(tx, OfMeal { visit: values::id("visit_id", &told.visit_id)?, owed, items }).await?)
}

/// A visit has moved: its new places may be cheaper.
pub(super) async fn of_places(tx: &mut Tx, visit: Uuid, move_id: Uuid, told: BookingMoved) -> Result<(), Failure> {
    if told.items.is_empty() {
        return Ok(());
    }
    let items = told.items.into_iter().map(events::item_of).collect();
    Ok(money_back::showing(tx, visit, move_id, items).await?)
}
