//! What there is to know before a meal moves a right.

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{domain::meals::STAY, error::Error};

/// Whether any of these visits has ever had a right.
pub(crate) async fn is_for_a_right(conn: &mut PgConnection, visits: &[Uuid]) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from parking_right where visit_id = any ($1))")
        .bind(visits)
        .fetch_one(conn)
        .await?)
}

/// How long a party needs its bay from when it collects its meal.
pub(crate) async fn stay(conn: &mut PgConnection) -> Result<TimeDelta, Error> {
    let minutes: Option<i32> = sqlx::query_scalar("select meal_minutes from site").fetch_optional(conn).await?;
    Ok(minutes.map_or(STAY, |minutes| TimeDelta::minutes(minutes.into())))
}
