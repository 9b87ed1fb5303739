//! The stations' time in quarters of an hour: what is taken, by whom, and what is left.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Hands, Room, hours::Hours},
    error::Error,
};

/// The time that some stations have left in a span for what is sold now: none outside the kitchen's hours.
pub(crate) async fn room_for_sale(
    conn: &mut PgConnection,
    hours: &Hours,
    stations: &[&str],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Room, Error> {
    let mut room = room(conn, stations, from, until).await?;
    hours.close(&mut room, from, until);
    Ok(room)
}

/// The time that some stations have left in a span, whatever the kitchen's hours are: a meal that was sold is made also when
/// its showing ends after them.
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
    .fetch_all(&mut *conn)
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
