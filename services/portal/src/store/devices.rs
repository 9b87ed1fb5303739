//! Every SQL statement on paired devices.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::error::Error;

type Time = DateTime<Utc>;

/// A paired device, or one that was.
#[derive(Debug, FromRow)]
pub(crate) struct Paired {
    pub(crate) device_id: String,
    pub(crate) kind: String,
    pub(crate) approved_by: String,
    pub(crate) paired_at: Time,
    /// To the minute.
    pub(crate) used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) revoked_by: String,
}

pub(crate) async fn insert_device(
    conn: &mut PgConnection,
    token_hash: &[u8],
    device_id: &str,
    kind: &str,
    approved_by: &str,
    now: Time,
) -> Result<(), Error> {
    sqlx::query("insert into device (token_hash, device_id, kind, approved_by, paired_at) values ($1, $2, $3, $4, $5)")
        .bind(token_hash)
        .bind(device_id)
        .bind(kind)
        .bind(approved_by)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Answers what kind of device it was; None: none had a token that was good.
pub(crate) async fn revoke_device(
    conn: &mut PgConnection,
    device_id: &str,
    by: &str,
    now: Time,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "update device set revoked_at = $3, revoked_by = $2 where device_id = $1 and revoked_at is null returning kind",
    )
    .bind(device_id)
    .bind(by)
    .bind(now)
    .fetch_optional(conn)
    .await?)
}

/// Id and kind of the device with this token, unless it was revoked; and when it was used last.
pub(crate) async fn lock_device(
    conn: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<(String, String, Option<Time>)>, Error> {
    Ok(sqlx::query_as(
        "select device_id, kind, used_at from device where token_hash = $1 and revoked_at is null for update",
    )
    .bind(token_hash)
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn note_device_use(conn: &mut PgConnection, token_hash: &[u8], now: Time) -> Result<(), Error> {
    sqlx::query("update device set used_at = $2 where token_hash = $1")
        .bind(token_hash)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Pairings that have ended are listed for so long.
const ENDED_SHOWN: TimeDelta = TimeDelta::days(30);

/// Those that are paired, and the last that were.
pub(crate) async fn devices(pool: &PgPool, now: Time) -> Result<Vec<Paired>, Error> {
    Ok(sqlx::query_as(
        "select device_id, kind, approved_by, paired_at, used_at, revoked_at, revoked_by from device
         where revoked_at is null or revoked_at > $1
         order by revoked_at is not null, kind, device_id, paired_at desc limit 300",
    )
    .bind(now - ENDED_SHOWN)
    .fetch_all(pool)
    .await?)
}
