//! The last evacuation, also when it is over: others read of its end as well.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{House, HouseState};

/// An evacuation, also when it is over: others hear of its end as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evacuated {
    /// The incident, or a number of our own.
    pub id: Uuid,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it was cleared; None: it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// A drill.
    #[serde(default)]
    pub exercise: bool,
}

impl Evacuated {
    /// What is known of the last evacuation once the house is in this state.
    pub(super) fn after(before: Option<Self>, house: &House) -> Option<Self> {
        // The alarm in the middle of a drill is another evacuation.
        let open = before.as_ref().is_some_and(|it| it.ended_at.is_none() && it.exercise == house.exercise);
        match (house.state, before) {
            (HouseState::Evacuating, before) if open => before,
            (HouseState::Evacuating, _) => {
                let own = || Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("evacuation {}", house.since).as_bytes());
                let id = house.about.as_ref().map_or_else(own, |about| about.id);
                Some(Self { id, began_at: house.since, ended_at: None, exercise: house.exercise })
            }
            (_, before) => before.map(|it| Self { ended_at: it.ended_at.or(Some(house.since)), ..it }),
        }
    }
}
