//! A vehicle at a lane: judged, counted and told, in a given transaction. No proto, no commit.

mod again;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::Text};
use uuid::Uuid;

use self::again::{again, still_waits};
use super::{coaches, gates, holding, tell_counted, touch_site, unnamed};
use crate::{
    domain::{
        BayClass, Right, RightState, Site,
        coaches::welcome,
        gates::{Command, Step},
        lanes::{Credential, Direction, Verdict, Whose, bay_lost, judge_entry, judge_walk_in, whose},
    },
    error::Error,
    events,
    store::{self, counting::LeftUnseen},
};

/// What a lane saw.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: Uuid,
    pub(crate) lane: String,
    pub(crate) direction: Direction,
    pub(crate) credential: Credential,
    /// The lane's own controller asks: what it is answered, it has been told.
    pub(crate) by_controller: bool,
}

/// What the lane is answered.
#[derive(Debug)]
pub(crate) struct LaneAnswer {
    pub(crate) verdict: Verdict,
    pub(crate) message: Text,
    pub(crate) right: Option<Right>,
    /// What the lane's barrier is told, if it has one.
    pub(crate) command: Option<Command>,
}

/// A vehicle at a lane. The site must be locked. Exits always open: never a trapped car.
pub(crate) async fn record_lane(tx: &mut Tx, mut seen: Seen) -> Result<LaneAnswer, Error> {
    let now = tx.now();
    store::lock_classes(tx.conn(), None).await?;
    let site = store::site(tx.conn(), now).await?;
    if let Some((verdict, at)) = store::lane_answer(tx.conn(), seen.key).await? {
        if !is_another(tx, &seen, at).await? {
            return again(tx, &seen, verdict, &site).await;
        }
        note_reused_key(tx, &seen).await?;
        seen.key = kernel::values::new_id(now);
    }
    if seen.direction == Direction::In && store::gates::evacuating(tx.conn()).await? {
        again::stays_out(tx, &seen, &site).await?;
        return refuse(tx, &seen, Verdict::Evacuated, &site).await;
    }
    if let Credential::Visit(id, generation) | Credential::Ticket(id, generation) = seen.credential
        && seen.direction == Direction::In
        && store::is_replaced(tx.conn(), id, generation).await?
    {
        return refuse(tx, &seen, Verdict::Replaced, &site).await;
    }
    let right = match visit_of(tx, &seen.credential, seen.direction).await? {
        Whose::Of(visit) => store::lock_right(tx.conn(), visit).await?,
        Whose::Several if seen.direction == Direction::In => {
            return refuse(tx, &seen, Verdict::Ambiguous, &site).await;
        }
        Whose::Several | Whose::Nobodys => None,
    };
    if let Some(answer) = still_waits(tx, &seen, right.as_ref(), &site).await? {
        return Ok(answer);
    }
    let unseen = match &right {
        Some(Right { state: RightState::CheckedIn, entered_at: Some(at), .. })
            if seen.direction == Direction::In && *at + SOONEST_BACK <= now =>
        {
            store::counting::left_unseen(tx.conn(), *at).await?
        }
        _ => None,
    };
    let counted = right.as_ref().is_some_and(Right::is_counted);
    let mut passage = match seen.direction {
        Direction::In => pass_in(&seen.credential, right, &site, unseen, now)?,
        Direction::Out => pass_out(&seen.credential, right, &site, now),
    };
    if let (Some(LeftUnseen::Counted(exit)), Some(right)) = (unseen, &passage.right)
        && passage.right_changed
    {
        store::counting::name_exit(tx.conn(), exit, right.visit).await?;
    }
    // Its code once more at a barrier that is slow to open: the car has been counted out already.
    if seen.direction == Direction::Out
        && !passage.right_changed
        && let Some(right) = &passage.right
        && (right.state == RightState::Left || has_left(tx, right).await?)
    {
        passage.counts = None;
    }
    if seen.direction == Direction::Out {
        match &passage.right {
            Some(_) if passage.right_changed => unnamed::take_back(tx, &seen.lane).await?,
            Some(_) => {}
            None => passage.counts = unnamed::class_of(tx, &seen, passage.counts, &site.classes).await?,
        }
    }
    if let Some(right) = passage.right.as_mut().filter(|right| passage.right_changed && right.is_counted() && !counted)
    {
        holding::give_again(tx, right).await?;
    }
    let is_lost =
        passage.verdict == Verdict::Cancelled && passage.right.as_ref().is_some_and(|it| it.lost_at.is_some());
    let mut message = match is_lost {
        true => bay_lost(&site.alternatives),
        false => passage.verdict.message(seen.direction, &site.alternatives),
    };
    let coach = passage.right.as_mut().filter(|right| {
        passage.right_changed
            && seen.direction == Direction::In
            && right.class == BayClass::Coach
            && site.kerb_places > 0
    });
    let moved = match coach {
        Some(coach) => {
            let moved = coaches::arrived(tx, coach).await?;
            message = welcome(coach.stops);
            moved
        }
        None => false,
    };
    save_passage(tx, &seen, &passage, &site).await?;
    if let Some(right) = passage.right.as_ref().filter(|_| moved) {
        tx.append(&right.visit.to_string(), &events::right_moved(right)).await?;
    }
    let command = match passage.verdict {
        Verdict::Open => gates::open_for(tx, &seen).await?,
        _ => None,
    };
    Ok(LaneAnswer { command, verdict: passage.verdict, message, right: passage.right })
}

