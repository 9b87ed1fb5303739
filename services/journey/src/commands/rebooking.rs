//! A visit goes to another showing. The move is written down first; reservations gives the new places and frees the old
//! ones in one transaction of its own; then the visit follows, and parking and kitchen follow the visit. Wherever that
//! stops, somebody goes on with it: the caller, reservations' event, or the sweep.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{VISIT_TOPIC, lock, notices, save};
use crate::{
    domain::{
        Part, Seat, Showing, Visit,
        money_back::takes_place,
        notices::{Choice, Facts, Kind, OF_RISK, Wanted},
        rebooking::{self, Candidate, Mover, Offer, Places},
    },
    error::Error,
    events,
    projection::{self, News},
    store::{
        self,
        rebooking::{Progress, Rebooking},
    },
};

/// Who wants a visit moved, and where.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The request's key.
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) to: Uuid,
    pub(crate) mover: Mover,
    /// For the record: an account, or "visitor".
    pub(crate) by: String,
}

/// Writes a move down, if the visit may move to that one of the showings that there are. A repeat gets the move as it is.
pub(crate) async fn begin(tx: &mut Tx, wish: &Wish, candidates: &[Candidate]) -> Result<Rebooking, Error> {
    let now = tx.now();
    let visit = lock(tx, wish.visit).await?;
    if let Some(known) = store::rebooking::find(tx.conn(), wish.id).await? {
        if (known.visit, known.to) != (wish.visit, wish.to) {
            return Err(kernel::db::Repeat::KeyReused.into());
        }
        return Ok(known);
    }
    if let Some(under_way) = store::rebooking::moving(tx.conn(), wish.visit).await? {
        // Pressed twice: both get the same.
        return if under_way.to == wish.to { Ok(under_way) } else { Err(Error::Moving) };
    }
    let clocked = store::clock::clocked(tx.conn(), &[visit.id]).await?.pop();
    rebooking::may_move(&visit, clocked.map(|it| it.risk), wish.mover)?;
    rebooking::may_go_to(&visit, wish.to, candidates, now)?;
    let it = Rebooking { id: wish.id, visit: visit.id, from: visit.showing, to: wish.to, progress: Progress::Moving };
    store::rebooking::begin(tx.conn(), &it, &wish.by, now).await?;
    Ok(it)
}

/// Reservations has moved the booking: the visit follows, once, whoever says it first.
pub(crate) async fn moved(tx: &mut Tx, id: Uuid, visit: Uuid, seats: &[Seat]) -> Result<(), Error> {
    let now = tx.now();
    let Some(mut visit) = store::lock(tx.conn(), visit).await? else { return Ok(()) };
    let Some(it) = store::rebooking::find(tx.conn(), id).await? else { return Ok(()) };
    if !store::rebooking::end(tx.conn(), id, &Progress::Moved, now).await? {
        return Ok(());
    }
    if !takes_place(&visit) {
        // Called off while it moved: reservations hears of that too, and what is said of it stays.
        store::rebooking::set_showing(tx.conn(), visit.id, it.to).await?;
        visit.showing = it.to;
        return save(tx, &mut visit).await;
    }
    let from = store::showings::get(tx.conn(), it.from).await?;
    let to = store::showings::get(tx.conn(), it.to).await?;
    go(&mut visit, seats, to.as_ref());
    store::rebooking::set_showing(tx.conn(), visit.id, it.to).await?;
    visit.showing = it.to;
    save(tx, &mut visit).await?;
    store::rebooking::forget_clock(tx.conn(), visit.id).await?;
    let event = events::clock::rebooked(&visit, &it, from.as_ref(), to.as_ref(), now);
    tx.append(&visit.id.to_string(), &event).await?;
    let facts = Facts { was: from.map(|from| from.starts_at), ..Facts::default() };
    notices::enqueue(tx, &[Wanted::new(&visit, Kind::Rebooked, id.to_string(), facts)]).await
}

/// The same, with what reservations has answered of the new showing: it may not have been told of yet.
pub(crate) async fn carried_out(
    tx: &mut Tx,
    id: Uuid,
    visit: Uuid,
    seats: &[Seat],
    to: Option<&Showing>,
) -> Result<(), Error> {
    if let Some(to) = to {
        store::showings::learn(tx.conn(), to).await?;
    }
    moved(tx, id, visit, seats).await
}

/// What its visitor sees of it.
fn go(visit: &mut Visit, seats: &[Seat], to: Option<&Showing>) {
    projection::note(visit, &News::BookingReseated { seats: seats.to_vec() });
    if visit.booking != Part::Confirmed {
        visit.seats = seats.to_vec();
    }
    visit.notice = to.map_or_else(Text::default, |to| notice(to, seats));
    if let Some(to) = to {
        (visit.booked_starts_at, visit.booked_ends_at) = (Some(to.starts_at), Some(to.ends_at));
        if let Some(bay) = &mut visit.bay {
            bay.rebooked = true;
        }
    }
}

fn notice(to: &Showing, seats: &[Seat]) -> Text {
    let start = to.starts_at.with_timezone(&Berlin).format("%H:%M");
    let places = crate::domain::places(seats);
    let (de, en, plain) = if places.is_empty() {
        (", freie Platzwahl".to_owned(), ", free seating".to_owned(), "Sie sitzen, wo Sie möchten.".to_owned())
    } else {
        (format!(", Plätze {places}"), format!(", places {places}"), format!("Plätze: {places}."))
    };
    let english = if to.title.en.is_empty() { &to.title.de } else { &to.title.en };
    Text {
        de: format!("Sie sind umgebucht: {}, {start} Uhr{de}. Ihre Tickets gelten weiter.", to.title.de),
        en: format!("You are rebooked: {english} at {start}{en}. Your tickets stay valid."),
        plain: format!("Sie kommen jetzt später. Beginn: {start} Uhr. {plain} Ihre Karten gelten weiter."),
    }
}

