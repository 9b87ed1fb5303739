//! Lifts, people counters and the policy in the house file.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Tx,
    values::{self, Text},
};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::{Section, Source};
use crate::{
    domain::{
        Level,
        counters::{Logic, MISSED_INTERVALS, Sensor, State},
        directives::{Kind, Rule},
        ways::Lift,
    },
    error::Error,
    store,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LiftRow {
    id: Spanned<String>,
    name: Text,
    /// The zones of kind "level" that it connects.
    levels: Spanned<Vec<String>>,
    /// What to do without it.
    without: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SensorRow {
    id: Spanned<String>,
    name: Text,
    /// As the device names itself, e.g. "00:6E:02:AA:BB:CC"; nothing: whatever it says.
    #[serde(default)]
    serial: String,
    interval_seconds: Spanned<u32>,
    /// After so many intervals without a word it counts as silent; nothing is said: three.
    missed_intervals: Option<Spanned<u32>>,
    /// Lines are counted from its live data, not from its intervals.
    #[serde(default)]
    live: bool,
    #[serde(default)]
    lines: Vec<LineRow>,
    #[serde(default)]
    balances: Vec<BalanceRow>,
}

/// A line: forward (fw) goes into a zone, and out of another one; backward (bw) the other way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineRow {
    logic: Spanned<i64>,
    #[serde(default)]
    into: String,
    #[serde(default)]
    out_of: String,
}

/// A balance: the people in a zone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BalanceRow {
    logic: Spanned<i64>,
    zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleRow {
    zone: Spanned<String>,
    /// The escape group whose level calls for it, which has the zone in it; nothing: the zone's own level does.
    group: Option<Spanned<String>>,
    /// The level from which on it is proposed.
    when: Spanned<String>,
    /// "redirect", "stop_admission", "open_overflow"
    #[serde(rename = "do")]
    what: Spanned<String>,
    #[serde(default)]
    to: String,
    minutes: Spanned<u32>,
    /// True: without asking anybody, as long as the zone (the group) is below red.
    #[serde(default)]
    auto: bool,
}

pub(super) fn check(source: &Source<'_>, section: &Section) -> Result<(), String> {
    let zones = section.zones.get_ref();
    let is_zone = |id: &str| zones.iter().any(|zone| zone.id.get_ref() == id);
    let is_room = |id: &str| {
        let room = crate::domain::zones::Kind::Room;
        zones.iter().any(|zone| zone.id.get_ref() == id && zone.kind() == Some(room))
    };
    let mut ids = HashSet::new();
    for (place, lift) in section.lifts.iter().enumerate() {
        let key = |name: &str| format!("lifts[{place}].{name}");
        values::slug("id", lift.id.get_ref()).map_err(|error| source.wrong(&lift.id, &key("id"), &error.problem))?;
        if !ids.insert(lift.id.get_ref()) {
            return Err(source.wrong(&lift.id, &key("id"), "stands here twice"));
        }
        if lift.levels.get_ref().len() < 2 || !lift.levels.get_ref().iter().all(|level| is_zone(level)) {
            return Err(source.wrong(&lift.levels, &key("levels"), "must name two or more levels of this file"));
        }
    }
    ids.clear();
    for (place, sensor) in section.sensors.iter().enumerate() {
        let key = |name: &str| format!("sensors[{place}].{name}");
        values::slug("id", sensor.id.get_ref())
            .map_err(|error| source.wrong(&sensor.id, &key("id"), &error.problem))?;
        if !ids.insert(sensor.id.get_ref()) {
            return Err(source.wrong(&sensor.id, &key("id"), "stands here twice"));
        }
        if !(1..=3600).contains(sensor.interval_seconds.get_ref()) {
            return Err(source.wrong(&sensor.interval_seconds, &key("interval_seconds"), "must be 1 to 3600"));
        }
        if let Some(missed) = sensor.missed_intervals.as_ref().filter(|given| !(1..=60).contains(given.get_ref())) {
            return Err(source.wrong(missed, &key("missed_intervals"), "must be 1 to 60"));
        }
        let mut logics = HashSet::new();
        for line in &sensor.lines {
            if !logics.insert(line.logic.get_ref()) {
                return Err(source.wrong(&line.logic, &key("lines.logic"), "stands here twice"));
            }
            let named = [&line.into, &line.out_of].into_iter().filter(|zone| !zone.is_empty());
            if line.into == line.out_of || !named.clone().all(|zone| is_room(zone)) {
                let problem = "must lead `into` or `out_of` one or two different rooms of this file";
                return Err(source.wrong(&line.logic, &key("lines"), problem));
            }
        }
        for balance in &sensor.balances {
            if !logics.insert(balance.logic.get_ref()) || !is_room(&balance.zone) {
                let problem = "must have a number of its own and a room of this file";
                return Err(source.wrong(&balance.logic, &key("balances"), problem));
            }
        }
    }
    for (place, rule) in section.policy.iter().enumerate() {
        let key = |name: &str| format!("policy[{place}].{name}");
        if !is_zone(rule.zone.get_ref()) {
            return Err(source.wrong(&rule.zone, &key("zone"), "is no zone of this file"));
        }
        if let Some(group) = &rule.group
            && !section.has_in_group(group.get_ref(), rule.zone.get_ref())
        {
            return Err(source.wrong(group, &key("group"), "is no escape group of this file that names the zone"));
        }
        if Level::named(rule.when.get_ref()).is_none_or(|level| level == Level::Green) {
            return Err(source.wrong(&rule.when, &key("when"), "must be \"amber\", \"red\" or \"stop\""));
        }
        let Some(kind) = Kind::named(rule.what.get_ref()) else {
            let problem = "must be \"redirect\", \"stop_admission\" or \"open_overflow\"";
            return Err(source.wrong(&rule.what, &key("do"), problem));
        };
        if kind.leads() != is_zone(&rule.to) || rule.to == *rule.zone.get_ref() {
            return Err(source.wrong(&rule.what, &key("to"), "must name another zone, and only where people are sent"));
        }
        if !(1..=480).contains(rule.minutes.get_ref()) {
            return Err(source.wrong(&rule.minutes, &key("minutes"), "must be 1 to 480"));
        }
    }
    Ok(())
}

impl SensorRow {
    pub(super) fn id(&self) -> &str {
        self.id.get_ref()
    }
}

impl Section {
    pub(super) fn lifts(&self, now: DateTime<Utc>) -> Vec<Lift> {
        let lift = |row: &LiftRow| Lift {
            id: row.id.get_ref().clone(),
            name: row.name.clone(),
            levels: row.levels.get_ref().clone(),
            without: row.without.clone(),
            working: true,
            since: now,
            revision: 1,
        };
        self.lifts.iter().map(lift).collect()
    }

    pub(super) fn sensors(&self, now: DateTime<Utc>) -> Vec<Sensor> {
        let sensor = |row: &SensorRow| {
            let lines = row.lines.iter().map(|line| {
                (*line.logic.get_ref(), Logic::Line { into: line.into.clone(), out_of: line.out_of.clone() })
            });
            let balances =
                row.balances.iter().map(|row| (*row.logic.get_ref(), Logic::Balance { zone: row.zone.clone() }));
            let interval = TimeDelta::seconds((*row.interval_seconds.get_ref()).into());
            let missed = row.missed_intervals.as_ref().map_or(MISSED_INTERVALS, |missed| *missed.get_ref());
            Sensor {
                id: row.id.get_ref().clone(),
                name: row.name.clone(),
                serial: row.serial.clone(),
                state: State::Commissioning,
                problem: None,
                since: now,
                last_seen: None,
                interval,
                silence: interval * missed.cast_signed(),
                logics: lines.chain(balances).collect(),
                live: row.live,
                packages: Vec::new(),
                lost: 0,
                skew_seconds: 0,
                told_skew: None,
                heard_again_at: None,
                blind_until: None,
            }
        };
        self.sensors.iter().map(sensor).collect()
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        let rule = |row: &RuleRow| {
            Some(Rule {
                zone: row.zone.get_ref().clone(),
                group: row.group.as_ref().map(|group| group.get_ref().clone()).unwrap_or_default(),
                when: Level::named(row.when.get_ref())?,
                kind: Kind::named(row.what.get_ref())?,
                to: row.to.clone(),
                valid_for: TimeDelta::minutes((*row.minutes.get_ref()).into()),
                auto: row.auto,
            })
        };
        self.policy.iter().filter_map(rule).collect()
    }
}

/// A counter for the audit log: what it counts, and when it counts as silent.
fn counter(sensor: &Sensor) -> Value {
    let logic = |(number, logic): &(i64, Logic)| match logic {
        Logic::Line { into, out_of } => json!({"logic": number, "into": into, "out_of": out_of}),
        Logic::Balance { zone } => json!({"logic": number, "people_in": zone}),
    };
    json!({
        "serial": sensor.serial,
        "interval_seconds": sensor.interval.num_seconds(),
        "silent_after_seconds": sensor.silence.num_seconds(),
        "live": sensor.live,
        "logics": sensor.logics.iter().map(logic).collect::<Vec<_>>(),
    })
}

/// Writes down what the file changes of lifts and counters, before it is written. Null: the file has it not.
pub(super) async fn record(tx: &mut Tx, lifts: &[Lift], sensors: &[Sensor]) -> Result<(), Error> {
    let lift = |lift: &Lift| json!({"levels": lift.levels, "without": lift.without});
    for it in store::measures::lifts(tx.conn()).await? {
        let after = lifts.iter().find(|other| other.id == it.id).map_or(Value::Null, lift);
        super::record(tx, "set_lift", &it.id, lift(&it), after).await?;
    }
    for it in &store::sensors::all(tx.conn()).await? {
        let after = sensors.iter().find(|other| other.id == it.id);
        // It left the file before.
        if after.is_none() && it.state == State::Retired {
            continue;
        }
        let after = after.map_or(Value::Null, counter);
        super::record(tx, "set_counter", &it.id, counter(it), after).await?;
    }
    Ok(())
}

/// The policy for the audit log.
fn told(rules: &[Rule]) -> Value {
    let rule = |it: &Rule| {
        json!({
            "zone": it.zone,
            "group": it.group,
            "when": it.when.name(),
            "do": it.kind.name(),
            "to": it.to,
            "minutes": it.valid_for.num_minutes(),
            "auto": it.auto,
        })
    };
    rules.iter().map(rule).collect()
}

/// Writes the policy as the file has it.
pub(super) async fn write_rules(tx: &mut Tx, rules: &[Rule]) -> Result<(), Error> {
    let before = store::measures::rules(tx.conn()).await?;
    store::measures::save_rules(tx.conn(), rules).await?;
    super::record(tx, "set_policy", "policy", told(&before), told(rules)).await
}
