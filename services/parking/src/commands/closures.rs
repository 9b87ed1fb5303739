//! The site closed, out of reach, and open again, each in a given transaction: whom that concerns is told, and what was
//! suspended comes back as far as bays are left. No proto, no commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use kernel::{
    Tx,
    values::{Text, day_of, midnight},
};
use uuid::Uuid;

use super::{coaches, holding, tell_site, touch_site};
use crate::{
    domain::{
        BayClass, Right, RightState, Site, SiteState, Window,
        closures::{self, Change, Closure, Preview},
        coaches::{Kerb, Stops},
        quarters::Given,
    },
    error::Error,
    events, store,
};

/// The end of the day in Halle.
fn end_of_day(now: DateTime<Utc>) -> DateTime<Utc> {
    midnight(day_of(now) + Days::new(1))
}

/// Opens or closes the site; saying the same again changes nothing.
pub(crate) async fn set_site_state(
    tx: &mut Tx,
    state: SiteState,
    reason: Text,
    until: Option<DateTime<Utc>>,
    by: &str,
) -> Result<Site, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let site = store::site(tx.conn(), now).await?;
    if site.state == state && site.reason == reason && site.closure.and_then(|closure| closure.until) == until {
        return Ok(site);
    }
    if state.sells() {
        store::closures::set_open(tx.conn(), state, &reason, now).await?;
    } else {
        store::closures::set_closed(tx.conn(), &site, state, &reason, until, by, now).await?;
    }
    changed(tx).await
}

/// Takes a closure back; one that is over already stays over.
pub(crate) async fn undo(tx: &mut Tx, id: Uuid) -> Result<Site, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let (state, reason) = store::closures::before(tx.conn(), id).await?.ok_or(Error::NoClosure)?;
    let site = store::site(tx.conn(), now).await?;
    if site.closure.is_none_or(|closure| closure.id != id) {
        return Ok(site);
    }
    store::closures::set_open(tx.conn(), state, &reason, now).await?;
    changed(tx).await
}

async fn changed(tx: &mut Tx) -> Result<Site, Error> {
    tell_again(tx).await?;
    follow(tx).await?;
    touch_site(tx, None).await?;
    tell_site(tx).await
}

/// What is said of the closure has changed: whoever cannot use their bay already, and still cannot, is told what holds now.
/// A closure that is said again is the same one, so nobody is told it twice.
async fn tell_again(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let site = store::site(tx.conn(), now).await?;
    let Some(closure) = site.closure else { return Ok(()) };
    let end = end_of_day(now);
    for right in store::closures::lock_concerned(tx.conn(), closure.horizon(end), now).await? {
        if right.state == RightState::Suspended && closure.concerns(&right, now, end) {
            tx.append(&right.visit.to_string(), &events::right_suspended(&right, &site, closure)).await?;
        }
    }
    Ok(())
}

/// Time goes on: a closure ends by itself, and one until further notice reaches the rights of another day.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    match store::lock_site(tx.conn()).await {
        // No house file yet: there is nothing to close.
        Err(Error::NotSetUp) => return Ok(()),
        locked => locked?,
    }
    store::lock_classes(tx.conn(), None).await?;
    match store::site(tx.conn(), now).await?.closure {
        Some(closure) if closure.is_over(now) => undo(tx, closure.id).await.map(drop),
        Some(_) if follow(tx).await? => touch_site(tx, None).await,
        Some(_) | None => Ok(()),
    }
}

/// Suspends and restores what the site's present state asks for. Doing it again changes nothing. Whether it did.
async fn follow(tx: &mut Tx) -> Result<bool, Error> {
    let now = tx.now();
    let site = store::site(tx.conn(), now).await?;
    let horizon = site.closure.map_or(now, |closure| closure.horizon(end_of_day(now)));
    let rights = store::closures::lock_concerned(tx.conn(), horizon, now).await?;
    apply(tx, &site, rights).await
}

/// What has become of a right, for the house to hear.
enum Became {
    Suspended(Closure),
    Restored,
    /// Its bay was given to somebody else; these are left for its vehicle.
    Lost(Vec<BayClass>),
}

