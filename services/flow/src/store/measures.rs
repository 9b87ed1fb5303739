//! Directives, incidents, lifts, the displays' answers, the policy. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{
        Level,
        directives::{self, Acks, Answer, Directive, Rule, State, Stated},
        incidents::{self, Incident},
        ways::Lift,
    },
    error::Error,
};

#[derive(FromRow)]
struct DirectiveRow {
    id: Uuid,
    kind: String,
    state: String,
    from_zone: String,
    to_zone: String,
    text: Json<Text>,
    step_free_text: Json<Text>,
    step_free: bool,
    lift: String,
    reason: Json<Text>,
    stated_cause: String,
    by_policy: bool,
    proposed_by: String,
    confirmed_by: String,
    ended_by: String,
    proposed_at: DateTime<Utc>,
    active_from: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    valid_until: DateTime<Utc>,
    warned: bool,
    revision: i64,
    acks: Json<Vec<(String, DateTime<Utc>)>>,
    concerned: Vec<String>,
}

/// What displays have said of the present revision, as [[display, when], …], and which of them are to show it.
const ACKS: &str = "coalesce((select jsonb_agg(jsonb_build_array(a.display_id, a.rendered_at) order by a.display_id)
    from measure_ack a where a.about = m.id and a.revision = m.revision), '[]') as acks,
    coalesce((select c.display_ids from measure_concern c where c.about = m.id and c.revision = m.revision), '{}')
        as concerned";

impl DirectiveRow {
    fn read(self) -> Result<Directive, Error> {
        Ok(Directive {
            id: self.id,
            kind: stored(directives::Kind::named(&self.kind), "directive kind")?,
            state: stored(State::named(&self.state), "directive state")?,
            from: self.from_zone,
            to: self.to_zone,
            text: self.text.0,
            step_free_text: self.step_free_text.0,
            step_free: self.step_free,
            lift: self.lift,
            reason: self.reason.0,
            stated: match self.stated_cause.as_str() {
                "" => None,
                name => Some(stored(Stated::named(name), "stated cause")?),
            },
            by_policy: self.by_policy,
            proposed_by: self.proposed_by,
            confirmed_by: self.confirmed_by,
            ended_by: self.ended_by,
            proposed_at: self.proposed_at,
            active_from: self.active_from,
            ended_at: self.ended_at,
            valid_until: self.valid_until,
            warned: self.warned,
            acks: Acks { by: self.acks.0, concerned: self.concerned },
            revision: self.revision.unsigned_abs(),
        })
    }
}

/// Directives that are not ended, or ended after an instant; the newest first.
pub(crate) async fn directives(conn: &mut PgConnection, ended_after: DateTime<Utc>) -> Result<Vec<Directive>, Error> {
    let statement = format!(
        "select m.*, {ACKS} from directive m where state <> 'ended' or ended_at > $1 order by proposed_at desc, id"
    );
    let rows: Vec<DirectiveRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(ended_after).fetch_all(conn).await?;
    rows.into_iter().map(DirectiveRow::read).collect()
}

/// The same, and nobody else changes any directive until the end of the transaction.
pub(crate) async fn lock_directives(
    conn: &mut PgConnection,
    ended_after: DateTime<Utc>,
) -> Result<Vec<Directive>, Error> {
    lock(conn).await?;
    directives(conn, ended_after).await
}

/// Whether any directive or incident is shown to anybody now.
pub(crate) async fn is_any_shown(conn: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from directive where state in ('active', 'acked_by_displays'))
             or exists (select from incident where state in ('active', 'acked_by_displays'))",
    )
    .fetch_one(conn)
    .await?)
}

/// One decision after the other: whether two directives contradict each other is seen by whoever comes second.
pub(crate) async fn lock(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select 1 from flow_mark for update").execute(conn).await?;
    Ok(())
}

