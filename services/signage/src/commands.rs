//! What can be done, each in a given transaction: learn facts, say a message, hear displays.

pub mod alerts;
pub mod devices;
pub mod programmes;
pub mod setup;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Db, Step, Tx, values::invalid};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    BOARD,
    board::{Board, Turn},
    domain::{About, Class, Content, EndedBy, Fact, Message, News, Silence, Told, Wall},
    error::Error,
    events,
    store::{self, Said},
};

/// Facts stay this long after they were last of use: repeats are recognised that long.
const KEPT: TimeDelta = TimeDelta::days(3);

/// Who the audit log names where nobody did it.
pub(crate) const TIME: &str = "time";

/// Writes down who did what, in the transaction in which it is done.
///
/// # Errors
/// The database's error.
pub async fn record(tx: &mut Tx, who: &str, act: &str, about: &str, what: Value) -> Result<(), Error> {
    store::audit::record(tx, who, act, about, &what).await
}

/// Notes what another service told. What it changes on the displays is computed by [`show`], once for all that was
/// told together.
pub fn learn(tx: &mut Tx, told: Told) {
    tx.carried::<Vec<Told>>().push(told);
}

/// Keeps what was learned in this transaction, and shows it where it matters.
///
/// # Errors
/// The database's error.
pub async fn show(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    let facts = std::mem::take(tx.carried::<Vec<Told>>());
    if facts.is_empty() { Ok(()) } else { change(tx, board, |wall, now| wall.learn(&facts, now)).await }
}

/// Does the same in one statement with the position behind the events that told it, if it can: the wall is in memory and
/// as it was, and nobody has to hear which displays show a directive or an incident. False: it is to be done in a transaction.
///
/// # Errors
/// The database's error. Whether it was done is not known then.
pub async fn show_at_once(db: &Db, board: &Board, step: Step, facts: &[Told]) -> Result<bool, Error> {
    if facts.is_empty() || facts.iter().any(|it| matches!(it.fact, Fact::House(_) | Fact::Measure(_))) {
        return Ok(false);
    }
    let Some(mut turn) = board.turn_in_memory().await else { return Ok(false) };
    if !turn.wall.is_calm() {
        turn.back();
        return Ok(false);
    }
    let now = db.clock().now();
    let news = turn.wall.learn(facts, now);
    if news.is_empty() {
        turn.back();
        return Ok(false);
    }
    // From here on the wall in memory is ahead: without a commit it is loaded again.
    if !turn.wall.concern().is_empty() {
        return Ok(false);
    }
    let mut connection = db.reader().await?;
    let written = store::wall::write_behind(&mut connection, step, turn.wall.version, &news, now).await?;
    drop(connection);
    if written {
        turn.show(&news);
        // For the other replicas.
        db.touch(BOARD);
    }
    Ok(written)
}

/// Computes all contents again because time has passed.
///
/// # Errors
/// The database's error.
pub async fn look_again(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    change(tx, board, |wall, now| News { views: wall.compute(now), ..News::default() }).await
}

/// Notes which services are silent: what they told is no longer shown as if it were of now.
///
/// # Errors
/// The database's error.
pub async fn listen(tx: &mut Tx, board: &Board, silences: &[Silence]) -> Result<(), Error> {
    let told = |silence: &Silence| Told { fact: Fact::Silence(silence.clone()), in_order: true };
    let facts: Vec<Told> = silences.iter().map(told).collect();
    change(tx, board, |wall, now| wall.learn(&facts, now)).await
}

/// Removes old facts.
///
/// # Errors
/// The database's error.
pub async fn tidy(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    change(tx, board, |wall, now| News { forgotten: wall.known.forget(now - KEPT), ..News::default() }).await?;
    devices::tidy(tx).await
}

/// One turn of the wall: from memory, and once more from the database if another replica has changed it.
async fn change(
    tx: &mut Tx,
    board: &Board,
    change: impl Fn(&mut Wall, DateTime<Utc>) -> News + Send,
) -> Result<(), Error> {
    let mut turn = board.turn(tx).await?;
    let mut news = change(&mut turn.wall, tx.now());
    while !turn.write(tx, &news).await? {
        news = change(&mut turn.wall, tx.now());
    }
    end(tx, turn, news).await
}

/// Ends a turn that was written. Flow hears which displays are to show its directives and incidents, where these are
/// others than before.
async fn end(tx: &mut Tx, mut turn: Turn, news: News) -> Result<(), Error> {
    if news.moved || !news.views.is_empty() {
        for (about, displays) in turn.wall.concern() {
            tx.append(&about.id.to_string(), &events::concerned(&about, displays)).await?;
        }
    }
    turn.end(tx, news);
    Ok(())
}

