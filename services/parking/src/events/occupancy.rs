//! Counts, stays, quotes and the forecast in the words of the contract. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{euro, timestamp};
use sky_proto::parking::v1::{self as pb, charge_point::State, record_occupancy_response::Outcome};

use crate::{
    commands::{forecasts::Told, occupancy::Quote},
    domain::{
        BayClass, Channel, Site, Window,
        charging::{self, ChargePoint},
        forecast::bands::COVERAGE,
    },
    error::Error,
    store::{counts::CountRow, occupancy::SessionRow},
};

/// Prices stay; how full it is does not.
const HOLDS: TimeDelta = TimeDelta::minutes(5);

pub(crate) fn quote(class: BayClass, window: Window, told: &Quote, now: DateTime<Utc>) -> pb::Quote {
    pb::Quote {
        bay_class: super::bay_class(class).into(),
        from: Some(timestamp(window.from)),
        until: Some(timestamp(window.until)),
        items: told.charges.iter().map(super::charged_item).collect(),
        total: Some(euro(told.charges.iter().map(|charge| charge.cents).sum())),
        available: told.free > 0,
        free: told.free,
        valid_until: Some(timestamp(now + HOLDS)),
        sold_by: told.sold_by.iter().map(|it| i32::from(channel(*it))).collect(),
    }
}

const fn channel(channel: Channel) -> pb::Channel {
    match channel {
        Channel::Online => pb::Channel::Online,
        Channel::Desk => pb::Channel::Desk,
        Channel::Partner => pb::Channel::Partner,
    }
}

fn outcome_of(name: &str) -> Outcome {
    match name {
        "taken" => Outcome::Taken,
        "nonsense" => Outcome::Nonsense,
        "stale" => Outcome::Stale,
        _ => Outcome::Repeated,
    }
}

pub(crate) fn count(row: &CountRow) -> Result<pb::Count, Error> {
    let class = BayClass::named(&row.class).ok_or_else(|| Error::Stored(format!("bay class {}", row.class)))?;
    Ok(pb::Count {
        count_id: row.idempotency_key.to_string(),
        bay_class: super::bay_class(class).into(),
        occupied: row.occupied,
        observed_at: Some(timestamp(row.observed_at)),
        told_by: row.told_by.clone(),
        outcome: outcome_of(&row.outcome).into(),
        undone_at: row.undone_at.map(timestamp),
        undone_by: row.undone_by.clone().unwrap_or_default(),
        may_be_undone: row.newest,
    })
}

pub(crate) fn recorded(outcome: &str, site: &Site, now: DateTime<Utc>) -> pb::RecordOccupancyResponse {
    pb::RecordOccupancyResponse { outcome: outcome_of(outcome).into(), site: Some(super::site(site, now)) }
}

/// A charging point as it reads now.
pub(crate) fn charge_point(point: ChargePoint, now: DateTime<Utc>) -> pb::ChargePoint {
    let state = match point.reads(now) {
        charging::State::Free => State::Free,
        charging::State::Charging => State::Charging,
        charging::State::Taken => State::Taken,
        charging::State::OutOfOrder => State::OutOfOrder,
        charging::State::Unknown => State::Unspecified,
    };
    pb::ChargePoint {
        state: state.into(),
        last_updated: Some(timestamp(point.last_updated)),
        observed_at: Some(timestamp(point.observed_at)),
        valid_until: Some(timestamp(point.valid_until())),
        charge_point_id: point.id,
    }
}

pub(crate) fn session(row: &SessionRow) -> Result<pb::Session, Error> {
    let class = BayClass::named(&row.class).ok_or_else(|| Error::Stored(format!("bay class {}", row.class)))?;
    Ok(pb::Session {
        session_id: row.session_id.to_string(),
        bay_class: super::bay_class(class).into(),
        entered_at: Some(timestamp(row.opened_at)),
        left_at: row.closed_at.map(timestamp),
        has_right: row.visit_id.is_some(),
        exit_is_estimated: row.estimated,
    })
}

pub(crate) fn forecast(told: &Told) -> pb::Forecast {
    let whole = |cars: f64| (0..=u32::MAX).take_while(|count| f64::from(*count) <= cars + 0.5).last().unwrap_or(0);
    let quarters = told.quarters.iter().enumerate().map(|(place, quarter)| {
        let (free, low, high) = quarter.free(told.capacity, told.bands.at(place));
        pb::ForecastQuarter {
            from: Some(timestamp(quarter.from)),
            arrivals: whole(quarter.arrivals),
            departures: whole(quarter.departures),
            free: if told.is_known { free } else { 0 },
            free_low: if told.is_known { low } else { 0 },
            free_high: if told.is_known { high } else { told.capacity },
        }
    });
    pb::Forecast {
        as_of: Some(timestamp(told.as_of)),
        capacity: told.capacity,
        occupancy_known: told.is_known,
        quarters: quarters.collect(),
        band_percent: COVERAGE,
    }
}
