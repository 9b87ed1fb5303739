//! What flow does, each in a given transaction: load, decide, save, tell. No proto, no commit.
//! Lock order: house, admission, tickets, zones by id.

mod admissions;
mod house;
mod scans;
mod tickets;
mod zones;

use kernel::Tx;

pub(crate) use admissions::{Plan, move_admission, showing_cancelled, showing_delayed, showing_scheduled};
pub(crate) use house::set_house;
pub(crate) use scans::{Code, Scan, ScanAnswer, lock_showing, scan};
pub(crate) use tickets::{tickets_issued, tickets_reseated, tickets_voided};
pub(crate) use zones::correct_zone;

/// The topic of the flow's live stream; its only key is the same.
pub(crate) const FLOW_TOPIC: &str = "flow";

fn touch(tx: &mut Tx) {
    tx.touch(FLOW_TOPIC, FLOW_TOPIC);
}
