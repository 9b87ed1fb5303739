//! Every SQL statement about when displays were silent. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::Tx;
use sqlx::PgPool;

use crate::{
    domain::{Absence, Hung},
    error::Error,
};

/// Displays have fallen silent or were heard of again. A display has at most one absence that has not ended. Before it was hung
/// (again) nobody missed it.
///
/// # Errors
/// The database's error.
pub async fn keep(tx: &mut Tx, changed: &[Hung]) -> Result<(), Error> {
    let ids =
        |silent: bool| changed.iter().filter(|it| it.silent == silent).map(|it| it.id.as_str()).collect::<Vec<&str>>();
    sqlx::query(
        "insert into absence (display_id, silent_from)
         select display_id, greatest(last_seen_at, hung_at) from presence join display using (display_id)
         where display_id = any ($1) and last_seen_at is not null
         on conflict do nothing",
    )
    .bind(ids(true))
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "update absence a set silent_until = greatest(a.silent_from, p.last_seen_at)
         from presence p
         where a.display_id = any ($1) and a.silent_until is null and p.display_id = a.display_id",
    )
    .bind(ids(false))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Nobody waits for displays that were taken down: `now` by the machine's clock.
///
/// # Errors
/// The database's error.
pub async fn end_retired(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update absence a set silent_until = greatest(a.silent_from, $1) from display d
         where a.silent_until is null and d.display_id = a.display_id and d.retired_at is not null",
    )
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// When a display was silent, as far as it was so after an instant, the newest first.
///
/// # Errors
/// The database's error.
pub async fn since(pool: &PgPool, display_id: &str, after: DateTime<Utc>) -> Result<Vec<Absence>, Error> {
    let rows: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = sqlx::query_as(
        "select silent_from, silent_until from absence
         where display_id = $1 and (silent_until is null or silent_until > $2) order by silent_from desc",
    )
    .bind(display_id)
    .bind(after)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(from, until)| Absence { from, until }).collect())
}

/// Forgets those that had ended before an instant.
///
/// # Errors
/// The database's error.
pub async fn forget(tx: &mut Tx, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from absence where silent_until < $1").bind(before).execute(tx.conn()).await?;
    Ok(())
}
