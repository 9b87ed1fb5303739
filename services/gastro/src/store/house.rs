//! What the house file writes: stations, menu, prices and tax rows. Upserts that say whether anything
//! has changed. A station's state belongs to the day, not to the file.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};

use crate::{domain::Category, error::Error};

pub(crate) async fn save_tax(
    conn: &mut PgConnection,
    id: &str,
    basis_points: u32,
    valid_from: NaiveDate,
    source: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into tax (id, basis_points, valid_from, source) values ($1, $2, $3, $4)
         on conflict (id) do update set basis_points = $2, valid_from = $3, source = $4",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .bind(valid_from)
    .bind(source)
    .execute(conn)
    .await?;
    Ok(())
}

/// Quarters that are not over get the new capacity, but never less than what is promised in them.
pub(crate) async fn save_station(
    conn: &mut PgConnection,
    id: &str,
    name: &Text,
    slot_seconds: u32,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into station as s (station_id, name, slot_seconds) values ($1, $2, $3)
         on conflict (station_id) do update set name = $2, slot_seconds = $3
         where (s.name, s.slot_seconds) is distinct from ($2, $3)",
    )
    .bind(id)
    .bind(Json(name))
    .bind(slot_seconds.cast_signed())
    .execute(&mut *conn)
    .await?;
    sqlx::query("update slot_use set capacity = greatest(seconds, $2) where station_id = $1 and slot_at > $3")
        .bind(id)
        .bind(slot_seconds.cast_signed())
        .bind(now)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// An item as the house file has it.
pub(crate) struct ItemEntry<'a> {
    pub(crate) id: &'a str,
    pub(crate) place: usize,
    pub(crate) name: &'a Text,
    pub(crate) description: &'a Text,
    pub(crate) category: Category,
    pub(crate) station: &'a str,
    pub(crate) work_seconds: u32,
    pub(crate) allergens: &'a [u32],
    pub(crate) traces: &'a [u32],
    pub(crate) diets: Vec<&'a str>,
    pub(crate) available: bool,
}

pub(crate) async fn save_item(conn: &mut PgConnection, item: &ItemEntry<'_>) -> Result<(), Error> {
    let signed = |numbers: &[u32]| numbers.iter().map(|number| number.cast_signed()).collect::<Vec<_>>();
    sqlx::query(
        "insert into menu_item (item_id, place, name, description, category, station_id, work_seconds, allergens,
             traces, diets, available, listed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true)
         on conflict (item_id) do update set place = $2, name = $3, description = $4, category = $5, station_id = $6,
             work_seconds = $7, allergens = $8, traces = $9, diets = $10, available = $11, listed = true",
    )
    .bind(item.id)
    .bind(i32::try_from(item.place).unwrap_or(i32::MAX))
    .bind(Json(item.name))
    .bind(Json(item.description))
    .bind(item.category.name())
    .bind(item.station)
    .bind(item.work_seconds.cast_signed())
    .bind(signed(item.allergens))
    .bind(signed(item.traces))
    .bind(&item.diets)
    .bind(item.available)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes off the menu what the house file no longer has.
pub(crate) async fn list_only(conn: &mut PgConnection, ids: &[&str]) -> Result<(), Error> {
    sqlx::query("update menu_item set listed = false where listed and item_id <> all ($1)")
        .bind(ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// A price row as the house file has it.
pub(crate) struct PriceEntry<'a> {
    pub(crate) id: &'a str,
    pub(crate) item: &'a str,
    pub(crate) cents: u32,
    pub(crate) tax: &'a str,
    pub(crate) valid_from: NaiveDate,
    pub(crate) source: &'a str,
}

pub(crate) async fn save_price(conn: &mut PgConnection, price: &PriceEntry<'_>) -> Result<(), Error> {
    sqlx::query(
        "insert into price (price_id, item_id, cents, tax_id, valid_from, source) values ($1, $2, $3, $4, $5, $6)
         on conflict (price_id) do update set item_id = $2, cents = $3, tax_id = $4, valid_from = $5, source = $6",
    )
    .bind(price.id)
    .bind(price.item)
    .bind(i64::from(price.cents))
    .bind(price.tax)
    .bind(price.valid_from)
    .bind(price.source)
    .execute(conn)
    .await?;
    Ok(())
}
