//! The audit log: written once, read by the page. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::Tx;
use serde_json::Value;
use sqlx::{FromRow, PgPool};

use crate::error::Error;

/// An act for the record.
#[derive(Clone, Debug, FromRow)]
pub struct Act {
    /// Rises.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// An account, or "time".
    pub who: String,
    /// Which act.
    pub act: String,
    /// Of which display, message, playlist, schedule or file.
    pub about: String,
    /// What was asked for.
    pub what: Value,
}

/// Writes an act down.
///
/// # Errors
/// The database's error.
pub async fn record(tx: &mut Tx, who: &str, act: &str, about: &str, what: &Value) -> Result<(), Error> {
    sqlx::query("insert into audit (at, who, act, about, what) values ($1, $2, $3, $4, $5)")
        .bind(tx.now())
        .bind(who)
        .bind(act)
        .bind(about)
        .bind(what)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The newest acts before one (0: from the newest on), about one thing (empty: all).
///
/// # Errors
/// The database's error.
pub async fn page(pool: &PgPool, before: i64, about: &str, most: i64) -> Result<Vec<Act>, Error> {
    Ok(sqlx::query_as(
        "select * from audit where ($1 = 0 or id < $1) and ($2 = '' or about = $2) order by id desc limit $3",
    )
    .bind(before)
    .bind(about)
    .bind(most)
    .fetch_all(pool)
    .await?)
}
