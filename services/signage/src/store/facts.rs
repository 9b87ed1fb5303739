//! Every SQL statement about facts, and the reading of facts and displays together. A write answers whether anything changed: what was told before,
//! or later by its own time, changes nothing. So facts may come twice and in any order.

use chrono::{DateTime, Utc};
use kernel::Tx;
use serde::Deserialize;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Admission, Delay, Display, Fact, Facts, House, Message, Order, Phase, Places, Plan, Showing, Site, Station,
        Zone,
    },
    error::Error,
};

/// A display with the hash of what it shows.
#[derive(Debug, Deserialize)]
pub struct Shown {
    /// The display.
    #[serde(flatten)]
    pub display: Display,
    /// Of its present content; None: nothing was computed yet.
    pub hash: Option<Uuid>,
}

#[derive(FromRow)]
struct Row {
    displays: Json<Vec<Shown>>,
    showings: Json<Vec<Showing>>,
    house: Option<Json<House>>,
    zones: Json<Vec<Zone>>,
    site: Option<Json<Site>>,
    ready: Json<Vec<Order>>,
    stations: Json<Vec<Station>>,
    messages: Json<Vec<Message>>,
}

/// All displays and all that they can show now, in one round trip: the way from an event to a monitor is short.
/// Times of the day are turned into the house's own here. As json, because jsonb would be built only to be
/// written out again.
///
/// # Errors
/// The database's error.
pub async fn load(tx: &mut Tx) -> Result<(Vec<Shown>, Facts), Error> {
    let row: Row = sqlx::query_as(
        "select
            (select coalesce(json_agg(row_to_json(d)), '[]') from (
                select display_id as id, display_group as \"group\", setup, configured_at, content_hash as hash
                from display) d) as displays,
            (select coalesce(json_agg(row_to_json(s)), '[]') from (
                select showing_id, title, hall, audience, scheduled_starts_at, starts_at,
                       greatest(ends_at, predicted_end_at) as ends_at,
                       to_char(doors_at at time zone 'Europe/Berlin', 'HH24:MI') as doors_clock,
                       delay_minutes, cancelled, notice, phase, places_left, observed_at
                from shown_showing
                where title is not null and phase <> 'over' and greatest(ends_at, predicted_end_at) > $1
                order by starts_at limit 24) s) as showings,
            (select row_to_json(h) from house_fact h) as house,
            (select coalesce(json_agg(row_to_json(z)), '[]') from zone_fact z) as zones,
            (select row_to_json(p) from site_fact p order by observed_at desc limit 1) as site,
            (select coalesce(json_agg(row_to_json(o)), '[]') from (
                select order_id, number, at from order_fact where state = 'ready' order by at desc limit 50) o) as ready,
            (select coalesce(json_agg(row_to_json(t)), '[]') from (
                select * from station_fact order by station_id) t) as stations,
            (select coalesce(json_agg(row_to_json(m)), '[]') from (
                select message_id, text, display_group as \"group\", published_at, valid_until, withdrawn,
                       (array['scheduled', 'operations', 'safety'])[class - 1] as class
                from message where not withdrawn and valid_until > $1) m) as messages",
    )
    .bind(tx.now())
    .fetch_one(tx.conn())
    .await?;
    let facts = Facts {
        showings: row.showings.0,
        house: row.house.map(|house| house.0),
        zones: row.zones.0,
        site: row.site.map(|site| site.0),
        ready: row.ready.0,
        stations: row.stations.0,
        messages: row.messages.0,
    };
    Ok((row.displays.0, facts))
}

