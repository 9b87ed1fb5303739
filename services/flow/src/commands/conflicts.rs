//! What scanners and the house do not agree on, looked at by staff: one by one, or all of a lane at once; and taken
//! back.

use kernel::Tx;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{record, touch};
use crate::{error::Error, store};

/// Staff have looked at conflicts. What is resolved already stays as it is.
pub(crate) async fn resolve_conflicts(
    tx: &mut Tx,
    ids: &[Uuid],
    resolution: &str,
    by: &str,
) -> Result<Vec<store::Conflict>, Error> {
    let now = tx.now();
    let conflicts = known(tx, ids).await?;
    tell(tx, &conflicts).await?;
    for id in store::resolve_conflicts(tx.conn(), ids, resolution, by, now).await? {
        record(tx, by, "resolve_scan_conflict", id, Value::Null, json!({"resolution": resolution})).await?;
    }
    store::conflicts_of(tx.conn(), ids).await
}

/// That was a mistake: they are open again. What is open already, or was cleared up by an undo, stays as it is.
pub(crate) async fn reopen_conflicts(tx: &mut Tx, ids: &[Uuid], by: &str) -> Result<Vec<store::Conflict>, Error> {
    let conflicts = known(tx, ids).await?;
    tell(tx, &conflicts).await?;
    for id in store::reopen_conflicts(tx.conn(), ids).await? {
        let said = conflicts.iter().find(|conflict| conflict.id == id).map(|conflict| &conflict.resolution);
        record(tx, by, "reopen_scan_conflict", id, json!({"resolution": said}), Value::Null).await?;
    }
    store::conflicts_of(tx.conn(), ids).await
}

/// All of them as they stand, or none.
async fn known(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<store::Conflict>, Error> {
    let conflicts = store::conflicts_of(tx.conn(), ids).await?;
    if conflicts.len() < ids.len() { Err(Error::NoConflict) } else { Ok(conflicts) }
}

/// Their showings look different to others now. Locks these before the conflicts, as journals and an undo do.
async fn tell(tx: &mut Tx, conflicts: &[store::Conflict]) -> Result<(), Error> {
    let mut showings: Vec<Uuid> = conflicts.iter().map(|conflict| conflict.showing).collect();
    showings.sort_unstable();
    showings.dedup();
    store::raise_revisions(tx.conn(), &showings).await?;
    touch(tx);
    Ok(())
}
