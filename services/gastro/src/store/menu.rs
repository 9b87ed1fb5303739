//! The menu of a day: prices, recipes and stock as they are on it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{
    domain::{
        Category, Work,
        menu::{
            Combo, ComboEntry, DayPart, FlatPrice, Menu, MenuItem, Modifier, ModifierEntry, ModifierGroup, Picture,
            Price, Recipe, Variant,
        },
    },
    error::Error,
};

/// A variant as it is stored with its item.
#[derive(Serialize, Deserialize)]
pub(crate) struct VariantEntry {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) work_seconds: u32,
}

/// A group of modifiers as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct GroupEntry {
    pub(crate) name: Text,
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) modifiers: Vec<ModifierEntry>,
}

#[derive(FromRow)]
struct ItemRow {
    item_id: String,
    name: Json<Text>,
    description: Json<Text>,
    category: String,
    station_id: String,
    station_open: bool,
    work_seconds: i32,
    also_at: Json<Vec<Work>>,
    variants: Json<Vec<VariantEntry>>,
    modifier_groups: Vec<String>,
    day_parts: Vec<String>,
    available: bool,
    low_at: i32,
    recipe_id: String,
    allergens: Vec<i32>,
    traces: Vec<i32>,
    diets: Vec<String>,
    left_over: Option<i32>,
    sold_out: bool,
    picture_id: Option<String>,
    picture_alt: Option<Json<Text>>,
}

#[derive(FromRow)]
struct PriceRow {
    price_id: String,
    item_id: Option<String>,
    variant_id: String,
    modifier_id: Option<String>,
    combo_id: Option<String>,
    cents: i64,
    tax_id: Option<String>,
    basis_points: Option<i32>,
    split_id: Option<String>,
    drinks_basis_points: Option<i32>,
}

/// The prices of a day by what they are of.
#[derive(Default)]
struct Prices {
    items: BTreeMap<(String, String), Price>,
    modifiers: BTreeMap<String, Price>,
    combos: BTreeMap<String, FlatPrice>,
}

impl Prices {
    fn add(&mut self, row: PriceRow) {
        if let (Some(combo), Some(split_id)) = (&row.combo_id, &row.split_id) {
            let price = FlatPrice {
                id: row.price_id,
                cents: row.cents,
                split_id: split_id.clone(),
                drinks_basis_points: row.drinks_basis_points.map(i32::unsigned_abs),
            };
            self.combos.insert(combo.clone(), price);
            return;
        }
        let Some((tax_id, rate)) = row.tax_id.zip(row.basis_points) else { return };
        let price = Price { id: row.price_id, cents: row.cents, tax_id, tax_basis_points: rate.unsigned_abs() };
        match (row.item_id, row.modifier_id) {
            (Some(item), _) => drop(self.items.insert((item, row.variant_id), price)),
            (None, Some(modifier)) => drop(self.modifiers.insert(modifier, price)),
            (None, None) => {}
        }
    }
}

fn unsigned(numbers: Vec<i32>) -> Vec<u32> {
    numbers.into_iter().map(i32::unsigned_abs).collect()
}

/// Everything that items refer to.
struct Known {
    prices: Prices,
    groups: BTreeMap<String, GroupEntry>,
    day_parts: BTreeMap<String, DayPart>,
}

impl Known {
    fn parts(&self, ids: &[String]) -> Vec<DayPart> {
        ids.iter().filter_map(|id| self.day_parts.get(id).cloned()).collect()
    }

    fn group(&self, id: &String) -> Option<ModifierGroup> {
        let group = self.groups.get(id)?;
        let modifier = |entry: &ModifierEntry| Modifier {
            price: self.prices.modifiers.get(&entry.id).cloned(),
            entry: entry.clone(),
        };
        Some(ModifierGroup {
            id: id.clone(),
            name: group.name.clone(),
            least: group.least,
            most: group.most,
            modifiers: group.modifiers.iter().map(modifier).collect(),
        })
    }

    fn item(&self, row: ItemRow) -> Result<MenuItem, Error> {
        let price = |variant: &str| self.prices.items.get(&(row.item_id.clone(), variant.to_owned())).cloned();
        let variants = row.variants.0.into_iter().map(|it| Variant {
            price: price(&it.id),
            id: it.id,
            name: it.name,
            work_seconds: it.work_seconds,
        });
        Ok(MenuItem {
            variants: variants.collect(),
            price: price(""),
            name: row.name.0,
            description: row.description.0,
            category: Category::named(&row.category)
                .ok_or_else(|| Error::Stored(format!("category {}", row.category)))?,
            station: row.station_id,
            station_open: row.station_open,
            work_seconds: row.work_seconds.unsigned_abs(),
            also_at: row.also_at.0,
            groups: row.modifier_groups.iter().filter_map(|id| self.group(id)).collect(),
            recipe: Recipe {
                id: row.recipe_id,
                allergens: unsigned(row.allergens),
                traces: unsigned(row.traces),
                diets: row.diets,
            },
            day_parts: self.parts(&row.day_parts),
            in_stock: row.available && !row.sold_out,
            left: row.left_over.map(i32::unsigned_abs),
            low_at: row.low_at.unsigned_abs(),
            picture: row.picture_id.zip(row.picture_alt).map(|(id, alt)| Picture { id, alt: alt.0 }),
            id: row.item_id,
        })
    }

