//! What the house file writes: stations, menu, prices and tax rows. Upserts that say whether anything
//! has changed. A station's state belongs to the day, not to the file.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};

use super::menu::{GroupEntry, VariantEntry};
use crate::{
    domain::{
        Category, Work,
        hours::Hours,
        menu::{ComboEntry, DayPart},
        rules::Rules,
    },
    error::Error,
};

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

/// Sellers that the house file no longer names are gone; receipts keep what they said.
pub(crate) async fn keep_sellers(conn: &mut PgConnection, days: &[NaiveDate]) -> Result<(), Error> {
    sqlx::query("delete from seller where valid_from <> all($1)").bind(days).execute(conn).await?;
    Ok(())
}

pub(crate) async fn save_seller(
    conn: &mut PgConnection,
    valid_from: NaiveDate,
    name: &str,
    address: &str,
    tax_number: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into seller (valid_from, name, address, tax_number) values ($1, $2, $3, $4)
         on conflict (valid_from) do update set name = $2, address = $3, tax_number = $4",
    )
    .bind(valid_from)
    .bind(name)
    .bind(address)
    .bind(tax_number)
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
    pub(crate) also_at: Vec<Work>,
    pub(crate) variants: Vec<VariantEntry>,
    pub(crate) modifier_groups: &'a [String],
    pub(crate) day_parts: &'a [String],
    pub(crate) portions_per_day: Option<u32>,
    pub(crate) low_at: u32,
    pub(crate) available: bool,
    /// Its id, and what it shows.
    pub(crate) picture: Option<(&'a str, &'a Text)>,
}

