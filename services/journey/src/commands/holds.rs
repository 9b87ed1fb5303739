//! The beginning of a visit: recorded before anything is held, so that even after a crash somebody
//! lets go of what was held; then held, extended, or refused.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use kernel::{Tx, combine::Keyed, db::Repeat, values::Text};
use uuid::Uuid;

use super::{limits, lock, notices, save, take, waiting};
use crate::{
    domain::{self, Bay, Meal, PartyLine, Refusal, Seat, Showing, State, Visit, limits::Limits},
    error::Error,
    events,
    saga::{self, Next, Overdue},
    store::{self, many::Begun},
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
    pub(crate) seat_items: Vec<domain::Item>,
    pub(crate) bay: Option<Bay>,
    pub(crate) meal: Option<Meal>,
}

/// Two wishes of one maker are not begun together: the second one counts the first.
impl Keyed for Wish {
    fn batch_key(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.maker.as_bytes())
    }
}

impl Wish {
    fn begun(&self, now: DateTime<Utc>) -> Visit {
        Visit::begun(self.maker.clone(), self.showing, self.party.clone(), self.language.clone(), now)
    }
}

/// Records visits that are about to be held, of different makers. A repeat gets the visit that the first request made,
/// or the refusal that it got. What goes beyond a limit leaves nothing, and may be tried anew under the same key.
pub(crate) async fn begin(tx: &mut Tx, wishes: &[Wish]) -> Result<Vec<Result<Visit, Error>>, Error> {
    let now = tx.now();
    let visits: Vec<Visit> = wishes.iter().map(|wish| wish.begun(now)).collect();
    let mut refused = limits::may_hold(tx, wishes.iter().zip(&visits)).await?;
    let begun: Vec<Begun<'_>> = wishes
        .iter()
        .zip(&visits)
        .filter(|(_, visit)| !refused.contains_key(&visit.id))
        .map(|(wish, visit)| (visit, wish.key, wish.request_hash.as_slice()))
        .collect();
    let added = store::many::add_all(tx.conn(), &begun).await?;
    let mut answers = Vec::with_capacity(wishes.len());
    for (wish, visit) in wishes.iter().zip(visits) {
        if added.contains(&visit.id) {
            answers.push(Ok(visit));
        } else {
            let refusal = refused.remove(&visit.id);
            answers.push(begun_before(tx, wish, refusal).await?);
        }
    }
    Ok(answers)
}

/// What a repeated request is answered.
async fn begun_before(tx: &mut Tx, wish: &Wish, refused: Option<Refusal>) -> Result<Result<Visit, Error>, Error> {
    let Some((first, hash)) = store::lock_by_key(tx.conn(), &wish.maker, wish.key).await? else {
        return Ok(Err(refused.map_or(Error::InProgress, |refusal| Error::HoldRefused(Box::new(refusal)))));
    };
    if hash != wish.request_hash {
        return Ok(Err(Repeat::KeyReused.into()));
    }
    Ok(match (first.state, first.refusal) {
        (State::Holding, _) => Err(Error::InProgress),
        (State::Refused, Some(refusal)) => Err(Error::HoldRefused(Box::new(refusal))),
        (_, refusal) => Ok(Visit { refusal, ..first }),
    })
}

/// A visit as it was begun, and what the services have given it.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) visit: Visit,
    pub(crate) given: Given,
}

impl Keyed for Finished {
    fn batch_key(&self) -> Uuid {
        self.visit.id
    }
}

/// Everything is held: answers each visit with our copy of its showing.
pub(crate) async fn finish(tx: &mut Tx, finished: &[Finished]) -> Result<Vec<Result<(Visit, Showing), Error>>, Error> {
    // The showings first, as everywhere; none can be cancelled between this look and the commit.
    let showings = share(tx, finished).await?;
    let mut visits: Vec<(Visit, Showing)> = Vec::with_capacity(finished.len());
    for Finished { mut visit, given } in finished.iter().cloned() {
        let showing = showings.get(&visit.showing).cloned().unwrap_or_else(|| given.showing.clone());
        visit.state = State::Held;
        visit.booked_starts_at = Some(given.showing.starts_at);
        visit.booked_ends_at = Some(given.showing.end());
        visit.seats = given.seats;
        visit.seat_items = given.seat_items;
        visit.bay = given.bay;
        visit.meal = given.meal;
        visit.hold_no_longer_than(given.showing.starts_at);
        visits.push((visit, showing));
    }
    let mut taking_place: Vec<&mut Visit> =
        visits.iter_mut().filter(|(_, showing)| !showing.is_off()).map(|(visit, _)| visit).collect();
    let saved = store::many::save_all(tx.conn(), &mut taking_place).await?;
    let answer = |(visit, showing): (Visit, Showing)| match () {
        () if showing.is_off() => Err(Error::HoldRefused(Box::new(off()))),
        // Begun and not told to anybody: only its deadline can have changed it since.
        () if !saved.contains(&visit.id) => Err(Error::HoldOver),
        () => Ok((visit, showing)),
    };
    Ok(visits.into_iter().map(answer).collect())
}

