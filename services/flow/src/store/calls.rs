//! The clock's policy, call groups and queue numbers.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{
        calls::{Forming, Group, GroupState},
        clock::Policy,
        queue::{Number, NumberState},
    },
    error::Error,
};

/// The policy of the house file, or the house's usual one.
pub(crate) async fn policy(conn: &mut PgConnection) -> Result<Policy, Error> {
    let policy: Option<Json<Policy>> =
        sqlx::query_scalar("select policy from clock_policy").fetch_optional(conn).await?;
    Ok(policy.map(|policy| policy.0).unwrap_or_default())
}

/// Writes the policy. True if it has changed.
pub(crate) async fn save_policy(conn: &mut PgConnection, policy: Policy) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into clock_policy as c (policy) values ($1)
         on conflict (one) do update set policy = $1, revision = c.revision + 1 where c.policy <> $1",
    )
    .bind(Json(policy))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(FromRow)]
struct GroupRow {
    id: Uuid,
    showing_id: Uuid,
    number: i32,
    state: String,
    rows: Vec<String>,
    called_at: Option<DateTime<Utc>>,
    revision: i64,
    visits: Vec<Uuid>,
    people: i64,
    admitted: i64,
}

impl GroupRow {
    fn read(self) -> Result<Group, Error> {
        Ok(Group {
            id: self.id,
            showing: self.showing_id,
            number: self.number.unsigned_abs(),
            state: stored(GroupState::named(&self.state), "call group state")?,
            rows: self.rows,
            visits: self.visits,
            people: u32::try_from(self.people).unwrap_or(u32::MAX),
            admitted: u32::try_from(self.admitted).unwrap_or(u32::MAX),
            called_at: self.called_at,
            revision: self.revision.unsigned_abs(),
        })
    }
}

macro_rules! select_groups {
    ($rest:literal) => {
        concat!(
            "select g.id, g.showing_id, g.number, g.state, g.rows, g.called_at, g.revision,
                 coalesce(array_agg(distinct p.visit_id) filter (where p.visit_id is not null), '{}') as visits,
                 count(t.*) filter (where t.live) as people,
                 count(t.*) filter (where t.live and t.admitted_at is not null) as admitted
             from call_group g left join call_group_party p on p.group_id = g.id
             left join door_ticket t on t.visit_id = p.visit_id ",
            $rest
        )
    };
}

/// The groups of some showings, by number.
pub(crate) async fn groups(conn: &mut PgConnection, showings: &[Uuid]) -> Result<Vec<Group>, Error> {
    sqlx::query_as::<_, GroupRow>(select_groups!(
        "where g.showing_id = any($1) group by g.id order by g.showing_id, g.number"
    ))
    .bind(showings)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(GroupRow::read)
    .collect()
}

/// A group; its showing must be locked before it is changed.
pub(crate) async fn group(conn: &mut PgConnection, id: Uuid) -> Result<Option<Group>, Error> {
    sqlx::query_as::<_, GroupRow>(select_groups!("where g.id = $1 group by g.id"))
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(GroupRow::read)
        .transpose()
}

/// Dissolves the groups of a showing that have not been called.
pub(crate) async fn dissolve_groups(conn: &mut PgConnection, showing: Uuid) -> Result<(), Error> {
    sqlx::query("delete from call_group where showing_id = $1 and state = 'formed'")
        .bind(showing)
        .execute(conn)
        .await?;
    Ok(())
}

/// A party is called with no group any more, except (if one is named) with those of its showing.
pub(super) async fn leave_group(conn: &mut PgConnection, visit: Uuid, showing: Option<Uuid>) -> Result<(), Error> {
    sqlx::query(
        "delete from call_group_party p using call_group g
         where p.visit_id = $1 and g.id = p.group_id and g.showing_id is distinct from $2",
    )
    .bind(visit)
    .bind(showing)
    .execute(conn)
    .await?;
    Ok(())
}

