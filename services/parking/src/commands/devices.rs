//! Devices whose pairing the portal has ended: the car park hears them no more.

use chrono::{DateTime, Utc};
use kernel::{Tx, ended::ENDED_TOPIC};

use crate::{error::Error, store};

/// Identities of this device from before are good for nothing from now on.
pub(crate) async fn end(tx: &mut Tx, device: &str, at: DateTime<Utc>) -> Result<(), Error> {
    if store::devices::end(tx.conn(), device, at).await? {
        tx.touch(ENDED_TOPIC, ENDED_TOPIC);
    }
    Ok(())
}
