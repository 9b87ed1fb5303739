//! The `[flow]` part of the house file: the zones and how many people each may hold, by which document.
//! Checks everything before anything is written; applying the same file again changes nothing.

use std::collections::HashSet;

use kernel::{BoxFuture, Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    commands::FLOW_TOPIC,
    error::Error,
    store::{self, ZonePlan},
};

#[derive(Deserialize)]
struct File {
    flow: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    zones: Spanned<Vec<ZoneRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneRow {
    id: Spanned<String>,
    name: Text,
    capacity: Spanned<u32>,
    /// The document that sets the capacity.
    source: Spanned<String>,
    /// "hall:<hall>", "foyer" or "hand".
    filled_by: Spanned<String>,
}

/// "line 12, flow.zones[2].capacity: …"
fn wrong<T>(text: &str, at: &Spanned<T>, key: &str, problem: &str) -> String {
    let line = text.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}, flow.{key}: {problem}")
}

fn read(text: &str) -> Result<Section, String> {
    let section = toml::from_str::<File>(text).map_err(|error| error.to_string())?.flow;
    if section.zones.get_ref().is_empty() {
        return Err(wrong(text, &section.zones, "zones", "needs at least one zone"));
    }
    let (mut ids, mut filled) = (HashSet::new(), HashSet::new());
    for (place, zone) in section.zones.get_ref().iter().enumerate() {
        let key = |name: &str| format!("zones[{place}].{name}");
        values::slug("id", zone.id.get_ref()).map_err(|error| wrong(text, &zone.id, &key("id"), &error.problem))?;
        if !ids.insert(zone.id.get_ref()) {
            return Err(wrong(text, &zone.id, &key("id"), "stands here twice"));
        }
        if !(1..=100_000).contains(zone.capacity.get_ref()) {
            return Err(wrong(text, &zone.capacity, &key("capacity"), "must be 1 to 100000"));
        }
        if zone.source.get_ref().trim().is_empty() {
            return Err(wrong(text, &zone.source, &key("source"), "must name the document that sets the capacity"));
        }
        let by = zone.filled_by.get_ref();
        let hall = by.strip_prefix("hall:").is_some_and(|hall| values::slug("hall", hall).is_ok());
        if !hall && by != "foyer" && by != "hand" {
            let problem = "must be \"hall:<hall>\", \"foyer\" or \"hand\"";
            return Err(wrong(text, &zone.filled_by, &key("filled_by"), problem));
        }
        if by != "hand" && !filled.insert(by) {
            return Err(wrong(text, &zone.filled_by, &key("filled_by"), "another zone is filled by this already"));
        }
    }
    Ok(section)
}

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    Ok(format!("{} zones", read(text)?.zones.get_ref().len()))
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
    for (place, zone) in section.zones.get_ref().iter().enumerate() {
        let plan = ZonePlan {
            id: zone.id.get_ref(),
            name: &zone.name,
            place: i32::try_from(place).unwrap_or(i32::MAX),
            capacity: *zone.capacity.get_ref(),
            source: zone.source.get_ref(),
            filled_by: zone.filled_by.get_ref(),
        };
        if store::save_zone_plan(tx.conn(), &plan, now).await? {
            tx.touch(FLOW_TOPIC, FLOW_TOPIC);
        }
    }
    Ok(())
}