/// Reservations will not move it: the visit stays as it is, with its places.
pub(crate) async fn refused(tx: &mut Tx, id: Uuid, why: &Progress) -> Result<(), Error> {
    let now = tx.now();
    if let Some(it) = store::rebooking::find(tx.conn(), id).await?
        && store::rebooking::end(tx.conn(), id, why, now).await?
    {
        // What was offered is not to be had: another offer is looked for.
        store::rebooking::forget_offers(tx.conn(), &[it.visit]).await?;
        store::clock::bump(tx.conn(), &[it.visit]).await?;
        tx.touch(VISIT_TOPIC, it.visit.to_string());
    }
    Ok(())
}

/// What the visitor is told: that it will be close, and what may be chosen instead, if anything.
fn told(visit: &Visit, offer: &Offer) -> Wanted {
    let Some(to) = &offer.to else {
        return Wanted::new(visit, Kind::AtRisk, offer.from.to_string(), Facts::default());
    };
    let choice = Choice { title: to.title.clone(), starts_at: to.starts_at };
    let facts = Facts { choices: vec![choice], until: Some(offer.valid_until), ..Facts::default() };
    Wanted::new(visit, Kind::RebookingOffered, to.showing.to_string(), facts)
}

/// Looks at what stands again: somebody else may have taken the places since. Answers who is to be offered another
/// showing instead; whoever was offered first keeps what is left.
pub(crate) async fn look_again(tx: &mut Tx, candidates: &[Candidate]) -> Result<Vec<Uuid>, Error> {
    let now = tx.now();
    store::clock::lock(tx.conn()).await?;
    let standing = store::rebooking::standing(tx.conn(), now).await?;
    let ids: Vec<Uuid> = standing.iter().map(|offer| offer.visit).collect();
    let known = store::many::visits(tx.conn(), &ids).await?;
    let (mut promised, mut gone) = (HashMap::<Uuid, Places>::new(), Vec::new());
    for offer in &standing {
        let (Some(to), Some(visit)) = (&offer.to, known.iter().find(|visit| visit.id == offer.visit)) else { continue };
        let before = promised.entry(to.showing).or_default();
        if rebooking::still_stands(offer, visit, candidates, before) {
            before.add_party(visit);
        } else {
            gone.push(visit.id);
        }
    }
    if !gone.is_empty() {
        store::rebooking::forget_offers(tx.conn(), &gone).await?;
        store::clock::bump(tx.conn(), &gone).await?;
        for visit in &gone {
            tx.touch(VISIT_TOPIC, visit.to_string());
        }
    }
    Ok(gone)
}

/// Offers visits that need help another showing of those that there are. Told is each showing once.
pub(crate) async fn offer(tx: &mut Tx, visits: &[Uuid], candidates: &[Candidate]) -> Result<(), Error> {
    let now = tx.now();
    store::clock::lock(tx.conn()).await?;
    let policy = store::clock::policy(tx.conn()).await?;
    let clocked = store::clock::clocked(tx.conn(), visits).await?;
    let known = store::many::visits(tx.conn(), visits).await?;
    let before = store::rebooking::offers(tx.conn(), visits).await?;
    let promised = store::rebooking::promised(tx.conn(), visits, now).await?;
    let gap = crate::domain::clock::policy::minutes(policy.rebook_gap_minutes);
    let wanting: Vec<(&Visit, DateTime<Utc>)> = clocked
        .iter()
        .filter(|it| it.risk.wants_help())
        .filter_map(|it| {
            let visit = known.iter().find(|visit| visit.id == it.visit && visit.showing == it.showing)?;
            let takes = crate::domain::clock::legs::sum(&it.legs).time;
            rebooking::may_move(visit, Some(it.risk), Mover::Visitor).ok()?;
            Some((visit, rebooking::earliest(now, takes, gap)))
        })
        .collect();
    let until = now + crate::domain::clock::policy::minutes(policy.offer_minutes);
    let offers = rebooking::offers(&wanting, candidates, promised, until);
    let target = |offer: &Offer| offer.to.as_ref().map(|to| to.showing);
    let (mut changed, mut wanted, mut goes_on) = (Vec::new(), Vec::new(), Vec::new());
    for offer in &offers {
        let was = before.iter().find(|it| it.visit == offer.visit && it.from == offer.from);
        if was.is_some_and(|was| target(was) == target(offer)) {
            goes_on.push((offer.visit, offer.valid_until));
            continue;
        }
        changed.push(offer.visit);
        if let Some(to) = &offer.to {
            tx.append(&offer.visit.to_string(), &events::clock::offered(offer, to, now)).await?;
        }
        wanted.extend(known.iter().find(|visit| visit.id == offer.visit).map(|visit| told(visit, offer)));
    }
    // What another offer said, and nobody has read yet, says nothing any more.
    store::notices::withdraw(tx.conn(), &changed, &OF_RISK).await?;
    store::notices::prolong(tx.conn(), &goes_on).await?;
    notices::enqueue(tx, &wanted).await?;
    store::rebooking::save_offers(tx.conn(), &offers, now).await?;
    store::clock::bump(tx.conn(), &changed).await?;
    for visit in changed {
        tx.touch(VISIT_TOPIC, visit.to_string());
    }
    Ok(())
}
