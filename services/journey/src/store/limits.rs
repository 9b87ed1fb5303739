//! The SQL of what counts towards a limit: locked, then counted. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{domain::limits::Held, error::Error};

fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What makers have unpaid, each of whom wants to come to a showing; nobody else begins a visit of theirs until the end
/// of the transaction. They are locked in the order in which they are named.
pub(crate) async fn lock_makers(
    conn: &mut PgConnection,
    makers: &[(&str, Uuid)],
    now: DateTime<Utc>,
) -> Result<HashMap<String, Held>, Error> {
    let (makers, showings): (Vec<&str>, Vec<Uuid>) = makers.iter().copied().unzip();
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select m.who, h.visits, h.places from unnest($1::text[], $2::uuid[]) m (who, showing)
         cross join lateral lock_maker_of(m.who, m.showing, $3) h",
    )
    .bind(makers)
    .bind(showings)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(maker, visits, places)| (maker, Held { visits: number(visits), places: number(places) }))
        .collect())
}

/// The places of showings that are ordered under e-mail addresses; nobody else orders under them until the end of the
/// transaction. They are locked in the order in which they are named.
pub(crate) async fn lock_contacts(conn: &mut PgConnection, contacts: &[(Uuid, &str)]) -> Result<Vec<u32>, Error> {
    let (showings, emails): (Vec<Uuid>, Vec<&str>) = contacts.iter().copied().unzip();
    let places: Vec<i64> = sqlx::query_scalar(
        "select lock_contact(c.showing, c.email) from unnest($1::uuid[], $2::text[]) with ordinality
             c (showing, email, place) order by c.place",
    )
    .bind(showings)
    .bind(emails)
    .fetch_all(conn)
    .await?;
    Ok(places.into_iter().map(number).collect())
}
