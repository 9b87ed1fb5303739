//! The weather: what is warned of, and the zones under the open sky that it proposes to close. Staff confirm.

use chrono::TimeDelta;
use kernel::Tx;
use uuid::Uuid;

use super::directives::{self, RECENT};
use crate::{
    domain::{
        directives::{Kind, State, Wish},
        weather::{BY_WEATHER, Warning, warned_until},
    },
    error::Error,
    store,
};

/// A stop is looked at anew after so long, whatever the warning says.
const LONGEST: TimeDelta = TimeDelta::hours(8);

/// A warning, or what it says now.
pub(crate) async fn warned(tx: &mut Tx, warning: &Warning) -> Result<(), Error> {
    store::weather::keep(tx.conn(), warning).await
}

/// A warning was taken back.
pub(crate) async fn over(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    store::weather::forget(tx.conn(), id).await
}

/// Confirmed stops of zones that are warned of end neither by time meanwhile nor, from then on, by the policy. True: one of
/// them holds for longer now, because a warning was given, or made longer, since.
pub(super) async fn hold(tx: &mut Tx) -> Result<bool, Error> {
    let rules = store::weather::rules(tx.conn()).await?;
    let now = tx.now();
    let warnings = if rules.is_empty() { Vec::new() } else { store::weather::warnings(tx.conn(), now).await? };
    if warnings.is_empty() {
        return Ok(false);
    }
    let mut changed = false;
    for stop in store::measures::directives(tx.conn(), now).await? {
        let Some(warned) = warned_until(&stop, &rules, &warnings, now) else { continue };
        if !stop.warned {
            store::measures::lock(tx.conn()).await?;
            store::measures::mark_warned(tx.conn(), stop.id).await?;
        }
        let until = warned.min(now + LONGEST);
        // For a warning of days not by two seconds each turn: displays are told each time.
        if stop.valid_until < until && (until == warned || stop.valid_until < now + LONGEST / 2) {
            changed |= directives::prolong(tx, stop.id, until, BY_WEATHER).await?;
        }
    }
    Ok(changed)
}

/// Proposes what the warnings ask for, and takes proposals back that none asks for any more. What staff have confirmed
/// stays until they end it, or its time is over and nothing is warned of: that it is safe up there again a person decides.
/// True: something has changed.
pub(super) async fn propose(tx: &mut Tx) -> Result<bool, Error> {
    let rules = store::weather::rules(tx.conn()).await?;
    if rules.is_empty() {
        return Ok(false);
    }
    let now = tx.now();
    let warnings = store::weather::warnings(tx.conn(), now).await?;
    let mut known = store::measures::directives(tx.conn(), now - RECENT).await?;
    let mut changed = false;
    for open in known.iter_mut().filter(|it| it.state == State::Proposed && it.proposed_by == BY_WEATHER) {
        let asked = |warning: &Warning| rules.iter().any(|rule| rule.zone == open.from && rule.concerns(warning, now));
        if !warnings.iter().any(asked) {
            *open = directives::end(tx, open.id, BY_WEATHER).await?;
            changed = true;
        }
    }
    for rule in &rules {
        let Some(warning) = warnings.iter().find(|warning| rule.due(warning, now, &known)) else { continue };
        let wish = Wish {
            kind: Kind::StopAdmission,
            from: rule.zone.clone(),
            to: String::new(),
            reason: warning.text.clone(),
            stated: None,
            active_from: now,
            valid_for: (warning.valid_until - now).min(LONGEST),
            by_policy: true,
            by: BY_WEATHER.to_owned(),
        };
        match directives::propose(tx, kernel::values::new_id(now), wish, false).await {
            Ok(proposed) => {
                known.push(proposed);
                changed = true;
            }
            // People are being sent there: staff end that first, and it is proposed then.
            Err(Error::Contradiction(reason)) => tracing::warn!(%reason, zone = rule.zone, "a warned zone stays open"),
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}
