//! The `[gastro]` part of the house file: stations, tax rows, the menu with its dated prices.
//! Checks everything before anything is written; applying the same file again changes nothing.

use std::collections::HashSet;

use chrono::NaiveDate;
use kernel::{BoxFuture, Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    commands::{self, kitchen},
    domain::Category,
    error::Error,
    events,
    store::{self, house},
};

#[derive(Deserialize)]
struct File {
    gastro: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    stations: Spanned<Vec<Station>>,
    taxes: Vec<Tax>,
    items: Spanned<Vec<Item>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Station {
    id: Spanned<String>,
    name: Text,
    seconds_per_slot: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tax {
    id: Spanned<String>,
    basis_points: Spanned<u32>,
    valid_from: NaiveDate,
    /// The last day; none: still valid.
    valid_until: Option<NaiveDate>,
    source: String,
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: Spanned<String>,
    name: Text,
    #[serde(default)]
    description: Text,
    category: Category,
    station: Spanned<String>,
    work_seconds: Spanned<u32>,
    allergens: Spanned<Vec<u32>>,
    traces: Spanned<Vec<u32>>,
    #[serde(default)]
    diets: Vec<Diet>,
    #[serde(default = "yes")]
    available: bool,
    prices: Spanned<Vec<Price>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    id: Spanned<String>,
    cents: Spanned<u32>,
    tax: Spanned<String>,
    valid_from: Spanned<NaiveDate>,
    source: String,
}

const fn yes() -> bool {
    true
}

/// Annex II of Regulation (EU) 1169/2011 ends here.
const LAST_ALLERGEN: u32 = 14;
/// Ten people at one station.
const MOST_SECONDS: u32 = 9_000;
/// No meal costs more than 200 euro: a typo would.
const MOST_CENTS: u32 = 20_000;

/// "line 12, gastro.items[2].station: no such station"
fn wrong<T>(text: &str, at: &Spanned<T>, key: &str, problem: &str) -> String {
    let line = text.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, gastro.{key}: {problem}")
}

fn fresh_slug(text: &str, id: &Spanned<String>, key: &str, ids: &mut HashSet<String>) -> Result<(), String> {
    values::slug("id", id.get_ref()).map_err(|error| wrong(text, id, key, &error.problem))?;
    if ids.insert(id.get_ref().clone()) { Ok(()) } else { Err(wrong(text, id, key, "stands here twice")) }
}

fn untranslated(name: &Text) -> Option<&'static str> {
    if name.de.trim().is_empty() {
        Some("needs a German text (de)")
    } else if name.en.trim().is_empty() {
        Some("needs an English text (en)")
    } else {
        None
    }
}

fn read(text: &str) -> Result<Section, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let section = file.gastro;
    read_stations(text, &section)?;
    read_taxes(text, &section)?;
    if section.items.get_ref().is_empty() {
        return Err(wrong(text, &section.items, "items", "needs at least one item"));
    }
    let (mut ids, mut price_ids) = (HashSet::new(), HashSet::new());
    for (place, item) in section.items.get_ref().iter().enumerate() {
        let key = |name: &str| format!("items[{place}].{name}");
        fresh_slug(text, &item.id, &key("id"), &mut ids)?;
        read_item(text, &section, item, key)?;
        read_prices(text, &section, item, key, &mut price_ids)?;
    }
    Ok(section)
}

fn read_stations(text: &str, section: &Section) -> Result<(), String> {
    if section.stations.get_ref().is_empty() {
        return Err(wrong(text, &section.stations, "stations", "needs at least one station"));
    }
    let mut ids = HashSet::new();
    for (place, station) in section.stations.get_ref().iter().enumerate() {
        let key = |name: &str| format!("stations[{place}].{name}");
        fresh_slug(text, &station.id, &key("id"), &mut ids)?;
        if let Some(problem) = untranslated(&station.name) {
            return Err(wrong(text, &station.id, &key("name"), problem));
        }
        if !(1..=MOST_SECONDS).contains(station.seconds_per_slot.get_ref()) {
            let problem = format!("must be 1 to {MOST_SECONDS} seconds of work in 15 minutes");
            return Err(wrong(text, &station.seconds_per_slot, &key("seconds_per_slot"), &problem));
        }
    }
    Ok(())
}

fn read_taxes(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, tax) in section.taxes.iter().enumerate() {
        let key = |name: &str| format!("taxes[{place}].{name}");
        fresh_slug(text, &tax.id, &key("id"), &mut ids)?;
        if *tax.basis_points.get_ref() > 10_000 {
            return Err(wrong(text, &tax.basis_points, &key("basis_points"), "is more than 10000 (100 %)"));
        }
        if tax.source.trim().is_empty() {
            return Err(wrong(text, &tax.id, &key("source"), "is empty; name the law"));
        }
    }
    Ok(())
}

