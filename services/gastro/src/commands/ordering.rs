//! Ordering a meal: what was chosen, whether it is there at that time, whether the rules allow it, and station time
//! for it; all held at once or refused with a reason and what there is instead.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::Tx;
use uuid::Uuid;

use super::{current_wish, full, require_open};
use crate::{
    domain::{
        Need, Order, OrderState, OrderedItem, Pickup, Placing, Wish,
        allergens::is_in_conflict,
        choosing::{Chosen, LineWish, Portions, Unfit, portions},
        menu::Menu,
        need, preparation, reach,
        rules::{AgainstRules, Rules, offered},
    },
    error::Error,
    store,
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

    /// Takes what an order needs out of the stock of its day.
    pub(crate) async fn take_stock(
        &mut self,
        tx: &mut Tx,
        order: Uuid,
        at: DateTime<Utc>,
        portions: &Portions,
    ) -> Result<(), Error> {
        let day = local(at).date();
        store::ordering::take_stock(tx.conn(), order, day, portions).await?;
        for item in &mut self.of(tx, day).await?.items {
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

/// Holds station time and stock for a meal. The kitchen must be locked, and holds that ran out must have ended.
pub(crate) async fn hold(tx: &mut Tx, menus: &mut Menus, wish: MealWish) -> Result<Order, Error> {
    let now = tx.now();
    if let Some(order) = store::lock_order_of_visit(tx.conn(), wish.visit).await?
        && order.is_live(now)
    {
        return Err(Error::OrderExists);
    }
    store::showings::save_if_unknown(tx.conn(), wish.showing, wish.starts_at, wish.ends_at).await?;
    let asked = Wish { pickup: wish.pickup, starts_at: wish.starts_at, ends_at: wish.ends_at };
    let placed_for = current_wish(tx, wish.showing, asked).await?;
    let mut chosen = menus.choose(tx, &wish.lines, placed_for.anchor()).await?;
    let rules = menus.rules(tx).await?;
    if let Some(rules) = &rules {
        rules.check(&chosen.lines)?;
    }
    if !wish.acknowledged && is_in_conflict(&wish.avoid, &chosen.lines) {
        return Err(Error::Avoided);
    }
    let need = need(&chosen.lines);
    require_open(tx, &need).await?;
    let (place, preparation) = find_offer(tx, &placed_for, &need, rules.as_ref(), (wish.showing, wish.people)).await?;
    let Placing::Fits(place) = place else {
        return Err(full(place));
    };
    if local(place.pickup_at).date() != local(placed_for.anchor()).date() {
        // Prices, recipes and stock are those of the day on which it is picked up.
        chosen = menus.choose(tx, &wish.lines, place.pickup_at).await?;
    }
    menus.require_served(tx, &chosen.lines, place.pickup_at).await?;
    let order = Order {
        id: Uuid::now_v7(),
        visit: wish.visit,
        showing: wish.showing,
        state: OrderState::Held,
        state_at: now,
        wish: placed_for,
        pickup_at: place.pickup_at,
        preparation,
        expires_at: wish.expires_at,
        number: None,
        charges: chosen.charges,
        lines: chosen.lines,
        people: wish.people,
        on_board: false,
        walk_up: false,
    };
    store::forget_order_of_visit(tx.conn(), wish.visit).await?;
    store::save_order(tx.conn(), &order).await?;
    store::slots::claim(tx.conn(), order.id, place.slot_at, &need).await?;
    menus.take_stock(tx, order.id, order.pickup_at, &portions(&order.lines)).await?;
    for share in &chosen.shares {
        store::ordering::save_share(tx.conn(), share).await?;
    }
    if !wish.avoid.is_empty() {
        store::ordering::save_avoids(tx.conn(), order.id, &wish.avoid, wish.acknowledged).await?;
    }
    Ok(order)
}

/// Looks for a place within what the rules leave to a showing and to so many people. The kitchen must be locked.
pub(crate) async fn find_offer(
    tx: &mut Tx,
    wish: &Wish,
    need: &Need,
    rules: Option<&Rules>,
    (showing, people): (Uuid, u32),
) -> Result<(Placing, TimeDelta), Error> {
    let now = tx.now();
    let (from, until) = reach(wish, now);
    let stations: Vec<&str> = need.keys().map(String::as_str).collect();
    let mut room = store::slots::room(tx.conn(), &stations, from, until).await?;
    if let Some(station) = room.too_much_for(need) {
        return Err(Error::TooMuch(station));
    }
    let preparation = preparation(need, &room);
    let mut soonest = now + preparation;
    if let Some(rules) = rules {
        soonest = soonest.max(now + rules.lead);
        let (from, until) = offered(wish, soonest);
        let taken = store::ordering::taken(tx.conn(), showing, from, until).await?;
        rules.restrict(&mut room, need, &taken, people);
    }
    Ok((Placing::of(wish, need, soonest, &room), preparation))
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

/// Health data go with their day.
pub(crate) async fn erase(tx: &mut Tx) -> Result<(), Error> {
    let today = local(tx.now()).date();
    let midnight = today.and_time(chrono::NaiveTime::MIN).and_local_timezone(Berlin).earliest();
    let before = midnight.map_or_else(|| tx.now(), |midnight| midnight.to_utc());
    let erased = store::ordering::erase_avoids(tx.conn(), before).await?;
    if erased > 0 {
        tracing::info!(erased, "what parties avoid is erased with their day");
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
