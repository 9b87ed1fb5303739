//! Re-planning: what becomes of the pickups of many meals when what they hang on has moved. A pure function over
//! everything at once, so that a whole day can be planned anew within a blink.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use super::Pickup;
pub use super::placing::{Hands, Need, Place, Room, Wish};
use super::placing::{Placing, preparation};
pub use super::rules::{Guests, Wave};

/// A meal that is not being made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meal {
    /// Its order.
    pub id: Uuid,
    /// What its pickup hangs on, as it is known now.
    pub wish: Wish,
    /// Seconds of work by station.
    pub need: Need,
    /// Who it is for.
    pub guests: Guests,
    /// Its pickup as told last.
    pub pickup_at: DateTime<Utc>,
    /// The quarter whose time it has taken. None: none.
    pub slot_at: Option<DateTime<Utc>>,
    /// Not picked up sooner than this.
    pub not_before: DateTime<Utc>,
    /// What its pickup hangs on has not moved: it stays if it can still be made by then.
    pub stays: bool,
}

/// What becomes of a meal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its order.
    pub id: Uuid,
    /// Where it is placed now. None: there is no time for hours; its old pickup holds no more, and staff decide.
    pub place: Option<Place>,
    /// How long it takes.
    pub preparation: TimeDelta,
}

/// Places meals anew, in the order of their old pickups. All that move give their time back first, so that they can
/// take each other's. `room` is the kitchen as it is, their own time taken; it is left as it is afterwards, and so is the
/// `wave` of guests that the rules of ordering spread, where the house has rules.
pub fn replan(meals: &mut [Meal], room: &mut Room, mut wave: Option<&mut Wave>, now: DateTime<Utc>) -> Vec<Planned> {
    meals.sort_by_key(|meal| (meal.pickup_at, meal.id));
    for meal in meals.iter() {
        if let (Some(slot_at), None) = (meal.slot_at, stays(meal, room, now)) {
            room.change(&meal.need, slot_at, u32::saturating_add);
            if let Some(wave) = wave.as_deref_mut() {
                wave.give_back(meal.guests, &meal.need, slot_at, meal.pickup_at);
            }
        }
    }
    meals.iter().map(|meal| plan(meal, room, wave.as_deref_mut(), now)).collect()
}

fn stays(meal: &Meal, room: &Room, now: DateTime<Utc>) -> Option<Place> {
    let in_time = meal.pickup_at >= meal.not_before.max(now + preparation(&meal.need, room));
    let slot_at = meal.slot_at.filter(|_| meal.stays && in_time)?;
    Some(Place { slot_at, pickup_at: meal.pickup_at })
}

fn plan(meal: &Meal, room: &mut Room, wave: Option<&mut Wave>, now: DateTime<Utc>) -> Planned {
    let preparation = preparation(&meal.need, room);
    let mut place = stays(meal, room, now);
    if place.is_none() {
        let soonest = (now + preparation).max(meal.not_before);
        place = match Placing::within(&meal.wish, (&meal.need, meal.guests), soonest, room, wave.as_deref()) {
            Placing::Fits(place) | Placing::Instead(Some(place)) => Some(place),
            Placing::Instead(None) => None,
        };
        if let Some(place) = place {
            room.change(&meal.need, place.slot_at, u32::saturating_sub);
            if let Some(wave) = wave {
                wave.take(meal.guests, &meal.need, place.slot_at);
            }
        }
    }
    Planned { id: meal.id, place, preparation }
}

#[cfg(test)]
mod tests;
