//! What the house file and the weekly pattern write. Upserts; nothing that was sold is touched.

use chrono::NaiveDate;
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};

use crate::{
    domain::{
        Tariff,
        schedule::{Planned, Slot},
    },
    error::Error,
};

/// True if it is new or has changed.
pub(crate) async fn save_tax(
    conn: &mut PgConnection,
    id: &str,
    basis_points: u32,
    valid_from: NaiveDate,
    source: &str,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into tax as t (id, basis_points, valid_from, source) values ($1, $2, $3, $4)
         on conflict (id) do update set basis_points = $2, valid_from = $3, source = $4
         where (t.basis_points, t.valid_from, t.source) is distinct from (excluded.basis_points, excluded.valid_from, excluded.source)",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .bind(valid_from)
    .bind(source)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// True if bookings were charged by a row of this id that said something else.
pub(crate) async fn is_charged_otherwise(conn: &mut PgConnection, tariff: &Tariff) -> Result<bool, Error> {
    let charged = sqlx::query_scalar(
        "select exists (select 1 from tariff where id = $1
                            and (category, class, cents, tax_id, valid_from) is distinct from ($2, $3, $4, $5, $6))
             and exists (select 1 from booking b, json_array_elements(b.items) i where i ->> 'tariff_id' = $1)",
    )
    .bind(&tariff.id)
    .bind(&tariff.category)
    .bind(&tariff.class)
    .bind(tariff.cents)
    .bind(&tariff.tax_id)
    .bind(tariff.valid_from)
    .fetch_one(conn)
    .await?;
    Ok(charged)
}

