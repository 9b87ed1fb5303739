//! Reading a scanner's journal: an entry that cannot be read does not spoil the others.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{self, InvalidField, invalid};
use sky_proto::flow::v1 as pb;

use super::scanner::Scanner;
use crate::{
    commands::{Entry, Undone},
    domain::scan::{Kind, Verdict},
};

/// More come in parts.
pub(super) const MOST_ENTRIES: usize = 1000;
/// A journal of a day that was over long ago is no longer merged: who was in is known by other means.
const OLDEST: TimeDelta = TimeDelta::hours(48);

/// What a line of a journal says.
#[derive(Clone, Debug)]
pub(super) enum Noted {
    Scan(Entry),
    Undo(Undone),
}

/// The places of what was noted in the order in which it is merged: what takes an entry back directly after that.
pub(super) fn in_order(noted: &[Noted]) -> Vec<usize> {
    let of_scan = |nonce: &str| noted.iter().position(|it| matches!(it, Noted::Scan(entry) if entry.nonce == nonce));
    let mut places: Vec<usize> = (0..noted.len()).collect();
    places.sort_by_key(|place| match &noted[*place] {
        Noted::Scan(_) => (*place, false),
        Noted::Undo(undone) => (of_scan(&undone.nonce).unwrap_or(*place), true),
    });
    places
}

/// One entry, its time corrected by the scanner's clock.
pub(super) fn entry(
    scanner: &Scanner,
    entry: &pb::JournalEntry,
    skew: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Noted, InvalidField> {
    let kind = match values::choice("kind", entry.kind)? {
        pb::ScanKind::Entry => Kind::Entry,
        pb::ScanKind::Exit => Kind::Exit,
        pb::ScanKind::Undo => Kind::Undo,
        pb::ScanKind::Reentry | pb::ScanKind::Unspecified => {
            return Err(invalid("kind", "must be ENTRY, EXIT or UNDO; re-entry is for staff at the house"));
        }
    };
    let at = values::time("at", entry.at)?;
    let at = at.checked_add_signed(skew).ok_or_else(|| invalid("at", "is out of range"))?;
    if at < now - OLDEST {
        return Err(invalid("at", "is more than 48 hours ago"));
    }
    // A clock that was set back meanwhile: nothing has happened after now.
    let at = at.min(now);
    let late_reason = values::text("late_reason", &entry.late_reason, 200)?;
    if kind == Kind::Undo {
        let nonce = values::slug("undoes", &entry.undoes)?.to_owned();
        return Ok(Noted::Undo(Undone { nonce, at, reason: late_reason }));
    }
    Ok(Noted::Scan(Entry {
        nonce: values::slug("nonce", &entry.nonce)?.to_owned(),
        kind,
        lane: values::slug("lane", &entry.lane)?.to_owned(),
        showing: values::id("showing_id", &entry.showing_id)?,
        code: scanner.code(&entry.code)?,
        at,
        verdict: verdict(kind, entry.verdict)?,
        people: entry.party_count,
        late_reason,
    }))
}

/// What a scanner without a network can have decided.
fn verdict(kind: Kind, value: i32) -> Result<Verdict, InvalidField> {
    use pb::ScanVerdict as Told;
    let verdict = match values::choice("verdict", value)? {
        Told::Admitted => Verdict::Admitted,
        Told::AlreadyAdmitted => Verdict::AlreadyAdmitted,
        Told::WrongShowing => Verdict::WrongShowing,
        Told::TooEarly => Verdict::TooEarly,
        Told::TooLate => Verdict::TooLate,
        Told::Cancelled => Verdict::Cancelled,
        Told::Unknown => Verdict::Unknown,
        Told::Forged => Verdict::Forged,
        Told::Stopped => Verdict::Stopped,
        Told::ZoneStopped => Verdict::ZoneStopped,
        Told::Replaced => Verdict::Replaced,
        Told::ReentryByStaff => Verdict::ReentryByStaff,
        Told::Exited => Verdict::Exited,
        Told::NotInside => Verdict::NotInside,
        Told::Readmitted | Told::NotOutside | Told::Undone | Told::Unspecified => {
            return Err(invalid("verdict", "is none that a scanner can give"));
        }
    };
    let of_exit = matches!(verdict, Verdict::Exited | Verdict::NotInside);
    if verdict.moves() && of_exit != (kind == Kind::Exit) {
        return Err(invalid("verdict", "does not fit the kind: ADMITTED is for ENTRY, EXITED for EXIT"));
    }
    Ok(verdict)
}
