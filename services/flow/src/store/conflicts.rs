//! What scanners do not agree on, their lists and their journals.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{commands::Journal, error::Error};

/// What is disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConflictKind {
    /// One ticket, let in more than once.
    Double,
    Cancelled,
    WrongShowing,
    /// A genuine code whose booking is not here.
    Unknown,
    /// A code that had been issued anew.
    Replaced,
    /// Not a code of this house.
    Forged,
    /// Nobody was let in any more.
    AfterAdmission,
}

impl ConflictKind {
    const ALL: [Self; 7] = [
        Self::Double,
        Self::Cancelled,
        Self::WrongShowing,
        Self::Unknown,
        Self::Replaced,
        Self::Forged,
        Self::AfterAdmission,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Cancelled => "cancelled",
            Self::WrongShowing => "wrong_showing",
            Self::Unknown => "unknown",
            Self::Replaced => "replaced",
            Self::Forged => "forged",
            Self::AfterAdmission => "after_admission",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A conflict to note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewConflict<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: ConflictKind,
    pub(crate) showing: Uuid,
    pub(crate) visit: Option<Uuid>,
    pub(crate) ticket: Option<Uuid>,
    pub(crate) device: &'a str,
    pub(crate) nonce: &'a str,
}

/// A conflict as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    pub(crate) id: Uuid,
    pub(crate) kind: ConflictKind,
    pub(crate) showing: Uuid,
    /// What is shown and when; None: the house does not know the showing.
    pub(crate) title: Option<Text>,
    pub(crate) starts_at: Option<DateTime<Utc>>,
    pub(crate) visit: Option<Uuid>,
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) reference: String,
    pub(crate) seat: String,
    pub(crate) noticed_at: DateTime<Utc>,
    pub(crate) resolved_at: Option<DateTime<Utc>>,
    pub(crate) resolved_by: String,
    pub(crate) resolution: String,
}

#[derive(FromRow)]
struct ConflictRow {
    id: Uuid,
    kind: String,
    showing_id: Uuid,
    title: Option<Json<Text>>,
    starts_at: Option<DateTime<Utc>>,
    visit_id: Option<Uuid>,
    device_id: String,
    nonce: String,
    reference: String,
    seat: String,
    noticed_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    resolved_by: String,
    resolution: String,
}

impl ConflictRow {
    fn read(self) -> Result<Conflict, Error> {
        Ok(Conflict {
            id: self.id,
            kind: stored(ConflictKind::named(&self.kind), "conflict kind")?,
            showing: self.showing_id,
            title: self.title.map(|title| title.0),
            starts_at: self.starts_at,
            visit: self.visit_id,
            device: self.device_id,
            nonce: self.nonce,
            reference: self.reference,
            seat: self.seat,
            noticed_at: self.noticed_at,
            resolved_at: self.resolved_at,
            resolved_by: self.resolved_by,
            resolution: self.resolution,
        })
    }
}

macro_rules! select_conflict {
    ($rest:literal) => {
        concat!(
            "select c.*, coalesce(p.reference, '') as reference, coalesce(t.seat, '') as seat, a.title, a.starts_at
             from scan_conflict c left join party p on p.visit_id = c.visit_id
             left join door_ticket t on t.ticket_id = c.ticket_id
             left join admission a on a.showing_id = c.showing_id ",
            $rest
        )
    };
}

/// Notes a conflict; one that was resolved is open again when another scan adds to it.
pub(crate) async fn add_conflict(
    conn: &mut PgConnection,
    new: &NewConflict<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into scan_conflict (id, kind, showing_id, visit_id, ticket_id, device_id, nonce, noticed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do update set resolved_at = null, resolved_by = '', resolution = ''",
    )
    .bind(new.id)
    .bind(new.kind.name())
    .bind(new.showing)
    .bind(new.visit)
    .bind(new.ticket)
    .bind(new.device)
    .bind(new.nonce)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Double admissions of a party that an undo has cleared up.
pub(crate) async fn settle_doubles(
    conn: &mut PgConnection,
    visit: Uuid,
    left: &[Uuid],
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update scan_conflict set resolved_at = $3, resolved_by = $4, resolution = 'undo'
         where visit_id = $1 and kind = 'double' and resolved_at is null and not ticket_id = any($2)",
    )
    .bind(visit)
    .bind(left)
    .bind(now)
    .bind(by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Double admissions of a party that turned out to be none, now that more of its scans are known.
pub(crate) async fn drop_doubles(conn: &mut PgConnection, visit: Uuid, left: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "delete from scan_conflict
         where visit_id = $1 and kind = 'double' and resolved_at is null and not ticket_id = any($2)",
    )
    .bind(visit)
    .bind(left)
    .execute(conn)
    .await?;
    Ok(())
}

/// Says of conflicts what was done; those that are resolved already keep what was said. Answers which were open.
pub(crate) async fn resolve_conflicts(
    conn: &mut PgConnection,
    ids: &[Uuid],
    resolution: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "with mine as (select id from scan_conflict where id = any($1) and resolved_at is null order by id for update)
         update scan_conflict c set resolved_at = $4, resolved_by = $3, resolution = $2 from mine
         where c.id = mine.id returning c.id",
    )
    .bind(ids)
    .bind(resolution)
    .bind(by)
    .bind(now)
    .fetch_all(conn)
    .await?)
}

