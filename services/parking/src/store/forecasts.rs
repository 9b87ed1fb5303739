//! SQL of forecasts: what they are made of, and what came of them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection};

use super::RightRow;
use crate::{
    domain::{
        Right,
        forecast::{
            OnSale,
            bands::{Bands, COVERAGE, Lay},
            habits::{Habits, Seen},
        },
    },
    error::Error,
};

/// The band is as wide as the forecasts of so long ask for.
const LEARNS_FROM: TimeDelta = TimeDelta::days(14);

/// Rights that a forecast until `until` needs: expected, or in.
pub(crate) async fn expected(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>(
        "select * from parking_right where class <> 'bicycle'
             and (state = 'checked_in' or (state = 'confirmed' and valid_from < $2 and valid_until > $1))",
    )
    .bind(now)
    .bind(until)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RightRow::read)
    .collect()
}

/// Cars without a right that came since then.
pub(crate) async fn strangers_since(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<u32, Error> {
    let came: i64 = sqlx::query_scalar(
        "select count(*) from session where visit_id is null and class <> 'bicycle' and opened_at >= $1",
    )
    .bind(since)
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(came).unwrap_or(u32::MAX))
}

/// Showings that begin within a span, with the bays that were booked for each since `since`. A hold runs out minutes after
/// it was made, and keeps that time when it is confirmed: so it tells when a bay was booked.
pub(crate) async fn on_sale(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Vec<OnSale>, Error> {
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>, i64)> = sqlx::query_as(
        "select k.starts_at, greatest(k.ends_at, k.predicted_end_at),
             count(*) filter (where r.class <> 'bicycle' and r.expires_at > $3
                 and r.state in ('confirmed', 'suspended', 'checked_in', 'left', 'no_show'))
         from known_showing k left join parking_right r using (showing_id)
         where k.starts_at > $1 and k.starts_at <= $2 group by k.showing_id",
    )
    .bind(now)
    .bind(until)
    .bind(since)
    .fetch_all(conn)
    .await?;
    let read = |(starts_at, ends_at, booked)| OnSale { starts_at, ends_at, booked: u32::try_from(booked).unwrap_or(0) };
    Ok(rows.into_iter().map(read).collect())
}

#[derive(FromRow)]
struct HabitsRow {
    came: i64,
    missed: i64,
    comes: Option<Vec<f64>>,
    left: i64,
    leaves: Option<Vec<f64>>,
}

/// How people were whose rights were over since then.
pub(crate) async fn habits(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Habits, Error> {
    let row: HabitsRow = sqlx::query_as(
        "select count(*) filter (where entered_at is not null) as came,
             count(*) filter (where state = 'no_show') as missed,
             percentile_cont(array[0.1, 0.5, 0.9]) within group (
                 order by extract(epoch from entered_at - starts_at)::float8 / 60) as comes,
             count(left_at) as left,
             percentile_cont(array[0.1, 0.5, 0.9]) within group (
                 order by extract(epoch from left_at - greatest(ends_at, predicted_end_at))::float8 / 60) as leaves
         from parking_right join known_showing using (showing_id)
         where valid_until >= $1 and starts_at is not null and class <> 'bicycle'",
    )
    .bind(since)
    .fetch_one(conn)
    .await?;
    let seen = |many, at: Option<Vec<f64>>| match at.as_deref() {
        Some(&[tenth, middle, ninetieth]) => {
            Seen { many, tenth: Some(tenth), middle: Some(middle), ninetieth: Some(ninetieth) }
        }
        _ => Seen::default(),
    };
    Ok(Habits::of(row.came, row.missed, seen(row.came, row.comes), seen(row.left, row.leaves)))
}

/// Keeps a forecast until it is due.
pub(crate) async fn keep_forecast(
    conn: &mut PgConnection,
    due: DateTime<Utc>,
    ahead_minutes: i32,
    cars: f64,
    spread: f64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into forecast_kept (due_at, ahead_minutes, expected, spread) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(due)
    .bind(ahead_minutes)
    .bind(cars)
    .bind(spread)
    .execute(conn)
    .await?;
    Ok(())
}

/// What came of forecasts that are due; what is older than a quarter of an hour nobody has looked at in time.
pub(crate) async fn settle_forecasts(conn: &mut PgConnection, now: DateTime<Utc>, cars: i32) -> Result<(), Error> {
    sqlx::query(
        "update forecast_kept set actual = $2
         where actual is null and due_at <= $1 and due_at > $1 - interval '15 minutes'",
    )
    .bind(now)
    .bind(cars)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from forecast_kept where due_at < $1 - interval '60 days'").bind(now).execute(conn).await?;
    Ok(())
}

/// How far the last forecasts lay from what came, by how far ahead they looked.
pub(crate) async fn bands(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Bands, Error> {
    let rows: Vec<(i32, i64, f64)> = sqlx::query_as(
        "select ahead_minutes, count(*),
             percentile_cont($1) within group (order by abs(actual - expected) / greatest(spread, 0.5))
         from forecast_kept where actual is not null and due_at > $2 group by ahead_minutes",
    )
    .bind(f64::from(COVERAGE) / 100.0)
    .bind(now - LEARNS_FROM)
    .fetch_all(conn)
    .await?;
    let read = |(ahead_minutes, many, within)| Lay { ahead_minutes, many, within };
    Ok(Bands::of(&rows.into_iter().map(read).collect::<Vec<_>>()))
}
