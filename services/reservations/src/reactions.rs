//! What journey's events mean here. Each may come twice and late.

use kernel::{BoxFuture, Event, Failure, Tx, values};
use prost::Name;
use sky_proto::journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired};
use uuid::Uuid;

use crate::{commands, domain::BookingState};

/// Locks the showings of the visits that events tell of. The seller, and who tells what is left, lock several
/// at once too.
pub(crate) fn lock_showings<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        // The aggregate of these events is the visit.
        let visits: Vec<Uuid> = run.iter().filter_map(|event| event.aggregate_id.parse().ok()).collect();
        Ok(commands::lock_showings_of(tx, &visits).await?)
    })
}

/// The visit is confirmed, expired or cancelled.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        match event.name() {
            VisitConfirmed::NAME => {
                let told = event.decode::<VisitConfirmed>()?;
                let visit = values::id("visit_id", &told.visit_id)?;
                let showing = values::id("showing_id", &told.showing_id)?;
                commands::confirm(tx, visit, showing, told.reference).await?;
            }
            VisitExpired::NAME => {
                let told = event.decode::<VisitExpired>()?;
                commands::release(tx, values::id("visit_id", &told.visit_id)?, BookingState::Expired).await?;
            }
            VisitCancelled::NAME => {
                let told = event.decode::<VisitCancelled>()?;
                commands::cancel(tx, values::id("visit_id", &told.visit_id)?).await?;
            }
            _ => {}
        }
        Ok(())
    })
}
