//! The items of the house file: variants, dated prices, dated recipes.

use std::collections::HashSet;

use chrono::NaiveDate;
use kernel::{Code, Failure, Tx, values::Text};
use serde::Deserialize;
use toml::Spanned;

use super::{
    CHARGED, Ids, Section, covers, fresh_slug,
    pictures::{self, Contents, Picture},
    read_row, untranslated, wrong,
};
use crate::{
    domain::{Category, Work, allergens::LAST_ALLERGEN},
    error::Error,
    store::{
        house::{self, PriceEntry, PriceOf},
        menu::VariantEntry,
    },
};

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Diet {
    Vegan,
    Vegetarian,
    GlutenFree,
    Halal,
}

impl Diet {
    const fn name(self) -> &'static str {
        match self {
            Self::Vegan => "vegan",
            Self::Vegetarian => "vegetarian",
            Self::GlutenFree => "gluten_free",
            Self::Halal => "halal",
        }
    }
}

/// `[[gastro.items]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    id: Spanned<String>,
    name: Text,
    #[serde(default)]
    description: Text,
    category: Category,
    station: Spanned<String>,
    work_seconds: Spanned<u32>,
    /// What other stations do for it.
    #[serde(default)]
    also_at: Vec<AlsoAt>,
    /// The first recipe.
    allergens: Spanned<Vec<u32>>,
    traces: Spanned<Vec<u32>>,
    #[serde(default)]
    diets: Vec<Diet>,
    /// Later recipes.
    #[serde(default)]
    recipes: Vec<Recipe>,
    #[serde(default = "yes")]
    available: bool,
    #[serde(default)]
    prices: Vec<Price>,
    /// With these, prices and work are theirs.
    #[serde(default)]
    variants: Vec<Variant>,
    #[serde(default = "super::nothing")]
    modifier_groups: Spanned<Vec<String>>,
    #[serde(default = "super::nothing")]
    day_parts: Spanned<Vec<String>>,
    portions_per_day: Option<u32>,
    #[serde(default = "five")]
    low_at: u32,
    picture: Option<Picture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlsoAt {
    station: Spanned<String>,
    work_seconds: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    valid_from: Spanned<NaiveDate>,
    allergens: Spanned<Vec<u32>>,
    traces: Spanned<Vec<u32>>,
    #[serde(default)]
    diets: Vec<Diet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    id: Spanned<String>,
    name: Text,
    work_seconds: Spanned<u32>,
    prices: Vec<Price>,
}

/// A dated price row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    id: Spanned<String>,
    cents: Spanned<u32>,
    tax: Spanned<String>,
    valid_from: Spanned<NaiveDate>,
    source: String,
}

const fn yes() -> bool {
    true
}

const fn five() -> u32 {
    5
}

/// The day that an item's first recipe is valid from: ever.
const EVER: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");

impl AlsoAt {
    fn work(&self) -> Work {
        Work { station: self.station.get_ref().clone(), seconds: *self.work_seconds.get_ref() }
    }
}

impl Item {
    pub(super) fn id(&self) -> &str {
        self.id.get_ref()
    }

    /// How many price rows it has.
    pub(super) fn prices(&self) -> usize {
        self.prices.len() + self.variants.iter().map(|variant| variant.prices.len()).sum::<usize>()
    }

    /// Whether it has a variant of that name; without any, the name must be empty.
    pub(super) fn has_variant(&self, id: &str) -> bool {
        if self.variants.is_empty() { id.is_empty() } else { self.variants.iter().any(|it| it.id.get_ref() == id) }
    }
}

/// Checks all items.
pub(super) fn read(text: &str, section: &Section, ids: &mut Ids) -> Result<(), String> {
    if section.items.get_ref().is_empty() {
        return Err(wrong(text, &section.items, "items", "needs at least one item"));
    }
    for (place, item) in section.items.get_ref().iter().enumerate() {
        let key = |name: &str| format!("items[{place}].{name}");
        fresh_slug(text, &item.id, &key("id"), &mut ids.orderable)?;
        read_item(text, section, item, key)?;
        read_recipes(text, item, key)?;
        if item.variants.is_empty() {
            read_prices(text, section, (&item.id, &item.prices), key, &mut ids.prices)?;
        } else {
            read_variants(text, section, item, key, &mut ids.prices)?;
        }
    }
    Ok(())
}

