//! The `[reservations]` part of the house file: tariffs, layouts, titles, the weekly pattern. Checks
//! everything before anything is written; applying the same file again changes nothing.

mod overlaps;
mod plans;
mod releases;

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveTime, Weekday};
use kernel::{BoxFuture, Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    commands::{self, OnSale},
    domain::{
        Audience, OnlyWith, Tariff,
        schedule::{AnnouncedRelease, DAYS_AHEAD, Holidays, MOST_DAYS_AHEAD, Released, Slot},
    },
    store::{
        house as store,
        offers::{leave_releases, save_release, withdraw_releases},
    },
};

#[derive(Deserialize)]
struct File {
    reservations: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// How many days ahead the weekly pattern becomes showings, today among them.
    #[serde(default = "days_ahead")]
    days_ahead: Spanned<u32>,
    taxes: Vec<TaxRow>,
    tariffs: Vec<TariffRow>,
    layouts: Vec<plans::Layout>,
    titles: Vec<Title>,
    schedule: Vec<SlotRow>,
    #[serde(default)]
    school_holidays: Vec<HolidayRow>,
    #[serde(default)]
    releases: Vec<releases::Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxRow {
    id: Spanned<String>,
    basis_points: Spanned<u32>,
    valid_from: NaiveDate,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TariffRow {
    id: Spanned<String>,
    category: String,
    class: Spanned<String>,
    label: Text,
    cents: Spanned<u32>,
    tax: Spanned<String>,
    valid_from: Spanned<NaiveDate>,
    source: String,
    /// People of this price are booked online only with somebody of one of these classes.
    #[serde(default)]
    only_with: Vec<Spanned<String>>,
    /// Each with another one.
    #[serde(default)]
    one_each: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Title {
    id: Spanned<String>,
    name: Text,
    #[serde(default)]
    description: Text,
    minutes: Spanned<u32>,
    category: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotRow {
    weekdays: Spanned<Vec<Weekday>>,
    times: Vec<Spanned<String>>,
    title: Spanned<String>,
    layout: Spanned<String>,
    #[serde(default = "public")]
    audience: Audience,
    #[serde(default)]
    holidays: Holidays,
    #[serde(default = "doors")]
    doors_minutes: Spanned<u32>,
    /// So many minutes after the start late guests are still let in, and staff sell.
    #[serde(default = "none")]
    last_entry_minutes: Spanned<u32>,
    #[serde(default)]
    numbered: bool,
    door_quota: Spanned<u32>,
    staff_quota: Spanned<u32>,
    #[serde(default = "none")]
    school_quota: Spanned<u32>,
    /// Minutes before the start: `{ school = 10080, protected = 5 }`.
    #[serde(default = "released")]
    released: Spanned<Released>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayRow {
    from: Spanned<NaiveDate>,
    until: Spanned<NaiveDate>,
}

const fn public() -> Audience {
    Audience::Public
}

fn days_ahead() -> Spanned<u32> {
    Spanned::new(0..0, DAYS_AHEAD)
}

/// Doors open 20 minutes before the start unless the file says otherwise.
fn doors() -> Spanned<u32> {
    Spanned::new(0..0, 20)
}

fn released() -> Spanned<Released> {
    Spanned::new(0..0, Released::default())
}

/// No doors open longer before: a guest would be scanned in to another day's showing.
const MOST_DOORS: u32 = 6 * 60;
/// Nothing is released longer before: a programme is announced a year ahead at most.
const MOST_RELEASED: u32 = 366 * 24 * 60;

fn none() -> Spanned<u32> {
    Spanned::new(0..0, 0)
}

/// What people were charged by stays as it was.
const CHARGED: &str =
    "people were charged by this row as it was; leave it, and add one with a new id and a later valid_from";
/// The same of a tax row.
const TAXED: &str =
    "people were taxed by this row as it was; leave it, and add one with a new id, which newer prices name";

/// No place costs more than 1,000 euro: a typo would.
const MOST_CENTS: u32 = 100_000;

/// "line 12, reservations.tariffs[3].tax: no tax row named …"
fn wrong<T>(text: &str, at: &Spanned<T>, key: &str, problem: &str) -> String {
    let line = text.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, reservations.{key}: {problem}")
}

/// What a file says, checked.
struct House {
    section: Section,
    slots: Vec<Slot>,
    releases: Vec<AnnouncedRelease>,
}

fn read(text: &str) -> Result<House, String> {
    let section = toml::from_str::<File>(text).map_err(|error| error.to_string())?.reservations;
    let days = *section.days_ahead.get_ref();
    if !(1..=MOST_DAYS_AHEAD).contains(&days) {
        let problem = format!("must be 1 to {MOST_DAYS_AHEAD}");
        return Err(wrong(text, &section.days_ahead, "days_ahead", &problem));
    }
    check_tariffs(text, &section)?;
    plans::check(text, &section)?;
    check_titles(text, &section)?;
    check_holidays(text, &section)?;
    let slots = slots(text, &section)?;
    overlaps::check(text, &section)?;
    let releases = releases::read(text, &section)?;
    Ok(House { section, slots, releases })
}

fn fresh_slug<'a>(text: &str, seen: &mut HashSet<&'a str>, id: &'a Spanned<String>, key: &str) -> Result<(), String> {
    values::slug("id", id.get_ref()).map_err(|error| wrong(text, id, key, &error.problem))?;
    if seen.insert(id.get_ref()) { Ok(()) } else { Err(wrong(text, id, key, "stands here twice")) }
}

fn check_tariffs(text: &str, section: &Section) -> Result<(), String> {
    let mut taxes = HashSet::new();
    for (place, tax) in section.taxes.iter().enumerate() {
        fresh_slug(text, &mut taxes, &tax.id, &format!("taxes[{place}].id"))?;
        if *tax.basis_points.get_ref() > 10_000 {
            let key = format!("taxes[{place}].basis_points");
            return Err(wrong(text, &tax.basis_points, &key, "is more than 10000 (100 %)"));
        }
    }
    let (mut ids, mut days) = (HashSet::new(), HashSet::new());
    for (place, tariff) in section.tariffs.iter().enumerate() {
        let key = |name: &str| format!("tariffs[{place}].{name}");
        fresh_slug(text, &mut ids, &tariff.id, &key("id"))?;
        values::slug("class", tariff.class.get_ref())
            .map_err(|error| wrong(text, &tariff.class, &key("class"), &error.problem))?;
        if !days.insert((&tariff.category, tariff.class.get_ref(), *tariff.valid_from.get_ref())) {
            let problem = "this class has another tariff from the same day";
            return Err(wrong(text, &tariff.valid_from, &key("valid_from"), problem));
        }
        if *tariff.cents.get_ref() > MOST_CENTS {
            return Err(wrong(text, &tariff.cents, &key("cents"), "is more than 1000 euro"));
        }
        if !taxes.contains(tariff.tax.get_ref().as_str()) {
            let problem = format!("no tax row named \"{}\"", tariff.tax.get_ref());
            return Err(wrong(text, &tariff.tax, &key("tax"), &problem));
        }
        for class in &tariff.only_with {
            let is_known = |other: &TariffRow| {
                other.category == tariff.category
                    && other.class.get_ref() == class.get_ref()
                    && other.class.get_ref() != tariff.class.get_ref()
            };
            if !section.tariffs.iter().any(is_known) {
                return Err(wrong(text, class, &key("only_with"), "names no other class of this category"));
            }
        }
    }
    Ok(())
}

fn check_titles(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, title) in section.titles.iter().enumerate() {
        let key = |name: &str| format!("titles[{place}].{name}");
        fresh_slug(text, &mut ids, &title.id, &key("id"))?;
        if !(5..=480).contains(title.minutes.get_ref()) {
            return Err(wrong(text, &title.minutes, &key("minutes"), "must be 5 to 480"));
        }
        if !section.tariffs.iter().any(|tariff| tariff.category == *title.category.get_ref()) {
            let problem = format!("no tariff has the category \"{}\"", title.category.get_ref());
            return Err(wrong(text, &title.category, &key("category"), &problem));
        }
    }
    Ok(())
}

fn check_holidays(text: &str, section: &Section) -> Result<(), String> {
    let mut first_days = HashSet::new();
    for (place, row) in section.school_holidays.iter().enumerate() {
        let key = |name: &str| format!("school_holidays[{place}].{name}");
        if row.until.get_ref() < row.from.get_ref() {
            return Err(wrong(text, &row.until, &key("until"), "is before they begin"));
        }
        if !first_days.insert(*row.from.get_ref()) {
            return Err(wrong(text, &row.from, &key("from"), "other holidays begin on this day"));
        }
    }
    Ok(())
}

fn slots(text: &str, section: &Section) -> Result<Vec<Slot>, String> {
    let mut slots = Vec::new();
    for (place, row) in section.schedule.iter().enumerate() {
        let key = |name: &str| format!("schedule[{place}].{name}");
        let title = section.titles.iter().find(|title| title.id.get_ref() == row.title.get_ref());
        let title = title.ok_or_else(|| wrong(text, &row.title, &key("title"), "no title of that id"))?;
        let layout = section.layouts.iter().find(|layout| layout.id.get_ref() == row.layout.get_ref());
        let layout = layout.ok_or_else(|| wrong(text, &row.layout, &key("layout"), "no layout of that id"))?;
        if row.weekdays.get_ref().is_empty() {
            return Err(wrong(text, &row.weekdays, &key("weekdays"), "names no day"));
        }
        if row.last_entry_minutes.get_ref() >= title.minutes.get_ref() {
            let problem = "must end before the showing does";
            return Err(wrong(text, &row.last_entry_minutes, &key("last_entry_minutes"), problem));
        }
        if *row.doors_minutes.get_ref() > MOST_DOORS {
            let problem = format!("must be at most {MOST_DOORS}");
            return Err(wrong(text, &row.doors_minutes, &key("doors_minutes"), &problem));
        }
        let Released { door, staff, school, protected } = *row.released.get_ref();
        if [door, staff, school, protected].into_iter().any(|minutes| minutes > MOST_RELEASED) {
            let problem = format!("each must be at most {MOST_RELEASED} minutes");
            return Err(wrong(text, &row.released, &key("released"), &problem));
        }
        let places = plans::seats(layout).len();
        for (name, quota) in
            [("door_quota", &row.door_quota), ("staff_quota", &row.staff_quota), ("school_quota", &row.school_quota)]
        {
            if *quota.get_ref() as usize > places {
                let problem = format!("is more than the {places} places of \"{}\"", row.layout.get_ref());
                return Err(wrong(text, quota, &key(name), &problem));
            }
        }
        for time in &row.times {
            let parsed = NaiveTime::parse_from_str(time.get_ref(), "%H:%M");
            slots.push(Slot {
                weekdays: row.weekdays.get_ref().clone(),
                time: parsed.map_err(|_| wrong(text, time, &key("times"), "is no time like \"14:30\""))?,
                title: title.id.get_ref().clone(),
                minutes: *title.minutes.get_ref(),
                hall: layout.hall.get_ref().clone(),
                layout: layout.id.get_ref().clone(),
                audience: row.audience,
                holidays: row.holidays,
                doors_minutes: *row.doors_minutes.get_ref(),
                last_entry_minutes: *row.last_entry_minutes.get_ref(),
                numbered: row.numbered,
                door_quota: *row.door_quota.get_ref(),
                staff_quota: *row.staff_quota.get_ref(),
                school_quota: *row.school_quota.get_ref(),
                released: *row.released.get_ref(),
            });
        }
    }
    Ok(slots)
}

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let house = read(text)?;
    Ok(format!(
        "{} titles, {} layouts, {} tariffs, {} weekly times",
        house.section.titles.len(),
        house.section.layouts.len(),
        house.section.tariffs.len(),
        house.slots.len()
    ))
}

/// Applies a part that passed the check.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let house = read(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        write(tx, text, &house).await
    })
}

