//! SQL of the systems that speak with this one by name, of the rights that they have assigned, and of charging points.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::RightRow;
use crate::{
    domain::{Right, Window, charging::ChargePoint},
    error::Error,
};

/// Whose token this is the hash of, among those who speak so.
pub(crate) async fn of_token(conn: &mut PgConnection, hash: &[u8], speaks: &str) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("select id from partner where token_hash = $1 and speaks = $2")
        .bind(hash)
        .bind(speaks)
        .fetch_optional(conn)
        .await?)
}

/// A new token for a partner; the one before is good no more. False: no such partner.
pub(crate) async fn set_token(conn: &mut PgConnection, partner: &str, hash: &[u8]) -> Result<bool, Error> {
    let done = sqlx::query("update partner set token_hash = $2 where id = $1").bind(partner).bind(hash).execute(conn);
    Ok(done.await?.rows_affected() > 0)
}

/// The partners of the house file (id, what they speak), and no others; those that stay keep their tokens.
pub(crate) async fn keep(conn: &mut PgConnection, partners: &[(&str, &str)]) -> Result<(), Error> {
    let (ids, speak): (Vec<&str>, Vec<&str>) = partners.iter().copied().unzip();
    sqlx::query("delete from partner where id <> all($1)").bind(&ids).execute(&mut *conn).await?;
    sqlx::query(
        "insert into partner (id, speaks) select * from unnest($1::text[], $2::text[])
         on conflict (id) do update set speaks = excluded.speaks",
    )
    .bind(ids)
    .bind(speak)
    .execute(conn)
    .await?;
    Ok(())
}

/// Who assigned a right, and in which version; None: nobody did.
pub(crate) async fn assigned(conn: &mut PgConnection, right: Uuid) -> Result<Option<(String, u32)>, Error> {
    let row: Option<(String, i32)> = sqlx::query_as("select partner, version from assigned_right where right_id = $1")
        .bind(right)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|(partner, version)| (partner, version.unsigned_abs())))
}

pub(crate) async fn save_assigned(
    conn: &mut PgConnection,
    right: Uuid,
    partner: &str,
    version: u32,
) -> Result<(), Error> {
    sqlx::query(
        "insert into assigned_right (right_id, partner, version) values ($1, $2, $3)
         on conflict (right_id) do update set version = $3",
    )
    .bind(right)
    .bind(partner)
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct AssignedRow {
    #[sqlx(flatten)]
    right: RightRow,
    version: i32,
}

/// The rights that a partner has assigned whose window touches a span, with their versions.
pub(crate) async fn rights(conn: &mut PgConnection, partner: &str, span: Window) -> Result<Vec<(Right, u32)>, Error> {
    let rows: Vec<AssignedRow> = sqlx::query_as(
        "select r.*, a.version from assigned_right a join parking_right r on r.visit_id = a.right_id
         where a.partner = $1 and r.valid_from < $3 and r.valid_until > $2 order by r.valid_from, r.visit_id limit 2000",
    )
    .bind(partner)
    .bind(span.from)
    .bind(span.until)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok((row.right.read()?, row.version.unsigned_abs()))).collect()
}

/// What is told of a charging point. Said again, it is so still. False: nothing that is shown has changed, or something
/// newer was told before.
pub(crate) async fn save_charge_point(
    conn: &mut PgConnection,
    partner: &str,
    uid: &str,
    status: &str,
    last_updated: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into charge_point as c (partner, uid, status, last_updated, observed_at)
         values ($1, $2, $3, $4, least($4, $5))
         on conflict (partner, uid) do update set status = $3, last_updated = $4, shown_stale = false,
             observed_at = case when c.last_updated = $4 then $5 else excluded.observed_at end
         where c.last_updated < $4 or (c.last_updated = $4 and c.status = $3)",
    )
    .bind(partner)
    .bind(uid)
    .bind(status)
    .bind(last_updated)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(FromRow)]
struct PointRow {
    uid: String,
    status: String,
    last_updated: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    charging_holds_minutes: i32,
}

/// All charging points that are there.
pub(crate) async fn charge_points(conn: &mut PgConnection) -> Result<Vec<ChargePoint>, Error> {
    let rows: Vec<PointRow> = sqlx::query_as(
        "select p.uid, p.status, p.last_updated, p.observed_at, s.charging_holds_minutes from charge_point p, site s
         where p.status not in ('PLANNED', 'REMOVED') order by p.uid",
    )
    .fetch_all(conn)
    .await?;
    let read = |row: PointRow| ChargePoint {
        id: row.uid,
        status: row.status,
        last_updated: row.last_updated,
        observed_at: row.observed_at,
        holds: TimeDelta::minutes(row.charging_holds_minutes.into()),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Points that have become too old since somebody looked last: each is told once. How many.
pub(crate) async fn show_stale(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query(
        "update charge_point p set shown_stale = true from site s
         where not p.shown_stale and p.observed_at + s.charging_holds_minutes * interval '1 minute' < $1",
    )
    .bind(now)
    .execute(conn);
    Ok(done.await?.rows_affected())
}
