//! What people counters send becomes people in zones; what they do not send becomes a zone whose number is not
//! told.

use std::collections::BTreeMap;

use kernel::Tx;
use serde_json::json;

use super::{
    ITSELF, record, touch_house,
    zones::{clamp, save, tell_zone},
};
use crate::{
    domain::{
        Quality, Zone,
        counters::{self, Counted, Effect, Logic, Package, Problem, Sensor, State},
    },
    error::Error,
    store::{self, sensors::Push},
};

/// What became of a push.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Intervals that were counted now; those counted before are not among them.
    pub(crate) counted: u32,
    pub(crate) repeated: u32,
    pub(crate) problem: Option<Problem>,
}

/// What one interval does to one zone.
enum Change {
    Move {
        came: u32,
        gone: u32,
    },
    Set {
        people: u32,
        negative: bool,
    },
    /// Of who came and went, nothing is known.
    Missed,
}

/// Keeps what a counter has sent, for staff to look at, whatever came of it.
pub(crate) async fn note_push(tx: &mut Tx, push: &Push) -> Result<(), Error> {
    let now = tx.now();
    store::sensors::record_push(tx.conn(), push, now).await
}

/// Somebody pushes with no token that holds: staff learn it, at most once a minute however often that is.
pub(crate) async fn note_refused(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    if store::sensors::note_refused(tx.conn(), now).await? {
        tracing::warn!("something pushes to the people counters' address without a token that holds");
        touch_house(tx).await?;
    }
    Ok(())
}

/// The changes of each zone, with the intervals that they come from.
type Changes = BTreeMap<String, Vec<(Change, Counted)>>;

/// Takes the packages of one push.
pub(crate) async fn take(tx: &mut Tx, id: &str, packages: &[Package]) -> Result<Summary, Error> {
    let now = tx.now();
    let mut sensor = store::sensors::lock(tx.conn(), id).await?.ok_or(Error::NoSensor)?;
    for zone in sensor.zones() {
        // All of them now, in the order that everybody keeps.
        store::lock_zone(tx.conn(), &zone).await?;
    }
    let before = sensor.clone();
    let (mut summary, mut gap) = (Summary::default(), 0);
    let mut changes = Changes::new();
    let (mut problems, mut counted_now) = (Vec::new(), Vec::new());
    for package in packages {
        let taken = sensor.take(package, now);
        gap += taken.gap;
        problems.extend(taken.problem);
        for counted in taken.counted {
            if !store::sensors::count_once(tx.conn(), id, &counted).await? {
                summary.repeated += u32::from(counted.is_known());
                continue;
            }
            summary.counted += u32::from(counted.is_known());
            counted_now.push(counted);
        }
    }
    if sensor.state.in_service() {
        let empty_at = store::headcount::empty_at(tx.conn()).await?;
        counted_now.retain(|counted| sensor.holds(counted, empty_at, now));
        counters::in_order(&mut counted_now);
        for counted in counted_now {
            sort(&mut changes, &counted);
        }
    }
    let lost = gap > 0 || before.state == State::Offline;
    if before.state == State::Offline {
        store::sensors::end_silence(tx.conn(), id, now).await?;
    }
    // How many are there is absolute: whatever was lost before.
    let told =
        |changes: &Vec<(Change, Counted)>| changes.iter().any(|(change, _)| matches!(change, Change::Set { .. }));
    let mut unsure = if lost { sensor.zones() } else { Vec::new() };
    unsure.retain(|zone| !changes.get(zone).is_some_and(told));
    for (zone, changes) in changes {
        if let Some(zone) = store::lock_zone(tx.conn(), &zone).await? {
            problems.extend(apply(tx, &sensor, zone, &changes, lost).await?);
        }
    }
    // Of all its packages: one that is merely unknown must not hide that others are missing.
    summary.problem = Problem::worst(&problems);
    if sensor.judge(summary.problem, now) {
        tell(tx, &before, &sensor).await?;
    }
    store::sensors::save(tx.conn(), &sensor).await?;
    if sensor.state != before.state || lost {
        look_after_zones(tx, &sensor, &unsure).await?;
    }
    touch_house(tx).await?;
    Ok(summary)
}

fn sort(changes: &mut Changes, counted: &Counted) {
    let mut add = |zone: String, change: Change| {
        if !zone.is_empty() {
            changes.entry(zone).or_default().push((change, counted.clone()));
        }
    };
    match counted.effect.clone() {
        Effect::Cross { into, out_of, forward, backward } => {
            add(into, Change::Move { came: forward, gone: backward });
            add(out_of, Change::Move { came: backward, gone: forward });
        }
        Effect::Set { zone, people, negative } => add(zone, Change::Set { people, negative }),
        Effect::Missed { into, out_of } => {
            add(into, Change::Missed);
            add(out_of, Change::Missed);
        }
    }
}

