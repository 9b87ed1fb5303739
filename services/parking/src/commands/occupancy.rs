//! Counts taken and quotes given, each in a given transaction. No proto, no commit.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, db::Repeat};
use uuid::Uuid;

use super::{holding, lock_site, tell_site, touch_site};
use crate::{
    domain::{
        BayClass, Channel, Charge, Site, Window,
        observations::{Outcome, judge},
    },
    error::Error,
    store::{
        self,
        occupancy::{self, Counted},
    },
};

/// A count by somebody.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    pub(crate) key: Uuid,
    pub(crate) class: BayClass,
    pub(crate) occupied: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: String,
    /// The lane whose controller has counted, if one has.
    pub(crate) lane: Option<String>,
}

/// Takes a count. The name of its outcome, and the site as it is then.
pub(crate) async fn record(tx: &mut Tx, count: Count) -> Result<(String, Site), Error> {
    let now = tx.now();
    lock_site(tx).await?;
    // Its lanes are the ways into the area that is counted: whoever controls none of them has seen none of its cars.
    if let Some(lane) = &count.lane
        && store::gates::lane(tx.conn(), lane).await?.is_none()
    {
        return Err(Error::NoLane(lane.clone()));
    }
    store::lock_classes(tx.conn(), None).await?;
    let site = store::site(tx.conn(), now).await?;
    if let Some((outcome, class, occupied)) = occupancy::told_before(tx.conn(), count.key).await? {
        let same = class == count.class.name() && occupied == count.occupied;
        return if same { Ok((outcome, site)) } else { Err(Repeat::KeyReused.into()) };
    }
    let class = *site.classes.iter().find(|it| it.class == count.class).ok_or(Error::NoSuchClass(count.class))?;
    let before = occupancy::last_count(tx.conn(), count.class, now).await?;
    let outcome = judge(count.occupied, class.capacity, count.at, before, now);
    let correction = match outcome {
        Outcome::Taken(cars) => cars.cast_signed() - class.occupied.cast_signed(),
        Outcome::Nonsense | Outcome::Stale | Outcome::Repeated => 0,
    };
    let counted = Counted {
        key: count.key,
        class: count.class,
        occupied: count.occupied,
        // A clock that is ahead does not bring us into the future: whoever counts next has counted later.
        at: count.at.min(now),
        by: &count.by,
        outcome: outcome.name(),
        correction,
        known_before: class.is_known,
    };
    occupancy::keep_count(tx.conn(), &counted).await?;
    let observed = match outcome {
        Outcome::Taken(cars) => {
            occupancy::set_count(tx.conn(), count.class, Some(cars)).await?;
            Some(count.at.min(now))
        }
        Outcome::Nonsense => {
            occupancy::set_count(tx.conn(), count.class, None).await?;
            None
        }
        Outcome::Stale | Outcome::Repeated => return Ok((outcome.name().to_owned(), site)),
    };
    touch_site(tx, observed.map(|at| at.max(site.observed_at))).await?;
    Ok((outcome.name().to_owned(), tell_site(tx).await?))
}

/// Takes the newest count of a class back, whoever counted. Again, it changes nothing.
pub(crate) async fn undo(tx: &mut Tx, id: Uuid, by: &str) -> Result<Site, Error> {
    let now = tx.now();
    lock_site(tx).await?;
    store::lock_classes(tx.conn(), None).await?;
    let count = store::counts::find(tx.conn(), id).await?.ok_or(Error::NoCount)?;
    if count.undone_at.is_some() {
        return store::site(tx.conn(), now).await;
    }
    if !count.newest {
        return Err(Error::NotNewestCount);
    }
    store::counts::undo(tx.conn(), &count, by, now).await?;
    touch_site(tx, None).await?;
    tell_site(tx).await
}

/// What a stay would cost, how many bays are left for it, and through whom they are sold.
pub(crate) struct Quote {
    pub(crate) charges: Vec<Charge>,
    pub(crate) free: u32,
    pub(crate) sold_by: Vec<Channel>,
}

pub(crate) async fn quote(tx: &mut Tx, class: BayClass, window: Window) -> Result<Quote, Error> {
    let now = tx.now();
    let day = window.from.with_timezone(&Berlin).date_naive();
    let charges = store::charges_on(tx.conn(), class, day).await?;
    let site = store::site(tx.conn(), now).await?;
    let is_shut =
        class != BayClass::Bicycle && !site.state.sells() && site.closure.is_none_or(|closure| closure.refuses(window));
    let given = holding::given_without(tx, window, None).await?.remove(&class).unwrap_or_default();
    let free = if is_shut { 0 } else { given.left(window, now) };
    Ok(Quote { charges, free, sold_by: given.sold_by })
}
