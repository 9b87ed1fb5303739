//! What the house file says beyond plain items: parts of the day, modifiers, combos with their tax split, rules of
//! ordering.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use kernel::{Failure, Tx, values::Text};
use serde::Deserialize;
use toml::Spanned;

use super::{
    Ids, Section, covers, fresh_slug,
    items::{self, Price},
    read_row, untranslated, wrong,
};
use crate::{
    domain::{
        menu::{self, ComboEntry, Component, ItemRef, ModifierEntry},
        rules,
    },
    error::Error,
    store::{
        house::{self, PriceOf},
        menu::GroupEntry,
    },
};

/// `[[gastro.day_parts]]`, of the house's local day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DayPart {
    id: Spanned<String>,
    name: Text,
    from: Spanned<String>,
    until: Spanned<String>,
}

/// `[[gastro.modifier_groups]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    id: Spanned<String>,
    name: Text,
    /// How many of them one piece must and may have.
    #[serde(default)]
    least: u32,
    most: Spanned<u32>,
    modifiers: Vec<Modifier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Modifier {
    id: Spanned<String>,
    name: Text,
    #[serde(default = "super::nothing")]
    adds: Spanned<Vec<u32>>,
    #[serde(default = "super::nothing")]
    adds_traces: Spanned<Vec<u32>>,
    #[serde(default = "super::nothing")]
    removes: Spanned<Vec<u32>>,
    #[serde(default)]
    work_seconds: u32,
    /// None: free.
    #[serde(default)]
    prices: Vec<Price>,
}

/// `[[gastro.combo_splits]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    id: Spanned<String>,
    /// None: in proportion to the single prices.
    drinks_basis_points: Option<Spanned<u32>>,
    valid_from: NaiveDate,
    valid_until: Option<NaiveDate>,
    source: String,
}

/// `[[gastro.combos]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Combo {
    id: Spanned<String>,
    name: Text,
    #[serde(default)]
    description: Text,
    components: Spanned<Vec<Choice>>,
    #[serde(default = "super::nothing")]
    day_parts: Spanned<Vec<String>>,
    prices: Vec<Flat>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    id: Spanned<String>,
    name: Text,
    /// "item" or "item/variant"
    options: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    id: Spanned<String>,
    cents: Spanned<u32>,
    split: Spanned<String>,
    valid_from: Spanned<NaiveDate>,
    source: String,
}

/// `[gastro.rules]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    lead_minutes: Spanned<u32>,
    most_pieces: Spanned<u32>,
    group_most_pieces: Spanned<u32>,
    most_trays: Spanned<u32>,
    #[serde(default = "super::nothing")]
    tray_labels: Spanned<Vec<String>>,
    most_people_per_slot: Spanned<u32>,
    showing_share_percent: Spanned<u32>,
}

impl Group {
    pub(super) fn id(&self) -> &str {
        self.id.get_ref()
    }
}

impl Combo {
    pub(super) fn id(&self) -> &str {
        self.id.get_ref()
    }
}

pub(super) fn clock(text: &str, time: &Spanned<String>, key: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(time.get_ref(), "%H:%M").map_err(|_| wrong(text, time, key, "must be a time like 11:30"))
}

impl DayPart {
    fn times(&self, text: &str, key: impl Fn(&str) -> String) -> Result<(NaiveTime, NaiveTime), String> {
        let (from, until) = (clock(text, &self.from, &key("from"))?, clock(text, &self.until, &key("until"))?);
        if until <= from {
            return Err(wrong(text, &self.until, &key("until"), "must be later than `from`, on the same day"));
        }
        Ok((from, until))
    }
}

pub(super) fn read_day_parts(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, part) in section.day_parts.iter().enumerate() {
        let key = |name: &str| format!("day_parts[{place}].{name}");
        fresh_slug(text, &part.id, &key("id"), &mut ids)?;
        if let Some(problem) = untranslated(&part.name) {
            return Err(wrong(text, &part.id, &key("name"), problem));
        }
        part.times(text, key)?;
    }
    Ok(())
}

/// Whatever is served in a part of the day names one that there is.
pub(super) fn known_day_parts(
    text: &str,
    section: &Section,
    parts: &Spanned<Vec<String>>,
    key: &str,
) -> Result<(), String> {
    match parts.get_ref().iter().find(|id| !section.day_parts.iter().any(|part| part.id.get_ref() == *id)) {
        Some(id) => Err(wrong(text, parts, key, &format!("no part of the day named \"{id}\""))),
        None => Ok(()),
    }
}