/// True if bookings were taxed by a row of this id with another rate, in hundredths of a percent.
pub(crate) async fn is_taxed_otherwise(conn: &mut PgConnection, id: &str, basis_points: u32) -> Result<bool, Error> {
    let taxed = sqlx::query_scalar(
        "select exists (select 1 from tax where id = $1 and basis_points <> $2)
             and exists (select 1 from booking b, json_array_elements(b.items) i where i ->> 'tax_id' = $1)",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .fetch_one(conn)
    .await?;
    Ok(taxed)
}

/// Prices that the file does not name any more are not sold by any more; true if there are such.
pub(crate) async fn end_tariffs(conn: &mut PgConnection, named: &[&str]) -> Result<bool, Error> {
    let ended = sqlx::query("update tariff set ended = true where not ended and id <> all ($1)").bind(named);
    Ok(ended.execute(conn).await?.rows_affected() > 0)
}

/// True if it is new or has changed.
pub(crate) async fn save_tariff(
    conn: &mut PgConnection,
    tariff: &Tariff,
    source: &str,
    place: i32,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into tariff as t (id, category, class, label, cents, tax_id, valid_from, source, place, only_with, one_each)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do update set category = $2, class = $3, label = $4, cents = $5, tax_id = $6,
             valid_from = $7, source = $8, place = $9, only_with = $10, one_each = $11, ended = false
         where t.ended or (t.category, t.class, t.label, t.cents, t.tax_id, t.valid_from, t.source, t.place, t.only_with, t.one_each) is distinct from (excluded.category, excluded.class, excluded.label, excluded.cents, excluded.tax_id, excluded.valid_from, excluded.source, excluded.place, excluded.only_with, excluded.one_each)",
    )
    .bind(&tariff.id)
    .bind(&tariff.category)
    .bind(&tariff.class)
    .bind(Json(&tariff.label))
    .bind(tariff.cents)
    .bind(&tariff.tax_id)
    .bind(tariff.valid_from)
    .bind(source)
    .bind(place)
    .bind(&tariff.only_with.classes)
    .bind(tariff.only_with.one_each)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// True if it is new or has changed.
pub(crate) async fn save_title(
    conn: &mut PgConnection,
    id: &str,
    name: &Text,
    description: &Text,
    minutes: u32,
    category: &str,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into title as t (id, name, description, minutes, category) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set name = $2, description = $3, minutes = $4, category = $5
         where (t.name, t.description, t.minutes, t.category) is distinct from (excluded.name, excluded.description, excluded.minutes, excluded.category)",
    )
    .bind(id)
    .bind(Json(name))
    .bind(Json(description))
    .bind(minutes.cast_signed())
    .bind(category)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Replaces the weekly pattern, the school holidays and how many days ahead is scheduled.
pub(crate) async fn save_schedule(
    conn: &mut PgConnection,
    slots: &[Slot],
    holidays: &[(NaiveDate, NaiveDate)],
    days_ahead: u32,
) -> Result<(), Error> {
    sqlx::query("delete from schedule_slot").execute(&mut *conn).await?;
    for (place, slot) in slots.iter().enumerate() {
        sqlx::query("insert into schedule_slot (id, slot) values ($1, $2)")
            .bind(format!("{place:03}"))
            .bind(Json(slot))
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query("delete from school_holiday").execute(&mut *conn).await?;
    for (first, last) in holidays {
        sqlx::query("insert into school_holiday (first_day, last_day) values ($1, $2)")
            .bind(first)
            .bind(last)
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query("update schedule_ahead set days = $1").bind(days_ahead.cast_signed()).execute(conn).await?;
    Ok(())
}

/// How many days ahead showings are scheduled.
pub(crate) async fn days_ahead(conn: &mut PgConnection) -> Result<u32, Error> {
    let days: i32 = sqlx::query_scalar("select days from schedule_ahead").fetch_one(conn).await?;
    Ok(days.unsigned_abs())
}

/// The stored pattern and holidays.
pub(crate) async fn schedule(conn: &mut PgConnection) -> Result<(Vec<Slot>, Vec<(NaiveDate, NaiveDate)>), Error> {
    let slots: Vec<Json<Slot>> =
        sqlx::query_scalar("select slot from schedule_slot order by id").fetch_all(&mut *conn).await?;
    let holidays: Vec<(NaiveDate, NaiveDate)> =
        sqlx::query_as("select first_day, last_day from school_holiday order by first_day").fetch_all(conn).await?;
    Ok((slots.into_iter().map(|slot| slot.0).collect(), holidays))
}

/// Adds a showing unless it is there or its hall is taken at that time; true if it is new.
pub(crate) async fn add_showing(conn: &mut PgConnection, planned: &Planned<'_>) -> Result<bool, Error> {
    let slot = planned.slot;
    let done = sqlx::query(
        "insert into showing (id, title_id, hall, layout_id, starts_at, ends_at, doors_at, last_entry_at,
             scheduled_starts_at, state, audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota,
             school_quota, door_release_minutes, staff_release_minutes, school_release_minutes,
             protected_release_minutes)
         select $1, $2, $3, $4, $5, $6, $7, $18, $5, 'on_sale', $8, $9, $10, count(*),
             count(*) filter (where 'wheelchair' = any(features)), $11, $12, $13, $14, $15, $16, $17
         from layout_seat where layout_id = $4
             and not exists (select 1 from showing other where other.hall = $3 and other.state <> 'cancelled'
                 and other.starts_at < $6 and other.ends_at > $5)
         having count(*) > 0
         on conflict (id) do nothing",
    )
    .bind(planned.id)
    .bind(&slot.title)
    .bind(&slot.hall)
    .bind(&slot.layout)
    .bind(planned.starts_at)
    .bind(planned.ends_at)
    .bind(planned.doors_at)
    .bind(slot.audience.name())
    .bind(slot.numbered)
    .bind(Json(Text::default()))
    .bind(slot.door_quota.cast_signed())
    .bind(slot.staff_quota.cast_signed())
    .bind(slot.school_quota.cast_signed())
    .bind(slot.released.door.cast_signed())
    .bind(slot.released.staff.cast_signed())
    .bind(slot.released.school.cast_signed())
    .bind(slot.released.protected.cast_signed())
    .bind(planned.last_entry_at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Serialises scheduling: two processes that load the same file at once must not both insert.
pub(crate) async fn lock_schedule(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("lock table schedule_slot in share row exclusive mode").execute(conn).await?;
    Ok(())
}
