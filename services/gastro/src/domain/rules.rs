//! The rules of ordering, as the house file has them: how soon, how much, how many people, whose trays. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::quarter;
use uuid::Uuid;

use super::{Category, Need, OrderedItem, Room, Wish, placing::places};

/// As the house file has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// From the order to the pickup, at least.
    pub(crate) lead: TimeDelta,
    pub(crate) most_pieces: u32,
    /// With trays.
    pub(crate) group_most_pieces: u32,
    pub(crate) most_trays: u32,
    /// Names that the house proposes.
    pub(crate) tray_labels: Vec<String>,
    pub(crate) most_people_per_slot: u32,
    /// Of a quarter's station time, for all orders of one showing: the others come out too.
    pub(crate) showing_share_percent: u32,
}

/// How many people lines seem to be for: as many as there are trays, else dishes or drinks, whichever is more.
pub(crate) fn people(lines: &[OrderedItem], category: impl Fn(&str) -> Option<Category>) -> u32 {
    let trays: BTreeSet<&String> = lines.iter().map(|line| &line.tray).filter(|tray| !tray.is_empty()).collect();
    if !trays.is_empty() {
        return u32::try_from(trays.len()).unwrap_or(u32::MAX);
    }
    let pieces = |of: Category| {
        let of_it = lines.iter().filter(|line| category(&line.item) == Some(of));
        of_it.fold(0_u32, |sum, line| sum.saturating_add(line.quantity))
    };
    pieces(Category::Food).max(pieces(Category::Drink)).max(1)
}

/// What is against an order's size or its trays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgainstRules {
    TooManyPieces { most: u32 },
    WrongTray { problem: String },
}

impl Rules {
    /// Whether these lines may be one order.
    pub(crate) fn check(&self, lines: &[OrderedItem]) -> Result<(), AgainstRules> {
        let with_tray = lines.iter().filter(|line| !line.tray.is_empty()).count();
        if with_tray > 0 && with_tray < lines.len() {
            let problem = "must stand with every line of a group's order or with none".to_owned();
            return Err(AgainstRules::WrongTray { problem });
        }
        let trays = lines.iter().map(|line| &line.tray).filter(|tray| !tray.is_empty()).collect::<BTreeSet<_>>().len();
        if u32::try_from(trays).unwrap_or(u32::MAX) > self.most_trays {
            let problem = format!("has {trays} names; one order may have {} trays", self.most_trays);
            return Err(AgainstRules::WrongTray { problem });
        }
        let pieces = lines.iter().fold(0_u32, |sum, line| sum.saturating_add(line.quantity));
        let most = if with_tray > 0 { self.group_most_pieces } else { self.most_pieces };
        if pieces > most { Err(AgainstRules::TooManyPieces { most }) } else { Ok(()) }
    }

    /// Takes out of the room what one showing and so many people must leave to others. In a quarter in which the showing
    /// has nothing yet it may take more than its share, and in one without people an order may be for more than the
    /// rule says: else the lunch of a class could never be one order.
    pub(crate) fn restrict(&self, room: &mut Room, need: &Need, taken: Taken<'_>, people: u32) {
        for ((station, slot_at), seconds) in taken.by_showing {
            let left = room.left(station, *slot_at);
            let Some(hands) = room.stations.get_mut(station) else { continue };
            let share = share_left(hands.capacity, self.showing_share_percent, *seconds);
            hands.left.insert(*slot_at, left.min(share));
        }
        for (slot_at, there) in taken.people {
            if is_crowded(*there, people, self.most_people_per_slot) {
                for station in need.keys() {
                    if let Some(hands) = room.stations.get_mut(station) {
                        hands.left.insert(*slot_at, 0);
                    }
                }
            }
        }
    }
}

/// What a showing's orders may still take of a station in a quarter in which they have something.
fn share_left(capacity: u32, percent: u32, taken: u32) -> u32 {
    (u64::from(capacity) * u64::from(percent) / 100).try_into().unwrap_or(capacity).saturating_sub(taken)
}

/// Whether so many more people are too many for a quarter in which there is somebody.
const fn is_crowded(there: u32, people: u32, most: u32) -> bool {
    there.saturating_add(people) > most
}

/// By station and quarter.
type Seconds = BTreeMap<(String, DateTime<Utc>), u32>;

/// Who an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guests {
    /// None: they came to the counter, and share with nobody.
    pub showing: Option<Uuid>,
    /// How many.
    pub people: u32,
}

/// The same rules for meals that exist: what quarters have of orders, counted along while many are placed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    share_percent: u32,
    most_people: u32,
    by_showing: BTreeMap<Uuid, Seconds>,
    people: BTreeMap<DateTime<Utc>, u32>,
}

impl Wave {
    /// Nothing is taken yet.
    #[must_use]
    pub fn new(share_percent: u32, most_people: u32) -> Self {
        Self { share_percent, most_people, ..Self::default() }
    }

    /// With what is taken of the quarters around.
    pub(crate) fn of(
        rules: &Rules,
        (by_showing, people): (BTreeMap<Uuid, Seconds>, BTreeMap<DateTime<Utc>, u32>),
    ) -> Self {
        let (share_percent, most_people) = (rules.showing_share_percent, rules.most_people_per_slot);
        Self { share_percent, most_people, by_showing, people }
    }

