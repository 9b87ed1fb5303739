//! A showing's admission: its plan, its steps, its end.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Db, Tx, values::Text};
use serde_json::json;
use uuid::Uuid;

use super::{FLOW_TOPIC, ITSELF, calls::end_calls, estimates, record, steps, touch, zones::count};
use crate::{
    domain::{
        Admission, AdmissionState, HouseState, Quality,
        clock::Policy,
        steps::{self as step, Change, Moved},
    },
    error::Error,
    events, store,
};

pub(super) async fn tell_admission(tx: &mut Tx, admission: &Admission) -> Result<(), Error> {
    let event = events::admission_moved(admission, tx.now());
    tx.append(&admission.showing.to_string(), &event).await?;
    touch(tx);
    Ok(())
}

/// Moves a showing's admission, and answers it with the house's policy. The state it is in already is no error and
/// changes nothing.
pub(crate) async fn move_admission(
    tx: &mut Tx,
    showing: Uuid,
    to: AdmissionState,
    by: &str,
) -> Result<(Admission, Policy), Error> {
    let now = tx.now();
    let found = store::lock_admission_in_house(tx.conn(), showing).await?;
    let (mut admission, house, policy) = found.ok_or(Error::NoShowing)?;
    if admission.state == to {
        return Ok((admission, policy));
    }
    may_move(&admission, house, to)?;
    let from = admission.state;
    let mut moved = Moved::from(&admission, to);
    admission.move_to(to, now);
    let inside = i64::from(admission.inside());
    match to {
        AdmissionState::Egress | AdmissionState::Aborted if inside > 0 => {
            let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
            count(tx, hall, -inside, Quality::Estimated).await?;
            count(tx, foyer, inside, Quality::Estimated).await?;
            moved.left_hall = admission.inside();
        }
        // By then they have gone home or to the café; nobody counts them at the main door.
        AdmissionState::Closed => moved.left_house = leave(tx, &admission).await?,
        _ => {}
    }
    if matches!(to, AdmissionState::Running | AdmissionState::Aborted) {
        moved.groups = end_calls(tx, &admission).await?;
    }
    if to == AdmissionState::Running {
        estimates::judge(tx, &admission).await?;
    }
    let step = if to == AdmissionState::Aborted {
        // Whoever breaks a showing off was told before that there is no way back: visitors are sent home.
        store::steps::settle(tx.conn(), &showing.to_string()).await?;
        None
    } else {
        let what = step::moved(&admission, to);
        Some(steps::made(now, showing, Some(showing), what, Change::Admission(moved), by))
    };
    store::save_move(tx.conn(), &mut admission, from, by, step.as_ref()).await?;
    tell_admission(tx, &admission).await?;
    Ok((admission, policy))
}

/// Whether staff may move it there.
fn may_move(admission: &Admission, house: HouseState, to: AdmissionState) -> Result<(), Error> {
    if !admission.state.next().contains(&to) {
        return Err(Error::NotNext { from: admission.state, to });
    }
    if to.admits() && !house.admits() {
        return Err(Error::HouseStopped(house));
    }
    if to == AdmissionState::Planned && admission.admitted > 0 {
        return Err(Error::AdmittedAlready);
    }
    Ok(())
}

/// Opens a showing's doors or calls for the last time, which moves nobody: in two round trips, because staff and the door's
/// monitor wait for it. None: it is to be moved in a transaction, because it is another step or somebody else was faster.
pub(crate) async fn move_at_once(
    db: &Db,
    showing: Uuid,
    to: AdmissionState,
    by: &str,
) -> Result<Option<(Admission, Policy)>, Error> {
    if !matches!(to, AdmissionState::DoorsOpen | AdmissionState::LastCall) {
        return Ok(None);
    }
    let mut connection = db.reader().await?;
    let found = store::admission_in_house(&mut connection, showing).await?;
    drop(connection);
    let (before, house, policy) = found.ok_or(Error::NoShowing)?;
    if before.state == to {
        return Ok(Some((before, policy)));
    }
    may_move(&before, house, to)?;
    let now = db.clock().now();
    let mut admission = before.clone();
    admission.move_to(to, now);
    admission.revision += 1;
    let (what, change) = (step::moved(&admission, to), Change::Admission(Moved::from(&before, to)));
    let step = steps::made(now, showing, Some(showing), what, change, by);
    let expected = (before.revision, house);
    let arguments = store::arguments_of_move(&admission, before.state, by, Some(&step), Some(expected))?;
    let event = events::admission_moved(&admission, now);
    let told = (showing.to_string(), event);
    let done = db.tell_at_once(FLOW_TOPIC, now, (&told.0, &told.1), store::MOVE, arguments).await?;
    Ok(done.then_some((admission, policy)))
}

