//! Menu, orders and their life as the house sees them. Pure decisions: no I/O, no clock, no proto.
//!
//! The states of an order beside those of `operations.md` §4.2, which are a restaurant's:
//!
//! | there | here |
//! |---|---|
//! | DRAFT | nothing: what is being chosen is the browser's |
//! | PLACED | `Held`: station time and stock are taken, until the visit is confirmed or the hold ends (`Expired`, no number) |
//! | ACCEPTED | no state of its own: confirming a visit accepts its meal and schedules it at once |
//! | REJECTED | `Rejected`: confirmed too late, and no station has the time any more; its money goes back |
//! | SCHEDULED, FIRED, PREPARING, READY, COLLECTED | the same |
//! | (recalled) | `Recalled`: ready for long, and called again |
//! | EXPIRED | `Expired` with a number: nobody came for it |
//! | CANCELLED | `Cancelled`: with its visit or by its guest before it is fired; by staff afterwards, with its waste |

pub(crate) mod affected;
pub(crate) mod allergens;
pub(crate) mod choosing;
pub(crate) mod escpos;
pub(crate) mod exchange;
pub(crate) mod hours;
pub(crate) mod kds;
pub(crate) mod kitchen;
pub(crate) mod kitchen_system;
pub(crate) mod menu;
pub(crate) mod payment;
mod placing;
pub(crate) mod pre_orders;
pub(crate) mod public_menu;
pub(crate) mod receipt;
pub(crate) mod recipes;
pub mod replan;
pub(crate) mod rules;
mod split;
pub(crate) mod substituting;
pub(crate) mod tse;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, day_of};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use placing::{
    Hands, Need, Place, Placing, Room, Wish, free_slots, need, preparation, reach, soonest_place,
};
pub(crate) use rules::Guests;

/// What was cancelled while it was being made stays on the board for so long.
pub(crate) const SEEN_CANCELLED: TimeDelta = TimeDelta::minutes(10);

/// Whether a station works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StationState {
    Open,
    /// It works, and everything takes longer.
    Busy,
    Paused,
    Closed,
}

impl StationState {
    const ALL: [Self; 4] = [Self::Open, Self::Busy, Self::Paused, Self::Closed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Busy => "busy",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A place in the kitchen with its own hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Station {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) state: StationState,
    /// By how much everything takes longer while it is busy; else zero.
    pub(crate) delay: TimeDelta,
}

impl Station {
    /// Whether it takes anything new.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, StationState::Open | StationState::Busy)
    }

    /// Whether it takes anything for a time. A rest is for today: on the next day it works again.
    pub(crate) fn takes_for(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.is_open() || day_of(at) > day_of(now)
    }
}

/// The two kinds of things on a menu; they are taxed differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    Food,
    Drink,
}

impl Category {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Food => "food",
            Self::Drink => "drink",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Food, Self::Drink].into_iter().find(|category| category.name() == name)
    }
}

/// What one station does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) station: String,
    pub(crate) seconds: u32,
}

/// A line of an order, as the kitchen reads it. Kept as it was ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderedItem {
    pub(crate) item: String,
    pub(crate) name: Text,
    pub(crate) quantity: u32,
    pub(crate) station: String,
    pub(crate) allergens: Vec<u32>,
    /// For all pieces.
    pub(crate) work_seconds: u32,
    // What follows came later: older orders do not have it.
    #[serde(default)]
    pub(crate) traces: Vec<u32>,
    /// `name` says variant and modifiers too.
    #[serde(default)]
    pub(crate) variant: String,
    #[serde(default)]
    pub(crate) modifiers: Vec<String>,
    /// The combo that it was ordered in.
    #[serde(default)]
    pub(crate) combo: String,
    /// Whose tray of a group's lunch.
    #[serde(default)]
    pub(crate) tray: String,
    /// The version of the recipe that it was ordered with.
    #[serde(default)]
    pub(crate) recipe: String,
    /// What other stations do for it, for all pieces.
    #[serde(default)]
    pub(crate) also_at: Vec<Work>,
    /// The price rows of a dish that this one took the place of: it costs what was paid for that. Empty: its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) charged_as: Vec<String>,
    /// What is in it was corrected since it was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) corrected: Option<Corrected>,
}

