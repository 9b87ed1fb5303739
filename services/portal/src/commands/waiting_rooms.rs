//! What changes waiting rooms, in a given transaction: open, close, arrive, let in. When a room opens is the
//! house's time; how fast people are let in, and how long a pass holds, is the machine's.

use chrono::{DateTime, Utc};
use kernel::{Tx, clock::wall_now};
use rand::RngExt;
use uuid::Uuid;

use crate::{
    domain::waiting_room::{
        ANSWER_NOTED_EVERY, AWAY, FIRST_RATE, LONGEST_PASS, NOTE_EVERY, Outlook, PASS, UNDECIDED, is_silent, let_in,
        next_rate, opens_with,
    },
    error::Error,
    store::{self, NewRoom, Place, Turned},
};

/// The live streams of rooms, by id.
pub(crate) const ROOM_TOPIC: &str = "waiting-room";

pub(crate) async fn open_room(tx: &mut Tx, room: &NewRoom) -> Result<(), Error> {
    let opened = store::insert_room(tx.conn(), room, FIRST_RATE, wall_now()).await?;
    if opened { Ok(()) } else { Err(Error::RoomIsOpen) }
}

/// Closes a room: its showings' pages open for everybody.
pub(crate) async fn close_room(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    if !store::close_room(tx.conn(), id, wall_now()).await? {
        return Err(Error::NoSuchRoom);
    }
    tx.touch(ROOM_TOPIC, id.to_string());
    Ok(())
}

/// A browser comes into a room, or comes back to it; it has one place in it, whatever it does.
pub(crate) async fn arrive(tx: &mut Tx, room: Uuid, session: Uuid) -> Result<Place, Error> {
    let opens_at = store::room_to_enter(tx.conn(), room).await?.ok_or(Error::NoSuchRoom)?;
    // Drawn now and told to nobody before the room opens: as good as drawn then, and it survives a restart.
    let drawn = (tx.now() < opens_at).then(|| rand::rng().random_range(0..=i64::MAX));
    let now = wall_now();
    store::arrive(tx.conn(), room, session, drawn, now).await?;
    store::arrive_again(tx.conn(), room, session, now).await?;
    see(tx, &[(room, session)]).await?;
    store::place(&mut *tx.conn(), room, session).await?.ok_or(Error::NoSuchRoom)
}

/// These are still there, by room and session: their pages were asked for.
pub(crate) async fn see(tx: &mut Tx, there: &[(Uuid, Uuid)]) -> Result<(), Error> {
    let now = wall_now();
    // Half the pause: of two notes in a row the second must not be left out for having come a moment early.
    store::see(tx.conn(), there, now, now - NOTE_EVERY / 2).await
}

/// Somebody who was let in needs more time to choose. A pass that has run out stays so: others have waited for it.
pub(crate) async fn extend_pass(tx: &mut Tx, room: Uuid, session: Uuid) -> Result<Option<Place>, Error> {
    let now = wall_now();
    store::extend_pass(tx.conn(), room, session, now, now + PASS, LONGEST_PASS).await?;
    store::place(&mut *tx.conn(), room, session).await
}

/// What is left to sell behind a room, as the seller says.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) showings: Vec<Uuid>,
    /// When the first of them goes on sale; none: at any time.
    pub(crate) on_sale_at: Option<DateTime<Utc>>,
    pub(crate) free: u32,
    /// Places for wheelchair users, which are not among the free ones.
    pub(crate) wheelchair: u32,
    pub(crate) held_until: Option<DateTime<Utc>>,
    pub(crate) outlook: Outlook,
}

/// Lets in those who are next, as many as the seller can take. Without an offer the seller did not answer:
/// then it is nobody, and fewer next time; what it said last counts for a while, and then nothing is known.
pub(crate) async fn turn(tx: &mut Tx, id: Uuid, offer: Option<Offer>) -> Result<(), Error> {
    let now = wall_now();
    let Some(room) = store::lock_room(tx.conn(), id).await? else {
        return Ok(());
    };
    let has_answered = offer.is_some();
    let answered_at = if has_answered { Some(now) } else { room.answered_at };
    let was_busy = !has_answered || room.busy_at.is_some_and(|at| at > room.turned_at);
    let offer = offer.unwrap_or_else(|| Offer {
        showings: room.showings.clone(),
        on_sale_at: None,
        free: room.free(),
        wheelchair: room.wheelchair(),
        held_until: room.held_until,
        outlook: if is_silent(answered_at, now) { Outlook::Unknown } else { room.outlook() },
    });
    let opens_at = opens_with(room.opens_at, room.wished_at, offer.on_sale_at, tx.now());
    let is_open = tx.now() >= opens_at;
    let crowd = store::crowd(&mut *tx.conn(), id, now - UNDECIDED, now - AWAY).await?;
    let has_changed = (room.opens_at, room.free(), room.wheelchair(), room.outlook(), room.held_until)
        != (opens_at, offer.free, offer.wheelchair, offer.outlook, offer.held_until);
    if !has_changed && offer.showings == room.showings && !was_busy && (!is_open || crowd.waiting == 0) {
        if room.answered_at.is_none_or(|at| now - at > ANSWER_NOTED_EVERY) {
            store::note_answer(tx.conn(), id, now).await?;
        }
        return Ok(());
    }
    let mut rate = room.rate();
    if is_open && crowd.waiting > 0 {
        let undecided = u32::try_from(crowd.undecided).unwrap_or(u32::MAX);
        let count = if has_answered { let_in(rate, offer.free, undecided) } else { 0 };
        let admitted = store::admit(tx.conn(), id, count, now - AWAY, now, now + PASS).await?;
        // A line that did not move at full speed says nothing about how much more the seller could take.
        if was_busy || admitted == u64::from(rate) {
            rate = next_rate(rate, was_busy);
        }
    }
    let turned = Turned {
        opens_at,
        rate,
        showings: if offer.showings.is_empty() { room.showings } else { offer.showings },
        free: offer.free,
        wheelchair: offer.wheelchair,
        held_until: offer.held_until,
        outlook: offer.outlook,
        answered_at,
    };
    store::save_turn(tx.conn(), id, &turned, now).await?;
    tx.touch(ROOM_TOPIC, id.to_string());
    Ok(())
}
