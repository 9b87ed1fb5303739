//! Every SQL statement about the wall: loading it into memory, and writing what a turn has changed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use kernel::{Step, Tx, values::Text};
use sqlx::{Arguments, FromRow, PgConnection, PgExecutor, PgPool, postgres::PgArguments, types::Json};
use uuid::Uuid;

use crate::{
    cap::Issuer,
    domain::{
        Base, Content, Entry, Evacuated, Evacuation, Hung, Known, Measure, Message, News, Record, Setup, Shown, View,
        Wall, stay_out,
    },
    error::Error,
};

#[derive(FromRow)]
struct ViewRow {
    view_id: Uuid,
    content: Json<Content>,
    revision: i64,
    computed_at: DateTime<Utc>,
}

impl ViewRow {
    fn shown(self) -> (Uuid, Arc<Shown>) {
        let shown = Shown { revision: self.revision, content: self.content.0, computed_at: self.computed_at };
        (self.view_id, Arc::new(shown))
    }
}

#[derive(FromRow)]
struct DisplayRow {
    display_id: String,
    groups: Vec<String>,
    setup: Json<Setup>,
    configured_at: DateTime<Utc>,
    neighbours: Vec<String>,
    silent: bool,
    there: bool,
    dark: bool,
    fitted: bool,
    view_id: Uuid,
    view_since: i64,
}

/// The whole wall, locked: nobody else changes it until the end of the transaction.
///
/// # Errors
/// The database's error.
pub async fn load(tx: &mut Tx) -> Result<Wall, Error> {
    let (version, setup_version) =
        sqlx::query_as("select version, setup_version from board for update").fetch_one(tx.conn()).await?;
    let records: Vec<(Json<Record>,)> = sqlx::query_as("select value from fact").fetch_all(tx.conn()).await?;
    let rows: Vec<DisplayRow> = sqlx::query_as(
        "select display_id, groups, setup, configured_at, neighbours, silent, there, dark, fitted, view_id,
                view_since
         from display
         where view_id is not null order by display_id",
    )
    .fetch_all(tx.conn())
    .await?;
    let views: Vec<ViewRow> =
        sqlx::query_as("select view_id, content::json as content, revision, computed_at from view")
            .fetch_all(tx.conn())
            .await?;
    // Displays with the same view share one copy of what it is made of.
    let mut bases: HashMap<Uuid, Arc<Base>> = HashMap::new();
    let hang = |row: DisplayRow| {
        let base = Base { groups: row.groups, setup: row.setup.0, configured_at: row.configured_at };
        let base = bases.entry(row.view_id).or_insert_with(|| Arc::new(base)).clone();
        Hung {
            id: row.display_id,
            view: View { base, standing_in: Vec::new() },
            neighbours: row.neighbours,
            silent: row.silent,
            there: row.there,
            dark: row.dark,
            fitted: row.fitted,
            view_id: row.view_id,
            since: row.view_since,
        }
    };
    let displays = rows.into_iter().map(hang).collect();
    let known = records.into_iter().map(|(Json(record),)| record).collect();
    Ok(Wall::stored(version, setup_version, known, displays, views.into_iter().map(ViewRow::shown).collect()))
}

/// The wall's version, locked: nobody else changes the wall until the end of the transaction.
///
/// # Errors
/// The database's error.
pub async fn version(tx: &mut Tx) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("select version from board for update").fetch_one(tx.conn()).await?)
}

/// What the database's functions take that write a turn, behind the step of a consumer if there is one.
fn arguments(step: Option<Step>, version: i64, news: &News, now: DateTime<Utc>) -> Result<PgArguments, Error> {
    let (mut keys, mut records) = (Vec::new(), Vec::new());
    for record in &news.records {
        keys.push(record.key());
        records.push(serde_json::to_string(record)?);
    }
    let (mut ids, mut contents, mut classes) = (Vec::new(), Vec::new(), Vec::new());
    for posted in &news.views {
        let Some(shown) = &posted.shown else { continue };
        ids.push(posted.view_id);
        contents.push(serde_json::to_string(&shown.content)?);
        classes.push(shown.content.class as i16);
    }
    let mut arguments = PgArguments::default();
    let mut add = || {
        if let Some(step) = step {
            arguments.add(step.producer)?;
            arguments.add(step.stored)?;
            arguments.add(step.reached)?;
        }
        arguments.add(version)?;
        arguments.add(news.moved)?;
        arguments.add(&keys)?;
        arguments.add(&records)?;
        arguments.add(&news.forgotten)?;
        arguments.add(&ids)?;
        arguments.add(&contents)?;
        arguments.add(&classes)?;
        arguments.add(now)
    };
    add().map_err(sqlx::Error::Encode)?;
    Ok(arguments)
}

