//! The stations' time in quarters of an hour: what is taken, by whom, and what is left.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Hands, Need, Room},
    error::Error,
};

/// The time that some stations have left in a span.
pub(crate) async fn room(
    conn: &mut PgConnection,
    stations: &[&str],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Room, Error> {
    let whole: Vec<(String, i32, i32)> =
        sqlx::query_as("select station_id, slot_seconds, delay_seconds from station where station_id = any ($1)")
            .bind(stations)
            .fetch_all(&mut *conn)
            .await?;
    let used: Vec<(String, DateTime<Utc>, i32)> = sqlx::query_as(
        "select station_id, slot_at, capacity - seconds from slot_use
         where station_id = any ($1) and slot_at between $2 and $3",
    )
    .bind(stations)
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    let mut room = Room::default();
    for (station, capacity, delay) in whole {
        let hands = Hands { capacity: capacity.unsigned_abs(), delay: delay.unsigned_abs(), ..Hands::default() };
        room.stations.insert(station, hands);
    }
    for (station, slot_at, left) in used {
        if let Some(hands) = room.stations.get_mut(&station) {
            hands.left.insert(slot_at, left.unsigned_abs());
        }
    }
    Ok(room)
}

/// The quarters whose time orders have taken.
pub(crate) async fn of_orders(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
    let rows: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("select distinct order_id, slot_at from slot_claim where order_id = any ($1)")
            .bind(orders)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// What one order takes of one station.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) order: Uuid,
    pub(crate) station: String,
    pub(crate) slot_at: DateTime<Utc>,
    pub(crate) seconds: u32,
}

/// Claims as the columns of a statement: orders, stations, quarters, seconds.
fn columns(claims: &[Claim]) -> (Vec<Uuid>, Vec<&str>, Vec<DateTime<Utc>>, Vec<i32>) {
    (
        claims.iter().map(|claim| claim.order).collect(),
        claims.iter().map(|claim| claim.station.as_str()).collect(),
        claims.iter().map(|claim| claim.slot_at).collect(),
        claims.iter().map(|claim| claim.seconds.cast_signed()).collect(),
    )
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

/// Takes station time for an order. Breaks `slot_within_capacity` when it is not there.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    order: Uuid,
    slot_at: DateTime<Utc>,
    need: &Need,
) -> Result<(), Error> {
    let stations: Vec<&str> = need.keys().map(String::as_str).collect();
    let seconds: Vec<i32> = need.values().map(|seconds| seconds.cast_signed()).collect();
    sqlx::query(
        "insert into slot_use as u (station_id, slot_at, seconds, capacity)
         select s.station_id, $1, n.seconds, s.slot_seconds
         from unnest($2::text[], $3::integer[]) as n (station_id, seconds) join station s using (station_id)
         order by s.station_id
         on conflict (station_id, slot_at) do update set seconds = u.seconds + excluded.seconds",
    )
    .bind(slot_at)
    .bind(&stations)
    .bind(&seconds)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into slot_claim (order_id, station_id, slot_at, seconds)
         select $1, n.station_id, $2, n.seconds from unnest($3::text[], $4::integer[]) as n (station_id, seconds)",
    )
    .bind(order)
    .bind(slot_at)
    .bind(stations)
    .bind(seconds)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives back what orders have taken.
pub(crate) async fn free(conn: &mut PgConnection, orders: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "with gone as (
             delete from slot_claim where order_id = any ($1) returning station_id, slot_at, seconds),
         sums as (
             select station_id, slot_at, sum(seconds)::integer as seconds from gone group by station_id, slot_at)
         update slot_use u set seconds = u.seconds - s.seconds
         from sums s where u.station_id = s.station_id and u.slot_at = s.slot_at",
    )
    .bind(orders)
    .execute(conn)
    .await?;
    Ok(())
}
