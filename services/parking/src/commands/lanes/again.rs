//! The same car once more at the same lane, in a given transaction. It counts no other. No proto, no commit.

use kernel::Tx;

use super::{Kind, LaneAnswer, Passage, SOONEST_BACK, Seen, gates, save_passage};
use crate::{
    domain::{
        Right, RightState, Site,
        gates::{CommandState, Step},
        lanes::{Direction, Verdict},
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