/// Displays say that they show a revision, many at once, each display once. Said again, or of an older one than
/// before, it changes nothing. For safety and evacuation the house is told.
///
/// # Errors
/// The database's error; for a single one: no such display, or a revision that was never computed.
pub async fn acknowledge(tx: &mut Tx, said: &[Said]) -> Result<Vec<Result<(), Error>>, Error> {
    let noted = store::rendered(tx, said).await?;
    let noted: HashMap<String, store::Rendered> = noted.into_iter().map(|it| (it.display_id.clone(), it)).collect();
    let mut answers = Vec::with_capacity(said.len());
    let mut shown = Vec::new();
    for Said { display_id, revision } in said {
        answers.push(match noted.get(display_id) {
            None => Err(Error::NoSuchDisplay(display_id.clone())),
            Some(it) if *revision < 1 || *revision > it.revision => Err(Error::NeverComputed(revision.unsigned_abs())),
            Some(it) => {
                // Of an older revision the class is no longer known, and what counts is what is shown now.
                shown.extend((it.fresh && *revision == it.revision).then_some(it));
                Ok(())
            }
        });
    }
    for it in &shown {
        if let Some(class) = Class::numbered(it.class).filter(|class| class.is_acknowledged()) {
            let event = events::acknowledged(&it.display_id, it.revision.unsigned_abs(), class, tx.now());
            tx.append(&it.display_id, &event).await?;
        }
    }
    // Flow hears of every display that tells its directive or incident.
    for it in &shown {
        let abouts: HashSet<&About> = it.abouts.iter().collect();
        for about in abouts {
            tx.append(&about.id.to_string(), &events::tells(&it.display_id, about, tx.now())).await?;
        }
    }
    Ok(answers)
}

/// What a display would show at that time, as far as it is known now.
///
/// # Errors
/// No such display, or the database's error.
pub async fn preview(tx: &mut Tx, board: &Board, display_id: &str, at: DateTime<Utc>) -> Result<Content, Error> {
    let turn = board.locked_turn(tx).await?;
    let content = turn.wall.preview(display_id, at);
    turn.back();
    content.ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// Shows a message of staff on a group of displays, or on all.
///
/// # Errors
/// A group that no display is in, or the database's error.
pub async fn publish(tx: &mut Tx, board: &Board, message: &Message) -> Result<(), Error> {
    let turn = board.locked_turn(tx).await?;
    if let Some(group) = &message.group
        && !turn.wall.has_group(group)
    {
        turn.back();
        return Err(invalid("group", "no display is in this group; leave it empty for all displays").into());
    }
    tx.append(&message.message_id.to_string(), &events::published(message)).await?;
    say(tx, turn, Fact::Message(message.clone())).await
}

/// Takes a message back; again changes nothing.
///
/// # Errors
/// No such message, or the database's error.
pub async fn withdraw(tx: &mut Tx, board: &Board, message_id: Uuid) -> Result<Message, Error> {
    let turn = board.locked_turn(tx).await?;
    let found = turn.wall.known.message(message_id).cloned();
    let message = match found {
        Some(message) if !message.withdrawn => message.taken_back(EndedBy::Staff, tx.now()),
        found => {
            turn.back();
            return found.ok_or(Error::NoSuchMessage);
        }
    };
    tx.append(&message_id.to_string(), &events::withdrawn(message_id)).await?;
    say(tx, turn, Fact::Message(message.clone())).await?;
    Ok(message)
}

/// Shows a message again that was taken back by mistake; one that is shown stays as it is.
///
/// # Errors
/// No such message, taken back too long ago, or the database's error.
pub async fn restore(tx: &mut Tx, board: &Board, message_id: Uuid) -> Result<Message, Error> {
    let turn = board.locked_turn(tx).await?;
    let found = turn.wall.known.message(message_id).cloned();
    let message = match found {
        // To others that hear of it, it is another alert than the one that was taken back.
        Some(old) if old.can_be_restored(tx.now()) => {
            let again =
                Message { published_at: tx.now(), withdrawn: false, withdrawn_at: None, ended_by: None, ..old.clone() };
            again.said_after(Some(&old))
        }
        found => {
            turn.back();
            let message = found.ok_or(Error::NoSuchMessage)?;
            return if message.withdrawn { Err(Error::TooLateToRestore) } else { Ok(message) };
        }
    };
    tx.append(&message_id.to_string(), &events::published(&message)).await?;
    // Whoever closes a zone for it has heard that it is over.
    if message.hazard.is_some() {
        tx.append(&message_id.to_string(), &events::warning(&message)).await?;
    }
    say(tx, turn, Fact::Message(message.clone())).await?;
    Ok(message)
}

/// On a locked wall.
async fn say(tx: &mut Tx, turn: Turn, fact: Fact) -> Result<(), Error> {
    say_all(tx, turn, &[fact]).await
}

async fn say_all(tx: &mut Tx, mut turn: Turn, facts: &[Fact]) -> Result<(), Error> {
    let facts: Vec<Told> = facts.iter().map(|fact| Told { fact: fact.clone(), in_order: true }).collect();
    let news = turn.wall.learn(&facts, tx.now());
    turn.write(tx, &news).await?;
    end(tx, turn, news).await
}
