//! Every SQL statement about the devices: pairing, health, faults, screenshots, plays.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::Tx;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Health, Heard, MediaType, Pairing},
    error::Error,
};

/// A device was heard of, perhaps with its health.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// By the machine's clock.
    pub at: DateTime<Utc>,
    /// What its last heartbeat said; None: it only watches.
    pub health: Option<Health>,
}

/// Devices were heard of. Outside of the event path: many say so all the time. Of one whose page sends heartbeats these alone
/// count: a line to a screen without power stays open for minutes, and says nothing.
///
/// # Errors
/// The database's error.
pub async fn seen(pool: &PgPool, seen: &HashMap<String, Sighting>) -> Result<(), Error> {
    let (mut ids, mut times, mut healths) = (Vec::new(), Vec::new(), Vec::new());
    for (display_id, sighting) in seen {
        ids.push(display_id.as_str());
        times.push(sighting.at);
        healths.push(sighting.health.as_ref().map(Json));
    }
    // In one order, so that two who write many rows do not wait for each other in a circle.
    sqlx::query(
        "insert into presence as p (display_id, last_seen_at, health)
         select display_id, n.at, n.health
         from display join unnest($1::text[], $2::timestamptz[], $3::jsonb[]) as n (display_id, at, health)
             using (display_id) order by display_id
         on conflict (display_id) do update
         set last_seen_at = case when excluded.health is null and p.health is not null then p.last_seen_at
                                 else greatest(p.last_seen_at, excluded.last_seen_at) end,
             health = coalesce(excluded.health, p.health)",
    )
    .bind(ids)
    .bind(times)
    .bind(healths)
    .execute(pool)
    .await?;
    Ok(())
}

/// Where a display's pairing is; what was told later before stays.
///
/// # Errors
/// The database's error.
pub async fn paired(tx: &mut Tx, display_id: &str, pairing: Pairing, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        // What comes now may be a player that sends no heartbeats.
        "with told as (
             insert into pairing as p (display_id, state, at) values ($1, $2, $3)
             on conflict (display_id) do update set state = excluded.state, at = excluded.at where p.at <= excluded.at
             returning display_id),
         other as (update presence set health = null from told where presence.display_id = told.display_id)
         update board set asked = asked + 1 where exists (select from told)",
    )
    .bind(display_id)
    .bind(pairing.name())
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Where all pairings are, and since when.
///
/// # Errors
/// The database's error.
pub async fn pairings(pool: &PgPool) -> Result<HashMap<String, (Pairing, DateTime<Utc>)>, Error> {
    let rows: Vec<(String, String, DateTime<Utc>)> =
        sqlx::query_as("select display_id, state, at from pairing").fetch_all(pool).await?;
    Ok(rows.into_iter().map(|(id, state, at)| (id, (Pairing::named(&state), at))).collect())
}

/// The displays that were ever heard of, whether they were since `since` (players of others, which ask seldom: since `seldom`),
/// and what they said of their screen.
///
/// # Errors
/// The database's error.
pub async fn heard(tx: &mut Tx, since: DateTime<Utc>, seldom: DateTime<Utc>) -> Result<HashMap<String, Heard>, Error> {
    let heard: Vec<(String, bool, bool)> = sqlx::query_as(
        "select display_id, last_seen_at > case when player is null then $1 else $2 end,
                coalesce((health ->> 'dark')::boolean, false)
         from presence join display using (display_id) where last_seen_at is not null",
    )
    .bind(since)
    .bind(seldom)
    .fetch_all(tx.conn())
    .await?;
    Ok(heard.into_iter().map(|(id, lately, dark)| (id, Heard { lately, dark })).collect())
}

/// A fault as reported.
#[derive(Clone, Debug, FromRow)]
pub struct Fault {
    /// Slug.
    pub code: String,
    /// When it happened.
    pub incident_at: DateTime<Utc>,
    /// For staff.
    pub reason: String,
    /// What it is about; may be empty.
    pub subject: String,
    /// When it was over; None: it is not.
    pub over_at: Option<DateTime<Utc>>,
}

