//! A scan at a lane: judged and answered, one after the other per showing.

use kernel::{
    Tx,
    values::{Text, invalid},
};
use uuid::Uuid;

use super::{touch, zones::count};
use crate::{
    domain::{
        Admission, Quality,
        scan::{self, Judgement, Party, Scanned, Verdict},
    },
    error::Error,
    events, store,
};

/// A scan at a lane.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) lane: String,
    pub(crate) showing: Uuid,
    pub(crate) code: Code,
    pub(crate) party_count: u32,
    pub(crate) late_reason: String,
}

/// What the scanner read.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// A signed ticket of a showing.
    Ticket {
        id: Uuid,
        showing: Uuid,
    },
    /// A signed code of a visit.
    Visit {
        id: Uuid,
        showing: Uuid,
    },
    /// A reference somebody said aloud.
    Reference(String),
    Unknown,
    Forged,
}

/// What the scanner is answered.
#[derive(Clone, Debug)]
pub(crate) struct ScanAnswer {
    pub(crate) judgement: Judgement,
    pub(crate) message: Text,
    pub(crate) party: Option<Party>,
    pub(crate) other: Option<Admission>,
}

/// Locks the lane's showing, so that one scan is answered after the other.
pub(crate) async fn lock_showing(tx: &mut Tx, showing: Uuid) -> Result<Admission, Error> {
    store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)
}

/// Judges a scan and admits whom it lets in. The showing must be locked.
pub(crate) async fn scan(tx: &mut Tx, mut admission: Admission, scan: &Scan) -> Result<ScanAnswer, Error> {
    let now = tx.now();
    let house = store::house(tx.conn()).await?;
    let scanned = find(tx, &scan.code).await?;
    let judgement = scan::judge(&scanned, &admission, house.state, scan.party_count, &scan.late_reason, now).map_err(
        |too_many| invalid("party_count", format!("only {} of this party are still outside", too_many.left)),
    )?;
    let other = match judgement.other {
        Some(other) => store::admission(tx.conn(), other).await?,
        None => None,
    };
    let message = scan::message(&judgement, &scanned, &admission, other.as_ref());
    let mut party = match scanned {
        Scanned::Ticket(party, _) | Scanned::Party(party) => Some(party),
        Scanned::NotHereYet { .. } | Scanned::Unknown | Scanned::Forged => None,
    };
    if let Some(party) = &mut party
        && judgement.verdict == Verdict::Admitted
    {
        admit(tx, &mut admission, party, &judgement.admits, &scan.lane).await?;
    }
    Ok(ScanAnswer { judgement, message, party, other })
}

async fn find(tx: &mut Tx, code: &Code) -> Result<Scanned, Error> {
    Ok(match code {
        Code::Unknown => Scanned::Unknown,
        Code::Forged => Scanned::Forged,
        Code::Ticket { id, showing } => match store::party_of_ticket(tx.conn(), *id).await? {
            Some(party) => Scanned::Ticket(party, *id),
            None => Scanned::NotHereYet { showing: *showing },
        },
        Code::Visit { id, showing } => match store::party(tx.conn(), *id).await? {
            Some(party) => Scanned::Party(party),
            None => Scanned::NotHereYet { showing: *showing },
        },
        Code::Reference(reference) => {
            store::party_of_reference(tx.conn(), reference).await?.map_or(Scanned::Unknown, Scanned::Party)
        }
    })
}

async fn admit(
    tx: &mut Tx,
    admission: &mut Admission,
    party: &mut Party,
    tickets: &[Uuid],
    lane: &str,
) -> Result<(), Error> {
    let now = tx.now();
    // Only who is not in yet: the lock above makes sure of it, this makes sure of the lock.
    if store::admit(tx.conn(), tickets, lane, now).await? != tickets.len() as u64 {
        return Err(Error::ScanInProgress);
    }
    for ticket in party.tickets.iter_mut().filter(|ticket| tickets.contains(&ticket.id)) {
        ticket.admitted = Some((now, lane.to_owned()));
    }
    let people = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
    admission.admitted += people;
    store::save_admission(tx.conn(), admission).await?;
    let event = events::party_admitted(admission, party.visit, tickets, lane, now);
    tx.append(&admission.showing.to_string(), &event).await?;
    let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
    count(tx, hall, i64::from(people), Quality::Live).await?;
    count(tx, foyer, -i64::from(people), Quality::Estimated).await?;
    touch(tx);
    Ok(())
}
