//! Every SQL statement on steps that somebody has put off.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::error::Error;

/// A step of a showing that nobody is reminded of before then.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct PutOff {
    pub(crate) showing_id: Uuid,
    pub(crate) step: i32,
    pub(crate) until: DateTime<Utc>,
    pub(crate) by_whom: String,
}

pub(crate) async fn put_off(conn: &mut PgConnection, it: &PutOff) -> Result<(), Error> {
    sqlx::query(
        "insert into put_off (showing_id, step, until, by_whom) values ($1, $2, $3, $4)
         on conflict (showing_id, step) do update set until = $3, by_whom = $4",
    )
    .bind(it.showing_id)
    .bind(it.step)
    .bind(it.until)
    .bind(&it.by_whom)
    .execute(conn)
    .await?;
    Ok(())
}

/// What is put off still.
pub(crate) async fn all_put_off(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<PutOff>, Error> {
    Ok(sqlx::query_as("select showing_id, step, until, by_whom from put_off where until > $1")
        .bind(now)
        .fetch_all(pool)
        .await?)
}

pub(crate) async fn delete_put_off(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from put_off where until < $1").bind(before).execute(conn).await?;
    Ok(())
}