fn off() -> Refusal {
    Refusal {
        part: "seats".to_owned(),
        code: tonic::Code::FailedPrecondition as i32,
        message: "the showing does not take place; choose another one".to_owned(),
        reason: Text::new("Die Vorstellung findet nicht statt.", "The showing does not take place.")
            .plainly("Es gibt keine Vorstellung."),
        alternatives: Vec::new(),
        places: None,
    }
}

/// Our copies of the showings, kept as they are until the end of the transaction; those we do not know are learned.
async fn share(tx: &mut Tx, finished: &[Finished]) -> Result<HashMap<Uuid, Showing>, Error> {
    let told: BTreeMap<Uuid, &Showing> = finished.iter().map(|it| (it.visit.showing, &it.given.showing)).collect();
    let ids: Vec<Uuid> = told.keys().copied().collect();
    let known = store::many::share_all(tx.conn(), &ids).await?;
    let unknown: Vec<&Showing> = told.into_iter().filter(|(id, _)| !known.contains_key(id)).map(|(_, it)| it).collect();
    if unknown.is_empty() {
        return Ok(known);
    }
    for showing in unknown {
        store::showings::learn(tx.conn(), showing).await?;
    }
    store::many::share_all(tx.conn(), &ids).await
}

/// A visit as it was begun, of which nobody holds anything, and why its seats were refused; None: nobody has refused them,
/// and the same may be asked again under the same key.
#[derive(Clone, Debug)]
pub(crate) struct Declined {
    pub(crate) visit: Visit,
    pub(crate) refusal: Option<Refusal>,
}

impl Keyed for Declined {
    fn batch_key(&self) -> Uuid {
        self.visit.id
    }
}

/// Keeps refusals for a repeat, and forgets the keys of those who were sent away unheard. In a rush that is what nearly all
/// get, so it is done together, and nobody is told: there is nothing to let go of. One that was given up meanwhile stays as
/// it is.
pub(crate) async fn decline(tx: &mut Tx, declined: &[Declined]) -> Result<Vec<Result<(), Error>>, Error> {
    let mut visits: Vec<Visit> = declined
        .iter()
        .cloned()
        .map(|Declined { visit, refusal }| Visit { state: State::Refused, deadline: None, refusal, ..visit })
        .collect();
    let unheard: Vec<Uuid> = visits.iter().filter(|visit| visit.refusal.is_none()).map(|visit| visit.id).collect();
    if !unheard.is_empty() {
        store::many::forget_keys(tx.conn(), &unheard).await?;
    }
    store::many::save_all(tx.conn(), &mut visits.iter_mut().collect::<Vec<_>>()).await?;
    Ok(declined.iter().map(|_| Ok(())).collect())
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
        State::Waiting
        | State::AwaitingPayment
        | State::Confirming
        | State::Confirmed
        | State::Cancelled
        | State::Refunding
        | State::Refunded => return Err(Error::NotHeld(visit.state)),
    }
    let mut until = visit.extended(now).ok_or(Error::LongestHold)?;
    if let Some(showing) = store::showings::get(tx.conn(), visit.showing).await?.filter(|_| visit.is_visitors()) {
        until = until.min(showing.starts_at);
        if until <= visit.hold_expires_at {
            return Err(Error::SaleEnds);
        }
    }
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
    if visit.state == State::Waiting && waiting::goes_on(tx, &mut visit).await? {
        return Ok(None);
    }
    let (before, notice) = (visit.clone(), visit.over());
    take(tx, &mut visit, Next::Expire { notice }).await?;
    save(tx, &mut visit).await?;
    notices::follow_one(tx, &before, &visit).await?;
    Ok(Some(visit))
}