/// The guests of a showing are taken to have left the house, once; answers how many were taken off the foyer.
async fn leave(tx: &mut Tx, admission: &Admission) -> Result<u32, Error> {
    let now = tx.now();
    if !store::headcount::mark_gone(tx.conn(), admission.showing, now).await? || admission.admitted == 0 {
        return Ok(0);
    }
    let (_, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
    count(tx, foyer, -i64::from(admission.admitted), Quality::Estimated).await?;
    Ok(admission.admitted)
}

/// Showings that were over long ago and that nobody has closed, all of them locked; and after how many minutes the house
/// takes their guests to be gone.
pub(super) async fn lock_still_about(tx: &mut Tx) -> Result<(Vec<Admission>, u32), Error> {
    let stay = store::headcount::policy(tx.conn()).await?.stay_minutes;
    let over_by = tx.now() - TimeDelta::minutes(stay.into());
    let mut locked = Vec::new();
    for showing in store::headcount::still_about(tx.conn(), over_by).await? {
        locked.extend(store::lock_admission(tx.conn(), showing).await?);
    }
    Ok((locked, stay))
}

/// Their guests have gone home, as the house assumes. The zones must be locked.
pub(super) async fn assume_gone(tx: &mut Tx, stayed: Vec<Admission>, stay: u32) -> Result<(), Error> {
    for admission in stayed {
        leave(tx, &admission).await?;
        let said = json!({"people": admission.admitted, "minutes_after": stay});
        let state = json!({"state": admission.state.name()});
        record(tx, ITSELF, "assumed_gone", admission.showing, state, said).await?;
        touch(tx);
    }
    Ok(())
}

/// Staff have cleaned the hall: the turnover may end. Again changes nothing.
pub(crate) async fn report_cleaned(tx: &mut Tx, showing: Uuid, by: &str) -> Result<Admission, Error> {
    let now = tx.now();
    let mut admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    if admission.cleaned_at.is_some() {
        return Ok(admission);
    }
    if !matches!(admission.state, AdmissionState::Egress | AdmissionState::Turnover | AdmissionState::Aborted) {
        return Err(Error::NothingToClean(admission.state));
    }
    admission.cleaned_at = Some(now);
    store::save_admission(tx.conn(), &mut admission).await?;
    store::save_cleaned(tx.conn(), showing, by).await?;
    let state = json!({"state": admission.state.name()});
    record(tx, by, "report_cleaned", showing, state, json!({"cleaned_at": now})).await?;
    steps::note(tx, showing, Some(showing), step::cleaned(&admission), Change::Cleaned, by).await?;
    touch(tx);
    Ok(admission)
}

/// A showing's plan, as reservations told it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) showing: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: DateTime<Utc>,
}

/// A showing is in the programme. Once more changes no more than whether it is public: later plans come as delays.
pub(crate) async fn showing_scheduled(
    tx: &mut Tx,
    plan: Plan,
    title: Text,
    hall: String,
    capacity: u32,
    is_public: bool,
) -> Result<(), Error> {
    let admission = Admission {
        showing: plan.showing,
        title,
        hall,
        is_public,
        state: AdmissionState::Planned,
        scheduled_starts_at: plan.starts_at,
        starts_at: plan.starts_at,
        ends_at: plan.ends_at,
        predicted_end_at: plan.ends_at,
        doors_at: plan.doors_at,
        last_entry_at: plan.last_entry_at,
        capacity,
        booked: 0,
        admitted: 0,
        outside: 0,
        state_since: None,
        shut_at: None,
        cleaned_at: None,
        revision: 1,
    };
    store::add_admission(tx.conn(), &admission).await?;
    touch(tx);
    Ok(())
}

/// A showing has new times. They are absolute, so hearing them again changes nothing.
pub(crate) async fn showing_delayed(tx: &mut Tx, plan: &Plan) -> Result<(), Error> {
    let mut admission = store::lock_admission(tx.conn(), plan.showing).await?.ok_or(Error::NoShowing)?;
    admission.plan(plan.starts_at, plan.ends_at, plan.doors_at, plan.last_entry_at);
    store::save_admission(tx.conn(), &mut admission).await?;
    touch(tx);
    Ok(())
}

/// Whoever was let in to a showing that does not take place leaves the hall for the foyer; whoever stood there since
/// an earlier egress is not counted any more.
async fn empty_hall(tx: &mut Tx, admission: &Admission, was: AdmissionState) -> Result<(), Error> {
    let inside = i64::from(admission.inside());
    let is_in = matches!(was, AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running);
    let is_out = matches!(was, AdmissionState::Egress | AdmissionState::Turnover | AdmissionState::Aborted);
    if is_in && inside > 0 {
        let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
        count(tx, hall, -inside, Quality::Estimated).await?;
        count(tx, foyer, inside, Quality::Estimated).await?;
    } else if is_out {
        leave(tx, admission).await?;
    }
    Ok(())
}

/// A showing is cancelled: nobody is admitted any more.
pub(crate) async fn showing_cancelled(tx: &mut Tx, showing: Uuid) -> Result<(), Error> {
    let mut admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    if admission.state == AdmissionState::Cancelled {
        return Ok(());
    }
    let was = std::mem::replace(&mut admission.state, AdmissionState::Cancelled);
    admission.state_since = Some(tx.now());
    admission.shut_at = admission.shut_at.or(admission.state_since);
    store::save_admission(tx.conn(), &mut admission).await?;
    store::steps::settle(tx.conn(), &showing.to_string()).await?;
    empty_hall(tx, &admission, was).await?;
    end_calls(tx, &admission).await?;
    tell_admission(tx, &admission).await
}
