//! The beginning of a visit: recorded before anything is held, so that even after a crash somebody
//! lets go of what was held; then held, extended, or refused.

use chrono::{DateTime, Utc};
use kernel::{Tx, db::Repeat, values::Text};
use uuid::Uuid;

use super::{limits, lock, save, take};
use crate::{
    domain::{
        self, Bay, Contact, Item, Meal, Money, Part, PartyLine, Refusal, Seat, Showing, State, Visit, limits::Limits,
    },
    error::Error,
    events,
    saga::{self, Next, Overdue},
    store,
};

/// Who wants to come to what.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) maker: String,
    pub(crate) key: Uuid,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) showing: Uuid,
    pub(crate) party: Vec<PartyLine>,
    pub(crate) language: String,
    /// What its maker may hold at a time; None: as much as there is.
    pub(crate) limits: Option<Limits>,
}

/// What the services have given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) showing: Showing,
    pub(crate) seats: Vec<Seat>,
    pub(crate) seat_items: Vec<Item>,
    pub(crate) bay: Option<Bay>,
    pub(crate) meal: Option<Meal>,
}

/// Records a visit that is about to be held. A repeat gets the visit that the first request made,
/// or the refusal that it got. What goes beyond a limit leaves nothing, and may be tried anew under the same key.
pub(crate) async fn begin(tx: &mut Tx, wish: Wish) -> Result<Visit, Error> {
    let now = tx.now();
    let visit = Visit {
        id: Uuid::now_v7(),
        maker: wish.maker,
        state: State::Holding,
        deadline: Some(now + domain::HOLD),
        revision: 1,
        showing: wish.showing,
        language: wish.language,
        party: wish.party,
        seats: Vec::new(),
        seat_items: Vec::new(),
        booking: Part::Held,
        bay: None,
        meal: None,
        booked_starts_at: None,
        booked_ends_at: None,
        held_at: now,
        hold_expires_at: now + domain::HOLD,
        refusal: None,
        contact: Contact::default(),
        method: None,
        money: Money::None,
        payment_url: String::new(),
        payment_expires_at: None,
        ordered_at: None,
        entered_at: None,
        left_at: None,
        admitted: 0,
        notice: Text::default(),
    };
    let refused = match &wish.limits {
        Some(limits) => limits::may_hold(tx, &visit, limits).await?,
        None => None,
    };
    if refused.is_none() && store::add(tx.conn(), &visit, wish.key, &wish.request_hash).await? {
        return Ok(visit);
    }
    let Some((first, hash)) = store::lock_by_key(tx.conn(), &visit.maker, wish.key).await? else {
        return Err(refused.map_or(Error::InProgress, |refusal| Error::HoldRefused(Box::new(refusal))));
    };
    if hash != wish.request_hash {
        return Err(Repeat::KeyReused.into());
    }
    match (first.state, first.refusal) {
        (State::Holding, _) => Err(Error::InProgress),
        (State::Refused, Some(refusal)) => Err(Error::HoldRefused(Box::new(refusal))),
        (_, refusal) => Ok(Visit { refusal, ..first }),
    }
}

/// Everything is held: answers the visit as it was begun, finished, and our copy of its showing.
pub(crate) async fn finish(tx: &mut Tx, mut visit: Visit, given: Given) -> Result<(Visit, Showing), Error> {
    // The showing first, as everywhere; it cannot be cancelled between this look and the commit.
    let (starts_at, ends_at) = (given.showing.starts_at, given.showing.end());
    let showing = share(tx, given.showing).await?;
    if showing.cancelled {
        return Err(Error::HoldRefused(Box::new(Refusal {
            part: "seats".to_owned(),
            code: tonic::Code::FailedPrecondition as i32,
            message: "the showing is cancelled; choose another one".to_owned(),
            reason: Text::new("Die Vorstellung fällt aus.", "The showing is cancelled."),
            alternatives: Vec::new(),
        })));
    }
    visit.state = State::Held;
    visit.booked_starts_at = Some(starts_at);
    visit.booked_ends_at = Some(ends_at);
    visit.seats = given.seats;
    visit.seat_items = given.seat_items;
    visit.bay = given.bay;
    visit.meal = given.meal;
    // Begun and not told to anybody: only its deadline can have changed it since.
    if !store::save(tx.conn(), &mut visit).await? {
        return Err(Error::HoldOver);
    }
    Ok((visit, showing))
}

async fn share(tx: &mut Tx, told: Showing) -> Result<Showing, Error> {
    if let Some(known) = store::showings::share(tx.conn(), told.id).await? {
        return Ok(known);
    }
    store::showings::learn(tx.conn(), &told).await?;
    Ok(store::showings::share(tx.conn(), told.id).await?.unwrap_or(told))
}

/// A service has refused, or could not be asked: the others let go by the event. A refusal is kept
/// for a repeat; a failure may be tried anew under the same key.
pub(crate) async fn refuse(tx: &mut Tx, id: Uuid, refusal: Option<Refusal>) -> Result<(), Error> {
    let mut visit = lock(tx, id).await?;
    if visit.state != State::Holding {
        return Ok(());
    }
    if refusal.is_none() {
        store::forget_key(tx.conn(), id).await?;
    }
    (visit.state, visit.deadline, visit.refusal) = (State::Refused, None, refusal);
    tx.append(&id.to_string(), &events::expired(&visit)).await?;
    save(tx, &mut visit).await
}

/// Until when a held visit may be extended now.
pub(crate) async fn extension(tx: &mut Tx, id: Uuid) -> Result<(Visit, DateTime<Utc>), Error> {
    let now = tx.now();
    let visit = lock(tx, id).await?;
    match visit.state {
        State::Held if now < visit.hold_expires_at => {}
        State::Held | State::Expired => return Err(Error::HoldExpired),
        State::Holding | State::Refused => return Err(Error::NoVisit),
        State::AwaitingPayment
        | State::Confirming
        | State::Confirmed
        | State::Cancelled
        | State::Refunding
        | State::Refunded => return Err(Error::NotHeld(visit.state)),
    }
    let until = visit.extended(now).ok_or(Error::LongestHold)?;
    Ok((visit, until))
}

/// The services hold it longer.
pub(crate) async fn extend(tx: &mut Tx, id: Uuid, until: DateTime<Utc>) -> Result<Visit, Error> {
    let mut visit = lock(tx, id).await?;
    if visit.state != State::Held {
        return Err(Error::NotHeld(visit.state));
    }
    if until > visit.hold_expires_at {
        visit.hold_expires_at = until;
        visit.deadline = Some(until);
        save(tx, &mut visit).await?;
    }
    Ok(visit)
}

/// A hold whose time is over ends. Answers the visit if it ended now.
pub(crate) async fn run_out(tx: &mut Tx, id: Uuid) -> Result<Option<Visit>, Error> {
    let now = tx.now();
    let mut visit = lock(tx, id).await?;
    if visit.deadline.is_none_or(|deadline| deadline > now) || saga::overdue(visit.state) != Overdue::Expire {
        return Ok(None);
    }
    if visit.state == State::Holding {
        refuse(tx, id, None).await?;
        return Ok(Some(visit));
    }
    let notice = Text::new("Die Reservierung ist abgelaufen.", "The hold has run out.");
    take(tx, &mut visit, Next::Expire { notice }).await?;
    save(tx, &mut visit).await?;
    Ok(Some(visit))
}