/// These are a display's faults now; those that it does not name any more are over. False: no such display.
///
/// # Errors
/// The database's error.
pub async fn report_faults(tx: &mut Tx, display_id: &str, faults: &[Fault]) -> Result<bool, Error> {
    let locked = sqlx::query("select from display where display_id = $1 and retired_at is null for update")
        .bind(display_id)
        .execute(tx.conn())
        .await?;
    if locked.rows_affected() == 0 {
        return Ok(false);
    }
    let (mut codes, mut times, mut reasons, mut subjects) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for fault in faults {
        codes.push(fault.code.as_str());
        times.push(fault.incident_at);
        reasons.push(fault.reason.as_str());
        subjects.push(fault.subject.as_str());
    }
    sqlx::query(
        "update fault set over_at = greatest($3, incident_at)
         where display_id = $1 and over_at is null and code <> all ($2)",
    )
    .bind(display_id)
    .bind(&codes)
    .bind(tx.now())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "insert into fault (display_id, code, incident_at, reason, subject)
         select $1, n.* from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[]) as n
         on conflict do nothing",
    )
    .bind(display_id)
    .bind(codes)
    .bind(times)
    .bind(reasons)
    .bind(subjects)
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// A display's faults, open ones first, then the newest.
///
/// # Errors
/// The database's error.
pub async fn faults(pool: &PgPool, display_id: &str) -> Result<Vec<Fault>, Error> {
    Ok(sqlx::query_as(
        "select code, incident_at, reason, subject, over_at from fault where display_id = $1
         order by over_at is not null, incident_at desc limit 200",
    )
    .bind(display_id)
    .fetch_all(pool)
    .await?)
}

/// A picture of a screen that was asked for.
#[derive(Clone, Debug, FromRow)]
pub struct Screenshot {
    /// Which.
    pub screenshot_id: Uuid,
    /// Of which display.
    pub display_id: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when an answer is worth anything.
    pub expires_at: DateTime<Utc>,
    /// When it came.
    pub taken_at: Option<DateTime<Utc>>,
    /// What it is.
    pub media_type: Option<String>,
    /// The picture.
    pub picture: Option<Vec<u8>>,
    /// Why there is none.
    pub not_possible: Option<String>,
}

/// Asks for a screenshot. False: no such display.
///
/// # Errors
/// The database's error.
pub async fn request_screenshot(
    tx: &mut Tx,
    screenshot_id: Uuid,
    display_id: &str,
    expires_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let asked = sqlx::query(
        "with asked as (
             insert into screenshot (screenshot_id, display_id, requested_at, expires_at)
             select $1, display_id, $3, $4 from display where display_id = $2 and retired_at is null
             returning screenshot_id)
         update board set asked = asked + 1 where exists (select from asked)",
    )
    .bind(screenshot_id)
    .bind(display_id)
    .bind(tx.now())
    .bind(expires_at)
    .execute(tx.conn())
    .await?;
    Ok(asked.rows_affected() == 1)
}

/// A screenshot without its picture, locked.
///
/// # Errors
/// The database's error.
pub async fn lock_screenshot(tx: &mut Tx, screenshot_id: Uuid) -> Result<Option<Screenshot>, Error> {
    Ok(sqlx::query_as(
        "select screenshot_id, display_id, requested_at, expires_at, taken_at, media_type, null::bytea as picture,
                not_possible
         from screenshot where screenshot_id = $1 for update",
    )
    .bind(screenshot_id)
    .fetch_optional(tx.conn())
    .await?)
}

