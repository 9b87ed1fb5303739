//! The `[[flow.weather]]` parts of the house file: zones under the open sky, and from which warnings on it is proposed to
//! close them.

use kernel::Tx;
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::{Section, Source, record};
use crate::{
    domain::weather::{Kind, Rule, Severity},
    error::Error,
    store,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeatherRow {
    zone: Spanned<String>,
    /// "thunderstorm", "storm"
    warning: Spanned<String>,
    /// "minor", "moderate", "severe", "extreme"
    from: Spanned<String>,
}

pub(super) fn check(source: &Source<'_>, section: &Section) -> Result<(), String> {
    let zones = section.zones.get_ref();
    for (place, row) in section.weather.iter().enumerate() {
        let key = |name: &str| format!("weather[{place}].{name}");
        if !zones.iter().any(|zone| zone.id.get_ref() == row.zone.get_ref()) {
            return Err(source.wrong(&row.zone, &key("zone"), "is no zone of this file"));
        }
        if Kind::named(row.warning.get_ref()).is_none() {
            return Err(source.wrong(&row.warning, &key("warning"), "must be \"thunderstorm\" or \"storm\""));
        }
        if Severity::named(row.from.get_ref()).is_none() {
            let problem = "must be \"minor\", \"moderate\", \"severe\" or \"extreme\"";
            return Err(source.wrong(&row.from, &key("from"), problem));
        }
    }
    Ok(())
}

impl Section {
    pub(super) fn weather_rules(&self) -> Vec<Rule> {
        let rule = |row: &WeatherRow| {
            Some(Rule {
                zone: row.zone.get_ref().clone(),
                kind: Kind::named(row.warning.get_ref())?,
                from: Severity::named(row.from.get_ref())?,
            })
        };
        self.weather.iter().filter_map(rule).collect()
    }
}

/// For the audit log.
fn told(rules: &[Rule]) -> Value {
    rules.iter().map(|it| json!({"zone": it.zone, "warning": it.kind.name(), "from": it.from.name()})).collect()
}

/// Writes what passed the check.
pub(super) async fn write(tx: &mut Tx, rules: &[Rule]) -> Result<(), Error> {
    let before = store::weather::rules(tx.conn()).await?;
    store::weather::save_rules(tx.conn(), rules).await?;
    record(tx, "set_weather_rules", "weather", told(&before), told(rules)).await
}
