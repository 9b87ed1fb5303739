//! People counters, what they sent, and which of it was counted. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};

use super::stored;
use crate::{
    domain::counters::{Counted, Logic, Problem, Sensor, State},
    error::Error,
};

/// A logic as stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LogicRow {
    Line { into: String, out_of: String },
    Balance { zone: String },
}

#[derive(FromRow)]
struct SensorRow {
    id: String,
    name: Json<Text>,
    serial: String,
    interval_seconds: i32,
    missed_intervals: i32,
    logics: Json<Vec<(i64, LogicRow)>>,
    live: bool,
    state: String,
    problem: String,
    since: DateTime<Utc>,
    last_seen: Option<DateTime<Utc>>,
    packages: Json<Vec<(i64, i64)>>,
    lost: i64,
    skew_seconds: i32,
    told_skew_seconds: i32,
    told_skew_since: Option<DateTime<Utc>>,
    heard_again_at: Option<DateTime<Utc>>,
    blind_until: Option<DateTime<Utc>>,
}

impl SensorRow {
    fn read(self) -> Result<Sensor, Error> {
        let logics = self.logics.0.into_iter().map(|(id, logic)| match logic {
            LogicRow::Line { into, out_of } => (id, Logic::Line { into, out_of }),
            LogicRow::Balance { zone } => (id, Logic::Balance { zone }),
        });
        Ok(Sensor {
            id: self.id,
            name: self.name.0,
            serial: self.serial,
            state: stored(State::named(&self.state), "sensor state")?,
            problem: Problem::named(&self.problem),
            since: self.since,
            last_seen: self.last_seen,
            interval: TimeDelta::seconds(self.interval_seconds.into()),
            silence: TimeDelta::seconds(self.interval_seconds.into()) * self.missed_intervals,
            logics: logics.collect(),
            live: self.live,
            packages: self.packages.0,
            lost: self.lost.unsigned_abs(),
            skew_seconds: self.skew_seconds,
            told_skew: self.told_skew_since.map(|since| (self.told_skew_seconds, since)),
            heard_again_at: self.heard_again_at,
            blind_until: self.blind_until,
        })
    }
}

pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Sensor>, Error> {
    let rows: Vec<SensorRow> = sqlx::query_as("select * from sensor order by place").fetch_all(conn).await?;
    rows.into_iter().map(SensorRow::read).collect()
}

pub(crate) async fn lock(conn: &mut PgConnection, id: &str) -> Result<Option<Sensor>, Error> {
    sqlx::query_as::<_, SensorRow>("select * from sensor where id = $1 for no key update")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(SensorRow::read)
        .transpose()
}

/// Who sends a push.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Sender {
    pub(crate) id: String,
    pub(crate) serial: String,
    pub(crate) live: bool,
}

/// Whose token this is the hash of.
pub(crate) async fn of_token(conn: &mut PgConnection, hash: &[u8]) -> Result<Option<Sender>, Error> {
    Ok(sqlx::query_as("select id, serial, live from sensor where token_hash = $1")
        .bind(hash)
        .fetch_optional(conn)
        .await?)
}

pub(crate) async fn set_token(conn: &mut PgConnection, id: &str, hash: Option<&[u8]>) -> Result<(), Error> {
    sqlx::query("update sensor set token_hash = $2 where id = $1").bind(id).bind(hash).execute(conn).await?;
    Ok(())
}

/// Saves what its packages change.
pub(crate) async fn save(conn: &mut PgConnection, sensor: &Sensor) -> Result<(), Error> {
    sqlx::query(
        "update sensor set state = $2, problem = $3, since = $4, last_seen = $5, packages = $6, lost = $7,
             skew_seconds = $8, heard_again_at = $9, blind_until = $10, told_skew_seconds = $11, told_skew_since = $12
         where id = $1",
    )
    .bind(&sensor.id)
    .bind(sensor.state.name())
    .bind(sensor.problem.map_or("", Problem::name))
    .bind(sensor.since)
    .bind(sensor.last_seen)
    .bind(Json(&sensor.packages))
    .bind(sensor.lost.cast_signed())
    .bind(sensor.skew_seconds)
    .bind(sensor.heard_again_at)
    .bind(sensor.blind_until)
    .bind(sensor.told_skew.map_or(0, |(seconds, _)| seconds))
    .bind(sensor.told_skew.map(|(_, since)| since))
    .execute(conn)
    .await?;
    Ok(())
}

/// Until when somebody may have passed any counter unseen; one that is silent misses whoever passes it now.
pub(crate) async fn blind_until(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar("select max(case when state = 'offline' then $1 else blind_until end) from sensor")
        .bind(now)
        .fetch_one(conn)
        .await?)
}

/// Notes that a counter is silent since it was heard last, with how many are in each of its zones.
pub(crate) async fn note_silence(conn: &mut PgConnection, sensor: &Sensor) -> Result<(), Error> {
    sqlx::query(
        "insert into zone_silence (zone_id, sensor_id, since, people)
         select z.id, $1, $2, z.count from zone z join sensor_zone s on s.zone_id = z.id where s.sensor_id = $1
         on conflict do nothing",
    )
    .bind(&sensor.id)
    .bind(sensor.last_seen.unwrap_or(sensor.since))
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a counter is heard again, or that nobody listens to it any more.
pub(crate) async fn end_silence(conn: &mut PgConnection, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update zone_silence set until = $2 where sensor_id = $1 and until is null")
        .bind(id)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks all counters, by their ids.
pub(crate) async fn lock_all(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select 1 from sensor order by id collate \"C\" for no key update").execute(conn).await?;
    Ok(())
}

/// The states of all counters of a zone.
pub(crate) async fn states_of_zone(conn: &mut PgConnection, zone: &str) -> Result<Vec<State>, Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "select s.state from sensor s join sensor_zone z on z.sensor_id = s.id where z.zone_id = $1",
    )
    .bind(zone)
    .fetch_all(conn)
    .await?;
    names.iter().map(|name| stored(State::named(name), "sensor state")).collect()
}