fn place(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

fn signed(numbers: &[u32]) -> Vec<i32> {
    numbers.iter().map(|number| number.cast_signed()).collect()
}

/// Days for which something is ordered already, or was counted by staff, keep their portions.
pub(crate) async fn save_item(conn: &mut PgConnection, item: &ItemEntry<'_>) -> Result<(), Error> {
    sqlx::query(
        "insert into menu_item (item_id, place, name, description, category, station_id, work_seconds, variants,
             modifier_groups, day_parts, portions_per_day, low_at, available, picture_id, picture_alt, also_at, listed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, true)
         on conflict (item_id) do update set place = $2, name = $3, description = $4, category = $5, station_id = $6,
             work_seconds = $7, variants = $8, modifier_groups = $9, day_parts = $10, portions_per_day = $11,
             low_at = $12, available = $13, picture_id = $14, picture_alt = $15, also_at = $16, listed = true",
    )
    .bind(item.id)
    .bind(place(item.place))
    .bind(Json(item.name))
    .bind(Json(item.description))
    .bind(item.category.name())
    .bind(item.station)
    .bind(item.work_seconds.cast_signed())
    .bind(Json(&item.variants))
    .bind(item.modifier_groups)
    .bind(item.day_parts)
    .bind(item.portions_per_day.map(u32::cast_signed))
    .bind(item.low_at.cast_signed())
    .bind(item.available)
    .bind(item.picture.map(|(id, _)| id))
    .bind(item.picture.map(|(_, alt)| Json(alt)))
    .bind(Json(&item.also_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// A recipe as the house file has it.
pub(crate) struct RecipeEntry<'a> {
    pub(crate) item: &'a str,
    pub(crate) valid_from: NaiveDate,
    pub(crate) allergens: &'a [u32],
    pub(crate) traces: &'a [u32],
    pub(crate) diets: Vec<&'a str>,
}

/// Adds a revision when the recipe of that day says something else than before; nothing is ever changed.
pub(crate) async fn save_recipe(conn: &mut PgConnection, recipe: &RecipeEntry<'_>) -> Result<(), Error> {
    sqlx::query(
        "with last as (
             select * from recipe where item_id = $1 and valid_from = $2 order by revision desc limit 1)
         insert into recipe (item_id, valid_from, revision, allergens, traces, diets)
         select $1, $2, coalesce((select revision from last), 0) + 1, $3, $4, $5
         where not exists (select from last where (allergens, traces, diets) = ($3, $4, $5))",
    )
    .bind(recipe.item)
    .bind(recipe.valid_from)
    .bind(signed(recipe.allergens))
    .bind(signed(recipe.traces))
    .bind(&recipe.diets)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes off the menu what the house file no longer has.
pub(crate) async fn list_only(conn: &mut PgConnection, items: &[&str], combos: &[&str]) -> Result<(), Error> {
    sqlx::query("update menu_item set listed = false where listed and item_id <> all ($1)")
        .bind(items)
        .execute(&mut *conn)
        .await?;
    sqlx::query("update combo set listed = false where listed and combo_id <> all ($1)")
        .bind(combos)
        .execute(&mut *conn)
        .await?;
    // Orders keep the names of what they had; items refer to what the file still has.
    sqlx::query("delete from modifier_group").execute(&mut *conn).await?;
    sqlx::query("delete from day_part").execute(&mut *conn).await?;
    sqlx::query("delete from order_rules").execute(conn).await?;
    Ok(())
}

/// What a price is of.
pub(crate) enum PriceOf<'a> {
    Item { item: &'a str, variant: &'a str, tax: &'a str },
    Modifier { modifier: &'a str, tax: &'a str },
    Combo { combo: &'a str, split: &'a str },
}

/// A price row as the house file has it.
pub(crate) struct PriceEntry<'a> {
    pub(crate) id: &'a str,
    pub(crate) of: PriceOf<'a>,
    pub(crate) cents: u32,
    pub(crate) valid_from: NaiveDate,
    pub(crate) source: &'a str,
}

/// True if orders were charged by a row of this id that said something else.
pub(crate) async fn is_charged_otherwise(conn: &mut PgConnection, price: &PriceEntry<'_>) -> Result<bool, Error> {
    let taxed_by = match price.of {
        PriceOf::Item { tax, .. } | PriceOf::Modifier { tax, .. } => tax,
        PriceOf::Combo { split, .. } => split,
    };
    let charged = sqlx::query_scalar(
        "select exists (select 1 from price where price_id = $1
                            and (cents, coalesce(tax_id, split_id), valid_from) is distinct from ($2, $3, $4))
             and exists (select 1 from meal_order where charges @> jsonb_build_array(jsonb_build_object('price_id', $1)))",
    )
    .bind(price.id)
    .bind(i64::from(price.cents))
    .bind(taxed_by)
    .bind(price.valid_from)
    .fetch_one(conn)
    .await?;
    Ok(charged)
}

