//! What time does to the zones: counts grow old, counters fall silent, sums get another level, directives begin and
//! end, and the policy proposes new ones. Every two seconds, in one replica.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::Text};

use super::{admissions, directives, estimates, sensors, touch_house, weather, zones};
use crate::{
    domain::{
        Zone,
        directives::{
            BY_POLICY, BY_TIME, Directive, Reached, Rule, State, Wish, into_full, lately_full, leads_into_stop, left,
        },
        steps::{UNDO, UNDO_COUNT},
        ways::english,
        zones::{EscapeGroup, Kind, roll_up},
    },
    error::Error,
    events, store,
};

/// Pushes and counted intervals are kept so long, for looking into what a counter did …
const PUSHES_KEPT: TimeDelta = TimeDelta::days(14);
/// … numbers so long, for replays …
const SAMPLES_KEPT: TimeDelta = TimeDelta::days(120);
/// … and so long which ticket was scanned at which second, and what staff wrote about guests.
const SCANS_KEPT: TimeDelta = TimeDelta::hours(72);

/// One turn.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    // In the order that everybody keeps: showings, counters, zones. Whoever has a zone asks for no counter any more: the
    // counter's own push holds that, and asks for the zone.
    let (stayed, stay) = admissions::lock_still_about(tx).await?;
    let silent = sensors::lock_silent(tx).await?;
    if !stayed.is_empty() || !silent.is_empty() {
        store::lock_zones(tx.conn()).await?;
    }
    admissions::assume_gone(tx, stayed, stay).await?;
    let mut changed = sensors::notice_silence(tx, silent).await?;
    let (zones, groups, aged) = renew(tx).await?;
    changed |= aged;
    changed |= weather::hold(tx).await?;
    changed |= follow_time(tx).await?;
    changed |= propose(tx, &zones, &groups).await?;
    changed |= weather::propose(tx).await?;
    changed |= follow_reasons(tx, &zones).await?;
    let now = tx.now();
    changed |= store::steps::forget(tx.conn(), now - UNDO, now - UNDO_COUNT).await?;
    store::history::keep_samples(tx.conn(), &zones, now).await?;
    store::history::keep_group_samples(tx.conn(), &groups, now).await?;
    estimates::note(tx).await?;
    if changed { touch_house(tx).await } else { Ok(()) }
}

/// Numbers that have run out, and the sums of what lies in storeys, the house and the escape groups; answers the zones,
/// the groups and whether a number has run out.
async fn renew(tx: &mut Tx) -> Result<(Vec<Zone>, Vec<EscapeGroup>, bool), Error> {
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
    let groups = store::escape_groups(tx.conn(), &zones).await?;
    for group in &groups {
        if store::group_level(tx.conn(), &group.id).await? != group.level {
            store::save_group_level(tx.conn(), group, now).await?;
            tx.append(&group.id, &events::zones::escape_group_changed(group)).await?;
            touch_house(tx).await?;
        }
    }
    Ok((zones, groups, aged))
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
    let all = store::measures::lock_directives(tx.conn(), now).await?;
    for id in all.iter().filter(|it| due(it)).map(|it| it.id) {
        // Read afresh: a stop that has just begun or ended has changed what others say.
        let Some(mut directive) = store::measures::directive(tx.conn(), id).await? else { continue };
        if directive.valid_until <= now {
            directives::finish(tx, &mut directive, BY_TIME).await?;
        } else if directive.begin_if_due(now) {
            store::measures::save_directive(tx.conn(), &directive).await?;
            directives::tell(tx, &directive).await?;
            directives::follow_stop(tx, &directive, BY_TIME).await?;
        }
    }
    Ok(true)
}

/// Why people are sent elsewhere may be over while they are still sent: a zone has room again, or is full by now.
async fn follow_reasons(tx: &mut Tx, zones: &[Zone]) -> Result<bool, Error> {
    let now = tx.now();
    let known = store::measures::directives(tx.conn(), now).await?;
    if known.is_empty() {
        return Ok(false);
    }
    let lifts = store::measures::lifts(tx.conn()).await?;
    let lately = lately_full(zones, &store::left_red(tx.conn()).await?, now);
    let says = |it: &Directive, zones: &[Zone]| it.says(&it.words(&known, zones, &lifts));
    let current = |it: &Directive| it.state == State::Ended || says(it, zones) || says(it, &lately);
    if known.iter().all(current) {
        return Ok(false);
    }
    directives::rewrite_ways(tx, BY_POLICY).await?;
    Ok(true)
}

