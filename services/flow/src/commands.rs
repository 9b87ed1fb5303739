//! What flow does, each in a given transaction: load, decide, save, tell. No proto, no commit.
//! Lock order: house, admission, tickets, counters, zones by id, the mark (for directives and incidents).

mod admissions;
mod calls;
mod conflicts;
pub(crate) mod directives;
pub(crate) mod estimates;
mod house;
pub(crate) mod incidents;
mod journals;
mod lists;
mod parties;
mod scans;
pub(crate) mod sensors;
mod steps;
mod tickets;
pub(crate) mod turn;
mod undo;
pub(crate) mod weather;
pub(crate) mod zones;

use kernel::Tx;
use serde_json::Value;

pub(crate) use admissions::{
    Plan, move_admission, move_at_once, report_cleaned, showing_cancelled, showing_delayed, showing_scheduled,
};
pub(crate) use calls::{form_groups, foyer, issue_number, move_group, move_number};
pub(crate) use conflicts::{reopen_conflicts, resolve_conflicts};
pub(crate) use house::set_house;
pub(crate) use journals::{Entry, Journal, Outcome, Undone, Waiting, entry_undone, journal_came, merge};
pub(crate) use lists::{List, admission_list};
pub(crate) use scans::{Answered, Code, Scan, ScanAnswer, scan};
pub(crate) use steps::undo_step;
pub(crate) use tickets::{
    codes_reissued, lock_showings, tickets_issued, tickets_moved, tickets_reseated, tickets_voided,
};
pub(crate) use undo::undo_scan;
pub(crate) use zones::correct_zone;

use crate::{error::Error, store};

/// The topic of the flow's live stream; its only key is the same.
pub(crate) const FLOW_TOPIC: &str = "flow";

/// The service itself, in the audit log.
const ITSELF: &str = "flow";

fn touch(tx: &mut Tx) {
    tx.touch(FLOW_TOPIC, FLOW_TOPIC);
}

/// Something of zones, counters, directives or incidents has changed.
async fn touch_house(tx: &mut Tx) -> Result<(), Error> {
    store::raise_mark(tx.conn()).await?;
    touch(tx);
    Ok(())
}

/// The house file, in the audit log.
pub(crate) const HOUSE_FILE: &str = "house-file";

/// An act for the audit log.
pub(crate) async fn record(
    tx: &mut Tx,
    who: &str,
    act: &str,
    about: impl std::fmt::Display + Send,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let now = tx.now();
    store::audit::record(tx.conn(), who, act, &about.to_string(), &before, &after, now).await
}
