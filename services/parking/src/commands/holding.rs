//! Bays held for all who wait at a moment: what all of them need is read once, each is decided in memory, and what was
//! held is written together. The database counts along and would refuse one bay too many.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Berlin;
use kernel::Tx;
use uuid::Uuid;

use super::{Wish, coaches};
use crate::{
    domain::{
        BayClass, Channel, Charge, Right, RightState, ShowingTimes, Site, Window,
        coaches::{Kerb, Stops},
        meals::Meal,
        quarters::{AHEAD, Given},
    },
    error::Error,
    store::{self, quarters},
};

/// What those who wait need to know.
pub(crate) struct Counter {
    /// While nothing is sold, or not for every window: what is said of it.
    shut: Option<Site>,
    given: BTreeMap<BayClass, Given>,
    /// None: nobody comes by coach.
    kerb: Option<Kerb>,
    rights: BTreeMap<Uuid, Right>,
    showings: BTreeMap<Uuid, ShowingTimes>,
    charges: BTreeMap<(BayClass, NaiveDate), Vec<Charge>>,
    held: Vec<Right>,
}

impl Counter {
    /// Reads it. The wishes' classes must be locked.
    pub(crate) async fn open(tx: &mut Tx, wishes: &[&Wish]) -> Result<Self, Error> {
        let now = tx.now();
        quarters::end_holds(tx.conn(), now).await?;
        // Most often it sells, and then nothing else of the site matters here.
        let sells = store::closures::state(tx.conn()).await?.sells();
        let shut = if sells { None } else { Some(store::site(tx.conn(), now).await?) };
        let visits: Vec<Uuid> = wishes.iter().map(|wish| wish.visit).collect();
        let showings: Vec<Uuid> = wishes.iter().map(|wish| wish.showing).collect();
        let from = wishes.iter().map(|wish| wish.window.from).min().unwrap_or(now);
        let until = wishes.iter().map(|wish| wish.window.until).max().unwrap_or(now) + AHEAD;
        let given = quarters::given(tx.conn(), &BayClass::ALL, Window { from, until }, now).await?;
        let rights = quarters::lock_rights(tx.conn(), &visits).await?;
        let showings = store::showings::times_of(tx.conn(), &showings).await?;
        let coaches = wishes.iter().filter(|wish| wish.class == BayClass::Coach).map(|wish| wish.window);
        let kerb = coaches::kerb(tx, coaches).await?;
        Ok(Self { shut, given, kerb, rights, showings, charges: BTreeMap::new(), held: Vec::new() })
    }

    /// Decides about one. What is held is written by [`Counter::close`].
    pub(crate) async fn hold(&mut self, tx: &mut Tx, wish: &Wish) -> Result<Right, Error> {
        let now = tx.now();
        // A bicycle passes no barrier and comes by no bridge that is shut to cars.
        let shut = self.shut.as_ref().filter(|_| wish.class != BayClass::Bicycle);
        if let Some(site) = shut.filter(|it| it.closure.is_none_or(|it| it.refuses(wish.window))) {
            return Err(Error::of_site(site));
        }
        if let Some(right) = self.rights.get(&wish.visit)
            && (right.is_live(now) || right.state == RightState::Cancelled)
        {
            return Err(Error::RightExists);
        }
        require_sold(&self.given, wish.class, wish.channel)?;
        require_bay(&self.given, wish.class, wish.window, Some(wish.channel), now)?;
        let mut right = Right {
            visit: wish.visit,
            showing: wish.showing,
            class: wish.class,
            state: RightState::Held,
            window: wish.window,
            given: wish.window,
            stops: Stops::default(),
            lead: None,
            early: TimeDelta::zero(),
            stay: None,
            meal: Meal::default(),
            expires_at: wish.expires_at,
            reference: String::new(),
            charges: self.charges(tx, wish).await?,
            entered_at: None,
            left_at: None,
            cancelled_at: None,
            lost_at: None,
        };
        if let Some(showing) = self.showings.get(&wish.showing) {
            right.anchor(showing.starts_at, showing.ends_at);
        }
        if let Some(kerb) = self.kerb.as_mut().filter(|kerb| kerb.rules.places > 0 && wish.class == BayClass::Coach) {
            right.stops = kerb.place(&right);
            if right.stops.set_down.is_none() || right.stops.pick_up.is_none() {
                return Err(Error::KerbTaken);
            }
            kerb.give(right.stops);
        }
        if let Some(given) = self.given.get_mut(&wish.class) {
            given.give(wish.window);
        }
        self.rights.insert(wish.visit, right.clone());
        self.held.push(right.clone());
        Ok(right)
    }

