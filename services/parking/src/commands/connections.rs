//! Tokens of what speaks from outside, in a given transaction. Who issued and revoked one stays on record.

use chrono::TimeDelta;
use kernel::Tx;

use crate::{
    domain::connections::{Act, Connection, Step},
    error::Error,
    store,
};

/// That something has spoken is written down so often.
pub(crate) const EVERY: TimeDelta = TimeDelta::minutes(1);

/// A new token for a camera, a feed or a partner, of which the hash is kept; the one before is good no more.
pub(crate) async fn issue(tx: &mut Tx, device: &str, hash: &[u8], by: &str) -> Result<(), Error> {
    let known = store::plates::set_token(tx.conn(), device, hash).await?
        || store::feeds::set_token(tx.conn(), device, hash).await?
        || store::partners::set_token(tx.conn(), device, hash).await?;
    if !known {
        return Err(Error::NoDevice);
    }
    record(tx, device, Step::Issued, by).await
}

/// Its token is good no more. Without one nothing changes.
pub(crate) async fn revoke(tx: &mut Tx, device: &str, by: &str) -> Result<Connection, Error> {
    if store::connections::end_token(tx.conn(), device).await? {
        record(tx, device, Step::Revoked, by).await?;
    }
    store::connections::list(tx.conn(), Some(device)).await?.pop().ok_or(Error::NoDevice)
}

async fn record(tx: &mut Tx, device: &str, step: Step, by: &str) -> Result<(), Error> {
    let act = Act { step, at: tx.now(), by: by.to_owned() };
    store::connections::record(tx.conn(), device, &act).await
}

/// Something has spoken.
pub(crate) async fn spoke(tx: &mut Tx, device: &str) -> Result<(), Error> {
    let now = tx.now();
    store::connections::note_use(tx.conn(), device, now).await
}