/// Keeps a fact; false when it says nothing new.
///
/// # Errors
/// The database's error.
pub async fn keep(tx: &mut Tx, fact: &Fact) -> Result<bool, Error> {
    let changed = match fact {
        Fact::Plan(plan) => keep_plan(tx, plan).await?,
        Fact::Delay(delay) => keep_delay(tx, delay).await?,
        Fact::Cancelled(showing_id, reason, at) => {
            sqlx::query(
                "insert into shown_showing as s (showing_id, cancelled, notice, observed_at) values ($1, true, $2, $3)
                 on conflict (showing_id) do update
                 set cancelled = true, notice = excluded.notice,
                     observed_at = greatest(s.observed_at, excluded.observed_at)
                 where not s.cancelled",
            )
            .bind(showing_id)
            .bind(Json(reason))
            .bind(at)
            .execute(tx.conn())
            .await?
        }
        Fact::Places(places) => keep_places(tx, places).await?,
        Fact::Admission(admission) => keep_admission(tx, admission).await?,
        Fact::House(house) => {
            sqlx::query(
                "insert into house_fact as h (state, since) values ($1, $2)
                 on conflict (one) do update set state = excluded.state, since = excluded.since
                 where h.since <= excluded.since and (h.state, h.since) is distinct from (excluded.state, excluded.since)",
            )
            .bind(house.state.name())
            .bind(house.since)
            .execute(tx.conn())
            .await?
        }
        // The count behind it moves with every scan; only the level is shown.
        Fact::Zone(zone) => {
            sqlx::query(
                "insert into zone_fact as z (zone_id, level, observed_at) values ($1, $2, $3)
                 on conflict (zone_id) do update set level = excluded.level, observed_at = excluded.observed_at
                 where z.observed_at <= excluded.observed_at and z.level <> excluded.level",
            )
            .bind(&zone.zone_id)
            .bind(zone.level.name())
            .bind(zone.observed_at)
            .execute(tx.conn())
            .await?
        }
        Fact::Site(site) => keep_site(tx, site).await?,
        Fact::Ready(order) => keep_order(tx, order, "ready").await?,
        Fact::Done(order) => keep_order(tx, order, "done").await?,
        Fact::Station(station) => {
            sqlx::query(
                "insert into station_fact as t (station_id, name, state, observed_at) values ($1, $2, $3, $4)
                 on conflict (station_id) do update
                 set name = excluded.name, state = excluded.state, observed_at = excluded.observed_at
                 where t.observed_at <= excluded.observed_at
                   and (t.name, t.state) is distinct from (excluded.name, excluded.state)",
            )
            .bind(&station.station_id)
            .bind(Json(&station.name))
            .bind(station.state.name())
            .bind(station.observed_at)
            .execute(tx.conn())
            .await?
        }
    };
    Ok(changed.rows_affected() > 0)
}

type Done = Result<sqlx::postgres::PgQueryResult, sqlx::Error>;

/// A late or repeated plan does not take back a delay: then only a plan told after it has the times.
async fn keep_plan(tx: &mut Tx, plan: &Plan) -> Done {
    sqlx::query(
        "insert into shown_showing as s
             (showing_id, title, hall, audience, scheduled_starts_at, starts_at, ends_at, doors_at, plan_at, observed_at)
         values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $8)
         on conflict (showing_id) do update
         set title = excluded.title, hall = excluded.hall, audience = excluded.audience,
             scheduled_starts_at = case when s.delay_minutes > 0 and s.scheduled_starts_at is not null
                                        then s.scheduled_starts_at else excluded.scheduled_starts_at end,
             starts_at = case when s.delay_minutes > 0 then s.starts_at else excluded.starts_at end,
             ends_at = case when s.delay_minutes > 0 then s.ends_at else excluded.ends_at end,
             doors_at = case when s.delay_minutes > 0 then s.doors_at else excluded.doors_at end,
             plan_at = excluded.plan_at, observed_at = greatest(s.observed_at, excluded.observed_at)
         where s.title is null
            or (s.plan_at <= excluded.plan_at
                and (s.title, s.hall, s.audience) is distinct from (excluded.title, excluded.hall, excluded.audience))
            or (s.delay_minutes = 0 and s.plan_at <= excluded.plan_at
                and (s.starts_at, s.ends_at, s.doors_at)
                    is distinct from (excluded.starts_at, excluded.ends_at, excluded.doors_at))",
    )
    .bind(plan.showing_id)
    .bind(Json(&plan.title))
    .bind(&plan.hall)
    .bind(plan.audience.name())
    .bind(plan.starts_at)
    .bind(plan.ends_at)
    .bind(plan.doors_at)
    .bind(plan.told_at)
    .execute(tx.conn())
    .await
}

