//! Steps that staff have just made, taken back: the state before, its people, its calls, and everybody is told.

use chrono::{DateTime, Utc};
use kernel::{Tx, values::Text};
use serde_json::json;
use uuid::Uuid;

use super::{
    admissions::tell_admission,
    calls, record, touch,
    zones::{count, save, tell_zone},
};
use crate::{
    domain::{
        Admission, AdmissionState, Level, Quality, Zone,
        calls::GroupState,
        queue::Number,
        replay::without,
        steps::{Change, GroupWas, Moved, Step},
        zones::{Counted, Thresholds, ancestors, roll_up},
    },
    error::Error,
    events,
    store::{self, history::Whose},
};

/// A step that is made now.
pub(super) fn made(
    at: DateTime<Utc>,
    about: impl std::fmt::Display,
    showing: Option<Uuid>,
    what: Text,
    change: Change,
    by: &str,
) -> Step {
    let id = kernel::values::new_id(at);
    Step { id, about: about.to_string(), showing, what, change, by: by.to_owned(), at, undone: false }
}

/// Notes a step that can be taken back.
pub(super) async fn note(
    tx: &mut Tx,
    about: impl std::fmt::Display + Send,
    showing: Option<Uuid>,
    what: Text,
    change: Change,
    by: &str,
) -> Result<(), Error> {
    let step = made(tx.now(), about, showing, what, change, by);
    store::steps::note(tx.conn(), &step).await
}

