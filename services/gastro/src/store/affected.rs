//! Orders that need a decision.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::affected::{Affected, Cause},
    error::Error,
};

type Row = (Uuid, Uuid, String, Option<String>, Option<DateTime<Utc>>, DateTime<Utc>, Option<DateTime<Utc>>);

fn read(row: Row) -> Result<(Uuid, Affected), Error> {
    let (order, question, cause, station, later_pickup_at, answer_until, refund_at) = row;
    let cause = Cause::named(&cause).ok_or_else(|| Error::Stored(format!("cause {cause}")))?;
    Ok((order, Affected { question, cause, station, later_pickup_at, answer_until, refund_at }))
}

pub(crate) async fn of_orders(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, Affected>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, question_id, cause, station_id, later_pickup_at, answer_until, refund_at from affected_order
         where order_id = any ($1)",
    )
    .bind(orders)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(read).collect()
}

/// All that need a decision: whoever has waited longest first.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar("select order_id from affected_order order by since, order_id limit 500")
        .fetch_all(conn)
        .await?)
}

/// Those that nobody has answered in time, and those whose money goes back now. What is being made waits for staff, and
/// so does what was ordered at the counter and would come to nothing: nobody could tell whoever waits for it.
pub(crate) async fn unanswered(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<(Uuid, Affected)>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, question_id, cause, a.station_id, later_pickup_at, answer_until, refund_at
         from affected_order a join meal_order o using (order_id)
         where coalesce(refund_at, answer_until) <= $1 and o.state = 'scheduled'
             and (not o.walk_up or refund_at is not null or later_pickup_at is not null)
         order by since, order_id",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(read).collect()
}

/// Notes many; what was noted before is noted anew.
pub(crate) async fn save_all(
    conn: &mut PgConnection,
    affected: &[(Uuid, Affected)],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = affected.iter().map(|(order, _)| *order).collect();
    let questions: Vec<Uuid> = affected.iter().map(|(_, it)| it.question).collect();
    let causes: Vec<&str> = affected.iter().map(|(_, it)| it.cause.name()).collect();
    let stations: Vec<Option<&str>> = affected.iter().map(|(_, it)| it.station.as_deref()).collect();
    let later: Vec<Option<DateTime<Utc>>> = affected.iter().map(|(_, it)| it.later_pickup_at).collect();
    let until: Vec<DateTime<Utc>> = affected.iter().map(|(_, it)| it.answer_until).collect();
    sqlx::query(
        "insert into affected_order (order_id, question_id, cause, station_id, later_pickup_at, answer_until, since)
         select n.*, $7 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
             as n
         on conflict (order_id) do update set question_id = excluded.question_id, cause = excluded.cause,
             station_id = excluded.station_id, later_pickup_at = excluded.later_pickup_at, answer_until = excluded.answer_until,
             refund_at = case when affected_order.question_id = excluded.question_id then affected_order.refund_at end",
    )
    .bind(ids)
    .bind(questions)
    .bind(causes)
    .bind(stations)
    .bind(later)
    .bind(until)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Orders that wait for a station, each with its question; not those whose money goes back.
pub(crate) async fn of_station(conn: &mut PgConnection, station: &str) -> Result<HashMap<Uuid, Uuid>, Error> {
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as("select order_id, question_id from affected_order where cause = 'station' and station_id = $1 and refund_at is null")
            .bind(station)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// The money of an order goes back then; None: it does not, and there is time to answer at least until an instant.
pub(crate) async fn put_off_refund(
    conn: &mut PgConnection,
    order: Uuid,
    refund_at: Option<DateTime<Utc>>,
    answer_until: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update affected_order set refund_at = $2, answer_until = greatest(answer_until, $3) where order_id = $1",
    )
    .bind(order)
    .bind(refund_at)
    .bind(answer_until)
    .execute(conn)
    .await?;
    Ok(())
}

/// Of some orders, those that needed a decision for this cause need none any more; not those whose money goes back. Each with
/// its question.
pub(crate) async fn settle_cause(
    conn: &mut PgConnection,
    cause: Cause,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "delete from affected_order where order_id = any ($1) and cause = $2 and refund_at is null
         returning order_id, question_id",
    )
    .bind(orders)
    .bind(cause.name())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

/// They need no decision any more.
pub(crate) async fn settle(conn: &mut PgConnection, orders: &[Uuid]) -> Result<(), Error> {
    sqlx::query("delete from affected_order where order_id = any ($1)").bind(orders).execute(conn).await?;
    Ok(())
}
