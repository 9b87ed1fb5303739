//! What a display keeps for itself, and the messages that count now, as stored.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgPool, types::Json};

use crate::{
    domain::{Base, Content, Message, Setup},
    error::Error,
};

#[derive(FromRow)]
struct Row {
    groups: Vec<String>,
    setup: Json<Setup>,
    configured_at: DateTime<Utc>,
    viewing_distance_m: i32,
}

/// How a display is set up, and from how many metres it is read.
///
/// # Errors
/// No such display, or the database's error.
pub async fn setup(pool: &PgPool, display_id: &str) -> Result<(Arc<Base>, i32), Error> {
    let row: Option<Row> =
        sqlx::query_as("select groups, setup, configured_at, viewing_distance_m from display where display_id = $1 and view_id is not null")
            .bind(display_id)
            .fetch_optional(pool)
            .await?;
    row.map(|row| {
        let base = Base { groups: row.groups, setup: row.setup.0, configured_at: row.configured_at };
        (Arc::new(base), row.viewing_distance_m)
    })
    .ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// Whether a display hangs upright.
///
/// # Errors
/// The database's error.
pub async fn is_portrait(pool: &PgPool, display_id: &str) -> Result<bool, Error> {
    let statement = "select orientation = 'portrait' from display where display_id = $1";
    let found: Option<bool> = sqlx::query_scalar(statement).bind(display_id).fetch_optional(pool).await?;
    Ok(found.unwrap_or_default())
}

/// A message whose time ran out is told so long.
const JUST_EXPIRED: TimeDelta = TimeDelta::minutes(15);

/// Messages, each newest first.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// Those that count now.
    pub shown: Vec<Message>,
    /// Those that were taken back just now.
    pub withdrawn: Vec<Message>,
    /// Those whose time ran out just now.
    pub expired: Vec<Message>,
}

/// The messages that count now, or did just now.
///
/// # Errors
/// The database's error.
pub async fn messages(pool: &PgPool, now: DateTime<Utc>) -> Result<Messages, Error> {
    let rows: Vec<(Json<Message>,)> =
        sqlx::query_as("select value -> 'message' from fact where key like 'message/%'").fetch_all(pool).await?;
    let mut messages: Vec<Message> = rows.into_iter().map(|(Json(message),)| message).collect();
    messages.sort_by_key(|message| std::cmp::Reverse((message.published_at, message.message_id)));
    let mut found = Messages::default();
    for message in messages {
        match (now < message.valid_until, message.withdrawn) {
            (true, false) => found.shown.push(message),
            (true, true) if message.can_be_restored(now) => found.withdrawn.push(message),
            (false, false) if now < message.valid_until + JUST_EXPIRED => found.expired.push(message),
            _ => {}
        }
    }
    Ok(found)
}

/// So many of those that have not answered are named.
pub const MOST_WAITING: i32 = 100;

/// What is to be seen on how many displays that have a device and are not silent, and how many of these have said so.
#[derive(Clone, Debug, FromRow)]
pub struct Screens {
    /// What.
    pub content: Json<Content>,
    /// On how many.
    pub displays: i64,
    /// How many have said so.
    pub showing: i64,
    /// The first of those that have not.
    pub waiting: Vec<String>,
}

/// All contents that are on displays.
///
/// # Errors
/// The database's error.
pub async fn screens(pool: &PgPool) -> Result<Vec<Screens>, Error> {
    Ok(sqlx::query_as(
        "select v.content::json as content, n.displays, n.showing, coalesce(n.waiting, '{}') as waiting
         from view v join (
             select d.view_id, count(*) as displays,
                    count(*) filter (where p.rendered_revision >= greatest(v.revision, d.view_since)) as showing,
                    (array_agg(d.display_id order by d.display_id)
                         filter (where p.rendered_revision < greatest(v.revision, d.view_since)))[1:$1] as waiting
             from display d join view v using (view_id) join presence p using (display_id)
             where not d.silent and p.last_seen_at is not null
             group by d.view_id) n using (view_id)",
    )
    .bind(MOST_WAITING)
    .fetch_all(pool)
    .await?)
}
