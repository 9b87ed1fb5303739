//! Every SQL statement, by what it is about. Decides nothing.
//! Lock order: house, admission, tickets, counters, zones by id, the mark.

mod admissions;
pub(crate) mod audit;
pub(crate) mod history;
mod house;
pub(crate) mod measures;
mod parties;
mod scans;
pub(crate) mod sensors;
mod zones;

use sqlx::PgConnection;

pub(crate) use admissions::{add_admission, admission, admissions, lock_admission, raise_revisions, save_admission};
pub(crate) use house::{house, lock_house, save_house};
pub(crate) use parties::{add_parties, admit, party, party_of_reference, party_of_ticket, reseat_party, void_party};
pub(crate) use scans::{record_scan, recorded_scan};
pub(crate) use zones::{
    ZonePlan, end_drift, escape_groups, group_level, halls_in_use, is_drifted, levels_since, lock_zone, lock_zones,
    lock_zones_of, mark_zone, raise_mark, record_correction, save_group_level, save_groups, save_zone, save_zone_plan,
    zones, zones_as_stored,
};

use crate::error::Error;

fn stored<T>(found: Option<T>, what: &str) -> Result<T, Error> {
    found.ok_or_else(|| Error::Stored(what.to_owned()))
}

/// The revision of everything together: it rises with every commit that changes any of it.
pub(crate) async fn revision(conn: &mut PgConnection) -> Result<u64, Error> {
    let sum: i64 = sqlx::query_scalar(
        "select ((select coalesce(sum(revision), 0) from admission) + (select coalesce(sum(revision), 0) from zone)
             + (select revision from house_state) + (select revision from flow_mark))::bigint",
    )
    .fetch_one(conn)
    .await?;
    Ok(sum.unsigned_abs())
}
