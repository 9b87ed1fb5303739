//! The `[flow.clock]` part of the house file: how the house wants its doors run.

use kernel::Tx;
use serde_json::json;
use toml::Spanned;

use super::Source;
use crate::{
    commands::{FLOW_TOPIC, HOUSE_FILE, record},
    domain::clock::Policy,
    error::Error,
    events, store,
};

/// Checks what is there; a house that says nothing runs as most do.
pub(super) fn check(source: &Source<'_>, clock: Option<&Spanned<Policy>>) -> Result<(), String> {
    let Some(clock) = clock else { return Ok(()) };
    let policy = clock.get_ref();
    let minutes = [
        ("assistance_minutes", policy.assistance_minutes),
        ("last_call_minutes", policy.last_call_minutes),
        ("egress_minutes", policy.egress_minutes),
        ("turnover_minutes", policy.turnover_minutes),
        ("reopen_minutes", policy.reopen_minutes),
        ("late_minutes", policy.late_minutes),
    ];
    for (key, value) in minutes {
        if value > 240 {
            return Err(source.wrong(clock, &format!("clock.{key}"), "must be 0 to 240 minutes"));
        }
    }
    let counts = [
        ("people_per_minute", policy.people_per_minute, 600),
        ("group_least", policy.group_least, 1000),
        ("group_most", policy.group_most, 1000),
        ("foyer_percent", policy.foyer_percent, 100),
    ];
    for (key, value, most) in counts {
        if !(1..=most).contains(&value) {
            return Err(source.wrong(clock, &format!("clock.{key}"), &format!("must be 1 to {most}")));
        }
    }
    if policy.no_shows_percent > 100 {
        return Err(source.wrong(clock, "clock.no_shows_percent", "must be 0 to 100"));
    }
    if policy.group_least > policy.group_most {
        return Err(source.wrong(clock, "clock.group_least", "must not be more than group_most"));
    }
    Ok(())
}

/// Writes what passed the check.
pub(super) async fn write(tx: &mut Tx, clock: Option<&Spanned<Policy>>) -> Result<(), Error> {
    let policy = clock.map(|clock| *clock.get_ref()).unwrap_or_default();
    let before = store::policy(tx.conn()).await?;
    if store::save_policy(tx.conn(), policy).await? {
        tx.touch(FLOW_TOPIC, FLOW_TOPIC);
    }
    if policy != before {
        record(tx, HOUSE_FILE, "set_clock_policy", "clock", json!(before), json!(policy)).await?;
    }
    // Told with every loading: it is complete, and whoever has heard it loses nothing.
    tx.append("clock", &events::clock_policy_changed(policy)).await?;
    Ok(())
}