/// Of a showing's parties, those that are in a group.
pub(crate) async fn grouped(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select p.visit_id from call_group_party p join call_group g on g.id = p.group_id where g.showing_id = $1",
    )
    .bind(showing)
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn add_group(
    conn: &mut PgConnection,
    showing: Uuid,
    number: u32,
    group: &Forming,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = kernel::values::new_id(now);
    sqlx::query("insert into call_group (id, showing_id, number, rows) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(showing)
        .bind(number.cast_signed())
        .bind(&group.rows)
        .execute(&mut *conn)
        .await?;
    sqlx::query("insert into call_group_party (visit_id, group_id) select unnest($1::uuid[]), $2")
        .bind(&group.visits)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn save_group(conn: &mut PgConnection, group: &mut Group) -> Result<(), Error> {
    group.revision += 1;
    sqlx::query("update call_group set state = $2, called_at = $3, revision = $4 where id = $1")
        .bind(group.id)
        .bind(group.state.name())
        .bind(group.called_at)
        .bind(group.revision.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct NumberRow {
    day: NaiveDate,
    number: i32,
    showing_id: Option<Uuid>,
    people: i32,
    state: String,
    issued_at: DateTime<Utc>,
    called_at: Option<DateTime<Utc>>,
}

impl NumberRow {
    fn read(self) -> Result<Number, Error> {
        Ok(Number {
            day: self.day,
            number: self.number.unsigned_abs(),
            showing: self.showing_id,
            people: self.people.unsigned_abs(),
            state: stored(NumberState::named(&self.state), "queue number state")?,
            issued_at: self.issued_at,
            called_at: self.called_at,
        })
    }
}

/// Locks a day's queue and draws its next number.
pub(crate) async fn next_number(conn: &mut PgConnection, day: NaiveDate) -> Result<u32, Error> {
    let number: i32 = sqlx::query_scalar(
        "insert into queue_day as q (day, last, revision) values ($1, 1, 1)
         on conflict (day) do update set last = q.last + 1, revision = q.revision + 1 returning last",
    )
    .bind(day)
    .fetch_one(conn)
    .await?;
    Ok(number.unsigned_abs())
}

/// Locks a day's queue; notes the number that is called, if one is.
pub(crate) async fn touch_queue(conn: &mut PgConnection, day: NaiveDate, called: Option<u32>) -> Result<(), Error> {
    sqlx::query("update queue_day set revision = revision + 1, last_called = greatest($2, last_called) where day = $1")
        .bind(day)
        .bind(called.map(u32::cast_signed))
        .execute(conn)
        .await?;
    Ok(())
}

/// A call is taken back: the last number that was called is the one before, unless another was called since.
pub(crate) async fn untouch_queue(
    conn: &mut PgConnection,
    day: NaiveDate,
    number: u32,
    before: u32,
) -> Result<(), Error> {
    sqlx::query("update queue_day set last_called = $3 where day = $1 and last_called = $2")
        .bind(day)
        .bind(number.cast_signed())
        .bind(before.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn last_called(conn: &mut PgConnection, day: NaiveDate) -> Result<u32, Error> {
    let last: Option<i32> =
        sqlx::query_scalar("select last_called from queue_day where day = $1").bind(day).fetch_optional(conn).await?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

pub(crate) async fn add_number(conn: &mut PgConnection, number: &Number) -> Result<(), Error> {
    sqlx::query("insert into queue_number (day, number, showing_id, people, issued_at) values ($1, $2, $3, $4, $5)")
        .bind(number.day)
        .bind(number.number.cast_signed())
        .bind(number.showing)
        .bind(number.people.cast_signed())
        .bind(number.issued_at)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn save_number(conn: &mut PgConnection, number: &Number) -> Result<(), Error> {
    sqlx::query("update queue_number set state = $3, called_at = $4 where day = $1 and number = $2")
        .bind(number.day)
        .bind(number.number.cast_signed())
        .bind(number.state.name())
        .bind(number.called_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A day's numbers that are neither served nor withdrawn, by number.
pub(crate) async fn numbers(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<Number>, Error> {
    let statement =
        "select * from queue_number where day = $1 and state not in ('served', 'withdrawn') order by number";
    sqlx::query_as::<_, NumberRow>(statement)
        .bind(day)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(NumberRow::read)
        .collect()
}

pub(crate) async fn number(conn: &mut PgConnection, day: NaiveDate, number: u32) -> Result<Option<Number>, Error> {
    sqlx::query_as::<_, NumberRow>("select * from queue_number where day = $1 and number = $2")
        .bind(day)
        .bind(number.cast_signed())
        .fetch_optional(conn)
        .await?
        .map(NumberRow::read)
        .transpose()
}

/// Free places and capacity of halls that may still sell: by showing, in a window.
pub(crate) async fn free_places(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<HashMap<Uuid, (u32, u32)>, Error> {
    let rows: Vec<(Uuid, i32, i32)> = sqlx::query_as(
        "select showing_id, greatest(capacity - booked, 0), capacity from admission
         where starts_at >= $1 and starts_at < $2 and state in ('planned', 'doors_open', 'last_call')",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id, free, all)| (id, (free.unsigned_abs(), all.unsigned_abs()))).collect())
}
