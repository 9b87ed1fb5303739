//! Looking for a name, and noting that somebody did.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{VisitRow, all};
use crate::{domain::Visit, error::Error};

/// Booked visits of a showing of whose name a part begins so, by name.
pub(crate) async fn named(
    conn: &mut PgConnection,
    showing: Uuid,
    begins: &str,
    most: u32,
) -> Result<Vec<Visit>, Error> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "select * from visit
         where showing_id = $1 and contact_name <> '' and state in ('confirming', 'confirmed')
             and (starts_with(lower(contact_name), lower($2)) or strpos(lower(contact_name), ' ' || lower($2)) > 0)
         order by lower(contact_name), id limit $3",
    )
    .bind(showing)
    .bind(begins)
    .bind(i64::from(most))
    .fetch_all(conn)
    .await?;
    all(rows)
}

pub(crate) async fn record_lookup(
    conn: &mut PgConnection,
    account: &str,
    showing: Uuid,
    found: usize,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into name_lookup (account, showing_id, found, at) values ($1, $2, $3, $4)")
        .bind(account)
        .bind(showing)
        .bind(i32::try_from(found).unwrap_or(i32::MAX))
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}
