//! The log of scans, and the look at the door that a verdict needs.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kernel::error::broken_constraint;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{admissions::AdmissionRow, parties::TicketRow, stored};
use crate::{
    domain::{
        Admission, HouseState,
        scan::{Holds, Kind, Party, Verdict},
    },
    error::Error,
};

/// Whose code it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) visit: Option<Uuid>,
    pub(crate) ticket: Option<Uuid>,
    pub(crate) reference: Option<&'a str>,
}

/// All that a verdict needs, as it was at one instant.
pub(crate) struct Look {
    pub(crate) holds: Holds,
    /// The generation from which on its codes are good.
    pub(crate) generation: u16,
    pub(crate) admission: Admission,
    pub(crate) party: Option<Party>,
    /// Several parties have the reference, and nothing says which of them it is: none is taken.
    pub(crate) ambiguous: bool,
    /// The answer that this device was given to this nonce, and what it had asked (empty: not known).
    pub(crate) recorded: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(FromRow)]
struct LookRow {
    #[sqlx(flatten)]
    admission: AdmissionRow,
    house: String,
    everybody_out_at: Option<DateTime<Utc>>,
    zone_stopped: bool,
    generation: Option<i32>,
    recorded: Option<Vec<u8>>,
    asked: Option<Vec<u8>>,
    visit_id: Option<Uuid>,
    party_showing: Option<Uuid>,
    reference: Option<String>,
    cancelled: Option<bool>,
    tickets: Option<Json<Vec<TicketRow>>>,
}

/// The parties with a reference that are as near to a showing and a time as any: references are short, and two visits may
/// share one. Whoever stands at a showing's door belongs to it, whoever has cancelled does not come, and whoever comes does
/// so around now. Its parameters are named, because two statements number them.
macro_rules! of_reference {
    ($reference:literal, $showing:literal, $now:literal) => {
        concat!(
            "select visit_id, showing_id, reference, cancelled from (
                 select p.*, rank() over (order by (p.showing_id is not distinct from ",
            $showing,
            ") desc, p.cancelled, not exists (
                     select from admission s where s.showing_id = p.showing_id
                         and s.starts_at between ",
            $now,
            " - interval '12 hours' and ",
            $now,
            " + interval '12 hours')) as place
                 from party p where p.reference = ",
            $reference,
            " and p.reference <> '') p where place = 1"
        )
    };
}
pub(super) use of_reference;

/// Whether a directive stops admission to the hall of the showing `a`, or to what it lies in.
macro_rules! zone_stopped {
    ($now:literal) => {
        concat!(
            "exists (
                 select from directive d
                 where d.kind = 'stop_admission' and d.state in ('confirmed', 'active', 'acked_by_displays')
                     and d.active_from <= ",
            $now,
            " and d.valid_until > ",
            $now,
            " and d.from_zone in (
                         with recursive above as (
                             select id, parent from zone where filled_by = 'hall:' || a.hall
                             union select z.id, z.parent from zone z join above on z.id = above.parent)
                         select id from above))"
        )
    };
}

/// Of these showings, those into whose halls a directive lets nobody.
pub(crate) async fn stopped(
    conn: &mut PgConnection,
    showings: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashSet<Uuid>, Error> {
    let statement =
        concat!("select a.showing_id from admission a where a.showing_id = any($1) and ", zone_stopped!("$2"));
    let stopped: Vec<Uuid> = sqlx::query_scalar(statement).bind(showings).bind(now).fetch_all(conn).await?;
    Ok(stopped.into_iter().collect())
}

/// Looks at house, showing, party and log at once, locking nothing. None: the showing is not known.
pub(crate) async fn look(
    conn: &mut PgConnection,
    showing: Uuid,
    device: &str,
    nonce: &str,
    wanted: Wanted<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Look>, Error> {
    let statement = concat!(
        "select a.*, h.state as house, h.everybody_out_at, s.answer as recorded, s.asked, r.generation, ",
        zone_stopped!("$7"),
        " as zone_stopped,
             p.visit_id, p.showing_id as party_showing, p.reference, p.cancelled, t.tickets
         from house_state h join admission a on a.showing_id = $1
         left join scan s on s.device_id = $2 and s.nonce = $3
         left join reissued r on r.id in ($4, $5)
         left join lateral (
             select * from party where visit_id = $4
             union all
             select p.* from door_ticket d join party p on p.visit_id = d.visit_id where d.ticket_id = $5
             union all
             (",
        of_reference!("$6", "$1", "$7"),
        ")
         ) p on true
         left join lateral (
             select json_agg(d order by length(d.seat), d.seat, d.ticket_id) as tickets
             from door_ticket d where d.visit_id = p.visit_id
         ) t on true",
    );
    let rows: Vec<LookRow> = sqlx::query_as(statement)
    .bind(showing)
    .bind(device)
    .bind(nonce)
    // None is bound as an id that nobody has: with a null the server would find a cheaper plan for this one scan, and
    // would plan every scan anew, which takes longer than the look itself.
    .bind(wanted.visit.unwrap_or_default())
    .bind(wanted.ticket.unwrap_or_default())
    .bind(wanted.reference.unwrap_or_default())
    .bind(now)
    .fetch_all(conn)
    .await?;
    let ambiguous = rows.len() > 1;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let party = match (row.visit_id, row.party_showing, row.reference, row.cancelled) {
        _ if ambiguous => None,
        (Some(visit), Some(showing), Some(reference), Some(cancelled)) => {
            let tickets = row.tickets.map(|tickets| tickets.0).unwrap_or_default();
            Some(Party {
                visit,
                showing,
                reference,
                cancelled,
                tickets: tickets.into_iter().map(TicketRow::read).collect(),
            })
        }
        _ => None,
    };
    let house = stored(HouseState::named(&row.house), "house state")?;
    Ok(Some(Look {
        holds: Holds { house, zone_stopped: row.zone_stopped, everybody_out_at: row.everybody_out_at },
        generation: stored(u16::try_from(row.generation.unwrap_or(0)).ok(), "generation")?,
        admission: row.admission.read()?,
        party,
        ambiguous,
        recorded: row.recorded.zip(row.asked),
    }))
}

/// A line for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewLine<'a> {
    pub(crate) device: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) kind: Kind,
    pub(crate) showing: Uuid,
    pub(crate) lane: &'a str,
    pub(crate) visit: Option<Uuid>,
    pub(crate) verdict: Verdict,
    /// By how many it changes who is admitted.
    pub(crate) admitted_now: i32,
    pub(crate) tickets: &'a [Uuid],
    pub(crate) wanted: u32,
    pub(crate) late_reason: &'a str,
    pub(crate) by: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) offline: bool,
    pub(crate) skew_ms: i64,
    /// When it happened.
    pub(crate) at: DateTime<Utc>,
    pub(crate) recorded_at: DateTime<Utc>,
    /// Kind and hash of the request; empty where there was none.
    pub(crate) asked: &'a [u8],
    pub(crate) answer: &'a [u8],
    pub(crate) undoes: Option<(&'a str, &'a str)>,
}

