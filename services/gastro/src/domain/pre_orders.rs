//! What has been ordered ahead for a day: dishes together and by the quarter of an hour in which they are fetched, and the
//! trays of groups. Pure.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use kernel::values::{Text, quarter};

use super::{Order, OrderedItem};

/// So many of each dish, as it is made. Most first.
pub(crate) type Dishes = Vec<(Text, u32)>;

/// A day's orders, together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreOrders {
    pub(crate) orders: usize,
    pub(crate) totals: Dishes,
    /// Those in which something is fetched, the first one first.
    pub(crate) quarters: Vec<Quarter>,
}

/// What is fetched in a quarter of an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarter {
    pub(crate) begins_at: DateTime<Utc>,
    pub(crate) dishes: Dishes,
    pub(crate) trays: Vec<Tray>,
}

/// What a group has ordered on a tray of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tray {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) dishes: Dishes,
}

/// Adds orders up, which come by their pickups.
pub(crate) fn together(orders: &[Order]) -> PreOrders {
    let of_quarter = |orders: &[Order]| Quarter {
        begins_at: orders.first().map_or(DateTime::UNIX_EPOCH, |order| quarter(order.pickup_at)),
        dishes: dishes(orders.iter().flat_map(|order| &order.lines)),
        trays: orders.iter().flat_map(trays).collect(),
    };
    let quarters = orders.chunk_by(|one, next| quarter(one.pickup_at) == quarter(next.pickup_at));
    PreOrders {
        orders: orders.len(),
        totals: dishes(orders.iter().flat_map(|order| &order.lines)),
        quarters: quarters.map(of_quarter).collect(),
    }
}

fn dishes<'l>(lines: impl Iterator<Item = &'l OrderedItem>) -> Dishes {
    let mut dishes = Dishes::new();
    for line in lines {
        match dishes.iter_mut().find(|(name, _)| *name == line.name) {
            Some((_, quantity)) => *quantity = quantity.saturating_add(line.quantity),
            None => dishes.push((line.name.clone(), line.quantity)),
        }
    }
    dishes.sort_by(|(one, many), (other, more)| (Reverse(many), &one.de).cmp(&(Reverse(more), &other.de)));
    dishes
}

/// An order's trays, in the order in which they come; without any it is no group's.
fn trays(order: &Order) -> Vec<Tray> {
    let mut names: Vec<&str> = Vec::new();
    for line in order.lines.iter().filter(|line| !line.tray.is_empty()) {
        if !names.contains(&line.tray.as_str()) {
            names.push(&line.tray);
        }
    }
    let tray = |name: &str| Tray {
        number: order.number.unwrap_or_default(),
        name: name.to_owned(),
        dishes: dishes(order.lines.iter().filter(|line| line.tray == name)),
    };
    names.into_iter().map(tray).collect()
}
