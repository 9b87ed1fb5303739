//! Zones, escape groups, what was counted when. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};

use super::stored;
use crate::{
    domain::{
        Level, Quality, Zone,
        zones::{EscapeGroup, Kind, Thresholds, roll_up},
    },
    error::Error,
};

#[derive(FromRow)]
struct ZoneRow {
    id: String,
    name: Json<Text>,
    kind: String,
    parent: String,
    capacity: i32,
    capacity_source: String,
    thresholds: Json<Thresholds>,
    step_free: bool,
    count: i32,
    level: String,
    quality: String,
    observed_at: DateTime<Utc>,
    filled_by: String,
    counted: bool,
    valid_until: Option<DateTime<Utc>>,
    queue: String,
    by_hand_at: Option<DateTime<Utc>>,
    unsure: i32,
    hand_minutes: i32,
    silent: bool,
    #[sqlx(default)]
    sensors: Vec<String>,
}

impl ZoneRow {
    fn read(self) -> Result<Zone, Error> {
        Ok(Zone {
            id: self.id,
            name: self.name.0,
            kind: stored(Kind::named(&self.kind), "zone kind")?,
            parent: self.parent,
            capacity: self.capacity.unsigned_abs(),
            capacity_source: self.capacity_source,
            thresholds: self.thresholds.0,
            step_free: self.step_free,
            count: self.count.unsigned_abs(),
            level: stored(Level::named(&self.level), "zone level")?,
            quality: stored(Quality::named(&self.quality), "zone quality")?,
            observed_at: self.observed_at,
            counted: self.counted,
            sensors: self.sensors,
            silent: self.silent,
            valid_until: self.valid_until,
            hand_holds: TimeDelta::minutes(self.hand_minutes.into()),
            queue: self.queue,
            filled_by: self.filled_by,
            by_hand_at: self.by_hand_at,
            unsure: self.unsure.unsigned_abs(),
        })
    }
}

/// A zone, and whether one of its counters is silent.
macro_rules! select_zone {
    ($more:literal, $rest:literal) => {
        concat!(
            "select z.*, exists (select from sensor_zone m join sensor c on c.id = m.sensor_id
                 where m.zone_id = z.id and c.state = 'offline') as silent",
            $more,
            " from zone z ",
            $rest
        )
    };
}

/// All zones in their order; storeys and the house with the sum of what lies in them.
pub(crate) async fn zones(conn: &mut PgConnection) -> Result<Vec<Zone>, Error> {
    let mut zones = zones_as_stored(conn).await?;
    roll_up(&mut zones);
    Ok(zones)
}

/// All zones in their order; storeys and the house as they were added up last.
pub(crate) async fn zones_as_stored(conn: &mut PgConnection) -> Result<Vec<Zone>, Error> {
    let rows: Vec<ZoneRow> = sqlx::query_as(select_zone!(
        ", array(select s.sensor_id from sensor_zone s where s.zone_id = z.id order by 1) as sensors",
        "order by place"
    ))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ZoneRow::read).collect()
}

/// Locks all zones, in the order of their ids (letter by letter, as here and not as a language sorts), and reads them as they are stored.
pub(crate) async fn lock_zones(conn: &mut PgConnection) -> Result<Vec<Zone>, Error> {
    let rows: Vec<ZoneRow> =
        sqlx::query_as(select_zone!("", "order by z.id collate \"C\" for no key update of z")).fetch_all(conn).await?;
    rows.into_iter().map(ZoneRow::read).collect()
}

pub(crate) async fn lock_zone(conn: &mut PgConnection, id: &str) -> Result<Option<Zone>, Error> {
    sqlx::query_as::<_, ZoneRow>(select_zone!("", "where z.id = $1 for no key update of z"))
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(ZoneRow::read)
        .transpose()
}