/// Changes one (locked) zone; answers what was found impossible.
async fn apply(
    tx: &mut Tx,
    sensor: &Sensor,
    mut zone: Zone,
    changes: &[(Change, Counted)],
    lost: bool,
) -> Result<Option<Problem>, Error> {
    let (now, level, quality, until) = (tx.now(), zone.level, zone.quality, zone.valid_until);
    let observed_at = zone.observed_at;
    if !sensor.counts(&zone.id) {
        let mut people = 0;
        for (change, counted) in changes {
            people += match *change {
                Change::Move { came, gone } => since_counted(&mut zone, counted, came, gone),
                Change::Set { .. } | Change::Missed => 0,
            };
        }
        zone.add_on_count(people, if quality == Quality::Manual { Quality::Estimated } else { quality }, now);
        // Of its other doors nothing new is known.
        (zone.valid_until, zone.observed_at) = (until, observed_at);
        save(tx, &zone, zone.level != level).await?;
        return Ok(None);
    }
    let mut drifted = lost || store::is_drifted(tx.conn(), &zone.id).await?;
    let mut problem = None;
    let (mut few_samples, mut told) = (false, false);
    for (change, counted) in changes {
        // Whoever a line has missed is missing until somebody counts; a balance is whole again with the next one.
        let missed = counted.may_be_missing(zone.by_hand_at);
        match *change {
            Change::Missed => drifted |= missed,
            Change::Move { came, gone } => {
                drifted |= counted.few_samples && missed;
                let people = since_counted(&mut zone, counted, came, gone);
                let missing = zone.below_nobody(people);
                clamp(tx, &zone, missing, &sensor.id).await?;
                zone.add(people, Quality::Live, zone.observed_at.max(counted.as_of.min(now)));
                if came + gone > 0 {
                    store::history::add_traffic(tx.conn(), &zone.id, now, came, gone).await?;
                }
            }
            Change::Set { people, negative } => {
                few_samples = counted.few_samples;
                let known = zone.quality == Quality::Live && !drifted;
                if known && !counters::may_follow(zone.count, people, now - zone.observed_at) {
                    problem = Some(Problem::Implausible);
                    continue;
                }
                clamp(tx, &zone, negative.into(), &sensor.id).await?;
                zone.set(people, Quality::Live, counted.as_of.min(now));
                zone.unsure = 0;
                (drifted, told) = (false, true);
                // It knows nothing of a count by hand before: there is nothing left to take back.
                store::steps::settle(tx.conn(), &zone.id).await?;
            }
        }
    }
    zone.valid_until = Some(sensor.good_until(now));
    if drifted || few_samples {
        zone.quality = Quality::Degraded;
    } else if zone.silent && !told {
        // Another one of its counters does not see who passes it: what was counted by hand holds as long as it would.
        if quality == Quality::Manual {
            (zone.quality, zone.valid_until, zone.observed_at) = (quality, until, observed_at);
        } else {
            (zone.quality, zone.valid_until) = (Quality::Degraded, None);
        }
    }
    store::mark_zone(tx.conn(), &zone.id, true, drifted).await?;
    save(tx, &zone, zone.level != level || (zone.quality == Quality::Degraded) != (quality == Quality::Degraded))
        .await?;
    Ok(problem)
}

/// By how many people a zone has changed since it was counted by hand; by how many that may be wrong is noted.
fn since_counted(zone: &mut Zone, counted: &Counted, came: u32, gone: u32) -> i64 {
    let ((came, maybe_came), (gone, maybe_gone)) =
        (counted.after(zone.by_hand_at, came), counted.after(zone.by_hand_at, gone));
    zone.unsure = zone.unsure.saturating_add(maybe_came).saturating_add(maybe_gone);
    i64::from(came) - i64::from(gone)
}

