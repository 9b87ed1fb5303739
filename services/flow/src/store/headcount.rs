//! What a headcount rests on beside the zones: the house's assumptions, when it was seen empty, who went through its
//! doors since, and whose guests are taken to have left. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        counters::{Logic, Sensor, State},
        headcount::{Doors, Evacuation, Policy},
    },
    error::Error,
};

pub(crate) async fn policy(conn: &mut PgConnection) -> Result<Policy, Error> {
    let policy: Option<Json<Policy>> =
        sqlx::query_scalar("select policy from headcount_policy").fetch_optional(conn).await?;
    Ok(policy.map(|policy| policy.0).unwrap_or_default())
}

pub(crate) async fn save_policy(conn: &mut PgConnection, policy: &Policy) -> Result<(), Error> {
    sqlx::query("insert into headcount_policy (policy) values ($1) on conflict (one) do update set policy = $1")
        .bind(Json(policy))
        .execute(conn)
        .await?;
    Ok(())
}

/// When somebody walked through the house and found nobody, if ever.
pub(crate) async fn empty_at(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar("select empty_at from house_state").fetch_one(conn).await?)
}

/// The latest evacuation that was not over by then, if there was one.
pub(crate) async fn evacuation(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Option<Evacuation>, Error> {
    let row: Option<(DateTime<Utc>, Option<DateTime<Utc>>)> = sqlx::query_as(
        "select active_from, ended_at from incident
         where kind = 'evacuation' and active_from is not null and (ended_at is null or ended_at > $1)
         order by active_from desc, reported_at desc limit 1",
    )
    .bind(since)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(began_at, over_at)| Evacuation { began_at, over_at }))
}

pub(crate) async fn save_empty_at(conn: &mut PgConnection, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update house_state set empty_at = $1").bind(at).execute(conn).await?;
    Ok(())
}

/// When staff say that everybody was out of the house, if they do.
pub(crate) async fn everybody_out_at(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar("select everybody_out_at from house_state").fetch_one(conn).await?)
}

pub(crate) async fn save_everybody_out(conn: &mut PgConnection, at: Option<DateTime<Utc>>) -> Result<(), Error> {
    sqlx::query("update house_state set everybody_out_at = $1").bind(at).execute(conn).await?;
    Ok(())
}

/// Showings that people were let in to and that are not over, in the order that everybody locks.
pub(crate) async fn with_people_in(conn: &mut PgConnection) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select showing_id from admission where state in ('doors_open', 'last_call', 'running') and admitted > 0
         order by showing_id for update",
    )
    .fetch_all(conn)
    .await?)
}

/// The lines of a device at that time that put people out who are so still: nonce, hall and how many.
pub(crate) async fn still_out(
    conn: &mut PgConnection,
    device: &str,
    at: DateTime<Utc>,
) -> Result<Vec<(String, String, u32)>, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select s.nonce, a.hall, count(t.*)
         from scan s join party p on p.visit_id = s.visit_id
         join admission a on a.showing_id = p.showing_id and a.state in ('doors_open', 'last_call', 'running')
         join door_ticket t on t.ticket_id = any(s.tickets) and t.out_since = s.at
         where s.device_id = $1 and s.at = $2
             and not exists (select from scan u where u.undoes_device = s.device_id and u.undoes_nonce = s.nonce)
         group by s.nonce, a.hall order by s.nonce",
    )
    .bind(device)
    .bind(at)
    .fetch_all(conn)
    .await?;
    let people = |people: i64| u32::try_from(people).unwrap_or(u32::MAX);
    Ok(rows.into_iter().map(|(nonce, hall, out)| (nonce, hall, people(out))).collect())
}

/// Who went through the doors of the house since an instant; None unless counters over all of them have worked all the
/// time: one that is silent or loses data changes its state.
pub(crate) async fn doors(
    conn: &mut PgConnection,
    counters: &[String],
    since: DateTime<Utc>,
) -> Result<Option<Doors>, Error> {
    let sensors = super::sensors::all(conn).await?;
    let at_doors: Vec<&Sensor> = sensors.iter().filter(|sensor| counters.contains(&sensor.id)).collect();
    let reliable = |sensor: &&Sensor| sensor.state == State::Online && sensor.since <= since;
    if at_doors.is_empty() || at_doors.len() < counters.len() || !at_doors.iter().all(reliable) {
        return Ok(None);
    }
    let zones: Vec<&str> = at_doors
        .iter()
        .flat_map(|sensor| &sensor.logics)
        .filter_map(|(_, logic)| match logic {
            Logic::Line { into, out_of } if out_of.is_empty() => Some(into.as_str()),
            Logic::Line { .. } | Logic::Balance { .. } => None,
        })
        .collect();
    // What staff clicked in those zones stands in their traffic too, and went through no door.
    let (came, gone): (i64, i64) = sqlx::query_as(
        "select (coalesce(sum(came), 0) - (select coalesce(sum(people), 0) from zone_click
                 where zone_id = any($1) and at >= $2 and people > 0))::bigint,
             (coalesce(sum(gone), 0) + (select coalesce(sum(people), 0) from zone_click
                 where zone_id = any($1) and at >= $2 and people < 0))::bigint
         from zone_traffic where zone_id = any($1) and minute >= date_trunc('minute', $2)",
    )
    .bind(&zones)
    .bind(since)
    .fetch_one(conn)
    .await?;
    let people = |value: i64| u32::try_from(value.max(0)).unwrap_or(u32::MAX);
    let heard_at = at_doors.iter().filter_map(|sensor| Some(sensor.last_seen? - sensor.lag())).min().unwrap_or(since);
    Ok(Some(Doors { came: people(came), gone: people(gone), heard_at }))
}

/// Showings that were over by then and whose guests nobody has taken to have left, in the order that everybody locks.
pub(crate) async fn still_about(conn: &mut PgConnection, over_by: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select showing_id from admission where gone_at is null and admitted > 0
             and (state in ('egress', 'turnover', 'aborted') and predicted_end_at <= $1
                 or state = 'cancelled' and state_since <= $1)
         order by showing_id",
    )
    .bind(over_by)
    .fetch_all(conn)
    .await?)
}

/// Says that the guests of a showing are taken to have left; false: that was said before.
pub(crate) async fn mark_gone(conn: &mut PgConnection, showing: Uuid, at: DateTime<Utc>) -> Result<bool, Error> {
    let done = sqlx::query("update admission set gone_at = $2 where showing_id = $1 and gone_at is null")
        .bind(showing)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// They are about all the same: the showing was closed by mistake.
pub(crate) async fn unmark_gone(conn: &mut PgConnection, showing: Uuid) -> Result<(), Error> {
    sqlx::query("update admission set gone_at = null where showing_id = $1").bind(showing).execute(conn).await?;
    Ok(())
}

/// Somebody has counted the foyer by hand (or, no zone named, found the whole house empty): whoever is left of the
/// guests of showings that are over is in that number, and nobody takes them off it once more. Answers which showings.
/// Before zones are locked, and by their ids, as everybody locks.
pub(crate) async fn mark_counted(
    conn: &mut PgConnection,
    zone: Option<&str>,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "with mine as (select showing_id from admission
             where gone_at is null and admitted > 0 and state in ('egress', 'turnover', 'aborted', 'cancelled')
                 and ($2::text is null or exists (select from zone z where z.id = $2 and z.filled_by = 'foyer'))
             order by showing_id for update)
         update admission a set gone_at = $1 from mine where a.showing_id = mine.showing_id returning a.showing_id",
    )
    .bind(at)
    .bind(zone)
    .fetch_all(conn)
    .await?)
}
