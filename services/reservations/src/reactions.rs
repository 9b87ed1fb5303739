//! What journey's events mean here. Each may come twice and late.

use kernel::{BoxFuture, Event, Failure, Tx, values};
use prost::Name;
use sky_proto::journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired};
use uuid::Uuid;

use crate::{
    commands::{self, Confirmed},
    domain::BookingState,
};

/// What of journey's events means something here.
pub(crate) const OF_JOURNEY: &[&str] = &[VisitCancelled::NAME, VisitConfirmed::NAME, VisitExpired::NAME];

/// Visits are confirmed, expired or cancelled. Those that are confirmed one after the other are confirmed together.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        // The aggregate of these events is the visit. The seller, and who tells what is left, lock several showings
        // at once too: all by their ids.
        let visits: Vec<Uuid> = run.iter().filter_map(|event| event.aggregate_id.parse().ok()).collect();
        commands::lock_showings_of(tx, &visits).await?;
        let mut confirmed = Vec::new();
        for event in run {
            match event.name() {
                VisitConfirmed::NAME => {
                    let told = event.decode::<VisitConfirmed>()?;
                    confirmed.push(Confirmed {
                        visit: values::id("visit_id", &told.visit_id)?,
                        showing: values::id("showing_id", &told.showing_id)?,
                        reference: told.reference,
                    });
                }
                VisitExpired::NAME => {
                    let told = event.decode::<VisitExpired>()?;
                    commands::confirm(tx, std::mem::take(&mut confirmed)).await?;
                    commands::release(tx, values::id("visit_id", &told.visit_id)?, BookingState::Expired).await?;
                }
                VisitCancelled::NAME => {
                    let told = event.decode::<VisitCancelled>()?;
                    commands::confirm(tx, std::mem::take(&mut confirmed)).await?;
                    commands::cancel(tx, values::id("visit_id", &told.visit_id)?).await?;
                }
                _ => {}
            }
        }
        Ok(commands::confirm(tx, confirmed).await?)
    })
}