/// A counter has another state: who counts its zones now, and whether their numbers may be told; `unsure`: of whose
/// people something was lost.
async fn look_after_zones(tx: &mut Tx, sensor: &Sensor, unsure: &[String]) -> Result<(), Error> {
    for id in sensor.zones().into_iter().filter(|id| sensor.counts(id)) {
        let Some(mut zone) = store::lock_zone(tx.conn(), &id).await? else { continue };
        let states = store::sensors::states_of_zone(tx.conn(), &id).await?;
        let counted = states.iter().any(|state| state.works());
        let by_line = sensor.logics.iter().any(|(_, logic)| match logic {
            Logic::Line { into, .. } => *into == id,
            Logic::Balance { .. } => false,
        });
        let drifted = (by_line && unsure.contains(&id)) || store::is_drifted(tx.conn(), &id).await?;
        store::mark_zone(tx.conn(), &id, counted, drifted).await?;
        let silent = states.contains(&State::Offline);
        let quality = match zone.quality {
            _ if silent || drifted => Quality::Degraded,
            // Taken out of service: from now on scans count, on what the counter has left.
            Quality::Degraded | Quality::Live if !counted => Quality::Estimated,
            quality => quality,
        };
        if quality != zone.quality {
            zone.quality = quality;
            zone.valid_until = None;
            store::save_zone(tx.conn(), &zone).await?;
            tell_zone(tx, &zone).await?;
        }
    }
    Ok(())
}

/// A counter's new state, for the record.
async fn tell(tx: &mut Tx, before: &Sensor, after: &Sensor) -> Result<(), Error> {
    let say = |sensor: &Sensor| json!({"state": sensor.state.name(), "problem": sensor.problem.map(Problem::name)});
    record(tx, ITSELF, "sensor", &after.id, say(before), say(after)).await
}

/// Counters that have been silent for three intervals, all of them locked, by their ids.
pub(super) async fn lock_silent(tx: &mut Tx) -> Result<Vec<Sensor>, Error> {
    let now = tx.now();
    let all = store::sensors::all(tx.conn()).await?;
    let mut ids: Vec<String> = all.into_iter().filter(|sensor| sensor.is_silent(now)).map(|sensor| sensor.id).collect();
    ids.sort();
    let mut silent = Vec::new();
    for id in ids {
        // It may have been heard since.
        silent.extend(store::sensors::lock(tx.conn(), &id).await?.filter(|sensor| sensor.is_silent(now)));
    }
    Ok(silent)
}

/// Says of counters that they are silent. They and the zones must be locked.
pub(super) async fn notice_silence(tx: &mut Tx, silent: Vec<Sensor>) -> Result<bool, Error> {
    let now = tx.now();
    let mut noticed = false;
    for mut sensor in silent {
        let before = sensor.clone();
        store::sensors::note_silence(tx.conn(), &sensor).await?;
        sensor.judge(Some(Problem::Silent), now);
        store::sensors::save(tx.conn(), &sensor).await?;
        tell(tx, &before, &sensor).await?;
        look_after_zones(tx, &sensor, &[]).await?;
        noticed = true;
    }
    Ok(noticed)
}

/// Puts a counter to work, back on trial, or out of the house.
pub(crate) async fn set_state(tx: &mut Tx, id: &str, to: State, by: &str) -> Result<Sensor, Error> {
    let now = tx.now();
    let mut sensor = store::sensors::lock(tx.conn(), id).await?.ok_or(Error::NoSensor)?;
    if sensor.state == to || (to == State::Online && sensor.state.in_service()) {
        return Ok(sensor);
    }
    if to == State::Online && sensor.last_seen.is_none_or(|seen| seen + sensor.silence < now) {
        return Err(Error::SensorNotHeard);
    }
    let before = sensor.state;
    // On trial it counts nothing either.
    if to == State::Commissioning && matches!(before, State::Online | State::Degraded) {
        store::sensors::note_silence(tx.conn(), &sensor).await?;
    } else if to != State::Commissioning {
        store::sensors::end_silence(tx.conn(), id, now).await?;
    }
    (sensor.state, sensor.since, sensor.problem) = (to, now, None);
    if to == State::Online {
        (sensor.lost, sensor.last_seen) = (0, Some(now));
    }
    store::sensors::save(tx.conn(), &sensor).await?;
    if to == State::Retired {
        store::sensors::set_token(tx.conn(), id, None).await?;
    }
    record(tx, by, "set_sensor_state", id, json!({"state": before.name()}), json!({"state": to.name()})).await?;
    // Lines count changes: what was in the zone before, they do not know.
    let unsure = if to == State::Online { sensor.zones() } else { Vec::new() };
    look_after_zones(tx, &sensor, &unsure).await?;
    touch_house(tx).await?;
    Ok(sensor)
}

/// A new token for a counter; the one before is good no more. Only its hash is stored.
pub(crate) async fn set_token(tx: &mut Tx, id: &str, hash: &[u8], by: &str) -> Result<(), Error> {
    let sensor = store::sensors::lock(tx.conn(), id).await?.ok_or(Error::NoSensor)?;
    if sensor.state == State::Retired {
        return Err(Error::SensorRetired);
    }
    store::sensors::set_token(tx.conn(), id, Some(hash)).await?;
    record(tx, by, "issue_sensor_token", id, json!({}), json!({})).await
}
