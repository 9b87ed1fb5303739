//! What is told of charging points, in a given transaction. No proto, no commit.

use chrono::{DateTime, Utc};
use kernel::Tx;

use super::touch_site;
use crate::{error::Error, store};

/// Notes the state of a charging point; what is older than what was told before changes nothing.
pub(crate) async fn told(tx: &mut Tx, partner: &str, uid: &str, status: &str, at: DateTime<Utc>) -> Result<(), Error> {
    store::lock_site(tx.conn()).await?;
    if store::partners::save_charge_point(tx.conn(), partner, uid, status, at).await? {
        touch_site(tx, None).await?;
    }
    Ok(())
}
