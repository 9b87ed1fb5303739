//! What is known here of showings: their times, as holds, reservations and flow told them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{domain::ShowingTimes, error::Error};

#[derive(FromRow)]
struct TimesRow {
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    predicted_end_at: Option<DateTime<Utc>>,
    has_begun: bool,
}

/// A showing's times; none before anybody has told them.
pub(crate) async fn times(conn: &mut PgConnection, showing: Uuid) -> Result<Option<ShowingTimes>, Error> {
    let row: Option<TimesRow> = sqlx::query_as(
        "select starts_at, ends_at, predicted_end_at, has_begun from known_showing
         where showing_id = $1 and starts_at is not null",
    )
    .bind(showing)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ShowingTimes {
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        predicted_end_at: row.predicted_end_at,
        has_begun: row.has_begun,
    }))
}

/// What a hold says counts only until reservations says it better.
pub(crate) async fn save_if_unknown(
    conn: &mut PgConnection,
    showing: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing as k (showing_id, starts_at, ends_at) values ($1, $2, $3)
         on conflict (showing_id) do update set starts_at = $2, ends_at = $3 where k.starts_at is null",
    )
    .bind(showing)
    .bind(starts_at)
    .bind(ends_at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save(
    conn: &mut PgConnection,
    showing: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    told_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing as k (showing_id, starts_at, ends_at, told_at) values ($1, $2, $3, $4)
         on conflict (showing_id) do update set starts_at = $2, ends_at = $3, told_at = $4
         where k.told_at is null or k.told_at <= $4",
    )
    .bind(showing)
    .bind(starts_at)
    .bind(ends_at)
    .bind(told_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The end that the door predicted last, and whether the showing had begun; none for an unknown showing.
pub(crate) async fn prediction(
    conn: &mut PgConnection,
    showing: Uuid,
) -> Result<Option<(Option<DateTime<Utc>>, bool)>, Error> {
    Ok(sqlx::query_as("select predicted_end_at, has_begun from known_showing where showing_id = $1")
        .bind(showing)
        .fetch_optional(conn)
        .await?)
}

/// Once the showing has begun, an older prediction does not come back.
pub(crate) async fn save_prediction(
    conn: &mut PgConnection,
    showing: Uuid,
    predicted_end_at: DateTime<Utc>,
    predicted_at: DateTime<Utc>,
    has_begun: bool,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing as k (showing_id, predicted_end_at, predicted_at, has_begun)
         values ($1, $2, $3, $4)
         on conflict (showing_id) do update set predicted_end_at = $2, predicted_at = $3, has_begun = $4
         where (k.predicted_at is null or k.predicted_at <= $3) and ($4 or not k.has_begun)",
    )
    .bind(showing)
    .bind(predicted_end_at)
    .bind(predicted_at)
    .bind(has_begun)
    .execute(conn)
    .await?;
    Ok(())
}