pub(super) fn read_groups(text: &str, section: &Section, ids: &mut Ids) -> Result<(), String> {
    let mut groups = HashSet::new();
    for (place, group) in section.modifier_groups.iter().enumerate() {
        let key = |name: &str| format!("modifier_groups[{place}].{name}");
        fresh_slug(text, &group.id, &key("id"), &mut groups)?;
        if let Some(problem) = untranslated(&group.name) {
            return Err(wrong(text, &group.id, &key("name"), problem));
        }
        let most = usize::try_from(*group.most.get_ref()).unwrap_or(usize::MAX);
        if *group.most.get_ref() < group.least.max(1) || most > group.modifiers.len() {
            let problem = "must be at least 1 and `least`, and no more than there are modifiers";
            return Err(wrong(text, &group.most, &key("most"), problem));
        }
        for (nth, modifier) in group.modifiers.iter().enumerate() {
            let key = |name: &str| key(&format!("modifiers[{nth}].{name}"));
            fresh_slug(text, &modifier.id, &key("id"), &mut ids.modifiers)?;
            if let Some(problem) = untranslated(&modifier.name) {
                return Err(wrong(text, &modifier.id, &key("name"), problem));
            }
            if modifier.work_seconds > 900 {
                return Err(wrong(text, &modifier.id, &key("work_seconds"), "must be 0 to 900"));
            }
            items::numbers(text, &modifier.adds, &key("adds"))?;
            items::numbers(text, &modifier.adds_traces, &key("adds_traces"))?;
            items::numbers(text, &modifier.removes, &key("removes"))?;
            if !modifier.prices.is_empty() {
                items::read_prices(text, section, (&modifier.id, &modifier.prices), key, &mut ids.prices)?;
            }
        }
    }
    Ok(())
}

pub(super) fn read_combos(text: &str, section: &Section, ids: &mut Ids) -> Result<(), String> {
    let mut splits = HashSet::new();
    for (place, split) in section.combo_splits.iter().enumerate() {
        let key = |name: &str| format!("combo_splits[{place}].{name}");
        fresh_slug(text, &split.id, &key("id"), &mut splits)?;
        if let Some(share) = split.drinks_basis_points.as_ref().filter(|share| *share.get_ref() > 10_000) {
            return Err(wrong(text, share, &key("drinks_basis_points"), "is more than 10000 (100 %)"));
        }
        if split.source.trim().is_empty() {
            return Err(wrong(text, &split.id, &key("source"), "is empty; name the rule"));
        }
    }
    for (place, combo) in section.combos.iter().enumerate() {
        let key = |name: &str| format!("combos[{place}].{name}");
        fresh_slug(text, &combo.id, &key("id"), &mut ids.orderable)?;
        if let Some(problem) = untranslated(&combo.name) {
            return Err(wrong(text, &combo.id, &key("name"), problem));
        }
        known_day_parts(text, section, &combo.day_parts, &key("day_parts"))?;
        read_components(text, section, combo, key)?;
        read_flat_prices(text, section, combo, key, &mut ids.prices)?;
    }
    Ok(())
}

fn read_components(text: &str, section: &Section, combo: &Combo, key: impl Fn(&str) -> String) -> Result<(), String> {
    if combo.components.get_ref().len() < 2 {
        return Err(wrong(text, &combo.components, &key("components"), "needs at least two"));
    }
    let mut ids = HashSet::new();
    for (place, component) in combo.components.get_ref().iter().enumerate() {
        let key = |name: &str| key(&format!("components[{place}].{name}"));
        fresh_slug(text, &component.id, &key("id"), &mut ids)?;
        if let Some(problem) = untranslated(&component.name) {
            return Err(wrong(text, &component.id, &key("name"), problem));
        }
        let options = component.options.get_ref();
        if options.is_empty() {
            return Err(wrong(text, &component.options, &key("options"), "needs at least one item"));
        }
        for option in options {
            let option_ref = item_ref(option);
            let item = section.items.get_ref().iter().find(|item| item.id() == option_ref.item);
            if !item.is_some_and(|item| item.has_variant(&option_ref.variant)) {
                let problem = format!("\"{option}\" is no item, or no item/variant where there are variants");
                return Err(wrong(text, &component.options, &key("options"), &problem));
            }
        }
    }
    Ok(())
}

/// "cappuccino/large"
fn item_ref(option: &str) -> ItemRef {
    let (item, variant) = option.split_once('/').unwrap_or((option, ""));
    ItemRef { item: item.to_owned(), variant: variant.to_owned() }
}

fn read_flat_prices(
    text: &str,
    section: &Section,
    combo: &Combo,
    key: impl Fn(&str) -> String,
    ids: &mut HashSet<String>,
) -> Result<(), String> {
    if combo.prices.is_empty() {
        return Err(wrong(text, &combo.id, &key("prices"), "needs at least one price"));
    }
    let mut days = HashSet::new();
    for (place, price) in combo.prices.iter().enumerate() {
        let key = |name: &str| key(&format!("prices[{place}].{name}"));
        read_row(text, (&price.id, &price.cents, &price.valid_from), key, ids, &mut days)?;
        let Some(split) = section.combo_splits.iter().find(|row| row.id.get_ref() == price.split.get_ref()) else {
            let problem = format!("no split named \"{}\"", price.split.get_ref());
            return Err(wrong(text, &price.split, &key("split"), &problem));
        };
        let days = combo.prices.iter().map(|it| *it.valid_from.get_ref());
        covers((split.valid_from, split.valid_until), *price.valid_from.get_ref(), days)
            .map_err(|problem| wrong(text, &price.split, &key("split"), &problem))?;
    }
    Ok(())
}

