//! Finding visits by name: the look and its line in the record are one transaction.

use kernel::Tx;
use uuid::Uuid;

use crate::{domain::Visit, error::Error, store};

/// Visits of a showing whose name begins so. Who looked is written down, the name is not.
pub(crate) async fn find_by_name(
    tx: &mut Tx,
    showing: Uuid,
    begins: &str,
    most: u32,
    account: &str,
) -> Result<Vec<Visit>, Error> {
    let now = tx.now();
    let found = store::contacts::named(tx.conn(), showing, begins, most).await?;
    store::contacts::record_lookup(tx.conn(), account, showing, found.len(), now).await?;
    tracing::info!(account, %showing, found = found.len(), "looked for a name");
    Ok(found)
}
