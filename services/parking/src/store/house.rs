//! What the house file writes: the site, its classes, tariffs and tax rows. Upserts that say whether
//! anything has changed. Occupancy and the site's state belong to the day, not to the file.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};

use crate::{
    domain::{Alternative, BayClass, Channel, ParkLeg, open_formats::Place},
    error::Error,
};

/// The site as the house file has it.
pub(crate) struct SiteRow<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a Text,
    pub(crate) walk_minutes: u32,
    pub(crate) walk_uncertainty_seconds: u32,
    pub(crate) park: ParkLeg,
    pub(crate) release_suspended: bool,
    /// What is told of charging points holds for so long.
    pub(crate) charging_holds: TimeDelta,
    /// From collecting a meal until the bay is free again.
    pub(crate) meal_stay: TimeDelta,
    pub(crate) alternatives: &'a [Alternative],
    pub(crate) place: Option<&'a Place>,
}

pub(crate) async fn save_site(conn: &mut PgConnection, row: &SiteRow<'_>, now: DateTime<Utc>) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into site as s (id, name, state, reason, walk_minutes, alternatives, revision, observed_at, place,
             park_seconds, park_uncertainty_seconds, release_suspended, charging_holds_minutes,
             walk_uncertainty_seconds, described_at, meal_minutes)
         values ($1, $2, 'open', $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $6, $13)
         on conflict (one) do update set id = $1, name = $2, walk_minutes = $4, alternatives = $5, place = $7,
             park_seconds = $8, park_uncertainty_seconds = $9, release_suspended = $10,
             charging_holds_minutes = $11, walk_uncertainty_seconds = $12, meal_minutes = $13
         where (s.id, s.name, s.walk_minutes, s.alternatives, s.place, s.park_seconds, s.park_uncertainty_seconds,
             s.release_suspended, s.charging_holds_minutes, s.walk_uncertainty_seconds, s.meal_minutes)
             is distinct from ($1, $2, $4, $5, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(row.id)
    .bind(Json(row.name))
    .bind(Json(Text::default()))
    .bind(row.walk_minutes.cast_signed())
    .bind(Json(row.alternatives))
    .bind(now)
    .bind(row.place.map(Json))
    .bind(row.park.seconds.cast_signed())
    .bind(row.park.uncertainty_seconds.cast_signed())
    .bind(row.release_suspended)
    .bind(i32::try_from(row.charging_holds.num_minutes()).unwrap_or(i32::MAX))
    .bind(i32::try_from(row.walk_uncertainty_seconds).unwrap_or(i32::MAX))
    .bind(i32::try_from(row.meal_stay.num_minutes()).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The house file has changed what the site is.
pub(crate) async fn described(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update site set described_at = $1").bind(now).execute(conn).await?;
    Ok(())
}

pub(crate) async fn save_class(
    conn: &mut PgConnection,
    class: BayClass,
    capacity: u32,
    free_of_charge: bool,
    overbooking_percent: u32,
    sold_by: &[Channel],
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into bay_class as c (class, capacity, free_of_charge, overbooking_percent, sold_by)
         values ($1, $2, $3, $4, $5)
         on conflict (class) do update set capacity = $2, free_of_charge = $3, overbooking_percent = $4, sold_by = $5
         where (c.capacity, c.free_of_charge, c.overbooking_percent, c.sold_by) is distinct from ($2, $3, $4, $5)",
    )
    .bind(class.name())
    .bind(capacity.cast_signed())
    .bind(free_of_charge)
    .bind(overbooking_percent.cast_signed())
    .bind(sold_by.iter().map(|channel| channel.name()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn save_tax(
    conn: &mut PgConnection,
    id: &str,
    basis_points: u32,
    valid_from: NaiveDate,
    source: &str,
) -> Result<(), Error> {
    sqlx::query(
        "insert into tax (id, basis_points, valid_from, source) values ($1, $2, $3, $4)
         on conflict (id) do update set basis_points = $2, valid_from = $3, source = $4",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .bind(valid_from)
    .bind(source)
    .execute(conn)
    .await?;
    Ok(())
}

/// A tariff row as the house file has it.
pub(crate) struct TariffRow<'a> {
    pub(crate) id: &'a str,
    pub(crate) class: BayClass,
    pub(crate) label: &'a Text,
    pub(crate) cents: u32,
    pub(crate) tax_id: &'a str,
    pub(crate) valid_from: NaiveDate,
    pub(crate) source: &'a str,
}

/// True if rights were charged by a row of this id that said something else.
pub(crate) async fn is_charged_otherwise(conn: &mut PgConnection, row: &TariffRow<'_>) -> Result<bool, Error> {
    let charged = sqlx::query_scalar(
        "select exists (select 1 from tariff where id = $1
                            and (class, cents, tax_id, valid_from) is distinct from ($2, $3, $4, $5))
             and exists (select 1 from parking_right where charges @> jsonb_build_array(jsonb_build_object('tariff_id', $1)))",
    )
    .bind(row.id)
    .bind(row.class.name())
    .bind(i64::from(row.cents))
    .bind(row.tax_id)
    .bind(row.valid_from)
    .fetch_one(conn)
    .await?;
    Ok(charged)
}

/// True if rights were taxed by a row of this id with another rate, in hundredths of a percent.
pub(crate) async fn is_taxed_otherwise(conn: &mut PgConnection, id: &str, basis_points: u32) -> Result<bool, Error> {
    let taxed = sqlx::query_scalar(
        "select exists (select 1 from tax where id = $1 and basis_points <> $2)
             and exists (select 1 from parking_right where charges @> jsonb_build_array(jsonb_build_object('tax_id', $1)))",
    )
    .bind(id)
    .bind(basis_points.cast_signed())
    .fetch_one(conn)
    .await?;
    Ok(taxed)
}

pub(crate) async fn save_tariff(conn: &mut PgConnection, row: &TariffRow<'_>) -> Result<(), Error> {
    sqlx::query(
        "insert into tariff (id, class, label, cents, tax_id, valid_from, source)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (id) do update set class = $2, label = $3, cents = $4, tax_id = $5, valid_from = $6, source = $7",
    )
    .bind(row.id)
    .bind(row.class.name())
    .bind(Json(row.label))
    .bind(i64::from(row.cents))
    .bind(row.tax_id)
    .bind(row.valid_from)
    .bind(row.source)
    .execute(conn)
    .await?;
    Ok(())
}