/// True if orders were taxed by a row of this id with another rate, in hundredths of a percent.
pub(crate) async fn is_taxed_otherwise(conn: &mut PgConnection, id: &str, basis_points: u32) -> Result<bool, Error> {
    let taxed = sqlx::query_scalar(
        "select exists (select 1 from tax where id = $1 and basis_points <> $2)
             and exists (select 1 from meal_order where charges @> jsonb_build_array(jsonb_build_object('tax_id', $1)))",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .fetch_one(conn)
    .await?;
    Ok(taxed)
}

pub(crate) async fn save_price(conn: &mut PgConnection, price: &PriceEntry<'_>) -> Result<(), Error> {
    let (item, variant, modifier, combo, tax, split) = match price.of {
        PriceOf::Item { item, variant, tax } => (Some(item), variant, None, None, Some(tax), None),
        PriceOf::Modifier { modifier, tax } => (None, "", Some(modifier), None, Some(tax), None),
        PriceOf::Combo { combo, split } => (None, "", None, Some(combo), None, Some(split)),
    };
    sqlx::query(
        "insert into price (price_id, item_id, variant_id, modifier_id, combo_id, cents, tax_id, split_id, valid_from,
             source)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (price_id) do update set item_id = $2, variant_id = $3, modifier_id = $4, combo_id = $5,
             cents = $6, tax_id = $7, split_id = $8, valid_from = $9, source = $10",
    )
    .bind(price.id)
    .bind(item)
    .bind(variant)
    .bind(modifier)
    .bind(combo)
    .bind(i64::from(price.cents))
    .bind(tax)
    .bind(split)
    .bind(price.valid_from)
    .bind(price.source)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save_group(conn: &mut PgConnection, id: &str, nth: usize, group: &GroupEntry) -> Result<(), Error> {
    sqlx::query("insert into modifier_group (group_id, place, definition) values ($1, $2, $3)")
        .bind(id)
        .bind(place(nth))
        .bind(Json(group))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn save_combo(conn: &mut PgConnection, id: &str, nth: usize, combo: &ComboEntry) -> Result<(), Error> {
    sqlx::query(
        "insert into combo (combo_id, place, definition, listed) values ($1, $2, $3, true)
         on conflict (combo_id) do update set place = $2, definition = $3, listed = true",
    )
    .bind(id)
    .bind(place(nth))
    .bind(Json(combo))
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save_split(
    conn: &mut PgConnection,
    id: &str,
    drinks_basis_points: Option<u32>,
    valid_from: NaiveDate,
    source: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into combo_split (id, drinks_basis_points, valid_from, source) values ($1, $2, $3, $4)
         on conflict (id) do update set drinks_basis_points = $2, valid_from = $3, source = $4",
    )
    .bind(id)
    .bind(drinks_basis_points.map(u32::cast_signed))
    .bind(valid_from)
    .bind(source)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save_day_part(conn: &mut PgConnection, nth: usize, part: &DayPart) -> Result<(), Error> {
    sqlx::query("insert into day_part (id, place, name, from_time, until_time) values ($1, $2, $3, $4, $5)")
        .bind(&part.id)
        .bind(place(nth))
        .bind(Json(&part.name))
        .bind(part.from)
        .bind(part.until)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn save_rules(conn: &mut PgConnection, rules: &Rules) -> Result<(), Error> {
    let lead = i32::try_from(rules.lead.num_minutes()).unwrap_or(i32::MAX);
    sqlx::query(
        "insert into order_rules (lead_minutes, most_pieces, group_most_pieces, most_trays, tray_labels,
             most_people_per_slot, showing_share_percent)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(lead)
    .bind(rules.most_pieces.cast_signed())
    .bind(rules.group_most_pieces.cast_signed())
    .bind(rules.most_trays.cast_signed())
    .bind(&rules.tray_labels)
    .bind(rules.most_people_per_slot.cast_signed())
    .bind(rules.showing_share_percent.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// The kitchen's rules as the house file has them.
pub(crate) struct KitchenEntry<'a> {
    pub(crate) walk_seconds: u32,
    pub(crate) recall_seconds: u32,
    pub(crate) give_up_seconds: u32,
    pub(crate) undo_seconds: u32,
    pub(crate) pause_seconds: u32,
    pub(crate) account: &'a str,
    pub(crate) location: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) hours: Hours,
}

pub(crate) async fn save_kitchen(conn: &mut PgConnection, rule: &KitchenEntry<'_>) -> Result<(), Error> {
    sqlx::query(
        "update kitchen_rule set walk_seconds = $1, recall_seconds = $2, give_up_seconds = $3, undo_seconds = $4,
             pause_seconds = $5, account = $6, location = $7, channel = $8, hours = $9",
    )
    .bind(rule.walk_seconds.cast_signed())
    .bind(rule.recall_seconds.cast_signed())
    .bind(rule.give_up_seconds.cast_signed())
    .bind(rule.undo_seconds.cast_signed())
    .bind(rule.pause_seconds.cast_signed())
    .bind(rule.account)
    .bind(rule.location)
    .bind(rule.channel)
    .bind(Json(&rule.hours))
    .execute(conn)
    .await?;
    Ok(())
}