    fn combo(&self, (id, entry): (String, Json<ComboEntry>)) -> Combo {
        let price = self.prices.combos.get(&id).cloned();
        Combo { day_parts: self.parts(&entry.0.day_parts), price, entry: entry.0, id }
    }
}

async fn known(conn: &mut PgConnection, day: NaiveDate) -> Result<Known, Error> {
    let rows: Vec<PriceRow> = sqlx::query_as(
        "select distinct on (p.item_id, p.variant_id, p.modifier_id, p.combo_id)
                p.price_id, p.item_id, p.variant_id, p.modifier_id, p.combo_id, p.cents, p.tax_id, x.basis_points,
                p.split_id, s.drinks_basis_points
         from price p left join tax x on x.id = p.tax_id left join combo_split s on s.id = p.split_id
         where p.valid_from <= $1
         order by p.item_id, p.variant_id, p.modifier_id, p.combo_id, p.valid_from desc",
    )
    .bind(day)
    .fetch_all(&mut *conn)
    .await?;
    let mut prices = Prices::default();
    rows.into_iter().for_each(|row| prices.add(row));
    let groups: Vec<(String, Json<GroupEntry>)> =
        sqlx::query_as("select group_id, definition from modifier_group").fetch_all(&mut *conn).await?;
    let parts: Vec<(String, Json<Text>, NaiveTime, NaiveTime)> =
        sqlx::query_as("select id, name, from_time, until_time from day_part").fetch_all(conn).await?;
    Ok(Known {
        prices,
        groups: groups.into_iter().map(|(id, entry)| (id, entry.0)).collect(),
        day_parts: parts
            .into_iter()
            .map(|(id, name, from, until)| (id.clone(), DayPart { id, name: name.0, from, until }))
            .collect(),
    })
}

/// What is on the menu of a day, in the house file's order. A station that rests does so on the kitchen's day only.
pub(crate) async fn of_day(conn: &mut PgConnection, day: NaiveDate) -> Result<Menu, Error> {
    let known = known(conn, day).await?;
    let rows: Vec<ItemRow> = sqlx::query_as(
        "select i.item_id, i.name, i.description, i.category, i.station_id,
                k.day < $1 or (s.state in ('open', 'busy') and not exists (
                    select from jsonb_array_elements(i.also_at) as a join station o on o.station_id = a ->> 'station'
                    where o.state not in ('open', 'busy'))) as station_open,
                i.work_seconds, i.also_at, i.variants, i.modifier_groups, i.day_parts, i.available, i.low_at,
                format('%s/%s/%s', i.item_id, r.valid_from, r.revision) as recipe_id, r.allergens, r.traces, r.diets,
                coalesce(d.portions, i.portions_per_day) - coalesce(d.taken, 0) as left_over,
                coalesce(d.sold_out, false) as sold_out, i.picture_id, i.picture_alt
         from menu_item i join station s using (station_id) cross join kitchen k
         join lateral (
             select * from recipe where item_id = i.item_id and valid_from <= $1
             order by valid_from desc, revision desc limit 1) r on true
         left join stock_day d on d.item_id = i.item_id and d.day = $1
         where i.listed order by i.place",
    )
    .bind(day)
    .fetch_all(&mut *conn)
    .await?;
    let combos: Vec<(String, Json<ComboEntry>)> =
        sqlx::query_as("select combo_id, definition from combo where listed order by place").fetch_all(conn).await?;
    Ok(Menu {
        items: rows.into_iter().map(|row| known.item(row)).collect::<Result<_, Error>>()?,
        combos: combos.into_iter().map(|row| known.combo(row)).collect(),
    })
}

/// The prices that a dish in a variant and its changes may have been charged by.
pub(crate) async fn price_ids(
    conn: &mut PgConnection,
    item: &str,
    variant: &str,
    modifiers: &[String],
) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "select price_id from price where (item_id = $1 and variant_id = $2) or modifier_id = any ($3)",
    )
    .bind(item)
    .bind(variant)
    .bind(modifiers)
    .fetch_all(conn)
    .await?)
}

/// Notes that the house file has brought another menu. What is held by now was held before it, whatever the clocks say of
/// when either of them began. The kitchen must be locked.
pub(crate) async fn changed(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update kitchen set menu_at = greatest($1, (select max(state_at) from meal_order where state = 'held'))",
    )
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// When it did last.
pub(crate) async fn changed_at(conn: &mut PgConnection) -> Result<DateTime<Utc>, Error> {
    Ok(sqlx::query_scalar("select menu_at from kitchen").fetch_one(conn).await?)
}
