//! The SQL of what counts towards a limit: locked, then counted. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{domain::limits::Held, error::Error};

fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What a maker holds unpaid; nobody else begins a visit of the same maker until the end of the transaction.
pub(crate) async fn lock_maker(conn: &mut PgConnection, maker: &str, now: DateTime<Utc>) -> Result<Held, Error> {
    let (visits, places) =
        sqlx::query_as("select visits, places from lock_maker($1, $2)").bind(maker).bind(now).fetch_one(conn).await?;
    Ok(Held { visits: number(visits), places: number(places) })
}

/// The places of a showing that are ordered under an e-mail address; nobody else orders under it until the end
/// of the transaction.
pub(crate) async fn lock_contact(conn: &mut PgConnection, showing: Uuid, email: &str) -> Result<u32, Error> {
    let places = sqlx::query_scalar("select lock_contact($1, $2)").bind(showing).bind(email).fetch_one(conn).await?;
    Ok(number(places))
}
