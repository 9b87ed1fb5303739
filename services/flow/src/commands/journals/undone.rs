//! What a scanner without a network had let in by mistake, and took back before the house heard of it.

use chrono::{DateTime, Utc};
use kernel::Tx;
use serde_json::json;

use super::{
    super::{
        record, touch,
        undo::{Undo, take_back},
    },
    Journal, Outcome, dispute_id, second_nonce,
};
use crate::{error::Error, store};

/// An entry of a journal that takes another one back, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Undone {
    /// The nonce of the entry that was a mistake.
    pub(crate) nonce: String,
    /// By the house's clock.
    pub(crate) at: DateTime<Utc>,
    pub(crate) reason: String,
}

/// Why, where nobody says it.
const AT_THE_DOOR: &str = "taken back at the door";

/// Takes back whatever the house has made of an entry: who was counted by it, in one line or two, and what was disputed about
/// it. Again changes nothing. Unlike staff at the house, a scanner says what has happened, however late it says it.
pub(crate) async fn entry_undone(tx: &mut Tx, journal: &Journal, undone: &Undone) -> Result<Outcome, Error> {
    let reason = if undone.reason.is_empty() { AT_THE_DOOR } else { &undone.reason };
    let by = if journal.by.is_empty() { &journal.device } else { &journal.by };
    let mut outcome = Outcome::Invalid("undoes: names no entry of this scanner; send that one first".to_owned());
    // What a scanner let in beyond whom the house did, or before its booking came, has a line of its own.
    for nonce in [undone.nonce.clone(), second_nonce(&journal.device, &undone.nonce)] {
        let Some(line) = store::logged(tx.conn(), &journal.device, &nonce).await? else { continue };
        if outcome != Outcome::Recorded {
            outcome = Outcome::Repeated;
        }
        if line.undone {
            continue;
        }
        if let Some(visit) = line.visit.filter(|_| line.verdict.moves()) {
            let party = store::party(tx.conn(), visit).await?.ok_or(Error::NoParty)?;
            let admission = store::lock_admission(tx.conn(), party.showing).await?.ok_or(Error::NoShowing)?;
            // The scanner may have sent it twice, and the first is done only now.
            if store::logged(tx.conn(), &journal.device, &nonce).await?.is_some_and(|line| line.undone) {
                continue;
            }
            let skew = Some(journal.skew);
            let undo = Undo { device: &journal.device, nonce: &nonce, reason, by, at: undone.at, skew };
            take_back(tx, admission, visit, &line, &undo).await?;
            outcome = Outcome::Recorded;
            continue;
        }
        // Nobody was counted by it: staff need not look into it any more, and no booking that comes late makes it count.
        let now = tx.now();
        store::codes::wait_no_more(tx.conn(), &journal.device, &nonce).await?;
        let disputed = [dispute_id(&journal.device, &nonce)];
        if !store::resolve_conflicts(tx.conn(), &disputed, "undo", by, now).await?.is_empty() {
            let said = json!({"device": journal.device, "nonce": nonce, "verdict": line.verdict.name()});
            record(tx, by, "undo_scan", line.showing, said, json!({"reason": reason, "people": 0})).await?;
            touch(tx);
            outcome = Outcome::Recorded;
        }
    }
    Ok(outcome)
}
