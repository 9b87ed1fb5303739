//! What waits to be pushed to the kitchen's own system. Judged by the machine's clock.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::kds::{Message, Push},
    error::Error,
};

#[derive(FromRow)]
struct Row {
    push_id: Uuid,
    key: Uuid,
    path: String,
    body: Json<Value>,
    attempts: i32,
}

/// From now on messages are written down, or not any more: then what waits is let go.
pub(crate) async fn switch(conn: &mut PgConnection, on: bool) -> Result<(), Error> {
    if on {
        sqlx::query("insert into kds_push_on default values on conflict do nothing").execute(conn).await?;
    } else {
        sqlx::query("with off as (delete from kds_push_on returning one) delete from kds_push using off where true")
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// How the kitchen calls itself to its own system: account, location, channel; None: there is no system to tell.
pub(crate) async fn names(conn: &mut PgConnection) -> Result<Option<(String, String, String)>, Error> {
    Ok(sqlx::query_as("select account, location, channel from kitchen_rule where exists (select from kds_push_on)")
        .fetch_optional(conn)
        .await?)
}

/// Writes messages down in their order, if there is a system to tell.
pub(crate) async fn add(conn: &mut PgConnection, messages: &[Message], wall: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into kds_push (push_id, subject, path, body, next_try_at, made_at)
         select n.id, n.subject, n.path, n.body, $5, $5
         from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) with ordinality as n (id, subject, path, body, at)
         where exists (select from kds_push_on) order by n.at",
    )
    .bind(messages.iter().map(|_| kernel::values::new_id(wall)).collect::<Vec<_>>())
    .bind(messages.iter().map(|it| it.subject.as_str()).collect::<Vec<_>>())
    .bind(messages.iter().map(|it| it.path.as_str()).collect::<Vec<_>>())
    .bind(messages.iter().map(|it| Json(&it.body)).collect::<Vec<_>>())
    .bind(wall)
    .execute(conn)
    .await?;
    Ok(())
}

/// What may be sent now: of each subject the first that waits, if its time has come.
pub(crate) async fn due(conn: &mut PgConnection, wall: DateTime<Utc>, most: i64) -> Result<Vec<Push>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select push_id, coalesce(key, push_id) as key, path, body, attempts from (
             select distinct on (subject) * from kds_push where next_try_at is not null order by subject, seq) first
         where next_try_at <= $1 order by seq limit $2",
    )
    .bind(wall)
    .bind(most)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Push {
            id: row.push_id,
            key: row.key,
            path: row.path,
            body: row.body.0,
            attempts: row.attempts.unsigned_abs(),
        })
        .collect())
}

/// It is over: taken, or (with a problem) refused for good.
pub(crate) async fn end(conn: &mut PgConnection, id: Uuid, problem: &str, wall: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update kds_push set attempts = attempts + 1, next_try_at = null, problem = $2, delivered_at = $3
         where push_id = $1 and next_try_at is not null",
    )
    .bind(id)
    .bind(problem)
    .bind(wall)
    .execute(conn)
    .await?;
    Ok(())
}

/// It was not taken, and is sent again then.
pub(crate) async fn again(conn: &mut PgConnection, id: Uuid, problem: &str, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update kds_push set attempts = attempts + 1, problem = $2, next_try_at = $3
         where push_id = $1 and next_try_at is not null",
    )
    .bind(id)
    .bind(problem)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets go of what was over before.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from kds_push where delivered_at < $1").bind(before).execute(conn).await?;
    Ok(())
}
