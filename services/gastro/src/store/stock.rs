//! What a day has of an item, as staff say it.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::error::Error;

/// False: there is no such item on the menu.
pub(crate) async fn set(
    conn: &mut PgConnection,
    item: &str,
    day: NaiveDate,
    sold_out: bool,
    left: Option<u32>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into stock_day as d (item_id, day, portions, sold_out)
         select item_id, $2, coalesce($4, portions_per_day), $3 from menu_item where item_id = $1 and listed
         on conflict (item_id, day) do update set sold_out = $3, portions = coalesce(d.taken + $4, d.portions)",
    )
    .bind(item)
    .bind(day)
    .bind(sold_out)
    .bind(left.map(u32::cast_signed))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
