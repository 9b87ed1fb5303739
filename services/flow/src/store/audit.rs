//! The audit log: written once, read by the page; staff's reasons about guests are erased. Decides nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::error::Error;

/// An act for the record.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Act {
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) who: String,
    pub(crate) act: String,
    pub(crate) about: String,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

pub(crate) async fn record(
    conn: &mut PgConnection,
    who: &str,
    act: &str,
    about: &str,
    before: &Value,
    after: &Value,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into audit (at, who, act, about, before, after) values ($1, $2, $3, $4, $5, $6)")
        .bind(at)
        .bind(who)
        .bind(act)
        .bind(about)
        .bind(before)
        .bind(after)
        .execute(conn)
        .await?;
    Ok(())
}

/// The newest acts before one (0: from the newest on), about one thing (empty: all).
pub(crate) async fn page(conn: &mut PgConnection, before: i64, about: &str, most: i64) -> Result<Vec<Act>, Error> {
    Ok(sqlx::query_as(
        "select * from audit where ($1 = 0 or id < $1) and ($2 = '' or about = $2) order by id desc limit $3",
    )
    .bind(before)
    .bind(about)
    .bind(most)
    .fetch_all(conn)
    .await?)
}

/// Erases why staff let somebody in or took a scan back, and what was done about one, of acts before an instant.
pub(crate) async fn erase_reasons(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        r#"update audit set erased_at = $2,
             after = case act when 'resolve_scan_conflict' then after || '{"resolution": ""}'
                 when 'reopen_scan_conflict' then after else after || '{"reason": ""}' end,
             before = case when act = 'reopen_scan_conflict' then before || '{"resolution": ""}' else before end
         where at < $1 and erased_at is null
             and act in ('let_in_by_staff', 'undo_scan', 'resolve_scan_conflict', 'reopen_scan_conflict')"#,
    )
    .bind(before)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}
