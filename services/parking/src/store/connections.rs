//! SQL of what speaks from outside: whose token is good, who issued and revoked it, and when each spoke last.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use crate::{
    domain::connections::{Act, Connection, Kind, Step},
    error::Error,
};

/// So many acts of one connection are told.
const MOST_ACTS: i64 = 20;

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    lane: String,
    has_token: bool,
    used_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct ActRow {
    device_id: String,
    step: String,
    at: DateTime<Utc>,
    by: String,
}

/// All that the house file names, or the one of that id.
pub(crate) async fn list(conn: &mut PgConnection, only: Option<&str>) -> Result<Vec<Connection>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select d.id, d.kind, d.lane, d.has_token, u.used_at
         from (select id, 'camera' as kind, lane, token_hash is not null as has_token, 1 as place from camera
               union all select id, 'feed', '', token_hash is not null, 2 from feed
               union all select id, speaks, '', token_hash is not null, 3 from partner) d
         left join token_use u on u.device_id = d.id
         where $1::text is null or d.id = $1 order by d.place, d.id",
    )
    .bind(only)
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut acts = acts(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Connection {
                kind: Kind::named(&row.kind).ok_or_else(|| Error::Stored(format!("connection {}", row.kind)))?,
                lane: row.lane,
                has_token: row.has_token,
                used_at: row.used_at,
                acts: acts.remove(&row.id).unwrap_or_default(),
                id: row.id,
            })
        })
        .collect()
}

/// The newest first.
async fn acts(conn: &mut PgConnection, ids: &[&str]) -> Result<HashMap<String, Vec<Act>>, Error> {
    let rows: Vec<ActRow> = sqlx::query_as(
        "select a.device_id, a.step, a.at, a.by from unnest($1::text[]) d (id)
         cross join lateral (select * from token_act where device_id = d.id order by id desc limit $2) a
         order by a.device_id, a.id desc",
    )
    .bind(ids)
    .bind(MOST_ACTS)
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<String, Vec<Act>> = HashMap::new();
    for row in rows {
        let step = Step::named(&row.step).ok_or_else(|| Error::Stored(format!("token {}", row.step)))?;
        found.entry(row.device_id).or_default().push(Act { step, at: row.at, by: row.by });
    }
    Ok(found)
}

pub(crate) async fn record(conn: &mut PgConnection, device: &str, act: &Act) -> Result<(), Error> {
    sqlx::query("insert into token_act (device_id, step, at, by) values ($1, $2, $3, $4)")
        .bind(device)
        .bind(act.step.name())
        .bind(act.at)
        .bind(&act.by)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a token away, whatever has it. False: there was none.
pub(crate) async fn end_token(conn: &mut PgConnection, device: &str) -> Result<bool, Error> {
    let ended: i64 = sqlx::query_scalar(
        "with camera_had as (update camera set token_hash = null where id = $1 and token_hash is not null returning 1),
              feed_had as (update feed set token_hash = null where id = $1 and token_hash is not null returning 1),
              partner_had as (update partner set token_hash = null where id = $1 and token_hash is not null returning 1)
         select (select count(*) from camera_had) + (select count(*) from feed_had)
             + (select count(*) from partner_had)",
    )
    .bind(device)
    .fetch_one(conn)
    .await?;
    Ok(ended > 0)
}

/// Whether it is written down that a device spoke since.
pub(crate) async fn spoke_since(conn: &mut PgConnection, device: &str, since: DateTime<Utc>) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from token_use where device_id = $1 and used_at > $2)")
        .bind(device)
        .bind(since)
        .fetch_one(conn)
        .await?)
}

pub(crate) async fn note_use(conn: &mut PgConnection, device: &str, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into token_use (device_id, used_at) values ($1, $2)
         on conflict (device_id) do update set used_at = greatest(token_use.used_at, excluded.used_at)",
    )
    .bind(device)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}
