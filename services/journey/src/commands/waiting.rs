//! The waiting list of a showing: a party joins it, is asked for when places may fit it, and has them offered or waits on.
//! Each in a given transaction; reservations is asked outside.

use chrono::{DateTime, Utc};
use kernel::{Tx, db::Repeat};
use uuid::Uuid;

use super::{lock, notices, save};
use crate::{
    domain::{
        Contact, Item, PartyLine, Seat, Showing, State, Visit,
        notices::{Facts, Kind, Wanted, instant},
        waiting,
    },
    error::Error,
    store,
};

/// Who wants to wait for what.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    pub(crate) maker: String,
    pub(crate) key: Uuid,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) showing: Showing,
    pub(crate) party: Vec<PartyLine>,
    pub(crate) language: String,
    pub(crate) contact: Contact,
    /// Staff put as many on it as there is room for.
    pub(crate) is_limited: bool,
}

impl Joining {
    fn begun(&self, now: DateTime<Utc>) -> Visit {
        Visit {
            state: State::Waiting,
            deadline: Some(waiting::ends_at(self.showing.starts_at)),
            // It may be asked for at once.
            hold_expires_at: now,
            booked_starts_at: Some(self.showing.starts_at),
            booked_ends_at: Some(self.showing.ends_at),
            contact: self.contact.clone(),
            ..Visit::begun(self.maker.clone(), self.showing.id, self.party.clone(), self.language.clone(), now)
        }
    }
}

/// Puts a party on the list, and tells it so. A repeat gets the visit as it is by now.
pub(crate) async fn join(tx: &mut Tx, joining: &Joining) -> Result<Visit, Error> {
    let now = tx.now();
    store::showings::learn(tx.conn(), &joining.showing).await?;
    // Pressed twice, the second one waits here until the first one is on the list.
    let who = store::waiting::lock(tx.conn(), &joining.maker, joining.showing.id, &joining.contact.email).await?;
    if let Some((first, hash)) = store::lock_by_key(tx.conn(), &joining.maker, joining.key).await? {
        return if hash == joining.request_hash { Ok(first) } else { Err(Repeat::KeyReused.into()) };
    }
    if now >= waiting::ends_at(joining.showing.starts_at) {
        return Err(Error::NotWaitedFor);
    }
    // Kept as it is until the commit: whoever calls it off finds those who wait for it.
    let known = store::many::share_all(tx.conn(), &[joining.showing.id]).await?;
    if known.get(&joining.showing.id).is_some_and(Showing::is_off) {
        return Err(Error::Off);
    }
    if who.by_contact > 0 {
        return Err(Error::WaitsAlready);
    }
    if who.in_all >= waiting::MOST_PARTIES {
        return Err(Error::ListFull);
    }
    if joining.is_limited && who.by_maker >= waiting::MOST_OF_A_BROWSER {
        return Err(Error::WaitsEnough(waiting::MOST_OF_A_BROWSER));
    }
    let mut visit = joining.begun(now);
    let begun = [(&visit, joining.key, joining.request_hash.as_slice())];
    if !store::many::add_all(tx.conn(), &begun).await?.contains(&visit.id) {
        return Err(Error::InProgress);
    }
    save(tx, &mut visit).await?;
    notices::enqueue(tx, &[Wanted::new(&visit, Kind::WaitListed, "", Facts::default())]).await?;
    Ok(visit)
}

/// Places may fit a party, and reservations is asked for them: not again before [`waiting::PAUSE`] is over, also if whoever
/// asks is gone before there is an answer. None: it does not wait any more, or is being asked for.
pub(crate) async fn ask(tx: &mut Tx, id: Uuid) -> Result<Option<Visit>, Error> {
    let now = tx.now();
    let mut visit = lock(tx, id).await?;
    if visit.state != State::Waiting || visit.hold_expires_at > now {
        return Ok(None);
    }
    visit.hold_expires_at = now + waiting::PAUSE;
    save(tx, &mut visit).await?;
    Ok(Some(visit))
}

/// Reservations holds places for it: its visitor is told, and may order them until then. False: it has been called off.
pub(crate) async fn offered(
    tx: &mut Tx,
    id: Uuid,
    until: DateTime<Utc>,
    seats: Vec<Seat>,
    items: Vec<Item>,
) -> Result<bool, Error> {
    let mut visit = lock(tx, id).await?;
    if visit.state != State::Waiting {
        return Ok(false);
    }
    (visit.state, visit.deadline, visit.hold_expires_at) = (State::Held, Some(until), until);
    (visit.seats, visit.seat_items) = (seats, items);
    // It may have been moved while they waited: that is no news to who orders now.
    if let Some(showing) = store::showings::get(tx.conn(), visit.showing).await? {
        (visit.booked_starts_at, visit.booked_ends_at) = (Some(showing.starts_at), Some(showing.ends_at));
    }
    save(tx, &mut visit).await?;
    let facts = Facts { until: Some(until), ..Facts::default() };
    notices::enqueue(tx, &[Wanted::new(&visit, Kind::PlacesOffered, instant(until), facts)]).await?;
    Ok(true)
}

/// Whether a visit whose time to wait is over waits on, because its showing begins later by now.
pub(super) async fn goes_on(tx: &mut Tx, visit: &mut Visit) -> Result<bool, Error> {
    let now = tx.now();
    let showing = store::showings::get(tx.conn(), visit.showing).await?;
    let Some(ends_at) = showing.map(|it| waiting::ends_at(it.starts_at)).filter(|ends_at| *ends_at > now) else {
        return Ok(false);
    };
    visit.deadline = Some(ends_at);
    save(tx, visit).await?;
    Ok(true)
}
