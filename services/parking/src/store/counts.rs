//! SQL of counts as they are kept: the last ones, and the one that is taken back.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::error::Error;

/// A count as it was told.
#[derive(FromRow)]
pub(crate) struct CountRow {
    pub(crate) idempotency_key: Uuid,
    pub(crate) class: String,
    pub(crate) occupied: i64,
    pub(crate) observed_at: DateTime<Utc>,
    pub(crate) told_by: String,
    pub(crate) outcome: String,
    pub(crate) correction: i32,
    pub(crate) known_before: bool,
    pub(crate) undone_at: Option<DateTime<Utc>>,
    pub(crate) undone_by: Option<String>,
    /// No newer one of its class has changed anything.
    pub(crate) newest: bool,
}

const COLUMNS: &str = "select o.*, o.undone_at is null and o.outcome in ('taken', 'nonsense') and not exists (
        select from observation n where n.class = o.class and n.observed_at > o.observed_at and n.undone_at is null
            and n.outcome in ('taken', 'nonsense')) as newest
    from observation o";

/// The last counts, the newest first.
pub(crate) async fn last(conn: &mut PgConnection) -> Result<Vec<CountRow>, Error> {
    let query = sqlx::AssertSqlSafe(format!("{COLUMNS} order by o.observed_at desc, o.idempotency_key limit 50"));
    Ok(sqlx::query_as(query).fetch_all(conn).await?)
}

/// A count; None: there is no such count.
pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<CountRow>, Error> {
    let query = sqlx::AssertSqlSafe(format!("{COLUMNS} where o.idempotency_key = $1"));
    Ok(sqlx::query_as(query).bind(id).fetch_optional(conn).await?)
}

/// Takes back what a count has put right, as far as the class still has cars: the rest of it stays written down, so that
/// cars, lanes and counts go on agreeing.
pub(crate) async fn undo(conn: &mut PgConnection, count: &CountRow, by: &str, now: DateTime<Utc>) -> Result<(), Error> {
    let occupied: i32 = sqlx::query_scalar("select occupied from bay_class where class = $1")
        .bind(&count.class)
        .fetch_one(&mut *conn)
        .await?;
    let then = (occupied - count.correction).max(0);
    sqlx::query("update bay_class set occupied = $2, count_known = $3 where class = $1")
        .bind(&count.class)
        .bind(then)
        .bind(count.known_before)
        .execute(&mut *conn)
        .await?;
    sqlx::query("update observation set correction = $2, undone_at = $3, undone_by = $4 where idempotency_key = $1")
        .bind(count.idempotency_key)
        .bind(count.correction - (occupied - then))
        .bind(now)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}
