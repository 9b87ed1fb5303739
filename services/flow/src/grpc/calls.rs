//! Reading and answering calls: groups of a showing, and numbers for walk-ins.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::values::{self, InvalidField, invalid};
use sky_proto::flow::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    commands,
    domain::{
        calls::{Group, GroupState},
        queue::{self, Number, NumberState},
    },
    error::Error,
    events, store,
};

pub(super) fn group_state(value: i32) -> Result<GroupState, InvalidField> {
    let told: pb::CallGroupState = values::choice("to", value)?;
    GroupState::ALL
        .into_iter()
        .find(|state| events::group_state(*state) == told)
        .ok_or_else(|| invalid("to", "is missing"))
}

pub(super) fn number_state(value: i32) -> Result<NumberState, InvalidField> {
    let told: pb::QueueNumberState = values::choice("to", value)?;
    NumberState::ALL
        .into_iter()
        .find(|state| events::number_state(*state) == told)
        .ok_or_else(|| invalid("to", "is missing"))
}

/// The groups of a showing as they stand.
pub(super) async fn groups(conn: &mut PgConnection, showing: Uuid) -> Result<pb::CallGroups, Error> {
    let admission = store::admission(conn, showing).await?.ok_or(Error::NoShowing)?;
    let policy = store::policy(conn).await?;
    let groups = store::groups(conn, &[showing]).await?;
    let foyer = commands::foyer(&store::zones(conn).await?);
    Ok(pb::CallGroups { groups: events::groups(&groups, &admission, policy, foyer), room_for: policy.room(foyer) })
}

/// One group as it stands among those of its showing.
pub(super) async fn group(conn: &mut PgConnection, group: &Group) -> Result<pb::CallGroup, Error> {
    let id = group.id.to_string();
    let all = groups(conn, group.showing).await?.groups;
    all.into_iter().find(|known| known.group_id == id).ok_or(Error::NoGroup)
}

/// A day's numbers that are neither served nor withdrawn, with their chances.
pub(super) async fn numbers(
    conn: &mut PgConnection,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<pb::QueueNumber>, Error> {
    let all = store::numbers(conn, day).await?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let halls = halls(conn, day, now).await?;
    let no_shows = store::policy(conn).await?.no_shows_percent;
    Ok(all.iter().map(|number| with_chance(number, &all, &halls, no_shows, now)).collect())
}

/// A number with its chance.
pub(super) async fn number(
    conn: &mut PgConnection,
    number: &Number,
    now: DateTime<Utc>,
) -> Result<pb::QueueNumber, Error> {
    let all = store::numbers(conn, number.day).await?;
    let halls = halls(conn, number.day, now).await?;
    let no_shows = store::policy(conn).await?.no_shows_percent;
    Ok(with_chance(number, &all, &halls, no_shows, now))
}

/// Free places and capacity of the day's showings that may still be entered, by showing.
type Halls = HashMap<Uuid, (u32, u32)>;

async fn halls(conn: &mut PgConnection, day: NaiveDate, now: DateTime<Utc>) -> Result<Halls, Error> {
    let from = values::midnight(day).max(now - TimeDelta::hours(1));
    let until = values::midnight(day.succ_opt().unwrap_or(day));
    store::free_places(conn, from, until).await
}

fn with_chance(number: &Number, all: &[Number], halls: &Halls, no_shows: u32, now: DateTime<Utc>) -> pb::QueueNumber {
    let hall = match number.showing {
        Some(showing) => halls.get(&showing).copied(),
        None => halls.values().max().copied(),
    };
    events::queue_number(number, queue::estimate(number, all, hall, no_shows), now)
}
