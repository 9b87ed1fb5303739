//! What the visit's events mean for its money. Each may come twice and late.

use kernel::{BoxFuture, Event, Failure, Tx, values, values::Text};
use prost::Name;
use sky_proto::journey::v1::{VisitCancelled, VisitExpired, VisitRefundDue};

use crate::{commands, domain::parts::PartWish};

/// What of journey's events means something here.
pub(crate) const OF_JOURNEY: &[&str] = &[VisitCancelled::NAME, VisitExpired::NAME, VisitRefundDue::NAME];

/// The visit is cancelled or expired, or takes place and costs less.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        match event.name() {
            VisitCancelled::NAME => {
                let told = event.decode::<VisitCancelled>()?;
                let visit = values::id("visit_id", &told.visit_id)?;
                if told.refund {
                    commands::give_back(tx, visit, "visit cancelled").await?;
                } else {
                    commands::called_off(tx, visit).await?;
                }
            }
            VisitExpired::NAME => {
                let told = event.decode::<VisitExpired>()?;
                commands::stop_asking(tx, values::id("visit_id", &told.visit_id)?).await?;
            }
            VisitRefundDue::NAME => {
                let told = event.decode::<VisitRefundDue>()?;
                let wish = PartWish {
                    id: values::id("refund_id", &told.refund_id)?,
                    visit: values::id("visit_id", &told.visit_id)?,
                    cents: told.amount.map_or(0, |amount| amount.cents),
                    reason: Text::from_proto(told.reason).de,
                };
                if wish.cents <= 0 {
                    return Err(values::invalid("amount", "must be more than nothing").into());
                }
                commands::parts::ask(tx, &wish).await?;
            }
            _ => {}
        }
        Ok(())
    })
}
