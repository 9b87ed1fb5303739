//! Which generation the codes of tickets and visits have, and who issued them anew. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::stored;
use crate::error::Error;

/// The generations of a visit's codes that are not the first, by the ticket's or the visit's id.
pub(crate) async fn generations(conn: &mut PgConnection, visit: Uuid) -> Result<HashMap<Uuid, u16>, Error> {
    let rows: Vec<(Uuid, i32)> = sqlx::query_as("select id, generation from code_generation where visit_id = $1")
        .bind(visit)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(|(id, generation)| Ok((id, stored(u16::try_from(generation).ok(), "generation")?))).collect()
}

/// The next generation of some of a visit's codes. The booking must be locked.
pub(crate) async fn raise(conn: &mut PgConnection, visit: Uuid, ids: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "insert into code_generation as c (id, visit_id, generation) select id, $1, 2 from unnest($2::uuid[]) n (id)
         on conflict (id) do update set generation = c.generation + 1",
    )
    .bind(visit)
    .bind(ids)
    .execute(conn)
    .await?;
    Ok(())
}

/// For the record.
pub(crate) async fn record(
    conn: &mut PgConnection,
    visit: Uuid,
    ids: &[Uuid],
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into reissue (visit_id, codes, reason, by, at) values ($1, $2, $3, $4, $5)")
        .bind(visit)
        .bind(ids)
        .bind(reason)
        .bind(by)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Erases why codes were issued anew before an instant.
pub(crate) async fn erase_reasons(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("update reissue set reason = '', erased_at = $2 where at < $1 and erased_at is null")
        .bind(before)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}
