//! Every SQL statement about pictures and films.

use chrono::{DateTime, Utc};
use kernel::Tx;
use sqlx::{FromRow, PgPool};

use crate::{domain::MediaType, error::Error};

/// A stored picture or film, without the file.
#[derive(Clone, Debug, FromRow)]
pub struct Stored {
    /// SHA-256 of the file, in hex.
    pub media_id: String,
    /// As in a Content-Type.
    pub media_type: String,
    /// For staff.
    pub name: String,
    /// In bytes.
    pub size: i64,
    /// When it first came.
    pub uploaded_at: DateTime<Utc>,
}

/// Stores a file; one that is there already stays as it is.
///
/// # Errors
/// The database's error.
pub async fn keep(tx: &mut Tx, media_id: &str, kind: MediaType, name: &str, file: &[u8]) -> Result<Stored, Error> {
    sqlx::query(
        "insert into media (media_id, media_type, name, size, file, uploaded_at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
    )
    .bind(media_id)
    .bind(kind.name())
    .bind(name)
    .bind(i64::try_from(file.len()).unwrap_or(i64::MAX))
    .bind(file)
    .bind(tx.now())
    .execute(tx.conn())
    .await?;
    Ok(sqlx::query_as("select media_id, media_type, name, size, uploaded_at from media where media_id = $1")
        .bind(media_id)
        .fetch_one(tx.conn())
        .await?)
}

/// Everything that is stored, the newest first.
///
/// # Errors
/// The database's error.
pub async fn list(pool: &PgPool) -> Result<Vec<Stored>, Error> {
    Ok(sqlx::query_as(
        "select media_id, media_type, name, size, uploaded_at from media order by uploaded_at desc, media_id limit 1000",
    )
    .fetch_all(pool)
    .await?)
}

/// How many bytes are stored.
///
/// # Errors
/// The database's error.
pub async fn total(tx: &mut Tx) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("select coalesce(sum(size), 0)::bigint from media").fetch_one(tx.conn()).await?)
}

/// The types of these files; those that are not there are not in it.
///
/// # Errors
/// The database's error.
pub async fn types(tx: &mut Tx, media_ids: &[String]) -> Result<Vec<(String, String)>, Error> {
    // Shared, so that none is deleted before the list that has it is stored.
    Ok(sqlx::query_as("select media_id, media_type from media where media_id = any ($1) for share")
        .bind(media_ids)
        .fetch_all(tx.conn())
        .await?)
}

/// Removes a file. False: it is not there.
///
/// # Errors
/// The database's error.
pub async fn delete(tx: &mut Tx, media_id: &str) -> Result<bool, Error> {
    let done = sqlx::query("delete from media where media_id = $1").bind(media_id).execute(tx.conn()).await?;
    Ok(done.rows_affected() == 1)
}

/// A file with its type.
///
/// # Errors
/// The database's error.
pub async fn file(pool: &PgPool, media_id: &str) -> Result<Option<(String, Vec<u8>, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as("select media_type, file, uploaded_at from media where media_id = $1")
        .bind(media_id)
        .fetch_optional(pool)
        .await?)
}
