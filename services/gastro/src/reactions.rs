//! What other services' events mean here. Each may come twice, late and in another order than those
//! of other services.

use std::collections::BTreeMap;

use kernel::{
    BoxFuture, Event, Failure, Tx,
    values::{self, from_timestamp},
};
use prost::Name;
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState},
    journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired, VisitRebooked},
    payments::v1::{Means, Method, PaymentSettled},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};

use uuid::Uuid;

use crate::{
    commands::{
        self,
        rebooking::Rebooked,
        showing::{self, Told},
    },
    domain::payment::PaidBy,
};

/// What of journey's events means something here.
pub(crate) const OF_JOURNEY: &[&str] =
    &[VisitCancelled::NAME, VisitConfirmed::NAME, VisitExpired::NAME, VisitRebooked::NAME];

/// Visits are confirmed, expired or cancelled.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        // Those that are confirmed one after the other are confirmed together, before anything else that is told.
        let mut confirmed = Vec::new();
        for event in run {
            if event.name() == VisitConfirmed::NAME {
                let told = event.decode::<VisitConfirmed>()?;
                if told.has_meal {
                    confirmed.push((values::id("visit_id", &told.visit_id)?, paid_by(told.paid_by())));
                }
                continue;
            }
            commands::confirming::confirm(tx, &std::mem::take(&mut confirmed)).await?;
            match event.name() {
                VisitExpired::NAME => {
                    let told = event.decode::<VisitExpired>()?;
                    commands::release(tx, values::id("visit_id", &told.visit_id)?).await?;
                }
                VisitCancelled::NAME => {
                    let told = event.decode::<VisitCancelled>()?;
                    commands::cancel(tx, values::id("visit_id", &told.visit_id)?, told.refund).await?;
                }
                VisitRebooked::NAME => {
                    let told = event.decode::<VisitRebooked>()?;
                    let times = told.starts_at.zip(told.ends_at);
                    let it = Rebooked {
                        visit: values::id("visit_id", &told.visit_id)?,
                        to: values::id("to_showing_id", &told.to_showing_id)?,
                        times: times.map(|(start, end)| (from_timestamp(Some(start)), from_timestamp(Some(end)))),
                    };
                    commands::rebooking::rebooked(tx, it).await?;
                }
                _ => {}
            }
        }
        Ok(commands::confirming::confirm(tx, &confirmed).await?)
    })
}

/// How a visit is paid; who does not say so told it before there was more than one way.
const fn paid_by(method: Method) -> PaidBy {
    match method {
        Method::Free => PaidBy::Free,
        Method::AtDesk => PaidBy::AtDesk,
        Method::Online | Method::Unspecified => PaidBy::Online,
    }
}

/// What of payments' events means something here.
pub(crate) const OF_PAYMENTS: &[&str] = &[PaymentSettled::NAME];

/// The desk has taken the money of a visit: then its meal has a receipt.
pub(crate) fn from_payments<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != PaymentSettled::NAME {
            return Ok(());
        }
        let told = event.decode::<PaymentSettled>()?;
        let by = match told.means() {
            _ if told.amount.as_ref().is_none_or(|amount| amount.cents == 0) => PaidBy::Free,
            Means::Card => PaidBy::Card,
            Means::Cash | Means::Unspecified => PaidBy::Cash,
        };
        Ok(commands::receipts::settled(tx, values::id("visit_id", &told.visit_id)?, by).await?)
    })
}

/// What of reservations' events means something here.
pub(crate) const OF_RESERVATIONS: &[&str] = &[ShowingDelayed::NAME, ShowingScheduled::NAME];

/// Showings are planned or delayed: of those that come together, each showing's last word counts. A cancelled showing
/// comes as its cancelled visits.
pub(crate) fn from_reservations<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut told: BTreeMap<Uuid, Told> = BTreeMap::new();
        for event in run {
            let (showing_id, starts_at, ends_at) = match event.name() {
                ShowingScheduled::NAME => {
                    let told = event.decode::<ShowingScheduled>()?;
                    (told.showing_id, told.starts_at, told.ends_at)
                }
                ShowingDelayed::NAME => {
                    let told = event.decode::<ShowingDelayed>()?;
                    (told.showing_id, told.starts_at, told.ends_at)
                }
                _ => continue,
            };
            let showing = values::id("showing_id", &showing_id)?;
            let (starts_at, ends_at) = (values::time("starts_at", starts_at)?, values::time("ends_at", ends_at)?);
            let at = event.occurred_at;
            if told.get(&showing).is_none_or(|before| before.at <= at) {
                told.insert(showing, Told { showing, starts_at, ends_at, at });
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        let told: Vec<Told> = told.into_values().collect();
        Ok(showing::told(tx, &told).await?)
    })
}

/// What of flow's events means something here.
pub(crate) const OF_FLOW: &[&str] = &[AdmissionMoved::NAME];

/// The door predicts when the showing will end.
pub(crate) fn from_flow<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != AdmissionMoved::NAME {
            return Ok(());
        }
        let told = event.decode::<AdmissionMoved>()?;
        let has_begun = match told.state() {
            AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall => false,
            AdmissionState::Running
            | AdmissionState::Egress
            | AdmissionState::Turnover
            | AdmissionState::Closed
            | AdmissionState::Aborted => true,
            AdmissionState::Cancelled | AdmissionState::Unspecified => return Ok(()),
        };
        if told.predicted_end_at.is_none() {
            return Ok(());
        }
        let prediction = showing::Prediction {
            ends_at: values::time("predicted_end_at", told.predicted_end_at)?,
            at: values::time("at", told.at)?,
            has_begun,
        };
        let showing_id = values::id("showing_id", &told.showing_id)?;
        Ok(showing::end_predicted(tx, showing_id, prediction).await?)
    })
}
