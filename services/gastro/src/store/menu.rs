//! The menu with the prices of a day.

use chrono::NaiveDate;
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{
    domain::{MenuItem, Price},
    error::Error,
};

#[derive(FromRow)]
struct ItemRow {
    item_id: String,
    name: Json<Text>,
    description: Json<Text>,
    category: String,
    station_id: String,
    work_seconds: i32,
    allergens: Vec<i32>,
    traces: Vec<i32>,
    diets: Vec<String>,
    available: bool,
    station_open: bool,
    price_id: Option<String>,
    cents: Option<i64>,
    tax_id: Option<String>,
    basis_points: Option<i32>,
}

fn unsigned(numbers: Vec<i32>) -> Vec<u32> {
    numbers.into_iter().map(i32::unsigned_abs).collect()
}

impl ItemRow {
    fn read(self) -> MenuItem {
        let price = self.price_id.zip(self.cents).zip(self.tax_id.zip(self.basis_points));
        MenuItem {
            id: self.item_id,
            name: self.name.0,
            description: self.description.0,
            category: self.category,
            station: self.station_id,
            work_seconds: self.work_seconds.unsigned_abs(),
            allergens: unsigned(self.allergens),
            traces: unsigned(self.traces),
            diets: self.diets,
            in_stock: self.available,
            available: self.available && self.station_open,
            price: price.map(|((id, cents), (tax_id, basis_points))| Price {
                id,
                cents,
                tax_id,
                tax_basis_points: basis_points.unsigned_abs(),
            }),
        }
    }
}

/// What is on the menu, in the house file's order, with the price row that is valid on a day.
pub(crate) async fn items(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<MenuItem>, Error> {
    let rows: Vec<ItemRow> = sqlx::query_as(
        "select i.item_id, i.name, i.description, i.category, i.station_id, i.work_seconds, i.allergens, i.traces,
                i.diets, i.available, s.state = 'open' as station_open, p.price_id, p.cents, p.tax_id, x.basis_points
         from menu_item i join station s using (station_id)
         left join lateral (
             select * from price where item_id = i.item_id and valid_from <= $1 order by valid_from desc limit 1) p
             on true
         left join tax x on x.id = p.tax_id
         where i.listed order by i.place",
    )
    .bind(day)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(ItemRow::read).collect())
}