    /// Whether the rules leave room for this in a quarter.
    pub(crate) fn allows(&self, guests: Guests, need: &Need, slot_at: DateTime<Utc>, room: &Room) -> bool {
        let of_showing = guests.showing.and_then(|showing| self.by_showing.get(&showing));
        let in_share = |(station, seconds): (&String, &u32)| {
            let taken = of_showing.and_then(|it| it.get(&(station.clone(), slot_at)));
            taken.is_none_or(|taken| *seconds <= share_left(room.capacity(station), self.share_percent, *taken))
        };
        let there = self.people.get(&slot_at);
        there.is_none_or(|there| !is_crowded(*there, guests.people, self.most_people)) && need.iter().all(in_share)
    }

    /// A meal is placed.
    pub(crate) fn take(&mut self, guests: Guests, need: &Need, slot_at: DateTime<Utc>) {
        if let Some(showing) = guests.showing {
            let of_showing = self.by_showing.entry(showing).or_default();
            for (station, seconds) in need {
                let taken = of_showing.entry((station.clone(), slot_at)).or_default();
                *taken = taken.saturating_add(*seconds);
            }
        }
        let there = self.people.entry(slot_at).or_default();
        *there = there.saturating_add(guests.people);
    }

    /// A meal gives its place back. Where nothing is left, the rules know of nothing.
    pub(crate) fn give_back(&mut self, guests: Guests, need: &Need, slot_at: DateTime<Utc>, pickup_at: DateTime<Utc>) {
        if let Some(of_showing) = guests.showing.and_then(|showing| self.by_showing.get_mut(&showing)) {
            for (station, seconds) in need {
                less(of_showing, &(station.clone(), slot_at), *seconds);
            }
        }
        less(&mut self.people, &quarter(pickup_at), guests.people);
    }
}

fn less<K: Ord>(taken: &mut BTreeMap<K, u32>, key: &K, by: u32) {
    if let Some(there) = taken.get_mut(key) {
        *there = there.saturating_sub(by);
        if *there == 0 {
            taken.remove(key);
        }
    }
}

/// What quarters have of orders, held ones too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<'a> {
    /// Seconds of one showing's orders, by station and quarter.
    pub(crate) by_showing: &'a BTreeMap<(String, DateTime<Utc>), u32>,
    pub(crate) people: &'a BTreeMap<DateTime<Utc>, u32>,
}

/// The same quarters, each with the time at which a meal could be picked up in it.
pub(crate) fn quarters(wish: &Wish, soonest: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    places(wish, soonest, 0..super::placing::NEAR)
        .filter(|place| place.pickup_at >= soonest)
        .map(|place| (place.slot_at, place.pickup_at))
        .collect()
}

#[cfg(test)]
mod tests {
    use kernel::values::Text;

    use super::*;
    use crate::domain::Hands;

    fn rules() -> Rules {
        Rules {
            lead: TimeDelta::minutes(10),
            most_pieces: 20,
            group_most_pieces: 60,
            most_trays: 3,
            tray_labels: vec!["Merkur".to_owned()],
            most_people_per_slot: 60,
            showing_share_percent: 70,
        }
    }

    fn line(quantity: u32, tray: &str) -> OrderedItem {
        OrderedItem {
            item: "soup".to_owned(),
            name: Text::new("Suppe", "Soup"),
            quantity,
            station: "hot".to_owned(),
            work_seconds: 60,
            tray: tray.to_owned(),
            ..OrderedItem::default()
        }
    }

    #[test]
    fn a_group_may_have_more_but_must_say_whose_it_is() {
        for (lines, ok) in [
            (vec![line(20, "")], true),
            (vec![line(20, ""), line(1, "")], false),
            (vec![line(20, "1"), line(20, "2 – vegetarisch"), line(20, "Merkur")], true),
            (vec![line(31, "1"), line(30, "2")], false),
            (vec![line(1, "1"), line(1, "")], false),
            (vec![line(1, "1"), line(1, "2"), line(1, "3"), line(1, "4")], false),
            (vec![line(1, "1"), line(2, "1"), line(1, "2"), line(1, "3")], true),
            (vec![line(u32::MAX, "1"), line(u32::MAX, "2")], false),
        ] {
            assert_eq!(rules().check(&lines).is_ok(), ok, "{lines:?}");
        }
    }

    #[test]
    fn a_showing_leaves_a_part_of_a_quarter_to_others_and_people_have_room() {
        let at = |minutes: i64| DateTime::from_timestamp(1_795_863_600 + minutes * 60, 0).expect("in range");
        let hot = |minutes| ("hot".to_owned(), at(minutes));
        let room = || {
            let left = BTreeMap::from([(at(0), 400), (at(15), 100)]);
            Room { stations: BTreeMap::from([("hot".to_owned(), Hands { capacity: 1000, delay: 0, left })]) }
        };
        let need = Need::from([("hot".to_owned(), 60)]);
        let by_showing = BTreeMap::from([(hot(0), 600), (hot(15), 200)]);
        let people = BTreeMap::from([(at(15), 58), (at(30), 59)]);
        let taken = Taken { by_showing: &by_showing, people: &people };
        let mut one = room();
        rules().restrict(&mut one, &need, taken, 1);
        let left = |room: &Room, minutes| room.left("hot", at(minutes));
        assert_eq!((left(&one, 0), left(&one, 15), left(&one, 30), left(&one, 45)), (100, 100, 1000, 1000));
        let mut two = room();
        rules().restrict(&mut two, &need, taken, 3);
        assert_eq!((left(&two, 0), left(&two, 15), left(&two, 30)), (100, 0, 0), "three more are too many");
    }
}