fn read_item(text: &str, section: &Section, item: &Item, key: impl Fn(&str) -> String) -> Result<(), String> {
    if let Some(problem) = untranslated(&item.name) {
        return Err(wrong(text, &item.id, &key("name"), problem));
    }
    let station = item.station.get_ref();
    if !section.stations.get_ref().iter().any(|it| it.id.get_ref() == station) {
        return Err(wrong(text, &item.station, &key("station"), &format!("no station named \"{station}\"")));
    }
    if !(1..=900).contains(item.work_seconds.get_ref()) {
        return Err(wrong(text, &item.work_seconds, &key("work_seconds"), "must be 1 to 900"));
    }
    for (name, numbers) in [("allergens", &item.allergens), ("traces", &item.traces)] {
        if numbers.get_ref().iter().any(|number| !(1..=LAST_ALLERGEN).contains(number)) {
            let problem = "must be numbers 1 to 14 of Annex II, Regulation (EU) 1169/2011";
            return Err(wrong(text, numbers, &key(name), problem));
        }
    }
    Ok(())
}

/// Every price has its tax row, and no price outlives it.
fn read_prices(
    text: &str,
    section: &Section,
    item: &Item,
    key: impl Fn(&str) -> String,
    ids: &mut HashSet<String>,
) -> Result<(), String> {
    if item.prices.get_ref().is_empty() {
        return Err(wrong(text, &item.prices, &key("prices"), "needs at least one price"));
    }
    let mut days = HashSet::new();
    for (place, price) in item.prices.get_ref().iter().enumerate() {
        let key = |name: &str| key(&format!("prices[{place}].{name}"));
        fresh_slug(text, &price.id, &key("id"), ids)?;
        if !days.insert(*price.valid_from.get_ref()) {
            let problem = "this item has another price from the same day";
            return Err(wrong(text, &price.valid_from, &key("valid_from"), problem));
        }
        if *price.cents.get_ref() > MOST_CENTS {
            return Err(wrong(text, &price.cents, &key("cents"), "is more than 200 euro"));
        }
    }
    for (place, price) in item.prices.get_ref().iter().enumerate() {
        let key = |name: &str| key(&format!("prices[{place}].{name}"));
        let from = *price.valid_from.get_ref();
        let Some(tax) = section.taxes.iter().find(|row| row.id.get_ref() == price.tax.get_ref()) else {
            let problem = format!("no tax row named \"{}\"", price.tax.get_ref());
            return Err(wrong(text, &price.tax, &key("tax"), &problem));
        };
        if from < tax.valid_from {
            let problem = format!("this tax row is valid only from {}", tax.valid_from);
            return Err(wrong(text, &price.tax, &key("tax"), &problem));
        }
        if let Some(end) = tax.valid_until {
            let replaced =
                item.prices.get_ref().iter().map(|it| *it.valid_from.get_ref()).filter(|day| *day > from).min();
            if replaced.is_none_or(|day| day.pred_opt().is_none_or(|last| last > end)) {
                let problem = format!("this tax row ends on {end}, and no other price follows by then");
                return Err(wrong(text, &price.tax, &key("tax"), &problem));
            }
        }
    }
    Ok(())
}

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let section = read(text)?;
    let prices: usize = section.items.get_ref().iter().map(|item| item.prices.get_ref().len()).sum();
    Ok(format!(
        "{} stations, {} items with {prices} prices",
        section.stations.get_ref().len(),
        section.items.get_ref().len()
    ))
}

/// Applies a part that passed the check.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let section = read(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        Ok(write(tx, &section).await?)
    })
}

async fn write(tx: &mut Tx, section: &Section) -> Result<(), Error> {
    let now = tx.now();
    commands::lock_kitchen(tx).await?;
    let mut changed = Vec::new();
    for station in section.stations.get_ref() {
        let (id, seconds) = (station.id.get_ref(), *station.seconds_per_slot.get_ref());
        if house::save_station(tx.conn(), id, &station.name, seconds, now).await? {
            changed.push(id.as_str());
        }
    }
    for tax in &section.taxes {
        let rate = *tax.basis_points.get_ref();
        house::save_tax(tx.conn(), tax.id.get_ref(), rate, tax.valid_from, &tax.source).await?;
    }
    let ids: Vec<&str> = section.items.get_ref().iter().map(|item| item.id.get_ref().as_str()).collect();
    house::list_only(tx.conn(), &ids).await?;
    for (place, item) in section.items.get_ref().iter().enumerate() {
        write_item(tx, place, item).await?;
    }
    if !changed.is_empty() {
        for station in store::stations(tx.conn()).await?.iter().filter(|it| changed.contains(&it.id.as_str())) {
            tx.append(&station.id, &events::station_changed(station)).await?;
        }
        kitchen::touch_board(tx).await?;
    }
    Ok(())
}

async fn write_item(tx: &mut Tx, place: usize, item: &Item) -> Result<(), Error> {
    let entry = house::ItemEntry {
        id: item.id.get_ref(),
        place,
        name: &item.name,
        description: &item.description,
        category: item.category,
        station: item.station.get_ref(),
        work_seconds: *item.work_seconds.get_ref(),
        allergens: item.allergens.get_ref(),
        traces: item.traces.get_ref(),
        diets: item.diets.iter().map(|diet| diet.name()).collect(),
        available: item.available,
    };
    house::save_item(tx.conn(), &entry).await?;
    for price in item.prices.get_ref() {
        let row = house::PriceEntry {
            id: price.id.get_ref(),
            item: item.id.get_ref(),
            cents: *price.cents.get_ref(),
            tax: price.tax.get_ref(),
            valid_from: *price.valid_from.get_ref(),
            source: &price.source,
        };
        house::save_price(tx.conn(), &row).await?;
    }
    Ok(())
}