/// A way out tells of another car under a key that it has used before: its driver is not at fault. The car gets a key of its
/// own, the same for each repeat.
pub(crate) async fn key_for_another(tx: &mut Tx, seen: &Seen, request_hash: &[u8]) -> Result<Uuid, Error> {
    note_reused_key(tx, seen).await?;
    Ok(Uuid::new_v5(&seen.key, request_hash))
}

/// Staff see that somebody must look at a controller that uses keys again. Where staff let a car out, it is not its doing.
async fn note_reused_key(tx: &mut Tx, seen: &Seen) -> Result<(), Error> {
    tracing::warn!(lane = %seen.lane, "an idempotency key was used again for another car; it is judged as any other");
    if !seen.by_controller {
        return Ok(());
    }
    let now = tx.now();
    store::gates::note_reused_key(tx.conn(), &seen.lane, now).await?;
    touch_site(tx, None).await
}

/// No car stands at a lane for so long.
const LONGEST_AT_A_LANE: TimeDelta = TimeDelta::days(1);

/// Whether a lane tells of another car than it did with this key, `at` an instant: what its barrier was told is over, or it
/// was on another day; and so long ago that the answer is forgotten, for else it would have been given again.
async fn is_another(tx: &mut Tx, seen: &Seen, at: DateTime<Utc>) -> Result<bool, Error> {
    let now = tx.now();
    let command = store::gates::command_of_key(tx.conn(), seen.key).await?;
    let is_over = |command: Command| command.step(Step::Time, now).is_ok_and(|it| it.state.is_over());
    Ok(command.is_some_and(is_over) || at + LONGEST_AT_A_LANE <= now)
}

/// Nobody parks, leaves and comes back sooner: until then it is the same car, read once more at a barrier that is slow.
pub(super) const SOONEST_BACK: TimeDelta = TimeDelta::minutes(3);

/// The lane stays shut, and nothing is counted.
async fn refuse(tx: &mut Tx, seen: &Seen, verdict: Verdict, site: &Site) -> Result<LaneAnswer, Error> {
    let passage = Passage::refused(verdict, tx.now());
    save_passage(tx, seen, &passage, site).await?;
    let message = verdict.message(seen.direction, &site.alternatives);
    Ok(LaneAnswer { verdict, message, right: None, command: None })
}

