//! Every SQL statement about showings and places, and the way between rows and the domain. Decides
//! nothing. Lock order: showing, then booking, then claims.

pub(crate) mod blocked;
pub(crate) mod bookings;
pub(crate) mod claims;
pub(crate) mod codes;
pub(crate) mod house;
pub(crate) mod layouts;
pub(crate) mod offers;
pub(crate) mod sale;
pub(crate) mod set_aside;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Audience, Counts, Held, OnlyWith, Quota, Release, Seat, Showing, ShowingState, Tariff},
    error::Error,
};

pub(crate) fn stored<T>(found: Option<T>, what: &str) -> Result<T, Error> {
    found.ok_or_else(|| Error::Stored(what.to_owned()))
}

#[derive(FromRow)]
struct ShowingRow {
    id: Uuid,
    title_id: String,
    title: Json<Text>,
    description: Json<Text>,
    category: String,
    hall: String,
    layout_id: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    doors_at: DateTime<Utc>,
    last_entry_at: DateTime<Utc>,
    scheduled_starts_at: DateTime<Utc>,
    state: String,
    audience: String,
    numbered: bool,
    notice: Json<Text>,
    capacity: i32,
    wheelchair_places: i32,
    door_quota: i32,
    door_release_minutes: i32,
    staff_quota: i32,
    staff_release_minutes: i32,
    school_quota: i32,
    school_release_minutes: i32,
    protected_release_minutes: i32,
    on_sale_at: Option<DateTime<Utc>>,
    release_id: Option<String>,
    release_name: Option<Json<Text>>,
    revision: i64,
}

impl ShowingRow {
    fn read(self) -> Result<Showing, Error> {
        let quota = |places: i32, minutes: i32| Quota {
            places: places.unsigned_abs(),
            release: TimeDelta::minutes(minutes.into()),
        };
        Ok(Showing {
            id: self.id,
            title_id: self.title_id,
            title: self.title.0,
            description: self.description.0,
            category: self.category,
            hall: self.hall,
            layout: self.layout_id,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            doors_at: self.doors_at,
            last_entry_at: self.last_entry_at,
            scheduled_starts_at: self.scheduled_starts_at,
            state: stored(ShowingState::named(&self.state), "showing state")?,
            audience: stored(Audience::named(&self.audience), "audience")?,
            numbered: self.numbered,
            notice: self.notice.0,
            capacity: self.capacity.unsigned_abs(),
            wheelchair_places: self.wheelchair_places.unsigned_abs(),
            door: quota(self.door_quota, self.door_release_minutes),
            staff: quota(self.staff_quota, self.staff_release_minutes),
            school: quota(self.school_quota, self.school_release_minutes),
            protected_release: TimeDelta::minutes(self.protected_release_minutes.into()),
            on_sale_at: self.on_sale_at,
            release: self.release_id.zip(self.release_name).map(|(id, name)| Release { id, name: name.0 }),
            revision: self.revision.unsigned_abs(),
        })
    }
}

