//! What was counted when: clicks, who came and left by the minute, numbers for replays. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{Level, Quality, Zone, replay::Sample, zones::EscapeGroup},
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

/// Keeps those numbers that are others than were kept last.
macro_rules! keep {
    ($table:literal, $id:literal) => {
        concat!(
            "insert into ",
            $table,
            " (",
            $id,
            ", at, count, level, quality)
             select n.id, $5, n.count, n.level, n.quality
             from unnest($1::text[], $2::integer[], $3::text[], $4::text[]) as n (id, count, level, quality)
             left join lateral (select count, level, quality from ",
            $table,
            " s where s.",
            $id,
            " = n.id
                 order by at desc limit 1) last on true
             where (last.count, last.level, last.quality) is distinct from (n.count, n.level, n.quality)
             on conflict do nothing"
        )
    };
}

/// Keeps each zone's number where it is another one than was kept last.
pub(crate) async fn keep_samples(conn: &mut PgConnection, zones: &[Zone], at: DateTime<Utc>) -> Result<(), Error> {
    let rows = zones.iter().map(|zone| (zone.id.as_str(), zone.count, zone.level, zone.quality));
    keep(conn, keep!("zone_sample", "zone_id"), rows, at).await
}

/// The same of escape groups.
pub(crate) async fn keep_group_samples(
    conn: &mut PgConnection,
    groups: &[EscapeGroup],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let rows = groups.iter().map(|group| (group.id.as_str(), group.count, group.level, group.quality));
    keep(conn, keep!("escape_group_sample", "group_id"), rows, at).await
}

async fn keep<'a>(
    conn: &mut PgConnection,
    statement: &'static str,
    rows: impl Iterator<Item = (&'a str, u32, Level, Quality)>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let (mut ids, mut counts, mut levels, mut qualities) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, count, level, quality) in rows {
        ids.push(id);
        counts.push(count.cast_signed());
        levels.push(level.name());
        qualities.push(quality.name());
    }
    sqlx::query(statement).bind(ids).bind(counts).bind(levels).bind(qualities).bind(at).execute(conn).await?;
    Ok(())
}

/// Whose numbers are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    Zone(&'a str),
    Group(&'a str),
}

/// Numbers since an instant, with the one that held when it began at the latest.
macro_rules! since {
    ($table:literal, $id:literal) => {
        concat!(
            "select at, count, level, quality from ",
            $table,
            " where ",
            $id,
            " = $1 and at >= coalesce((select max(at) from ",
            $table,
            " where ",
            $id,
            " = $1 and at < $2), $2) order by at"
        )
    };
}

/// The numbers that were kept since an instant, and the level before that; an empty zone if there was none.
pub(crate) async fn samples_since(
    conn: &mut PgConnection,
    whose: Whose<'_>,
    since: DateTime<Utc>,
) -> Result<(Level, Vec<Sample>), Error> {
    let (statement, id) = match whose {
        Whose::Zone(id) => (since!("zone_sample", "zone_id"), id),
        Whose::Group(id) => (since!("escape_group_sample", "group_id"), id),
    };
    let rows: Vec<SampleRow> = sqlx::query_as(statement).bind(id).bind(since).fetch_all(conn).await?;
    let mut samples = rows.into_iter().map(sample).collect::<Result<Vec<Sample>, Error>>()?;
    let held = samples.first().filter(|it| it.at < since).map(|it| it.level);
    if held.is_some() {
        samples.remove(0);
    }
    Ok((held.unwrap_or(Level::Green), samples))
}

/// Keeps numbers otherwise than they were kept.
macro_rules! rewrite {
    ($table:literal, $id:literal) => {
        concat!(
            "update ",
            $table,
            " s set count = n.count, level = n.level, quality = n.quality
             from unnest($2::timestamptz[], $3::integer[], $4::text[], $5::text[]) as n (at, count, level, quality)
             where s.",
            $id,
            " = $1 and s.at = n.at"
        )
    };
}

/// Keeps numbers otherwise than they were kept: some were a mistake.
pub(crate) async fn rewrite_samples(
    conn: &mut PgConnection,
    whose: Whose<'_>,
    samples: &[Sample],
) -> Result<(), Error> {
    let (statement, id) = match whose {
        Whose::Zone(id) => (rewrite!("zone_sample", "zone_id"), id),
        Whose::Group(id) => (rewrite!("escape_group_sample", "group_id"), id),
    };
    let (mut times, mut counts, mut levels, mut qualities) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for sample in samples {
        times.push(sample.at);
        counts.push(sample.count.cast_signed());
        levels.push(sample.level.name());
        qualities.push(sample.quality.name());
    }
    sqlx::query(statement).bind(id).bind(times).bind(counts).bind(levels).bind(qualities).execute(conn).await?;
    Ok(())
}

/// Numbers in a span, with the one that held when it began.
macro_rules! samples {
    ($table:literal, $id:literal) => {
        concat!(
            "(select $2 as at, s.count, s.level, s.quality from ",
            $table,
            " s where s.",
            $id,
            " = $1 and s.at < $2
                 order by s.at desc limit 1)
             union all
             (select s.at, s.count, s.level, s.quality from ",
            $table,
            " s
                 where s.",
            $id,
            " = $1 and s.at >= $2 and s.at < $3)
             order by at"
        )
    };
}

/// A zone's numbers in a span, with the one that held when it began.
pub(crate) async fn samples(
    conn: &mut PgConnection,
    zone: &str,
    span: (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Sample>, Error> {
    read(conn, samples!("zone_sample", "zone_id"), zone, span).await
}

/// The same of an escape group.
pub(crate) async fn group_samples(
    conn: &mut PgConnection,
    group: &str,
    span: (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Sample>, Error> {
    read(conn, samples!("escape_group_sample", "group_id"), group, span).await
}

async fn read(
    conn: &mut PgConnection,
    statement: &'static str,
    id: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Sample>, Error> {
    let rows: Vec<SampleRow> = sqlx::query_as(statement).bind(id).bind(from).bind(until).fetch_all(conn).await?;
    rows.into_iter().map(sample).collect()
}

type SampleRow = (DateTime<Utc>, i32, String, String);

fn sample((at, count, level, quality): SampleRow) -> Result<Sample, Error> {
    let level = stored(Level::named(&level), "sample's level")?;
    let quality = stored(Quality::named(&quality), "sample's quality")?;
    Ok(Sample { at, count: count.unsigned_abs(), level, quality })
}

/// Forgets what replays need no more.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in [
        "delete from zone_sample where at < $1",
        "delete from escape_group_sample where at < $1",
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
