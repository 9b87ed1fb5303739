//! Calling people to the door: groups of a showing, and walk-ins by number.

use chrono::{NaiveDate, TimeDelta};
use kernel::{Tx, values::day_of};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{record, steps, touch};
use crate::{
    domain::{
        Admission, AdmissionState, Quality, Zone, calls,
        calls::{Group, GroupState},
        queue::{Number, NumberState},
        steps::{Change, GroupWas, group_moved, number_moved},
    },
    error::Error,
    events, store,
};

/// A call that nobody takes back is dropped by the monitors after that.
const CALLED_FOR: TimeDelta = TimeDelta::minutes(10);

/// How full the room before the doors is, whatever the house calls it: how many people, if that is known, and for how
/// many it is. It decides how many may be called at once.
pub(crate) fn foyer(zones: &[Zone]) -> Option<(Option<u32>, u32)> {
    let foyer = zones.iter().find(|zone| zone.is_foyer())?;
    Some(((foyer.quality != Quality::Degraded).then_some(foyer.count), foyer.capacity))
}

/// How many people may be called at once now.
async fn room_to_call(conn: &mut sqlx::PgConnection) -> Result<u32, Error> {
    let policy = store::policy(conn).await?;
    Ok(policy.room(foyer(&store::zones(conn).await?)))
}

/// Forms the groups of a showing: those that have not been called are formed anew.
pub(crate) async fn form_groups(tx: &mut Tx, showing: Uuid, by: &str) -> Result<(), Error> {
    let mut admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    if admission.state != AdmissionState::Planned && !admission.state.admits() {
        return Err(Error::NoCalls(admission.state));
    }
    store::dissolve_groups(tx.conn(), showing).await?;
    let taken = store::grouped(tx.conn(), showing).await?;
    let mut parties = store::parties_of(tx.conn(), showing).await?;
    parties.retain(|party| !taken.contains(&party.visit) && party.admitted() < party.size());
    let room = room_to_call(tx.conn()).await?;
    let known = store::groups(tx.conn(), &[showing]).await?;
    let mut number = known.iter().map(|group| group.number).max().unwrap_or(0);
    let assisted_already = known.iter().any(Group::needs_assistance);
    for group in calls::form(&parties, room) {
        // Whoever needs assistance and books after that call gets one of the next.
        let own = if group.assistance && !assisted_already {
            0
        } else {
            number += 1;
            number
        };
        let now = tx.now();
        store::add_group(tx.conn(), showing, own, &group, now).await?;
    }
    store::save_admission(tx.conn(), &mut admission).await?;
    record(tx, by, "form_call_groups", showing, json!({"groups": known.len()}), json!({"last": number})).await?;
    touch(tx);
    Ok(())
}

/// Moves a group's call. The state it is in already changes nothing.
pub(crate) async fn move_group(tx: &mut Tx, id: Uuid, to: GroupState, by: &str) -> Result<Group, Error> {
    let showing = store::group(tx.conn(), id).await?.ok_or(Error::NoGroup)?.showing;
    let admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    let mut group = store::group(tx.conn(), id).await?.ok_or(Error::NoGroup)?;
    if group.state == to {
        return Ok(group);
    }
    if !group.state.next().contains(&to) {
        return Err(Error::GroupNotNext);
    }
    if to == GroupState::Called
        && let Some(first) = calls::called_before(&store::groups(tx.conn(), &[showing]).await?, &group)
    {
        return Err(if first.needs_assistance() {
            Error::AssistanceFirst
        } else {
            Error::EarlierGroupFirst(first.number)
        });
    }
    if to.is_calling() && (admission.state == AdmissionState::Cancelled || is_over(&admission)) {
        return Err(Error::NoCalls(admission.state));
    }
    let said = |state: GroupState| json!({"group": group.number, "state": state.name()});
    record(tx, by, "move_call_group", id, said(group.state), said(to)).await?;
    let change = Change::Group { to, was: GroupWas::of(&group) };
    steps::note(tx, id, Some(showing), group_moved(&group, to), change, by).await?;
    take(tx, &admission, &mut group, to).await?;
    Ok(group)
}

const fn is_over(admission: &Admission) -> bool {
    !matches!(admission.state, AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall)
}

async fn take(tx: &mut Tx, admission: &Admission, group: &mut Group, to: GroupState) -> Result<(), Error> {
    let now = tx.now();
    let called_before = group.state.is_calling();
    group.state = to;
    if matches!(to, GroupState::Called | GroupState::Recalled) {
        group.called_at = Some(now);
    }
    store::save_group(tx.conn(), group).await?;
    store::raise_revisions(tx.conn(), &[group.showing]).await?;
    // Boarding is still called: nothing new for the monitors.
    if to.is_calling() && to != GroupState::Boarding || called_before && !to.is_calling() {
        let event = events::group_called(group, admission, now, CALLED_FOR);
        tx.append(&group.id.to_string(), &event).await?;
    }
    touch(tx);
    Ok(())
}

