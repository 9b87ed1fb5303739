//! SQL of stays and counts.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{BayClass, Window},
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
        .bind(kernel::values::new_id(at))
        .bind(class.name())
        .bind(visit)
        .bind(lane)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A car has left. Of a visit's, its own stay ends; if that was taken for the stay of a car that left unnamed, the one of
/// its class that has lasted longest ends in its place. Of a car without a visit, the stay of the one without a booking
/// that came first, or else of the booked one that did.
pub(crate) async fn close_session(
    conn: &mut PgConnection,
    class: BayClass,
    visit: Option<Uuid>,
    lane: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update session set lane_out = $3, closed_at = greatest(opened_at, $4), estimated = visit_id is distinct from $2 or $2 is null
         where session_id = (select session_id from session where closed_at is null and class = $1
             and ($2 is null or visit_id = $2
                 or exists (select from session guessed where guessed.visit_id = $2 and guessed.estimated))
             order by visit_id is not distinct from $2 desc, opened_at limit 1)",
    )
    .bind(class.name())
    .bind(visit)
    .bind(lane)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The class of the car that an unnamed one is taken for: of those without a booking the one that came first, or else of
/// the booked ones. Only classes that have a car count.
pub(crate) async fn class_of_longest(conn: &mut PgConnection) -> Result<Option<BayClass>, Error> {
    let class: Option<String> = sqlx::query_scalar(
        "select s.class from session s join bay_class c on c.class = s.class and c.occupied > 0
         where s.closed_at is null order by s.visit_id is not null, s.opened_at limit 1",
    )
    .fetch_optional(conn)
    .await?;
    Ok(class.as_deref().and_then(BayClass::named))
}

/// The stay that a car's exit had been taken for goes on.
pub(crate) async fn reopen_guessed(conn: &mut PgConnection, lane: &str, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update session set lane_out = null, closed_at = null, estimated = false
         where lane_out = $1 and closed_at = $2 and estimated",
    )
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

/// When the last count of a class was taken that was not merely old. Of one with a time that has not come nobody knows when
/// it was taken: such were kept in former times.
pub(crate) async fn last_count(
    conn: &mut PgConnection,
    class: BayClass,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar(
        "select max(observed_at) from observation where class = $1 and outcome in ('taken', 'nonsense')
             and undone_at is null and observed_at <= $2",
    )
    .bind(class.name())
    .bind(now)
    .fetch_one(conn)
    .await?)
}

/// When the class was counted whose last count by hand is the oldest; None: there is one that nobody has ever counted.
/// Nobody counts bicycles.
pub(crate) async fn all_counted(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>, Error> {
    let (classes, counted, oldest): (i64, i64, Option<DateTime<Utc>>) = sqlx::query_as(
        "select count(*), count(o.at), min(o.at) from bay_class c
         left join lateral (select max(observed_at) as at from observation
             where class = c.class and outcome = 'taken' and undone_at is null) o on true
         where c.class <> 'bicycle' and c.capacity > 0",
    )
    .fetch_one(conn)
    .await?;
    Ok(oldest.filter(|_| counted == classes))
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
