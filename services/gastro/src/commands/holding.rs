//! Meals held for all who wait at a moment: what all of them need is read once, each is decided in memory, and what was
//! held is written together. The database counts along and would refuse what is not there.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::quarter};
use uuid::Uuid;

use super::{
    full,
    ordering::{MealWish, Menus, local},
    resting,
};
use crate::{
    domain::{
        Need, Order, OrderState, Placing, Room, ShowingTimes, Station, Wish,
        allergens::is_in_conflict,
        choosing::{Share, portions},
        hours::Hours,
        need, preparation, reach,
        rules::{Rules, Taken},
        soonest_place,
    },
    error::Error,
    store::{self, claims::Claim, ordering::Stock},
};

/// What those who wait need to know.
pub(crate) struct Counter {
    menus: Menus,
    rules: Option<Rules>,
    stations: Vec<Station>,
    /// By visit.
    orders: BTreeMap<Uuid, Order>,
    showings: HashMap<Uuid, ShowingTimes>,
    hours: Hours,
    room: Room,
    /// What each showing's orders take of the stations.
    by_showing: BTreeMap<Uuid, BTreeMap<(String, DateTime<Utc>), u32>>,
    people: BTreeMap<DateTime<Utc>, u32>,
    held: Vec<Held>,
}

/// What was held and is to be written.
struct Held {
    order: Order,
    slot_at: DateTime<Utc>,
    need: Need,
    shares: Vec<Share>,
    avoid: Vec<u32>,
    acknowledged: bool,
}

impl Counter {
    /// Reads it. The kitchen must be locked, and holds that ran out must have ended.
    pub(crate) async fn open(tx: &mut Tx, wishes: &[&MealWish]) -> Result<Self, Error> {
        let now = tx.now();
        let mut menus = Menus::default();
        let rules = menus.rules(tx).await?;
        let visits: Vec<Uuid> = wishes.iter().map(|wish| wish.visit).collect();
        let orders = store::lock_orders_of_visits(tx.conn(), &visits).await?;
        let told: BTreeMap<Uuid, _> =
            wishes.iter().map(|wish| (wish.showing, (wish.starts_at, wish.ends_at))).collect();
        store::showings::save_if_unknown(tx.conn(), &told).await?;
        let ids: Vec<Uuid> = told.into_keys().collect();
        let showings = store::showings::all_times(tx.conn(), &ids).await?;
        let reaches = || wishes.iter().map(|wish| reach(&placed_for(&showings, wish), now));
        let from = reaches().map(|(from, _)| from).min().unwrap_or(now);
        let until = reaches().map(|(_, until)| until).max().unwrap_or(now);
        let stations = store::stations(tx.conn()).await?;
        let names: Vec<&str> = stations.iter().map(|station| station.id.as_str()).collect();
        let hours = store::kitchen::hours(tx.conn()).await?;
        let room = store::slots::room_for_sale(tx.conn(), &hours, &names, from, until).await?;
        let (by_showing, people) = match rules {
            Some(_) => store::ordering::taken(tx.conn(), &ids, from, until).await?,
            None => Default::default(),
        };
        Ok(Self { menus, rules, stations, orders, showings, hours, room, by_showing, people, held: Vec::new() })
    }

    /// Decides about one. What is held is written by [`Counter::close`].
    pub(crate) async fn hold(&mut self, tx: &mut Tx, wish: &MealWish) -> Result<Order, Error> {
        let now = tx.now();
        if self.orders.get(&wish.visit).is_some_and(|order| order.is_live(now)) {
            return Err(Error::OrderExists);
        }
        let placed_for = placed_for(&self.showings, wish);
        let mut chosen = self.menus.choose(tx, &wish.lines, placed_for.anchor()).await?;
        if let Some(rules) = &self.rules {
            rules.check(&chosen.lines)?;
        }
        if !wish.acknowledged && is_in_conflict(&wish.avoid, &chosen.lines) {
            return Err(Error::Avoided);
        }
        let need = need(&chosen.lines);
        resting(&self.stations, &chosen.lines, (placed_for.chosen().unwrap_or(placed_for.anchor()), now))?;
        let (place, preparation) = self.find_offer(&placed_for, &need, (wish.showing, wish.people), now)?;
        let wanted = placed_for.chosen().unwrap_or_else(|| soonest_place(&placed_for, now + preparation).slot_at);
        let closed = || (!self.hours.is_open(wanted)).then(|| Error::KitchenClosed(self.hours.on_day_of(wanted)));
        let Placing::Fits(place) = place else {
            return Err(closed().unwrap_or_else(|| full(place)));
        };
        if placed_for.chosen().is_some_and(|chosen| chosen != place.slot_at) {
            return Err(closed().unwrap_or(Error::Full { instead: Some(place.pickup_at) }));
        }
        if local(place.pickup_at).date() != local(placed_for.anchor()).date() {
            // Prices, recipes and stock are those of the day on which it is picked up.
            chosen = self.menus.choose(tx, &wish.lines, place.pickup_at).await?;
        }
        self.menus.require_served(tx, &chosen.lines, place.pickup_at).await?;
        let order = Order {
            id: kernel::values::new_id(now),
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
            regardless: false,
        };
        self.menus.count_stock(tx, order.pickup_at, &portions(&order.lines)).await?;
        self.count(&order, place.slot_at, &need);
        self.orders.insert(order.visit, order.clone());
        self.held.push(Held {
            order: order.clone(),
            slot_at: place.slot_at,
            need,
            shares: chosen.shares,
            avoid: wish.avoid.clone(),
            acknowledged: wish.acknowledged,
        });
        Ok(order)
    }

