//! What is known here of showings: their times, as holds, reservations and flow told them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{domain::ShowingTimes, error::Error};

/// A showing's times as reservations told them at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) showing: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) at: DateTime<Utc>,
}

#[derive(FromRow)]
struct TimesRow {
    showing_id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    predicted_end_at: Option<DateTime<Utc>>,
    has_begun: bool,
    walk_seconds: i32,
}

/// A showing's times; none before anybody has told them.
pub(crate) async fn times(conn: &mut PgConnection, showing: Uuid) -> Result<Option<ShowingTimes>, Error> {
    Ok(all_times(conn, &[showing]).await?.remove(&showing))
}

/// The times of some showings; those of which nobody has told them are missing.
pub(crate) async fn all_times(
    conn: &mut PgConnection,
    showings: &[Uuid],
) -> Result<HashMap<Uuid, ShowingTimes>, Error> {
    let rows: Vec<TimesRow> = sqlx::query_as(
        "select showing_id, starts_at, ends_at, predicted_end_at, has_begun, walk_seconds
         from known_showing, kitchen_rule where showing_id = any ($1) and starts_at is not null",
    )
    .bind(showings)
    .fetch_all(conn)
    .await?;
    let times = |row: TimesRow| ShowingTimes {
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        predicted_end_at: row.predicted_end_at,
        has_begun: row.has_begun,
        walk: TimeDelta::seconds(row.walk_seconds.into()),
    };
    Ok(rows.into_iter().map(|row| (row.showing_id, times(row))).collect())
}

/// What holds say counts only until reservations says it better: by showing, its start and its end.
pub(crate) async fn save_if_unknown(
    conn: &mut PgConnection,
    told: &BTreeMap<Uuid, (DateTime<Utc>, DateTime<Utc>)>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into known_showing as k (showing_id, starts_at, ends_at)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[])
         on conflict (showing_id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at
         where k.starts_at is null",
    )
    .bind(told.keys().copied().collect::<Vec<_>>())
    .bind(told.values().map(|(starts_at, _)| *starts_at).collect::<Vec<_>>())
    .bind(told.values().map(|(_, ends_at)| *ends_at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// What reservations told of some showings, each once.
pub(crate) async fn save_all(conn: &mut PgConnection, told: &[Told]) -> Result<(), Error> {
    let ids: Vec<Uuid> = told.iter().map(|it| it.showing).collect();
    let times = |of: fn(&Told) -> DateTime<Utc>| told.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "insert into known_showing as k (showing_id, starts_at, ends_at, told_at)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
         on conflict (showing_id) do update
             set starts_at = excluded.starts_at, ends_at = excluded.ends_at, told_at = excluded.told_at
         where k.told_at is null or k.told_at <= excluded.told_at",
    )
    .bind(ids)
    .bind(times(|it| it.starts_at))
    .bind(times(|it| it.ends_at))
    .bind(times(|it| it.at))
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

/// Once the showing has begun, an older prediction does not come back; a newer one may take the start back.
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
         where (k.predicted_at is null or k.predicted_at <= $3)
             and ($4 or not k.has_begun or k.predicted_at < $3)",
    )
    .bind(showing)
    .bind(predicted_end_at)
    .bind(predicted_at)
    .bind(has_begun)
    .execute(conn)
    .await?;
    Ok(())
}
