//! What estimates are made of, and how good those before were. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::estimates::{Minute, Raw, Silence},
    error::Error,
};

/// Showings and estimates that say how it usually is.
const LAST_SHOWINGS: i64 = 20;
const LAST_SCORES: i64 = 400;

/// Who came to a zone and who left it by the minute, since then.
pub(crate) async fn minutes(conn: &mut PgConnection, zone: &str, since: DateTime<Utc>) -> Result<Vec<Minute>, Error> {
    let rows: Vec<(DateTime<Utc>, i32, i32)> = sqlx::query_as(
        "select minute, came, gone from zone_traffic where zone_id = $1 and minute >= $2 order by minute",
    )
    .bind(zone)
    .bind(since)
    .fetch_all(conn)
    .await?;
    let read = |(at, came, gone): (_, i32, i32)| Minute { at, came: came.unsigned_abs(), gone: gone.unsigned_abs() };
    Ok(rows.into_iter().map(read).collect())
}

/// When counters of a zone were silent since then, by their beginning. Who comes and who leaves is not seen meanwhile.
pub(crate) async fn silences(
    conn: &mut PgConnection,
    zone: &str,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Silence>, Error> {
    let rows: Vec<(DateTime<Utc>, Option<DateTime<Utc>>, i32)> = sqlx::query_as(
        "select since, until, people from zone_silence where zone_id = $1 and (until is null or until > $2)
         order by since",
    )
    .bind(zone)
    .bind(since)
    .fetch_all(conn)
    .await?;
    let read = |(since, until, people): (DateTime<Utc>, Option<DateTime<Utc>>, i32)| Silence {
        since,
        until: until.unwrap_or(now),
        people: people.unsigned_abs(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Notes an estimate of the door, once a minute.
pub(crate) async fn note(conn: &mut PgConnection, showing: Uuid, raw: &Raw, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into door_estimate (showing_id, minute, seconds, spread) values ($1, date_trunc('minute', $2), $3, $4)
         on conflict do nothing",
    )
    .bind(showing)
    .bind(at)
    .bind(raw.seconds.cast_signed())
    .bind(raw.spread.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// An estimate of the door that was noted: when, and what it said.
pub(crate) type Noted = (DateTime<Utc>, u32, u32);

/// The estimates of a showing, and when the last one came in; None: nobody did.
pub(crate) async fn noted(
    conn: &mut PgConnection,
    showing: Uuid,
) -> Result<(Vec<Noted>, Option<DateTime<Utc>>), Error> {
    let rows: Vec<(DateTime<Utc>, i32, i32)> =
        sqlx::query_as("select minute, seconds, spread from door_estimate where showing_id = $1 order by minute")
            .bind(showing)
            .fetch_all(&mut *conn)
            .await?;
    let last: Option<DateTime<Utc>> =
        sqlx::query_scalar("select max(admitted_at) from door_ticket where showing_id = $1")
            .bind(showing)
            .fetch_one(conn)
            .await?;
    let read = |(at, seconds, spread): (_, i32, i32)| (at, seconds.unsigned_abs(), spread.unsigned_abs());
    Ok((rows.into_iter().map(read).collect(), last))
}

/// How far the estimates of a showing were off, and when its last one came in.
pub(crate) async fn save_scores(
    conn: &mut PgConnection,
    showing: Uuid,
    scores: &[(DateTime<Utc>, i32)],
    (starts_at, before): (DateTime<Utc>, TimeDelta),
) -> Result<(), Error> {
    sqlx::query(
        "update door_estimate e set score = n.score from unnest($2::timestamptz[], $3::integer[]) n (minute, score)
         where e.showing_id = $1 and e.minute = n.minute",
    )
    .bind(showing)
    .bind(scores.iter().map(|(at, _)| *at).collect::<Vec<_>>())
    .bind(scores.iter().map(|(_, score)| *score).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into door_last_in (showing_id, starts_at, seconds_before) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(showing)
    .bind(starts_at)
    .bind(i32::try_from(before.num_seconds()).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

/// The doors were not closed after all: nothing is known yet of how good the showing's estimates are.
pub(crate) async fn forget_scores(conn: &mut PgConnection, showing: Uuid) -> Result<(), Error> {
    for statement in [
        "update door_estimate set score = null where showing_id = $1",
        "delete from door_last_in where showing_id = $1",
    ] {
        sqlx::query(statement).bind(showing).execute(&mut *conn).await?;
    }
    Ok(())
}

/// How far the last estimates were off.
pub(crate) async fn last_scores(conn: &mut PgConnection) -> Result<Vec<i32>, Error> {
    Ok(sqlx::query_scalar("select score from door_estimate where score is not null order by minute desc limit $1")
        .bind(LAST_SCORES)
        .fetch_all(conn)
        .await?)
}

/// How long before the start the last one came in, at the last showings.
pub(crate) async fn last_in(conn: &mut PgConnection) -> Result<Vec<TimeDelta>, Error> {
    let seconds: Vec<i32> =
        sqlx::query_scalar("select seconds_before from door_last_in order by starts_at desc limit $1")
            .bind(LAST_SHOWINGS)
            .fetch_all(conn)
            .await?;
    Ok(seconds.into_iter().map(|seconds| TimeDelta::seconds(seconds.into())).collect())
}

/// Forgets what says nothing of the next showings.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in ["delete from door_estimate where minute < $1", "delete from door_last_in where starts_at < $1"] {
        sqlx::query(statement).bind(before).execute(&mut *conn).await?;
    }
    Ok(())
}