pub(crate) async fn showing(conn: &mut PgConnection, id: Uuid) -> Result<Showing, Error> {
    sqlx::query_as::<_, ShowingRow>("select * from showing_with_title where id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .ok_or(Error::NoShowing)?
        .read()
}

/// Locks a showing, so that its places are given away one party after the other.
pub(crate) async fn lock_showing(conn: &mut PgConnection, id: Uuid) -> Result<Showing, Error> {
    let locked = sqlx::query("select 1 from showing where id = $1 for update").bind(id).execute(&mut *conn).await?;
    if locked.rows_affected() == 0 {
        return Err(Error::NoShowing);
    }
    // A statement of its own sees what others committed while this one waited.
    showing(conn, id).await
}

/// Locks showings, by their ids.
pub(crate) async fn lock_showings(conn: &mut PgConnection, ids: &[Uuid]) -> Result<(), Error> {
    sqlx::query("select 1 from showing where id = any($1) order by id for update").bind(ids).execute(conn).await?;
    Ok(())
}

/// Showings that start in a window, by start.
pub(crate) async fn showings(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Showing>, Error> {
    sqlx::query_as::<_, ShowingRow>(
        "select * from showing_with_title where starts_at >= $1 and starts_at < $2 order by starts_at, hall",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(ShowingRow::read)
    .collect()
}

/// A showing's revision and its version for the seller: with both unchanged, nothing about it has changed.
pub(crate) type Version = (i64, i64);

/// The showings that start from an instant on, by start, with their versions.
pub(crate) async fn versions(conn: &mut PgConnection, from: DateTime<Utc>) -> Result<Vec<(Uuid, Version)>, Error> {
    let rows: Vec<(Uuid, i64, i64)> =
        sqlx::query_as("select id, revision, sale_version from showing where starts_at >= $1 order by starts_at, hall")
            .bind(from)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(id, revision, sale_version)| (id, (revision, sale_version))).collect())
}

/// Some showings.
pub(crate) async fn showings_of(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Showing>, Error> {
    sqlx::query_as::<_, ShowingRow>(
        "select s.* from showing_with_title s join unnest($1::uuid[]) wanted on s.id = wanted order by s.id",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(ShowingRow::read)
    .collect()
}

/// The revision of the whole programme: it rises with every commit that changes a showing.
pub(crate) async fn programme_revision(conn: &mut PgConnection) -> Result<u64, Error> {
    let sum: i64 = sqlx::query_scalar("select coalesce(sum(revision), 0)::bigint from showing").fetch_one(conn).await?;
    Ok(sum.unsigned_abs())
}

/// Saves what a delay or cancellation changes.
pub(crate) async fn save_showing(conn: &mut PgConnection, showing: &Showing) -> Result<(), Error> {
    sqlx::query(
        "update showing set starts_at = $2, ends_at = $3, doors_at = $4, last_entry_at = $5, state = $6, notice = $7,
             next_turn_at = '-infinity'
         where id = $1",
    )
    .bind(showing.id)
    .bind(showing.starts_at)
    .bind(showing.ends_at)
    .bind(showing.doors_at)
    .bind(showing.last_entry_at)
    .bind(showing.state.name())
    .bind(Json(&showing.notice))
    .execute(conn)
    .await?;
    Ok(())
}

/// Raises a showing's revision; with `for_sale` its version for the seller too.
pub(crate) async fn raise_revision(conn: &mut PgConnection, showing: Uuid, for_sale: bool) -> Result<(), Error> {
    sqlx::query(
        "update showing set revision = revision + 1, sale_version = sale_version + case when $2 then 1 else 0 end
         where id = $1",
    )
    .bind(showing)
    .bind(for_sale)
    .execute(conn)
    .await?;
    Ok(())
}

/// What showings are offered with has changed: titles, prices. Locks all of them, by their ids as everywhere.
pub(crate) async fn new_offer(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query(
        "with due as materialized (select id from showing order by id for update)
         update showing s set revision = revision + 1, sale_version = sale_version + 1 from due where s.id = due.id",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When a change is due to be told.
pub(crate) struct Due {
    /// Of a showing that starts before `soon`: when nothing was told of it since then.
    pub(crate) told_until: DateTime<Utc>,
    pub(crate) soon: DateTime<Utc>,
    /// Of a later one.
    pub(crate) later_told_until: DateTime<Utc>,
}

/// Showings of which something has changed that is due to be told; a few at a time, because they are locked meanwhile.
/// They count as told from now on. One that somebody keeps locked is told later: to wait for it would keep the others
/// locked too.
pub(crate) async fn untold(conn: &mut PgConnection, due: &Due, now: DateTime<Utc>) -> Result<Vec<Showing>, Error> {
    let told: Vec<Uuid> = sqlx::query_scalar(
        "update showing s set told_revision = revision, told_at = $2
         from (select id from showing
               where id in (select id from showing where told_revision < revision and told_at <= $1
                                and (starts_at < $3 or told_at <= $4)
                            order by told_at limit 200)
               order by id for update skip locked) due
         where s.id = due.id returning s.id",
    )
    .bind(due.told_until)
    .bind(now)
    .bind(due.soon)
    .bind(due.later_told_until)
    .fetch_all(&mut *conn)
    .await?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    showings_of(conn, &told).await
}

#[derive(FromRow)]
struct CountsRow {
    showing_id: Uuid,
    sold: i64,
    held: i64,
    held_online: i64,
    held_door: i64,
    held_staff: i64,
    held_school: i64,
    online_until: Option<DateTime<Utc>>,
    door_until: Option<DateTime<Utc>>,
    staff_until: Option<DateTime<Utc>>,
    school_until: Option<DateTime<Utc>>,
    door: i64,
    staff: i64,
    school: i64,
    general: i64,
    wheelchair: i64,
    blocked: i64,
}

/// The live claims of showings, counted. Expired holds count no more.
pub(crate) async fn counts(
    conn: &mut PgConnection,
    showings: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Counts>, Error> {
    let rows: Vec<CountsRow> = sqlx::query_as(
        "select showing_id,
             count(*) filter (where expires_at is null and channel <> 'blocked') as sold,
             count(*) filter (where expires_at is not null) as held,
             count(*) filter (where expires_at is not null and channel = 'online' and place = 'general') as held_online,
             min(expires_at) filter (where channel = 'online' and place = 'general') as online_until,
             count(*) filter (where expires_at is not null and channel = 'door' and place = 'general') as held_door,
             min(expires_at) filter (where channel = 'door' and place = 'general') as door_until,
             count(*) filter (where expires_at is not null and channel = 'staff' and place = 'general') as held_staff,
             min(expires_at) filter (where channel = 'staff' and place = 'general') as staff_until,
             count(*) filter (where expires_at is not null and channel = 'school' and place = 'general') as held_school,
             min(expires_at) filter (where channel = 'school' and place = 'general') as school_until,
             count(*) filter (where channel = 'door' and place = 'general') as door,
             count(*) filter (where channel = 'staff' and place = 'general') as staff,
             count(*) filter (where channel = 'school' and place = 'general') as school,
             count(*) filter (where place = 'general') as general,
             count(*) filter (where place = 'wheelchair') as wheelchair,
             count(*) filter (where channel = 'blocked') as blocked
         from seat_claim join unnest($1::uuid[]) wanted on showing_id = wanted
         where expires_at is null or expires_at > $2
         group by showing_id",
    )
    .bind(showings)
    .bind(now)
    .fetch_all(conn)
    .await?;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(rows
        .into_iter()
        .map(|row| {
            let counts = Counts {
                sold: number(row.sold),
                held: number(row.held),
                held_online: Held { places: number(row.held_online), until: row.online_until },
                held_door: Held { places: number(row.held_door), until: row.door_until },
                held_staff: Held { places: number(row.held_staff), until: row.staff_until },
                held_school: Held { places: number(row.held_school), until: row.school_until },
                door: number(row.door),
                staff: number(row.staff),
                school: number(row.school),
                general: number(row.general),
                wheelchair: number(row.wheelchair),
                blocked: number(row.blocked),
            };
            (row.showing_id, counts)
        })
        .collect())
}

#[derive(FromRow)]
struct SeatRow {
    label: String,
    row_name: String,
    row_place: i32,
    number: i32,
    features: Vec<String>,
}

/// The places of a layout, row by row.
pub(crate) async fn seats(conn: &mut PgConnection, layout: &str) -> Result<Vec<Seat>, Error> {
    let rows: Vec<SeatRow> = sqlx::query_as(
        "select label, row_name, row_place, number, features from layout_seat where layout_id = $1
         order by row_place, number, label",
    )
    .bind(layout)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Seat {
            label: row.label,
            row: row.row_name,
            row_place: row.row_place,
            number: row.number,
            features: row.features,
        })
        .collect())
}

#[derive(FromRow)]
struct TariffRow {
    id: String,
    category: String,
    class: String,
    label: Json<Text>,
    cents: i64,
    tax_id: String,
    basis_points: i32,
    valid_from: NaiveDate,
    only_with: Vec<String>,
    one_each: bool,
}

/// Every tariff that the house file names, in the order in which people are shown them.
pub(crate) async fn tariffs(conn: &mut PgConnection) -> Result<Vec<Tariff>, Error> {
    let rows: Vec<TariffRow> = sqlx::query_as(
        "select f.id, f.category, f.class, f.label, f.cents, f.tax_id, t.basis_points, f.valid_from,
             f.only_with, f.one_each
         from tariff f join tax t on t.id = f.tax_id where not f.ended order by f.place",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Tariff {
            id: row.id,
            category: row.category,
            class: row.class,
            label: row.label.0,
            cents: row.cents,
            tax_id: row.tax_id,
            tax_basis_points: row.basis_points.unsigned_abs(),
            valid_from: row.valid_from,
            only_with: OnlyWith { classes: row.only_with, one_each: row.one_each },
        })
        .collect())
}