/// The zone that a hall's doors fill, and the foyer; both locked.
pub(crate) async fn lock_zones_of(conn: &mut PgConnection, hall: &str) -> Result<(Option<Zone>, Option<Zone>), Error> {
    let hall = format!("hall:{hall}");
    let rows: Vec<ZoneRow> = sqlx::query_as(select_zone!(
        "",
        "where z.filled_by in ($1, 'foyer') order by z.id collate \"C\" for no key update of z"
    ))
    .bind(&hall)
    .fetch_all(conn)
    .await?;
    let (mut of_hall, mut foyer) = (None, None);
    for row in rows {
        let place = if row.filled_by == hall { &mut of_hall } else { &mut foyer };
        *place = Some(row.read()?);
    }
    Ok((of_hall, foyer))
}

/// Saves what changes of a zone. The level's own time moves only with the level.
pub(crate) async fn save_zone(conn: &mut PgConnection, zone: &Zone) -> Result<(), Error> {
    sqlx::query(
        "update zone set count = $2, quality = $4, observed_at = $5, valid_until = $6, revision = revision + 1,
             by_hand_at = $7, unsure = $8,
             level_since = case when level = $3 then level_since else $5 end,
             left_red_at = case when level in ('red', 'stop') and $3 in ('green', 'amber') then $5 else left_red_at end,
             level = $3
         where id = $1",
    )
    .bind(&zone.id)
    .bind(i32::try_from(zone.count).unwrap_or(i32::MAX))
    .bind(zone.level.name())
    .bind(zone.quality.name())
    .bind(zone.observed_at)
    .bind(zone.valid_until)
    .bind(zone.by_hand_at)
    .bind(i32::try_from(zone.unsure).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

/// When each zone was last not red any more.
pub(crate) async fn left_red(conn: &mut PgConnection) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as("select id, left_red_at from zone where left_red_at is not null").fetch_all(conn).await?)
}

/// Since when each zone has had its level.
pub(crate) async fn levels_since(conn: &mut PgConnection) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as("select id, level_since from zone").fetch_all(conn).await?)
}

/// Since when each escape group has had its level.
pub(crate) async fn group_levels_since(conn: &mut PgConnection) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
    Ok(sqlx::query_as("select id, level_since from escape_group").fetch_all(conn).await?)
}

/// Says whether a zone's number has lost its ground, and whether a counter that works counts it.
pub(crate) async fn mark_zone(conn: &mut PgConnection, id: &str, counted: bool, drifted: bool) -> Result<(), Error> {
    sqlx::query("update zone set counted = $2, drifted = $3, revision = revision + 1 where id = $1")
        .bind(id)
        .bind(counted)
        .bind(drifted)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn is_drifted(conn: &mut PgConnection, id: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select drifted from zone where id = $1").bind(id).fetch_one(conn).await?)
}

/// Whoever sets a number by hand ends the drift.
pub(crate) async fn end_drift(conn: &mut PgConnection, id: &str) -> Result<(), Error> {
    sqlx::query("update zone set drifted = false where id = $1 and drifted").bind(id).execute(conn).await?;
    Ok(())
}

/// Whether people are in it who wait for or watch a showing: scans fill it.
pub(crate) async fn halls_in_use(conn: &mut PgConnection) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "select count(*) from admission where state in ('doors_open', 'last_call', 'running', 'egress', 'aborted')",
    )
    .fetch_one(conn)
    .await?)
}

pub(crate) async fn record_correction(
    conn: &mut PgConnection,
    zone: &Zone,
    count: u32,
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into zone_correction (zone_id, count_before, count, reason, by, at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&zone.id)
    .bind(zone.count.cast_signed())
    .bind(count.cast_signed())
    .bind(reason)
    .bind(by)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// A zone as the house file has it.
pub(crate) struct ZonePlan<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a Text,
    pub(crate) place: i32,
    pub(crate) capacity: u32,
    pub(crate) source: &'a str,
    pub(crate) filled_by: &'a str,
    pub(crate) kind: Kind,
    pub(crate) parent: &'a str,
    pub(crate) thresholds: Thresholds,
    pub(crate) step_free: bool,
    pub(crate) queue: &'a str,
    pub(crate) hand_minutes: u32,
}

