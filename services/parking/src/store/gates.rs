//! SQL of lanes, of commands to their barriers, and of what lanes tell afterwards.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{
        LONGEST_STAY,
        gates::{Action, Command, CommandState, Confirmation, Hold, Lane, LaneState},
        lanes::Direction,
    },
    error::Error,
};

#[derive(FromRow)]
struct LaneRow {
    id: String,
    direction: String,
    hold_open: Option<String>,
    held_open: bool,
    fault: String,
    fault_since: Option<DateTime<Utc>>,
    heartbeat_at: Option<DateTime<Utc>>,
    list_until: Option<DateTime<Utc>>,
    key_reused_at: Option<DateTime<Utc>>,
    revision: i64,
}

impl LaneRow {
    fn read(self) -> Lane {
        Lane {
            id: self.id,
            direction: if self.direction == Direction::In.name() { Direction::In } else { Direction::Out },
            hold: self.hold_open.as_deref().and_then(Hold::named),
            held_open: self.held_open,
            fault: self.fault,
            fault_since: self.fault_since,
            heartbeat_at: self.heartbeat_at,
            list_until: self.list_until,
            key_reused_at: self.key_reused_at,
            revision: self.revision.unsigned_abs(),
        }
    }
}

#[derive(FromRow)]
struct CommandRow {
    command_id: Uuid,
    idempotency_key: Uuid,
    lane: String,
    action: String,
    state: String,
    confirmation: String,
    reason: String,
    requested_by: String,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    failure: String,
}

impl CommandRow {
    fn read(self) -> Result<Command, Error> {
        let unreadable = |what: &str, text: &str| Error::Stored(format!("{what} {text}"));
        Ok(Command {
            id: self.command_id,
            key: self.idempotency_key,
            lane: self.lane,
            action: Action::named(&self.action).ok_or_else(|| unreadable("action", &self.action))?,
            state: CommandState::named(&self.state).ok_or_else(|| unreadable("command state", &self.state))?,
            confirmation: Confirmation::named(&self.confirmation)
                .ok_or_else(|| unreadable("confirmation", &self.confirmation))?,
            reason: self.reason,
            by: self.requested_by,
            requested_at: self.requested_at,
            expires_at: self.expires_at,
            failure: self.failure,
        })
    }
}

/// All lanes of the house file.
pub(crate) async fn lanes(conn: &mut PgConnection) -> Result<Vec<Lane>, Error> {
    let rows: Vec<LaneRow> = sqlx::query_as("select * from lane order by direction, id").fetch_all(conn).await?;
    Ok(rows.into_iter().map(LaneRow::read).collect())
}

