//! The same car once more at the same lane, in a given transaction. It counts no other. No proto, no commit.

use kernel::Tx;

use super::{Kind, LaneAnswer, Passage, SOONEST_BACK, Seen, gates, pass_out, save_passage, visit_of};
use crate::{
    domain::{
        Right, RightState, Site,
        gates::{CommandState, Step},
        lanes::{Direction, Verdict, Whose},
    },
    error::Error,
    store,
};

/// A car that was let in and whose barrier has not opened, or not yet: it shows its code once more. It is counted already,
/// and the house takes it for one that is in; but it stands outside.
pub(super) async fn still_waits(
    tx: &mut Tx,
    seen: &Seen,
    right: Option<&Right>,
    site: &Site,
) -> Result<Option<LaneAnswer>, Error> {
    let now = tx.now();
    let let_in = right.filter(|right| {
        seen.direction == Direction::In
            && right.state == RightState::CheckedIn
            && right.entered_at.is_some_and(|at| now < at + SOONEST_BACK)
    });
    let Some(right) = let_in else { return Ok(None) };
    let told = store::gates::last_let_in(tx.conn(), right.visit, &seen.lane, now - SOONEST_BACK).await?;
    let Some(Ok(command)) = told.map(|command| command.step(Step::Time, now)) else { return Ok(None) };
    let under_way = match command.state {
        CommandState::Failed | CommandState::Expired => None,
        state if state.is_over() => return Ok(None),
        _ => Some(command),
    };
    let verdict = Verdict::Open;
    let passage = Passage {
        verdict,
        counts: None,
        right: Some(right.clone()),
        right_changed: false,
        kind: Kind::Decided,
        at: now,
    };
    save_passage(tx, seen, &passage, site).await?;
    let command = match under_way {
        Some(command) => Some(command),
        None => gates::open_for(tx, seen).await?,
    };
    let message = verdict.message(seen.direction, &site.alternatives);
    Ok(Some(LaneAnswer { verdict, message, right: passage.right, command }))
}

/// The house is being evacuated, and a car stands at a way in that was let in a moment before: its barrier has not opened, and
/// does not. It is counted out again, and may come in as one that has left.
pub(super) async fn stays_out(tx: &mut Tx, seen: &Seen, site: &Site) -> Result<(), Error> {
    let now = tx.now();
    let Whose::Of(visit) = visit_of(tx, &seen.credential, seen.direction).await? else { return Ok(()) };
    let Some(right) = store::lock_right(tx.conn(), visit).await? else { return Ok(()) };
    let since = now - SOONEST_BACK;
    if right.state != RightState::CheckedIn || right.entered_at.is_none_or(|at| at <= since) {
        return Ok(());
    }
    let told = store::gates::last_let_in(tx.conn(), visit, &seen.lane, since).await?;
    let Some(Ok(command)) = told.map(|command| command.step(Step::Time, now)) else { return Ok(()) };
    if !matches!(command.state, CommandState::Failed | CommandState::Expired) {
        return Ok(());
    }
    let out = Seen { key: kernel::values::new_id(now), direction: Direction::Out, ..seen.clone() };
    let passage = pass_out(&seen.credential, Some(right), site, now);
    save_passage(tx, &out, &passage, site).await
}

/// A car is told of once more that its lane has told of in its journal: it is counted already. A way out opens all the same.
pub(super) async fn again(tx: &mut Tx, seen: &Seen, verdict: Verdict, site: &Site) -> Result<LaneAnswer, Error> {
    let command = match (seen.direction, store::gates::command_of_key(tx.conn(), seen.key).await?) {
        (_, Some(command)) => Some(command),
        (Direction::Out, None) if verdict == Verdict::Open => gates::open_for(tx, seen).await?,
        (Direction::In | Direction::Out, None) => None,
    };
    let message = verdict.message(seen.direction, &site.alternatives);
    Ok(LaneAnswer { verdict, message, right: None, command })
}