/// Writes a zone; its count belongs to the day, not to the file. True if anything has changed.
pub(crate) async fn save_zone_plan(
    conn: &mut PgConnection,
    plan: &ZonePlan<'_>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into zone as z (id, name, place, capacity, capacity_source, filled_by, kind, parent, thresholds,
             step_free, observed_at, queue, hand_minutes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (id) do update set name = $2, place = $3, capacity = $4, capacity_source = $5, filled_by = $6,
             kind = $7, parent = $8, thresholds = $9, step_free = $10, queue = $12, hand_minutes = $13,
             revision = z.revision + 1
         where (z.name, z.place, z.capacity, z.capacity_source, z.filled_by, z.kind, z.parent, z.thresholds,
             z.step_free, z.queue, z.hand_minutes)
             is distinct from ($2, $3, $4, $5, $6, $7, $8, $9, $10, $12, $13)",
    )
    .bind(plan.id)
    .bind(Json(plan.name))
    .bind(plan.place)
    .bind(plan.capacity.cast_signed())
    .bind(plan.source)
    .bind(plan.filled_by)
    .bind(plan.kind.name())
    .bind(plan.parent)
    .bind(Json(plan.thresholds))
    .bind(plan.step_free)
    .bind(now)
    .bind(plan.queue)
    .bind(plan.hand_minutes.cast_signed())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(FromRow)]
struct GroupRow {
    id: String,
    name: Json<Text>,
    zones: Vec<String>,
    most: i32,
    limit_source: String,
    thresholds: Json<Thresholds>,
    level: String,
    observed_at: DateTime<Utc>,
}

/// The escape groups, with the sums of these zones.
pub(crate) async fn escape_groups(conn: &mut PgConnection, zones: &[Zone]) -> Result<Vec<EscapeGroup>, Error> {
    let rows: Vec<GroupRow> = sqlx::query_as("select * from escape_group order by place").fetch_all(conn).await?;
    let mut groups = Vec::new();
    for row in rows {
        let mut group = EscapeGroup {
            id: row.id,
            name: row.name.0,
            zones: row.zones,
            limit: row.most.unsigned_abs(),
            limit_source: row.limit_source,
            thresholds: row.thresholds.0,
            level: stored(Level::named(&row.level), "escape group's level")?,
            count: 0,
            quality: Quality::Estimated,
            observed_at: row.observed_at,
            valid_until: None,
        };
        group.add_up(zones);
        groups.push(group);
    }
    Ok(groups)
}

/// The level that was saved for a group.
pub(crate) async fn group_level(conn: &mut PgConnection, id: &str) -> Result<Level, Error> {
    let level: String =
        sqlx::query_scalar("select level from escape_group where id = $1").bind(id).fetch_one(conn).await?;
    stored(Level::named(&level), "escape group's level")
}

pub(crate) async fn save_group_level(
    conn: &mut PgConnection,
    group: &EscapeGroup,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("update escape_group set level = $2, observed_at = $3, level_since = $4 where id = $1")
        .bind(&group.id)
        .bind(group.level.name())
        .bind(group.observed_at)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes the escape groups as the house file has them, and takes away those that it has not.
pub(crate) async fn save_groups(
    conn: &mut PgConnection,
    groups: &[EscapeGroup],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    sqlx::query("delete from escape_group where id <> all($1)").bind(ids).execute(&mut *conn).await?;
    for (place, group) in groups.iter().enumerate() {
        sqlx::query(
            "insert into escape_group (id, name, place, zones, most, limit_source, thresholds, observed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (id) do update set name = $2, place = $3, zones = $4, most = $5, limit_source = $6,
                 thresholds = $7",
        )
        .bind(&group.id)
        .bind(Json(&group.name))
        .bind(i32::try_from(place).unwrap_or(i32::MAX))
        .bind(&group.zones)
        .bind(group.limit.cast_signed())
        .bind(&group.limit_source)
        .bind(Json(group.thresholds))
        .bind(now)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Something in these tables has changed.
pub(crate) async fn raise_mark(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("update flow_mark set revision = revision + 1").execute(conn).await?;
    Ok(())
}
