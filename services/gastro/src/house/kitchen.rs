//! `[gastro.kitchen]` of the house file: the way to the counter, how long things wait, and what the kitchen calls
//! itself to other systems.

use kernel::Tx;
use serde::Deserialize;
use toml::Spanned;

use super::wrong;
use crate::{error::Error, store::house};

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
    Ok(())
}

pub(super) async fn write(tx: &mut Tx, kitchen: Option<&Kitchen>) -> Result<(), Error> {
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
    };
    house::save_kitchen(tx.conn(), &rule).await
}
