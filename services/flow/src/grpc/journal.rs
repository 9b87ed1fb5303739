//! Reading a scanner's journal: an entry that cannot be read does not spoil the others.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{self, InvalidField, invalid};
use sky_proto::flow::v1 as pb;

use super::scanner::Scanner;
use crate::{
    commands::Entry,
    domain::scan::{Kind, Verdict},
};

/// More come in parts.
pub(super) const MOST_ENTRIES: usize = 1000;
/// A journal of a day that was over long ago is no longer merged: who was in is known by other means.
const OLDEST: TimeDelta = TimeDelta::hours(48);

/// One entry, its time corrected by the scanner's clock.
pub(super) fn entry(
    scanner: &Scanner,
    entry: &pb::JournalEntry,
    skew: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Entry, InvalidField> {
    let kind = match values::choice("kind", entry.kind)? {
        pb::ScanKind::Entry => Kind::Entry,
        pb::ScanKind::Exit => Kind::Exit,
        pb::ScanKind::Reentry | pb::ScanKind::Undo | pb::ScanKind::Unspecified => {
            return Err(invalid("kind", "must be ENTRY or EXIT; re-entry and undo are for staff at the house"));
        }
    };
    let at = values::time("at", entry.at)?;
    let at = at.checked_add_signed(skew).ok_or_else(|| invalid("at", "is out of range"))?;
    if at < now - OLDEST {
        return Err(invalid("at", "is more than 48 hours ago"));
    }
    Ok(Entry {
        nonce: values::slug("nonce", &entry.nonce)?.to_owned(),
        kind,
        lane: values::slug("lane", &entry.lane)?.to_owned(),
        showing: values::id("showing_id", &entry.showing_id)?,
        code: scanner.code(&entry.code)?,
        // A clock that was set back meanwhile: nothing has happened after now.
        at: at.min(now),
        verdict: verdict(kind, entry.verdict)?,
        people: entry.party_count,
        late_reason: values::text("late_reason", &entry.late_reason, 200)?,
    })
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
