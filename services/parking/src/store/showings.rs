//! What is known here of showings: their times, as reservations and flow told them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{domain::ShowingTimes, error::Error};

#[derive(FromRow)]
struct TimesRow {
    showing_id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    predicted_end_at: Option<DateTime<Utc>>,
}

impl TimesRow {
    const fn read(self) -> (Uuid, ShowingTimes) {
        let Self { showing_id, starts_at, ends_at, predicted_end_at } = self;
        (showing_id, ShowingTimes { starts_at, ends_at, predicted_end_at })
    }
}

/// A showing's times; none before reservations has told them.
pub(crate) async fn times(conn: &mut PgConnection, showing: Uuid) -> Result<Option<ShowingTimes>, Error> {
    Ok(times_of(conn, &[showing]).await?.remove(&showing))
}

/// The times of those of some showings that reservations has told.
pub(crate) async fn times_of(
    conn: &mut PgConnection,
    showings: &[Uuid],
) -> Result<BTreeMap<Uuid, ShowingTimes>, Error> {
    let rows: Vec<TimesRow> = sqlx::query_as(
        "select showing_id, starts_at, ends_at, predicted_end_at from known_showing
         where showing_id = any ($1) and starts_at is not null",
    )
    .bind(showings)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(TimesRow::read).collect())
}

pub(crate) async fn save(
    conn: &mut PgConnection,
    showing: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing (showing_id, starts_at, ends_at) values ($1, $2, $3)
         on conflict (showing_id) do update set starts_at = $2, ends_at = $3",
    )
    .bind(showing)
    .bind(starts_at)
    .bind(ends_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The end that the door predicted last.
pub(crate) async fn prediction(conn: &mut PgConnection, showing: Uuid) -> Result<Option<DateTime<Utc>>, Error> {
    let found = sqlx::query_scalar("select predicted_end_at from known_showing where showing_id = $1")
        .bind(showing)
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten())
}

pub(crate) async fn save_prediction(
    conn: &mut PgConnection,
    showing: Uuid,
    predicted_end_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing (showing_id, predicted_end_at) values ($1, $2)
         on conflict (showing_id) do update set predicted_end_at = $2",
    )
    .bind(showing)
    .bind(predicted_end_at)
    .execute(conn)
    .await?;
    Ok(())
}
