//! Substitutions that can still be taken back, and what the counter gives back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{OrderedItem, exchange::Exchanged, substituting::Substituted},
    error::Error,
};

pub(crate) async fn save(conn: &mut PgConnection, order: Uuid, it: &Substituted) -> Result<(), Error> {
    let added: Vec<i32> = it.added.iter().map(|number| number.cast_signed()).collect();
    sqlx::query(
        "insert into substituted (order_id, until_at, line, replaced, added_allergens, exchanged)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(order)
    .bind(it.until)
    .bind(i32::try_from(it.line).unwrap_or(i32::MAX))
    .bind(Json(&it.replaced))
    .bind(added)
    .bind(it.exchanged.as_ref().map(Json))
    .execute(conn)
    .await?;
    Ok(())
}

type Row = (DateTime<Utc>, i32, Json<OrderedItem>, Vec<i32>, Option<Json<Exchanged>>);

/// Takes an order's away; none: it has none.
pub(crate) async fn take(conn: &mut PgConnection, order: Uuid) -> Result<Option<Substituted>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "delete from substituted where order_id = $1
         returning until_at, line, replaced, added_allergens, exchanged",
    )
    .bind(order)
    .fetch_optional(conn)
    .await?;
    let read = |(until, line, replaced, added, exchanged): Row| Substituted {
        until,
        line: usize::try_from(line).unwrap_or(usize::MAX),
        replaced: replaced.0,
        added: added.into_iter().map(i32::unsigned_abs).collect(),
        exchanged: exchanged.map(|it| it.0),
    };
    Ok(row.map(read))
}

/// Orders whose substitution can no longer be taken back.
pub(crate) async fn due(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar("select order_id from substituted where until_at <= $1 order by order_id")
        .bind(now)
        .fetch_all(conn)
        .await?)
}

/// Until when each order's can be taken back.
pub(crate) async fn untils(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
    let rows: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("select order_id, until_at from substituted where order_id = any ($1)")
            .bind(orders)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// What the counter has still to give back of each order that was placed there, and what it will of one whose substitution
/// can still be taken back.
pub(crate) async fn gives_back(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, (i64, i64)>, Error> {
    let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "select o.order_id, o.gives_back - o.given_back, coalesce((s.exchanged ->> 'cents')::bigint, 0)
         from meal_order o left join substituted s using (order_id)
         where o.order_id = any ($1) and o.walk_up and (o.gives_back > o.given_back or s.exchanged is not null)",
    )
    .bind(orders)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(order, done, pending)| (order, (done, pending))).collect())
}

/// The counter gives back so much more.
pub(crate) async fn give_back(conn: &mut PgConnection, order: Uuid, cents: i64) -> Result<(), Error> {
    sqlx::query("update meal_order set gives_back = gives_back + $2 where order_id = $1")
        .bind(order)
        .bind(cents)
        .execute(conn)
        .await?;
    Ok(())
}
