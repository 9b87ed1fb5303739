//! Barriers commanded, confirmed and kept open, each in a given transaction. No proto, no commit.
//!
//! Lock order: the site, then the lane. The site's live stream is what the attendant's page follows.

use kernel::{Tx, db::Repeat};
use uuid::Uuid;

use super::{lanes::Seen, lock_site, tell_site, touch_site};
use crate::{
    domain::{
        counted::TELL_AGAIN,
        gates::{Action, Command, CommandState, Confirmation, Hold, Lane, Over, PERISHES, Step},
        lanes::Direction,
    },
    error::Error,
    store,
};

/// The topic of the lanes' live orders; the key is the lane's id.
pub(crate) const ORDERS_TOPIC: &str = "lane-orders";

/// What staff want of a barrier.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) key: Uuid,
    pub(crate) lane: String,
    pub(crate) action: Action,
    pub(crate) reason: String,
    pub(crate) by: String,
}

impl Wanted {
    fn command(self, tx: &Tx, state: CommandState) -> Command {
        let confirmation = if state == CommandState::Rejected { Confirmation::None } else { Confirmation::Accepted };
        Command {
            id: kernel::values::new_id(tx.now()),
            key: self.key,
            lane: self.lane,
            action: self.action,
            state,
            confirmation,
            reason: self.reason,
            by: self.by,
            requested_at: tx.now(),
            expires_at: tx.now() + PERISHES,
            failure: String::new(),
        }
    }
}

/// A car may pass: its lane's barrier is told. None: the lane has none. To the controller that asked, the answer is the
/// dispatch.
pub(super) async fn open_for(tx: &mut Tx, seen: &Seen) -> Result<Option<Command>, Error> {
    let wanted = Wanted {
        key: seen.key,
        lane: seen.lane.clone(),
        action: Action::Open,
        reason: String::new(),
        by: "lane".to_owned(),
    };
    let state = if seen.by_controller { CommandState::Dispatched } else { CommandState::Accepted };
    let command = wanted.command(tx, state);
    if !store::gates::insert(tx.conn(), &command).await? {
        return Ok(None);
    }
    tx.touch(ORDERS_TOPIC, seen.lane.as_str());
    Ok(Some(command))
}

async fn lock_lane(tx: &mut Tx, lane: &str) -> Result<Lane, Error> {
    store::gates::lock_lane(tx.conn(), lane).await?.ok_or_else(|| Error::NoLane(lane.to_owned()))
}

async fn lane_changed(tx: &mut Tx, lane: &Lane) -> Result<(), Error> {
    let now = tx.now();
    store::gates::update_lane(tx.conn(), lane, now).await?;
    tx.touch(ORDERS_TOPIC, lane.id.as_str());
    touch_site(tx, None).await
}

/// Staff command a barrier. The same key again gets its command as it is now.
pub(crate) async fn command(tx: &mut Tx, wanted: Wanted) -> Result<Command, Error> {
    lock_site(tx).await?;
    let mut lane = lock_lane(tx, &wanted.lane).await?;
    let now = tx.now();
    if let Some(first) = store::gates::command_of_key(tx.conn(), wanted.key).await? {
        if (&first.lane, first.action) != (&wanted.lane, wanted.action) {
            return Err(Repeat::KeyReused.into());
        }
        return first.step(Step::Time, now).map_err(|Over(state)| Error::CommandOver(state));
    }
    let evacuating = store::gates::evacuating(tx.conn()).await?;
    let refused = lane.takes(wanted.action, evacuating).err();
    let state = if refused.is_some() { CommandState::Rejected } else { CommandState::Accepted };
    let mut command = wanted.command(tx, state);
    if let Some(why) = refused {
        why.clone_into(&mut command.failure);
    } else if command.action != Action::Open {
        cancel_others(tx, &lane.id).await?;
        lane.hold = (command.action == Action::HoldOpen).then_some(Hold::by_staff(lane.hold));
    }
    store::gates::insert(tx.conn(), &command).await?;
    lane_changed(tx, &lane).await?;
    Ok(command)
}

/// What was told before must not undo what is told now.
async fn cancel_others(tx: &mut Tx, lane: &str) -> Result<(), Error> {
    let now = tx.now();
    for command in store::gates::unfinished(tx.conn(), Some(lane)).await? {
        if command.action != Action::Open
            && let Ok(cancelled) = command.step(Step::Cancelled, now)
        {
            store::gates::save(tx.conn(), &cancelled).await?;
        }
    }
    Ok(())
}