/// Takes a step back. Again changes nothing.
pub(crate) async fn undo_step(tx: &mut Tx, id: Uuid, by: &str) -> Result<Step, Error> {
    let known = store::steps::get(tx.conn(), id).await?.ok_or(Error::NoStep)?;
    // What it is about is locked as by the step itself; a step that comes in between replaces this one.
    match &known.change {
        Change::Admission(_) | Change::Cleaned | Change::Group { .. } => {
            let showing = known.showing.ok_or(Error::NoStep)?;
            let (mut admission, house, _) =
                store::lock_admission_in_house(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
            let step = still_undoable(tx, id).await?;
            if step.undone {
                return Ok(step);
            }
            match &step.change {
                Change::Admission(moved) => {
                    if moved.from.admits() && !house.admits() {
                        return Err(Error::HouseStopped(house));
                    }
                    undo_move(tx, &mut admission, moved).await?;
                }
                Change::Cleaned => {
                    admission.cleaned_at = None;
                    store::save_admission(tx.conn(), &mut admission).await?;
                    store::save_cleaned(tx.conn(), showing, "").await?;
                }
                Change::Group { to, was } => undo_group(tx, &admission, *to, was).await?,
                Change::Number { .. } | Change::Zone(_) => return Err(Error::NoStep),
            }
        }
        Change::Zone(counted) => {
            // Showings before zones, as everybody locks.
            for showing in &counted.gone {
                store::lock_admission(tx.conn(), *showing).await?;
            }
            // The storey and the house have a level from that number, too.
            let zones = store::lock_zones(tx.conn()).await?;
            let zone = zones.into_iter().find(|zone| zone.id == counted.zone).ok_or(Error::NoZone)?;
            let step = still_undoable(tx, id).await?;
            if step.undone {
                return Ok(step);
            }
            undo_count(tx, zone, counted, by).await?;
        }
        Change::Number { .. } => {
            let Some((day, number)) = calls::read_about(&known.about) else { return Err(Error::NoStep) };
            store::touch_queue(tx.conn(), day, None).await?;
            let step = still_undoable(tx, id).await?;
            if step.undone {
                return Ok(step);
            }
            let Change::Number { to, was, called_at, last_called } = step.change else { return Err(Error::NoStep) };
            let number = store::number(tx.conn(), day, number).await?.ok_or(Error::NoNumber)?;
            if number.state != to {
                return Err(Error::StepStands);
            }
            let before = Number { state: was, called_at, ..number };
            store::save_number(tx.conn(), &before).await?;
            store::untouch_queue(tx.conn(), day, before.number, last_called).await?;
            calls::tell_number(tx, &before).await?;
        }
    }
    store::steps::mark_undone(tx.conn(), id).await?;
    let (what, change) = (known.what.en.clone(), json!(known.change));
    record(tx, by, "undo_step", &known.about, json!({"step": what, "by": known.by}), json!({"back": change})).await?;
    touch(tx);
    Ok(Step { undone: true, ..known })
}

/// The step as it stands, now that nobody else changes what it is about.
async fn still_undoable(tx: &mut Tx, id: Uuid) -> Result<Step, Error> {
    let now = tx.now();
    let step = store::steps::get(tx.conn(), id).await?.ok_or(Error::NoStep)?;
    if step.undone || step.can_undo(now) { Ok(step) } else { Err(Error::StepStands) }
}

async fn undo_move(tx: &mut Tx, admission: &mut Admission, moved: &Moved) -> Result<(), Error> {
    if admission.state != moved.to {
        // Cancelled, or broken off.
        return Err(Error::StepStands);
    }
    if moved.from == AdmissionState::Planned && admission.admitted > 0 {
        return Err(Error::AdmittedAlready);
    }
    admission.take_back(moved);
    store::save_admission(tx.conn(), admission).await?;
    if moved.left_house > 0 {
        store::headcount::unmark_gone(tx.conn(), admission.showing).await?;
    }
    for was in &moved.groups {
        undo_group(tx, admission, GroupState::Closed, was).await?;
    }
    if moved.to == AdmissionState::Running {
        store::estimates::forget_scores(tx.conn(), admission.showing).await?;
    }
    let (left_hall, left_house) = (i64::from(moved.left_hall), i64::from(moved.left_house));
    if left_hall + left_house > 0 {
        let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
        if left_hall > 0 {
            count(tx, hall, left_hall, Quality::Estimated).await?;
        }
        count(tx, foyer, left_house - left_hall, Quality::Estimated).await?;
    }
    tell_admission(tx, admission).await
}

async fn undo_count(tx: &mut Tx, mut zone: Zone, counted: &Counted, by: &str) -> Result<(), Error> {
    if zone.by_hand_at != Some(counted.at) {
        // The whole house has been counted since.
        return Err(Error::StepStands);
    }
    for showing in &counted.gone {
        store::headcount::unmark_gone(tx.conn(), *showing).await?;
    }
    let (now, before) = (tx.now(), zone.clone());
    zone.take_back(counted);
    store::record_correction(tx.conn(), &before, zone.count, "taken back", by, now).await?;
    let is_drifted = counted.was.drifted || store::is_drifted(tx.conn(), &zone.id).await?;
    store::mark_zone(tx.conn(), &zone.id, zone.counted, is_drifted).await?;
    store::save_zone(tx.conn(), &zone).await?;
    tell_zone(tx, &zone).await?;
    take_back_sums(tx, &zone, counted).await
}

/// What a mistake was added to is as it would have been without, for replays as well: storeys, the house, escape groups.
async fn take_back_sums(tx: &mut Tx, zone: &Zone, counted: &Counted) -> Result<(), Error> {
    let stored = store::zones_as_stored(tx.conn()).await?;
    let mut zones = stored.clone();
    let within: Vec<String> = ancestors(&stored, &zone.id).cloned().collect();
    let was = &counted.was;
    // Of a number that was not known, sums have taken the most that its level may mean.
    let known = Zone { count: was.count, level: was.level, quality: was.quality, ..zone.clone() };
    let more = |before: u32| i64::from(counted.count) - i64::from(before);
    let (own, in_sums) = (more(was.count), more(known.at_most()));
    for it in zones.iter_mut().filter(|it| within.contains(&it.id)) {
        let more = if it.id == zone.id { own } else { in_sums };
        let level = correct_samples(tx, Whose::Zone(&it.id), counted, more, (&it.thresholds, it.capacity)).await?;
        if let Some(level) = level.filter(|_| it.id != zone.id) {
            it.level = level;
        }
    }
    roll_up(&mut zones);
    for (before, it) in stored.iter().zip(&zones).filter(|(before, it)| before != it) {
        save(tx, it, before.level != it.level || before.quality != it.quality).await?;
    }
    for mut group in store::escape_groups(tx.conn(), &zones).await? {
        if !within.iter().any(|id| group.zones.contains(id)) {
            continue;
        }
        let limit = (&group.thresholds, group.limit);
        let level = correct_samples(tx, Whose::Group(&group.id), counted, in_sums, limit).await?;
        let before = store::group_level(tx.conn(), &group.id).await?;
        group.level = level.unwrap_or(before);
        group.add_up(&zones);
        if group.level != before {
            let now = tx.now();
            store::save_group_level(tx.conn(), &group, now).await?;
            tx.append(&group.id, &events::zones::escape_group_changed(&group)).await?;
        }
    }
    Ok(())
}

/// The numbers that were kept since a count that was a mistake, without it; answers the level that they have come to.
async fn correct_samples(
    tx: &mut Tx,
    whose: Whose<'_>,
    counted: &Counted,
    more: i64,
    (thresholds, full): (&Thresholds, u32),
) -> Result<Option<Level>, Error> {
    let (before, mut samples) = store::history::samples_since(tx.conn(), whose, counted.at).await?;
    without(&mut samples, before, more, counted.was.quality, thresholds, full);
    store::history::rewrite_samples(tx.conn(), whose, &samples).await?;
    Ok(samples.last().map(|sample| sample.level))
}

async fn undo_group(tx: &mut Tx, admission: &Admission, to: GroupState, was: &GroupWas) -> Result<(), Error> {
    let mut group = store::group(tx.conn(), was.group).await?.ok_or(Error::NoGroup)?;
    if group.state != to {
        return Err(Error::StepStands);
    }
    calls::restore(tx, admission, &mut group, was).await
}