/// So long before its window a car may have come, at a lane that had no link.
const EARLIEST: TimeDelta = TimeDelta::hours(12);

async fn has_left(tx: &mut Tx, right: &Right) -> Result<bool, Error> {
    let left = store::counting::left_after(tx.conn(), right.visit, right.window.from - EARLIEST).await?;
    Ok(left.is_some())
}

/// The visit behind what a vehicle showed.
pub(super) async fn visit_of(tx: &mut Tx, credential: &Credential, direction: Direction) -> Result<Whose, Error> {
    let now = tx.now();
    match credential {
        Credential::Visit(visit, _) | Credential::Plate(visit) => Ok(Whose::Of(*visit)),
        Credential::Ticket(ticket, _) => {
            Ok(store::visit_of_ticket(tx.conn(), *ticket).await?.map_or(Whose::Nobodys, Whose::Of))
        }
        Credential::Reference(reference) => {
            Ok(whose(&store::rights_of_reference(tx.conn(), reference).await?, direction, now))
        }
        Credential::Anonymous(_)
        | Credential::Unknown
        | Credential::Forged
        | Credential::UnknownPlate
        | Credential::Unreadable
        | Credential::Late => Ok(Whose::Nobodys),
    }
}

/// How a line comes into the lanes' log.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Decided,
    /// Told afterwards, by a lane that had no link.
    Journal,
    ByHand,
}

/// A decided passage: the verdict, the class whose count changes, the right as it is now.
pub(super) struct Passage {
    pub(super) verdict: Verdict,
    pub(super) counts: Option<BayClass>,
    pub(super) right: Option<Right>,
    pub(super) right_changed: bool,
    pub(super) kind: Kind,
    /// When the vehicle was there.
    pub(super) at: DateTime<Utc>,
}

impl Passage {
    const fn refused(verdict: Verdict, at: DateTime<Utc>) -> Self {
        Self { verdict, counts: None, right: None, right_changed: false, kind: Kind::Decided, at }
    }
}

fn pass_in(
    credential: &Credential,
    mut right: Option<Right>,
    site: &Site,
    unseen: Option<LeftUnseen>,
    now: DateTime<Utc>,
) -> Result<Passage, Error> {
    let count_of = |class: BayClass| {
        site.classes.iter().find(|count| count.class == class).copied().ok_or(Error::NoSuchClass(class))
    };
    let mut counts = None;
    let verdict = match (credential, &mut right) {
        (_, Some(right)) => {
            // A car that nobody has counted out has its room.
            let counted = unseen == Some(LeftUnseen::Uncounted);
            let room = counted || count_of(right.class)?.has_room();
            let verdict = judge_entry(site.state, right, room, unseen.is_some(), now);
            if verdict == Verdict::Open {
                right.state = RightState::CheckedIn;
                right.entered_at = Some(now);
                right.left_at = None;
                counts = (!counted).then_some(right.class);
            }
            verdict
        }
        (Credential::Anonymous(Some(class)), None) => {
            let verdict = judge_walk_in(site.state, count_of(*class)?);
            if verdict == Verdict::Open {
                counts = Some(*class);
            }
            verdict
        }
        (Credential::Forged, None) => Verdict::Forged,
        (Credential::UnknownPlate, None) => Verdict::UnknownPlate,
        (Credential::Unreadable, None) => Verdict::Unreadable,
        (Credential::Late, None) => Verdict::TooLate,
        (_, None) => Verdict::UnknownCode,
    };
    let right_changed = right.is_some() && verdict == Verdict::Open;
    Ok(Passage { verdict, counts, right_changed, right, kind: Kind::Decided, at: now })
}

