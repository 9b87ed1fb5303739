//! The `[gastro]` part of the house file: stations, tax rows, the menu with its dated prices.
//! Checks everything before anything is written; applying the same file again changes nothing.

mod items;
mod kitchen;
mod offers;
mod pictures;
mod sellers;

use std::collections::HashSet;

use chrono::NaiveDate;
use kernel::{BoxFuture, Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    commands::{self, kitchen as cooking},
    events,
    store::{self, house},
};

/// What people were charged by stays as it was.
const CHARGED: &str =
    "people were charged by this row as it was; leave it, and add one with a new id and a later valid_from";
/// The same of a tax row.
const TAXED: &str =
    "people were taxed by this row as it was; leave it, and add one with a new id, which newer prices name";

#[derive(Deserialize)]
struct File {
    gastro: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    stations: Spanned<Vec<Station>>,
    taxes: Vec<Tax>,
    items: Spanned<Vec<items::Item>>,
    #[serde(default)]
    day_parts: Vec<offers::DayPart>,
    #[serde(default)]
    modifier_groups: Vec<offers::Group>,
    #[serde(default)]
    combo_splits: Vec<offers::Split>,
    #[serde(default)]
    combos: Vec<offers::Combo>,
    rules: Option<offers::Rules>,
    kitchen: Option<kitchen::Kitchen>,
    /// Who sells, from which day on.
    #[serde(default)]
    sellers: Vec<sellers::Seller>,
    /// Put in by whoever loads the file.
    #[serde(default)]
    pictures: pictures::Contents,
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

/// A list that the file leaves out.
fn nothing<T>() -> Spanned<Vec<T>> {
    Spanned::new(0..0, Vec::new())
}

/// Ten people at one station.
const MOST_SECONDS: u32 = 9_000;
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
    kitchen::read(text, section.kitchen.as_ref())?;
    sellers::read(text, &section.sellers)?;
    let mut ids = Ids::default();
    offers::read_day_parts(text, &section)?;
    offers::read_groups(text, &section, &mut ids)?;
    items::read(text, &section, &mut ids)?;
    offers::read_combos(text, &section, &mut ids)?;
    offers::read_rules(text, &section)?;
    Ok(section)
}

/// Ids that may stand in the file only once: of everything that can be ordered, of modifiers and of price rows.
#[derive(Default)]
struct Ids {
    orderable: HashSet<String>,
    modifiers: HashSet<String>,
    prices: HashSet<String>,
}

/// What the rows of a price must have besides their ids: no two on one day, an amount that nobody has mistyped.
fn read_row(
    text: &str,
    row: (&Spanned<String>, &Spanned<u32>, &Spanned<NaiveDate>),
    key: impl Fn(&str) -> String,
    ids: &mut HashSet<String>,
    days: &mut HashSet<NaiveDate>,
) -> Result<(), String> {
    /// No meal costs more than 200 euro: a typo would.
    const MOST_CENTS: u32 = 20_000;
    let (id, cents, valid_from) = row;
    fresh_slug(text, id, &key("id"), ids)?;
    if !days.insert(*valid_from.get_ref()) {
        return Err(wrong(text, valid_from, &key("valid_from"), "this item has another price from the same day"));
    }
    if *cents.get_ref() > MOST_CENTS {
        return Err(wrong(text, cents, &key("cents"), "is more than 200 euro"));
    }
    Ok(())
}

/// A row that a price points to is valid as long as the price is.
fn covers(
    (from, until): (NaiveDate, Option<NaiveDate>),
    price_from: NaiveDate,
    all: impl Iterator<Item = NaiveDate>,
) -> Result<(), String> {
    if price_from < from {
        return Err(format!("this row is valid only from {from}"));
    }
    if let Some(end) = until {
        let replaced = all.filter(|day| *day > price_from).min();
        if replaced.is_none_or(|day| day.pred_opt().is_none_or(|last| last > end)) {
            return Err(format!("this row ends on {end}, and no other price follows by then"));
        }
    }
    Ok(())
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

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let section = read(text)?;
    let prices: usize = section.items.get_ref().iter().map(items::Item::prices).sum();
    Ok(format!(
        "{} stations, {} items with {prices} prices, {} combos",
        section.stations.get_ref().len(),
        section.items.get_ref().len(),
        section.combos.len()
    ))
}

/// Applies a part that passed the check.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let section = read(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        write(tx, text, &section).await
    })
}

async fn write(tx: &mut Tx, text: &str, section: &Section) -> Result<(), Failure> {
    let now = tx.now();
    commands::lock_kitchen(tx).await?;
    kitchen::write(tx, text, section.kitchen.as_ref()).await?;
    sellers::write(tx, &section.sellers).await?;
    let mut changed = Vec::new();
    for station in section.stations.get_ref() {
        let (id, seconds) = (station.id.get_ref(), *station.seconds_per_slot.get_ref());
        if house::save_station(tx.conn(), id, &station.name, seconds, now).await? {
            changed.push(id.as_str());
        }
    }
    for (place, tax) in section.taxes.iter().enumerate() {
        let rate = *tax.basis_points.get_ref();
        if house::is_taxed_otherwise(tx.conn(), tax.id.get_ref(), rate).await? {
            let problem = wrong(text, &tax.basis_points, &format!("taxes[{place}].basis_points"), TAXED);
            return Err(Failure::new(Code::InvalidArgument, problem));
        }
        house::save_tax(tx.conn(), tax.id.get_ref(), rate, tax.valid_from, &tax.source).await?;
    }
    let ids: Vec<&str> = section.items.get_ref().iter().map(items::Item::id).collect();
    let combos: Vec<&str> = section.combos.iter().map(offers::Combo::id).collect();
    house::list_only(tx.conn(), &ids, &combos).await?;
    for (place, item) in section.items.get_ref().iter().enumerate() {
        items::write(tx, text, place, item, &section.pictures).await?;
    }
    offers::write(tx, text, section).await?;
    commands::recipes::follow(tx).await?;
    if !changed.is_empty() {
        for station in store::stations(tx.conn()).await?.iter().filter(|it| changed.contains(&it.id.as_str())) {
            tx.append(&station.id, &events::station_changed(station)).await?;
        }
        cooking::touch_board(tx).await?;
    }
    Ok(())
}
