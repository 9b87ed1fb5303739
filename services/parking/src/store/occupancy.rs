//! SQL of stays, counts and forecasts.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::RightRow;
use crate::{
    domain::{BayClass, Right, Window},
    error::Error,
};

/// A stay.
#[derive(FromRow)]
pub(crate) struct SessionRow {
    pub(crate) session_id: Uuid,
    pub(crate) class: String,
    pub(crate) visit_id: Option<Uuid>,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) estimated: bool,
}

/// A car has come in.
pub(crate) async fn open_session(
    conn: &mut PgConnection,
    class: BayClass,
    visit: Option<Uuid>,
    lane: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into session (session_id, class, visit_id, lane_in, opened_at) values ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7())
        .bind(class.name())
        .bind(visit)
        .bind(lane)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A car has left: the visit's, or of those without a code the one that came first.
pub(crate) async fn close_session(
    conn: &mut PgConnection,
    class: BayClass,
    visit: Option<Uuid>,
    lane: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update session set lane_out = $3, closed_at = greatest(opened_at, $4), estimated = $2 is null
         where session_id = (select session_id from session where closed_at is null and class = $1
             and visit_id is not distinct from $2 order by opened_at limit 1)",
    )
    .bind(class.name())
    .bind(visit)
    .bind(lane)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stays that touch a span, the latest first.
pub(crate) async fn sessions(conn: &mut PgConnection, span: Window) -> Result<Vec<SessionRow>, Error> {
    Ok(sqlx::query_as(
        "select session_id, class, visit_id, opened_at, closed_at, estimated from session
         where opened_at < $2 and (closed_at is null or closed_at > $1) order by opened_at desc, session_id limit 2000",
    )
    .bind(span.from)
    .bind(span.until)
    .fetch_all(conn)
    .await?)
}

/// The outcome of a count that was told before, and what was counted: class and cars.
pub(crate) async fn told_before(conn: &mut PgConnection, key: Uuid) -> Result<Option<(String, String, i64)>, Error> {
    Ok(sqlx::query_as("select outcome, class, occupied from observation where idempotency_key = $1")
        .bind(key)
        .fetch_optional(conn)
        .await?)
}

/// When the last count of a class was taken that was not merely old.
pub(crate) async fn last_count(conn: &mut PgConnection, class: BayClass) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar(
        "select max(observed_at) from observation where class = $1 and outcome in ('taken', 'nonsense')
             and undone_at is null",
    )
    .bind(class.name())
    .fetch_one(conn)
    .await?)
}

/// A count as it is kept.
pub(crate) struct Counted<'a> {
    pub(crate) key: Uuid,
    pub(crate) class: BayClass,
    pub(crate) occupied: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: &'a str,
    pub(crate) outcome: &'static str,
    pub(crate) correction: i32,
    pub(crate) known_before: bool,
}

pub(crate) async fn keep_count(conn: &mut PgConnection, counted: &Counted<'_>) -> Result<(), Error> {
    sqlx::query(
        "insert into observation (idempotency_key, class, occupied, observed_at, told_by, outcome, correction, known_before)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(counted.key)
    .bind(counted.class.name())
    .bind(counted.occupied)
    .bind(counted.at)
    .bind(counted.by)
    .bind(counted.outcome)
    .bind(counted.correction)
    .bind(counted.known_before)
    .execute(conn)
    .await?;
    Ok(())
}

/// So many cars stand there; None: nobody knows, and the lanes count on from what they had.
pub(crate) async fn set_count(conn: &mut PgConnection, class: BayClass, cars: Option<u32>) -> Result<(), Error> {
    sqlx::query(
        "update bay_class set occupied = coalesce($2, occupied), count_known = $2 is not null where class = $1",
    )
    .bind(class.name())
    .bind(cars.map(u32::cast_signed))
    .execute(conn)
    .await?;
    Ok(())
}

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

/// Of the rights that were over since then: how many came, and how many did not.
pub(crate) async fn came(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as(
        "select count(*) filter (where entered_at is not null), count(*) filter (where state = 'no_show')
         from parking_right where valid_until >= $1",
    )
    .bind(since)
    .fetch_one(conn)
    .await?)
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

/// Within how many standard deviations nine of ten of the last forecasts lay; None: there are too few to say.
pub(crate) async fn band(conn: &mut PgConnection) -> Result<Option<f64>, Error> {
    let (many, band): (i64, Option<f64>) = sqlx::query_as(
        "select count(*), percentile_cont(0.9) within group (order by abs(actual - expected) / greatest(spread, 0.5))
         from (select * from forecast_kept where actual is not null order by due_at desc limit 400) last",
    )
    .fetch_one(conn)
    .await?;
    Ok(band.filter(|_| many >= 40))
}
