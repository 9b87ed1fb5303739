//! The stations' time in quarters of an hour: what is taken, by whom, and what is left.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Need, Room},
    error::Error,
};

/// The time that some stations have left in a span.
pub(crate) async fn room(
    conn: &mut PgConnection,
    stations: &[&str],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Room, Error> {
    let whole: Vec<(String, i32)> =
        sqlx::query_as("select station_id, slot_seconds from station where station_id = any ($1)")
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
    Ok(Room {
        capacity: whole.into_iter().map(|(station, seconds)| (station, seconds.unsigned_abs())).collect(),
        left: used.into_iter().map(|(station, at, left)| ((station, at), left.unsigned_abs())).collect(),
    })
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
