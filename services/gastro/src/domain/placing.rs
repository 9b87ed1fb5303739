//! When a meal can be picked up: quarters of an hour with the time that the stations have left in them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{OrderedItem, Pickup};

/// Stations count their time in quarters of an hour.
pub(super) const SLOT: TimeDelta = TimeDelta::minutes(15);
/// So much is left to eat between a pickup's quarter and the showing.
const TO_EAT: TimeDelta = TimeDelta::minutes(15);
/// Nothing is made faster than this: it has to be called and carried too.
const SHORTEST_PREPARATION: TimeDelta = TimeDelta::minutes(5);
/// The wanted quarter and its neighbours.
pub(super) const NEAR: i32 = 4;
/// How many more quarters are looked at for what would fit instead.
const FAR: i32 = 16;

/// Seconds of work by station.
pub(crate) type Need = BTreeMap<String, u32>;

/// What the lines of an order ask of the stations.
pub(crate) fn need(lines: &[OrderedItem]) -> Need {
    let mut need = Need::new();
    for line in lines {
        let seconds = need.entry(line.station.clone()).or_default();
        *seconds = line.work_seconds.saturating_add(*seconds);
    }
    need
}

/// How long the kitchen takes when every station works on it with all hands.
pub(crate) fn preparation(need: &Need, room: &Room) -> TimeDelta {
    let seconds = |(station, work): (&String, &u32)| {
        let capacity = i64::from(room.capacity.get(station).copied().unwrap_or(1).max(1));
        (i64::from(*work) * SLOT.num_seconds() + capacity - 1) / capacity
    };
    let longest = need.iter().map(seconds).max().unwrap_or_default();
    TimeDelta::seconds(longest).max(SHORTEST_PREPARATION)
}

/// When a meal is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) pickup: Pickup,
    /// The showing's start.
    pub(crate) starts_at: DateTime<Utc>,
    /// Its end, as predicted.
    pub(crate) ends_at: DateTime<Utc>,
}

impl Wish {
    /// The time that the pickup hangs on. While it stays, the pickup stays.
    pub(crate) const fn anchor(&self) -> DateTime<Utc> {
        match self.pickup {
            Pickup::Before => self.starts_at,
            Pickup::After => self.ends_at,
        }
    }
}

/// A pickup and the quarter whose station time it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) slot_at: DateTime<Utc>,
    pub(crate) pickup_at: DateTime<Utc>,
}

/// The time that stations have left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// Of a whole quarter, by station.
    pub(crate) capacity: BTreeMap<String, u32>,
    /// What is left in quarters where something is taken.
    pub(crate) left: BTreeMap<(String, DateTime<Utc>), u32>,
}

impl Room {
    pub(super) fn left(&self, station: &str, slot_at: DateTime<Utc>) -> u32 {
        let whole = || self.capacity.get(station).copied().unwrap_or_default();
        self.left.get(&(station.to_owned(), slot_at)).copied().unwrap_or_else(whole)
    }

    fn fits(&self, need: &Need, slot_at: DateTime<Utc>) -> bool {
        need.iter().all(|(station, seconds)| *seconds <= self.left(station, slot_at))
    }

    /// A station that could not do this in a whole quarter of its own.
    pub(crate) fn too_much_for(&self, need: &Need) -> Option<String> {
        need.iter()
            .find(|(station, seconds)| **seconds > self.capacity.get(*station).copied().unwrap_or_default())
            .map(|(station, _)| station.clone())
    }
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    /// In the wanted quarter or one of its neighbours.
    Fits(Place),
    /// All of those are full; this is the nearest that would do.
    Instead(Option<Place>),
}

/// The beginning of the quarter that an instant is in.
pub(super) fn quarter(at: DateTime<Utc>) -> DateTime<Utc> {
    let into = at.timestamp().rem_euclid(SLOT.num_seconds());
    DateTime::from_timestamp(at.timestamp() - into, 0).unwrap_or(at)
}

/// The places of a wish, best first: before the showing from its start backwards, so that there is
/// time to eat; after it from its end on. Never sooner than the kitchen can.
pub(super) fn places(wish: &Wish, soonest: DateTime<Utc>, steps: std::ops::Range<i32>) -> impl Iterator<Item = Place> {
    let (first, step, no_sooner) = match wish.pickup {
        Pickup::Before => (quarter(wish.starts_at - TO_EAT) - SLOT, -SLOT, soonest),
        Pickup::After => {
            let no_sooner = soonest.max(wish.ends_at);
            (quarter(no_sooner), SLOT, no_sooner)
        }
    };
    steps.filter_map(move |nth| {
        let slot_at = first + step * nth;
        let pickup_at = slot_at.max(no_sooner);
        (pickup_at < slot_at + SLOT).then_some(Place { slot_at, pickup_at })
    })
}

impl Placing {
    /// The first place that has room for everything, not sooner than the kitchen can.
    pub(crate) fn of(wish: &Wish, need: &Need, soonest: DateTime<Utc>, room: &Room) -> Self {
        let fits = |place: &Place| room.fits(need, place.slot_at);
        if let Some(place) = places(wish, soonest, 0..NEAR).find(fits) {
            return Self::Fits(place);
        }
        let after = Wish { pickup: Pickup::After, ..*wish };
        let mut further = places(wish, soonest, NEAR..NEAR + FAR).chain(places(&after, soonest, 0..FAR));
        Self::Instead(further.find(fits))
    }
}

/// The quarters that a decision may look at.
pub(crate) fn reach(wish: &Wish, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let span = SLOT * (NEAR + FAR + 2);
    (wish.starts_at.min(now) - span, wish.ends_at.max(now) + span)
}

/// The quarters of a span that are not over and have time left at every one of the stations.
pub(crate) fn free_slots(
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    room: &Room,
) -> Vec<(DateTime<Utc>, u32)> {
    let first = quarter(from.max(now) + SLOT - TimeDelta::seconds(1));
    std::iter::successors(Some(first), |slot_at| Some(*slot_at + SLOT))
        .take_while(|slot_at| *slot_at < until)
        .filter_map(|slot_at| {
            let tightest = room.capacity.keys().map(|station| room.left(station, slot_at)).min()?;
            (tightest > 0).then_some((slot_at, tightest))
        })
        .collect()
}

#[cfg(test)]
mod tests;
