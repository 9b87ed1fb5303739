//! When a meal can be picked up: quarters of an hour with the time that the stations have left in them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{QUARTER, quarter};

use super::{
    OrderedItem, Pickup,
    rules::{Guests, Wave},
};

/// So much is left to eat between a pickup's quarter and the showing.
const TO_EAT: TimeDelta = TimeDelta::minutes(15);
/// Nothing is made faster than this: it has to be called and carried too.
const SHORTEST_PREPARATION: TimeDelta = TimeDelta::minutes(5);
/// The wanted quarter and its neighbours.
pub(super) const NEAR: i32 = 4;
/// How many more quarters are looked at for what would fit instead.
const FAR: i32 = 16;

/// Seconds of work by station.
pub type Need = BTreeMap<String, u32>;

/// What the lines of an order ask of the stations.
pub(crate) fn need(lines: &[OrderedItem]) -> Need {
    let mut need = Need::new();
    for (station, work) in lines.iter().flat_map(OrderedItem::work) {
        let seconds = need.entry(station.to_owned()).or_default();
        *seconds = work.saturating_add(*seconds);
    }
    need
}

/// How long the kitchen takes when every station works on it with all hands. A busy station begins later.
pub(crate) fn preparation(need: &Need, room: &Room) -> TimeDelta {
    let longest = need.iter().map(|(station, work)| room.time_for(station, *work)).max().unwrap_or_default();
    longest.max(SHORTEST_PREPARATION)
}

/// When a meal is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Before or after.
    pub pickup: Pickup,
    /// The showing's start.
    pub starts_at: DateTime<Utc>,
    /// When its guests reach the counter: its end, as predicted, and the way from the dome.
    pub ends_at: DateTime<Utc>,
    /// How far from that quarter they have chosen one; it stays when the showing moves. None: as near as there is room.
    pub apart: Option<TimeDelta>,
}

impl Wish {
    /// The time that the pickup hangs on. While it stays, the pickup stays.
    pub(crate) const fn anchor(&self) -> DateTime<Utc> {
        match self.pickup {
            Pickup::Before => self.starts_at,
            Pickup::After => self.ends_at,
        }
    }

    /// The same with the quarter in which a time lies.
    pub(crate) fn choosing(self, at: Option<DateTime<Utc>>) -> Self {
        Self { apart: at.map(|at| quarter(at) - quarter(self.anchor())), ..self }
    }

    /// The quarter that was chosen.
    pub(crate) fn chosen(&self) -> Option<DateTime<Utc>> {
        self.apart.map(|apart| quarter(self.anchor()) + apart)
    }
}

/// A pickup and the quarter whose station time it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The quarter.
    pub slot_at: DateTime<Utc>,
    /// When it is there.
    pub pickup_at: DateTime<Utc>,
}

/// A station's hands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    /// Seconds of work in a whole quarter.
    pub capacity: u32,
    /// By how many seconds everything takes longer now.
    pub delay: u32,
    /// What is left in quarters where something is taken.
    pub left: BTreeMap<DateTime<Utc>, u32>,
}

/// The time that stations have left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// By station.
    pub stations: BTreeMap<String, Hands>,
}

impl Room {
    fn time_for(&self, station: &str, work: u32) -> TimeDelta {
        let hands = self.stations.get(station);
        let capacity = i64::from(hands.map_or(1, |hands| hands.capacity).max(1));
        let work = (i64::from(work) * QUARTER.num_seconds() + capacity - 1) / capacity;
        TimeDelta::seconds(work.max(SHORTEST_PREPARATION.num_seconds()) + i64::from(hands.map_or(0, |it| it.delay)))
    }

    pub(crate) fn left(&self, station: &str, slot_at: DateTime<Utc>) -> u32 {
        let Some(hands) = self.stations.get(station) else { return 0 };
        hands.left.get(&slot_at).copied().unwrap_or(hands.capacity)
    }

    pub(super) fn capacity(&self, station: &str) -> u32 {
        self.stations.get(station).map_or(0, |hands| hands.capacity)
    }

    fn fits(&self, need: &Need, slot_at: DateTime<Utc>) -> bool {
        need.iter().all(|(station, seconds)| *seconds <= self.left(station, slot_at))
    }

    /// With the stations alone that are needed.
    pub(crate) fn of(&self, need: &Need) -> Self {
        let needed = self.stations.iter().filter(|(station, _)| need.contains_key(*station));
        Self { stations: needed.map(|(station, hands)| (station.clone(), hands.clone())).collect() }
    }

    /// Takes time, or gives it back.
    pub(crate) fn change(&mut self, need: &Need, slot_at: DateTime<Utc>, with: fn(u32, u32) -> u32) {
        for (station, seconds) in need {
            if let Some(hands) = self.stations.get_mut(station) {
                let left = hands.left.entry(slot_at).or_insert(hands.capacity);
                *left = with(*left, *seconds);
            }
        }
    }

