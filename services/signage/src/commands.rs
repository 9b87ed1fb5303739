//! What can be done, each in a given transaction: keep a fact, say a message, hear a display.
//! Everything that changes a fact takes the board first and computes the contents last.

use chrono::TimeDelta;
use kernel::{BoxFuture, Tx, values::invalid};
use uuid::Uuid;

use crate::{
    DISPLAY,
    domain::{Class, Fact, Message, compose},
    error::Error,
    events, store,
};

/// Facts stay this long after they were last of use: repeats are recognised that long.
const KEPT: TimeDelta = TimeDelta::days(3);

/// Noted in a transaction in which a fact has changed.
const CHANGED: &str = "facts";

/// Keeps what another service told. What it changes on the displays is computed by [`show`], once for all
/// that was told together.
///
/// # Errors
/// The database's error.
pub async fn learn(tx: &mut Tx, fact: &Fact) -> Result<(), Error> {
    if !tx.is_marked(CHANGED) {
        store::lock_board(tx).await?;
    }
    if store::facts::keep(tx, fact).await? {
        tx.mark(CHANGED);
    }
    Ok(())
}

/// Shows what was learned in this transaction where it matters.
///
/// # Errors
/// The database's error.
pub async fn show(tx: &mut Tx) -> Result<(), Error> {
    if tx.is_marked(CHANGED) { compute(tx).await } else { Ok(()) }
}

/// Computes all contents again because time has passed.
#[must_use]
pub fn look_again(tx: &mut Tx) -> BoxFuture<'_, Result<(), Error>> {
    Box::pin(async move {
        store::lock_board(tx).await?;
        compute(tx).await
    })
}

/// Removes old facts.
#[must_use]
pub fn tidy(tx: &mut Tx) -> BoxFuture<'_, Result<(), Error>> {
    Box::pin(async move {
        store::lock_board(tx).await?;
        let before = tx.now() - KEPT;
        store::facts::forget(tx, before).await
    })
}

/// Computes the contents of all displays; those that really changed get a new revision and are
/// pushed. All, because a dozen of them costs less than deciding whom a fact concerns.
async fn compute(tx: &mut Tx) -> Result<(), Error> {
    let (displays, facts) = store::facts::load(tx).await?;
    let mut changed = Vec::new();
    for store::facts::Shown { display, hash } in displays {
        let content = compose(&display, &facts, tx.now());
        let json = serde_json::to_string(&content)?;
        let fresh = Uuid::new_v5(&Uuid::NAMESPACE_OID, json.as_bytes());
        if hash != Some(fresh) {
            changed.push(store::Changed {
                display_id: display.id,
                content: json,
                hash: fresh,
                class: content.class as i16,
            });
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    store::show(tx, &changed).await?;
    for it in changed {
        tx.touch(DISPLAY, it.display_id);
    }
    Ok(())
}

/// Sets the displays up as the house file says.
///
/// # Errors
/// The database's error.
pub async fn configure(tx: &mut Tx, displays: &[store::Configured]) -> Result<(), Error> {
    store::lock_board(tx).await?;
    let ids: Vec<&str> = displays.iter().map(|display| display.display_id.as_str()).collect();
    store::keep_only(tx, &ids).await?;
    for display in displays {
        store::configure(tx, display).await?;
    }
    compute(tx).await
}

/// A display says that it shows a revision. Said again, or of an older one than before, it changes
/// nothing. For safety and evacuation the house is told.
///
/// # Errors
/// No such display, a revision that was never computed, or the database's error.
pub async fn acknowledge(tx: &mut Tx, display_id: &str, revision: u64) -> Result<(), Error> {
    let (computed, rendered, class) = store::lock_display(tx, display_id).await?;
    let said = i64::try_from(revision).unwrap_or(i64::MAX);
    if said == 0 || said > computed {
        return Err(Error::NeverComputed(revision));
    }
    if said <= rendered {
        return Ok(());
    }
    store::rendered(tx, display_id, said).await?;
    // Of an older revision the class is no longer known, and what counts is what is shown now.
    let class = class.and_then(Class::numbered).filter(|class| said == computed && class.is_acknowledged());
    if let Some(class) = class {
        let event = events::acknowledged(display_id, revision, class, tx.now());
        tx.append(display_id, &event).await?;
    }
    Ok(())
}

/// Shows a message of staff on a group of displays, or on all.
///
/// # Errors
/// A group that no display is in, or the database's error.
pub async fn publish(tx: &mut Tx, message: &Message) -> Result<(), Error> {
    store::lock_board(tx).await?;
    if let Some(group) = &message.group
        && !store::is_group(tx, group).await?
    {
        return Err(invalid("group", "no display is in this group; leave it empty for all displays").into());
    }
    store::add_message(tx, message).await?;
    let event = events::published(message);
    tx.append(&message.message_id.to_string(), &event).await?;
    compute(tx).await
}

/// Takes a message back; again changes nothing.
///
/// # Errors
/// No such message, or the database's error.
pub async fn withdraw(tx: &mut Tx, message_id: Uuid) -> Result<Message, Error> {
    store::lock_board(tx).await?;
    let mut message = store::lock_message(tx, message_id).await?;
    if message.withdrawn {
        return Ok(message);
    }
    message.withdrawn = true;
    store::withdraw(tx, message_id).await?;
    tx.append(&message_id.to_string(), &events::withdrawn(message_id)).await?;
    compute(tx).await?;
    Ok(message)
}