/// Remembers that an interval is counted; false: it was before.
pub(crate) async fn count_once(conn: &mut PgConnection, sensor: &str, counted: &Counted) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into sensor_record (sensor_id, logic, from_at, to_at) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(sensor)
    .bind(counted.logic)
    .bind(counted.from)
    .bind(counted.to)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A push as it came.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) sensor: String,
    pub(crate) status: i32,
    pub(crate) size: i64,
    pub(crate) problem: String,
    pub(crate) body: Option<Vec<u8>>,
}

/// Notes that somebody pushes whom nobody knows; false: that was noted within the last minute.
pub(crate) async fn note_refused(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<bool, Error> {
    let noted = sqlx::query(
        "update flow_mark set refused_push_at = $1
         where refused_push_at is null or refused_push_at <= $1 - interval '1 minute'",
    )
    .bind(now)
    .execute(conn)
    .await?;
    Ok(noted.rows_affected() > 0)
}

/// When that was last noted, if it was after an instant.
pub(crate) async fn refused_after(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar("select refused_push_at from flow_mark where refused_push_at > $1")
        .bind(after)
        .fetch_optional(conn)
        .await?)
}

pub(crate) async fn record_push(conn: &mut PgConnection, push: &Push, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("insert into sensor_push (sensor_id, at, status, size, problem, body) values ($1, $2, $3, $4, $5, $6)")
        .bind(&push.sensor)
        .bind(at)
        .bind(push.status)
        .bind(push.size)
        .bind(&push.problem)
        .bind(&push.body)
        .execute(conn)
        .await?;
    Ok(())
}

/// A push as it is listed.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Listed {
    pub(crate) at: DateTime<Utc>,
    pub(crate) status: i32,
    pub(crate) size: i64,
    pub(crate) problem: String,
}

/// A counter's pushes, the newest first. Of older ones more may be kept of what was wrong than anybody reads.
pub(crate) async fn pushes(conn: &mut PgConnection, sensor: &str, most: i64) -> Result<Vec<Listed>, Error> {
    Ok(sqlx::query_as(
        "select at, status, size, left(problem, 400) as problem from sensor_push
         where sensor_id = $1 order by id desc limit $2",
    )
    .bind(sensor)
    .bind(most)
    .fetch_all(conn)
    .await?)
}

/// Of one counter, no more pushes than that are kept: two weeks of one a minute.
const MOST_KEPT: i64 = 20_000;

/// Forgets pushes, which intervals were counted, and when counters were silent.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from sensor_push where at < $1").bind(before).execute(&mut *conn).await?;
    sqlx::query(
        "delete from sensor_push p using sensor s
         where p.sensor_id = s.id and p.id <= (select q.id from sensor_push q where q.sensor_id = s.id
             order by q.id desc offset $1 limit 1)",
    )
    .bind(MOST_KEPT)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from sensor_record where to_at < $1").bind(before).execute(&mut *conn).await?;
    sqlx::query("delete from zone_silence where until < $1").bind(before).execute(conn).await?;
    Ok(())
}

/// Writes the counters as the house file has them. Those that it has not are retired; states belong to the day.
pub(crate) async fn save_plans(conn: &mut PgConnection, sensors: &[Sensor], now: DateTime<Utc>) -> Result<(), Error> {
    let ids: Vec<&str> = sensors.iter().map(|sensor| sensor.id.as_str()).collect();
    sqlx::query(
        "update sensor set state = 'retired', token_hash = null, since = $2 where id <> all($1) and state <> 'retired'",
    )
    .bind(&ids)
    .bind(now)
    .execute(&mut *conn)
    .await?;
    sqlx::query("update zone_silence set until = $2 where until is null and sensor_id <> all($1)")
        .bind(&ids)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    sqlx::query("delete from sensor_zone").execute(&mut *conn).await?;
    for (place, sensor) in sensors.iter().enumerate() {
        let logics = sensor.logics.iter().map(|(id, logic)| match logic.clone() {
            Logic::Line { into, out_of } => (*id, LogicRow::Line { into, out_of }),
            Logic::Balance { zone } => (*id, LogicRow::Balance { zone }),
        });
        sqlx::query(
            "insert into sensor (id, name, place, serial, interval_seconds, logics, since, live, missed_intervals)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (id) do update set name = $2, place = $3, serial = $4, interval_seconds = $5, logics = $6,
                 live = $8, missed_intervals = $9",
        )
        .bind(&sensor.id)
        .bind(Json(&sensor.name))
        .bind(i32::try_from(place).unwrap_or(i32::MAX))
        .bind(&sensor.serial)
        .bind(i32::try_from(sensor.interval.num_seconds()).unwrap_or(i32::MAX))
        .bind(Json(logics.collect::<Vec<_>>()))
        .bind(now)
        .bind(sensor.live)
        .bind(i32::try_from(sensor.silence.num_seconds() / sensor.interval.num_seconds()).unwrap_or(i32::MAX))
        .execute(&mut *conn)
        .await?;
        sqlx::query("insert into sensor_zone (sensor_id, zone_id) select $1, unnest($2::text[])")
            .bind(&sensor.id)
            .bind(sensor.zones().into_iter().filter(|zone| sensor.counts(zone)).collect::<Vec<_>>())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