fn read_item(text: &str, section: &Section, item: &Item, key: impl Fn(&str) -> String) -> Result<(), String> {
    if let Some(problem) = untranslated(&item.name) {
        return Err(wrong(text, &item.id, &key("name"), problem));
    }
    read_work(text, section, item, &key)?;
    pictures::read(text, item.picture.as_ref(), &section.pictures, &key)?;
    numbers(text, &item.allergens, &key("allergens"))?;
    numbers(text, &item.traces, &key("traces"))?;
    let groups = item.modifier_groups.get_ref();
    if let Some(id) = groups.iter().find(|id| !section.modifier_groups.iter().any(|group| group.id() == **id)) {
        let problem = format!("no group of modifiers named \"{id}\"");
        return Err(wrong(text, &item.modifier_groups, &key("modifier_groups"), &problem));
    }
    super::offers::known_day_parts(text, section, &item.day_parts, &key("day_parts"))
}

/// Each station once.
fn read_work(text: &str, section: &Section, item: &Item, key: &impl Fn(&str) -> String) -> Result<(), String> {
    let own = (&item.station, &item.work_seconds, String::new());
    let also = item.also_at.iter().enumerate();
    let also = also.map(|(place, it)| (&it.station, &it.work_seconds, format!("also_at[{place}].")));
    let mut known = HashSet::new();
    for (station, seconds, at) in std::iter::once(own).chain(also) {
        let (id, key) = (station.get_ref(), |name: &str| key(&format!("{at}{name}")));
        if !section.stations.get_ref().iter().any(|it| it.id.get_ref() == id) {
            return Err(wrong(text, station, &key("station"), &format!("no station named \"{id}\"")));
        }
        if !known.insert(id) {
            let problem = format!("\"{id}\" works on it already; add up its seconds");
            return Err(wrong(text, station, &key("station"), &problem));
        }
        work(text, seconds, &key("work_seconds"))?;
    }
    Ok(())
}

fn work(text: &str, seconds: &Spanned<u32>, key: &str) -> Result<(), String> {
    if (1..=900).contains(seconds.get_ref()) { Ok(()) } else { Err(wrong(text, seconds, key, "must be 1 to 900")) }
}

/// Allergens are numbers of the Annex.
pub(super) fn numbers(text: &str, numbers: &Spanned<Vec<u32>>, key: &str) -> Result<(), String> {
    if numbers.get_ref().iter().all(|number| (1..=LAST_ALLERGEN).contains(number)) {
        return Ok(());
    }
    Err(wrong(text, numbers, key, "must be numbers 1 to 14 of Annex II, Regulation (EU) 1169/2011"))
}

fn read_recipes(text: &str, item: &Item, key: impl Fn(&str) -> String) -> Result<(), String> {
    let mut days = HashSet::new();
    for (place, recipe) in item.recipes.iter().enumerate() {
        let key = |name: &str| key(&format!("recipes[{place}].{name}"));
        if *recipe.valid_from.get_ref() <= EVER || !days.insert(*recipe.valid_from.get_ref()) {
            let problem = "needs a day of its own, after 2000-01-01; a recipe that is always valid is the item's own";
            return Err(wrong(text, &recipe.valid_from, &key("valid_from"), problem));
        }
        numbers(text, &recipe.allergens, &key("allergens"))?;
        numbers(text, &recipe.traces, &key("traces"))?;
    }
    Ok(())
}

fn read_variants(
    text: &str,
    section: &Section,
    item: &Item,
    key: impl Fn(&str) -> String,
    prices: &mut HashSet<String>,
) -> Result<(), String> {
    if !item.prices.is_empty() {
        return Err(wrong(text, &item.id, &key("prices"), "stand with the variants; an item with variants has none"));
    }
    let mut ids = HashSet::new();
    for (place, variant) in item.variants.iter().enumerate() {
        let key = |name: &str| key(&format!("variants[{place}].{name}"));
        fresh_slug(text, &variant.id, &key("id"), &mut ids)?;
        if let Some(problem) = untranslated(&variant.name) {
            return Err(wrong(text, &variant.id, &key("name"), problem));
        }
        work(text, &variant.work_seconds, &key("work_seconds"))?;
        read_prices(text, section, (&variant.id, &variant.prices), key, prices)?;
    }
    Ok(())
}

