//! The state of the whole house.

use kernel::Tx;
use serde_json::json;

use super::{incidents, record, touch};
use crate::{
    domain::{House, HouseState, Setting},
    error::Error,
    events, store,
};

/// Sets the state of the house.
pub(crate) async fn set_house(tx: &mut Tx, to: HouseState, reason: String, by: String) -> Result<House, Error> {
    let now = tx.now();
    let mut house = store::lock_house(tx.conn()).await?;
    let (before, who) = (house.state, by.clone());
    match house.set(to, &by) {
        Setting::Keep => return Ok(house),
        Setting::MustClear => return Err(Error::Evacuating),
        Setting::SamePerson => return Err(Error::SecondPersonNeeded),
        Setting::NothingToClear => return Err(Error::NothingToClear),
        Setting::FirstClear => house.cleared_by = by,
        Setting::Take => {
            house = House { state: to, since: now, by, cleared_by: String::new(), reason, revision: house.revision };
        }
    }
    house.revision += 1;
    store::save_house(tx.conn(), &house).await?;
    let evacuation = incidents::follow_house(tx, house.state, &who).await?;
    tx.append("house", &events::house_state_changed(&house, evacuation.as_ref())).await?;
    let after = json!({"state": house.state.name(), "reason": house.reason, "first_clear": house.cleared_by});
    record(tx, &who, "set_house", "house", json!({"state": before.name()}), after).await?;
    touch(tx);
    Ok(house)
}