/// A group as it was before a step that is taken back. Whoever was called is called again.
pub(super) async fn restore(
    tx: &mut Tx,
    admission: &Admission,
    group: &mut Group,
    was: &GroupWas,
) -> Result<(), Error> {
    let now = tx.now();
    let is_other_call = group.state.is_calling() != was.state.is_calling();
    (group.state, group.called_at) = (was.state, was.called_at);
    store::save_group(tx.conn(), group).await?;
    store::raise_revisions(tx.conn(), &[group.showing]).await?;
    if is_other_call {
        let event = events::group_called(group, admission, now, CALLED_FOR);
        tx.append(&group.id.to_string(), &event).await?;
    }
    Ok(())
}

/// The doors are closed: nobody is called to them any more. Answers what was before of the groups that this ends.
pub(super) async fn end_calls(tx: &mut Tx, admission: &Admission) -> Result<Vec<GroupWas>, Error> {
    let mut ended = Vec::new();
    for mut group in store::groups(tx.conn(), &[admission.showing]).await? {
        if group.state != GroupState::Closed {
            ended.push(GroupWas::of(&group));
            take(tx, admission, &mut group, GroupState::Closed).await?;
        }
    }
    Ok(ended)
}

/// Gives out the day's next number.
pub(crate) async fn issue_number(tx: &mut Tx, showing: Option<Uuid>, people: u32, by: &str) -> Result<Number, Error> {
    let now = tx.now();
    if let Some(showing) = showing {
        let admission = store::admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
        if is_over(&admission) {
            return Err(Error::NoCalls(admission.state));
        }
    }
    let day = day_of(now);
    let number = store::next_number(tx.conn(), day).await?;
    let number = Number { day, number, showing, people, state: NumberState::Waiting, issued_at: now, called_at: None };
    store::add_number(tx.conn(), &number).await?;
    let after = json!({"number": number.number, "people": people, "showing": showing});
    record(tx, by, "issue_queue_number", format!("queue-{day}"), Value::Null, after).await?;
    touch(tx);
    Ok(number)
}

/// Calls a number, or notes that it came or did not. The state it is in already changes nothing.
pub(crate) async fn move_number(
    tx: &mut Tx,
    day: Option<NaiveDate>,
    number: u32,
    to: NumberState,
    by: &str,
) -> Result<Number, Error> {
    let now = tx.now();
    let day = day.unwrap_or_else(|| day_of(now));
    // Locks the day's queue; a number that is called again later is not the last one.
    store::touch_queue(tx.conn(), day, None).await?;
    let mut number = store::number(tx.conn(), day, number).await?.ok_or(Error::NoNumber)?;
    if number.state == to {
        return Ok(number);
    }
    if !number.state.next().contains(&to) {
        return Err(Error::NumberNotNext);
    }
    let last_called = store::last_called(tx.conn(), day).await?;
    if to == NumberState::Called {
        store::touch_queue(tx.conn(), day, Some(number.number)).await?;
    }
    let said = |state: NumberState| json!({"number": number.number, "state": state.name()});
    record(tx, by, "move_queue_number", format!("queue-{day}"), said(number.state), said(to)).await?;
    let change = Change::Number { to, was: number.state, called_at: number.called_at, last_called };
    steps::note(tx, about(day, number.number), number.showing, number_moved(&number, to), change, by).await?;
    number.state = to;
    if to.is_calling() {
        number.called_at = Some(now);
    }
    store::save_number(tx.conn(), &number).await?;
    tell_number(tx, &number).await?;
    touch(tx);
    Ok(number)
}

/// The monitors call a number, or no longer.
pub(super) async fn tell_number(tx: &mut Tx, number: &Number) -> Result<(), Error> {
    let event = events::queue_number_called(number, tx.now(), CALLED_FOR);
    tx.append(&format!("queue-{}", number.day), &event).await?;
    Ok(())
}

/// What a step of a number is about.
fn about(day: NaiveDate, number: u32) -> String {
    format!("{day}/{number}")
}

/// The day and the number that a step is about.
pub(super) fn read_about(about: &str) -> Option<(NaiveDate, u32)> {
    let (day, number) = about.split_once('/')?;
    Some((day.parse().ok()?, number.parse().ok()?))
}
