//! The SQL of the clock of the visit: rules, ways, estimates, and what was told last. Each statement is for all visits
//! at once. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{VisitRow, all};
use crate::{
    domain::{
        Showing, Visit,
        clock::{
            after::About,
            ahead::{Lift, Way, Ways},
            legs::{self, Door, Estimate, Estimates, Leg},
            policy::{Policy, seconds},
            risk::Risk,
        },
        missing::Whereabouts,
    },
    error::Error,
    store::{
        self,
        showings::{ShowingRow, read},
    },
};

/// The house's rules; what holds where it has none.
pub(crate) async fn policy(conn: &mut PgConnection) -> Result<Policy, Error> {
    let policy: Option<Json<Policy>> =
        sqlx::query_scalar("select policy from clock_policy").fetch_optional(conn).await?;
    Ok(policy.map(|policy| policy.0).unwrap_or_default())
}

/// Locks the clock: one turn at a time, also when two replicas both believe that they lead.
pub(crate) async fn lock(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('journey clock', 0))").execute(conn).await?;
    Ok(())
}

pub(crate) async fn save_policy(conn: &mut PgConnection, policy: &Policy) -> Result<(), Error> {
    sqlx::query(
        "insert into clock_policy (policy) values ($1) on conflict (the_only) do update set policy = excluded.policy",
    )
    .bind(Json(policy))
    .execute(conn)
    .await?;
    Ok(())
}

