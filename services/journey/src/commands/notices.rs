//! Notices to visitors: written down in the transaction of what they are about, so that none is lost and none is told of
//! what never happened. Sending them is [`crate::post`]'s.

use std::collections::HashMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use kernel::{
    Tx,
    values::{Text, day_of},
};
use uuid::Uuid;

use crate::{
    domain::{
        Showing, Visit,
        asker::Asker,
        money_back::at_desk,
        notices::{self, Facts, Kind, NewStart, Notice, Sending, Wanted, letter::HouseWords},
    },
    error::Error,
    projection::{News, asks},
    store,
};

/// A mail server that is away for longer has nothing left to send.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(7);
/// No conversation about one notice lasts so long: whoever had it is gone.
pub(crate) const LEASE: TimeDelta = TimeDelta::minutes(5);

/// Tells visitors something. What was told before is not told again. The visits are locked.
pub(crate) async fn enqueue(tx: &mut Tx, wanted: &[Wanted]) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    store::notices::add(tx.conn(), wanted, now).await
}

/// Tells what follows from changes of locked visits.
pub(crate) async fn follow(
    tx: &mut Tx,
    before: &HashMap<Uuid, Visit>,
    after: impl Iterator<Item = &Visit> + Send,
) -> Result<(), Error> {
    let changed: Vec<(&Visit, &Visit)> =
        after.filter_map(|visit| Some((before.get(&visit.id)?, visit))).filter(|(was, is)| was != is).collect();
    let pickup = |visit: &Visit| visit.meal.as_ref().map(|meal| meal.pickup_at);
    let moved: Vec<Uuid> =
        changed.iter().filter(|(was, is)| pickup(was) != pickup(is)).map(|(_, is)| is.showing).collect();
    let showings = if moved.is_empty() { HashMap::new() } else { store::many::showings(tx.conn(), &moved).await? };
    follow_changes(tx, &changed, &showings).await
}

async fn follow_changes(
    tx: &mut Tx,
    changed: &[(&Visit, &Visit)],
    showings: &HashMap<Uuid, Showing>,
) -> Result<(), Error> {
    let mut wanted: Vec<Wanted> =
        changed.iter().flat_map(|(was, is)| notices::following(was, is, showings.get(&is.showing))).collect();
    let off: Vec<Uuid> = changed.iter().filter(|(was, is)| notices::gives_back(was, is)).map(|(_, is)| is.id).collect();
    if !off.is_empty() {
        // What waits at the desk already goes back with the rest.
        let parts = store::money_back::of_visits(tx.conn(), &off).await?;
        for it in wanted.iter_mut().filter(|it| it.kind == Kind::Cancelled) {
            it.facts.cents += parts.get(&it.visit).map_or(0, |parts| at_desk(parts));
        }
    }
    enqueue(tx, &wanted).await
}

/// Whether news say something by themselves, beside what they change of the visit.
pub(super) const fn speaks(news: &News) -> bool {
    matches!(
        news,
        News::KitchenAsks { .. } | News::KitchenSays { .. } | News::BookingReissued { .. } | News::Refunded { .. }
    )
}

/// What they say.
pub(super) fn said(before: &Visit, after: &Visit, news: &News) -> Option<Wanted> {
    match news {
        News::KitchenAsks { question } => notices::kitchen_asks(after, question, asks()),
        News::KitchenSays { question, text } => notices::kitchen_says(before, after, question, text),
        News::BookingReissued { at } => notices::reissued(after, *at),
        News::Refunded { cents } => notices::refunded(before, after, *cents),
        _ => None,
    }
}

/// Tells what follows from the change of one locked visit.
pub(crate) async fn follow_one(tx: &mut Tx, before: &Visit, after: &Visit) -> Result<(), Error> {
    follow_changes(tx, &[(before, after)], &HashMap::new()).await
}

/// A showing begins at another time than its visitors know.
pub(crate) async fn delayed(tx: &mut Tx, showing: Uuid, new: NewStart, reason: &Text) -> Result<(), Error> {
    let visits = store::showings::lock_live(tx.conn(), showing).await?;
    let wanted: Vec<Wanted> = visits.iter().filter_map(|visit| notices::delayed(visit, new, reason)).collect();
    enqueue(tx, &wanted).await
}

/// Tells those who come on the next day, once the hour for it has come.
pub(crate) async fn remind(tx: &mut Tx, at: NaiveTime) -> Result<(), Error> {
    let now = tx.now();
    let (from, until) = notices::days_ahead(now);
    for (showing, starts_at) in store::notices::starts(tx.conn(), from, until).await? {
        let Some(hour) = notices::day_before(starts_at, at).filter(|hour| *hour <= now) else { continue };
        let day = day_of(starts_at).to_string();
        // Who has ordered since has just been told all of it.
        let ids = store::notices::not_reminded(tx.conn(), showing, hour, &day).await?;
        let visits = store::many::lock_all(tx.conn(), &ids).await?;
        let wanted: Vec<Wanted> =
            visits.values().map(|visit| Wanted::new(visit, Kind::DayBefore, day.clone(), Facts::default())).collect();
        enqueue(tx, &wanted).await?;
    }
    Ok(())
}

