//! A lane that has lost its link: the list it works from, and what it did meanwhile, each in a given transaction. No
//! proto, no commit.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{
    holding,
    lanes::{Kind, Passage, SOONEST_BACK, Seen, save_passage, visit_of},
};
use crate::{
    domain::{
        BayClass, Right, RightState,
        gates::{LIST_HOLDS, Lane},
        lanes::{Credential, Direction, Verdict, Whose, class_here},
    },
    error::Error,
    store::{self, gates::ListedRow},
};

/// A list for a lane.
pub(crate) struct LocalList {
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) valid_until: DateTime<Utc>,
    pub(crate) rights: Vec<ListedRow>,
    /// What drivers are told.
    pub(crate) without_link: Text,
}

/// Today's rights, for a lane that may lose its link.
pub(crate) async fn local_list(tx: &mut Tx, lane: &str) -> Result<LocalList, Error> {
    let now = tx.now();
    let valid_until = now + LIST_HOLDS;
    let known = store::gates::lane(tx.conn(), lane).await?.ok_or_else(|| Error::NoLane(lane.to_owned()))?;
    store::gates::list_fetched(tx.conn(), lane, valid_until).await?;
    let rights = store::gates::listed(tx.conn(), known.direction, now, valid_until).await?;
    Ok(LocalList { issued_at: now, valid_until, rights, without_link: Lane::without_link(known.direction) })
}

/// A car that has passed.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) key: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) credential: Credential,
    pub(crate) by_hand: bool,
    pub(crate) class: BayClass,
}

/// What became of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) taken: u32,
    pub(crate) known_before: u32,
    pub(crate) unknown: u32,
    pub(crate) by_hand: u32,
}

/// No journal is older: a lane that says so had not set its clock yet when the car passed.
const OLDEST: TimeDelta = TimeDelta::days(31);

/// Takes what a lane did without its link: each entry once, in the order of time. It has happened, so nothing is refused.
pub(crate) async fn submit(tx: &mut Tx, lane: &str, mut entries: Vec<Passed>) -> Result<Summary, Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let direction = store::gates::lane(tx.conn(), lane).await?.ok_or_else(|| Error::NoLane(lane.to_owned()))?.direction;
    entries.sort_by_key(|entry| (entry.at, entry.key));
    let mut summary = Summary::default();
    let site = store::site(tx.conn(), now).await?;
    for entry in entries {
        if store::lane_answer(tx.conn(), entry.key).await?.is_some() {
            summary.known_before += 1;
            continue;
        }
        let right = match visit_of(tx, &entry.credential, direction).await? {
            Whose::Of(visit) => store::lock_right(tx.conn(), visit).await?,
            Whose::Several | Whose::Nobodys => None,
        };
        // A device's clock that is ahead does not bring us into the future.
        let at = if entry.at < now - OLDEST { now } else { entry.at.min(now) };
        let class = class_here(entry.class, &site.classes);
        let counted = right.as_ref().is_some_and(Right::is_counted);
        let decided = match &right {
            Some(right) => {
                let around = (at - SOONEST_BACK, at + SOONEST_BACK);
                store::counting::was_decided(tx.conn(), right.visit, lane, direction, around).await?
            }
            None => false,
        };
        let (counts, mut right, right_changed) =
            if decided { (None, right, false) } else { passed(direction, right, at, class) };
        if let Some(right) = right.as_mut().filter(|_| right_changed && direction == Direction::In)
            && let Some(left) = store::counting::left_after(tx.conn(), right.visit, at).await?
        {
            // The way out had a link and told first.
            (right.state, right.left_at) = (RightState::Left, Some(left));
        }
        if let Some(right) = right.as_mut().filter(|right| right_changed && right.is_counted() && !counted) {
            holding::give_again(tx, right).await?;
        }
        summary.taken += 1;
        summary.by_hand += u32::from(entry.by_hand);
        summary.unknown +=
            u32::from(!right_changed && !decided && !matches!(entry.credential, Credential::Anonymous(_)));
        let kind = if entry.by_hand { Kind::ByHand } else { Kind::Journal };
        let seen = Seen {
            key: entry.key,
            lane: lane.to_owned(),
            direction,
            credential: entry.credential,
            by_controller: true,
        };
        let passage = Passage { verdict: Verdict::Open, counts, right_changed, right, kind, at };
        save_passage(tx, &seen, &passage, &site).await?;
    }
    Ok(summary)
}

/// Which class a car counts for, its right as it is then, and whether that has changed.
fn passed(
    direction: Direction,
    right: Option<Right>,
    at: DateTime<Utc>,
    class: Option<BayClass>,
) -> (Option<BayClass>, Option<Right>, bool) {
    let Some(mut right) = right else { return (class, None, false) };
    let own = Some(right.class);
    let changed = match (direction, right.state) {
        (Direction::In, RightState::Confirmed | RightState::Suspended | RightState::NoShow | RightState::Left) => {
            (right.state, right.entered_at, right.left_at) = (RightState::CheckedIn, Some(at), None);
            true
        }
        (Direction::Out, _) if right.may_be_in() => {
            (right.state, right.left_at) = (RightState::Left, Some(at));
            true
        }
        // In already: another car with the same code.
        (Direction::In, _) => return (class, None, false),
        (Direction::Out, _) => false,
    };
    (own, Some(right), changed)
}
