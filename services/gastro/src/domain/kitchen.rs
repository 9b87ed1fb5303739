//! What happens to an order in the kitchen after it was placed: rules of the house, moves that can be taken back,
//! what a station's parts come to, waste, and what may take the place of what is sold out. Pure decisions.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, day_of};
use serde::Deserialize;
use uuid::Uuid;

use super::{OrderState, affected::Affected};

/// What the house file says of the kitchen's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) recall: TimeDelta,
    pub(crate) give_up: TimeDelta,
    pub(crate) undo: TimeDelta,
    /// A pause is taken to last so long.
    pub(crate) pause: TimeDelta,
}

/// The last thing that was done to an order by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastMove {
    pub(crate) from: OrderState,
    pub(crate) to: OrderState,
    pub(crate) at: DateTime<Utc>,
    /// Only this station's part was moved, from there.
    pub(crate) part: Option<(String, OrderState)>,
}

impl LastMove {
    /// Until when it can be taken back; none when the order has moved on since.
    pub(crate) fn undo_until(&self, state: OrderState, rules: &Rules) -> Option<DateTime<Utc>> {
        (self.to == state).then(|| self.at + rules.undo)
    }
}

/// What is known of an order besides itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) affected: Option<Affected>,
    pub(crate) undo_until: Option<DateTime<Utc>>,
    pub(crate) parts: Vec<Ticket>,
    /// Cents that the counter has still to give back of an order that was placed there.
    pub(crate) gives_back: i64,
    /// What it has given back, the oldest first.
    pub(crate) given_back: Vec<GivenBack>,
    /// Until when the last of that can be taken back.
    pub(crate) given_back_undo_until: Option<DateTime<Utc>>,
}

/// Money that the counter has given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenBack {
    pub(crate) cents: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: String,
    /// It was noted by mistake: when that was said, and by whom.
    pub(crate) taken_back: Option<(DateTime<Utc>, String)>,
}

/// Until when the last of what was given back and stands can be taken back.
pub(crate) fn given_back_undo_until(given: &[GivenBack], rules: &Rules) -> Option<DateTime<Utc>> {
    given.iter().rfind(|it| it.taken_back.is_none()).map(|it| it.at + rules.undo)
}

/// One station's part of a fired order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    pub(crate) order: Uuid,
    pub(crate) station: String,
    pub(crate) work: OrderState,
    pub(crate) print: Print,
    pub(crate) attempts: u32,
    /// What the printer said last; empty: nothing wrong.
    pub(crate) problem: String,
    /// It may be on paper: the printer was sent it at least once.
    pub(crate) may_be_out: bool,
    /// An earlier one may be on paper. Known only of what is about to be printed.
    pub(crate) replaces: bool,
}

/// Where a ticket can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Print {
    OnScreen,
    /// Nowhere yet.
    Unsent,
    Printed,
}

impl Print {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OnScreen => "on_screen",
            Self::Unsent => "unsent",
            Self::Printed => "printed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::OnScreen, Self::Unsent, Self::Printed].into_iter().find(|print| print.name() == name)
    }
}

/// The name that an order's ticket has for a station, whenever it is asked: a replay makes no second one.
pub(crate) fn ticket_id(order: Uuid, station: &str, round: u32) -> Uuid {
    Uuid::new_v5(&order, format!("{station} {round}").as_bytes())
}

/// What the stations' parts make of the order: ready with the last of them, begun with the first.
pub(crate) fn together(parts: &[OrderState]) -> OrderState {
    if !parts.is_empty() && parts.iter().all(|part| *part == OrderState::Ready) {
        OrderState::Ready
    } else if parts.iter().any(|part| *part != OrderState::Fired) {
        OrderState::Preparing
    } else {
        OrderState::Fired
    }
}

/// Why something is thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WasteReason {
    Cancelled,
    NotCollected,
    Mistake,
    Dropped,
    Spoiled,
}

impl WasteReason {
    const ALL: [Self; 5] = [Self::Cancelled, Self::NotCollected, Self::Mistake, Self::Dropped, Self::Spoiled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::NotCollected => "not_collected",
            Self::Mistake => "mistake",
            Self::Dropped => "dropped",
            Self::Spoiled => "spoiled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Something that was thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waste {
    pub(crate) id: Uuid,
    pub(crate) order: Option<(Uuid, u32)>,
    pub(crate) item: String,
    pub(crate) name: Text,
    pub(crate) quantity: u32,
    pub(crate) reason: WasteReason,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: String,
    /// It was recorded by mistake: when that was said, and by whom.
    pub(crate) taken_back: Option<(DateTime<Utc>, String)>,
}

impl Waste {
    /// On its day; what an order lost comes back with the order.
    pub(crate) fn may_be_taken_back(&self, now: DateTime<Utc>) -> bool {
        self.order.is_none() && self.taken_back.is_none() && day_of(self.at) == day_of(now)
    }
}

/// What a day's waste comes to, most first: each dish as it was made, so that a size stands for itself.
pub(crate) fn totals(entries: &[Waste]) -> Vec<(String, Text, u32)> {
    let mut totals: Vec<(String, Text, u32)> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.taken_back.is_none()) {
        match totals.iter_mut().find(|(item, name, _)| (item, name) == (&entry.item, &entry.name)) {
            Some((_, _, sum)) => *sum = sum.saturating_add(entry.quantity),
            None => totals.push((entry.item.clone(), entry.name.clone(), entry.quantity)),
        }
    }
    totals.sort_by(|one, other| other.2.cmp(&one.2).then_with(|| (&one.0, &one.1.de).cmp(&(&other.0, &other.1.de))));
    totals
}

