//! What orders take of the stations' time, and take elsewhere when they move.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{domain::Need, error::Error};

/// What one order takes of one station.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) order: Uuid,
    pub(crate) station: String,
    pub(crate) slot_at: DateTime<Utc>,
    pub(crate) seconds: u32,
}

/// Orders, stations, quarters, seconds.
type Columns<'a> = (Vec<Uuid>, Vec<&'a str>, Vec<DateTime<Utc>>, Vec<i32>);

/// Claims as the columns of a statement.
fn columns(claims: &[Claim]) -> Columns<'_> {
    (
        claims.iter().map(|claim| claim.order).collect(),
        claims.iter().map(|claim| claim.station.as_str()).collect(),
        claims.iter().map(|claim| claim.slot_at).collect(),
        claims.iter().map(|claim| claim.seconds.cast_signed()).collect(),
    )
}

/// Takes station time for an order. Breaks `slot_within_capacity` when it is not there.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    order: Uuid,
    slot_at: DateTime<Utc>,
    need: &Need,
) -> Result<(), Error> {
    let claim =
        |(station, seconds): (&String, &u32)| Claim { order, station: station.clone(), slot_at, seconds: *seconds };
    claim_all(conn, &need.iter().map(claim).collect::<Vec<_>>()).await
}

/// Takes station time for many orders in two statements. Breaks `slot_within_capacity` when it is not there.
pub(crate) async fn claim_all(conn: &mut PgConnection, claims: &[Claim]) -> Result<(), Error> {
    take(conn, claims).await?;
    let (orders, stations, slots, seconds) = columns(claims);
    sqlx::query(
        "insert into slot_claim (order_id, station_id, slot_at, seconds)
         select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[])",
    )
    .bind(orders)
    .bind(stations)
    .bind(slots)
    .bind(seconds)
    .execute(conn)
    .await?;
    Ok(())
}

/// Orders take these claims instead of what they have taken. What stays at its station is changed in its place: a whole day
/// is written in a tenth of the time that it takes to delete its rows and write them anew.
pub(crate) async fn move_all(conn: &mut PgConnection, orders: &[Uuid], claims: &[Claim]) -> Result<(), Error> {
    // Given back first: they may take each other's.
    sqlx::query(
        "with sums as (
             select station_id, slot_at, sum(seconds)::integer as seconds from slot_claim
             where order_id = any ($1) group by station_id, slot_at)
         update slot_use u set seconds = u.seconds - s.seconds
         from sums s where u.station_id = s.station_id and u.slot_at = s.slot_at",
    )
    .bind(orders)
    .execute(&mut *conn)
    .await?;
    take(conn, claims).await?;
    let (of, stations, slots, seconds) = columns(claims);
    sqlx::query(
        "delete from slot_claim c where c.order_id = any ($1) and not exists (
             select from unnest($2::uuid[], $3::text[]) as n (order_id, station_id)
             where n.order_id = c.order_id and n.station_id = c.station_id)",
    )
    .bind(orders)
    .bind(&of)
    .bind(&stations)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into slot_claim (order_id, station_id, slot_at, seconds)
         select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[])
         on conflict (order_id, station_id) do update set slot_at = excluded.slot_at, seconds = excluded.seconds",
    )
    .bind(of)
    .bind(stations)
    .bind(slots)
    .bind(seconds)
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts what is taken of the quarters.
async fn take(conn: &mut PgConnection, claims: &[Claim]) -> Result<(), Error> {
    let (_, stations, slots, seconds) = columns(claims);
    sqlx::query(
        "insert into slot_use as u (station_id, slot_at, seconds, capacity)
         select s.station_id, n.slot_at, sum(n.seconds)::integer, s.slot_seconds
         from unnest($1::text[], $2::timestamptz[], $3::integer[]) as n (station_id, slot_at, seconds)
         join station s using (station_id)
         group by s.station_id, n.slot_at, s.slot_seconds order by s.station_id, n.slot_at
         on conflict (station_id, slot_at) do update set seconds = u.seconds + excluded.seconds",
    )
    .bind(stations)
    .bind(slots)
    .bind(seconds)
    .execute(conn)
    .await?;
    Ok(())
}