/// The controller of `lane` says how far a command has come.
pub(crate) async fn confirm(tx: &mut Tx, lane: &str, id: Uuid, step: Step) -> Result<Command, Error> {
    lock_site(tx).await?;
    let mut lane = lock_lane(tx, lane).await?;
    let now = tx.now();
    let command =
        store::gates::command(tx.conn(), id).await?.filter(|it| it.lane == lane.id).ok_or(Error::NoCommand)?;
    let before = command.state;
    let command = command.step(step.clone(), now).map_err(|Over(state)| Error::CommandOver(state))?;
    if command.state == before {
        return Ok(command);
    }
    store::gates::save(tx.conn(), &command).await?;
    if step == Step::Confirmed && command.action != Action::Open {
        lane.held_open = command.action == Action::HoldOpen;
    }
    lane_changed(tx, &lane).await?;
    Ok(command)
}

/// What a controller is to do now. What is told here counts as dispatched.
pub(crate) async fn orders(tx: &mut Tx, lane: &str) -> Result<(Lane, Vec<Command>), Error> {
    let lane = lock_lane(tx, lane).await?;
    let now = tx.now();
    let mut orders = Vec::new();
    for command in store::gates::unfinished(tx.conn(), Some(&lane.id)).await? {
        if command.state == CommandState::Executing {
            continue;
        }
        let before = command.state;
        if let Ok(command) = command.step(Step::Dispatched, now) {
            if command.state != before {
                store::gates::save(tx.conn(), &command).await?;
            }
            orders.push(command);
        }
    }
    Ok((lane, orders))
}

/// A heartbeat.
pub(crate) async fn report(
    tx: &mut Tx,
    lane: &str,
    held_open: bool,
    fault: String,
) -> Result<(Lane, Vec<Command>), Error> {
    let now = tx.now();
    let known = store::gates::lane(tx.conn(), lane).await?.ok_or_else(|| Error::NoLane(lane.to_owned()))?;
    let as_before = |lane: &Lane| lane.held_open == held_open && lane.fault == fault;
    let reported = Lane { heartbeat_at: Some(now), held_open, fault: fault.clone(), ..known.clone() };
    if as_before(&known) && known.state(now) == reported.state(now) {
        store::gates::beat(tx.conn(), lane, now).await?;
    } else {
        lock_site(tx).await?;
        let known = lock_lane(tx, lane).await?;
        lane_changed(tx, &Lane { heartbeat_at: Some(now), held_open, fault, ..known }).await?;
    }
    orders(tx, lane).await
}

/// The house is evacuated, or no longer: ways out are open, or closed behind each car again; no way in opens meanwhile, and
/// those that staff held open are shut. Whoever wants one open after the all-clear says so again.
pub(crate) async fn evacuation(tx: &mut Tx, evacuating: bool) -> Result<(), Error> {
    match lock_site(tx).await {
        // No house file yet: there is no car park.
        Err(Error::NotSetUp) => return Ok(()),
        locked => locked?,
    }
    store::gates::set_evacuating(tx.conn(), evacuating).await?;
    for lane in store::gates::lanes(tx.conn()).await? {
        let as_is = match lane.direction {
            Direction::In => !evacuating || lane.hold.is_none(),
            Direction::Out => lane.hold.is_some_and(Hold::is_evacuation) == evacuating,
        };
        if as_is {
            continue;
        }
        let mut lane = lock_lane(tx, &lane.id).await?;
        lane.hold = match lane.direction {
            Direction::In => None,
            Direction::Out => Hold::in_evacuation(lane.hold, evacuating),
        };
        cancel_others(tx, &lane.id).await?;
        lane_changed(tx, &lane).await?;
    }
    Ok(())
}

/// Time goes on: commands perish, links are lost, what others were told gets old.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let (mut changed, mut turned, mut heard) = (false, false, false);
    if store::gates::lanes(tx.conn()).await?.is_empty() {
        return Ok(());
    }
    lock_site(tx).await?;
    for command in store::gates::unfinished(tx.conn(), None).await? {
        let before = command.state;
        if let Ok(command) = command.step(Step::Time, now)
            && command.state != before
        {
            store::gates::save(tx.conn(), &command).await?;
            changed = true;
        }
    }
    for lane in store::gates::lanes(tx.conn()).await? {
        // Whoever was told how full the site is hears when a lane counts no more, and when it does again.
        turned |= store::gates::told(tx.conn(), &lane.id, lane.state(now)).await?;
        heard |= lane.is_heard(now) == Some(true);
    }
    let again = heard && !store::is_told_since(tx.conn(), now - TELL_AGAIN).await?;
    // Its age is on the attendant's page, too.
    if changed || turned || again {
        touch_site(tx, None).await?;
    }
    if turned || again {
        tell_site(tx).await?;
    }
    Ok(())
}
