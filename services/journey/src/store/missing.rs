//! The SQL of what is known of missing parties, and of delays under way. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Visit,
        clock::legs::{CarParkLegs, DoorCount},
        delay::Step,
    },
    error::Error,
};

/// A party was seen in the house; an older sight changes nothing.
pub(crate) async fn seen(conn: &mut PgConnection, visit: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into party_seen (visit_id, at) values ($1, $2)
         on conflict (visit_id) do update set at = greatest(party_seen.at, excluded.at)",
    )
    .bind(visit)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// By when the door had let in so many.
pub(crate) async fn counted(
    conn: &mut PgConnection,
    showing: Uuid,
    at: DateTime<Utc>,
    admitted: u32,
) -> Result<(), Error> {
    sqlx::query(
        "insert into door_count (showing_id, at, admitted) values ($1, $2, $3)
         on conflict (showing_id, at) do update set admitted = greatest(door_count.admitted, excluded.admitted)",
    )
    .bind(showing)
    .bind(at)
    .bind(i32::try_from(admitted).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

/// The door's counts of showings since then, each in the order of time.
pub(crate) async fn door_counts_of(
    conn: &mut PgConnection,
    showings: &[Uuid],
    since: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<DoorCount>>, Error> {
    let rows: Vec<(Uuid, DateTime<Utc>, i32)> = sqlx::query_as(
        "select showing_id, at, admitted from door_count where showing_id = any($1) and at >= $2 order by at",
    )
    .bind(showings)
    .bind(since)
    .fetch_all(conn)
    .await?;
    let mut counts: HashMap<Uuid, Vec<DoorCount>> = HashMap::new();
    for (showing, at, admitted) in rows {
        counts.entry(showing).or_default().push(DoorCount { at, admitted: admitted.unsigned_abs() });
    }
    Ok(counts)
}

/// When the parties of these visits were seen in the house.
pub(crate) async fn sights(conn: &mut PgConnection, visits: &[Visit]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
    let ids: Vec<Uuid> = visits.iter().map(|visit| visit.id).collect();
    let rows: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("select visit_id, at from party_seen where visit_id = any($1)")
            .bind(ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// When a party will be here, as it says; None: it takes back what it said.
pub(crate) async fn arrival(conn: &mut PgConnection, visit: Uuid, at: Option<DateTime<Utc>>) -> Result<(), Error> {
    let Some(at) = at else {
        sqlx::query("delete from arrival where visit_id = $1").bind(visit).execute(conn).await?;
        return Ok(());
    };
    sqlx::query(
        "insert into arrival (visit_id, arrives_at) values ($1, $2)
         on conflict (visit_id) do update set arrives_at = excluded.arrives_at",
    )
    .bind(visit)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// When the parties of these visits will be here, of those that have said so.
pub(crate) async fn arrivals(conn: &mut PgConnection, visits: &[Visit]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
    let ids: Vec<Uuid> = visits.iter().map(|visit| visit.id).collect();
    let rows: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("select visit_id, arrives_at from arrival where visit_id = any($1)")
            .bind(ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}

/// How far it is from the car park to the door, and how long it takes into a bay.
pub(crate) async fn set_car_park(conn: &mut PgConnection, told: CarParkLegs) -> Result<(), Error> {
    let short = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    sqlx::query(
        "insert into car_park (walk_minutes, park_seconds, park_uncertainty_seconds, walk_uncertainty_seconds)
         values ($1, $2, $3, $4)
         on conflict (the_only) do update
             set walk_minutes = excluded.walk_minutes, park_seconds = excluded.park_seconds,
                 park_uncertainty_seconds = excluded.park_uncertainty_seconds,
                 walk_uncertainty_seconds = excluded.walk_uncertainty_seconds",
    )
    .bind(short(told.walk_minutes))
    .bind(short(told.park_seconds))
    .bind(short(told.park_uncertainty_seconds))
    .bind(short(told.walk_uncertainty_seconds))
    .execute(conn)
    .await?;
    Ok(())
}

/// None: the car park has not told.
pub(crate) async fn car_park(conn: &mut PgConnection) -> Result<Option<CarParkLegs>, Error> {
    let told: Option<(i32, i32, i32, i32)> = sqlx::query_as(
        "select walk_minutes, park_seconds, park_uncertainty_seconds, walk_uncertainty_seconds from car_park",
    )
    .fetch_optional(conn)
    .await?;
    Ok(told.map(|(walk, park, park_uncertainty, walk_uncertainty)| CarParkLegs {
        walk_minutes: walk.unsigned_abs(),
        walk_uncertainty_seconds: walk_uncertainty.unsigned_abs(),
        park_seconds: park.unsigned_abs(),
        park_uncertainty_seconds: park_uncertainty.unsigned_abs(),
    }))
}

pub(crate) async fn set_turnover(conn: &mut PgConnection, minutes: u32) -> Result<(), Error> {
    sqlx::query(
        "insert into hall_turnover (minutes) values ($1)
         on conflict (the_only) do update set minutes = excluded.minutes",
    )
    .bind(i32::try_from(minutes).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

/// What the hall needs between two showings; None: the door has not told.
pub(crate) async fn turnover(conn: &mut PgConnection) -> Result<Option<TimeDelta>, Error> {
    let minutes: Option<i32> = sqlx::query_scalar("select minutes from hall_turnover").fetch_optional(conn).await?;
    Ok(minutes.map(|minutes| TimeDelta::minutes(minutes.into())))
}

/// Forgets what says nothing any more.
pub(crate) async fn forget(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in [
        "delete from party_seen where at < $1",
        "delete from arrival where arrives_at < $1",
        "delete from door_count where at < $1",
        "delete from delay_plan where made_at < $1 and done",
        "delete from visit_clock where observed_at < $1",
        "delete from rebooking_offer where valid_until < $1",
        "delete from wait where valid_until < $1",
    ] {
        sqlx::query(statement).bind(before).execute(&mut *conn).await?;
    }
    Ok(())
}

/// A delay under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) key: Uuid,
    pub(crate) steps: Vec<Step>,
    pub(crate) reason: Text,
}

type PlanRow = (Uuid, Json<Vec<Step>>, Json<Text>);

fn plan_of((key, steps, reason): PlanRow) -> Plan {
    Plan { key, steps: steps.0, reason: reason.0 }
}

/// Keeps a plan, and answers the one that is kept: who came first decides.
pub(crate) async fn keep_plan(conn: &mut PgConnection, plan: &Plan, now: DateTime<Utc>) -> Result<Plan, Error> {
    let kept: PlanRow = sqlx::query_as(
        "insert into delay_plan (idempotency_key, steps, reason, made_at) values ($1, $2, $3, $4)
         on conflict (idempotency_key) do update set made_at = delay_plan.made_at
         returning idempotency_key, steps, reason",
    )
    .bind(plan.key)
    .bind(Json(&plan.steps))
    .bind(Json(&plan.reason))
    .bind(now)
    .fetch_one(conn)
    .await?;
    Ok(plan_of(kept))
}

pub(crate) async fn plan(conn: &mut PgConnection, key: Uuid) -> Result<Option<Plan>, Error> {
    let kept: Option<PlanRow> =
        sqlx::query_as("select idempotency_key, steps, reason from delay_plan where idempotency_key = $1")
            .bind(key)
            .fetch_optional(conn)
            .await?;
    Ok(kept.map(plan_of))
}

pub(crate) async fn plan_done(conn: &mut PgConnection, key: Uuid) -> Result<(), Error> {
    sqlx::query("update delay_plan set done = true where idempotency_key = $1").bind(key).execute(conn).await?;
    Ok(())
}

/// Plans of before then that have not been carried out to their end.
pub(crate) async fn open_plans(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<Vec<Plan>, Error> {
    let kept: Vec<PlanRow> = sqlx::query_as(
        "select idempotency_key, steps, reason from delay_plan where not done and made_at < $1 order by made_at",
    )
    .bind(before)
    .fetch_all(conn)
    .await?;
    Ok(kept.into_iter().map(plan_of).collect())
}