/// Writes what a turn has changed on the version it was computed from, in one round trip. False, and nothing is
/// written, when somebody else has changed the wall since.
///
/// # Errors
/// The database's error.
pub async fn write(tx: &mut Tx, version: i64, news: &News) -> Result<bool, Error> {
    const WRITE: &str = "select write_wall($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let arguments = arguments(None, version, news, tx.now())?;
    Ok(sqlx::query_scalar_with(WRITE, arguments).fetch_one(tx.conn()).await?)
}

/// The same together with the position behind the events that the turn was about, as a transaction of its own. False, and
/// nothing is written, also when those are not what comes next.
///
/// # Errors
/// The database's error. Whether it was written is not known then.
pub async fn write_behind(
    conn: &mut PgConnection,
    step: Step,
    version: i64,
    news: &News,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    const WRITE: &str = "select write_wall_behind($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    Ok(sqlx::query_scalar_with(WRITE, arguments(Some(step), version, news, now)?).fetch_one(conn).await?)
}

/// Displays have fallen silent, are there, are dark or light, and some show another view for it.
///
/// # Errors
/// The database's error.
pub async fn silence(tx: &mut Tx, changed: &[Hung]) -> Result<(), Error> {
    let (mut ids, mut silent, mut there, mut dark) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut views, mut since) = (Vec::new(), Vec::new());
    for display in changed {
        ids.push(display.id.as_str());
        silent.push(display.silent);
        there.push(display.there);
        dark.push(display.dark);
        views.push(display.view_id);
        since.push(display.since);
    }
    sqlx::query(
        "update display d set silent = n.silent, there = n.there, dark = n.dark, view_id = n.view_id,
             view_since = n.since
         from unnest($1::text[], $2::boolean[], $3::boolean[], $4::boolean[], $5::uuid[], $6::bigint[])
             as n (display_id, silent, there, dark, view_id, since)
         where d.display_id = n.display_id",
    )
    .bind(ids)
    .bind(silent)
    .bind(there)
    .bind(dark)
    .bind(views)
    .bind(since)
    .execute(tx.conn())
    .await?;
    forget_views(tx).await
}

/// The displays that ever had a device.
///
/// # Errors
/// The database's error.
pub async fn fitted(tx: &mut Tx) -> Result<HashSet<String>, Error> {
    let ids: Vec<String> = sqlx::query_scalar("select display_id from pairing union select display_id from presence")
        .fetch_all(tx.conn())
        .await?;
    Ok(ids.into_iter().collect())
}

/// These have a device for the first time.
///
/// # Errors
/// The database's error.
pub async fn fit(tx: &mut Tx, ids: &[String]) -> Result<(), Error> {
    sqlx::query("update display set fitted = true where display_id = any ($1)").bind(ids).execute(tx.conn()).await?;
    Ok(())
}

