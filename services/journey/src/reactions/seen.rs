//! Where parties were seen, how fast the door is, how far the car park: for the list of who is missing.
//! Beside what the same events mean for the visits themselves.

use kernel::{
    Event, Failure, Tx,
    values::{self, Text},
};
use prost::Name;
use sky_proto::{
    flow::v1::{ClockPolicyChanged, LiftChanged, PartyAdmitted},
    gastro::v1::{OrderState, OrderStateChanged},
    parking::v1::SiteChanged,
    payments::v1::PaymentSettled,
};

use super::{showing, visit};
use crate::{
    commands::{clock, missing},
    domain::clock::{ahead::Lift, legs::CarParkLegs},
};

/// Who pays at the desk stands there. Of whom nothing is due any more, because a part of the visit is off, nobody was seen.
pub(super) async fn from_payments(tx: &mut Tx, run: &[Event]) -> Result<(), Failure> {
    for event in run.iter().filter(|event| event.name() == PaymentSettled::NAME) {
        let told = event.decode::<PaymentSettled>()?;
        if told.amount.as_ref().is_some_and(|amount| amount.cents == 0) {
            continue;
        }
        missing::seen(tx, visit(&told.visit_id)?, event.occurred_at).await?;
    }
    Ok(())
}

/// Who collects a meal stands at the counter.
pub(super) async fn from_gastro(tx: &mut Tx, run: &[Event]) -> Result<(), Failure> {
    for event in run.iter().filter(|event| event.name() == OrderStateChanged::NAME) {
        let told = event.decode::<OrderStateChanged>()?;
        if told.state() == OrderState::Collected {
            missing::seen(tx, visit(&told.visit_id)?, event.occurred_at).await?;
        }
    }
    Ok(())
}

pub(super) async fn from_parking(tx: &mut Tx, run: &[Event]) -> Result<(), Failure> {
    // Lanes tell it with every car: the last word holds.
    if let Some(event) = run.iter().rfind(|event| event.name() == SiteChanged::NAME)
        && let Some(site) = event.decode::<SiteChanged>()?.site
    {
        let told = CarParkLegs {
            walk_minutes: site.walk_minutes,
            walk_uncertainty_seconds: site.walk_uncertainty_seconds,
            park_seconds: site.park_seconds,
            park_uncertainty_seconds: site.park_uncertainty_seconds,
        };
        missing::car_park(tx, told).await?;
    }
    Ok(())
}

/// The door's pace is a help: an event that does not say where and when helps nobody, and harms nobody.
pub(super) async fn from_flow(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    if event.name() == PartyAdmitted::NAME {
        let told = event.decode::<PartyAdmitted>()?;
        if let (Ok(showing), Ok(at)) = (showing(&told.showing_id), values::time("at", told.at)) {
            missing::counted(tx, showing, at, told.admitted_total).await?;
        }
    }
    if event.name() == LiftChanged::NAME
        && let Some(told) = event.decode::<LiftChanged>()?.lift
    {
        let lift = Lift { id: told.lift_id, is_working: told.working, without: Text::from_proto(told.without) };
        clock::lift_told(tx, &lift, told.revision).await?;
    }
    if event.name() == ClockPolicyChanged::NAME {
        let told = event.decode::<ClockPolicyChanged>()?;
        missing::turnover(tx, told.egress_minutes.saturating_add(told.turnover_minutes)).await?;
    }
    Ok(())
}
