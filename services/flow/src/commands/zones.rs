//! Counting people in zones.

use kernel::Tx;

use super::touch;
use crate::{
    domain::{Quality, Zone},
    error::Error,
    events, store,
};

async fn tell_zone(tx: &mut Tx, zone: &Zone) -> Result<(), Error> {
    tx.append(&zone.id, &events::zone_changed(zone)).await?;
    touch(tx);
    Ok(())
}

/// Adds people to a zone (or takes them out); others hear of it when its level changes.
pub(super) async fn count(tx: &mut Tx, zone: Option<Zone>, people: i64, quality: Quality) -> Result<(), Error> {
    let Some(mut zone) = zone else {
        return Ok(());
    };
    let changed = zone.add(people, quality, tx.now());
    store::save_zone(tx.conn(), &zone).await?;
    touch(tx);
    if changed { tell_zone(tx, &zone).await } else { Ok(()) }
}

/// Sets a zone's count by hand, for the record with who and why.
pub(crate) async fn correct_zone(tx: &mut Tx, id: &str, people: u32, reason: &str, by: &str) -> Result<Zone, Error> {
    let now = tx.now();
    let mut zone = store::lock_zone(tx.conn(), id).await?.ok_or(Error::NoZone)?;
    store::record_correction(tx.conn(), &zone, people, reason, by, now).await?;
    zone.set(people, Quality::Manual, now);
    store::save_zone(tx.conn(), &zone).await?;
    tell_zone(tx, &zone).await?;
    Ok(zone)
}
