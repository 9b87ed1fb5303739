//! The rules of ordering, as the house file has them: how soon, how much, how many people, whose trays. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Need, OrderedItem, Room, Wish, placing::places};

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
            let share = hands.capacity * self.showing_share_percent / 100;
            hands.left.insert(*slot_at, left.min(share.saturating_sub(*seconds)));
        }
        for (slot_at, there) in taken.people {
            if there.saturating_add(people) > self.most_people_per_slot {
                for station in need.keys() {
                    if let Some(hands) = room.stations.get_mut(station) {
                        hands.left.insert(*slot_at, 0);
                    }
                }
            }
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
            allergens: Vec::new(),
            work_seconds: 60,
            traces: Vec::new(),
            variant: String::new(),
            modifiers: Vec::new(),
            combo: String::new(),
            tray: tray.to_owned(),
            recipe: String::new(),
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
