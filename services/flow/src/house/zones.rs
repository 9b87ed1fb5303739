//! Zones, their thresholds and escape groups in the house file.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kernel::{
    Tx,
    values::{self, Text},
};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::{Section, Source};
use crate::{
    commands::{self, HOUSE_FILE},
    domain::{
        Level, Quality,
        zones::{EscapeGroup, HAND_MINUTES, Kind, Thresholds},
    },
    error::Error,
    store::ZonePlan,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneRow {
    pub(super) id: Spanned<String>,
    name: Text,
    capacity: Spanned<u32>,
    /// The document that sets the capacity.
    source: Spanned<String>,
    /// "hall:<hall>", "foyer", "hand", or "sum" for what has other zones in it.
    filled_by: Spanned<String>,
    /// "room" (if nothing is said), "level", "house"
    kind: Option<Spanned<String>>,
    /// The zone it lies in.
    #[serde(rename = "in")]
    within: Option<Spanned<String>>,
    thresholds: Option<Spanned<Thresholds>>,
    /// False: there are steps on the way, whatever the lifts do.
    step_free: Option<bool>,
    /// "desk" or "cafe": people queue here, and how long is estimated.
    queue: Option<Spanned<String>>,
    /// A count by hand is as good as new for so long; nothing is said: an hour.
    hand_minutes: Option<Spanned<u32>>,
}

impl ZoneRow {
    pub(super) fn kind(&self) -> Option<Kind> {
        self.kind.as_ref().map_or(Some(Kind::Room), |kind| Kind::named(kind.get_ref()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRow {
    id: Spanned<String>,
    name: Text,
    zones: Spanned<Vec<String>>,
    limit: Spanned<u32>,
    /// The document that sets the limit.
    source: Spanned<String>,
    thresholds: Option<Spanned<Thresholds>>,
}

pub(super) fn check(source: &Source<'_>, section: &Section) -> Result<(), String> {
    let rows = section.zones.get_ref();
    if rows.is_empty() {
        return Err(source.wrong(&section.zones, "zones", "needs at least one zone"));
    }
    thresholds(source, "thresholds", section.thresholds.as_ref())?;
    let (mut ids, mut filled) = (HashSet::new(), HashSet::new());
    for (place, zone) in rows.iter().enumerate() {
        let key = |name: &str| format!("zones[{place}].{name}");
        values::slug("id", zone.id.get_ref()).map_err(|error| source.wrong(&zone.id, &key("id"), &error.problem))?;
        if !ids.insert(zone.id.get_ref()) {
            return Err(source.wrong(&zone.id, &key("id"), "stands here twice"));
        }
        if !(1..=100_000).contains(zone.capacity.get_ref()) {
            return Err(source.wrong(&zone.capacity, &key("capacity"), "must be 1 to 100000"));
        }
        if zone.source.get_ref().trim().is_empty() {
            return Err(source.wrong(&zone.source, &key("source"), "must name the document that sets the capacity"));
        }
        thresholds(source, &key("thresholds"), zone.thresholds.as_ref())?;
        filled_by(source, zone, &key("filled_by"), &mut filled)?;
        if let Some(queue) = &zone.queue
            && !["desk", "cafe"].contains(&queue.get_ref().as_str())
        {
            return Err(source.wrong(queue, &key("queue"), "must be \"desk\" or \"cafe\""));
        }
        if let Some(minutes) = zone.hand_minutes.as_ref().filter(|given| !(1..=1440).contains(given.get_ref())) {
            return Err(source.wrong(minutes, &key("hand_minutes"), "must be 1 to 1440"));
        }
        parent(source, rows, zone, &key("in"))?;
    }
    for (place, group) in section.escape_groups.iter().enumerate() {
        let key = |name: &str| format!("escape_groups[{place}].{name}");
        values::slug("id", group.id.get_ref()).map_err(|error| source.wrong(&group.id, &key("id"), &error.problem))?;
        if !(1..=100_000).contains(group.limit.get_ref()) {
            return Err(source.wrong(&group.limit, &key("limit"), "must be 1 to 100000"));
        }
        if group.source.get_ref().trim().is_empty() {
            return Err(source.wrong(&group.source, &key("source"), "must name the document that sets the limit"));
        }
        if let Some(unknown) = group.zones.get_ref().iter().find(|id| !ids.contains(id)) {
            return Err(source.wrong(&group.zones, &key("zones"), &format!("\"{unknown}\" is no zone of this file")));
        }
        thresholds(source, &key("thresholds"), group.thresholds.as_ref())?;
    }
    Ok(())
}

fn thresholds(source: &Source<'_>, key: &str, given: Option<&Spanned<Thresholds>>) -> Result<(), String> {
    match given.and_then(|given| given.get_ref().problem().map(|problem| (given, problem))) {
        Some((given, problem)) => Err(source.wrong(given, key, problem)),
        None => Ok(()),
    }
}

fn filled_by<'f>(
    source: &Source<'_>,
    zone: &'f ZoneRow,
    key: &str,
    filled: &mut HashSet<&'f String>,
) -> Result<(), String> {
    let by = zone.filled_by.get_ref();
    let Some(kind) = zone.kind() else {
        let at = zone.kind.as_ref().unwrap_or(&zone.filled_by);
        return Err(source.wrong(at, &key.replace("filled_by", "kind"), "must be \"room\", \"level\" or \"house\""));
    };
    if (by == "sum") != (kind != Kind::Room) {
        return Err(source.wrong(&zone.filled_by, key, "\"sum\" is for levels and the house, and for nothing else"));
    }
    let hall = by.strip_prefix("hall:").is_some_and(|hall| values::slug("hall", hall).is_ok());
    if !hall && !["foyer", "hand", "sum"].contains(&by.as_str()) {
        return Err(source.wrong(&zone.filled_by, key, "must be \"hall:<hall>\", \"foyer\", \"hand\" or \"sum\""));
    }
    if !["hand", "sum"].contains(&by.as_str()) && !filled.insert(by) {
        return Err(source.wrong(&zone.filled_by, key, "another zone is filled by this already"));
    }
    Ok(())
}

/// A room lies in a level or the house, a level in the house; so there are no circles.
fn parent(source: &Source<'_>, rows: &[ZoneRow], zone: &ZoneRow, key: &str) -> Result<(), String> {
    let Some(within) = &zone.within else {
        return Ok(());
    };
    let found = rows.iter().find(|row| row.id.get_ref() == within.get_ref()).and_then(ZoneRow::kind);
    match (zone.kind(), found) {
        (Some(Kind::Room), Some(Kind::Level | Kind::House)) | (Some(Kind::Level), Some(Kind::House)) => Ok(()),
        (_, None) => Err(source.wrong(within, key, "is no zone of this file")),
        _ => Err(source.wrong(within, key, "a room lies in a level or the house, a level in the house")),
    }
}

/// How many people, by which document, and from how many on a level begins and ends, for the audit log.
pub(super) fn limit(most: u32, source: &str, thresholds: Thresholds) -> Value {
    json!({"most": most, "source": source, "thresholds": thresholds})
}

/// The same of an escape group.
pub(super) fn group_limit(group: &EscapeGroup) -> Value {
    limit(group.limit, &group.limit_source, group.thresholds)
}

/// Writes down that the file has changed a limit. What is new in the house has none that was changed.
pub(super) async fn record(
    tx: &mut Tx,
    act: &str,
    about: &str,
    before: Option<Value>,
    after: Value,
) -> Result<(), Error> {
    match before {
        Some(before) if before != after => commands::record(tx, HOUSE_FILE, act, about, before, after).await,
        _ => Ok(()),
    }
}

impl Section {
    fn thresholds_or(&self, own: Option<&Spanned<Thresholds>>) -> Thresholds {
        own.or(self.thresholds.as_ref()).map_or_else(Thresholds::default, |given| *given.get_ref())
    }

    pub(super) fn plans(&self) -> impl Iterator<Item = ZonePlan<'_>> {
        self.zones.get_ref().iter().enumerate().map(|(place, zone)| ZonePlan {
            id: zone.id.get_ref(),
            name: &zone.name,
            place: i32::try_from(place).unwrap_or(i32::MAX),
            capacity: *zone.capacity.get_ref(),
            source: zone.source.get_ref(),
            filled_by: zone.filled_by.get_ref(),
            kind: zone.kind().unwrap_or(Kind::Room),
            parent: zone.within.as_ref().map_or("", |within| within.get_ref()),
            thresholds: self.thresholds_or(zone.thresholds.as_ref()),
            step_free: zone.step_free.unwrap_or(true),
            queue: zone.queue.as_ref().map_or("", |queue| queue.get_ref()),
            hand_minutes: zone.hand_minutes.as_ref().map_or(HAND_MINUTES, |minutes| *minutes.get_ref()),
        })
    }

    /// Whether an escape group of this file names a zone.
    pub(super) fn has_in_group(&self, group: &str, zone: &str) -> bool {
        let named = |row: &GroupRow| row.id.get_ref() == group && row.zones.get_ref().iter().any(|id| id == zone);
        self.escape_groups.iter().any(named)
    }

    pub(super) fn groups(&self, now: DateTime<Utc>) -> Vec<EscapeGroup> {
        let group = |row: &GroupRow| EscapeGroup {
            id: row.id.get_ref().clone(),
            name: row.name.clone(),
            zones: row.zones.get_ref().clone(),
            limit: *row.limit.get_ref(),
            limit_source: row.source.get_ref().clone(),
            thresholds: self.thresholds_or(row.thresholds.as_ref()),
            level: Level::Green,
            count: 0,
            quality: Quality::Estimated,
            observed_at: now,
            valid_until: None,
        };
        self.escape_groups.iter().map(group).collect()
    }
}