/// The ways that hold from now on; others are gone.
pub(crate) async fn save_ways(conn: &mut PgConnection, ways: &[Way]) -> Result<(), Error> {
    sqlx::query("delete from way").execute(&mut *conn).await?;
    sqlx::query(
        "insert into way (leg, hall, place, text, step_free, lift, minutes)
         select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::jsonb[], $6::text[], $7::integer[])",
    )
    .bind(ways.iter().map(|way| way.leg.as_str()).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| way.hall.as_str()).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| Json(&way.to)).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| Json(&way.text)).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| Json(&way.step_free)).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| way.lift.as_str()).collect::<Vec<_>>())
    .bind(ways.iter().map(|way| way.minutes.cast_signed()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

async fn ways(conn: &mut PgConnection) -> Result<Ways, Error> {
    type WayRow = (String, String, Json<Text>, Json<Text>, Json<Text>, String, i32);
    let ways: Vec<WayRow> = sqlx::query_as("select leg, hall, place, text, step_free, lift, minutes from way")
        .fetch_all(&mut *conn)
        .await?;
    let lifts: Vec<(String, bool, Json<Text>)> =
        sqlx::query_as("select lift_id, working, without from lift").fetch_all(conn).await?;
    let way = |(leg, hall, to, text, step_free, lift, minutes): WayRow| Way {
        leg,
        hall,
        to: to.0,
        text: text.0,
        step_free: step_free.0,
        lift,
        minutes: minutes.unsigned_abs(),
    };
    let lift = |(id, is_working, without): (String, bool, Json<Text>)| Lift { id, is_working, without: without.0 };
    Ok(Ways { ways: ways.into_iter().map(way).collect(), lifts: lifts.into_iter().map(lift).collect() })
}

/// What the ways of visits are made of.
pub(crate) async fn about(conn: &mut PgConnection) -> Result<About, Error> {
    let ways = ways(&mut *conn).await?;
    let car_park = store::missing::car_park(&mut *conn).await?;
    let policy = policy(conn).await?;
    let mut usual = Estimates::of(&policy, legs::pace(&[], None));
    if let Some(told) = &car_park {
        usual.walk = told.walk();
        usual.park = told.park().unwrap_or(usual.park);
    }
    let walk = car_park.map(|told| told.walk());
    Ok(About { ways, walk, step_free_percent: policy.step_free_percent, usual: Some(usual) })
}

/// A lift as the door tells it; an older word changes nothing. Answers whether it is news.
pub(crate) async fn save_lift(conn: &mut PgConnection, lift: &Lift, revision: u64) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into lift (lift_id, working, without, revision) values ($1, $2, $3, $4)
         on conflict (lift_id) do update
             set working = excluded.working, without = excluded.without, revision = excluded.revision
             where lift.revision < excluded.revision",
    )
    .bind(&lift.id)
    .bind(lift.is_working)
    .bind(Json(&lift.without))
    .bind(revision.cast_signed())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A waiting time that the door has told: `about` is "desk" or a showing.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Wait {
    pub(crate) about: String,
    pub(crate) seconds: i32,
    pub(crate) seconds_low: i32,
    pub(crate) seconds_high: i32,
    pub(crate) per_hour: i32,
    /// DOOR: how many are still to come in.
    pub(crate) people: i32,
    pub(crate) valid_until: DateTime<Utc>,
}

pub(crate) const DESK: &str = "desk";

/// Half of the band is what it may take less or more.
pub(crate) fn estimate(wait: &Wait) -> Estimate {
    Estimate {
        time: seconds(wait.seconds.unsigned_abs()),
        uncertainty: seconds(wait.seconds_high.abs_diff(wait.seconds_low) / 2),
    }
}

/// What the door tells of a showing.
pub(crate) fn door(wait: &Wait) -> Door {
    Door {
        people: wait.people.unsigned_abs(),
        per_hour: wait.per_hour.unsigned_abs(),
        time: seconds(wait.seconds.unsigned_abs()),
        low: seconds(wait.seconds_low.unsigned_abs()),
        high: seconds(wait.seconds_high.unsigned_abs()),
    }
}

pub(crate) async fn save_waits(conn: &mut PgConnection, waits: &[Wait]) -> Result<(), Error> {
    sqlx::query(
        "insert into wait (about, seconds, seconds_low, seconds_high, per_hour, valid_until, people)
         select * from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[], $5::integer[],
             $6::timestamptz[], $7::integer[])
         on conflict (about) do update
             set seconds = excluded.seconds, seconds_low = excluded.seconds_low,
                 seconds_high = excluded.seconds_high, per_hour = excluded.per_hour, people = excluded.people,
                 valid_until = excluded.valid_until",
    )
    .bind(waits.iter().map(|wait| wait.about.as_str()).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.seconds).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.seconds_low).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.seconds_high).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.per_hour).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.valid_until).collect::<Vec<_>>())
    .bind(waits.iter().map(|wait| wait.people).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Those that still hold.
pub(crate) async fn waits(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Wait>, Error> {
    Ok(sqlx::query_as("select * from wait where valid_until > $1").bind(now).fetch_all(conn).await?)
}

/// Showings that begin in a span of time and take place; later ones too while a visit of theirs is at risk: it is not any
/// more, because its showing is late, and has to hear that.
pub(crate) async fn showings_between(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Showing>, Error> {
    let rows: Vec<ShowingRow> = sqlx::query_as(
        "select * from showing s where starts_at >= $1 and not cancelled and admission not in ('cancelled', 'aborted')
             and (starts_at <= $2 or exists (select from visit_clock c join visit v on v.id = c.visit_id
                 where c.showing_id = s.showing_id and c.risk in ('at_risk', 'missed')
                     and v.state in ('confirming', 'confirmed')))
         order by starts_at, showing_id",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    let mut showings = Vec::new();
    for row in rows {
        showings.extend(read(Some(row))?);
    }
    Ok(showings)
}

/// The visits that are booked for these showings.
pub(crate) async fn booked(conn: &mut PgConnection, showings: &[Uuid]) -> Result<Vec<Visit>, Error> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "select * from visit where showing_id = any($1) and state in ('confirming', 'confirmed') order by id",
    )
    .bind(showings)
    .fetch_all(conn)
    .await?;
    all(rows)
}

/// A leg as it is stored.
#[derive(Serialize, Deserialize)]
struct LegRow {
    kind: String,
    seconds: u32,
    uncertainty: u32,
    known: bool,
}

/// What was told last of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clocked {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) risk: Risk,
    pub(crate) since: DateTime<Utc>,
    pub(crate) whereabouts: Whereabouts,
    /// When they will be at the house by their own word.
    pub(crate) arrives_at: Option<DateTime<Utc>>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) observed_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ClockRow {
    visit_id: Uuid,
    showing_id: Uuid,
    risk: String,
    since: DateTime<Utc>,
    whereabouts: String,
    arrives_at: Option<DateTime<Utc>>,
    legs: Json<Vec<LegRow>>,
    observed_at: DateTime<Utc>,
}

impl ClockRow {
    fn read(self) -> Result<Clocked, Error> {
        let unknown = |what: &str, value: &str| Error::Stored(format!("{what} {value}"));
        let leg = |row: LegRow| {
            let kind = Leg::kind_named(&row.kind).ok_or_else(|| unknown("leg", &row.kind))?;
            let (time, uncertainty) = (seconds(row.seconds), seconds(row.uncertainty));
            Ok(Leg { kind, time, uncertainty, is_known: row.known })
        };
        Ok(Clocked {
            visit: self.visit_id,
            showing: self.showing_id,
            risk: Risk::named(&self.risk).ok_or_else(|| unknown("risk", &self.risk))?,
            since: self.since,
            whereabouts: Whereabouts::named(&self.whereabouts)
                .ok_or_else(|| unknown("whereabouts", &self.whereabouts))?,
            arrives_at: self.arrives_at,
            legs: self.legs.0.into_iter().map(leg).collect::<Result<_, Error>>()?,
            observed_at: self.observed_at,
        })
    }
}

/// What was told last of these visits, as far as anything was.
pub(crate) async fn clocked(conn: &mut PgConnection, visits: &[Uuid]) -> Result<Vec<Clocked>, Error> {
    let rows: Vec<ClockRow> =
        sqlx::query_as("select * from visit_clock where visit_id = any($1)").bind(visits).fetch_all(conn).await?;
    rows.into_iter().map(ClockRow::read).collect()
}

pub(crate) async fn save_clocked(conn: &mut PgConnection, all: &[Clocked]) -> Result<(), Error> {
    let second = |time: chrono::TimeDelta| u32::try_from(time.num_seconds().max(0)).unwrap_or(u32::MAX);
    let legs = |it: &Clocked| {
        let row = |leg: &Leg| LegRow {
            kind: leg.kind.to_owned(),
            seconds: second(leg.time),
            uncertainty: second(leg.uncertainty),
            known: leg.is_known,
        };
        Json(it.legs.iter().map(row).collect::<Vec<_>>())
    };
    sqlx::query(
        "insert into visit_clock (visit_id, showing_id, risk, since, whereabouts, legs, observed_at, arrives_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::jsonb[],
             $7::timestamptz[], $8::timestamptz[])
         on conflict (visit_id) do update
             set showing_id = excluded.showing_id, risk = excluded.risk, since = excluded.since,
                 whereabouts = excluded.whereabouts, legs = excluded.legs, observed_at = excluded.observed_at,
                 arrives_at = excluded.arrives_at",
    )
    .bind(all.iter().map(|it| it.visit).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.showing).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.risk.name()).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.since).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.whereabouts.name()).collect::<Vec<_>>())
    .bind(all.iter().map(legs).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.observed_at).collect::<Vec<_>>())
    .bind(all.iter().map(|it| it.arrives_at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the clocks away of visits to showings that begin later than this and are not turned; answers whose they were.
pub(crate) async fn stop_later(
    conn: &mut PgConnection,
    until: DateTime<Utc>,
    turned: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "delete from visit_clock c using showing s
         where s.showing_id = c.showing_id and s.starts_at > $1 and c.showing_id <> all($2) returning c.visit_id",
    )
    .bind(until)
    .bind(turned)
    .fetch_all(conn)
    .await?)
}

/// What their visitors see has changed. Locked by id first, so that two turns cannot cross.
pub(crate) async fn bump(conn: &mut PgConnection, visits: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "with mine as (select id from visit where id = any($1) order by id for update)
         update visit v set revision = revision + 1 from mine where v.id = mine.id",
    )
    .bind(visits)
    .execute(conn)
    .await?;
    Ok(())
}

/// The visits that are told a way have something new to see, of showings between these times: answers which.
pub(crate) async fn bump_ways(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "with mine as (
             select v.id from visit v join showing s on s.showing_id = v.showing_id
             where s.starts_at > $1 and s.starts_at <= $2 and v.state in ('confirming', 'confirmed')
             order by v.id for update of v)
         update visit v set revision = revision + 1 from mine where v.id = mine.id returning v.id",
    )
    .bind(since)
    .bind(until)
    .fetch_all(conn)
    .await?)
}
