//! Every SQL statement about admissions, zones and the house. Decides nothing.
//! Lock order: house, admission, tickets, zones by id.

mod parties;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

pub(crate) use parties::{
    add_party, admit, party, party_of_reference, party_of_ticket, record_scan, recorded_scan, reseat_party, void_party,
};

use crate::{
    domain::{Admission, AdmissionState, House, HouseState, Level, Quality, Zone},
    error::Error,
};

fn stored<T>(found: Option<T>, what: &str) -> Result<T, Error> {
    found.ok_or_else(|| Error::Stored(what.to_owned()))
}

#[derive(FromRow)]
struct AdmissionRow {
    showing_id: Uuid,
    title: Json<Text>,
    hall: String,
    state: String,
    scheduled_starts_at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    predicted_end_at: DateTime<Utc>,
    doors_at: DateTime<Utc>,
    last_entry_at: DateTime<Utc>,
    capacity: i32,
    admitted: i32,
    revision: i64,
    booked: i64,
}

impl AdmissionRow {
    fn read(self) -> Result<Admission, Error> {
        Ok(Admission {
            showing: self.showing_id,
            title: self.title.0,
            hall: self.hall,
            state: stored(AdmissionState::named(&self.state), "admission state")?,
            scheduled_starts_at: self.scheduled_starts_at,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            predicted_end_at: self.predicted_end_at,
            doors_at: self.doors_at,
            last_entry_at: self.last_entry_at,
            capacity: self.capacity.unsigned_abs(),
            booked: u32::try_from(self.booked).unwrap_or(u32::MAX),
            admitted: self.admitted.unsigned_abs(),
            revision: self.revision.unsigned_abs(),
        })
    }
}

pub(crate) async fn admission(conn: &mut PgConnection, showing: Uuid) -> Result<Option<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>(
        "select a.*, (select count(*) from door_ticket t where t.showing_id = a.showing_id and t.live) as booked
         from admission a where a.showing_id = $1",
    )
    .bind(showing)
    .fetch_optional(conn)
    .await?
    .map(AdmissionRow::read)
    .transpose()
}

pub(crate) async fn lock_admission(conn: &mut PgConnection, showing: Uuid) -> Result<Option<Admission>, Error> {
    sqlx::query("select 1 from admission where showing_id = $1 for update").bind(showing).execute(&mut *conn).await?;
    // A statement of its own sees what others committed while this one waited.
    admission(conn, showing).await
}

/// Admissions of showings that start in a window, by start.
pub(crate) async fn admissions(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>(
        "select a.*, (select count(*) from door_ticket t where t.showing_id = a.showing_id and t.live) as booked
         from admission a where a.starts_at >= $1 and a.starts_at < $2 order by a.starts_at, a.hall",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(AdmissionRow::read)
    .collect()
}

pub(crate) async fn add_admission(conn: &mut PgConnection, admission: &Admission) -> Result<(), Error> {
    sqlx::query(
        "insert into admission (showing_id, title, hall, scheduled_starts_at, starts_at, ends_at, predicted_end_at,
             doors_at, last_entry_at, capacity)
         values ($1, $2, $3, $4, $4, $5, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(admission.showing)
    .bind(Json(&admission.title))
    .bind(&admission.hall)
    .bind(admission.starts_at)
    .bind(admission.ends_at)
    .bind(admission.doors_at)
    .bind(admission.last_entry_at)
    .bind(admission.capacity.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves what changes of an admission, and raises its revision.
pub(crate) async fn save_admission(conn: &mut PgConnection, admission: &mut Admission) -> Result<(), Error> {
    admission.revision += 1;
    sqlx::query(
        "update admission set state = $2, starts_at = $3, ends_at = $4, predicted_end_at = $5, doors_at = $6,
             last_entry_at = $7, admitted = $8, revision = $9
         where showing_id = $1",
    )
    .bind(admission.showing)
    .bind(admission.state.name())
    .bind(admission.starts_at)
    .bind(admission.ends_at)
    .bind(admission.predicted_end_at)
    .bind(admission.doors_at)
    .bind(admission.last_entry_at)
    .bind(admission.admitted.cast_signed())
    .bind(admission.revision.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// Says that something counted with an admission has changed.
pub(crate) async fn raise_revision(conn: &mut PgConnection, showing: Uuid) -> Result<(), Error> {
    sqlx::query("update admission set revision = revision + 1 where showing_id = $1")
        .bind(showing)
        .execute(conn)
        .await?;
    Ok(())
}

/// The revision of everything together: it rises with every commit that changes any of it.
pub(crate) async fn revision(conn: &mut PgConnection) -> Result<u64, Error> {
    let sum: i64 = sqlx::query_scalar(
        "select ((select coalesce(sum(revision), 0) from admission) + (select coalesce(sum(revision), 0) from zone)
             + (select revision from house_state))::bigint",
    )
    .fetch_one(conn)
    .await?;
    Ok(sum.unsigned_abs())
}

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

#[derive(FromRow)]
struct HouseRow {
    state: String,
    since: DateTime<Utc>,
    by: String,
    cleared_by: String,
    reason: String,
    revision: i64,
}

impl HouseRow {
    fn read(self) -> Result<House, Error> {
        Ok(House {
            state: stored(HouseState::named(&self.state), "house state")?,
            since: self.since,
            by: self.by,
            cleared_by: self.cleared_by,
            reason: self.reason,
            revision: self.revision.unsigned_abs(),
        })
    }
}

pub(crate) async fn house(conn: &mut PgConnection) -> Result<House, Error> {
    sqlx::query_as::<_, HouseRow>("select * from house_state").fetch_one(conn).await?.read()
}

pub(crate) async fn lock_house(conn: &mut PgConnection) -> Result<House, Error> {
    sqlx::query_as::<_, HouseRow>("select * from house_state for update").fetch_one(conn).await?.read()
}

pub(crate) async fn save_house(conn: &mut PgConnection, house: &House) -> Result<(), Error> {
    sqlx::query("update house_state set state = $1, since = $2, by = $3, cleared_by = $4, reason = $5, revision = $6")
        .bind(house.state.name())
        .bind(house.since)
        .bind(&house.by)
        .bind(&house.cleared_by)
        .bind(&house.reason)
        .bind(house.revision.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}
