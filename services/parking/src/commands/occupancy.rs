//! Counts taken, stays forecast, quotes given, each in a given transaction. No proto, no commit.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    Tx,
    db::Repeat,
    values::{QUARTER, quarter},
};
use uuid::Uuid;

use super::{holding, lock_site, tell_site, touch_site};
use crate::{
    domain::{
        BayClass, Charge, RightState, Site, Window,
        forecast::{COME, Known, NINE_OF_TEN, Quarter, forecast},
        observations::{Outcome, judge},
    },
    error::Error,
    store::{
        self,
        occupancy::{self, Counted},
    },
};

/// How far back the house looks at who came.
const LOOK_BACK: TimeDelta = TimeDelta::days(30);
/// So many rights must have been over to say how many come.
const ENOUGH: i64 = 50;
/// Forecasts are kept for so many quarters ahead.
const KEPT: [usize; 3] = [4, 8, 16];

/// A count by somebody.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    pub(crate) key: Uuid,
    pub(crate) class: BayClass,
    pub(crate) occupied: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: String,
}

/// Takes a count. The name of its outcome, and the site as it is then.
pub(crate) async fn record(tx: &mut Tx, count: Count) -> Result<(String, Site), Error> {
    let now = tx.now();
    lock_site(tx).await?;
    store::lock_classes(tx.conn(), None).await?;
    let site = store::site(tx.conn(), now).await?;
    if let Some((outcome, class, occupied)) = occupancy::told_before(tx.conn(), count.key).await? {
        let same = class == count.class.name() && occupied == count.occupied;
        return if same { Ok((outcome, site)) } else { Err(Repeat::KeyReused.into()) };
    }
    let class = *site.classes.iter().find(|it| it.class == count.class).ok_or(Error::NoSuchClass(count.class))?;
    let before = occupancy::last_count(tx.conn(), count.class).await?;
    let outcome = judge(count.occupied, class.capacity, count.at, before, now);
    let correction = match outcome {
        Outcome::Taken(cars) => cars.cast_signed() - class.occupied.cast_signed(),
        Outcome::Nonsense | Outcome::Stale | Outcome::Repeated => 0,
    };
    let counted = Counted {
        key: count.key,
        class: count.class,
        occupied: count.occupied,
        at: count.at,
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

/// What a stay would cost, and whether there is a bay.
pub(crate) async fn quote(tx: &mut Tx, class: BayClass, window: Window) -> Result<(Vec<Charge>, bool), Error> {
    let now = tx.now();
    let day = window.from.with_timezone(&Berlin).date_naive();
    let charges = store::charges_on(tx.conn(), class, day).await?;
    let site = store::site(tx.conn(), now).await?;
    let is_shut = !site.state.sells() && site.closure.is_none_or(|closure| closure.refuses(window));
    let given = holding::given_without(tx, window, None).await?;
    let fits = given.get(&class).is_some_and(|given| given.fits(window, now));
    Ok((charges, fits && !is_shut))
}

/// A forecast as it is told.
pub(crate) struct Told {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) capacity: u32,
    pub(crate) is_known: bool,
    pub(crate) band: f64,
    pub(crate) quarters: Vec<Quarter>,
}

/// The coming quarters, as they look now.
pub(crate) async fn look_ahead(
    conn: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
    quarters: u32,
) -> Result<Told, Error> {
    let site = store::site(conn, now).await?;
    let until = now + QUARTER * i32::try_from(quarters).unwrap_or(i32::MAX);
    let rights = occupancy::expected(conn, now, until).await?;
    let motor = || site.classes.iter().filter(|count| count.class != BayClass::Bicycle);
    let occupied: u32 = motor().map(|count| count.occupied).sum();
    let inside = rights.iter().filter(|right| right.state == RightState::CheckedIn).count();
    let (came, missed) = occupancy::came(conn, now - LOOK_BACK).await?;
    let come = if came + missed >= ENOUGH { u32::try_from(came * 100 / (came + missed)).unwrap_or(COME) } else { COME };
    let known = Known {
        now,
        capacity: motor().map(|count| count.capacity).sum(),
        strangers: occupied.saturating_sub(u32::try_from(inside).unwrap_or(u32::MAX)),
        strangers_came: occupancy::strangers_since(conn, now - TimeDelta::hours(2)).await?,
        rights,
        come,
        band: occupancy::band(conn).await?.unwrap_or(NINE_OF_TEN).clamp(1.0, 4.0),
    };
    Ok(Told {
        as_of: now,
        capacity: known.capacity,
        is_known: site.is_counted(now),
        band: known.band,
        quarters: forecast(&known, quarters),
    })
}

/// Every quarter of an hour: what was forecast is compared with what came, and the next forecasts are kept.
pub(crate) async fn learn(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let site = match store::site(tx.conn(), now).await {
        // No house file yet: there is nothing to forecast.
        Err(Error::NotSetUp) => return Ok(()),
        site => site?,
    };
    if !site.is_counted(now) {
        return Ok(());
    }
    let occupied: u32 =
        site.classes.iter().filter(|count| count.class != BayClass::Bicycle).map(|count| count.occupied).sum();
    occupancy::settle_forecasts(tx.conn(), now, occupied.cast_signed()).await?;
    let told = look_ahead(tx.conn(), now, 16).await?;
    for ahead in KEPT {
        if let Some(quarter_) = told.quarters.get(ahead - 1) {
            let minutes = i32::try_from(ahead * 15).unwrap_or(i32::MAX);
            let due = quarter(quarter_.from) + QUARTER;
            occupancy::keep_forecast(tx.conn(), due, minutes, quarter_.cars, quarter_.spread).await?;
        }
    }
    Ok(())
}