/// What a rule looks at, as full as it is: a zone or an escape group; None: the house has it no more.
fn reached(
    rule: &Rule,
    zones: &[Zone],
    groups: &[EscapeGroup],
    levels: &Levels,
    now: DateTime<Utc>,
) -> Option<Reached> {
    let (id, level, since) = if rule.group.is_empty() {
        let zone = zones.iter().find(|zone| zone.id == rule.zone)?;
        (&zone.id, zone.level, &levels.of_zones)
    } else {
        let group = groups.iter().find(|group| group.id == rule.group)?;
        (&group.id, group.level, &levels.of_groups)
    };
    let since = since.iter().find(|(known, _)| known == id).map_or(now, |(_, since)| *since);
    Some(Reached { level, since })
}

/// Since when zones and escape groups have had their levels.
struct Levels {
    of_zones: Vec<(String, DateTime<Utc>)>,
    of_groups: Vec<(String, DateTime<Utc>)>,
}

/// Why the policy proposes something.
fn reason(rule: &Rule, groups: &[EscapeGroup]) -> Text {
    match groups.iter().find(|group| group.id == rule.group) {
        None => Text::new("Die Zone ist voll.", "The zone is full."),
        Some(group) => Text::new(
            format!("{}: fast so viele Menschen, wie zugelassen sind.", group.name.de),
            format!("{}: almost as many people as the permit allows.", english(&group.name)),
        ),
    }
}

/// The zones' policy: proposes when a level is reached, and takes back its own when it is left, but what the weather has held.
async fn propose(tx: &mut Tx, zones: &[Zone], groups: &[EscapeGroup]) -> Result<bool, Error> {
    let rules = store::measures::rules(tx.conn()).await?;
    if rules.is_empty() {
        return Ok(false);
    }
    let now = tx.now();
    let mut known = store::measures::directives(tx.conn(), now - directives::RECENT).await?;
    let levels = Levels {
        of_zones: store::levels_since(tx.conn()).await?,
        of_groups: store::group_levels_since(tx.conn()).await?,
    };
    let rules: Vec<(&Rule, Reached)> =
        rules.iter().filter_map(|rule| Some((rule, reached(rule, zones, groups, &levels, now)?))).collect();
    let mut changed = false;
    // What nothing calls for any more, and what leads people on into what is full by now.
    for directive in left(&rules, &known).into_iter().chain(into_full(&known, zones)) {
        directives::end(tx, directive.id, BY_POLICY).await?;
        changed = true;
    }
    for (rule, reached) in rules {
        if !rule.due(reached, &known) || leads_into_stop(rule, &known, zones) {
            continue;
        }
        let wish = Wish {
            kind: rule.kind,
            from: rule.zone.clone(),
            to: rule.to.clone(),
            reason: reason(rule, groups),
            stated: None,
            active_from: now,
            valid_for: rule.valid_for,
            by_policy: true,
            by: BY_POLICY.to_owned(),
        };
        match directives::propose(tx, kernel::values::new_id(now), wish, rule.confirms_itself(reached.level)).await {
            Ok(proposed) => {
                // Another rule may propose the same for another reason.
                known.push(proposed);
                changed = true;
            }
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
    store::measures::forget(tx.conn(), now - SAMPLES_KEPT).await?;
    store::audit::erase_reasons(tx.conn(), now - SCANS_KEPT, now).await?;
    store::erase_resolutions(tx.conn(), now - SCANS_KEPT).await?;
    store::measures::erase_notes(tx.conn(), now - SCANS_KEPT).await?;
    let erased = store::codes::erase_scans(tx.conn(), now - SCANS_KEPT, now).await?;
    if erased > 0 {
        tracing::info!(erased, "scans of days ago no longer say whose they were");
    }
    Ok(())
}
