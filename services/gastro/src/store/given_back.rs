//! What the counter has still to give back of orders that were placed there, and what it has.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{domain::kitchen::GivenBack, error::Error};

#[derive(FromRow)]
struct Row {
    order_id: Uuid,
    cents: i64,
    at: DateTime<Utc>,
    by: String,
    taken_back_at: Option<DateTime<Utc>>,
    taken_back_by: Option<String>,
}

/// What was given back of each of some orders, the oldest first.
pub(crate) async fn of_orders(
    conn: &mut PgConnection,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, Vec<GivenBack>>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("select * from given_back where order_id = any ($1) order by at, given_back_id")
            .bind(orders)
            .fetch_all(conn)
            .await?;
    let mut all: HashMap<Uuid, Vec<GivenBack>> = HashMap::new();
    for Row { order_id, cents, at, by, taken_back_at, taken_back_by } in rows {
        let taken_back = taken_back_at.zip(taken_back_by);
        all.entry(order_id).or_default().push(GivenBack { cents, at, by, taken_back });
    }
    Ok(all)
}

/// Cents that are still to be given back of an order, without what can still be taken back.
pub(crate) async fn owed(conn: &mut PgConnection, order: Uuid) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("select gives_back - given_back from meal_order where order_id = $1")
        .bind(order)
        .fetch_one(conn)
        .await?)
}

/// So much was given back.
pub(crate) async fn note(conn: &mut PgConnection, order: Uuid, it: &GivenBack) -> Result<(), Error> {
    sqlx::query(
        "with noted as (
             insert into given_back (given_back_id, order_id, cents, at, by) values ($1, $2, $3, $4, $5))
         update meal_order set given_back = given_back + $3 where order_id = $2",
    )
    .bind(kernel::values::new_id(it.at))
    .bind(order)
    .bind(it.cents)
    .bind(it.at)
    .bind(&it.by)
    .execute(conn)
    .await?;
    Ok(())
}

/// What was noted last and stands is taken back, unless that was before `since`, or is not what was noted at `noted`; false:
/// there is no such thing.
pub(crate) async fn take_back(
    conn: &mut PgConnection,
    order: Uuid,
    noted: Option<DateTime<Utc>>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    by: &str,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "with last as (
             select given_back_id from given_back where order_id = $1 and taken_back_at is null
             order by at desc, given_back_id desc limit 1),
         undone as (
             update given_back set taken_back_at = $3, taken_back_by = $4
             where given_back_id in (select given_back_id from last) and at >= $2
                 and ($5::timestamptz is null or at = $5) returning cents)
         update meal_order o set given_back = o.given_back - undone.cents from undone where o.order_id = $1",
    )
    .bind(order)
    .bind(since)
    .bind(now)
    .bind(by)
    .bind(noted)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Orders of which the counter has still to give something back, also what can still be taken back; with their days long
/// over too.
pub(crate) async fn waiting(conn: &mut PgConnection) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select order_id from meal_order where gives_back > given_back
         union select order_id from substituted join meal_order using (order_id) where walk_up and exchanged is not null
         union select order_id from affected_order join meal_order using (order_id)
             where walk_up and refund_at is not null and state = 'scheduled'",
    )
    .fetch_all(conn)
    .await?)
}

/// Orders of which something was given back since then.
pub(crate) async fn lately(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar("select distinct order_id from given_back where at >= $1 and taken_back_at is null")
        .bind(since)
        .fetch_all(conn)
        .await?)
}