    /// The price rows of the day on which the stay begins.
    async fn charges(&mut self, tx: &mut Tx, wish: &Wish) -> Result<Vec<Charge>, Error> {
        let day = wish.window.from.with_timezone(&Berlin).date_naive();
        if let Some(known) = self.charges.get(&(wish.class, day)) {
            return Ok(known.clone());
        }
        let charges = store::charges_on(tx.conn(), wish.class, day).await?;
        self.charges.insert((wish.class, day), charges.clone());
        Ok(charges)
    }

    /// Writes what was held.
    pub(crate) async fn close(self, tx: &mut Tx) -> Result<(), Error> {
        quarters::save_rights(tx.conn(), &self.held).await
    }
}

/// What is given of all classes around a window, as if one right were not there.
pub(crate) async fn given_without(
    tx: &mut Tx,
    window: Window,
    right: Option<&Right>,
) -> Result<BTreeMap<BayClass, Given>, Error> {
    let now = tx.now();
    let span = Window { from: window.from, until: window.until + AHEAD };
    let mut given = quarters::given(tx.conn(), &BayClass::ALL, span, now).await?;
    if let Some(right) = right
        && right.is_counted()
        && let Some(of_class) = given.get_mut(&right.class)
    {
        of_class.take_back(right.given);
    }
    Ok(given)
}

/// A car has come in whose right gave its bay up before: it gets one as far as there are some. It stands there in any case.
pub(super) async fn give_again(tx: &mut Tx, right: &mut Right) -> Result<(), Error> {
    let given = given_without(tx, right.window, None).await?;
    right.given = given.get(&right.class).map_or(right.window.none(), |of_class| of_class.as_far_as(right.window));
    coaches::place(tx, right).await
}

/// Gives moved rights bays for their new windows, each as far as there are some: what was given before is given back
/// first, so that those who move together are not in each other's way.
pub(super) async fn move_along(tx: &mut Tx, changed: &mut [(Right, Right)]) -> Result<(), Error> {
    let now = tx.now();
    let windows = || changed.iter().map(|(_, right)| right.window);
    let (Some(from), Some(until)) = (windows().map(|it| it.from).min(), windows().map(|it| it.until).max()) else {
        return Ok(());
    };
    let mut given = quarters::given(tx.conn(), &BayClass::ALL, Window { from, until }, now).await?;
    for (before, _) in changed.iter().filter(|(before, _)| before.is_counted()) {
        if let Some(of_class) = given.get_mut(&before.class) {
            of_class.take_back(before.given);
        }
    }
    for (before, right) in changed.iter_mut() {
        let released = before.state == RightState::Suspended && before.given == before.given.none();
        if released || !right.is_counted() {
            right.given = right.window.none();
        } else if let Some(of_class) = given.get_mut(&right.class) {
            right.given = of_class.as_far_as(right.window);
            of_class.give(right.given);
        }
    }
    Ok(())
}

/// Refuses when bays of the class are not sold so; says by whom they are.
pub(crate) fn require_sold(given: &BTreeMap<BayClass, Given>, class: BayClass, channel: Channel) -> Result<(), Error> {
    let of_class = given.get(&class).ok_or(Error::NoSuchClass(class))?;
    if of_class.sold_by.contains(&channel) {
        return Ok(());
    }
    Err(Error::SoldElsewhere { class, sold_by: of_class.sold_by.clone() })
}

/// Refuses when the class is full in any quarter of the window; says what would fit and is sold so. No channel: it was
/// sold before.
pub(crate) fn require_bay(
    given: &BTreeMap<BayClass, Given>,
    class: BayClass,
    window: Window,
    channel: Option<Channel>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), Error> {
    let of_class = given.get(&class).ok_or(Error::NoSuchClass(class))?;
    if of_class.fits(window, now) {
        return Ok(());
    }
    let sold = |given: &Given| channel.is_none_or(|channel| given.sold_by.contains(&channel));
    let fits = |class: &BayClass| given.get(class).is_some_and(|given| sold(given) && given.fits(window, now));
    Err(Error::Full { class, instead: class.instead().filter(fits), later: of_class.next_fit(window, now) })
}