/// What is known by now of a dish that was ordered; its line has what is in it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Corrected {
    /// The version of the recipe that that is of.
    pub(crate) recipe: String,
    /// What its guests have read of it when they ordered.
    pub(crate) read_allergens: Vec<u32>,
    pub(crate) read_traces: Vec<u32>,
}

impl OrderedItem {
    /// What each station does for it, the line's own first.
    pub(crate) fn work(&self) -> impl Iterator<Item = (&str, u32)> {
        let also = self.also_at.iter().map(|work| (work.station.as_str(), work.seconds));
        std::iter::once((self.station.as_str(), self.work_seconds)).chain(also)
    }

    pub(crate) fn is_made_at(&self, station: &str) -> bool {
        self.work().any(|(it, _)| it == station)
    }
}

/// One charged line, with the dated rows it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) label: Text,
    pub(crate) quantity: u32,
    pub(crate) cents: i64,
    pub(crate) price_id: String,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
}

impl Charge {
    /// For all pieces.
    pub(crate) fn sum(&self) -> i64 {
        self.cents * i64::from(self.quantity)
    }
}

/// When the meal is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pickup {
    /// In time to eat it before the showing.
    Before,
    /// When its guests come out.
    After,
}

impl Pickup {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Before, Self::After].into_iter().find(|pickup| pickup.name() == name)
    }
}

/// What is known of a showing's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShowingTimes {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) predicted_end_at: Option<DateTime<Utc>>,
    pub(crate) has_begun: bool,
    /// From the dome to the counter.
    pub(crate) walk: TimeDelta,
}

impl ShowingTimes {
    /// When the guests are at the counter.
    pub(crate) fn at_counter(&self) -> DateTime<Utc> {
        self.end() + self.walk
    }

    /// When the guests come out: until it begins, the plan, for the door predicts nothing else then and may not know of a
    /// new plan yet; after it, the door knows best.
    fn end(&self) -> DateTime<Utc> {
        self.predicted_end_at.filter(|_| self.has_begun).unwrap_or(self.ends_at)
    }
}

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderState {
    Held,
    Scheduled,
    Fired,
    Preparing,
    Ready,
    /// Ready for long, and called again.
    Recalled,
    Collected,
    /// A hold that ran out (it has no number), or a meal that nobody came for.
    Expired,
    Cancelled,
    /// Its visit was confirmed when its hold had run out, and the kitchen had no time left: there will be no meal.
    Rejected,
}

impl OrderState {
    const ALL: [Self; 10] = [
        Self::Held,
        Self::Scheduled,
        Self::Fired,
        Self::Preparing,
        Self::Ready,
        Self::Recalled,
        Self::Collected,
        Self::Expired,
        Self::Cancelled,
        Self::Rejected,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Scheduled => "scheduled",
            Self::Fired => "fired",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Recalled => "recalled",
            Self::Collected => "collected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The one step that the kitchen may take from here.
    pub(crate) const fn next(self) -> Option<Self> {
        match self {
            Self::Fired => Some(Self::Preparing),
            Self::Preparing => Some(Self::Ready),
            Self::Ready | Self::Recalled => Some(Self::Collected),
            Self::Held | Self::Scheduled | Self::Collected | Self::Expired | Self::Cancelled | Self::Rejected => None,
        }
    }

    /// Whether the kitchen still has to do with it.
    const fn is_on_board(self) -> bool {
        matches!(self, Self::Scheduled) || self.is_begun()
    }

    /// Whether the kitchen has begun it and nobody has got it yet.
    pub(crate) const fn is_begun(self) -> bool {
        matches!(self, Self::Fired | Self::Preparing | Self::Ready | Self::Recalled)
    }
}

/// A visit's meal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) state: OrderState,
    pub(crate) state_at: DateTime<Utc>,
    /// What its pickup was chosen for.
    pub(crate) wish: Wish,
    pub(crate) pickup_at: DateTime<Utc>,
    pub(crate) preparation: TimeDelta,
    pub(crate) expires_at: DateTime<Utc>,
    /// None until confirmed.
    pub(crate) number: Option<u32>,
    pub(crate) lines: Vec<OrderedItem>,
    pub(crate) charges: Vec<Charge>,
    /// How many people it is for.
    pub(crate) people: u32,
    pub(crate) on_board: bool,
    /// Ordered at the counter: it belongs to no visit, and its own id stands for one.
    pub(crate) walk_up: bool,
    /// Staff or the kitchen's own system have it made at its time whether or not any station has time for it.
    pub(crate) regardless: bool,
}

