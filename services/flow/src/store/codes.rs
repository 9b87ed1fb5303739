//! Codes that were issued anew, and scans of journals that wait for their booking. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::stored;
use crate::{
    commands::{Code, Entry, Journal, Waiting},
    domain::scan::{Kind, Party, Verdict},
    error::Error,
};

/// From when on only codes of a generation, or a later one, are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reissued {
    pub(crate) generation: u16,
    pub(crate) at: DateTime<Utc>,
}

/// Notes that codes of tickets or of visits were issued anew. The latest generation holds, whatever comes when.
pub(crate) async fn reissue(conn: &mut PgConnection, ids: &[(Uuid, u16)], at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "insert into reissued as r (id, generation, at)
         select n.id, n.generation, $3 from unnest($1::uuid[], $2::integer[]) n (id, generation)
         on conflict (id) do update set generation = excluded.generation, at = excluded.at
             where excluded.generation > r.generation",
    )
    .bind(ids.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(ids.iter().map(|(_, generation)| i32::from(*generation)).collect::<Vec<_>>())
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these tickets and visits have codes that were issued anew.
pub(crate) async fn reissued(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Reissued>, Error> {
    type Row = (Uuid, i32, DateTime<Utc>);
    let rows: Vec<Row> =
        sqlx::query_as("select id, generation, at from reissued where id = any($1)").bind(ids).fetch_all(conn).await?;
    let read = |(id, generation, at): Row| {
        let generation = stored(u16::try_from(generation).ok(), "generation")?;
        Ok((id, Reissued { generation, at }))
    };
    rows.into_iter().map(read).collect()
}

/// A scan of a journal waits for its booking.
pub(crate) async fn wait(
    conn: &mut PgConnection,
    journal: &Journal,
    entry: &Entry,
    conflict: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let wanted = entry.code.wanted();
    sqlx::query(
        "insert into waiting_scan (device_id, nonce, conflict_id, kind, lane, showing_id, ticket_id, visit_id,
             reference, generation, people, late_reason, by, skew_ms, at, noted_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing",
    )
    .bind(&journal.device)
    .bind(&entry.nonce)
    .bind(conflict)
    .bind(entry.kind.name())
    .bind(&entry.lane)
    .bind(entry.showing)
    .bind(wanted.ticket)
    .bind(wanted.visit)
    .bind(wanted.reference)
    .bind(i32::from(entry.code.generation()))
    .bind(entry.people.cast_signed())
    .bind(&entry.late_reason)
    .bind(&journal.by)
    .bind(journal.skew.num_milliseconds())
    .bind(entry.at)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct WaitingRow {
    device_id: String,
    nonce: String,
    conflict_id: Uuid,
    kind: String,
    lane: String,
    showing_id: Uuid,
    ticket_id: Option<Uuid>,
    visit_id: Option<Uuid>,
    reference: Option<String>,
    generation: i32,
    people: i32,
    late_reason: String,
    by: String,
    skew_ms: i64,
    at: DateTime<Utc>,
}

impl WaitingRow {
    fn read(self) -> Result<Waiting, Error> {
        let kind = stored(Kind::named(&self.kind), "scan kind")?;
        let generation = stored(u16::try_from(self.generation).ok(), "generation")?;
        let showing = self.showing_id;
        let code = match (self.ticket_id, self.visit_id, self.reference) {
            (Some(id), ..) => Code::Ticket { id, showing, generation },
            (_, Some(id), _) => Code::Visit { id, showing, generation },
            (.., reference) => Code::Reference(stored(reference, "waiting scan")?),
        };
        Ok(Waiting {
            conflict: self.conflict_id,
            journal: Journal { device: self.device_id, by: self.by, skew: TimeDelta::milliseconds(self.skew_ms) },
            entry: Entry {
                nonce: self.nonce,
                kind,
                lane: self.lane,
                showing,
                code,
                at: self.at,
                verdict: if kind == Kind::Exit { Verdict::Exited } else { Verdict::Admitted },
                people: self.people.unsigned_abs(),
                late_reason: self.late_reason,
            },
        })
    }
}

/// Takes the scans that waited for these parties, the earliest first.
pub(crate) async fn waited_for(conn: &mut PgConnection, parties: &[Party]) -> Result<Vec<Waiting>, Error> {
    let tickets = parties.iter().flat_map(|party| party.tickets.iter().map(|ticket| ticket.id));
    let rows: Vec<WaitingRow> = sqlx::query_as(
        "with taken as (
             delete from waiting_scan where visit_id = any($1) or ticket_id = any($2) or reference = any($3)
             returning *)
         select * from taken order by at, device_id, nonce",
    )
    .bind(parties.iter().map(|party| party.visit).collect::<Vec<_>>())
    .bind(tickets.collect::<Vec<_>>())
    .bind(parties.iter().map(|party| party.reference.as_str()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(WaitingRow::read).collect()
}

/// A scan that waits for its booking was a mistake.
pub(crate) async fn wait_no_more(conn: &mut PgConnection, device: &str, nonce: &str) -> Result<(), Error> {
    sqlx::query("delete from waiting_scan where device_id = $1 and nonce = $2")
        .bind(device)
        .bind(nonce)
        .execute(conn)
        .await?;
    Ok(())
}

/// The showings that scans wait for.
pub(crate) async fn waiting_showings(conn: &mut PgConnection) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar("select distinct showing_id from waiting_scan").fetch_all(conn).await?)
}

/// Erases which ticket was scanned when, of scans before an instant. Lines, counts and disputes stay.
pub(crate) async fn erase_scans(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let erased = sqlx::query(
        "update scan set visit_id = null, tickets = '{}', answer = '', asked = '', reason = '', late_reason = '', erased_at = $2
         where at < $1 and erased_at is null",
    )
    .bind(before)
    .bind(now)
    .execute(&mut *conn)
    .await?;
    for statement in [
        // That it was redeemed stays; the second and the lane do not.
        "update door_ticket t set admitted_at = a.starts_at, out_since = null, lane = '' from admission a
         where a.showing_id = t.showing_id and t.admitted_at < $1 and t.lane <> ''",
        "update scan_conflict set id = gen_random_uuid(), visit_id = null, ticket_id = null
         where noticed_at < $1 and (visit_id is not null or ticket_id is not null)",
        "delete from waiting_scan where noted_at < $1",
    ] {
        sqlx::query(statement).bind(before).execute(&mut *conn).await?;
    }
    Ok(erased.rows_affected())
}