pub(crate) async fn lane(conn: &mut PgConnection, id: &str) -> Result<Option<Lane>, Error> {
    let row: Option<LaneRow> = sqlx::query_as("select * from lane where id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row.map(LaneRow::read))
}

/// The house is evacuated, or no longer.
pub(crate) async fn set_evacuating(conn: &mut PgConnection, evacuating: bool) -> Result<(), Error> {
    sqlx::query("update site set evacuating = $1 where evacuating <> $1").bind(evacuating).execute(conn).await?;
    Ok(())
}

/// Whether the house is evacuated.
pub(crate) async fn evacuating(conn: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select evacuating from site").fetch_one(conn).await?)
}

/// Locks a lane: whoever changes it or its commands comes first here.
pub(crate) async fn lock_lane(conn: &mut PgConnection, id: &str) -> Result<Option<Lane>, Error> {
    let row: Option<LaneRow> =
        sqlx::query_as("select * from lane where id = $1 for update").bind(id).fetch_optional(conn).await?;
    Ok(row.map(LaneRow::read))
}

/// What the house file says of a lane; how it is stays.
pub(crate) async fn save_lane(conn: &mut PgConnection, id: &str, direction: Direction) -> Result<(), Error> {
    sqlx::query("insert into lane (id, direction) values ($1, $2) on conflict (id) do update set direction = $2")
        .bind(id)
        .bind(direction.name())
        .execute(conn)
        .await?;
    Ok(())
}

/// Lanes that the house file no longer names are gone.
pub(crate) async fn keep_lanes(conn: &mut PgConnection, ids: &[&str]) -> Result<(), Error> {
    sqlx::query("delete from lane where id <> all($1)").bind(ids).execute(conn).await?;
    Ok(())
}

/// How a lane is now; whoever watches its orders gets to see them anew.
pub(crate) async fn update_lane(conn: &mut PgConnection, lane: &Lane, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update lane set hold_open = $2, held_open = $3, fault = $4, heartbeat_at = $5, list_until = $6,
             unguarded_at = case when hold_open is not null or held_open then $7 else unguarded_at end,
             fault_since = case when $4 <> '' then coalesce(fault_since, $5) end, revision = revision + 1 where id = $1",
    )
    .bind(&lane.id)
    .bind(lane.hold.map(Hold::name))
    .bind(lane.held_open)
    .bind(&lane.fault)
    .bind(lane.heartbeat_at)
    .bind(lane.list_until)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A new command for a lane that has a barrier. False: this lane has none.
pub(crate) async fn insert(conn: &mut PgConnection, command: &Command) -> Result<bool, Error> {
    let done = sqlx::query(
        "with lane as (update lane set revision = revision + 1 where id = $3 returning id)
         insert into gate_command (command_id, idempotency_key, lane, action, state, confirmation, reason, requested_by,
             requested_at, expires_at, failure)
         select $1, $2, lane.id, $4, $5, $6, $7, $8, $9, $10, $11 from lane",
    )
    .bind(command.id)
    .bind(command.key)
    .bind(&command.lane)
    .bind(command.action.name())
    .bind(command.state.name())
    .bind(command.confirmation.name())
    .bind(&command.reason)
    .bind(&command.by)
    .bind(command.requested_at)
    .bind(command.expires_at)
    .bind(&command.failure)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn save(conn: &mut PgConnection, command: &Command) -> Result<(), Error> {
    sqlx::query("update gate_command set state = $2, confirmation = $3, failure = $4 where command_id = $1")
        .bind(command.id)
        .bind(command.state.name())
        .bind(command.confirmation.name())
        .bind(&command.failure)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn command(conn: &mut PgConnection, id: Uuid) -> Result<Option<Command>, Error> {
    sqlx::query_as::<_, CommandRow>("select * from gate_command where command_id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(CommandRow::read)
        .transpose()
}

/// The command that a key was given to.
pub(crate) async fn command_of_key(conn: &mut PgConnection, key: Uuid) -> Result<Option<Command>, Error> {
    sqlx::query_as::<_, CommandRow>("select * from gate_command where idempotency_key = $1")
        .bind(key)
        .fetch_optional(conn)
        .await?
        .map(CommandRow::read)
        .transpose()
}

/// What the barrier of a way in was told when it last let in the car of a visit since an instant; None: it has not, or was
/// told nothing.
pub(crate) async fn last_let_in(
    conn: &mut PgConnection,
    visit: Uuid,
    lane: &str,
    since: DateTime<Utc>,
) -> Result<Option<Command>, Error> {
    sqlx::query_as::<_, CommandRow>(
        "select c.* from lane_event e join gate_command c using (idempotency_key)
         where e.visit_id = $1 and e.lane = $2 and e.direction = 'in' and e.verdict = 'open' and e.at > $3
         order by e.at desc, c.requested_at desc limit 1",
    )
    .bind(visit)
    .bind(lane)
    .bind(since)
    .fetch_optional(conn)
    .await?
    .map(CommandRow::read)
    .transpose()
}

/// Commands that are not over, the oldest first; of one lane, or of all.
pub(crate) async fn unfinished(conn: &mut PgConnection, lane: Option<&str>) -> Result<Vec<Command>, Error> {
    sqlx::query_as::<_, CommandRow>(
        "select * from gate_command where state in ('accepted', 'dispatched', 'executing')
             and ($1::text is null or lane = $1)
         order by lane, requested_at, command_id",
    )
    .bind(lane)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CommandRow::read)
    .collect()
}

/// The latest commands of each lane.
pub(crate) async fn latest(conn: &mut PgConnection, each: i64) -> Result<Vec<Command>, Error> {
    sqlx::query_as::<_, CommandRow>(
        "select c.* from lane l cross join lateral
             (select * from gate_command where lane = l.id order by requested_at desc, command_id desc limit $1) c",
    )
    .bind(each)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CommandRow::read)
    .collect()
}

/// Per lane since `since`: how often it was opened by hand, and how many of the cars that it told of nobody knows.
pub(crate) async fn told_by_hand(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<(String, i64, i64)>, Error> {
    Ok(sqlx::query_as(
        "select lane, count(*) filter (where kind = 'by_hand'), count(*) filter (where kind = 'journal' and visit_id is null)
         from lane_event where kind <> 'decided' and at >= $1 group by lane",
    )
    .bind(since)
    .fetch_all(conn)
    .await?)
}

/// A right as a lane without a link needs it.
#[derive(FromRow)]
pub(crate) struct ListedRow {
    pub(crate) reference: String,
    pub(crate) class: String,
    pub(crate) valid_from: DateTime<Utc>,
    pub(crate) valid_until: DateTime<Utc>,
    /// None: no plate is noted, or it was before lanes had lists of their own; such a car shows its code, and its plate is
    /// forgotten with its day.
    pub(crate) lane_hash: Option<Vec<u8>>,
    /// The day with whose key that was made.
    pub(crate) lane_day: Option<NaiveDate>,
    /// Its car may be in.
    pub(crate) is_in: bool,
    /// The visit's and its tickets' ids, and below which generation their codes are replaced.
    pub(crate) ids: Vec<Uuid>,
    pub(crate) generations: Vec<i32>,
}

/// Rights that may come in until `until`, by reference; for a way out those, too, whose car may be in, however long.
pub(crate) async fn listed(
    conn: &mut PgConnection,
    direction: Direction,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<ListedRow>, Error> {
    Ok(sqlx::query_as(
        "select r.reference, r.class, r.valid_from, r.valid_until, p.lane_hash, p.lane_day, r.is_in,
             array_agg(i.id) as ids, array_agg(coalesce(g.generation, 0)) as generations
         from (select *, state = 'checked_in' or (state = 'left' and left_at is null) as is_in from parking_right) r
         cross join lateral (select r.visit_id as id
             union all select t.ticket_id from visit_ticket t where t.visit_id = r.visit_id) i
         left join reissued g on g.id = i.id
         left join plate p on p.visit_id = r.visit_id
         where (r.state in ('confirmed', 'suspended', 'left') and r.valid_until > $1 and r.valid_from < $2)
             or ($3 and r.is_in and r.valid_until > $4)
         group by r.visit_id, r.reference, r.class, r.valid_from, r.valid_until, r.is_in, p.lane_hash, p.lane_day
         order by r.reference",
    )
    .bind(now)
    .bind(until)
    .bind(direction == Direction::Out)
    .bind(now - LONGEST_STAY)
    .fetch_all(conn)
    .await?)
}

/// A heartbeat that says nothing new.
pub(crate) async fn beat(conn: &mut PgConnection, lane: &str, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update lane set heartbeat_at = $2 where id = $1").bind(lane).bind(now).execute(conn).await?;
    Ok(())
}

/// Notes how a lane is told to be. True: it was another state before.
pub(crate) async fn told(conn: &mut PgConnection, lane: &str, state: LaneState) -> Result<bool, Error> {
    let done = sqlx::query("update lane set told = $2 where id = $1 and told <> $2")
        .bind(lane)
        .bind(state.name())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A lane has told of another car under a key that it had used before.
pub(crate) async fn note_reused_key(conn: &mut PgConnection, lane: &str, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update lane set key_reused_at = $2 where id = $1").bind(lane).bind(now).execute(conn).await?;
    Ok(())
}

/// A lane has a list until then.
pub(crate) async fn list_fetched(conn: &mut PgConnection, lane: &str, until: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update lane set list_until = $2 where id = $1").bind(lane).bind(until).execute(conn).await?;
    Ok(())
}