macro_rules! insert_line {
    () => {
        "insert into scan (device_id, nonce, kind, showing_id, lane, visit_id, verdict, admitted_now, tickets, wanted,
             late_reason, by, reason, offline, skew_ms, at, recorded_at, answer, undoes_device, undoes_nonce, asked)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
    };
}

macro_rules! bind_line {
    ($query:expr, $line:expr) => {
        $query
            .bind($line.device)
            .bind($line.nonce)
            .bind($line.kind.name())
            .bind($line.showing)
            .bind($line.lane)
            .bind($line.visit)
            .bind($line.verdict.name())
            .bind($line.admitted_now)
            .bind($line.tickets)
            .bind($line.wanted.cast_signed())
            .bind($line.late_reason)
            .bind($line.by)
            .bind($line.reason)
            .bind($line.offline)
            .bind($line.skew_ms)
            .bind($line.at)
            .bind($line.recorded_at)
            .bind($line.answer)
            .bind($line.undoes.map(|(device, _)| device))
            .bind($line.undoes.map(|(_, nonce)| nonce))
            .bind($line.asked)
    };
}

/// The same device and nonce at the same instant: whoever is second asks again and gets the first answer.
fn twice(error: sqlx::Error) -> Error {
    match broken_constraint(&error) {
        Some("scan_once" | "scan_undone_once") => Error::ScanInProgress,
        _ => Error::Database(error),
    }
}

/// Writes a line that moves nobody.
pub(crate) async fn record(conn: &mut PgConnection, line: &NewLine<'_>) -> Result<(), Error> {
    bind_line!(sqlx::query(insert_line!()), line).execute(conn).await.map_err(twice)?;
    Ok(())
}

/// Writes a line together with what it does: the showing's counts first (its row is the lock), then the tickets
/// that are as the verdict saw them. Answers the showing's new (admitted, booked, revision). When a showing, a ticket or
/// the house (None: it does not matter) has changed since the look, nothing may stay of it: it fails, and the scan is
/// judged anew.
pub(crate) async fn record_move(
    conn: &mut PgConnection,
    line: &NewLine<'_>,
    seen: &Admission,
    house: Option<HouseState>,
) -> Result<(u32, u32, u64), Error> {
    let people = i32::try_from(line.tickets.len()).unwrap_or(i32::MAX);
    let (admitted, outside) = match line.kind {
        Kind::Entry => (people, 0),
        Kind::Exit => (0, people),
        Kind::Reentry | Kind::Undo => (0, -people),
    };
    let statement = concat!(
        "with counted as (
             update admission set admitted = admitted + $22, outside = outside + $23, revision = revision + 1
             where showing_id = $4 and state = $24
                 and ($25::text is null or exists (select from house_state where state = $25))
             returning admitted, booked, revision),
         moved as (
             update door_ticket set
                 admitted_at = case $3 when 'entry' then $16 else admitted_at end,
                 lane = case $3 when 'entry' then $5 else lane end,
                 out_since = case $3 when 'exit' then $16 end
             where ticket_id = any($9) and exists (select from counted)
                 and case $3 when 'entry' then live and admitted_at is null
                             when 'exit' then admitted_at is not null and out_since is null
                             else out_since is not null end
             returning 1),
         logged as (",
        insert_line!(),
        " returning 1)
         select admitted, booked, revision from counted where (select count(*) from moved) = cardinality($9)"
    );
    let row: Option<(i32, i32, i64)> = bind_line!(sqlx::query_as(statement), line)
        .bind(admitted)
        .bind(outside)
        .bind(seen.state.name())
        .bind(house.map(HouseState::name))
        .fetch_optional(conn)
        .await
        .map_err(twice)?;
    let (admitted, booked, revision) = row.ok_or(Error::ScanInProgress)?;
    Ok((admitted.unsigned_abs(), booked.unsigned_abs(), revision.unsigned_abs()))
}
