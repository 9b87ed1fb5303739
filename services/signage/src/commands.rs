//! What can be done, each in a given transaction: learn facts, say a message, hear displays.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Tx, values::invalid};
use uuid::Uuid;

use crate::{
    board::Board,
    domain::{Class, Fact, Message, News, Wall},
    error::Error,
    events,
    store::{self, wall::Configured},
};

/// Facts stay this long after they were last of use: repeats are recognised that long.
const KEPT: TimeDelta = TimeDelta::days(3);

/// Notes what another service told. What it changes on the displays is computed by [`show`], once for all that was
/// told together.
pub fn learn(tx: &mut Tx, fact: Fact) {
    tx.carried::<Vec<Fact>>().push(fact);
}

/// Keeps what was learned in this transaction, and shows it where it matters.
///
/// # Errors
/// The database's error.
pub async fn show(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    let facts = std::mem::take(tx.carried::<Vec<Fact>>());
    if facts.is_empty() { Ok(()) } else { change(tx, board, |wall, now| wall.learn(&facts, now)).await }
}

/// Computes all contents again because time has passed.
///
/// # Errors
/// The database's error.
pub async fn look_again(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    change(tx, board, |wall, now| News { views: wall.compute(now), ..News::default() }).await
}

/// Removes old facts.
///
/// # Errors
/// The database's error.
pub async fn tidy(tx: &mut Tx, board: &Board) -> Result<(), Error> {
    change(tx, board, |wall, now| News { forgotten: wall.known.forget(now - KEPT), ..News::default() }).await
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
    turn.end(tx, news);
    Ok(())
}

/// Sets the displays up as the house file says. On the database alone: every replica hears of it.
///
/// # Errors
/// The database's error.
pub async fn configure(tx: &mut Tx, displays: Vec<Configured>) -> Result<(), Error> {
    let mut turn = Board::default().locked_turn(tx).await?;
    let now = tx.now();
    turn.wall.hang(displays.iter().map(|it| (it.display_id.clone(), it.groups.clone(), it.setup.clone())), now);
    store::wall::hang(tx, &displays, &turn.wall).await?;
    let news = News { views: turn.wall.compute(now), moved: true, ..News::default() };
    turn.write(tx, &news).await?;
    turn.end(tx, news);
    Ok(())
}

/// What a display's word that it shows a revision is answered: what it should show now.
pub type Said = HashMap<String, i64>;

/// Displays say that they show a revision, many at once. Said again, or of an older one than before, it changes
/// nothing. For safety and evacuation the house is told. Answers what each should show now; those that do not
/// exist are not in it.
///
/// # Errors
/// The database's error.
pub async fn acknowledge(tx: &mut Tx, said: &Said) -> Result<Said, Error> {
    let rendered = store::rendered(tx, said).await?;
    // Of an older revision the class is no longer known, and what counts is what is shown now.
    let told: Vec<(String, _)> = rendered
        .iter()
        .filter(|it| it.fresh && said.get(&it.display_id) == Some(&it.revision))
        .filter_map(|it| {
            let class = Class::numbered(it.class).filter(|class| class.is_acknowledged())?;
            let event = events::acknowledged(&it.display_id, it.revision.unsigned_abs(), class, tx.now());
            Some((it.display_id.clone(), event))
        })
        .collect();
    for (display_id, event) in &told {
        tx.append(display_id, event).await?;
    }
    Ok(rendered.into_iter().map(|it| (it.display_id, it.revision)).collect())
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
    say(tx, turn, message).await
}

/// Takes a message back; again changes nothing.
///
/// # Errors
/// No such message, or the database's error.
pub async fn withdraw(tx: &mut Tx, board: &Board, message_id: Uuid) -> Result<Message, Error> {
    let turn = board.locked_turn(tx).await?;
    let found = turn.wall.known.message(message_id).cloned();
    let mut message = match found {
        Some(message) if !message.withdrawn => message,
        found => {
            turn.back();
            return found.ok_or(Error::NoSuchMessage);
        }
    };
    message.withdrawn = true;
    tx.append(&message_id.to_string(), &events::withdrawn(message_id)).await?;
    say(tx, turn, &message).await?;
    Ok(message)
}

async fn say(tx: &mut Tx, mut turn: crate::board::Turn, message: &Message) -> Result<(), Error> {
    let news = turn.wall.learn(&[Fact::Message(message.clone())], tx.now());
    turn.write(tx, &news).await?;
    turn.end(tx, news);
    Ok(())
}
