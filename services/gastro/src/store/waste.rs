//! What was thrown away.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::kitchen::{Waste, WasteReason},
    error::Error,
};

#[derive(FromRow)]
struct Row {
    waste_id: Uuid,
    order_id: Option<Uuid>,
    number: Option<i32>,
    item_id: String,
    name: Json<Text>,
    quantity: i32,
    reason: String,
    at: DateTime<Utc>,
    by: String,
    taken_back_at: Option<DateTime<Utc>>,
    taken_back_by: Option<String>,
}

impl Row {
    fn read(self) -> Result<Waste, Error> {
        Ok(Waste {
            id: self.waste_id,
            order: self.order_id.map(|order| (order, self.number.unwrap_or_default().unsigned_abs())),
            item: self.item_id,
            name: self.name.0,
            quantity: self.quantity.unsigned_abs(),
            reason: WasteReason::named(&self.reason)
                .ok_or_else(|| Error::Stored(format!("waste reason {}", self.reason)))?,
            at: self.at,
            by: self.by,
            taken_back: self.taken_back_at.zip(self.taken_back_by),
        })
    }
}

pub(crate) async fn save(conn: &mut PgConnection, waste: &Waste, day: NaiveDate) -> Result<(), Error> {
    sqlx::query(
        "insert into waste (waste_id, order_id, number, item_id, name, quantity, reason, day, at, by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(waste.id)
    .bind(waste.order.map(|(order, _)| order))
    .bind(waste.order.map(|(_, number)| number.cast_signed()))
    .bind(&waste.item)
    .bind(Json(&waste.name))
    .bind(waste.quantity.cast_signed())
    .bind(waste.reason.name())
    .bind(day)
    .bind(waste.at)
    .bind(&waste.by)
    .execute(conn)
    .await?;
    Ok(())
}

/// A day's entries, newest first.
pub(crate) async fn of_day(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<Waste>, Error> {
    let rows: Vec<Row> = sqlx::query_as("select * from waste where day = $1 order by at desc, waste_id limit 1000")
        .bind(day)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// One entry, locked.
pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Waste>, Error> {
    let row: Option<Row> =
        sqlx::query_as("select * from waste where waste_id = $1 for update").bind(id).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// It was recorded by mistake.
pub(crate) async fn mark_taken_back(
    conn: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    by: &str,
) -> Result<(), Error> {
    sqlx::query("update waste set taken_back_at = $2, taken_back_by = $3 where waste_id = $1")
        .bind(id)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}

/// The cancellation was taken back: nothing was thrown away with it.
pub(crate) async fn take_back(conn: &mut PgConnection, order: Uuid) -> Result<(), Error> {
    sqlx::query("delete from waste where order_id = $1").bind(order).execute(conn).await?;
    Ok(())
}