async fn write(tx: &mut Tx, text: &str, house: &House) -> Result<(), Failure> {
    let refused = |problem| Failure::new(Code::InvalidArgument, problem);
    let section = &house.section;
    store::lock_schedule(tx.conn()).await?;
    // Whether anything that showings are offered with has changed.
    let mut changed = false;
    for (place, tax) in section.taxes.iter().enumerate() {
        if store::is_taxed_otherwise(tx.conn(), tax.id.get_ref(), *tax.basis_points.get_ref()).await? {
            return Err(refused(wrong(text, &tax.basis_points, &format!("taxes[{place}].basis_points"), TAXED)));
        }
        changed |=
            store::save_tax(tx.conn(), tax.id.get_ref(), *tax.basis_points.get_ref(), tax.valid_from, &tax.source)
                .await?;
    }
    let named: Vec<&str> = section.tariffs.iter().map(|row| row.id.get_ref().as_str()).collect();
    changed |= store::end_tariffs(tx.conn(), &named).await?;
    for (place, row) in section.tariffs.iter().enumerate() {
        let tariff = Tariff {
            id: row.id.get_ref().clone(),
            category: row.category.clone(),
            class: row.class.get_ref().clone(),
            label: row.label.clone(),
            cents: i64::from(*row.cents.get_ref()),
            tax_id: row.tax.get_ref().clone(),
            tax_basis_points: 0,
            valid_from: *row.valid_from.get_ref(),
            only_with: OnlyWith {
                classes: row.only_with.iter().map(|class| class.get_ref().clone()).collect(),
                one_each: row.one_each,
            },
        };
        if store::is_charged_otherwise(tx.conn(), &tariff).await? {
            return Err(refused(wrong(text, &row.cents, &format!("tariffs[{place}]"), CHARGED)));
        }
        changed |=
            store::save_tariff(tx.conn(), &tariff, &row.source, i32::try_from(place).unwrap_or(i32::MAX)).await?;
    }
    changed |= plans::write(tx, text, section).await?;
    for title in &section.titles {
        let minutes = *title.minutes.get_ref();
        let (id, category) = (title.id.get_ref(), title.category.get_ref());
        changed |= store::save_title(tx.conn(), id, &title.name, &title.description, minutes, category).await?;
    }
    let holidays: Vec<_> =
        section.school_holidays.iter().map(|row| (*row.from.get_ref(), *row.until.get_ref())).collect();
    store::save_schedule(tx.conn(), &house.slots, &holidays, *section.days_ahead.get_ref()).await?;
    // Before the releases lock theirs: all showings are locked in one order.
    if changed {
        crate::store::new_offer(tx.conn()).await?;
    }
    let named: Vec<&str> = house.releases.iter().map(|release| release.id.as_str()).collect();
    withdraw_releases(tx.conn(), &named).await?;
    for release in &house.releases {
        if save_release(tx.conn(), release).await? {
            commands::set_sale_start(tx, &OnSale::Release(release.id.clone()), release.on_sale_at).await?;
        }
    }
    let now = tx.now();
    leave_releases(tx.conn(), now).await?;
    Ok(commands::schedule(tx).await?)
}