    /// A station that could not do this in a whole quarter of its own.
    pub(crate) fn too_much_for(&self, need: &Need) -> Option<String> {
        need.iter().find(|(station, seconds)| **seconds > self.capacity(station)).map(|(station, _)| station.clone())
    }

    fn longest_delay(&self) -> TimeDelta {
        TimeDelta::seconds(self.stations.values().map(|hands| hands.delay).max().unwrap_or_default().into())
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

/// The places of a wish, best first: before the showing from its start backwards, so that there is
/// time to eat; after it from its end on. Never sooner than the kitchen can.
pub(super) fn places(
    wish: &Wish,
    soonest: DateTime<Utc>,
    steps: std::ops::Range<i32>,
) -> impl Iterator<Item = Place> + use<> {
    let (first, step, no_sooner) = match wish.pickup {
        Pickup::Before => (quarter(wish.starts_at - TO_EAT) - QUARTER, -QUARTER, soonest),
        Pickup::After => {
            let no_sooner = soonest.max(wish.ends_at);
            (quarter(no_sooner), QUARTER, no_sooner)
        }
    };
    steps.filter_map(move |nth| {
        let slot_at = first + step * nth;
        let pickup_at = slot_at.max(no_sooner);
        (pickup_at < slot_at + QUARTER).then_some(Place { slot_at, pickup_at })
    })
}

/// The first place among the wanted quarter and its neighbours; the nearest to the quarter that was chosen.
fn near(wish: &Wish, soonest: DateTime<Utc>, fits: impl Fn(&Place) -> bool) -> Option<Place> {
    let mut near = places(wish, soonest, 0..NEAR).filter(fits);
    match wish.chosen() {
        Some(chosen) => near.min_by_key(|place| (place.slot_at - chosen).abs()),
        None => near.next(),
    }
}

/// The first place in which its guests can be there, whether or not the stations have time for it.
pub(crate) fn soonest_place(wish: &Wish, soonest: DateTime<Utc>) -> Place {
    let after = soonest.max(wish.ends_at);
    near(wish, soonest, |_| true).unwrap_or(Place { slot_at: quarter(after), pickup_at: after })
}

/// Further away on the same side of the showing, then after it.
fn further(wish: &Wish, soonest: DateTime<Utc>) -> impl Iterator<Item = Place> {
    let after = Wish { pickup: Pickup::After, ..*wish };
    places(wish, soonest, NEAR..NEAR + FAR).chain(places(&after, soonest, 0..FAR))
}

impl Placing {
    /// The first place that has room for everything, not sooner than the kitchen can; the nearest to the quarter that
    /// was chosen.
    pub(crate) fn of(wish: &Wish, need: &Need, soonest: DateTime<Utc>, room: &Room) -> Self {
        let fits = |place: &Place| room.fits(need, place.slot_at);
        match near(wish, soonest, fits) {
            Some(place) => Self::Fits(place),
            None => Self::Instead(further(wish, soonest).find(fits)),
        }
    }

    /// A meal that exists already: where the rules have room near its showing, else where the stations have, else the same
    /// further away. A rule spreads the guests; none is worth a meal.
    pub(crate) fn within(
        wish: &Wish,
        (need, guests): (&Need, Guests),
        soonest: DateTime<Utc>,
        room: &Room,
        wave: Option<&Wave>,
    ) -> Self {
        let Some(wave) = wave else { return Self::of(wish, need, soonest, room) };
        let fits = |place: &Place| room.fits(need, place.slot_at);
        let allowed = |place: &Place| fits(place) && wave.allows(guests, need, place.slot_at, room);
        if let Some(place) = near(wish, soonest, allowed).or_else(|| near(wish, soonest, fits)) {
            return Self::Fits(place);
        }
        Self::Instead(further(wish, soonest).find(allowed).or_else(|| further(wish, soonest).find(fits)))
    }
}

/// The quarters that a decision may look at.
pub(crate) fn reach(wish: &Wish, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let span = QUARTER * (NEAR + FAR + 2);
    (wish.starts_at.min(now) - span, wish.ends_at.max(now) + span)
}

/// The quarters of a span that are not over, have time left at every one of the stations, and begin after the delay
/// that a busy one has named.
pub(crate) fn free_slots(
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    room: &Room,
) -> Vec<(DateTime<Utc>, u32)> {
    let first = quarter(from.max(now + room.longest_delay()) + QUARTER - TimeDelta::seconds(1));
    std::iter::successors(Some(first), |slot_at| Some(*slot_at + QUARTER))
        .take_while(|slot_at| *slot_at < until)
        .filter_map(|slot_at| {
            let tightest = room.stations.keys().map(|station| room.left(station, slot_at)).min()?;
            (tightest > 0).then_some((slot_at, tightest))
        })
        .collect()
}

#[cfg(test)]
mod tests;
