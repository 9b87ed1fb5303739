//! `[gastro.kitchen]` of the house file: when it is open, the way to the counter, how long things wait, and what the
//! kitchen calls itself to other systems.

use chrono::{NaiveDate, Weekday};
use kernel::{Code, Failure, Tx};
use serde::Deserialize;
use toml::Spanned;

use super::{offers::clock, wrong};
use crate::{
    domain::hours::{Hours, Span},
    store::house,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kitchen {
    /// From the dome to the counter.
    walk_minutes: Spanned<u32>,
    /// What is ready for so long is called again, …
    recall_minutes: Spanned<u32>,
    /// … and given up so long after that.
    give_up_minutes: Spanned<u32>,
    undo_seconds: Spanned<u32>,
    /// How long a pause is taken to last when a later pickup is offered.
    pause_minutes: Spanned<u32>,
    #[serde(default)]
    account: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    channel: String,
    /// None: at all hours.
    #[serde(default)]
    open: Vec<Open>,
    #[serde(default)]
    closed_days: Vec<NaiveDate>,
}

/// `open` of it, of the house's local day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    weekdays: Spanned<Vec<Weekday>>,
    from: Spanned<String>,
    until: Spanned<String>,
}

impl Open {
    fn span(&self, text: &str, place: usize) -> Result<Span, String> {
        let key = |name: &str| format!("kitchen.open[{place}].{name}");
        let (from, until) = (clock(text, &self.from, &key("from"))?, clock(text, &self.until, &key("until"))?);
        if until <= from {
            return Err(wrong(text, &self.until, &key("until"), "must be later than `from`, on the same day"));
        }
        if self.weekdays.get_ref().is_empty() {
            return Err(wrong(text, &self.weekdays, &key("weekdays"), "names no day"));
        }
        Ok(Span { weekdays: self.weekdays.get_ref().clone(), from, until })
    }
}

impl Kitchen {
    fn hours(&self, text: &str) -> Result<Hours, String> {
        let open = self.open.iter().enumerate().map(|(place, open)| open.span(text, place));
        Ok(Hours { open: open.collect::<Result<_, _>>()?, closed_days: self.closed_days.clone() })
    }
}

pub(super) fn read(text: &str, kitchen: Option<&Kitchen>) -> Result<(), String> {
    let Some(kitchen) = kitchen else { return Ok(()) };
    for (name, value, least, most) in [
        ("walk_minutes", &kitchen.walk_minutes, 0, 60),
        ("recall_minutes", &kitchen.recall_minutes, 1, 120),
        ("give_up_minutes", &kitchen.give_up_minutes, 1, 120),
        ("undo_seconds", &kitchen.undo_seconds, 10, 600),
        ("pause_minutes", &kitchen.pause_minutes, 5, 240),
    ] {
        if !(least..=most).contains(value.get_ref()) {
            return Err(wrong(text, value, &format!("kitchen.{name}"), &format!("must be {least} to {most}")));
        }
    }
    kitchen.hours(text).map(drop)
}

pub(super) async fn write(tx: &mut Tx, text: &str, kitchen: Option<&Kitchen>) -> Result<(), Failure> {
    let Some(kitchen) = kitchen else { return Ok(()) };
    let rule = house::KitchenEntry {
        walk_seconds: *kitchen.walk_minutes.get_ref() * 60,
        recall_seconds: *kitchen.recall_minutes.get_ref() * 60,
        give_up_seconds: *kitchen.give_up_minutes.get_ref() * 60,
        undo_seconds: *kitchen.undo_seconds.get_ref(),
        pause_seconds: *kitchen.pause_minutes.get_ref() * 60,
        account: &kitchen.account,
        location: &kitchen.location,
        channel: &kitchen.channel,
        hours: kitchen.hours(text).map_err(|problem| Failure::new(Code::InvalidArgument, problem))?,
    };
    Ok(house::save_kitchen(tx.conn(), &rule).await?)
}
