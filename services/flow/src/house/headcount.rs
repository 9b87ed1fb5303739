//! The `[flow.headcount]` part of the house file: what the house assumes of people whom nobody counts.

use kernel::Tx;
use serde_json::json;

use super::{Section, Source, record};
use crate::{error::Error, store};

/// Checks what is there; a house that says nothing assumes what most do.
pub(super) fn check(source: &Source<'_>, section: &Section) -> Result<(), String> {
    let Some(headcount) = &section.headcount else { return Ok(()) };
    let policy = headcount.get_ref();
    let numbers = [
        ("early_minutes", policy.early_minutes, 0, 480),
        ("stay_minutes", policy.stay_minutes, 0, 480),
        ("guests", policy.guests, 0, 10_000),
        ("staff", policy.staff, 0, 1_000),
        ("unseen_percent", policy.unseen_percent, 0, 100),
        ("per_minute", policy.per_minute, 1, 600),
        ("wrong_percent", policy.wrong_percent, 0, 50),
    ];
    for (key, value, least, most) in numbers {
        if !(least..=most).contains(&value) {
            return Err(source.wrong(headcount, &format!("headcount.{key}"), &format!("must be {least} to {most}")));
        }
    }
    match policy.doors.iter().find(|id| !section.sensors.iter().any(|sensor| sensor.id() == **id)) {
        Some(id) => Err(source.wrong(headcount, "headcount.doors", &format!("\"{id}\" is no sensor of this file"))),
        None => Ok(()),
    }
}

/// Writes what passed the check.
pub(super) async fn write(tx: &mut Tx, section: &Section) -> Result<(), Error> {
    let policy = section.headcount.as_ref().map(|headcount| headcount.get_ref().clone()).unwrap_or_default();
    let before = store::headcount::policy(tx.conn()).await?;
    store::headcount::save_policy(tx.conn(), &policy).await?;
    record(tx, "set_headcount_rules", "headcount", json!(before), json!(policy)).await
}