/// Opens conflicts again that somebody has called resolved; what an undo has cleared up stays so. Answers which.
pub(crate) async fn reopen_conflicts(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "with mine as (select id from scan_conflict
             where id = any($1) and resolved_at is not null and resolution <> 'undo' order by id for update)
         update scan_conflict c set resolved_at = null, resolved_by = '', resolution = '' from mine
         where c.id = mine.id returning c.id",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?)
}

/// Erases what staff said was done about conflicts that were resolved before an instant; what the house says itself stays.
pub(crate) async fn erase_resolutions(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update scan_conflict set resolution = ''
         where resolved_at < $1 and resolution not in ('', 'undo') and resolved_by <> 'flow'",
    )
    .bind(before)
    .execute(conn)
    .await?;
    Ok(())
}

/// These conflicts, in the order of their ids.
pub(crate) async fn conflicts_of(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Conflict>, Error> {
    sqlx::query_as::<_, ConflictRow>(select_conflict!("where c.id = any($1) order by c.id"))
        .bind(ids)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(ConflictRow::read)
        .collect()
}

/// Open ones first, then the newest.
pub(crate) async fn conflicts(conn: &mut PgConnection, resolved_too: bool) -> Result<Vec<Conflict>, Error> {
    sqlx::query_as::<_, ConflictRow>(select_conflict!(
        "where $1 or c.resolved_at is null order by (c.resolved_at is not null), c.noticed_at desc, c.id limit 200"
    ))
    .bind(resolved_too)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(ConflictRow::read)
    .collect()
}

pub(crate) async fn open_conflicts(conn: &mut PgConnection) -> Result<u32, Error> {
    let open: i64 =
        sqlx::query_scalar("select count(*) from scan_conflict where resolved_at is null").fetch_one(conn).await?;
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}

/// What the log has under a nonce.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KnownLine {
    /// An entry of a journal; or it was erased since.
    Settled,
    /// The house judged it, and let so many people in or out.
    Judged(u32),
}

impl KnownLine {
    /// How many the house let in or out by it.
    pub(crate) const fn people(&self) -> u32 {
        match self {
            Self::Settled => 0,
            Self::Judged(people) => *people,
        }
    }
}

/// Of these nonces of a scanner, those that the log has.
pub(crate) async fn known_nonces(
    conn: &mut PgConnection,
    device: &str,
    nonces: &[&str],
) -> Result<HashMap<String, KnownLine>, Error> {
    let known: Vec<(String, bool, i32)> = sqlx::query_as(
        "select nonce, offline or erased_at is not null,
             case when verdict in ('admitted', 'exited', 'readmitted') then cardinality(tickets) else 0 end
         from scan where device_id = $1 and nonce = any($2)",
    )
    .bind(device)
    .bind(nonces)
    .fetch_all(conn)
    .await?;
    let read = |(nonce, settled, people): (String, bool, i32)| {
        (nonce, if settled { KnownLine::Settled } else { KnownLine::Judged(people.unsigned_abs()) })
    };
    Ok(known.into_iter().map(read).collect())
}

/// Whether a scanner has ever taken an admission list.
pub(crate) async fn has_list(conn: &mut PgConnection, device: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from admission_list where device_id = $1)")
        .bind(device)
        .fetch_one(conn)
        .await?)
}

/// Notes a scanner's list instead of its earlier ones of that day; true: there was none.
pub(crate) async fn record_list(
    conn: &mut PgConnection,
    id: Uuid,
    device: &str,
    day: NaiveDate,
    (issued_at, valid_until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "with earlier as (delete from admission_list where device_id = $2 and day = $3 returning 1)
         insert into admission_list (id, device_id, day, issued_at, valid_until) values ($1, $2, $3, $4, $5)
         returning not exists (select from earlier)",
    )
    .bind(id)
    .bind(device)
    .bind(day)
    .bind(issued_at)
    .bind(valid_until)
    .fetch_one(conn)
    .await?)
}

pub(crate) async fn record_journal(
    conn: &mut PgConnection,
    journal: &Journal,
    device_now: DateTime<Utc>,
    entries: usize,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into scan_journal (device_id, device_now, skew_ms, entries, by, received_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&journal.device)
    .bind(device_now)
    .bind(journal.skew.num_milliseconds())
    .bind(i32::try_from(entries).unwrap_or(i32::MAX))
    .bind(&journal.by)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}
