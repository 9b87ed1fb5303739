//! Zones and corrections by hand.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};

use super::stored;
use crate::{
    domain::{Level, Quality, Zone},
    error::Error,
};

#[derive(FromRow)]
struct ZoneRow {
    id: String,
    name: Json<Text>,
    capacity: i32,
    capacity_source: String,
    count: i32,
    level: String,
    quality: String,
    observed_at: DateTime<Utc>,
    filled_by: String,
}

impl ZoneRow {
    fn read(self) -> Result<Zone, Error> {
        Ok(Zone {
            id: self.id,
            name: self.name.0,
            capacity: self.capacity.unsigned_abs(),
            capacity_source: self.capacity_source,
            count: self.count.unsigned_abs(),
            level: stored(Level::named(&self.level), "zone level")?,
            quality: stored(Quality::named(&self.quality), "zone quality")?,
            observed_at: self.observed_at,
        })
    }
}

pub(crate) async fn zones(conn: &mut PgConnection) -> Result<Vec<Zone>, Error> {
    sqlx::query_as::<_, ZoneRow>("select * from zone order by place")
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(ZoneRow::read)
        .collect()
}

pub(crate) async fn lock_zone(conn: &mut PgConnection, id: &str) -> Result<Option<Zone>, Error> {
    sqlx::query_as::<_, ZoneRow>("select * from zone where id = $1 for update")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(ZoneRow::read)
        .transpose()
}

/// The zone that a hall's doors fill, and the foyer; both locked.
pub(crate) async fn lock_zones_of(conn: &mut PgConnection, hall: &str) -> Result<(Option<Zone>, Option<Zone>), Error> {
    let hall = format!("hall:{hall}");
    let rows: Vec<ZoneRow> =
        sqlx::query_as("select * from zone where filled_by in ($1, 'foyer') order by id for update")
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

pub(crate) async fn save_zone(conn: &mut PgConnection, zone: &Zone) -> Result<(), Error> {
    sqlx::query(
        "update zone set count = $2, level = $3, quality = $4, observed_at = $5, revision = revision + 1 where id = $1",
    )
    .bind(&zone.id)
    .bind(i32::try_from(zone.count).unwrap_or(i32::MAX))
    .bind(zone.level.name())
    .bind(zone.quality.name())
    .bind(zone.observed_at)
    .execute(conn)
    .await?;
    Ok(())
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
}

/// Writes a zone; its count belongs to the day, not to the file. True if anything has changed.
pub(crate) async fn save_zone_plan(
    conn: &mut PgConnection,
    plan: &ZonePlan<'_>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into zone as z (id, name, place, capacity, capacity_source, filled_by, observed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (id) do update set name = $2, place = $3, capacity = $4, capacity_source = $5, filled_by = $6,
             revision = z.revision + 1
         where (z.name, z.place, z.capacity, z.capacity_source, z.filled_by) is distinct from ($2, $3, $4, $5, $6)",
    )
    .bind(plan.id)
    .bind(Json(plan.name))
    .bind(plan.place)
    .bind(plan.capacity.cast_signed())
    .bind(plan.source)
    .bind(plan.filled_by)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