    /// Looks for a place within what the rules leave to a showing and to so many people.
    fn find_offer(
        &self,
        wish: &Wish,
        need: &Need,
        (showing, people): (Uuid, u32),
        now: DateTime<Utc>,
    ) -> Result<(Placing, TimeDelta), Error> {
        let mut room = self.room.of(need);
        if let Some(station) = room.too_much_for(need) {
            return Err(Error::TooMuch(station));
        }
        let preparation = preparation(need, &room);
        let mut soonest = now + preparation;
        if let Some(rules) = &self.rules {
            soonest = soonest.max(now + rules.lead);
            let none = BTreeMap::new();
            let by_showing = self.by_showing.get(&showing).unwrap_or(&none);
            rules.restrict(&mut room, need, Taken { by_showing, people: &self.people }, people);
        }
        Ok((Placing::of(wish, need, soonest, &room), preparation))
    }

    fn count(&mut self, order: &Order, slot_at: DateTime<Utc>, need: &Need) {
        self.room.change(need, slot_at, u32::saturating_sub);
        let of_showing = self.by_showing.entry(order.showing).or_default();
        for (station, seconds) in need {
            *of_showing.entry((station.clone(), slot_at)).or_default() += seconds;
        }
        *self.people.entry(quarter(order.pickup_at)).or_default() += order.people;
    }

    /// Writes what was held.
    pub(crate) async fn close(self, tx: &mut Tx) -> Result<(), Error> {
        if self.held.is_empty() {
            return Ok(());
        }
        let visits: Vec<Uuid> = self.held.iter().map(|held| held.order.visit).collect();
        let (mut orders, mut claims, mut stock) = (Vec::new(), Vec::new(), Vec::new());
        for held in &self.held {
            let order = &held.order;
            claims.extend(held.need.iter().map(|(station, seconds)| Claim {
                order: order.id,
                station: station.clone(),
                slot_at: held.slot_at,
                seconds: *seconds,
            }));
            let day = local(order.pickup_at).date();
            stock.extend(portions(&order.lines).into_iter().map(|(item, portions)| Stock {
                order: order.id,
                item,
                day,
                portions,
            }));
            orders.push(order.clone());
        }
        store::forget_orders_of_visits(tx.conn(), &visits).await?;
        store::save_orders(tx.conn(), &orders).await?;
        store::claims::claim_all(tx.conn(), &claims).await?;
        store::ordering::take_stock(tx.conn(), &stock).await?;
        for held in &self.held {
            for share in &held.shares {
                store::ordering::save_share(tx.conn(), share).await?;
            }
            if !held.avoid.is_empty() {
                store::ordering::save_avoids(tx.conn(), held.order.id, &held.avoid, held.acknowledged).await?;
            }
        }
        Ok(())
    }
}

/// A wish with its showing's times as they are known now.
fn placed_for(showings: &HashMap<Uuid, ShowingTimes>, wish: &MealWish) -> Wish {
    let asked = Wish { pickup: wish.pickup, starts_at: wish.starts_at, ends_at: wish.ends_at, apart: None };
    let known = match showings.get(&wish.showing) {
        Some(times) => Wish { starts_at: times.starts_at, ends_at: times.at_counter(), ..asked },
        None => asked,
    };
    known.choosing(wish.pickup_at)
}
