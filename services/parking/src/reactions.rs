//! What other services' events mean here. Each may come twice, late and in another order than those
//! of other services.

mod kitchen;

use std::collections::BTreeMap;

use kernel::{
    BoxFuture, Event, Failure, Tx,
    values::{self, from_timestamp},
};
use prost::Name;
use prost_types::Timestamp;
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState, HouseState, HouseStateChanged},
    journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired, VisitRebooked},
    portal::v1::{DevicePairingChanged, PairingState},
    reservations::v1::{BookingConfirmed, BookingReissued, ShowingDelayed, ShowingScheduled},
};

use crate::commands::{self, rebooking::Rebooked};

pub(crate) use kitchen::{OF_GASTRO, from_gastro};

/// What of journey's events means something here.
pub(crate) const OF_JOURNEY: &[&str] =
    &[VisitCancelled::NAME, VisitConfirmed::NAME, VisitExpired::NAME, VisitRebooked::NAME];

/// Visits are confirmed, expired or cancelled.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        // Those that are confirmed one after the other are confirmed together, before anything else that is told.
        let mut confirmed = BTreeMap::new();
        for event in run {
            if event.name() == VisitConfirmed::NAME {
                let told = event.decode::<VisitConfirmed>()?;
                if told.has_parking {
                    confirmed.insert(values::id("visit_id", &told.visit_id)?, told.reference);
                }
                continue;
            }
            commands::confirming::confirm(tx, std::mem::take(&mut confirmed)).await?;
            match event.name() {
                VisitExpired::NAME => {
                    let told = event.decode::<VisitExpired>()?;
                    commands::release(tx, values::id("visit_id", &told.visit_id)?).await?;
                }
                VisitCancelled::NAME => {
                    let told = event.decode::<VisitCancelled>()?;
                    commands::cancel(tx, values::id("visit_id", &told.visit_id)?).await?;
                }
                VisitRebooked::NAME => {
                    let told = event.decode::<VisitRebooked>()?;
                    let times = |from: Option<Timestamp>, until: Option<Timestamp>| {
                        Some((from_timestamp(Some(from?)), from_timestamp(Some(until?))))
                    };
                    let it = Rebooked {
                        visit: values::id("visit_id", &told.visit_id)?,
                        to: values::id("to_showing_id", &told.to_showing_id)?,
                        from_times: times(told.from_starts_at, told.from_ends_at),
                        to_times: times(told.starts_at, told.ends_at),
                    };
                    commands::rebooking::rebooked(tx, it).await?;
                }
                _ => {}
            }
        }
        Ok(commands::confirming::confirm(tx, confirmed).await?)
    })
}

/// What of reservations' events means something here.
pub(crate) const OF_RESERVATIONS: &[&str] =
    &[BookingConfirmed::NAME, BookingReissued::NAME, ShowingDelayed::NAME, ShowingScheduled::NAME];

/// A showing is planned or delayed; tickets are issued. A cancelled showing comes as its cancelled
/// visits.
pub(crate) fn from_reservations<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut tickets = Vec::new();
        for event in run {
            match event.name() {
                ShowingScheduled::NAME => {
                    let told = event.decode::<ShowingScheduled>()?;
                    let (start, end) =
                        (values::time("starts_at", told.starts_at)?, values::time("ends_at", told.ends_at)?);
                    let showing = values::id("showing_id", &told.showing_id)?;
                    commands::showing_told(tx, showing, (start, end), start, end).await?;
                }
                ShowingDelayed::NAME => {
                    let told = event.decode::<ShowingDelayed>()?;
                    let (start, end) =
                        (values::time("starts_at", told.starts_at)?, values::time("ends_at", told.ends_at)?);
                    let delay = chrono::TimeDelta::minutes(told.minutes.into());
                    let showing = values::id("showing_id", &told.showing_id)?;
                    commands::showing_told(tx, showing, (start - delay, end - delay), start, end).await?;
                }
                BookingConfirmed::NAME => {
                    let told = event.decode::<BookingConfirmed>()?;
                    let visit = values::id("visit_id", &told.visit_id)?;
                    for ticket in &told.tickets {
                        tickets.push((visit, values::id("ticket_id", &ticket.ticket_id)?));
                    }
                }
                BookingReissued::NAME => {
                    for code in event.decode::<BookingReissued>()?.codes {
                        commands::code_reissued(tx, values::id("id", &code.id)?, code.generation).await?;
                    }
                }
                _ => {}
            }
        }
        // Nothing else is said of a ticket here, so the order does not matter.
        Ok(commands::tickets_issued(tx, &tickets).await?)
    })
}

/// What of flow's events means something here.
pub(crate) const OF_FLOW: &[&str] = &[AdmissionMoved::NAME, HouseStateChanged::NAME];

/// The door predicts when the showing will end; the house is evacuated.
pub(crate) fn from_flow<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() == AdmissionMoved::NAME {
            let told = event.decode::<AdmissionMoved>()?;
            if told.state() != AdmissionState::Cancelled && told.predicted_end_at.is_some() {
                let showing = values::id("showing_id", &told.showing_id)?;
                let end = values::time("predicted_end_at", told.predicted_end_at)?;
                // Before it begins the door repeats the plan, and may not know of a new one yet.
                let waits = matches!(
                    told.state(),
                    AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall
                );
                commands::end_predicted(tx, showing, (!waits).then_some(end)).await?;
            }
        }
        if event.name() == HouseStateChanged::NAME
            && let Some(house) = event.decode::<HouseStateChanged>()?.house
        {
            commands::gates::evacuation(tx, house.state() == HouseState::Evacuating).await?;
        }
        Ok(())
    })
}

/// What of the portal's events means something here.
pub(crate) const OF_PORTAL: &[&str] = &[DevicePairingChanged::NAME];

/// A device's pairing has ended. A new one ends the one before it, of whatever kind that was.
pub(crate) fn from_portal<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != DevicePairingChanged::NAME {
            return Ok(());
        }
        let told = event.decode::<DevicePairingChanged>()?;
        if matches!(told.state(), PairingState::Paired | PairingState::Revoked) {
            let device = values::slug("device_id", &told.device_id)?;
            kernel::ended::end(tx, device, values::time("at", told.at)?).await?;
        }
        Ok(())
    })
}
