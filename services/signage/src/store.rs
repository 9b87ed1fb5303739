//! Every SQL statement about displays and what devices say of themselves. Decides nothing.

pub mod standby;
pub mod wall;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{Tx, values::Text};
use sqlx::{FromRow, PgPool, types::Json};

use crate::{domain::Content, error::Error};

/// What a display shows, as stored.
#[derive(Clone, Debug, FromRow)]
pub struct Computed {
    /// Which.
    pub revision: i64,
    /// What.
    pub content: Json<Content>,
    /// When.
    pub computed_at: DateTime<Utc>,
}

/// A display as staff see it.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    /// Slug.
    pub display_id: String,
    /// For staff.
    pub name: Json<Text>,
    /// Where it hangs.
    pub location: String,
    /// The groups that messages address.
    pub groups: Vec<String>,
    /// What it is there for.
    pub profile: String,
    /// The revision computed for it.
    pub revision: i64,
    /// The class computed for it.
    pub shown_class: i16,
    /// The revision it says it shows.
    pub rendered_revision: i64,
    /// When it said so.
    pub rendered_at: Option<DateTime<Utc>>,
    /// By the machine's clock.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// What a display shows.
///
/// # Errors
/// No such display, or the database's error.
pub async fn shown(pool: &PgPool, display_id: &str) -> Result<Computed, Error> {
    sqlx::query_as(
        "select greatest(v.revision, d.view_since) as revision, v.content, v.computed_at
         from display d join view v using (view_id) where d.display_id = $1",
    )
    .bind(display_id)
    .fetch_optional(pool)
    .await?
    .ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// All displays, for staff.
///
/// # Errors
/// The database's error.
pub async fn list(pool: &PgPool) -> Result<Vec<Listed>, Error> {
    Ok(sqlx::query_as(
        "select d.display_id, d.name, d.location, d.groups, d.profile, greatest(v.revision, d.view_since) as revision,
                v.class as shown_class, coalesce(p.rendered_revision, 0) as rendered_revision, p.rendered_at,
                p.last_seen_at
         from display d join view v using (view_id) left join presence p using (display_id) order by display_id",
    )
    .fetch_all(pool)
    .await?)
}

/// Displays were heard of. Outside of the event path: many displays say so all the time.
///
/// # Errors
/// The database's error.
pub async fn seen(pool: &PgPool, seen: &HashMap<String, DateTime<Utc>>) -> Result<(), Error> {
    let (ids, times): (Vec<&str>, Vec<DateTime<Utc>>) = seen.iter().map(|(id, at)| (id.as_str(), *at)).unzip();
    // In one order, so that two who write many rows do not wait for each other in a circle.
    sqlx::query(
        "insert into presence as p (display_id, last_seen_at)
         select display_id, n.at from display join unnest($1::text[], $2::timestamptz[]) as n (display_id, at)
             using (display_id) order by display_id
         on conflict (display_id) do update set last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at)",
    )
    .bind(ids)
    .bind(times)
    .execute(pool)
    .await?;
    Ok(())
}

/// What became of a display's word that it shows a revision.
#[derive(Clone, Debug, FromRow)]
pub struct Rendered {
    /// Which display.
    pub display_id: String,
    /// What it should show now.
    pub revision: i64,
    /// Of which class that is.
    pub class: i16,
    /// True when it is the first to say so of this revision or a later one.
    pub fresh: bool,
}

/// Displays say which revisions they show, each at most once. Those that are not in the answer do not exist;
/// of those that say what was never computed nothing is noted.
///
/// # Errors
/// The database's error.
pub async fn rendered(tx: &mut Tx, said: &HashMap<String, i64>) -> Result<Vec<Rendered>, Error> {
    let (ids, revisions): (Vec<&str>, Vec<i64>) = said.iter().map(|(id, revision)| (id.as_str(), *revision)).unzip();
    Ok(sqlx::query_as(
        "with said as materialized (
             select d.display_id, n.revision as said, greatest(v.revision, d.view_since) as revision, v.class
             from unnest($1::text[], $2::bigint[]) as n (display_id, revision)
                 join display d using (display_id) join view v using (view_id)),
         noted as (
             insert into presence as p (display_id, rendered_revision, rendered_at)
             select display_id, said, $3 from said where said between 1 and revision order by display_id
             on conflict (display_id) do update
             set rendered_revision = excluded.rendered_revision, rendered_at = excluded.rendered_at
             where p.rendered_revision < excluded.rendered_revision
             returning display_id)
         select said.display_id, revision, class, noted.display_id is not null as fresh
         from said left join noted on noted.display_id = said.display_id",
    )
    .bind(ids)
    .bind(revisions)
    .bind(tx.now())
    .fetch_all(tx.conn())
    .await?)
}
