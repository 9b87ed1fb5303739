//! What is told of charging points, and what has become too old, each in a given transaction. No proto, no commit.

use chrono::{DateTime, Utc};
use kernel::Tx;

use super::touch_site;
use crate::{error::Error, store};

/// Notes the state of a charging point; what is older than what was told before changes nothing.
pub(crate) async fn told(tx: &mut Tx, partner: &str, uid: &str, status: &str, at: DateTime<Utc>) -> Result<(), Error> {
    let now = tx.now();
    store::lock_site(tx.conn()).await?;
    if store::partners::save_charge_point(tx.conn(), partner, uid, status, at, now).await? {
        touch_site(tx, None).await?;
    }
    Ok(())
}

/// Time goes on, and nothing is told: the attendant's page shows what nobody knows any more.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    if store::partners::show_stale(tx.conn(), now).await? > 0 {
        touch_site(tx, None).await?;
    }
    Ok(())
}
