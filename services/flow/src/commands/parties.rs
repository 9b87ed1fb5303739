//! Who of a party is in follows from the lines of the log: writes what that changes, and tells it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::scans::step_over;
use crate::{
    domain::{
        Admission,
        scan::{DoorTicket, Party},
    },
    error::Error,
    events, store,
};

/// Writes what has changed of a party between two looks. Its showing must be locked.
pub(super) async fn write_changes(
    tx: &mut Tx,
    admission: &mut Admission,
    before: &Party,
    after: &Party,
) -> Result<(), Error> {
    let changed: Vec<DoorTicket> = after
        .tickets
        .iter()
        .zip(&before.tickets)
        .filter(|(now, then)| now != then)
        .map(|(now, _)| now.clone())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    store::save_standing(tx.conn(), &changed).await?;
    let inside = admission.inside();
    admission.admitted = shifted(admission.admitted, before.admitted(), after.admitted());
    admission.outside = shifted(admission.outside, before.outside(), after.outside()).min(admission.admitted);
    let people = i64::from(admission.inside()) - i64::from(inside);
    store::save_admission(tx.conn(), admission).await?;
    tell(tx, admission, before, after).await?;
    // Whoever was in the hall has left it with all others by now.
    if people != 0 && admission.state.has_hall() {
        step_over(tx, &admission.hall, people).await?;
    }
    Ok(())
}

fn shifted(total: u32, before: u32, after: u32) -> u32 {
    (total + after).saturating_sub(before)
}

/// Tells whose tickets are in now, by when and where they came, and whose are not in any more.
async fn tell(tx: &mut Tx, admission: &Admission, before: &Party, after: &Party) -> Result<(), Error> {
    let showing = admission.showing.to_string();
    let mut came: BTreeMap<(DateTime<Utc>, &str), Vec<Uuid>> = BTreeMap::new();
    let mut gone = Vec::new();
    for (now, then) in after.tickets.iter().zip(&before.tickets) {
        match (&then.admitted, &now.admitted) {
            (None, Some((at, lane))) => came.entry((*at, lane)).or_default().push(now.id),
            (Some(_), None) => gone.push(now.id),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    for ((at, lane), tickets) in came {
        tx.append(&showing, &events::party_admitted(admission, after.visit, &tickets, lane, at)).await?;
    }
    if !gone.is_empty() {
        let at = tx.now();
        tx.append(&showing, &events::admission_undone(admission, after.visit, &gone, at)).await?;
    }
    Ok(())
}
