//! What was counted when: clicks, who came and left by the minute, numbers for replays. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{Level, Zone, replay::Sample},
    error::Error,
};

/// Records a click; false: it was recorded before.
pub(crate) async fn record_click(
    conn: &mut PgConnection,
    key: Uuid,
    zone: &str,
    people: i32,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into zone_click (idempotency_key, zone_id, people, by, at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(key)
    .bind(zone)
    .bind(people)
    .bind(by)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Who came into a zone and who left it, in the minute of an instant.
pub(crate) async fn add_traffic(
    conn: &mut PgConnection,
    zone: &str,
    at: DateTime<Utc>,
    came: u32,
    gone: u32,
) -> Result<(), Error> {
    sqlx::query(
        "insert into zone_traffic as t (zone_id, minute, came, gone) values ($1, date_trunc('minute', $2), $3, $4)
         on conflict (zone_id, minute) do update set came = t.came + $3, gone = t.gone + $4",
    )
    .bind(zone)
    .bind(at)
    .bind(came.cast_signed())
    .bind(gone.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// How many came into each zone and left it in a span.
pub(crate) async fn traffic(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(String, u32, u32)>, Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select zone_id, sum(came), sum(gone) from zone_traffic where minute >= $1 and minute < $2
         group by zone_id order by zone_id",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    let short = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(rows.into_iter().map(|(zone, came, gone)| (zone, short(came), short(gone))).collect())
}

/// Keeps each zone's number where it is another one than was kept last.
pub(crate) async fn keep_samples(conn: &mut PgConnection, zones: &[Zone], at: DateTime<Utc>) -> Result<u64, Error> {
    let ids: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
    let counts: Vec<i32> = zones.iter().map(|zone| zone.count.cast_signed()).collect();
    let levels: Vec<&str> = zones.iter().map(|zone| zone.level.name()).collect();
    let qualities: Vec<&str> = zones.iter().map(|zone| zone.quality.name()).collect();
    let done = sqlx::query(
        "insert into zone_sample (zone_id, at, count, level, quality)
         select n.id, $5, n.count, n.level, n.quality
         from unnest($1::text[], $2::integer[], $3::text[], $4::text[]) as n (id, count, level, quality)
         left join lateral (select count, level, quality from zone_sample s where s.zone_id = n.id
             order by at desc limit 1) last on true
         where (last.count, last.level, last.quality) is distinct from (n.count, n.level, n.quality)
         on conflict do nothing",
    )
    .bind(ids)
    .bind(counts)
    .bind(levels)
    .bind(qualities)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A zone's numbers in a span, with the one that held when it began.
pub(crate) async fn samples(
    conn: &mut PgConnection,
    zone: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Sample>, Error> {
    let rows: Vec<(DateTime<Utc>, i32, String)> = sqlx::query_as(
        "(select $2 as at, count, level from zone_sample where zone_id = $1 and at < $2 order by zone_sample.at desc
             limit 1)
         union all
         (select at, count, level from zone_sample where zone_id = $1 and at >= $2 and at < $3)
         order by at",
    )
    .bind(zone)
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(at, count, level)| {
            let level = stored(Level::named(&level), "sample's level")?;
            Ok(Sample { at, count: count.unsigned_abs(), level })
        })
        .collect()
}

/// Forgets what replays need no more.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in [
        "delete from zone_sample where at < $1",
        "delete from zone_traffic where minute < $1",
        "delete from zone_click where at < $1",
    ] {
        sqlx::query(statement).bind(before).execute(&mut *conn).await?;
    }
    Ok(())
}

/// How many were let in to a showing since an instant, and when the first of them; None: nobody.
pub(crate) async fn admitted_since(
    conn: &mut PgConnection,
    showing: Uuid,
    since: DateTime<Utc>,
) -> Result<Option<(u32, DateTime<Utc>)>, Error> {
    let (count, first): (i64, Option<DateTime<Utc>>) = sqlx::query_as(
        "select count(*), min(admitted_at) from door_ticket where showing_id = $1 and admitted_at >= $2",
    )
    .bind(showing)
    .bind(since)
    .fetch_one(conn)
    .await?;
    Ok(first.map(|first| (u32::try_from(count).unwrap_or(u32::MAX), first)))
}

/// Of a thousand who were booked for the last twenty showings that ran, how many stayed away.
pub(crate) async fn stay_away_permille(conn: &mut PgConnection) -> Result<u32, Error> {
    let share: i64 = sqlx::query_scalar(
        "select coalesce(sum(booked - least(admitted, booked)) * 1000 / nullif(sum(booked), 0), 0)::bigint
         from (select a.admitted, (select count(*) from door_ticket t where t.showing_id = a.showing_id and t.live) as booked
             from admission a where a.state in ('running', 'egress', 'turnover', 'closed')
             order by a.starts_at desc limit 20) last",
    )
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(share.clamp(0, 500)).unwrap_or(0))
}