pub(crate) async fn directive(conn: &mut PgConnection, id: Uuid) -> Result<Option<Directive>, Error> {
    let statement = format!("select m.*, {ACKS} from directive m where id = $1");
    sqlx::query_as::<_, DirectiveRow>(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(DirectiveRow::read)
        .transpose()
}

pub(crate) async fn save_directive(conn: &mut PgConnection, directive: &Directive) -> Result<(), Error> {
    sqlx::query(
        "insert into directive (id, kind, from_zone, to_zone, reason, by_policy, proposed_by, proposed_at, active_from,
             valid_until, state, text, step_free_text, step_free, lift, confirmed_by, ended_by, ended_at,
             revision, stated_cause)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         on conflict (id) do update set state = $11, text = $12, step_free_text = $13, step_free = $14, lift = $15,
             confirmed_by = $16, ended_by = $17, ended_at = $18, revision = $19,
             active_from = $9, valid_until = $10",
    )
    .bind(directive.id)
    .bind(directive.kind.name())
    .bind(&directive.from)
    .bind(&directive.to)
    .bind(Json(&directive.reason))
    .bind(directive.by_policy)
    .bind(&directive.proposed_by)
    .bind(directive.proposed_at)
    .bind(directive.active_from)
    .bind(directive.valid_until)
    .bind(directive.state.name())
    .bind(Json(&directive.text))
    .bind(Json(&directive.step_free_text))
    .bind(directive.step_free)
    .bind(&directive.lift)
    .bind(&directive.confirmed_by)
    .bind(&directive.ended_by)
    .bind(directive.ended_at)
    .bind(directive.revision.cast_signed())
    .bind(directive.stated.map_or("", Stated::name))
    .execute(conn)
    .await?;
    Ok(())
}