fn pass_out(credential: &Credential, mut right: Option<Right>, site: &Site, now: DateTime<Utc>) -> Passage {
    let mut counts = match credential {
        // A class that there is not here is not known: the car leaves all the same.
        Credential::Anonymous(class) => class.filter(|class| site.classes.iter().any(|count| count.class == *class)),
        _ => None,
    };
    let mut right_changed = false;
    if let Some(right) = &mut right {
        // Also of a right whose car nobody has seen come in: it has left, and its entry may still be told.
        counts = Some(right.class);
        if right.may_be_in() {
            right.state = RightState::Left;
            right.left_at = Some(now);
            right_changed = true;
        }
    }
    // Every car may leave; but what is said of one that has left must not let the next one in.
    let verdict = if *credential == Credential::Late { Verdict::TooLate } else { Verdict::Open };
    Passage { verdict, counts, right, right_changed, kind: Kind::Decided, at: now }
}

/// Writes it. `site` is as this transaction has read it under its lock.
pub(super) async fn save_passage(tx: &mut Tx, seen: &Seen, passage: &Passage, site: &Site) -> Result<(), Error> {
    let at = passage.at;
    let right = passage.right.as_ref();
    store::log_lane(
        tx.conn(),
        &store::LaneEvent {
            key: seen.key,
            lane: &seen.lane,
            direction: seen.direction,
            visit: right.map(|right| right.visit),
            // Of a car that passes: the one it is counted in. One that was counted before is in none.
            class: match passage.verdict {
                Verdict::Open => passage.counts,
                _ => right.map(|right| right.class),
            },
            verdict: passage.verdict,
            kind: match passage.kind {
                Kind::Decided => "decided",
                Kind::Journal => "journal",
                Kind::ByHand => "by_hand",
            },
            at,
        },
    )
    .await?;
    if let Some(right) = right.filter(|_| passage.right_changed) {
        store::save_right(tx.conn(), right).await?;
        let visit = right.visit.to_string();
        match seen.direction {
            Direction::In => {
                tx.append(&visit, &events::vehicle_entered(right.visit, &seen.lane, at)).await?;
                // Told of after it has left.
                if let Some(left) = right.left_at {
                    tx.append(&visit, &events::vehicle_left(right.visit, &seen.lane, left)).await?;
                    store::plates::forget(tx.conn(), right.visit).await?;
                }
            }
            Direction::Out => {
                tx.append(&visit, &events::vehicle_left(right.visit, &seen.lane, at)).await?;
                store::plates::forget(tx.conn(), right.visit).await?;
            }
        }
    }
    if let Some(class) = passage.counts {
        count(tx, seen, passage, class).await?;
        let visit = right.filter(|_| passage.right_changed).map(|right| right.visit);
        match seen.direction {
            Direction::In => {
                store::occupancy::open_session(tx.conn(), class, visit, &seen.lane, at).await?;
                if let Some(left) = right.filter(|_| visit.is_some()).and_then(|right| right.left_at) {
                    store::occupancy::close_session(tx.conn(), class, visit, &seen.lane, left).await?;
                }
            }
            Direction::Out => store::occupancy::close_session(tx.conn(), class, visit, &seen.lane, at).await?,
        }
        tell_counted(tx, site).await?;
    }
    Ok(())
}

/// Counts a car. What a lane tells afterwards may be older than somebody's count, or than the exit of the same car.
async fn count(tx: &mut Tx, seen: &Seen, passage: &Passage, class: BayClass) -> Result<(), Error> {
    use store::counting;
    let (at, told_late) = (passage.at, !matches!(passage.kind, Kind::Decided));
    if told_late && counting::is_in_a_count(tx.conn(), class, seen.direction, at).await? {
        return Ok(());
    }
    if told_late && seen.direction == Direction::In && counting::settle_exit_at_zero(tx.conn(), class, at).await? {
        return Ok(());
    }
    if !counting::count_car(tx.conn(), class, seen.direction).await? {
        counting::keep_exit_at_zero(tx.conn(), seen.key, class, at).await?;
    }
    Ok(())
}