/// Suspends and restores those of some rights, which are locked, for which the site's state asks it, one after the other in
/// the order given: what they need is read once, each is decided in memory, and they are written together. Whether one was.
pub(super) async fn apply(tx: &mut Tx, site: &Site, rights: Vec<Right>) -> Result<bool, Error> {
    let now = tx.now();
    let end = end_of_day(now);
    let change = |right: &Right| closures::change(site.closure, right, now, end);
    let rights: Vec<Right> = rights.into_iter().filter(|right| change(right) != Change::Keep).collect();
    let windows = || rights.iter().map(|right| right.window);
    let (Some(from), Some(until)) = (windows().map(|it| it.from).min(), windows().map(|it| it.until).max()) else {
        return Ok(false);
    };
    let releases = store::closures::releases(tx.conn()).await?;
    let mut given = store::quarters::given(tx.conn(), &BayClass::ALL, Window { from, until }, now).await?;
    let coaches = rights.iter().filter(|right| right.class == BayClass::Coach).map(|right| right.window);
    let mut kerb = coaches::kerb(tx, coaches).await?;
    let mut changed = Vec::new();
    for mut right in rights {
        let became = match (change(&right), site.closure) {
            (Change::Suspend, Some(closure)) => {
                right.state = RightState::Suspended;
                if releases {
                    if let Some(of_class) = given.get_mut(&right.class) {
                        of_class.take_back(right.given);
                    }
                    if let Some(kerb) = &mut kerb {
                        kerb.take_back(right.stops);
                    }
                    (right.given, right.stops) = (right.window.none(), Stops::default());
                }
                Became::Suspended(closure)
            }
            _ => restore(&mut right, &mut given, kerb.as_mut(), now),
        };
        changed.push((right, became));
    }
    let rights: Vec<Right> = changed.iter().map(|(right, _)| right.clone()).collect();
    store::quarters::save_rights(tx.conn(), &rights).await?;
    for (right, became) in &changed {
        let visit = right.visit.to_string();
        match became {
            Became::Suspended(closure) => tx.append(&visit, &events::right_suspended(right, site, *closure)).await?,
            Became::Restored => tx.append(&visit, &events::right_restored(right)).await?,
            Became::Lost(left) => tx.append(&visit, &events::right_lost(right, site, left)).await?,
        }
    }
    Ok(true)
}

/// Gives a suspended right its bay again, if it kept it or there is one.
fn restore(
    right: &mut Right,
    given: &mut BTreeMap<BayClass, Given>,
    kerb: Option<&mut Kerb>,
    now: DateTime<Utc>,
) -> Became {
    let kept = right.given != right.window.none();
    let free = |class: BayClass| given.get(&class).is_some_and(|of_class| of_class.fits(right.window, now));
    if !kept && !free(right.class) {
        let left = right.class.also_fits().iter().copied().filter(|class| free(*class)).collect();
        (right.state, right.lost_at, right.cancelled_at) = (RightState::Cancelled, Some(now), Some(now));
        return Became::Lost(left);
    }
    if !kept {
        right.given = right.window;
        if let Some(of_class) = given.get_mut(&right.class) {
            of_class.give(right.given);
        }
        if let Some(kerb) = kerb {
            right.stops = kerb.place(right);
            kerb.give(right.stops);
        }
    }
    confirm_again(right);
    Became::Restored
}

const fn confirm_again(right: &mut Right) {
    (right.state, right.cancelled_at, right.lost_at) = (RightState::Confirmed, None, None);
}

/// Gives a visit that lost its bay one of those that are left, for its showing as it is by now: nothing moves a right that
/// is lost. It costs what the lost one did.
pub(crate) async fn take_left_bay(tx: &mut Tx, visit: Uuid, class: BayClass) -> Result<Right, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let mut right = store::lock_right(tx.conn(), visit).await?.ok_or(Error::NoRight)?;
    if right.state == RightState::Confirmed && right.class == class {
        return Ok(right);
    }
    if right.lost_at.is_some()
        && let Some(times) = store::showings::times(tx.conn(), right.showing).await?
    {
        right.follow(times.starts_at, times.effective_end(), now);
    }
    if right.lost_at.is_none() || right.window.until <= now {
        return Err(Error::NotLost);
    }
    if right.class != class && !right.class.also_fits().contains(&class) {
        return Err(Error::OtherVehicle(class));
    }
    let site = store::site(tx.conn(), now).await?;
    if site.closure.is_some_and(|closure| closure.refuses(right.window)) {
        return Err(Error::of_site(&site));
    }
    let given = holding::given_without(tx, right.window, Some(&right)).await?;
    holding::require_bay(&given, class, right.window, None, now)?;
    (right.class, right.given) = (class, right.window);
    coaches::place(tx, &mut right).await?;
    confirm_again(&mut right);
    store::save_right(tx.conn(), &right).await?;
    tx.append(&visit.to_string(), &events::right_restored(&right)).await?;
    touch_site(tx, None).await?;
    Ok(right)
}

/// What a closure would mean, before it is done.
pub(crate) async fn preview(
    conn: &mut sqlx::PgConnection,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Preview, Error> {
    let closure = Closure { id: Uuid::nil(), until };
    let end_of_day = end_of_day(now);
    let rights = store::closures::met(conn, closure.horizon(end_of_day), now).await?;
    Ok(closures::preview(closure, &rights, now, end_of_day))
}
