//! Official warnings become messages on all displays, and end earlier ones; the feeds that the house reads by itself.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::json;
use uuid::Uuid;

use super::{TIME, record, say_all};
use crate::{
    board::{Board, Turn},
    domain::{Alert, AlertType, EndedBy, Fact, LONGEST_MESSAGE, Message},
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
        // An update under its own id takes the message's place, or is over by itself.
        if id == alert.message_id() && alert.kind == AlertType::Update {
            continue;
        }
        if withdraw(tx, turn, id, EndedBy::Sender, facts).await? {
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
    if let Ok(message) = &shown {
        let old = latest(turn, message.message_id, facts);
        if old.is_none_or(|old| differs(alert, old, message, tx.now())) {
            let message = message.clone().said_after(old);
            tx.append(&message.message_id.to_string(), &events::published(&message)).await?;
            tx.append(&message.message_id.to_string(), &events::warning(&message)).await?;
            facts.push(Fact::Message(message));
        }
    }
    Ok(Imported { shown: shown.map(|message| message.message_id), ended, not_ended })
}

/// A message as it is after the facts that are to be learned; None: there is none.
fn latest<'t>(turn: &'t Turn, id: Uuid, facts: &'t [Fact]) -> Option<&'t Message> {
    let learned = facts.iter().rev().find_map(|fact| match fact {
        Fact::Message(message) if message.message_id == id => Some(message),
        _ => None,
    });
    learned.or_else(|| turn.wall.known.message(id))
}

/// Takes a message back; false: there is none, or it is already.
async fn withdraw(tx: &mut Tx, turn: &Turn, id: Uuid, by: EndedBy, facts: &mut Vec<Fact>) -> Result<bool, Error> {
    let Some(old) = latest(turn, id, facts) else { return Ok(false) };
    if old.withdrawn {
        // Whoever sent it has the last word: no feed and no other words bring it back then.
        if by == EndedBy::Sender && old.ended_by != Some(by) {
            let ended = Message { ended_by: Some(by), ..old.clone() };
            facts.push(Fact::Message(ended));
        }
        return Ok(false);
    }
    let ended = old.taken_back(by, tx.now());
    tx.append(&id.to_string(), &events::withdrawn(id)).await?;
    facts.push(Fact::Message(ended));
    Ok(true)
}

/// Whether a warning is to be shown as it comes now, and not as it is already.
fn differs(alert: &Alert, old: &Message, new: &Message, now: DateTime<Utc>) -> bool {
    let says_else = (&old.text, old.class) != (&new.text, new.class);
    if old.withdrawn {
        return match old.ended_by {
            // It was left out once, and is there again.
            Some(EndedBy::Feed) => true,
            // What staff have taken back stays taken back, as long as it is the same.
            Some(EndedBy::Staff) => says_else || old.gravity < new.gravity,
            Some(EndedBy::Sender) | None => false,
        };
    }
    let renewed = new.valid_until - old.valid_until;
    let later = if alert.is_open() {
        renewed > TimeDelta::zero() && old.valid_until < now + SOON
    } else if new.valid_until == now + LONGEST_MESSAGE {
        renewed > RENEWED
    } else {
        renewed > TimeDelta::zero()
    };
    says_else || renewed < TimeDelta::zero() && !alert.is_open() || later
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
    // In the order in which they were sent: what ends one comes after it, wherever it stands in the list.
    let mut alerts: Vec<&Alert> = answer.alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.sent);
    for alert in alerts {
        has.extend(take(tx, &turn, &alert.as_listed(tx.now()), &mut facts).await?.shown.ok());
    }
    if answer.problem.is_none() {
        for id in before.into_iter().filter(|id| !has.contains(id)) {
            withdraw(tx, &turn, id, EndedBy::Feed, &mut facts).await?;
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