/// What eating one thing instead of another would mean: contained and as traces alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllergenCheck {
    /// In the new one only: somebody must say that they have read them.
    pub(crate) added: Vec<u32>,
    /// Named by the party: it must not be served to them.
    pub(crate) declared: Vec<u32>,
}

/// Allergens by Annex II number: of what comes, of what it replaces, and of what the party has named.
pub(crate) fn check_allergens(new: &[u32], replaced: &[u32], declared: &[u32]) -> AllergenCheck {
    let new: BTreeSet<u32> = new.iter().copied().collect();
    AllergenCheck {
        added: new.iter().copied().filter(|number| !replaced.contains(number)).collect(),
        declared: new.into_iter().filter(|number| declared.contains(number)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderState::{Fired, Preparing, Ready};

    #[test]
    fn a_substitute_is_checked_against_the_party_and_what_it_replaces() {
        let check = |new: &[u32], replaced: &[u32], declared: &[u32]| {
            let check = check_allergens(new, replaced, declared);
            (check.added, check.declared)
        };
        assert_eq!(check(&[1, 7], &[1, 7], &[]), (vec![], vec![]));
        assert_eq!(check(&[7, 1, 7], &[1], &[]), (vec![7], vec![]));
        assert_eq!(check(&[1, 8], &[1, 8], &[8]), (vec![], vec![8]), "they may have taken that risk before; not again");
        assert_eq!(check(&[], &[1], &[1]), (vec![], vec![]));
    }

    #[test]
    fn an_order_is_ready_with_its_last_part() {
        for (parts, state) in [
            (vec![], Fired),
            (vec![Fired, Fired], Fired),
            (vec![Preparing, Fired], Preparing),
            (vec![Ready, Fired], Preparing),
            (vec![Ready, Preparing], Preparing),
            (vec![Ready, Ready], Ready),
        ] {
            assert_eq!(together(&parts), state, "{parts:?}");
        }
    }

    #[test]
    fn only_the_last_move_can_be_taken_back() {
        let minutes = TimeDelta::minutes;
        let rules = Rules { recall: minutes(20), give_up: minutes(10), undo: minutes(1), pause: minutes(30) };
        let at = DateTime::from_timestamp(1_795_863_600, 0).expect("in range");
        let last = LastMove { from: Preparing, to: Ready, at, part: None };
        assert_eq!(last.undo_until(Ready, &rules), Some(at + minutes(1)));
        assert_eq!(last.undo_until(OrderState::Recalled, &rules), None, "the clock has moved it on");
    }

    #[test]
    fn totals_add_up_per_item_as_it_was_made() {
        let waste = |item: &str, quantity| Waste {
            id: Uuid::nil(),
            order: None,
            item: item.to_owned(),
            name: Text::new(item, item),
            quantity,
            reason: WasteReason::Dropped,
            at: DateTime::UNIX_EPOCH,
            by: "cook".to_owned(),
            taken_back: None,
        };
        let totals = totals(&[waste("soup", 1), waste("pasta", 2), waste("soup", 3), waste("cake", 2)]);
        let totals: Vec<(&str, u32)> = totals.iter().map(|(item, _, sum)| (item.as_str(), *sum)).collect();
        assert_eq!(totals, [("soup", 4), ("cake", 2), ("pasta", 2)]);
        let cup = |size: &str, quantity| Waste { name: Text::new(size, size), ..waste("coffee", quantity) };
        let cups = super::totals(&[cup("small", 1), cup("large", 2), cup("small", 3)]);
        let cups: Vec<(&str, u32)> = cups.iter().map(|(_, name, sum)| (name.de.as_str(), *sum)).collect();
        assert_eq!(cups, [("small", 4), ("large", 2)]);
        assert_eq!(ticket_id(Uuid::nil(), "hot", 0), ticket_id(Uuid::nil(), "hot", 0));
        assert_ne!(ticket_id(Uuid::nil(), "hot", 0), ticket_id(Uuid::nil(), "hot", 1));
    }
}
