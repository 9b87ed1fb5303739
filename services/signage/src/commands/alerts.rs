//! Official warnings become messages on all displays, and end earlier ones; the feeds that the house reads by itself.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::json;
use uuid::Uuid;

use super::{TIME, record, say_all};
use crate::{
    board::{Board, Turn},
    domain::{Alert, Fact, LONGEST_MESSAGE, Message},
    error::Error,
    events, store,
};

/// A warning without a near end is renewed when so much of its time on the displays has passed, …
const RENEWED: TimeDelta = TimeDelta::hours(12);
/// … one without any when it would be taken off so soon although it is still told.
const SOON: TimeDelta = TimeDelta::minutes(30);

/// What became of a warning.
#[derive(Debug)]
pub struct Imported {
    /// The message it became, or why none.
    pub shown: Result<Uuid, &'static str>,
    /// Messages that it has ended.
    pub ended: Vec<Uuid>,
    /// Messages of other senders that it would have ended, and that stay. Staff may withdraw them.
    pub not_ended: Vec<Uuid>,
}

/// Takes a warning; again changes nothing.
///
/// # Errors
/// The database's error.
pub async fn import(tx: &mut Tx, board: &Board, alert: &Alert) -> Result<Imported, Error> {
    let turn = board.locked_turn(tx).await?;
    let mut facts = Vec::new();
    let imported = take(tx, &turn, alert, &mut facts).await?;
    say_all(tx, turn, &facts).await?;
    Ok(imported)
}

/// What a warning is on the displays, and what it ends, as facts to be learned.
async fn take(tx: &mut Tx, turn: &Turn, alert: &Alert, facts: &mut Vec<Fact>) -> Result<Imported, Error> {
    let shown = alert.message(tx.now());
    let mut ended = Vec::new();
    for id in alert.ends() {
        // An update under its own id takes the message's place.
        if shown.as_ref().is_ok_and(|message| message.message_id == id) {
            continue;
        }
        if withdraw(tx, turn, id, facts).await? {
            ended.push(id);
        }
    }
    let stays = |id: &Uuid| turn.wall.known.message(*id).is_some_and(|it| !it.withdrawn && tx.now() < it.valid_until);
    let not_ended: Vec<Uuid> = alert.may_not_end().into_iter().filter(stays).collect();
    if !not_ended.is_empty() {
        tracing::warn!(
            sender = alert.sender,
            alert = alert.identifier,
            "a warning refers to another sender's, which stays"
        );
    }
    if let Ok(message) = &shown
        && turn.wall.known.message(message.message_id).is_none_or(|old| differs(alert, old, message, tx.now()))
    {
        facts.push(Fact::Message(message.clone()));
        tx.append(&message.message_id.to_string(), &events::published(message)).await?;
        tx.append(&message.message_id.to_string(), &events::warning(alert, message)).await?;
    }
    Ok(Imported { shown: shown.map(|message| message.message_id), ended, not_ended })
}

/// Takes a message back; false: there is none, or it is already.
async fn withdraw(tx: &mut Tx, turn: &Turn, id: Uuid, facts: &mut Vec<Fact>) -> Result<bool, Error> {
    let Some(old) = turn.wall.known.message(id).filter(|old| !old.withdrawn) else { return Ok(false) };
    if facts.iter().any(|fact| matches!(fact, Fact::Message(it) if it.message_id == id && it.withdrawn)) {
        return Ok(false);
    }
    tx.append(&id.to_string(), &events::withdrawn(id)).await?;
    facts.push(Fact::Message(Message { withdrawn: true, withdrawn_at: Some(tx.now()), ..old.clone() }));
    Ok(true)
}

fn differs(alert: &Alert, old: &Message, new: &Message, now: DateTime<Utc>) -> bool {
    let renewed = new.valid_until - old.valid_until;
    let later = if alert.is_open() {
        renewed > TimeDelta::zero() && old.valid_until < now + SOON
    } else if new.valid_until == now + LONGEST_MESSAGE {
        renewed > RENEWED
    } else {
        renewed > TimeDelta::zero()
    };
    // One that staff have taken back stays taken back.
    !old.withdrawn
        && ((&old.text, old.class) != (&new.text, new.class)
            || renewed < TimeDelta::zero() && !alert.is_open()
            || later)
}

/// What a feed said when it was asked.
#[derive(Debug)]
pub struct Answer {
    /// Its address.
    pub feed: String,
    /// The warnings that it has now, in which nothing was wrong.
    pub alerts: Vec<Alert>,
    /// What was wrong; None: it was good as a whole.
    pub problem: Option<String>,
}

/// Takes what a feed has. What it had before and has no more is over, unless another feed has it too or something was wrong
/// with its answer: then what it said last holds until its own end.
///
/// # Errors
/// The database's error.
pub async fn heard(tx: &mut Tx, board: &Board, answer: &Answer) -> Result<(), Error> {
    let before = store::feeds::alone_has(tx, &answer.feed).await?;
    let turn = board.locked_turn(tx).await?;
    let (mut has, mut facts) = (Vec::new(), Vec::new());
    for alert in &answer.alerts {
        has.extend(take(tx, &turn, &alert.as_listed(tx.now()), &mut facts).await?.shown.ok());
    }
    if answer.problem.is_none() {
        for id in before.into_iter().filter(|id| !has.contains(id)) {
            withdraw(tx, &turn, id, &mut facts).await?;
        }
    }
    for fact in &facts {
        if let Fact::Message(message) = fact {
            let act = if message.withdrawn { "end_warning" } else { "take_warning" };
            let what = json!({ "text": message.text.de, "until": message.valid_until });
            record(tx, TIME, act, &message.message_id.to_string(), what).await?;
        }
    }
    say_all(tx, turn, &facts).await?;
    store::feeds::asked(tx, &answer.feed, answer.problem.as_deref(), &has).await
}
