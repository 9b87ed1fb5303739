//! The door's own copy of the tickets, as reservations tells it. The showings are locked before
//! (see `reactions::lock_showings`): a scan holds its showing before its tickets.

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{journals::settle_waiting, touch};
use crate::{
    domain::scan::{DoorTicket, Party},
    error::Error,
    store,
};

/// Locks showings before anything of theirs is changed.
///
/// With them those of scans that wait for a booking: what comes may settle them.
pub(crate) async fn lock_showings(tx: &mut Tx, showings: &[Uuid]) -> Result<(), Error> {
    let mut all = store::codes::waiting_showings(tx.conn()).await?;
    all.extend(showings);
    store::lock_admissions(tx.conn(), &all).await
}

/// Tickets are issued, to any number of parties: the door's own copy.
pub(crate) async fn tickets_issued(tx: &mut Tx, parties: &[Party]) -> Result<(), Error> {
    if parties.is_empty() {
        return Ok(());
    }
    store::add_parties(tx.conn(), parties).await?;
    let showings: Vec<Uuid> = parties.iter().map(|party| party.showing).collect();
    store::recount(tx.conn(), &showings).await?;
    settle_waiting(tx, parties).await?;
    touch(tx);
    Ok(())
}

/// Codes were issued anew: the older ones admit nobody any more, whether the booking is here or not.
pub(crate) async fn codes_reissued(tx: &mut Tx, ids: &[(Uuid, u16)], at: DateTime<Utc>) -> Result<(), Error> {
    store::codes::reissue(tx.conn(), ids, at).await
}

/// A party sits elsewhere: its tickets, admitted or not, name their new places.
pub(crate) async fn tickets_reseated(
    tx: &mut Tx,
    visit: Uuid,
    showing: Uuid,
    tickets: &[DoorTicket],
) -> Result<(), Error> {
    store::reseat_party(tx.conn(), visit, tickets).await?;
    store::recount(tx.conn(), &[showing]).await?;
    touch(tx);
    Ok(())
}

/// A party goes to another showing: its tickets admit there, with the codes that they have. Whoever is in already stays
/// where they sit.
pub(crate) async fn tickets_moved(
    tx: &mut Tx,
    visit: Uuid,
    from: Uuid,
    to: Uuid,
    tickets: &[DoorTicket],
) -> Result<(), Error> {
    store::move_party(tx.conn(), visit, to, tickets).await?;
    store::recount(tx.conn(), &[from, to]).await?;
    touch(tx);
    Ok(())
}

/// A booking is cancelled, known here or not: its tickets admit nobody.
pub(crate) async fn tickets_voided(tx: &mut Tx, visit: Uuid, showing: Uuid) -> Result<(), Error> {
    store::void_party(tx.conn(), visit, showing).await?;
    store::recount(tx.conn(), &[showing]).await?;
    touch(tx);
    Ok(())
}
