//! How full the car park will be, and how good that was said before, each in a given transaction. No proto, no commit.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Tx,
    values::{QUARTER, quarter},
};

use crate::{
    domain::{
        BayClass, RightState, Site,
        forecast::{
            Known, LOOK_BACK, Quarter,
            bands::{Bands, KEPT},
            forecast,
        },
    },
    error::Error,
    store::{self, forecasts},
};

/// How far back the house looks at how people come and leave.
const HABITS: TimeDelta = TimeDelta::days(30);

/// A forecast as it is told.
pub(crate) struct Told {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) capacity: u32,
    pub(crate) is_known: bool,
    pub(crate) bands: Bands,
    pub(crate) quarters: Vec<Quarter>,
}

/// Cars with an engine that stand there.
fn occupied(site: &Site) -> u32 {
    site.classes.iter().filter(|count| count.class != BayClass::Bicycle).map(|count| count.occupied).sum()
}

/// The coming quarters, as they look now.
pub(crate) async fn look_ahead(
    conn: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
    quarters: u32,
) -> Result<Told, Error> {
    let site = store::site(conn, now).await?;
    let until = now + QUARTER * i32::try_from(quarters).unwrap_or(i32::MAX);
    let rights = forecasts::expected(conn, now, until).await?;
    let inside = rights.iter().filter(|right| right.state == RightState::CheckedIn).count();
    // People come before their showing starts.
    let on_sale = if site.state.sells() {
        forecasts::on_sale(conn, now, until + TimeDelta::hours(1), now - LOOK_BACK).await?
    } else {
        Vec::new()
    };
    let known = Known {
        now,
        capacity: site.classes.iter().filter(|it| it.class != BayClass::Bicycle).map(|it| it.capacity).sum(),
        strangers: occupied(&site).saturating_sub(u32::try_from(inside).unwrap_or(u32::MAX)),
        strangers_came: forecasts::strangers_since(conn, now - LOOK_BACK).await?,
        rights,
        on_sale,
        habits: forecasts::habits(conn, now - HABITS).await?,
        bands: forecasts::bands(conn, now).await?,
    };
    Ok(Told {
        as_of: now,
        capacity: known.capacity,
        is_known: site.is_counted(now),
        bands: known.bands,
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
    forecasts::settle_forecasts(tx.conn(), now, occupied(&site).cast_signed()).await?;
    let told = look_ahead(tx.conn(), now, KEPT[2]).await?;
    for ahead in KEPT {
        let place = usize::try_from(ahead).unwrap_or(usize::MAX);
        if let Some(quarter_) = told.quarters.get(place - 1) {
            let minutes = i32::try_from(ahead * 15).unwrap_or(i32::MAX);
            let due = quarter(quarter_.from) + QUARTER;
            forecasts::keep_forecast(tx.conn(), due, minutes, quarter_.cars, quarter_.spread).await?;
        }
    }
    Ok(())
}