/// Every price has its tax row, and no price outlives it.
pub(super) fn read_prices(
    text: &str,
    section: &Section,
    (of, prices): (&Spanned<String>, &[Price]),
    key: impl Fn(&str) -> String,
    ids: &mut HashSet<String>,
) -> Result<(), String> {
    if prices.is_empty() {
        return Err(wrong(text, of, &key("prices"), "needs at least one price"));
    }
    let mut days = HashSet::new();
    for (place, price) in prices.iter().enumerate() {
        let key = |name: &str| key(&format!("prices[{place}].{name}"));
        read_row(text, (&price.id, &price.cents, &price.valid_from), key, ids, &mut days)?;
    }
    for (place, price) in prices.iter().enumerate() {
        let key = key(&format!("prices[{place}].tax"));
        let Some(tax) = section.taxes.iter().find(|row| row.id.get_ref() == price.tax.get_ref()) else {
            let problem = format!("no tax row named \"{}\"", price.tax.get_ref());
            return Err(wrong(text, &price.tax, &key, &problem));
        };
        let days = prices.iter().map(|it| *it.valid_from.get_ref());
        covers((tax.valid_from, tax.valid_until), *price.valid_from.get_ref(), days)
            .map_err(|problem| wrong(text, &price.tax, &key, &problem))?;
    }
    Ok(())
}

/// Writes an item with everything that belongs to it.
pub(super) async fn write(
    tx: &mut Tx,
    text: &str,
    place: usize,
    item: &Item,
    contents: &Contents,
) -> Result<(), Failure> {
    let picture = pictures::write(tx, item.picture.as_ref(), contents).await?;
    let variants = item.variants.iter().map(|it| VariantEntry {
        id: it.id.get_ref().clone(),
        name: it.name.clone(),
        work_seconds: *it.work_seconds.get_ref(),
    });
    let entry = house::ItemEntry {
        id: item.id.get_ref(),
        place,
        name: &item.name,
        description: &item.description,
        category: item.category,
        station: item.station.get_ref(),
        work_seconds: *item.work_seconds.get_ref(),
        also_at: item.also_at.iter().map(AlsoAt::work).collect(),
        variants: variants.collect(),
        modifier_groups: item.modifier_groups.get_ref(),
        day_parts: item.day_parts.get_ref(),
        portions_per_day: item.portions_per_day,
        low_at: item.low_at,
        available: item.available,
        picture: picture.as_ref().map(|(id, alt)| (id.as_str(), *alt)),
    };
    house::save_item(tx.conn(), &entry).await?;
    write_recipe(tx, item, EVER, (&item.allergens, &item.traces, &item.diets)).await?;
    for it in &item.recipes {
        write_recipe(tx, item, *it.valid_from.get_ref(), (&it.allergens, &it.traces, &it.diets)).await?;
    }
    let (key, of) = (format!("items[{place}]"), item.id.get_ref());
    write_prices(tx, (text, &key), &item.prices, |tax| PriceOf::Item { item: of, variant: "", tax }).await?;
    for (nth, variant) in item.variants.iter().enumerate() {
        let (key, id) = (format!("{key}.variants[{nth}]"), variant.id.get_ref());
        write_prices(tx, (text, &key), &variant.prices, |tax| PriceOf::Item { item: of, variant: id, tax }).await?;
    }
    Ok(())
}

async fn write_recipe(
    tx: &mut Tx,
    item: &Item,
    valid_from: NaiveDate,
    (allergens, traces, diets): (&Spanned<Vec<u32>>, &Spanned<Vec<u32>>, &[Diet]),
) -> Result<(), Error> {
    let recipe = house::RecipeEntry {
        item: item.id.get_ref(),
        valid_from,
        allergens: allergens.get_ref(),
        traces: traces.get_ref(),
        diets: diets.iter().map(|diet| diet.name()).collect(),
    };
    house::save_recipe(tx.conn(), &recipe).await
}

/// Writes a price, unless people were charged by what it said before.
pub(super) async fn write_price(
    tx: &mut Tx,
    row: &PriceEntry<'_>,
    wrong: impl Fn(&str) -> String,
) -> Result<(), Failure> {
    if house::is_charged_otherwise(tx.conn(), row).await? {
        return Err(Failure::new(Code::InvalidArgument, wrong(CHARGED)));
    }
    Ok(house::save_price(tx.conn(), row).await?)
}

/// Writes price rows of whatever `of` makes of their tax rows.
pub(super) async fn write_prices<'p>(
    tx: &mut Tx,
    (text, key): (&str, &str),
    prices: &'p [Price],
    of: impl Fn(&'p str) -> PriceOf<'p>,
) -> Result<(), Failure> {
    for (nth, price) in prices.iter().enumerate() {
        let row = PriceEntry {
            id: price.id.get_ref(),
            of: of(price.tax.get_ref()),
            cents: *price.cents.get_ref(),
            valid_from: *price.valid_from.get_ref(),
            source: &price.source,
        };
        let key = format!("{key}.prices[{nth}]");
        write_price(tx, &row, |problem| wrong(text, &price.cents, &key, problem)).await?;
    }
    Ok(())
}
