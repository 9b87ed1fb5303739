//! Every SQL statement, by what it is about. Decides nothing.
//! Lock order: house, admission, tickets, counters, zones by id, the mark.

mod admissions;
pub(crate) mod audit;
mod calls;
pub(crate) mod codes;
mod conflicts;
pub(crate) mod estimates;
pub(crate) mod headcount;
pub(crate) mod history;
mod house;
mod log;
pub(crate) mod measures;
mod parties;
mod scans;
pub(crate) mod sensors;
pub(crate) mod steps;
pub(crate) mod weather;
mod zones;

use sqlx::PgConnection;

pub(crate) use admissions::{
    MOVE, add_admission, admission, admission_in_house, admissions, admitting, arguments_of_move, lock_admission,
    lock_admission_in_house, lock_admissions, raise_revisions, recount, save_admission, save_cleaned, save_move,
};
pub(crate) use calls::{
    add_group, add_number, dissolve_groups, free_places, group, grouped, groups, last_called, next_number, number,
    numbers, policy, save_group, save_number, save_policy, touch_queue, untouch_queue,
};
pub(crate) use conflicts::{
    Conflict, ConflictKind, KnownLine, NewConflict, add_conflict, conflicts, conflicts_of, drop_doubles,
    erase_resolutions, has_list, known_nonces, open_conflicts, record_journal, record_list, reopen_conflicts,
    resolve_conflicts, settle_doubles,
};
pub(crate) use house::{house, lock_house, save_house};
pub(crate) use log::{LoggedLine, latest, lines_of, logged, moves_of};
pub(crate) use parties::{
    add_parties, move_party, parties_of, party, party_wanted, reseat_party, save_standing, void_party,
};
pub(crate) use scans::{NewLine, Wanted, look, record, record_move, stopped};
pub(crate) use zones::{
    ZonePlan, end_drift, escape_groups, group_level, group_levels_since, halls_in_use, is_drifted, left_red,
    levels_since, lock_zone, lock_zones, lock_zones_of, mark_zone, raise_mark, record_correction, save_group_level,
    save_groups, save_zone, save_zone_plan, zones, zones_as_stored,
};

use crate::error::Error;

fn stored<T>(found: Option<T>, what: &str) -> Result<T, Error> {
    found.ok_or_else(|| Error::Stored(what.to_owned()))
}

/// The revision of everything together: it rises with every commit that changes any of it.
pub(crate) async fn revision(conn: &mut PgConnection) -> Result<u64, Error> {
    let sum: i64 = sqlx::query_scalar(
        "select ((select coalesce(sum(revision), 0) from admission) + (select coalesce(sum(revision), 0) from zone)
             + (select revision from house_state) + (select revision from flow_mark)
             + (select coalesce(sum(revision), 0) from queue_day) + (select coalesce(sum(revision), 0) from clock_policy)
             )::bigint",
    )
    .fetch_one(conn)
    .await?;
    Ok(sum.unsigned_abs())
}
