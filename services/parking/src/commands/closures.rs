//! The site closed, out of reach, and open again, each in a given transaction: whom that concerns is told, and what was
//! suspended comes back as far as bays are left. No proto, no commit.

use chrono::{DateTime, Days, Utc};
use kernel::{
    Tx,
    values::{Text, day_of, midnight},
};
use uuid::Uuid;

use super::{coaches, holding, tell_site, touch_site};
use crate::{
    domain::{
        BayClass, Right, RightState, Site, SiteState,
        closures::{self, Change, Closure, Preview},
        coaches::Stops,
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
    follow(tx).await?;
    touch_site(tx, None).await?;
    tell_site(tx).await
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
    let mut changed = false;
    for right in store::closures::lock_concerned(tx.conn(), horizon, now).await? {
        changed |= apply(tx, &site, right).await?;
    }
    Ok(changed)
}

/// Suspends or restores one right that is locked, if the site's state asks for it. Whether it did.
pub(super) async fn apply(tx: &mut Tx, site: &Site, mut right: Right) -> Result<bool, Error> {
    let now = tx.now();
    match (closures::change(site.closure, &right, now, end_of_day(now)), site.closure) {
        (Change::Suspend, Some(closure)) => suspend(tx, site, closure, right).await?,
        (Change::Restore, _) => {
            let kept = right.given != right.given.none();
            let given = holding::given_without(tx, right.window, Some(&right)).await?;
            if kept || given.get(&right.class).is_some_and(|given| given.fits(right.window, now)) {
                restore(tx, right, kept).await?;
            } else {
                (right.state, right.lost_at) = (RightState::Cancelled, Some(now));
                right.cancelled_at = Some(now);
                store::save_right(tx.conn(), &right).await?;
                let left = left(tx, &right).await?;
                tx.append(&right.visit.to_string(), &events::right_lost(&right, site, &left)).await?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

async fn suspend(tx: &mut Tx, site: &Site, closure: Closure, mut right: Right) -> Result<(), Error> {
    right.state = RightState::Suspended;
    if store::closures::releases(tx.conn()).await? {
        right.given = right.window.none();
        right.stops = Stops::default();
    }
    store::save_right(tx.conn(), &right).await?;
    tx.append(&right.visit.to_string(), &events::right_suspended(&right, site, closure)).await?;
    Ok(())
}

async fn restore(tx: &mut Tx, mut right: Right, kept: bool) -> Result<Right, Error> {
    if !kept {
        right.given = right.window;
        coaches::place(tx, &mut right).await?;
    }
    (right.state, right.cancelled_at, right.lost_at) = (RightState::Confirmed, None, None);
    store::save_right(tx.conn(), &right).await?;
    tx.append(&right.visit.to_string(), &events::right_restored(&right)).await?;
    Ok(right)
}

/// Bays that are left for the vehicle of a right that was lost.
pub(crate) async fn left(tx: &mut Tx, right: &Right) -> Result<Vec<BayClass>, Error> {
    let now = tx.now();
    let given = holding::given_without(tx, right.window, Some(right)).await?;
    let fits = |class: &BayClass| given.get(class).is_some_and(|given| given.fits(right.window, now));
    Ok(right.class.also_fits().iter().copied().filter(fits).collect())
}

/// Gives a visit that lost its bay one of those that are left. It costs what the lost one did.
pub(crate) async fn take_left_bay(tx: &mut Tx, visit: Uuid, class: BayClass) -> Result<Right, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let mut right = store::lock_right(tx.conn(), visit).await?.ok_or(Error::NoRight)?;
    if right.state == RightState::Confirmed && right.class == class {
        return Ok(right);
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
    holding::require_bay(&given, class, right.window, now)?;
    right.class = class;
    let right = restore(tx, right, false).await?;
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
