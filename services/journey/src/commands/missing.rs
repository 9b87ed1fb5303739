//! What is noted for the list of who is missing, and delays that move several showings.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use uuid::Uuid;

use crate::{
    domain::clock::legs::CarParkLegs,
    error::Error,
    store::missing::{self, Plan},
};

/// Sights and counts are of no use after a day, plans carried out are not needed for a repeat after it.
const KEEP: TimeDelta = TimeDelta::days(1);

/// Somebody of a party was seen in the house.
pub(crate) async fn seen(tx: &mut Tx, visit: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    missing::seen(tx.conn(), visit, at).await
}

/// The door has let in so many of a showing by then.
pub(crate) async fn counted(tx: &mut Tx, showing: Uuid, at: DateTime<Utc>, admitted: u32) -> Result<(), Error> {
    missing::counted(tx.conn(), showing, at, admitted).await
}

/// The car park tells how far it is to the door, and how long it takes into a bay.
pub(crate) async fn car_park(tx: &mut Tx, told: CarParkLegs) -> Result<(), Error> {
    missing::set_car_park(tx.conn(), told).await
}

/// The door tells how long the hall needs between two showings.
pub(crate) async fn turnover(tx: &mut Tx, minutes: u32) -> Result<(), Error> {
    missing::set_turnover(tx.conn(), minutes).await
}

/// Every hour.
pub(crate) async fn forget(tx: &mut Tx) -> Result<(), Error> {
    let before = tx.now() - KEEP;
    missing::forget(tx.conn(), before).await
}

/// Decides a delay once; a repeat gets what was decided first.
pub(crate) async fn decide(tx: &mut Tx, plan: &Plan) -> Result<Plan, Error> {
    let now = tx.now();
    missing::keep_plan(tx.conn(), plan, now).await
}

/// All its steps are taken.
pub(crate) async fn carried_out(tx: &mut Tx, key: Uuid) -> Result<(), Error> {
    missing::plan_done(tx.conn(), key).await
}