/// The picture has come.
///
/// # Errors
/// The database's error.
pub async fn keep_screenshot(tx: &mut Tx, screenshot_id: Uuid, kind: MediaType, picture: &[u8]) -> Result<(), Error> {
    sqlx::query("update screenshot set taken_at = $2, media_type = $3, picture = $4 where screenshot_id = $1")
        .bind(screenshot_id)
        .bind(tx.now())
        .bind(kind.name())
        .bind(picture)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The device cannot make one.
///
/// # Errors
/// The database's error.
pub async fn keep_refusal(tx: &mut Tx, screenshot_id: Uuid, why: &str) -> Result<(), Error> {
    sqlx::query("update screenshot set taken_at = $2, not_possible = $3 where screenshot_id = $1")
        .bind(screenshot_id)
        .bind(tx.now())
        .bind(why)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The screenshot that was asked for last.
///
/// # Errors
/// The database's error.
pub async fn last_screenshot(pool: &PgPool, display_id: &str) -> Result<Option<Screenshot>, Error> {
    Ok(sqlx::query_as("select * from screenshot where display_id = $1 order by requested_at desc limit 1")
        .bind(display_id)
        .fetch_optional(pool)
        .await?)
}

/// A screenshot.
///
/// # Errors
/// The database's error.
pub async fn screenshot(pool: &PgPool, screenshot_id: Uuid) -> Result<Option<Screenshot>, Error> {
    Ok(sqlx::query_as("select * from screenshot where screenshot_id = $1")
        .bind(screenshot_id)
        .fetch_optional(pool)
        .await?)
}

/// A device is asked for a picture of its screen.
#[derive(Clone, Debug, FromRow)]
pub struct Asked {
    /// The screenshot's id.
    pub screenshot_id: Uuid,
    /// Which display.
    pub display_id: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Until when an answer is worth anything.
    pub expires_at: DateTime<Utc>,
}

/// The newest thing that each display was asked and has not answered in time.
///
/// # Errors
/// The database's error.
pub async fn open_requests(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Asked>, Error> {
    Ok(sqlx::query_as(
        "select distinct on (display_id) screenshot_id, display_id, requested_at, expires_at
         from screenshot where taken_at is null and expires_at > $1 order by display_id, requested_at desc",
    )
    .bind(now)
    .fetch_all(pool)
    .await?)
}

/// Something that was on a screen.
#[derive(Clone, Debug, FromRow)]
pub struct Play {
    /// The device's own.
    pub play_id: String,
    /// What it was.
    pub subject: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long.
    pub seconds: i32,
    /// Of which content.
    pub revision: i64,
}

/// Notes what was on a screen; answers how much of it was new. None: no such display.
///
/// # Errors
/// The database's error.
pub async fn keep_plays(tx: &mut Tx, display_id: &str, plays: &[Play]) -> Result<Option<u64>, Error> {
    let there: bool = sqlx::query_scalar("select exists (select from display where display_id = $1)")
        .bind(display_id)
        .fetch_one(tx.conn())
        .await?;
    if !there {
        return Ok(None);
    }
    let (mut ids, mut subjects, mut times, mut seconds, mut revisions) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for play in plays {
        ids.push(play.play_id.as_str());
        subjects.push(play.subject.as_str());
        times.push(play.started_at);
        seconds.push(play.seconds);
        revisions.push(play.revision);
    }
    let done = sqlx::query(
        "insert into play (display_id, play_id, subject, started_at, seconds, revision)
         select $1, n.* from unnest($2::text[], $3::text[], $4::timestamptz[], $5::integer[], $6::bigint[]) as n
         on conflict do nothing",
    )
    .bind(display_id)
    .bind(ids)
    .bind(subjects)
    .bind(times)
    .bind(seconds)
    .bind(revisions)
    .execute(tx.conn())
    .await?;
    Ok(Some(done.rows_affected()))
}

/// What was on a screen, added up by subject.
#[derive(Clone, Debug, FromRow)]
pub struct PlayTotal {
    /// What.
    pub subject: String,
    /// How often.
    pub times: i64,
    /// How long.
    pub seconds: i64,
    /// First time.
    pub first_at: DateTime<Utc>,
    /// Last time.
    pub last_at: DateTime<Utc>,
}

/// What was on a display's screen in a span of time, the longest first.
///
/// # Errors
/// The database's error.
pub async fn plays(
    pool: &PgPool,
    display_id: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<PlayTotal>, Error> {
    Ok(sqlx::query_as(
        "select subject, count(*) as times, sum(seconds)::bigint as seconds, min(started_at) as first_at,
                max(started_at) as last_at
         from play where display_id = $1 and started_at >= $2 and started_at < $3
         group by subject order by seconds desc, subject limit 500",
    )
    .bind(display_id)
    .bind(from)
    .bind(until)
    .fetch_all(pool)
    .await?)
}

/// Every single thing that was on a display's screen in a span of time, in order; of very many the last ones.
///
/// # Errors
/// The database's error.
pub async fn each_play(
    pool: &PgPool,
    display_id: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Play>, Error> {
    let mut plays: Vec<Play> = sqlx::query_as(
        "select play_id, subject, started_at, seconds, revision from play
         where display_id = $1 and started_at >= $2 and started_at < $3 order by started_at desc, play_id limit 10000",
    )
    .bind(display_id)
    .bind(from)
    .bind(until)
    .fetch_all(pool)
    .await?;
    plays.reverse();
    Ok(plays)
}

/// Removes what nobody asks for any more.
///
/// # Errors
/// The database's error.
pub async fn tidy(tx: &mut Tx, screenshots: DateTime<Utc>, plays: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("delete from screenshot where expires_at < $1").bind(screenshots).execute(tx.conn()).await?;
    sqlx::query("delete from play where started_at < $1").bind(plays).execute(tx.conn()).await?;
    sqlx::query("delete from fault where over_at < $1").bind(plays).execute(tx.conn()).await?;
    Ok(())
}
