//! Official warnings become messages on all displays, and end earlier ones.

use chrono::TimeDelta;
use kernel::Tx;
use uuid::Uuid;

use super::say_all;
use crate::{
    board::Board,
    domain::{Alert, Fact, Message},
    error::Error,
    events,
};

/// A warning without a near end is renewed when so much of its time on the displays has passed.
const RENEWED: TimeDelta = TimeDelta::hours(12);

/// What became of a warning.
#[derive(Debug)]
pub struct Imported {
    /// The message it became, or why none.
    pub shown: Result<Uuid, &'static str>,
    /// Messages that it has ended.
    pub ended: Vec<Uuid>,
}

/// Takes a warning; again changes nothing.
///
/// # Errors
/// The database's error.
pub async fn import(tx: &mut Tx, board: &Board, alert: &Alert) -> Result<Imported, Error> {
    let turn = board.locked_turn(tx).await?;
    let shown = alert.message(tx.now());
    let mut facts = Vec::new();
    let mut ended = Vec::new();
    for id in alert.ends() {
        let Some(old) = turn.wall.known.message(id).filter(|old| !old.withdrawn) else { continue };
        // An update under its own id takes the message's place.
        if shown.as_ref().is_ok_and(|message| message.message_id == id) {
            continue;
        }
        facts.push(Fact::Message(Message { withdrawn: true, withdrawn_at: Some(tx.now()), ..old.clone() }));
        ended.push(id);
    }
    if let Ok(message) = &shown
        && turn.wall.known.message(message.message_id).is_none_or(|old| differs(old, message))
    {
        facts.push(Fact::Message(message.clone()));
        tx.append(&message.message_id.to_string(), &events::published(message)).await?;
    }
    for id in &ended {
        tx.append(&id.to_string(), &events::withdrawn(*id)).await?;
    }
    say_all(tx, turn, &facts).await?;
    Ok(Imported { shown: shown.map(|message| message.message_id), ended })
}

fn differs(old: &Message, new: &Message) -> bool {
    let renewed = new.valid_until - old.valid_until;
    // One that staff have taken back stays taken back.
    !old.withdrawn
        && ((&old.text, old.class) != (&new.text, new.class) || renewed < TimeDelta::zero() || renewed > RENEWED)
}