pub(super) async fn forget_views(tx: &mut Tx) -> Result<(), Error> {
    sqlx::query("delete from view where not exists (select from display where display.view_id = view.view_id)")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How far the wall is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Versions {
    /// Of the whole.
    pub version: i64,
    /// In which displays last came, went or moved.
    pub setup_version: i64,
    /// How often devices were asked something, or changed their pairing.
    pub asked: i64,
}

/// Who the house is in warnings that go out to others; None: no display says so yet.
///
/// # Errors
/// The database's error.
pub async fn house(conn: impl PgExecutor<'_>) -> Result<Option<Issuer>, Error> {
    /// The house's name, its sender and what it says in an evacuation.
    type Said = (Option<Json<Text>>, Option<String>, Json<Evacuation>);
    let said: Option<Said> = sqlx::query_as(
        "select setup -> 'house', setup ->> 'sender', setup -> 'evacuation' from display
         where retired_at is null and setup is not null order by display_id limit 1",
    )
    .fetch_optional(conn)
    .await?;
    Ok(said.map(|(name, sender, Json(evacuation))| {
        let place = name.map(|name| name.0).filter(|name| !name.de.is_empty());
        let place = place.unwrap_or_else(|| Text::new("Haus", "House"));
        Issuer { place, sender: sender.unwrap_or_default(), evacuation }
    }))
}

/// The house as it says of an alert that was first sent at an instant: under the name that it had then, because only the
/// sender of an alert updates it or takes it back.
///
/// # Errors
/// The database's error.
pub async fn issuer(pool: &PgPool, sent: DateTime<Utc>) -> Result<Issuer, Error> {
    let house = house(pool).await?;
    // Without any display it has no words of its own yet.
    let house = house.unwrap_or_else(|| {
        let (headline, instruction) = stay_out();
        let evacuation = Evacuation { headline, instruction };
        Issuer { place: Text::new("Haus", "House"), sender: String::new(), evacuation }
    });
    let former: Option<String> =
        sqlx::query_scalar("select sender from former_sender where until >= $1 order by until limit 1")
            .bind(sent)
            .fetch_optional(pool)
            .await?;
    Ok(Issuer { sender: former.unwrap_or_else(|| house.sender()), ..house })
}

/// Until now the house was this sender.
///
/// # Errors
/// The database's error.
pub async fn keep_former_sender(tx: &mut Tx, sender: &str) -> Result<(), Error> {
    sqlx::query("insert into former_sender (sender, until) values ($1, $2) on conflict do nothing")
        .bind(sender)
        .bind(tx.now())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How far the wall is.
///
/// # Errors
/// The database's error.
pub async fn versions(pool: &PgPool) -> Result<Versions, Error> {
    Ok(sqlx::query_as("select version, setup_version, asked from board").fetch_one(pool).await?)
}

/// Which view each display shows, and since which version.
///
/// # Errors
/// The database's error.
pub async fn places(pool: &PgPool) -> Result<Vec<(String, Uuid, i64)>, Error> {
    Ok(sqlx::query_as("select display_id, view_id, view_since from display where view_id is not null")
        .fetch_all(pool)
        .await?)
}

/// The contents that were computed after a version of the wall.
///
/// # Errors
/// The database's error.
pub async fn shown_after(pool: &PgPool, version: i64) -> Result<Vec<(Uuid, Arc<Shown>)>, Error> {
    let rows: Vec<ViewRow> =
        sqlx::query_as("select view_id, content::json as content, revision, computed_at from view where revision > $1")
            .bind(version)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(ViewRow::shown).collect())
}

/// All messages that are kept.
///
/// # Errors
/// The database's error.
pub async fn messages(pool: &PgPool) -> Result<Vec<Message>, Error> {
    let records: Vec<(Json<Record>,)> =
        sqlx::query_as("select value from fact where key like 'message/%' order by key desc").fetch_all(pool).await?;
    let message = |(Json(record),): (Json<Record>,)| match record {
        Record::Message(message) => Some(message),
        _ => None,
    };
    Ok(records.into_iter().filter_map(message).collect())
}

/// The directives and incidents of which others hear, and the ends of those of which they have heard.
///
/// # Errors
/// The database's error.
pub async fn measures(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Measure>, Error> {
    let records: Vec<(Json<Record>,)> =
        sqlx::query_as("select value from fact where key like 'measure/%' order by key desc").fetch_all(pool).await?;
    let told = |(Json(record),): (Json<Record>,)| match record {
        Record::Measure(measure) if measure.is_told(now) => Some(measure),
        _ => None,
    };
    Ok(records.into_iter().filter_map(told).collect())
}

/// The showings that are known and not over, without closed parties.
///
/// # Errors
/// The database's error.
pub async fn programme(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Entry>, Error> {
    let records: Vec<(Json<Record>,)> =
        sqlx::query_as("select value from fact where key like 'showing/%'").fetch_all(pool).await?;
    Ok(records.into_iter().map(|(Json(record),)| record).collect::<Known>().programme(now))
}

/// The last evacuation.
///
/// # Errors
/// The database's error.
pub async fn evacuation(pool: &PgPool) -> Result<Option<Evacuated>, Error> {
    let statement = "select value->'house'->'evacuation' from fact where key = 'house'";
    let found: Option<Option<Json<Option<Evacuated>>>> = sqlx::query_scalar(statement).fetch_optional(pool).await?;
    Ok(found.flatten().and_then(|Json(evacuation)| evacuation))
}
