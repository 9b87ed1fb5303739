//! What the visit's events mean for its money. Each may come twice and late.

use kernel::{BoxFuture, Event, Failure, Tx, values};
use prost::Name;
use sky_proto::journey::v1::{VisitCancelled, VisitExpired};

use crate::commands;

/// The visit is cancelled or expired.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        match event.name() {
            VisitCancelled::NAME => {
                let told = event.decode::<VisitCancelled>()?;
                let visit = values::id("visit_id", &told.visit_id)?;
                if told.refund {
                    commands::give_back(tx, visit, "visit cancelled").await?;
                } else {
                    commands::stop_asking(tx, visit).await?;
                }
            }
            VisitExpired::NAME => {
                let told = event.decode::<VisitExpired>()?;
                commands::stop_asking(tx, values::id("visit_id", &told.visit_id)?).await?;
            }
            _ => {}
        }
        Ok(())
    })
}
