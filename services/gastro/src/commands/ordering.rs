//! Ordering a meal: what was chosen, whether it is there at that time, whether the rules allow it, and station time
//! for it; all held at once or refused with a reason and what there is instead.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    Tx,
    values::{day_of, midnight},
};
use uuid::Uuid;

use crate::{
    domain::{
        Order, OrderedItem, Pickup,
        choosing::{Chosen, LineWish, Portions, Unfit, portions},
        menu::Menu,
        rules::{AgainstRules, Rules, people},
    },
    error::Error,
    store::{self, ordering::Stock},
};

/// What a visit wants to eat, and when.
#[derive(Clone, Debug)]
pub(crate) struct MealWish {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) lines: Vec<LineWish>,
    pub(crate) pickup: Pickup,
    /// None: as near to the showing as there is room.
    pub(crate) pickup_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) people: u32,
    /// Numbers of Annex II.
    pub(crate) avoid: Vec<u32>,
    pub(crate) acknowledged: bool,
}

/// The house's local time.
pub(super) fn local(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&Berlin).naive_local()
}

/// Menus and rules, read once for all who are served together. The kitchen is locked meanwhile: nobody else changes
/// the stock.
#[derive(Debug, Default)]
pub(crate) struct Menus {
    days: BTreeMap<NaiveDate, Menu>,
    rules: Option<Option<Rules>>,
}

impl Menus {
    pub(super) async fn of(&mut self, tx: &mut Tx, day: NaiveDate) -> Result<&mut Menu, Error> {
        Ok(match self.days.entry(day) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(store::menu::of_day(tx.conn(), day).await?),
        })
    }

    pub(super) async fn rules(&mut self, tx: &mut Tx) -> Result<Option<Rules>, Error> {
        if self.rules.is_none() {
            self.rules = Some(store::ordering::rules(tx.conn()).await?);
        }
        Ok(self.rules.clone().flatten())
    }

    /// The lines of an order that is to be eaten then.
    pub(crate) async fn choose(
        &mut self,
        tx: &mut Tx,
        wishes: &[LineWish],
        at: DateTime<Utc>,
    ) -> Result<Chosen, Error> {
        let at = local(at);
        let menu = self.of(tx, at.date()).await?;
        menu.choose(wishes).map_err(|unfit| refusal(menu, unfit, at))
    }

    /// Whether these lines are served then.
    pub(crate) async fn require_served(
        &mut self,
        tx: &mut Tx,
        lines: &[OrderedItem],
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let at = local(at);
        let menu = self.of(tx, at.date()).await?;
        let Some((id, parts)) = menu.not_served(lines, at.time()) else { return Ok(()) };
        Err(Error::NotServed {
            name: menu.name(&id),
            parts: parts.to_vec(),
            instead: menu.instead_of(&id, at.time()).into_iter().cloned().collect(),
        })
    }

    /// How many people these lines are for, where nobody has said so.
    pub(super) async fn people(&mut self, tx: &mut Tx, lines: &[OrderedItem], at: DateTime<Utc>) -> Result<u32, Error> {
        let menu = self.of(tx, local(at).date()).await?;
        Ok(people(lines, |item| menu.item(item).map(|item| item.category)))
    }

    /// Takes what an order needs out of the stock of its day.
    pub(crate) async fn take_stock(
        &mut self,
        tx: &mut Tx,
        order: Uuid,
        at: DateTime<Utc>,
        portions: &Portions,
    ) -> Result<(), Error> {
        store::ordering::take_stock(tx.conn(), &Stock::of(order, local(at).date(), portions)).await?;
        self.count_stock(tx, at, portions).await
    }

    /// Knows that so much is taken out of the stock of a day.
    pub(crate) async fn count_stock(
        &mut self,
        tx: &mut Tx,
        at: DateTime<Utc>,
        portions: &Portions,
    ) -> Result<(), Error> {
        for item in &mut self.of(tx, local(at).date()).await?.items {
            let taken = portions.get(&item.id).copied().unwrap_or_default();
            item.left = item.left.map(|left| left.saturating_sub(taken));
        }
        Ok(())
    }
}

/// Why a choice is refused, in the words of the menu.
fn refusal(menu: &Menu, unfit: Unfit, at: NaiveDateTime) -> Error {
    match unfit {
        Unfit::Wrong { field, problem } => kernel::values::invalid(field, problem).into(),
        Unfit::NoPrice { id } => Error::NoPrice(id),
        Unfit::Few { id, left } => Error::Few { name: menu.name(&id), left },
        Unfit::SoldOut { id } => Error::SoldOut {
            name: menu.name(&id),
            instead: menu.instead_of(&id, at.time()).into_iter().cloned().collect(),
        },
    }
}

/// Takes stock again for a hold that ran out.
pub(super) async fn retake_stock(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    let portions = portions(&order.lines);
    let mut menus = Menus::default();
    let menu = menus.of(tx, local(order.pickup_at).date()).await?;
    for (id, wanted) in &portions {
        // What is no longer on the menu is not counted either.
        let Some(item) = menu.item(id) else { continue };
        if !item.in_stock || item.left.is_some_and(|left| left < *wanted) {
            return Err(Error::SoldOut { name: item.name.clone(), instead: Vec::new() });
        }
    }
    store::ordering::free_stock(tx.conn(), &[order.id]).await?;
    menus.take_stock(tx, order.id, order.pickup_at, &portions).await
}

/// Late money may take a hold that ran out again for a day; half a day more, and nobody will.
const TAKEN_AGAIN: TimeDelta = TimeDelta::hours(36);

/// Health data go with their day, and so do the names of trays: somebody may have written a child's on one. Those of orders
/// that came to nothing go before.
pub(crate) async fn erase(tx: &mut Tx) -> Result<(), Error> {
    let (today, given_up) = (midnight(day_of(tx.now())), tx.now() - TAKEN_AGAIN);
    let erased = store::ordering::erase_avoids(tx.conn(), today, given_up).await?;
    let trays = store::ordering::erase_trays(tx.conn(), today, given_up).await?;
    if erased > 0 || trays > 0 {
        tracing::info!(erased, trays, "what parties avoid and what trays were called is erased with their day");
    }
    Ok(())
}

impl From<AgainstRules> for Error {
    fn from(against: AgainstRules) -> Self {
        match against {
            AgainstRules::TooManyPieces { most } => Self::TooManyPieces { most },
            AgainstRules::WrongTray { problem } => kernel::values::invalid("tray", problem).into(),
        }
    }
}
