//! SQL of cars counted in and out, also of those that are told of late.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{BayClass, lanes::Direction},
    error::Error,
};

/// Counts a car in, or out unless the class has none. Whether the count has changed.
pub(crate) async fn count_car(conn: &mut PgConnection, class: BayClass, direction: Direction) -> Result<bool, Error> {
    let step = match direction {
        Direction::In => 1,
        Direction::Out => -1,
    };
    let done = sqlx::query("update bay_class set occupied = occupied + $2 where class = $1 and occupied + $2 >= 0")
        .bind(class.name())
        .bind(step)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A car left that nobody had counted in.
pub(crate) async fn keep_exit_at_zero(
    conn: &mut PgConnection,
    key: Uuid,
    class: BayClass,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into exit_at_zero (idempotency_key, class, at) values ($1, $2, $3)")
        .bind(key)
        .bind(class.name())
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// The entry of such a car is told of afterwards. Whether there was one: in and out, it changes nothing.
pub(crate) async fn settle_exit_at_zero(
    conn: &mut PgConnection,
    class: BayClass,
    entered_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "delete from exit_at_zero where idempotency_key = (select idempotency_key from exit_at_zero
             where class = $1 and at >= $2 order by at limit 1)",
    )
    .bind(class.name())
    .bind(entered_at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A passage is told of after somebody has counted, who has seen it: the count stays, and what it had put right of the
/// lanes' is by one car less or more. Whether somebody had.
pub(crate) async fn is_in_a_count(
    conn: &mut PgConnection,
    class: BayClass,
    direction: Direction,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let step = match direction {
        Direction::In => 1,
        Direction::Out => -1,
    };
    let done = sqlx::query(
        "update observation set correction = correction - $3
         where idempotency_key = (select idempotency_key from observation
             where class = $1 and outcome = 'taken' and undone_at is null and observed_at >= $2
             order by observed_at desc limit 1)",
    )
    .bind(class.name())
    .bind(at)
    .bind(step)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// When a visit's car was seen to leave after an instant, by a lane that had its link while the way in had not.
pub(crate) async fn left_after(
    conn: &mut PgConnection,
    visit: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar(
        "select min(at) from lane_event where visit_id = $1 and direction = 'out' and verdict = 'open' and at >= $2",
    )
    .bind(visit)
    .bind(at)
    .fetch_one(conn)
    .await?)
}

/// Whether a lane has let a visit's car pass within a span of time: a camera of it told of the car by its own line, while the
/// lane's was down. The lane's journal then tells of the same car.
pub(crate) async fn was_decided(
    conn: &mut PgConnection,
    visit: Uuid,
    lane: &str,
    direction: Direction,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from lane_event
             where visit_id = $1 and lane = $2 and direction = $3 and verdict = 'open' and kind = 'decided'
                and at > $4 and at < $5)",
    )
    .bind(visit)
    .bind(lane)
    .bind(direction.name())
    .bind(from)
    .bind(until)
    .fetch_one(conn)
    .await?)
}

/// How a car of which nobody knows which it was may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftUnseen {
    /// A lane let out a car and counted it, without a name.
    Counted(Uuid),
    /// Staff opened a way out, or it stood open: the count still has the car.
    Uncounted,
}

/// Whether a car may have left since then of which nobody knows which it was.
pub(crate) async fn left_unseen(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Option<LeftUnseen>, Error> {
    let counted: Option<Uuid> = sqlx::query_scalar(
        "select idempotency_key from lane_event
         where direction = 'out' and verdict = 'open' and visit_id is null and class is not null and at >= $1
         order by at limit 1",
    )
    .bind(since)
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(key) = counted {
        return Ok(Some(LeftUnseen::Counted(key)));
    }
    let stood_open: bool = sqlx::query_scalar(
        "select exists (select from gate_command c join lane l on l.id = c.lane
                where l.direction = 'out' and c.requested_by <> 'lane' and c.action in ('open', 'hold_open')
                    and c.state not in ('rejected', 'expired', 'cancelled') and c.requested_at >= $1)
             or exists (select from lane where direction = 'out'
                and (hold_open is not null or held_open or unguarded_at >= $1))",
    )
    .bind(since)
    .fetch_one(conn)
    .await?;
    Ok(stood_open.then_some(LeftUnseen::Uncounted))
}

/// The car of an unnamed exit has come back: it stands for no other car any more.
pub(crate) async fn name_exit(conn: &mut PgConnection, key: Uuid, visit: Uuid) -> Result<(), Error> {
    sqlx::query("update lane_event set visit_id = $2 where idempotency_key = $1")
        .bind(key)
        .bind(visit)
        .execute(conn)
        .await?;
    Ok(())
}

/// A car that a lane has let out.
#[derive(sqlx::FromRow)]
pub(crate) struct LastOut {
    pub(crate) idempotency_key: Uuid,
    pub(crate) visit_id: Option<Uuid>,
    /// None: it was counted in no class.
    pub(crate) class: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// The last car that a lane has let out since an instant.
pub(crate) async fn last_out(
    conn: &mut PgConnection,
    lane: &str,
    since: DateTime<Utc>,
) -> Result<Option<LastOut>, Error> {
    Ok(sqlx::query_as(
        "select idempotency_key, visit_id, class, at from lane_event
         where lane = $1 and direction = 'out' and verdict = 'open' and kind = 'decided' and at >= $2
         order by at desc, class nulls last limit 1",
    )
    .bind(lane)
    .bind(since)
    .fetch_optional(conn)
    .await?)
}

/// Whether a lane has let out a car since an instant, whoever told of it, or staff have opened it.
pub(crate) async fn has_let_out(conn: &mut PgConnection, lane: &str, since: DateTime<Utc>) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from lane_event where lane = $1 and direction = 'out' and verdict = 'open' and at >= $2)
             or exists (select from gate_command where lane = $1 and requested_by <> 'lane'
                and action in ('open', 'hold_open') and state not in ('rejected', 'expired', 'cancelled')
                and requested_at >= $2)",
    )
    .bind(lane)
    .bind(since)
    .fetch_one(conn)
    .await?)
}

/// The car of an exit has been named after all: what had been counted for it is counted back.
pub(crate) async fn uncount_exit(conn: &mut PgConnection, key: Uuid, class: BayClass) -> Result<(), Error> {
    sqlx::query("update lane_event set class = null where idempotency_key = $1").bind(key).execute(&mut *conn).await?;
    let kept = sqlx::query("delete from exit_at_zero where idempotency_key = $1").bind(key).execute(&mut *conn).await?;
    if kept.rows_affected() == 0 {
        count_car(conn, class, Direction::In).await?;
    }
    Ok(())
}
