//! Reading the log of scans: one line, those of a party, the latest of a showing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{
        journal::Line,
        scan::{Kind, Verdict},
    },
    error::Error,
};

/// A line as staff see it.
#[derive(Clone, Debug)]
pub(crate) struct LoggedLine {
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) kind: Kind,
    pub(crate) showing: Uuid,
    pub(crate) lane: String,
    pub(crate) visit: Option<Uuid>,
    pub(crate) verdict: Verdict,
    pub(crate) at: DateTime<Utc>,
    /// How many went through the door.
    pub(crate) people: u32,
    pub(crate) reference: String,
    pub(crate) seats: Vec<String>,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) offline: bool,
    pub(crate) skew_ms: i64,
    pub(crate) undone: bool,
}

#[derive(FromRow)]
struct LoggedRow {
    device_id: String,
    nonce: String,
    kind: String,
    showing_id: Uuid,
    lane: String,
    visit_id: Option<Uuid>,
    verdict: String,
    at: DateTime<Utc>,
    people: i32,
    reference: String,
    seats: Vec<String>,
    by: String,
    why: String,
    offline: bool,
    skew_ms: i64,
    undone: bool,
}

impl LoggedRow {
    fn read(self) -> Result<LoggedLine, Error> {
        Ok(LoggedLine {
            device: self.device_id,
            nonce: self.nonce,
            kind: stored(Kind::named(&self.kind), "scan kind")?,
            showing: self.showing_id,
            lane: self.lane,
            visit: self.visit_id,
            verdict: stored(Verdict::named(&self.verdict), "scan verdict")?,
            at: self.at,
            people: self.people.unsigned_abs(),
            reference: self.reference,
            seats: self.seats,
            by: self.by,
            reason: self.why,
            offline: self.offline,
            skew_ms: self.skew_ms,
            undone: self.undone,
        })
    }
}

macro_rules! select_logged {
    ($rest:literal) => {
        concat!(
            "select s.device_id, s.nonce, s.kind, s.showing_id, s.lane, s.visit_id, s.verdict, s.at,
                 greatest(cardinality(s.tickets), s.wanted, abs(s.admitted_now)) as people,
                 coalesce(p.reference, '') as reference,
                 array(select seat from door_ticket t where t.ticket_id = any(s.tickets) order by length(seat), seat)
                     as seats,
                 s.by, coalesce(nullif(s.reason, ''), s.late_reason) as why, s.offline, s.skew_ms,
                 exists (select from scan u where u.undoes_device = s.device_id and u.undoes_nonce = s.nonce) as undone
             from scan s left join party p on p.visit_id = s.visit_id ",
            $rest
        )
    };
}

/// One line.
pub(crate) async fn logged(conn: &mut PgConnection, device: &str, nonce: &str) -> Result<Option<LoggedLine>, Error> {
    sqlx::query_as::<_, LoggedRow>(select_logged!("where s.device_id = $1 and s.nonce = $2"))
        .bind(device)
        .bind(nonce)
        .fetch_optional(conn)
        .await?
        .map(LoggedRow::read)
        .transpose()
}

/// The latest lines of a showing, newest first.
pub(crate) async fn latest(conn: &mut PgConnection, showing: Uuid, most: u32) -> Result<Vec<LoggedLine>, Error> {
    sqlx::query_as::<_, LoggedRow>(select_logged!(
        "where s.showing_id = $1 order by s.at desc, s.recorded_at desc limit $2"
    ))
    .bind(showing)
    .bind(i64::from(most))
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(LoggedRow::read)
    .collect()
}

/// The lines of a party that let somebody in or out, by time, for the desk's list of conflicts.
pub(crate) async fn moves_of(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<LoggedLine>, Error> {
    sqlx::query_as::<_, LoggedRow>(select_logged!(
        "where s.visit_id = $1 and s.verdict in ('admitted', 'exited', 'readmitted') order by s.at, s.device_id, s.nonce"
    ))
    .bind(visit)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(LoggedRow::read)
    .collect()
}

/// The lines that count, by party: they let somebody in or out, and were not taken back.
pub(crate) async fn lines_of(conn: &mut PgConnection, visits: &[Uuid]) -> Result<HashMap<Uuid, Vec<Line>>, Error> {
    type Row = (Uuid, String, DateTime<Utc>, String, String, String, Vec<Uuid>, i32);
    let rows: Vec<Row> = sqlx::query_as(
        "select s.visit_id, s.kind, s.at, s.device_id, s.nonce, s.lane, s.tickets, s.wanted
         from scan s
         where s.visit_id = any($1) and s.verdict in ('admitted', 'exited', 'readmitted')
             and not exists (select from scan u where u.undoes_device = s.device_id and u.undoes_nonce = s.nonce)",
    )
    .bind(visits)
    .fetch_all(conn)
    .await?;
    let mut lines: HashMap<Uuid, Vec<Line>> = HashMap::new();
    for (visit, kind, at, device, nonce, lane, tickets, wanted) in rows {
        let kind = stored(Kind::named(&kind), "scan kind")?;
        let line = Line { kind, at, device, nonce, lane, tickets, wanted: wanted.unsigned_abs() };
        lines.entry(visit).or_default().push(line);
    }
    Ok(lines)
}
