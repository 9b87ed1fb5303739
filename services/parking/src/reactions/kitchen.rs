//! What the kitchen's events mean here: whoever eats after the showing needs the bay until then.

use std::collections::BTreeMap;

use kernel::{BoxFuture, Event, Failure, Tx, values};
use prost::Name;
use sky_proto::gastro::v1::{OrderMoved, OrderScheduled, OrderState, OrderStateChanged};
use uuid::Uuid;

use crate::{commands, domain::meals::Told};

/// What of gastro's events means something here.
pub(crate) const OF_GASTRO: &[&str] = &[OrderMoved::NAME, OrderScheduled::NAME, OrderStateChanged::NAME];

/// When meals are collected, and whether there are any.
pub(crate) fn from_gastro<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut meals: BTreeMap<Uuid, Vec<Told>> = BTreeMap::new();
        for event in run {
            let (visit, told) = match event.name() {
                OrderScheduled::NAME => {
                    let told = event.decode::<OrderScheduled>()?;
                    (told.visit_id, Told::PickupAt(values::time("pickup_at", told.pickup_at)?))
                }
                OrderMoved::NAME => {
                    let told = event.decode::<OrderMoved>()?;
                    (told.visit_id, Told::PickupAt(values::time("pickup_at", told.pickup_at)?))
                }
                OrderStateChanged::NAME => {
                    let told = event.decode::<OrderStateChanged>()?;
                    let is_made = match told.state() {
                        OrderState::Unspecified => continue,
                        OrderState::Cancelled | OrderState::Rejected => Told::Cancelled,
                        _ => Told::Made,
                    };
                    (told.visit_id, is_made)
                }
                _ => continue,
            };
            meals.entry(values::id("visit_id", &visit)?).or_default().push(told);
        }
        Ok(commands::meals::told(tx, &meals).await?)
    })
}
