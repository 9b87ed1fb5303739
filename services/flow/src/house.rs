//! The `[flow]` part of the house file: zones and how many people each may hold, by which document; escape groups,
//! lifts, people counters, and what the policy proposes, also when a storm is coming.
//! Checks everything before anything is written; applying the same file again changes nothing.

mod clock;
mod equipment;
mod headcount;
mod weather;
mod zones;

use kernel::{BoxFuture, Code, Failure, Tx};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::{
    commands::{self, FLOW_TOPIC, HOUSE_FILE},
    domain::{clock::Policy, headcount::Policy as HeadcountPolicy, zones::Thresholds},
    error::Error,
    store,
};

#[derive(Deserialize)]
struct File {
    flow: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    zones: Spanned<Vec<zones::ZoneRow>>,
    /// For all zones that have none of their own.
    thresholds: Option<Spanned<Thresholds>>,
    #[serde(default)]
    escape_groups: Vec<zones::GroupRow>,
    #[serde(default)]
    lifts: Vec<equipment::LiftRow>,
    #[serde(default)]
    sensors: Vec<equipment::SensorRow>,
    #[serde(default)]
    policy: Vec<equipment::RuleRow>,
    #[serde(default)]
    weather: Vec<weather::WeatherRow>,
    clock: Option<Spanned<Policy>>,
    headcount: Option<Spanned<HeadcountPolicy>>,
}

/// The text, for saying where something is wrong in it.
struct Source<'t>(&'t str);

impl Source<'_> {
    /// "line 12, flow.zones[2].capacity: …"
    fn wrong<T>(&self, at: &Spanned<T>, key: &str, problem: &str) -> String {
        let line = self.0.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line}, flow.{key}: {problem}")
    }
}

fn read(text: &str) -> Result<Section, String> {
    let section = toml::from_str::<File>(text).map_err(|error| error.to_string())?.flow;
    let source = Source(text);
    zones::check(&source, &section)?;
    equipment::check(&source, &section)?;
    clock::check(&source, section.clock.as_ref())?;
    headcount::check(&source, &section)?;
    weather::check(&source, &section)?;
    Ok(section)
}

/// Reads and checks the whole part.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let section = read(text)?;
    Ok(format!("{} zones, {} people counters", section.zones.get_ref().len(), section.sensors.len()))
}

/// Applies a part that passed the check.
pub(crate) fn apply<'t>(tx: &'t mut Tx, text: &'t str) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let section = read(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?;
        Ok(write(tx, &section).await?)
    })
}

/// Writes down that the file has changed something. Who reads the audit log sees by the name that nobody of the staff did.
async fn record(tx: &mut Tx, act: &str, about: &str, before: Value, after: Value) -> Result<(), Error> {
    if before == after { Ok(()) } else { commands::record(tx, HOUSE_FILE, act, about, before, after).await }
}

async fn write(tx: &mut Tx, section: &Section) -> Result<(), Error> {
    // Counters push while it is written: their rows and the zones first, in the order that everybody keeps.
    store::sensors::lock_all(tx.conn()).await?;
    let before = store::lock_zones(tx.conn()).await?;
    let groups_before = store::escape_groups(tx.conn(), &before).await?;
    clock::write(tx, section.clock.as_ref()).await?;
    let now = tx.now();
    let mut changed = false;
    for plan in section.plans() {
        changed |= store::save_zone_plan(tx.conn(), &plan, now).await?;
        let was = before.iter().find(|zone| zone.id == plan.id);
        let was = was.map(|zone| zones::limit(zone.capacity, &zone.capacity_source, zone.thresholds));
        zones::record(tx, "set_zone_limit", plan.id, was, zones::limit(plan.capacity, plan.source, plan.thresholds))
            .await?;
    }
    let groups = section.groups(now);
    for group in &groups {
        let was = groups_before.iter().find(|it| it.id == group.id).map(zones::group_limit);
        zones::record(tx, "set_group_limit", &group.id, was, zones::group_limit(group)).await?;
    }
    for gone in groups_before.iter().filter(|it| !groups.iter().any(|group| group.id == it.id)) {
        record(tx, "set_group_limit", &gone.id, zones::group_limit(gone), Value::Null).await?;
    }
    store::save_groups(tx.conn(), &groups, now).await?;
    let (lifts, sensors) = (section.lifts(now), section.sensors(now));
    equipment::record(tx, &lifts, &sensors).await?;
    store::measures::save_lift_plans(tx.conn(), &lifts).await?;
    store::sensors::save_plans(tx.conn(), &sensors, now).await?;
    equipment::write_rules(tx, &section.rules()).await?;
    weather::write(tx, &section.weather_rules()).await?;
    headcount::write(tx, section).await?;
    if changed {
        tx.touch(FLOW_TOPIC, FLOW_TOPIC);
    }
    Ok(())
}
