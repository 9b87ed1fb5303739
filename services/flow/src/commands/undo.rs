//! A scan that was wrong is taken back by a line of its own; who is in follows from the lines that are left.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::json;
use uuid::Uuid;

use super::{journals::dispute_id, parties::write_changes, record, touch};
use crate::{
    domain::{
        Admission, AdmissionState, HouseState, journal,
        scan::{Kind, Verdict},
    },
    error::Error,
    store::{self, LoggedLine, NewLine},
};

/// Which scan is taken back, by whom, when and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undo<'u> {
    pub(crate) device: &'u str,
    pub(crate) nonce: &'u str,
    pub(crate) reason: &'u str,
    pub(crate) by: &'u str,
    pub(crate) at: DateTime<Utc>,
    /// Brought by a scanner later: by how much its clock is behind the house's.
    pub(crate) skew: Option<TimeDelta>,
}

/// Takes a scan back. Again changes nothing.
pub(crate) async fn undo_scan(
    tx: &mut Tx,
    device: &str,
    nonce: &str,
    reason: &str,
    by: &str,
) -> Result<LoggedLine, Error> {
    let at = tx.now();
    let line = store::logged(tx.conn(), device, nonce).await?.ok_or(Error::NoScan)?;
    if line.undone {
        return Ok(line);
    }
    let Some(visit) = line.visit.filter(|_| line.verdict.moves()) else { return Err(Error::NothingToUndo) };
    let party = store::party(tx.conn(), visit).await?.ok_or(Error::NoParty)?;
    let admission = store::lock_admission(tx.conn(), party.showing).await?.ok_or(Error::NoShowing)?;
    if !matches!(admission.state, AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running) {
        return Err(Error::TooLateToUndo);
    }
    take_back(tx, admission, visit, &line, &Undo { device, nonce, reason, by, at, skew: None }).await?;
    // Looked at last: an alarm may have begun meanwhile, which waits for nobody. Then nothing of it stays.
    if store::house(tx.conn()).await?.state == HouseState::Evacuating {
        return Err(Error::ScansFrozen);
    }
    store::logged(tx.conn(), device, nonce).await?.ok_or(Error::NoScan)
}

/// Takes a line back that has moved somebody of a visit. Its showing must be locked.
pub(super) async fn take_back(
    tx: &mut Tx,
    mut admission: Admission,
    visit: Uuid,
    line: &LoggedLine,
    undo: &Undo<'_>,
) -> Result<(), Error> {
    let now = tx.now();
    let Undo { device, nonce, reason, by, at, skew } = *undo;
    // Again, now that nobody else changes it.
    let before = store::party(tx.conn(), visit).await?.ok_or(Error::NoParty)?;
    let mut lines = store::lines_of(tx.conn(), &[visit]).await?.remove(&visit).unwrap_or_default();
    // Who came in again with the same scan has a line of their own.
    let returned = store::logged(tx.conn(), device, &journal::nonce_of_return(device, nonce)).await?;
    let returned = returned.filter(|line| !line.undone).map(|line| line.nonce);
    let wrong: Vec<&str> = std::iter::once(nonce).chain(returned.as_deref()).collect();
    lines.retain(|kept| kept.device != device || !wrong.contains(&kept.nonce.as_str()));
    let mut after = before.clone();
    let double = journal::settle(&mut after.tickets, &lines);
    let changed = i64::from(after.admitted()) - i64::from(before.admitted());
    // No scanner can have chosen these nonces.
    let own: Vec<String> = wrong.iter().map(|nonce| format!("undo:{nonce}")).collect();
    let undo = NewLine {
        device,
        nonce: &own[0],
        kind: Kind::Undo,
        showing: line.showing,
        lane: &line.lane,
        visit: Some(visit),
        verdict: Verdict::Undone,
        admitted_now: i32::try_from(changed).unwrap_or(0),
        tickets: &[],
        wanted: 0,
        late_reason: "",
        by,
        reason,
        offline: skew.is_some(),
        skew_ms: skew.map_or(0, |skew| skew.num_milliseconds()),
        at,
        recorded_at: now,
        asked: &[],
        answer: &[],
        undoes: Some((device, nonce)),
    };
    store::record(tx.conn(), &undo).await?;
    for (nonce, own) in wrong.iter().zip(&own).skip(1) {
        let undo = NewLine { nonce: own, admitted_now: 0, undoes: Some((device, nonce)), ..undo };
        store::record(tx.conn(), &undo).await?;
    }
    write_changes(tx, &mut admission, &before, &after).await?;
    store::settle_doubles(tx.conn(), visit, &double, by, now).await?;
    store::resolve_conflicts(tx.conn(), &[dispute_id(device, nonce)], "undo", by, now).await?;
    let said = json!({"device": device, "nonce": nonce, "verdict": line.verdict.name()});
    record(tx, by, "undo_scan", line.showing, said, json!({"reason": reason, "people": changed})).await?;
    touch(tx);
    Ok(())
}
