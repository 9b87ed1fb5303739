//! Every SQL statement about displays, contents and messages. Decides nothing.

pub mod facts;

use chrono::{DateTime, Utc};
use kernel::{Tx, values::Text};
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Content, Message, Setup},
    error::Error,
};

/// A content to be stored.
#[derive(Debug)]
pub struct Changed {
    /// Whose.
    pub display_id: String,
    /// As JSON.
    pub content: String,
    /// Of the JSON.
    pub hash: Uuid,
    /// Its class.
    pub class: i16,
}

/// A computed content as stored.
#[derive(Clone, Debug, FromRow)]
pub struct Computed {
    /// Whose.
    pub display_id: String,
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
    /// The group that messages address.
    pub display_group: String,
    /// What it is there for.
    pub profile: String,
    /// The revision computed for it.
    pub revision: i64,
    /// The class computed for it.
    pub shown_class: Option<i16>,
    /// The revision it says it shows.
    pub rendered_revision: i64,
    /// When it said so.
    pub rendered_at: Option<DateTime<Utc>>,
    /// By the machine's clock.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// A display of the house file.
#[derive(Debug)]
pub struct Configured {
    /// Slug.
    pub display_id: String,
    /// For staff.
    pub name: Text,
    /// Where it hangs.
    pub location: String,
    /// The group that messages address.
    pub group: String,
    /// Its letters must be readable from here.
    pub viewing_distance_m: i32,
    /// The rest.
    pub setup: Setup,
}

/// Waits until nobody else changes a fact; until the end of the transaction. Taken before anything
/// else, so that contents are never computed from facts that another one is just changing.
///
/// # Errors
/// The database's error.
pub async fn lock_board(tx: &mut Tx) -> Result<(), Error> {
    sqlx::query("select from board for update").execute(tx.conn()).await?;
    Ok(())
}

/// Gives displays a new content and the next revision.
///
/// # Errors
/// The database's error.
pub async fn show(tx: &mut Tx, changed: &[Changed]) -> Result<(), Error> {
    let (mut ids, mut contents, mut hashes, mut classes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for it in changed {
        ids.push(it.display_id.as_str());
        contents.push(it.content.as_str());
        hashes.push(it.hash);
        classes.push(it.class);
    }
    sqlx::query(
        "update display d
         set revision = d.revision + 1, content = n.content::jsonb, content_hash = n.hash, shown_class = n.class,
             computed_at = $5
         from unnest($1::text[], $2::text[], $3::uuid[], $4::smallint[]) as n (display_id, content, hash, class)
         where d.display_id = n.display_id",
    )
    .bind(ids)
    .bind(contents)
    .bind(hashes)
    .bind(classes)
    .bind(tx.now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a display shows.
///
/// # Errors
/// No such display, or the database's error.
pub async fn shown(pool: &PgPool, display_id: &str) -> Result<Computed, Error> {
    sqlx::query_as(
        "select display_id, revision, content, computed_at from display where display_id = $1 and content is not null",
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
        "select display_id, name, location, display_group, profile, revision, shown_class, rendered_revision,
                rendered_at, last_seen_at
         from display order by display_id",
    )
    .fetch_all(pool)
    .await?)
}

/// A display was heard of. Outside of the event path: many displays say so all the time.
///
/// # Errors
/// The database's error.
pub async fn seen(pool: &PgPool, display_id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update display set last_seen_at = $2 where display_id = $1")
        .bind(display_id)
        .bind(at)
        .execute(pool)
        .await?;
    Ok(())
}

/// A display's revision, rendered revision and class, locked.
///
/// # Errors
/// No such display, or the database's error.
pub async fn lock_display(tx: &mut Tx, display_id: &str) -> Result<(i64, i64, Option<i16>), Error> {
    sqlx::query_as("select revision, rendered_revision, shown_class from display where display_id = $1 for update")
        .bind(display_id)
        .fetch_optional(tx.conn())
        .await?
        .ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// A display says that it shows a revision.
///
/// # Errors
/// The database's error.
pub async fn rendered(tx: &mut Tx, display_id: &str, revision: i64) -> Result<(), Error> {
    sqlx::query("update display set rendered_revision = $2, rendered_at = $3 where display_id = $1")
        .bind(display_id)
        .bind(revision)
        .bind(tx.now())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Sets a display up as the house file says; content and revision stay.
///
/// # Errors
/// The database's error.
pub async fn configure(tx: &mut Tx, display: &Configured) -> Result<(), Error> {
    sqlx::query(
        "insert into display as d
             (display_id, name, location, display_group, profile, viewing_distance_m, setup, configured_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (display_id) do update
         set name = excluded.name, location = excluded.location, display_group = excluded.display_group,
             profile = excluded.profile, viewing_distance_m = excluded.viewing_distance_m, setup = excluded.setup,
             configured_at = case when d.setup = excluded.setup then d.configured_at else excluded.configured_at end",
    )
    .bind(&display.display_id)
    .bind(Json(&display.name))
    .bind(&display.location)
    .bind(&display.group)
    .bind(display.setup.profile.name())
    .bind(display.viewing_distance_m)
    .bind(Json(&display.setup))
    .bind(tx.now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes displays down that the house file no longer has.
///
/// # Errors
/// The database's error.
pub async fn keep_only(tx: &mut Tx, display_ids: &[&str]) -> Result<(), Error> {
    sqlx::query("delete from display where display_id <> all ($1)").bind(display_ids).execute(tx.conn()).await?;
    Ok(())
}

/// Whether any display is in this group.
///
/// # Errors
/// The database's error.
pub async fn is_group(tx: &mut Tx, group: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from display where display_group = $1)")
        .bind(group)
        .fetch_one(tx.conn())
        .await?)
}

/// Stores a message.
///
/// # Errors
/// The database's error.
pub async fn add_message(tx: &mut Tx, message: &Message) -> Result<(), Error> {
    sqlx::query(
        "insert into message (message_id, class, text, display_group, published_at, valid_until)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(message.message_id)
    .bind(message.class as i16)
    .bind(Json(&message.text))
    .bind(&message.group)
    .bind(message.published_at)
    .bind(message.valid_until)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A message as facts have it, locked.
///
/// # Errors
/// No such message, or the database's error.
pub async fn lock_message(tx: &mut Tx, message_id: Uuid) -> Result<Message, Error> {
    let row: Option<(Json<Message>,)> = sqlx::query_as(
        "select jsonb_build_object('message_id', message_id, 'text', text, 'group', display_group,
                    'class', (array['scheduled', 'operations', 'safety'])[class - 1],
                    'published_at', published_at, 'valid_until', valid_until, 'withdrawn', withdrawn)
         from message where message_id = $1 for update",
    )
    .bind(message_id)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|(Json(message),)| message).ok_or(Error::NoSuchMessage)
}

/// Takes a message back.
///
/// # Errors
/// The database's error.
pub async fn withdraw(tx: &mut Tx, message_id: Uuid) -> Result<(), Error> {
    sqlx::query("update message set withdrawn = true where message_id = $1")
        .bind(message_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}
