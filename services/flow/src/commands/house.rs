//! The state of the whole house.

use kernel::Tx;
use serde_json::json;

use super::{incidents, record, touch};
use crate::{
    domain::{House, HouseState, Setting},
    error::Error,
    events, store,
};

/// Sets the state of the house; `exercise`: the evacuation is a drill.
pub(crate) async fn set_house(
    tx: &mut Tx,
    to: HouseState,
    exercise: bool,
    reason: String,
    by: String,
) -> Result<House, Error> {
    let now = tx.now();
    let mut house = store::lock_house(tx.conn()).await?;
    let (before, was_exercise, who) = (house.state, house.exercise, by.clone());
    match house.set(to, exercise, &by) {
        Setting::Keep => return Ok(house),
        Setting::MustClear => return Err(Error::Evacuating),
        Setting::SamePerson => return Err(Error::SecondPersonNeeded),
        Setting::NothingToClear => return Err(Error::NothingToClear),
        Setting::FirstClear => house.cleared_by = by,
        Setting::Take => {
            let (cleared_by, revision) = (String::new(), house.revision);
            house = House { state: to, since: now, by, cleared_by, reason, exercise, revision };
        }
    }
    house.revision += 1;
    store::save_house(tx.conn(), &house).await?;
    // The alarm in the middle of a drill is an incident of its own, which every display acknowledges anew.
    if was_exercise && !house.exercise && house.state == HouseState::Evacuating {
        incidents::follow_house(tx, HouseState::Normal, &who).await?;
    }
    let evacuation = incidents::follow_house(tx, house.state, &who).await?;
    tx.append("house", &events::house_state_changed(&house, evacuation.as_ref())).await?;
    let after = json!({"state": house.state.name(), "reason": house.reason, "first_clear": house.cleared_by,
        "exercise": house.exercise});
    record(tx, &who, "set_house", "house", json!({"state": before.name()}), after).await?;
    touch(tx);
    Ok(house)
}
