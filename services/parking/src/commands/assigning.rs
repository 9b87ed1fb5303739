//! Rights that a partner assigns, and its cars that come in and leave, each in a given transaction. No proto, no commit.

use chrono::TimeDelta;
use kernel::{Tx, ticket_code};
use uuid::Uuid;

use super::{
    closures, coaches, holding,
    lanes::{LaneAnswer, Seen, record_lane},
    plates::{self, Noted},
    touch_site,
};
use crate::{
    domain::{
        Channel, Right, RightState,
        assigning::{Cancelled, Known, Taken, Wanted, judge, judge_cancellation},
        coaches::Stops,
        lanes::{Credential, Direction},
        meals::Meal,
    },
    error::Error,
    store,
};

/// Takes a right, or its next version. Whether it is new. There is no showing: its window is as the partner says.
pub(crate) async fn assign(
    tx: &mut Tx,
    partner: &str,
    wanted: &Wanted,
    plate: Option<Noted>,
) -> Result<(Right, bool), Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    store::lock_classes(tx.conn(), None).await?;
    let before = store::lock_right(tx.conn(), wanted.id).await?;
    let assigned = store::partners::assigned(tx.conn(), wanted.id).await?;
    let kept = store::plates::fingerprint(tx.conn(), wanted.id).await?;
    let same_plate = kept.as_deref() == plate.as_ref().map(|plate| plate.fingerprint.as_slice());
    let known = before.as_ref().map(|right| Known {
        own: assigned.as_ref().is_some_and(|(of, _)| of == partner),
        version: assigned.as_ref().map_or(1, |(_, version)| *version),
        // Of a car that has left no plate is kept.
        same: right.class == wanted.class && right.window == wanted.window && (same_plate || !right.keeps_plate()),
    });
    let version = known.map_or(0, |known| known.version);
    let mut right = match (judge(known, wanted.version), before.clone()) {
        (Taken::New, _) => new(wanted),
        (Taken::Repeated, Some(right)) => return Ok((right, false)),
        (Taken::Amended, Some(right)) => right,
        (Taken::Collides, _) => return Err(Error::RightCollides),
        (_, _) => return Err(Error::StaleVersion(version)),
    };
    match right.state {
        RightState::Confirmed => right.class = wanted.class,
        // Who is in is in: only the times move.
        RightState::CheckedIn if right.class == wanted.class => {}
        state => return Err(Error::NotAmendable(state)),
    }
    let site = store::site(tx.conn(), now).await?;
    if site.closure.is_some_and(|closure| closure.refuses(wanted.window)) {
        return Err(Error::of_site(&site));
    }
    let given = holding::given_without(tx, wanted.window, before.as_ref()).await?;
    // Only what is new: one that was assigned before keeps its class.
    if before.as_ref().is_none_or(|before| before.class != wanted.class) {
        holding::require_sold(&given, wanted.class, Channel::Partner)?;
    }
    holding::require_bay(&given, wanted.class, wanted.window, Some(Channel::Partner), now)?;
    (right.window, right.given) = (wanted.window, wanted.window);
    let mut moved = [(before.clone().unwrap_or_else(|| Right { state: RightState::Expired, ..right.clone() }), right)];
    coaches::follow(tx, &mut moved).await?;
    let [(_, right)] = moved;
    store::save_right(tx.conn(), &right).await?;
    store::partners::save_assigned(tx.conn(), wanted.id, partner, wanted.version).await?;
    // Without one, too: the car of the version before is not the one that comes.
    plates::set_plate(tx, wanted.id, plate).await?;
    closures::apply(tx, &site, vec![right.clone()]).await?;
    touch_site(tx, None).await?;
    Ok((right, before.is_none()))
}

fn new(wanted: &Wanted) -> Right {
    Right {
        visit: wanted.id,
        showing: Uuid::nil(),
        class: wanted.class,
        state: RightState::Confirmed,
        window: wanted.window,
        given: wanted.window,
        stops: Stops::default(),
        lead: None,
        early: TimeDelta::zero(),
        stay: None,
        meal: Meal::default(),
        expires_at: wanted.window.until,
        reference: ticket_code::reference(wanted.id),
        // The partner pays by contract, or not at all.
        charges: Vec::new(),
        entered_at: None,
        left_at: None,
        cancelled_at: None,
        lost_at: None,
    }
}

/// A partner cancels a right of its own, in the version that it means. Its bay is free at once, and its plate forgotten.
/// The right as it is then, and its version.
pub(crate) async fn cancel(tx: &mut Tx, partner: &str, id: Uuid, version: Option<u32>) -> Result<(Right, u32), Error> {
    let known = match store::partners::assigned(tx.conn(), id).await? {
        Some((of, _)) if of == partner => {
            // Read again below, where nobody changes it meanwhile.
            super::lock_site(tx).await?;
            store::partners::assigned(tx.conn(), id).await?.map_or(1, |(_, version)| version)
        }
        _ => return Err(Error::NoRight),
    };
    let right = store::right(tx.conn(), id).await?.ok_or(Error::NoRight)?;
    match judge_cancellation(right.state, right.window.until <= tx.now(), known, version) {
        Cancelled::Already => return Ok((right, known)),
        Cancelled::Stale => return Err(Error::StaleVersion(known)),
        Cancelled::TooLate => return Err(Error::NotCancellable(right.state)),
        Cancelled::Now => {}
    }
    super::cancel(tx, id).await?;
    plates::set_plate(tx, id, None).await?;
    let right = store::right(tx.conn(), id).await?.ok_or(Error::NoRight)?;
    Ok((right, known))
}

/// A car of a partner's right is at its gate, or leaves. Named by the partner, once.
pub(crate) async fn session(
    tx: &mut Tx,
    partner: &str,
    key: Uuid,
    right: Uuid,
    direction: Direction,
) -> Result<LaneAnswer, Error> {
    store::lock_site(tx.conn()).await?;
    if store::partners::assigned(tx.conn(), right).await?.is_none_or(|(of, _)| of != partner) {
        return Err(Error::NoRight);
    }
    if let Some((verdict, _)) = store::lane_answer(tx.conn(), key).await? {
        let now = tx.now();
        let message = verdict.message(direction, &store::site(tx.conn(), now).await?.alternatives);
        return Ok(LaneAnswer { verdict, message, right: store::right(tx.conn(), right).await?, command: None });
    }
    let credential = Credential::Plate(right);
    record_lane(tx, Seen { key, lane: partner.to_owned(), direction, credential, by_controller: false }).await
}
