//! Devices whose pairing has ended. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::ended::Ended;
use sqlx::PgConnection;

use crate::error::Error;

/// False: that, or a later end, was known before.
pub(crate) async fn end(conn: &mut PgConnection, device: &str, at: DateTime<Utc>) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into ended_device as known (device_id, ended_at, revision)
         values ($1, $2, (select coalesce(max(revision), 0) + 1 from ended_device))
         on conflict (device_id) do update set ended_at = excluded.ended_at, revision = excluded.revision
         where known.ended_at < excluded.ended_at",
    )
    .bind(device)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// All of them, with the newest revision.
pub(crate) async fn ended(conn: &mut PgConnection) -> Result<(u64, Ended), Error> {
    let rows: Vec<(String, DateTime<Utc>, i64)> =
        sqlx::query_as("select device_id, ended_at, revision from ended_device").fetch_all(conn).await?;
    let revision = rows.iter().map(|(_, _, revision)| revision.unsigned_abs()).max().unwrap_or(0);
    Ok((revision, rows.into_iter().map(|(device, ended_at, _)| (device, ended_at)).collect()))
}