pub(super) fn read_rules(text: &str, section: &Section) -> Result<(), String> {
    let Some(rules) = &section.rules else { return Ok(()) };
    let spans = [
        ("lead_minutes", &rules.lead_minutes, 0, 240),
        ("most_pieces", &rules.most_pieces, 1, 500),
        ("group_most_pieces", &rules.group_most_pieces, 1, 500),
        ("most_trays", &rules.most_trays, 0, 200),
        ("most_people_per_slot", &rules.most_people_per_slot, 1, 1_000),
        ("showing_share_percent", &rules.showing_share_percent, 1, 100),
    ];
    for (name, value, least, most) in spans {
        if !(least..=most).contains(value.get_ref()) {
            return Err(wrong(text, value, &format!("rules.{name}"), &format!("must be {least} to {most}")));
        }
    }
    let labels = rules.tray_labels.get_ref();
    let ok = |label: &String| (1..=20).contains(&label.trim().chars().count()) && label.parse::<u32>().is_err();
    if labels.iter().all(ok) && labels.iter().collect::<HashSet<_>>().len() == labels.len() {
        return Ok(());
    }
    let problem = "must be different words of 1 to 20 letters, no numbers and no people's names";
    Err(wrong(text, &rules.tray_labels, "rules.tray_labels", problem))
}

/// Writes all of it; what the file no longer has is gone already.
pub(super) async fn write(tx: &mut Tx, text: &str, section: &Section) -> Result<(), Failure> {
    for (place, part) in section.day_parts.iter().enumerate() {
        let (from, until) = part.times("", str::to_owned).map_err(Error::Stored)?;
        let part = menu::DayPart { id: part.id.get_ref().clone(), name: part.name.clone(), from, until };
        house::save_day_part(tx.conn(), place, &part).await?;
    }
    for (place, group) in section.modifier_groups.iter().enumerate() {
        write_group(tx, text, place, group).await?;
    }
    for split in &section.combo_splits {
        let share = split.drinks_basis_points.as_ref().map(|share| *share.get_ref());
        house::save_split(tx.conn(), split.id.get_ref(), share, split.valid_from, &split.source).await?;
    }
    for (place, combo) in section.combos.iter().enumerate() {
        write_combo(tx, text, place, combo).await?;
    }
    if let Some(rules) = &section.rules {
        let rules = rules::Rules {
            lead: TimeDelta::minutes((*rules.lead_minutes.get_ref()).into()),
            most_pieces: *rules.most_pieces.get_ref(),
            group_most_pieces: *rules.group_most_pieces.get_ref(),
            most_trays: *rules.most_trays.get_ref(),
            tray_labels: rules.tray_labels.get_ref().clone(),
            most_people_per_slot: *rules.most_people_per_slot.get_ref(),
            showing_share_percent: *rules.showing_share_percent.get_ref(),
        };
        house::save_rules(tx.conn(), &rules).await?;
    }
    Ok(())
}

async fn write_group(tx: &mut Tx, text: &str, place: usize, group: &Group) -> Result<(), Failure> {
    let modifiers = group.modifiers.iter().map(|it| ModifierEntry {
        id: it.id.get_ref().clone(),
        name: it.name.clone(),
        adds: it.adds.get_ref().clone(),
        adds_traces: it.adds_traces.get_ref().clone(),
        removes: it.removes.get_ref().clone(),
        work_seconds: it.work_seconds,
    });
    let entry = GroupEntry {
        name: group.name.clone(),
        least: group.least,
        most: *group.most.get_ref(),
        modifiers: modifiers.collect(),
    };
    house::save_group(tx.conn(), group.id(), place, &entry).await?;
    for (nth, it) in group.modifiers.iter().enumerate() {
        let (key, modifier) = (format!("modifier_groups[{place}].modifiers[{nth}]"), it.id.get_ref());
        items::write_prices(tx, (text, &key), &it.prices, |tax| PriceOf::Modifier { modifier, tax }).await?;
    }
    Ok(())
}

async fn write_combo(tx: &mut Tx, text: &str, place: usize, combo: &Combo) -> Result<(), Failure> {
    let components = combo.components.get_ref().iter().map(|it| Component {
        id: it.id.get_ref().clone(),
        name: it.name.clone(),
        options: it.options.get_ref().iter().map(|option| item_ref(option)).collect(),
    });
    let entry = ComboEntry {
        name: combo.name.clone(),
        description: combo.description.clone(),
        components: components.collect(),
        day_parts: combo.day_parts.get_ref().clone(),
    };
    house::save_combo(tx.conn(), combo.id(), place, &entry).await?;
    for (nth, price) in combo.prices.iter().enumerate() {
        let row = house::PriceEntry {
            id: price.id.get_ref(),
            of: PriceOf::Combo { combo: combo.id(), split: price.split.get_ref() },
            cents: *price.cents.get_ref(),
            valid_from: *price.valid_from.get_ref(),
            source: &price.source,
        };
        let key = format!("combos[{place}].prices[{nth}]");
        items::write_price(tx, &row, |problem| wrong(text, &price.cents, &key, problem)).await?;
    }
    Ok(())
}
