//! The feeds of official warnings, as stored. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::{Tx, clock::wall_now};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::error::Error;

/// A feed, as it was when it was last asked.
#[derive(Clone, Debug, FromRow)]
pub struct Feed {
    /// Where it is.
    pub address: String,
    /// When it was asked, by the machine's clock.
    pub asked_at: DateTime<Utc>,
    /// When it last gave a good answer.
    pub heard_at: Option<DateTime<Utc>>,
    /// What was wrong with the last one; may be empty.
    pub problem: String,
    /// The messages that its warnings became.
    pub warnings: Vec<Uuid>,
}

/// All that were asked.
///
/// # Errors
/// The database's error.
pub async fn all(pool: &PgPool) -> Result<Vec<Feed>, Error> {
    Ok(sqlx::query_as("select * from warning_feed").fetch_all(pool).await?)
}

/// Forgets what other addresses than these have said: they are none of the configuration's any more.
///
/// # Errors
/// The database's error.
pub async fn keep_only(pool: &PgPool, addresses: &[&str]) -> Result<(), Error> {
    sqlx::query("delete from warning_feed where address <> all ($1)").bind(addresses).execute(pool).await?;
    Ok(())
}

/// The messages that a feed's warnings have become and no other feed's: what it drops of these is over. However long ago the
/// others were asked: what a feed said last holds.
///
/// # Errors
/// The database's error.
pub async fn alone_has(tx: &mut Tx, address: &str) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select unnest(warnings) from warning_feed where address = $1
         except select unnest(warnings) from warning_feed where address <> $1",
    )
    .bind(address)
    .fetch_all(tx.conn())
    .await?)
}

/// A feed was asked, and has these; with a problem it has what it had before as well.
///
/// # Errors
/// The database's error.
pub async fn asked(tx: &mut Tx, address: &str, problem: Option<&str>, warnings: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "insert into warning_feed as f (address, asked_at, heard_at, problem, warnings)
         values ($1, $2, case when $3 = '' then $2 end, $3, $4)
         on conflict (address) do update
         set asked_at = excluded.asked_at, heard_at = coalesce(excluded.heard_at, f.heard_at),
             problem = excluded.problem,
             warnings = case when excluded.problem = '' then excluded.warnings
                 else array(select unnest(f.warnings) union select unnest(excluded.warnings)) end",
    )
    .bind(address)
    .bind(wall_now())
    .bind(problem.unwrap_or_default())
    .bind(warnings)
    .execute(tx.conn())
    .await?;
    Ok(())
}