/// What a confirmed visit means to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The hold stands.
    Confirm,
    /// The hold ran out: take station time again, if there is some.
    Retake,
    /// Confirmed before, or cancelled for good.
    Keep,
}

/// What a cancelled visit does to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancellation {
    Cancel,
    /// It is being made: staff decide what becomes of it.
    Ask,
    /// Over, or cancelled before.
    Keep,
}

impl Order {
    /// What it costs, in cents.
    pub(crate) fn cents(&self) -> i64 {
        self.charges.iter().map(Charge::sum).sum()
    }

    /// Who it is for.
    pub(crate) fn guests(&self) -> Guests {
        Guests { showing: (!self.walk_up).then_some(self.showing), people: self.people }
    }

    /// When the kitchen begins.
    pub(crate) fn fire_at(&self) -> DateTime<Utc> {
        self.pickup_at - self.preparation
    }

    /// Whether another order of the same visit would be a second one.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            OrderState::Held => now < self.expires_at,
            OrderState::Expired => self.number.is_some(),
            OrderState::Rejected => false,
            OrderState::Scheduled
            | OrderState::Fired
            | OrderState::Preparing
            | OrderState::Ready
            | OrderState::Recalled
            | OrderState::Collected
            | OrderState::Cancelled => true,
        }
    }

    pub(crate) fn confirmation(&self, now: DateTime<Utc>) -> Confirmation {
        match self.state {
            OrderState::Held if now < self.expires_at => Confirmation::Confirm,
            OrderState::Held => Confirmation::Retake,
            OrderState::Expired if self.number.is_none() => Confirmation::Retake,
            _ => Confirmation::Keep,
        }
    }

    /// Moves to another state. What was cancelled after it was fired stays on the board: the kitchen
    /// must see that it can stop.
    pub(crate) fn becomes(&mut self, state: OrderState, now: DateTime<Utc>) {
        let begun = self.state.is_begun();
        self.on_board = state.is_on_board() || (state == OrderState::Cancelled && begun);
        self.state = state;
        self.state_at = now;
    }

    /// What a cancelled visit does to it: once it was fired, staff decide.
    pub(crate) const fn cancellation(&self) -> Cancellation {
        match self.state {
            OrderState::Held | OrderState::Scheduled => Cancellation::Cancel,
            OrderState::Expired if self.number.is_none() => Cancellation::Cancel,
            OrderState::Fired | OrderState::Preparing | OrderState::Ready | OrderState::Recalled => Cancellation::Ask,
            OrderState::Expired | OrderState::Collected | OrderState::Cancelled | OrderState::Rejected => {
                Cancellation::Keep
            }
        }
    }

    /// Takes a place in the kitchen's day.
    pub(crate) fn takes(&mut self, place: &Place, preparation: TimeDelta) {
        self.pickup_at = place.pickup_at;
        self.preparation = preparation;
        self.regardless = false;
    }

    /// The same, whether or not any station has time for it then.
    pub(crate) fn takes_regardless(&mut self, place: &Place, preparation: TimeDelta) {
        self.takes(place, preparation);
        self.regardless = true;
    }
}
