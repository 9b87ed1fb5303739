//! What time does to the zones: counts grow old, counters fall silent, sums get another level, directives begin and
//! end, and the policy proposes new ones. Every two seconds, in one replica.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{admissions, directives, estimates, sensors, touch_house, zones};
use crate::{
    domain::{
        Zone,
        directives::{Directive, State, Wish},
        zones::{Kind, roll_up},
    },
    error::Error,
    events, store,
};

/// The policy, in the audit log.
const POLICY: &str = "policy";
/// Pushes and counted intervals are kept so long, for looking into what a counter did …
const PUSHES_KEPT: TimeDelta = TimeDelta::days(14);
/// … numbers so long, for replays …
const SAMPLES_KEPT: TimeDelta = TimeDelta::days(120);
/// … and which ticket was scanned at which second so long.
const SCANS_KEPT: TimeDelta = TimeDelta::hours(72);

/// One turn.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    admissions::assume_gone(tx).await?;
    let mut changed = sensors::notice_silence(tx).await?;
    let (zones, aged) = renew(tx).await?;
    changed |= aged;
    changed |= follow_time(tx).await?;
    changed |= propose(tx, &zones).await?;
    let now = tx.now();
    store::history::keep_samples(tx.conn(), &zones, now).await?;
    estimates::note(tx).await?;
    if changed { touch_house(tx).await } else { Ok(()) }
}

/// Numbers that have run out, and the sums of what lies in storeys, the house and the escape groups; answers the zones
/// and whether a number has run out.
async fn renew(tx: &mut Tx) -> Result<(Vec<Zone>, bool), Error> {
    let now = tx.now();
    let mut stored = store::zones_as_stored(tx.conn()).await?;
    let mut zones = renewed(&stored, now);
    let mut aged = false;
    if zones != stored {
        // All of them are locked, by their ids as everybody does (one after the other, rooms first and sums later,
        // would be a deadlock with whoever locks several), and read again: somebody may have counted meanwhile.
        store::lock_zones(tx.conn()).await?;
        stored = store::zones_as_stored(tx.conn()).await?;
        zones = renewed(&stored, now);
    }
    for (before, zone) in stored.iter().zip(&zones).filter(|(before, zone)| before != zone) {
        aged |= zone.kind == Kind::Room;
        let told = before.level != zone.level || before.quality != zone.quality;
        zones::save(tx, zone, told).await?;
    }
    for group in store::escape_groups(tx.conn(), &zones).await? {
        if store::group_level(tx.conn(), &group.id).await? != group.level {
            store::save_group_level(tx.conn(), &group).await?;
            tx.append(&group.id, &events::zones::escape_group_changed(&group)).await?;
            touch_house(tx).await?;
        }
    }
    Ok((zones, aged))
}

/// Zones as time and their parts make them.
fn renewed(stored: &[Zone], now: DateTime<Utc>) -> Vec<Zone> {
    let mut zones = stored.to_vec();
    for zone in zones.iter_mut().filter(|zone| zone.kind == Kind::Room) {
        zone.age(now);
    }
    roll_up(&mut zones);
    zones
}

/// Directives whose time has come, or is over.
async fn follow_time(tx: &mut Tx) -> Result<bool, Error> {
    let now = tx.now();
    let due = |directive: &Directive| {
        directive.state != State::Ended
            && (directive.valid_until <= now || (directive.state == State::Confirmed && directive.active_from <= now))
    };
    if !store::measures::directives(tx.conn(), now).await?.iter().any(due) {
        return Ok(false);
    }
    for mut directive in store::measures::lock_directives(tx.conn(), now).await?.into_iter().filter(due) {
        if directive.valid_until <= now {
            directives::finish(tx, &mut directive, crate::domain::directives::BY_TIME).await?;
        } else if directive.begin_if_due(now) {
            store::measures::save_directive(tx.conn(), &directive).await?;
            directives::tell(tx, &directive).await?;
        }
    }
    Ok(true)
}

/// The zones' policy: proposes when a level is reached, and takes back its own when it is left.
async fn propose(tx: &mut Tx, zones: &[Zone]) -> Result<bool, Error> {
    let rules = store::measures::rules(tx.conn()).await?;
    if rules.is_empty() {
        return Ok(false);
    }
    let now = tx.now();
    let known = store::measures::directives(tx.conn(), now - directives::RECENT).await?;
    let since = store::levels_since(tx.conn()).await?;
    let mut changed = false;
    for rule in &rules {
        let Some(zone) = zones.iter().find(|zone| zone.id == rule.zone) else { continue };
        let over = |directive: &&Directive| {
            directive.by_policy
                && directive.state != State::Ended
                && (directive.kind, &directive.from, &directive.to) == (rule.kind, &rule.zone, &rule.to)
        };
        if zone.level < rule.when {
            for directive in known.iter().filter(over) {
                directives::end(tx, directive.id, POLICY).await?;
                changed = true;
            }
            continue;
        }
        let reached = since.iter().find(|(id, _)| *id == zone.id).map_or(now, |(_, since)| *since);
        if !rule.due(zone, reached, &known) {
            continue;
        }
        let wish = Wish {
            kind: rule.kind,
            from: rule.zone.clone(),
            to: rule.to.clone(),
            reason: Text::new("Die Zone ist voll.", "The zone is full."),
            active_from: now,
            valid_for: rule.valid_for,
            by_policy: true,
            by: POLICY.to_owned(),
        };
        match directives::propose(tx, Uuid::now_v7(), wish, rule.confirms_itself(zone.level)).await {
            Ok(_) => changed = true,
            // It would contradict what holds: staff have decided otherwise.
            Err(Error::Contradiction(reason)) => tracing::debug!(%reason, "the policy keeps its proposal"),
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

/// Forgets what nobody asks for any more.
pub(crate) async fn forget(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    store::sensors::forget(tx.conn(), now - PUSHES_KEPT).await?;
    store::history::forget(tx.conn(), now - SAMPLES_KEPT).await?;
    store::estimates::forget(tx.conn(), now - SAMPLES_KEPT).await?;
    let erased = store::codes::erase_scans(tx.conn(), now - SCANS_KEPT, now).await?;
    if erased > 0 {
        tracing::info!(erased, "scans of days ago no longer say whose they were");
    }
    Ok(())
}