/// Its zone is warned of while it holds.
pub(crate) async fn mark_warned(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query("update directive set warned = true where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
struct IncidentRow {
    id: Uuid,
    kind: String,
    state: String,
    zone: String,
    lift: String,
    text: Json<Text>,
    step_free_text: Json<Text>,
    note: String,
    reported_by: String,
    confirmed_by: String,
    ended_by: String,
    reported_at: DateTime<Utc>,
    active_from: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    revision: i64,
    acks: Json<Vec<(String, DateTime<Utc>)>>,
    concerned: Vec<String>,
}

impl IncidentRow {
    fn read(self) -> Result<Incident, Error> {
        Ok(Incident {
            id: self.id,
            kind: stored(incidents::Kind::named(&self.kind), "incident kind")?,
            state: stored(State::named(&self.state), "incident state")?,
            zone: self.zone,
            lift: self.lift,
            text: self.text.0,
            step_free_text: self.step_free_text.0,
            note: self.note,
            reported_by: self.reported_by,
            confirmed_by: self.confirmed_by,
            ended_by: self.ended_by,
            reported_at: self.reported_at,
            active_from: self.active_from,
            ended_at: self.ended_at,
            acks: Acks { by: self.acks.0, concerned: self.concerned },
            revision: self.revision.unsigned_abs(),
        })
    }
}

/// Incidents that are not ended, or ended after an instant; the newest first.
pub(crate) async fn incidents(conn: &mut PgConnection, ended_after: DateTime<Utc>) -> Result<Vec<Incident>, Error> {
    let statement = format!(
        "select m.*, {ACKS} from incident m where state <> 'ended' or ended_at > $1 order by reported_at desc, id"
    );
    let rows: Vec<IncidentRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(ended_after).fetch_all(conn).await?;
    rows.into_iter().map(IncidentRow::read).collect()
}

pub(crate) async fn incident(conn: &mut PgConnection, id: Uuid) -> Result<Option<Incident>, Error> {
    let statement = format!("select m.*, {ACKS} from incident m where id = $1");
    sqlx::query_as::<_, IncidentRow>(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(IncidentRow::read)
        .transpose()
}

pub(crate) async fn save_incident(conn: &mut PgConnection, incident: &Incident) -> Result<(), Error> {
    sqlx::query(
        "insert into incident (id, kind, zone, lift, note, reported_by, reported_at, state, text, step_free_text,
             confirmed_by, ended_by, active_from, ended_at, revision)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (id) do update set state = $8, text = $9, step_free_text = $10, confirmed_by = $11, ended_by = $12,
             active_from = $13, ended_at = $14, revision = $15",
    )
    .bind(incident.id)
    .bind(incident.kind.name())
    .bind(&incident.zone)
    .bind(&incident.lift)
    .bind(&incident.note)
    .bind(&incident.reported_by)
    .bind(incident.reported_at)
    .bind(incident.state.name())
    .bind(Json(&incident.text))
    .bind(Json(&incident.step_free_text))
    .bind(&incident.confirmed_by)
    .bind(&incident.ended_by)
    .bind(incident.active_from)
    .bind(incident.ended_at)
    .bind(incident.revision.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases what staff noted of incidents that ended before an instant.
pub(crate) async fn erase_notes(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update incident set note = '' where state = 'ended' and ended_at < $1 and note <> ''")
        .bind(before)
        .execute(conn)
        .await?;
    Ok(())
}

/// Displays' answers; what one has said before it has said.
pub(crate) async fn record_acks(conn: &mut PgConnection, answers: &[Answer]) -> Result<(), Error> {
    sqlx::query(
        "insert into measure_ack (about, revision, display_id, rendered_at)
         select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[])
         on conflict do nothing",
    )
    .bind(answers.iter().map(|it| it.about).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.revision.cast_signed()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.display.as_str()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.rendered_at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets directives that ended before, and what displays said of directives and incidents that did. Whoever decided them
/// stands in the record of acts.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in [
        "delete from directive where state = 'ended' and ended_at < $1",
        "delete from measure_ack a where rendered_at < $1
             and not exists (select from directive d where d.id = a.about)
             and not exists (select from incident i where i.id = a.about and (i.state <> 'ended' or i.ended_at >= $1))",
        "delete from measure_concern c
         where not exists (select from directive d where d.id = c.about)
             and not exists (select from incident i where i.id = c.about and (i.state <> 'ended' or i.ended_at >= $1))",
    ] {
        sqlx::query(statement).bind(before).execute(&mut *conn).await?;
    }
    Ok(())
}

/// These displays are to show a directive or an incident. What is told of an older revision changes nothing.
pub(crate) async fn record_concerned(
    conn: &mut PgConnection,
    about: Uuid,
    revision: u64,
    displays: &[String],
) -> Result<(), Error> {
    let mut displays = displays.to_vec();
    displays.sort_unstable();
    displays.dedup();
    sqlx::query(
        "insert into measure_concern as c (about, revision, display_ids) values ($1, $2, $3)
         on conflict (about) do update set revision = excluded.revision, display_ids = excluded.display_ids
         where c.revision <= excluded.revision",
    )
    .bind(about)
    .bind(revision.cast_signed())
    .bind(displays)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct LiftRow {
    id: String,
    name: Json<Text>,
    levels: Vec<String>,
    without: Json<Text>,
    working: bool,
    since: DateTime<Utc>,
    revision: i64,
}

pub(crate) async fn lifts(conn: &mut PgConnection) -> Result<Vec<Lift>, Error> {
    let rows: Vec<LiftRow> = sqlx::query_as("select * from lift order by place").fetch_all(conn).await?;
    let read = |row: LiftRow| Lift {
        id: row.id,
        name: row.name.0,
        levels: row.levels,
        without: row.without.0,
        working: row.working,
        since: row.since,
        revision: row.revision.unsigned_abs(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Says whether a lift works.
pub(crate) async fn save_lift(conn: &mut PgConnection, lift: &Lift) -> Result<(), Error> {
    sqlx::query("update lift set working = $2, since = $3, revision = $4 where id = $1")
        .bind(&lift.id)
        .bind(lift.working)
        .bind(lift.since)
        .bind(lift.revision.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes the lifts as the house file has them; whether they work belongs to the day.
pub(crate) async fn save_lift_plans(conn: &mut PgConnection, lifts: &[Lift]) -> Result<(), Error> {
    let ids: Vec<&str> = lifts.iter().map(|lift| lift.id.as_str()).collect();
    sqlx::query("delete from lift where id <> all($1)").bind(ids).execute(&mut *conn).await?;
    for (place, lift) in lifts.iter().enumerate() {
        sqlx::query(
            "insert into lift (id, name, place, levels, without, since) values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do update set name = $2, place = $3, levels = $4, without = $5",
        )
        .bind(&lift.id)
        .bind(Json(&lift.name))
        .bind(i32::try_from(place).unwrap_or(i32::MAX))
        .bind(&lift.levels)
        .bind(Json(&lift.without))
        .bind(lift.since)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(crate) async fn rules(conn: &mut PgConnection) -> Result<Vec<Rule>, Error> {
    type Row = (String, String, String, String, String, i32, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "select zone_id, group_id, at_level, kind, to_zone, minutes, auto from policy_rule order by place",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(zone, group, when, kind, to, minutes, auto)| {
            Ok(Rule {
                zone,
                group,
                when: stored(Level::named(&when), "policy's level")?,
                kind: stored(directives::Kind::named(&kind), "policy's directive")?,
                to,
                valid_for: TimeDelta::minutes(minutes.into()),
                auto,
            })
        })
        .collect()
}

/// Writes the policy as the house file has it.
pub(crate) async fn save_rules(conn: &mut PgConnection, rules: &[Rule]) -> Result<(), Error> {
    sqlx::query("delete from policy_rule").execute(&mut *conn).await?;
    for (place, rule) in rules.iter().enumerate() {
        sqlx::query(
            "insert into policy_rule (place, zone_id, at_level, kind, to_zone, minutes, auto, group_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(i32::try_from(place).unwrap_or(i32::MAX))
        .bind(&rule.zone)
        .bind(rule.when.name())
        .bind(rule.kind.name())
        .bind(&rule.to)
        .bind(i32::try_from(rule.valid_for.num_minutes()).unwrap_or(i32::MAX))
        .bind(rule.auto)
        .bind(&rule.group)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
