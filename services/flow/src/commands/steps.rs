//! Steps that staff have just made, taken back: the state before, its people, its calls, and everybody is told.

use chrono::{DateTime, Utc};
use kernel::{Tx, values::Text};
use serde_json::json;
use uuid::Uuid;

use super::{
    admissions::tell_admission,
    calls, record, touch,
    zones::{count, tell_zone},
};
use crate::{
    domain::{
        Admission, AdmissionState, Quality, Zone,
        calls::GroupState,
        queue::Number,
        steps::{Change, GroupWas, Moved, Step},
        zones::Counted,
    },
    error::Error,
    store,
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
            let zone = store::lock_zone(tx.conn(), &counted.zone).await?.ok_or(Error::NoZone)?;
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
    store::history::take_back_samples(tx.conn(), &zone.id, counted.at).await?;
    let is_drifted = counted.was.drifted || store::is_drifted(tx.conn(), &zone.id).await?;
    store::mark_zone(tx.conn(), &zone.id, zone.counted, is_drifted).await?;
    store::save_zone(tx.conn(), &zone).await?;
    tell_zone(tx, &zone).await
}

async fn undo_group(tx: &mut Tx, admission: &Admission, to: GroupState, was: &GroupWas) -> Result<(), Error> {
    let mut group = store::group(tx.conn(), was.group).await?.ok_or(Error::NoGroup)?;
    if group.state != to {
        return Err(Error::StepStands);
    }
    calls::restore(tx, admission, &mut group, was).await
}