/// The mail server takes it from here: nobody else may send it from now on, and the link with this hash is good.
pub(crate) async fn claim(tx: &mut Tx, id: Uuid, link: &[u8], wall: DateTime<Utc>) -> Result<bool, Error> {
    let now = tx.now();
    store::notices::claim(tx.conn(), id, link, wall, now).await
}

/// What the mail server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    /// Not now.
    PutOff(String),
    /// Never.
    Refused(String),
    /// It was handed over, and no answer came.
    Unknown,
}

/// Notes what became of a notice that was being sent.
pub(crate) async fn settle(tx: &mut Tx, notice: &Notice, outcome: &Outcome) -> Result<(), Error> {
    let now = tx.now();
    let attempts = notice.attempts + 1;
    let (to, at, failure) = match outcome {
        Outcome::Sent => (Sending::Sent, now, ""),
        Outcome::PutOff(failure) => match notices::next_attempt(attempts) {
            Some(rest) => (Sending::Waiting, now + rest, failure.as_str()),
            None => (Sending::Failed, now, failure.as_str()),
        },
        Outcome::Refused(failure) => (Sending::Failed, now, failure.as_str()),
        Outcome::Unknown => (Sending::Unsure, now, ""),
    };
    // None of it names anybody: a kind, a code, a figure.
    tracing::info!(notice = %notice.id, kind = notice.kind.name(), attempts, failure, state = to.name(), "notice");
    store::notices::settle(tx.conn(), notice.id, Sending::UnderWay, to, at, failure).await?;
    Ok(())
}

/// It says nothing any more.
pub(crate) async fn overtake(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let now = tx.now();
    store::notices::settle(tx.conn(), id, Sending::Waiting, Sending::Overtaken, now, "").await?;
    Ok(())
}

/// Cannot be made into a letter.
pub(crate) async fn cannot(tx: &mut Tx, id: Uuid, why: &str) -> Result<(), Error> {
    let now = tx.now();
    store::notices::settle(tx.conn(), id, Sending::Waiting, Sending::Failed, now, why).await?;
    Ok(())
}

/// Who sent these is gone, and nobody knows how far they came.
pub(crate) async fn give_up_sending(tx: &mut Tx, wall: DateTime<Utc>) -> Result<(), Error> {
    let left = store::notices::give_up_sending(tx.conn(), wall - LEASE).await?;
    if left > 0 {
        tracing::warn!(left, "notices whose sending was cut off: whether they arrived is not known, staff decide");
    }
    Ok(())
}

/// Staff want one sent again.
pub(crate) async fn resend(tx: &mut Tx, id: Uuid) -> Result<Notice, Error> {
    let now = tx.now();
    if let Some(notice) = store::notices::restart(tx.conn(), id, now).await? {
        return Ok(notice);
    }
    let notice = store::notices::get(tx.conn(), id).await?.ok_or(Error::NoNotice)?;
    Err(Error::NoticeNotFailed(notice.state.name()))
}

/// Somebody of the house has told the visitor, or has not after all.
pub(crate) async fn set_told(tx: &mut Tx, id: Uuid, told: bool) -> Result<Notice, Error> {
    let now = tx.now();
    if let Some(notice) = store::notices::set_told(tx.conn(), id, told.then_some(now)).await? {
        return Ok(notice);
    }
    let notice = store::notices::get(tx.conn(), id).await?.ok_or(Error::NoNotice)?;
    Err(Error::NoticeArrives(notice.state.name()))
}

/// The visitor wants to be written to in this language.
pub(crate) async fn set_language(tx: &mut Tx, id: Uuid, asker: &Asker, language: &str) -> Result<(), Error> {
    let visit = asker.sees(id, store::lock(tx.conn(), id).await?)?;
    if visit.language != language {
        store::notices::set_language(tx.conn(), id, language).await?;
    }
    Ok(())
}

/// Lets go of what has waited too long, so that no queue grows for ever.
pub(crate) async fn let_go(tx: &mut Tx) -> Result<(), Error> {
    let before = tx.now() - LONGEST_WAIT;
    store::notices::let_go(tx.conn(), before).await
}

/// What the house file says of the house.
pub(crate) async fn set_house(tx: &mut Tx, words: &HouseWords) -> Result<(), Error> {
    store::notices::save_house(tx.conn(), words).await
}
