//! The list with which a scanner judges a day's tickets when it has no network.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::{
    Tx,
    values::{day_of, invalid, midnight},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::record;
use crate::{
    domain::{Admission, HouseState, clock::Policy, scan::Party},
    error::Error,
    store::{self, codes::Reissued},
};

/// So long after the day's midnight its last people may still come; what begins until then is on the list as well.
const AFTER_MIDNIGHT: TimeDelta = TimeDelta::hours(4);
/// What began earlier than so long before midnight is over by then.
const BEFORE_MIDNIGHT: TimeDelta = TimeDelta::hours(12);

/// What a scanner takes along.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) id: Uuid,
    pub(crate) device: String,
    pub(crate) day: NaiveDate,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) valid_until: DateTime<Utc>,
    pub(crate) showings: Vec<(Admission, Vec<Party>)>,
    pub(crate) house: HouseState,
    /// Showings into whose zones a directive lets nobody now.
    pub(crate) stopped: HashSet<Uuid>,
    pub(crate) reissued: HashMap<Uuid, Reissued>,
    /// How the house runs its doors.
    pub(crate) policy: Policy,
}

/// Makes a list of a day's live tickets, and notes who took it. A day does not end at midnight: what began before it is on
/// the list as long as it is on, and what begins in the hours after it, for a scanner that has no network by then.
pub(crate) async fn admission_list(
    tx: &mut Tx,
    device: String,
    day: Option<NaiveDate>,
    who: &str,
) -> Result<List, Error> {
    let now = tx.now();
    let today = day_of(now);
    let day = day.unwrap_or(today);
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    if day != today && day != tomorrow {
        return Err(invalid("day", "must be today or tomorrow: a list for later would be stale by then").into());
    }
    let (begin, end) = (midnight(day), midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)));
    let all_out_at = store::headcount::everybody_out_at(tx.conn()).await?;
    let mut showings = Vec::new();
    let mut admissions = store::admissions(tx.conn(), begin - BEFORE_MIDNIGHT, end + AFTER_MIDNIGHT).await?;
    admissions.retain(|it| it.starts_at >= begin || it.is_on(now.max(begin)));
    for admission in admissions {
        let mut parties = store::parties_of(tx.conn(), admission.showing).await?;
        // Everybody was out: a scanner lets them in as if they came for the first time.
        for ticket in parties.iter_mut().flat_map(|party| &mut party.tickets) {
            if ticket.out.is_some_and(|out| all_out_at.is_some_and(|all| out <= all)) {
                (ticket.admitted, ticket.out) = (None, None);
            }
        }
        showings.push((admission, parties));
    }
    let parties = showings.iter().flat_map(|(_, parties)| parties);
    let ids = parties.flat_map(|party| party.tickets.iter().map(|ticket| ticket.id).chain([party.visit]));
    let reissued = store::codes::reissued(tx.conn(), &ids.collect::<Vec<_>>()).await?;
    let (id, valid_until) = (kernel::values::new_id(now), end + AFTER_MIDNIGHT);
    let house = store::house(tx.conn()).await?.state;
    let ids: Vec<Uuid> = showings.iter().map(|(admission, _)| admission.showing).collect();
    let stopped = store::stopped(tx.conn(), &ids, now).await?;
    let policy = store::policy(tx.conn()).await?;
    let list = List { id, device, day, issued_at: now, valid_until, showings, house, stopped, reissued, policy };
    // A phone at the door takes a new one every minute: that it has the day's list is one act.
    if store::record_list(tx.conn(), list.id, &list.device, day, (list.issued_at, list.valid_until)).await? {
        let after = json!({"list": id, "day": day, "valid_until": valid_until});
        record(tx, who, "export_admission_list", &list.device, Value::Null, after).await?;
    }
    Ok(list)
}