async fn keep_delay(tx: &mut Tx, delay: &Delay) -> Done {
    sqlx::query(
        "insert into shown_showing as s
             (showing_id, starts_at, ends_at, doors_at, delay_minutes, notice, plan_at, observed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (showing_id) do update
         set starts_at = excluded.starts_at, ends_at = excluded.ends_at, doors_at = excluded.doors_at,
             delay_minutes = excluded.delay_minutes, notice = excluded.notice, plan_at = excluded.plan_at,
             observed_at = greatest(s.observed_at, excluded.observed_at)
         where not s.cancelled and (s.plan_at is null or s.plan_at <= excluded.plan_at)
           and (s.starts_at, s.ends_at, s.doors_at, s.notice)
               is distinct from (excluded.starts_at, excluded.ends_at, excluded.doors_at, excluded.notice)",
    )
    .bind(delay.showing_id)
    .bind(delay.starts_at)
    .bind(delay.ends_at)
    .bind(delay.doors_at)
    .bind(delay.minutes)
    .bind(Json(&delay.reason))
    .bind(delay.told_at)
    .execute(tx.conn())
    .await
}

async fn keep_places(tx: &mut Tx, places: &Places) -> Done {
    sqlx::query(
        "insert into shown_showing as s (showing_id, places_left, places_at, observed_at) values ($1, $2, $3, $3)
         on conflict (showing_id) do update
         set places_left = excluded.places_left, places_at = excluded.places_at,
             observed_at = greatest(s.observed_at, excluded.observed_at)
         where (s.places_at is null or s.places_at <= excluded.places_at)
           and s.places_left is distinct from excluded.places_left",
    )
    .bind(places.showing_id)
    .bind(i32::try_from(places.left).unwrap_or(i32::MAX))
    .bind(places.observed_at)
    .execute(tx.conn())
    .await
}

/// Admission may be told before the plan: the row waits for its title.
async fn keep_admission(tx: &mut Tx, admission: &Admission) -> Done {
    sqlx::query(
        "insert into shown_showing as s
             (showing_id, phase, cancelled, phase_at, predicted_end_at, observed_at)
         values ($1, $2, $3, $4, $5, $4)
         on conflict (showing_id) do update
         set phase = excluded.phase, cancelled = s.cancelled or excluded.cancelled, phase_at = excluded.phase_at,
             predicted_end_at = excluded.predicted_end_at, observed_at = greatest(s.observed_at, excluded.observed_at)
         where (s.phase_at is null or s.phase_at <= excluded.phase_at)
           and (s.phase, s.cancelled, s.predicted_end_at)
               is distinct from (excluded.phase, s.cancelled or excluded.cancelled, excluded.predicted_end_at)",
    )
    .bind(admission.showing_id)
    .bind(admission.phase.unwrap_or(Phase::Planned).name())
    .bind(admission.phase.is_none())
    .bind(admission.at)
    .bind(admission.predicted_end_at)
    .execute(tx.conn())
    .await
}

async fn keep_site(tx: &mut Tx, site: &Site) -> Done {
    sqlx::query(
        "insert into site_fact as p
             (site_id, state, reason, bays, alternatives, observed_at, valid_until, site_revision)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (site_id) do update
         set state = excluded.state, reason = excluded.reason, bays = excluded.bays,
             alternatives = excluded.alternatives, observed_at = excluded.observed_at,
             valid_until = excluded.valid_until, site_revision = excluded.site_revision
         where p.site_revision < excluded.site_revision",
    )
    .bind(&site.site_id)
    .bind(site.state.name())
    .bind(Json(&site.reason))
    .bind(Json(&site.bays))
    .bind(Json(&site.alternatives))
    .bind(site.observed_at)
    .bind(site.valid_until)
    .bind(site.site_revision)
    .execute(tx.conn())
    .await
}

/// Collected is final: a late "ready" does not call the number again.
async fn keep_order(tx: &mut Tx, order: &Order, state: &str) -> Done {
    sqlx::query(
        "insert into order_fact as o (order_id, number, state, at) values ($1, $2, $3, $4)
         on conflict (order_id) do update set state = excluded.state, at = excluded.at
         where o.state = 'ready' and excluded.state = 'done'",
    )
    .bind(&order.order_id)
    .bind(i32::try_from(order.number).unwrap_or_default())
    .bind(state)
    .bind(order.at)
    .execute(tx.conn())
    .await
}

/// Removes what can no longer be shown and is not told again.
///
/// # Errors
/// The database's error.
pub async fn forget(tx: &mut Tx, before: DateTime<Utc>) -> Result<(), Error> {
    for statement in [
        "delete from shown_showing where greatest(ends_at, predicted_end_at, observed_at) < $1",
        "delete from order_fact where at < $1",
        "delete from message where valid_until < $1",
    ] {
        sqlx::query(statement).bind(before).execute(tx.conn()).await?;
    }
    Ok(())
}
